"""Trees: the values of shap and of the model's own library, on the matrix that the trees see."""

from __future__ import annotations

from functools import partial
from typing import Any

import catboost
import lightgbm
import numpy as np
import pandas as pd
import pytest
import xgboost
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
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from explainkit.explain.shapley import explain_shap
from explainkit.explain.strategy import choose
from explainkit.explain.target import Target
from tests.explain.doors import Door, names_of, outcomes, preparation, sklearn_door, summed, table

ROWS = table()
FEATURES = list(ROWS.columns)
SOME = ROWS.iloc[:40]
NUMBERS = ROWS[["age", "amount", "rate"]].astype(float)


def explained(door: Door, rows: pd.DataFrame, **given: Any) -> Any:
    positive = 1 if door.task == "binary" else None
    return explain_shap(
        door, rows, task=door.task, classes=names_of(door), **{"positive": positive, "background": rows, **given}
    )


def notes(door: Door, rows: pd.DataFrame) -> tuple[Any, ...]:
    target = Target(task=door.task, classes=names_of(door), positive=None)
    return choose(door, rows, target=target, output="margin").notes


def adds_up(explanation: Any, relative: float = 1e-6) -> None:
    scale = np.abs(explanation.base_values) + np.abs(explanation.values).sum(axis=1)
    assert (np.abs(explanation.residual) <= relative * scale + 1e-15).all()


def dense(matrix: Any) -> np.ndarray:
    return np.asarray(matrix.toarray() if hasattr(matrix, "toarray") else matrix, dtype=float)


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


@pytest.mark.parametrize("name", SKLEARN)
def test_scikit_learn_in_a_pipeline_equals_shap_on_the_transformed_matrix(name: str, shap: Any) -> None:
    estimator, task = SKLEARN[name]
    model = make_pipeline(preparation(dense="histogram" in name), estimator).fit(ROWS, outcomes(ROWS, task))
    door = sklearn_door(model)
    explanation = explained(door, SOME)
    explainer = shap.TreeExplainer(model[-1])
    theirs = np.asarray(explainer.shap_values(dense(model[:-1].transform(SOME))))
    base = np.asarray(explainer.expected_value).reshape(-1)
    if task == "binary" and theirs.ndim == 3:
        theirs, base = theirs[:, :, 1:], base[1:]
    theirs = theirs.reshape(*theirs.shape[:2], -1)
    np.testing.assert_allclose(explanation.values, summed(theirs, FEATURES), atol=1e-9)
    np.testing.assert_allclose(explanation.base_values, np.tile(base, (len(SOME), 1)), atol=1e-9)
    assert explanation.players == "sum over engineered columns"
    assert explanation.exactness == "exact"
    averages = not hasattr(estimator, "decision_function") and task != "regression"
    assert explanation.space == ("raw" if task == "regression" else "probability" if averages else "margin")
    if averages or task == "regression":
        own = door.predict(SOME)
        own = own[:, 1:] if task == "binary" else own
    else:
        own = model.decision_function(SOME).reshape(len(SOME), -1)
    np.testing.assert_allclose(explanation.predictions, own, atol=1e-12)
    adds_up(explanation)


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


def test_the_negative_class_has_the_opposite_contributions() -> None:
    model = make_pipeline(preparation(), GradientBoostingClassifier(n_estimators=10)).fit(
        ROWS, outcomes(ROWS, "binary")
    )
    one, other = (explained(sklearn_door(model), SOME, positive=p) for p in (1, 0))
    assert (one.outputs, other.outputs) == (("1",), ("0",))
    np.testing.assert_allclose(one.values, -other.values)
    np.testing.assert_allclose(one.predictions, -other.predictions)
    adds_up(other)
    forest = make_pipeline(preparation(), RandomForestClassifier(10, random_state=0)).fit(
        ROWS, outcomes(ROWS, "binary")
    )
    one, other = (explained(sklearn_door(forest), SOME, positive=p) for p in (1, 0))
    np.testing.assert_allclose(one.base_values, 1 - other.base_values)
    np.testing.assert_allclose(one.values, -other.values, atol=1e-12)


def test_columns_that_stay_single_are_raw_columns() -> None:
    data = NUMBERS.fillna(0)
    model = RandomForestRegressor(5, random_state=0).fit(data.to_numpy(), outcomes(ROWS, "regression"))
    door = Door(model, lambda rows: model.predict(rows.to_numpy()), task="regression")
    assert explained(door, data.iloc[:5]).players == "raw columns"


def test_the_best_of_a_search_is_opened() -> None:
    pipeline = make_pipeline(preparation(), DecisionTreeClassifier(random_state=0))
    search = GridSearchCV(pipeline, {"decisiontreeclassifier__max_depth": [2, 3]}, cv=2)
    door = sklearn_door(search.fit(ROWS, outcomes(ROWS, "binary")))
    assert explained(door, SOME).method.startswith("TreeSHAP")


# Boosters: shap's values, and the library's own.

WITH_CATEGORY = ROWS.assign(purpose=ROWS["purpose"].astype("category"))


def lightgbm_door(task: str, rows: pd.DataFrame = WITH_CATEGORY, **given: Any) -> Door:
    kind = lightgbm.LGBMRegressor if task == "regression" else lightgbm.LGBMClassifier
    model = kind(n_estimators=20, num_leaves=7, verbose=-1, n_jobs=2, **given).fit(rows, outcomes(ROWS, task))
    classes = None if task == "regression" else tuple(model.classes_)
    return Door(model, model.booster_.predict, task=task, classes=classes)


@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
def test_lightgbm_equals_its_own_contributions_and_shap(task: str, shap: Any) -> None:
    door = lightgbm_door(task)
    rows = WITH_CATEGORY.iloc[:40]
    explanation = explained(door, rows)
    own = door.native.booster_.predict(rows, pred_contrib=True).reshape(40, -1, 6)
    np.testing.assert_allclose(explanation.values, own[:, :, :5].transpose(0, 2, 1), atol=1e-12)
    np.testing.assert_allclose(explanation.base_values, own[:, :, 5], atol=1e-12)
    theirs = shap.TreeExplainer(door.native.booster_)(rows).values.reshape(40, 5, -1)
    np.testing.assert_allclose(explanation.values, theirs, atol=1e-6)
    raw = door.native.booster_.predict(rows, raw_score=True).reshape(40, -1)
    np.testing.assert_allclose(explanation.predictions, raw, atol=1e-12)
    assert explanation.players == "raw columns"
    assert "its own" in explanation.method or "own library" in explanation.method
    adds_up(explanation)


@pytest.mark.parametrize(
    "given",
    [
        {"boosting_type": "dart"},
        {"boosting_type": "rf", "bagging_freq": 1, "bagging_fraction": 0.6},
        {"zero_as_missing": True},
    ],
)
def test_lightgbm_in_its_other_modes_adds_up_to_the_answers_that_are_audited(given: dict[str, Any]) -> None:
    door = lightgbm_door("binary", **given)
    rows = WITH_CATEGORY.iloc[:40]
    explanation = explained(door, rows)
    assert explanation.space == "margin"
    probability = 1 / (1 + np.exp(-explanation.predictions[:, 0]))
    np.testing.assert_allclose(probability, door.predict(rows)[:, 1], atol=1e-12)
    adds_up(explanation)


def test_lightgbm_one_against_all_has_a_logistic_margin_for_each_class() -> None:
    explanation = explained(lightgbm_door("multiclass", objective="multiclassova"), WITH_CATEGORY.iloc[:20])
    assert explanation.space == "margin"
    adds_up(explanation)


def test_lightgbm_after_early_stopping_is_explained_up_to_its_best_iteration(shap: Any) -> None:
    train = lightgbm.Dataset(NUMBERS[:150], outcomes(ROWS, "binary")[:150])
    stop = lightgbm.Dataset(NUMBERS[150:], np.random.default_rng(0).integers(0, 2, len(ROWS) - 150), reference=train)
    booster = lightgbm.train(
        {"objective": "binary", "verbose": -1, "num_leaves": 7},
        train,
        60,
        valid_sets=[stop],
        callbacks=[lightgbm.early_stopping(20, verbose=False)],
        keep_training_booster=True,
    )
    assert booster.best_iteration < booster.current_iteration()
    explanation = explained(Door(booster, booster.predict, task="binary", classes=(0, 1)), NUMBERS[:30])
    np.testing.assert_allclose(explanation.predictions[:, 0], booster.predict(NUMBERS[:30], raw_score=True))
    adds_up(explanation)
    # What shap gives adds up to all iterations instead, which is not the model that answers.
    explainer = shap.TreeExplainer(booster)
    total = explainer(NUMBERS[:30]).values.sum(axis=1) + explainer.expected_value
    assert np.abs(total - explanation.predictions[:, 0]).max() > 1e-3


def test_lightgbm_with_linear_leaves_is_explained_as_a_function(capfd: Any) -> None:
    door = lightgbm_door("regression", NUMBERS.fillna(0), linear_tree=True)
    capfd.readouterr()
    explanation = explained(door, NUMBERS.fillna(0).iloc[:3])
    assert capfd.readouterr() == ("", "")
    assert explanation.method.startswith("all coalitions")
    adds_up(explanation)


def xgboost_answer(booster: Any, rows: pd.DataFrame) -> Any:
    last = booster.best_iteration + 1 if "best_iteration" in booster.attributes() else 0
    return booster.predict(xgboost.DMatrix(rows, enable_categorical=True), iteration_range=(0, last))


def xgboost_door(task: str, rows: pd.DataFrame = WITH_CATEGORY, **given: Any) -> Door:
    objective = {"binary": "binary:logistic", "multiclass": "multi:softprob", "regression": "reg:squarederror"}[task]
    parameters = {"objective": objective, "max_depth": 3, "seed": 0, "nthread": 2, **given}
    label = pd.factorize(outcomes(ROWS, task))[0] if task == "multiclass" else outcomes(ROWS, task)
    if task == "multiclass":
        parameters["num_class"] = 3
    booster = xgboost.train(parameters, xgboost.DMatrix(rows, label, enable_categorical=True), 20)
    classes = {"binary": (0, 1), "multiclass": (0, 1, 2)}.get(task)
    return Door(booster, partial(xgboost_answer, booster), task=task, classes=classes)


@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
@pytest.mark.parametrize("given", [{}, {"base_score": 0.3}, {"booster": "dart", "rate_drop": 0.3}])
def test_xgboost_equals_its_own_contributions_and_shap(task: str, given: dict[str, Any], shap: Any) -> None:
    door = xgboost_door(task, **given)
    rows = WITH_CATEGORY.iloc[:40]
    matrix = xgboost.DMatrix(rows, enable_categorical=True)
    explanation = explained(door, rows)
    own = door.native.predict(matrix, pred_contribs=True, strict_shape=True).astype(float)
    np.testing.assert_allclose(explanation.values, own[:, :, :5].transpose(0, 2, 1), atol=1e-12)
    margin = door.native.predict(matrix, output_margin=True).reshape(40, -1)
    np.testing.assert_allclose(explanation.predictions, margin)
    adds_up(explanation, 5e-6)  # 32-bit sums
    if not given:
        theirs = np.asarray(shap.TreeExplainer(door.native).shap_values(matrix)).reshape(40, 5, -1)
        np.testing.assert_allclose(explanation.values, theirs, atol=1e-6)


def test_xgboost_after_early_stopping_is_explained_up_to_its_best_iteration() -> None:
    label = outcomes(ROWS, "binary")
    noise = np.random.default_rng(0).integers(0, 2, len(ROWS) - 150)
    booster = xgboost.train(
        {"objective": "binary:logistic", "max_depth": 3},
        xgboost.DMatrix(NUMBERS[:150], label[:150]),
        60,
        evals=[(xgboost.DMatrix(NUMBERS[150:], noise), "stop")],
        early_stopping_rounds=15,
        verbose_eval=False,
    )
    assert booster.best_iteration + 1 < booster.num_boosted_rounds()
    explanation = explained(
        Door(booster, partial(xgboost_answer, booster), task="binary", classes=(0, 1)), NUMBERS[:30]
    )
    assert explanation.space == "margin"
    adds_up(explanation, 5e-6)


def test_xgboost_categories_in_another_order_mean_the_same() -> None:
    door = xgboost_door("binary")
    rows = WITH_CATEGORY.iloc[:20]
    turned = rows.assign(purpose=rows["purpose"].cat.set_categories(["other", "house", "car"]))
    np.testing.assert_array_equal(explained(door, rows).values, explained(door, turned).values)


def test_xgboost_in_a_sparse_pipeline_reads_absent_cells_as_it_does_when_predicting() -> None:
    model = make_pipeline(preparation(), xgboost.XGBClassifier(n_estimators=15, max_depth=3, n_jobs=2))
    door = sklearn_door(model.fit(ROWS, outcomes(ROWS, "binary")))
    explanation = explained(door, SOME)
    assert explanation.space == "margin"
    matrix = xgboost.DMatrix(model[:-1].transform(SOME))
    own = model[-1].get_booster().predict(matrix, pred_contribs=True).astype(float)[:, :-1]
    np.testing.assert_allclose(explanation.values[:, :, 0], summed(own, FEATURES), atol=1e-12)
    adds_up(explanation, 5e-6)


@pytest.mark.parametrize(
    "given", [{"objective": "count:poisson", "max_depth": 2}, {"booster": "gblinear", "updater": "coord_descent"}]
)
def test_xgboost_with_a_link_or_without_trees_is_explained_in_the_unit_of_the_target(given: dict[str, Any]) -> None:
    data = NUMBERS.fillna(0)[["age", "rate"]] / 50
    label = np.exp(outcomes(ROWS, "regression") / 4)
    booster = xgboost.train(given, xgboost.DMatrix(data, label), 10)
    door = Door(booster, partial(xgboost_answer, booster), task="regression")
    explanation = explained(door, data.iloc[:4])
    assert (explanation.space, explanation.exactness) == ("raw", "exact")
    np.testing.assert_allclose(explanation.predictions, door.predict(data.iloc[:4]))
    adds_up(explanation)


def texts(rows: pd.DataFrame) -> pd.DataFrame:
    return rows.assign(purpose=rows["purpose"].astype(object).where(rows["purpose"].notna(), "nan"))


def catboost_door(task: str, **given: Any) -> Door:
    kind = catboost.CatBoostRegressor if task == "regression" else catboost.CatBoostClassifier
    given = {"iterations": 20, "depth": 3, "cat_features": ["purpose"], "thread_count": 2, "random_seed": 0, **given}
    model = kind(verbose=0, allow_writing_files=False, **given).fit(texts(ROWS), outcomes(ROWS, task))
    classes = None if task == "regression" else tuple(model.classes_)
    answer = model.predict if task == "regression" else model.predict_proba
    return Door(model, answer, task=task, classes=classes, cast=texts)


@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
def test_catboost_with_categories_equals_its_own_contributions(task: str) -> None:
    door = catboost_door(task)
    explanation = explained(door, SOME)
    pool = catboost.Pool(texts(SOME), cat_features=["purpose"])
    own = door.native.get_feature_importance(pool, type="ShapValues").reshape(40, -1, 6)
    np.testing.assert_allclose(explanation.values, own[:, :, :5].transpose(0, 2, 1), atol=1e-12)
    raw = np.asarray(door.native.predict(pool, prediction_type="RawFormulaVal")).reshape(40, -1)
    np.testing.assert_allclose(explanation.predictions, raw, atol=1e-12)
    adds_up(explanation)


def test_catboost_of_numbers_equals_shap(shap: Any) -> None:
    data = NUMBERS
    model = catboost.CatBoostClassifier(iterations=20, depth=3, verbose=0, allow_writing_files=False)
    model.fit(data, outcomes(ROWS, "binary"))
    door = Door(model, model.predict_proba, task="binary", classes=(0, 1))
    theirs = shap.TreeExplainer(model).shap_values(data.iloc[:30])
    np.testing.assert_allclose(explained(door, data.iloc[:30]).values[:, :, 0], theirs, atol=1e-6)


def test_contributions_that_do_not_add_up_are_refused_and_said(monkeypatch: pytest.MonkeyPatch) -> None:
    door = catboost_door("binary")
    real = door.native.get_feature_importance

    def off(*given: Any, **more: Any) -> Any:
        values = np.array(real(*given, **more))
        values[7, 0] += 1e-3
        return values

    monkeypatch.setattr(door.native, "get_feature_importance", off)
    (note,) = notes(door, SOME)
    assert note.kind == "failed"
    assert "add up" in note.reason
    explanation = explained(door, SOME.iloc[:10])
    assert explanation.space == "probability"
    adds_up(explanation)


def test_catboost_trees_grown_leaf_by_leaf_add_up_one_way_or_the_other() -> None:
    """CatBoost 1.2.10's own values for such trees over categories miss its own score by far."""
    door = catboost_door("binary", grow_policy="Lossguide", depth=6)
    explanation = explained(door, SOME.iloc[:10])
    adds_up(explanation)
    pool = catboost.Pool(texts(SOME.iloc[:10]), cat_features=["purpose"])
    own = door.native.get_feature_importance(pool, type="ShapValues").sum(axis=1)
    right = np.allclose(own, door.native.predict(pool, prediction_type="RawFormulaVal"))
    assert explanation.space == ("margin" if right else "probability")
    assert bool(notes(door, SOME.iloc[:10])) != right


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
    ("model", "words"),
    [
        (GradientBoostingClassifier(n_estimators=3, init=LogisticRegression()), "another model"),
        (HistGradientBoostingClassifier(max_iter=3, categorical_features=[0]), "categories"),
    ],
)
def test_what_shap_would_read_wrongly_is_not_given_to_it(model: Any, words: str) -> None:
    data = NUMBERS.fillna(0).assign(age=ROWS["owner"].astype(float))
    door = sklearn_door(model.fit(data, outcomes(ROWS, "binary")))
    (note,) = notes(door, data)
    assert words in note.reason
    explanation = explained(door, data.iloc[:3])
    assert (explanation.space, explanation.exactness) == ("probability", "exact")
    adds_up(explanation)


def test_probability_of_boosting_is_explained_as_a_function_and_that_of_a_forest_by_its_trees() -> None:
    data = NUMBERS.fillna(0)
    boosting = sklearn_door(GradientBoostingClassifier(n_estimators=5).fit(data, outcomes(ROWS, "binary")))
    explanation = explained(boosting, data.iloc[:3], output="probability")
    assert (explanation.space, explanation.method[:3]) == ("probability", "all")
    np.testing.assert_allclose(explanation.predictions, boosting.predict(data.iloc[:3])[:, 1:])
    forest = sklearn_door(RandomForestClassifier(5, random_state=0).fit(data, outcomes(ROWS, "binary")))
    assert explained(forest, data.iloc[:3], output="probability").method.startswith("TreeSHAP")


def test_one_feature_one_row_a_constant_column_and_a_stump() -> None:
    label = outcomes(ROWS, "binary")
    single = sklearn_door(GradientBoostingClassifier(n_estimators=3).fit(NUMBERS[["age"]], label))
    assert explained(single, NUMBERS[["age"]].iloc[:1]).values.shape == (1, 1, 1)
    constant = NUMBERS.fillna(0).assign(rate=1.0)
    explanation = explained(sklearn_door(DecisionTreeClassifier(max_depth=1).fit(constant, label)), constant.iloc[:9])
    assert not explanation.values[:, 2].any()
    leaf = sklearn_door(DecisionTreeClassifier(min_samples_leaf=len(ROWS)).fit(constant, label))
    explanation = explained(leaf, constant.iloc[:9])
    assert not explanation.values.any()
    np.testing.assert_allclose(explanation.base_values, label.mean())


@pytest.mark.parametrize(
    "model",
    [
        GradientBoostingClassifier(n_estimators=20, random_state=0),
        RandomForestClassifier(10, random_state=0),
        HistGradientBoostingClassifier(max_iter=20),
    ],
)
def test_rows_on_a_threshold_go_the_way_the_model_sends_them(model: Any) -> None:
    """scikit-learn's trees compare 32-bit inputs, its histogram boosting 64-bit ones."""
    data = NUMBERS.fillna(0).to_numpy()
    model.fit(data, outcomes(ROWS, "binary"))
    cuts: list[tuple[int, float]] = []
    if hasattr(model, "_predictors"):
        nodes = np.concatenate([p[0].nodes for p in model._predictors])
        cuts = [(int(n["feature_idx"]), float(n["num_threshold"])) for n in nodes if not n["is_leaf"]]
    else:
        trees = [m.tree_ for m in np.ravel(model.estimators_)]
        cuts = [(int(f), float(c)) for t in trees for f, c in zip(t.feature, t.threshold, strict=True) if f >= 0]
    rows = np.repeat(data[:1], 3 * len(cuts), axis=0)
    for i, (feature, cut) in enumerate(cuts):
        rows[3 * i : 3 * i + 3, feature] = [cut, np.nextafter(cut, np.inf), cut * (1 + 3e-8)]
    door = Door(model, lambda r: model.predict_proba(r.to_numpy()), task="binary", classes=(0, 1))
    adds_up(explained(door, pd.DataFrame(rows, columns=list("abc"))), 1e-9)
