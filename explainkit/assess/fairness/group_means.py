"""Means by group: scores of a classifier, predictions and errors of a regression."""

from __future__ import annotations

from typing import Unpack

import numpy as np
import numpy.typing as npt

from explainkit.assess.fairness.comparison import EMPTY
from explainkit.assess.fairness.references import choose_reference
from explainkit.assess.groups.cells import Cells
from explainkit.assess.groups.cross_counts import Means, group_means
from explainkit.assess.precision import STUDENT, linearised, of_mean
from explainkit.assess.recorder import Details, Recorder
from explainkit.assess.statistics.intervals import student_mean, welch_difference
from explainkit.plan import FairnessPlan

Floats = npt.NDArray[np.float64]

_UNLABELLED = "no row of the group has an outcome"
_DIFFERENCE = "fairness.mean_prediction_difference"


def record_means(
    recorder: Recorder, cells: Cells, name: str, values: Floats, *, undefined: str, **details: Unpack[Details]
) -> None:
    """Record the mean of every cell with its interval; rows where the value is NaN do not count."""
    if not recorder.open(name):
        return
    means = group_means(cells, values, recorder.sampling)
    for cell in range(len(cells.levels)):
        keys = cells.keys(cell)
        if cells.hidden[cell]:
            recorder.missing(name, keys, **cells.absence)
            continue
        mean, variance, n = means.sample(cell)
        own: Details = {"n": n}
        if n and recorder.sampling.simple:
            own |= {"interval": student_mean(mean, variance, n), "interval_method": STUDENT}
        elif n:
            inside = (cells.codes == cell) & ~np.isnan(values)
            share = details.get("unit") == "probability"
            limits = {"least": 0.0, "most": 1.0} if share else {}
            own |= of_mean(values[inside], recorder.sampling.take(inside), **limits)
        recorder.number(name, mean, keys, undefined=undefined, **(details | own))


def record_regression(recorder: Recorder, cells: Cells, plan: FairnessPlan) -> None:
    """Record mean prediction, mean error, mean absolute error, and the difference of predictions to a reference."""
    rows = recorder.subject.rows
    how: Details = {"unit": "target", "method": "mean prediction"}
    record_means(recorder, cells, "fairness.mean_prediction", rows.scores, undefined=EMPTY, **how)
    _record_difference(recorder, cells, plan)
    error = rows.scores - (np.full(rows.count, np.nan) if rows.labels is None else rows.labels)
    errors = (
        ("fairness.mean_error", error, "mean of prediction − outcome"),
        ("fairness.mae", np.abs(error), "mean absolute error"),
    )
    for name, values, method in errors:
        how = {"unit": "target", "method": method}
        record_means(recorder, cells, name, values, undefined=_UNLABELLED, **how)


def _record_difference(recorder: Recorder, cells: Cells, plan: FairnessPlan) -> None:
    if not recorder.open(_DIFFERENCE):
        return
    predicted = group_means(cells, recorder.subject.rows.scores, recorder.sampling)
    values = [
        None if hidden or not np.isfinite(mean) else float(mean)
        for hidden, mean in zip(cells.hidden, predicted.means, strict=True)
    ]
    reference = choose_reference(cells, values, plan, what="mean prediction")
    for cell, value in enumerate(values):
        keys = cells.keys(cell)
        other = None if reference.cell is None else values[reference.cell]
        if cells.hidden[cell]:
            recorder.missing(_DIFFERENCE, keys, **cells.absence)
        elif value is None or other is None or reference.cell is None:
            why = EMPTY if value is None else reference.words
            recorder.number(_DIFFERENCE, None, keys, undefined=why)
        else:
            details: Details = {
                "unit": "target",
                "n": int(predicted.rows[cell]),
                "method": "mean prediction minus that of the reference",
                "reference": reference.words,
            }
            if cell != reference.cell:
                details |= _difference_interval(recorder, cells, predicted, cell, reference.cell)
            recorder.number(_DIFFERENCE, value - other, keys, undefined=EMPTY, **details)


def _difference_interval(recorder: Recorder, cells: Cells, means: Means, cell: int, other: int) -> Details:
    if recorder.sampling.simple:
        interval = welch_difference(means.sample(cell), means.sample(other))
        return {"interval": interval, "interval_method": "Welch's interval"}
    inside = (cells.codes == cell) | (cells.codes == other)
    sampling, scores = recorder.sampling.take(inside), recorder.subject.rows.scores[inside]
    return linearised(sampling.difference_interval(scores, cells.codes[inside] == cell))
