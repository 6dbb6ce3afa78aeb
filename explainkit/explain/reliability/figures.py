"""The figures of the checks."""

from __future__ import annotations

from collections.abc import Mapping

from explainkit.evidence import LedgerEntry, Measured
from explainkit.figures import Figure, figure_id

NAME = "explanation.reliability."


def measured(
    name: str,
    value: float | None,
    count: int,
    method: str,
    keys: Mapping[str, str] | None = None,
    *,
    half: float = 0.0,
    tolerance: float = 1e-6,
) -> Figure:
    """One figure of the panel, with an interval of `half` on either side where given; without a value insufficient."""
    id = figure_id(NAME + name, dict(keys or {}))
    if value is None:
        reason = "too few inputs, or values that do not vary, to be compared"
        return Figure(id=id, status="insufficient", reason=reason, method=method, dataset="evaluation")
    return Figure(
        id=id,
        value=value,
        low=value - half if half else None,
        high=value + half if half else None,
        level=0.95 if half else None,
        n=count,
        method=method,
        dataset="evaluation",
        tolerance=tolerance,
    )


def untested(name: str, what: str, reason: str) -> Measured:
    """A check that could not be made, as a figure and in the ledger."""
    id = figure_id(NAME + name, {})
    return Measured(
        figures=(Figure(id=id, status="not_tested", reason=reason, method=what, dataset="evaluation"),),
        ledger=(LedgerEntry(kind="not_tested", what=what, reason=reason),),
    )
