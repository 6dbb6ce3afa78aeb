"""PDF, HTML and JSON say the same: checked from the bytes, without rendering anything."""

from __future__ import annotations

import re
from collections.abc import Mapping
from html.parser import HTMLParser
from typing import get_args

from explainkit.artifact import sha256_of
from explainkit.errors import ExplainkitError, VerificationError
from explainkit.evidence import Evidence
from explainkit.figures import Field, FigureSet
from explainkit.public import Summary
from explainkit.records import canonical

LARGEST_CARD = 64 * 2**20
"""Bytes of card.json, and of card.html: both grow many times when they are read."""

_FIELDS = get_args(Field)
_MOST_PROBLEMS = 5
_PLACE = ("data-series", "data-column", "data-row")
_ROW = re.compile(r"0|[1-9][0-9]{0,8}")


def read_card(data: bytes) -> Evidence:
    """Read card.json, which has to be canonical and of a known schema version.

    Raises
    ------
    VerificationError
        If it is not.
    """
    if len(data) > LARGEST_CARD:
        raise VerificationError("too large for a card", where="card.json", found=f"{len(data)} bytes")
    try:
        return Evidence.from_json(data)
    except VerificationError:
        raise
    except (ExplainkitError, ArithmeticError, RecursionError) as error:
        raise VerificationError("not a card", where="card.json", found=str(error)[:200]) from None


def unlike_card(html: bytes, evidence: Evidence) -> tuple[str, ...]:
    """What the numbers in card.html say that card.json does not; empty where they agree.

    Every ``<data>`` element has to name a figure and one of its fields (``data-figure``, ``data-field``, by default
    ``value``), or a place in a series (``data-series``, ``data-column``, ``data-row`` counted from 0), and its
    ``value`` has to be the number that stands there, as canonical JSON writes it. What it does not say of a place in a
    series, the row around it may say, or the head of its column, or the table; the nearest counts.
    """
    if len(html) > LARGEST_CARD:
        return (f"too large for a page: {len(html)} bytes",)
    try:
        text = html.decode("utf-8")
    except UnicodeDecodeError:
        return ("it is not UTF-8",)
    reader = _Numbers(evidence)
    reader.feed(text)
    reader.close()
    return tuple(reader.problems)


def unlike_summary(files: Mapping[str, bytes]) -> tuple[tuple[str, str], ...]:
    """What the public summary says that the card, or its own JSON, does not: files, and what is wrong with them.

    Parameters
    ----------
    files : mapping of str to bytes
        Files of a release by their names; one without a summary has nothing wrong.
    """
    name = "public/summary.json"
    if name not in files or "card.json" not in files:
        return ()
    try:
        summary = Summary.from_json(files[name])
        if summary.card != "sha256:" + sha256_of(files["card.json"]):
            return ((name, "made from another card.json than the one beside it"),)
        page = files.get("public/summary.html")
        return tuple(("public/summary.html", p) for p in unlike_card(page or b"", summary.as_evidence()))
    except VerificationError as error:
        return ((name, f"not a summary: {str(error.found)[:200]}"),)
    except (ExplainkitError, ArithmeticError, RecursionError, ValueError, TypeError, AttributeError) as error:
        return ((name, f"not a summary: {str(error)[:200]}"),)


class _Around:
    """What the tags around a number say of its place in a series: its table, the head of its column, its row."""

    def __init__(self) -> None:
        self._table: dict[str, str] | None = None
        self._heads: list[dict[str, str]] | None = None
        self._row: dict[str, str] = {}
        self._cell: int | None = None
        self._in_head = False

    def said(self) -> dict[str, str]:
        """The attributes that count here, the nearest of each name."""
        heads, at = self._heads or [], self._cell
        head = heads[at] if at is not None and at < len(heads) else {}
        return (self._table or {}) | head | self._row

    def start(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Pass a start tag; the end tags of cells and rows may have been left out."""
        if self._table is None and tag != "table":
            return
        given = {name: value for name, value in reversed(attrs) if value is not None}  # the first counts
        own = {name: given[name] for name in _PLACE if name in given}
        if tag == "table":
            self.end(tag)
            self._table, self._heads = own, []
        elif tag in ("thead", "tbody", "tfoot"):
            self._in_head = tag == "thead"
        elif tag == "tr":
            self._row, self._cell = own, None
            if self._in_head and self._heads:
                self._heads = None  # heads of two rows
        elif tag in ("td", "th"):
            self._enter(own, spans="colspan" in given or "rowspan" in given)

    def _enter(self, own: dict[str, str], *, spans: bool) -> None:
        self._cell = 0 if self._cell is None else self._cell + 1
        if spans:
            self._heads = None  # which head is above a cell can no longer be told by counting
        elif self._in_head and self._heads is not None:
            self._heads.append(own)

    def end(self, tag: str) -> None:
        """Pass an end tag."""
        if tag == "table":
            self._table, self._heads, self._in_head = None, None, False
        elif tag == "thead":
            self._in_head = False
        if tag in ("table", "tr"):
            self._row, self._cell = {}, None


class _Numbers(HTMLParser):
    """Collects the ``<data>`` elements of a page that disagree with the card."""

    def __init__(self, evidence: Evidence) -> None:
        super().__init__(convert_charrefs=True)
        self.problems: list[str] = []
        self._figures = FigureSet(evidence.figures)
        self._series = {series.id: series for series in evidence.series}
        self._around = _Around()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._around.start(tag, attrs)
        if tag != "data" or len(self.problems) >= _MOST_PROBLEMS:
            return
        given = {name: value for name, value in attrs if value is not None}
        # Of an attribute that is there twice, a browser takes the first and a dictionary the last.
        problem = "a number has an attribute twice or empty" if len(given) != len(attrs) else self._problem(given)
        if problem is not None:
            self.problems.append(f"{problem}, line {self.getpos()[0]}")

    def handle_endtag(self, tag: str) -> None:
        self._around.end(tag)

    def _problem(self, given: dict[str, str]) -> str | None:
        value = given.get("value")
        if "data-figure" not in given:
            given = self._around.said() | given
        if "data-series" in given:
            place = [given.get(name, "") for name in _PLACE]
            expected = self._point(*place)
        else:
            place = [given.get("data-figure", ""), given.get("data-field", "value")]
            expected = self._number(*place)
        if value is not None and value == expected:
            return None
        what = ", ".join(filter(None, place))[:200] if place[0] else "a number that names no figure"
        return f"{what}: {(value or 'nothing')[:40]} where card.json has {expected or 'no such number'}"

    def _number(self, name: str, field: str) -> str | None:
        figure = self._figures.get(name)
        return None if figure is None or field not in _FIELDS else _canonical(getattr(figure, field))

    def _point(self, name: str, column: str, row: str) -> str | None:
        series = self._series.get(name)
        if series is None or not _ROW.fullmatch(row):
            return None
        values = dict(series.columns).get(column, ())
        return _canonical(values[int(row)]) if int(row) < len(values) else None


def _canonical(number: object) -> str | None:
    return canonical(number).decode("ascii") if isinstance(number, int | float) else None
