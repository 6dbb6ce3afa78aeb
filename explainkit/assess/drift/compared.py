"""Figures that set the evaluation data against the reference data."""

from __future__ import annotations

from explainkit.assess.statistics.intervals import LEVEL, Interval
from explainkit.figures import Figure, Unit, figure_id


def compared(
    name: str,
    keys: dict[str, str],
    value: float,
    n: int,
    unit: Unit,
    method: str,
    ends: Interval | None = None,
    events: int | None = None,
) -> Figure:
    """A number with its interval, if it has one."""
    return Figure(
        id=figure_id(name, keys),
        value=value,
        low=None if ends is None else ends.low,
        high=None if ends is None else ends.high,
        level=None if ends is None else LEVEL,
        n=n,
        events=events,
        unit=unit,
        method=method,
        dataset="evaluation",
        reference="reference data",
    )
