"""Properties of small models of every library, against asking the model about every input there is."""

from __future__ import annotations

import itertools

import lightgbm as lgb
import numpy as np
import pandas as pd
import pytest
import xgboost as xgb
from catboost import CatBoostRegressor
from scipy.special import logit
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import (
    GradientBoostingRegressor,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from explainkit.explain.properties import decide
from tests.bounded import share
from tests.explain.properties.asking import Asked

N = 240
SEEDS = range(share(12, 2))
NUMBERS = np.array([v + s for v in range(-1, 6) for s in (0.0, 0.1, 0.9)])
"""Every number of the data, and on either side of it: between two of them trees have one threshold at most."""
JOBS = ["a", "b", "c"]
REGRESSION = {"model": {"task": "regression"}}


def rows(seed: int, *, gaps: bool) -> tuple[pd.DataFrame, np.ndarray]:
    """Few distinct numbers and a category, with an outcome in which all have a part."""
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {
            "income": rng.integers(0, 5, N).astype(float),
            "debt": rng.integers(0, 5, N).astype(float),
            "job": pd.Categorical(rng.choice(JOBS, N), categories=JOBS),
        }
    )
    outcome = frame["income"] * (frame["debt"] - 1.2) + 2 * (frame["job"] == "a") + rng.normal(size=N)
    if gaps:
        frame.loc[rng.random(N) < 0.15, "debt"] = np.nan
    return frame, outcome.to_numpy()


def every_input(*, gaps: bool) -> pd.DataFrame:
    """Every input that trees can tell apart, the income varying fastest."""
    debts = [*NUMBERS, np.nan] if gaps else list(NUMBERS)
    found = [(i, d, j) for j, d, i in itertools.product(JOBS, debts, NUMBERS)]
    frame = pd.DataFrame(found, columns=["income", "debt", "job"])
    return frame.assign(job=pd.Categorical(frame["job"], categories=JOBS))


def encoded(model):
    """The model behind a pipeline that scales and encodes."""
    numbers = make_pipeline(SimpleImputer(add_indicator=True), StandardScaler())
    steps = [("numbers", numbers, ["income", "debt"]), ("job", OneHotEncoder(sparse_output=False), ["job"])]
    return make_pipeline(ColumnTransformer(steps), model)


def lightgbm(**more):
    kind = lgb.LGBMRegressor
    return kind(n_estimators=8, num_leaves=6, min_child_samples=5, min_data_per_group=5, verbose=-1, n_jobs=1, **more)


MAKERS = {
    "lightgbm": lightgbm,
    "xgboost": lambda: xgb.XGBRegressor(n_estimators=8, max_depth=3, enable_categorical=True, n_jobs=1),
    "hist": lambda: HistGradientBoostingRegressor(
        max_iter=8, max_leaf_nodes=6, min_samples_leaf=5, categorical_features="from_dtype"
    ),
    "catboost": lambda: CatBoostRegressor(
        iterations=8, depth=3, cat_features=["job"], one_hot_max_size=9, verbose=False, thread_count=1,
        allow_writing_files=False,
    ),
    "forest in a pipeline": lambda: encoded(RandomForestRegressor(8, max_depth=4, random_state=0)),
    "boosting in a pipeline": lambda: encoded(GradientBoostingRegressor(n_estimators=8, max_depth=3, random_state=0)),
    "lightgbm in a pipeline": lambda: encoded(lightgbm()),
}  # fmt: skip
GAPS = {name for name in MAKERS if name != "catboost"}


@pytest.fixture(scope="module", params=[(name, seed) for name in MAKERS for seed in SEEDS], ids=str)
def fitted(request):
    """A model, its rows, and its answers to every input, by job and debt, then income."""
    name, seed = request.param
    frame, outcome = rows(seed, gaps=name in GAPS)
    model = MAKERS[name]()
    model.fit(frame, outcome)
    every = every_input(gaps=name in GAPS)
    return model, frame, np.asarray(model.predict(every), dtype=float).reshape(-1, len(NUMBERS)), every


def near(found: float, wanted: float) -> bool:
    return abs(found - wanted) <= 2e-6 * max(1.0, abs(wanted))


@pytest.mark.parametrize("direction", ["increasing", "decreasing"])
def test_monotone(fitted, direction):
    model, frame, answers, _ = fitted
    wanted = {"kind": "monotone", "feature": "income", "direction": direction}
    asked = Asked(model, frame, wanted, **REGRESSION)
    sign = 1.0 if direction == "increasing" else -1.0
    # Cells of income are runs of these numbers, so that one step of the cells is one step of two numbers at most.
    worst = max(0.0, float(-(sign * np.diff(answers, axis=1)).min()))
    assert asked.outcome() == ("proven" if worst < 1e-9 else "counterexample")
    assert near(asked.value("violation"), worst)
    if worst:
        check_example(asked, model)
        first, second = asked.example()["income"]
        moved = asked.value("answer", at="second") - asked.value("answer", at="first")
        assert sign * moved * np.sign(second - first) < 0


def check_example(asked: Asked, model, place: int = 0) -> None:
    """The inputs printed are those that the model gives the printed answers to."""
    example = asked.example(place)
    inputs = pd.DataFrame(
        {
            "income": example["income"].astype(float),
            "debt": example["debt"].replace("missing", np.nan).astype(float),
            "job": pd.Categorical(example["job"], categories=JOBS),
        }
    )
    answers = np.asarray(model.predict(inputs), dtype=float)
    for at, answer in zip(("first", "second"), answers, strict=False):
        assert near(asked.value("answer", place, at=at), float(answer))


def test_bounds(fitted):
    model, frame, answers, _ = fitted
    least, most = float(answers.min()), float(answers.max())
    inside = {"kind": "bounds", "low": least - 1e-3, "high": most + 1e-3, "name": "kept"}
    above = {"kind": "bounds", "high": most - 0.01, "name": "above"}
    below = {"kind": "bounds", "low": least + 0.02, "name": "below"}
    asked = Asked(model, frame, inside, above, below, **REGRESSION)
    assert [asked.outcome(i) for i in range(3)] == ["proven", "counterexample", "counterexample"]
    assert abs(asked.value("violation", 1) - 0.01) < 1e-4
    assert abs(asked.value("violation", 2) - 0.02) < 1e-4
    assert near(asked.value("answer", 1, at="first"), most)
    assert near(asked.value("answer", 2, at="first"), least)


def test_independence(fitted):
    model, frame, answers, every = fitted
    asked = Asked(
        model, frame, {"kind": "independent", "column": "job"}, {"kind": "independent", "column": "debt"}, **REGRESSION
    )
    table = every.assign(answer=answers.ravel())
    for place, column in enumerate(("job", "debt")):
        others = [c for c in ("income", "debt", "job") if c != column]
        spread = table.groupby(others, dropna=False, observed=True)["answer"].agg(np.ptp).max()
        assert asked.outcome(place) == ("proven" if spread < 1e-9 else "counterexample")


def test_values_that_take_each_others_place(fitted):
    model, frame, answers, every = fitted
    table = every.assign(answer=answers.ravel()).pivot_table(
        index=["income", "debt"], columns="job", values="answer", dropna=False, observed=True
    )
    worst = float((table["a"] - table["b"]).abs().max())
    change = {"kind": "invariant", "feature": "job", "change": ["a", "b"]}
    wide = {**change, "name": "wide", "tolerance": worst + 1e-3}
    tight = {**change, "name": "tight", "tolerance": max(worst - 1e-3, 0.0)}
    asked = Asked(model, frame, change, wide, tight, **REGRESSION)
    assert asked.outcome(1) == "proven"
    if worst > 1e-3:
        assert asked.outcome(0) == asked.outcome(2) == "counterexample"
        assert abs(asked.value("violation", 0) - worst) < 1e-4
        check_example(asked, model)


def test_small_moves(fitted):
    model, frame, answers, _ = fitted
    # A move of 1.75 reaches every whole number's neighbours, and passes no more cells than one of three does.
    whole = answers[:, np.isin(NUMBERS, np.arange(-1, 6))]
    least, most = (max(float(np.abs(whole[:, k:] - whole[:, :-k]).max()) for k in range(1, by + 1)) for by in (1, 3))
    move = {"kind": "invariant", "feature": "income", "change": 1.75}
    wide = {**move, "name": "wide", "tolerance": most + 1e-3}
    tight = {**move, "name": "tight", "tolerance": max(least - 1e-3, 1e-6)}
    asked = Asked(model, frame, wide, tight, **REGRESSION)
    assert asked.outcome(0) == "proven"
    if least > 1e-2:
        assert asked.outcome(1) == "counterexample"
        first, second = asked.example(1)["income"]
        assert 0 < abs(first - second) <= 1.75
        check_example(asked, model, 1)


@pytest.mark.parametrize("positive", [0, 1])
def test_log_odds_are_those_that_the_model_gives(positive):
    frame, outcome = rows(5, gaps=True)
    model = lgb.LGBMClassifier(n_estimators=8, num_leaves=6, min_child_samples=5, verbose=-1, n_jobs=1)
    model.fit(frame, outcome > np.median(outcome))
    sign = 1 if positive else -1
    every = every_input(gaps=True)
    most = float((sign * model.predict(every, raw_score=True)).max())
    wanted = [
        {"kind": "bounds", "high": most - 0.1, "name": "bounds"},
        {"kind": "invariant", "feature": "job", "change": ["a", "b"], "tolerance": 0.01, "name": "job"},
    ]
    asked = Asked(
        model,
        frame,
        *({**w, "output": "margin"} for w in wanted),
        model={"task": "binary", "positive": ["False", "True"][positive]},
    )
    assert [asked.outcome(i) for i in range(2)] == ["counterexample", "counterexample"]
    assert near(asked.value("answer", 0, at="first"), most)
    assert asked.figure("answer", 0, at="first").unit == "log-odds"
    example = asked.example(1)
    inputs = frame.iloc[[0, 0]].assign(
        income=list(example["income"].astype(float)),
        debt=list(example["debt"].replace("missing", np.nan).astype(float)),
        job=pd.Categorical(example["job"], categories=JOBS),
    )
    for at, answer in zip(("first", "second"), sign * model.predict(inputs, raw_score=True), strict=True):
        assert near(asked.value("answer", 1, at=at), float(answer))


def test_what_the_model_does_not_answer_is_no_counterexample(monkeypatch):
    frame, outcome = rows(5, gaps=False)
    model = lightgbm().fit(frame, outcome)
    binary = lgb.LGBMClassifier(n_estimators=4, verbose=-1, n_jobs=1).fit(frame, outcome > 0)
    monkeypatch.setattr(decide, "answers", lambda *_, **__: np.array([0.0, 0.0]))
    for asked in (
        Asked(model, frame, {"kind": "independent", "column": "job"}, **REGRESSION),
        Asked(
            binary,
            frame,
            {"kind": "bounds", "high": 0.1, "output": "margin"},
            model={"task": "binary", "positive": "True"},
        ),
    ):
        assert asked.outcome() == "undecided"


def test_whole_numbers_and_ranges():
    frame, outcome = rows(3, gaps=False)
    whole = frame.assign(income=frame["income"].astype(int))
    model = lightgbm().fit(whole, outcome)
    monotone = {"kind": "monotone", "feature": "income", "direction": "increasing"}
    asked = Asked(model, whole, monotone, **REGRESSION)
    assert asked.outcome() == "counterexample"
    assert all(isinstance(v, int) for v in asked.example()["income"])
    # Within a range in which it rises, it is proven to.
    upper = {**monotone, "name": "upper", "ranges": {"debt": [3, 4], "job": ["a"]}}
    every = every_input(gaps=False)
    part = every[(every["debt"].isin([3.0, 3.1, 3.9, 4.0])) & (every["job"] == "a")]
    answers = np.asarray(model.predict(part)).reshape(-1, len(NUMBERS))
    rises = float(np.diff(answers, axis=1).min()) >= -1e-12
    assert Asked(model, whole, upper, **REGRESSION).outcome() == ("proven" if rises else "counterexample")
    assert rises, "the case is to have a proof"


BINARY = {"model": {"positive": 1}}


@pytest.fixture(scope="module")
def classifiers():
    frame, outcome = rows(5, gaps=True)
    labels = (outcome > np.median(outcome)).astype(int)
    three = np.digitize(outcome, np.quantile(outcome, [0.33, 0.66]))
    boosted = lgb.LGBMClassifier(n_estimators=6, num_leaves=5, min_child_samples=5, verbose=-1, n_jobs=1)
    return frame, boosted.fit(frame, labels), lgb.LGBMClassifier(**boosted.get_params()).fit(frame, three)


def test_probabilities_of_two_classes(classifiers):
    frame, model, _ = classifiers
    every = every_input(gaps=True)
    scores = model.predict_proba(every)[:, 1]
    low, high = float(scores.min()), float(scores.max())
    bounds = {"kind": "bounds", "low": low - 1e-6, "high": high + 1e-6}
    broken = {"kind": "bounds", "name": "broken", "high": high - 1e-4}
    whole = {"kind": "bounds", "name": "whole", "low": 0.0, "high": 1.0}
    asked = Asked(model, frame, bounds, broken, whole, **BINARY)
    assert [asked.outcome(i) for i in range(3)] == ["proven", "counterexample", "proven"]
    assert abs(asked.value("violation", 1) - (logit(high) - logit(high - 1e-4))) < 1e-6
    # The score of the other class falls where this one rises.
    other = Asked(model, frame, {"kind": "bounds", "low": 1 - high - 1e-6}, model={"positive": 0})
    assert other.outcome() == "proven"
    assert Asked(model, frame, {"kind": "bounds", "low": 1 - high + 1e-4}, model={"positive": 0}).outcome() == (
        "counterexample"
    )


def test_a_tolerance_of_the_probability(classifiers):
    frame, model, _ = classifiers
    every = every_input(gaps=True)
    scores = model.predict_proba(every)[:, 1].reshape(len(JOBS), -1)
    worst = float(np.abs(scores[0] - scores[1]).max())
    change = {"kind": "invariant", "feature": "job", "change": ["a", "b"]}
    # Log-odds that move far enough may do so where the probability hardly moves: then nothing is known, and what the
    # probability keeps is never called broken.
    assert Asked(model, frame, {**change, "tolerance": worst + 1e-6}, **BINARY).outcome() == "undecided"
    assert Asked(model, frame, {**change, "tolerance": worst / 4}, **BINARY).outcome() == "counterexample"
    assert Asked(model, frame, {**change, "tolerance": 0.999}, **BINARY).outcome() == "proven"


def test_one_of_three_classes(classifiers):
    frame, _, model = classifiers
    every = every_input(gaps=True)
    for outcome in range(3):
        scores = model.predict_proba(every)[:, outcome].reshape(-1, len(NUMBERS))
        for direction, sign in (("increasing", 1.0), ("decreasing", -1.0)):
            wanted = {"kind": "monotone", "feature": "income", "direction": direction, "outcome": str(outcome)}
            asked = Asked(model, frame, wanted)
            worst = float((sign * np.diff(scores, axis=1)).min())
            if asked.outcome() == "proven":
                assert worst >= -1e-12
            elif asked.outcome() == "counterexample":
                assert worst < 0
            moved = {**wanted, "ranges": {"job": ["a"], "debt": [2, 2]}}
            assert Asked(model, frame, moved).outcome() in ("proven", "counterexample", "undecided")


def test_a_forest_of_probabilities():
    frame, outcome = rows(8, gaps=False)
    labels = (outcome > 2).astype(int)
    model = encoded(RandomForestClassifier(6, max_depth=3, random_state=1)).fit(frame, labels)
    scores = model.predict_proba(every_input(gaps=False))[:, 1].reshape(-1, len(NUMBERS))
    most, worst = float(scores.max()), float(np.diff(scores, axis=1).min())
    asked = Asked(
        model, frame, {"kind": "bounds", "high": most + 1e-9}, {"kind": "bounds", "name": "b", "high": most - 1e-4},
        {"kind": "monotone", "feature": "income", "direction": "increasing"}, **BINARY,
    )  # fmt: skip
    assert [asked.outcome(0), asked.outcome(1)] == ["proven", "counterexample"]
    assert asked.outcome(2) == "counterexample"
    assert near(asked.value("violation", 2), -worst)


def test_a_column_without_a_test_and_one_that_is_no_input():
    frame, outcome = rows(1, gaps=False)
    constant = frame.assign(idle=1.0)
    model = lightgbm().fit(constant, outcome)
    given = constant.assign(sex="f")
    asked = Asked(
        model, given, {"kind": "independent", "column": "idle"}, {"kind": "independent", "column": "sex"}, **REGRESSION
    )
    assert [asked.outcome(0), asked.outcome(1)] == ["proven", "proven"]
    assert [asked.value("looked", i) for i in range(2)] == [0, 0]


def test_too_small_a_budget_leaves_it_undecided():
    frame, outcome = rows(1, gaps=False)
    model = lightgbm(random_state=0).fit(frame, outcome)
    every = np.asarray(model.predict(every_input(gaps=False)))
    # Above every answer, and below the sum of the largest leaves.
    asked = Asked(model, frame, {"kind": "bounds", "high": float(every.max()) + 1e-6, "budget": 1000}, **REGRESSION)
    assert asked.outcome() in ("undecided", "proven")
    steps = {"kind": "monotone", "feature": "income", "direction": "increasing", "budget": 1000}
    assert Asked(model, frame, steps, **REGRESSION).outcome() in ("undecided", "counterexample")
