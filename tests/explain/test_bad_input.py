"""Odd and bad input through the public call: a right number, or one clear line."""

from __future__ import annotations

from functools import cache
from typing import Any

import catboost
import lightgbm
import numpy as np
import pandas as pd
import pytest
import xgboost
from sklearn.ensemble import (
    ExtraTreesRegressor,
    GradientBoostingRegressor,
    HistGradientBoostingRegressor,
    RandomForestRegressor,
)
from sklearn.linear_model import Ridge
from sklearn.neighbors import KNeighborsRegressor
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

import explainkit as ek
from explainkit.errors import DataError, InputError, ModelError
from explainkit.explain.shapley import explain_shap
from explainkit.explain.tree import readers
from tests.explain.doors import Door
from tests.explain.oracle import adds_up, by_definition, near

RNG = np.random.default_rng(17)
ROWS = pd.DataFrame(RNG.normal(size=(90, 3)), columns=["a", "b", "c"])
ROWS["c"] = ROWS["c"].round(1)
LABEL = (ROWS["a"] + ROWS["b"] * ROWS["c"]).to_numpy()

QUICK: dict[str, Any] = {"n_estimators": 5, "random_state": 0}
MODELS: dict[str, Any] = {
    "tree": lambda: DecisionTreeRegressor(max_depth=4, random_state=0),
    "forest": lambda: RandomForestRegressor(**QUICK),
    "extra trees": lambda: ExtraTreesRegressor(**QUICK),
    "boosting": lambda: GradientBoostingRegressor(**QUICK),
    "histogram boosting": lambda: HistGradientBoostingRegressor(max_iter=5, min_samples_leaf=5),
    "XGBoost": lambda: xgboost.XGBRegressor(**QUICK, max_depth=3, n_jobs=1),
    "LightGBM": lambda: lightgbm.LGBMRegressor(**QUICK, min_child_samples=5, n_jobs=1, verbose=-1),
    "CatBoost": lambda: catboost.CatBoostRegressor(
        iterations=5, depth=3, thread_count=1, random_seed=0, verbose=0, allow_writing_files=False
    ),
    "linear": Ridge,
    "neighbours": KNeighborsRegressor,
}
TREES = tuple(MODELS)[:8]
TAKES = {
    "missing": ("tree", "forest", "extra trees", "histogram boosting", "XGBoost", "LightGBM", "CatBoost"),
    "infinite": ("histogram boosting", "LightGBM", "CatBoost"),
}
STRANGE = {"missing": (np.nan,), "infinite": (np.inf, -np.inf, 1e39)}


@cache
def fitted(name: str) -> Any:
    return MODELS[name]().fit(ROWS, LABEL)


def exactness_of(name: str) -> float:
    """XGBoost adds its own score in 32 bits."""
    return 1e-5 if name == "XGBoost" else 1e-9


def one_line(error: Exception) -> str:
    line = str(error)
    assert len(line.splitlines()) == 1
    assert ".cc:" not in line  # no source file of a library, nor the time
    return line


# Missing and infinite values


@pytest.mark.filterwarnings(
    "ignore:overflow encountered in cast:RuntimeWarning"
)  # scikit-learn's own, before it refuses
@pytest.mark.parametrize("place", ["first row", "later row", "background"])
@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("kind", STRANGE)
def test_missing_and_infinite_values_are_explained_or_refused_in_one_line(name: str, kind: str, place: str) -> None:
    model = fitted(name)
    for value in STRANGE[kind]:
        rows, background = ROWS.copy(), ROWS.iloc[60:80].copy()
        frame, row = {"first row": (rows, 0), "later row": (rows, 70), "background": (background, 13)}[place]
        frame.iloc[row, 1] = value
        if name in TAKES[kind]:
            found = ek.explain_shap(model, rows, background)
            which = row if frame is rows else 0
            values, base = by_definition(model.predict, rows.iloc[[which]], background)
            near(found, which, values, base, exactness_of(name))
            adds_up(found, exactness_of(name))
            continue
        if value == 1e39 and name in ("linear", "neighbours"):  # a number like others in 64 bits
            adds_up(ek.explain_shap(model, rows, background), 1e-6)
            continue
        with pytest.raises(ModelError) as caught:
            ek.explain_shap(model, rows, background)
        line = one_line(caught.value)
        assert type(model).__name__ in line
        assert "values: b" in line  # the column at fault


def test_a_function_that_answers_nan_is_refused_by_the_position_of_the_row() -> None:
    rows = ROWS.copy()
    rows.iloc[70, 1] = np.nan
    with pytest.raises(ModelError, match="NaN or infinite numbers; found 1 of 90 rows, the first at position 71"):
        ek.explain_shap(lambda frame: frame.to_numpy().sum(axis=1), rows, ROWS)


# Sizes


@pytest.mark.parametrize("name", MODELS)
def test_one_feature_one_row_and_a_constant_column(name: str) -> None:
    single = MODELS[name]().fit(ROWS[["a"]], LABEL)
    found = ek.explain_shap(single, ROWS[["a"]].iloc[:1], ROWS[["a"]].iloc[5:9])
    assert found.values.shape == (1, 1, 1)
    # One player has all there is.
    expected = single.predict(ROWS[["a"]].iloc[:1]) - single.predict(ROWS[["a"]].iloc[5:9]).mean()
    assert found.values[0, 0, 0] == pytest.approx(expected[0], abs=1e-6)
    constant = ROWS.assign(b=1.5)
    model = MODELS[name]().fit(constant, LABEL)
    for background in (None, constant.iloc[50:60]):
        found = ek.explain_shap(model, constant.iloc[:6], background)
        assert not found.values[:, 1].any()
        assert found.values[:, 0].any()
        adds_up(found, 1e-6 if name == "XGBoost" else 1e-9)


@pytest.mark.parametrize("kind", ["path-dependent", "interventional"])
def test_a_stump_and_a_tree_of_one_leaf(kind: Any) -> None:
    label = (LABEL > 0).astype(int)
    stump = DecisionTreeClassifier(max_depth=1).fit(ROWS, label)
    found = ek.explain_shap(stump, ROWS, ROWS, kind=kind)
    used = int(stump.tree_.feature[0])
    assert not np.delete(found.values, used, axis=1).any()
    # Every training row is in the background, so both kinds of values agree on a stump.
    np.testing.assert_allclose(found.values[:, used, 0], stump.predict_proba(ROWS)[:, 1] - label.mean(), atol=1e-12)
    leaf = DecisionTreeClassifier(min_samples_leaf=len(ROWS)).fit(ROWS, label)
    found = ek.explain_shap(leaf, ROWS, ROWS, kind=kind)
    assert not found.values.any()
    np.testing.assert_allclose(found.base_values, label.mean())
    np.testing.assert_allclose(found.predictions, label.mean())


def no_trees() -> dict[str, Any]:
    classes = np.digitize(LABEL, [-0.3, 0.3])
    quiet = {"verbose": -1, "num_threads": 1}
    three = {"objective": "multiclass", "num_class": 3}
    return {
        "LightGBM": lightgbm.Booster({**quiet, "objective": "regression"}, lightgbm.Dataset(ROWS, LABEL)),
        "LightGBM, two": lightgbm.Booster({**quiet, "objective": "binary"}, lightgbm.Dataset(ROWS, LABEL > 0)),
        "LightGBM, three": lightgbm.Booster({**quiet, **three}, lightgbm.Dataset(ROWS, classes)),
        "XGBoost": xgboost.train({"base_score": 0.3}, xgboost.DMatrix(ROWS, LABEL), 0),
        "XGBoost, two": xgboost.train({"objective": "binary:logistic"}, xgboost.DMatrix(ROWS, LABEL > 0), 0),
    }


@pytest.mark.parametrize("name", ["LightGBM", "LightGBM, two", "LightGBM, three", "XGBoost", "XGBoost, two"])
def test_no_trees_at_all(name: str) -> None:
    model = no_trees()[name]
    for background in (None, ROWS):
        found = ek.explain_shap(model, ROWS.iloc[:5], background)
        assert not found.values.any()
        np.testing.assert_allclose(found.base_values, found.predictions)
        assert name == "XGBoost, two" or "TreeSHAP" in found.method  # XGBoost 3.2 gives a margin its file does not hold


def test_no_trees_that_the_library_itself_refuses() -> None:
    model = MODELS["CatBoost"]().fit(ROWS, LABEL)
    model.shrink(0)
    with pytest.raises(ModelError, match="the model raised while predicting; found CatBoostError: .*Empty tree range"):
        ek.explain_shap(model, ROWS.iloc[:5])


@pytest.mark.parametrize("name", TREES)
def test_two_thousand_features(name: str) -> None:
    """Columns that no tree looks at are null players: the definition over the others is the definition."""
    wide = pd.DataFrame(np.random.default_rng(0).normal(size=(80, 2000)), columns=[f"x{i}" for i in range(2000)])
    label = wide["x3"] + wide["x700"] * wide["x1999"]
    small = {"max_features": 5} if name in ("forest", "extra trees") else {}
    model = MODELS[name]()
    if name not in ("histogram boosting", "LightGBM", "CatBoost"):
        model.set_params(max_depth=2, **small)
    if name not in ("tree", "histogram boosting", "CatBoost"):
        model.set_params(n_estimators=2)
    if name in ("histogram boosting", "LightGBM"):
        model.set_params(max_depth=2)
    if name in ("histogram boosting", "CatBoost"):
        model.set_params(**({"max_iter": 2} if name == "histogram boosting" else {"iterations": 2, "depth": 2}))
    model.fit(wide, label)
    rows, background = wide.iloc[:4], wide.iloc[40:46]
    found = ek.explain_shap(model, rows, background)
    assert found.values.shape == (4, 2000, 1)
    used = np.flatnonzero(np.abs(found.values).any(axis=(0, 2)))
    family = {"XGBoost": "xgboost", "LightGBM": "lightgbm", "CatBoost": "catboost"}.get(name, "scikit-learn")
    core = {"XGBoost": "get_booster"}.get(name)
    core = getattr(model, core)() if core else model.booster_ if name == "LightGBM" else model
    tested = np.unique(readers.read(family, core).column[readers.read(family, core).column >= 0])
    assert set(used) <= set(tested)
    assert 0 < len(tested) <= 8

    def answer(mixed: pd.DataFrame) -> Any:
        filled = pd.DataFrame(np.zeros((len(mixed), 2000)), columns=wide.columns)
        filled[list(mixed.columns)] = mixed.to_numpy()
        return model.predict(filled)

    picked = wide.columns[tested]
    for i in range(2):
        values, base = by_definition(answer, rows.iloc[[i]][picked], background[picked])
        whole = np.zeros((2000, 1))
        whole[tested] = values
        near(found, i, whole, base, exactness_of(name))
    adds_up(ek.explain_shap(model, rows), exactness_of(name))


# Columns


@pytest.mark.parametrize("name", MODELS)
def test_an_order_of_columns_that_differs_from_training_changes_nothing(name: str) -> None:
    model = fitted(name)
    background = ROWS.iloc[40:55]
    plain = ek.explain_shap(model, ROWS.iloc[:5], background)
    other = ek.explain_shap(model, ROWS[["c", "a", "b"]].iloc[:5], background[["b", "c", "a"]])
    more = ek.explain_shap(model, ROWS.iloc[:5].assign(extra="text"), background.assign(other=1))
    for found in (other, more):
        assert found.features == plain.features == ("a", "b", "c")
        np.testing.assert_array_equal(found.values, plain.values)
        np.testing.assert_array_equal(found.base_values, plain.base_values)
        np.testing.assert_array_equal(found.predictions, plain.predictions)


def test_columns_of_a_function_and_of_its_background_may_stand_in_any_order() -> None:
    def answer(frame: pd.DataFrame) -> Any:
        assert list(frame.columns) == ["c", "a", "b"]
        return frame["c"] - frame["a"]

    rows, background = ROWS[["c", "a", "b"]].iloc[:3], ROWS.iloc[50:60]
    found = ek.explain_shap(answer, rows, background)
    np.testing.assert_allclose(found.values[:, 0, 0], rows["c"] - background["c"].mean(), atol=1e-12)


def typed(rows: int = 90) -> pd.DataFrame:
    rng = np.random.default_rng(3)
    return pd.DataFrame(
        {
            "small": rng.integers(-100, 100, rows).astype(np.int8),
            "large": rng.integers(0, 5, rows) + 2**40,
            "flag": rng.random(rows) < 0.4,
            "kind": pd.Categorical(rng.choice(["x", "y", "z"], rows)),
        }
    )


@pytest.mark.parametrize("name", ["forest", "boosting", "histogram boosting", "XGBoost", "LightGBM", "CatBoost"])
def test_integer_boolean_and_categorical_columns(name: str) -> None:
    rows = typed()
    label = rows["small"] / 50 + 2 * rows["flag"] * (rows["kind"] == "x") + rows["large"] % 3
    if name in ("forest", "boosting"):
        rows = rows.drop(columns="kind")
    if name == "CatBoost":
        rows["kind"] = rows["kind"].astype(object)
    model = MODELS[name]()
    if name == "XGBoost":
        model.set_params(enable_categorical=True)
    if name == "CatBoost":
        model.set_params(cat_features=["kind"], one_hot_max_size=9)
    if name == "histogram boosting":
        model.set_params(categorical_features="from_dtype")
    model.fit(rows, label)
    found = ek.explain_shap(model, rows.iloc[:30], rows.iloc[60:75])
    assert "exact, by explainkit" in found.method
    for i in range(5):
        values, base = by_definition(model.predict, rows.iloc[[i]], rows.iloc[60:75])
        near(found, i, values, base, exactness_of(name))
    adds_up(ek.explain_shap(model, rows), exactness_of(name))
    if "kind" in rows:
        assert found.values[:, list(rows.columns).index("kind")].any()
        text = rows.assign(kind=rows["kind"].astype(str))
        if name != "histogram boosting":  # scikit-learn itself wants the categories of the training
            again = ek.explain_shap(model, text.iloc[:30], text.iloc[60:75])
            np.testing.assert_array_equal(again.values, found.values)


# Thresholds


def edges(name: str, kind: Any) -> pd.DataFrame:
    """Rows of one type of number that lie on every threshold, and next to it on both sides."""
    model = fitted(name)
    family = {"XGBoost": "xgboost", "LightGBM": "lightgbm", "CatBoost": "catboost"}.get(name, "scikit-learn")
    core = model.get_booster() if name == "XGBoost" else model.booster_ if name == "LightGBM" else model
    ensemble = readers.read(family, core)
    inner = np.flatnonzero(ensemble.left >= 0)
    made = []
    for node in inner:
        threshold = kind(ensemble.threshold[node])
        for value in (threshold, *(np.nextafter(threshold, kind(side * np.inf)) for side in (-1, 1))):
            made.append(ROWS.iloc[node % len(ROWS)].to_numpy().astype(kind))
            made[-1][ensemble.column[node]] = value
    assert len(made) >= 3
    return pd.DataFrame(np.array(made), columns=ROWS.columns).astype(kind)


@pytest.mark.parametrize("kind", [np.float32, np.float64])
@pytest.mark.parametrize("name", TREES)
def test_rows_on_a_threshold_go_the_way_the_model_sends_them(name: str, kind: Any) -> None:
    model, rows = fitted(name), edges(name, kind)
    assert set(rows.dtypes) == {np.dtype(kind)}
    background = rows.iloc[::7].iloc[:12]
    for against in (None, background):
        found = ek.explain_shap(model, rows, against)
        np.testing.assert_allclose(found.predictions[:, 0], model.predict(rows), rtol=1e-6)
        adds_up(found, exactness_of(name))
    for i in range(0, len(rows), max(1, len(rows) // 6)):
        values, base = by_definition(model.predict, rows.iloc[[i]], background)
        near(found, i, values, base, exactness_of(name))
    if kind is np.float32 or name in ("histogram boosting", "LightGBM"):  # the others round to 32 bits
        answers = model.predict(rows).reshape(-1, 3)
        assert (answers[:, 1] != answers[:, 2]).any()


# Backgrounds


@pytest.mark.parametrize("name", MODELS)
def test_a_background_without_rows_or_without_a_column(name: str) -> None:
    model = fitted(name)
    with pytest.raises(DataError, match="reference data: no rows; found 0 rows") as empty:
        ek.explain_shap(model, ROWS.iloc[:3], ROWS.iloc[:0])
    with pytest.raises(DataError, match="reference data, column b: the data lacks inputs of the model") as lacking:
        ek.explain_shap(model, ROWS.iloc[:3], ROWS[["a", "c"]])
    with pytest.raises(InputError, match="no rows") as none:
        ek.explain_shap(model, ROWS.iloc[:0], ROWS)
    for caught in (empty, lacking, none):
        one_line(caught.value)


def test_a_background_narrower_than_rows_without_names() -> None:
    model = Ridge().fit(ROWS.to_numpy(), LABEL)
    with pytest.raises(DataError, match="background: the background lacks columns of the rows to explain; found no x2"):
        ek.explain_shap(model, ROWS.to_numpy()[:3], ROWS.to_numpy()[:, :2])


# Answers


def test_a_model_that_answers_differently_on_the_second_call_is_refused() -> None:
    calls = iter(range(10**6))

    def moody(frame: pd.DataFrame) -> Any:
        return frame["a"].to_numpy() + 0.01 * next(calls)

    with pytest.raises(ModelError, match="moody: the model answers differently when it is asked again") as caught:
        ek.explain_shap(moody, ROWS.iloc[:4], ROWS)
    assert "up to 0.01 apart" in one_line(caught.value)


def test_a_model_that_answers_in_another_shape_on_the_second_call_is_refused() -> None:
    calls = iter(range(10**6))
    door = Door(None, lambda frame: np.zeros((len(frame), 1 + next(calls))), task="regression")
    with pytest.raises(ModelError, match="answers differently when it is asked again"):
        explain_shap(door, ROWS.iloc[:4], ROWS, task="regression", classes=("prediction",))


def test_rounding_is_no_other_answer() -> None:
    draws = np.random.default_rng(0)

    def rounded(frame: pd.DataFrame) -> Any:
        return frame["a"].to_numpy() + 1e-9 * draws.normal(size=len(frame))

    found = ek.explain_shap(rounded, ROWS.iloc[:4], ROWS.iloc[:9])
    np.testing.assert_allclose(found.values[:, 0, 0], ROWS["a"].iloc[:4] - ROWS["a"].iloc[:9].mean(), atol=1e-8)
