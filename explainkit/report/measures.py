"""What each figure is called, and what it says, in words."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Measure:
    """Title and meaning of a figure."""

    title: str
    meaning: str


_MEASURES = {
    "performance.roc_auc": Measure(
        "AUC (area under the ROC curve)", "chance that a random positive scores above a random negative"
    ),
    "performance.average_precision": Measure("Average precision", "precision averaged over all cut-offs, by recall"),
    "performance.ks": Measure("Kolmogorov–Smirnov distance", "largest gap between the two score distributions"),
    "performance.gini": Measure("Gini coefficient", "twice the AUC, less one"),
    "performance.log_loss": Measure("Log loss", "mean negative log-likelihood of the outcomes"),
    "performance.brier": Measure("Brier score", "mean squared distance between score and outcome"),
    "performance.observed_expected": Measure("Observed / expected", "positives observed, over the sum of the scores"),
    "performance.base_rate": Measure("Base rate", "share of positives among labelled rows"),
    "performance.score_mean": Measure("Mean score", "over all rows"),
    "performance.accuracy": Measure("Accuracy", "share of labelled rows decided rightly"),
    "performance.balanced_accuracy": Measure("Balanced accuracy", "mean of the shares decided rightly, by class"),
    "performance.precision": Measure("Precision", "share of positives among those decided positive"),
    "performance.recall": Measure("Recall (true positive rate)", "share decided positive among positives"),
    "performance.specificity": Measure("Specificity", "share decided negative among negatives"),
    "performance.f1": Measure("F1", "harmonic mean of precision and recall"),
    "performance.mcc": Measure("Matthews correlation", "correlation between decision and outcome"),
    "performance.positive_rate": Measure("Share decided positive", "over all rows"),
    "performance.selection_rate": Measure("Selection rate", "share of rows given the favourable decision"),
    "performance.mae": Measure("Mean absolute error", "of the predictions, in units of the target"),
    "performance.rmse": Measure("Root mean squared error", "of the predictions, in units of the target"),
    "performance.r2": Measure("R² (coefficient of determination)", "share of the target's variance explained"),
    "performance.mean_error": Measure("Mean error", "mean of prediction less outcome"),
    "performance.mape": Measure("Mean absolute percentage error", "mean absolute error relative to the outcome"),
    "performance.residual_quantile": Measure("Quantile of the error", "of prediction less outcome"),
    "calibration.ece": Measure("Calibration error (ECE)", "mean gap between score and observed share, over bins"),
    "calibration.slope": Measure("Calibration slope", "below one, scores are too extreme"),
    "calibration.intercept": Measure("Calibration intercept", "above zero, scores are too low on the whole"),
    "performance.roc_curve": Measure("ROC curve", ""),
    "performance.score_histogram": Measure("Histogram of scores", ""),
    "performance.predicted_observed": Measure("Predictions against outcomes", ""),
    "performance.confusion": Measure("Outcomes and decisions", ""),
    "performance.custom": Measure("Measure of the user's own", ""),
    "calibration.reliability": Measure("Reliability diagram", ""),
    "fairness.count": Measure("Rows", "of the group"),
    "fairness.selection_rate": Measure("Selection rate", "share given the favourable decision"),
    "fairness.impact_ratio": Measure("Impact ratio", "selection rate over that of the reference group"),
    "fairness.selection_difference": Measure("Difference", "selection rate less that of the reference group"),
    "fairness.true_positive_rate": Measure("True positive rate", "share decided positive among positives"),
    "fairness.false_positive_rate": Measure("False positive rate", "share decided positive among negatives"),
    "fairness.accuracy": Measure("Accuracy", "share decided rightly"),
    "fairness.precision": Measure("Precision", "share of positives among those decided positive"),
    "fairness.base_rate": Measure("Base rate", "share of positives"),
    "fairness.mean_score": Measure("Mean score", "over all rows of the group"),
    "fairness.roc_auc": Measure("AUC", "within the group"),
    "fairness.mean_prediction": Measure("Mean prediction", "over all rows of the group"),
    "fairness.mean_prediction_difference": Measure("Difference", "mean prediction less that of the reference group"),
    "fairness.mean_error": Measure("Mean error", "mean of prediction less outcome"),
    "fairness.mae": Measure("Mean absolute error", "in units of the target"),
    "fairness.smallest_impact_ratio": Measure("Smallest impact ratio", "over the groups shown"),
    "explanation.shap.importance": Measure("Mean absolute SHAP value", "over the rows explained"),
    "explanation.shap.residual_max": Measure("Largest additivity residual", "over the rows explained"),
    "explanation.shap.residual_median": Measure("Median additivity residual", "over the rows explained"),
    "explanation.shap.rows": Measure("Rows explained by SHAP", ""),
    "explanation.shap.background_rows": Measure("Rows of the background", ""),
    "explanation.lime.rows": Measure("Rows explained by LIME", ""),
    "explanation.lime.samples": Measure("Samples drawn for each row by LIME", ""),
    "explanation.lime.seeds": Measure("Other seeds that LIME is refitted with", ""),
    "explanation.lime.rank_stability": Measure("Rank correlation of LIME weights", "with those of other seeds"),
    "explanation.lime.sign_stability": Measure("LIME weights that keep their sign", "for every seed"),
    "explanation.lime.spread": Measure("Largest spread of a LIME weight", "standard deviation over seeds"),
}


def known(name: str) -> bool:
    """Whether a figure of this name has a title."""
    return name in _MEASURES


def measure(name: str) -> Measure:
    """Title and meaning of a figure by its name; a name that is not known is its own title."""
    known = _MEASURES.get(name)
    return known or Measure(name.rpartition(".")[2].replace("_", " ").capitalize(), "")
