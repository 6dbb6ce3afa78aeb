"""Bootstrap of figures made of counts or of sums of weights, without a pass over the rows for each resample.

A rate, a difference or a ratio depends on the rows only through a table: group × outcome × decision. A resample of n
independent rows is then one multinomial draw of that table. With weights or clusters each row, or each cluster, counts
a Poisson number of times instead.

What no bootstrap can do: a cell that is empty stays empty in every resample, so nothing is claimed where an event or a
non-event was never seen; and the interval of a largest difference over groups does not hold where the groups are equal
in truth, as resampled differences are never below zero (see `extremes` for one that does).
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
from scipy import sparse

from explainkit.assess.intervals import LEVEL, Interval

Floats = npt.NDArray[np.float64]
Counts = npt.NDArray[np.int64]

MOST_UNDEFINED = 0.05
"""Largest share of resamples in which a figure may be undefined (a denominator of zero) for it to have an interval."""

_BLOCK = 2**21
"""Poisson numbers held at a time: 16 MB."""
_ONCE = np.repeat(np.arange(9.0), (24_109, 24_110, 12_055, 4_018, 1_004, 201, 33, 5, 1))
"""Poisson(1) in 2¹⁶ steps: its chances to within 10⁻⁵, its mean of one exactly, its variance to within 10⁻⁴."""


def resample_counts(table: Counts, draws: int, rng: np.random.Generator) -> Counts:
    """Resample independent unweighted rows that are known by their counts: one multinomial draw a resample.

    Parameters
    ----------
    table : numpy.ndarray
        Counts of rows, any shape; at least one row.
    draws : int
        Number of resamples.
    rng : numpy.random.Generator
        Where the draws come from.

    Returns
    -------
    numpy.ndarray
        Shape (draws, *table.shape), int64; each resample has as many rows as `table`, and none in an empty cell.

    Raises
    ------
    ValueError
        If there is no row, or a count below zero.

    References
    ----------
    Efron (1979), Annals of Statistics 7, 1–26, doi:10.1214/aos/1176344552.
    """
    flat = np.asarray(table).ravel()
    total = int(flat.sum())
    if total < 1 or flat.min() < 0:
        raise ValueError(f"a bootstrap needs counts >= 0 and at least one row, got {total} rows")
    # Only occupied cells are drawn: rounding could else leave a row to the last cell, which may be empty.
    occupied = np.flatnonzero(flat)
    drawn = np.zeros((draws, flat.size), np.int64)
    drawn[:, occupied] = rng.multinomial(total, flat[occupied] / total, size=draws)
    return drawn.reshape(draws, *np.shape(table))


def resample_weights(
    codes: npt.NDArray[np.integer],
    size: int,
    weights: Floats | None,
    draws: int,
    rng: np.random.Generator,
    *,
    clusters: npt.NDArray[np.integer] | None = None,
) -> Floats:
    """Resample weighted rows, or clusters of rows: each counts a Poisson(1) number of times.

    Rows that share code and weight are exchangeable, so one Poisson number of their count serves for all of them; rows
    of a cluster share one number. Memory grows with the distinct (code, weight) or (cluster, code) pairs and with
    ``draws × size``, never with rows × draws.

    Parameters
    ----------
    codes : numpy.ndarray
        Cell of the table for each row, shape (n_rows,); below zero for rows that do not count.
    size : int
        Cells of the table.
    weights : numpy.ndarray or None
        Finite and >= 0, shape (n_rows,); None for one each.
    draws : int
        Number of resamples.
    rng : numpy.random.Generator
        Where the draws come from.
    clusters : numpy.ndarray, optional
        Cluster of each row, any integers, shape (n_rows,). Clusters are resampled as wholes. Few of them make
        intervals too narrow: with fewer than about 30 read them with care.

    Returns
    -------
    numpy.ndarray
        Sums of weights, shape (draws, size). The number of rows varies from resample to resample, which ratios of sums
        do not feel.

    References
    ----------
    Chamandy, Muralidharan, Najmi and Naidu (2012), Estimating uncertainty for massive data streams, Google; Field and
    Welsh (2007), JRSS B 69, 369–390, doi:10.1111/j.1467-9868.2007.00593.x, for clusters.
    """
    weight = np.ones(len(codes)) if weights is None else weights
    counted = (codes >= 0) & (weight > 0)
    code, weight = np.asarray(codes)[counted].astype(np.int64), weight[counted]
    if clusters is None:
        units = _distinct(code, weight, size)
    else:
        units = _clustered(code, weight, size, np.asarray(clusters)[counted])
    result = np.zeros((size, draws))
    for sums, rows in _blocks(*units, draws):
        result += sums @ _times(
            rows, draws, rng
        )  # sparse times dense runs in one thread, so the sums are the same everywhere
    return np.ascontiguousarray(result.T)


def percentile(draws: Floats, *, counts: npt.ArrayLike, level: float = LEVEL) -> Interval | None:
    """Interval between quantiles of the resampled values of one figure.

    Bias correction and acceleration (BCa) were measured against it and left out: for differences and ratios with at
    least ten expected events and non-events percentiles hold the truth in 93.7 % to 94.7 % of the cases, BCa in 93.0 %
    to 96.2 %.

    Parameters
    ----------
    draws : numpy.ndarray
        The figure in each resample, shape (n_draws,); NaN where undefined.
    counts : array_like
        Unweighted numbers of events and of non-events behind every rate of the figure; with a zero among them there is
        no interval, as no resample can contain what was never seen.
    level : float, default 0.95
        Confidence level within (0, 1).

    Returns
    -------
    Interval or None
        None at a count of zero, where more than `MOST_UNDEFINED` of the resamples are undefined, or where they are all
        equal.

    References
    ----------
    Efron and Tibshirani (1993), An Introduction to the Bootstrap, chapter 13; on BCa, Efron (1987), JASA 82, 171–185,
    doi:10.1080/01621459.1987.10478410.
    """
    defined = draws[np.isfinite(draws)]
    undefined = len(draws) - len(defined)
    if np.min(counts) < 1 or not len(defined) or undefined > MOST_UNDEFINED * len(draws):
        return None
    low, high = np.quantile(defined, [(1 - level) / 2, (1 + level) / 2])
    return Interval(float(low), float(high)) if low < high else None


def _distinct(code: Counts, weight: Floats, size: int) -> tuple[sparse.csc_array, Counts]:
    """Sums of each distinct (code, weight) per cell, one column each, and the rows that share it."""
    order = np.lexsort((weight, code))
    code, weight = code[order], weight[order]
    first = np.ones(len(code), np.bool_)
    first[1:] = (code[1:] != code[:-1]) | (weight[1:] != weight[:-1])
    starts = np.flatnonzero(first)
    rows = np.diff(np.append(starts, len(code)))
    place = np.arange(len(starts))
    return sparse.csc_array((weight[starts], (code[starts], place)), shape=(size, len(starts))), rows


def _clustered(
    code: Counts, weight: Floats, size: int, clusters: npt.NDArray[np.integer]
) -> tuple[sparse.csc_array, Counts]:
    """Sums of each cluster per cell, one column each, and a one for each."""
    names, place = np.unique(clusters, return_inverse=True)
    sums = sparse.coo_array((weight, (code, place)), shape=(size, len(names))).tocsc()
    return sums, np.ones(len(names), np.int64)


def _times(rows: Counts, draws: int, rng: np.random.Generator) -> Floats:
    """Poisson numbers of given means, shape (n_units, draws); those of mean one from a table, ten times as fast."""
    times = _ONCE[rng.integers(0, len(_ONCE), size=(len(rows), draws), dtype=np.uint16)]
    several = np.flatnonzero(rows > 1)
    times[several] = rng.poisson(rows[several, None], size=(len(several), draws))
    return times


def _blocks(sums: sparse.csc_array, rows: Counts, draws: int) -> Iterator[tuple[sparse.csr_array, Counts]]:
    """Units in blocks, so that ``units × draws`` numbers fit into memory."""
    step = max(1, _BLOCK // max(1, draws))
    for start in range(0, len(rows), step):
        yield sums[:, start : start + step].tocsr(), rows[start : start + step]
