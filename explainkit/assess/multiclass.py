"""Performance of a multiclass model; each row is decided for the class of its highest probability."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from explainkit.assess import ranking
from explainkit.assess.outcomes import (
    Outcomes,
    all_rows,
    decided_classes,
    note_left_out,
    selected_rows,
    tally,
    with_outcome,
)
from explainkit.assess.preconditions import NO_LABEL, ONE_CLASS
from explainkit.assess.recorder import Details, Recorder, Tally, among

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Matrix:
    """Confusion matrix, actual class by decided class."""

    rows: npt.NDArray[np.int64]
    weights: Floats

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
    _area(recorder, outcomes)
    _by_class(recorder, matrix)
    _confusion_figures(recorder, matrix)
    _selection(recorder)
    note_left_out(recorder)


def _confusion(outcomes: Outcomes, decided: npt.NDArray[np.intp], classes: int) -> _Matrix:
    state = outcomes.labels.astype(np.intp) * classes + decided
    rows = np.bincount(state, minlength=classes**2).reshape(classes, classes)
    weights = np.bincount(state, outcomes.weights, minlength=classes**2).reshape(classes, classes)
    return _Matrix(rows=rows, weights=weights.astype(np.float64))


def _overall(recorder: Recorder, outcomes: Outcomes, matrix: _Matrix) -> None:
    n, whole = outcomes.n, slice(None)
    recorder.rate(
        "performance.accuracy",
        matrix.right,
        matrix.cell(whole, whole),
        undefined=NO_LABEL,
        numerator=f"decided as the outcome turned out{among(recorder.subject)}",
    )
    actual, decided, right = matrix.weights.sum(axis=1), matrix.weights.sum(axis=0), matrix.weights.diagonal()
    occurs, used = actual > 0, actual + decided > 0
    value = float((right[occurs] / actual[occurs]).mean()) if occurs.any() else None
    details = _left_out(recorder, occurs)
    details |= {"unit": "proportion", "n": n, "method": "mean recall of the classes that occur"}
    recorder.number("performance.balanced_accuracy", value, undefined=NO_LABEL, **details)
    value = None
    if n and recorder.preconditions.scores_are_probabilities:
        tiny = np.finfo(np.float64).eps
        own = outcomes.scores[np.arange(n), outcomes.labels.astype(np.intp)]
        value = outcomes.mean(-np.log(np.clip(own, tiny, 1 - tiny)))
    how = "natural logarithm, probabilities cut to [2⁻⁵², 1 − 2⁻⁵²]"
    recorder.number("performance.log_loss", value, undefined=NO_LABEL, unit="score", n=n, method=how)
    value = float((2 * right[used] / (actual + decided)[used]).mean()) if used.any() else None
    details = _left_out(recorder, used)
    details |= {"unit": "score", "n": n, "method": "mean F1 of the classes that occur or are decided"}
    recorder.number("performance.f1", value, {"average": "macro"}, undefined=NO_LABEL, **details)


def _left_out(recorder: Recorder, used: npt.NDArray[np.bool_]) -> Details:
    """Which classes a mean over classes leaves out, as the reason of the figure."""
    names = [name for name, use in zip(recorder.subject.classes, used, strict=True) if not use]
    return {"reason": f"left out, as undefined there: {', '.join(names)}"} if names else {}


def _area(recorder: Recorder, outcomes: Outcomes) -> None:
    if not recorder.open("performance.roc_auc"):
        return
    areas, defined = [], []
    for position in range(len(recorder.subject.classes)):
        table = ranking.tabulate(outcomes.scores[:, position], outcomes.labels == position, outcomes.weights)
        defined.append(table.both_classes)
        if table.both_classes:
            areas.append(ranking.auc(table))
    how = "mean area under the ROC curve of each class against the rest, ties counting half"
    details = _left_out(recorder, np.array(defined))
    details |= {"unit": "score", "n": outcomes.n, "method": how}
    value = float(np.mean(areas)) if areas else None
    recorder.number("performance.roc_auc", value, {"average": "macro"}, undefined=ONE_CLASS, **details)


def _by_class(recorder: Recorder, matrix: _Matrix) -> None:
    whom, whole = among(recorder.subject), slice(None)
    for position, name in enumerate(recorder.subject.classes):
        keys, right = {"class": name}, matrix.cell(position, position)
        actual, decided = matrix.cell(position, whole), matrix.cell(whole, position)
        what = f"outcome {name}{whom}, of those decided {name}"
        why = "no row with an outcome is decided for the class"
        recorder.rate("performance.precision", right, decided, keys, undefined=why, numerator=what, class_=name)
        what = f"decided {name}{whom}, of those with outcome {name}"
        why = "no outcome is of the class"
        recorder.rate("performance.recall", right, actual, keys, undefined=why, numerator=what, class_=name)
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
        numerator=f"selected{among(subject)}: decided {subject.favourable}",
    )
