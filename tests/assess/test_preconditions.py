"""What is never guessed: figures without their preconditions have a reason, and no number."""

from __future__ import annotations

import numpy as np
import pytest

from explainkit.assess import calibration, fairness, performance
from explainkit.assess.preconditions import NEEDS, NO_LABEL, NO_OUTCOME, NOT_PROBABILITIES, Need
from explainkit.plan import FairnessPlan
from tests.assess.builders import figures_of, group, reasons_of, series_of, subject_of, values_of

RNG = np.random.default_rng(0)
SCORES = RNG.random(80)
LABELS = (RNG.random(80) < SCORES).astype(float)
GROUPS = (group("sex", RNG.choice(["f", "m"], 80)),)

NEED_THRESHOLD = {
    "performance.accuracy",
    "performance.balanced_accuracy",
    "performance.precision",
    "performance.recall",
    "performance.specificity",
    "performance.f1",
    "performance.mcc",
    "performance.positive_rate",
    "performance.selection_rate",
    "performance.confusion",
    "fairness.selection_rate",
    "fairness.impact_ratio",
    "fairness.selection_difference",
    "fairness.smallest_impact_ratio",
    "fairness.impact_ratio_bounds",
    "fairness.selection_difference_bounds",
    "fairness.true_positive_rate",
    "fairness.false_positive_rate",
    "fairness.accuracy",
    "fairness.precision",
}
NEED_FAVOURABLE = {
    "performance.selection_rate",
    "fairness.selection_rate",
    "fairness.impact_ratio",
    "fairness.selection_difference",
    "fairness.smallest_impact_ratio",
    "fairness.impact_ratio_bounds",
    "fairness.selection_difference_bounds",
}
NEED_PROBABILITIES = {
    "performance.log_loss",
    "performance.brier",
    "performance.observed_expected",
    "calibration.ece",
    "calibration.slope",
    "calibration.intercept",
}
NEED_PREVALENCE = NEED_PROBABILITIES | {
    "performance.average_precision",
    "performance.base_rate",
    "performance.precision",
    "performance.f1",
    "performance.mcc",
    "fairness.base_rate",
    "fairness.precision",
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
        "fairness.selection_rate",
        "fairness.impact_ratio",
        "fairness.selection_difference",
        "fairness.smallest_impact_ratio",
        "fairness.mean_score",
    }
    assert set(reasons_of(measured).values()) == {("not_tested", reason)}
    assert [s.id for s in measured.series] == ["performance.score_histogram"]


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
    assert "calibration.reliability" not in [s.id for s in measured.series]


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
    assert set(reasons) == {n for n, need in NEEDS["binary"].items() if Need.GROUPS in need}
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
