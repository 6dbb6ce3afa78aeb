"""LightGBM's trees, read: leaves as by ``pred_leaf``, raw scores, kinds of missing values, categories."""

from __future__ import annotations

from typing import Any

import lightgbm
import numpy as np
import pandas as pd
import pytest
import scipy.sparse
from hypothesis import given, settings
from hypothesis import strategies as st

from explainkit.errors import DataError
from explainkit.explain.tree.ensemble import NAN_GOES, NAN_IS_ZERO, ZERO_GOES, Ensemble
from explainkit.explain.tree.readers import Unreadable, matrix, read
from tests.explain.tree.walk import contributions, covers_add_up, edges, expected, leaves, outputs

RNG = np.random.default_rng(11)
N = 400
X = RNG.normal(size=(N, 4))
X[:, 3] = 0.5  # never used
GAPS = np.where(RNG.random(X.shape) < 0.1, np.nan, X)
GAPS[RNG.random(N) < 0.15, 0] = 0.0
TOWN = RNG.integers(0, 70, N)
NUMBER = X[:, 0] + X[:, 1] * X[:, 2] + 2.0 * np.isin(TOWN, [1, 4, 8, 9, 41, 66]) + RNG.normal(scale=0.1, size=N)
TWO = (NUMBER > 0).astype(int)
THREE = np.digitize(NUMBER, [-0.3, 1])
TINY = float(np.float32(1e-35))
SPECIAL = (np.nan, np.inf, -np.inf, 0.0, -0.0, 1e-36, 1e-35, TINY, -TINY, float(np.nextafter(TINY, 1)), 2e-35, -2e-35)


def trained(target: np.ndarray, rows: Any = GAPS, rounds: int = 6, **given: Any) -> Any:
    parameters: dict[str, Any] = {"num_leaves": 9, "min_data_in_leaf": 3, "num_threads": 1, "seed": 0, "verbose": -1}
    parameters["objective"] = "regression"
    if target is TWO:
        parameters["objective"] = "binary"
    if target is THREE:
        parameters |= {"objective": "multiclass", "num_class": 3}
    categorical = given.pop("categorical", "auto")
    data = lightgbm.Dataset(rows, target, categorical_feature=categorical, params={"verbose": -1})
    return lightgbm.train(parameters | given, data, rounds)


def same(booster: Any, rows: Any) -> None:
    """Leaves exactly, raw scores and expected scores to 64 bits."""
    ensemble = read("lightgbm", booster)
    seen = matrix("lightgbm", booster, rows)
    np.testing.assert_array_equal(
        numbered(ensemble, leaves(ensemble, seen)), booster.predict(rows, pred_leaf=True).reshape(len(seen), -1)
    )
    # Raw scores of LightGBM's random forest are sums, what it predicts with is their average.
    rounds = ensemble.trees // ensemble.outputs if "\naverage_output\n" in booster.model_to_string() else 1
    score = booster.predict(rows, raw_score=True).reshape(len(seen), -1) / rounds
    np.testing.assert_allclose(outputs(ensemble, seen), score, rtol=1e-12, atol=1e-13)
    parts = booster.predict(rows[:1], pred_contrib=True)
    parts = parts.toarray() if scipy.sparse.issparse(parts) else parts
    if not isinstance(parts, list):
        told = parts.reshape(ensemble.outputs, -1)[:, -1] / rounds
        np.testing.assert_allclose(expected(ensemble), told, rtol=1e-9, atol=1e-12)


def numbered(ensemble: Ensemble, reached: np.ndarray) -> np.ndarray:
    """Leaves as LightGBM counts them: by themselves, from 0 in each tree."""
    before = np.concatenate([[0], np.cumsum(ensemble.left < 0)])
    return before[reached] - before[ensemble.starts[:-1]]


KINDS: dict[str, dict[str, Any]] = {
    "plain": {},
    "dart": {"boosting": "dart", "drop_rate": 0.5},
    "forest": {"boosting": "rf", "bagging_fraction": 0.6, "bagging_freq": 1},
    "goss": {"data_sample_strategy": "goss"},
    "extremely random": {"extra_trees": True},
    "zeros are missing": {"zero_as_missing": True},
    "missing is zero": {"use_missing": False},
    "smoothed": {"path_smooth": 2.0, "monotone_constraints": [1, 0, 0, 0]},
    "deep": {"num_leaves": 200, "min_data_in_leaf": 1, "min_sum_hessian_in_leaf": 0.0},
    "not from the average": {"boost_from_average": False},
}


@pytest.mark.parametrize("target", [NUMBER, TWO, THREE], ids=["number", "two", "three"])
@pytest.mark.parametrize("kind", KINDS)
def test_leaves_scores_and_expected_scores(kind: str, target: np.ndarray) -> None:
    booster = trained(target, **KINDS[kind])
    ensemble = read("lightgbm", booster)
    rows = edges(ensemble, np.random.default_rng(0), GAPS, special=SPECIAL)
    same(booster, rows)
    same(booster, rows[:1])
    covers_add_up(ensemble, 0)
    assert ensemble.outputs == (3 if target is THREE else 1)
    assert not ensemble.float32
    found = set(ensemble.missing[ensemble.left >= 0].tolist())
    kinds = {"zeros are missing": {ZERO_GOES}, "missing is zero": {NAN_IS_ZERO}}
    assert found <= kinds.get(kind, {NAN_GOES, NAN_IS_ZERO})
    if kind == "zeros are missing":
        assert 0 < ensemble.default_left[ensemble.left >= 0].mean() < 1


@pytest.mark.parametrize("objective", ["poisson", "gamma", "tweedie", "huber", "quantile", "regression_l1"])
def test_objectives(objective: str) -> None:
    same(trained(np.exp(NUMBER), objective=objective), GAPS)


def test_trees_after_the_best_iteration_are_left_out() -> None:
    data = lightgbm.Dataset(GAPS[:200], THREE[:200])
    given = {"objective": "multiclass", "num_class": 3, "verbose": -1, "learning_rate": 0.5, "num_threads": 1}
    stop = [lightgbm.early_stopping(3, verbose=False)]
    valid = [data.create_valid(GAPS[200:], THREE[200:])]
    booster = lightgbm.train(given, data, 80, valid_sets=valid, callbacks=stop, keep_training_booster=True)
    assert read("lightgbm", booster).trees == booster.best_iteration * 3 < booster.num_trees()
    same(booster, GAPS)
    again = lightgbm.Booster(model_str=booster.model_to_string())
    same(again, GAPS)
    same(booster.refit(GAPS, THREE), GAPS)


def test_a_forest_that_stopped_early_averages_over_the_trees_it_uses() -> None:
    data = lightgbm.Dataset(X[:150], TWO[:150])
    given = {"boosting": "rf", "bagging_fraction": 0.5, "bagging_freq": 1, "objective": "binary", "verbose": -1}
    stop = [lightgbm.early_stopping(2, verbose=False)]
    valid = [data.create_valid(X[150:], TWO[150:])]
    booster = lightgbm.train(
        given | {"seed": 1, "num_threads": 1}, data, 40, valid_sets=valid, callbacks=stop, keep_training_booster=True
    )
    ensemble = read("lightgbm", booster)
    assert ensemble.trees == booster.best_iteration < booster.num_trees()
    odds = np.exp(outputs(ensemble, matrix("lightgbm", booster, X))[:, 0])
    np.testing.assert_allclose(odds / (1 + odds), booster.predict(X), rtol=1e-12)


def frame() -> pd.DataFrame:
    rows = pd.DataFrame({"a": GAPS[:, 0], "b": GAPS[:, 1].astype(np.float32), "town": [f"t{t}" for t in TOWN]})
    rows["town"] = pd.Categorical(rows["town"].mask(TOWN == 3))
    rows["big"] = (X[:, 2] * 2**60).astype(np.int64)
    rows["whole"] = pd.array(np.arange(N) % 7, dtype="Int64")
    rows.loc[::9, "whole"] = pd.NA
    rows["flag"] = X[:, 1] > 0
    return rows


EAGER = {"min_data_per_group": 2, "cat_smooth": 1.0, "cat_l2": 1.0}


@pytest.mark.parametrize("one_hot", [2, 100], ids=["sets", "one at a time"])
@pytest.mark.parametrize("target", [NUMBER, TWO, THREE], ids=["number", "two", "three"])
def test_categories_of_a_frame(target: np.ndarray, one_hot: int) -> None:
    rows = frame()
    booster = trained(target, rows, max_cat_to_onehot=one_hot, rounds=12, **EAGER)
    ensemble = read("lightgbm", booster)
    tested = ensemble.categories[ensemble.categories >= 0]
    assert len(tested) > 0
    assert not ensemble.default_left[ensemble.categories >= 0].any()
    if one_hot == 2:
        assert max(ensemble.sets[i].max() for i in tested) > 32  # several words of bits
    same(booster, rows)
    strange = rows.copy()
    names = rows["town"].astype(object).where(TOWN > 9, "new")
    strange["town"] = pd.Categorical(names, categories=sorted(names.dropna().unique(), reverse=True))
    same(booster, strange)
    with pytest.raises(DataError, match="LightGBM: other categorical columns than in training; found 0"):
        matrix("lightgbm", booster, rows.astype({"town": str}))


def test_categories_as_numbers_of_any_kind() -> None:
    columns = np.column_stack([GAPS[:, 0], TOWN, GAPS[:, 1]])
    booster = trained(NUMBER, columns, categorical=[1], rounds=12, **EAGER)
    assert (read("lightgbm", booster).categories >= 0).sum() > 5
    strange = np.array([-1, -0.5, -1e20, 1.7, 8.999, 66, 67, 300, 1e9, 2.0**31 - 1, 2.0**31, 2.0**32 + 4, 1e20])
    columns[::2, 1] = np.resize([*strange, np.nan, np.inf, -np.inf], N)[::2]
    same(booster, columns)


@pytest.mark.parametrize("kind", [np.float32, np.int64, np.bool_])
def test_arrays_of_other_types_are_rounded_as_lightgbm_rounds_them(kind: Any) -> None:
    ranks = np.argsort(np.argsort(X[:, :3], axis=0), axis=0)
    rows = (X if kind is np.float32 else ranks % 2 if kind is np.bool_ else 2**24 + ranks).astype(kind)
    booster = trained(NUMBER, rows.astype(np.float64), min_data_in_bin=1)
    same(booster, rows)
    rounded = booster.predict(rows) != booster.predict(rows.astype(np.float64))
    assert rounded.any() == (kind is np.int64)  # odd whole numbers from 2²⁴ on are none of 32 bits


def test_in_a_sparse_matrix_what_is_absent_is_zero() -> None:
    for made in (scipy.sparse.csr_matrix, scipy.sparse.csc_matrix):
        sparse = made(np.where(np.abs(X) < 0.5, 0, GAPS))
        sparse.data[:20] = np.resize(SPECIAL, 20)
        for zeros in ({}, {"zero_as_missing": True}, {"use_missing": False}):
            booster = trained(NUMBER, sparse, **zeros)
            ensemble = read("lightgbm", booster)
            seen = matrix("lightgbm", booster, sparse)
            np.testing.assert_allclose(
                outputs(ensemble, seen)[:, 0], booster.predict(sparse, raw_score=True), rtol=1e-12, atol=1e-13
            )


def test_no_tree_a_single_leaf_and_a_stump() -> None:
    empty = lightgbm.Booster({"verbose": -1, "objective": "regression"}, lightgbm.Dataset(X, NUMBER))
    ensemble = read("lightgbm", empty)
    assert (ensemble.trees, ensemble.outputs, ensemble.columns) == (0, 1, 4)
    np.testing.assert_array_equal(outputs(ensemble, X[:2]), [[0.0], [0.0]])
    same(trained(NUMBER, min_data_in_leaf=N), GAPS[:3])
    same(trained(THREE, min_data_in_leaf=N), GAPS[:3])
    same(trained(NUMBER, num_leaves=2, rounds=1), GAPS)


def test_path_dependent_values_by_definition() -> None:
    columns = np.column_stack([GAPS[:, 0], TOWN, GAPS[:, 1]])
    booster = trained(NUMBER, columns, categorical=[1], rounds=3, **EAGER)
    ensemble = read("lightgbm", booster)
    told = booster.predict(columns[:4], pred_contrib=True)
    for row, values in zip(matrix("lightgbm", booster, columns[:4]), told, strict=True):
        np.testing.assert_allclose(contributions(ensemble, row)[:, 0], values[:-1], rtol=1e-9, atol=1e-12)


def test_linear_leaves_cannot_be_read() -> None:
    with pytest.raises(Unreadable, match="linear leaves"):
        read("lightgbm", trained(NUMBER, X, linear_tree=True))


@settings(max_examples=25, deadline=None)
@given(
    seed=st.integers(0, 10**6),
    scale=st.sampled_from([1e-300, 1e-36, 1e-34, 1.0, 1e10, 1e300]),
    levels=st.integers(1, 12),
    zero=st.booleans(),
)
def test_any_scale_and_any_ties(seed: int, scale: float, levels: int, zero: bool) -> None:
    rng = np.random.default_rng(seed)
    rows = np.round(rng.normal(size=(80, 2)) * levels) / levels * scale
    rows[rng.random(rows.shape) < 0.1] = np.nan
    booster = trained(rng.normal(size=80), rows, rounds=2, min_data_in_bin=1, zero_as_missing=zero)
    same(booster, edges(read("lightgbm", booster), rng, rows, count=40, special=SPECIAL))
