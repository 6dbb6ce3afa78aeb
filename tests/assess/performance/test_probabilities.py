"""The Brier score and its parts by definition, and intervals of losses by scipy."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from scipy import stats

from explainkit.assess.performance import performance
from explainkit.assess.performance.probabilities import decompose
from explainkit.assess.preconditions import ONE_CLASS
from explainkit.assess.statistics.intervals import student_of
from explainkit.assess.statistics.ranking import tabulate
from tests.assess.builders import figures_of, reasons_of, subject_of, values_of
from tests.strategies import binary_rows


def parts_by_definition(s, y, w):
    """Row by row, over distinct scores if at most ten, else over tenths by average rank."""
    frame = pd.DataFrame({"s": s, "y": y, "w": w})
    rank = frame.s.rank(method="average") - 0.5
    tenths = np.floor((10 * 2 * rank).round().astype(int) / (2 * len(frame))).astype(int)
    frame["g"] = frame.s if frame.s.nunique() <= 10 else tenths
    total, base = w.sum(), np.average(y, weights=w)
    reliability = resolution = within = 0.0
    for _, rows in frame.groupby("g"):
        p, o = np.average(rows.s, weights=rows.w), np.average(rows.y, weights=rows.w)
        reliability += rows.w.sum() * (p - o) ** 2 / total
        resolution += rows.w.sum() * (o - base) ** 2 / total
        within += (rows.w * (rows.s - p) ** 2).sum() / total
        within -= 2 * (rows.w * (rows.s - p) * (rows.y - o)).sum() / total
    return {"reliability": reliability, "resolution": resolution, "uncertainty": base * (1 - base), "within": within}


@given(binary_rows())
def test_the_parts_are_those_of_the_definition_and_add_up(rows):
    values = values_of(performance.measure(subject_of(rows.scores, rows.labels, weights=rows.weights)))
    known = ~np.isnan(rows.labels)
    w = np.ones(known.sum()) if rows.weights is None else rows.weights[known]
    expected = parts_by_definition(rows.scores[known], rows.labels[known], w)
    got = {name: values[f"performance.brier_{name}"] for name in expected}
    assert got == pytest.approx(expected, rel=1e-12, abs=1e-12)
    whole = got["reliability"] - got["resolution"] + got["uncertainty"] + got["within"]
    assert whole == pytest.approx(values["performance.brier"], rel=1e-12, abs=1e-12)


@pytest.mark.parametrize(("distinct", "words"), [(10, "over the distinct scores"), (11, "in at most 10 bins")])
def test_it_is_said_how_rows_are_grouped(distinct, words):
    scores = np.repeat(np.linspace(0.1, 0.9, distinct), 4)
    figures = figures_of(performance.measure(subject_of(scores, np.arange(len(scores)) % 2)))
    assert words in figures["performance.brier_reliability"].method
    assert (figures["performance.brier_within"].value == 0) == (distinct == 10)


def test_shares_as_scores_are_reliable():
    scores, labels = np.repeat([0.25, 0.5], 4), np.array([0, 0, 0, 1, 0, 1, 0, 1])
    parts = decompose(tabulate(scores, labels == 1))
    assert (parts.reliability, parts.within) == (0, 0)
    assert parts.resolution == pytest.approx(0.125**2, abs=1e-15)


def test_losses_have_students_interval():
    rng = np.random.default_rng(0)
    s = rng.uniform(0.05, 0.95, 80)
    y = (rng.random(80) < s).astype(float)
    figures = figures_of(performance.measure(subject_of(s, y)))
    for name, loss in (("brier", (s - y) ** 2), ("log_loss", -np.log(np.where(y == 1, s, 1 - s)))):
        figure = figures[f"performance.{name}"]
        theirs = stats.ttest_1samp(loss, 0).confidence_interval(0.95)
        assert (figure.low, figure.high) == pytest.approx((theirs.low, theirs.high), abs=1e-12)
        assert "Student" in figure.method
    weighted = figures_of(performance.measure(subject_of(s, y, weights=np.ones(80))))["performance.brier"]
    assert weighted.low == pytest.approx(figures["performance.brier"].low, abs=1e-12)
    assert weighted.value == pytest.approx(figures["performance.brier"].value, abs=1e-15)


def test_no_interval_where_no_loss_varies_and_none_below_zero():
    assert student_of(np.full(7, 0.1)) is None  # though its variance is not zero, by rounding
    assert np.full(7, 0.1).var() > 0
    figure = figures_of(performance.measure(subject_of([0.3] * 5, [0] * 5)))["performance.brier"]
    assert figure.low is None
    figure = figures_of(performance.measure(subject_of([0.1, 0.9], [0, 0])))["performance.brier"]
    assert figure.low == 0


def test_no_skill_without_both_classes():
    measured = performance.measure(subject_of([0.2, 0.4], [1, 1]))
    assert reasons_of(measured)["performance.brier_skill"] == ("not_tested", ONE_CLASS)
    assert values_of(measured)["performance.brier_uncertainty"] == 0
