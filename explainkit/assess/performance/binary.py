"""Performance of a binary model: discrimination, probabilities, and decisions at the threshold in use."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from explainkit.assess.groups.cross_counts import ALL, LABELLED, CrossTable, cross_all, record_rate_of_all, states
from explainkit.assess.outcomes import (
    Outcomes,
    all_rows,
    check_favourable,
    class_names,
    mean,
    note_left_out,
    with_outcome,
)
from explainkit.assess.performance import costs, probabilities, thresholds
from explainkit.assess.precision import of_area, of_counts, of_sums
from explainkit.assess.preconditions import NO_LABEL, ONE_CLASS
from explainkit.assess.recorder import Details, Recorder, Tally, among
from explainkit.assess.statistics import ranking
from explainkit.assess.statistics.intervals import Interval
from explainkit.assess.statistics.quotients import divide
from explainkit.figures import Series, figure_id
from explainkit.plan import PerformancePlan

HISTOGRAM_BINS = 20


def record(recorder: Recorder, plan: PerformancePlan) -> None:
    """Record every figure and series of a binary model but those of calibration."""
    outcomes = with_outcome(recorder.subject)
    table = ranking.tabulate(outcomes.scores, outcomes.labels == 1, outcomes.weights)
    _discrimination(recorder, outcomes, table)
    probabilities.record(recorder, outcomes, table)
    _scores(recorder, outcomes)
    cells = _decisions(recorder, outcomes)
    if plan.costs is not None:
        costs.record(recorder, table, cells, plan.costs)
    thresholds.record(recorder, table, plan.costs)
    note_left_out(recorder)


def of_labelled(outcomes: Outcomes) -> Details:
    """Counts of a score that is measured on all labelled rows."""
    return {"unit": "score", "n": outcomes.n, "events": int((outcomes.labels == 1).sum())}


def _discrimination(recorder: Recorder, outcomes: Outcomes, table: ranking.ScoreTable) -> None:
    rows = of_labelled(outcomes)
    if not table.both_classes:
        for name in ("roc_auc", "gini", "ks", "average_precision"):
            recorder.number(f"performance.{name}", None, undefined=ONE_CLASS)
        recorder.open_series("performance.roc_curve")
        return
    area = ranking.auc(table)
    rows |= of_area(table, outcomes.scores, outcomes.labels == 1, outcomes.sampling)
    interval = rows["interval"]
    how = "area under the ROC curve, ties counting half"
    recorder.number("performance.roc_auc", area, undefined=ONE_CLASS, **(rows | {"method": how}))
    rows |= {"interval": interval and Interval(2 * interval.low - 1, 2 * interval.high - 1)}
    recorder.number("performance.gini", 2 * area - 1, undefined=ONE_CLASS, **(rows | {"method": "2 × AUC − 1"}))
    rows |= {"interval": None}
    how = "largest distance between the two classes' distributions of scores"
    distance = ranking.kolmogorov_smirnov(table)
    recorder.number("performance.ks", distance, undefined=ONE_CLASS, **(rows | {"method": how}))
    how = "precision summed over the steps of recall"
    precision = ranking.average_precision(table)
    recorder.number("performance.average_precision", precision, undefined=ONE_CLASS, **(rows | {"method": how}))
    if recorder.open_series("performance.roc_curve"):
        recorder.curve(_roc_curve(table, outcomes.n))


def _roc_curve(table: ranking.ScoreTable, n: int) -> Series:
    false, true = ranking.roc_points(table)
    return Series(
        id=figure_id("performance.roc_curve"),
        columns=(
            ("false_positive_rate", tuple(map(float, false))),
            ("true_positive_rate", tuple(map(float, true))),
        ),
        method="every distinct score, thinned evenly along the curve where there are many",
        dataset="evaluation",
        n=n,
    )


def _scores(recorder: Recorder, outcomes: Outcomes) -> None:
    rows = recorder.subject.rows
    everyone = all_rows(recorder.subject)
    recorder.number(
        "performance.score_mean",
        mean(rows.scores, rows.weights) if everyone.weight > 0 else None,
        undefined="there is no row",
        unit="probability" if recorder.preconditions.scores_are_probabilities else "score",
        n=everyone.rows,
        method="mean score of all rows",
    )
    if rows.count and recorder.open_series("performance.score_histogram"):
        recorder.curve(_histogram(recorder, outcomes))


def _histogram(recorder: Recorder, outcomes: Outcomes) -> Series:
    scores = recorder.subject.rows.scores
    probable = recorder.preconditions.scores_are_probabilities
    low, high = (0.0, 1.0) if probable else (float(scores.min()), float(scores.max()))
    edges = np.linspace(low, high, HISTOGRAM_BINS + 1) if low < high else np.array([low, high])

    def counts(of: npt.NDArray[np.float64]) -> tuple[int, ...]:
        return tuple(map(int, np.histogram(of, edges)[0])) if low < high else (len(of),)

    positive = outcomes.labels == 1
    by_class = {"positive": outcomes.scores[positive], "negative": outcomes.scores[~positive]}
    which = by_class if outcomes.n else {"n": scores}
    whose = "rows with an outcome" if outcomes.n else "all rows"
    return Series(
        id=figure_id("performance.score_histogram"),
        columns=(
            ("low", tuple(map(float, edges[:-1]))),
            ("high", tuple(map(float, edges[1:]))),
            *((name, counts(values)) for name, values in which.items()),
        ),
        method=f"numbers of {whose} in bins of equal width, the upper edge open except the last; weights not applied",
        dataset="evaluation",
        n=outcomes.n or len(scores),
    )


def _decisions(recorder: Recorder, outcomes: Outcomes) -> list[Tally]:
    """Also the rows with an outcome: true negatives, false positives, false negatives, true positives."""
    subject = recorder.subject
    decided = subject.decisions
    if decided is None:
        decided = np.zeros(subject.rows.count, np.bool_)  # without a threshold no figure made of these is open
    table = cross_all(states(subject.rows.labels, decided), recorder.sampling)
    cells = [table.tallies([state])[0] for state in LABELLED]
    _error_rates(recorder, table)
    _summaries(recorder, outcomes, cells, decided)
    whom, no_row = among(subject), "there is no row"
    positive = [state for state in ALL if state[1] == 1]
    record_rate_of_all(
        recorder, "performance.positive_rate", table, positive, ALL, f"decided {subject.positive}{whom}", no_row
    )
    check_favourable(subject)
    chosen = positive if subject.favourable == subject.positive else [s for s in ALL if s not in positive]
    what = f"selected{whom}: decided {subject.favourable}"
    record_rate_of_all(recorder, "performance.selection_rate", table, chosen, ALL, what, no_row)
    rows = [cell.rows for cell in cells]
    for actual, name in enumerate(class_names(subject)):
        for decision, decided_name in enumerate(class_names(subject)):
            keys = {"actual": name, "decided": decided_name}
            recorder.count("performance.confusion", rows[2 * actual + decision], keys, n=outcomes.n)
    return cells


def _plus(*parts: Tally) -> Tally:
    return Tally(sum(part.rows for part in parts), sum(part.weight for part in parts))


def _error_rates(recorder: Recorder, table: CrossTable) -> None:
    negatives_kept, false_alarms, misses, hits = ([state] for state in LABELLED)
    positive, whom = recorder.subject.positive, among(recorder.subject)
    rates = (
        ("accuracy", negatives_kept + hits, LABELLED, f"decided as the outcome turned out{whom}", NO_LABEL),
        (
            "precision",
            hits,
            hits + false_alarms,
            f"outcome {positive}{whom}, of those decided {positive}",
            "no row with an outcome is decided positive",
        ),
        (
            "recall",
            hits,
            hits + misses,
            f"decided {positive}{whom}, of those with outcome {positive}",
            "no outcome is positive",
        ),
        (
            "specificity",
            negatives_kept,
            negatives_kept + false_alarms,
            f"not decided {positive}{whom}, of those without outcome {positive}",
            "every outcome is positive",
        ),
        (
            "negative_predictive_value",
            negatives_kept,
            negatives_kept + misses,
            f"outcome not {positive}{whom}, of those not decided {positive}",
            "every row with an outcome is decided positive",
        ),
        (
            "false_positive_rate",
            false_alarms,
            negatives_kept + false_alarms,
            f"decided {positive}{whom}, of those without outcome {positive}",
            "every outcome is positive",
        ),
        (
            "false_negative_rate",
            misses,
            hits + misses,
            f"not decided {positive}{whom}, of those with outcome {positive}",
            "no outcome is positive",
        ),
    )
    for name, part, whole, numerator, undefined in rates:
        record_rate_of_all(recorder, f"performance.{name}", table, part, whole, numerator, undefined)


def _summaries(recorder: Recorder, outcomes: Outcomes, cells: list[Tally], decided: npt.NDArray[np.bool_]) -> None:
    """Balanced accuracy, F1 and Matthews' coefficient; the interval is of all four cells."""
    sums = np.array([cell.weight for cell in cells])
    rows: Details = {"n": _plus(*cells).rows, "events": _plus(*cells[2:]).rows}
    neither = "no row is positive, neither by outcome nor by decision"
    summaries = (
        ("balanced_accuracy", balanced_accuracy, "proportion", "mean of recall and specificity", ONE_CLASS),
        ("f1", f1, "score", "harmonic mean of precision and recall", neither),
        ("mcc", matthews, "score", "Matthews correlation coefficient", "outcomes or decisions are all of one class"),
    )
    for place, (name, function, unit, method, undefined) in enumerate(summaries):
        details: Details = rows | {"unit": unit, "method": method}  # type: ignore[assignment]
        if recorder.sampling.simple:
            details |= of_counts(function, [c.rows for c in cells], np.random.default_rng([recorder.seed, 17, place]))
        else:
            positive = outcomes.labels == 1
            codes = 2 * positive + decided[outcomes.present]
            least = -1.0 if name == "mcc" else 0.0
            details |= of_sums(function, sums, codes, positive, outcomes.sampling, least=least)
        recorder.number(f"performance.{name}", float(function(sums)), undefined=undefined, **details)


def balanced_accuracy(cells: Any) -> Any:
    """Mean of recall and specificity, NaN where one is undefined.

    Parameters
    ----------
    cells : numpy.ndarray
        True negatives, false positives, false negatives, true positives: counts or sums, shape (…, 4).
    """
    tn, fp, fn, tp = np.moveaxis(cells, -1, 0)
    return (divide(tp, tp + fn) + divide(tn, tn + fp)) / 2


def f1(cells: Any) -> Any:
    """Harmonic mean of precision and recall, as for `balanced_accuracy`."""
    _, fp, fn, tp = np.moveaxis(cells, -1, 0)
    return divide(2 * tp, 2 * tp + fp + fn)


def matthews(cells: Any) -> Any:
    """Matthews' correlation coefficient, as for `balanced_accuracy`."""
    tn, fp, fn, tp = np.moveaxis(cells, -1, 0)
    # In roots of pairs, as a product of four large sums could overflow.
    return divide(tp * tn - fp * fn, np.sqrt((tp + fp) * (tp + fn)) * np.sqrt((tn + fp) * (tn + fn)))
