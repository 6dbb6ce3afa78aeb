"""Rows with an outcome, and rows decided favourably: the two views of the evaluation rows that figures are made of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from explainkit.assess.recorder import Recorder, Tally
from explainkit.assess.statistics.sampling import Sampling
from explainkit.errors import PlanError, nearest
from explainkit.load.subject import Subject

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcomes:
    """The rows that have an outcome, and a weight above zero where weights are given."""

    scores: npt.NDArray[Any]
    """As in `Rows`, shape (n_labelled,) or (n_labelled, n_classes)."""
    labels: Floats
    """As in `Rows` without NaN, shape (n_labelled,)."""
    sampling: Sampling
    """Of these rows."""
    present: Bools
    """Which of all rows these are, shape (n_rows,)."""

    @property
    def weights(self) -> Floats | None:
        """Shape (n_labelled,), None where unweighted."""
        return self.sampling.weights

    @property
    def n(self) -> int:
        """How many rows have an outcome."""
        return len(self.labels)

    def mean(self, values: npt.NDArray[Any]) -> float:
        """Mean of one number per row, weighted where weights are given."""
        return mean(values, self.weights)

    def tally(self, chosen: Bools) -> Tally:
        """Rows chosen, counted and weighted."""
        return tally(chosen, self.weights)

    @property
    def everyone(self) -> Tally:
        """All these rows."""
        return Tally(self.n, self.n if self.weights is None else float(self.weights.sum()))


def with_outcome(subject: Subject) -> Outcomes:
    """The labelled rows; none where the data has no outcome. A row of weight zero stands behind no number."""
    rows = subject.rows
    labels = np.full(rows.count, np.nan) if rows.labels is None else rows.labels
    present = ~np.isnan(labels)
    if rows.weights is not None:
        present &= rows.weights > 0
    sampling = Sampling.of(rows, present)
    if bool(present.all()):
        return Outcomes(scores=rows.scores, labels=labels, sampling=sampling, present=present)
    return Outcomes(scores=rows.scores[present], labels=labels[present], sampling=sampling, present=present)


def mean(values: npt.NDArray[Any], weights: Floats | None) -> float:
    """Mean of at least one number; by sums alone, so that it does not depend on the number of threads."""
    if weights is None:
        return float(values.mean())
    return float((values * weights).sum() / weights.sum())


def tally(chosen: Bools, weights: Floats | None) -> Tally:
    """Rows chosen, counted and weighted; a row of weight zero is not counted."""
    if weights is None:
        rows = int(np.count_nonzero(chosen))
        return Tally(rows, rows)
    return Tally(int(np.count_nonzero(chosen & (weights > 0))), float((weights * chosen).sum()))


def all_rows(subject: Subject) -> Tally:
    """All rows, counted and weighted."""
    return tally(np.ones(subject.rows.count, np.bool_), subject.rows.weights)


def decided_classes(subject: Subject) -> npt.NDArray[np.intp]:
    """Multiclass: index of the class with the highest probability, the first of equals; shape (n_rows,)."""
    decided: npt.NDArray[np.intp] = subject.rows.scores.argmax(axis=1)
    return decided


def selected_rows(subject: Subject) -> Bools | None:
    """Whether each row is decided favourably; None where that is not known. Shape (n_rows,).

    Raises
    ------
    PlanError
        If the favourable outcome is no class of the model.
    """
    check_favourable(subject)
    favourable = subject.favourable
    if favourable is None or subject.task == "regression":
        return None
    if subject.task == "multiclass":
        chosen: Bools = decided_classes(subject) == subject.classes.index(favourable)
        return chosen
    decided = subject.decisions
    if decided is None or subject.positive is None:
        return None
    return decided if favourable == subject.positive else ~decided


def favourably_scored(subject: Subject) -> tuple[Bools, float]:
    """Whether each row of a binary model scores beyond the median of all rows, on the favourable side; the median.

    Weights are not applied; of no rows the median is 0.
    """
    scores = subject.rows.scores
    median = float(np.median(scores)) if len(scores) else 0.0
    return (scores > median if subject.favourable == subject.positive else scores < median), median


def check_favourable(subject: Subject) -> None:
    """Raise if the favourable outcome is no class of the model.

    Raises
    ------
    PlanError
        With the nearest class.
    """
    favourable, classes = subject.favourable, class_names(subject)
    if favourable is not None and subject.task != "regression" and favourable not in classes:
        raise PlanError(
            "the favourable outcome is not a class of the model",
            where="fairness.favourable",
            found=repr(favourable),
            allowed=", ".join(classes),
            remedy=nearest(favourable, classes),
        )


def class_names(subject: Subject) -> tuple[str, ...]:
    """Names of the classes; binary: the negative, then the positive one where it is stated."""
    if subject.task != "binary" or subject.positive is None:
        return subject.classes
    others = [name for name in subject.classes if name != subject.positive]
    return (others[0] if others else f"not {subject.positive}", subject.positive)


def note_left_out(recorder: Recorder) -> None:
    """Say in the ledger how many rows do not count, or count for decisions but not for errors."""
    rows = recorder.subject.rows
    lacking = 0 if rows.labels is None else int(np.isnan(rows.labels).sum())
    if lacking:
        reason = "they count for scores and decisions and are left out of every comparison with outcomes"
        recorder.note("not_tested", "rows without outcome", reason, lacking)
    weightless = 0 if rows.weights is None else int((rows.weights == 0).sum())
    if weightless:
        recorder.note("not_tested", "rows of weight zero", "they stand behind no weighted figure", weightless)
