"""Checks that a card's HTML holds no number that card.json does not: values, texts, and digits elsewhere."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser

from explainkit.evidence import Evidence
from explainkit.figures import Series
from explainkit.records import canonical
from explainkit.report.numbers import format_number, is_signed, point_unit

MARKED = {"clause", "statement", "label", "page", "tick"}
_VOID = {"meta", "link", "br", "img", "input", "hr", "col", "wbr"}
_KNOWN = _VOID | {
    *("html", "head", "title", "style", "script", "body", "main", "section", "header", "footer", "nav", "article"),
    *(
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "p",
        "a",
        "ul",
        "ol",
        "li",
        "dl",
        "dt",
        "dd",
        "div",
        "span",
        "bdi",
        "strong",
        "code",
    ),
    *("table", "caption", "thead", "tbody", "tr", "th", "td", "figure", "figcaption", "details", "summary", "label"),
    *("data", "svg", "path", "text", "g"),
}


@dataclass(slots=True, eq=False)
class Element:
    """One element with its attributes, its children and the text in it."""

    tag: str
    attributes: dict[str, str]
    parent: Element | None
    children: list[Element] = field(default_factory=list)
    pieces: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        """Text of the element itself and of all below it, in order."""
        return "".join(self.pieces)

    def ancestors(self) -> list[Element]:
        """The element and all above it."""
        found, at = [], self
        while at is not None:
            found.append(at)
            at = at.parent  # type: ignore[assignment]
        return found


_CLOSES = {
    **dict.fromkeys(("td", "th"), ("td", "th")),
    "tr": ("td", "th", "tr"),
    **dict.fromkeys(("thead", "tbody", "table"), ("td", "th", "tr")),
}
"""What a tag of a table ends by itself where it stands open."""


class Page(HTMLParser):
    """A strict reader: every element is closed but cells and rows, every tag is one that a card uses."""

    def __init__(self, html: bytes) -> None:
        super().__init__(convert_charrefs=True)
        self.problems: list[str] = []
        self.root = Element("#root", {}, None)
        self.elements: list[Element] = []
        self.texts: list[tuple[Element, str]] = []
        self._at = self.root
        self.feed(html.decode())
        self.close()
        if self._at is not self.root:
            self.problems.append(f"<{self._at.tag}> is never closed")

    def _close(self, tag: str) -> None:
        while self._at.tag in _CLOSES.get(tag, ()) and self._at.parent is not None:
            self._at = self._at.parent

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._close(tag)
        if tag not in _KNOWN:
            self.problems.append(f"unknown element <{tag}>")
        element = Element(tag, {k: v or "" for k, v in attrs}, self._at)
        if len(element.attributes) != len(attrs):
            self.problems.append(f"<{tag}> repeats an attribute")
        self._at.children.append(element)
        self.elements.append(element)
        if tag not in _VOID:
            self._at = element

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in _VOID:
            self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag != self._at.tag:
            self._close(tag)
        if tag != self._at.tag or self._at.parent is None:
            self.problems.append(f"</{tag}> closes <{self._at.tag}>")
            return
        self._at = self._at.parent

    def handle_data(self, data: str) -> None:
        for element in self._at.ancestors():
            element.pieces.append(data)
        self.texts.append((self._at, data))

    def named(self, tag: str) -> list[Element]:
        """All elements of a tag, in order."""
        return [e for e in self.elements if e.tag == tag]


def problems(html: bytes, evidence: Evidence) -> list[str]:
    """What is wrong with the numbers of a page; empty when nothing is.

    Parameters
    ----------
    html : bytes
        The page.
    evidence : Evidence
        As read back from card.json.
    """
    page = Page(html)
    figures = {f.id: f for f in evidence.figures}
    series = {s.id: s for s in evidence.series}
    found = list(page.problems)
    for element in page.named("data"):
        given = element.attributes
        if "data-figure" in given:
            figure = figures.get(given["data-figure"])
            place = given.get("data-field", "value")
            if figure is None or place not in ("value", "low", "high", "n", "events"):
                found.append(f"no figure {given}")
                continue
            number = getattr(figure, place)
            unit = "count" if place in ("n", "events") else figure.unit
            signed = place not in ("n", "events") and is_signed(figure.name, figure.unit)
        else:
            name, column, at = place_of(element)
            number = _point(series.get(name), column, at)
            unit, signed = point_unit(name, column), False
        if number is None or given.get("value") != canonical(number).decode():
            found.append(f"{given} is not {number}")
        elif element.text != format_number(number, unit, signed=signed):
            found.append(f"{element.text!r} is not how {number} ({unit}) is printed")
    return found + _loose_digits(page)


def place_of(element: Element) -> tuple[str, str, str]:
    """Series, column and row of a number: what it says itself, or its row, or the head of its column, or its table."""
    above = {e.tag: e for e in reversed(element.ancestors())}
    table, row, cell = above.get("table"), above.get("tr"), above.get("td", above.get("th"))
    around = [element, *([row] if row is not None else [])]
    if table is not None and row is not None and cell is not None:
        at = row.children.index(cell)
        head = next((e for e in table.children if e.tag == "thead"), None)
        around += [] if head is None else head.children[0].children[at : at + 1]
    around += [] if table is None else [table]
    names = ("data-series", "data-column", "data-row")
    said = [next((e.attributes[name] for e in around if name in e.attributes), "") for name in names]
    return said[0], said[1], said[2]


def _point(series: Series | None, column: str, row: str) -> float | None:
    if series is None:
        return None
    point = series.column(column)[int(row)]
    return None if isinstance(point, str) else point


def _loose_digits(page: Page) -> list[str]:
    """Digits outside numbers and marked texts, and in what is read aloud."""
    found = []
    for element, text in page.texts:
        if not any(c.isdecimal() for c in text):
            continue
        above = element.ancestors()
        if any(e.tag in ("data", "head", "code") or e.attributes.get("data-text") in MARKED for e in above):
            continue
        found.append(f"digits in <{element.tag}>: {text.strip()[:80]!r}")
    for element in page.elements:
        marked = element.attributes.get("data-text") in MARKED
        spoken = [] if marked else ["alt", "aria-label", "title"]
        aloud = [key for key in spoken if re.search(r"\d", element.attributes.get(key, ""))]
        found.extend(f"digits in {key} of <{element.tag}>" for key in aloud)
        if element.attributes.get("data-text", "tick") not in MARKED:
            found.append(f"unknown kind of text {element.attributes['data-text']!r}")
    return found
