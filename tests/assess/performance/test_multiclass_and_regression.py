"""Multiclass and regression performance against scikit-learn and pandas."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from sklearn import metrics

from explainkit.assess.performance import performance
from tests.assess.builders import check_sane, figures_of, reasons_of, series_of, subject_of, values_of


@st.composite
def multiclass_rows(draw, classes=4):
    n = draw(st.integers(8, 50))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    scores = rng.dirichlet(np.ones(classes), n).round(draw(st.sampled_from([1, 8])))
    labels = rng.integers(0, classes, n).astype(float)
    labels[:classes] = np.arange(classes)
    if draw(st.booleans()):
        labels[classes + 1] = np.nan
    return scores, labels, rng.uniform(0.1, 5, n) if draw(st.booleans()) else None


@given(multiclass_rows())
def test_multiclass_equals_scikit_learn(rows):
    scores, labels, weights = rows
    measured = performance.measure(subject_of(scores, labels, task="multiclass", weights=weights))
    check_sane(measured.figures)
    values = values_of(measured)
    known = ~np.isnan(labels)
    y, d, p = labels[known].astype(int), scores[known].argmax(axis=1), scores[known]
    w = None if weights is None else weights[known]
    approx = {"rel": 1e-12, "abs": 1e-12}
    kind = {"sample_weight": w}
    assert values["performance.accuracy"] == pytest.approx(metrics.accuracy_score(y, d, **kind), **approx)
    assert values["performance.balanced_accuracy"] == pytest.approx(
        metrics.balanced_accuracy_score(y, d, **kind), **approx
    )
    for average in ("macro", "weighted"):
        for name, score in (
            ("precision", metrics.precision_score),
            ("recall", metrics.recall_score),
            ("f1", metrics.f1_score),
        ):
            theirs = score(y, d, average=average, labels=range(4), zero_division=np.nan, **kind)
            got = values[f"performance.{name}[average={average}]"]
            assert got == pytest.approx(theirs, **approx)
    order = np.argsort(-p, axis=1, kind="stable")  # the first of equals first
    for k in (2, 3):
        hits = (order[:, :k] == y[:, None]).any(axis=1)
        assert values[f"performance.top_k_accuracy[k={k}]"] == pytest.approx(np.average(hits, weights=w), **approx)
        if not (np.diff(np.sort(p, axis=1), axis=1) == 0).any():
            theirs = metrics.top_k_accuracy_score(y, p, k=k, labels=range(4), **kind)
            assert values[f"performance.top_k_accuracy[k={k}]"] == pytest.approx(theirs, **approx)
    areas = [metrics.roc_auc_score(y == k, p[:, k], **kind) for k in range(4)]
    for k in range(4):
        assert values[f"performance.roc_auc[class=k{k}]"] == pytest.approx(areas[k], **approx)
    assert values["performance.roc_auc[average=macro]"] == pytest.approx(np.mean(areas), **approx)
    tiny = np.finfo(float).eps
    own = np.clip(p[np.arange(len(y)), y], tiny, 1 - tiny)
    assert values["performance.log_loss"] == pytest.approx(np.average(-np.log(own), weights=w), **approx)
    report = metrics.precision_recall_fscore_support(y, d, labels=range(4), zero_division=np.nan, **kind)
    for k in range(4):
        for name, column in zip(("precision", "recall", "f1"), report[:3], strict=True):
            value = values.get(f"performance.{name}[class=k{k}]", np.nan)
            assert value == pytest.approx(column[k], nan_ok=True, **approx)
    matrix = metrics.confusion_matrix(y, d, labels=range(4))
    for a in range(4):
        for b in range(4):
            assert values[f"performance.confusion[actual=k{a},decided=k{b}]"] == matrix[a, b]
    assert values["performance.selection_rate"] == pytest.approx(
        np.average(scores.argmax(axis=1) == 0, weights=weights), **approx
    )


def test_multiclass_equals_scikit_learns_own_macro_auc_and_log_loss():
    rng = np.random.default_rng(0)
    scores = rng.dirichlet([1, 2, 3], 300)
    labels = np.array([rng.choice(3, p=p) for p in scores])
    values = values_of(performance.measure(subject_of(scores, labels, task="multiclass")))
    expected = metrics.roc_auc_score(labels, scores, multi_class="ovr", average="macro")
    assert values["performance.roc_auc[average=macro]"] == pytest.approx(expected, abs=1e-12)
    assert values["performance.log_loss"] == pytest.approx(metrics.log_loss(labels, scores), abs=1e-12)


def test_a_class_that_never_occurs_is_left_out_and_named():
    scores = np.array([[0.6, 0.3, 0.1], [0.2, 0.7, 0.1], [0.5, 0.4, 0.1], [0.1, 0.8, 0.1]])
    measured = performance.measure(subject_of(scores, [0, 1, 1, 0], task="multiclass"))
    figures = figures_of(measured)
    for name in ("performance.roc_auc[average=macro]", "performance.f1[average=macro]"):
        assert figures[name].reason == "left out, as undefined there: k2"
    assert figures["performance.f1[average=macro]"].value == metrics.f1_score(
        [0, 1, 1, 0], scores.argmax(axis=1), average="macro"
    )
    reasons = reasons_of(measured)
    assert reasons["performance.recall[class=k2]"] == ("not_tested", "no outcome is of the class")
    assert reasons["performance.precision[class=k2]"][0] == "not_tested"
    assert reasons["performance.f1[class=k2]"][0] == "not_tested"


def test_the_area_of_each_class_has_delongs_interval():
    rng = np.random.default_rng(4)
    scores = rng.dirichlet([1, 1, 1], 80)
    labels = np.array([rng.choice(3, p=p) for p in scores], float)
    figures = figures_of(performance.measure(subject_of(scores, labels, task="multiclass")))
    binary = figures_of(performance.measure(subject_of(scores[:, 1], labels == 1)))["performance.roc_auc"]
    own = figures["performance.roc_auc[class=k1]"]
    assert (own.value, own.low, own.high, own.events) == (binary.value, binary.low, binary.high, binary.events)
    assert own.class_ == "k1"
    assert figures["performance.roc_auc[average=macro]"].low is None


def test_as_many_classes_as_are_looked_at_are_no_top():
    names = {f.id for f in performance.measure(subject_of(np.eye(3), [0, 1, 2], task="multiclass")).figures}
    assert "performance.top_k_accuracy[k=2]" in names
    assert "performance.top_k_accuracy[k=3]" not in names


def test_the_weighted_recall_of_resampled_rows_says_so():
    subject = subject_of(np.eye(3), [0, 1, 2], task="multiclass", population="resampled")
    figures = figures_of(performance.measure(subject))
    assert "resampled" in figures["performance.recall[average=weighted]"].method
    assert "resampled" not in figures["performance.recall[average=macro]"].method


def test_multiclass_needs_a_favourable_class_for_selection_alone():
    measured = performance.measure(subject_of(np.eye(3), [0, 1, 2], task="multiclass", favourable=None))
    assert list(reasons_of(measured)) == ["performance.selection_rate"]


@st.composite
def regression_rows(draw):
    n = draw(st.integers(3, 60))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    labels = rng.normal(10, 3, n)
    return labels + rng.normal(0.3, 1, n), labels, rng.uniform(0.1, 5, n) if draw(st.booleans()) else None


@given(regression_rows())
def test_regression_equals_scikit_learn(rows):
    scores, labels, weights = rows
    measured = performance.measure(subject_of(scores, labels, task="regression", weights=weights))
    check_sane(measured.figures)
    values, kind = values_of(measured), {"sample_weight": weights}
    expected = {
        "mae": metrics.mean_absolute_error(labels, scores, **kind),
        "rmse": metrics.root_mean_squared_error(labels, scores, **kind),
        "r2": metrics.r2_score(labels, scores, **kind),
        "mape": metrics.mean_absolute_percentage_error(labels, scores, **kind),
        "mean_error": np.average(scores - labels, weights=weights),
    }
    for name, value in expected.items():
        assert values[f"performance.{name}"] == pytest.approx(value, rel=1e-11, abs=1e-12)
    distance = np.abs(scores - labels)
    if weights is None:
        assert values["performance.median_absolute_error"] == pytest.approx(np.median(distance), abs=1e-12)
    else:  # the point where the weights on both sides are equal
        middle = values["performance.median_absolute_error"]
        assert weights[distance < middle].sum() <= weights.sum() / 2 + 1e-9
        assert weights[distance > middle].sum() <= weights.sum() / 2 + 1e-9
    error = pd.Series(scores - labels)
    for q in (0.05, 0.25, 0.5, 0.75, 0.95):
        got = values[f"performance.residual_quantile[q={q:g}]"]
        if weights is None:
            assert got == pytest.approx(error.quantile(q), abs=1e-12)
        else:
            order = np.argsort(error)
            share = weights[order].cumsum() / weights.sum()
            assert got == error.iloc[order].iloc[np.searchsorted(share, q)]


def test_regression_intervals_are_students():
    rng = np.random.default_rng(2)
    labels = rng.normal(0, 1, 50)
    scores = labels + rng.normal(0.2, 1, 50)
    figure = figures_of(performance.measure(subject_of(scores, labels, task="regression")))["performance.mean_error"]
    theirs = stats.ttest_1samp(scores - labels, 0).confidence_interval(0.95)
    assert (figure.low, figure.high) == pytest.approx((theirs.low, theirs.high), abs=1e-12)


def test_equal_weights_change_no_median():
    scores, labels = np.array([1.0, 2.0, 3.0, 7.0]), np.zeros(4)
    for weights in (None, np.full(4, 0.5)):
        values = values_of(performance.measure(subject_of(scores, labels, task="regression", weights=weights)))
        assert values["performance.median_absolute_error"] == 2.5


@pytest.mark.parametrize("n", [80, 1000])
def test_the_interval_of_the_root_covers_it(n):
    rng = np.random.default_rng(6)
    rounds, hits = 400, 0
    for _ in range(rounds):
        figure = figures_of(performance.measure(subject_of(rng.normal(0, 2, n), np.zeros(n), task="regression")))
        root = figure["performance.rmse"]
        hits += root.low <= 2 <= root.high
    assert 0.91 <= hits / rounds <= 0.98


def test_the_interval_of_the_root_is_by_the_delta_method():
    error = np.array([1.0, -2.0, 0.5, 3.0, -1.0])
    figure = figures_of(performance.measure(subject_of(error, np.zeros(5), task="regression")))["performance.rmse"]
    root, squares = np.sqrt(np.mean(error**2)), error**2
    reach = stats.t.ppf(0.975, 4) * squares.std(ddof=1) / np.sqrt(5) / (2 * root)
    assert (figure.low, figure.high) == pytest.approx((max(0, root - reach), root + reach), abs=1e-12)


def test_regression_says_what_is_undefined():
    reasons = reasons_of(performance.measure(subject_of([1.0, 2.0], [0.0, 0.0], task="regression")))
    assert reasons == {
        "performance.r2": ("not_tested", "the outcomes do not vary"),
        "performance.mape": ("not_tested", "an outcome is zero"),
    }
    untested = reasons_of(performance.measure(subject_of([1.0, 2.0], task="regression")))
    assert {reason for _, reason in untested.values()} == {"the data has no outcome (data.target)"}
    assert "performance.mae" in untested


def test_regression_curve_by_pandas():
    rng = np.random.default_rng(3)
    scores, labels = rng.random(100), rng.random(100)
    curve = series_of(
        performance.measure(subject_of(scores, labels, task="regression")), "performance.predicted_observed"
    )
    frame = pd.DataFrame({"s": scores, "y": labels}).sort_values("s", ignore_index=True)
    means = frame.groupby(frame.index // 10).mean()
    assert list(curve.mean_prediction) == pytest.approx(list(means.s), abs=1e-12)
    assert list(curve.mean_outcome) == pytest.approx(list(means.y), abs=1e-12)
    assert curve.n.sum() == 100


def test_regression_needs_no_threshold_and_no_favourable_outcome():
    measured = performance.measure(
        subject_of([1.0, 2.0, 4.0], [1.5, 2.5, 3.0], task="regression", threshold=None, favourable=None)
    )
    assert reasons_of(measured) == {}
