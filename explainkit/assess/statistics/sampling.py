"""How the rows came about, and how precise what is made of them is where they are weighted or come in clusters.

Intervals for independent rows that count alike claim too much of any others. Here the variance of a figure is that of
its linearisation: what each row, or each cluster of rows, adds to the figure, squared and summed. Rates have intervals
of their own, see `spread`.

References
----------
Binder (1983), International Statistical Review 51, 279–292, doi:10.2307/1402588.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import stats

from explainkit.assess.statistics.intervals import LEVEL, Interval
from explainkit.load.subject import Rows

Floats = npt.NDArray[np.float64]
Codes = npt.NDArray[np.integer]

LEAST_VARIANCE = 1e-24
"""Of a figure of the size of one; below it nothing varies but by rounding."""


@dataclass(frozen=True, kw_only=True)
class Sampling:
    """How the rows came about: what each counts, and which of them belong together."""

    weights: Floats | None
    """Above zero, or zero for a row that does not count; shape (n_rows,). None where every row counts alike."""
    kind: str | None = None
    """``frequency`` where a weight says how many equal rows a row stands for; of other kinds it says how much the row
    counts."""
    clusters: Codes | None = None
    """Cluster of each row, shape (n_rows,). None where rows are independent."""

    @classmethod
    def of(cls, rows: Rows, which: npt.NDArray[np.bool_] | None = None) -> Sampling:
        """Of all evaluation rows, or of those chosen."""
        every = cls(weights=rows.weights, kind=rows.weight_kind, clusters=rows.clusters)
        return every if which is None or bool(which.all()) else every.take(which)

    @property
    def simple(self) -> bool:
        """Whether rows are independent and count alike, so that intervals of counts hold."""
        return self.weights is None and self.clusters is None

    def take(self, which: npt.NDArray[np.bool_] | npt.NDArray[np.intp]) -> Sampling:
        """Of some of the rows."""
        weights = None if self.weights is None else self.weights[which]
        return Sampling(
            weights=weights, kind=self.kind, clusters=None if self.clusters is None else self.clusters[which]
        )

    def total_interval(self, value: float, influence: Floats, *, level: float = LEVEL) -> Interval | None:
        """Student's interval of a figure from what each row adds to it.

        Parameters
        ----------
        value : float
            The figure.
        influence : numpy.ndarray
            What a row of weight one adds to the figure, shape (n_rows,): times the weights they sum to zero.
        level : float, default 0.95
            Confidence level within (0, 1).

        Returns
        -------
        Interval or None
            None with fewer than two rows or clusters, or where nothing varies.
        """
        with np.errstate(over="ignore", invalid="ignore"):
            variance, freedom = self._variance(influence)
        # A figure that is next to infinite, as a ratio to next to nothing is, has no interval either.
        if not freedom >= 1 or not LEAST_VARIANCE < variance < math.inf:
            return None
        reach = float(stats.t.ppf((1 + level) / 2, freedom)) * math.sqrt(variance)
        return Interval(value - reach, value + reach)

    def mean_interval(self, values: Floats, *, level: float = LEVEL) -> Interval | None:
        """Student's interval of a weighted mean; values shape (n_rows,)."""
        weights = np.ones(len(values)) if self.weights is None else self.weights
        total = float(weights.sum())
        # Equal numbers have a variance of rounding alone.
        if not total > 0 or values.min() == values.max():
            return None
        mean = float((weights * values).sum()) / total
        return self.total_interval(mean, (values - mean) / total, level=level)

    def _variance(self, influence: Floats) -> tuple[float, float]:
        """Variance of a figure, and its degrees of freedom."""
        weights = np.ones(len(influence)) if self.weights is None else self.weights
        if self.clusters is not None:
            names, place = np.unique(self.clusters[weights > 0], return_inverse=True)
            added = np.bincount(place, (weights * influence)[weights > 0], minlength=len(names))
            squares, units = float((added**2).sum()), float(len(names))
        elif self.kind == "frequency":
            squares, units = float((weights * influence**2).sum()), float(weights.sum())
        else:
            squares, units = float(((weights * influence) ** 2).sum()), float(np.count_nonzero(weights))
        return (squares * units / (units - 1), units - 1) if units > 1 else (0.0, 0.0)
