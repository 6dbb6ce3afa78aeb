"""The site builds without a warning, holds what the code holds, and fetches nothing."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import explainkit
from explainkit.cli.main import COMMANDS
from explainkit.errors import ExplainkitError
from explainkit.plan import Plan
from explainkit.report.measures import catalogue
from tests.docs.pages import DOCS, ROOT

reference = pytest.importorskip("tools.reference", reason="needs the source tree", exc_type=ModuleNotFoundError)
pytestmark = pytest.mark.repository
_FETCHES = re.compile(
    r"""<(?:script|img|iframe|source|video|audio|embed|object)\b[^>]*?"""
    r"""\b(?:src|data|srcset)=["']?(?:https?:)?//[^"'> ]+"""
    r"""|<link\b(?=[^>]*\brel=["']?(?:stylesheet|preload|preconnect|dns-prefetch|icon|modulepreload|prefetch))"""
    r"""[^>]*\bhref=["']?(?:https?:)?//[^"'> ]+"""
    r"""|(?:@import|url\()\s*["']?(?:https?:)?//[^"') ]+"""
)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site, built as `make docs` does."""
    folder = tmp_path_factory.mktemp("site")
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(folder)],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT), "NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


@pytest.mark.slow
def test_nothing_is_fetched_from_another_host(site: Path) -> None:
    assert len(list(site.rglob("*.html"))) > 15
    found = [
        f"{path.relative_to(site)}: {hit.group()}"
        for path in sorted([*site.rglob("*.html"), *site.rglob("*.css")])
        for hit in _FETCHES.finditer(path.read_text("utf-8"))
    ]
    assert found == []


def asked(address: str, folder: Path) -> list[str]:
    """What Chromium asks the network for, to show a page and search it."""
    log = folder / "net.json"
    command = [
        *("chromium", "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-background-networking"),
        *("--disable-component-update", "--no-first-run", f"--user-data-dir={folder / 'profile'}"),
        *(f"--log-net-log={log}", "--virtual-time-budget=8000", "--dump-dom", address),
    ]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    (folder / "page.html").write_text(done.stdout, "utf-8")
    text = log.read_text("utf-8").rstrip().removesuffix(",")
    document = json.loads(text if '"polledData"' in text else text + "]}")
    assert document["events"]
    # What the browser asks for of its own accord has no page as its initiator.
    given = [event.get("params", {}) for event in document["events"]]
    return [str(g["url"]) for g in given if "url" in g and str(g.get("initiator")).startswith(("file:", "null"))]


@pytest.mark.slow
@pytest.mark.parametrize("name", ["index.html?q=gates", "reference/figures.html", "reference/python.html"])
@pytest.mark.skipif(shutil.which("chromium") is None, reason="chromium is not installed")
def test_a_browser_asks_no_other_host(site: Path, tmp_path: Path, name: str) -> None:
    path, mark, query = name.partition("?")
    assert asked((site / path).as_uri() + mark + query, tmp_path) == []
    if query:  # the search works from a folder too
        assert "<h1>Audit in CI</h1>" in (tmp_path / "page.html").read_text("utf-8")


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("chromium") is None, reason="chromium is not installed")
def test_a_request_would_be_heard(tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    page.write_text('<img src="http://127.0.0.1:9/seen.png">')
    assert "http://127.0.0.1:9/seen.png" in asked(page.as_uri(), tmp_path)


def test_the_search_for_fetches_fires() -> None:
    for text in (
        '<script src="https://cdn.example/a.js"></script>',
        '<link rel="stylesheet" href="https://fonts.example/x">',
        "<img src=//example.invalid/a.png>",
        "@import 'https://example.invalid/a.css'",
    ):
        assert _FETCHES.search(text), text
    assert not _FETCHES.search('<a href="https://doi.org/10.24432/C5NC77">')


@pytest.mark.slow
def test_every_public_name_is_documented(site: Path) -> None:
    page = (site / "reference" / "python.html").read_text("utf-8")
    homes = explainkit._HOMES
    assert [name for name in explainkit.__all__ if f'id="{homes[name]}.{name}"' not in page] == []


@pytest.mark.slow
def test_every_figure_can_be_linked_to(site: Path) -> None:
    page = (site / "reference" / "figures.html").read_text("utf-8")
    assert [name for name in catalogue() if f'id="{name}"' not in page] == []


def test_every_figure_stands_in_the_catalogue_once() -> None:
    page = reference.figures_page()
    assert [name for name in catalogue() if page.count(f"### `{name}` ") != 1] == []


def test_every_key_of_the_plan_has_a_meaning_and_stands_in_its_page() -> None:
    page = reference.plan_page()
    models = [reference.inner_model(field.annotation) for field in Plan.model_fields.values()]
    for model in models:
        for name, field, meaning in reference.plan_rows(model) if model else ():
            assert meaning, (model, name)
            assert f"| `{name}` |" in page
            inner = reference.inner_model(field.annotation)
            assert all(said for _, _, said in reference.plan_rows(inner)) if inner else True


def test_every_command_and_option_stands_in_its_page() -> None:
    page = reference.command_line_page()
    assert all(f"## explainkit {name}" in page for name in COMMANDS)
    assert "--passphrase-env" in page


def test_the_page_on_exit_codes_names_those_of_the_errors() -> None:
    page = (DOCS / "reference" / "exit-codes.md").read_text("utf-8")

    def tree(error: type[ExplainkitError]) -> list[type[ExplainkitError]]:
        return [error, *(below for child in error.__subclasses__() for below in tree(child))]

    for error in tree(ExplainkitError):
        if error.__module__ == "explainkit.errors":
            (row,) = [line for line in page.splitlines() if f"`{error.__name__}`" in line]
            assert row.rstrip("| ").endswith(str(error.exit_code))
