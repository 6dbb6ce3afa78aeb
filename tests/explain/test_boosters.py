"""LightGBM, XGBoost and CatBoost: their own values, shap's, and the definition through their own predictions."""

from __future__ import annotations

from functools import partial
from typing import Any

import catboost
import lightgbm
import numpy as np
import pandas as pd
import pytest
import xgboost
from sklearn.pipeline import make_pipeline

from explainkit.explain.boosters import contributions
from explainkit.explain.inside import Opaque, look_inside
from explainkit.explain.shapley import explain_shap
from explainkit.explain.tree import readers
from explainkit.load.open_model import adapt_object
from tests.explain.doors import SOURCE_OF_PREPARED, Door, names_of, outcomes, preparation, sklearn_door, summed, table
from tests.explain.oracle import adds_up, by_definition, near
from tests.explain.test_tree_models import notes
from tests.explain.tree.definition import coalition_worths, shapley

ROWS = table()
FEATURES = list(ROWS.columns)
SOME = ROWS.iloc[:40]
NUMBERS = ROWS[["age", "amount", "rate"]].astype(float)
WITH_CATEGORY = ROWS.assign(purpose=ROWS["purpose"].astype("category"))
TASKS = ("binary", "multiclass", "regression")
# XGBoost 3.4 says so when it trains them; people still bring models that were trained so.
OLD_BOOSTERS = pytest.mark.filterwarnings("ignore:.*`booster=(dart|gblinear)` is deprecated:UserWarning")


def explained(door: Any, rows: pd.DataFrame, background: pd.DataFrame | None = None, **given: Any) -> Any:
    """Interventional where there is a background, else path-dependent."""
    positive = 1 if door.task == "binary" else None
    return explain_shap(door, rows, background, task=door.task, classes=names_of(door), positive=positive, **given)


def as_defined(door: Any, rows: pd.DataFrame, background: pd.DataFrame, score: Any, relative: float = 1e-9) -> None:
    """Assert that interventional values are those of the definition, through the model's own score."""
    found = explained(door, rows, background)
    assert "interventional, exact, by explainkit" in found.method
    for i in range(len(rows)):
        near(found, i, *by_definition(score, rows.iloc[i : i + 1], background), relative)
    adds_up(found, relative)


# LightGBM


def lightgbm_door(task: str, rows: pd.DataFrame = WITH_CATEGORY, **given: Any) -> Door:
    kind = lightgbm.LGBMRegressor if task == "regression" else lightgbm.LGBMClassifier
    model = kind(n_estimators=20, num_leaves=7, verbose=-1, n_jobs=1, **given).fit(rows, outcomes(ROWS, task))
    classes = None if task == "regression" else tuple(model.classes_)
    return Door(model, model.booster_.predict, task=task, classes=classes)


@pytest.mark.parametrize("task", TASKS)
def test_lightgbm_equals_its_own_contributions_and_shap(task: str, shap: Any) -> None:
    door = lightgbm_door(task)
    rows = WITH_CATEGORY.iloc[:40]
    explanation = explained(door, rows)
    own = door.native.booster_.predict(rows, pred_contrib=True).reshape(40, -1, 6)
    for i in range(40):
        near(explanation, i, own[i, :, :5].T, own[i, :, 5])
    theirs = shap.TreeExplainer(door.native.booster_)(rows).values.reshape(40, 5, -1)
    np.testing.assert_allclose(explanation.values, theirs, atol=1e-6)
    raw = door.native.booster_.predict(rows, raw_score=True).reshape(40, -1)
    np.testing.assert_allclose(explanation.predictions, raw, atol=1e-12)
    assert explanation.players == "raw columns"
    assert explanation.method.startswith("TreeSHAP, path-dependent, exact, by explainkit")
    adds_up(explanation)
    as_defined(door, rows[:5], WITH_CATEGORY[100:110], partial(door.native.booster_.predict, raw_score=True))


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
    for background in (None, WITH_CATEGORY.iloc[100:140]):
        explanation = explained(door, rows, background)
        assert explanation.space == "margin"
        probability = 1 / (1 + np.exp(-explanation.predictions[:, 0]))
        np.testing.assert_allclose(probability, door.predict(rows)[:, 1], atol=1e-12)
        adds_up(explanation)


def test_lightgbm_one_against_all_has_a_logistic_margin_for_each_class() -> None:
    explanation = explained(lightgbm_door("multiclass", objective="multiclassova"), WITH_CATEGORY.iloc[:20])
    assert explanation.space == "margin"
    adds_up(explanation)


def stopped_early(**given: Any) -> lightgbm.Booster:
    train = lightgbm.Dataset(NUMBERS[:150], outcomes(ROWS, "binary")[:150])
    stop = lightgbm.Dataset(NUMBERS[150:], np.random.default_rng(0).integers(0, 2, len(ROWS) - 150), reference=train)
    booster = lightgbm.train(
        {"objective": "binary", "verbose": -1, "num_leaves": 7, "num_threads": 1, **given},
        train,
        60,
        valid_sets=[stop],
        callbacks=[lightgbm.early_stopping(20, verbose=False)],
        keep_training_booster=True,
    )
    assert 0 < booster.best_iteration < booster.current_iteration()
    return booster


def test_lightgbm_after_early_stopping_is_explained_up_to_its_best_iteration(shap: Any) -> None:
    booster = stopped_early()
    explanation = explained(Door(booster, booster.predict, task="binary", classes=(0, 1)), NUMBERS[:30])
    np.testing.assert_allclose(explanation.predictions[:, 0], booster.predict(NUMBERS[:30], raw_score=True))
    adds_up(explanation)
    # What shap gives adds up to all iterations instead, which is not the model that answers.
    explainer = shap.TreeExplainer(booster)
    total = explainer(NUMBERS[:30]).values.sum(axis=1) + explainer.expected_value
    assert np.abs(total - explanation.predictions[:, 0]).max() > 1e-3


def test_a_forest_of_lightgbm_that_stopped_early_averages_over_the_trees_it_uses() -> None:
    booster = stopped_early(boosting="rf", bagging_freq=1, bagging_fraction=0.5)
    door = Door(booster, booster.predict, task="binary", classes=(0, 1))
    explanation = explained(door, NUMBERS[:30])
    assert explanation.space == "margin"
    np.testing.assert_allclose(1 / (1 + np.exp(-explanation.predictions[:, 0])), booster.predict(NUMBERS[:30]))
    adds_up(explanation)
    inside = look_inside(booster, NUMBERS)
    assert not isinstance(inside, Opaque)
    values, base = contributions(inside, NUMBERS[:30])
    np.testing.assert_allclose(values, explanation.values, atol=1e-12)
    np.testing.assert_allclose(base, explanation.base_values[0], atol=1e-12)


def test_lightgbm_with_linear_leaves_is_explained_as_a_function(capfd: Any) -> None:
    door = lightgbm_door("regression", NUMBERS.fillna(0), linear_tree=True)
    capfd.readouterr()
    explanation = explained(door, NUMBERS.fillna(0).iloc[:3])
    assert capfd.readouterr() == ("", "")
    assert explanation.method.startswith("all coalitions")
    adds_up(explanation)


# XGBoost


def xgboost_answer(booster: Any, rows: pd.DataFrame, **given: Any) -> Any:
    last = booster.best_iteration + 1 if "best_iteration" in booster.attributes() else 0
    return booster.predict(xgboost.DMatrix(rows, enable_categorical=True), iteration_range=(0, last), **given)


def xgboost_door(task: str, rows: pd.DataFrame = WITH_CATEGORY, **given: Any) -> Door:
    objective = {"binary": "binary:logistic", "multiclass": "multi:softprob", "regression": "reg:squarederror"}[task]
    parameters = {"objective": objective, "max_depth": 3, "seed": 0, "nthread": 1, **given}
    label = pd.factorize(outcomes(ROWS, task))[0] if task == "multiclass" else outcomes(ROWS, task)
    if task == "multiclass":
        parameters["num_class"] = 3
    booster = xgboost.train(parameters, xgboost.DMatrix(rows, label, enable_categorical=True), 20)
    classes = {"binary": (0, 1), "multiclass": (0, 1, 2)}.get(task)
    return Door(booster, partial(xgboost_answer, booster), task=task, classes=classes)


@OLD_BOOSTERS
@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("given", [{}, {"base_score": 0.3}, {"booster": "dart", "rate_drop": 0.3}])
def test_xgboost_equals_its_own_contributions_and_shap(task: str, given: dict[str, Any], shap: Any) -> None:
    door = xgboost_door(task, **given)
    rows = WITH_CATEGORY.iloc[:40]
    matrix = xgboost.DMatrix(rows, enable_categorical=True)
    explanation = explained(door, rows)
    own = door.native.predict(matrix, pred_contribs=True, strict_shape=True).astype(float)
    for i in range(40):
        near(explanation, i, own[i, :, :5].T, own[i, :, 5], 1e-5)
    margin = door.native.predict(matrix, output_margin=True).reshape(40, -1)
    np.testing.assert_allclose(explanation.predictions, margin)
    adds_up(explanation, 1e-5)  # 32-bit sums
    if not given:
        theirs = np.asarray(shap.TreeExplainer(door.native).shap_values(matrix)).reshape(40, 5, -1)
        np.testing.assert_allclose(explanation.values, theirs, atol=1e-6)
    margins = partial(xgboost_answer, door.native, output_margin=True)
    as_defined(door, rows[:5], WITH_CATEGORY[100:110], margins, 1e-5)


def test_xgboost_after_early_stopping_is_explained_up_to_its_best_iteration() -> None:
    label = outcomes(ROWS, "binary")
    noise = np.random.default_rng(0).integers(0, 2, len(ROWS) - 150)
    booster = xgboost.train(
        {"objective": "binary:logistic", "max_depth": 3, "nthread": 1},
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
    adds_up(explanation, 1e-5)


def test_xgboost_categories_in_another_order_mean_the_same() -> None:
    door = xgboost_door("binary")
    rows = WITH_CATEGORY.iloc[:20]
    turned = rows.assign(purpose=rows["purpose"].cat.set_categories(["other", "house", "car"]))
    np.testing.assert_array_equal(explained(door, rows).values, explained(door, turned).values)
    one, other = (explained(door, rows, background).values for background in (rows, turned))
    np.testing.assert_array_equal(one, other)


def test_a_category_that_xgboost_never_saw_is_missing_and_said_to_be() -> None:
    adapter = adapt_object(xgboost_door("binary").native)
    strange = WITH_CATEGORY.iloc[:9].assign(purpose=["boat"] * 8 + ["car"])
    adapted, ledger = adapter.adapt(strange)
    assert adapted["purpose"].isna().tolist() == [True] * 8 + [False]
    (note,) = [entry for entry in ledger if "never saw" in entry.reason]
    assert note.count == 8
    assert "XGBoost itself refuses them, or takes them for others" in note.reason
    missing, said = (explained(adapter, rows) for rows in (strange.assign(purpose=adapted["purpose"]), strange))
    np.testing.assert_array_equal(said.values, missing.values)
    adds_up(said, 1e-5)


def test_what_stands_for_a_missing_value_in_xgboost_s_own_wrapper_is_kept() -> None:
    coded = NUMBERS.fillna(-999.0)
    model = xgboost.XGBRegressor(n_estimators=9, max_depth=3, missing=-999.0, n_jobs=1)
    model.fit(coded, outcomes(ROWS, "regression"))
    adapter = adapt_object(model)
    found = explained(adapter, coded.iloc[:30], coded.iloc[100:120])
    np.testing.assert_array_equal(found.predictions[:, 0], model.predict(coded.iloc[:30]).astype(float))
    assert (adapter.predict(coded) != adapt_object(model.get_booster()).predict(coded)).any()
    adds_up(found, 1e-5)
    as_defined(adapter, coded.iloc[:4], coded.iloc[100:120], lambda rows: model.predict(rows), 1e-5)


def test_xgboost_in_a_sparse_pipeline_reads_absent_cells_as_it_does_when_predicting() -> None:
    """In a sparse matrix what is absent is missing, and one-hot columns of one raw column are one player."""
    model = make_pipeline(preparation(), xgboost.XGBClassifier(n_estimators=15, max_depth=7, n_jobs=1))
    door = sklearn_door(model.fit(ROWS, outcomes(ROWS, "binary")))
    booster = model[-1].get_booster()

    def margins(rows: pd.DataFrame) -> Any:
        return booster.predict(xgboost.DMatrix(model[:-1].transform(rows)), output_margin=True)

    as_defined(door, SOME[:5], ROWS[100:110], margins, 1e-5)
    explanation = explained(door, SOME)
    assert (explanation.space, explanation.players) == ("margin", "raw columns")
    adds_up(explanation, 1e-5)
    matrix = readers.matrix("xgboost", booster, model[:-1].transform(SOME[:3]))
    players = np.array([FEATURES.index(source) for source in SOURCE_OF_PREPARED])
    for i in range(3):
        worths = coalition_worths(readers.read("xgboost", booster), players, 5, matrix[i], None)
        near(explanation, i, shapley(worths, 5), worths[frozenset()])
    own = booster.predict(xgboost.DMatrix(model[:-1].transform(SOME)), pred_contribs=True).astype(float)[:, :-1]
    assert np.abs(explanation.values[:, :, 0] - summed(own, FEATURES)).max() > 1e-3  # sums, which are no Shapley values


@OLD_BOOSTERS
@pytest.mark.parametrize(
    "given", [{"objective": "count:poisson", "max_depth": 2}, {"booster": "gblinear", "updater": "coord_descent"}]
)
def test_xgboost_with_a_link_or_without_trees_is_explained_in_the_unit_of_the_target(given: dict[str, Any]) -> None:
    data = NUMBERS.fillna(0)[["age", "rate"]] / 50
    label = np.exp(outcomes(ROWS, "regression") / 4)
    booster = xgboost.train({"nthread": 1, **given}, xgboost.DMatrix(data, label), 10)
    door = Door(booster, partial(xgboost_answer, booster), task="regression")
    explanation = explained(door, data.iloc[:4])
    assert (explanation.space, explanation.exactness) == ("raw", "exact")
    np.testing.assert_allclose(explanation.predictions, door.predict(data.iloc[:4]))
    adds_up(explanation, 1e-6)


def test_an_objective_whose_link_is_not_known_is_left_to_xgboost_s_own_values(monkeypatch: pytest.MonkeyPatch) -> None:
    door = xgboost_door("regression")
    rows = WITH_CATEGORY[:30]
    known = explained(door, rows)
    monkeypatch.setattr("explainkit.explain.tree.readers.xgboost._IDENTITY", ())
    (note,) = notes(door, rows)
    assert note.kind == "not_tested"
    assert "how its objective reg:squarederror counts the base score is not known" in note.reason
    found = explained(door, rows)
    assert "own library" in found.method
    for i in range(30):
        near(found, i, known.values[i], known.base_values[i], 1e-5)


# CatBoost


def texts(rows: pd.DataFrame) -> pd.DataFrame:
    return rows.assign(purpose=rows["purpose"].astype(object).where(rows["purpose"].notna(), "nan"))


def catboost_door(task: str, **given: Any) -> Door:
    kind = catboost.CatBoostRegressor if task == "regression" else catboost.CatBoostClassifier
    given = {"iterations": 20, "depth": 3, "cat_features": ["purpose"], "thread_count": 1, "random_seed": 0, **given}
    # A label in which the category matters most: else no tree would ask for it.
    label = outcomes(ROWS.assign(rate=3.0 * (ROWS["purpose"] == "car"), age=40), task)
    model = kind(verbose=0, allow_writing_files=False, **given).fit(texts(ROWS), label)
    classes = None if task == "regression" else tuple(model.classes_)
    answer = model.predict if task == "regression" else model.predict_proba
    return Door(model, answer, task=task, classes=classes, cast=texts)


def catboost_own(door: Door, rows: pd.DataFrame) -> np.ndarray:
    pool = catboost.Pool(texts(rows), cat_features=["purpose"])
    own = door.native.get_feature_importance(pool, type="ShapValues")
    return np.asarray(own).reshape(len(rows), -1, 6)


def catboost_raw(door: Door, rows: pd.DataFrame) -> np.ndarray:
    return np.asarray(door.native.predict(texts(rows), prediction_type="RawFormulaVal")).reshape(len(rows), -1)


@pytest.mark.parametrize("task", TASKS)
def test_catboost_with_statistics_of_the_target_is_left_to_its_own_values_and_that_is_said(task: str) -> None:
    door = catboost_door(task)
    explanation = explained(door, SOME)
    own = catboost_own(door, SOME)
    np.testing.assert_allclose(explanation.values, own[:, :, :5].transpose(0, 2, 1), atol=1e-12)
    np.testing.assert_allclose(explanation.predictions, catboost_raw(door, SOME), atol=1e-12)
    assert (explanation.players, explanation.exactness) == ("raw columns", "exact")
    assert "own library" in explanation.method
    (note,) = notes(door, SOME)
    assert (note.kind, "statistics of the target" in note.reason) == ("not_tested", True)
    adds_up(explanation)


def test_catboost_with_statistics_of_the_target_against_a_background_is_one_function() -> None:
    door = catboost_door("regression")
    found = explained(door, SOME[:3], ROWS[100:110])
    assert found.method.startswith("all coalitions")
    for i in range(3):
        near(found, i, *by_definition(lambda rows: catboost_raw(door, rows), SOME[i : i + 1], ROWS[100:110]))


@pytest.mark.parametrize("task", TASKS)
def test_catboost_with_one_hot_categories_is_read(task: str) -> None:
    door = catboost_door(task, one_hot_max_size=10)
    assert (readers.read("catboost", door.native).categories >= 0).any()
    explanation = explained(door, SOME)
    assert "by explainkit" in explanation.method
    own = catboost_own(door, SOME)
    for i in range(len(SOME)):
        near(explanation, i, own[i, :, :5].T, own[i, :, 5])
    assert not notes(door, SOME)
    as_defined(door, SOME[:5], ROWS[100:110], partial(catboost_raw, door))


def test_catboost_of_numbers_equals_shap(shap: Any) -> None:
    data = NUMBERS
    model = catboost.CatBoostClassifier(iterations=20, depth=3, verbose=0, allow_writing_files=False, thread_count=1)
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


@pytest.mark.parametrize("given", [{}, {"one_hot_max_size": 10}], ids=["statistics", "single categories"])
@pytest.mark.parametrize("policy", ["Lossguide", "Depthwise"])
def test_catboost_s_own_values_of_lopsided_trees_are_never_asked_for(
    policy: str, given: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """CatBoost 1.2.10's values for such trees miss its own score, and asking for them can bring the process down."""
    door = catboost_door("binary", grow_policy=policy, depth=6, **given)

    def never(*given: Any, **more: Any) -> Any:
        raise AssertionError("asked")

    monkeypatch.setattr(door.native, "get_feature_importance", never)
    (note,) = notes(door, SOME)
    assert note.kind == "not_tested"
    explanation = explained(door, SOME.iloc[:10])
    assert (explanation.space, explanation.players) == ("probability", "raw columns")
    adds_up(explanation)


@pytest.mark.parametrize("policy", ["Lossguide", "Depthwise"])
def test_lopsided_trees_of_catboost_over_numbers_are_read(policy: str) -> None:
    model = catboost.CatBoostRegressor(
        iterations=9, grow_policy=policy, verbose=0, allow_writing_files=False, thread_count=1
    )
    model.fit(NUMBERS, outcomes(ROWS, "regression"))
    door = Door(model, model.predict, task="regression")
    adds_up(explained(door, NUMBERS[:30]))
    as_defined(door, NUMBERS[:5], NUMBERS[100:110], model.predict)


def test_catboost_trained_on_an_array_with_texts_in_it() -> None:
    data = texts(ROWS)[["age", "purpose"]].to_numpy(dtype=object)
    for most in (2, 10):
        model = catboost.CatBoostRegressor(
            iterations=9, depth=3, cat_features=[1], one_hot_max_size=most, verbose=0, allow_writing_files=False
        )
        model.fit(data, outcomes(ROWS, "regression"))
        found = look_inside(model, pd.DataFrame(data[:5], columns=["age", "purpose"]))
        assert not isinstance(found, Opaque)
        assert (found.ensemble is None) == (most == 2)
        values, base = contributions(found, data[:9])
        np.testing.assert_allclose(base + values.sum(axis=1)[:, 0], model.predict(data[:9]), rtol=1e-9)
