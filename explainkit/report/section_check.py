"""What another package's section may hold: blocks of a card as they are declared, and numbers of the evidence alone."""

from __future__ import annotations

import re
import types
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, fields, is_dataclass
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from explainkit.evidence import Evidence
from explainkit.figures import Figure, Series
from explainkit.records import as_document
from explainkit.report import card
from explainkit.report.card import Section
from explainkit.report.text import digits, printable

_ID = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
_TAKEN = ("front", "content", "ids", "origin")
"""Ids that the page uses itself."""
_LONGEST_TITLE = 80


class MisfitError(Exception):
    """Something in a section that a card cannot hold."""

    def __init__(self, what: str, *, found: str, allowed: str | None = None) -> None:
        super().__init__(what)
        self.what, self.found, self.allowed = what, found, allowed


def check_section(section: Section, evidence: Evidence, before: Sequence[Section]) -> None:
    """Check that a section can stand on a card.

    Parameters
    ----------
    section : Section
        As another package made it.
    evidence : Evidence
        What every number in it must come from.
    before : sequence of Section
        The sections of the card before it.

    Raises
    ------
    MisfitError
        With the first thing that a card cannot hold.
    """
    _check_type(section, Section, "section")
    taken = {*_TAKEN, *(part.id for part in _parts(tuple(before)) if isinstance(part, Section | card.Group))}
    if not _ID.fullmatch(section.id) or section.id in taken or section.id.startswith("mark-"):
        raise MisfitError("an id that is taken, or is none", found=repr(section.id), allowed="lower case and hyphens")
    if section.id.endswith("-title"):
        raise MisfitError("an id that belongs to a heading", found=repr(section.id))
    if not section.title.strip() or len(section.title) > _LONGEST_TITLE or printable(section.title) != section.title:
        raise MisfitError("not a title", found=repr(section.title), allowed=f"1 to {_LONGEST_TITLE} characters")
    if digits(section.title):
        raise MisfitError("a title with digits", found=repr(section.title))
    contents = _Contents(evidence, {other.id for other in before})
    for part in _parts(section.blocks):
        contents.check(part)


def _check_type(value: Any, hint: Any, place: str) -> None:
    """Hold a value, and all in it, against the types that the card declares."""
    if not _fits(value, hint):
        raise MisfitError("not what a card holds", found=f"{type(value).__name__} as {place}")
    if isinstance(value, tuple):
        for i, member in enumerate(value):
            _check_type(member, _member(hint, i), f"{place}[{i}]")
    elif is_dataclass(value) and type(value) not in (Figure, Series):
        hints = get_type_hints(type(value))
        for field in fields(value):
            _check_type(getattr(value, field.name), hints[field.name], f"{place}.{field.name}")
            if field.name == "kind" and getattr(value, field.name) != field.default:
                raise MisfitError("not what a card holds", found=f"another kind of {place}")


def _choices(hint: Any) -> tuple[Any, ...]:
    if get_origin(hint) in (Union, types.UnionType):
        return tuple(choice for part in get_args(hint) for choice in _choices(part))
    return (hint,)


def _fits(value: Any, hint: Any) -> bool:
    for choice in _choices(hint):
        origin, inner = get_origin(choice), get_args(choice)
        if origin is Literal:
            fits = value in inner
        elif origin is tuple:
            fits = type(value) is tuple and (inner[-1] is Ellipsis or len(value) == len(inner))
        else:
            fits = value is None if choice is type(None) else type(value) is choice
        if fits:
            return True
    return False


def _member(hint: Any, position: int) -> Any:
    """Type of one member of a tuple."""
    inner = next(get_args(choice) for choice in _choices(hint) if get_origin(choice) is tuple)
    return inner[0] if inner[-1] is Ellipsis else inner[position]


def _parts(value: Any) -> Iterator[Any]:
    """Every dataclass within, figures and series left out."""
    if isinstance(value, tuple):
        for member in value:
            yield from _parts(member)
    elif is_dataclass(value) and type(value) not in (Figure, Series):
        yield value
        for field in fields(value):
            yield from _parts(getattr(value, field.name))


@dataclass(slots=True)
class _Contents:
    """Holds what is printed against the evidence."""

    evidence: Evidence
    sections: Collection[str]
    """Ids that links may lead to."""
    _words: frozenset[str] | None = None

    def check(self, part: Any) -> None:
        """One block, or one run of text."""
        if isinstance(part, card.Chart):
            raise MisfitError(
                "a drawing, of which no number can be checked", found=repr(part.alt[:60]), allowed="a table"
            )
        if isinstance(part, card.Number):
            if self.evidence.figure_set.get(part.figure.id) != part.figure or getattr(part.figure, part.field) is None:
                raise MisfitError("a number that is not in the evidence", found=f"{part.figure.id}, {part.field}")
        elif isinstance(part, card.Point):
            self._point(part)
        elif isinstance(part, card.Words | card.Mark):
            if digits(part.text):
                raise MisfitError(
                    "words with digits", found=repr(part.text[:60]), allowed="a Number, a Point or a Label"
                )
        elif isinstance(part, card.Label):
            self._label(part)
        elif isinstance(part, card.Link):
            if part.target not in self.sections:
                raise MisfitError("a link to no section before", found=repr(part.target))
        elif isinstance(part, card.Statement):
            stated = {(s.id, s.question, s.answer, s.role, s.required) for s in self.evidence.statements}
            if (part.id, part.question, part.answer, part.role, part.required) not in stated:
                raise MisfitError("a statement that nobody made", found=repr(part.question[:60]))
        elif isinstance(part, card.Table):
            self._table(part)
        elif isinstance(part, card.Group) and part.id is not None:
            raise MisfitError("a group with an id", found=repr(part.id), allowed="None")

    def _point(self, part: card.Point) -> None:
        held = part.series in self.evidence.series and part.column in dict(part.series.columns)
        points = part.series.column(part.column) if held else ()
        if not 0 <= part.row < len(points) or not isinstance(points[part.row], int | float):
            raise MisfitError(
                "a number that is not in the evidence", found=f"{part.series.id}, {part.column}, {part.row}"
            )

    def _label(self, part: card.Label) -> None:
        if self._words is None:
            self._words = frozenset(_with_digits(_texts(as_document(self.evidence))))
        for word in _with_digits((part.text,)):
            if word not in self._words:
                allowed = "numbers that were measured as Number or Point, others as they stand in card.json"
                raise MisfitError("a number that is not in the evidence", found=repr(word[:60]), allowed=allowed)

    @staticmethod
    def _table(part: card.Table) -> None:
        if not part.columns or any(len(row.cells) != len(part.columns) for row in part.rows):
            raise MisfitError("a table whose rows are not as wide as its head", found=f"{len(part.columns)} columns")
        if min(part.print_rows, part.screen_rows, *(column.share for column in part.columns)) < 1:
            raise MisfitError("a table without room", found="a share or a number of rows below 1")


def _texts(document: Any) -> Iterator[str]:
    """Every text in a JSON value."""
    if isinstance(document, str):
        yield document
    elif isinstance(document, dict):
        yield from document
        for member in document.values():
            yield from _texts(member)
    elif isinstance(document, list):
        for member in document:
            yield from _texts(member)


def _with_digits(texts: Iterator[str] | Sequence[str]) -> Iterator[str]:
    """Words with digits, without the punctuation around them."""
    for text in texts:
        if digits(text):
            yield from (word for part in text.split() if digits(word := part.strip(".,;:!?()[]{}\"'“”‘’«»")))
