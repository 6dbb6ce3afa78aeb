"""How one column ranks, against scikit-learn and scipy."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from sklearn.metrics import roc_auc_score

from explainkit.assess.data.values import values_of
from explainkit.assess.leakage.alone import area, rank_correlation
from explainkit.assess.statistics.sampling import Sampling

RNG = np.random.default_rng(23)
N = 600
Y = RNG.integers(0, 2, N)
HALF = RNG.random(N) < 0.5
PLAIN = Sampling(weights=None)


def alone(values, outcomes=Y, sampling=PLAIN, binary=True):
    found = area(values_of(pd.Series(values)), np.asarray(outcomes), HALF, sampling, binary=binary)
    assert found is not None
    return found


@pytest.mark.parametrize("sign", [1, -1])
def test_numbers_rank_in_the_better_direction(sign):
    x = np.round(Y + RNG.normal(size=N), 1)
    found = alone(sign * x)
    assert found.value == pytest.approx(roc_auc_score(Y, x), abs=1e-12)
    assert found.interval.low < found.value < found.interval.high


def test_rows_without_a_value_or_an_outcome_are_left_out():
    x = np.where(RNG.random(N) < 0.2, np.nan, Y + RNG.normal(size=N))
    y = np.where(RNG.random(N) < 0.1, -1, Y)
    kept = ~np.isnan(x) & (y >= 0)
    found = alone(x, y)
    assert (found.value, found.rows) == (pytest.approx(roc_auc_score(y[kept], x[kept])), kept.sum())


def test_dates_rank_as_they_follow_each_other():
    days = pd.Timestamp("2020-01-01") + pd.to_timedelta(Y * 5 + RNG.integers(0, 10, N), unit="D")
    assert alone(days).value == pytest.approx(roc_auc_score(Y, days.to_numpy().astype(np.int64)), abs=1e-12)


def test_categories_rank_by_the_other_half():
    city = np.where(RNG.random(N) < 0.7, np.array(["a", "b"])[Y], RNG.choice(list("abc"), N))
    areas = []
    for inside in (HALF, ~HALF):
        others = pd.Series(Y[~inside])
        rates = (others.groupby(city[~inside]).sum() + others.mean()) / (others.groupby(city[~inside]).count() + 1)
        areas.append(roc_auc_score(Y[inside], pd.Series(city[inside]).map(rates)))
    assert alone(city).value == pytest.approx(np.mean(areas), abs=1e-12)


def test_a_category_of_its_own_for_every_row_says_nothing():
    assert alone([f"case {i}" for i in range(N)]).value == 0.5


def test_of_several_classes_the_best_told():
    classes = RNG.integers(0, 3, N)
    x = np.where(classes == 2, -3.0, 0.0) + RNG.normal(size=N)
    found = alone(x, classes, binary=False)
    assert found.outcome == 2
    assert found.value == pytest.approx(1 - roc_auc_score(classes == 2, x), abs=1e-12)
    assert found.level == pytest.approx(1 - 0.05 / 3)


def test_too_few_rows_of_a_class():
    y = np.zeros(N, int)
    y[:9] = 1
    assert area(values_of(pd.Series(np.arange(N))), y, HALF, PLAIN, binary=True) is None


def test_clusters_widen_the_interval():
    people = np.repeat(np.arange(N // 10), 10)
    y, x = np.repeat(Y[: N // 10], 10), np.repeat(Y[: N // 10] + RNG.normal(size=N // 10), 10)
    apart, together = alone(x, y), alone(x, y, Sampling(weights=None, clusters=people))
    assert together.value == pytest.approx(apart.value, abs=1e-12)
    assert together.interval.high - together.interval.low > 2 * (apart.interval.high - apart.interval.low)


@pytest.mark.parametrize("sign", [1, -1])
def test_rank_correlation(sign):
    y = RNG.normal(size=N)
    x = np.round(sign * y + RNG.normal(size=N), 1)
    x[:20] = np.nan
    found = rank_correlation(values_of(pd.Series(x)), y, HALF, PLAIN)
    assert found is not None
    assert found.value == pytest.approx(abs(stats.spearmanr(x[20:], y[20:]).statistic), abs=1e-12)
    assert found.interval.low < found.value < found.interval.high


def test_a_monotone_copy_of_the_outcome_is_perfect():
    y = RNG.normal(size=N)
    found = rank_correlation(values_of(pd.Series(-np.exp(y))), y, HALF, PLAIN)
    assert found is not None
    assert found.value == pytest.approx(1.0, abs=1e-12)


def test_rank_correlation_of_categories():
    y = RNG.normal(size=N)
    city = np.array(list("abcd"))[np.digitize(y, [-1, 0, 1])]
    strong = rank_correlation(values_of(pd.Series(city)), y, HALF, PLAIN)
    weak = rank_correlation(values_of(pd.Series(RNG.permutation(city))), y, HALF, PLAIN)
    assert strong is not None
    assert weak is not None
    assert strong.value > 0.85
    assert weak.value < 0.15


def test_intervals_cover():
    """The area of a normal shift is known: its interval holds it about as often as it says."""
    truth, held, runs = stats.norm.cdf(1 / np.sqrt(2)), 0, 200
    for seed in range(runs):
        rng = np.random.default_rng([9, seed])
        y = rng.integers(0, 2, 200)
        found = area(values_of(pd.Series(y + rng.normal(size=200))), y, rng.random(200) < 0.5, PLAIN, binary=True)
        held += found.interval.low <= truth <= found.interval.high
    assert 0.90 <= held / runs <= 0.99
