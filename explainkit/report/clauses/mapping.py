"""The mapping files: clause → figures, statements and parts of the card that serve as evidence."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Literal, get_args

from explainkit.errors import PlanError, nearest
from explainkit.plan import Plan

Part = Literal[
    "fingerprints",
    "environment",
    "inputs",
    "parameters",
    "ledger",
    "cases",
    "reasons",
    "changes",
    "gates",
    "verdicts",
    "signature",
    "opinion",
]
"""What serves as evidence and is neither a figure nor a statement."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Clause:
    """One clause, and what serves as evidence for it."""

    id: str
    """As people cite it."""
    asks: str
    """What it asks for, in our words."""
    read: Literal["primary", "secondary", "memory"]
    """Whether its own text was read; where it was not, the clause counts as unmapped."""
    source: str | None = None
    """Where the text was read."""
    figures: tuple[str, ...] = ()
    """Patterns of names of figures, of each of which one must be measured."""
    statements: tuple[str, ...] = ()
    """Ids of questions that must be answered."""
    parts: tuple[Part, ...] = ()
    lacks: str | None = None
    """What the clause asks for and no card of this version holds."""
    outside: str | None = None
    """Why no card can hold what the clause asks for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Regime:
    """One law, guideline or standard, as it stood on a date."""

    key: str
    """Name of its file, without the date; what the plan calls it."""
    name: str
    title: str
    state: str
    """Date of the text, ISO 8601."""
    mapped: str
    """Date of the mapping, ISO 8601."""
    applies: str | None
    """Whom it concerns, and since when."""
    clauses: tuple[Clause, ...]


@cache
def regimes() -> tuple[Regime, ...]:
    """Every regime that is mapped, by name of its file."""
    folder = files("explainkit") / "report" / "clauses"
    names = sorted(entry.name for entry in folder.iterdir() if entry.name.endswith(".toml"))
    return tuple(_regime(name, (folder / name).read_text("utf-8")) for name in names)


def check_clauses(plan: Plan) -> None:
    """Raise if the plan names a regime or a clause that is not mapped.

    Raises
    ------
    PlanError
        With the nearest names.
    """
    known = {regime.key: [clause.id for clause in regime.clauses] for regime in regimes()}
    for where, keys in (("card.regimes", plan.card.regimes), ("clauses", plan.clauses)):
        for key in keys:
            if key not in known:
                raise PlanError("no such regime", where=where, found=repr(key), allowed=", ".join(known))
    for key, reasons in plan.clauses.items():
        for clause in reasons:
            if clause not in known[key]:
                raise PlanError(
                    "no such clause", where=f"clauses.{key}", found=repr(clause), remedy=nearest(clause, known[key])
                )


def _regime(file: str, text: str) -> Regime:
    document = tomllib.loads(text)
    key, _, date = file.removesuffix(".toml").partition("@")
    if date != str(document["state"]):
        raise ValueError(f"{file}: its state is {document['state']}")
    return Regime(
        key=key,
        name=document["regime"],
        title=document["title"],
        state=date,
        mapped=str(document["mapped"]),
        applies=document.get("applies"),
        clauses=tuple(_clause(entry, document.get("source")) for entry in document["clause"]),
    )


def _clause(entry: Mapping[str, Any], source: str | None) -> Clause:
    given = dict(entry)
    if source is not None and given["read"] == "primary":
        given.setdefault("source", source)
    evidence: list[str] = given.pop("evidence", [])
    kinds: dict[str, list[str]] = {"": [], "statement": [], "part": []}
    for item in evidence:
        kind, colon, name = item.rpartition(":")
        kinds[kind if colon else ""].append(name)
    if unknown := set(kinds["part"]) - set(get_args(Part)):
        raise ValueError(f"{given['id']}: unknown parts {', '.join(sorted(unknown))}")
    if bool(evidence or given.get("lacks")) == bool(given.get("outside")):
        raise ValueError(f"{given['id']}: either evidence, or a reason why a card holds none")
    return Clause(
        **given,
        figures=tuple(kinds[""]),
        statements=tuple(kinds["statement"]),
        parts=tuple(kinds["part"]),  # type: ignore[arg-type]
    )
