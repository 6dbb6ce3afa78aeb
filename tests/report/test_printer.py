"""The process that lays pages out: the same bytes as here, a clear end when it dies, and nothing left behind."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from explainkit.errors import ExplainkitError
from explainkit.report import printer
from explainkit.report.printer import Sheet, elsewhere, here

SHEET = Sheet(
    page="<!DOCTYPE html><html lang=en><title>t</title><p>one page with \ue000</p></html>",
    attachment=b"{}",
    name="card.json",
    described="numbers",
    date="2026-01-02",
)


@pytest.fixture(autouse=True)
def two_processors(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 1}, raising=False)


def test_the_same_bytes_elsewhere_as_here() -> None:
    with elsewhere() as remote:
        assert remote is not here
        found = [remote(SHEET), remote(SHEET)]
    assert found == [here(SHEET)] * 2
    assert found[0].pdf.startswith(b"%PDF-1.7")
    assert found[0].missing == ("\ue000",)


def test_a_printer_that_dies_is_one_clear_error() -> None:
    with elsewhere() as remote:
        remote.process.kill()  # type: ignore[attr-defined]
        with pytest.raises(ExplainkitError, match="lays out the PDF ended without an answer"):
            remote(SHEET)


def test_an_error_of_the_layout_names_itself() -> None:
    wrong = Sheet(page=SHEET.page, attachment=b"", name="", described="", date="no date")
    with elsewhere() as remote, pytest.raises(ExplainkitError, match="ValueError"):
        remote(wrong)


def test_nothing_is_left_behind_after_an_error() -> None:
    started = []

    def interrupted() -> None:
        with elsewhere() as remote:
            started.append(remote.process)  # type: ignore[attr-defined]
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert started[0].returncode is not None


def test_the_process_ends_with_its_input() -> None:
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", "explainkit.report.printer"],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        env=printer._environment(),
    )
    assert process.stdin is not None
    process.stdin.close()
    assert process.wait(timeout=60) == 0


def test_pages_are_printed_here_where_no_process_can_be_started(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    with elsewhere() as found:
        assert found is here


def test_pages_are_printed_here_on_one_processor(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0}, raising=False)
    with elsewhere() as found:
        assert found is here
