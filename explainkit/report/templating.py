"""Templates with card and style filled in; what HTML and PDF have in common."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from functools import cache
from itertools import accumulate, count, pairwise
from typing import Any, Literal
from urllib.parse import quote

from jinja2 import Environment, FunctionLoader, StrictUndefined
from markupsafe import Markup

from explainkit.house.templates import STYLE
from explainkit.report.card import Card, Chart, Items, Number, Parts, Point, Row, Table
from explainkit.report.ids import joined_ids
from explainkit.report.language import PLACE, Language, noted, say, speaking, spoken
from explainkit.report.numbers import data_element, point_element
from explainkit.report.own_page import own_page
from explainkit.report.phrases import on_page, words
from explainkit.report.text import printable, written_out
from explainkit.resources import resource

Medium = Literal["screen", "paper"]

SCRIPT_WORDS = (
    noted("Filter rows"),
    noted("{shown} of {all} rows"),
    noted("all"),
    noted("Show case"),
    noted("Only {column}: {group}"),
    noted("{hidden} rows of other groups are hidden"),
    noted("Show group"),
    noted("Where this number stands"),
    noted("Copy id"),
    noted("{source} has the rest: method, data and what was not tested."),
    noted("Copied"),
    noted("Selected: copy it with the keyboard"),
    noted("field"),
    noted("column"),
    noted("row"),
    noted("value"),
)
"""What the script of the page asks to be said."""
_TEMPLATES = "report_templates"


def document(
    card: Card, *, medium: Medium, style: str, policy: str | None, script: str = "", unreadable: str = ""
) -> str:
    """The card as an HTML document.

    Parameters
    ----------
    card : Card
        What is shown.
    medium : {"screen", "paper"}
        Decides how many rows of a table are shown, and whether charts carry their data.
    style : str
        All CSS, fonts included.
    policy : str or None
        Content-Security-Policy, where one is printed.
    script : str
        The script of the page, where it has one.
    unreadable : str
        Characters that no font has, to be written as escapes.
    """
    escapes = written_out(unreadable)
    given = {
        "card": card,
        "medium": medium,
        "style": Markup(style),
        "policy": policy,
        "script": Markup(script),
        "escapes": escapes,
        "language": card.language.tag,
        "words": _script_words(card.language) if script else "",
    }
    with speaking(card.language):
        page = _environment().get_template("document.html").render(**given, marks=_Marks())
        if own := {template.name: template.text for template in card.look.templates if template.name != STYLE}:
            page = own_page(own, given, standard=page, filters=_FILTERS, marks=_Marks(), say=say)
    return page.translate(escapes) if escapes else page


class _Marks:
    """Ids of one page, in order: what names a table or a drawing refers to them."""

    def __init__(self) -> None:
        self._numbers = count(1)

    def next(self) -> str:
        """An id not given before."""
        return f"mark-{next(self._numbers)}"


@cache
def shipped(name: str) -> str:
    """One shipped style sheet or script."""
    return resource(_TEMPLATES, name).read_text("utf-8")


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FunctionLoader(lambda name: resource(_TEMPLATES, name).read_text("utf-8")),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.globals["say"] = say
    environment.filters.update(_FILTERS)
    return environment


def _number(part: Number) -> Markup:
    return data_element(part.figure, part.field)


def _point(part: Point, shared: str | None) -> Markup:
    return point_element(part.series, part.column, part.row, named=part.series.id != shared)


def _ids(row: Row) -> str:
    """Ids of the figures of a row, for small print."""
    return printable(joined_ids(figure.id for figure in row.figures))


def _source(chart: Chart, card: Card, escapes: dict[int, str]) -> Markup:
    """The address of a drawing: its own bytes."""
    drawing = card.look.drawing(chart.svg.decode())
    written = drawing.translate(escapes) if escapes else drawing
    return Markup("data:image/svg+xml;base64," + base64.b64encode(written.encode()).decode())


def _drawing(chart: Chart, card: Card, mark: str) -> Markup:
    """A drawing within the page, with its description."""
    opened = Markup('<svg id="{}" role="img" aria-label="{}"').format(mark, chart.alt)
    return Markup(card.look.drawing(chart.svg.decode()).replace("<svg", str(opened), 1))


def _script_words(language: Language) -> str:
    """Translations of the words that the script writes, as JSON; empty in English."""
    found = {word: language.messages[word] for word in SCRIPT_WORDS if word in language.messages}
    return json.dumps(found, ensure_ascii=False) if found else ""


def _described(card: Card) -> str:
    """What the document is, for its head."""
    return say(
        "{document} made by explainkit from {source}, sha256 {digest}",
        document=card.document,
        source=printable(card.source),
        digest=card.digest,
    )


def _in_a_line(title: str) -> str:
    """A title as it stands within a line; only English is known to write nouns small."""
    return title.lower() if spoken().tag == "en" else title


def _anchor(name: str) -> str:
    """A name as an id: without spaces, which ids must not hold."""
    return quote(name, safe="")


def _rows(table: Table, medium: Medium) -> tuple[Row, ...]:
    return table.rows[: table.screen_rows if medium == "screen" else table.print_rows]


def _left_out(table: Table, medium: Medium, source: str = "card.json") -> Parts:
    """How many rows are not shown, and where they stand."""
    count = len(table.rows) - len(_rows(table, medium))
    if not count:
        return ()
    if medium == "paper":
        page = source.removesuffix(".json") + ".html"
        return words("{count} more rows stand in {page} and {source}.", count=on_page(count), page=page, source=source)
    return words("{count} more rows stand in {source}.", count=on_page(count), source=source)


def _entries(block: Items, medium: Medium) -> tuple[Parts, ...]:
    return block.items if medium == "screen" else block.items[: block.print_items]


def _series(table: Table) -> str | None:
    """Id of the one series that all points of a table are of, which is then named at the table; None elsewhere."""
    ids = {part.series.id for row in table.rows for cell in row.cells for part in cell if isinstance(part, Point)}
    return ids.pop() if len(ids) == 1 else None


def _right(table: Table) -> str:
    """Class of a table where every column is set right, or every one but the first: the cells need not say it."""
    first, *others = (column.align == "right" for column in table.columns)
    return "" if not all(others) else "points" if first else "figures"


def _widths(table: Table) -> tuple[int, ...]:
    """Widths of the columns in whole per cent, together a hundred: a table of more stands out of its page."""
    shares = [column.share for column in table.columns]
    edges = [round(100 * end / sum(shares)) for end in accumulate(shares, initial=0)]
    return tuple(end - start for start, end in pairwise(edges))


_FILTERS: dict[str, Callable[..., Any]] = {
    "number": _number,
    "point": _point,
    "printable": printable,
    "ids": _ids,
    "source": _source,
    "drawing": _drawing,
    "anchor": _anchor,
    "rows": _rows,
    "left_out": _left_out,
    "pieces": PLACE.split,
    "in_a_line": _in_a_line,
    "described": _described,
    "entries": _entries,
    "widths": _widths,
    "series": _series,
    "right": _right,
}
