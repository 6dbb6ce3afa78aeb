"""Models that are no ensembles of trees: counterexamples are searched for, and nothing is called proven."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsRegressor

from explainkit.errors import PlanError
from explainkit.explain.properties.search import SEEN
from tests.explain.properties.asking import Asked

RNG = np.random.default_rng(2)
ROWS = pd.DataFrame(
    {
        "a": RNG.normal(size=200),
        "b": RNG.integers(0, 9, 200),
        "job": pd.Categorical(RNG.choice(["x", "y", "z"], 200)),
    }
)
BINARY = {"model": {"task": "binary", "positive": 1}}
REGRESSION = {"model": {"task": "regression"}}
RISES = {"kind": "monotone", "feature": "a", "direction": "increasing"}


def smooth(rows: pd.DataFrame) -> np.ndarray:
    """Rises in a; b has a part only where a is above 1.5, the job none."""
    score = 1 / (1 + np.exp(-rows["a"].to_numpy(float)))
    return score * 0.8 + 0.1 * (rows["a"].to_numpy(float) > 1.5) * (rows["b"].to_numpy() % 2)


def dented(rows: pd.DataFrame) -> np.ndarray:
    """Falls in a between 0.5 and 0.7 for two values of b, among those of one job."""
    a = rows["a"].to_numpy(float)
    falls = (a > 0.5) & (a < 0.7) & rows["b"].isin([3, 4]).to_numpy() & (rows["job"] == "y").to_numpy()
    return 0.8 / (1 + np.exp(-a)) - 0.1 * falls


def test_nothing_is_called_proven():
    job = {"kind": "independent", "column": "job"}
    bounds = {"kind": "bounds", "low": 0.0, "high": 0.9001}
    asked = Asked(smooth, ROWS, RISES, job, bounds, **BINARY)
    assert [asked.outcome(i) for i in range(3)] == ["tested"] * 3
    for place in range(3):
        assert asked.figure("holds", place).status == "insufficient"
        assert asked.figure("violation", place).high is None
        assert 1000 < asked.value("tried", place) <= 20_000
    assert len([e for e in asked.measured.ledger if "proof" in e.what]) == 3


def test_counterexamples_are_found_and_confirmed():
    change = {"kind": "invariant", "feature": "b", "change": 1.0, "tolerance": 0.01}
    listed = {"kind": "invariant", "name": "listed", "feature": "b", "change": [2, 3, 4]}
    asked = Asked(dented, ROWS, RISES, {"kind": "independent", "column": "job"}, change, listed, **BINARY)
    assert [asked.outcome(i) for i in range(4)] == ["counterexample"] * 4
    for place in range(4):
        rows = asked.example(place)
        rows["b"] = rows["b"].astype(int)
        first, second = dented(rows.assign(job=pd.Categorical(rows["job"], categories=["x", "y", "z"])))
        assert asked.value("answer", place, at="first") == pytest.approx(first, abs=1e-12)
        assert asked.value("answer", place, at="second") == pytest.approx(second, abs=1e-12)
        assert first != second
    rows = asked.example(0)
    assert rows["a"].is_monotonic_increasing
    assert asked.value("answer", 0, at="first") > asked.value("answer", 0, at="second")
    assert abs(np.diff(asked.example(2)["b"])[0]) <= 1
    assert set(asked.example(3)["b"]) <= {2, 3, 4}


def test_bounds_are_searched_within_the_ranges_stated():
    linear = LogisticRegression().fit(ROWS[["a", "b"]], (ROWS["a"] > 0).astype(int))
    bounds = {"kind": "bounds", "high": 0.9}
    wide = Asked(linear, ROWS[["a", "b"]], bounds, **BINARY)
    assert wide.outcome() == "counterexample"
    assert wide.value("answer", at="first") > 0.9
    narrow = Asked(linear, ROWS[["a", "b"]], {**bounds, "ranges": {"a": [-3, -2], "b": [1, 3]}}, **BINARY)
    assert narrow.outcome() == "tested"


def test_the_seed_decides_what_is_drawn():
    rows = ROWS.assign(c=np.random.default_rng(5).normal(size=len(ROWS)))[["a", "b", "c"]]
    model = KNeighborsRegressor(3).fit(rows, rows["a"] ** 2 + rows["c"])
    runs = [
        Asked(model, rows, {**RISES, "tries": 2000}, explain={"seed": seed}, **REGRESSION).measured
        for seed in (0, 0, 1)
    ]
    assert runs[0] == runs[1]
    assert runs[0] != runs[2]


def test_the_counterexample_is_made_up_where_there_is_one():
    asked = Asked(dented, ROWS, RISES, **BINARY)
    (series,) = asked.measured.series
    assert "made up" in series.method


def test_a_made_up_row_goes_before_a_row_of_the_data_that_is_worse():
    rows = ROWS.assign(c=ROWS["b"] * 10.0)

    def steeper_on_the_data(frame: pd.DataFrame) -> np.ndarray:
        own = (frame["c"] == frame["b"] * 10.0).to_numpy()
        return 0.5 - np.where(own, 0.4, 0.1) * (frame["a"].to_numpy(float) > 0)

    asked = Asked(steeper_on_the_data, rows, RISES, **BINARY)
    assert "made up" in asked.measured.series[0].method
    kept = ROWS[["a"]].assign(c=np.arange(len(ROWS)) * 1.0, d=np.arange(len(ROWS)) * 1.0)

    def of_the_data(frame: pd.DataFrame) -> np.ndarray:
        return 0.5 - 0.4 * (frame["c"] == frame["d"]).to_numpy() * (frame["a"].to_numpy(float) > 0)

    asked = Asked(of_the_data, kept, {**RISES, "tries": 200}, **BINARY)
    assert asked.outcome() == "counterexample"
    assert asked.measured.series[0].method == SEEN


def test_log_odds_that_cannot_be_read():
    with pytest.raises(PlanError, match="no log-odds"):
        Asked(smooth, ROWS, {"kind": "bounds", "high": 3.0, "output": "margin"}, **BINARY)
