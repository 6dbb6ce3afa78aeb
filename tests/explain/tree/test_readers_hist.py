"""scikit-learn's histogram gradient boosting, read: categories, columns in another order, missing values."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

from explainkit.explain.tree.readers import matrix, read
from tests.explain.tree.walk import covers_add_up, edges, leaves, outputs

RNG = np.random.default_rng(5)
N = 400
NUMBERS = RNG.normal(size=(N, 3))
GAPS = np.where(RNG.random(NUMBERS.shape) < 0.1, np.nan, NUMBERS)
TOWN = RNG.integers(0, 40, N)
NUMBER = NUMBERS[:, 0] + NUMBERS[:, 1] * NUMBERS[:, 2] + 2.0 * np.isin(TOWN, [1, 4, 8, 9, 33])
THREE = np.array(["low", "mid", "top"])[np.digitize(NUMBER, [-0.3, 1])]
CLASSIFIER = {"max_iter": 8, "min_samples_leaf": 5, "random_state": 0}
REGRESSOR = {"max_iter": 8, "min_samples_leaf": 5, "random_state": 0}
INFINITIES = (np.nan, np.inf, -np.inf, 0.0, -0.0, 1e-36)


def own(model: Any, rows: Any) -> np.ndarray:
    """The raw score: what ``predict`` says, where the loss has a logarithm as link, before the exponential."""
    if hasattr(model, "decision_function"):
        return np.asarray(model.decision_function(rows)).reshape(len(rows), -1)
    answers = model.predict(rows).reshape(-1, 1)
    return np.log(answers) if model.loss in ("poisson", "gamma") else answers


def same(model: Any, rows: Any) -> None:
    ensemble = read("scikit-learn", model)
    seen = matrix("scikit-learn", model, rows)
    np.testing.assert_allclose(outputs(ensemble, seen), own(model, rows), rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize("loss", ["squared_error", "absolute_error", "poisson", "gamma", "quantile"])
def test_losses(loss: str) -> None:
    quantile = 0.7 if loss == "quantile" else None
    model = HistGradientBoostingRegressor(**REGRESSOR, loss=loss, quantile=quantile).fit(GAPS, np.exp(NUMBER))
    ensemble = read("scikit-learn", model)
    same(model, edges(ensemble, np.random.default_rng(0), GAPS, special=INFINITIES))
    same(model, GAPS[:1])
    covers_add_up(ensemble, 0)
    assert not ensemble.float32


@pytest.mark.parametrize("target", [NUMBER > 0, THREE], ids=["two", "three"])
def test_classes(target: np.ndarray) -> None:
    model = HistGradientBoostingClassifier(**CLASSIFIER, early_stopping=True).fit(GAPS, target)
    ensemble = read("scikit-learn", model)
    assert ensemble.outputs == (1 if target is not THREE else 3)
    same(model, edges(ensemble, np.random.default_rng(0), GAPS, special=INFINITIES))


def frame(town: np.ndarray) -> pd.DataFrame:
    """Categories last but one, so that the model's columns stand in another order."""
    return pd.DataFrame({"a": GAPS[:, 0], "b": GAPS[:, 1], "town": town, "c": GAPS[:, 2]})


@pytest.mark.parametrize("target", [NUMBER > 0, THREE, NUMBER], ids=["two", "three", "number"])
@pytest.mark.parametrize("told", ["from_dtype", "name", "mask"])
def test_categories_and_those_never_seen(target: np.ndarray, told: str) -> None:
    rows = frame(TOWN.astype(float))
    rows["town"] = rows["town"].mask(TOWN == 3)
    if told == "from_dtype":
        rows["town"] = rows["town"].map(lambda t: f"t{t:.0f}", na_action="ignore").astype("category")
    given = {"from_dtype": "from_dtype", "name": ["town"], "mask": [False, False, True, False]}[told]
    kind = HistGradientBoostingRegressor if target is NUMBER else HistGradientBoostingClassifier
    model = kind(**CLASSIFIER, categorical_features=given).fit(rows, target)
    ensemble = read("scikit-learn", model)
    tested = ensemble.categories >= 0
    assert tested.sum() > 3
    assert set(ensemble.column[tested].tolist()) == {2}
    same(model, rows)
    strange = rows.copy()
    if told == "from_dtype":
        strange["town"] = pd.Categorical(np.where(TOWN < 9, "new", rows["town"].astype(object)))
    else:
        strange["town"] = np.where(TOWN < 9, np.resize([-1, 2.5, 1e9, -0.5, 300], N), TOWN)
    same(model, strange)
    seen = matrix("scikit-learn", model, strange)
    assert np.isnan(seen[TOWN < 9, 2]).all()
    np.testing.assert_array_equal(seen[:, [0, 1, 3]], rows[["a", "b", "c"]].to_numpy())


def test_arrays_with_only_categories() -> None:
    columns = np.column_stack([TOWN, RNG.integers(0, 5, N)])
    model = HistGradientBoostingRegressor(**REGRESSOR, categorical_features=[0, 1]).fit(columns, NUMBER)
    same(model, columns)


def test_a_single_leaf() -> None:
    model = HistGradientBoostingRegressor(max_iter=3, min_samples_leaf=N).fit(GAPS, NUMBER)
    ensemble = read("scikit-learn", model)
    assert set(np.diff(ensemble.starts).tolist()) == {1}
    assert (leaves(ensemble, GAPS[:2]) == [[0, 1, 2]]).all()
    same(model, GAPS[:5])
