"""Score table: how many positives and negatives lie at each distinct score; ranking measures are sums over it.

One sort makes the table, and every measure of discrimination reads it. Tied scores form one entry, so no measure
depends on the order of the rows.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Counts = npt.NDArray[Any]
"""int64 where unweighted (sums are then exact), float64 where weighted."""

CURVE_POINTS = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoreTable:
    """Rows of each class at each distinct score, scores ascending."""

    scores: Floats
    """Distinct scores, shape (n_scores,)."""
    positives: Counts
    """Number, or weight, of positives at each; shape (n_scores,)."""
    negatives: Counts
    """Number, or weight, of negatives at each; shape (n_scores,)."""
    counts: npt.NDArray[np.int64]
    """Rows at each, never weighted; shape (n_scores,)."""

    rows: int
    """Rows counted."""
    events: int
    """Positives among them, counted."""

    @property
    def both_classes(self) -> bool:
        """Whether there are positives and negatives."""
        return bool(self.positives.any()) and bool(self.negatives.any())


def tabulate(scores: Floats, positive: npt.NDArray[np.bool_], weights: Floats | None = None) -> ScoreTable:
    """Sort rows into a table.

    Parameters
    ----------
    scores, positive : numpy.ndarray
        Score and class of each row, shape (n_rows,).
    weights : numpy.ndarray, optional
        Weights above zero, shape (n_rows,).
    """
    # Stable, so that sums of weights within a tie do not depend on the kind of CPU.
    order = np.argsort(scores, kind="stable")
    return tabulate_sorted(scores[order], positive[order], None if weights is None else weights[order])


def tabulate_sorted(scores: Floats, positive: npt.NDArray[np.bool_], weights: Floats | None = None) -> ScoreTable:
    """As `tabulate`, for rows in ascending order of their scores."""
    if not len(scores):
        nothing = np.zeros(0, np.int64)
        return ScoreTable(scores=scores, positives=nothing, negatives=nothing, counts=nothing, rows=0, events=0)
    starts = np.concatenate(([0], np.flatnonzero(scores[1:] != scores[:-1]) + 1))
    counts = np.diff(starts, append=len(scores))
    positives: Counts
    negatives: Counts
    if weights is None:
        positives = np.add.reduceat(positive, starts, dtype=np.int64)
        negatives = counts - positives
    else:
        positives = np.add.reduceat(np.where(positive, weights, 0.0), starts)
        negatives = np.add.reduceat(np.where(positive, 0.0, weights), starts)
    return ScoreTable(
        scores=scores[starts],
        positives=positives,
        negatives=negatives,
        counts=counts,
        rows=len(scores),
        events=int(np.count_nonzero(positive)),
    )


def auc(table: ScoreTable) -> float:
    """Area under the ROC curve: weight of pairs ranked rightly, ties counting half; needs both classes.

    References
    ----------
    Hanley and McNeil (1982), Radiology 143, 29–36, doi:10.1148/radiology.143.1.7063747.
    """
    twice_below = 2 * (table.negatives.cumsum() - table.negatives) + table.negatives
    right = (table.positives * twice_below).sum().item()
    return float(right / (2 * table.positives.sum().item() * table.negatives.sum().item()))


def placements(
    scores: Floats,
    positive: npt.NDArray[np.bool_],
    weights: Floats | None = None,
    *,
    table: ScoreTable | None = None,
) -> Floats:
    """Share of the other class that each row is ranked rightly against, ties counting half; needs both classes.

    Parameters
    ----------
    scores, positive, weights : numpy.ndarray
        As for `tabulate`.
    table : ScoreTable, optional
        What `tabulate` makes of them, where it is at hand.

    Returns
    -------
    numpy.ndarray
        Shape (n_rows,): of a positive the share of negatives below it, of a negative the share of positives above.

    References
    ----------
    DeLong, DeLong and Clarke-Pearson (1988), Biometrics 44, 837–845, doi:10.2307/2531595.
    """
    table = table or tabulate(scores, positive, weights)
    below = (table.negatives.cumsum() - table.negatives / 2) / table.negatives.sum()
    above = 1 - (table.positives.cumsum() - table.positives / 2) / table.positives.sum()
    place = np.searchsorted(table.scores, scores)
    placed: Floats = np.where(positive, below[place], above[place])
    return placed


def auc_influence(
    scores: Floats, positive: npt.NDArray[np.bool_], weights: Floats | None, *, table: ScoreTable | None = None
) -> Floats:
    """What a row of weight one adds to the area under the ROC curve, shape (n_rows,); given as to `placements`."""
    placed = placements(scores, positive, weights, table=table)
    weight = np.ones(len(scores)) if weights is None else weights
    influence = np.empty(len(scores))
    for own in (positive, ~positive):
        total = weight[own].sum()
        influence[own] = (placed[own] - (weight[own] * placed[own]).sum() / total) / total
    return influence


def average_precision(table: ScoreTable) -> float:
    """Sum of precision times the step in recall over distinct scores, descending; needs a positive."""
    positives, negatives = table.positives[::-1], table.negatives[::-1]
    hits = positives.cumsum()
    return float((positives * (hits / (hits + negatives.cumsum()))).sum() / positives.sum())


def kolmogorov_smirnov(table: ScoreTable) -> float:
    """Largest distance between the distributions of the scores of the two classes; needs both."""
    distance = table.positives.cumsum() / table.positives.sum() - table.negatives.cumsum() / table.negatives.sum()
    return float(np.abs(distance).max())


def decided_from(table: ScoreTable) -> tuple[Counts, Counts]:
    """Positives and negatives from each distinct score on, with a zero for none at the end; shape (n_scores + 1,)."""
    zero = np.zeros(1, table.positives.dtype)
    hits, alarms = (np.concatenate((zero, part[::-1].cumsum()))[::-1] for part in (table.positives, table.negatives))
    return hits, alarms


def roc_points(table: ScoreTable, *, at_most: int = CURVE_POINTS) -> tuple[Floats, Floats]:
    """False and true positive rates from (0, 0) to (1, 1), thinned evenly along the curve; needs both classes.

    Returns
    -------
    tuple of numpy.ndarray
        False positive rates and true positive rates, equal shapes of at most `at_most` points.
    """
    false = np.concatenate(([0.0], table.negatives[::-1].cumsum() / table.negatives.sum()))
    true = np.concatenate(([0.0], table.positives[::-1].cumsum() / table.positives.sum()))
    false[-1] = true[-1] = 1.0
    if len(false) <= at_most:
        return false, true
    wanted = np.linspace(0.0, 2.0, at_most)
    chosen = np.unique(np.clip(np.searchsorted(false + true, wanted), 0, len(false) - 1))
    return false[chosen], true[chosen]
