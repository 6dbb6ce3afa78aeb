"""Costs by brute force over every threshold."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from explainkit.assess.performance import performance
from explainkit.errors import PlanError
from explainkit.plan import CostPlan, PerformancePlan, plan_from
from tests.assess.builders import check_sane, figures_of, reasons_of, series_of, subject_of, values_of
from tests.strategies import binary_rows

COSTS = CostPlan(false_positive=1.0, false_negative=5.0)


def cost_of(y, decided, costs):
    return np.where(
        decided,
        np.where(y == 1, costs.true_positive, costs.false_positive),
        np.where(y == 1, costs.false_negative, costs.true_negative),
    )


@given(binary_rows(), st.tuples(*[st.sampled_from([0.0, 1.0, 2.5, -3.0, 7.0])] * 4))
def test_costs_by_definition(rows, stated):
    costs = CostPlan(
        false_positive=stated[0], false_negative=stated[1], true_positive=stated[2], true_negative=stated[3]
    )
    subject = subject_of(rows.scores, rows.labels, weights=rows.weights)
    measured = performance.measure(subject, PerformancePlan(costs=costs))
    check_sane(measured.figures)
    values = values_of(measured)
    known = ~np.isnan(rows.labels)
    s, y = rows.scores[known], rows.labels[known]
    w = None if rows.weights is None else rows.weights[known]

    def mean(decided):
        return np.average(cost_of(y, decided, costs), weights=w)

    assert values["performance.cost"] == pytest.approx(mean(s >= 0.5), rel=1e-12, abs=1e-12)
    every = [mean(s >= at) for at in [*np.unique(s), np.inf]]
    assert values["performance.smallest_cost"] == pytest.approx(min(every), rel=1e-12, abs=1e-12)
    at = values.get("performance.smallest_cost_threshold", np.inf)
    assert mean(s >= at) == pytest.approx(min(every), rel=1e-12, abs=1e-12)
    table = series_of(measured, "performance.thresholds")
    for threshold, cost in zip(table.threshold, table.mean_cost, strict=True):
        assert cost == pytest.approx(mean(s >= threshold), rel=1e-12, abs=1e-12)


def test_the_interval_is_students_of_the_costs_of_the_rows():
    rng = np.random.default_rng(1)
    s = rng.random(60)
    y = (rng.random(60) < s).astype(float)
    figure = figures_of(performance.measure(subject_of(s, y), PerformancePlan(costs=COSTS)))["performance.cost"]
    theirs = stats.ttest_1samp(cost_of(y, s >= 0.5, COSTS), 0).confidence_interval(0.95)
    assert (figure.low, figure.high) == pytest.approx((theirs.low, theirs.high), abs=1e-12)
    assert "false positive 1, false negative 5" in figure.method
    assert (figure.n, figure.threshold) == (60, ">=0.5")


def test_the_highest_threshold_of_several_and_none_where_nobody_is_cheapest():
    plan = PerformancePlan(costs=CostPlan(false_positive=1.0, false_negative=1.0))
    measured = performance.measure(subject_of([0.1, 0.4, 0.6, 0.9], [0, 1, 0, 1]), plan)
    assert values_of(measured)["performance.smallest_cost"] == 0.25
    assert values_of(measured)["performance.smallest_cost_threshold"] == 0.9
    assert "chosen on these rows" in figures_of(measured)["performance.smallest_cost"].method
    measured = performance.measure(subject_of([0.1, 0.9], [0, 0]), plan)
    assert values_of(measured)["performance.smallest_cost"] == 0
    assert "nobody" in reasons_of(measured)["performance.smallest_cost_threshold"][1]


def test_costs_need_prevalence_and_a_threshold_and_are_silent_where_not_stated():
    plan, rows = PerformancePlan(costs=COSTS), ([0.1, 0.9], [0, 1])
    reasons = reasons_of(performance.measure(subject_of(*rows, population="resampled"), plan))
    assert {"performance.cost", "performance.smallest_cost", "performance.smallest_cost_threshold"} <= set(reasons)
    reasons = reasons_of(performance.measure(subject_of(*rows, threshold=None), plan))
    assert "performance.cost" in reasons
    assert "performance.smallest_cost" not in reasons
    assert not [f for f in performance.measure(subject_of(*rows)).figures if "cost" in f.id]
    empty = reasons_of(performance.measure(subject_of([0.1], [np.nan]), plan))
    assert "performance.cost" in empty


def test_costs_are_for_binary_models():
    with pytest.raises(PlanError, match=r"performance\.costs: not measured for this task; found regression"):
        performance.measure(subject_of([1.0], [1.0], task="regression"), PerformancePlan(costs=COSTS))


@pytest.mark.parametrize(
    ("costs", "words"),
    [
        ({"false_positive": 1}, "performance.costs.false_negative: field required"),
        ({"false_positive": 1, "false_negative": float("inf")}, "performance.costs.false_negative: "),
        ({"false_positive": 1, "false_negative": float("nan")}, "performance.costs.false_negative: "),
        ({"false_positiv": 1}, "did you mean 'false_positive'"),
    ],
)
def test_costs_are_checked(costs, words):
    with pytest.raises(PlanError) as caught:
        plan_from({"performance": {"costs": costs}})
    assert words in str(caught.value)
