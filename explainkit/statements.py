"""The catalogue of what only a person can state, and the answers given."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any


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


@cache
def catalogue() -> tuple[Statement, ...]:
    """All questions, in the order of the card."""
    return tuple(Statement(**entry) for entry in _document()["statement"])


@cache
def catalogue_date() -> str:
    """Date of the catalogue, ISO 8601."""
    return str(_document()["date"])


def answered(answers: Mapping[str, str]) -> tuple[Statement, ...]:
    """The catalogue with answers filled in; blank and white answers count as not given."""
    return tuple(
        Statement(
            id=s.id,
            section=s.section,
            role=s.role,
            required=s.required,
            question=s.question,
            answer=answers.get(s.id, "").strip() or None,
        )
        for s in catalogue()
    )


@cache
def _document() -> dict[str, Any]:
    return tomllib.loads((files("explainkit") / "statements.toml").read_text("utf-8"))
