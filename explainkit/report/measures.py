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
    "performance.brier_skill": Measure("Brier skill score", "share of the base rate's Brier score that is avoided"),
    "performance.brier_reliability": Measure("Brier score, reliability", "distance of scores from shares of positives"),
    "performance.brier_resolution": Measure("Brier score, resolution", "distance of shares of positives from the base"),
    "performance.brier_uncertainty": Measure("Brier score, uncertainty", "Brier score of the base rate"),
    "performance.brier_within": Measure("Brier score, within bins", "what scores add that differ within a bin"),
    "performance.observed_expected": Measure("Observed / expected", "positives observed, over the sum of the scores"),
    "performance.base_rate": Measure("Base rate", "share of positives among labelled rows"),
    "performance.score_mean": Measure("Mean score", "over all rows"),
    "performance.accuracy": Measure("Accuracy", "share of labelled rows decided rightly"),
    "performance.balanced_accuracy": Measure("Balanced accuracy", "mean of the shares decided rightly, by class"),
    "performance.precision": Measure("Precision", "share of positives among those decided positive"),
    "performance.recall": Measure("Recall (true positive rate)", "share decided positive among positives"),
    "performance.specificity": Measure("Specificity", "share decided negative among negatives"),
    "performance.negative_predictive_value": Measure(
        "Negative predictive value", "share of negatives among those decided negative"
    ),
    "performance.false_positive_rate": Measure("False positive rate", "share decided positive among negatives"),
    "performance.false_negative_rate": Measure("False negative rate", "share decided negative among positives"),
    "performance.cost": Measure("Mean cost", "of the decisions, in the unit of the costs"),
    "performance.smallest_cost": Measure("Smallest mean cost", "of all thresholds; for information"),
    "performance.smallest_cost_threshold": Measure("Where it lies", "positive from this score on; for information"),
    "performance.effective_n": Measure("Effective number of rows", "equally weighted rows that weigh as much"),
    "performance.top_k_accuracy": Measure("Top-k accuracy", "share with the outcome among the k likeliest classes"),
    "performance.f1": Measure("F1", "harmonic mean of precision and recall"),
    "performance.mcc": Measure("Matthews correlation", "correlation between decision and outcome"),
    "performance.positive_rate": Measure("Share decided positive", "over all rows"),
    "performance.selection_rate": Measure("Selection rate", "share of rows given the favourable decision"),
    "performance.mae": Measure("Mean absolute error", "of the predictions, in units of the target"),
    "performance.rmse": Measure("Root mean squared error", "of the predictions, in units of the target"),
    "performance.r2": Measure("R² (coefficient of determination)", "share of the target's variance explained"),
    "performance.mean_error": Measure("Mean error", "mean of prediction less outcome"),
    "performance.mape": Measure("Mean absolute percentage error", "mean absolute error relative to the outcome"),
    "performance.median_absolute_error": Measure("Median absolute error", "half of the errors are smaller"),
    "performance.interval_coverage": Measure("Coverage", "share of outcomes within their interval"),
    "performance.interval_below": Measure("Below", "share of outcomes below their interval"),
    "performance.interval_above": Measure("Above", "share of outcomes above their interval"),
    "performance.interval_width": Measure("Mean width", "upper end less lower end, in units of the target"),
    "performance.residual_quantile": Measure("Quantile of the error", "of prediction less outcome"),
    "calibration.ece": Measure("Calibration error (ECE)", "mean gap between score and observed share, over bins"),
    "calibration.ece_expected": Measure("Calibration error by chance", "expected of these rows if calibrated"),
    "calibration.slope": Measure("Calibration slope", "below one, scores are too extreme"),
    "calibration.intercept": Measure("Calibration intercept", "above zero, scores are too low on the whole"),
    "performance.roc_curve": Measure("ROC curve", ""),
    "performance.score_histogram": Measure("Histogram of scores", ""),
    "performance.thresholds": Measure("Other thresholds", ""),
    "performance.thresholds.precision": Measure("Precision and cost at other thresholds", ""),
    "performance.lift": Measure("Lift", ""),
    "performance.predicted_observed": Measure("Predictions against outcomes", ""),
    "performance.confusion": Measure("Outcomes and decisions", ""),
    "performance.custom": Measure("Measure of the user's own", ""),
    "calibration.reliability": Measure("Reliability diagram", ""),
    "decisions.actual_rate": Measure("Favourable decisions made", "share of the rows whose decision is known"),
    "decisions.model_rate": Measure("Selection rate of the model", "on the rows whose decision is known"),
    "decisions.overridden_to_favourable": Measure(
        "Overridden to favourable", "share of the rows that the model does not select"
    ),
    "decisions.overridden_to_unfavourable": Measure(
        "Overridden to unfavourable", "share of the rows that the model selects"
    ),
    "proxy_strength.together": Measure("How well the inputs predict the attribute", "area under the ROC curve"),
    "proxy_strength.alone": Measure("How well the input predicts the attribute", "area under the ROC curve, alone"),
    "proxy.size": Measure("Expected rows", "sum of the probabilities of the group"),
    "proxy.selection_rate": Measure("Selection rate", "of a group that is known by probabilities"),
    "proxy.selection_difference": Measure("Difference", "selection rate less that of the reference group"),
    "proxy.impact_ratio": Measure("Impact ratio", "selection rate over that of the reference group"),
    "fairness.decided_rate": Measure("Decided", "share of the group decided for the class"),
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
    "fairness.calibration_error": Measure("Calibration error (ECE)", "above zero by chance, more so in small groups"),
    "fairness.observed_expected": Measure("Observed / expected", "positives observed, over the sum of the scores"),
    "fairness.calibration_slope": Measure("Calibration slope", "below one, scores are too extreme"),
    "fairness.calibration_intercept": Measure("Calibration intercept", "above zero, scores are too low on the whole"),
    "fairness.mean_prediction": Measure("Mean prediction", "over all rows of the group"),
    "fairness.mean_prediction_difference": Measure("Difference", "mean prediction less that of the reference group"),
    "fairness.mean_error": Measure("Mean error", "mean of prediction less outcome"),
    "fairness.mae": Measure("Mean absolute error", "in units of the target"),
    **{
        f"fairness.{rate}_{kind}": Measure(f"{title}, {kind}", f"{how} that of the reference group")
        for rate, title in (
            ("true_positive_rate", "True positive rate"),
            ("false_positive_rate", "False positive rate"),
            ("true_negative_rate", "True negative rate"),
            ("false_negative_rate", "False negative rate"),
            ("accuracy", "Accuracy"),
            ("base_rate", "Base rate"),
            ("precision", "Precision"),
            ("negative_predictive_value", "Negative predictive value"),
        )
        for kind, how in (("difference", "less"), ("ratio", "over"))
    },
    "fairness.true_negative_rate": Measure("True negative rate", "share not decided positive among negatives"),
    "fairness.false_negative_rate": Measure("False negative rate", "share not decided positive among positives"),
    "fairness.negative_predictive_value": Measure(
        "Negative predictive value", "share of negatives among those not decided positive"
    ),
    "fairness.demographic_parity_difference": Measure("Demographic parity", "gap in selection rates"),
    "fairness.impact_ratio_bounds": Measure(
        "Impact ratio, bounds", "over all groups that unknown rows could belong to"
    ),
    "fairness.selection_difference_bounds": Measure("Difference, bounds", "over the same"),
    "fairness.demographic_parity_ratio": Measure("Smallest over largest selection rate", "of the groups shown"),
    "fairness.chance_ratio": Measure("The same by chance", "mean over permutations of the rows"),
    "fairness.chance_p": Measure("As small by chance", "share of permutations"),
    "fairness.selection_p": Measure("p", "of no difference from the reference"),
    "fairness.selection_p_holm": Measure("p, Holm", "adjusted for the groups of the column"),
    "fairness.selection_p_bh": Measure("p, Benjamini–Hochberg", "adjusted for the groups of the column"),
    "fairness.detectable_below": Measure("Detectable below", "smallest difference below the reference"),
    "fairness.detectable_above": Measure("Detectable above", "smallest difference above the reference"),
    "fairness.equal_opportunity_difference": Measure("Equal opportunity", "gap in true positive rates"),
    "fairness.false_positive_rate_gap": Measure("False positive rates", "gap between the groups"),
    "fairness.equalized_odds_difference": Measure(
        "Equalised odds", "the larger of the gaps in true and in false positive rates"
    ),
    "fairness.equalized_odds_ratio": Measure(
        "Equalised odds, ratio", "the smaller of the ratios of true and of false positive rates"
    ),
    "fairness.average_odds_difference": Measure(
        "Average odds difference", "mean of the differences in true and in false positive rate"
    ),
    "fairness.predictive_parity_difference": Measure("Predictive parity", "gap in precision"),
    "fairness.accuracy_gap": Measure("Accuracy", "gap between the groups"),
    "ll144.selection_rate": Measure("Selection rate (LL144)", "share of a category that is selected"),
    "ll144.scoring_rate": Measure("Scoring rate (LL144)", "share of a category above the median score"),
    "ll144.impact_ratio": Measure("Impact ratio (LL144)", "over the rate of the most selected category"),
    "ll144.scoring_impact_ratio": Measure("Scoring impact ratio (LL144)", "over the highest scoring rate"),
    "ll144.smallest_impact_ratio": Measure("Smallest impact ratio (LL144)", "over the categories compared"),
    "ll144.smallest_scoring_impact_ratio": Measure("Smallest scoring impact ratio (LL144)", "over those compared"),
    "ll144.median_score": Measure("Median score (LL144)", "of all rows"),
    "ll144.unknown": Measure("Unknown category (LL144)", "rows left out of rates"),
    "explanation.gap.total": Measure("Gap in the mean output", "less that of the reference group"),
    "explanation.gap.contribution": Measure("Part of the gap", "difference of mean SHAP values"),
    "explanation.gap.others": Measure("Part of all other inputs", "difference of mean SHAP values"),
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
