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
"""Of a figure, in the square of its size; below it nothing varies but by rounding."""


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

    def total_interval(
        self, value: float, influence: Floats, *, domains: Codes | None = None, level: float = LEVEL
    ) -> Interval | None:
        """Student's interval of a figure from what each row adds to it.

        Parameters
        ----------
        value : float
            The figure.
        influence : numpy.ndarray
            What a row of weight one adds to the figure, shape (n_rows,): times the weights they sum to zero, in each
            domain.
        domains : numpy.ndarray, optional
            Which of several groups of rows that are estimated apart each belongs to, any integers, shape (n_rows,).
        level : float, default 0.95
            Confidence level within (0, 1).

        Returns
        -------
        Interval or None
            None with fewer than two rows or clusters in a domain, or where nothing varies.
        """
        found = self._error(value, influence, domains)
        if found is None:
            return None
        error, freedom = found
        reach = float(stats.t.ppf((1 + level) / 2, freedom)) * error
        return Interval(value - reach, value + reach)

    def total_p_value(self, value: float, influence: Floats, *, domains: Codes | None = None) -> float | None:
        """Student's two-sided p-value of a figure that is zero where nothing differs; None as for the interval.

        Parameters
        ----------
        value, influence, domains
            As for `total_interval`, whose interval of the level 1 − p ends at zero.
        """
        found = self._error(value, influence, domains)
        return None if found is None else 2 * float(stats.t.sf(abs(value) / found[0], found[1]))

    def mean_interval(self, values: Floats, *, level: float = LEVEL) -> Interval | None:
        """Student's interval of a weighted mean; values shape (n_rows,)."""
        weights = np.ones(len(values)) if self.weights is None else self.weights
        total = float(weights.sum())
        # Equal numbers have a variance of rounding alone.
        if not total > 0 or values.min() == values.max():
            return None
        mean = float((weights * values).sum()) / total
        return self.total_interval(mean, (values - mean) / total, level=level)

    def difference_interval(self, values: Floats, first: npt.NDArray[np.bool_]) -> Interval | None:
        """Student's interval of a difference of weighted means.

        Parameters
        ----------
        values, first : numpy.ndarray
            One number per row, and whether the row is of the first group, else of the other; shape (n_rows,).
        """
        weights = np.ones(len(values)) if self.weights is None else self.weights
        influence, difference, varied = np.zeros(len(values)), 0.0, False
        for own, sign in ((first, 1.0), (~first, -1.0)):
            total = float(weights[own].sum())
            if not total > 0:
                return None
            mean = float((weights[own] * values[own]).sum()) / total
            influence[own] = sign * (values[own] - mean) / total
            difference += sign * mean
            varied |= bool(values[own].min() < values[own].max())
        # Equal numbers have a variance of rounding alone.
        return self.total_interval(difference, influence, domains=first.astype(np.int64)) if varied else None

    def _error(self, value: float, influence: Floats, domains: Codes | None) -> tuple[float, float] | None:
        """Standard error of a figure, and its degrees of freedom, where there are any."""
        groups = np.zeros(len(influence), np.int64) if domains is None else domains
        with np.errstate(over="ignore", invalid="ignore"):
            variance, freedom = self._variance(influence, groups)
        # A figure that is next to infinite, as a ratio to next to nothing is, has no error that could be told.
        if not freedom >= 1 or not LEAST_VARIANCE * value**2 < variance < math.inf:
            return None
        return math.sqrt(variance), freedom

    def _variance(self, influence: Floats, domains: Codes) -> tuple[float, float]:
        """Variance of a figure, and its degrees of freedom by Satterthwaite; zeros where a domain has one unit."""
        weights = np.ones(len(influence)) if self.weights is None else self.weights
        counted = weights > 0
        weights, influence = weights[counted], influence[counted]
        names, domain = np.unique(domains[counted], return_inverse=True)
        size = len(names)
        added = weights * influence
        if self.clusters is not None:
            _, cluster = np.unique(self.clusters[counted], return_inverse=True)
            pairs, place = np.unique(cluster.astype(np.int64) * size + domain, return_inverse=True)
            units = np.bincount(pairs % size, minlength=size).astype(np.float64)
            sums = np.bincount(place, added, minlength=len(pairs))
            squares = np.bincount(pairs % size, sums**2, minlength=size)
        elif self.kind == "frequency":
            units = np.bincount(domain, weights, minlength=size).astype(np.float64)
            squares = np.bincount(domain, weights * influence**2, minlength=size)
        else:
            units = np.bincount(domain, minlength=size).astype(np.float64)
            squares = np.bincount(domain, added**2, minlength=size)
        if not size or units.min() <= 1:
            return 0.0, 0.0
        factor = units / (units - 1)
        parts = squares * factor
        total = float(parts.sum())
        if self.clusters is not None and size > 1:
            # Clusters that reach over domains make their parts correlated.
            scaled = sums * np.sqrt(factor[pairs % size])
            total = float((np.bincount(pairs // size, scaled) ** 2).sum())
        largest = float(parts.max())
        if not largest > 0:
            return 0.0, 0.0
        shares = parts / largest
        freedom = float(shares.sum() ** 2 / (shares**2 / (units - 1)).sum())
        return total, freedom
