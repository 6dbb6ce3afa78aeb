"""Pages laid out as PDF, in this process. The one module that imports WeasyPrint."""

from __future__ import annotations

import datetime as dt
import logging
import os
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

from weasyprint import CSS, HTML, Attachment
from weasyprint.html import UA, UA_COUNTER_STYLE
from weasyprint.text.fonts import FontConfiguration
from weasyprint.urls import URLFetcher, URLFetcherResponse

from explainkit.report.printer import Printed, Sheet
from explainkit.report.templating import font

_TURN = threading.Lock()
"""What the library has no glyph for, and the date in the environment, belong to one sheet at a time."""
_UNDATED = dt.datetime(2000, 1, 1, tzinfo=dt.UTC)
"""Date of the attachment where the plan gives none: WeasyPrint would take the clock's; `conforming` removes it."""


def printed(sheet: Sheet) -> Printed:
    """Lay out one sheet, in this process."""
    stamp = dt.datetime.fromisoformat(sheet.date).replace(tzinfo=dt.UTC) if sheet.date else _UNDATED
    with _TURN, _without_glyph() as missing:
        pdf = _drawn(sheet, stamp)
    return Printed(pdf=pdf, missing=tuple(sorted(missing)))


def _drawn(sheet: Sheet, stamp: dt.datetime) -> bytes:
    attachment = Attachment(
        string=sheet.attachment,
        name=sheet.name,
        description=sheet.described,
        created=stamp,
        modified=stamp,
        relationship="Data",
    )
    with _epoch(stamp), _fonts() as fonts:
        drawn: bytes = _Page(string=sheet.page, base_url="about:blank", url_fetcher=_Door()).write_pdf(
            pdf_variant="pdf/a-3a",
            attachments=[attachment],
            pdf_identifier=False,
            uncompressed_pdf=True,  # `conforming` compresses all at once
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
