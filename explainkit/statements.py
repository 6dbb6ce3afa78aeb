"""The catalogue of what only a person can state, and the answers given."""

from __future__ import annotations

import tomllib
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files
from typing import Any, Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """One question of the catalogue with the answer given, if any."""

    id: str
    """Key in the plan's ``[statements]``."""
    section: str
    """Section of the card in which it stands."""
    role: str
    """Who has to answer: ``provider`` or ``validator``."""
    required: bool
    """Whether a release may not leave it blank."""
    question: str
    """The question, in words."""
    answer: str | None = None
    """The answer, never generated; None prints NOT PROVIDED."""
    by: str | None = None
    """Who answered, where that is said."""
    date: str | None = None
    """When, ISO 8601, where that is said."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What somebody stated."""

    text: str
    by: str | None = None
    date: str | None = None


Presupposed = Literal["ll144", "favourable"]
"""What a question may presuppose: the calculations of Local Law 144; a favourable outcome, so that somebody may be
refused."""


_OTHERS = ("when", "public")
"""Members of a question in the catalogue that are no part of it."""


@cache
def catalogue() -> tuple[Statement, ...]:
    """All questions, in the order of the card."""
    return tuple(
        Statement(**{key: value for key, value in entry.items() if key not in _OTHERS})
        for entry in _document()["statement"]
    )


@cache
def published() -> tuple[str, ...]:
    """Ids of the questions whose answers stand in the public summary; all others stay in the card."""
    return tuple(entry["id"] for entry in _document()["statement"] if entry.get("public", False))


@cache
def catalogue_date() -> str:
    """Date of the catalogue, ISO 8601."""
    return str(_document()["date"])


def answered(answers: Mapping[str, str | Answer], given: Collection[Presupposed] = ()) -> tuple[Statement, ...]:
    """The catalogue with answers filled in; blank and white answers count as not given.

    Parameters
    ----------
    answers : mapping of str to str or Answer
        By the id of the question.
    given : collection of str
        What holds of what questions may presuppose; others of them are left out, unless they were answered.
    """
    presupposed = {entry["id"]: entry.get("when") for entry in _document()["statement"]}
    found = []
    for question in catalogue():
        answer = answers.get(question.id, "")
        if isinstance(answer, str):
            answer = Answer(text=answer)
        text = answer.text.strip() or None
        if text is not None:
            found.append(replace(question, answer=text, by=answer.by, date=answer.date))
        elif presupposed[question.id] in (None, *given):
            found.append(question)
    return tuple(found)


@cache
def _document() -> dict[str, Any]:
    return tomllib.loads((files("explainkit") / "statements.toml").read_text("utf-8"))
