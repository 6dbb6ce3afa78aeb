"""Fixtures of the browser's tests: one Chromium for each module, and cards as files."""

from __future__ import annotations

import dataclasses
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

from explainkit.evidence import Evidence
from explainkit.report.html import render_html
from tests.real_cards import REAL
from tests.report import examples
from tests.report.test_hostile_names import HOSTILE, renamed


def missing(what: str) -> None:
    """Skip a test for want of a program; in CI, fail."""
    if os.environ.get("CI") == "true":
        pytest.fail(what)
    pytest.skip(what)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Debian's Chromium without a window; it ends with the module."""
    program = shutil.which("chromium")
    if program is None:
        missing("chromium is not installed: apt-get install chromium")
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(
            executable_path=program, args=["--no-sandbox", "--headless=new"], timeout=30_000
        )
        yield started
        started.close()


@pytest.fixture(scope="session")
def card_file(tmp_path_factory: pytest.TempPathFactory, real_card: Callable[[str], Path]) -> Callable[[str], Path]:
    """The page of a real case, an example, or the hostile case, written once."""
    folder = tmp_path_factory.mktemp("cards")

    def written(name: str) -> Path:
        if name in REAL:
            return real_card(name) / "card.html"
        path = folder / f"{name}.html"
        if not path.exists():
            path.write_bytes(render_html(hostile() if name == "hostile" else examples.ALL[name]()))
        return path

    return written


def hostile() -> Evidence:
    """The credit case under hostile names, with a hostile answer."""
    evidence = renamed(examples.credit(), HOSTILE)
    answers = tuple(
        dataclasses.replace(s, answer="<script>alert(2)</script>\n" + "x" * 3000) if s.id == "risks" else s
        for s in evidence.statements
    )
    return dataclasses.replace(evidence, statements=answers)
