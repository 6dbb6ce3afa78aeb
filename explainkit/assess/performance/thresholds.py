"""What other thresholds would give, and how far the highest scores hold the positives: two short tables."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from explainkit.assess.performance.costs import mean_costs
from explainkit.assess.recorder import Recorder
from explainkit.assess.statistics.ranking import ScoreTable, decided_from
from explainkit.decision import Threshold
from explainkit.figures import Series, figure_id
from explainkit.plan import CostPlan

Floats = npt.NDArray[np.float64]
Numbers = tuple[float | None, ...]

QUANTILES = 20
"""Thresholds lie at the twentieths of the scores."""
TENTHS = 10
_ROUNDING = 1e-12
"""Of sums of weights, relative: a share on an edge must not fall left or right by it."""


def record(recorder: Recorder, table: ScoreTable, costs: CostPlan | None) -> None:
    """Record the series ``performance.thresholds`` and ``performance.lift``.

    Parameters
    ----------
    recorder : Recorder
        Takes the series.
    table : ScoreTable
        Of the rows with an outcome.
    costs : CostPlan or None
        Adds a column of mean costs.
    """
    if recorder.open_series("performance.thresholds") and table.rows:
        prevalent = recorder.open_series("performance.thresholds.precision")
        recorder.curve(_thresholds(recorder, table, costs, prevalent=prevalent))
    if recorder.open_series("performance.lift") and table.both_classes:
        recorder.curve(_lift(recorder, table))


def _thresholds(recorder: Recorder, table: ScoreTable, costs: CostPlan | None, *, prevalent: bool) -> Series:
    """Without precision, F1 and cost where the shares of the classes are not those of the world."""
    used = recorder.subject.threshold
    side = used.side if used is not None else ">="
    at = quantiles(table, QUANTILES)
    if used is not None:
        at = np.unique(np.append(at, used.at))
    place = np.searchsorted(table.scores, at, side="left" if side == ">=" else "right")
    hits, alarms = (part[place] for part in decided_from(table))
    positives, negatives = table.positives.sum(), table.negatives.sum()
    columns: list[tuple[str, Numbers]] = [
        ("threshold", tuple(map(float, at))),
        ("positive_rate", _ratio(hits + alarms, positives + negatives)),
        ("recall", _ratio(hits, positives)),
        ("false_positive_rate", _ratio(alarms, negatives)),
    ]
    if prevalent:
        columns += [
            ("precision", _ratio(hits, hits + alarms)),
            ("f1", _ratio(2 * hits, hits + alarms + positives)),
        ]
        if costs is not None:
            columns.append(("mean_cost", tuple(map(float, mean_costs(table, costs)[place]))))
    return Series(
        id=figure_id("performance.thresholds"),
        columns=tuple(columns),
        method=_method(recorder, used, side),
        dataset="evaluation",
        n=table.rows,
    )


def _method(recorder: Recorder, used: Threshold | None, side: str) -> str:
    where = "at or above" if side == ">=" else "above"
    parts = [f"rows with an outcome, decided positive where the score is {where} the threshold"]
    parts.append("twentieths of the scores" + (" and the threshold in use" if used is not None else ""))
    if recorder.weighted:
        parts.append(f"weighted by {recorder.subject.rows.weight_kind} weights")
    if recorder.subject.population.resampled:
        parts.append("the share decided positive is that of this sample, which was resampled")
    return "; ".join(parts)


def quantiles(table: ScoreTable, parts: int) -> Floats:
    """Distinct scores at which the share of rows up to them first reaches 1/parts, 2/parts, …

    Parameters
    ----------
    table : ScoreTable
        At least one row.
    parts : int
        Into how many parts the rows are cut; the last end is left out.
    """
    below = (table.positives + table.negatives).cumsum()
    wanted = np.arange(1, parts) * below[-1] / parts
    found: Floats = table.scores[np.unique(np.searchsorted(below, wanted - _ROUNDING * below[-1]))]
    return found


def _lift(recorder: Recorder, table: ScoreTable) -> Series:
    hits, alarms = (part[-2::-1] for part in decided_from(table))  # from the highest score on
    rows = hits + alarms
    wanted = np.arange(1, TENTHS + 1) * rows[-1] / TENTHS
    ends = np.unique(np.searchsorted(rows, wanted - _ROUNDING * rows[-1]))
    share, captured = rows[ends] / rows[-1], hits[ends] / hits[-1]
    method = "rows with an outcome from the highest score on, cut at each tenth; equal scores together, so that a cut "
    method += "may hold more; lift: share of positives over share of rows"
    if recorder.weighted:
        method += f"; weighted by {recorder.subject.rows.weight_kind} weights"
    return Series(
        id=figure_id("performance.lift"),
        columns=(
            ("score", tuple(map(float, table.scores[::-1][ends]))),
            ("share_of_rows", tuple(map(float, share))),
            ("share_of_positives", tuple(map(float, captured))),
            ("lift", tuple(map(float, captured / share))),
        ),
        method=method,
        dataset="evaluation",
        n=table.rows,
    )


def _ratio(above: npt.NDArray[Any], below: Any) -> Numbers:
    """Quotients; None where there is nothing below."""
    return tuple(
        float(a / b) if b > 0 else None for a, b in zip(above, np.broadcast_to(below, above.shape), strict=True)
    )
