"""Resampling against brute force and against the moments that follow from its definition."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import stats

from explainkit.assess.statistics.bootstrap import MOST_UNDEFINED, percentile, resample_counts

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
