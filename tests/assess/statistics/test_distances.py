"""Distances of two samples against scipy, brute-force permutation and simulation of what their intervals claim."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import spatial, stats

from explainkit.assess.statistics.distances import (
    EMPTY,
    Counted,
    gather_rare,
    homogeneity,
    jensen_shannon,
    kolmogorov_smirnov,
    population_stability,
    tabulate,
    wasserstein,
)

numbers = st.lists(st.integers(-5, 5).map(float), min_size=2, max_size=30).map(np.array)
weights = st.integers(1, 9).map(float)


def counted(*rows):
    return Counted(totals=np.array(rows, np.float64), squares=float(sum(rows)))


@given(first=numbers, second=numbers)
def test_exact_values_agree_with_scipy(first, second):
    places, one, two = tabulate(first, second)
    found = kolmogorov_smirnov(one, two)
    theirs = stats.ks_2samp(first, second, method="asymp")
    assert found.value == pytest.approx(theirs.statistic, abs=1e-12)
    assert found.p_value == pytest.approx(theirs.pvalue, abs=1e-9)
    moved = wasserstein(places, one, two)
    assert moved.value == pytest.approx(stats.wasserstein_distance(first, second), abs=1e-12)
    share = [np.bincount((x + 5).astype(int), minlength=11) / len(x) for x in (first, second)]
    theirs = spatial.distance.jensenshannon(*share, base=2)
    assert jensen_shannon(one, two).value == pytest.approx(theirs, abs=1e-7)


@given(first=numbers, second=numbers, data=st.data())
def test_weighted_values_agree_with_scipy(first, second, data):
    w, v = (np.array(data.draw(st.lists(weights, min_size=len(x), max_size=len(x)))) for x in (first, second))
    places, one, two = tabulate(first, second, (w, v))
    assert wasserstein(places, one, two).value == pytest.approx(
        stats.wasserstein_distance(first, second, w, v), abs=1e-12
    )
    at = np.union1d(first, second)
    below = [np.array([x_w[x <= t].sum() for t in at]) / x_w.sum() for x, x_w in ((first, w), (second, v))]
    assert kolmogorov_smirnov(one, two).value == pytest.approx(np.abs(below[0] - below[1]).max(), abs=1e-12)
    assert one.rows == pytest.approx(w.sum() ** 2 / (w**2).sum())


@given(rows=st.lists(st.tuples(st.integers(1, 60), st.integers(1, 60)), min_size=2, max_size=8))
def test_counts_agree_with_scipy(rows):
    one, two = (counted(*side) for side in zip(*rows, strict=True))
    table = np.array(rows).T
    assert homogeneity(one, two) == pytest.approx(stats.chi2_contingency(table, correction=False).pvalue, abs=1e-12)
    p, q = table / table.sum(axis=1, keepdims=True)
    assert population_stability(one, two).value == pytest.approx(stats.entropy(p, q) + stats.entropy(q, p), abs=1e-12)


def test_whole_weights_that_repeat_rows_equal_the_rows_written_out():
    rng = np.random.default_rng(0)
    first, second, times = rng.normal(size=40), rng.normal(0.5, 1, 30), rng.integers(1, 5, 40).astype(float)
    places, one, two = tabulate(first, second, (times, None), repeats=True)
    written = tabulate(np.repeat(first, times.astype(int)), second)
    assert kolmogorov_smirnov(one, two) == kolmogorov_smirnov(*written[1:])
    assert wasserstein(places, one, two) == wasserstein(*written)
    assert population_stability(one, two) == population_stability(*written[1:])


@given(first=numbers, second=numbers)
def test_rows_that_count_alike_are_tabulated_as_rows_of_weight_one(first, second):
    one, two = np.ones(len(first)), np.ones(len(second))
    places, *counts = tabulate(first, second)
    other, *weighed = tabulate(first, second, (one, two))
    assert places.tolist() == other.tolist()
    for count, weigh in zip(counts, weighed, strict=True):
        assert count.totals.tolist() == weigh.totals.tolist()
        assert count.squares == weigh.squares


def test_days_merge_into_the_sum_of_days():
    rng = np.random.default_rng(1)
    codes, weight = rng.integers(0, 6, 300), rng.uniform(0.5, 2, 300)
    days = [Counted.of(codes[i : i + 100], 6, weight[i : i + 100]) for i in (0, 100, 200)]
    whole, merged = Counted.of(codes, 6, weight), days[2].merge(days[0]).merge(days[1])
    assert merged.totals == pytest.approx(whole.totals)
    assert merged.squares == pytest.approx(whole.squares)


def test_an_empty_bin_makes_psi_finite_by_half_a_row_and_an_empty_sample_has_no_distance():
    one, two = counted(50, 50, 0), counted(30, 50, 20)
    p, q = ((np.array(rows) + EMPTY) / (100 + 3 * EMPTY) for rows in ((50, 50, 0), (30, 50, 20)))
    assert population_stability(one, two).value == pytest.approx(((p - q) * np.log(p / q)).sum())
    assert jensen_shannon(counted(10, 0), counted(0, 10)).value == pytest.approx(1)
    nothing = counted(0, 0, 0)
    for measure in (population_stability, jensen_shannon, kolmogorov_smirnov, homogeneity):
        assert measure(one, nothing) is None
    assert wasserstein(np.arange(3.0), nothing, two) is None
    same = population_stability(counted(7), counted(9))
    assert (same.value, same.interval, same.p_value) == (0, None, 1)


def test_p_values_agree_with_brute_force_permutation():
    rng = np.random.default_rng(2)
    first, second = rng.normal(size=60), rng.normal(0.35, 1, 50)
    _, one, two = tabulate(first, second)
    both, draws = np.concatenate((first, second)), 4000
    place = np.digitize(both, [-0.7, 0, 0.7])
    table = [Counted.of(part, 4) for part in (place[:60], place[60:])]
    seen = kolmogorov_smirnov(one, two).value, stats.chi2_contingency([t.totals for t in table], correction=False)[0]
    hits, rank = np.zeros(2), np.argsort(both, kind="stable")
    for _ in range(draws):
        order = rng.permutation(110)
        chosen = np.zeros(110, bool)
        chosen[order[:60]] = True
        steps = np.cumsum(np.where(chosen[rank], 1 / 60, -1 / 50))
        shuffled = np.array([np.bincount(place[rows], minlength=4) for rows in (order[:60], order[60:])])
        expected = shuffled.sum(axis=0) * np.array([[60], [50]]) / 110
        hits += np.abs(steps).max() >= seen[0] - 1e-12, ((shuffled - expected) ** 2 / expected).sum() >= seen[1] - 1e-9
    assert [kolmogorov_smirnov(one, two).p_value, homogeneity(*table)] == pytest.approx(hits / draws, abs=0.025)


@pytest.mark.parametrize("tilt", [0.0, 0.3, 0.8])
def test_intervals_hold_the_truth_and_the_distance_by_chance_is_met(tilt):
    rng = np.random.default_rng(3)
    q = np.full(10, 0.1)
    p = np.exp(tilt * np.linspace(-1, 1, 10))
    p /= p.sum()
    truth = stats.entropy(p, q) + stats.entropy(q, p), spatial.distance.jensenshannon(p, q, base=2)
    held, seen, runs = np.zeros(2), np.zeros(2), 600
    for _ in range(runs):
        one, two = counted(*rng.multinomial(3000, p)), counted(*rng.multinomial(800, q))
        found = population_stability(one, two), jensen_shannon(one, two)
        held += [f.interval.low <= t <= f.interval.high for f, t in zip(found, truth, strict=True)]
        seen += found[0].value / runs, found[1].value ** 2 / runs
    assert (held / runs >= 0.93).all()
    if tilt == 0:
        assert seen == pytest.approx([found[0].by_chance, found[1].by_chance ** 2], rel=0.08)


def test_the_interval_of_what_has_to_be_moved_holds_the_truth():
    rng, held, by_chance, equal, runs = np.random.default_rng(4), 0, 0.0, 0.0, 300
    for _ in range(runs):
        first, second, shifted = rng.normal(size=400), rng.normal(size=300), rng.normal(0.5, 1, 300)
        ends = wasserstein(*tabulate(first, shifted)).interval
        held += ends.low <= 0.5 <= ends.high
        found = wasserstein(*tabulate(first, second))
        by_chance, equal = by_chance + found.by_chance / runs, equal + found.value / runs
    assert held / runs >= 0.92
    assert equal == pytest.approx(by_chance, rel=0.06)


def test_rare_bins_put_together_raise_no_false_alarm_though_most_are_seen_once():
    rng, alarms, runs = np.random.default_rng(5), 0, 400
    share = 1 / np.arange(1, 2001)
    share /= share.sum()
    for _ in range(runs):
        one, two = (counted(*rng.multinomial(n, share)) for n in (1500, 600))
        place = gather_rare(one, two, most=50)
        assert place.max() <= 50
        alarms += homogeneity(one.gathered(place), two.gathered(place)) <= 0.05
    assert stats.binom.sf(alarms - 1, runs, 0.05) > 0.001
    assert alarms > 0


def test_a_new_frequent_category_is_not_put_away():
    one, two = counted(500, 500, 0), counted(300, 300, 400)
    place = gather_rare(one, two, most=50)
    assert sorted(place) == [0, 1, 2]
    assert homogeneity(one.gathered(place), two.gathered(place)) < 1e-9


def test_a_long_statistic_has_an_interval_that_goes_on_where_the_series_ends():
    def of(rows):
        return population_stability(counted(rows, 3 * rows), counted(2 * rows, 2 * rows))

    before, after = of(9_000), of(90_000)
    assert before.value == pytest.approx(after.value)
    assert before.interval.low < after.interval.low < after.value < after.interval.high < before.interval.high
    reach = [(f.interval.high - f.interval.low) * math.sqrt(rows) for f, rows in ((before, 9e3), (after, 9e4))]
    assert reach[0] == pytest.approx(reach[1], rel=0.02)
