"""Performance of a binary model: discrimination, probabilities, and decisions at the threshold in use."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from explainkit.assess import ranking
from explainkit.assess.intervals import Interval, delong
from explainkit.assess.outcomes import (
    Outcomes,
    all_rows,
    class_names,
    mean,
    note_left_out,
    selected_rows,
    tally,
    with_outcome,
)
from explainkit.assess.preconditions import NO_LABEL, ONE_CLASS
from explainkit.assess.recorder import Details, Recorder, Tally, among
from explainkit.figures import Series, figure_id

HISTOGRAM_BINS = 20
DELONG = "DeLong interval (DeLong 1988, Sun and Xu 2014)"


def record(recorder: Recorder) -> None:
    """Record every figure and series of a binary model but those of calibration."""
    outcomes = with_outcome(recorder.subject)
    _discrimination(recorder, outcomes)
    _probabilities(recorder, outcomes)
    _scores(recorder, outcomes)
    _decisions(recorder, outcomes)
    note_left_out(recorder)


def of_labelled(outcomes: Outcomes) -> Details:
    """Counts of a score that is measured on all labelled rows."""
    return {"unit": "score", "n": outcomes.n, "events": int((outcomes.labels == 1).sum())}


def _discrimination(recorder: Recorder, outcomes: Outcomes) -> None:
    rows = of_labelled(outcomes)
    table = ranking.tabulate(outcomes.scores, outcomes.labels == 1, outcomes.weights)
    if not table.both_classes:
        for name in ("roc_auc", "gini", "ks", "average_precision"):
            recorder.number(f"performance.{name}", None, undefined=ONE_CLASS)
        recorder.open_series("performance.roc_curve")
        return
    area = ranking.auc(table)
    interval = None if recorder.weighted else delong(table.positives, table.negatives).interval
    rows |= {"interval": interval, "interval_method": DELONG}
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


def log_losses(scores: npt.NDArray[np.float64], positive: npt.NDArray[np.bool_]) -> npt.NDArray[np.float64]:
    """Log loss of each row, scores cut to [2⁻⁵², 1 − 2⁻⁵²]; shape (n_rows,)."""
    tiny = np.finfo(np.float64).eps
    kept = np.clip(scores, tiny, 1 - tiny)
    losses: npt.NDArray[np.float64] = -np.log(np.where(positive, kept, 1 - kept))
    return losses


def _probabilities(recorder: Recorder, outcomes: Outcomes) -> None:
    scores, positive, rows = outcomes.scores, outcomes.labels == 1, of_labelled(outcomes)
    loss = brier = ratio = None
    if outcomes.n and recorder.preconditions.scores_are_probabilities:
        loss = outcomes.mean(log_losses(scores, positive))
        brier = outcomes.mean((scores - positive) ** 2)
        expected = outcomes.mean(scores)
        ratio = outcomes.mean(positive) / expected if expected > 0 else None
    how = "natural logarithm, scores cut to [2⁻⁵², 1 − 2⁻⁵²]"
    recorder.number("performance.log_loss", loss, undefined=NO_LABEL, **(rows | {"method": how}))
    how = "mean squared difference between score and outcome"
    recorder.number("performance.brier", brier, undefined=NO_LABEL, **(rows | {"method": how}))
    rows |= {"unit": "ratio", "method": "share of positives over the mean score, both on rows with an outcome"}
    recorder.number("performance.observed_expected", ratio, undefined="the scores are all zero", **rows)
    recorder.rate(
        "performance.base_rate",
        outcomes.tally(positive),
        outcomes.everyone,
        undefined=NO_LABEL,
        numerator=f"outcome {recorder.subject.positive}{among(recorder.subject)}",
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


def _decisions(recorder: Recorder, outcomes: Outcomes) -> None:
    subject = recorder.subject
    decided = subject.decisions
    if decided is None:
        decided = np.zeros(subject.rows.count, np.bool_)  # without a threshold no figure made of these is open
    state = 2 * (outcomes.labels == 1) + decided[outcomes.present]
    rows = np.bincount(state, minlength=4).tolist()
    weights = rows if outcomes.weights is None else np.bincount(state, outcomes.weights, minlength=4).tolist()
    cells = [Tally(count, weight) for count, weight in zip(rows, weights, strict=True)]
    _error_rates(recorder, cells)
    _summaries(recorder, cells)
    everyone, whom, no_row = all_rows(subject), among(subject), "there is no row"
    part, what = tally(decided, subject.rows.weights), f"decided {subject.positive}{whom}"
    recorder.rate("performance.positive_rate", part, everyone, undefined=no_row, numerator=what)
    selected = selected_rows(subject)
    if selected is not None:
        part, what = tally(selected, subject.rows.weights), f"selected{whom}: decided {subject.favourable}"
    recorder.rate("performance.selection_rate", part, everyone, undefined=no_row, numerator=what)
    for actual, name in enumerate(class_names(subject)):
        for decision, decided_name in enumerate(class_names(subject)):
            keys = {"actual": name, "decided": decided_name}
            recorder.count("performance.confusion", rows[2 * actual + decision], keys, n=outcomes.n)


def _plus(*parts: Tally) -> Tally:
    return Tally(sum(part.rows for part in parts), sum(part.weight for part in parts))


def _error_rates(recorder: Recorder, cells: list[Tally]) -> None:
    negatives_kept, false_alarms, misses, hits = cells
    positive, whom = recorder.subject.positive, among(recorder.subject)
    rates = (
        ("accuracy", _plus(negatives_kept, hits), cells, f"decided as the outcome turned out{whom}", NO_LABEL),
        (
            "precision",
            hits,
            (hits, false_alarms),
            f"outcome {positive}{whom}, of those decided {positive}",
            "no row with an outcome is decided positive",
        ),
        (
            "recall",
            hits,
            (hits, misses),
            f"decided {positive}{whom}, of those with outcome {positive}",
            "no outcome is positive",
        ),
        (
            "specificity",
            negatives_kept,
            (negatives_kept, false_alarms),
            f"not decided {positive}{whom}, of those without outcome {positive}",
            "every outcome is positive",
        ),
    )
    for name, part, whole, numerator, undefined in rates:
        recorder.rate(f"performance.{name}", part, _plus(*whole), undefined=undefined, numerator=numerator)


def _summaries(recorder: Recorder, cells: list[Tally]) -> None:
    tn, fp, fn, tp = (cell.weight for cell in cells)
    rows: Details = {"unit": "score", "n": _plus(*cells).rows, "events": _plus(*cells[2:]).rows}
    value = (tp / (tp + fn) + tn / (tn + fp)) / 2 if tp + fn and tn + fp else None
    how: Details = rows | {"unit": "proportion", "method": "mean of recall and specificity"}
    recorder.number("performance.balanced_accuracy", value, undefined=ONE_CLASS, **how)
    value = 2 * tp / (2 * tp + fp + fn) if tp + fp + fn else None
    how = rows | {"method": "harmonic mean of precision and recall"}
    undefined = "no row is positive, neither by outcome nor by decision"
    recorder.number("performance.f1", value, undefined=undefined, **how)
    margins = math.sqrt((tp + fp) * (tp + fn)) * math.sqrt((tn + fp) * (tn + fn))
    value = (tp * tn - fp * fn) / margins if margins else None
    how = rows | {"method": "Matthews correlation coefficient"}
    undefined = "outcomes or decisions are all of one class"
    recorder.number("performance.mcc", value, undefined=undefined, **how)
