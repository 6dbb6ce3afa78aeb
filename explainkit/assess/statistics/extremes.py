"""Intervals of the largest difference and the smallest ratio over groups, which hold where groups are equal in truth.

Which groups are furthest apart is chosen by looking at the data, so the interval of that one pair would claim too much,
and a bootstrap of the largest difference fails where several groups nearly tie. Here every pair has its interval:

- the bound away from equality is the furthest of the pairs' own bounds; it can only fail if that of the pair that is
  furthest apart in truth does, so no correction is needed;
- the bound towards equality is the furthest that any pair proves, at a level that all pairs hold together (Bonferroni).

Coverage is at least the level as far as the interval of a pair holds; with many groups it is well above it.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from explainkit.assess.statistics.intervals import LEVEL, Interval
from explainkit.assess.statistics.mover import RateFamily

Floats = npt.NDArray[np.float64]


def largest_difference_interval(families: Sequence[RateFamily], *, level: float = LEVEL) -> Interval | None:
    """Interval of the largest difference of a rate between two groups.

    Parameters
    ----------
    families : sequence of RateFamily
        One rate of several groups. Of several rates (true and false positive rates for equalised odds) the largest
        difference of any.
    level : float, default 0.95
        Confidence level within (0, 1).

    Returns
    -------
    Interval or None
        Within [0, 1]; its lower bound is 0 where no pair of groups is proven to differ. None where no rate has two
        groups, or where the precision of one is not known.
    """
    families = [family for family in families if len(family.rates) > 1]
    pairs = _pairs(families)
    lows, highs = [], []
    for family in families:
        each, together = family.limits(level), family.limits(1 - (1 - level) / pairs)
        if each is None or together is None:
            return None
        highs.append(_of_others(each.differences()[1], -np.inf).max())
        lows.append(_of_others(together.differences()[0], -np.inf).max())
    return Interval(max(0.0, float(max(lows))), min(1.0, float(max(highs)))) if pairs else None


def smallest_ratio_interval(
    families: Sequence[RateFamily], *, reference: int | None = None, level: float = LEVEL
) -> Interval | None:
    """Interval of the smallest ratio of a rate between two groups, or to one that was named beforehand.

    Parameters
    ----------
    families : sequence of RateFamily
        One rate of several groups. Of several rates the smallest ratio of any.
    reference : int, optional
        Place of the group that every ratio is taken to; any two groups are compared where left out.
    level : float, default 0.95
        Confidence level within (0, 1).

    Returns
    -------
    Interval or None
        Within [0, 1]; its upper bound is 1 where no pair of groups is proven to differ. None for fewer than two groups,
        where no group has an event, or where the precision of one is not known.
    """
    families = [family for family in families if len(family.rates) > 1 and family.events.any()]
    pairs = _pairs(families) if reference is None else sum(len(family.rates) - 1 for family in families)
    compared = slice(None) if reference is None else [reference]
    lows, highs = [], []
    for family in families:
        each, together = family.limits(level), family.limits(1 - (1 - level) / pairs)
        if each is None or together is None:
            return None
        lows.append(_of_others(each.ratios()[0], np.inf)[:, compared].min())
        highs.append(_of_others(together.ratios()[1], np.inf)[:, compared].min())
    # Where a reference is named, its own ratio of one takes part too.
    return Interval(min(1.0, float(min(lows))), min(1.0, float(min(highs)))) if pairs else None


def _pairs(families: Sequence[RateFamily]) -> int:
    """Ordered pairs of groups, over all rates."""
    return sum(len(family.rates) * (len(family.rates) - 1) for family in families)


def _of_others(limits: Floats, otherwise: float) -> Floats:
    """The limits, with a value that is never chosen for a group and itself."""
    np.fill_diagonal(limits, otherwise)
    return limits
