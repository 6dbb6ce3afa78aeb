"""Noise of differences, from two intervals: published formulas, SciPy, and simulated truths."""

from __future__ import annotations

import dataclasses
import math
from itertools import combinations

import numpy as np
import pytest
from scipy import stats

from explainkit.assess.comparison import noise
from explainkit.assess.comparison.figures import compare
from explainkit.assess.statistics.intervals import Interval, newcombe_difference, wilson
from explainkit.figures import Figure
from tests.bounded import share
from tests.sign.builders import make_evidence


def figure(value, low, high, **more):
    return Figure(**{"id": "performance.roc_auc", "value": value, "low": low, "high": high, "level": 0.95, **more})


def rate(events, n):
    interval = wilson(events, n)
    return figure(events / n, interval.low, interval.high)


@pytest.mark.parametrize("counts", [(56, 70, 48, 80), (9, 10, 3, 10), (0, 10, 10, 10), (5, 56, 0, 29)])
def test_of_two_rates_it_is_newcombes_interval(counts):
    later, n, earlier, m = counts
    found = noise.independent(rate(earlier, m), rate(later, n))
    expected = newcombe_difference(later, n, earlier, m)
    assert (found.low, found.high) == pytest.approx((max(-1, expected.low), min(1, expected.high)))


def test_of_two_means_it_is_the_normal_interval_and_its_test():
    before, after = figure(1.0, 1.0 - 1.96 * 0.2, 1.0 + 1.96 * 0.2), figure(1.7, 1.7 - 1.96 * 0.1, 1.7 + 1.96 * 0.1)
    found = noise.independent(before, after)
    error = math.hypot(0.2, 0.1)
    assert (found.low, found.high) == pytest.approx((0.7 - 1.96 * error, 0.7 + 1.96 * error))
    expected = 2 * stats.norm.sf(0.7 / error)
    assert noise.p_value(0.7, found, level=0.95) == pytest.approx(expected, rel=1e-3)  # 1.96 is rounded


@pytest.mark.parametrize(("low", "high"), [(-0.2, 0.0), (0.0, 0.3)])
def test_an_interval_that_ends_at_zero_has_the_p_value_of_its_level(low, high):
    middle = (low + high) / 2
    assert noise.p_value(middle, Interval(low, high), level=0.95) == pytest.approx(0.05)


def test_what_says_nothing_has_no_p_value():
    assert noise.p_value(0.1, Interval(0.1, 0.2), level=0.95) is None
    assert noise.p_value(0.0, Interval(-0.1, 0.2), level=0.95) == 1.0


@pytest.mark.parametrize("correlation", [-1.0, -0.5, 0.0, 0.5, 1.0])
def test_the_bound_holds_whatever_the_correlation(correlation):
    rng = np.random.default_rng(4)
    errors = (0.2, 0.1)
    covariance = correlation * errors[0] * errors[1]
    truth = np.array([0.5, 0.6])
    drawn = rng.multivariate_normal(truth, [[errors[0] ** 2, covariance], [covariance, errors[1] ** 2]], 4000)
    held = [
        interval.low <= 0.1 <= interval.high
        for a, b in drawn
        for interval in [
            noise.bounded(
                figure(a, a - 1.96 * errors[0], a + 1.96 * errors[0]),
                figure(b, b - 1.96 * errors[1], b + 1.96 * errors[1]),
            )
        ]
    ]
    coverage = np.mean(held)
    assert coverage >= 0.94
    if correlation == -1.0:
        assert coverage == pytest.approx(0.95, abs=0.012)  # there the bound is the truth


def test_families_are_adjusted_apart_by_closed_testing():
    """Holm's is the closure of Bonferroni's: the largest p-value of any hypothesis about a set that a test is in."""
    p = (np.random.default_rng(0).random(12) ** 3).tolist()
    families = ["a", "b", "b"] * 4
    found = noise.adjusted(p, families)
    for place, own in enumerate(families):
        others = [i for i, family in enumerate(families) if family == own and i != place]
        sets = [(place, *more) for size in range(len(others) + 1) for more in combinations(others, size)]
        expected = max(min(1.0, len(chosen) * min(p[i] for i in chosen)) for chosen in sets)
        assert found[place] == pytest.approx(expected)


def cards(rng, truths, n, m):
    """Two cards of independent samples with many rates; the same ids."""
    made = []
    for size, rates in ((n, truths[0]), (m, truths[1])):
        figures = []
        for place, truth in enumerate(rates):
            events = int(rng.binomial(size, truth))
            interval = wilson(events, size)
            key = f"performance.rate[class=c{place}]"
            shown = {"value": events / size, "low": interval.low, "high": interval.high, "level": 0.95}
            figures.append(Figure(id=key, n=size, events=events, unit="proportion", **shown))
        made.append(figures)
    return made


def test_false_alarms_and_power_on_simulated_cards():
    """Of twenty true nulls and one change: any false alarm in at most about 5 % of the pairs, the change found."""
    rng = np.random.default_rng(9)
    base = make_evidence()
    other = dataclasses.replace(base.datasets[0], digest="sha256:" + "11" * 32)
    nulls = rng.uniform(0.1, 0.9, 20)
    alarms = hits = covered = total = 0
    rounds = share(4000, 400)
    for _ in range(rounds):
        old, new = cards(rng, ([*nulls, 0.30], [*nulls, 0.45]), 800, 700)
        before = dataclasses.replace(base, figures=tuple(old))
        after = dataclasses.replace(base, figures=tuple(new), datasets=(other,))
        table = compare(before, after)
        beyond = {c.figure for c in table.compared if c.noise == "beyond noise"}
        alarms += bool(beyond - {"performance.rate[class=c20]"})
        hits += "performance.rate[class=c20]" in beyond
        for f in table.figures:
            if f.name == "compare.difference":
                truth = 0.15 if "c20" in f.keys["figure"] else 0.0
                covered += f.low <= truth <= f.high
                total += 1
    margin = 3 * math.sqrt(0.05 * 0.95 / rounds)
    assert alarms / rounds <= 0.05 + margin
    assert hits / rounds > 0.98
    assert covered / total == pytest.approx(0.95, abs=0.012)
