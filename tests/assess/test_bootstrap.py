"""Resampling against brute force and against the moments that follow from its definition."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import stats

from explainkit.assess import bootstrap
from explainkit.assess.bootstrap import (
    MOST_UNDEFINED,
    percentile,
    resample_counts,
    resample_weights,
)

TABLES = hnp.arrays(np.int64, hnp.array_shapes(min_dims=1, max_dims=3, max_side=4), elements=st.integers(0, 30)).filter(
    lambda table: table.sum() > 0
)


def rng(seed=0):
    return np.random.default_rng(seed)


@given(TABLES, st.integers(1, 20))
def test_a_resample_has_as_many_rows_and_none_in_an_empty_cell(table, draws):
    drawn = resample_counts(table, draws, rng())
    assert drawn.shape == (draws, *table.shape)
    assert drawn.dtype == np.int64
    assert (drawn.reshape(draws, -1).sum(axis=1) == table.sum()).all()
    assert (drawn >= 0).all()
    assert (drawn[:, table == 0] == 0).all()
    assert (drawn == resample_counts(table, draws, rng())).all()


def test_counts_resampled_have_the_moments_of_rows_resampled():
    table, draws = np.array([[40, 10], [0, 30], [15, 5]]), 20_000
    drawn = resample_counts(table, draws, rng(1)).reshape(draws, -1)
    # Rows drawn with replacement, one by one: the definition.
    rows = np.repeat(np.arange(6), table.ravel())
    picked = rows[rng(2).integers(0, len(rows), size=(draws, len(rows)))]
    one_by_one = np.stack([(picked == cell).sum(axis=1) for cell in range(6)], axis=1)
    assert drawn.mean(axis=0) == pytest.approx(one_by_one.mean(axis=0), abs=0.25)
    assert np.cov(drawn.T) == pytest.approx(np.cov(one_by_one.T), abs=0.9)
    for cell in (0, 5):
        p = table.ravel()[cell] / 100
        expected = stats.binom.cdf(np.arange(101), 100, p)
        found = (drawn[:, cell, None] <= np.arange(101)).mean(axis=0)
        assert abs(found - expected).max() < 0.015


@pytest.mark.parametrize("table", [np.zeros((2, 2), np.int64), np.array([3, -1])])
def test_impossible_tables_are_refused(table):
    with pytest.raises(ValueError, match="at least one row"):
        resample_counts(table, 3, rng())


def some_rows(n=300):
    random = rng(5)
    return random.integers(-1, 6, n), random.uniform(0.0, 3.0, n) * (random.random(n) > 0.1), random.integers(7, 40, n)


@pytest.fixture
def times(monkeypatch):
    """Numbers of times by unit and draw, in place of random ones."""
    known = rng(9).integers(0, 4, size=(300, 50))

    def given_times(rows, draws, rng):
        assert (rows == 1).all()
        return known[: len(rows), :draws].astype(float)

    monkeypatch.setattr(bootstrap, "_times", given_times)
    return known


def test_rows_of_different_weight_are_counted_one_by_one(times):
    codes, weights, _ = some_rows()
    drawn = resample_weights(codes, 6, weights, 50, rng())
    order = [row for row in np.lexsort((weights, codes)) if codes[row] >= 0 and weights[row] > 0]
    expected = np.zeros((50, 6))
    for unit, row in enumerate(order):
        expected[:, codes[row]] += times[unit] * weights[row]
    assert drawn == pytest.approx(expected, rel=1e-12)


def test_rows_of_a_cluster_are_counted_together(times):
    codes, weights, clusters = some_rows()
    drawn = resample_weights(codes, 6, weights, 50, rng(), clusters=clusters)
    counted = (codes >= 0) & (weights > 0)
    names = sorted(set(clusters[counted]))
    by_name = dict(zip(names, times, strict=False))
    expected = np.zeros((50, 6))
    for row in np.flatnonzero(counted):
        expected[:, codes[row]] += by_name[clusters[row]] * weights[row]
    assert drawn == pytest.approx(expected, rel=1e-12)


def test_rows_of_one_weight_share_a_number_that_means_the_same():
    codes = np.repeat([0, 1, 1], [50, 20, 30])
    weights = np.repeat([2.0, 2.0, 5.0], [50, 20, 30])
    drawn = resample_weights(codes, 2, weights, 40_000, rng(3))
    assert drawn.mean(axis=0) == pytest.approx([100, 190], rel=0.01)
    # Each row adds the variance weight² of its own Poisson number.
    assert drawn.var(axis=0) == pytest.approx([50 * 4, 20 * 4 + 30 * 25], rel=0.03)
    assert np.corrcoef(drawn.T)[0, 1] == pytest.approx(0, abs=0.02)


def test_the_table_of_poisson_numbers():
    chances = np.bincount(bootstrap._ONCE.astype(int)) / 2**16
    assert chances == pytest.approx(stats.poisson.pmf(np.arange(9), 1), abs=1e-5)
    assert bootstrap._ONCE.mean() == 1
    assert bootstrap._ONCE.var() == pytest.approx(1, abs=1e-4)


def test_numbers_of_times_are_poisson_numbers():
    drawn = bootstrap._times(np.array([1, 7, 1, 40]), 20_000, rng(1))
    for unit, mean in enumerate((1, 7, 1, 40)):
        steps = np.arange(80)
        found = (drawn[unit, :, None] <= steps).mean(axis=0)
        assert abs(found - stats.poisson.cdf(steps, mean)).max() < 0.013
    assert np.corrcoef(drawn) == pytest.approx(np.eye(4), abs=0.03)


def test_no_weights_are_weights_of_one():
    codes, _, clusters = some_rows()
    for given_clusters in (None, clusters):
        own = resample_weights(codes, 6, None, 20, rng(4), clusters=given_clusters)
        assert (own == resample_weights(codes, 6, np.ones(len(codes)), 20, rng(4), clusters=given_clusters)).all()


@pytest.mark.parametrize("clustered", [False, True])
def test_blocks_change_nothing(monkeypatch, clustered):
    codes, weights, clusters = some_rows()
    chosen = clusters if clustered else None
    whole = resample_weights(codes, 6, weights, 30, rng(4), clusters=chosen)
    monkeypatch.setattr(bootstrap, "_BLOCK", 100)
    assert resample_weights(codes, 6, weights, 30, rng(4), clusters=chosen) == pytest.approx(whole, rel=1e-12)


def test_memory_does_not_grow_with_rows_times_draws():
    codes, weights = np.arange(60_000) % 12, rng().random(60_000) + 0.5
    tracemalloc.start()
    resample_weights(codes, 12, weights, 400, rng())
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 80e6  # all rows × draws would be 192 MB as integers alone


def test_percentiles_are_quantiles():
    draws = rng().normal(size=2_000)
    interval = percentile(draws, counts=[5, 1])
    assert interval is not None
    assert (interval.low, interval.high) == pytest.approx(np.quantile(draws, [0.025, 0.975]), abs=1e-12)


def test_no_interval_where_none_can_be_known():
    draws = rng().normal(size=1_000)
    assert percentile(draws, counts=[[5, 0], [3, 3]]) is None
    assert percentile(np.full(50, 0.25), counts=[5, 5]) is None
    assert percentile(np.full(50, np.nan), counts=[5, 5]) is None
    few, many = draws.copy(), draws.copy()
    few[: int(MOST_UNDEFINED * 1_000)] = np.nan
    many[: int(MOST_UNDEFINED * 1_000) + 1] = np.nan
    assert percentile(few, counts=[5, 5]) is not None
    assert percentile(many, counts=[5, 5]) is None
