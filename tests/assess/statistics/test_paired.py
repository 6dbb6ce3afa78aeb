"""Intervals of paired differences, from their definitions by brute force and by how often they hold."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from explainkit.assess.statistics.intervals import wilson
from explainkit.assess.statistics.paired import delong_difference, newcombe_paired

COUNTS = st.integers(0, 60)


def placements(scores, positive):
    """Share of the other class that each row is on the right side of, pair by pair."""

    def won(a, b):
        return 1.0 if a > b else 0.5 if a == b else 0.0

    above, below = scores[positive], scores[~positive]
    table = np.array([[won(a, b) for b in below] for a in above])
    return table.mean(axis=1), table.mean(axis=0)


def delong_by_brute_force(own, other, positive):
    """Covariance matrix of both areas (DeLong 1988, equations 4 to 6), then the variance of their difference."""
    ten = np.array([placements(s, positive)[0] for s in (own, other)])
    one = np.array([placements(s, positive)[1] for s in (own, other)])
    covariance = np.cov(ten) / ten.shape[1] + np.cov(one) / one.shape[1]
    contrast = np.array([1, -1])
    areas = ten.mean(axis=1)
    reach = stats.norm.ppf(0.975) * math.sqrt(contrast @ covariance @ contrast)
    return areas[0] - areas[1] - reach, areas[0] - areas[1] + reach


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("decimals", [0, 1, 8])
def test_delong_is_that_of_all_pairs(seed, decimals):
    rng = np.random.default_rng(seed)
    positive = rng.random(60) < 0.4
    own = np.round(rng.normal(size=60) + positive, decimals)
    other = np.round(own + rng.normal(size=60), decimals)
    found = delong_difference(own, other, positive)
    low, high = delong_by_brute_force(own, other, positive)
    assert (found.low, found.high) == pytest.approx((max(low, -1), min(high, 1)), abs=1e-12)


def test_delong_has_no_interval_where_nothing_differs_or_too_few_rows_are_there():
    rng = np.random.default_rng(1)
    scores, positive = rng.normal(size=50), np.arange(50) % 2 == 0
    assert delong_difference(scores, scores, positive) is None
    assert delong_difference(scores, 3 * scores + 1, positive) is None
    assert delong_difference(scores, -scores, np.arange(50) == 0) is None
    constant = delong_difference(scores, np.zeros(50), positive)
    assert constant.low < constant.high


def newcombe_by_definition(a, b, c, d):
    """Method 10 as the paper writes it."""
    n = a + b + c + d
    (l2, u2), (l3, u3) = ((i.low, i.high) for i in (wilson(a + b, n), wilson(a + c, n)))
    p2, p3 = (a + b) / n, (a + c) / n
    dl2, du2, dl3, du3 = p2 - l2, u2 - p2, p3 - l3, u3 - p3
    product = (a + b) * (c + d) * (a + c) * (b + d)
    numerator = a * d - b * c
    if numerator > n / 2:
        numerator -= n / 2
    elif numerator >= 0:
        numerator = 0
    phi = 0 if product == 0 else numerator / product**0.5
    delta = math.sqrt(dl2**2 - 2 * phi * dl2 * du3 + du3**2)
    epsilon = math.sqrt(du2**2 - 2 * phi * du2 * dl3 + dl3**2)
    return (b - c) / n - delta, (b - c) / n + epsilon


@given(COUNTS, COUNTS, COUNTS, COUNTS)
def test_newcombe_is_its_definition(a, b, c, d):
    if a + b + c + d:
        found = newcombe_paired(a, b, c, d)
        low, high = newcombe_by_definition(a, b, c, d)
        assert (found.low, found.high) == pytest.approx((max(low, -1), min(high, 1)), abs=1e-12)
        assert -1 <= found.low <= (b - c) / (a + b + c + d) + 1e-12
        assert found.high > found.low


@given(COUNTS, COUNTS, COUNTS, COUNTS)
def test_the_other_way_round_newcombe_changes_its_sign(a, b, c, d):
    if a + b + c + d:
        found, turned = newcombe_paired(a, b, c, d), newcombe_paired(a, c, b, d)
        assert (found.low, found.high) == pytest.approx((-turned.high, -turned.low), abs=1e-12)


@pytest.mark.parametrize(("n", "agree"), [(60, 0.5), (60, 0.9), (300, 0.8)])
def test_newcombe_holds_the_difference_about_as_often_as_it_says(n, agree):
    rng = np.random.default_rng([n, int(100 * agree)])
    shares = np.array([0.8 * agree, (1 - agree) * 0.6, (1 - agree) * 0.4, 0.2 * agree])
    draws = rng.multinomial(n, shares, size=2000)
    truth = shares[1] - shares[2]
    held = [(i := newcombe_paired(*map(int, draw))).low <= truth <= i.high for draw in draws]
    assert 0.935 <= np.mean(held) <= 0.985


def test_delong_holds_the_difference_about_as_often_as_it_says():
    rng = np.random.default_rng(3)
    # Two scores that are as good: the difference is zero.
    held = []
    for _ in range(400):
        positive = rng.random(150) < 0.4
        shared = rng.normal(size=150) + positive
        found = delong_difference(shared + rng.normal(size=150), shared + rng.normal(size=150), positive)
        held.append(found.low <= 0 <= found.high)
    assert 0.92 <= np.mean(held) <= 0.98
