"""Card: ordered sections of a small closed set of blocks. Renderers know blocks, not sections.

Words that explainkit itself writes hold no digits: a number is a `Number` of a figure, a `Point` of a series, or stands
in a `Label`, which says what kind of text it is. So a number that was not measured cannot be printed by accident.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from explainkit.figures import Field, Figure, Series
from explainkit.report.language import ENGLISH, Language, say
from explainkit.report.look import Look

LabelKind = Literal["label", "clause", "statement", "page", "tick"]
Tone = Literal["ok", "attention", "open"]


@dataclass(frozen=True, slots=True)
class Words:
    """Text that explainkit writes; it holds no digits."""

    text: str
    strong: bool = False
    kind: str = "words"

    def __post_init__(self) -> None:
        if any(character.isdecimal() for character in self.text):
            raise ValueError(f"words hold no digits: a number is a Number, a Point or a Label, got {self.text!r}")


@dataclass(frozen=True, slots=True)
class Label:
    """Text from outside or with digits of its own: names, digests, clauses, methods, versions, dates."""

    text: str
    data_text: LabelKind = "label"
    """``label`` (names, digests, versions), ``clause`` (methods, reasons, laws), ``statement`` (what a person stated),
    ``page`` (places and counts in this document), ``tick`` (marks of a scale)."""
    strong: bool = False
    mono: bool = False
    """Set in a monospaced face: digests, ids, commands."""
    language: str | None = None
    """Where it is not that of the document."""
    kind: str = "label"


@dataclass(frozen=True, slots=True)
class Number:
    """A measured number; printed by `explainkit.report.numbers.data_element`."""

    figure: Figure
    field: Field = "value"
    strong: bool = False
    kind: str = "number"


@dataclass(frozen=True, slots=True)
class Point:
    """A number in a series; printed by `explainkit.report.numbers.point_element`."""

    series: Series
    column: str
    row: int
    kind: str = "point"


@dataclass(frozen=True, slots=True)
class Mark:
    """A sign with the word that says what it means, so that nothing depends on colour."""

    tone: Tone
    text: str
    kind: str = "mark"


@dataclass(frozen=True, slots=True)
class Link:
    """A reference to a section of the card."""

    target: str
    """Id of the section."""
    kind: str = "link"


@dataclass(frozen=True, slots=True)
class Break:
    """A new line within a cell or paragraph."""

    kind: str = "break"


Inline: TypeAlias = Words | Label | Number | Point | Mark | Link | Break
Parts: TypeAlias = tuple[Inline, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Paragraph:
    """Running text."""

    parts: Parts
    style: Literal["text", "lede", "read", "note", "alert"] = "text"
    """``lede`` opens the card, ``read`` is the sentence before a chart or table, ``note`` is method and source,
    ``alert`` asks for attention."""
    kind: str = "paragraph"


@dataclass(frozen=True, slots=True, kw_only=True)
class Items:
    """A list of short entries."""

    items: tuple[Parts, ...]
    print_items: int | None = None
    """Entries on paper, where a table beside the list has all of them; None prints every one."""
    kind: str = "items"


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """Names and what belongs to them."""

    pairs: tuple[tuple[Parts, Parts], ...]
    wide: bool = False
    """One pair a line instead of two."""
    kind: str = "facts"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tile:
    """One key figure on page one."""

    title: Parts
    value: Parts
    interval: Parts = ()
    note: Parts = ()
    attention: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Tiles:
    """The key figures of page one, side by side."""

    tiles: tuple[Tile, ...]
    kind: str = "tiles"


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column of a table."""

    title: Parts
    align: Literal["left", "right"] = "left"
    share: int = 1
    """Width relative to the other columns."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One row of a table; the first cell is its head."""

    cells: tuple[Parts, ...]
    tone: Literal["plain", "strong", "quiet"] = "plain"

    @property
    def figures(self) -> tuple[Figure, ...]:
        """Figures whose numbers stand in the row, each once, in order."""
        found: dict[str, Figure] = {}
        for cell in self.cells:
            for part in cell:
                if isinstance(part, Number):
                    found.setdefault(part.figure.id, part.figure)
        return tuple(found.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Rows under columns; every row prints the ids of its figures."""

    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    caption: Parts = ()
    source: Parts = ()
    """Method and source, below the table."""
    print_rows: int = 40
    """Rows on paper; the rest is in the HTML and in card.json."""
    screen_rows: int = 500
    """Rows on screen; the rest is in card.json."""
    kind: str = "table"


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """A drawing with what it shows in words and numbers."""

    svg: bytes
    alt: str
    """What is drawn, without numbers: they stand in `data`, or in the table beside it."""
    width: Literal["full", "half", "wide"] = "full"
    caption: Parts = ()
    data: Table | None = None
    """The numbers drawn, where no table beside the chart shows them; on screen only."""
    kind: str = "chart"


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """A question that only a person can answer, with the answer given."""

    question: str
    answer: str | None
    """None prints NOT PROVIDED."""
    role: str
    required: bool
    id: str
    source: Parts = ()
    """Who answered, and when."""
    kind: str = "statement"


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Blocks under a heading of their own."""

    title: Parts
    blocks: tuple[Block, ...]
    id: str | None = None
    screen_only: bool = False
    """Left out on paper."""
    kind: str = "group"


@dataclass(frozen=True, slots=True, kw_only=True)
class Beside:
    """Two runs of blocks, side by side where there is room."""

    left: tuple[Block, ...]
    right: tuple[Block, ...]
    kind: str = "beside"


Block: TypeAlias = Paragraph | Items | Facts | Tiles | Table | Chart | Statement | Group | Beside


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """One section of the card."""

    number: int
    id: str
    """Stable name, target of links."""
    title: str
    blocks: tuple[Block, ...]

    @property
    def state(self) -> str:
        """What stands in the section, in words: measured, stated, and what is missing."""
        statements = [b for b in _flat(self.blocks) if isinstance(b, Statement)]
        blank = sum(s.answer is None for s in statements)
        measured = any(_measured(b) for b in _flat(self.blocks))
        words = [say("measured")] if measured else []
        if len(statements) > blank:
            words.append(say("stated"))
        if blank:
            words.append(say("partly not provided") if len(statements) > blank else say("not provided"))
        if not words and any(
            isinstance(b, Paragraph) and any(isinstance(p, Mark) for p in b.parts) for b in self.blocks
        ):
            return say("not tested")
        return ", ".join(words) or say("recorded")


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """The whole card, ready to be rendered."""

    title: str
    """Name and version of the model."""
    subtitle: str
    """What stands above the title: the kind of document and whether it is a draft."""
    name: str
    version: str
    digest: str
    """SHA-256 of card.json."""
    date: str | None
    front: tuple[Block, ...]
    """Page one."""
    sections: tuple[Section, ...]
    document: str = "Model card"
    """Kind of document."""
    source: str = "card.json"
    """File that every number comes from."""
    look: Look = field(default_factory=Look)
    """The user's own colours and name."""
    language: Language = ENGLISH
    """The language that it is written in."""

    @property
    def numbers(self) -> Mapping[str, int]:
        """Number of each section, by id."""
        return {section.id: section.number for section in self.sections}


def _flat(blocks: tuple[Block, ...]) -> list[Block]:
    """All blocks, those within groups included."""
    found: list[Block] = []
    for block in blocks:
        found.append(block)
        if isinstance(block, Group):
            found.extend(_flat(block.blocks))
        elif isinstance(block, Beside):
            found.extend(_flat(block.left + block.right))
    return found


def _measured(block: Block) -> bool:
    """Whether a block holds a measured number."""
    if isinstance(block, Chart):
        return True
    if isinstance(block, Table):
        return any(row.figures for row in block.rows)
    return isinstance(block, Paragraph) and any(isinstance(part, Number | Point) for part in block.parts)
