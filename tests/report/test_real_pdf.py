"""The PDF of three real cases: sound, tagged, described, bookmarked, and its text reads in order."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections import Counter
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import pdfua
import pikepdf
import pytest

from explainkit.report.assemble import build
from explainkit.report.card import Card
from explainkit.report.templating import document
from tests.real_cards import REAL, evidence_of
from tests.report.number_check import Page

pytestmark = pytest.mark.slow


@pytest.fixture(params=REAL)
def folder(request: pytest.FixtureRequest, real_card: Callable[[str], Path]) -> Path:
    """Folder of a real card."""
    return real_card(request.param)


@pytest.fixture
def card(folder: Path) -> Card:
    return built(folder)


@cache
def built(folder: Path) -> Card:
    return build(evidence_of(folder))


@pytest.fixture
def paper(card: Card) -> Page:
    """What was set on paper, as HTML."""
    return Page(document(card, medium="paper", style="", policy=None).encode())


@pytest.fixture
def pdf(folder: Path) -> Iterator[pikepdf.Pdf]:
    with pikepdf.open(folder / "card.pdf") as opened:
        yield opened


def run(*command: str | Path) -> str:
    """What a program says; without it the test is skipped, in CI it fails."""
    if shutil.which(command[0]) is None:
        reason = f"{command[0]} is not installed"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_qpdf_finds_no_error(folder: Path) -> None:
    assert "No syntax or stream encoding errors" in run("qpdf", "--check", folder / "card.pdf")
    assert (folder / "card.pdf").stat().st_size < 1_000_000


TOLERATED = {"UA-15-003"}
"""Findings of pdfua that are no faults of the file. Why, docs/reference/accessibility.md says."""


def test_pdfua_finds_no_error(folder: Path) -> None:
    report = pdfua.validate(folder / "card.pdf")
    assert report.outcomes
    found = {(f.rule_id, f.severity) for f in report.findings if f.severity > pdfua.Severity.INFO}
    assert found <= {(rule, pdfua.Severity.WARNING) for rule in TOLERATED}, found


def test_pdfua_looks(folder: Path, tmp_path: Path) -> None:
    """What a file lacks it does find."""
    with pikepdf.open(folder / "card.pdf") as opened:
        del opened.Root.Lang, opened.Root.MarkInfo
        opened.save(tmp_path / "bare.pdf")
    report = pdfua.validate(tmp_path / "bare.pdf")
    assert {f.rule_id[:5] for f in report.findings if f.severity == pdfua.Severity.ERROR} >= {"UA-01", "UA-06"}


def test_cells_name_their_headers(pdf: pikepdf.Pdf) -> None:
    """The association that pdfua looks for at the header cells stands at the others (ISO 32000-1, 14.8.5.7)."""
    heads, named = set(), []
    for element in structure(pdf):
        if element.S == "/TH":
            heads.add(bytes(element.ID))
        elif element.S == "/TD":
            named.append([bytes(name) for name in element.A.Headers])
    assert len(named) > 300
    assert all(names and heads.issuperset(names) for names in named)


def structure(pdf: pikepdf.Pdf) -> Iterator[pikepdf.Dictionary]:
    """Elements of the structure tree, in the order they are read."""
    left = [pdf.Root.StructTreeRoot]
    while left:
        element = left.pop()
        if "/S" in element:
            yield element
        kids = element.get("/K", pikepdf.Array())
        kids = list(kids) if isinstance(kids, pikepdf.Array) else [kids]
        left.extend(kid for kid in reversed(kids) if isinstance(kid, pikepdf.Dictionary) and kid.get("/Type") != "/MCR")


def test_tags_are_those_of_the_page(pdf: pikepdf.Pdf, paper: Page) -> None:
    assert pdf.Root.MarkInfo.Marked
    assert str(pdf.Root.Lang) == "en"
    elements = list(structure(pdf))
    tags = Counter(str(element.S) for element in elements)
    for tag, name in (("/H1", "h1"), ("/H2", "h2"), ("/H3", "h3"), ("/H4", "h4"), ("/TD", "td")):
        assert tags[tag] == len(paper.named(name)), tag
    # A table that goes on on the next page is a table there, with its heads.
    for tag, name in (("/Table", "table"), ("/TR", "tr"), ("/TH", "th")):
        assert tags[tag] >= len(paper.named(name)), tag
    for number, page in enumerate(pdf.pages):
        assert "/StructParents" in page, number
        assert page.Tabs == "/S"


def test_pictures_are_described_in_order(pdf: pikepdf.Pdf, paper: Page) -> None:
    described = [str(element.Alt) for element in structure(pdf) if element.S == "/Figure"]
    assert described == [picture.attributes["alt"] for picture in paper.named("img")]
    assert min(map(len, described)) > 20


def test_bookmarks_lead_to_every_heading(pdf: pikepdf.Pdf, card: Card, folder: Path) -> None:
    pages = run("pdftotext", "-raw", folder / "card.pdf", "-").split("\f")
    places = {page.objgen: number for number, page in enumerate(pdf.pages)}
    with pdf.open_outline() as outline:
        top = list(outline.root)
    assert [item.title for item in top[2:]] == [f"{s.number} {s.title}" for s in card.sections]
    below = [item for section in top[2:] for item in section.children]
    assert len(below) > 30
    for item in (*top[1:], *below):
        assert plain(item.title) in plain(pages[places[item.destination[0].objgen]]), item.title


def test_card_json_is_attached(pdf: pikepdf.Pdf, folder: Path) -> None:
    assert [pdf.attachments[name].get_file().read_bytes() for name in pdf.attachments] == [
        (folder / "card.json").read_bytes()
    ]


def test_text_reads_in_order(folder: Path, paper: Page) -> None:
    text = plain(run("pdftotext", "-raw", folder / "card.pdf", "-"))
    at, last = 0, "the beginning"
    wanted = [e for e in paper.elements if e.tag in ("h1", "h2", "h3", "h4", "tr", "dt", "li")]
    assert len(wanted) > 300
    for element in wanted:
        words = plain(element.text)
        found = text.find(words, at)
        assert found >= 0, f"{element.text.strip()[:200]!r} does not come after {last!r}"
        at, last = found + len(words), element.text.strip()[:80]


def plain(text: str) -> str:
    """Text without its spaces and line ends."""
    return re.sub(r"\s+", "", text)
