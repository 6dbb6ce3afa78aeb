"""Coverage of prediction intervals: how often the outcome lies between two columns of the evaluation data."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from explainkit.assess.outcomes import Outcomes, mean, tally
from explainkit.assess.precision import of_mean
from explainkit.assess.recorder import Details, Recorder, among
from explainkit.assess.statistics.sampling import Sampling
from explainkit.assess.statistics.spread import effective_rows
from explainkit.errors import DataError
from explainkit.load.columns import require_column
from explainkit.plan import IntervalPlan

Floats = npt.NDArray[np.float64]

_NO_INTERVAL = "no row with an outcome has both ends of its interval"


def record(recorder: Recorder, outcomes: Outcomes, plan: IntervalPlan) -> None:
    """Record coverage, mean width, and the shares of outcomes below and above the intervals.

    Parameters
    ----------
    recorder : Recorder
        Takes the figures.
    outcomes : Outcomes
        Rows with an outcome; those that lack an end are left out.
    plan : IntervalPlan
        The two columns and their stated level.

    Raises
    ------
    DataError
        If a column is missing or holds no numbers, or a lower end lies above its upper end.
    """
    low, high = ends(recorder.subject.evaluation.frame, plan)
    low, high = low[outcomes.present], high[outcomes.present]
    known = ~(np.isnan(low) | np.isnan(high))
    lacking = int(np.count_nonzero(~known))
    if lacking:
        reason = "left out of the coverage of intervals: an end is missing"
        recorder.note("not_tested", "rows with an outcome and without an interval", reason, lacking)
    labels, low, high = outcomes.labels[known], low[known], high[known]
    sampling = outcomes.sampling.take(known)
    weights = sampling.weights
    stated, whom = f"a stated level of {plan.level:g}", among(recorder.subject)
    everyone = tally(np.ones(len(labels), np.bool_), weights)
    below, above = labels < low, labels > high
    rates = (
        ("coverage", ~(below | above), "outcome within the interval, its ends included"),
        ("below", below, "outcome below the interval"),
        ("above", above, "outcome above the interval"),
    )
    for name, chosen, what in rates:
        recorder.rate(
            f"performance.interval_{name}",
            tally(chosen, weights),
            everyone,
            undefined=_NO_INTERVAL,
            numerator=f"{what}{whom}",
            effective=effective_rows(sampling, chosen),
            reference=stated,
        )
    _width(recorder, high - low, sampling)


def _width(recorder: Recorder, width: Floats, sampling: Sampling) -> None:
    closed = bool(np.isfinite(width).all())
    details: Details = {"unit": "target", "n": len(width), "method": "mean of upper − lower end"}
    if closed:
        details |= of_mean(width, sampling, least=0.0)
    recorder.number(
        "performance.interval_width",
        mean(width, sampling.weights) if closed and len(width) else None,
        undefined=_NO_INTERVAL if closed else "an interval is open: an end is infinite",
        **details,
    )


def ends(frame: pd.DataFrame, plan: IntervalPlan) -> tuple[Floats, Floats]:
    """Lower and upper ends of all rows, NaN where missing; shape (n_rows,).

    Raises
    ------
    DataError
        As for `record`.
    """
    low, high = (_numbers(frame, name, end) for end, name in (("low", plan.low), ("high", plan.high)))
    crossed = np.flatnonzero(low > high)
    if len(crossed):
        raise DataError(
            "a lower end lies above its upper end",
            where=f"performance.interval: columns {plan.low}, {plan.high}",
            found=f"{len(crossed)} such rows, the first of them row {crossed[0] + 1}",
            allowed="low at most high",
        )
    nowhere = np.isinf(low) & (low == high)  # both ends at the same infinity hold no number
    return np.where(nowhere, np.nan, low), high


def _numbers(frame: pd.DataFrame, name: str, end: str) -> Floats:
    where = f"performance.interval.{end}"
    column = require_column(frame, name, role=where)
    if not pd.api.types.is_numeric_dtype(column) or pd.api.types.is_bool_dtype(column):
        raise DataError(
            "an end of an interval is a number", where=where, found=f"column {name!r} of {column.dtype}",
            allowed="a column of numbers",
        )  # fmt: skip
    return column.to_numpy(np.float64, na_value=np.nan)
