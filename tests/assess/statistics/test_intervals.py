"""Intervals against their published examples, other libraries, and their definitions by brute force."""

from __future__ import annotations

import math
import statistics

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from scipy.stats.contingency import relative_risk

from explainkit.assess.statistics import ranking
from explainkit.assess.statistics.intervals import (
    clopper_pearson,
    delong,
    effective_n,
    katz_ratio,
    korn_graubard,
    newcombe_difference,
    student_mean,
    wald,
    welch_difference,
    wilson,
)

COUNTS = st.integers(1, 3000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))
LEVELS = st.sampled_from([0.8, 0.9, 0.95, 0.99])

# Newcombe (1998), Statistics in Medicine 17, 857–872, table I: methods 3 (score) and 5 (exact).
PUBLISHED_RATES = [
    (81, 263, (0.2553, 0.3662), (0.2527, 0.3676)),
    (15, 148, (0.0624, 0.1605), (0.0578, 0.1617)),
    (0, 20, (0.0, 0.1611), (0.0, 0.1684)),
    (1, 29, (0.0061, 0.1718), (0.0009, 0.1776)),
]
# Newcombe (1998), Statistics in Medicine 17, 873–890, table II: method 10.
PUBLISHED_DIFFERENCES = [
    (56, 70, 48, 80, (0.0524, 0.3339)),
    (9, 10, 3, 10, (0.1705, 0.8090)),
    (6, 7, 2, 7, (0.0582, 0.8062)),
    (5, 56, 0, 29, (-0.0381, 0.1926)),
    (0, 10, 0, 20, (-0.1611, 0.2775)),
    (0, 10, 0, 10, (-0.2775, 0.2775)),
    (10, 10, 0, 20, (0.6791, 1.0)),
    (10, 10, 0, 10, (0.6075, 1.0)),
]


@pytest.mark.parametrize(("events", "n", "score", "exact"), PUBLISHED_RATES)
def test_published_intervals_of_rates(events, n, score, exact):
    assert (wilson(events, n).low, wilson(events, n).high) == pytest.approx(score, abs=5e-5)
    assert (clopper_pearson(events, n).low, clopper_pearson(events, n).high) == pytest.approx(exact, abs=5e-5)


@pytest.mark.parametrize(("a", "m", "b", "n", "published"), PUBLISHED_DIFFERENCES)
def test_published_intervals_of_differences(a, m, b, n, published):
    interval = newcombe_difference(a, m, b, n)
    assert (interval.low, interval.high) == pytest.approx(published, abs=5e-5)
    reverse = newcombe_difference(b, n, a, m)
    assert (-reverse.high, -reverse.low) == pytest.approx((interval.low, interval.high), abs=1e-15)


@given(COUNTS, LEVELS)
def test_rates_equal_scipy(counts, level):
    events, n = counts
    test = stats.binomtest(events, n)
    for ours, method in ((wilson, "wilson"), (clopper_pearson, "exact")):
        theirs = test.proportion_ci(level, method)
        got = ours(events, n, level=level)
        assert (got.low, got.high) == pytest.approx((theirs.low, theirs.high), abs=1e-11)
        assert 0 <= got.low <= events / n <= got.high <= 1


@given(COUNTS, COUNTS, LEVELS)
def test_ratio_equals_scipy(own, other, level):
    (a, m), (b, n) = own, other
    interval = katz_ratio(a, m, b, n, level=level)
    if a == 0 or b == 0 or (a == m and b == n):
        assert interval is None
        return
    theirs = relative_risk(a, m, b, n).confidence_interval(level)
    assert interval is not None
    assert (interval.low, interval.high) == pytest.approx((theirs.low, theirs.high), rel=1e-9)


@given(st.lists(st.floats(-1e3, 1e3), min_size=2, max_size=30), st.lists(st.floats(-1e3, 1e3), min_size=2, max_size=30))
def test_means_equal_scipy(own, other):
    samples = [(statistics.fmean(x), statistics.variance(x), len(x)) for x in (own, other)]
    if min(samples[0][1], samples[1][1]) < 1e-6:
        return
    theirs = stats.ttest_1samp(own, 0).confidence_interval(0.95)
    interval = student_mean(*samples[0])
    assert interval is not None
    assert (interval.low, interval.high) == pytest.approx((theirs.low, theirs.high), rel=1e-7, abs=1e-7)
    both = stats.ttest_ind(own, other, equal_var=False).confidence_interval(0.95)
    interval = welch_difference(*samples)
    assert interval is not None
    assert (interval.low, interval.high) == pytest.approx((both.low, both.high), rel=1e-7, abs=1e-7)


def test_an_interval_of_a_mean_needs_two_rows_that_differ():
    assert student_mean(1.0, math.nan, 1) is None
    assert student_mean(1.0, 0.0, 5) is None
    assert welch_difference((1.0, 0.0, 5), (2.0, 0.0, 5)) is None
    assert welch_difference((1.0, math.nan, 1), (2.0, 1.0, 5)) is None


@pytest.mark.parametrize("counts", [(0, 0), (-1, 5), (6, 5)])
@pytest.mark.parametrize("interval", [wilson, clopper_pearson])
def test_impossible_counts_are_refused(interval, counts):
    with pytest.raises(ValueError, match="0 <= events <= n"):
        interval(*counts)


WEIGHTS = st.lists(st.sampled_from([0.0, 0.5, 1.0, 3.25]), max_size=30)


@given(WEIGHTS, st.sampled_from([0.25, 1.0, 7.5]))
def test_effective_rows_are_those_that_give_the_same_variance(weights, scale):
    """A weighted mean of independent rows of variance one has the variance of one over the effective number."""
    effective = effective_n(np.array(weights) * scale)
    total = sum(weights)
    if not total:
        assert effective is None
        return
    assert 1 / effective == pytest.approx(sum((w / total) ** 2 for w in weights))
    assert 1 - 1e-12 <= effective <= sum(w > 0 for w in weights) + 1e-9


@given(COUNTS, LEVELS)
def test_equal_weights_change_nothing(counts, level):
    events, n = counts
    exact = clopper_pearson(events, n, level=level)
    got = korn_graubard(events / n, float(n), level=level)
    assert got is not None
    assert (got.low, got.high) == pytest.approx((exact.low, exact.high), abs=1e-12)


def test_weighted_rates_without_an_interval():
    assert korn_graubard(0.5, 0.99) is None
    assert korn_graubard(0.5, 0.0) is None
    with pytest.raises(ValueError, match="within 0 and 1"):
        korn_graubard(1.5, 20.0)
    fractional = korn_graubard(0.3, 12.5)
    below, above = korn_graubard(0.3, 12.0), korn_graubard(0.3, 13.0)
    assert below is not None
    assert fractional is not None
    assert above is not None
    assert below.low < fractional.low < above.low < above.high < fractional.high < below.high


def test_wald_is_the_normal_interval():
    interval = wald(2.0, 0.25)
    assert (interval.low, interval.high) == pytest.approx(stats.norm.interval(0.95, 2.0, 0.5), abs=1e-12)


def delong_by_definition(positives, negatives):
    """DeLong's estimate by comparing every pair, as in the paper."""
    psi = np.array([[1.0 if x > y else 0.5 if x == y else 0.0 for y in negatives] for x in positives])
    variance = psi.mean(axis=1).var(ddof=1) / len(positives) + psi.mean(axis=0).var(ddof=1) / len(negatives)
    return psi.mean(), variance


SCORES = st.lists(st.one_of(st.integers(0, 5).map(float), st.floats(0, 1)), min_size=2, max_size=25)


@given(SCORES, SCORES)
def test_delong_equals_its_definition(positives, negatives):
    scores = np.array(positives + negatives)
    table = ranking.tabulate(scores, np.arange(len(scores)) < len(positives))
    estimate = delong(table.positives, table.negatives)
    value, variance = delong_by_definition(positives, negatives)
    assert estimate.value == pytest.approx(value, abs=1e-14)
    assert estimate.variance == pytest.approx(variance, abs=1e-14)
    # The same area as Mann and Whitney's U.
    u = stats.mannwhitneyu(positives, negatives).statistic
    assert estimate.value == pytest.approx(u / len(positives) / len(negatives), abs=1e-14)
    if estimate.interval is not None:
        reach = 1.959963984540054 * math.sqrt(variance)
        expected = max(0, value - reach), min(1, value + reach)
        assert (estimate.interval.low, estimate.interval.high) == pytest.approx(expected, abs=1e-9)


def test_delong_claims_no_certainty():
    perfect = delong(np.array([0, 3]), np.array([4, 0]))
    assert (perfect.value, perfect.variance, perfect.interval) == (1.0, 0.0, None)
    alone = delong(np.array([0, 1, 0]), np.array([2, 0, 2]))
    assert (alone.value, alone.variance, alone.interval) == (0.5, None, None)
    with pytest.raises(ValueError, match="both classes"):
        delong(np.array([1, 2]), np.array([0, 0]))


def test_delong_covers_the_true_area():
    """Scores of two normal classes one unit apart have the area Φ(1/√2)."""
    rng = np.random.default_rng(20)
    truth = stats.norm.cdf(1 / math.sqrt(2))
    rounds, hits = 2000, 0
    for _ in range(rounds):
        scores = np.concatenate((rng.normal(1, 1, 40), rng.normal(0, 1, 60)))
        table = ranking.tabulate(scores, np.arange(100) < 40)
        interval = delong(table.positives, table.negatives).interval
        hits += interval is not None and interval.low <= truth <= interval.high
    assert 0.93 <= hits / rounds <= 0.97


def exact_coverage(interval, n, p):
    """Chance that the interval holds p, by summing the binomial."""
    chances = stats.binom.pmf(np.arange(n + 1), n, p)
    return sum(c for k, c in enumerate(chances) if interval(k, n).low <= p <= interval(k, n).high)


@pytest.mark.parametrize("n", [10, 30, 100])
def test_coverage_of_rates(n):
    grid = np.arange(1, 100) / 100
    exact = [exact_coverage(clopper_pearson, n, p) for p in grid]
    score = [exact_coverage(wilson, n, p) for p in grid]
    assert min(exact) >= 0.95 - 1e-12
    assert abs(np.mean(score) - 0.95) <= 0.01
