"""Which differences a comparison of two groups can show at all, from the sizes of the groups.

Computed from the sizes and the rate of the reference alone. The power "observed" at the difference found would add
nothing to its p-value (Hoenig and Heisey 2001, The American Statistician 55, 19–24, doi:10.1198/000313001300339897).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist

from explainkit.assess.statistics.intervals import normal_quantile

ALPHA = 0.05
"""Two-sided level of the test."""
POWER = 0.8
"""Chance that a difference of the size stated is found."""

_STEPS = 60
"""Halvings of [0, 1]: as far as the numbers tell apart."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Detectable:
    """Smallest differences of a rate from a reference that a test finds at the power asked for."""

    below: float | None
    """How far below the rate of the reference; None where even a rate of 0 would not be found."""
    above: float | None
    """How far above it; None where even a rate of 1 would not be found."""


def detectable(
    reference_rate: float, reference_n: int, n: int, *, alpha: float = ALPHA, power: float = POWER
) -> Detectable:
    """Smallest difference of two proportions that the two-sided score test finds.

    By the normal approximation: good to about one point of power where at least ten events and ten non-events are
    expected in either group, rough below.

    Parameters
    ----------
    reference_rate : float
        Rate of the reference, within [0, 1].
    reference_n, n : int
        Rows of the reference and of the group compared with it, >= 1.
    alpha : float, default 0.05
        Two-sided level.
    power : float, default 0.8
        Within (alpha/2, 1).

    Returns
    -------
    Detectable
        Differences within (0, 1].

    References
    ----------
    Fleiss, Levin and Paik (2003), Statistical Methods for Rates and Proportions, 3rd edition, chapter 4, without
    continuity correction, solved for the difference.

    Examples
    --------
    >>> found = detectable(0.5, 200, 200)
    >>> round(found.below, 3), round(found.above, 3)
    (0.138, 0.138)
    """
    if not 0 <= reference_rate <= 1 or min(reference_n, n) < 1 or not 0 < alpha < 1 or not alpha / 2 < power < 1:
        raise ValueError(
            "a rate and alpha within 0 and 1, sizes >= 1 and a power within (alpha/2, 1) are needed, got "
            f"{reference_rate}, {alpha}, {reference_n}, {n}, {power}"
        )

    def smallest(sign: int, largest: float) -> float | None:
        def found(difference: float) -> bool:
            rate = reference_rate + sign * difference
            return power_of(reference_rate, reference_n, rate, n, alpha=alpha) >= power

        if not found(largest):
            return None
        missed, enough = 0.0, largest
        for _ in range(_STEPS):
            middle = (missed + enough) / 2
            missed, enough = (missed, middle) if found(middle) else (middle, enough)
        return enough

    return Detectable(below=smallest(-1, reference_rate), above=smallest(1, 1 - reference_rate))


def power_of(reference_rate: float, reference_n: int, rate: float, n: int, *, alpha: float = ALPHA) -> float:
    """Chance that the two-sided score test finds the difference of two given rates, on the side where it lies.

    Parameters
    ----------
    reference_rate, rate : float
        Within [0, 1].
    reference_n, n : int
        Rows, >= 1.
    alpha : float, default 0.05
        Two-sided level.
    """
    rate = min(1.0, max(0.0, rate))
    pooled = (reference_n * reference_rate + n * rate) / (reference_n + n)
    under_equality = math.sqrt(pooled * (1 - pooled) * (1 / reference_n + 1 / n))
    error = math.sqrt(reference_rate * (1 - reference_rate) / reference_n + rate * (1 - rate) / n)
    excess = abs(rate - reference_rate) - normal_quantile(1 - alpha) * under_equality
    if error == 0:
        return 1.0 if excess > 0 else 0.0
    return NormalDist().cdf(excess / error)
