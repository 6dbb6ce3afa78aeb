"""What is measured of a part of the rows, and of the difference between two parts: one list for a task.

Two parts are independent samples: their difference has an interval of its own, narrower than what their two intervals
let suspect.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from explainkit.assess.outcomes import decided_classes, selected_rows, tally
from explainkit.assess.precision import LINEARISED, of_area, of_mean, of_ratio
from explainkit.assess.recorder import Details, Keys, Recorder, among
from explainkit.assess.statistics import ranking
from explainkit.assess.statistics.intervals import Interval, newcombe_difference
from explainkit.assess.statistics.multiplicity import proportions_differ
from explainkit.assess.statistics.sampling import Sampling
from explainkit.assess.statistics.spread import effective_rows
from explainkit.figures import Unit
from explainkit.load.subject import Subject

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Places = npt.NDArray[np.intp]
Kind = Literal["area", "ratio", "rate", "mean"]

_ONE_CLASS = "the outcomes of these rows are all of one class"
_NO_OUTCOME = "no row of these has an outcome"
_NO_ROW = "there is no row"
_ZERO = "the scores of these rows are all zero"
_NEWCOMBE = "hybrid score interval (Newcombe 1998)"
_WELCH = "Welch's interval"
_DELONG = "Student's interval of two independent areas, from DeLong's variances (DeLong 1988)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """One figure that any part of the rows has."""

    name: str
    """Last word of the id."""
    kind: Kind
    """Area under the ROC curve, ratio of two means, rate, or mean."""
    values: Floats
    """Of an area and of a ratio the outcome of each row, of a rate 0 or 1, of a mean what is averaged; (n_rows,)."""
    counted: Bools
    """Rows that count at all, shape (n_rows,)."""
    method: str
    scores: Floats | None = None
    """Of an area and of a ratio the score of each row, shape (n_rows,)."""
    unit: Unit = "proportion"
    numerator: str | None = None


def measures_of(subject: Subject) -> tuple[Measure, ...]:
    """What is measured of each part, by task; the first stands for the model on page one.

    Parameters
    ----------
    subject : Subject
        With the rows.
    """
    rows = subject.rows
    labels = np.full(rows.count, np.nan) if rows.labels is None else rows.labels
    weighted = np.ones(rows.count, np.bool_) if rows.weights is None else rows.weights > 0
    known = ~np.isnan(labels) & weighted
    if subject.task == "regression":
        return _of_numbers(rows.scores - labels, known)
    if subject.task == "binary":
        score, agreement, rate = _of_scores(subject, labels, known)
        return score, agreement, _selection(subject, weighted), rate
    right = (decided_classes(subject) == labels).astype(np.float64)
    numerator = f"decided as the outcome turned out{among(subject)}"
    accuracy = Measure(name="accuracy", kind="rate", values=right, counted=known, method="", numerator=numerator)
    return accuracy, _selection(subject, weighted)


def _of_numbers(error: Floats, known: Bools) -> tuple[Measure, ...]:
    named = (("mae", np.abs(error), "mean absolute error"), ("mean_error", error, "mean of prediction − outcome"))
    return tuple(
        Measure(name=name, kind="mean", values=values, counted=known, method=how, unit="target")
        for name, values, how in named
    )


def _of_scores(subject: Subject, labels: Floats, known: Bools) -> tuple[Measure, Measure, Measure]:
    """Area under the ROC curve, observed over expected, base rate."""
    positive, scores = (labels == 1).astype(np.float64), subject.rows.scores
    how = "area under the ROC curve, ties counting half"
    over = "share of positives over the mean score"
    outcome = f"outcome {subject.positive}{among(subject)}"
    return (
        Measure(name="roc_auc", kind="area", values=positive, scores=scores, counted=known, method=how, unit="score"),
        Measure(
            name="observed_expected",
            kind="ratio",
            values=positive,
            scores=scores,
            counted=known,
            method=over,
            unit="ratio",
        ),
        Measure(name="base_rate", kind="rate", values=positive, counted=known, method="", numerator=outcome),
    )


def _selection(subject: Subject, weighted: Bools) -> Measure:
    selected = selected_rows(subject)
    return Measure(
        name="selection_rate",
        kind="rate",
        values=np.zeros(subject.rows.count) if selected is None else selected.astype(np.float64),
        counted=weighted,
        method="",
        numerator=f"selected{among(subject)}: decided {subject.favourable}",
    )


def record(recorder: Recorder, name: str, measure: Measure, inside: Places, keys: Keys) -> None:
    """Record one figure of one part of the rows, or why it has no value.

    Parameters
    ----------
    recorder : Recorder
        Takes the figure.
    name : str
        Of the figure.
    measure : Measure
        As `measures_of` gives them.
    inside : numpy.ndarray
        Places of the rows of the part, shape (n_inside,).
    keys : mapping
        Of the figure.
    """
    if not recorder.open(name):
        return
    inside = inside[measure.counted[inside]]
    lacking = _lacking(measure, inside)
    if lacking is not None:
        recorder.missing(name, keys, status="insufficient", reason=lacking)
        return
    values, sampling = measure.values[inside], recorder.sampling.take(inside)
    details: Details = {"n": len(inside), "unit": measure.unit, "method": measure.method}
    if measure.kind == "rate":
        chosen = values == 1
        part, whole = (tally(which, sampling.weights) for which in (chosen, np.ones(len(chosen), np.bool_)))
        effective, numerator = effective_rows(sampling, chosen), measure.numerator or ""
        recorder.rate(name, part, whole, keys, undefined=_NO_ROW, numerator=numerator, effective=effective)
        return
    if measure.kind in ("area", "ratio"):
        details["events"] = int(values.sum())
    value, influence = _estimate(measure, inside, sampling.weights)
    if measure.kind == "area":
        assert measure.scores is not None
        scores, positive = measure.scores[inside], values == 1
        details |= of_area(ranking.tabulate(scores, positive, sampling.weights), scores, positive, sampling)
    elif measure.kind == "ratio":
        assert measure.scores is not None
        # Without an event, or without anything else, rows do not vary and an interval would claim certainty.
        if influence.any() and 0 < values.sum() < len(values):
            details |= of_ratio(values, measure.scores[inside], sampling)
    else:
        details |= of_mean(values, sampling, least=0.0 if measure.name == "mae" else None)
    recorder.number(name, value, keys, undefined="", **details)


def _lacking(measure: Measure, inside: Bools | Places) -> str | None:
    """Why a figure is undefined on these rows."""
    values = measure.values[inside]
    if not len(values):
        return _NO_ROW if measure.name == "selection_rate" else _NO_OUTCOME
    if measure.kind == "area" and values.min() == values.max():
        return _ONE_CLASS
    if measure.kind == "ratio":
        assert measure.scores is not None
        return None if bool((measure.scores[inside] > 0).any()) else _ZERO
    return None


def _estimate(measure: Measure, inside: Bools | Places, weights: Floats | None) -> tuple[float, Floats]:
    """The figure, and what a row of weight one adds to it; shape (n_inside,)."""
    values = measure.values[inside]
    weight = np.ones(len(values)) if weights is None else weights
    if measure.kind == "area":
        assert measure.scores is not None
        scores, positive = measure.scores[inside], values == 1
        table = ranking.tabulate(scores, positive, weights)
        return ranking.auc(table), ranking.auc_influence(scores, positive, weights, table=table)
    if measure.kind == "ratio":
        assert measure.scores is not None
        scores = measure.scores[inside]
        total = float((weight * scores).sum())
        ratio = float((weight * values).sum()) / total
        return ratio, (values - ratio * scores) / total
    total = float(weight.sum())
    mean = float((weight * values).sum()) / total
    return mean, (values - mean) / total


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """Difference between two parts of the rows that share none."""

    value: float
    details: Details
    """With its interval."""
    p_value: float | None
    """Chance of one as large, either way, if nothing differed; not yet corrected for others. None where it has no
    interval."""


def difference(measure: Measure, first: Bools, other: Bools, sampling: Sampling) -> Change | str:
    """Difference between two parts of the rows that share none; or why there is none.

    Parameters
    ----------
    measure : Measure
        Of all rows.
    first, other : numpy.ndarray
        Rows of both parts, shape (n_rows,).
    sampling : Sampling
        Of all rows.
    """
    first, other = first & measure.counted, other & measure.counted
    for part in (first, other):
        lacking = _lacking(measure, part)
        if lacking is not None:
            return lacking
    (value, own), (less, others) = (_estimate(measure, part, sampling.take(part).weights) for part in (first, other))
    details: Details = {"n": int(first.sum()), "unit": "target" if measure.unit == "target" else "difference"}
    if measure.kind != "mean":
        details["events"] = int(measure.values[first].sum())
    interval, how, p_value = _compared(measure, (first, other), value - less, (own, others), sampling)
    details |= {"interval": interval, "any_sampling": True, "interval_method": how}
    return Change(value=value - less, details=details, p_value=p_value)


def _compared(
    measure: Measure, parts: tuple[Bools, Bools], value: float, influence: tuple[Floats, Floats], sampling: Sampling
) -> tuple[Interval | None, str, float | None]:
    """Interval of the difference of two independent parts, its method, and its p-value."""
    values = [measure.values[part] for part in parts]
    if measure.kind == "rate" and sampling.simple:
        (events, n), (other, m) = ((int(v.sum()), len(v)) for v in values)
        return newcombe_difference(events, n, other, m), _NEWCOMBE, proportions_differ(events, n, other, m).value
    how = LINEARISED if not sampling.simple or measure.kind == "ratio" else _WELCH
    if measure.kind == "area" and sampling.simple:
        how = _DELONG
    # Where one part does not vary, the other alone would claim too much.
    if any(v.min() == v.max() or not added.any() for v, added in zip(values, influence, strict=True)):
        return None, how, None
    both = parts[0] | parts[1]
    change = np.zeros(len(both))
    change[parts[0]], change[parts[1]] = influence[0], -influence[1]
    domains = parts[0].astype(np.int64)
    if measure.kind == "area":
        domains = 2 * domains + (measure.values == 1)
    inside = sampling.take(both)
    reach = inside.total_interval(value, change[both], domains=domains[both])
    p_value = inside.total_p_value(value, change[both], domains=domains[both])
    widest = 1.0 if measure.kind in ("area", "rate") else np.inf
    return (None if reach is None else reach.cut(-widest, widest)), how, p_value
