"""What monitoring found: as lines for a terminal, and as one JSON object."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from explainkit.assess.monitoring.limits import OTHERS
from explainkit.evidence import GateOutcome
from explainkit.figures import Figure, FigureSet
from explainkit.monitoring.monitoring import Monitored
from explainkit.records import as_document
from explainkit.report.gate_lines import figure_line, gate_outcome

_SHOWN = 5
"""Columns that are told, those whose distribution moved most."""


def lines(made: Monitored) -> Iterator[str]:
    """What a person reads: release, rows, figures, limits, what is not monitored."""
    card, figures = made.evidence, FigureSet(made.figures)
    yield f"release: {card.name} {card.version}, {made.card}, {made.seen}"
    if made.seen != "valid":
        yield f"NOT VERIFIED: {made.seen}"
    days = made.summary.days
    yield f"{days[0] if len(days) == 1 else f'{days[0]} to {days[-1]}'}: {made.summary.tally.rows} rows"
    for name in OTHERS:
        figure = figures.get(f"monitor.{name}")
        if figure is not None and name != "rows":
            yield figure_line(figure)
    moved = furthest(made.figures)
    for figure in moved[:_SHOWN]:
        yield figure_line(figure)
    if len(moved) > _SHOWN:
        yield f"PSI of {len(moved) - _SHOWN} more columns: --html, --metrics or --json"
    for note in made.notes:
        yield f"not monitored: {note.what}: {note.reason}"
    for kind, held in made.limits:
        for gate in held.gates:
            word = kind.upper() if crossed(gate) else kind
            yield f"{word} {gate.gate} {gate.limit}: {gate_outcome(gate, held)}"
    if not (made.alerts or made.rollback):
        yield "NO LIMITS STATED: monitor.alerts and monitor.rollback of the plan"


def crossed(gate: GateOutcome) -> bool:
    """Whether a limit that blocks was crossed, or could not be held against anything."""
    return gate.outcome == "failed" and gate.severity == "block"


def furthest(figures: tuple[Figure, ...]) -> list[Figure]:
    """PSI of every column, the largest first."""
    named = [f for f in figures if f.name == "monitor.psi" and f.value is not None]
    return sorted(named, key=lambda figure: -float(figure.value or 0))


def document(made: Monitored) -> dict[str, Any]:
    """Everything as JSON values."""
    return {
        "card": made.card,
        "verified": made.seen,
        "days": list(made.summary.days),
        "figures": [as_document(figure) for figure in made.figures],
        "limits": [{"kind": kind, **as_document(gate)} for kind, held in made.limits for gate in held.gates],
        "not_monitored": [{"what": note.what, "reason": note.reason} for note in made.notes],
        "summary": made.summary.document(),
    }
