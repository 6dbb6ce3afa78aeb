"""How far chance alone can carry the difference of two figures, from their own intervals.

References
----------
Independent figures: Zou and Donner (2008), Statistics in Medicine 27, 1693–1702, doi:10.1002/sim.3095, who recover the
variance of a difference from the limits of both; for two Wilson intervals it is Newcombe (1998), method 10. With the
correlation r of the figures the reach is ``sqrt(x² + y² − 2 r x y)``, which for no r is more than ``x + y``: that is
the bound where the same rows are behind both and nobody has them at hand.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from explainkit.assess.statistics.intervals import Interval, normal_quantile
from explainkit.assess.statistics.multiplicity import holm
from explainkit.figures import Figure

LEVEL = 0.05
"""A p-value adjusted within its family, up to which a difference is beyond noise."""

INDEPENDENT = (
    "interval from those of both figures, as of independent samples (MOVER; Zou and Donner 2008, Newcombe 1998)"
)
BOUND = (
    "interval from those of both figures that holds whatever their correlation (reaches added up): the same rows are "
    "behind both, and the cards do not hold them"
)
P_VALUE = "two-sided p-value from the end of the interval nearer to zero, as of a normal deviate"
ADJUSTED = "the p-value adjusted within its family of figures (Holm 1979)"


def has_interval(figure: Figure) -> bool:
    """Whether a figure has a confidence interval; the least and largest possible value are none."""
    return None not in (figure.value, figure.low, figure.high, figure.level)


def independent(before: Figure, after: Figure) -> Interval:
    """Interval of after − before where the samples are independent; both have intervals of one level."""
    return _between(before, after, math.hypot)


def bounded(before: Figure, after: Figure) -> Interval:
    """Interval of after − before that holds whatever the correlation of both; both have intervals of one level."""
    return _between(before, after, lambda one, other: one + other)


def _between(before: Figure, after: Figure, reach: Callable[[float, float], float]) -> Interval:
    (a, low_a, high_a), (b, low_b, high_b) = _ends(before), _ends(after)
    difference = b - a
    down = reach(max(0.0, b - low_b), max(0.0, high_a - a))
    up = reach(max(0.0, high_b - b), max(0.0, a - low_a))
    return Interval(difference - down, difference + up)


def _ends(figure: Figure) -> tuple[float, float, float]:
    assert figure.value is not None
    assert figure.low is not None
    assert figure.high is not None
    return float(figure.value), float(figure.low), float(figure.high)


def p_value(difference: float, interval: Interval, *, level: float) -> float | None:
    """How often chance alone gives a difference as large, from the interval's reach towards zero.

    At most ``1 − level`` exactly where the interval leaves zero out. Of an interval that was cut at what the figure can
    be, the end away from zero plays no part.

    Returns
    -------
    float or None
        None where the interval does not reach towards zero at all: it says nothing then.

    Examples
    --------
    >>> round(p_value(0.1, Interval(0.0, 0.2), level=0.95), 6)
    0.05
    """
    if difference == 0:
        return 1.0
    reach = difference - interval.low if difference > 0 else interval.high - difference
    if not reach > 0:
        return None
    return math.erfc(abs(difference) / reach * normal_quantile(level) / math.sqrt(2))


def adjusted(p_values: Sequence[float], families: Sequence[str]) -> list[float]:
    """Holm's p-values within each family, in the same order."""
    found = list(p_values)
    for family in dict.fromkeys(families):
        places = [i for i, own in enumerate(families) if own == family]
        for place, value in zip(places, holm([p_values[i] for i in places]).tolist(), strict=True):
            found[place] = value
    return found
