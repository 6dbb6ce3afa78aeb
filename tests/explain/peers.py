"""Peers: small models of every family on the real data sets, and the SHAP values that other libraries give for them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

import catboost
import lightgbm
import numpy as np
import pandas as pd
import xgboost
from scipy.special import factorial
from sklearn.datasets import load_diabetes
from sklearn.ensemble import (
    GradientBoostingClassifier,
    GradientBoostingRegressor,
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)

from explainkit.explain.tree import readers
from explainkit.explain.tree.ensemble import Ensemble
from tests.datasets.cases import SENSORS, read_adult, read_ai4i, read_heart
from tests.explain.tree.walk import goes_left

FLOAT32, FLOAT64 = 1e-5, 1e-9
"""Largest difference of a value, relative to |base| + Σ|φ| of its row."""
TREES, DEPTH, LEAVES = 20, 4, 15
Values = tuple[np.ndarray, np.ndarray]
"""Values of shape (n_rows, n_columns, n_outputs), base of shape (n_outputs,)."""


@dataclass(frozen=True, kw_only=True)
class Table:
    """A data set: numbers with NaN, texts with None, and what is predicted."""

    rows: pd.DataFrame
    target: np.ndarray
    task: str

    @property
    def texts(self) -> list[str]:
        """Columns that are no numbers."""
        return [c for c in self.rows.columns if not pd.api.types.is_numeric_dtype(self.rows[c])]

    def categorical(self) -> pd.DataFrame:
        """The rows with texts as categories."""
        return self.rows.astype(dict.fromkeys(self.texts, "category"))

    def coded(self) -> pd.DataFrame:
        """The rows as numbers alone: texts as their places in the alphabet."""
        frame = self.categorical()
        codes = {c: frame[c].cat.codes.astype(float).replace(-1.0, np.nan) for c in self.texts}
        return frame.assign(**codes).astype(float)

    def ranked(self) -> Table:
        """Each value as its place among those of its column: thresholds between such small whole numbers are exact in
        32 bits."""
        return Table(rows=self.coded().rank(method="dense"), target=self.target, task=self.task)


def table(frame: pd.DataFrame, target: Any, task: str = "binary") -> Table:
    """A data set with columns x0, x1, …: XGBoost and LightGBM refuse brackets and the like in names."""
    rows = frame.reset_index(drop=True).set_axis([f"x{i}" for i in range(frame.shape[1])], axis=1)
    for name in rows.columns:
        if rows[name].dtype == bool:
            rows[name] = rows[name].astype(np.int64)
        elif not pd.api.types.is_numeric_dtype(rows[name]):
            rows[name] = rows[name].astype(object).where(rows[name].notna(), None)
    answer = np.asarray(target)
    return Table(
        rows=rows, target=answer if task == "regression" else np.unique(answer, return_inverse=True)[1], task=task
    )


def _of(frame: pd.DataFrame, target: str, drop: tuple[str, ...] = (), task: str = "binary") -> Table:
    return table(frame.drop(columns=[target, *drop]), frame[target], task)


def _german(shared: Path) -> Table:
    return _of(pd.read_csv(shared / "german" / "german.data", sep=" ", header=None), 20)


def _adult(shared: Path) -> Table:
    both = pd.concat([read_adult(shared / "adult" / name) for name in ("adult.data", "adult.test")])
    return _of(both, "income")


def _ai4i_type(shared: Path) -> Table:
    frame = read_ai4i(shared / "ai4i2020" / "ai4i2020.csv")
    return table(frame[[*SENSORS.values(), "machine_failure"]], frame["type"], "multiclass")


def _ai4i(shared: Path) -> Table:
    frame = read_ai4i(shared / "ai4i2020" / "ai4i2020.csv")
    return table(frame[["type", *SENSORS.values()]], frame["machine_failure"])


def _diabetes(shared: Path) -> Table:
    rows, target = load_diabetes(return_X_y=True, as_frame=True)
    return table(rows, target, "regression")


TABLES: dict[str, Callable[[Path], Table]] = {
    "german": _german,
    "adult": _adult,
    "bank": lambda shared: _of(pd.read_csv(shared / "bank" / "bank-full_survey_cleaned.csv"), "y"),
    "heart": lambda shared: _of(read_heart(shared / "heart" / "heart_disease.tab"), "diameter narrowing"),
    "ai4i": _ai4i,
    "ai4i type": _ai4i_type,
    "shoppers": lambda shared: _of(
        pd.read_csv(shared / "online_shoppers" / "online_shoppers_intention.csv"), "Revenue"
    ),
    "compas": lambda shared: _of(
        pd.read_csv(shared / "compas" / "compas_for_aequitas.csv"), "label_value", ("entity_id",)
    ),
    "diabetes": _diabetes,
}


@dataclass(frozen=True, kw_only=True)
class Peer:
    """A fitted model, the rows it takes, and its values by another library."""

    model: Any
    rows: pd.DataFrame
    values: Callable[[pd.DataFrame], Values]
    tolerance: float
    family: str
    """As the readers call it."""
    gaps: bool = True
    """Whether it takes missing values."""
    infinite: bool = False
    """Whether it takes infinite ones."""

    @property
    def core(self) -> Any:
        """The booster, or the model itself."""
        if self.family == "lightgbm":
            return self.model.booster_
        return self.model.get_booster() if self.family == "xgboost" else self.model

    def ensemble(self) -> Ensemble:
        """Its trees; of two classes that mirror each other, the second."""
        found = readers.read(self.family, self.core)
        return found.outputs_of([1]) if found.outputs == 2 else found

    def matrix(self, rows: pd.DataFrame) -> np.ndarray:
        """Rows as its trees compare them."""
        return readers.matrix(self.family, self.core, rows, self.model)


def _xgboost(table: Table) -> Peer:
    kind = xgboost.XGBRegressor if table.task == "regression" else xgboost.XGBClassifier
    rows = table.categorical()
    model = kind(n_estimators=TREES, max_depth=DEPTH, learning_rate=0.3, n_jobs=2, enable_categorical=True)
    model.fit(rows, table.target)
    booster = model.get_booster()

    def values(given: pd.DataFrame) -> Values:
        matrix = xgboost.DMatrix(given, enable_categorical=True, nthread=2)
        found = booster.predict(matrix, pred_contribs=True, strict_shape=True).astype(np.float64)
        return found[:, :, :-1].transpose(0, 2, 1), found[0, :, -1]

    return Peer(model=model, rows=rows, values=values, tolerance=FLOAT32, family="xgboost")


def _lightgbm(table: Table) -> Peer:
    kind = lightgbm.LGBMRegressor if table.task == "regression" else lightgbm.LGBMClassifier
    rows = table.categorical()
    model = kind(n_estimators=TREES, num_leaves=LEAVES, learning_rate=0.3, n_jobs=2, verbose=-1)
    model.fit(rows, table.target)

    def values(given: pd.DataFrame) -> Values:
        found = model.booster_.predict(given, pred_contrib=True).reshape(len(given), -1, rows.shape[1] + 1)
        return found[:, :, :-1].transpose(0, 2, 1), found[0, :, -1]

    return Peer(model=model, rows=rows, values=values, tolerance=FLOAT64, family="lightgbm", infinite=True)


def catboost_of(table: Table, rows: pd.DataFrame, **given: Any) -> Peer:
    """A model of CatBoost on these rows, with further parameters."""
    kind = catboost.CatBoostRegressor if table.task == "regression" else catboost.CatBoostClassifier
    model = kind(
        iterations=TREES, depth=DEPTH, thread_count=2, random_seed=0, verbose=0, allow_writing_files=False, **given
    )
    model.fit(rows, table.target)

    def values(given: pd.DataFrame) -> Values:
        pool = catboost.Pool(given, cat_features=model.get_cat_feature_indices())
        found = np.asarray(model.get_feature_importance(pool, type="ShapValues", thread_count=2))
        found = found.reshape(len(given), -1, rows.shape[1] + 1)
        return found[:, :, :-1].transpose(0, 2, 1), found[0, :, -1]

    return Peer(model=model, rows=rows, values=values, tolerance=FLOAT64, family="catboost", infinite=True)


def _catboost_numbers(table: Table) -> Peer:
    return catboost_of(table, table.coded())


def _catboost_categories(table: Table) -> Peer:
    texts = {c: table.rows[c].where(table.rows[c].notna(), "nan") for c in table.texts}
    # Categories of few values are split one by one and read by explainkit; the rest is left to CatBoost's own values.
    return catboost_of(table, table.rows.assign(**texts), cat_features=table.texts, one_hot_max_size=3)


def _catboost_one_hot(table: Table) -> Peer:
    texts = {c: table.rows[c].where(table.rows[c].notna(), "nan") for c in table.texts}
    return catboost_of(table, table.rows.assign(**texts), cat_features=table.texts, one_hot_max_size=255)


def _by_shap(model: Any, rows: pd.DataFrame, **given: Any) -> Peer:
    def values(asked: pd.DataFrame) -> Values:
        return shap_values(model, asked)

    return Peer(model=model, rows=rows, values=values, tolerance=FLOAT64, family="scikit-learn", **given)


def shap_values(model: Any, rows: pd.DataFrame, background: pd.DataFrame | None = None) -> Values:
    """Values of shap's tree explainer: path-dependent, or interventional where there is a background."""
    import shap

    kind = "tree_path_dependent" if background is None else "interventional"
    explainer = shap.TreeExplainer(model, background, feature_perturbation=kind)
    found = np.asarray(explainer.shap_values(rows, check_additivity=False), dtype=np.float64)
    found, base = found.reshape(*rows.shape, -1), np.atleast_1d(explainer.expected_value)
    return (found[:, :, 1:], base[1:]) if found.shape[2] == 2 else (found, base)


def _forest(table: Table) -> Peer:
    kind = RandomForestRegressor if table.task == "regression" else RandomForestClassifier
    rows = table.coded()
    return _by_shap(kind(TREES, max_depth=DEPTH, random_state=0, n_jobs=2).fit(rows, table.target), rows)


def _boosting(table: Table) -> Peer:
    kind = GradientBoostingRegressor if table.task == "regression" else GradientBoostingClassifier
    rows = table.coded().fillna(-1.0)
    model = kind(n_estimators=TREES, max_depth=DEPTH, learning_rate=0.3, random_state=0).fit(rows, table.target)
    if table.task != "multiclass":
        return _by_shap(model, rows, gaps=False)

    def values(asked: pd.DataFrame) -> Values:
        # shap refuses several classes here, but takes the trees, which add up.
        parts = [[shap_values(tree, asked) for tree in column] for column in model.estimators_.T]
        found = np.concatenate([sum(v for v, _ in trees) for trees in parts], axis=2)
        base = np.concatenate([sum(b for _, b in trees) for trees in parts])
        prior = np.log(model.init_.class_prior_)
        return model.learning_rate * found, model.learning_rate * base + prior - prior.mean()

    return Peer(model=model, rows=rows, values=values, tolerance=FLOAT64, family="scikit-learn", gaps=False)


def _histogram(table: Table) -> Peer:
    kind = HistGradientBoostingRegressor if table.task == "regression" else HistGradientBoostingClassifier
    rows = table.coded()
    model = kind(max_iter=TREES, max_leaf_nodes=LEAVES, learning_rate=0.3, random_state=0).fit(rows, table.target)
    return _by_shap(model, rows, infinite=True)


PEERS: dict[str, Callable[[Table], Peer]] = {
    "xgboost": _xgboost,
    "lightgbm": _lightgbm,
    "catboost, numbers": _catboost_numbers,
    "catboost, categories": _catboost_categories,
    "catboost, one-hot": _catboost_one_hot,
    "random forest": _forest,
    "gradient boosting": _boosting,
    "histogram boosting": _histogram,
}


@lru_cache(maxsize=4)
def data(name: str, shared: Path) -> Table:
    """A data set by its name."""
    return TABLES[name](shared)


@cache
def peer(family: str, name: str, shared: Path) -> Peer:
    """A model of a family on a data set, fitted once."""
    return PEERS[family](data(name, shared))


def on_thresholds(peer: Peer, count: int, rng: np.random.Generator) -> pd.DataFrame:
    """Random rows whose numbers are thresholds of the model, or their neighbours in 32 and in 64 bits; missing values
    and infinite ones where the model takes them; categories of the data, in any combination."""
    ensemble = peer.ensemble()
    made = {}
    for position, name in enumerate(peer.rows.columns):
        column = peer.rows[name]
        if not pd.api.types.is_numeric_dtype(column):
            made[name] = column.iloc[rng.integers(len(column), size=count)].reset_index(drop=True)
            continue
        tested = (ensemble.column == position) & (ensemble.categories < 0)
        special = [0.0, -0.0, 1e-36, -1e-36, column.min(), column.max(), np.inf, -np.inf]
        values = np.concatenate([_neighbours(np.unique(ensemble.threshold[tested])), special])
        if not peer.infinite:
            values = values[np.abs(values) < np.finfo(np.float32).max]
        drawn = values[rng.integers(len(values), size=count)]
        made[name] = np.where(rng.random(count) < 0.1, np.nan, drawn) if peer.gaps else drawn
    return pd.DataFrame(made)


def _neighbours(thresholds: np.ndarray) -> np.ndarray:
    """Thresholds and the numbers next to them, in 32 and in 64 bits."""
    with np.errstate(over="ignore"):  # the largest number of 32 bits is a threshold where missing values stand apart
        single = thresholds.astype(np.float32)
        around = [np.nextafter(single, np.float32(side)).astype(np.float64) for side in (-np.inf, np.inf)]
    around += [np.nextafter(thresholds, side) for side in (-np.inf, np.inf)]
    return np.concatenate([thresholds, single.astype(np.float64), *around])


def furthest(ours: Any, theirs: Values) -> float:
    """Largest difference of a value or a base, relative to |base| + Σ|φ| of its row, over all rows and outputs."""
    values, base = theirs
    assert ours.values.shape == values.shape
    scale = np.abs(ours.base_values) + np.abs(ours.values).sum(axis=1)
    apart = np.maximum(np.abs(ours.values - values).max(axis=1), np.abs(ours.base_values - base))
    assert np.isfinite(apart).all()
    return float((apart / scale).max())


def by_leaves(ensemble: Ensemble, rows: np.ndarray, background: np.ndarray) -> Values:
    """Interventional values in doubles, a leaf at a time, against each row of the background.

    A leaf is reached by a coalition if, among the columns on the way to it, those where only the row passes are known
    and those where only the background row passes are not. With `a` of the one and `b` of the other, a known column is
    worth ``value · (a−1)! b! / (a+b)!`` and an unknown one ``−value · a! (b−1)! / (a+b)!``.
    """
    values = np.zeros((len(rows), ensemble.columns, ensemble.outputs))
    base = ensemble.base.copy()
    for start in ensemble.starts[:-1].tolist():
        ways: list[tuple[int, dict[int, tuple[np.ndarray, np.ndarray]]]] = [(start, {})]
        while ways:
            node, passed = ways.pop()
            if ensemble.left[node] < 0:
                values += _of_leaf(ensemble, node, passed, len(rows), len(background))
                base += ensemble.values[node] * np.prod([b for _, b in passed.values()] or [[1]], axis=0).mean()
                continue
            column = int(ensemble.column[node])
            left = [np.array([goes_left(ensemble, node, x) for x in m[:, column].tolist()]) for m in (rows, background)]
            before = passed.get(column, (True, True))
            for child, sides in ((ensemble.left[node], left), (ensemble.right[node], [~side for side in left])):
                both = (sides[0] & before[0], sides[1] & before[1])
                ways.append((int(child), {**passed, column: both}))
    return values, base


def _of_leaf(ensemble: Ensemble, leaf: int, passed: Any, rows: int, background: int) -> np.ndarray:
    """What one leaf adds to the values; `passed` says for each column whether rows and background rows pass."""
    found = np.zeros((rows, ensemble.columns, ensemble.outputs))
    only = {c: (x[:, None] & ~b[None], ~x[:, None] & b[None]) for c, (x, b) in passed.items()}
    a, b = (sum((o[side].astype(int) for o in only.values()), np.zeros((rows, background), int)) for side in (0, 1))
    alive = np.all([x[:, None] | b[None] for x, b in passed.values()], axis=0) if passed else False
    both = factorial(a + b)
    known = alive * np.where(a > 0, factorial(np.maximum(a - 1, 0)) * factorial(b) / both, 0.0)
    unknown = alive * np.where(b > 0, factorial(a) * factorial(np.maximum(b - 1, 0)) / both, 0.0)
    for column, (of_row, of_background) in only.items():
        share = (of_row * known - of_background * unknown).mean(axis=1)
        found[:, column] = share[:, None] * ensemble.values[leaf]
    return found
