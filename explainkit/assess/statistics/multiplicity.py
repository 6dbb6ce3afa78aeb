"""P-values of differences of two proportions, and what becomes of them when many are computed.

A p-value says how often chance alone would give a difference at least as large if the rates were equal; it says nothing
about the size of a difference, and a large one is no evidence of equality.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from explainkit.assess.statistics.intervals import check_counts

Floats = npt.NDArray[np.float64]

SMALLEST_EXPECTED = 5.0
"""Below this expected number of events or non-events in a group the exact test is used (Cochran 1954)."""

_TIE = 1e-7
"""Tables less likely than the one seen, give or take this relative rounding, count as at least as extreme."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PValue:
    """Two-sided p-value and how it was computed."""

    value: float
    method: str


def proportions_differ(events: int, n: int, other_events: int, other_n: int) -> PValue:
    """Test two independent proportions for equality, two-sided.

    Fisher's exact test where any of the four expected counts is below `SMALLEST_EXPECTED`, the score test (Pearson's
    chi-squared, no continuity correction) otherwise. Fisher's never rejects true equality more often than its level;
    the score test at 5 % does so in up to about 6 % of the cases at such counts.

    Parameters
    ----------
    events, n, other_events, other_n : int
        Counts of two independent samples.

    Returns
    -------
    PValue
        One where no row, or every row, is an event.

    Raises
    ------
    ValueError
        If a sample is empty or has more events than rows.

    References
    ----------
    Fisher (1935), JRSS 98, 39–82, doi:10.2307/2342435; Pearson (1900), Philosophical Magazine 50, 157–175,
    doi:10.1080/14786440009463897; the switch: Cochran (1954), Biometrics 10, 417–451, doi:10.2307/3001616.

    Examples
    --------
    >>> test = proportions_differ(3, 10, 9, 10)
    >>> round(test.value, 4), test.method
    (0.0198, "Fisher's exact test")
    """
    check_counts(events, n)
    check_counts(other_events, other_n)
    total, rows = events + other_events, n + other_n
    if min(total, rows - total) * min(n, other_n) / rows < SMALLEST_EXPECTED:
        return PValue(value=_fisher(events, n, other_n, total), method="Fisher's exact test")
    pooled = total / rows
    error = math.sqrt(pooled * (1 - pooled) * (1 / n + 1 / other_n))
    z = abs(events / n - other_events / other_n) / error
    return PValue(value=math.erfc(z / math.sqrt(2)), method="score test")


def holm(p_values: npt.ArrayLike) -> Floats:
    """P-values adjusted so that the chance of any false rejection among all of them keeps to the level.

    Parameters
    ----------
    p_values : array_like
        Within [0, 1], shape (n_tests,).

    Returns
    -------
    numpy.ndarray
        Same shape and order; valid under any dependence.

    References
    ----------
    Holm (1979), Scandinavian Journal of Statistics 6, 65–70.

    Examples
    --------
    >>> holm([0.01, 0.04, 0.03]).round(4).tolist()
    [0.03, 0.06, 0.06]
    """
    p = _checked(p_values)
    order = np.argsort(p, kind="stable")
    adjusted = np.empty_like(p)
    adjusted[order] = np.minimum(1.0, np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1)))
    return adjusted


def benjamini_hochberg(p_values: npt.ArrayLike) -> Floats:
    """P-values adjusted so that the expected share of false ones among the rejections keeps to the level.

    Parameters
    ----------
    p_values : array_like
        Within [0, 1], shape (n_tests,).

    Returns
    -------
    numpy.ndarray
        Same shape and order; valid for independent and for positively dependent tests.

    References
    ----------
    Benjamini and Hochberg (1995), JRSS B 57, 289–300, doi:10.1111/j.2517-6161.1995.tb02031.x.

    Examples
    --------
    >>> benjamini_hochberg([0.01, 0.04, 0.03]).round(4).tolist()
    [0.03, 0.04, 0.04]
    """
    p = _checked(p_values)
    order = np.argsort(p, kind="stable")[::-1]
    adjusted = np.empty_like(p)
    adjusted[order] = np.minimum.accumulate(p[order] * (len(p) / np.arange(len(p), 0, -1)))
    return adjusted


def _fisher(events: int, n: int, other_n: int, total: int) -> float:
    """Chance of all tables of these margins that are no likelier than the one seen."""
    first, last = max(0, total - other_n), min(n, total)
    k = np.arange(first, last, dtype=np.float64)
    # Neighbouring tables differ by a simple factor, so that nothing large is subtracted.
    steps = np.log((n - k) * (total - k)) - np.log((k + 1) * (other_n - total + k + 1))
    likelihood = np.concatenate(([0.0], np.cumsum(steps)))
    chances = np.exp(likelihood - likelihood.max())
    extreme = chances <= chances[events - first] * (1 + _TIE)
    return float(min(1.0, chances[extreme].sum() / chances.sum()))


def _checked(p_values: npt.ArrayLike) -> Floats:
    p = np.asarray(p_values, np.float64)
    if p.ndim != 1 or not ((p >= 0) & (p <= 1)).all():
        raise ValueError(f"p-values lie within 0 and 1, in one dimension; got {p_values!r}")
    return p
