"""Coverage of prediction intervals by counting."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from explainkit.assess.performance import performance
from explainkit.errors import DataError, PlanError
from explainkit.plan import IntervalPlan, PerformancePlan, plan_from
from tests.assess.builders import check_sane, dataset, figures_of, reasons_of, subject_of, values_of

PLAN = PerformancePlan(interval=IntervalPlan(low="lo", high="hi", level=0.9))


def measured(low, high, labels, weights=None):
    frame = pd.DataFrame({"lo": low, "hi": high})
    subject = subject_of(np.zeros(len(frame)), labels, task="regression", weights=weights, evaluation=dataset(frame))
    return performance.measure(subject, PLAN)


@st.composite
def interval_rows(draw):
    n = draw(st.integers(4, 40))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    low = rng.normal(0, 1, n).round(1)
    high = low + rng.integers(0, 4, n) / 2
    labels = np.where(rng.random(n) < 0.3, low, rng.normal(0.5, 2, n).round(1))  # some on the very end
    low[1], labels[2] = np.nan, np.nan
    return low, high, labels, rng.uniform(0.1, 3, n) if draw(st.booleans()) else None


@given(interval_rows())
def test_shares_and_width_by_counting(rows):
    low, high, labels, weights = rows
    result = measured(low, high, labels, weights)
    check_sane(result.figures)
    values = values_of(result)
    k = ~np.isnan(low) & ~np.isnan(labels)
    w = None if weights is None else weights[k]
    near = {"rel": 1e-12, "abs": 1e-12}
    inside = (low <= labels) & (labels <= high)
    assert values["performance.interval_coverage"] == pytest.approx(np.average(inside[k], weights=w), **near)
    assert values["performance.interval_below"] == pytest.approx(np.average((labels < low)[k], weights=w), **near)
    assert values["performance.interval_above"] == pytest.approx(np.average((labels > high)[k], weights=w), **near)
    assert values["performance.interval_width"] == pytest.approx(np.average((high - low)[k], weights=w), **near)
    (entry,) = [e for e in result.ledger if "without an interval" in e.what]
    assert entry.count == 1


def test_the_interval_of_the_coverage_is_wilsons_and_the_level_is_said():
    labels = np.arange(20.0)
    figures = figures_of(measured(np.full(20, 2.0), np.full(20, 17.0), labels))
    coverage = figures["performance.interval_coverage"]
    theirs = stats.binomtest(16, 20).proportion_ci(0.95, "wilson")
    assert (coverage.low, coverage.high) == pytest.approx((theirs.low, theirs.high), abs=1e-12)
    assert (coverage.n, coverage.events, coverage.reference) == (20, 16, "a stated level of 0.9")


def test_open_intervals_have_no_mean_width():
    result = measured([-np.inf, 0.0], [1.0, np.inf], [0.5, -1.0])
    assert values_of(result)["performance.interval_coverage"] == 0.5
    assert "open" in reasons_of(result)["performance.interval_width"][1]


def test_no_interval_no_coverage():
    reasons = reasons_of(measured([np.nan, np.inf], [1.0, np.inf], [0.5, 1.0]))
    assert {"performance.interval_coverage", "performance.interval_width"} <= set(reasons)
    reasons = reasons_of(measured([0.0], [1.0], None))
    assert reasons["performance.interval_coverage"][1] == "the data has no outcome (data.target)"


def test_ends_that_cross_are_an_error():
    with pytest.raises(DataError) as caught:
        measured([0.0, 3.0], [1.0, 2.0], [0.5, np.nan])
    assert str(caught.value) == (
        "performance.interval: columns lo, hi: a lower end lies above its upper end; found 1 such rows, the first of "
        "them row 2; allowed: low at most high"
    )


def test_columns_are_checked():
    frame = pd.DataFrame({"lo": ["a"], "hi": [1.0]})
    subject = subject_of([0.0], [0.0], task="regression", evaluation=dataset(frame))
    with pytest.raises(DataError, match=r"performance\.interval\.low: an end of an interval is a number"):
        performance.measure(subject, PLAN)
    subject = subject_of([0.0], [0.0], task="regression", evaluation=dataset(frame[["hi"]]))
    with pytest.raises(DataError, match=r"performance\.interval\.low: no such column"):
        performance.measure(subject, PLAN)
    with pytest.raises(PlanError, match=r"performance\.interval: not measured for this task; found binary"):
        performance.measure(subject_of([0.1], [1]), PLAN)


@pytest.mark.parametrize(
    ("interval", "words"),
    [
        ({"low": "a", "high": "b"}, "performance.interval.level: field required"),
        ({"low": "a", "high": "b", "level": 1}, "performance.interval.level: "),
        ({"low": "a", "high": "a", "level": 0.9}, "performance.interval: low and high are two columns"),
    ],
)
def test_the_plan_is_checked(interval, words):
    with pytest.raises(PlanError) as caught:
        plan_from({"performance": {"interval": interval}})
    assert words in str(caught.value)
