"""Cost of decisions, where the plan says what each kind of decision costs."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from explainkit.assess.preconditions import NO_LABEL
from explainkit.assess.recorder import Details, Recorder, Tally
from explainkit.assess.statistics.intervals import Interval, student_mean
from explainkit.assess.statistics.ranking import ScoreTable, decided_from
from explainkit.plan import CostPlan

Floats = npt.NDArray[np.float64]

_NOBODY = "the mean cost is smallest where nobody is decided positive: for every threshold above the largest score"


def record(recorder: Recorder, table: ScoreTable, cells: Sequence[Tally], costs: CostPlan) -> None:
    """Record the mean cost of the decisions, and the smallest that any threshold would have had on these rows.

    Parameters
    ----------
    recorder : Recorder
        Takes the figures.
    table : ScoreTable
        Of the rows with an outcome.
    cells : sequence of Tally
        Those rows by outcome and decision: true negatives, false positives, false negatives, true positives.
    costs : CostPlan
        As stated.
    """
    stated = (costs.true_negative, costs.false_positive, costs.false_negative, costs.true_positive)
    whole = sum(cell.weight for cell in cells)
    mean = None
    if whole > 0:
        mean = math.fsum(c * cell.weight for c, cell in zip(stated, cells, strict=True)) / whole
    prices = f"false positive {stated[1]:g}, false negative {stated[2]:g}"
    if stated[0] or stated[3]:
        prices += f", true positive {stated[3]:g}, true negative {stated[0]:g}"
    rows: Details = {"n": table.rows, "events": table.events, "interval_method": "Student's interval"}
    how: Details = rows | {"method": f"mean cost of a row with an outcome at the costs stated ({prices})"}
    if mean is not None and not recorder.weighted:
        how |= {"interval": _interval(mean, stated, [cell.rows for cell in cells])}
    recorder.number("performance.cost", mean, undefined=NO_LABEL, **how)
    lowest, at = None, None
    if table.rows:
        every = mean_costs(table, costs)
        lowest = float(every.min())
        best = int(np.flatnonzero(every == lowest)[-1])
        at = float(table.scores[best]) if best < len(table.scores) else None
    how = rows | {"method": "smallest mean cost of all thresholds, chosen on these rows: too low for others"}
    recorder.number("performance.smallest_cost", lowest, undefined=NO_LABEL, **how)
    said = "score from which on to decide positive at the smallest mean cost; "
    said += "chosen on these rows, the highest such score"
    how = rows | {"unit": "score", "method": said}
    undefined = _NOBODY if table.rows else NO_LABEL
    recorder.number("performance.smallest_cost_threshold", at, undefined=undefined, **how)


def mean_costs(table: ScoreTable, costs: CostPlan) -> Floats:
    """Mean cost of deciding positive from each distinct score on, and of nobody.

    Parameters
    ----------
    table : ScoreTable
        At least one row.
    costs : CostPlan
        As stated.

    Returns
    -------
    numpy.ndarray
        Shape (n_scores + 1,): the last is of nobody decided positive.
    """
    hits, alarms = decided_from(table)
    misses, kept = hits[0] - hits, alarms[0] - alarms
    total = (
        costs.true_positive * hits
        + costs.false_positive * alarms
        + costs.false_negative * misses
        + costs.true_negative * kept
    )
    mean: Floats = total / (hits[0] + alarms[0])
    return mean


def _interval(mean: float, costs: Sequence[float], rows: Sequence[int]) -> Interval | None:
    """Student's interval from the counts: every row costs one of four amounts."""
    n = sum(rows)
    if n < 2 or len({cost for cost, count in zip(costs, rows, strict=True) if count}) < 2:
        return None
    squares = math.fsum(count * (cost - mean) ** 2 for cost, count in zip(costs, rows, strict=True))
    return student_mean(mean, squares / (n - 1), n)
