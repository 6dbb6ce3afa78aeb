"""scikit-learn's trees: shap's values where columns stay single, the definition where raw columns become several."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.compose import ColumnTransformer
from sklearn.dummy import DummyClassifier
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
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from explainkit.explain.inside import dense
from explainkit.explain.players import players_of
from explainkit.explain.shapley import explain_shap
from explainkit.explain.strategy import choose
from explainkit.explain.target import Target
from explainkit.explain.tree import readers
from tests.explain.doors import (
    SINGLY_PREPARED,
    SOURCE_OF_PREPARED,
    Door,
    names_of,
    outcomes,
    preparation,
    single_preparation,
    sklearn_door,
    summed,
    table,
)
from tests.explain.oracle import adds_up, by_definition, near
from tests.explain.tree.definition import coalition_worths, shapley

ROWS = table()
FEATURES = list(ROWS.columns)
SOME = ROWS.iloc[:40]
NUMBERS = ROWS[["age", "amount", "rate"]].astype(float)


def explained(door: Door, rows: pd.DataFrame, background: pd.DataFrame | None = None, **given: Any) -> Any:
    """Interventional where there is a background, else path-dependent."""
    positive = 1 if door.task == "binary" else None
    return explain_shap(
        door, rows, background, task=door.task, classes=names_of(door), **{"positive": positive, **given}
    )


def notes(door: Door, rows: pd.DataFrame) -> tuple[Any, ...]:
    target = Target(task=door.task, classes=names_of(door), positive=None)
    return choose(door, rows, players_of(tuple(rows.columns)), target=target, output="margin").notes


SKLEARN = {
    "tree": (DecisionTreeClassifier(max_depth=4, random_state=0), "binary"),
    "forest": (RandomForestClassifier(15, random_state=0, n_jobs=2), "binary"),
    "extra trees": (ExtraTreesClassifier(15, random_state=0), "binary"),
    "boosting": (GradientBoostingClassifier(n_estimators=15, random_state=0, subsample=0.7), "binary"),
    "histogram boosting": (HistGradientBoostingClassifier(max_iter=15), "binary"),
    "forest, classes": (RandomForestClassifier(15, random_state=0), "multiclass"),
    "tree, classes": (DecisionTreeClassifier(random_state=0), "multiclass"),
    "histogram boosting, classes": (HistGradientBoostingClassifier(max_iter=15), "multiclass"),
    "tree, numbers": (DecisionTreeRegressor(max_depth=5, random_state=0), "regression"),
    "forest, numbers": (RandomForestRegressor(15, random_state=0), "regression"),
    "extra trees, numbers": (ExtraTreesRegressor(15, random_state=0), "regression"),
    "boosting, numbers": (GradientBoostingRegressor(n_estimators=15, random_state=0), "regression"),
    "histogram boosting, numbers": (HistGradientBoostingRegressor(max_iter=15), "regression"),
}


def score(model: Any, rows: pd.DataFrame) -> np.ndarray:
    """What is explained, as the library says it."""
    for name in ("decision_function", "predict_proba", "predict"):
        if hasattr(model, name):
            answer = np.asarray(getattr(model, name)(rows)).reshape(len(rows), -1)
            return answer[:, 1:] if name == "predict_proba" and answer.shape[1] == 2 else answer
    raise AssertionError


@pytest.mark.parametrize("kind", ["path-dependent", "interventional"])
@pytest.mark.parametrize("name", SKLEARN)
def test_where_columns_stay_single_values_are_shap_s(name: str, kind: Any, shap: Any) -> None:
    estimator, task = SKLEARN[name]
    model = make_pipeline(single_preparation(), estimator).fit(ROWS, outcomes(ROWS, task))
    background = ROWS.iloc[100:140] if kind == "interventional" else None
    explanation = explained(sklearn_door(model), SOME, background)
    if background is None:
        explainer = shap.TreeExplainer(model[-1])
    else:
        explainer = shap.TreeExplainer(model[-1], dense(model[:-1].transform(background)))
    theirs = np.asarray(explainer.shap_values(dense(model[:-1].transform(SOME)), check_additivity=False))
    base = np.asarray(explainer.expected_value).reshape(-1)
    if task == "binary" and theirs.ndim == 3:
        theirs, base = theirs[:, :, 1:], base[1:]
    theirs = theirs.reshape(*theirs.shape[:2], -1)[:, [SINGLY_PREPARED.index(f) for f in FEATURES]]
    # Against a background shap 0.51 weighs in 32 bits; the definition tells who is right beyond that.
    for i in range(len(SOME)):
        near(explanation, i, theirs[i], base, 1e-9 if background is None else 1e-6)
    for i in range(0 if background is None else 3):
        near(explanation, i, *by_definition(lambda rows: score(model, rows), SOME.iloc[i : i + 1], background))
    assert (explanation.players, explanation.exactness) == ("raw columns", "exact")
    assert kind in explanation.method


@pytest.mark.parametrize("name", SKLEARN)
def test_where_raw_columns_become_several_values_are_those_of_the_definition(name: str) -> None:
    estimator, task = SKLEARN[name]
    model = make_pipeline(preparation(dense="histogram" in name), estimator).fit(ROWS, outcomes(ROWS, task))
    door = sklearn_door(model)
    background = ROWS.iloc[100:110]
    against, by_cover = explained(door, SOME, background), explained(door, SOME)
    ensemble = readers.read("scikit-learn", model[-1])
    matrix = readers.matrix("scikit-learn", model[-1], model[:-1].transform(SOME.iloc[:3]))
    players = np.array([FEATURES.index(source) for source in SOURCE_OF_PREPARED])
    outputs = [1] if ensemble.outputs == 2 else list(range(ensemble.outputs))
    for i in range(3):
        near(against, i, *by_definition(lambda rows: score(model, rows), SOME.iloc[i : i + 1], background))
        worths = coalition_worths(ensemble.outputs_of(outputs), players, len(FEATURES), matrix[i], None)
        near(by_cover, i, shapley(worths, len(FEATURES)), worths[frozenset()])
    averages = not hasattr(estimator, "decision_function") and task != "regression"
    for explanation in (against, by_cover):
        assert (explanation.players, explanation.exactness) == ("raw columns", "exact")
        assert explanation.space == ("raw" if task == "regression" else "probability" if averages else "margin")
        np.testing.assert_allclose(explanation.predictions, score(model, SOME), atol=1e-12)
        adds_up(explanation)
    assert (against.background, against.background_rows) == ("all background rows", 10)
    assert (by_cover.background_rows, by_cover.background_digest) == (0, None)


def test_the_sum_over_one_hot_columns_is_not_the_value_of_the_raw_column(shap: Any) -> None:
    """By hand: green at noon gives 1; two tests on one-hot columns and one on the hour are on its path."""
    rows = pd.DataFrame({"colour": ["red", "green", "blue"] * 2, "hour": [0.0] * 3 + [12.0] * 3})
    worth = {("red", 0.0): 0.0, ("green", 0.0): 0.0, ("blue", 0.0): 5.0}
    worth |= {("red", 12.0): 0.0, ("green", 12.0): 1.0, ("blue", 12.0): 5.0}
    label = [worth[c, h] for c, h in rows.itertuples(index=False)]
    encoded = ColumnTransformer([("colour", OneHotEncoder(), ["colour"])], remainder="passthrough")
    model = make_pipeline(encoded, DecisionTreeRegressor(random_state=0)).fit(rows, label)
    np.testing.assert_array_equal(model.predict(rows), label)
    row, background = rows.iloc[[4]], rows.iloc[[2]]  # green at noon against blue at midnight
    found = explained(sklearn_door(model), row, background)
    # Two players, two orders: 5 → (colour) 0 → (hour) 1 and 5 → (hour) 5 → (colour) 1.
    np.testing.assert_allclose(found.values[0, :, 0], [((0 - 5) + (1 - 5)) / 2, ((1 - 0) + (5 - 5)) / 2])
    explainer = shap.TreeExplainer(model[-1], dense(model[:-1].transform(background)))
    engineered = explainer.shap_values(dense(model[:-1].transform(row)))[0]
    assert engineered.sum() == pytest.approx(1 - 5)
    assert abs(engineered[:3].sum() - found.values[0, 0, 0]) > 0.1


def test_sums_over_one_hot_columns_differ_on_deep_forests_too(shap: Any) -> None:
    model = make_pipeline(preparation(), RandomForestRegressor(15, random_state=0))
    model.fit(ROWS, outcomes(ROWS, "regression"))
    found = explained(sklearn_door(model), SOME)
    theirs = shap.TreeExplainer(model[-1]).shap_values(dense(model[:-1].transform(SOME)))
    apart = np.abs(summed(theirs, FEATURES) - found.values[:, :, 0])
    assert apart.max() > 1e-3


def test_boosting_of_several_classes_which_shap_refuses_is_read_class_by_class(shap: Any) -> None:
    model = GradientBoostingClassifier(n_estimators=12, max_depth=2, random_state=0)
    data = NUMBERS.fillna(0)
    model.fit(data, outcomes(ROWS, "multiclass"))
    with pytest.raises(ValueError, match="binary"):
        shap.TreeExplainer(model)
    explanation = explained(sklearn_door(model), data.iloc[:30])
    # Each class is a boosted regression of its own: shap reads its trees one by one.
    for k in range(3):
        alone = sum(
            0.1 * shap.TreeExplainer(stage[k]).shap_values(data.iloc[:30].to_numpy()) for stage in model.estimators_
        )
        np.testing.assert_allclose(explanation.values[:, :, k], alone, atol=1e-9)
    assert explanation.players == "raw columns"
    np.testing.assert_allclose(explanation.predictions, model.decision_function(data.iloc[:30]), atol=1e-12)
    adds_up(explanation)


def categorical_rows(*, text: bool) -> pd.DataFrame:
    rows = ROWS.assign(purpose=ROWS["purpose"].astype("category"))
    return rows if text else rows.assign(purpose=rows["purpose"].cat.codes.replace(-1, np.nan).astype(float))


@pytest.mark.parametrize("text", [True, False])
@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
def test_histogram_boosting_with_categories_is_read_from_the_inside(task: str, text: bool) -> None:
    rows = categorical_rows(text=text)
    kind = HistGradientBoostingRegressor if task == "regression" else HistGradientBoostingClassifier
    model = kind(max_iter=12, categorical_features="from_dtype" if text else ["purpose"], min_samples_leaf=5)
    door = sklearn_door(model.fit(rows, outcomes(ROWS, task)))
    assert (readers.read("scikit-learn", model).categories >= 0).any()
    background = rows.iloc[100:110]
    found = explained(door, rows.iloc[:30], background)
    assert found.space == ("raw" if task == "regression" else "margin")
    assert not notes(door, rows)
    for i in range(6):
        near(found, i, *by_definition(lambda r: score(model, r), rows.iloc[i : i + 1], background))
    adds_up(found)
    adds_up(explained(door, rows.iloc[:30]))


def test_the_negative_class_has_the_opposite_contributions() -> None:
    label = outcomes(ROWS, "binary")
    model = make_pipeline(preparation(), GradientBoostingClassifier(n_estimators=10)).fit(ROWS, label)
    forest = make_pipeline(preparation(), RandomForestClassifier(10, random_state=0)).fit(ROWS, label)
    for background in (None, ROWS.iloc[90:120]):
        one, other = (explained(sklearn_door(model), SOME, background, positive=p) for p in (1, 0))
        assert (one.outputs, other.outputs) == (("1",), ("0",))
        np.testing.assert_allclose(one.values, -other.values)
        np.testing.assert_allclose(one.base_values, -other.base_values)
        np.testing.assert_allclose(one.predictions, -other.predictions)
        adds_up(other)
        one, other = (explained(sklearn_door(forest), SOME, background, positive=p) for p in (1, 0))
        np.testing.assert_allclose(one.base_values, 1 - other.base_values)
        np.testing.assert_allclose(one.values, -other.values, atol=1e-12)


def test_a_model_trained_on_an_array_is_given_an_array() -> None:
    data = NUMBERS.fillna(0)
    model = RandomForestRegressor(5, random_state=0).fit(data.to_numpy(), outcomes(ROWS, "regression"))
    door = Door(model, lambda rows: model.predict(rows.to_numpy()), task="regression")
    explanation = explained(door, data.iloc[:5], data.iloc[50:60])
    assert explanation.players == "raw columns"
    adds_up(explanation)


def test_the_best_of_a_search_is_opened() -> None:
    pipeline = make_pipeline(preparation(), DecisionTreeClassifier(random_state=0))
    search = GridSearchCV(pipeline, {"decisiontreeclassifier__max_depth": [2, 3]}, cv=2)
    door = sklearn_door(search.fit(ROWS, outcomes(ROWS, "binary")))
    assert explained(door, SOME).method.startswith("TreeSHAP")


def test_the_whole_background_is_used() -> None:
    """More rows than any sample: the base is the mean over all of them."""
    model = GradientBoostingRegressor(n_estimators=5, random_state=0).fit(
        NUMBERS.fillna(0), outcomes(ROWS, "regression")
    )
    many = pd.DataFrame(np.random.default_rng(0).normal(40, 9, size=(5000, 3)), columns=NUMBERS.columns)
    explanation = explained(sklearn_door(model), NUMBERS.fillna(0).iloc[:3], many)
    assert (explanation.background_rows, explanation.background) == (5000, "all background rows")
    np.testing.assert_allclose(explanation.base_values, model.predict(many).mean(), rtol=1e-12)


def test_a_score_that_does_not_give_the_answers_is_not_explained_in_their_stead() -> None:
    """The loss "exponential" has another link: its decision function is half the log-odds."""
    data = NUMBERS.fillna(0)
    model = GradientBoostingClassifier(n_estimators=5, loss="exponential").fit(data, outcomes(ROWS, "binary"))
    door = sklearn_door(model)
    (note,) = notes(door, data)
    assert note.kind == "not_tested"
    assert "logistic" in note.reason
    explanation = explained(door, data.iloc[:3])
    assert explanation.space == "probability"
    np.testing.assert_allclose(explanation.predictions[:, 0], model.predict_proba(data.iloc[:3])[:, 1])


@pytest.mark.parametrize(
    "start", [LogisticRegression(), DummyClassifier(strategy="stratified", random_state=0)], ids=["a model", "lots"]
)
def test_boosting_that_starts_from_another_model_is_explained_as_a_function(start: Any) -> None:
    data = NUMBERS.fillna(0)
    model = GradientBoostingClassifier(n_estimators=3, init=start, random_state=0)
    door = sklearn_door(model.fit(data, outcomes(ROWS, "binary")))
    (note, *_) = notes(door, data)
    assert "another model" in note.reason
    if isinstance(start, LogisticRegression):
        explanation = explained(door, data.iloc[:3])
        assert (explanation.space, explanation.exactness) == ("probability", "exact")
        adds_up(explanation, 1e-6)  # the first model answers in 32 bits


def test_probability_of_boosting_is_explained_as_a_function_and_that_of_a_forest_by_its_trees() -> None:
    data = NUMBERS.fillna(0)
    boosting = sklearn_door(GradientBoostingClassifier(n_estimators=5).fit(data, outcomes(ROWS, "binary")))
    explanation = explained(boosting, data.iloc[:3], output="probability")
    assert (explanation.space, explanation.method[:3]) == ("probability", "all")
    np.testing.assert_allclose(explanation.predictions, boosting.predict(data.iloc[:3])[:, 1:])
    forest = sklearn_door(RandomForestClassifier(5, random_state=0).fit(data, outcomes(ROWS, "binary")))
    assert explained(forest, data.iloc[:3], output="probability").method.startswith("TreeSHAP")
