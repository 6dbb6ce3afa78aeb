"""What the pages tell a reader to do works, and prints what they say."""

from __future__ import annotations

import shlex
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest
import yaml

from explainkit.cli.main import COMMANDS, main
from explainkit.plan import Plan
from explainkit.report.assemble import build
from tests.docs.pages import DOCS, blocks, follow, says
from tests.report.examples import credit
from tests.warm.front_page import ASKED

pytestmark = pytest.mark.repository
PAGES = sorted(DOCS.rglob("*.md"))
WHOLE = {"validator.md"}
"""Pages on which a PDF is laid out again; of those of the others, at which none looks, the front page is enough."""
RUN = [page for page in PAGES if page == DOCS / "tutorial.md" or page.parent.name == "how-to"]


def name_of(page: Path) -> str:
    return page.relative_to(DOCS).as_posix()


@pytest.fixture
def programs(tmp_path: Path, warm: tuple[str, ...]) -> Path:
    """``explainkit`` and ``python`` as a reader has them, but for the time that it takes to load libraries."""
    folder = tmp_path / "bin"
    folder.mkdir()
    own, real = shlex.join(warm), shlex.quote(sys.executable)
    for name, text in (
        ("explainkit", f'exec {own} -m explainkit "$@"'),
        # A script that stands on its own is run by an interpreter that has loaded nothing.
        ("python", f'case "$1" in -c) exec {own} "$@";; *) exec {real} "$@";; esac'),
    ):
        script = folder / name
        script.write_text(f"#!/bin/sh\n{text}\n")
        script.chmod(0o755)
    return folder


@pytest.mark.slow
@pytest.mark.parametrize("page", RUN, ids=name_of)
def test_a_page_does_what_it_says(page: Path, tmp_path: Path, programs: Path) -> None:
    folder = tmp_path / "empty"
    folder.mkdir()
    asked = {} if page.name in WHOLE else {ASKED: "1"}
    assert "\n".join(follow(page, folder, programs, **asked)) == ""


def test_a_wrong_statement_is_found(tmp_path: Path, programs: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(
        "```bash\necho one two\n```\n\n```text\none …\n```\n\n```python\nprint(3)\n```\n\n```text\n4\n```\n"
    )
    (wrong,) = follow(page, tmp_path, programs)
    assert wrong.startswith("page.md:13: printed")
    page.write_text("```bash\nexit 7\n```\n")
    (failed,) = follow(page, tmp_path, programs)
    assert "exit code 7" in failed


def test_dots_stand_for_anything() -> None:
    assert says("a\nb\nc\n", "a\n…\nc")
    assert not says("a\nb\n", "a\n…\nc")


def test_what_is_not_run_has_a_reason() -> None:
    unrun = [
        f"{name_of(page)}:{block.line}"
        for page in PAGES
        if page not in RUN
        for block in blocks(page)
        if block.language == "bash" and block.skipped is None
    ]
    assert unrun == []


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_toml_block_is_a_plan(page: Path) -> None:
    for block in blocks(page):
        if block.language == "toml" and not (block.title or "").endswith("pyproject.toml"):
            Plan.model_validate(tomllib.loads(block.text))


@pytest.mark.parametrize("name", ["github-actions.yml", "gitlab-ci.yml"])
def test_pipelines_are_yaml_and_audit(name: str) -> None:
    document = yaml.safe_load((DOCS / "how-to" / name).read_text("utf-8"))
    jobs = document.get("jobs", document)
    lines = [line for text in scripts(jobs) for line in text.splitlines()]
    calls = [shlex.split(line, comments=True) for line in lines if line.startswith("explainkit ")]
    assert [call[1] for call in calls if call[1] != "export"] == ["audit", "verify", "attach"]
    for _, command, *arguments in calls:
        if command not in COMMANDS:
            assert command == "attach"  # the registries bring it
            continue
        arguments = arguments[: arguments.index("|")] if "|" in arguments else arguments
        main.get_command(click.Context(main), command).make_context(command, arguments)
    assert "junit" in str(jobs)


def scripts(part: Any) -> Iterator[str]:
    """Everything that a pipeline has a shell run."""
    if isinstance(part, dict):
        for key, value in part.items():
            if key in ("run", "script"):
                yield from [value] if isinstance(value, str) else value
            else:
                yield from scripts(value)
    elif isinstance(part, list):
        for value in part:
            yield from scripts(value)


def test_an_unknown_option_of_a_pipeline_is_seen() -> None:
    with pytest.raises(click.UsageError, match="--junitt"):
        main.get_command(click.Context(main), "audit").make_context("audit", ["audit.toml", "--junitt", "x"])


def test_the_page_on_sections_names_those_of_a_card() -> None:
    rows = [line.split("|") for line in (DOCS / "what-a-card-says.md").read_text("utf-8").splitlines()]
    stated = {int(row[1]): row[2].strip() for row in rows if len(row) > 3 and row[1].strip().isdecimal()}
    assert stated.pop(0) == "Page one"
    assert stated == dict(enumerate((section.title for section in build(credit()).sections), 1))
