"""Bootstrap of figures made of counts, without a pass over the rows for each resample.

A rate, a difference or a ratio depends on the rows only through a table: group × outcome × decision. A resample of n
independent rows is then one multinomial draw of that table. Rows that are weighted or come in clusters are not
resampled: see `sampling`.

What no bootstrap can do: a cell that is empty stays empty in every resample, so nothing is claimed where an event or a
non-event was never seen; and the interval of a largest difference over groups does not hold where the groups are equal
in truth, as resampled differences are never below zero (see `extremes` for one that does).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from explainkit.assess.statistics.intervals import LEVEL, Interval

Floats = npt.NDArray[np.float64]
Counts = npt.NDArray[np.int64]

MOST_UNDEFINED = 0.05
"""Largest share of resamples in which a figure may be undefined (a denominator of zero) for it to have an interval."""


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
