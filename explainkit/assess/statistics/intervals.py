"""Intervals for rates, differences, ratios, means and the area under the ROC curve; each from its published formula.

All are for independent rows, unweighted but for `korn_graubard`, and for one fitted model: they say nothing about how
the model would differ if it were trained again.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist
from typing import TYPE_CHECKING, Any

from scipy import special

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

LEVEL = 0.95
"""Confidence level of every interval on a card."""


@dataclass(frozen=True, slots=True)
class Interval:
    """Two finite bounds, the lower first."""

    low: float
    high: float

    def cut(self, least: float = -math.inf, most: float = math.inf) -> Interval:
        """Within what the figure can be."""
        return Interval(max(least, self.low), min(most, self.high))


def wilson(events: int, n: int, *, level: float = LEVEL) -> Interval:
    """Score interval of a proportion.

    Parameters
    ----------
    events, n : int
        Numerator and denominator, 0 <= events <= n, n >= 1.
    level : float, default 0.95
        Confidence level within (0, 1).

    Returns
    -------
    Interval
        Within [0, 1]; exactly 0 at no events and exactly 1 at n events.

    References
    ----------
    Wilson (1927), JASA 22, 209–212, doi:10.1080/01621459.1927.10502953; method 3 of Newcombe (1998), Statistics in
    Medicine 17, 857–872.

    Examples
    --------
    >>> interval = wilson(81, 263)
    >>> round(interval.low, 4), round(interval.high, 4)
    (0.2553, 0.3662)
    """
    check_counts(events, n)
    z = normal_quantile(level)
    centre = 2 * events + z * z
    half = z * math.sqrt(z * z + 4 * events * (n - events) / n)
    low = 0.0 if events == 0 else (centre - half) / (2 * (n + z * z))
    high = 1.0 if events == n else (centre + half) / (2 * (n + z * z))
    return Interval(low, high)


def clopper_pearson(events: int, n: int, *, level: float = LEVEL) -> Interval:
    """Exact interval of a proportion: its coverage is never below the level.

    Parameters
    ----------
    events, n : int
        Numerator and denominator, 0 <= events <= n, n >= 1.
    level : float, default 0.95
        Confidence level within (0, 1).

    References
    ----------
    Clopper and Pearson (1934), Biometrika 26, 404–413, doi:10.1093/biomet/26.4.404.
    """
    check_counts(events, n)
    tail = (1 - level) / 2
    low = 0.0 if events == 0 else float(special.betaincinv(events, n - events + 1, tail))
    high = 1.0 if events == n else float(special.betainccinv(events + 1, n - events, tail))
    return Interval(low, high)


def newcombe_difference(events: int, n: int, other_events: int, other_n: int, *, level: float = LEVEL) -> Interval:
    """Hybrid score interval of the difference ``events/n − other_events/other_n``.

    Parameters
    ----------
    events, n, other_events, other_n : int
        Counts of two independent samples.
    level : float, default 0.95
        Confidence level within (0, 1).

    Returns
    -------
    Interval
        Within [−1, 1].

    References
    ----------
    Newcombe (1998), Statistics in Medicine 17, 873–890, method 10,
    doi:10.1002/(SICI)1097-0258(19980430)17:8<873::AID-SIM779>3.0.CO;2-I.

    Examples
    --------
    >>> interval = newcombe_difference(56, 70, 48, 80)
    >>> round(interval.low, 4), round(interval.high, 4)
    (0.0524, 0.3339)
    """
    own, other = wilson(events, n, level=level), wilson(other_events, other_n, level=level)
    rate, other_rate = events / n, other_events / other_n
    difference = rate - other_rate
    return Interval(
        max(-1.0, difference - math.hypot(rate - own.low, other.high - other_rate)),
        min(1.0, difference + math.hypot(own.high - rate, other_rate - other.low)),
    )


def katz_ratio(events: int, n: int, other_events: int, other_n: int, *, level: float = LEVEL) -> Interval | None:
    """Log interval of the ratio ``(events/n) / (other_events/other_n)``.

    Parameters
    ----------
    events, n, other_events, other_n : int
        Counts of two independent samples.
    level : float, default 0.95
        Confidence level within (0, 1).

    Returns
    -------
    Interval or None
        None where the formula has no meaning: a numerator of zero, or both rates exactly one (its standard error is
        then zero, which would claim certainty).

    References
    ----------
    Katz, Baptista, Azen and Pike (1978), Biometrics 34, 469–474, doi:10.2307/2530610.
    """
    check_counts(events, n)
    check_counts(other_events, other_n)
    if events == 0 or other_events == 0 or (events == n and other_events == other_n):
        return None
    ratio = (events / n) / (other_events / other_n)
    reach = math.exp(normal_quantile(level) * math.sqrt(1 / events - 1 / n + 1 / other_events - 1 / other_n))
    return Interval(ratio / reach, ratio * reach)


def effective_n(weights: npt.NDArray[np.float64]) -> float | None:
    """Rows of equal weight that would tell as much as these: the square of the sum over the sum of squares.

    Parameters
    ----------
    weights : numpy.ndarray
        Finite and >= 0, shape (n_rows,).

    Returns
    -------
    float or None
        Between 1 and the number of rows of positive weight; None where there is none.

    References
    ----------
    Kish (1965), Survey Sampling, section 11.7; (1992), Journal of Official Statistics 8, 183–200.

    Examples
    --------
    >>> import numpy as np
    >>> effective_n(np.array([2.0, 2.0, 2.0])), effective_n(np.array([1.0, 1.0, 0.0]))
    (3.0, 2.0)
    """
    largest = float(weights.max(initial=0.0))
    if not largest > 0:
        return None
    relative = weights / largest  # so that no square overflows or vanishes
    return float(relative.sum() ** 2 / (relative**2).sum())


def korn_graubard(rate: float, effective: float, *, level: float = LEVEL) -> Interval | None:
    """Clopper–Pearson interval of a weighted rate, at its effective number of rows.

    Limits: it is as good as the effective number. Kish's takes weights to be unrelated to the outcome and rows to be
    independent; that of `spread` takes neither. Where it is small the interval is wide, not exact.

    Parameters
    ----------
    rate : float
        Weighted share of events, within [0, 1] but for rounding.
    effective : float
        Effective number of rows behind the rate, as `effective_n` or `spread.StateSums.spread` gives it.
    level : float, default 0.95
        Confidence level within (0, 1).

    Returns
    -------
    Interval or None
        Within [0, 1]; equal to `clopper_pearson` for weights that are all the same. None below one effective row.

    References
    ----------
    Korn and Graubard (1998), Survey Methodology 24, 193–201.
    """
    if not 0 <= rate <= 1 + 1e-9:
        raise ValueError(f"a rate lies within 0 and 1, got {rate}")
    rate = min(1.0, rate)
    if effective < 1:
        return None
    events, tail = rate * effective, (1 - level) / 2
    rest = effective - events
    low = 0.0 if events <= 0 else float(special.betaincinv(events, rest + 1, tail))
    high = 1.0 if rest <= 0 else float(special.betainccinv(events + 1, rest, tail))
    return Interval(low, high)


def student_mean(mean: float, variance: float, n: int, *, level: float = LEVEL) -> Interval | None:
    """Student's interval of a mean.

    Parameters
    ----------
    mean, variance : float
        Mean and unbiased variance of the sample.
    n : int
        Size of the sample.
    level : float, default 0.95
        Confidence level within (0, 1).

    Returns
    -------
    Interval or None
        None for fewer than two rows, or where nothing varies.

    References
    ----------
    Student (1908), Biometrika 6, 1–25, doi:10.2307/2331554.
    """
    if n < 2 or not variance > 0:
        return None
    reach = _t(level, n - 1) * math.sqrt(variance / n)
    return Interval(mean - reach, mean + reach)


def student_of(values: npt.NDArray[np.float64], *, least: float | None = None) -> Interval | None:
    """Student's interval of the mean of unweighted rows, cut at `least`.

    Parameters
    ----------
    values : numpy.ndarray
        One number per row, shape (n_rows,).
    least : float, optional
        What no mean can be below.

    Returns
    -------
    Interval or None
        None for fewer than two rows, or where nothing varies.
    """
    # Equal numbers have a variance of rounding alone, which would claim certainty.
    if len(values) < 2 or values.min() == values.max():
        return None
    interval = student_mean(float(values.mean()), float(values.var(ddof=1)), len(values))
    return interval if interval is None or least is None else interval.cut(least)


def welch_difference(
    own: tuple[float, float, int], other: tuple[float, float, int], *, level: float = LEVEL
) -> Interval | None:
    """Welch's interval of the difference of two means, own − other, variances unequal.

    Parameters
    ----------
    own, other : tuple of (float, float, int)
        Mean, unbiased variance and size of each sample.
    level : float, default 0.95
        Confidence level within (0, 1).

    Returns
    -------
    Interval or None
        None for fewer than two rows on a side, or where nothing varies.

    References
    ----------
    Welch (1947), Biometrika 34, 28–35, doi:10.2307/2332510.
    """
    (mean, variance, n), (other_mean, other_variance, other_n) = own, other
    if min(n, other_n) < 2 or not variance + other_variance > 0:
        return None
    part, other_part = variance / n, other_variance / other_n
    freedom = (part + other_part) ** 2 / (part**2 / (n - 1) + other_part**2 / (other_n - 1))
    reach = _t(level, freedom) * math.sqrt(part + other_part)
    return Interval(mean - other_mean - reach, mean - other_mean + reach)


def wald(estimate: float, variance: float, *, level: float = LEVEL) -> Interval:
    """Normal interval of a maximum likelihood estimate with its variance from the information matrix."""
    reach = normal_quantile(level) * math.sqrt(variance)
    return Interval(estimate - reach, estimate + reach)


@dataclass(frozen=True, slots=True, kw_only=True)
class AucEstimate:
    """Area under the ROC curve with its uncertainty."""

    value: float
    """Share of pairs (positive, negative) ranked rightly, ties counting half."""
    variance: float | None
    """DeLong's variance; None with fewer than two rows of a class."""
    interval: Interval | None
    """None where the variance is unknown or zero (a zero would claim certainty)."""


def delong(positives: npt.NDArray[np.int64], negatives: npt.NDArray[np.int64], *, level: float = LEVEL) -> AucEstimate:
    """Area under the ROC curve with DeLong's variance, from counts at each distinct score.

    The placement of a positive is the share of negatives below it, ties counting half, and the reverse for a negative.
    All rows with one score share a placement, so after one sort the variance is a sum over distinct scores: the midrank
    form of Sun and Xu with ties collapsed.

    Parameters
    ----------
    positives, negatives : numpy.ndarray
        Number of rows of each class at each distinct score, scores ascending; shape (n_scores,); both sums >= 1.
    level : float, default 0.95
        Confidence level within (0, 1).

    Returns
    -------
    AucEstimate
        With a normal interval cut to [0, 1].

    References
    ----------
    DeLong, DeLong and Clarke-Pearson (1988), Biometrics 44, 837–845, doi:10.2307/2531595; Sun and Xu (2014), IEEE
    Signal Processing Letters 21, 1389–1393, doi:10.1109/LSP.2014.2337313.
    """
    m, n = int(positives.sum()), int(negatives.sum())
    if m < 1 or n < 1:
        raise ValueError("the area under the ROC curve needs rows of both classes")
    twice_below = 2 * (negatives.cumsum() - negatives) + negatives
    twice_above = 2 * (m - positives.cumsum()) + positives
    value = int((positives * twice_below).sum()) / (2 * m * n)
    if min(m, n) < 2:
        return AucEstimate(value=value, variance=None, interval=None)
    of_positives = float((positives * (twice_below / (2 * n) - value) ** 2).sum()) / (m - 1)
    of_negatives = float((negatives * (twice_above / (2 * m) - value) ** 2).sum()) / (n - 1)
    variance = of_positives / m + of_negatives / n
    reach = normal_quantile(level) * math.sqrt(variance)
    interval = Interval(max(0.0, value - reach), min(1.0, value + reach)) if variance > 0 else None
    return AucEstimate(value=value, variance=variance, interval=interval)


def check_counts(events: int, n: int) -> None:
    """Raise ValueError unless the counts can be a proportion."""
    if n < 1 or not 0 <= events <= n:
        raise ValueError(f"a proportion needs 0 <= events <= n and n >= 1, got {events} of {n}")


def normal_quantile(level: float) -> float:
    """Standard normal deviate that leaves half of ``1 − level`` above it."""
    return NormalDist().inv_cdf((1 + level) / 2)


def _t(level: float, freedom: float) -> float:
    quantile: Any = special.stdtrit(freedom, (1 + level) / 2)
    return float(quantile)
