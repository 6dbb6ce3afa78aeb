"""Groups of columns as players: against the definition, for every way in which a model is explained."""

from __future__ import annotations

import math
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit
from sklearn.ensemble import GradientBoostingClassifier, HistGradientBoostingRegressor, RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.svm import SVC

import explainkit as ek
from explainkit.errors import PlanError
from explainkit.explain.players import players_of
from explainkit.explain.strategy import choose
from explainkit.explain.target import Target
from explainkit.plan import plan_from
from tests.explain.doors import outcomes, preparation, sklearn_door, table

ROWS = table()
NAMES = tuple(ROWS.columns)
GROUPS = {"person": [NAMES[1], NAMES[0]], "rest": [NAMES[2], NAMES[3]]}
PLAYERS = players_of(NAMES, GROUPS)


def by_definition(score: Any, row: pd.DataFrame, background: pd.DataFrame, players: Any = PLAYERS) -> np.ndarray:
    """Shapley values of players, every coalition with every background row."""
    columns = [[NAMES[i] for i in group] for group in players.columns]

    def worth(known: tuple[int, ...]) -> float:
        mixed = background.copy()
        for player in known:
            for name in columns[player]:
                mixed[name] = pd.Series([row[name].iloc[0]] * len(mixed), dtype=background[name].dtype)
        return float(np.mean(score(mixed)))

    count = players.count
    values = np.zeros(count)
    for j in range(count):
        others = [c for c in range(count) if c != j]
        for size in range(count):
            weight = math.factorial(size) * math.factorial(count - size - 1) / math.factorial(count)
            for known in combinations(others, size):
                values[j] += weight * (worth((*known, j)) - worth(known))
    return values


def test_a_group_stands_where_its_first_column_stood() -> None:
    players = players_of(["a", "b", "c", "d"], {"later": ["d", "b"]})
    assert players.names == ("a", "later", "c")
    assert players.of == (0, 1, 2, 1)
    assert players.columns == ((0,), (1, 3), (2,))
    assert players.grouped
    assert not players_of(["a", "b"]).grouped


@pytest.mark.parametrize(
    ("groups", "words"),
    [
        ({"g": ["a", "x"]}, "no such input"),
        ({"b": ["a", "b"]}, "called like a column"),
        ({"c": ["a", "b"]}, "called like a column"),
    ],
)
def test_groups_that_cannot_be_are_one_clear_line(groups: dict[str, list[str]], words: str) -> None:
    with pytest.raises(PlanError, match=words):
        players_of(["a", "b", "c"], groups)


@pytest.mark.parametrize(
    ("groups", "words"),
    [({"g": ["a", "b"], "h": ["b", "c"]}, "twice"), ({"g": ["a", "a"]}, "twice"), ({"g": ["a"]}, "at least two")],
)
def test_groups_that_overlap_are_refused_by_the_plan(groups: dict[str, list[str]], words: str) -> None:
    with pytest.raises(PlanError, match=words):
        plan_from({"explain": {"groups": groups}})


def fitted(estimator: Any, task: str) -> Any:
    """An estimator behind a pipeline that makes several columns of one."""
    return make_pipeline(preparation(dense=True), estimator).fit(ROWS, outcomes(ROWS, task))


MODELS = {
    "boosting": (lambda: GradientBoostingClassifier(n_estimators=8, random_state=0), "decision_function"),
    "forest": (lambda: RandomForestClassifier(5, max_depth=4, random_state=0), "predict_proba"),
    "linear": (lambda: LogisticRegression(), "decision_function"),
}


@pytest.mark.parametrize("name", ["boosting", "forest", "linear"])
def test_groups_are_the_players_of_every_family(name: str) -> None:
    make, method = MODELS[name]
    model = fitted(make(), "binary")
    rows, background = ROWS.iloc[:3], ROWS.iloc[40:60].reset_index(drop=True)
    found = ek.explain_shap(model, rows, background, groups=GROUPS)
    assert found.features == PLAYERS.names
    assert found.players == "raw columns, some in groups"

    def score(frame: pd.DataFrame) -> Any:
        answer = getattr(model, str(method))(frame)
        return answer[:, 1] if answer.ndim == 2 else answer

    for i in range(3):
        expected = by_definition(score, rows.iloc[[i]], background)
        np.testing.assert_allclose(found.values[i, :, 0], expected, atol=1e-9)
    assert np.abs(found.residual).max() < 1e-9


def test_groups_are_the_players_of_a_function() -> None:
    model = fitted(GradientBoostingClassifier(n_estimators=8, random_state=0), "binary")
    rows, background = ROWS.iloc[:2], ROWS.iloc[40:52].reset_index(drop=True)
    found = ek.explain_shap(model, rows, background, groups=GROUPS, output="probability")
    assert found.exactness == "exact"
    expected = by_definition(lambda frame: model.predict_proba(frame)[:, 1], rows.iloc[[1]], background)
    np.testing.assert_allclose(found.values[1, :, 0], expected, atol=1e-12)


def test_path_dependent_values_of_a_group_are_not_the_sum_of_its_columns() -> None:
    model = HistGradientBoostingRegressor(max_iter=20, random_state=0)
    numbers = pd.DataFrame(np.random.default_rng(0).normal(size=(300, 4)), columns=list("abcd"))
    model.fit(numbers, numbers["a"] * numbers["b"] + numbers["c"])
    alone = ek.explain_shap(model, numbers.iloc[:50])
    grouped = ek.explain_shap(model, numbers.iloc[:50], groups={"ab": ["a", "b"]})
    assert grouped.features == ("ab", "c", "d")
    np.testing.assert_allclose(grouped.base_values, alone.base_values)
    np.testing.assert_allclose(grouped.values.sum(axis=1), alone.values.sum(axis=1), atol=1e-10)
    sums = alone.values[:, 0] + alone.values[:, 1]
    assert np.abs(grouped.values[:, 0] - sums).max() > 1e-3


# Values rescaled from log-odds


@pytest.mark.parametrize("positive", [None, "0"])
@pytest.mark.parametrize("groups", [None, GROUPS])
def test_rescaled_contributions_add_up_to_the_probability_in_the_proportions_of_the_margin(
    positive: str | None, groups: Any
) -> None:
    model = fitted(GradientBoostingClassifier(n_estimators=20, random_state=0), "binary")
    margin = ek.explain_shap(model, ROWS, positive=positive, groups=groups)
    found = ek.explain_shap(model, ROWS, positive=positive, groups=groups, output="rescaled")
    assert (found.space, found.exactness) == ("probability", "rescaled")
    assert "no Shapley values" in found.method
    column = 1 if positive is None else 0
    np.testing.assert_allclose(found.predictions[:, 0], model.predict_proba(ROWS)[:, column], atol=1e-12)
    np.testing.assert_allclose(found.base_values, expit(margin.base_values), atol=1e-12)
    assert np.abs(found.residual).max() < 1e-12
    shares = margin.values[:, :, 0] / margin.values[:, :, 0].sum(axis=1, keepdims=True)
    moved = found.predictions - found.base_values
    np.testing.assert_allclose(found.values[:, :, 0], shares * moved, atol=1e-9)


def test_a_row_at_the_base_is_rescaled_by_the_slope() -> None:
    """x0 and x1 cancel, so the factor (p − p₀) / (m − m₀) is 0 / 0."""
    numbers = pd.DataFrame({"a": [-1.0, 1.0, -1.0, 1.0], "b": [-1.0, -1.0, 1.0, 1.0]})
    model = LogisticRegression().fit(numbers, [0, 1, 0, 1])
    model.coef_, model.intercept_ = np.array([[2.0, -2.0]]), np.array([0.5])
    found = ek.explain_shap(model, numbers, numbers, output="rescaled")
    slope = expit(0.5) * (1 - expit(0.5))
    np.testing.assert_allclose(found.values[3, :, 0], [2.0 * slope, -2.0 * slope])
    assert np.abs(found.residual).max() < 1e-12


def test_what_cannot_be_rescaled_is_said() -> None:
    classes = fitted(GradientBoostingClassifier(n_estimators=3, random_state=0), "multiclass")
    door = sklearn_door(classes)
    target = Target(task="multiclass", classes=("low", "mid", "top"), positive=None)
    strategy = choose(door, ROWS, players_of(NAMES), target=target, output="rescaled")
    assert strategy.inside is None
    (note,) = strategy.notes
    assert "several classes" in note.reason
    forest = fitted(RandomForestClassifier(3, max_depth=3, random_state=0), "binary")
    found = ek.explain_shap(forest, ROWS.iloc[:3], output="rescaled")
    assert (found.space, found.exactness) == ("probability", "exact")  # it adds up in probability by itself
    opaque = make_pipeline(preparation(), SVC()).fit(ROWS, outcomes(ROWS, "binary"))
    assert (
        ek.explain_shap(
            lambda frame: expit(opaque.decision_function(frame)),
            ROWS.iloc[:1],
            ROWS.iloc[:5],
            classes=[0, 1],
            output="rescaled",
        ).exactness
        == "exact"
    )
