"""Headline figures of the real cases, computed by scikit-learn and pandas from the files of a case alone.

Models are opened by their own libraries; nothing of explainkit computes here, it only lends the grammar of figure ids.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn import metrics

from explainkit.figures import figure_id

Figures = dict[str, float]
Floats = npt.NDArray[np.float64]

SKOPS_TYPES = [
    "numpy.dtype",
    "sklearn.tree._tree.Tree",
    "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor",
]


def binary(
    positive: npt.ArrayLike,
    scores: Floats,
    decided: npt.NDArray[np.bool_],
    *,
    names: tuple[str, str],
    depends_on_prevalence: bool = True,
) -> Figures:
    """Performance of decisions against outcomes; `names` are those of the negative and the positive class."""
    truth = np.asarray(positive, dtype=bool)
    table = metrics.confusion_matrix(truth, decided)
    figures = {
        "performance.roc_auc": metrics.roc_auc_score(truth, scores),
        "performance.accuracy": metrics.accuracy_score(truth, decided),
        "performance.balanced_accuracy": metrics.balanced_accuracy_score(truth, decided),
        "performance.recall": metrics.recall_score(truth, decided),
        "performance.specificity": metrics.recall_score(~truth, ~decided),
        "performance.positive_rate": decided.mean(),
        "data.rows[dataset=evaluation]": len(truth),
        "data.events": truth.sum(),
    }
    for actual in (0, 1):
        for decision in (0, 1):
            keys = {"actual": names[actual], "decided": names[decision]}
            figures[figure_id("performance.confusion", keys)] = table[actual, decision]
    if depends_on_prevalence:
        figures |= {
            "performance.precision": metrics.precision_score(truth, decided),
            "performance.brier": metrics.brier_score_loss(truth, scores),
            "performance.base_rate": truth.mean(),
        }
    return {name: float(value) for name, value in figures.items()}


def selection(
    favourable: npt.NDArray[np.bool_], groups: Mapping[str, pd.Series], reference: Mapping[str, str]
) -> Figures:
    """Rates at which each group gets the favourable decision, and their ratio to the reference or the highest."""
    figures = {"performance.selection_rate": float(favourable.mean())}
    for column, members in groups.items():
        table = pd.DataFrame({"group": members.to_numpy(), "favourable": favourable}).groupby("group")["favourable"]
        counts, rates = table.size(), table.mean()
        base = rates[reference[column]] if column in reference else rates.max()
        for level in rates.index:
            key = {column: level}
            figures[figure_id("fairness.count", key)] = float(counts[level])
            figures[figure_id("fairness.selection_rate", key)] = float(rates[level])
            figures[figure_id("fairness.impact_ratio", key)] = float(rates[level] / base)
    return figures


def cut(values: pd.Series, *points: int) -> pd.Series:
    """Groups of whole numbers between cut points, named as a reader would."""
    between = [f"{low} to {high - 1}" for low, high in pairwise(points)]
    names = [f"below {points[0]}", *between, f"{points[-1]} and over"]
    return pd.cut(values, [-np.inf, *points, np.inf], right=False, labels=names).astype(str)


def open_skops(path: Path) -> Any:
    import skops.io

    return skops.io.load(path, trusted=SKOPS_TYPES)


def credit_figures(scores: Floats, frame: pd.DataFrame) -> Figures:
    decided = scores >= 0.17
    groups = {"age": cut(frame["age"], 26, 41), "marital_status": frame["marital_status"].astype(str)}
    reference = {"age": "26 to 40", "marital_status": "male married/widowed"}
    return binary(
        frame["credit_risk"] == 1, scores, decided, names=("good", "bad"), depends_on_prevalence=False
    ) | selection(~decided, groups, reference)


def credit(folder: Path) -> Figures:
    model, frame = open_skops(folder / "model.skops"), pd.read_parquet(folder / "test.parquet")
    return credit_figures(model.predict_proba(frame[model.feature_names_in_])[:, 1], frame)


def credit_lightgbm(folder: Path) -> Figures:
    import lightgbm

    booster = lightgbm.Booster(model_file=folder / "model-lightgbm.txt")
    frame = pd.read_parquet(folder / "test.parquet")
    return credit_figures(np.asarray(booster.predict(frame[booster.feature_name()])), frame)


def adult(folder: Path) -> Figures:
    import lightgbm

    booster = lightgbm.Booster(model_file=folder / "model.txt")
    frame = pd.read_csv(folder / "test.csv")
    rows = frame[list(booster.feature_name())]
    texts = rows.select_dtypes(exclude="number").columns
    scores = np.asarray(booster.predict(rows.astype(dict.fromkeys(texts, "category"))))
    groups = {"sex": frame["sex"], "race": frame["race"], "age": cut(frame["age"], 25, 40, 60)}
    return binary(frame["income"] == ">50K", scores, scores >= 0.5, names=("<=50K", ">50K")) | selection(
        scores >= 0.5, groups, {"sex": "Male", "race": "White"}
    )


def bank(folder: Path) -> Figures:
    import catboost

    model = catboost.CatBoostClassifier().load_model(str(folder / "model.cbm"))
    frame = pd.read_parquet(folder / "test.parquet")
    scores = model.predict_proba(frame[model.feature_names_])[:, list(model.classes_).index("yes")]
    groups = {"marital": frame["marital"], "age": cut(frame["age"], 30, 45, 60)}
    return binary(frame["y"] == "yes", scores, scores > 0.2, names=("no", "yes")) | selection(
        scores > 0.2, groups, {"marital": "married"}
    )


def heart(folder: Path) -> Figures:
    model, frame = open_skops(folder / "model.skops"), pd.read_feather(folder / "test.feather")
    scores = model.predict_proba(frame[model.feature_names_in_])[:, 1]
    figures = binary(frame["diameter narrowing"] == 1, scores, scores >= 0.4, names=("0", "1"))
    for column, members in (("gender", frame["gender"]), ("age", cut(frame["age"], 50, 60))):
        for level in sorted(set(members)):
            inside = (members == level).to_numpy()
            truth, decided = frame["diameter narrowing"][inside] == 1, scores[inside] >= 0.4
            figures[figure_id("fairness.true_positive_rate", {column: level})] = metrics.recall_score(truth, decided)
            figures[figure_id("fairness.accuracy", {column: level})] = metrics.accuracy_score(truth, decided)
    return figures


def ai4i_failure(folder: Path) -> Figures:
    import xgboost

    model = xgboost.XGBClassifier(enable_categorical=True)
    model.load_model(folder / "model.ubj")
    frame = pd.read_csv(folder / "test.csv", encoding="utf-8-sig")
    rows = frame[list(model.get_booster().feature_names or ())].astype({"type": "category"})
    scores = model.predict_proba(rows)[:, 1].astype(np.float64)
    return binary(frame["machine_failure"] == 1, scores, scores >= 0.5, names=("0", "1")) | selection(
        scores < 0.5, {}, {}
    )


def ai4i_type(folder: Path) -> Figures:
    model, frame = open_skops(folder / "model.skops"), pd.read_parquet(folder / "test.parquet")
    scores = model.predict_proba(frame[model.feature_names_in_])
    classes, truth = model.classes_, frame["type"].to_numpy()
    decided = classes[scores.argmax(axis=1)]
    figures = {
        "performance.accuracy": metrics.accuracy_score(truth, decided),
        "performance.balanced_accuracy": metrics.balanced_accuracy_score(truth, decided),
        "performance.f1[average=macro]": metrics.f1_score(truth, decided, average="macro", zero_division=0),
        "performance.roc_auc[average=macro]": metrics.roc_auc_score(truth, scores, multi_class="ovr"),
        "performance.log_loss": metrics.log_loss(truth, scores, labels=classes),
    }
    table = metrics.confusion_matrix(truth, decided, labels=classes)
    for i, actual in enumerate(classes):
        figures[f"performance.recall[class={actual}]"] = table[i, i] / table[i].sum()
        figures[f"data.class_count[class={actual}]"] = table[i].sum()
        for j, decision in enumerate(classes):
            figures[f"performance.confusion[actual={actual},decided={decision}]"] = table[i, j]
    for level, code in (("running", 0), ("failed", 1)):
        inside = (frame["machine_failure"] == code).to_numpy()
        figures[f"fairness.accuracy[machine_failure={level}]"] = (truth == decided)[inside].mean()
        figures[f"fairness.selection_rate[machine_failure={level}]"] = (decided == "H")[inside].mean()
    return {name: float(value) for name, value in figures.items()}


def online_shoppers(folder: Path) -> Figures:
    frame = pd.read_feather(folder / "scored.feather")
    scores = frame["p_revenue"].to_numpy()
    groups = {"VisitorType": frame["VisitorType"], "Region": frame["Region"].astype(str)}
    return binary(frame["Revenue"], scores, scores >= 0.3, names=("False", "True")) | selection(
        scores >= 0.3, groups, {"VisitorType": "Returning_Visitor", "Region": "1"}
    )


def diabetes(folder: Path) -> Figures:
    model, frame = open_skops(folder / "model.skops"), pd.read_csv(folder / "test.csv", sep=";")
    predicted, truth = model.predict(frame[model.feature_names_in_]), frame["target"].to_numpy()
    figures = {
        "performance.mae": metrics.mean_absolute_error(truth, predicted),
        "performance.rmse": metrics.root_mean_squared_error(truth, predicted),
        "performance.r2": metrics.r2_score(truth, predicted),
        "performance.mean_error": (predicted - truth).mean(),
        "data.rows[dataset=evaluation]": len(truth),
    }
    groups = {"sex": frame["sex"].map({1: "code 1", 2: "code 2"}), "age": cut(frame["age"], 40, 60)}
    for column, members in groups.items():
        means = {level: predicted[(members == level).to_numpy()].mean() for level in sorted(set(members))}
        for level, mean in means.items():
            inside, key = (members == level).to_numpy(), {column: level}
            figures[figure_id("fairness.count", key)] = inside.sum()
            figures[figure_id("fairness.mean_prediction", key)] = mean
            figures[figure_id("fairness.mean_error", key)] = (predicted - truth)[inside].mean()
            figures[figure_id("fairness.mae", key)] = np.abs(predicted - truth)[inside].mean()
            if column == "sex":
                figures[figure_id("fairness.mean_prediction_difference", key)] = mean - means["code 1"]
    return {name: float(value) for name, value in figures.items()}


EXPECTED: dict[str, Callable[[Path], Figures]] = {
    "credit": credit,
    "credit-lightgbm": credit_lightgbm,
    "adult": adult,
    "bank": bank,
    "heart": heart,
    "ai4i_failure": ai4i_failure,
    "ai4i_type": ai4i_type,
    "online_shoppers": online_shoppers,
    "diabetes": diabetes,
}

RESAMPLED = ("performance.precision", "performance.brier", "performance.log_loss", "performance.base_rate")
NOT_TESTED = {
    "credit": RESAMPLED,
    "credit-lightgbm": RESAMPLED,
    "heart": ("performance.selection_rate",),
}
