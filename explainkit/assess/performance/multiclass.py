"""Performance of a multiclass model; each row is decided for the class of its highest probability."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from explainkit.assess.outcomes import (
    Outcomes,
    all_rows,
    decided_classes,
    note_left_out,
    selected_rows,
    tally,
    with_outcome,
)
from explainkit.assess.precision import of_area, of_mean
from explainkit.assess.preconditions import NO_LABEL, ONE_CLASS
from explainkit.assess.recorder import Details, Recorder, Tally, among
from explainkit.assess.statistics import ranking
from explainkit.assess.statistics.spread import StateSums, effective_rows

Floats = npt.NDArray[np.float64]
Places = tuple[Any, ...]
"""Actual and decided classes, as NumPy's indices."""

TOP = (2, 3)
"""Numbers of classes among which the outcome is looked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Matrix:
    """Confusion matrix, actual class by decided class."""

    rows: npt.NDArray[np.int64]
    weights: Floats
    sums: StateSums | None
    """None where rows are independent and count alike."""

    def effective(self, part: Places, whole: Places) -> float | None:
        """Effective number of rows behind the share of some places of the matrix among others."""
        if self.sums is None:
            return None
        masks = np.zeros((2, *self.rows.shape), np.bool_)
        masks[0][part] = masks[1][whole] = True
        return float(self.sums.spread(masks[0].ravel(), masks[1].ravel()).effective[0])

    def cell(self, actual: int | slice, decided: int | slice) -> Tally:
        return Tally(int(self.rows[actual, decided].sum()), float(self.weights[actual, decided].sum()))

    @property
    def n(self) -> int:
        return int(self.rows.sum())

    @property
    def right(self) -> Tally:
        return Tally(int(self.rows.trace()), float(self.weights.trace()))


def record(recorder: Recorder) -> None:
    """Record every figure of a multiclass model."""
    subject = recorder.subject
    outcomes = with_outcome(subject)
    decided = decided_classes(subject)
    matrix = _confusion(outcomes, decided[outcomes.present], len(subject.classes))
    _overall(recorder, outcomes, matrix)
    _averages(recorder, matrix)
    _top(recorder, outcomes)
    _areas(recorder, outcomes)
    _by_class(recorder, matrix)
    _confusion_figures(recorder, matrix)
    _selection(recorder)
    note_left_out(recorder)


def _confusion(outcomes: Outcomes, decided: npt.NDArray[np.intp], classes: int) -> _Matrix:
    state = outcomes.labels.astype(np.intp) * classes + decided
    rows = np.bincount(state, minlength=classes**2).reshape(classes, classes)
    weights = np.bincount(state, outcomes.weights, minlength=classes**2).reshape(classes, classes)
    sums = None if outcomes.sampling.simple else StateSums.of(outcomes.sampling, state, (1, classes**2))
    return _Matrix(rows=rows, weights=weights.astype(np.float64), sums=sums)


def _overall(recorder: Recorder, outcomes: Outcomes, matrix: _Matrix) -> None:
    n, whole = outcomes.n, slice(None)
    recorder.rate(
        "performance.accuracy",
        matrix.right,
        matrix.cell(whole, whole),
        undefined=NO_LABEL,
        numerator=f"decided as the outcome turned out{among(recorder.subject)}",
        effective=matrix.effective(np.diag_indices(len(matrix.rows)), (whole, whole)),
    )
    actual, right = matrix.weights.sum(axis=1), matrix.weights.diagonal()
    occurs = actual > 0
    value = float((right[occurs] / actual[occurs]).mean()) if occurs.any() else None
    details = _left_out(recorder, occurs)
    details |= {"unit": "proportion", "n": n, "method": "mean recall of the classes that occur"}
    recorder.number("performance.balanced_accuracy", value, undefined=NO_LABEL, **details)
    value = None
    details = {"unit": "score", "n": n}
    if n and recorder.preconditions.scores_are_probabilities:
        tiny = np.finfo(np.float64).eps
        own = outcomes.scores[np.arange(n), outcomes.labels.astype(np.intp)]
        losses = -np.log(np.clip(own, tiny, 1 - tiny))
        value = outcomes.mean(losses)
        details |= of_mean(losses, outcomes.sampling, least=0.0)
    details |= {"method": "natural logarithm, probabilities cut to [2⁻⁵², 1 − 2⁻⁵²]"}
    recorder.number("performance.log_loss", value, undefined=NO_LABEL, **details)


def _left_out(recorder: Recorder, used: npt.NDArray[np.bool_]) -> Details:
    """Which classes a mean over classes leaves out, as the reason of the figure."""
    names = [name for name, use in zip(recorder.subject.classes, used, strict=True) if not use]
    return {"reason": f"left out, as undefined there: {', '.join(names)}"} if names else {}


def _areas(recorder: Recorder, outcomes: Outcomes) -> None:
    """Area of each class against the rest, and their mean."""
    name = "performance.roc_auc"
    if not recorder.open(name):
        return
    areas, defined = [], []
    for position, class_ in enumerate(recorder.subject.classes):
        table = ranking.tabulate(outcomes.scores[:, position], outcomes.labels == position, outcomes.weights)
        defined.append(table.both_classes)
        area = ranking.auc(table) if table.both_classes else None
        own: Details = {"unit": "score", "n": table.rows, "events": table.events, "class_": class_}
        own |= {"method": "area under the ROC curve of the class against the rest, ties counting half"}
        if area is not None:
            areas.append(area)
            own |= of_area(table, outcomes.scores[:, position], outcomes.labels == position, outcomes.sampling)
        undefined = "all outcomes are of the class" if table.events else "no outcome is of the class"
        recorder.number(name, area, {"class": class_}, undefined=undefined, **own)
    details = _left_out(recorder, np.array(defined))
    how = "mean area under the ROC curve of each class against the rest, ties counting half"
    details |= {"unit": "score", "n": outcomes.n, "method": how}
    value = float(np.mean(areas)) if areas else None
    recorder.number(name, value, {"average": "macro"}, undefined=ONE_CLASS, **details)


def _averages(recorder: Recorder, matrix: _Matrix) -> None:
    """Precision, recall and F1 over all classes, each class counting once or by its share of the outcomes."""
    actual, decided, right = matrix.weights.sum(axis=1), matrix.weights.sum(axis=0), matrix.weights.diagonal()
    measures = (
        ("precision", right, decided, "the classes that are decided"),
        ("recall", right, actual, "the classes that occur"),
        ("f1", 2 * right, actual + decided, "the classes that occur or are decided"),
    )
    for name, above, below, whose in measures:
        used = below > 0
        each = above[used] / below[used]
        share = actual[used]
        means = {
            "macro": float(each.mean()) if used.any() else None,
            "weighted": float((each * share).sum() / share.sum()) if share.sum() > 0 else None,
        }
        what = "F1" if name == "f1" else name
        for average, value in means.items():
            how = f"mean {what} of {whose}"
            if average == "weighted":
                how += ", each by its share of the outcomes"
                if name == "recall":
                    how += ", which is the accuracy"
                    if recorder.subject.population.resampled:
                        how += "; in this sample, which was resampled"
            details = _left_out(recorder, used)
            details |= {"unit": "score" if name == "f1" else "proportion", "n": matrix.n, "method": how}
            undefined = "no class that occurs is decided" if matrix.n else NO_LABEL
            recorder.number(f"performance.{name}", value, {"average": average}, undefined=undefined, **details)


def _top(recorder: Recorder, outcomes: Outcomes) -> None:
    """How often the outcome is among the k highest probabilities, the first of equals first."""
    classes, name = len(recorder.subject.classes), "performance.top_k_accuracy"
    if classes <= min(TOP) or not recorder.open(name):
        return
    ahead = classes_ahead(outcomes.scores, outcomes.labels.astype(np.intp))
    for k in TOP:
        if k < classes:
            part, what = outcomes.tally(ahead < k), f"outcome among the {k} classes of highest probability"
            numerator = what + among(recorder.subject)
            recorder.rate(
                name,
                part,
                outcomes.everyone,
                {"k": str(k)},
                undefined=NO_LABEL,
                numerator=numerator,
                effective=effective_rows(outcomes.sampling, ahead < k),
            )


def classes_ahead(scores: Floats, labels: npt.NDArray[np.intp]) -> npt.NDArray[np.intp]:
    """How many classes come before that of the outcome: higher probability, or equal and earlier.

    Parameters
    ----------
    scores : numpy.ndarray
        Probabilities, shape (n_rows, n_classes).
    labels : numpy.ndarray
        Index of the class of each outcome, shape (n_rows,).
    """
    own = np.take_along_axis(scores, labels[:, None], axis=1)
    earlier = np.arange(scores.shape[1]) < labels[:, None]
    ahead: npt.NDArray[np.intp] = np.count_nonzero((scores > own) | ((scores == own) & earlier), axis=1)
    return ahead


def _by_class(recorder: Recorder, matrix: _Matrix) -> None:
    whom, whole = among(recorder.subject), slice(None)
    for position, name in enumerate(recorder.subject.classes):
        keys, right = {"class": name}, matrix.cell(position, position)
        here = (position, position)
        actual, decided = matrix.cell(position, whole), matrix.cell(whole, position)
        what = f"outcome {name}{whom}, of those decided {name}"
        why = "no row with an outcome is decided for the class"
        recorder.rate(
            "performance.precision",
            right,
            decided,
            keys,
            undefined=why,
            numerator=what,
            class_=name,
            effective=matrix.effective(here, (whole, position)),
        )
        what = f"decided {name}{whom}, of those with outcome {name}"
        why = "no outcome is of the class"
        recorder.rate(
            "performance.recall",
            right,
            actual,
            keys,
            undefined=why,
            numerator=what,
            class_=name,
            effective=matrix.effective(here, (position, whole)),
        )
        recorder.number(
            "performance.f1",
            2 * right.weight / (actual.weight + decided.weight) if actual.rows + decided.rows else None,
            keys,
            undefined="the class occurs neither among outcomes nor among decisions",
            unit="score",
            n=matrix.n,
            events=actual.rows,
            method="harmonic mean of precision and recall",
            class_=name,
        )


def _confusion_figures(recorder: Recorder, matrix: _Matrix) -> None:
    for row, actual in enumerate(recorder.subject.classes):
        for column, decided in enumerate(recorder.subject.classes):
            keys = {"actual": actual, "decided": decided}
            recorder.count("performance.confusion", int(matrix.rows[row, column]), keys, n=matrix.n)


def _selection(recorder: Recorder) -> None:
    subject = recorder.subject
    selected = selected_rows(subject)
    if selected is None:
        recorder.open("performance.selection_rate")
        return
    recorder.rate(
        "performance.selection_rate",
        tally(selected, subject.rows.weights),
        all_rows(subject),
        undefined="there is no row",
        effective=effective_rows(recorder.sampling, selected),
        numerator=f"selected{among(subject)}: decided {subject.favourable}",
    )
