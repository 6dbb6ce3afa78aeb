"""Permutation importance: scikit-learn's measures with the same shuffles, its own function, and known coverage."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.ensemble import RandomForestClassifier
from sklearn.inspection import permutation_importance
from sklearn.linear_model import LinearRegression
from sklearn.metrics import accuracy_score, recall_score, roc_auc_score, root_mean_squared_error
from sklearn.pipeline import make_pipeline

from explainkit.explain.effects.exchange import exchange
from explainkit.explain.effects.permutation import Loss, permutation_loss, shuffles, sizes
from explainkit.explain.effects.quality import Outcomes, auc
from explainkit.explain.target import Target
from tests.explain.doors import Door, names_of, outcomes, preparation, sklearn_door, table


def everyone(count: int) -> Any:
    return np.arange(count, dtype=np.intp)


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 10_000), st.integers(4, 60), st.booleans())
def test_auc_with_ties_and_weights_is_scikit_learns(seed: int, count: int, weighted: bool) -> None:
    rng = np.random.default_rng(seed)
    scores = rng.integers(0, 8, count) / 8
    positive = np.concatenate(([True, False], rng.random(count - 2) < 0.4))
    weights = rng.uniform(0.1, 5, count) if weighted else np.ones(count)
    found = auc(scores, positive, weights)
    assert found.values[0] == pytest.approx(roc_auc_score(positive, scores, sample_weight=weights), abs=1e-12)
    assert found.influence.sum() == pytest.approx(0.0, abs=1e-12)
    if weighted:
        # What a row moves is the derivative of the area by its weight, times the weight.
        for i in (0, 1, count - 1):
            more = weights.copy()
            more[i] *= 1 + 1e-6
            slope = (auc(scores, positive, more).values[0] - found.values[0]) / 1e-6
            assert found.influence[0, i] == pytest.approx(slope, abs=1e-6)


def test_auc_of_one_class_has_no_value() -> None:
    assert np.isnan(auc(np.array([0.1, 0.2]), np.array([True, True]), np.ones(2)).values[0])


def brute(model: Any, frame: pd.DataFrame, name: str, labels: Any, orders: Any, measure: Any, weights: Any) -> float:
    """The definition: shuffle, ask about every row, measure, take the mean."""
    losses = []
    for order in orders:
        made = frame.copy()
        made[name] = frame[name].iloc[order].to_numpy()
        made = made.astype(frame.dtypes)
        losses.append(measure(labels, model, frame, weights) - measure(labels, model, made, weights))
    return float(np.mean(losses))


def _area(labels: Any, model: Any, frame: pd.DataFrame, weights: Any) -> float:
    return float(roc_auc_score(labels, model.predict_proba(frame)[:, 1], sample_weight=weights))


def _rmse(labels: Any, model: Any, frame: pd.DataFrame, weights: Any) -> float:
    return -float(root_mean_squared_error(labels, model.predict(frame), sample_weight=weights))


def _accuracy(labels: Any, model: Any, frame: pd.DataFrame, weights: Any) -> float:
    decided = model.predict_proba(frame).argmax(axis=1)
    return float(accuracy_score(labels, decided, sample_weight=weights))


def fitted(estimator: Any, task: str) -> Any:
    other = table(300, seed=9)
    return make_pipeline(preparation(), estimator).fit(other, outcomes(other, task))


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
def test_the_loss_is_that_of_the_definition(task: str, weighted: bool) -> None:
    frame = table(80)
    model = fitted(RandomForestClassifier(8, random_state=0) if task != "regression" else LinearRegression(), task)
    labels = outcomes(frame, task)
    if task == "multiclass":
        labels = np.searchsorted(model.classes_, labels)
    weights = np.random.default_rng(5).uniform(0.5, 3, 80) if weighted else None
    door = sklearn_door(model)
    classes = names_of(door)
    target = Target(task=task, classes=classes, positive=1 if task == "binary" else None)  # type: ignore[arg-type]
    asked = exchange(door, frame, target)
    known = Outcomes(task=task, labels=labels.astype(float), weights=weights, classes=min(3, len(classes)))  # type: ignore[arg-type]
    orders = shuffles(80, 4, 7)
    own = asked.own(everyone(80))
    measure = {"binary": _area, "multiclass": _accuracy, "regression": _rmse}[task]
    for name in frame.columns:
        found = permutation_loss(asked, (name,), known, everyone(80), own, orders)
        expected = brute(model, frame, name, labels, orders, measure, weights)
        assert found.drop[0] == pytest.approx(expected, abs=1e-12)
        if task == "multiclass":
            for k in range(3):

                def recall(y: Any, m: Any, x: pd.DataFrame, w: Any, k: int = k) -> float:
                    decided = m.predict_proba(x).argmax(axis=1)
                    return float(recall_score(y, decided, labels=[k], average=None, sample_weight=w)[0])

                expected = brute(model, frame, name, labels, orders, recall, weights)
                assert found.drop[1 + k] == pytest.approx(expected, abs=1e-12)


def test_a_value_is_asked_about_once() -> None:
    frame = table(100)
    door = Door(None, lambda x: x["age"].to_numpy() + 0.0, task="regression")
    asked = exchange(door, frame, Target(task="regression", classes=("prediction",), positive=None))
    known = Outcomes(task="regression", labels=np.arange(100.0), weights=None, classes=0)
    own = asked.own(everyone(100))
    door.calls.clear()
    permutation_loss(asked, ("owner",), known, everyone(100), own, shuffles(100, 20, 0))
    assert sum(door.calls) <= 100
    door.calls.clear()
    permutation_loss(asked, ("purpose",), known, everyone(100), own, shuffles(100, 20, 0))
    assert sum(door.calls) <= 300
    lone = exchange(door, frame.assign(same=1.0), Target(task="regression", classes=("prediction",), positive=None))
    door.calls.clear()
    found = permutation_loss(lone, ("same",), known, everyone(100), own, shuffles(100, 20, 0))
    assert (found.drop[0], found.error[0], found.ends(0), door.calls) == (0.0, 0.0, None, [])


def test_a_column_that_the_model_does_not_use_costs_nothing() -> None:
    frame = table(60)
    door = Door(None, lambda x: (x["age"] / 100).to_numpy(), task="binary", classes=(0, 1))
    asked = exchange(door, frame, Target(task="binary", classes=("0", "1"), positive=1))
    labels = outcomes(frame, "binary").astype(float)
    known = Outcomes(task="binary", labels=labels, weights=None, classes=0)
    found = permutation_loss(asked, ("amount",), known, everyone(60), asked.own(everyone(60)), shuffles(60, 5, 0))
    assert found.drop[0] == 0.0
    assert found.ends(0) is None
    with pytest.raises(ValueError, match="read-only"):
        found.drop[0] = 1.0


def test_the_mean_over_many_shuffles_is_scikit_learns() -> None:
    frame = table(150).select_dtypes("number").fillna(0.0)
    labels = outcomes(table(150), "binary")
    model = RandomForestClassifier(5, max_depth=3, random_state=0).fit(frame, labels)
    theirs = permutation_importance(model, frame, labels, scoring="roc_auc", n_repeats=60, random_state=1)
    asked = exchange(sklearn_door(model), frame, Target(task="binary", classes=("0", "1"), positive=1))
    known = Outcomes(task="binary", labels=labels.astype(float), weights=None, classes=0)
    orders, own = shuffles(150, 60, 2), asked.own(everyone(150))
    for j, name in enumerate(frame.columns):
        ours = permutation_loss(asked, (name,), known, everyone(150), own, orders).drop[0]
        error = theirs.importances_std[j] * np.sqrt(2 / 60)
        assert abs(ours - theirs.importances_mean[j]) < 4 * error + 1e-9


def _coverage(task: str, repeats: int, truth: float, samples: int = 300) -> float:
    """Share of intervals that hold the importance of the first of two columns, over samples of 200 rows."""
    held = 0
    for seed in range(samples):
        rng = np.random.default_rng([17, seed])
        frame = pd.DataFrame(rng.normal(size=(200, 2)), columns=["a", "b"])
        signal = frame["a"].to_numpy() + frame["b"].to_numpy()
        if task == "regression":
            labels = signal + rng.normal(size=200)
            door = Door(None, lambda x: (x["a"] + x["b"]).to_numpy(), task="regression")
            target = Target(task="regression", classes=("prediction",), positive=None)
        else:
            labels = (rng.random(200) < 1 / (1 + np.exp(-signal))).astype(float)
            door = Door(None, lambda x: 1 / (1 + np.exp(-x["a"] - x["b"])).to_numpy(), task="binary", classes=(0, 1))
            target = Target(task="binary", classes=("0", "1"), positive=1)
        asked = exchange(door, frame, target)
        known = Outcomes(task=target.task, labels=labels, weights=None, classes=0)
        found = permutation_loss(
            asked, ("a",), known, everyone(200), asked.own(everyone(200)), shuffles(200, repeats, 0)
        )
        low, high = found.ends(0) or (0.0, 0.0)
        held += low <= truth <= high
    return held / samples


@pytest.mark.parametrize("repeats", [5, 20])
def test_intervals_of_a_linear_regression_cover_its_known_importance(repeats: int) -> None:
    # Errors have variance 1; with the column of another row they gain twice the variance of the column.
    assert 0.92 <= _coverage("regression", repeats, np.sqrt(3.0) - 1.0) <= 0.99


@pytest.mark.slow
def test_intervals_of_a_logistic_model_cover_its_importance() -> None:
    rng = np.random.default_rng(99)
    a, b, other = rng.normal(size=(3, 2_000_000))
    positive = rng.random(2_000_000) < 1 / (1 + np.exp(-a - b))
    truth = roc_auc_score(positive, a + b) - roc_auc_score(positive, other + b)
    assert 0.92 <= _coverage("binary", 20, float(truth), samples=500) <= 0.99


@given(st.integers(1, 10**7), st.integers(1, 20), st.integers(1, 3000), st.integers(1, 500))
def test_the_work_is_bounded(rows: int, features: int, columns: int, outputs: int) -> None:
    taken, repeats = sizes(rows, features, columns, outputs)
    assert 1 <= taken <= min(rows, 5000)
    assert 5 <= repeats <= 20
    assert taken * repeats * features <= max(110_000, 200 * 5 * features)
    assert taken * repeats * outputs <= 10_000_000


def test_intervals_are_symmetric() -> None:
    low, high = Loss(drop=np.array([0.5]), error=np.array([0.1])).ends(0) or (0.0, 0.0)
    assert (low + high) / 2 == pytest.approx(0.5)
    assert high - low == pytest.approx(2 * 1.959963984540054 * 0.1)
