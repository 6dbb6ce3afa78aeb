"""The card as PDF/A-3a with a PDF/UA-1 identifier and card.json attached. The one module that imports WeasyPrint."""

from __future__ import annotations

import datetime as dt
import logging
import os
import re
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

from weasyprint import CSS, HTML, Attachment
from weasyprint.html import UA, UA_COUNTER_STYLE
from weasyprint.text.fonts import FontConfiguration
from weasyprint.urls import URLFetcher, URLFetcherResponse

from explainkit.artifact import sha256_of
from explainkit.evidence import Evidence
from explainkit.report.assemble import build
from explainkit.report.card import Card
from explainkit.report.conformance import conforming
from explainkit.report.language import PLACE, say, speaking
from explainkit.report.lean import lean
from explainkit.report.printer import Printed, Printer, Sheet, here
from explainkit.report.templating import document, faces, font, shipped

_PASSES = 3
_TURN = threading.Lock()
"""What the library has no glyph for, and the date in the environment, belong to one sheet at a time."""
_UNDATED = dt.datetime(2000, 1, 1, tzinfo=dt.UTC)
"""Date of the attachment where the plan gives none: WeasyPrint would take the clock's; `conforming` removes it."""


def render_pdf(evidence: Evidence, card_json: bytes, *, card: Card | None = None, printer: Printer = here) -> bytes:
    """Render the card as PDF, not yet signed.

    Parameters
    ----------
    evidence : Evidence
        The only source of the pages.
    card_json : bytes
        Its canonical JSON, attached to the file.
    card : Card, optional
        What `build` made of it, where that is at hand.
    printer : callable, optional
        Who lays the pages out; this process when left out.

    Returns
    -------
    bytes
        The same evidence gives the same bytes, with the same versions of the libraries.
    """
    card = card or build(evidence)
    with speaking(card.language):
        foot = _foot(card.source)
        described = say("every figure of this document, canonical JSON (RFC 8785)")
    style = "\n".join((faces("paper"), card.look.style(shipped("card.css") + "\n" + shipped("paper.css")), foot))
    unreadable = ""
    # PDF/A forbids glyphs that are none; which characters have none is known only once the fonts were tried.
    for _ in range(_PASSES):
        page = document(card, medium="paper", style=style, policy=None, unreadable=unreadable)
        if not card.look.templates:  # others may say how these elements look
            page = lean(page)
        done = printer(
            Sheet(page=page, attachment=card_json, name=card.source, described=described, date=evidence.date)
        )
        if not done.missing:
            break
        unreadable += "".join(done.missing)
    identifier = sha256_of(card_json)[:32].encode()
    return conforming(done.pdf, identifier=identifier, dated=evidence.date is not None)


def printed(sheet: Sheet) -> Printed:
    """Lay out one sheet, in this process."""
    stamp = dt.datetime.fromisoformat(sheet.date).replace(tzinfo=dt.UTC) if sheet.date else _UNDATED
    with _TURN, _without_glyph() as missing:
        pdf = _drawn(sheet, stamp)
    return Printed(pdf=pdf, missing=tuple(sorted(missing)))


def _foot(source: str) -> str:
    """What stands below each page, and the name of page one among the bookmarks."""
    number = _quoted(say("every number: {source}, attached").format(source=source))
    pages = PLACE.split(say("{page} of {pages}"))
    shown = (f"counter({text})" if place % 2 else _quoted(text) for place, text in enumerate(pages) if text)
    foot = f"@page {{ @bottom-left {{ content: {number} }}"
    foot += f" @bottom-right {{ content: {' '.join(shown)} }} }}"
    return foot + f" h1 {{ bookmark-label: {_quoted(say('Page one'))} }}"


def _quoted(text: str) -> str:
    """A text as a string of CSS."""
    return '"' + re.sub(r'[\\"\n<]', lambda found: f"\\{ord(found[0]):x} ", text) + '"'


def _drawn(sheet: Sheet, stamp: dt.datetime) -> bytes:
    attachment = Attachment(
        string=sheet.attachment,
        name=sheet.name,
        description=sheet.described,
        created=stamp,
        modified=stamp,
        relationship="Data",
    )
    with _epoch(stamp), _fonts() as fonts, warnings.catch_warnings():
        # WeasyPrint leaves its colour profile open for the interpreter to close.
        warnings.filterwarnings("ignore", message=r"unclosed file .*sRGB2014\.icc", category=ResourceWarning)
        drawn: bytes = _Page(string=sheet.page, base_url="about:blank", url_fetcher=_Door()).write_pdf(
            pdf_variant="pdf/a-3a",
            attachments=[attachment],
            pdf_identifier=False,
            font_config=fonts,
        )
    return drawn


@contextmanager
def _fonts() -> Iterator[FontConfiguration]:
    """Where fonts are kept while a page is laid out: files that WeasyPrint removes when it is collected as garbage.

    That may never come to pass, as in a process that is ended at once.
    """
    fonts = FontConfiguration()
    try:
        yield fonts
    finally:
        fonts.__del__()


class _Page(HTML):  # type: ignore[misc]
    """A page without what WeasyPrint's own style sheet says of footnotes and notes, of which a card has none.

    Those rules hold for every element, and would have six styles computed of each where one is needed. A test compares
    the bytes with those of a plain page.
    """

    def _ua_stylesheets(self, forms: bool = False) -> list[CSS]:
        return [_without_notes()]


@cache
def _without_notes() -> CSS:
    # How counters look is known already, from the whole sheet.
    rules = [line for line in UA.splitlines() if not re.match(r"::(footnote|note)-|@counter-style", line)]
    text = "\n".join(rules).replace("\n::marker {", "\nli::marker {")
    return CSS(string=text, counter_style=UA_COUNTER_STYLE)


class _Glyphs(logging.Filter):
    """Collects what the renderer has no glyph for, and keeps it out of the log: it is dealt with."""

    def __init__(self) -> None:
        super().__init__()
        self.missing: set[str] = set()

    def filter(self, record: logging.LogRecord) -> bool:
        """Let everything else pass."""
        if ".notdef glyph" in str(record.msg) and isinstance(record.args, tuple):
            self.missing.add(str(record.args[0]))
            return False
        return True


@contextmanager
def _without_glyph() -> Iterator[set[str]]:
    glyphs = _Glyphs()
    logger = logging.getLogger("weasyprint")
    logger.addFilter(glyphs)
    try:
        yield glyphs.missing
    finally:
        logger.removeFilter(glyphs)


class _Door(URLFetcher):  # type: ignore[misc]
    """Lets in what the document itself carries, and the shipped fonts; nothing else."""

    def __init__(self) -> None:
        super().__init__(allowed_protocols=["data"], allow_redirects=False)

    def fetch(self, url: str, headers: dict[str, str] | None = None) -> URLFetcherResponse:
        """What stands at an address."""
        found = font(url)
        return super().fetch(url, headers) if found is None else URLFetcherResponse(url, found)


@contextmanager
def _epoch(moment: dt.datetime) -> Iterator[None]:
    """The date that fontTools writes into subset fonts: it reads nothing but this variable, else the clock."""
    before = os.environ.get("SOURCE_DATE_EPOCH")
    os.environ["SOURCE_DATE_EPOCH"] = str(int(moment.timestamp()))
    try:
        yield
    finally:
        if before is None:
            del os.environ["SOURCE_DATE_EPOCH"]
        else:
            os.environ["SOURCE_DATE_EPOCH"] = before
