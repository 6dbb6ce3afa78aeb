"""Shapley values of functions: against the definition, and against shap's own explainers."""

from __future__ import annotations

import math
from itertools import combinations, permutations
from typing import Any

import numpy as np
import pytest

from explainkit.explain import coalitions, shap_library
from explainkit.explain.coalitions import Game, exact_values, sampled_values

RNG = np.random.default_rng(0)


def function(codes: np.ndarray) -> np.ndarray:
    x = codes.astype(float)
    first = x[:, 0] * x[:, 1] + np.maximum(x[:, 2], 3) - 0.3 * x[:, -1] ** 2
    return np.column_stack([first, np.sin(x.sum(axis=1))])


def game(columns: int, rows: int = 4, behind: int = 6) -> Game:
    return Game(
        function=function,
        rows=RNG.integers(0, 7, (rows, columns)),
        background=RNG.integers(0, 7, (behind, columns)),
    )


def worth(given: Game, row: int, known: tuple[int, ...]) -> np.ndarray:
    mixed = given.background.copy()
    mixed[:, list(known)] = given.rows[row, list(known)]
    return function(mixed).mean(axis=0)


def by_definition(given: Game, row: int) -> np.ndarray:
    columns = given.rows.shape[1]
    values = np.zeros((columns, 2))
    for j in range(columns):
        others = [c for c in range(columns) if c != j]
        for size in range(columns):
            weight = math.factorial(size) * math.factorial(columns - size - 1) / math.factorial(columns)
            for known in combinations(others, size):
                values[j] += weight * (worth(given, row, (*known, j)) - worth(given, row, known))
    return values


@pytest.mark.parametrize("columns", [3, 5])
@pytest.mark.parametrize("cells", [40, 10**7], ids=["many calls", "one call"])
def test_all_coalitions_give_the_definition(columns: int, cells: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(coalitions, "_CELLS", cells)
    given = game(columns)
    values, base = exact_values(given)
    for row in range(len(given.rows)):
        np.testing.assert_allclose(values[row], by_definition(given, row), rtol=0, atol=1e-12)
        np.testing.assert_allclose(base[row], worth(given, row, ()), rtol=0, atol=1e-12)


def test_all_coalitions_give_shaps_own_values() -> None:
    given = game(6)
    values, base = exact_values(given)
    theirs, error = shap_library.values(function, given.rows.astype(float), given.background.astype(float), seed=0)
    assert error is None
    np.testing.assert_allclose(values, theirs, atol=1e-10)
    np.testing.assert_allclose(base, function(given.background).mean(axis=0)[None].repeat(4, axis=0), atol=1e-12)


def test_shaps_regression_on_drawn_coalitions_lies_within_the_errors_of_both() -> None:
    given = game(12, rows=12)
    values, _, error = sampled_values(given, seed=0)
    theirs, other = shap_library.values(function, given.rows.astype(float), given.background.astype(float), seed=0)
    assert other is not None
    near = np.abs(values - theirs) <= 3 * np.hypot(error, other) + 1e-9
    assert near.mean() > 0.9
    assert np.abs(values - theirs).max() > 1e-6


def test_random_orders_add_up_and_lie_within_their_error_of_the_exact_values() -> None:
    given = game(7, rows=20)
    exact, base = exact_values(given)
    values, their_base, error = sampled_values(given, seed=3)
    np.testing.assert_allclose(their_base, base, atol=1e-12)
    whole = function(given.rows)
    np.testing.assert_allclose(base + values.sum(axis=1), whole, atol=1e-10)
    z = np.abs(values - exact) / np.maximum(error, 1e-12)
    assert 0.8 < (z < 2.262).mean() <= 1.0  # Student's quantile for ten runs
    assert (error > 0).any()
    again, _, _ = sampled_values(given, seed=3)
    np.testing.assert_array_equal(values, again)
    other, _, _ = sampled_values(given, seed=4)
    assert not np.array_equal(values, other)


def test_orders_are_walked_as_their_definition_says(monkeypatch: pytest.MonkeyPatch) -> None:
    given = game(3, rows=2)
    values, _, _ = sampled_values(given, seed=0)
    rng = np.random.default_rng([0, 6])
    orders = [tuple(rng.permutation(3).tolist()) for _ in range(coalitions.RUNS)]
    assert set(orders) <= set(permutations(range(3)))
    expected = np.zeros((3, 2))
    for order in orders:
        for walk in (order, order[::-1]):
            for place, column in enumerate(walk):
                gain = worth(given, 1, walk[: place + 1]) - worth(given, 1, walk[:place])
                expected[column] += gain / (2 * len(orders))
    np.testing.assert_allclose(values[1], expected, atol=1e-12)


def test_a_row_does_not_depend_on_its_neighbours() -> None:
    given = game(5)
    alone = Game(function=function, rows=given.rows[2:3], background=given.background)
    np.testing.assert_array_equal(exact_values(given)[0][2], exact_values(alone)[0][0])
    np.testing.assert_array_equal(sampled_values(given, seed=1)[0][2], sampled_values(alone, seed=1)[0][0])


def test_one_column_and_few_calls() -> None:
    calls: list[int] = []

    def counted(codes: np.ndarray) -> Any:
        calls.append(len(codes))
        return function(np.column_stack([codes, codes, codes]))

    given = Game(function=counted, rows=np.array([[3], [5]]), background=np.array([[1], [2]]))
    values, base = exact_values(given)
    sampled, _, error = sampled_values(given, seed=0)
    np.testing.assert_allclose(values, sampled)
    np.testing.assert_allclose(base[:, None] + values, counted(given.rows)[:, None])
    assert error.max() < 1e-12
    calls.clear()
    sampled_values(
        Game(
            function=lambda c: counted(c[:, :1]),
            rows=np.zeros((9, 40), int),
            background=np.ones((3, 40), int),
        ),
        seed=0,
    )
    assert len(calls) <= 2


def test_players_that_agree_are_not_asked_about() -> None:
    """Pairs that differ in two of nine players take four answers each, and give the definition all the same."""
    calls: list[int] = []

    def counted(codes: np.ndarray) -> np.ndarray:
        calls.append(len(codes))
        return function(codes)

    given = game(5, rows=3, behind=4)
    background = given.background.copy()
    background[0] = given.rows[0]
    background[1, :3], background[2, 1:4] = given.rows[0, :3], given.rows[0, 1:4]
    sparse = Game(function=counted, rows=given.rows[:1], background=background)
    values, _ = exact_values(sparse)
    np.testing.assert_allclose(values[0], by_definition(sparse, 0), atol=1e-12)
    sampled, their_base, _ = sampled_values(sparse, seed=0)
    np.testing.assert_allclose(their_base[0] + sampled[0].sum(axis=0), function(given.rows)[0], atol=1e-12)
    calls.clear()
    exact_values(sparse)
    differ = (sparse.rows != background).sum(axis=1)
    assert sum(calls) == 1 + len(background) + sum(2**d - 2 for d in differ if d)


def test_wide_rows_are_walked_a_few_orders_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    given = game(6)
    whole = sampled_values(given, seed=5)
    monkeypatch.setattr(coalitions, "_CELLS", 150)
    for one, other in zip(whole, sampled_values(given, seed=5), strict=True):
        np.testing.assert_allclose(one, other, rtol=0, atol=1e-12)
