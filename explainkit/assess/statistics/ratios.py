"""Score interval of a ratio of two rates, for small counts and for none."""

from __future__ import annotations

import math
from collections.abc import Callable

from explainkit.assess.statistics.intervals import LEVEL, Interval, check_counts, normal_quantile

_STEPS = 200
"""More than bisection ever needs to tell two neighbouring numbers apart."""


def koopman_ratio(events: int, n: int, other_events: int, other_n: int, *, level: float = LEVEL) -> Interval | None:
    """Asymptotic score interval of the ratio ``(events/n) / (other_events/other_n)``.

    All ratios that a score test of the two counts does not reject. Unlike the log interval of Katz it exists where no
    event was seen in the first sample, and where both rates are one.

    Parameters
    ----------
    events, n, other_events, other_n : int
        Counts of two independent samples.
    level : float, default 0.95
        Confidence level within (0, 1).

    Returns
    -------
    Interval or None
        Not negative, the lower bound exactly 0 at no events. None where the other sample has no event: the ratio is
        then undefined and not bounded.

    References
    ----------
    Koopman (1984), Biometrics 40, 513–517, doi:10.2307/2531405; the estimate under the hypothesis and the statistic as
    Miettinen and Nurminen (1985), Statistics in Medicine 4, 213–226, doi:10.1002/sim.4780040211, without their factor
    N/(N − 1).

    Examples
    --------
    >>> interval = koopman_ratio(7, 34, 1, 34)
    >>> round(interval.low, 3), round(interval.high, 2)
    (1.221, 42.58)
    """
    check_counts(events, n)
    check_counts(other_events, other_n)
    if other_events == 0:
        return None
    z = normal_quantile(level)
    start = max(events, 1e-3) / n / (other_events / other_n)
    low = 0.0
    if events:
        low = _crossing(lambda ratio: _score(ratio, events, n, other_events, other_n) < z, start, 0.5)
    high = _crossing(lambda ratio: _score(ratio, events, n, other_events, other_n) > -z, start, 2.0)
    return Interval(low, high)


def _score(ratio: float, events: int, n: int, other_events: int, other_n: int) -> float:
    """Standardised distance of the counts from a ratio; falls as the ratio grows."""
    # The rates most likely under the hypothesis: a quadratic equation, solved without cancellation.
    linear = (n + other_events) * ratio + events + other_n
    total = events + other_events
    root = math.sqrt(max(0.0, linear * linear - 4 * (n + other_n) * ratio * total))
    other_rate = min(1.0, 2 * total / (linear + root))
    rate = min(1.0, ratio * other_rate)
    variance = rate * (1 - rate) / n + ratio * ratio * other_rate * (1 - other_rate) / other_n
    distance = events / n - ratio * other_events / other_n
    if variance <= 0:
        return 0.0 if distance == 0 else math.copysign(math.inf, distance)
    return distance / math.sqrt(variance)


def _crossing(inside: Callable[[float], bool], start: float, factor: float) -> float:
    """Where `inside` ends, going from `start` by `factor` at a time and then by halves."""
    within, beyond = start, start * factor
    while inside(beyond):
        within, beyond = beyond, beyond * factor
    for _ in range(_STEPS):
        middle = (within + beyond) / 2
        if middle in (within, beyond):
            break
        within, beyond = (middle, beyond) if inside(middle) else (within, middle)
    return within
