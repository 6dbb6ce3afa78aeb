"""Chance ratios against permuting rows one by one, and on the categories of a published example."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from explainkit.assess.statistics.chance import by_chance


def rng(seed=0):
    return np.random.default_rng(seed)


def test_equals_shuffling_rows():
    events, sizes, draws = np.array([3, 20, 11]), np.array([15, 60, 25]), 20_000
    found = by_chance(events, sizes, rng(1), draws=draws)
    group = np.repeat([0, 1, 2], sizes)
    shuffled = rng(2).permuted(np.tile(np.arange(100) < 34, (draws, 1)), axis=1)
    rates = np.stack([shuffled[:, group == g].mean(axis=1) for g in range(3)], axis=1)
    ratios = rates.min(axis=1) / rates.max(axis=1)
    observed = (3 / 15) / (11 / 25)
    assert found is not None
    assert found.observed == pytest.approx(observed)
    assert found.mean == pytest.approx(ratios.mean(), abs=0.006)
    assert found.low == pytest.approx(np.quantile(ratios, 0.05), abs=0.02)
    assert found.p_value == pytest.approx((ratios <= observed + 1e-12).mean(), abs=0.012)
    assert found == by_chance(events, sizes, rng(1), draws=draws)


def test_two_groups_give_the_exact_chance():
    """Every outcome of the hypergeometric distribution, with ties counted."""
    events, sizes = np.array([2, 12]), np.array([10, 20])
    first = np.arange(11)
    rates = np.stack((first / 10, (14 - first) / 20), axis=1)
    at_or_below = rates.min(axis=1) / rates.max(axis=1) <= (2 / 10) / (12 / 20) + 1e-12
    exact = stats.hypergeom.pmf(first, 30, 14, 10)[at_or_below].sum()
    found = by_chance(events, sizes, rng(), draws=40_000)
    assert found is not None
    assert found.p_value == pytest.approx(exact, abs=0.005)


def test_groups_without_rows_are_left_out():
    found = by_chance(np.array([3, 0, 5]), np.array([10, 0, 12]), rng())
    assert found == by_chance(np.array([3, 5]), np.array([10, 12]), rng())


def test_the_share_is_never_zero():
    found = by_chance(np.array([0, 500]), np.array([500, 500]), rng(), draws=99)
    assert found is not None
    assert (found.observed, found.p_value) == (0.0, 0.01)


def test_nothing_where_no_ratio_is_defined():
    assert by_chance(np.array([0, 0]), np.array([5, 5]), rng()) is None
    assert by_chance(np.array([3]), np.array([5]), rng()) is None
    assert by_chance(np.array([3, 0]), np.array([5, 0]), rng()) is None


def test_equal_rates_are_seldom_unlikely():
    """The p-value of equal rates is at most 5 % in at most 5 % of the cases."""
    random, sizes = rng(7), np.array([40, 60, 100, 200])
    p = []
    for _ in range(1_000):
        found = by_chance(random.binomial(sizes, 0.3), sizes, random, draws=199)
        assert found is not None
        p.append(found.p_value)
    assert np.mean(np.array(p) <= 0.05) == pytest.approx(0.05, abs=0.02)


def test_fourteen_categories_of_the_rule(shared_data):
    """Sex × race/ethnicity of LL144's worked example, had all been selected at one rate."""
    rows = pd.read_csv(shared_data / "ll144" / "rule_selection_example.csv")
    rows = rows[rows.category_type == "intersectional"]
    events, sizes = rows.n_selected.to_numpy(), rows.n_applicants.to_numpy()
    assert len(rows) == 14
    found = by_chance(events, sizes, rng())
    assert found is not None
    assert found.observed == pytest.approx(0.789, abs=5e-4)
    assert found.mean == pytest.approx(0.63, abs=0.01)
    assert found.low == pytest.approx(0.43, abs=0.02)
    assert found.p_value > 0.9  # four fifths are missed, and chance alone would miss them by more
