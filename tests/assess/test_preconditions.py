"""What is never guessed: figures without their preconditions have a reason, and no number."""

from __future__ import annotations

import numpy as np
import pytest

from explainkit.assess.fairness import fairness
from explainkit.assess.performance import calibration, performance
from explainkit.assess.preconditions import NEEDS, NO_LABEL, NO_OUTCOME, NOT_PROBABILITIES, Need
from explainkit.plan import FairnessPlan
from tests.assess.builders import figures_of, group, reasons_of, series_of, subject_of, values_of

RNG = np.random.default_rng(0)
SCORES = RNG.random(80)
LABELS = (RNG.random(80) < SCORES).astype(float)
GROUPS = (group("sex", RNG.choice(["f", "m"], 80)),)


def compared(*names):
    """Rates by group with their differences and ratios."""
    return {f"fairness.{name}{what}" for name in names for what in ("", "_difference", "_ratio")}


SELECTION = {
    "fairness.impact_ratio_bounds",
    "fairness.selection_difference_bounds",
    "fairness.selection_rate",
    "fairness.impact_ratio",
    "fairness.selection_difference",
    "fairness.smallest_impact_ratio",
    "fairness.demographic_parity_difference",
    "fairness.demographic_parity_ratio",
    "fairness.chance_ratio",
    "fairness.chance_p",
    "fairness.selection_p",
    "fairness.selection_p_holm",
    "fairness.selection_p_bh",
    "fairness.detectable_below",
    "fairness.detectable_above",
}
NEED_THRESHOLD = {
    "performance.accuracy",
    "performance.balanced_accuracy",
    "performance.precision",
    "performance.recall",
    "performance.specificity",
    "performance.negative_predictive_value",
    "performance.false_positive_rate",
    "performance.false_negative_rate",
    "performance.f1",
    "performance.mcc",
    "performance.positive_rate",
    "performance.selection_rate",
    "performance.confusion",
    *SELECTION,
    *compared("true_positive_rate", "false_positive_rate", "true_negative_rate", "false_negative_rate"),
    *compared("accuracy", "precision", "negative_predictive_value"),
    "fairness.equal_opportunity_difference",
    "fairness.false_positive_rate_gap",
    "fairness.equalized_odds_difference",
    "fairness.equalized_odds_ratio",
    "fairness.average_odds_difference",
    "fairness.predictive_parity_difference",
    "fairness.accuracy_gap",
}
NEED_FAVOURABLE = {"performance.selection_rate", *SELECTION}
NEED_PROBABILITIES = {
    "performance.log_loss",
    "performance.brier",
    "performance.brier_reliability",
    "performance.brier_resolution",
    "performance.brier_uncertainty",
    "performance.brier_within",
    "performance.brier_skill",
    "performance.observed_expected",
    "calibration.ece",
    "calibration.ece_expected",
    "calibration.slope",
    "calibration.intercept",
    "fairness.calibration_error",
    "fairness.observed_expected",
    "fairness.calibration_slope",
    "fairness.calibration_intercept",
}
NEED_PREVALENCE = NEED_PROBABILITIES | {
    "performance.average_precision",
    "performance.base_rate",
    "performance.precision",
    "performance.negative_predictive_value",
    "performance.f1",
    "performance.mcc",
    *compared("base_rate", "precision", "negative_predictive_value"),
    "fairness.predictive_parity_difference",
}


def everything(scores=SCORES, labels=LABELS, groups=GROUPS, **given):
    subject = subject_of(scores, labels, groups=groups, **given)
    return performance.measure(subject) + calibration.measure(subject) + fairness.measure(subject, FairnessPlan())


def test_with_everything_stated_everything_is_measured():
    assert reasons_of(everything()) == {}


@pytest.mark.parametrize(
    ("given", "names", "reason"),
    [
        ({"threshold": None}, NEED_THRESHOLD, "no threshold is stated (model.threshold)"),
        ({"favourable": None}, NEED_FAVOURABLE, "the favourable outcome is not stated (fairness.favourable)"),
        (
            {"population": "resampled"},
            NEED_PREVALENCE,
            "evaluation rows are resampled and the true prevalence is not stated",
        ),
        ({"scores": 2 * SCORES, "model": None}, NEED_PROBABILITIES, NOT_PROBABILITIES),
    ],
)
def test_what_is_missing_stops_just_what_depends_on_it(given, names, reason):
    """One figure of the bare name for each, and none with a number."""
    measured = everything(**given)
    assert reasons_of(measured) == dict.fromkeys(names, ("not_tested", reason))
    assert not {f.name for f in measured.figures if f.value is not None} & names
    said = {name for e in measured.ledger if e.reason == reason for name in e.what.split(", ")}
    assert said >= names


def test_scores_within_zero_and_one_are_probabilities_without_a_model():
    assert reasons_of(everything(model=None)) == {}
    figures = figures_of(everything(scores=10 * SCORES, model=None))
    assert figures["performance.score_mean"].unit == "score"
    assert figures["fairness.mean_score[sex=f]"].unit == "score"
    assert figures_of(everything())["performance.score_mean"].unit == "probability"


@pytest.mark.parametrize(("labels", "reason"), [(None, NO_OUTCOME), (np.full(80, np.nan), NO_LABEL)])
def test_without_outcomes_only_scores_and_decisions_remain(labels, reason):
    measured = everything(labels=labels)
    kept = {f.name for f in measured.figures if f.value is not None}
    assert kept == {
        "performance.score_mean",
        "performance.positive_rate",
        "performance.selection_rate",
        "fairness.count",
        "fairness.unknown",
        *(name for name in SELECTION if not name.endswith("_bounds")),  # made where groups are unknown
        "fairness.mean_score",
    }
    assert set(reasons_of(measured).values()) == {("not_tested", reason)}
    (gaps,) = [s for s in measured.series if s.id == "fairness.gap_by_threshold[column=sex]"]
    assert not any("positive" in name for name, _ in gaps.columns)  # what needs outcomes is not there
    assert {s.id for s in measured.series if s is not gaps} == {
        "performance.score_histogram",
        "fairness.score_quantiles[column=sex]",
    }


def test_a_score_without_a_positive_class_says_nothing():
    measured = everything(labels=None, positive=None)
    assert {f.name for f in measured.figures if f.value is not None} == {"fairness.count", "fairness.unknown"}
    reasons = {reason for _, reason in reasons_of(measured).values()}
    assert reasons == {"the positive class is not stated (model.positive)"}
    assert measured.series == ()


def test_two_reasons_are_both_said():
    reasons = reasons_of(everything(threshold=None, population="resampled"))
    assert reasons["performance.precision"][1] == (
        "no threshold is stated (model.threshold); evaluation rows are resampled and the true prevalence is not stated"
    )


def test_resampled_rows_keep_what_does_not_depend_on_prevalence_and_say_what_does():
    measured = everything(population="resampled")
    figures = figures_of(measured)
    for name in ("performance.roc_auc", "performance.ks", "performance.recall", "fairness.true_positive_rate[sex=f]"):
        assert "resampled" not in str(figures[name].method)
    for name in ("performance.accuracy", "performance.selection_rate", "fairness.selection_rate[sex=f]"):
        assert str(figures[name].method).endswith("in this sample, which was resampled")
    assert not {"calibration.reliability", "performance.lift"} & {s.id for s in measured.series}
    thresholds = series_of(measured, "performance.thresholds")
    assert list(thresholds) == ["threshold", "positive_rate", "recall", "false_positive_rate"]


def test_accepted_only_narrows_every_rate_and_forbids_a_verdict():
    measured = everything(population="accepted only")
    figures = figures_of(measured)
    selection = figures["fairness.selection_rate[sex=f]"]
    assert selection.numerator == "selected among accepted cases: decided 0"
    for figure in figures:
        if figure.numerator:
            assert "among accepted cases" in figure.numerator
    (entry,) = [e for e in measured.ledger if e.what == "a verdict on selection"]
    assert entry.kind == "not_tested"
    assert "insufficient evidence" in entry.reason
    assert not [e for e in everything().ledger if e.what == "a verdict on selection"]


def test_no_sensitive_column_is_said_for_every_figure_by_group():
    reasons = reasons_of(everything(groups=()))
    named = {n for n, need in NEEDS["binary"].items() if Need.GROUPS in need}
    assert set(reasons) == {n for n in named if n.startswith("fairness.")}
    assert set(reasons.values()) == {("not_tested", "no sensitive column is named (data.sensitive)")}


def test_regression_has_no_prevalence():
    subject = subject_of(SCORES, LABELS, task="regression", groups=GROUPS, population="resampled")
    measured = performance.measure(subject) + fairness.measure(subject, FairnessPlan())
    assert set(reasons_of(measured)) <= {"performance.mape"}


def test_resampled_multiclass_leaves_out_precision():
    rng = np.random.default_rng(1)
    subject = subject_of(
        rng.dirichlet([1, 1, 1], 60), rng.integers(0, 3, 60), task="multiclass", population="resampled"
    )
    measured = performance.measure(subject)
    assert set(reasons_of(measured)) == {"performance.log_loss", "performance.precision", "performance.f1"}
    assert "performance.recall[class=k0]" in values_of(measured)


def test_the_reliability_curve_needs_what_the_error_needs():
    assert len(series_of(everything(), "calibration.reliability")) == 10
    assert not [s for s in everything(population="resampled").series if s.id.startswith("calibration")]
