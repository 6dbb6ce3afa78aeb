"""Cells: ends to the last bit in the arithmetic of each library, numbers printed that lie within them."""

from __future__ import annotations

import lightgbm as lgb
import numpy as np
import pandas as pd
import pytest
import xgboost as xgb
from hypothesis import given
from hypothesis import strategies as st
from sklearn.ensemble import RandomForestRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, MinMaxScaler, OneHotEncoder, StandardScaler

from explainkit.explain.inside import look_inside
from explainkit.explain.lineage import traced
from explainkit.explain.properties.cells import Opening, UndecidableError, simple
from explainkit.explain.properties.known import FAR, Known
from explainkit.explain.task import Task
from explainkit.load.steady import one_order
from explainkit.plan import plan_from
from tests.explain.properties.asking import Asked, subject_of

RNG = np.random.default_rng(0)
ROWS = pd.DataFrame({"a": RNG.normal(size=300) * 3, "b": RNG.lognormal(8, 2, 300)})
ROWS.loc[:5, "a"] = 0.0
OUTCOME = (ROWS["a"] * np.log(ROWS["b"])).to_numpy()
MODELS = {
    "lightgbm": lgb.LGBMRegressor(n_estimators=5, verbose=-1, n_jobs=1),
    "xgboost": xgb.XGBRegressor(n_estimators=5, max_depth=3, n_jobs=1),
    "forest": RandomForestRegressor(3, max_depth=4, random_state=0),
    "scaled": make_pipeline(StandardScaler(), RandomForestRegressor(3, max_depth=4, random_state=0)),
    "ranged": make_pipeline(MinMaxScaler(), xgb.XGBRegressor(n_estimators=5, max_depth=3, n_jobs=1)),
}


def opening_of(model, rows=ROWS) -> Opening:
    plan = plan_from({"model": {"task": "regression"}})
    with one_order():
        known = Known(Task.of(subject_of(model, rows, plan), plan.explain))
    return Opening(known, known.task.trial.inside, known.task.trial.inside.ensemble)


@pytest.mark.parametrize("name", MODELS)
def test_answers_change_at_the_ends_of_cells_and_nowhere_else(name):
    model = MODELS[name].fit(ROWS, OUTCOME)
    variables = opening_of(model).variables("all", {})
    for place, variable in enumerate(variables):
        assert variable.name == "ab"[place]
        assert (variable.low[1:] == np.nextafter(variable.high[:-1], np.inf)).all()
        # The answer along one column, at many values of the other: constant in a cell, different in the next one.
        others = np.quantile(ROWS["ba"[place]], np.linspace(0, 1, 40))
        inner = [np.array([low, (low + high) / 2, high]) for low, high in zip(variable.low, variable.high, strict=True)]
        for other in others:
            points = np.concatenate(inner).clip(-1e15, 1e15)
            rows = pd.DataFrame({variable.name: points, "ba"[place]: other})[["a", "b"]]
            answers = np.asarray(model.predict(rows)).reshape(-1, 3)
            assert (answers == answers[:, :1]).all()
        edges = variable.high[:-1]
        pairs = np.stack([edges, np.nextafter(edges, np.inf)], axis=1)
        moved = np.zeros(len(edges), dtype=bool)
        for other in np.unique(np.concatenate([v.high for v in variables if v is not variable])):
            rows = pd.DataFrame({variable.name: pairs.ravel(), "ba"[place]: min(other, 1e15)})[["a", "b"]]
            answers = np.asarray(model.predict(rows)).reshape(-1, 2)
            moved |= answers[:, 0] != answers[:, 1]
        assert moved.mean() > 0.8  # an edge may matter only together with others


@given(st.floats(-1e18, 1e18), st.floats(-1e18, 1e18))
def test_the_number_shown_lies_in_its_cell(one, two):
    low, high = min(one, two), max(one, two)
    assert low <= simple(low, high) <= high


def test_numbers_shown_are_short():
    assert simple(26.499, 27.501) == 27.0
    assert simple(-FAR, -0.123456) == pytest.approx(-0.2, abs=0.1)
    assert simple(3.3, FAR) == pytest.approx(4.0)
    assert simple(-FAR, FAR) == 0.0


def test_steps_that_need_not_rise_are_not_decided():
    logged = make_pipeline(FunctionTransformer(np.log1p), RandomForestRegressor(3, max_depth=3, random_state=0))
    logged.fit(ROWS[["b"]], OUTCOME)
    asked = Asked(
        logged,
        ROWS[["b"]],
        {"kind": "monotone", "feature": "b", "direction": "increasing"},
        model={"task": "regression"},
    )
    assert asked.outcome() in ("tested", "counterexample")
    assert asked.value("tried") > 0
    (entry,) = [e for e in asked.measured.ledger if e.kind == "not_tested"]
    assert "not known to rise" in entry.reason
    # The logarithm of numbers far below those of the data does not exist: then only their range is searched.
    assert "within their range" in asked.figure("holds").method


def test_what_rises_with_its_column():
    numbers = ROWS.assign(c=RNG.choice(["x", "y"], len(ROWS)))
    scaler = StandardScaler().fit(ROWS)
    assert traced([scaler], ["a", "b"], width=2) == ((0, 1), (True, True))
    codes = OneHotEncoder(sparse_output=False).fit(numbers[["c"]])
    assert traced([codes], ["c"], width=2) == ((0, 0), (False, False))
    powers = FunctionTransformer(np.square).fit(ROWS)
    assert traced([scaler, powers, scaler], ["a", "b"], width=2) == ((0, 1), (False, False))


def test_a_number_that_means_missing_is_not_decided():
    holed = ROWS.assign(a=ROWS["a"].where(ROWS["a"] > -3, -999.0))
    model = xgb.XGBRegressor(n_estimators=5, max_depth=3, missing=-999.0, n_jobs=1).fit(holed, OUTCOME)
    assert look_inside(model, holed).rising == (False, False)
    with pytest.raises(UndecidableError):
        opening_of(model, holed)


def test_zeros_that_mean_missing_are_not_decided():
    model = lgb.LGBMRegressor(n_estimators=3, zero_as_missing=True, verbose=-1, n_jobs=1).fit(ROWS, OUTCOME)
    with pytest.raises(UndecidableError, match="zeros of a"):
        opening_of(model)
