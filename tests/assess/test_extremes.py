"""Intervals of the largest difference and the smallest ratio: by pairs, one at a time, and by simulation."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from explainkit.assess.extremes import (
    largest_difference_interval,
    largest_difference_of_draws,
    smallest_ratio_interval,
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


def test_of_draws_by_pairs():
    rng = np.random.default_rng(3)
    estimates = np.array([0.2, 0.35, 0.5])
    draws = rng.multivariate_normal(estimates, [[4e-4, 1e-4, 0], [1e-4, 5e-4, 0], [0, 0, 6e-4]], size=4_000)
    interval = largest_difference_of_draws(estimates, draws, counts=[5, 5])
    highs, lows = [], []
    for i, j in itertools.permutations(range(3), 2):
        error = (draws[:, i] - draws[:, j]).std(ddof=1)
        highs.append(estimates[i] - estimates[j] + 1.959963984540054 * error)
        lows.append(estimates[i] - estimates[j] - 2.638257273476751 * error)  # leaves 0.025/6 below
    assert interval is not None
    assert (interval.low, interval.high) == pytest.approx((max(lows), max(highs)), abs=1e-12)
    assert largest_difference_of_draws(estimates, draws, counts=[5, 0]) is None
    assert largest_difference_of_draws(estimates[:1], draws[:, :1], counts=[5, 5]) is None
    draws[:201, 1] = np.nan
    assert largest_difference_of_draws(estimates, draws, counts=[5, 5]) is None
