"""Random small models of every family, with their own library's score and the raw column behind each column."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import catboost
import lightgbm
import numpy as np
import pandas as pd
import xgboost
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import (
    ExtraTreesClassifier,
    ExtraTreesRegressor,
    GradientBoostingClassifier,
    GradientBoostingRegressor,
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.impute import SimpleImputer
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import KBinsDiscretizer, OneHotEncoder
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from explainkit.explain.tree import readers
from explainkit.explain.tree.ensemble import Ensemble

NUMBERS = ["a", "b", "c"]
Task = str
Maker = Callable[[np.random.Generator, Task], "Made"]


@dataclass(frozen=True, kw_only=True)
class Made:
    """A fitted model, with what its own library says of it."""

    model: Any
    family: str
    rows: pd.DataFrame
    """Training rows: inputs of the model."""
    score: Callable[[pd.DataFrame], Any]
    """What is explained, by the model's own library."""
    steps: Any = None
    """Transformers before the trees."""
    sources: tuple[str, ...] | None = None
    """Raw column behind each column that the trees see; None: the columns themselves."""
    wrapper: Any = None
    """The last step, where that is not the model."""

    @property
    def players(self) -> np.ndarray:
        """Raw column behind each column, by position."""
        names = list(self.rows.columns)
        return np.array([names.index(s) for s in self.sources or names])

    @property
    def estimator(self) -> Any:
        """What the reader takes."""
        last = self.model if self.wrapper is None else self.wrapper
        if self.family == "xgboost":
            return last.get_booster()
        return last.booster_ if self.family == "lightgbm" else last

    def ensemble(self) -> Ensemble:
        """The trees as read."""
        return readers.read(self.family, self.estimator)

    def matrix(self, rows: pd.DataFrame) -> np.ndarray:
        """Rows as the trees compare them."""
        prepared = rows if self.steps is None else self.steps.transform(rows)
        return readers.matrix(
            self.family, self.estimator, prepared, self.model if self.wrapper is None else self.wrapper
        )


def table(rng: np.random.Generator, *, gaps: bool, words: bool, count: int = 60) -> pd.DataFrame:
    """Three columns of numbers with many ties, and one of categories."""
    rows = pd.DataFrame(rng.integers(-3, 4, size=(count, 3)) / 2.0, columns=NUMBERS)
    if rng.random() < 0.5:
        rows["b"] = rng.normal(size=count)
    if gaps:
        rows = rows.mask(rng.random(rows.shape) < 0.15)
    if words:
        rows["town"] = rng.choice(["p", "q", "r", "s", "t"], count)
        if gaps:
            rows.loc[rng.random(count) < 0.1, "town"] = None
    return rows


def outcome(rng: np.random.Generator, rows: pd.DataFrame, task: Task) -> np.ndarray:
    """An outcome with interactions of all columns."""
    filled = rows[NUMBERS].fillna(0.3)
    score = filled["a"] + filled["b"] * filled["c"] + rng.normal(scale=0.3, size=len(rows))
    if "town" in rows:
        score = score + 2.0 * rows["town"].isin(["p", "s"]) * (filled["a"] > 0)
    score = score.to_numpy()
    if task == "regression":
        return score
    return np.digitize(score, np.quantile(score, [0.5] if task == "binary" else [0.3, 0.7]))


def said(model: Any) -> Callable[[pd.DataFrame], Any]:
    """The score of an estimator of scikit-learn that is explained."""
    if hasattr(model, "decision_function"):
        return model.decision_function
    if hasattr(model, "predict_proba"):
        return model.predict_proba if len(model.classes_) > 2 else lambda rows: model.predict_proba(rows)[:, 1]
    return model.predict


def either(task: Task, regressor: Any, classifier: Any, **given: Any) -> Any:
    """A regressor or a classifier with the same parameters."""
    return (regressor if task == "regression" else classifier)(**given)


def sklearn_tree(rng: np.random.Generator, task: Task) -> Made:
    rows = table(rng, gaps=bool(rng.random() < 0.6), words=False)
    given = {"max_depth": int(rng.integers(1, 5)), "splitter": str(rng.choice(["best", "random"])), "random_state": 0}
    model = either(task, DecisionTreeRegressor, DecisionTreeClassifier, **given)
    model.fit(rows, outcome(rng, rows, task), sample_weight=rng.uniform(0.5, 2.0, len(rows)))
    return Made(model=model, family="scikit-learn", rows=rows, score=said(model))


def sklearn_forest(rng: np.random.Generator, task: Task) -> Made:
    rows = table(rng, gaps=bool(rng.random() < 0.6), words=False)
    kinds = [(RandomForestRegressor, RandomForestClassifier), (ExtraTreesRegressor, ExtraTreesClassifier)]
    model = either(task, *kinds[rng.integers(2)], n_estimators=3, max_depth=int(rng.integers(1, 5)), random_state=0)
    model.fit(rows, outcome(rng, rows, task))
    return Made(model=model, family="scikit-learn", rows=rows, score=said(model))


def sklearn_boosting(rng: np.random.Generator, task: Task) -> Made:
    rows = table(rng, gaps=False, words=False)
    kinds = (GradientBoostingRegressor, GradientBoostingClassifier)
    given = {"max_depth": int(rng.integers(1, 4)), "subsample": float(rng.choice([1.0, 0.7])), "random_state": 0}
    model = either(task, *kinds, n_estimators=3, learning_rate=0.5, **given)
    if rng.random() < 0.3:
        model.set_params(init="zero")
    model.fit(rows, outcome(rng, rows, task))
    return Made(model=model, family="scikit-learn", rows=rows, score=said(model))


def sklearn_histogram(rng: np.random.Generator, task: Task) -> Made:
    rows = table(rng, gaps=bool(rng.random() < 0.7), words=bool(rng.random() < 0.7))
    if "town" in rows:
        rows["town"] = rows["town"].astype("category")
        rows = rows[list(rng.permutation(rows.columns))]
    given = {"max_leaf_nodes": int(rng.integers(2, 8)), "min_samples_leaf": 3, "learning_rate": 0.5}
    kinds = (HistGradientBoostingRegressor, HistGradientBoostingClassifier)
    model = either(task, *kinds, max_iter=3, categorical_features="from_dtype", random_state=0, **given)
    model.fit(rows, outcome(rng, rows, task))
    return Made(model=model, family="scikit-learn", rows=rows, score=said(model))


def xgboost_model(rng: np.random.Generator, task: Task) -> Made:
    rows = table(rng, gaps=bool(rng.random() < 0.7), words=bool(rng.random() < 0.6))
    if "town" in rows:
        rows["town"] = rows["town"].astype("category")
    given: dict[str, Any] = {
        "max_depth": int(rng.integers(1, 5)),
        "num_parallel_tree": int(rng.choice([1, 2])),
        "max_cat_to_onehot": int(rng.choice([1, 10])),
        "base_score": [None, 0.3][rng.integers(2)],
        "subsample": float(rng.choice([1.0, 0.7])),
    }
    if rng.random() < 0.4:
        given |= {"booster": "dart", "rate_drop": 0.5}
    model = either(
        task, xgboost.XGBRegressor, xgboost.XGBClassifier, n_estimators=3, n_jobs=1, enable_categorical=True, **given
    )
    model.fit(rows, outcome(rng, rows, task))
    return Made(
        model=model,
        family="xgboost",
        rows=rows,
        score=lambda some: model.predict(some, output_margin=True).astype(float),
    )


def lightgbm_model(rng: np.random.Generator, task: Task) -> Made:
    rows = table(rng, gaps=bool(rng.random() < 0.7), words=bool(rng.random() < 0.6))
    if "town" in rows:
        rows["town"] = rows["town"].astype("category")
    kind = str(rng.choice(["gbdt", "dart", "rf"]))
    given: dict[str, Any] = {
        "num_leaves": int(rng.integers(2, 9)),
        "zero_as_missing": bool(rng.random() < 0.3),
        "use_missing": bool(rng.random() < 0.85),
        "max_cat_to_onehot": int(rng.choice([1, 10])),
        "learning_rate": 0.5,
    }
    if kind == "rf":
        given |= {"bagging_freq": 1, "bagging_fraction": 0.7}
    if kind == "dart":
        given |= {"drop_rate": 0.5}
    eager = {"min_child_samples": 2, "min_data_in_bin": 1, "min_data_per_group": 2, "cat_smooth": 1.0, "cat_l2": 1.0}
    few = {"n_estimators": 3, "n_jobs": 1, "verbose": -1, "random_state": 0}
    model = either(task, lightgbm.LGBMRegressor, lightgbm.LGBMClassifier, boosting_type=kind, **given, **eager, **few)
    model.fit(rows, outcome(rng, rows, task))
    # The raw scores of LightGBM's random forest are sums, while it predicts with their mean.
    rounds = 3 if kind == "rf" else 1
    return Made(
        model=model, family="lightgbm", rows=rows, score=lambda some: model.predict(some, raw_score=True) / rounds
    )


def catboost_model(rng: np.random.Generator, task: Task) -> Made:
    policy = str(rng.choice(["SymmetricTree", "SymmetricTree", "Depthwise", "Lossguide"]))
    words = policy == "SymmetricTree" and rng.random() < 0.7
    rows = table(rng, gaps=bool(rng.random() < 0.7), words=words)
    given: dict[str, Any] = {"cat_features": ["town"], "one_hot_max_size": 10} if words else {}
    if words:
        rows["town"] = rows["town"].fillna("none")
    given |= {"depth": int(rng.integers(1, 5)), "grow_policy": policy, "nan_mode": str(rng.choice(["Min", "Max"]))}
    few = {"iterations": 3, "thread_count": 1, "random_seed": 0, "verbose": 0, "allow_writing_files": False}
    model = either(task, catboost.CatBoostRegressor, catboost.CatBoostClassifier, **given, **few)
    model.fit(rows, outcome(rng, rows, task))
    return Made(
        model=model,
        family="catboost",
        rows=rows,
        score=lambda some: model.predict(some, prediction_type="RawFormulaVal"),
    )


def pipeline(rng: np.random.Generator, task: Task) -> Made:
    """Raw columns become several: a column for each town, a flag for what was missing, a column for each bin."""
    rows = table(rng, gaps=True, words=True)
    rows["c"] = rows["c"].fillna(0.0)
    dense = rng.random() < 0.5
    bins = KBinsDiscretizer(3, strategy="uniform", encode="onehot-dense" if dense else "onehot")
    steps = ColumnTransformer(
        [
            ("town", OneHotEncoder(sparse_output=not dense), ["town"]),
            ("numbers", SimpleImputer(add_indicator=True), ["b", "a"]),
            ("bins", bins, ["c"]),
            ("same", "passthrough", ["c"]),
        ],
        sparse_threshold=0.0 if dense else 1.0,
    )
    depth = {"max_depth": int(rng.integers(2, 6)), "random_state": 0}
    last = {
        "tree": lambda: either(task, DecisionTreeRegressor, DecisionTreeClassifier, **depth),
        "forest": lambda: either(task, ExtraTreesRegressor, ExtraTreesClassifier, n_estimators=3, **depth),
        "boosting": lambda: either(
            task, GradientBoostingRegressor, GradientBoostingClassifier, n_estimators=3, learning_rate=0.5, **depth
        ),
        "xgboost": lambda: either(task, xgboost.XGBRegressor, xgboost.XGBClassifier, n_estimators=3, n_jobs=1, **depth),
    }[str(rng.choice(["tree", "forest", "boosting", "xgboost"]))]()
    label = outcome(rng, rows, task)
    model: Pipeline = make_pipeline(steps, last).fit(rows, label)
    flags = [s for s, gone in zip(("b", "a"), rows[["b", "a"]].isna().any(), strict=True) if gone]
    bins_made = int(steps.named_transformers_["bins"].n_bins_[0])
    towns = len(steps.named_transformers_["town"].categories_[0])
    boosted = hasattr(last, "get_booster")
    return Made(
        model=model,
        family="xgboost" if boosted else "scikit-learn",
        rows=rows,
        score=(lambda some: model.predict(some, output_margin=True).astype(float)) if boosted else said(model),
        steps=steps,
        sources=("town",) * towns + ("b", "a", *flags) + ("c",) * bins_made + ("c",),
        wrapper=last,
    )


FAMILIES: dict[str, Maker] = {
    "tree": sklearn_tree,
    "forest": sklearn_forest,
    "boosting": sklearn_boosting,
    "histogram boosting": sklearn_histogram,
    "XGBoost": xgboost_model,
    "LightGBM": lightgbm_model,
    "CatBoost": catboost_model,
    "pipeline": pipeline,
}


def edge_rows(made: Made, rng: np.random.Generator, count: int) -> pd.DataFrame:
    """Rows of the training whose numbers are moved onto thresholds, or next to them in 32 or 64 bits."""
    rows = made.rows.iloc[rng.integers(len(made.rows), size=count)].reset_index(drop=True)
    ensemble = made.ensemble()
    sources = made.sources or tuple(rows.columns)
    for name in NUMBERS:
        # Of several columns made of one, only what is passed through has the same unit.
        position = max(i for i, source in enumerate(sources) if source == name)
        tested = ensemble.threshold[(ensemble.column == position) & (ensemble.categories < 0)]
        if name != "c" and made.steps is not None:
            position = sources.index(name)
            tested = ensemble.threshold[(ensemble.column == position) & (ensemble.categories < 0)]
        tested = tested[np.isfinite(tested)]  # an infinite one sends all but missing values to one side
        for i in range(count):
            if len(tested) and rng.random() < 0.7:
                rows.loc[i, name] = _near(float(rng.choice(tested)), int(rng.integers(6)))
    return rows


def _near(threshold: float, which: int) -> float:
    single = np.float32(threshold)
    with np.errstate(over="ignore"):  # beyond the largest number of 32 bits, which CatBoost compares with, is infinity
        up, down = (np.nextafter(single, np.float32(side * np.inf)) for side in (1, -1))
    return float(
        [threshold, np.nextafter(threshold, np.inf), np.nextafter(threshold, -np.inf), single, up, down][which]
    )
