"""Intervals of the largest difference and the smallest ratio over groups, which hold where groups are equal in truth.

Which groups are furthest apart is chosen by looking at the data, so the interval of that one pair would claim too much,
and a bootstrap of the largest difference fails where several groups nearly tie. Here every pair has its interval:

- the bound away from equality is the furthest of the pairs' own bounds; it can only fail if that of the pair that is
  furthest apart in truth does, so no correction is needed;
- the bound towards equality is the furthest that any pair proves, at a level that all pairs hold together (Bonferroni).

Coverage is at least the level as far as the interval of a pair holds; with many groups it is well above it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from explainkit.assess.bootstrap import MOST_UNDEFINED
from explainkit.assess.intervals import LEVEL, Interval, normal_quantile, wilson

Floats = npt.NDArray[np.float64]
Counts = npt.NDArray[np.int64]
Family = tuple[Counts, Counts]
"""Events and rows of each group, both of shape (n_groups,): one rate."""


def largest_difference_interval(families: Sequence[Family], *, level: float = LEVEL) -> Interval | None:
    """Interval of the largest difference of a rate between two groups.

    Parameters
    ----------
    families : sequence of (numpy.ndarray, numpy.ndarray)
        Events and rows of each group. Of several rates (true and false positive rates for equalised odds) the largest
        difference of any. Groups without rows are left out.
    level : float, default 0.95
        Confidence level within (0, 1).

    Returns
    -------
    Interval or None
        Within [0, 1]; its lower bound is 0 where no pair of groups is proven to differ. None where no rate has two
        groups.

    References
    ----------
    The pairs' intervals: Newcombe (1998), Statistics in Medicine 17, 873–890, method 10.
    """
    pairs = _pairs(families)
    if not pairs:
        return None
    lows, highs = [], []
    for events, n in families:
        shown = n > 0
        if shown.sum() < 2:
            continue
        highs.append(_newcombe(events[shown], n[shown], level)[1].max())
        lows.append(_newcombe(events[shown], n[shown], 1 - (1 - level) / pairs)[0].max())
    return Interval(max(0.0, float(max(lows))), min(1.0, float(max(highs))))


def smallest_ratio_interval(events: Counts, n: Counts, *, level: float = LEVEL) -> Interval | None:
    """Interval of the smallest ratio of a rate between two groups.

    Parameters
    ----------
    events, n : numpy.ndarray
        Events and rows of each group, shape (n_groups,). Groups without rows are left out.
    level : float, default 0.95
        Confidence level within (0, 1).

    Returns
    -------
    Interval or None
        Within [0, 1]; its upper bound is 1 where no pair of groups is proven to differ. None for fewer than two groups,
        or where no group has an event.

    References
    ----------
    The pairs' intervals: Donner and Zou (2012), Statistical Methods in Medical Research 21, 347–359,
    doi:10.1177/0962280210383082, with Wilson's limits.
    """
    pairs = _pairs([(events, n)])
    if not pairs or not events.any():
        return None
    shown = n > 0
    low = _mover_ratio(events[shown], n[shown], level)[0].min()
    high = _mover_ratio(events[shown], n[shown], 1 - (1 - level) / pairs)[1].min()
    return Interval(float(low), min(1.0, float(high)))


def largest_difference_of_draws(
    families: Sequence[tuple[Floats, Floats]], *, counts: npt.ArrayLike, level: float = LEVEL
) -> Interval | None:
    """Interval of the largest difference of weighted or clustered rates, from the standard errors of a bootstrap.

    Parameters
    ----------
    families : sequence of (numpy.ndarray, numpy.ndarray)
        For each rate its value in each group, shape (n_groups,), and the same in each resample, shape
        (n_draws, n_groups), NaN where undefined. Of several rates the largest difference of any.
    counts : array_like
        Unweighted numbers of events and of non-events of every group; with a zero among them there is no interval, and
        below about ten it is rough.
    level : float, default 0.95
        Confidence level within (0, 1).

    Returns
    -------
    Interval or None
        As `largest_difference_interval`, each pair's interval a normal one. None for fewer than two groups, at a count
        of zero, or where more than `MOST_UNDEFINED` of the resamples are undefined.
    """
    found = _of_draws(families, counts, level)
    return None if found is None else Interval(max(0.0, found[0]), min(1.0, found[1]))


def smallest_ratio_of_draws(
    estimates: Floats, draws: Floats, *, counts: npt.ArrayLike, level: float = LEVEL
) -> Interval | None:
    """Interval of the smallest ratio of weighted or clustered rates, from standard errors of their logarithms.

    Parameters
    ----------
    estimates, draws : numpy.ndarray
        The rate of each group, shape (n_groups,), and in each resample, shape (n_draws, n_groups).
    counts, level
        As for `largest_difference_of_draws`.

    Returns
    -------
    Interval or None
        As `smallest_ratio_interval`; None as for `largest_difference_of_draws`.
    """
    with np.errstate(divide="ignore"):
        logarithms = np.log(estimates), np.log(draws)
    found = _of_draws([logarithms], counts, level)
    return None if found is None else Interval(math.exp(-found[1]), math.exp(-max(0.0, found[0])))


def _of_draws(
    families: Sequence[tuple[Floats, Floats]], counts: npt.ArrayLike, level: float
) -> tuple[float, float] | None:
    """Bounds of the largest difference of any value between two groups."""
    families = [family for family in families if len(family[0]) > 1]
    if not families or np.min(counts) < 1:
        return None
    pairs = sum(len(estimates) * (len(estimates) - 1) for estimates, _ in families)
    lows, highs = [], []
    for estimates, draws in families:
        defined = draws[np.isfinite(draws).all(axis=1)]
        if len(defined) < 2 or len(draws) - len(defined) > MOST_UNDEFINED * len(draws):
            return None
        spread = np.cov(defined.T)
        variances = np.diag(spread)
        errors = np.sqrt(np.maximum(0.0, variances[:, None] + variances - 2 * spread))
        differences = estimates[:, None] - estimates  # that of a group with itself, 0 ± 0, is never the furthest
        lows.append((differences - normal_quantile(1 - (1 - level) / pairs) * errors).max())
        highs.append((differences + normal_quantile(level) * errors).max())
    return float(max(lows)), float(max(highs))


def _pairs(families: Sequence[Family]) -> int:
    """Ordered pairs of groups with rows, over all rates."""
    sizes = [int((n > 0).sum()) for _, n in families]
    return sum(size * (size - 1) for size in sizes)


def _wilson(events: Counts, n: Counts, level: float) -> tuple[Floats, Floats, Floats]:
    """Rates and their limits, by group."""
    intervals = [wilson(int(count), int(rows), level=level) for count, rows in zip(events, n, strict=True)]
    return events / n, np.array([i.low for i in intervals]), np.array([i.high for i in intervals])


def _newcombe(events: Counts, n: Counts, level: float) -> tuple[Floats, Floats]:
    """Limits of the difference of every ordered pair, row minus column, shape (n_groups, n_groups) each."""
    rates, low, high = _wilson(events, n, level)
    differences = rates[:, None] - rates
    below = np.hypot((rates - low)[:, None], high - rates)
    return _of_others(differences - below, -np.inf), _of_others(differences + below.T, -np.inf)


def _mover_ratio(events: Counts, n: Counts, level: float) -> tuple[Floats, Floats]:
    """Limits of the ratio of every ordered pair, row over column, shape (n_groups, n_groups) each."""
    rates, low, high = _wilson(events, n, level)
    product = np.outer(rates, rates)
    own_low, own_high = (low * (2 * rates - low))[:, None], (high * (2 * rates - high))[:, None]
    other_low, other_high = low * (2 * rates - low), high * (2 * rates - high)
    # The published lower limit with the root moved below the line, where nothing cancels.
    root = np.sqrt(np.maximum(0.0, product**2 - own_low * other_high))
    lower = _over(own_low, product + root, 0.0)
    upper = _over(product + np.sqrt(np.maximum(0.0, product**2 - own_high * other_low)), other_low, np.inf)
    return _of_others(lower, np.inf), _of_others(upper, np.inf)


def _of_others(limits: Floats, otherwise: float) -> Floats:
    """The limits, with a value that is never chosen for a group and itself."""
    np.fill_diagonal(limits, otherwise)
    return limits


def _over(above: Floats, below: Floats, otherwise: float) -> Floats:
    above, below = np.broadcast_arrays(above, below)
    quotient = np.full(above.shape, otherwise)
    np.divide(above, below, out=quotient, where=below > 0)
    return quotient
