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
from tools.reference import command_line_page, figures_page, inner_model, plan_page, plan_rows

pytestmark = pytest.mark.repository
_FETCHES = re.compile(
    r"""<(?:script|img|iframe|source|video|audio|embed|object)\b[^>]*?\b(?:src|data|srcset)=["']?(?:https?:)?//[^"'> ]+"""
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


@pytest.mark.slow
@pytest.mark.parametrize("name", ["index.html", "reference/figures.html", "reference/python.html"])
@pytest.mark.skipif(shutil.which("chromium") is None, reason="chromium is not installed")
def test_a_browser_asks_no_other_host(site: Path, tmp_path: Path, name: str) -> None:
    log = tmp_path / "net.json"
    subprocess.run(
        ["chromium", "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-background-networking"]
        + ["--disable-component-update", "--no-first-run", f"--user-data-dir={tmp_path / 'profile'}"]
        + [f"--log-net-log={log}", "--net-log-capture-mode=IncludeSensitive", "--virtual-time-budget=4000"]
        + ["--dump-dom", (site / name).as_uri()],
        capture_output=True,
        timeout=90,
        check=True,
    )
    requests = _requests_of_pages(log.read_text("utf-8"))
    assert any(url.endswith(".css") and url.startswith("file:") for url in requests) or not requests
    assert [url for url in requests if not url.startswith(("file:", "data:", "blob:"))] == []


def _requests_of_pages(log: str) -> list[str]:
    """Addresses that a page asked for; what the browser asks for itself has no page as its initiator."""
    end = log.rstrip().removesuffix(",")
    document = json.loads(end if end.endswith("}") and '"polledData"' in end else end + "]}")
    found = []
    for event in document["events"]:
        given = event.get("params", {})
        initiator = given.get("initiator", "not an origin")
        if "url" in given and str(initiator).startswith(("file:", "null")):
            found.append(str(given["url"]))
    return found


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
    page = figures_page()
    assert [name for name in catalogue() if page.count(f"### `{name}` ") != 1] == []


def test_every_key_of_the_plan_has_a_meaning_and_stands_in_its_page() -> None:
    page = plan_page()
    models = [inner_model(field.annotation) for field in Plan.model_fields.values()]
    for model in models:
        for name, field, meaning in plan_rows(model) if model else ():
            assert meaning, (model, name)
            assert f"| `{name}` |" in page
            inner = inner_model(field.annotation)
            assert all(said for _, _, said in plan_rows(inner)) if inner else True


def test_every_command_and_option_stands_in_its_page() -> None:
    page = command_line_page()
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
