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
    "slice.error": Measure("Error in a segment", "among the worst of all segments looked at"),
    "slice.error_elsewhere": Measure("Error outside the segment", "over all other rows"),
    "slice.difference": Measure("Error in a segment against elsewhere", "mean error less that of all other rows"),
    "slice.p_adjusted": Measure("Adjusted p-value of a segment", "chance of any segment with an excess as large"),
    "slice.rows": Measure("Rows of a segment", ""),
    "slice.searched": Measure("Segments looked at", ""),
    "champion.value": Measure("The champion's measure", "on the same rows"),
    "champion.difference": Measure("Difference to the champion", "this model less the champion, on the same rows"),
    "explanation.shap.importance": Measure("Mean absolute SHAP value", "over the rows explained"),
    "explanation.shap.residual_max": Measure("Largest additivity residual", "over the rows explained"),
    "explanation.shap.residual_median": Measure("Median additivity residual", "over the rows explained"),
    "explanation.shap.rows": Measure("Rows explained by SHAP", ""),
    "explanation.shap.background_rows": Measure("Rows of the background", ""),
    "explanation.reliability.residual": Measure(
        "Additivity residual", "relative to the size of a row's values; anything above rounding is an error"
    ),
    "explanation.reliability.difference": Measure(
        "Largest difference from shap",
        "relative to the size of a row's values; beyond rounding where shap itself estimates",
    ),
    "explanation.reliability.within_error": Measure(
        "Within three standard errors of shap", "share of values; near one where both compute the same thing"
    ),
    "explanation.reliability.stability.rows": Measure(
        "Ranks over parts of the rows",
        "rank correlation; near one, the order of the inputs does not hang on the rows drawn",
    ),
    "explanation.reliability.stability.backgrounds": Measure(
        "Ranks over backgrounds", "rank correlation; near one, the order of the inputs does not hang on the background"
    ),
    "explanation.reliability.kinds.rank_correlation": Measure(
        "Path-dependent against interventional, ranks",
        "rank correlation; below one, what stands for unknown inputs changes the order",
    ),
    "explanation.reliability.kinds.sign_agreement": Measure(
        "Path-dependent against interventional, signs", "share of the contributions that point the same way"
    ),
    "explanation.reliability.kinds.moved": Measure(
        "Path-dependent against interventional, amounts", "share of the contributions that the choice moves elsewhere"
    ),
    "explanation.reliability.lime.rank_correlation": Measure(
        "SHAP against LIME, ranks", "rank correlation within a case; the two measure different things"
    ),
    "explanation.reliability.lime.sign_agreement": Measure(
        "SHAP against LIME, signs", "share of the contributions that point the same way"
    ),
    "explanation.reliability.deletion.gain": Measure(
        "Deletion against random order", "above zero, replacing what is said to matter moves the output first"
    ),
    "explanation.reliability.insertion.gain": Measure(
        "Insertion against random order", "above zero, putting back what is said to matter restores the output first"
    ),
    "explanation.reliability.shared_credit.pairs": Measure(
        "Pairs of strongly correlated inputs",
        "among the most important ones; credit within a pair is divided by assumption",
    ),
    "explanation.reliability.shared_credit.correlation": Measure("Correlation of two inputs", "in the reference rows"),
    "explanation.reliability.off_data.rows": Measure(
        "Explained rows off the data", "share that no reference row is near; the model extrapolates there"
    ),
    "explanation.reliability.off_data.mixtures": Measure(
        "Mixed rows off the data",
        "share of the made-up rows behind interventional values that no reference row is near",
    ),
    "explanation.permutation.importance": Measure("Cost of shuffling", "how much worse the answers fit the outcomes"),
    "explanation.permutation.base": Measure("Fit before shuffling", "of the rows that are shuffled"),
    "explanation.permutation.repeats": Measure("Shuffles of each input", ""),
    "explanation.pdp.span": Measure("Reach of partial dependence", "largest less smallest mean answer"),
    "explanation.pdp.curve": Measure("Partial dependence", ""),
    "explanation.ale.span": Measure("Reach of accumulated local effects", "largest less smallest effect"),
    "explanation.ale.curve": Measure("Accumulated local effects", ""),
    "explanation.dependence.interaction": Measure("Input that it interacts with most", ""),
    "explanation.dependence.points": Measure("SHAP values by the input's value", ""),
    "explanation.interaction.strength": Measure("Interaction of two inputs", "mean absolute value over the rows"),
    "explanation.shap.others": Measure("Contribution of all other inputs", "beyond the largest"),
    "explanation.reasons.blocked": Measure(
        "Adverse decisions with a protected attribute among their reasons", "among the rows explained"
    ),
    "explanation.reasons.adverse": Measure("Adverse decisions explained", ""),
    "explanation.reasons.group_rows": Measure("Rows that reasons are ranked against", ""),
    "explanation.reasons.band_edge": Measure("Score furthest from the cut-off", "among the rows nearest to it"),
    "explanation.reasons.background_rows": Measure("Rows of the background", ""),
    "explanation.reasons.frequency": Measure("Principal reason", "share of the adverse decisions explained"),
    "explanation.reasons.same_set": Measure("Same reasons by both methods", "share of the adverse decisions explained"),
    "explanation.reasons.contribution": Measure("Contribution", "SHAP value against the reference rows"),
    "explanation.reasons.mean": Measure("Mean contribution", "in a group of comparison"),
    "explanation.reasons.shortfall": Measure("Shortfall", "how much further against the person than the group's mean"),
    "explanation.reasons.shared": Measure("Reasons that both methods name", ""),
    "explanation.reasons.rank_agreement": Measure("Rank correlation of both methods", "over all inputs"),
    "explanation.reasons.turned": Measure("Turned by the stated reasons", "share of their replacements"),
    "explanation.reasons.turned_others": Measure("Turned by other inputs", "share of replacements of as many of them"),
    "explanation.change.tried": Measure("Changed rows tried", ""),
    "explanation.change.turned": Measure("Changed rows that turn the decision", ""),
    "explanation.change.off_data": Measure("Changed rows refused", "off the data"),
    "explanation.change.value": Measure("New value", ""),
    "explanation.change.score": Measure("Score of the changed row", ""),
    "explanation.change.cost": Measure("Size of the change", "share of reference rows in between"),
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
