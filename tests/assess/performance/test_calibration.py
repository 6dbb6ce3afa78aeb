"""Calibration against scikit-learn, pandas, and a general-purpose optimiser."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from scipy import optimize, special, stats
from sklearn.calibration import calibration_curve
from sklearn.linear_model import LogisticRegression

from explainkit.assess.performance import calibration
from explainkit.assess.preconditions import NOT_PROBABILITIES
from explainkit.assess.statistics import ranking
from explainkit.assess.statistics.binning import equal_counts
from tests.assess.builders import check_sane, figures_of, reasons_of, series_of, subject_of, values_of
from tests.strategies import binary_rows


def some_rows(n=400, seed=0):
    rng = np.random.default_rng(seed)
    s = rng.beta(2, 3, n)
    return s, (rng.random(n) < s**1.3).astype(float)


def test_slope_and_intercept_equal_scikit_learn():
    s, y = some_rows()
    figures = figures_of(calibration.measure(subject_of(s, y)))
    theirs = LogisticRegression(C=np.inf, tol=1e-10, max_iter=1000).fit(special.logit(s)[:, None], y)
    assert figures["calibration.slope"].value == pytest.approx(theirs.coef_[0, 0], rel=1e-6)
    assert figures["calibration.intercept"].value == pytest.approx(theirs.intercept_[0], rel=1e-5)


@pytest.mark.parametrize("weighted", [False, True])
def test_slope_and_intercept_are_the_maximum_and_its_curvature(weighted):
    s, y = some_rows(seed=1)
    w = np.random.default_rng(2).uniform(0.5, 2, len(s)) if weighted else np.ones(len(s))
    x = special.logit(s)

    def loss(beta):
        return -(w * (y * (beta[0] + beta[1] * x) - np.logaddexp(0, beta[0] + beta[1] * x))).sum()

    best = optimize.minimize(loss, [0, 1], method="Nelder-Mead", options={"xatol": 1e-10, "fatol": 1e-12})
    fit = calibration.recalibrate(ranking.tabulate(s, y == 1, w))
    assert fit is not None
    assert (fit.intercept, fit.slope) == pytest.approx(tuple(best.x), abs=1e-6)
    p = special.expit(fit.intercept + fit.slope * x)
    design = np.column_stack((np.ones_like(x), x))
    covariance = np.linalg.inv(design.T @ (design * (w * p * (1 - p))[:, None]))
    assert (fit.intercept_variance, fit.slope_variance) == pytest.approx(tuple(np.diag(covariance)), rel=1e-6)


def test_intervals_are_walds():
    s, y = some_rows(seed=3)
    fit = calibration.recalibrate(ranking.tabulate(s, y == 1))
    figure = figures_of(calibration.measure(subject_of(s, y)))["calibration.slope"]
    assert fit is not None
    expected = stats.norm.interval(0.95, fit.slope, fit.slope_variance**0.5)
    assert (figure.low, figure.high) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("stretch", [1.0, 2.0])
def test_intervals_cover_the_true_recalibration(stretch):
    """Scores whose logit is stretched have the slope 1/stretch and the intercept 0."""
    rng = np.random.default_rng(5)
    rounds, hits = 500, np.zeros(2)
    for _ in range(rounds):
        s = rng.uniform(0.02, 0.98, 400)
        measured = calibration.measure(subject_of(special.expit(stretch * special.logit(s)), rng.random(400) < s))
        slope, intercept = (figures_of(measured)[f"calibration.{name}"] for name in ("slope", "intercept"))
        hits += (slope.low <= 1 / stretch <= slope.high, intercept.low <= 0 <= intercept.high)
    assert np.all((hits / rounds >= 0.92) & (hits / rounds <= 0.98))


@pytest.mark.parametrize(
    ("scores", "labels", "reason"),
    [
        ([0.1, 0.2, 0.8, 0.9], [0, 0, 1, 1], "separate the classes"),
        ([0.1, 0.2, 0.2, 0.9], [1, 1, 0, 0], "separate the classes"),
        ([0.0, 0.6, 0.5, 0.9], [0, 1, 1, 0], "exactly zero or one"),
        ([0.4, 0.4, 0.4], [0, 1, 1], "all scores are equal"),
        ([0.4, 0.3, 0.2], [1, 1, 1], "all of one class"),
    ],
)
def test_no_recalibration_no_number(scores, labels, reason):
    reasons = reasons_of(calibration.measure(subject_of(scores, labels)))
    for name in ("calibration.slope", "calibration.intercept"):
        assert reasons[name][0] == "not_tested"
        assert reason in reasons[name][1]


@given(binary_rows())
def test_a_recalibration_exists_just_where_it_says(rows):
    known = ~np.isnan(rows.labels)
    weights = None if rows.weights is None else rows.weights[known]
    table = ranking.tabulate(np.clip(rows.scores[known], 0.01, 0.99), rows.labels[known] == 1, weights)
    why, fit = calibration.no_recalibration(table), None
    if why is None:
        fit = calibration.recalibrate(table)
        assert fit is not None
        # At the maximum the residuals are orthogonal to the constant and to the logit.
        logit = special.logit(table.scores)
        total = table.positives + table.negatives
        residual = table.positives - total * special.expit(fit.intercept + fit.slope * logit)
        assert residual.sum() == pytest.approx(0, abs=1e-6 * total.sum())
        assert (residual * logit).sum() == pytest.approx(0, abs=1e-5 * total.sum())


def test_bins_equal_scikit_learns_where_nothing_is_tied():
    s, y = some_rows(500, seed=6)
    curve = series_of(calibration.measure(subject_of(s, y)), "calibration.reliability")
    observed, predicted = calibration_curve(y, s, n_bins=10, strategy="quantile")
    assert list(curve.n) == [50] * 10
    assert list(curve.observed) == pytest.approx(observed, abs=1e-12)
    assert list(curve.mean_score) == pytest.approx(predicted, abs=1e-12)
    interval = stats.binomtest(round(50 * curve.observed[3]), 50).proportion_ci(0.95, "wilson")
    assert (curve.observed_low[3], curve.observed_high[3]) == pytest.approx((interval.low, interval.high), abs=1e-12)


@given(binary_rows())
def test_bins_and_their_error_by_definition(rows):
    """Bins by pandas' average ranks, then the error bin by bin."""
    measured = calibration.measure(subject_of(rows.scores, rows.labels, weights=rows.weights))
    check_sane(measured.figures)
    known = ~np.isnan(rows.labels)
    frame = pd.DataFrame({"s": rows.scores[known], "y": rows.labels[known], "w": 1.0})
    if rows.weights is not None:
        frame["w"] = rows.weights[known]
    rank = frame.s.rank(method="average") - 0.5
    frame["bin"] = np.floor((10 * 2 * rank).round().astype(int) / (2 * len(frame))).astype(int)
    means = frame.groupby("bin").apply(
        lambda b: pd.Series(
            {"w": b.w.sum(), "s": np.average(b.s, weights=b.w), "y": np.average(b.y, weights=b.w), "n": len(b)}
        )
    )
    expected = (means.w * (means.s - means.y).abs()).sum() / means.w.sum()
    assert values_of(measured)["calibration.ece"] == pytest.approx(expected, abs=1e-12)
    curve = series_of(measured, "calibration.reliability")
    assert list(curve.n) == list(means.n)
    assert list(curve.observed) == pytest.approx(list(means.y), abs=1e-12)
    assert curve.observed_low.isna().all() == (rows.weights is not None)


def error_of(scores, labels, weights, bins):
    observed, predicted = bins.mean(labels, weights), bins.mean(scores, weights)
    return (bins.total(weights) * np.abs(observed - predicted)).sum() / bins.total(weights).sum()


@pytest.mark.parametrize("n", [60, 60_000])
@pytest.mark.parametrize("weighted", [False, True])
def test_the_expected_error_is_that_of_calibrated_outcomes(n, weighted):
    """Against drawing all outcomes again, over and over; 60,000 rows have bins by formula and bins by draws."""
    rng = np.random.default_rng(8)
    scores = rng.beta(1, 4, n).round(2 if n < 100 else 9)  # some are tied
    scores = scores.clip(0.001, 0.999)
    weights = rng.uniform(0.5, 2, n) if weighted else None
    bins = equal_counts(scores)
    errors = [error_of(scores, (rng.random(n) < scores).astype(float), weights, bins) for _ in range(400)]
    found = calibration.expected_error(scores, weights, bins, seed=0)
    spread = np.std(errors) * np.sqrt(1 / 400 + 1 / calibration.DRAWS)
    assert abs(found - np.mean(errors)) < 4 * spread
    assert found > 0
    order = rng.permutation(n)
    other = None if weights is None else weights[order]
    assert calibration.expected_error(scores[order], other, equal_counts(scores[order]), seed=0) == found


@pytest.mark.parametrize(("n", "rel"), [(30, 0.2), (20_000, 1e-3)])
@pytest.mark.parametrize("weights", [None, 2.0])
def test_the_expected_error_of_one_score_is_the_mean_deviation_of_a_binomial(n, rel, weights):
    """By draws for few rows, by formula for many."""
    scores = np.full(n, 0.3)
    own = None if weights is None else np.full(n, weights)
    expected = stats.binom.expect(lambda k: np.abs(k - 0.3 * n), (n, 0.3), maxcount=10**6) / n
    found = calibration.expected_error(scores, own, equal_counts(scores), seed=0)
    assert found == pytest.approx(expected, rel=rel)


def test_certain_scores_have_no_error_by_chance():
    scores = np.array([0.0] * 5 + [1.0] * 5)
    assert calibration.expected_error(scores, None, equal_counts(scores), seed=0) == 0


def test_the_seed_of_the_expected_error_is_said():
    s, y = some_rows(60)
    first, second = (figures_of(calibration.measure(subject_of(s, y), seed=k)) for k in (0, 7))
    assert "200 draws" in first["calibration.ece_expected"].method
    assert "seed 7" in second["calibration.ece_expected"].method
    assert first["calibration.ece_expected"].value != second["calibration.ece_expected"].value
    assert first["calibration.ece"] == second["calibration.ece"]


def test_equal_values_share_a_bin():
    bins = equal_counts(np.array([0.5] * 95 + [0.1] * 3 + [0.9] * 2))
    assert list(bins.counts) == [3, 95, 2]
    assert (list(bins.low), list(bins.high)) == ([0.1, 0.5, 0.9], [0.1, 0.5, 0.9])


def test_scores_that_are_no_probabilities_have_no_calibration():
    measured = calibration.measure(subject_of([-3.0, 2.0, 0.5], [0, 1, 1], model=None))
    assert set(reasons_of(measured)) == {
        f"calibration.{name}" for name in ("ece", "ece_expected", "slope", "intercept")
    }
    assert all(reason == ("not_tested", NOT_PROBABILITIES) for reason in reasons_of(measured).values())
    assert measured.series == ()


def test_other_tasks_have_none():
    assert calibration.measure(subject_of([1.0, 2.0], [1.0, 3.0], task="regression")).figures == ()
