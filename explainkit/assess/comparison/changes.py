"""What else is not the same on two cards: gates, model, data, inputs, plan, statements, opinions, the ledger."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from explainkit.comparison import Changed, GateChange, GateCompared, Side
from explainkit.evidence import Evidence, GateOutcome
from explainkit.records import canonical

_STATED = ("statements",)
"""Tables of the plan that are told elsewhere."""


def gates(before: Evidence, after: Evidence) -> tuple[GateCompared, ...]:
    """Every gate of either card, in the order of the later one; gates go by what they are on."""
    old, new = ({g.gate: g for g in card.gates} for card in (before, after))
    return tuple(_gate(old.get(key), new.get(key)) for key in dict.fromkeys([*new, *old]))


def _gate(old: GateOutcome | None, new: GateOutcome | None) -> GateCompared:
    known = new or old
    assert known is not None
    change: GateChange = "same"
    if old is None or new is None:
        change = "added" if old is None else "gone"
    elif old.outcome != new.outcome:
        change = "newly failed" if new.outcome == "failed" else "newly passed"
    return GateCompared(
        gate=known.gate,
        change=change,
        severity=known.severity,
        limits=(_limit(old), _limit(new)),
        outcomes=(None if old is None else old.outcome, None if new is None else new.outcome),
        reason=known.reason,
    )


def _limit(gate: GateOutcome | None) -> str | None:
    if gate is None:
        return None
    return gate.limit if gate.bound == "value" else f"{gate.limit} ({gate.bound})"


def changed(before: Evidence, after: Evidence, sides: tuple[Side, Side]) -> tuple[Changed, ...]:
    """Everything besides figures and gates that is not the same."""
    return (
        *_model(before, after),
        *_data(before, after),
        *_inputs(before, after),
        *_plan(before, after),
        *_statements(before, after),
        *_opinions(*sides),
        *_ledger(before, after),
        *_unlike("environment", dict(before.environment), dict(after.environment)),
    )


def _unlike(kind: Any, old: Mapping[str, str | None], new: Mapping[str, str | None]) -> Iterator[Changed]:
    for what in dict.fromkeys([*new, *old]):
        if old.get(what) != new.get(what):
            yield Changed(kind=kind, what=what, before=old.get(what), after=new.get(what))


def _model(before: Evidence, after: Evidence) -> Iterator[Changed]:
    def told(card: Evidence) -> dict[str, str | None]:
        model = card.model
        named = {"digest": model.digest, "family": model.family, "kind": model.kind or None, "library": model.library}
        steps = {"steps": " → ".join(model.steps) or None}
        return named | steps | {f"parameter {name}": value for name, value in model.parameters}

    yield from _unlike("model", told(before), told(after))


def _data(before: Evidence, after: Evidence) -> Iterator[Changed]:
    old, new = ({str(d.role): d.digest for d in card.datasets} for card in (before, after))
    yield from _unlike("data", dict(old), dict(new))
    people = [{"population": ", ".join(card.population) or None} for card in (before, after)]
    yield from _unlike("data", people[0], people[1])


def _inputs(before: Evidence, after: Evidence) -> Iterator[Changed]:
    old, new = ({c.name: str(c.kind) for c in card.columns if "feature" in c.roles} for card in (before, after))
    yield from _unlike("input", dict(old), dict(new))


def _plan(before: Evidence, after: Evidence) -> Iterator[Changed]:
    yield from _unlike("plan", leaves(before.plan), leaves(after.plan))


def leaves(plan: Mapping[str, Any], above: str = "") -> dict[str, str | None]:
    """Every key of a plan with dots in between, but for statements, and its value as JSON.

    Examples
    --------
    >>> leaves({"version": 1, "model": {"threshold": ">=0.5"}})
    {'version': '1', 'model.threshold': '">=0.5"'}
    """
    found: dict[str, str | None] = {}
    for key, value in plan.items():
        if not above and key in _STATED:
            continue
        if isinstance(value, Mapping) and value:
            found |= leaves(value, f"{above}{key}.")
        else:
            found[above + key] = canonical(value).decode()
    return found


def _statements(before: Evidence, after: Evidence) -> Iterator[Changed]:
    old, new = ({s.id: s.answer for s in card.statements} for card in (before, after))
    yield from _unlike("statement", dict(old), dict(new))


def _opinions(before: Side, after: Side) -> Iterator[Changed]:
    old, new = ({o.role: f"{o.opinion} ({o.name}, {o.date})" for o in side.opinions} for side in (before, after))
    yield from _unlike("opinion", dict(old), dict(new))


def _ledger(before: Evidence, after: Evidence) -> Iterator[Changed]:
    old, new = (_entries(card) for card in (before, after))
    yield from _unlike("ledger", old, new)


def _entries(card: Evidence) -> dict[str, str | None]:
    """Entries by kind and what they are about, those about one thing together."""
    found: dict[str, str | None] = {}
    for entry in card.ledger:
        key = f"{entry.kind.replace('_', ' ')}: {entry.what}"
        told = entry.reason if entry.count is None else f"{entry.reason} ({entry.count})"
        above = found.get(key)
        found[key] = told if above is None else f"{above}; {told}"
    return found
