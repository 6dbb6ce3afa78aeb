"""Linear models in closed form, against shap's LinearExplainer and against the definition on raw columns."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.linear_model import (
    ElasticNet,
    Lasso,
    LinearRegression,
    LogisticRegression,
    PoissonRegressor,
    Ridge,
    SGDClassifier,
    SGDRegressor,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MaxAbsScaler

from explainkit.errors import ModelError
from explainkit.explain.players import players_of
from explainkit.explain.shapley import explain_shap
from explainkit.explain.strategy import choose
from explainkit.explain.target import Target
from explainkit.load.open_model import adapt_object
from tests.explain.doors import names_of, outcomes, preparation, sklearn_door, summed, table
from tests.explain.oracle import adds_up, by_definition, near

ROWS = table()
SOME = ROWS.iloc[:30]

MODELS = {
    "logistic": (LogisticRegression(max_iter=500), "binary"),
    "logistic, classes": (LogisticRegression(max_iter=500), "multiclass"),
    "discriminant": (LinearDiscriminantAnalysis(), "binary"),
    "stochastic": (SGDClassifier(loss="log_loss", random_state=0), "binary"),
    "stochastic, classes": (SGDClassifier(loss="log_loss", random_state=0), "multiclass"),
    "least squares": (LinearRegression(), "regression"),
    "ridge": (Ridge(), "regression"),
    "lasso": (Lasso(0.01), "regression"),
    "elastic net": (ElasticNet(0.01), "regression"),
    "stochastic, numbers": (SGDRegressor(random_state=0), "regression"),
}


def fitted(name: str) -> tuple[Any, Any]:
    estimator, task = MODELS[name]
    # Scaled last: the amounts would drown the others.
    model = make_pipeline(preparation(dense="discriminant" in name), MaxAbsScaler(), estimator)
    return model.fit(ROWS, outcomes(ROWS, task)), task


def explained(door: Any, rows: Any, background: Any, **given: Any) -> Any:
    positive = 1 if door.task == "binary" else None
    return explain_shap(door, rows, background, task=door.task, classes=names_of(door), positive=positive, **given)


@pytest.mark.parametrize("name", MODELS)
def test_closed_form_equals_shap_and_adds_up(name: str, shap: Any) -> None:
    model, task = fitted(name)
    door = sklearn_door(model)
    explanation = explained(door, SOME, ROWS)
    matrix = [np.asarray(m.toarray() if hasattr(m, "toarray") else m) for m in map(model[:-1].transform, (SOME, ROWS))]
    masker = shap.maskers.Independent(matrix[1], max_samples=len(ROWS))
    theirs = np.asarray(shap.LinearExplainer(model[-1], masker).shap_values(matrix[0]))
    theirs = theirs.reshape(*theirs.shape[:2], -1)
    np.testing.assert_allclose(explanation.values, summed(theirs, list(ROWS.columns)), atol=1e-9)
    own = model.predict(SOME) if task == "regression" else model.decision_function(SOME)
    np.testing.assert_allclose(explanation.predictions, own.reshape(len(SOME), -1), atol=1e-12)
    adds_up(explanation)
    assert (explanation.players, explanation.exactness) == ("raw columns", "exact")
    assert explanation.space == ("raw" if task == "regression" else "margin")
    assert explanation.background_rows == len(ROWS)
    assert explanation.background_digest.startswith("sha256:")


@pytest.mark.parametrize("name", MODELS)
def test_sums_over_engineered_columns_are_the_shapley_values_of_the_raw_columns(name: str) -> None:
    """By definition: every coalition of raw columns, absent ones from each background row, through the pipeline."""
    model, task = fitted(name)
    background, rows = ROWS.iloc[50:62], ROWS.iloc[3:6]
    explanation = explained(sklearn_door(model), rows, background)
    score = model.predict if task == "regression" else model.decision_function
    for i in range(len(rows)):
        near(explanation, i, *by_definition(score, rows.iloc[i : i + 1], background))


@pytest.mark.parametrize("strange", [np.nan, np.inf])
def test_a_background_that_the_model_does_not_take_is_refused(strange: float) -> None:
    """The mean of such a background would make every value NaN, though the model answers for the rows."""
    rows = ROWS[["age", "amount"]].astype(float)
    model = Ridge().fit(rows, outcomes(ROWS, "regression"))
    background = rows.copy()
    background.iloc[70, 1] = strange
    with pytest.raises(ModelError, match="amount") as caught:
        explained(adapt_object(model), rows[:5], background)
    assert len(str(caught.value).splitlines()) == 1


@pytest.mark.parametrize(
    ("estimator", "task"), [(SGDClassifier(loss="modified_huber", random_state=0), "binary"), (PoissonRegressor(), "")]
)
def test_a_linear_score_behind_another_link_is_not_explained_in_its_stead(estimator: Any, task: str) -> None:
    label = outcomes(ROWS, "binary") if task else np.exp(outcomes(ROWS, "regression") / 4)
    door = sklearn_door(make_pipeline(preparation(), MaxAbsScaler(), estimator).fit(ROWS, label))
    target = Target(task=door.task, classes=names_of(door), positive=None)
    strategy = choose(door, SOME, players_of(tuple(SOME.columns)), target=target, output="margin")
    assert [note.kind for note in strategy.notes] == ["not_tested"]
    explanation = explained(door, SOME.iloc[:3], ROWS)
    assert explanation.space == ("probability" if task else "raw")
    assert explanation.method.startswith("all coalitions")
    assert np.abs(explanation.residual).max() < 1e-9


def test_probability_is_explained_by_enumeration() -> None:
    model, _ = fitted("logistic")
    door = sklearn_door(model)
    explanation = explained(door, SOME.iloc[:3], ROWS, output="probability")
    np.testing.assert_allclose(explanation.predictions, model.predict_proba(SOME.iloc[:3])[:, 1:])
    assert (explanation.space, explanation.exactness, explanation.players) == ("probability", "exact", "raw columns")
    assert explanation.background_rows == 100
