"""Binary performance against scikit-learn, scipy and pandas."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from sklearn import metrics

from explainkit.assess.performance import performance
from explainkit.assess.preconditions import ONE_CLASS
from tests.assess.builders import check_sane, figures_of, reasons_of, series_of, subject_of, values_of
from tests.strategies import binary_rows


def by_scikit_learn(rows):
    """Every figure on the labelled rows, and the rates of decisions on all."""
    known = ~np.isnan(rows.labels)
    y, s = rows.labels[known].astype(int), rows.scores[known]
    w = None if rows.weights is None else rows.weights[known]
    d = (s >= 0.5).astype(int)
    kind = {"sample_weight": w}
    expected = {
        "roc_auc": metrics.roc_auc_score(y, s, **kind),
        "gini": 2 * metrics.roc_auc_score(y, s, **kind) - 1,
        "average_precision": metrics.average_precision_score(y, s, **kind),
        "log_loss": metrics.log_loss(y, s, labels=[0, 1], **kind),
        "brier": metrics.brier_score_loss(y, s, labels=[0, 1], pos_label=1, **kind),
        "accuracy": metrics.accuracy_score(y, d, **kind),
        "balanced_accuracy": metrics.balanced_accuracy_score(y, d, **kind),
        "recall": metrics.recall_score(y, d, **kind),
        "specificity": metrics.recall_score(y, d, pos_label=0, **kind),
        "f1": metrics.f1_score(y, d, **kind),
        "base_rate": np.average(y, weights=w),
        "score_mean": np.average(rows.scores, weights=rows.weights),
        "positive_rate": np.average(rows.scores >= 0.5, weights=rows.weights),
        "selection_rate": np.average(rows.scores < 0.5, weights=rows.weights),
    }
    if d.any():
        expected["precision"] = metrics.precision_score(y, d, **kind)
    if not d.all():
        expected["negative_predictive_value"] = metrics.precision_score(y, d, pos_label=0, **kind)
    expected["false_positive_rate"] = 1 - expected["specificity"]
    expected["false_negative_rate"] = 1 - expected["recall"]
    expected["brier_skill"] = 1 - expected["brier"] / np.average((y - expected["base_rate"]) ** 2, weights=w)
    if 0 < d.sum() < len(d):
        expected["mcc"] = metrics.matthews_corrcoef(y, d, **kind)
    if np.average(s, weights=w) > 0:
        expected["observed_expected"] = np.average(y, weights=w) / np.average(s, weights=w)
    fpr, tpr, _ = metrics.roc_curve(y, s, drop_intermediate=False, **kind)
    expected["ks"] = np.abs(tpr - fpr).max()
    return expected


@given(binary_rows())
def test_every_figure_equals_scikit_learn(rows):
    measured = performance.measure(subject_of(rows.scores, rows.labels, weights=rows.weights))
    check_sane(measured.figures)
    values = values_of(measured)
    expected = by_scikit_learn(rows)
    got = {name.removeprefix("performance."): v for name, v in values.items() if "[" not in name}
    for part in ("reliability", "resolution", "uncertainty", "within"):  # in test_probabilities
        assert f"brier_{part}" in got
        del got[f"brier_{part}"]
    assert got == {name: pytest.approx(v, rel=1e-12, abs=1e-12) for name, v in expected.items()}

    known = ~np.isnan(rows.labels)
    matrix = metrics.confusion_matrix(rows.labels[known], rows.scores[known] >= 0.5, labels=[0, 1])
    assert [values[f"performance.confusion[actual={a},decided={d}]"] for a in (0, 1) for d in (0, 1)] == list(
        matrix.ravel()
    )
    for figure in measured.figures:
        assert figure.weighting == (
            "sampling"
            if rows.weights is not None
            and figure.value is not None
            and (figure.unit != "count" or figure.name == "performance.effective_n")
            else None
        )
        if figure.weighting:
            assert ("no interval" in str(figure.method)) == (figure.low is None)


@given(binary_rows(), st.randoms())
def test_the_order_of_rows_changes_nothing(rows, random):
    order = list(range(len(rows.scores)))
    random.shuffle(order)
    other = rows.permuted(order)
    first, second = (performance.measure(subject_of(r.scores, r.labels, weights=r.weights)) for r in (rows, other))
    assert values_of(second) == pytest.approx(values_of(first), rel=1e-12, abs=1e-12)
    for one, two in zip(first.series, second.series, strict=True):
        for (_, a), (_, b) in zip(one.columns, two.columns, strict=True):
            assert b == pytest.approx(a, abs=1e-12)


def test_ks_equals_scipy():
    rng = np.random.default_rng(1)
    y = rng.random(500) < 0.3
    s = np.round(rng.beta(2, 3, 500) + 0.1 * y, 2) / 1.1
    value = figures_of(performance.measure(subject_of(s, y)))["performance.ks"].value
    assert value == pytest.approx(stats.ks_2samp(s[y], s[~y]).statistic, abs=1e-12)


def test_counts_and_intervals_stand_beside_the_rates():
    figures = figures_of(performance.measure(subject_of([0.9, 0.8, 0.4, 0.6, 0.1, 0.5], [1, 1, 1, 0, 0, np.nan])))
    recall = figures["performance.recall"]
    assert (recall.value, recall.n, recall.events) == (2 / 3, 3, 2)
    theirs = stats.binomtest(2, 3).proportion_ci(0.95, "wilson")
    assert (recall.low, recall.high) == pytest.approx((theirs.low, theirs.high), abs=1e-12)
    assert (recall.threshold, recall.class_, recall.dataset) == (">=0.5", "1", "evaluation")
    # The row without outcome counts for decisions (0.5 is decided positive), not for errors.
    assert (figures["performance.positive_rate"].n, figures["performance.positive_rate"].events) == (6, 4)
    assert (figures["performance.accuracy"].n, figures["performance.accuracy"].events) == (5, 3)
    selection = figures["performance.selection_rate"]
    assert (selection.value, selection.favourable, selection.class_) == (2 / 6, "0", None)


def test_the_side_of_the_threshold_decides_ties():
    at, beyond = (
        figures_of(performance.measure(subject_of([0.5, 0.5, 0.7], [1, 0, 1], threshold=t))) for t in (">=0.5", ">0.5")
    )
    assert at["performance.positive_rate"].value == 1
    assert beyond["performance.positive_rate"].value == 1 / 3
    assert beyond["performance.precision"].threshold == ">0.5"


def test_favourable_may_be_the_positive_class():
    figures = figures_of(performance.measure(subject_of([0.9, 0.2, 0.3], [1, 0, 1], favourable="1")))
    assert figures["performance.selection_rate"].value == figures["performance.positive_rate"].value == 1 / 3


def test_one_class_only_leaves_discrimination_untested():
    reasons = reasons_of(performance.measure(subject_of([0.9, 0.2, 0.4], [1, 1, 1])))
    for name in ("roc_auc", "gini", "ks", "average_precision", "balanced_accuracy"):
        assert reasons[f"performance.{name}"] == ("not_tested", ONE_CLASS)
    assert "performance.accuracy" not in reasons
    assert reasons["performance.specificity"] == ("not_tested", "every outcome is positive")


def test_undefined_rates_have_a_reason_and_no_number():
    reasons = reasons_of(performance.measure(subject_of([0.1, 0.2, 0.3], [0, 1, 0])))
    assert reasons["performance.precision"] == ("not_tested", "no row with an outcome is decided positive")
    assert reasons["performance.mcc"][1] == "outcomes or decisions are all of one class"
    assert reasons_of(performance.measure(subject_of([0.0, 0.0], [0, 1])))["performance.observed_expected"][1] == (
        "the scores are all zero"
    )


def test_scores_of_exactly_zero_and_one_are_cut_as_scikit_learn_does():
    figure = figures_of(performance.measure(subject_of([0.0, 1.0, 0.5], [1, 0, 1])))["performance.log_loss"]
    assert figure.value == pytest.approx(metrics.log_loss([1, 0, 1], [0.0, 1.0, 0.5]), rel=1e-12)
    assert "cut" in str(figure.method)


def test_rows_of_weight_zero_stand_behind_no_number():
    scores, labels = [0.9, 0.2, 0.7, 0.4], [1, 0, 0, 1]
    with_zero = performance.measure(subject_of(scores, labels, weights=[1, 2, 0, 3]))
    kept = [0, 1, 3]
    without = performance.measure(
        subject_of([scores[i] for i in kept], [labels[i] for i in kept], weights=[1.0, 2.0, 3.0])
    )
    assert values_of(with_zero) == pytest.approx(values_of(without))
    assert figures_of(with_zero)["performance.accuracy"].n == 3
    assert [(e.what, e.count) for e in with_zero.ledger] == [("rows of weight zero", 1)]


def test_the_roc_curve_is_the_whole_curve_thinned():
    rng = np.random.default_rng(3)
    y, s = rng.random(5000) < 0.4, rng.random(5000)
    s = np.where(y, s**0.5, s)
    curve = series_of(performance.measure(subject_of(s, y)), "performance.roc_curve")
    fpr, tpr, _ = metrics.roc_curve(y, s, drop_intermediate=False)
    full = set(zip(fpr, tpr, strict=True))
    points = list(zip(curve.false_positive_rate, curve.true_positive_rate, strict=True))
    assert len(points) <= 200
    assert points[0] == (0, 0)
    assert points[-1] == (1, 1)
    assert set(points) <= full
    area = np.trapezoid(curve.true_positive_rate, curve.false_positive_rate)
    assert area == pytest.approx(metrics.roc_auc_score(y, s), abs=1e-3)


def test_the_histogram_counts_every_labelled_row():
    rng = np.random.default_rng(4)
    s, y = rng.random(300), (rng.random(300) < 0.5).astype(float)
    y[:7] = np.nan
    histogram = series_of(performance.measure(subject_of(s, y)), "performance.score_histogram")
    assert (histogram.positive.sum(), histogram.negative.sum()) == ((y == 1).sum(), (y == 0).sum())
    inside = pd.cut(s[y == 1], np.linspace(0, 1, 21), right=False).value_counts()
    assert list(histogram.positive) == list(inside)
    alone = series_of(performance.measure(subject_of(s)), "performance.score_histogram")
    assert (list(alone.columns), alone.n.sum()) == (["low", "high", "n"], 300)


def test_a_histogram_of_equal_scores_has_one_bin():
    rows = series_of(performance.measure(subject_of([3.0, 3.0], [0, 1], model=None)), "performance.score_histogram")
    assert rows.to_dict("list") == {"low": [3.0], "high": [3.0], "positive": [1], "negative": [1]}
