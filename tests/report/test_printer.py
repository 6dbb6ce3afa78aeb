"""The process that lays pages out: the same bytes as here, a clear end when it dies, and nothing left behind."""

from __future__ import annotations

import dataclasses
import gc
import os
import pickle
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import pytest

from explainkit.children import environment
from explainkit.errors import ExplainkitError
from explainkit.evidence import Evidence
from explainkit.garbage import rarely_collected
from explainkit.progress import Silent
from explainkit.report import printer
from explainkit.report.files import report_files
from explainkit.report.printer import Printed, Sheet, elsewhere, here

SHEET = Sheet(
    page="<!DOCTYPE html><html lang=en><title>t</title>"
    '<style>@font-face { font-family: "Plex Mono"; src: url(explainkit-font:IBMPlexMono-Regular) }</style>'
    '<p style="font-family: Plex Mono">one page with \ue000</p></html>',
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


def test_libraries_for_rare_fonts_are_loaded_when_such_a_font_is_printed() -> None:
    program = (
        "import pickle, sys\n"
        "from explainkit.report.printer import _loaded\n"
        "printed, name = _loaded(), 'fontTools.ttLib.tables.otTables'\n"
        "assert name not in sys.modules\n"
        "import weasyprint.pdf.fonts\n"
        "weasyprint.pdf.fonts.harfbuzz_subset = None\n"  # as where HarfBuzz is too old
        "assert printed(pickle.load(sys.stdin.buffer)).pdf.startswith(b'%PDF')\n"
        "assert name in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", program], input=pickle.dumps(SHEET), env=environment(), check=True)


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
        env=environment(),
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


@pytest.fixture
def emptied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder for temporary files, of this process and of those it starts."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(tempfile, "tempdir", None)
    return tmp_path


def test_no_files_are_left_behind_here(emptied: Path) -> None:
    gc.disable()  # fonts are removed whether or not anybody looks for garbage
    try:
        here(SHEET)
        assert list(emptied.iterdir()) == []
    finally:
        gc.enable()


@pytest.mark.parametrize("sheets", [0, 1])
def test_no_files_are_left_behind_elsewhere(emptied: Path, sheets: int) -> None:
    with elsewhere() as remote:
        for _ in range(sheets):
            remote(SHEET)
    assert list(emptied.iterdir()) == []


def test_no_files_are_left_behind_in_the_middle_of_a_sheet(emptied: Path) -> None:
    many = dataclasses.replace(SHEET, page=SHEET.page.replace("one page", "<p>one more page" * 20_000))
    found: list[BaseException | None] = []
    with elsewhere() as remote:
        thread = threading.Thread(target=lambda: found.append(_failure(remote, many)))
        thread.start()
        until = time.monotonic() + 120
        while not list(emptied.glob("*/weasyprint-*")) and time.monotonic() < until:
            time.sleep(0.01)
        assert list(emptied.iterdir())
    thread.join()
    assert isinstance(found[0], ExplainkitError)
    assert list(emptied.iterdir()) == []


def _failure(remote: printer.Printer, sheet: Sheet) -> BaseException | None:
    try:
        remote(sheet)
    except ExplainkitError as error:
        return error
    return None


def test_the_summary_is_laid_out_while_the_card_is_drawn(evidence: Evidence) -> None:
    asked, told = [], []

    def out_of_order(sheet: Sheet) -> Printed:
        asked.append(sheet.name)
        raise ExplainkitError("out of order")

    with pytest.raises(ExplainkitError, match="out of order"):
        report_files(evidence, Silent(), printer=out_of_order, meanwhile=lambda files: told.append((asked[0], files)))
    assert asked == ["summary.json", "card.json"]
    assert told == [("summary.json", {})]  # whoever has work for meanwhile is told then, and not before


def test_all_but_the_card_as_pdf_is_shown_before_that_is_there(evidence: Evidence) -> None:
    shown, printed = [], []

    def printer(sheet: Sheet) -> Printed:
        if sheet.name == "card.json":
            deadline = time.monotonic() + 60
            while len(shown) < 2 and time.monotonic() < deadline:
                time.sleep(0.01)
            printed.append(len(shown))
        return here(dataclasses.replace(SHEET, name=sheet.name, attachment=sheet.attachment))

    files = {a.name: a.data for a in report_files(evidence, Silent(), printer=printer, meanwhile=shown.append)}
    assert printed[0] == 2
    assert shown == [{}, {name: data for name, data in files.items() if name != "card.pdf"}]


def test_garbage_is_looked_for_as_before_afterwards() -> None:
    before = gc.get_threshold()
    with rarely_collected():
        assert gc.get_threshold()[0] > before[0]
    assert gc.get_threshold() == before
    gc.set_threshold(0)
    try:
        with rarely_collected():
            assert gc.get_threshold()[0] == 0  # switched off stays switched off
    finally:
        gc.set_threshold(*before)
