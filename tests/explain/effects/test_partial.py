"""Partial dependence and accumulated local effects: closed forms, scikit-learn's, and the definition by loops."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.ensemble import GradientBoostingClassifier
from sklearn.inspection import partial_dependence as sklearn_dependence

from explainkit.errors import ModelError
from explainkit.explain.effects.exchange import Exchange, drawn, exchange, refusal
from explainkit.explain.effects.grids import POINTS, Grid, grid_of
from explainkit.explain.effects.partial import accumulated_effects, partial_dependence, span, within
from explainkit.explain.target import Target
from tests.explain.doors import Door, outcomes, sklearn_door, table

REGRESSION = Target(task="regression", classes=("prediction",), positive=None)


def asked_of(function: Callable[[pd.DataFrame], Any], frame: pd.DataFrame) -> Exchange:
    return exchange(Door(None, function, task="regression"), frame, REGRESSION)


def everyone(frame: pd.DataFrame) -> Any:
    return np.arange(len(frame), dtype=np.intp)


def correlated(n: int = 400) -> pd.DataFrame:
    rng = np.random.default_rng(3)
    first = rng.uniform(-1, 2, n)
    return pd.DataFrame({"a": first, "b": first + 0.3 * rng.normal(size=n), "c": rng.normal(size=n)})


def both(function: Callable[[pd.DataFrame], Any], frame: pd.DataFrame, name: str) -> tuple[Any, Any, Grid]:
    asked, grid = asked_of(function, frame), grid_of(frame[name])
    curve = partial_dependence(asked, name, grid, everyone(frame))
    rows = within(frame[name], grid)
    return curve, accumulated_effects(asked, name, frame[name], grid, rows), grid


# Closed forms


def test_both_curves_of_a_linear_model_are_its_line() -> None:
    frame = correlated()
    curve, effects, grid = both(lambda x: 3.0 * x.a - 2.0 * x.b + 1.0, frame, "a")
    values = np.array(grid.labels)
    np.testing.assert_allclose(curve.mean[:, 0], 3.0 * values - 2.0 * frame.b.mean() + 1.0, rtol=1e-12)
    # All rows have the same curve: once moved to one level the band is the line.
    np.testing.assert_allclose(curve.low, curve.mean, atol=1e-12)
    np.testing.assert_allclose(curve.high, curve.mean, atol=1e-12)
    edges = np.array(effects.edges)
    np.testing.assert_allclose(np.diff(effects.effect[:, 0]), 3.0 * np.diff(edges), rtol=1e-9)
    middle = (edges[1:] + edges[:-1]) / 2
    centre = (effects.counts[1:] * middle).sum() / effects.rows
    np.testing.assert_allclose(effects.effect[:, 0], 3.0 * (edges - centre), atol=1e-12)
    np.testing.assert_allclose(effects.error, 0.0, atol=1e-12)
    assert span(curve.mean[:, 0]) == pytest.approx(3.0 * (values[-1] - values[0]))


def test_a_product_of_tied_columns_has_different_curves() -> None:
    frame = correlated(20_000)
    curve, effects, grid = both(lambda x: x.a * x.b, frame, "a")
    np.testing.assert_allclose(curve.mean[:, 0], np.array(grid.labels) * frame.b.mean(), rtol=1e-12)
    # E(∂f/∂a | a) = E(b | a) = a, so the accumulated effect is a²/2 up to a constant.
    edges = np.array(effects.edges)
    expected = edges**2 / 2
    moved = effects.effect[:, 0] - effects.effect[0, 0]
    assert np.abs(moved - (expected - expected[0])).max() < 0.03
    assert np.abs(curve.mean[:, 0] - curve.mean[0, 0] - moved).max() > 0.5


def test_where_columns_are_independent_both_curves_agree() -> None:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"a": rng.uniform(size=30_000), "b": rng.uniform(1, 3, size=30_000)})
    curve, effects, _ = both(lambda x: x.a * x.b, frame, "a")
    one, other = (c[:, 0] - c[0, 0] for c in (curve.mean, effects.effect))
    np.testing.assert_allclose(one, other, atol=0.02)


# The definition by loops, and another library


def by_loops(function: Callable[[pd.DataFrame], Any], frame: pd.DataFrame, name: str, edges: Any) -> tuple[Any, Any]:
    """Equations (15) and (16) of Apley and Zhu, row by row, each row at the middle of its bin for the centre."""
    lists: list[list[float]] = [[] for _ in edges[1:]]
    for i in range(len(frame)):
        value = frame[name].iloc[i]
        if not edges[0] <= value <= edges[-1]:
            continue
        k = next(k for k in range(len(edges) - 1) if value <= edges[k + 1])
        ends = []
        for end in (edges[k + 1], edges[k]):
            row = frame.iloc[[i]].copy()
            row[name] = end
            ends.append(float(np.ravel(function(row))[0]))
        lists[k].append(ends[0] - ends[1])
    sums = [0.0]
    for differences in lists:
        sums.append(sums[-1] + sum(differences) / len(differences))
    count = sum(map(len, lists))
    centre = sum(len(d) * (sums[k] + sums[k + 1]) / 2 for k, d in enumerate(lists)) / count
    return np.array(sums) - centre, lists


def test_accumulated_effects_are_those_of_the_definition() -> None:
    frame = correlated(150)

    def bent(x: pd.DataFrame) -> Any:
        return (np.sin(3 * x.a) * x.b + np.where(x.a > 0.5, x.c, 0.0)).to_numpy()

    _, effects, grid = both(bent, frame, "a")
    assert len(grid.labels) == POINTS
    expected, lists = by_loops(bent, frame, "a", list(effects.edges))
    np.testing.assert_allclose(effects.effect[:, 0], expected, atol=1e-12)
    assert effects.counts.tolist() == [0, *map(len, lists)]
    # The error: each mean change varies by its own variance, and moves the centred sums as loops say.
    variance = np.zeros(len(expected))
    for k, differences in enumerate(lists):
        shifted = np.zeros(len(lists))
        shifted[k] = 1.0
        sums = np.concatenate(([0.0], shifted.cumsum()))
        middle = sum(len(d) * (sums[b] + sums[b + 1]) / 2 for b, d in enumerate(lists)) / effects.rows
        variance += (sums - middle) ** 2 * np.var(differences, ddof=1) / len(differences)
    np.testing.assert_allclose(effects.error[:, 0], np.sqrt(variance), rtol=1e-9)
    low, high = effects.ends()
    np.testing.assert_allclose(high - low, 2 * 1.959963984540054 * effects.error)


def test_partial_dependence_is_scikit_learns() -> None:
    frame = table(200).select_dtypes("number").fillna(0.0).astype(float)
    model = GradientBoostingClassifier(n_estimators=20, random_state=0).fit(frame, outcomes(table(200), "multiclass"))
    door = sklearn_door(model)
    asked = exchange(door, frame, Target(task="multiclass", classes=("low", "mid", "top"), positive=None))
    for name in frame.columns:
        grid = grid_of(frame[name])
        curve = partial_dependence(asked, name, grid, everyone(frame))
        expected = sklearn_dependence(
            model,
            frame,
            [name],
            custom_values={name: np.array(grid.labels)},
            kind="both",
            method="brute",
            response_method="predict_proba",
        )
        np.testing.assert_allclose(curve.mean.T, expected["average"], atol=1e-12)
        single = expected["individual"]  # (outputs, rows, values)
        level = single.mean(axis=2, keepdims=True)
        moved = single - level + level.mean(axis=1, keepdims=True)
        np.testing.assert_allclose(curve.low.T, np.quantile(moved, 0.1, axis=1), atol=1e-12)
        np.testing.assert_allclose(curve.high.T, np.quantile(moved, 0.9, axis=1), atol=1e-12)
    assert max(door.calls) <= 65_536


def test_a_bin_of_one_row_gives_no_interval_and_an_empty_one_joins_the_next() -> None:
    frame = pd.DataFrame({"a": [0, 1, 1, 2, 3, 3, 3, 4], "b": [1.0, 2.0, 0.0, 3.0, 1.0, 1.0, 2.0, 5.0]})
    asked, grid = asked_of(lambda x: x.a * x.b, frame), grid_of(frame["a"])
    assert grid.labels == (0, 1, 2, 3, 4)
    effects = accumulated_effects(asked, "a", frame["a"], grid, np.array([0, 1, 2, 4, 5, 6], dtype=np.intp))
    assert effects.edges == (0, 1, 3)
    assert effects.counts.tolist() == [0, 3, 3]
    assert effects.error is not None
    expected, _ = by_loops(lambda x: (x.a * x.b).to_numpy(), frame.iloc[[0, 1, 2, 4, 5, 6]], "a", [0, 1, 3])
    np.testing.assert_allclose(effects.effect[:, 0], expected)
    alone = accumulated_effects(asked, "a", frame["a"], grid, everyone(frame))
    assert alone.error is None
    assert alone.ends() == (None, None)
    with pytest.raises(ValueError, match="read-only"):
        alone.effect[0] = 1.0


# Grids


def test_grids_hold_values_of_real_rows() -> None:
    frame = table(500)
    for name in frame.columns:
        grid = grid_of(frame[name])
        assert len(set(grid.labels)) == len(grid.labels) == len(grid.donors)
        for donor, label, count in zip(grid.donors, grid.labels, grid.counts, strict=True):
            value = frame[name].iloc[donor]
            if label == "missing":
                assert pd.isna(value)
                assert count == frame[name].isna().sum()
            else:
                assert value == label or str(value) == label
                assert count is None or count == (frame[name] == value).sum()
    rate = grid_of(frame["rate"])
    numbers = np.array(rate.labels[:-1])
    assert rate.gap
    assert (np.diff(numbers) > 0).all()
    expected = np.quantile(frame["rate"].dropna(), np.linspace(0.01, 0.99, POINTS), method="inverted_cdf")
    np.testing.assert_array_equal(numbers, expected)
    assert grid_of(frame["purpose"]).labels[-1] == "missing"
    assert sorted(grid_of(frame["owner"]).labels) == ["False", "True"]
    assert all(isinstance(v, int) for v in grid_of(frame["age"]).labels)


def test_grids_of_dates_many_categories_and_nothing() -> None:
    days = pd.Series(pd.date_range("2024-01-01", periods=100))
    grid = grid_of(days)
    assert grid.labels[0] == "2024-01-01"
    assert list(grid.labels) == sorted(grid.labels)
    assert not grid.numeric
    texts = pd.Series([f"k{i % 15}" for i in range(100)] + ["k3"] * 9)
    many = grid_of(texts)
    assert many.labels[0] == "k3"
    assert (len(many.labels), many.left_out) == (10, 5)
    assert grid_of(texts.astype("category")).labels == many.labels
    assert grid_of(texts.iloc[::-1].reset_index(drop=True)).labels == many.labels
    mixed = grid_of(pd.Series([True, None, False, True], dtype=object))
    assert mixed.labels == ("True", "False", "missing")
    nothing = grid_of(pd.Series([np.nan, np.nan]))
    assert (nothing.known, nothing.labels) == (0, ("missing",))
    assert len(within(pd.Series([np.nan, np.nan]), nothing)) == 0
    wild = pd.Series([1.0, np.inf, 2.0, -np.inf])
    assert grid_of(wild).labels == (1.0, 2.0)
    assert within(wild, grid_of(wild)).tolist() == [0, 2]


def test_a_value_that_many_rows_share_leaves_room_for_others() -> None:
    rng = np.random.default_rng(0)
    gains = pd.Series(np.where(rng.random(5000) < 0.9, 0.0, rng.lognormal(8, 1, 5000)))
    grid = grid_of(gains)
    low, high = np.quantile(gains, [0.01, 0.99], method="inverted_cdf")
    others = np.array(grid.labels[1:])
    assert (grid.labels[0], low, len(others)) == (0.0, 0.0, POINTS - 1)
    rest = gains[(gains > 0) & (gains <= high)]
    assert (others[0], others[-1]) == (rest.min(), rest.max())
    between = [((rest > a) & (rest <= b)).sum() for a, b in pairwise(others)]
    assert max(between) - min(between) <= 1
    assert grid.method.startswith("the most frequent values")
    assert within(gains, grid).tolist() == np.flatnonzero(gains <= high).tolist()
    rare = pd.Series([0.0] * 9990 + [float(i) for i in range(1, 31)])
    assert len(grid_of(rare).labels) == POINTS
    assert grid_of(rare).labels[:2] + grid_of(rare).labels[-1:] == (0.0, 1.0, 30.0)


# Made-up rows


def test_values_reach_the_model_with_their_own_types() -> None:
    frame = table(40).assign(
        kind=pd.Categorical(["x", "y"] * 20),
        day=pd.date_range("2024-01-01", periods=40),
        whole=pd.array([1, None] * 20),
    )
    seen: list[pd.DataFrame] = []

    def look(rows: pd.DataFrame) -> Any:
        seen.append(rows)
        return np.zeros(len(rows))

    asked = asked_of(look, frame)
    receivers, donors = np.array([3, 5, 3]), np.array([7, 8, 9])
    for name in frame.columns:
        asked.answers((name,), receivers, donors)
        made = seen[-1]
        assert made.dtypes.equals(frame.dtypes)
        assert made.columns.tolist() == frame.columns.tolist()
        expected = frame.iloc[receivers].reset_index(drop=True)
        expected[name] = pd.Series(frame[name].array.take(donors), dtype=frame[name].dtype)
        pd.testing.assert_frame_equal(made, expected)
    pd.testing.assert_frame_equal(frame, table(40).assign(**{c: frame[c] for c in ("kind", "day", "whole")}))


def test_wide_rows_come_in_small_batches() -> None:
    frame = pd.DataFrame(np.zeros((20, 2000)), columns=[f"x{i}" for i in range(2000)])
    door = Door(None, lambda x: x["x0"].to_numpy(), task="regression")
    asked = exchange(door, frame, REGRESSION)
    rows = np.zeros(9001, dtype=np.intp)
    assert asked.answers(("x1",), rows, rows).shape == (9001, 1)
    assert (max(door.calls), sum(door.calls)) == (4000, 9001)


def test_draws_are_seeded_and_refusals_name_no_value() -> None:
    rows = np.arange(100, dtype=np.intp)
    assert drawn(rows, 100, 0, 6).tolist() == rows.tolist()
    some = drawn(rows, 10, 0, 6)
    assert len(set(some.tolist())) == 10
    assert drawn(rows, 10, 0, 6).tolist() == some.tolist()
    assert drawn(rows, 10, 1, 6).tolist() != some.tolist()
    error = ModelError("the model raised", found="ValueError: Found unknown categories ['secret 7']")
    assert "secret" not in refusal(error)
    assert "(ValueError)" in refusal(error)
