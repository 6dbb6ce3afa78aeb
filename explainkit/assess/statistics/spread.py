"""How precise rates of several groups are where rows are weighted or come in clusters.

The variance of each rate is turned into the number of equal, independent rows that would be as precise; the intervals
of proportions are then made for that number. Rates of groups that share clusters are correlated, and their differences
are held to that.

References
----------
Korn and Graubard (1998), Survey Methodology 24, 193–201; Rao and Scott (1992), Biometrics 48, 577–585,
doi:10.2307/2532311.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import sparse, stats

from explainkit.assess.statistics.quotients import divide
from explainkit.assess.statistics.sampling import LEAST_VARIANCE, Sampling

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Codes = npt.NDArray[np.integer]


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """How precisely the rates of several groups are known."""

    effective: Floats
    """Equal, independent rows that would be as precise, shape (n_groups,); 0 where nothing can be said."""
    loadings: sparse.csc_array | None
    """What each cluster adds to each rate, as columns of length one, (n_clusters, n_groups); None without clusters."""

    def take(self, which: Bools | Codes) -> Spread:
        """Of some of the groups."""
        loadings = None if self.loadings is None else self.loadings[:, which]
        return Spread(effective=self.effective[which], loadings=loadings)

    @property
    def correlation(self) -> Floats | None:
        """Of the rates of groups that share clusters, shape (n_groups, n_groups); None where they are independent."""
        if self.loadings is None:
            return None
        found: Floats = (self.loadings.T @ self.loadings).toarray()
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class StateSums:
    """Sums of weights by group and state, and by cluster where there are any: enough for any rate of states."""

    weights: Floats
    """Shape (n_groups, n_states)."""
    squares: Floats
    """Sums of squared weights, of frequencies the sums themselves; shape (n_groups, n_states)."""
    units: Floats
    """Numbers of rows, of frequencies their sums; shape (n_groups, n_states)."""
    clusters: tuple[Codes, Codes, Floats] | None
    """Cluster, ``group × n_states + state``, and sum of weights of each pair that occurs."""

    @classmethod
    def of(cls, sampling: Sampling, codes: Codes, shape: tuple[int, int]) -> StateSums:
        """Sum up rows.

        Parameters
        ----------
        sampling : Sampling
            Of the rows.
        codes : numpy.ndarray
            ``group × n_states + state`` of each row, shape (n_rows,).
        shape : tuple of int
            Numbers of groups and of states.
        """
        size = shape[0] * shape[1]
        weights = np.ones(len(codes)) if sampling.weights is None else sampling.weights
        counted = weights > 0
        codes, weights = codes[counted], weights[counted]
        frequency = sampling.kind == "frequency"

        def table(of: Floats | None) -> Floats:
            return np.bincount(codes, of, minlength=size).reshape(shape).astype(np.float64)

        clusters = None
        if sampling.clusters is not None:
            pairs, place = np.unique(sampling.clusters[counted].astype(np.int64) * size + codes, return_inverse=True)
            cluster: Codes = np.unique(pairs // size, return_inverse=True)[1]
            clusters = (cluster, pairs % size, np.bincount(place, weights).astype(np.float64))
        return cls(
            weights=table(weights),
            squares=table(weights if frequency else weights**2),
            units=table(weights if frequency else None),
            clusters=clusters,
        )

    def spread(self, part: Bools, whole: Bools) -> Spread:
        """How precise the rate of each group is.

        Parameters
        ----------
        part, whole : numpy.ndarray
            States that are counted, and those they are counted among; shape (n_states,).
        """
        total = self.weights[:, whole].sum(axis=1)
        rates = _share(self.weights[:, part].sum(axis=1), total)
        # What a row of weight one adds to the rate of its group.
        added = _share(part - rates[:, None] * whole, total[:, None])
        kish = _share(total**2, self.squares[:, whole].sum(axis=1))
        rows = self.units[:, whole].sum(axis=1)
        if self.clusters is None:
            variance = (self.squares * added**2).sum(axis=1)
            return Spread(effective=_effective(rates, variance, kish, kish, rows, rows), loadings=None)
        cluster, code, sums = self.clusters
        group = code // self.weights.shape[1]
        among = whole[code % self.weights.shape[1]]
        shape = (int(cluster.max(initial=-1)) + 1, len(rates))

        def by_cluster(of: Floats) -> sparse.csc_array:
            return sparse.coo_array((of[among], (cluster[among], group[among])), shape=shape).tocsc()

        sizes, adding = by_cluster(sums), by_cluster(sums * added.ravel()[code])
        lengths = np.sqrt(np.asarray(adding.multiply(adding).sum(axis=0)).ravel())
        units = np.diff(sizes.indptr).astype(np.float64)
        # As is done for independent rows, whose own factor n / (n − 1) is left out.
        variance = lengths**2 * _share(units, units - 1) * _share(rows - 1, rows)
        unvaried = _share(total**2, np.asarray(sizes.multiply(sizes).sum(axis=0)).ravel())
        loadings = (adding @ sparse.diags_array(_share(np.ones(len(lengths)), lengths))).tocsc()
        return Spread(effective=_effective(rates, variance, kish, unvaried, rows, units), loadings=loadings)


def effective_rows(sampling: Sampling, chosen: Bools) -> float | None:
    """Effective number of rows behind the share of those chosen; None where rows are independent and count alike."""
    if sampling.simple:
        return None
    sums = StateSums.of(sampling, chosen.astype(np.int64), (1, 2))
    return float(sums.spread(np.array([False, True]), np.ones(2, np.bool_)).effective[0])


def _effective(rates: Floats, variance: Floats, kish: Floats, unvaried: Floats, rows: Floats, units: Floats) -> Floats:
    """Effective numbers of rows: never more than Kish's, which the variance of few events could exceed by luck.

    ``unvaried`` is taken where all that count agree, as the variance is then zero. With few clusters the quantile of
    their degrees of freedom stands in the place of that of the rows (Korn and Graubard 1998).
    """
    varied = variance > LEAST_VARIANCE
    effective = np.where(varied, np.minimum(_share(rates * (1 - rates), variance), kish), unvaried)
    wide, narrow = (stats.t.ppf(0.975, np.maximum(1.0, n - 1)) for n in (units, rows))
    found: Floats = np.where(units > 1, effective * (narrow / wide) ** 2, 0.0)
    return found


def _share(above: Floats, below: Floats) -> Floats:
    return divide(above, below, 0.0)
