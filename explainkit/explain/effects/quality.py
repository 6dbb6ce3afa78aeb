"""How well answers fit outcomes, and how much each row has to do with it: what permutation importance compares."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from explainkit.figures import Unit
from explainkit.plan import Task

FloatArray = npt.NDArray[np.float64]

FEWEST = 10
"""Rows below which nothing is said; of each class, where a measure compares classes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Quality:
    """Measures of answers; read-only arrays."""

    values: FloatArray
    """Shape (n_measures,); NaN where a measure has no meaning."""
    influence: FloatArray
    """First-order change of each measure per row, shape (n_measures, n_rows). Each measure's adds up to 0, and the sum
    of its squares estimates the variance of the measure over samples of rows (unweighted rows)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcomes:
    """Outcomes of rows, and what is measured against them."""

    task: Task
    labels: FloatArray
    """As in `Rows.labels`, without gaps; shape (n_rows,)."""
    weights: FloatArray | None
    """Shape (n_rows,); None where unweighted."""
    classes: int
    """Several classes: how many of them get a measure of their own, the first ones."""

    @property
    def measure(self) -> str:
        """What is measured first, in words."""
        words = {"binary": "AUC (area under the ROC curve)", "multiclass": "accuracy"}
        return words.get(self.task, "root mean squared error")

    @property
    def unit(self) -> Unit:
        """Unit of the measures."""
        return "target" if self.task == "regression" else "score"

    @property
    def better(self) -> float:
        """1 where more is better, −1 where less is."""
        return -1.0 if self.task == "regression" else 1.0

    def counts(self) -> tuple[int, ...]:
        """Rows that bound how well each measure is known: of the rarer class, of the class, or all."""
        positive = int(self.labels.sum()) if self.task == "binary" else 0
        if self.task == "binary":
            return (min(positive, len(self.labels) - positive),)
        if self.task == "regression":
            return (len(self.labels),)
        return (len(self.labels), *(int((self.labels == k).sum()) for k in range(self.classes)))

    def quality(self, answers: FloatArray) -> Quality:
        """Measure answers.

        Binary: the area under the ROC curve. Regression: the root mean squared error. Several classes: the accuracy of
        the most probable class, then the recall of each of the first `classes`.

        Parameters
        ----------
        answers : ndarray, shape (n_rows, n_outputs)
            Probability of the positive class, of every class, or predictions.
        """
        weights = np.ones(len(self.labels)) if self.weights is None else self.weights
        if self.task == "binary":
            return auc(answers[:, 0], self.labels == 1, weights)
        if self.task == "regression":
            return _rmse(answers[:, 0] - self.labels, weights)
        right = (answers.argmax(axis=1) == self.labels).astype(np.float64)
        chosen = [weights, *(np.where(self.labels == k, weights, 0.0) for k in range(self.classes))]
        return _together([_mean(right, w) for w in chosen])


def auc(scores: FloatArray, positive: npt.NDArray[np.bool_], weights: FloatArray) -> Quality:
    """Area under the ROC curve with the placement of every row, in one sort.

    Parameters
    ----------
    scores, positive, weights : ndarray, shape (n_rows,)
        Score, class and weight of each row.

    References
    ----------
    DeLong, DeLong and Clarke-Pearson (1988), Biometrics 44, 837–845, doi:10.2307/2531595.
    """
    order = np.argsort(scores, kind="stable")
    ranked = scores[order]
    own = np.where(positive, weights, 0.0)[order], np.where(positive, 0.0, weights)[order]
    starts = np.flatnonzero(np.concatenate(([True], ranked[1:] != ranked[:-1])))
    tie = np.repeat(np.arange(len(starts)), np.diff(starts, append=len(ranked)))
    ups, downs = (np.add.reduceat(w, starts) for w in own)
    if not ups.any() or not downs.any():
        return Quality(values=np.full(1, np.nan), influence=np.zeros((1, len(scores))))
    below = (downs.cumsum() - downs / 2) / downs.sum()
    above = 1.0 - (ups.cumsum() - ups / 2) / ups.sum()
    value = float((ups * below).sum() / ups.sum())
    moved = own[0] * (below[tie] - value) / ups.sum() + own[1] * (above[tie] - value) / downs.sum()
    influence = np.empty((1, len(scores)))
    influence[0, order] = moved
    return Quality(values=np.array([value]), influence=influence)


def _mean(values: FloatArray, weights: FloatArray) -> Quality:
    whole = weights.sum()
    if not whole > 0:
        return Quality(values=np.full(1, np.nan), influence=np.zeros((1, len(values))))
    mean = float((weights * values).sum() / whole)
    return Quality(values=np.array([mean]), influence=(weights * (values - mean) / whole)[None])


def _rmse(errors: FloatArray, weights: FloatArray) -> Quality:
    squared = _mean(errors**2, weights)
    root = np.sqrt(squared.values)
    # Without any error the root has no slope, and no row has an influence.
    slope = 0.5 / root if root[0] > 0 else np.zeros(1)
    return Quality(values=root, influence=squared.influence * slope)


def _together(parts: list[Quality]) -> Quality:
    return Quality(
        values=np.concatenate([p.values for p in parts]), influence=np.concatenate([p.influence for p in parts])
    )
