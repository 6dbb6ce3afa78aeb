"""Intervals of the largest difference and the smallest ratio: by pairs, one at a time, and by simulation."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from explainkit.assess.extremes import (
    largest_difference_interval,
    largest_difference_of_draws,
    smallest_ratio_interval,
    smallest_ratio_of_draws,
)
from explainkit.assess.intervals import newcombe_difference, wilson

GROUPS = st.lists(st.integers(0, 60).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))), max_size=5)
LEVELS = st.sampled_from([0.8, 0.95])


def arrays(groups):
    return np.array([a for a, _ in groups], int), np.array([n for _, n in groups], int)


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
    interval = largest_difference_interval([arrays(groups) for groups in families], level=level)
    if not pairs:
        assert interval is None
        return
    together = 1 - (1 - level) / len(pairs)
    low = max(0, *(newcombe_difference(*own, *other, level=together).low for own, other in pairs))
    high = max(newcombe_difference(*own, *other, level=level).high for own, other in pairs)
    assert interval is not None
    assert (interval.low, interval.high) == pytest.approx((low, high), abs=1e-12)
    assert interval.low - 1e-12 <= max(a / n - b / m for (a, n), (b, m) in pairs) <= interval.high


@given(GROUPS, LEVELS)
def test_smallest_ratio_by_pairs(groups, level):
    shown = [group for group in groups if group[1]]
    pairs = list(itertools.permutations(shown, 2))
    interval = smallest_ratio_interval(*arrays(groups), level=level)
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
    interval = smallest_ratio_interval(np.array([0, 4]), np.array([3, 6]))
    assert interval is not None
    assert (interval.low, interval.high) == (0.0, 1.0)


RATES = np.array([0.2, 0.35, 0.5])


def some_draws(seed=3):
    rng = np.random.default_rng(seed)
    return rng.multivariate_normal(RATES, [[4e-4, 1e-4, 0], [1e-4, 5e-4, 0], [0, 0, 6e-4]], size=4_000)


def by_pairs(families, z_together):
    """Normal intervals of each pair, the furthest bounds of them."""
    highs, lows = [], []
    for estimates, draws in families:
        for i, j in itertools.permutations(range(len(estimates)), 2):
            error = (draws[:, i] - draws[:, j]).std(ddof=1)
            highs.append(estimates[i] - estimates[j] + 1.959963984540054 * error)
            lows.append(estimates[i] - estimates[j] - z_together * error)
    return max(lows), max(highs)


def test_of_draws_by_pairs():
    one, other = (RATES, some_draws()), (RATES + 0.1, some_draws(4)[:, ::-1] * 2)
    found = largest_difference_of_draws([one], counts=[5, 5])
    assert found is not None
    assert (found.low, found.high) == pytest.approx(by_pairs([one], stats.norm.isf(0.025 / 6)), abs=1e-12)
    both = largest_difference_of_draws([one, other], counts=[5, 5])
    assert both is not None
    assert (both.low, both.high) == pytest.approx(by_pairs([one, other], stats.norm.isf(0.025 / 12)), abs=1e-12)
    ratio = smallest_ratio_of_draws(*one, counts=[5, 5])
    low, high = by_pairs([(np.log(one[0]), np.log(one[1]))], stats.norm.isf(0.025 / 6))
    assert ratio is not None
    assert (ratio.low, ratio.high) == pytest.approx((math.exp(-high), math.exp(-low)), abs=1e-12)


def test_draws_that_prove_nothing():
    equal = smallest_ratio_of_draws(np.full(3, 0.4), some_draws(), counts=[5])
    assert equal is not None
    assert equal.low < equal.high == 1
    narrow = largest_difference_of_draws([(np.full(3, 0.4), some_draws())], counts=[5])
    assert narrow is not None
    assert narrow.low == 0 < narrow.high


def test_draws_that_allow_no_interval():
    draws = some_draws()
    assert largest_difference_of_draws([(RATES, draws)], counts=[5, 0]) is None
    assert smallest_ratio_of_draws(RATES, draws, counts=[5, 0]) is None
    assert largest_difference_of_draws([(RATES[:1], draws[:, :1])], counts=[5, 5]) is None
    draws[:200, 1] = 0  # without a logarithm
    assert smallest_ratio_of_draws(RATES, draws, counts=[5, 5]) is not None
    draws[:201, 1] = 0
    assert smallest_ratio_of_draws(RATES, draws, counts=[5, 5]) is None
    draws[:201, 1] = np.nan
    assert largest_difference_of_draws([(RATES, draws)], counts=[5, 5]) is None
