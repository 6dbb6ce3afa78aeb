"""Models explained as one function of their raw columns: the definition by brute force, and shap itself."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from sklearn.calibration import CalibratedClassifierCV
from sklearn.decomposition import PCA
from sklearn.ensemble import StackingClassifier, VotingRegressor
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.neighbors import KNeighborsClassifier
from sklearn.neural_network import MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.svm import SVR
from sklearn.tree import DecisionTreeClassifier

from explainkit.explain.players import players_of
from explainkit.explain.shapley import explain_shap
from explainkit.explain.strategy import Strategy
from tests.explain.doors import Door, names_of, outcomes, preparation, sklearn_door, table
from tests.explain.oracle import by_definition
from tests.strategies import mixed_frames

ROWS = table()


def explained(door: Door, rows: pd.DataFrame, background: pd.DataFrame, **given_: Any) -> Any:
    positive = 1 if door.task == "binary" else None
    return explain_shap(
        door, rows, background, **{"task": door.task, "classes": names_of(door), "positive": positive, **given_}
    )


MIXED = pd.DataFrame(
    {
        "level": pd.Categorical(["a", "b", None, "c", "a", "b", "c", None], categories=["c", "a", "b"], ordered=True),
        "rate": [0.5, np.nan, -1.0, 2.5, np.nan, 0.0, 1.0, -2.0],
        "flag": pd.Series([True, None, False, True, None, False, True, False], dtype=object),
        "day": pd.to_datetime(["2020-01-01", None, "2021-06-05", "2022-01-01"] * 2),
    }
)


def mixed_answer(rows: pd.DataFrame) -> np.ndarray:
    """Interactions between a category, a number with gaps, a boolean with gaps and a date; types must be exact."""
    assert rows["level"].dtype == MIXED["level"].dtype
    assert rows["day"].dtype == MIXED["day"].dtype
    assert rows["flag"].dtype == object
    assert set(map(type, rows["flag"])) <= {bool, type(None)}
    level = rows["level"].cat.codes.to_numpy()
    rate = rows["rate"].fillna(7.0).to_numpy()
    flag = rows["flag"].map({True: 1.0, False: -1.0}).fillna(0.3).to_numpy(dtype=float)
    year = rows["day"].dt.year.fillna(2000).to_numpy() - 2000
    score = level * rate / 3 + flag * year / 20 + np.sin(level * flag * rate)
    one = 1 / (1 + np.exp(-score))
    return np.column_stack([one / 2, one / 2, 1 - one])


def test_exact_values_are_the_definition_on_categories_dates_booleans_and_missing_values() -> None:
    background = MIXED.iloc[2:].reset_index(drop=True)
    door = Door(None, mixed_answer, task="multiclass", classes=("x", "y", "z"))
    explanation = explained(door, MIXED, background)
    for i in range(len(MIXED)):
        values, base = by_definition(mixed_answer, MIXED.iloc[i : i + 1], background)
        np.testing.assert_allclose(explanation.values[i], values, atol=1e-12)
        np.testing.assert_allclose(explanation.base_values[i], base, atol=1e-12)
    np.testing.assert_allclose(explanation.predictions, mixed_answer(MIXED))
    assert np.abs(explanation.residual).max() < 1e-12
    assert (explanation.exactness, explanation.space, explanation.players) == ("exact", "probability", "raw columns")
    assert explanation.error is None


def hashed(rows: pd.DataFrame) -> np.ndarray:
    """A number for each row that depends on every value and its type, and on all of them together."""
    words = [repr([(type(v).__name__, repr(v)) for v in row]) for row in rows.astype(object).itertuples(index=False)]
    return np.array([(sum((i + 1) * ord(c) for i, c in enumerate(w)) % 1009) / 1009 for w in words])


@settings(max_examples=25, deadline=None)
@given(mixed_frames().filter(lambda f: f.shape[1] <= 5))
def test_a_function_of_any_kind_of_values_is_explained_as_defined(frame: pd.DataFrame) -> None:
    frame = frame.drop(columns="object", errors="ignore")  # several types in one column are refused by loading
    if frame.empty:
        return
    explanation = explained(Door(None, hashed, task="regression"), frame.iloc[:1], frame)
    values, base = by_definition(lambda r: hashed(r)[:, None], frame.iloc[:1], frame)
    np.testing.assert_allclose(explanation.values[0], values, atol=1e-10)
    np.testing.assert_allclose(explanation.base_values[0], base, atol=1e-10)


def test_numbers_that_almost_agree_are_told_apart() -> None:
    """shap's tabular masker takes 2001 and 2001.01 for the same value, and gives 0."""
    rows = pd.DataFrame({"year": [2001.0], "x": [1.0]})
    background = pd.DataFrame({"year": [2001.01], "x": [1.0]})
    door = Door(None, lambda r: (r["year"] > 2001.005).to_numpy(dtype=float), task="regression")
    np.testing.assert_allclose(explained(door, rows, background).values[0, :, 0], [-1.0, 0.0])


@pytest.mark.parametrize(
    ("model", "task"),
    [
        (make_pipeline(preparation(dense=True), PCA(3), LogisticRegression()), "binary"),
        (make_pipeline(preparation(), KNeighborsClassifier()), "multiclass"),
        (make_pipeline(preparation(), SVR()), "regression"),
        (make_pipeline(preparation(), CalibratedClassifierCV(DecisionTreeClassifier(max_depth=3))), "binary"),
        (make_pipeline(preparation(), VotingRegressor([("a", Ridge()), ("b", SVR())])), "regression"),
        (
            make_pipeline(preparation(), StackingClassifier([("t", DecisionTreeClassifier(max_depth=2))], cv=2)),
            "binary",
        ),
        (
            make_pipeline(
                preparation(), MLPRegressor(hidden_layer_sizes=(4,), solver="lbfgs", max_iter=5000, random_state=0)
            ),
            "regression",
        ),
    ],
    ids=["components", "neighbours", "support vectors", "calibrated", "voting", "stacking", "network"],
)
def test_opaque_families_add_up_in_the_space_of_their_answers(model: Any, task: str) -> None:
    door = sklearn_door(model.fit(ROWS, outcomes(ROWS, task)))
    explanation = explained(door, ROWS.iloc[:2], ROWS.iloc[100:120])
    assert explanation.space == ("raw" if task == "regression" else "probability")
    assert explanation.players == "raw columns"
    answers = door.predict(ROWS.iloc[:2])
    np.testing.assert_allclose(explanation.predictions, answers[:, 1:] if task == "binary" else answers, atol=1e-12)
    assert np.abs(explanation.residual).max() < 1e-9
    values, base = by_definition(door.predict, ROWS.iloc[:1], ROWS.iloc[100:120])
    picked = slice(1, 2) if task == "binary" else slice(None)
    np.testing.assert_allclose(explanation.values[0], values[:, picked], atol=1e-9)
    np.testing.assert_allclose(explanation.base_values[0], base[picked], atol=1e-9)


def test_the_model_is_called_with_many_rows_at_a_time() -> None:
    door = Door(None, lambda rows: (rows["age"] + rows["rate"].fillna(0)).to_numpy(), task="regression")
    explained(door, ROWS.iloc[:4], ROWS.iloc[10:60])
    assert len(door.calls) <= 2 + len(ROWS.columns) + 2  # two trials, a number of differing columns each, rows as given
    assert max(door.calls) > 32 * 50 / 4


# Many columns: random orders

WIDE = pd.DataFrame(np.random.default_rng(5).normal(size=(80, 13)), columns=[f"x{i}" for i in range(13)])


def pairs(rows: pd.DataFrame) -> np.ndarray:
    """Interactions of second order only: one order of the columns, walked both ways, is exact."""
    data = rows.to_numpy()
    return data[:, 0] * data[:, 1] + data[:, 2] ** 2 + data[:, 3:] @ np.arange(10)


def triples(rows: pd.DataFrame) -> np.ndarray:
    data = rows.to_numpy()
    return np.where((data[:, 0] > 0) & (data[:, 1] > 0) & (data[:, 2] > 0), 4.0, 0.0) + data[:, 3]


def test_second_order_interactions_are_exact_in_every_run() -> None:
    explanation = explained(Door(None, pairs, task="regression"), WIDE.iloc[:3], WIDE.iloc[10:40])
    assert explanation.exactness == "estimated"
    assert explanation.error.max() < 1e-12
    background = WIDE.iloc[10:40].to_numpy()
    mean, row = background.mean(axis=0), WIDE.iloc[:3].to_numpy()
    np.testing.assert_allclose(explanation.values[:, 2, 0], row[:, 2] ** 2 - (background[:, 2] ** 2).mean())
    np.testing.assert_allclose(explanation.values[:, 3:, 0], (row[:, 3:] - mean[3:]) * np.arange(10), atol=1e-10)
    # v(1) − v(∅) and v(12) − v(2), averaged: the product of two columns
    alone = (row[:, [0]] * background[:, 1]).mean(axis=1) - (background[:, 0] * background[:, 1]).mean()
    joined = row[:, 0] * row[:, 1] - (background[:, 0] * row[:, [1]]).mean(axis=1)
    np.testing.assert_allclose(explanation.values[:, 0, 0], (alone + joined) / 2, atol=1e-10)
    assert np.abs(explanation.residual).max() < 1e-9


def test_estimates_lie_within_their_stated_error_of_the_truth() -> None:
    rows, background = WIDE.iloc[:5], WIDE.iloc[20:50]
    names = ["x0", "x1", "x2", "x3"]  # the others do not matter, so four columns have the same values
    few = explained(Door(None, triples, task="regression"), rows[names], background[names])
    inside, off = [], []
    for seed in range(12):  # rows share their orders, so only seeds are independent
        wide = explained(Door(None, triples, task="regression"), rows, background, seed=seed)
        assert (few.exactness, wide.exactness) == ("exact", "estimated")
        apart, error = wide.values[:, :4, 0] - few.values[:, :, 0], wide.error[:, :4, 0]
        drawn = error > 1e-12
        assert drawn.any()
        inside.append((np.abs(apart[drawn]) <= 2.262157 * error[drawn]).mean())
        off.append(apart)
        assert np.abs(wide.values[:, 4:]).max() < 1e-12
    assert np.mean(inside) > 0.8
    assert np.abs(np.mean(off, axis=0)).max() < np.abs(off).max() / 2


def test_a_row_has_the_same_values_whatever_rows_stand_beside_it() -> None:
    door = Door(None, triples, task="regression")
    alone = explained(door, WIDE.iloc[5:6], WIDE.iloc[20:40])
    among = explained(door, WIDE.iloc[3:9], WIDE.iloc[20:40])
    np.testing.assert_array_equal(alone.values[0], among.values[2])
    np.testing.assert_array_equal(alone.error[0], among.error[2])


def test_nothing_is_drawn_from_the_global_random_state_and_nothing_is_printed(capfd: Any) -> None:
    np.random.seed(11)  # noqa: NPY002
    before = np.random.get_state()[1].tolist()  # noqa: NPY002
    explained(Door(None, triples, task="regression"), WIDE.iloc[:2], WIDE.iloc[20:30])
    explained(Door(None, pairs, task="regression"), WIDE.iloc[:2], WIDE.iloc[20:30], seed=3)
    assert np.random.get_state()[1].tolist() == before  # noqa: NPY002
    assert capfd.readouterr() == ("", "")


def test_the_background_is_a_seeded_sample() -> None:
    door = Door(None, lambda rows: rows["age"].to_numpy(dtype=float), task="regression")
    one, same, other = (explained(door, ROWS.iloc[:2], ROWS, seed=s) for s in (0, 0, 1))
    assert one.background_rows == 100
    assert one.background_digest == same.background_digest != other.background_digest
    np.testing.assert_array_equal(one.values, same.values)
    assert (one.values != other.values).any()
    assert "sample" in one.background
    whole = explained(door, ROWS.iloc[:2], ROWS.iloc[:40])
    assert (whole.background, whole.background_rows) == ("all background rows", 40)
    np.testing.assert_allclose(whole.base_values, ROWS["age"].iloc[:40].mean())


@pytest.mark.parametrize("columns", [1, 3])
def test_one_feature_one_row_and_a_background_that_is_the_row(columns: int) -> None:
    rows = WIDE.iloc[:1, :columns]
    door = Door(None, lambda r: r.sum(axis=1).to_numpy(), task="regression")
    explanation = explained(door, rows, rows)
    assert not explanation.values.any()
    np.testing.assert_allclose(explanation.base_values, rows.to_numpy().sum())
    constant = rows.assign(x0=3.0)
    assert explained(door, rows, constant).values[0, 0, 0] == pytest.approx(rows["x0"].iloc[0] - 3.0)


def strategy_of(players: int) -> Strategy:
    return Strategy(inside=None, space="raw", players=players_of([f"x{i}" for i in range(players)]))


def test_wide_data_gets_a_smaller_background_rather_than_hours() -> None:
    assert strategy_of(20).background_rows(100) == 100
    assert 1 <= strategy_of(2000).background_rows(100) < 10
    assert strategy_of(12).exact(100)
    assert not strategy_of(13).exact(1)
    assert not strategy_of(12).exact(1000)
    assert strategy_of(7).rows(100, 1000) == 50
    assert strategy_of(7).rows(100, 20) == 20
    assert 10 <= strategy_of(10).rows(100, 1000) < 50
    assert strategy_of(12).rows(100, 1000) == 10
