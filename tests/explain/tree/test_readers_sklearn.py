"""scikit-learn's trees, read: leaves as by ``apply``, sums as by the model, on rows at the edges of every test."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
import scipy.sparse
from sklearn.dummy import DummyClassifier
from sklearn.ensemble import (
    AdaBoostClassifier,
    ExtraTreesClassifier,
    ExtraTreesRegressor,
    GradientBoostingClassifier,
    GradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.linear_model import LinearRegression
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor, ExtraTreeClassifier

from explainkit.explain.tree.readers import Unreadable, matrix, read
from tests.explain.tree.walk import covers_add_up, edges, expected, leaves, outputs

RNG = np.random.default_rng(3)
X = RNG.normal(size=(240, 4))
GAPS = np.where(RNG.random(X.shape) < 0.15, np.nan, X)
NUMBER = X[:, 0] + X[:, 1] * X[:, 2] + RNG.normal(scale=0.1, size=len(X))
TWO = (NUMBER > 0).astype(int)
THREE = np.array(["low", "mid", "top"])[np.digitize(NUMBER, [-0.5, 0.5])]
WEIGHTS = RNG.exponential(size=len(X))
ZEROS = (0.0, -0.0, 1e-36, 1e-45, -1e-36)

MODELS = {
    "tree": (DecisionTreeClassifier(random_state=0), THREE),
    "tree, numbers": (DecisionTreeRegressor(random_state=0), NUMBER),
    "tree, absolute error": (DecisionTreeRegressor(random_state=0, criterion="absolute_error", max_depth=5), NUMBER),
    "extra tree": (ExtraTreeClassifier(random_state=0), TWO),
    "forest": (RandomForestClassifier(12, random_state=0), TWO),
    "forest, monotonic": (RandomForestClassifier(12, random_state=0, monotonic_cst=[1, 0, 0, 0]), TWO),
    "forest, classes": (RandomForestClassifier(12, random_state=0, class_weight="balanced"), THREE),
    "forest, numbers": (RandomForestRegressor(12, random_state=0, max_features=2), NUMBER),
    "extra trees": (ExtraTreesClassifier(12, random_state=0, bootstrap=True), THREE),
    "extra trees, numbers": (ExtraTreesRegressor(12, random_state=0), NUMBER),
    "boosting": (GradientBoostingClassifier(n_estimators=12, random_state=0, learning_rate=0.3), TWO),
    "boosting, exponential": (GradientBoostingClassifier(n_estimators=12, random_state=0, loss="exponential"), TWO),
    "boosting, classes": (GradientBoostingClassifier(n_estimators=12, random_state=0, subsample=0.7), THREE),
    "boosting from nothing": (GradientBoostingClassifier(n_estimators=12, random_state=0, init="zero"), TWO),
    "boosting, constant": (
        GradientBoostingClassifier(n_estimators=12, random_state=0, init=DummyClassifier(strategy="uniform")),
        THREE,
    ),
    "boosting, stopped early": (
        GradientBoostingClassifier(n_estimators=80, random_state=0, n_iter_no_change=2, learning_rate=0.5),
        TWO,
    ),
    **{
        f"boosting, {loss}": (GradientBoostingRegressor(n_estimators=12, random_state=0, loss=loss), NUMBER + 7)
        for loss in ("squared_error", "absolute_error", "huber", "quantile")
    },
}


def own(model: Any, rows: Any) -> np.ndarray:
    name = next(n for n in ("decision_function", "predict_proba", "predict") if hasattr(model, n))
    return np.asarray(getattr(model, name)(rows)).reshape(rows.shape[0], -1)


def same(model: Any, rows: Any) -> None:
    ensemble = read("scikit-learn", model)
    seen = matrix("scikit-learn", model, rows)
    reached = leaves(ensemble, seen) - ensemble.starts[:-1]
    np.testing.assert_array_equal(reached, np.asarray(model.apply(rows)).reshape(rows.shape[0], -1))
    np.testing.assert_allclose(outputs(ensemble, seen), own(model, rows), rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("name", MODELS)
def test_leaves_and_sums_are_the_library_s_own(name: str) -> None:
    model, target = MODELS[name]
    model.fit(X, target, sample_weight=WEIGHTS)
    ensemble = read("scikit-learn", model)
    same(model, edges(ensemble, np.random.default_rng(0), X, special=ZEROS))
    same(model, X[:1])
    covers_add_up(ensemble, 1e-9)
    assert ensemble.float32


@pytest.mark.parametrize("name", ["tree", "tree, numbers", "forest, classes", "forest, numbers", "extra trees"])
def test_missing_values_go_where_the_training_sent_them(name: str) -> None:
    model, target = MODELS[name]
    model.fit(GAPS, target)
    ensemble = read("scikit-learn", model)
    inner = ensemble.left >= 0
    assert 0 < ensemble.default_left[inner].mean() < 1
    same(model, edges(ensemble, np.random.default_rng(1), GAPS, special=(np.nan, 0.0), finite=True))


def test_probabilities_of_a_tree_weigh_its_training_rows() -> None:
    model = DecisionTreeClassifier(max_depth=3, random_state=0).fit(X, THREE, sample_weight=WEIGHTS)
    shares = [WEIGHTS[name == THREE].sum() / WEIGHTS.sum() for name in model.classes_]
    np.testing.assert_allclose(expected(read("scikit-learn", model)), shares, rtol=1e-12)


def test_sparse_rows_and_frames_are_taken_as_the_model_takes_them() -> None:
    sparse = scipy.sparse.csr_matrix(np.where(np.abs(X) < 0.5, 0, X))
    model = RandomForestRegressor(5, random_state=0).fit(sparse, NUMBER)
    same(model, sparse)
    frame = pd.DataFrame({"a": X[:, 0] > 0, "b": (X[:, 1] * 1e9).astype(np.int64), "c": X[:, 2].astype(np.float32)})
    model = RandomForestRegressor(5, random_state=0).fit(frame, NUMBER)
    same(model, frame)


def test_infinity_is_refused_as_when_predicting() -> None:
    model = DecisionTreeRegressor(max_depth=2).fit(X, NUMBER)
    for value in (np.inf, 1e39):
        with pytest.raises(ValueError, match="infinity or a value too large"):
            matrix("scikit-learn", model, np.full((1, 4), value))


def test_a_stump_and_a_single_leaf() -> None:
    stump = DecisionTreeRegressor(max_depth=1).fit(X, NUMBER)
    assert len(read("scikit-learn", stump).left) == 3
    same(stump, X)
    constant = RandomForestClassifier(3).fit(X, np.zeros(len(X)))
    assert read("scikit-learn", constant).left.tolist() == [-1] * 3
    same(constant, X[:5])


def test_a_deep_tree_that_never_looks_at_a_column() -> None:
    ladder = np.column_stack([np.zeros(60), 2.0 ** np.arange(60)])
    model = DecisionTreeRegressor().fit(ladder, 3.0 ** np.arange(60))
    assert model.get_depth() > 40
    same(model, ladder)
    assert set(read("scikit-learn", model).column.tolist()) == {-1, 1}


def test_what_cannot_be_read_says_why() -> None:
    two = np.column_stack([NUMBER, NUMBER])
    start = GradientBoostingRegressor(n_estimators=3, init=LinearRegression()).fit(X, NUMBER)
    lots = GradientBoostingClassifier(n_estimators=3, init=DummyClassifier(strategy="stratified", random_state=0))
    for model, reason in (
        (RandomForestRegressor(3).fit(X, two), "it has several targets at once"),
        (start, "its boosting starts from the predictions of another model"),
        (lots.fit(X, TWO), "its boosting starts from the predictions of another model"),
        (AdaBoostClassifier(n_estimators=3).fit(X, TWO), "AdaBoostClassifier is no tree, forest or gradient"),
    ):
        with pytest.raises(Unreadable, match=reason) as caught:
            read("scikit-learn", model)
        assert caught.value.reason.startswith(reason)
