"""A document laid out in two halves: the same as in one piece, and the same bytes wherever the halves are laid out."""

from __future__ import annotations

import dataclasses
import hashlib
import os
import pickle
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import BytesIO
from itertools import islice
from multiprocessing.connection import Connection, Pipe
from pathlib import Path
from typing import Any

import pdfua
import pikepdf
import pytest

from explainkit.children import environment, processors
from explainkit.house import House, Template
from explainkit.report import layout, pdf
from explainkit.report.conformance import conforming
from explainkit.report.layout import printed
from explainkit.report.parting import ids, parted, sections
from explainkit.report.printer import Printed, Sheet, elsewhere
from tests.report import examples

needs_copies = pytest.mark.skipif(
    sys.platform != "linux" or processors() < 2, reason="one processor, or processes are not copied here"
)


def sheet_of(evidence: Any, cut: Callable[[str], tuple[str, str]]) -> Sheet:
    """What a printer is given for a card, cut as asked for."""
    asked: list[Sheet] = []

    def keep(sheet: Sheet) -> Printed:
        asked.append(sheet)
        raise InterruptedError

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pdf, "parted", cut)
        with pytest.raises(InterruptedError):
            pdf.render_pdf(evidence, evidence.to_json(), printer=keep)
    return asked[0]


@pytest.fixture(scope="module")
def sheet() -> Sheet:
    """A small card in two halves."""
    return sheet_of(examples.scores_only(), lambda page: parted(page, least=0))


@pytest.fixture(scope="module")
def whole(sheet: Sheet) -> Sheet:
    """The same card in one piece, with a new page where the other is cut."""
    cut = sections(sheet.rest)[0]
    rules = f"#{cut} {{ break-before: page }} #{cut} > h2 {{ margin-top: 0 }}"
    one = sheet_of(examples.scores_only(), lambda page: (page, ""))
    return dataclasses.replace(one, page=one.page.replace("</head>", f"<style>{rules}</style></head>", 1))


@pytest.fixture(scope="module")
def found(sheet: Sheet) -> Printed:
    """The halves, laid out in this process."""
    return printed(sheet)


@pytest.fixture(scope="module")
def joined(found: Printed) -> bytes:
    return conforming(found.pdf, found.rest, identifier=b"1" * 32, dated=True)


@pytest.fixture(scope="module")
def one_piece(whole: Sheet) -> bytes:
    return conforming(printed(whole).pdf, identifier=b"1" * 32, dated=True)


# The document


def test_a_document_in_halves_is_the_document_in_one_piece(joined: bytes, one_piece: bytes) -> None:
    assert described(joined) == described(one_piece)


def described(data: bytes) -> dict[str, Any]:
    """All that a reader can find in a PDF, but for the text of its pages."""
    with pikepdf.open(BytesIO(data)) as opened:
        root = opened.Root
        pages = {page.objgen: number for number, page in enumerate(opened.pages, start=1)}
        names = root.Names.Dests.Names
        return {
            "pages": len(pages),
            "root": sorted(root.keys()),
            "intents": len(root.OutputIntents),
            "metadata": root.Metadata.read_bytes(),
            "information": {key: str(value) for key, value in opened.docinfo.items()},
            "attached": [specification.EF.F.read_bytes() for specification in root.AF],
            "bookmarks": list(bookmarks(root.Outlines, pages)),
            "open bookmarks": int(root.Outlines.Count),
            "targets": [(str(names[at]), pages[names[at + 1][0].objgen]) for at in range(0, len(names), 2)],
            "links": [str(link.Dest) for page in opened.pages for link in page.obj.get("/Annots", ())],
            "tags": list(tags(root.StructTreeRoot.K[0], pages)),
        }


def bookmarks(above: pikepdf.Object, pages: dict[Any, int], level: int = 1) -> Iterator[tuple[int, str, int]]:
    """Level, title and page of each bookmark; whether they know each other is checked on the way."""
    before, item = None, above.get("/First")
    while item is not None:
        assert item.Parent.objgen == above.objgen
        assert (None if before is None else before.objgen) == (item.Prev.objgen if "/Prev" in item else None)
        yield level, str(item.Title), pages[item.Dest[0].objgen]
        yield from bookmarks(item, pages, level + 1)
        before, item = item, item.get("/Next")
    assert before is None or before.objgen == above.Last.objgen


def tags(element: pikepdf.Object, pages: dict[Any, int]) -> Iterator[tuple[str, int, str]]:
    """Name, page and alternative text of each element as it is read."""
    yield str(element.S), pages[element.Pg.objgen] if "/Pg" in element else 0, str(element.get("/Alt", ""))
    for kid in element.K:
        if isinstance(kid, pikepdf.Dictionary) and "/S" in kid:
            assert kid.P.objgen == element.objgen
            yield from tags(kid, pages)


def test_the_text_is_the_same_on_every_page(joined: bytes, one_piece: bytes, tmp_path: Path) -> None:
    pages = pages_of(joined, tmp_path)
    assert pages == pages_of(one_piece, tmp_path)
    assert [number for number, page in enumerate(pages, start=1) if f"{number} of {len(pages)}" not in page] == []


def pages_of(data: bytes, folder: Path) -> list[str]:
    """The text of each page."""
    if shutil.which("pdftotext") is None:
        pytest.skip("pdftotext is not installed")
    (folder / "card.pdf").write_bytes(data)
    done = subprocess.run(["pdftotext", "-layout", folder / "card.pdf", "-"], capture_output=True, check=True)
    return done.stdout.decode().split("\f")[:-1]


def test_what_is_on_a_page_finds_its_element(joined: bytes) -> None:
    with pikepdf.open(BytesIO(joined)) as opened:
        numbers = opened.Root.StructTreeRoot.ParentTree.Nums
        keys = [int(numbers[at]) for at in range(0, len(numbers), 2)]
        assert keys == sorted(set(keys))
        left = dict(zip(keys, (numbers[at] for at in range(1, len(numbers), 2)), strict=True))
        for page in opened.pages:
            elements = left.pop(int(page.obj.StructParents))
            assert {element.Pg.objgen for element in elements} == {page.objgen}
            for link in page.obj.get("/Annots", ()):
                kids = [kid for kid in left.pop(int(link.StructParent)).K if isinstance(kid, pikepdf.Dictionary)]
                assert link.objgen in [kid.Obj.objgen for kid in kids if "/Obj" in kid]
        assert left == {}


def test_cells_name_headers_of_their_own_half(joined: bytes) -> None:
    with pikepdf.open(BytesIO(joined)) as opened:
        cells = [thing for thing in opened.objects if isinstance(thing, pikepdf.Dictionary) and "/S" in thing]
        names = [bytes(cell.ID) for cell in cells if cell.S == "/TH"]
        assert len(names) == len(set(names)) > 40
        assert sum(name.startswith(b"2-") for name in names) > 10
        for cell in cells:
            if cell.S == "/TD":
                heads = [bytes(name) for name in cell.A.Headers]
                assert heads
                assert set(heads) <= set(names)


def test_pdfua_and_qpdf_find_no_error(joined: bytes, tmp_path: Path) -> None:
    (tmp_path / "card.pdf").write_bytes(joined)
    report = pdfua.validate(tmp_path / "card.pdf")
    assert {f.rule_id for f in report.findings if f.severity > pdfua.Severity.INFO} <= {"UA-15-003"}
    if shutil.which("qpdf") is not None:
        done = subprocess.run(["qpdf", "--check", tmp_path / "card.pdf"], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr


def test_what_no_font_has_is_found_in_both_halves(sheet: Sheet) -> None:
    first = sheet.page.replace("</h1>", " \ue000</h1>", 1)
    rest = sheet.rest.replace("</h2>", " \ue001</h2>", 1)
    assert printed(dataclasses.replace(sheet, page=first, rest=rest)).missing == ("\ue000", "\ue001")


CROWDED = """<!DOCTYPE html><html lang="en"><title>t</title><style>
@page {{ size: 100px; margin: 0 0 20px; @bottom-left {{ content: counter(page, number-of-page) }} }}
body {{ margin: 0; font: 20px/20px sans-serif }} p, div {{ margin: 0; break-inside: avoid; height: 60px }}
nav a {{ display: block; width: 15px; overflow-wrap: anywhere }}
nav a::after {{ content: counter(pages, page-of-section-0) }}
</style><body>{}</body></html>"""


def test_contents_that_need_more_pages_once_they_are_known(tmp_path: Path) -> None:
    """The first half has nine pages while the number of the tenth is not yet known, and then one more."""
    first = '<main id="a"><nav><a href="#b"></a></nav>' + "<p>x</p>" * 9 + "</main>"
    rest = '<div style="break-after: page"></div>\n<section id="b">\n<p>y</p></section>'
    sheet = Sheet(
        page=CROWDED.format(first), rest=CROWDED.format(rest), attachment=b"", name="-", described="-", date=None
    )
    found = printed(sheet)
    pages = pages_of(conforming(found.pdf, found.rest, identifier=b"1" * 32, dated=False), tmp_path)
    assert pages[0].split() == ["1", "1", "1"]  # the number of the page where b is, in a narrow column, and its own
    assert [page.split() for page in pages[1:]] == [*(["x", str(number)] for number in range(2, 11)), ["y", "11"]]


# Where it is laid out


@needs_copies
def test_a_copy_of_the_process_writes_the_same_bytes(sheet: Sheet, found: Printed, tmp_path: Path) -> None:
    program = (
        "import hashlib, os, pickle, sys\n"
        "from explainkit.report.layout import printed\n"
        "copied, fork = [], os.fork\n"
        "os.fork = lambda: copied.append(fork()) or copied[-1]\n"
        "found = printed(pickle.load(sys.stdin.buffer), beside=True)\n"
        "print(len(copied), hashlib.sha256(found.pdf + found.rest).hexdigest())\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], input=pickle.dumps(sheet), env=environment(), capture_output=True, check=True
    )
    assert done.stdout.decode().split() == ["1", hashlib.sha256(found.pdf + found.rest).hexdigest()]


def test_the_printer_writes_the_same_bytes(
    sheet: Sheet, found: Printed, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 1}, raising=False)
    with elsewhere() as remote:
        assert [remote(sheet), remote(sheet)] == [found, found]
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("answers", [0, 1])
def test_what_a_copy_leaves_undone_is_done_here(
    sheet: Sheet, found: Printed, answers: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    @contextmanager
    def failing(work: Callable[[Connection], None]) -> Iterator[Connection]:
        ours, theirs = Pipe()
        with pikepdf.open(BytesIO(found.pdf)) as opened:
            pages = len(opened.pages)
        for answer in islice(layout._steps(sheet, set(), lambda: pages), answers):
            theirs.send(answer)
        theirs.close()
        with ours:
            yield ours

    monkeypatch.setattr(layout, "twin", failing)
    assert printed(sheet, beside=True) == found


def test_a_process_that_cannot_be_copied_does_all_itself(
    sheet: Sheet, found: Printed, monkeypatch: pytest.MonkeyPatch
) -> None:
    def none_left(work: Callable[[Connection], None]) -> None:
        raise BlockingIOError

    monkeypatch.setattr(layout, "twin", none_left)
    assert printed(sheet, beside=True) == found


@needs_copies
@pytest.mark.parametrize("how", ["killed", "ended"])
def test_no_copy_and_no_file_outlives_the_printer(sheet: Sheet, how: str, tmp_path: Path) -> None:
    many = dataclasses.replace(sheet, rest=sheet.rest.replace("</main>", "<p>one more page" * 200_000 + "</main>"))
    with subprocess.Popen(
        [sys.executable, "-P", "-m", "explainkit.report.printer"],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        env={**environment(), "TMPDIR": str(tmp_path)},
    ) as process:
        assert process.stdin is not None
        remote = layout_request(many)
        process.stdin.write(remote)
        process.stdin.flush()
        until(lambda: len(list(tmp_path.glob("*/weasyprint-*"))) > 1)  # both are at work
        (copy,) = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        if how == "killed":
            process.send_signal(signal.SIGKILL)
        process.stdin.close()
        process.wait(timeout=60)
    assert until(lambda: not alive(copy))
    assert (list(tmp_path.iterdir()) == []) == (how == "ended")


def layout_request(sheet: Sheet) -> bytes:
    """What a printer reads."""
    from explainkit.report import printer

    said = BytesIO()
    head = {"name": sheet.name, "described": sheet.described, "date": sheet.date}
    printer._send(said, printer.json.dumps(head).encode(), sheet.page.encode(), sheet.rest.encode(), sheet.attachment)
    return said.getvalue()


def alive(process: str) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def until(asked: Callable[[], Any]) -> Any:
    """The answer as soon as there is one."""
    end = time.monotonic() + 120
    while not (answer := asked()) and time.monotonic() < end:
        time.sleep(0.01)
    assert answer
    return answer


# Where it is cut


def test_a_card_is_cut_at_a_section(sheet: Sheet) -> None:
    whole = sheet_of(examples.scores_only(), lambda page: (page, "")).page
    first, second = sections(sheet.page), sections(sheet.rest)
    assert first
    assert second
    assert first + second == sections(whole)
    assert ids(sheet.page) | ids(sheet.rest) == ids(whole)
    assert not ids(sheet.page) & ids(sheet.rest)
    assert sheet.rest.count('class="running"') == 1


def test_short_documents_and_other_pages_stay_in_one_piece() -> None:
    whole = sheet_of(examples.scores_only(), lambda page: (page, "")).page
    assert parted(whole) == (whole, "")
    bare = "<!DOCTYPE html><html lang=en><title>t</title><p>none</p></html>"
    assert parted(bare, least=0) == (bare, "")


def test_a_long_card_is_cut_unless_its_style_is_the_house() -> None:
    evidence = examples.credit()
    assert sheet_of(evidence, parted).rest
    house = House(templates=(Template(name="house.css", text="h2 { margin-top: 2mm }"),))
    assert not sheet_of(dataclasses.replace(evidence, house=house), parted).rest
