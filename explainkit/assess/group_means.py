"""Means by group: scores of a classifier, predictions and errors of a regression."""

from __future__ import annotations

import numpy as np

from explainkit.assess.comparison import EMPTY
from explainkit.assess.cross_counts import Means, group_means
from explainkit.assess.groups import Cells
from explainkit.assess.intervals import student_mean, welch_difference
from explainkit.assess.recorder import Details, Recorder
from explainkit.assess.references import choose_reference
from explainkit.figures import Unit
from explainkit.plan import FairnessPlan

_UNLABELLED = "no row of the group has an outcome"
_DIFFERENCE = "fairness.mean_prediction_difference"


def record_means(
    recorder: Recorder, cells: Cells, name: str, means: Means, *, unit: Unit, method: str, undefined: str
) -> None:
    """Record the mean of every cell with Student's interval."""
    if not recorder.open(name):
        return
    for cell in range(len(cells.levels)):
        keys = cells.keys(cell)
        if cells.hidden[cell]:
            recorder.missing(name, keys, **cells.absence)
            continue
        mean, variance, n = means.sample(cell)
        details: Details = {"unit": unit, "n": n, "method": method, "interval_method": "Student's interval"}
        if n and not recorder.weighted:
            details |= {"interval": student_mean(mean, variance, n)}
        recorder.number(name, mean, keys, undefined=undefined, **details)


def record_regression(recorder: Recorder, cells: Cells, plan: FairnessPlan) -> None:
    """Record mean prediction, mean error, mean absolute error, and the difference of predictions to a reference."""
    rows = recorder.subject.rows
    predicted = group_means(cells, rows.scores, rows.weights)
    how = "mean prediction"
    record_means(recorder, cells, "fairness.mean_prediction", predicted, unit="target", method=how, undefined=EMPTY)
    _record_difference(recorder, cells, predicted, plan)
    error = rows.scores - (np.full(rows.count, np.nan) if rows.labels is None else rows.labels)
    errors = (
        ("fairness.mean_error", error, "mean of prediction − outcome"),
        ("fairness.mae", np.abs(error), "mean absolute error"),
    )
    for name, values, how in errors:
        means = group_means(cells, values, rows.weights)
        record_means(recorder, cells, name, means, unit="target", method=how, undefined=_UNLABELLED)


def _record_difference(recorder: Recorder, cells: Cells, predicted: Means, plan: FairnessPlan) -> None:
    if not recorder.open(_DIFFERENCE):
        return
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
                "interval_method": "Welch's interval",
                "reference": reference.words,
            }
            if cell != reference.cell:
                details |= {"interval": welch_difference(predicted.sample(cell), predicted.sample(reference.cell))}
            recorder.number(_DIFFERENCE, value - other, keys, undefined=EMPTY, **details)
