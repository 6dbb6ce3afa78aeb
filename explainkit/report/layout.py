"""Pages laid out as PDF, in this process. Beside `shortcuts`, the one module that imports WeasyPrint."""

from __future__ import annotations

import datetime as dt
import logging
import os
import re
import threading
from collections.abc import Callable, Generator, Iterator, Sequence, Set
from contextlib import ExitStack, contextmanager, suppress
from functools import cache, partial
from multiprocessing.connection import Connection
from typing import Any

from weasyprint import CSS, HTML, Attachment
from weasyprint.css.counters import CounterStyle
from weasyprint.document import Document
from weasyprint.html import UA, UA_COUNTER_STYLE
from weasyprint.text.fonts import FontConfiguration
from weasyprint.urls import URLFetcher, URLFetcherResponse

from explainkit.report.faces import font
from explainkit.report.parting import NUMBER, PLACE, TOTAL, ids, sections
from explainkit.report.printer import Printed, Sheet
from explainkit.report.reading import read
from explainkit.report.twin import twin

_VARIANT = "pdf/a-3a"
_TURN = threading.Lock()
"""What the library has no glyph for, and the date in the environment, belong to one sheet at a time."""
_UNDATED = dt.datetime(2000, 1, 1, tzinfo=dt.UTC)
"""Date of the attachment where the plan gives none: WeasyPrint would take the clock's; `conforming` removes it."""


def printed(sheet: Sheet, *, beside: bool = False) -> Printed:
    """Lay out one sheet, in this process.

    Parameters
    ----------
    sheet : Sheet
        The page, or its two halves.
    beside : bool
        Whether the second half is laid out at the same time, by a copy of this process. The bytes are the same.
    """
    stamp = dt.datetime.fromisoformat(sheet.date).replace(tzinfo=dt.UTC) if sheet.date else _UNDATED
    attachment = Attachment(
        string=sheet.attachment,
        name=sheet.name,
        description=sheet.described,
        created=stamp,
        modified=stamp,
        relationship="Data",
    )
    rest = b""
    with _TURN, _epoch(stamp), _without_glyph() as missing, _fonts() as fonts:
        if not sheet.rest:
            pdf = _written(_laid_out(sheet.page, fonts, _Numbers()), attachments=[attachment])
        else:
            with _second_half(sheet, missing, beside=beside) as second:
                document = _laid_out(sheet.page, fonts, _Numbers(after=second.after))
                pdf = _written(document, attachments=[attachment], lent=ids(sheet.rest))
                rest, others = second.written(len(document.pages))
                missing.update(others)
    return Printed(pdf=pdf, rest=rest, missing=tuple(sorted(missing)))


def _laid_out(page: str, fonts: FontConfiguration, numbers: CounterStyle) -> Document:
    html = _Page(string=page, base_url="about:blank", url_fetcher=_Door())
    return html.render(font_config=fonts, counter_style=numbers, pdf_variant=_VARIANT)


def _written(
    document: Document, *, attachments: Sequence[Attachment] = (), lent: Set[str] = frozenset(), prefix: str = ""
) -> bytes:
    """A document as PDF.

    Parameters
    ----------
    document : Document
        Its pages.
    attachments : sequence of Attachment
        Files to attach.
    lent : set of str
        Where links may lead besides: anchors of the other half.
    prefix : str
        What ids of cells begin with, so that they differ from those of the other half.
    """
    if lent:
        document.pages[0].anchors.update(dict.fromkeys(lent, (0, 0, 0, 0)))  # links to nowhere would be left out

    def finish(_: Document, pdf: Any) -> None:
        if lent:
            names = pdf.catalog["Names"]["Dests"]["Names"]
            pairs = zip(names[::2], names[1::2], strict=True)
            names[:] = [part for pair in pairs if pair[0].string not in lent for part in pair]
        if prefix:
            for thing in pdf.objects:
                if isinstance(thing, dict) and "ID" in thing:
                    thing["ID"].string = prefix + thing["ID"].string  # those who name this cell hold the same string

    written: bytes = document.write_pdf(
        finisher=finish,
        pdf_variant=_VARIANT,
        attachments=attachments,
        pdf_identifier=False,
        uncompressed_pdf=True,  # `conforming` compresses all at once
    )
    return written


def _steps(sheet: Sheet, missing: set[str], before: Callable[[], int]) -> Generator[Any, None, None]:
    """Lay out the second half of a sheet, given who knows the number of pages that come before.

    Yields how many pages it has and on which of them each section begins; then the PDF and what has no glyph.
    """
    with _fonts() as fonts:
        document = _laid_out(sheet.rest, fonts, _Numbers(before=lambda: before() - 1))
        document = document.copy(document.pages[1:])  # why there is one more, `parted` says
        numbered = reversed(list(enumerate(document.pages, start=1)))  # a section is on several: the first counts
        begins = {name: number for number, page in numbered for name in page.anchors}
        yield len(document.pages), *(begins[name] for name in sections(sheet.rest))
        yield _written(document, lent=ids(sheet.page), prefix="2-"), sorted(missing)


@contextmanager
def _second_half(sheet: Sheet, missing: set[str], *, beside: bool) -> Iterator[_SecondHalf]:
    """The second half of a sheet, which a copy of this process begins with at once where that is asked for."""

    def take(pipe: Connection) -> None:
        for step in _steps(sheet, missing, cache(pipe.recv)):
            pipe.send(step)

    with ExitStack() as opened:
        pipe = None
        if beside:
            with suppress(OSError):  # no more processes, or files: it is laid out here
                pipe = opened.enter_context(twin(take))
        second = _SecondHalf(partial(_steps, sheet, missing), pipe)
        opened.callback(second.close)
        yield second


class _SecondHalf:
    """The second half of a document, laid out by a copy of this process, or here where there is none or it fails."""

    def __init__(
        self, steps: Callable[[Callable[[], int]], Generator[Any, None, None]], pipe: Connection | None
    ) -> None:
        self._steps, self._pipe = steps, pipe
        self._here = steps(lambda: self._before)
        self._before, self._taken = 0, 0
        self._places: tuple[int, ...] = ()

    def after(self, before: int) -> tuple[int, ...]:
        """Told how many pages come before: how many these are, and on which of them each section begins."""
        if not self._before:
            self._before = before
            if self._pipe is not None:
                with suppress(OSError):
                    self._pipe.send(before)
            self._places = self._next()
        return self._places

    def written(self, before: int) -> tuple[bytes, list[str]]:
        """The PDF, and what has no glyph."""
        self.after(before)
        if before != self._before:  # with its numbers, the table of contents takes more room than without
            self._before, self._pipe = before, None
            self._here.close()
            self._here = self._steps(lambda: before)
            next(self._here)
        found: tuple[bytes, list[str]] = self._next()
        return found

    def _next(self) -> Any:
        """What the next step finds."""
        if self._pipe is not None:
            with suppress(EOFError, OSError):
                found = self._pipe.recv()
                self._taken += 1
                return found
            self._pipe = None
            for _ in range(self._taken):
                next(self._here)
        return next(self._here)

    def close(self) -> None:
        """Remove its files."""
        self._here.close()


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
    """A page read in less time, and without what WeasyPrint's own style sheet says of notes: a card has none.

    Those rules hold for every element, and would have six styles computed of each where one is needed. A test compares
    the bytes with those of a plain page.
    """

    def __init__(self, string: str, **named: Any) -> None:
        root = read(string)
        super().__init__(string=string if root is None else "-", **named)
        if root is not None:
            wrapper: Any = self.__dict__["wrapper_element"]
            self.wrapper_element = type(wrapper).from_html_root(root, content_language=None)
            self.etree_element = root

    def _ua_stylesheets(self, forms: bool = False) -> list[CSS]:
        return [_without_notes()]


@cache
def _without_notes() -> CSS:
    # How counters look is known already, from the whole sheet.
    rules = [line for line in UA.splitlines() if not re.match(r"::(footnote|note)-|@counter-style", line)]
    text = "\n".join(rules).replace("\n::marker {", "\nli::marker {")
    return CSS(string=text, counter_style=UA_COUNTER_STYLE)


class _Numbers(CounterStyle):  # type: ignore[misc]
    """Counters that count on through both halves of a document."""

    def __init__(
        self, before: Callable[[], int] = lambda: 0, after: Callable[[int], tuple[int, ...]] = lambda _: (0,)
    ) -> None:
        """
        Parameters
        ----------
        before : callable
            How many pages come before this half.
        after : callable
            Given how many pages this half has: how many come after it, and on which of these each section begins.
        """
        super().__init__()
        self._before, self._after = before, after

    def render_value(self, counter_value: int, counter_name: Any = None, *rest: Any, **named: Any) -> str:
        """A number as text; while it is not known how many pages there are, that is 0."""
        if counter_name == NUMBER:
            counter_value += self._before()
        elif counter_name == TOTAL:
            counter_value += self._before() + self._after(counter_value)[0]
        elif isinstance(counter_name, str) and counter_name.startswith(PLACE) and counter_value:
            counter_value += self._after(counter_value)[1 + int(counter_name.removeprefix(PLACE))]
        return str(super().render_value(counter_value, counter_name, *rest, **named))


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
