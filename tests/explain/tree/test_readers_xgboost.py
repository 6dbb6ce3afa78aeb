"""XGBoost's trees, read: leaves as by ``pred_leaf``, margins, base scores, categories, what stands for missing."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pandas as pd
import pytest
import scipy.sparse
import xgboost
from hypothesis import given, settings
from hypothesis import strategies as st

from explainkit.errors import DataError
from explainkit.explain.tree.readers import Unreadable, matrix, read
from explainkit.load.models.ubj import decode
from tests.explain.tree.walk import contributions, covers_add_up, edges, expected, leaves, outputs

RNG = np.random.default_rng(7)
N = 300
X = RNG.normal(size=(N, 4))
X[:, 3] = 0.5  # never used
GAPS = np.where(RNG.random(X.shape) < 0.1, np.nan, X)
TOWN = RNG.integers(0, 30, N)
NUMBER = X[:, 0] + X[:, 1] * X[:, 2] + 2.0 * np.isin(TOWN, [0, 1, 4, 8, 27]) + RNG.normal(scale=0.1, size=N)
TWO = (NUMBER > 0).astype(int)
THREE = np.digitize(NUMBER, [-0.3, 1])
SPECIAL = (np.nan, 0.0, -0.0, 1e-36, 1e-45, -1e-45)
# XGBoost 3.4 says so when it trains them; people still bring models that were trained so.
OLD_BOOSTERS = pytest.mark.filterwarnings("ignore:.*`booster=(dart|gblinear)` is deprecated:UserWarning")


def same(booster: Any, rows: Any, taken: Any = None, wrapper: Any = None) -> None:
    """Leaves exactly, margins and expected margins to 32 bits."""
    taken = xgboost.DMatrix(rows, enable_categorical=True) if taken is None else taken
    stop = booster.best_iteration + 1 if "best_iteration" in booster.attributes() else 0
    ensemble = read("xgboost", booster)
    seen = matrix("xgboost", booster, rows, wrapper)
    told = booster.predict(taken, pred_leaf=True, iteration_range=(0, stop)).reshape(len(seen), -1)
    np.testing.assert_array_equal(leaves(ensemble, seen) - ensemble.starts[:-1], told)
    margin = booster.predict(taken, output_margin=True, iteration_range=(0, stop)).reshape(len(seen), -1)
    np.testing.assert_allclose(outputs(ensemble, seen), margin, rtol=1e-5, atol=1e-6)
    parts = booster.predict(taken, pred_contribs=True, strict_shape=True, iteration_range=(0, stop))
    np.testing.assert_allclose(expected(ensemble), parts[0, :, -1], rtol=1e-5, atol=1e-6)


def trained(target: np.ndarray, rows: Any = GAPS, rounds: int = 6, **given: Any) -> Any:
    parameters: dict[str, Any] = {"max_depth": 4, "nthread": 1, "seed": 0}
    if target is TWO:
        parameters["objective"] = "binary:logistic"
    if target is THREE:
        parameters |= {"objective": "multi:softprob", "num_class": 3}
    data = xgboost.DMatrix(rows, target, enable_categorical=True)
    return xgboost.train(parameters | given, data, rounds)


KINDS: dict[str, dict[str, Any]] = {
    "plain": {},
    "dart": {"booster": "dart", "rate_drop": 0.5},
    "forest": {"num_parallel_tree": 3, "subsample": 0.5},
    "leaf by leaf": {"grow_policy": "lossguide", "max_leaves": 11, "max_depth": 0},
    "pruned": {"tree_method": "exact", "gamma": 0.8, "max_depth": 6},
    "approximate": {"tree_method": "approx"},
    "deep": {"max_depth": 40, "min_child_weight": 0, "lambda": 0, "grow_policy": "lossguide"},
    "single leaf": {"gamma": 1e9},
}


@OLD_BOOSTERS
@pytest.mark.parametrize("target", [NUMBER, TWO, THREE], ids=["number", "two", "three"])
@pytest.mark.parametrize("kind", KINDS)
def test_leaves_margins_and_expected_margins(kind: str, target: np.ndarray) -> None:
    booster = trained(target, **KINDS[kind])
    ensemble = read("xgboost", booster)
    if kind != "pruned":  # pruning renumbers: only there do leaves not stand where pred_leaf says
        rows = edges(ensemble, np.random.default_rng(0), GAPS, special=SPECIAL, finite=True)
        same(booster, rows)
        same(booster, rows[:1])
        covers_add_up(ensemble, 1e-4)
    assert ensemble.outputs == (3 if target is THREE else 1)
    assert ensemble.float32


def test_nodes_that_pruning_deleted_are_gone() -> None:
    booster = trained(NUMBER, **KINDS["pruned"])
    whole = json.loads(booster.save_raw("json"))["learner"]["gradient_booster"]["model"]["trees"]
    deleted = sum(int(tree["tree_param"]["num_deleted"]) for tree in whole)
    ensemble = read("xgboost", booster)
    assert deleted > 0
    assert len(ensemble.left) == sum(int(tree["tree_param"]["num_nodes"]) for tree in whole) - deleted
    rows = edges(ensemble, np.random.default_rng(0), GAPS, special=SPECIAL, finite=True)
    margin = booster.predict(xgboost.DMatrix(rows), output_margin=True).reshape(len(rows), -1)
    np.testing.assert_allclose(outputs(ensemble, matrix("xgboost", booster, rows)), margin, rtol=1e-5, atol=1e-6)


OBJECTIVES = (
    *("reg:squarederror", "reg:squaredlogerror", "reg:pseudohubererror", "reg:absoluteerror", "reg:quantileerror"),
    *("reg:gamma", "reg:tweedie", "count:poisson", "reg:logistic", "binary:logistic", "binary:logitraw"),
    *("binary:hinge", "multi:softprob", "multi:softmax", "rank:pairwise", "survival:cox", "survival:aft"),
)


@pytest.mark.parametrize("score", [None, 0.3])
@pytest.mark.parametrize("objective", OBJECTIVES)
def test_base_scores(objective: str, score: float | None) -> None:
    target = np.exp(NUMBER)
    if objective.startswith(("binary", "rank", "reg:logistic")):
        target = TWO
    parameters: dict[str, Any] = {"objective": objective, "max_depth": 2, "nthread": 1}
    if objective.startswith("multi"):
        target, parameters["num_class"] = THREE, 3
    if objective == "reg:quantileerror":
        parameters["quantile_alpha"] = [0.2, 0.5, 0.9] if score is None else 0.4
    if score is not None:
        parameters["base_score"] = score
    data = xgboost.DMatrix(X, target)
    if objective == "rank:pairwise":
        data.set_group([N // 10] * 10)
    if objective == "survival:aft":
        data.set_float_info("label_lower_bound", target)
        data.set_float_info("label_upper_bound", target + 1)
    same(xgboost.train(parameters, data, 3), X)


@pytest.mark.parametrize("trees", [1, 3])
def test_trees_after_the_best_iteration_are_left_out(trees: int) -> None:
    data, other = xgboost.DMatrix(GAPS[:150], THREE[:150]), xgboost.DMatrix(GAPS[150:], THREE[150:])
    given = {"objective": "multi:softprob", "num_class": 3, "num_parallel_tree": trees, "eta": 0.9, "nthread": 1}
    booster = xgboost.train(given, data, 60, evals=[(other, "other")], early_stopping_rounds=3, verbose_eval=False)
    used = read("xgboost", booster).trees
    assert used == (booster.best_iteration + 1) * 3 * trees < booster.num_boosted_rounds() * 3 * trees
    same(booster, GAPS)
    again = xgboost.Booster()
    again.load_model(booster.save_raw("json"))
    assert read("xgboost", again).trees == used


def frame(towns: np.ndarray = TOWN, categories: Any = None) -> pd.DataFrame:
    names = np.array([f"t{t}" for t in towns], dtype=object)
    rows = pd.DataFrame({"a": GAPS[:, 0], "b": GAPS[:, 1], "town": names, "c": GAPS[:, 2]})
    rows["town"] = pd.Categorical(rows["town"].mask(towns == 3), categories=categories)
    return rows


@pytest.mark.parametrize("one_hot", [2, 50], ids=["sets", "one at a time"])
@pytest.mark.parametrize("target", [NUMBER, TWO, THREE], ids=["number", "two", "three"])
def test_categories(target: np.ndarray, one_hot: int) -> None:
    rows = frame()
    booster = trained(target, rows, max_cat_to_onehot=one_hot)
    ensemble = read("xgboost", booster)
    tested = np.flatnonzero(ensemble.categories >= 0)
    assert len(tested) > 3
    assert max(len(ensemble.sets[i]) for i in ensemble.categories[tested]) > (one_hot == 2)
    assert 0 < ensemble.default_left[tested].mean() < 1
    same(booster, rows)
    same(booster, frame(categories=rows["town"].cat.categories[::-1]))  # codes of its own, recoded by XGBoost
    # Codes as numbers, which XGBoost takes as they are: negative, fractional, never seen, missing.
    codes = np.column_stack([GAPS[:, :2], rows["town"].cat.codes.replace(-1, np.nan), GAPS[:, 2]])
    strange = np.resize([-1, -0.5, -0.9, -1e9, 1.7, 28.99, 29, 30, 31, 32, 99, 1e9, 2.0**24, 2.0**24 - 1, np.nan], N)
    codes[::2, 2] = strange[::2]
    kinds = booster.feature_types
    same(booster, codes, xgboost.DMatrix(codes, feature_names=booster.feature_names, feature_types=kinds))


def test_categories_of_a_model_that_keeps_no_list_of_them() -> None:
    codes = np.column_stack([GAPS[:, :2], TOWN, GAPS[:, 2]])
    told = {"feature_names": ["a", "b", "town", "c"], "feature_types": ["float", "float", "c", "float"]}
    booster = xgboost.train({"max_depth": 4, "nthread": 1}, xgboost.DMatrix(codes, NUMBER, **told), 5)
    assert (read("xgboost", booster).categories >= 0).any()
    same(booster, frame(TOWN[::-1]))  # the codes of the frame, whatever it calls the categories


def test_a_category_never_seen_is_refused() -> None:
    # XGBoost 3.2 takes it for the next one in its order, and refuses it only where none follows.
    booster = trained(TWO, frame())
    for name in ("t30", "zzz"):
        strange = frame()
        strange["town"] = pd.Categorical(strange["town"].astype(object).where(TOWN != 7, name))
        with pytest.raises(DataError, match=f"column town: a category that the model never saw; found '{name}'"):
            matrix("xgboost", booster, strange)


def test_what_stands_for_missing() -> None:
    coded = np.where(np.isnan(GAPS), -999, GAPS)
    model = xgboost.XGBRegressor(n_estimators=5, max_depth=4, missing=-999, n_jobs=1).fit(coded, NUMBER)
    booster = model.get_booster()
    same(booster, coded, xgboost.DMatrix(coded, missing=-999), wrapper=model)
    np.testing.assert_array_equal(np.isnan(matrix("xgboost", booster, coded, model)), np.isnan(GAPS))


def test_in_a_sparse_matrix_what_is_absent_is_missing() -> None:
    sparse = scipy.sparse.csr_matrix(np.where(np.abs(X) < 0.5, 0, X))
    sparse.data[:20] = 0.0  # zeros that are there
    booster = trained(NUMBER, sparse)
    same(booster, sparse)
    seen = matrix("xgboost", booster, sparse)
    assert (seen == 0).sum() == 20
    assert np.isnan(seen[:, 3]).sum() == (np.abs(X[:, 3]) < 0.5).sum()
    alone = np.full((1, 4), np.nan)
    assert np.isnan(matrix("xgboost", booster, alone)).all()


def test_path_dependent_values_by_definition() -> None:
    booster = trained(THREE, frame(), rounds=2, max_cat_to_onehot=2)
    ensemble = read("xgboost", booster)
    told = booster.predict(xgboost.DMatrix(frame()[:4], enable_categorical=True), pred_contribs=True)
    for row, values in zip(matrix("xgboost", booster, frame()[:4]), told, strict=True):
        np.testing.assert_allclose(contributions(ensemble, row).T, values[:, :-1], rtol=1e-4, atol=1e-6)


@OLD_BOOSTERS
def test_what_cannot_be_read_says_why() -> None:
    many = {"multi_strategy": "multi_output_tree", "tree_method": "hist"}
    with pytest.raises(Unreadable, match="leaves hold a value for each of several outputs"):
        read("xgboost", trained(THREE, **many))
    with pytest.raises(Unreadable, match="linear booster has no trees"):
        read("xgboost", xgboost.train({"booster": "gblinear", "nthread": 1}, xgboost.DMatrix(X, NUMBER), 2))


@settings(max_examples=25, deadline=None)
@given(
    seed=st.integers(0, 10**6),
    scale=st.sampled_from([1e-38, 1e-20, 1.0, 1e10, 1e37]),
    levels=st.integers(1, 12),
    depth=st.integers(1, 7),
)
def test_any_scale_and_any_ties(seed: int, scale: float, levels: int, depth: int) -> None:
    rng = np.random.default_rng(seed)
    rows = np.round(rng.normal(size=(60, 2)) * levels) / levels * scale
    booster = trained(rng.normal(size=60), rows, rounds=2, max_depth=depth, min_child_weight=0)
    same(booster, edges(read("xgboost", booster), rng, rows, count=40, special=SPECIAL, finite=True))


def test_universal_binary_json() -> None:
    document = (
        b"{i\x01a[$d#i\x02\x3f\x80\x00\x00\xc0\x00\x00\x00i\x01b[ZTFi\xffSi\x02hi]i\x01c{i\x01xD"
        + b"\x40"
        + b"\x00" * 7
    )
    found = decode(document + b"}i\x01d[#i\x01I\x01\x00}")
    assert found.pop("a").tolist() == [1.0, -2.0]
    assert found == {"b": [None, True, False, -1, "hi"], "c": {"x": 2.0}, "d": [256]}
    with pytest.raises(ValueError, match="unknown marker 'q' at byte 0"):
        decode(b"q")
