"""Intervals of differences between two models that are judged on the same rows."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from explainkit.assess.statistics.intervals import LEVEL, Interval, wald, wilson
from explainkit.assess.statistics.ranking import placements

Floats = npt.NDArray[np.float64]


def delong_difference(
    own: Floats, other: Floats, positive: npt.NDArray[np.bool_], *, level: float = LEVEL
) -> Interval | None:
    """DeLong's interval of the difference of two areas under the ROC curve on the same rows, own − other.

    The variance of the difference is that of the differences of placements, by class.

    Parameters
    ----------
    own, other : numpy.ndarray
        Scores of both models, shape (n_rows,).
    positive : numpy.ndarray
        Outcomes, shape (n_rows,).
    level : float, default 0.95
        Confidence level within (0, 1).

    Returns
    -------
    Interval or None
        Normal, cut to [−1, 1]. None with fewer than two rows of a class, or where both models rank all rows alike (a
        variance of zero would claim certainty).

    References
    ----------
    DeLong, DeLong and Clarke-Pearson (1988), Biometrics 44, 837–845, doi:10.2307/2531595.
    """
    if min(int(positive.sum()), int((~positive).sum())) < 2:
        return None
    difference = placements(own, positive) - placements(other, positive)
    differences = [difference[positive], difference[~positive]]
    variance = math.fsum(float(d.var(ddof=1)) / len(d) for d in differences)
    # Equal rankings give placements that are equal but for rounding.
    if not variance > 1e-24:
        return None
    return wald(float(differences[0].mean()), variance, level=level).cut(-1.0, 1.0)


def newcombe_paired(both: int, own: int, other: int, neither: int, *, level: float = LEVEL) -> Interval:
    """Hybrid score interval of the difference of two proportions of the same rows, own − other.

    Parameters
    ----------
    both, own, other, neither : int
        Rows that count for both, only for the own, only for the other, and for none; their sum is at least 1.
    level : float, default 0.95
        Confidence level within (0, 1).

    Returns
    -------
    Interval
        Within [−1, 1]; of positive width even where no row differs.

    References
    ----------
    Newcombe (1998), Statistics in Medicine 17, 2635–2650, method 10,
    doi:10.1002/(SICI)1097-0258(19981130)17:22<2635::AID-SIM954>3.0.CO;2-C.
    """
    n = both + own + other + neither
    first, second = (both + own) / n, (both + other) / n
    one, two = wilson(both + own, n, level=level), wilson(both + other, n, level=level)
    phi = _corrected_phi(both, own, other, neither)

    def reach(down: float, up: float) -> float:
        return math.sqrt(max(down * down - 2 * phi * down * up + up * up, 0.0))

    difference = first - second
    low = difference - reach(first - one.low, two.high - second)
    high = difference + reach(one.high - first, second - two.low)
    return Interval(low, high).cut(-1.0, 1.0)


def _corrected_phi(both: int, own: int, other: int, neither: int) -> float:
    """Correlation of the two indicators, drawn towards zero where it is positive."""
    margins = (both + own) * (other + neither) * (both + other) * (own + neither)
    if margins == 0:
        return 0.0
    cross = float(both * neither - own * other)
    if cross > 0:
        cross = max(cross - (both + own + other + neither) / 2, 0.0)
    return cross / math.sqrt(margins)
