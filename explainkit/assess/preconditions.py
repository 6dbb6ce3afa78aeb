"""What each figure needs to be known before it may be measured; the one place that says so.

Threshold, favourable outcome, positive class and population decide the sign or the meaning of figures and are never
guessed. A figure whose needs are not met is ``not_tested``, with a reason that names the key of the plan.
"""

from __future__ import annotations

from enum import Flag, auto

import numpy as np

from explainkit.load.subject import Subject
from explainkit.plan import Task


class Need(Flag):
    """What a figure depends on."""

    NOTHING = 0
    GROUPS = auto()
    """Sensitive columns are named."""
    POSITIVE = auto()
    """The class whose probability the score is, is stated (binary)."""
    OUTCOME = auto()
    """At least one row has an outcome."""
    BOTH = auto()
    """Both classes occur among the outcomes (binary)."""
    DECISION = auto()
    """A threshold turns scores into decisions (binary; the classes of a multiclass model are decisions)."""
    FAVOURABLE = auto()
    """The favourable outcome is stated."""
    PROBABILITY = auto()
    """Scores are probabilities."""
    PREVALENCE = auto()
    """The shares of the classes are those of the world: not tested on resampled rows."""
    SAMPLE = auto()
    """Depends on the shares of the classes too, but is said to hold in this sample only."""


_KNOWN = Need.POSITIVE | Need.OUTCOME
_DECIDED = _KNOWN | Need.DECISION
_PROBABLE = _KNOWN | Need.PROBABILITY | Need.PREVALENCE
_SELECTED = Need.POSITIVE | Need.DECISION | Need.FAVOURABLE | Need.SAMPLE


def _compared(name: str, needs: Need) -> dict[str, Need]:
    """A rate by group, with its difference and ratio to the reference."""
    return {f"fairness.{name}{what}": Need.GROUPS | needs for what in ("", "_difference", "_ratio")}


def _decided_in_fact(model: Need) -> dict[str, Need]:
    """What was decided in fact, over all rows and by group; against the model's decisions."""
    needs = {"actual_rate": Need.SAMPLE, "model_rate": model}
    needs |= {"overridden_to_favourable": model, "overridden_to_unfavourable": model}
    return {f"decisions.{name}{what}": need for name, need in needs.items() for what in ("", "_difference", "_ratio")}


def _by_chance_of_group(selected: Need) -> dict[str, Need]:
    """Selection by groups that are known by probabilities."""
    return dict.fromkeys(("proxy.selection_rate", "proxy.selection_difference", "proxy.impact_ratio"), selected)


def _searched(known: Need) -> dict[str, Need]:
    """Figures of the segments where errors are largest."""
    measured = ("slice.error", "slice.error_elsewhere", "slice.difference", "slice.p_adjusted")
    return dict.fromkeys(measured, known | Need.SAMPLE) | dict.fromkeys(("slice.rows", "slice.searched"), known)


def _stressed(decided: Need, known: Need) -> dict[str, Need]:
    """What becomes of decisions and of performance when inputs change."""
    flips = ("robustness.flips", "robustness.worst.flips", "robustness.scenario.flips")
    needs = dict.fromkeys(flips, decided | Need.SAMPLE) | {"robustness.scenario.flips_by_group": decided | Need.GROUPS}
    return needs | dict.fromkeys(("robustness.performance_change", "robustness.label_noise"), known)


def _of_parts(needs: dict[str, Need]) -> dict[str, Need]:
    """Figures of periods, of segments, and in and out of sample."""
    return {f"{family}.{name}": need for family in ("period", "segment", "sample") for name, need in needs.items()}


_BINARY: dict[str, Need] = {
    "performance.roc_auc": _KNOWN | Need.BOTH,
    "performance.roc_curve": _KNOWN | Need.BOTH,
    "performance.gini": _KNOWN | Need.BOTH,
    "performance.ks": _KNOWN | Need.BOTH,
    # Made of precision, as F1 and MCC are: they mean nothing more than precision does at the wrong prevalence.
    "performance.average_precision": _KNOWN | Need.BOTH | Need.PREVALENCE,
    "performance.log_loss": _PROBABLE,
    "performance.brier": _PROBABLE,
    "performance.brier_reliability": _PROBABLE,
    "performance.brier_resolution": _PROBABLE,
    "performance.brier_uncertainty": _PROBABLE,
    "performance.brier_within": _PROBABLE,
    "performance.brier_skill": _PROBABLE | Need.BOTH,
    "performance.observed_expected": _PROBABLE,
    "performance.base_rate": _KNOWN | Need.PREVALENCE,
    "performance.score_mean": Need.POSITIVE | Need.SAMPLE,
    "performance.score_histogram": Need.POSITIVE,
    "performance.accuracy": _DECIDED | Need.SAMPLE,
    "performance.balanced_accuracy": _DECIDED | Need.BOTH,
    "performance.precision": _DECIDED | Need.PREVALENCE,
    "performance.recall": _DECIDED,
    "performance.specificity": _DECIDED,
    "performance.negative_predictive_value": _DECIDED | Need.PREVALENCE,
    "performance.false_positive_rate": _DECIDED,
    "performance.false_negative_rate": _DECIDED,
    "performance.cost": _DECIDED | Need.PREVALENCE,
    "performance.smallest_cost": _KNOWN | Need.PREVALENCE,
    "performance.smallest_cost_threshold": _KNOWN | Need.PREVALENCE,
    "performance.thresholds": _KNOWN,
    "performance.thresholds.precision": _KNOWN | Need.PREVALENCE,
    "performance.lift": _KNOWN | Need.BOTH | Need.PREVALENCE,
    "performance.f1": _DECIDED | Need.PREVALENCE,
    "performance.mcc": _DECIDED | Need.PREVALENCE,
    "performance.positive_rate": Need.POSITIVE | Need.DECISION | Need.SAMPLE,
    "performance.selection_rate": _SELECTED,
    "performance.confusion": _DECIDED | Need.SAMPLE,
    "performance.custom": _KNOWN | Need.SAMPLE,
    "calibration.ece": _PROBABLE,
    "calibration.ece_expected": _PROBABLE,
    "calibration.reliability": _PROBABLE,
    "calibration.slope": _PROBABLE | Need.BOTH,
    "calibration.intercept": _PROBABLE | Need.BOTH,
    "fairness.selection_rate": Need.GROUPS | _SELECTED,
    "fairness.impact_ratio": Need.GROUPS | _SELECTED,
    "fairness.selection_difference": Need.GROUPS | _SELECTED,
    "fairness.smallest_impact_ratio": Need.GROUPS | _SELECTED,
    "fairness.demographic_parity_difference": Need.GROUPS | _SELECTED,
    "fairness.demographic_parity_ratio": Need.GROUPS | _SELECTED,
    "fairness.chance_ratio": Need.GROUPS | _SELECTED,
    "fairness.chance_p": Need.GROUPS | _SELECTED,
    "fairness.selection_p": Need.GROUPS | _SELECTED,
    "fairness.selection_p_holm": Need.GROUPS | _SELECTED,
    "fairness.selection_p_bh": Need.GROUPS | _SELECTED,
    "fairness.detectable_below": Need.GROUPS | _SELECTED,
    "fairness.detectable_above": Need.GROUPS | _SELECTED,
    **_compared("true_positive_rate", _DECIDED),
    **_compared("false_positive_rate", _DECIDED),
    **_compared("true_negative_rate", _DECIDED),
    **_compared("false_negative_rate", _DECIDED),
    **_compared("accuracy", _DECIDED | Need.SAMPLE),
    **_compared("precision", _DECIDED | Need.PREVALENCE),
    **_compared("negative_predictive_value", _DECIDED | Need.PREVALENCE),
    **_compared("base_rate", _KNOWN | Need.PREVALENCE),
    "fairness.equal_opportunity_difference": Need.GROUPS | _DECIDED,
    "fairness.false_positive_rate_gap": Need.GROUPS | _DECIDED,
    "fairness.equalized_odds_difference": Need.GROUPS | _DECIDED,
    "fairness.equalized_odds_ratio": Need.GROUPS | _DECIDED,
    "fairness.average_odds_difference": Need.GROUPS | _DECIDED,
    "fairness.predictive_parity_difference": Need.GROUPS | _DECIDED | Need.PREVALENCE,
    "fairness.accuracy_gap": Need.GROUPS | _DECIDED | Need.SAMPLE,
    "ll144.selection_rate": Need.GROUPS | _SELECTED,
    "ll144.impact_ratio": Need.GROUPS | _SELECTED,
    "ll144.smallest_impact_ratio": Need.GROUPS | _SELECTED,
    "ll144.scoring_rate": Need.GROUPS | Need.POSITIVE | Need.FAVOURABLE | Need.SAMPLE,
    "ll144.scoring_impact_ratio": Need.GROUPS | Need.POSITIVE | Need.FAVOURABLE | Need.SAMPLE,
    "ll144.smallest_scoring_impact_ratio": Need.GROUPS | Need.POSITIVE | Need.FAVOURABLE | Need.SAMPLE,
    "ll144.median_score": Need.GROUPS | Need.POSITIVE | Need.FAVOURABLE | Need.SAMPLE,
    "fairness.impact_ratio_bounds": Need.GROUPS | _SELECTED,
    "fairness.selection_difference_bounds": Need.GROUPS | _SELECTED,
    "fairness.mean_score": Need.GROUPS | Need.POSITIVE | Need.SAMPLE,
    "fairness.roc_auc": Need.GROUPS | _KNOWN,
    "fairness.calibration_error": Need.GROUPS | _PROBABLE,
    "fairness.observed_expected": Need.GROUPS | _PROBABLE,
    "fairness.calibration_slope": Need.GROUPS | _PROBABLE,
    "fairness.calibration_intercept": Need.GROUPS | _PROBABLE,
    **_stressed(Need.DECISION, _KNOWN | Need.BOTH),
    "robustness.off_data.loss": _PROBABLE,
    **_of_parts(
        {
            "roc_auc": _KNOWN,
            "observed_expected": _PROBABLE,
            "selection_rate": _SELECTED,
            "base_rate": _KNOWN | Need.PREVALENCE,
        }
    ),
    **dict.fromkeys(("period.score_quantiles", "segment.score_quantiles"), Need.POSITIVE),
    **_searched(_KNOWN),
    **_decided_in_fact(_SELECTED),
    **_by_chance_of_group(_SELECTED),
}

_MULTICLASS: dict[str, Need] = {
    "performance.accuracy": Need.OUTCOME | Need.SAMPLE,
    "performance.balanced_accuracy": Need.OUTCOME,
    "performance.log_loss": Need.OUTCOME | Need.PROBABILITY | Need.PREVALENCE,
    "performance.roc_auc": Need.OUTCOME,
    "performance.precision": Need.OUTCOME | Need.PREVALENCE,
    "performance.recall": Need.OUTCOME,
    "performance.f1": Need.OUTCOME | Need.PREVALENCE,
    "performance.top_k_accuracy": Need.OUTCOME | Need.SAMPLE,
    "performance.selection_rate": Need.FAVOURABLE | Need.SAMPLE,
    "performance.confusion": Need.OUTCOME | Need.SAMPLE,
    "performance.custom": Need.OUTCOME | Need.SAMPLE,
    **_compared("accuracy", Need.OUTCOME | Need.SAMPLE),
    "fairness.decided_rate": Need.GROUPS | Need.SAMPLE,
    "fairness.decided_rate_difference": Need.GROUPS | Need.SAMPLE,
    **_compared("true_positive_rate", Need.OUTCOME),
    **_compared("false_positive_rate", Need.OUTCOME),
    **_compared("precision", Need.OUTCOME | Need.PREVALENCE),
    "fairness.accuracy_gap": Need.GROUPS | Need.OUTCOME | Need.SAMPLE,
    **{
        f"fairness.{name}": Need.GROUPS | Need.FAVOURABLE | Need.SAMPLE
        for name in (
            *("demographic_parity_difference", "demographic_parity_ratio", "chance_ratio", "chance_p"),
            *("selection_p", "selection_p_holm", "selection_p_bh", "detectable_below", "detectable_above"),
        )
    },
    "fairness.selection_rate": Need.GROUPS | Need.FAVOURABLE | Need.SAMPLE,
    "fairness.impact_ratio": Need.GROUPS | Need.FAVOURABLE | Need.SAMPLE,
    "fairness.selection_difference": Need.GROUPS | Need.FAVOURABLE | Need.SAMPLE,
    "fairness.smallest_impact_ratio": Need.GROUPS | Need.FAVOURABLE | Need.SAMPLE,
    **_stressed(Need.NOTHING, Need.OUTCOME),
    "robustness.off_data.loss": Need.OUTCOME | Need.SAMPLE,
    **_of_parts({"accuracy": Need.OUTCOME | Need.SAMPLE, "selection_rate": Need.FAVOURABLE | Need.SAMPLE}),
    **_searched(Need.OUTCOME),
    **_decided_in_fact(Need.FAVOURABLE | Need.SAMPLE),
    **_by_chance_of_group(Need.FAVOURABLE | Need.SAMPLE),
    "fairness.impact_ratio_bounds": Need.GROUPS | Need.FAVOURABLE | Need.SAMPLE,
    "fairness.selection_difference_bounds": Need.GROUPS | Need.FAVOURABLE | Need.SAMPLE,
}

_REGRESSION: dict[str, Need] = {
    "performance.mae": Need.OUTCOME | Need.SAMPLE,
    "performance.rmse": Need.OUTCOME | Need.SAMPLE,
    "performance.r2": Need.OUTCOME | Need.SAMPLE,
    "performance.mean_error": Need.OUTCOME | Need.SAMPLE,
    "performance.mape": Need.OUTCOME | Need.SAMPLE,
    "performance.residual_quantile": Need.OUTCOME | Need.SAMPLE,
    "performance.median_absolute_error": Need.OUTCOME | Need.SAMPLE,
    "performance.interval_coverage": Need.OUTCOME | Need.SAMPLE,
    "performance.interval_below": Need.OUTCOME | Need.SAMPLE,
    "performance.interval_above": Need.OUTCOME | Need.SAMPLE,
    "performance.interval_width": Need.OUTCOME | Need.SAMPLE,
    "performance.predicted_observed": Need.OUTCOME,
    "performance.custom": Need.OUTCOME | Need.SAMPLE,
    "fairness.mean_prediction": Need.GROUPS | Need.SAMPLE,
    "fairness.mean_prediction_difference": Need.GROUPS | Need.SAMPLE,
    "fairness.mean_error": Need.GROUPS | Need.OUTCOME | Need.SAMPLE,
    "fairness.mae": Need.GROUPS | Need.OUTCOME | Need.SAMPLE,
    **_stressed(Need.NOTHING, Need.OUTCOME),
    "robustness.off_data.loss": Need.OUTCOME | Need.SAMPLE,
    **_of_parts(dict.fromkeys(("mae", "mean_error"), Need.OUTCOME | Need.SAMPLE)),
    **dict.fromkeys(("period.score_quantiles", "segment.score_quantiles"), Need.NOTHING),
    **_searched(Need.OUTCOME),
}

_ANY = dict.fromkeys(("proxy_strength.together", "proxy_strength.alone"), Need.GROUPS)

NEEDS: dict[Task, dict[str, Need]] = {
    "binary": _BINARY | _ANY,
    "multiclass": _MULTICLASS | _ANY,
    "regression": _REGRESSION | _ANY,
}
"""By task, what each figure and series needs; names not listed need nothing."""

SYMMETRIC = frozenset(
    {
        *("accuracy", "accuracy_difference", "accuracy_ratio", "accuracy_gap", "balanced_accuracy", "mcc"),
        *("confusion", "log_loss", "custom", "cost", "smallest_cost"),
    }
    | {name.rpartition(".")[2] for name in _searched(Need.NOTHING)}
)
"""Last words of names whose numbers belong to no class."""

NO_POSITIVE = "the positive class is not stated (model.positive)"
NO_OUTCOME = "the data has no outcome (data.target)"
NO_LABEL = "no row has an outcome"
ONE_CLASS = "the outcomes are all of one class"
NOT_PROBABILITIES = "the scores are not probabilities"


class Preconditions:
    """Which needs a subject does not meet, looked up once.

    Parameters
    ----------
    subject : Subject
        What is audited.
    """

    def __init__(self, subject: Subject) -> None:
        self._needs = NEEDS[subject.task]
        self.scores_are_probabilities = are_probabilities(subject)
        self._unmet = {need: reason for need, reason in self._judge(subject).items() if reason is not None}

    def needs(self, name: str) -> Need:
        """What the figure or series of that name depends on."""
        return self._needs.get(name, Need.NOTHING)

    def concerns_class(self, name: str) -> bool:
        """Whether the figure belongs to the positive class of a binary model."""
        needs = self.needs(name)
        return Need.POSITIVE in needs and Need.FAVOURABLE not in needs and name.rpartition(".")[2] not in SYMMETRIC

    def obstacle(self, name: str) -> str | None:
        """Why the figure may not be measured; None where it may."""
        needs = self.needs(name)
        reasons = [reason for need, reason in self._unmet.items() if need in needs]
        return "; ".join(reasons) or None

    def _judge(self, subject: Subject) -> dict[Need, str | None]:
        binary = subject.task == "binary"
        unnamed = binary and subject.positive is None
        resampled = subject.population.resampled
        outcome = None if unnamed else _outcome(subject)
        prevalence = "evaluation rows are resampled and the true prevalence is not stated"
        return {
            Need.GROUPS: None if subject.rows.groups else "no sensitive column is named (data.sensitive)",
            Need.POSITIVE: NO_POSITIVE if unnamed else None,
            Need.OUTCOME: outcome,
            Need.BOTH: _one_class(subject) if binary and not unnamed and outcome is None else None,
            Need.DECISION: "no threshold is stated (model.threshold)" if binary and not subject.threshold else None,
            Need.FAVOURABLE: (
                "the favourable outcome is not stated (fairness.favourable)" if subject.favourable is None else None
            ),
            Need.PROBABILITY: None if self.scores_are_probabilities else NOT_PROBABILITIES,
            Need.PREVALENCE: prevalence if resampled and subject.task != "regression" else None,
        }


def are_probabilities(subject: Subject) -> bool:
    """Whether scores can be read as probabilities: a model's can, a column of scores if it stays within [0, 1]."""
    if subject.task == "regression":
        return False
    scores = subject.rows.scores
    return subject.model is not None or not scores.size or bool(scores.min() >= 0 and scores.max() <= 1)


def _outcome(subject: Subject) -> str | None:
    labels, weights = subject.rows.labels, subject.rows.weights
    if labels is None:
        return NO_OUTCOME
    present = ~np.isnan(labels)
    return None if bool((present if weights is None else present & (weights > 0)).any()) else NO_LABEL


def _one_class(subject: Subject) -> str | None:
    labels, weights = subject.rows.labels, subject.rows.weights
    counted = np.ones(1, np.bool_) if weights is None else weights > 0
    both = all(bool(((labels == label) & counted).any()) for label in (0, 1))
    return None if both else ONE_CLASS
