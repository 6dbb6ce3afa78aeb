"""Intervals of the largest difference and the smallest ratio: by pairs, one at a time, and by simulation."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from explainkit.assess.statistics.extremes import largest_difference_interval, smallest_ratio_interval
from explainkit.assess.statistics.intervals import newcombe_difference, wilson
from explainkit.assess.statistics.mover import RateFamily

GROUPS = st.lists(st.integers(0, 60).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))), max_size=5)
LEVELS = st.sampled_from([0.8, 0.95])


def family(groups):
    return RateFamily.of_counts(np.array([a for a, _ in groups], int), np.array([n for _, n in groups], int))


def mover_ratio(a, n, b, m, level):
    """Donner and Zou (2012), equations of the ratio, as printed."""
    own, other, p, q = wilson(a, n, level=level), wilson(b, m, level=level), a / n, b / m

    def limit(u, v, sign):
        """The root of p²q² − u·v·(2p − u)(2q − v), over v(2q − v)."""
        root = math.sqrt(max(0.0, (p * q) ** 2 - u * v * (2 * p - u) * (2 * q - v)))
        return (p * q + sign * root) / (v * (2 * q - v))

    low = limit(own.low, other.high, -1)
    high = limit(own.high, other.low, 1) if other.low > 0 else math.inf
    return low, high


@given(st.lists(GROUPS, min_size=1, max_size=2), LEVELS)
def test_largest_difference_by_pairs(families, level):
    pairs = [pair for groups in families for pair in itertools.permutations([g for g in groups if g[1]], 2)]
    interval = largest_difference_interval([family(groups) for groups in families], level=level)
    if not pairs:
        assert interval is None
        return
    together = 1 - (1 - level) / len(pairs)
    low = max(0, *(newcombe_difference(*own, *other, level=together).low for own, other in pairs))
    high = max(newcombe_difference(*own, *other, level=level).high for own, other in pairs)
    assert interval is not None
    assert (interval.low, interval.high) == pytest.approx((low, high), abs=1e-12)
    assert interval.low - 1e-12 <= max(a / n - b / m for (a, n), (b, m) in pairs) <= interval.high


def test_the_smallest_of_two_ratios_holds_both():
    one, other = family([(20, 100), (30, 100)]), family([(50, 100), (60, 200)])
    each = [smallest_ratio_interval([rate]) for rate in (one, other)]
    both = smallest_ratio_interval([one, other])
    assert both.low == min(interval.low for interval in each)
    assert both.high > min(interval.high for interval in each)  # twice as many pairs to be held together


def test_a_reference_that_is_worst_off_takes_part_with_its_own_ratio():
    counts = [(100, 400), (300, 400), (290, 400)]
    interval = smallest_ratio_interval([family(counts)], reference=0)
    assert (interval.low, interval.high) == (1.0, 1.0)


@given(GROUPS, LEVELS)
def test_smallest_ratio_by_pairs(groups, level):
    shown = [group for group in groups if group[1]]
    pairs = list(itertools.permutations(shown, 2))
    interval = smallest_ratio_interval([family(groups)], level=level)
    if not pairs or not any(a for a, _ in groups):
        assert interval is None
        return
    assert interval is not None
    rates = [a / n for a, n in shown]
    assert 0 <= interval.low <= min(rates) / max(rates) <= interval.high + 1e-12 <= 1 + 1e-12
    # The printed formula divides by 2q − u, which may be zero or negative for few events.
    if all(2 * a / n > wilson(a, n, level=0.9999).high for a, n in shown):
        together = 1 - (1 - level) / len(pairs)
        low = min(mover_ratio(*own, *other, level)[0] for own, other in pairs)
        high = min(1, *(mover_ratio(*own, *other, together)[1] for own, other in pairs))
        assert (interval.low, interval.high) == pytest.approx((low, high), rel=1e-9)


def test_nothing_is_proven_by_one_empty_group_among_few():
    interval = smallest_ratio_interval([family([(0, 3), (4, 6)])])
    assert interval is not None
    assert (interval.low, interval.high) == (0.0, 1.0)
