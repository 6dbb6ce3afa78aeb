"""Tree explanations against the definition: every coalition of players, on ensembles with every kind of test."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from explainkit.explain.tree import explainer as explainer_module
from explainkit.explain.tree.ensemble import Ensemble
from explainkit.explain.tree.explainer import TreeExplainer
from tests.explain.tree.definition import coalition_worths, interactions, output, shapley
from tests.explain.tree.random_trees import random_ensemble, random_rows

MANY = 10**9  # rows announced, so that tables are made
FEW = 1


def check(
    ensemble: Ensemble, players: np.ndarray, rows: np.ndarray, background: np.ndarray | None, announced: int
) -> None:
    count = int(players.max()) + 1
    explainer = TreeExplainer(ensemble, players, count, background, rows=announced)
    found = explainer.values(rows)
    assert found.error is None
    for r, row in enumerate(rows):
        worths = coalition_worths(ensemble, players, count, row, background)
        expected = shapley(worths, count)
        base = worths[frozenset()]
        scale = np.abs(base) + np.abs(expected).sum(axis=0)
        assert (np.abs(found.base - base) <= 1e-9 * scale).all()
        assert (np.abs(found.values[r] - expected) <= 1e-9 * scale).all(), (found.values[r] - expected, row)
        residual = np.abs(found.base + found.values[r].sum(axis=0) - output(ensemble, row))
        assert (residual <= 1e-9 * scale).all()
    # Once for few rows, what these rows meet is filled in; then all of it.
    again = explainer.values(rows)
    assert again.values.tobytes() == found.values.tobytes()
    assert again.base.tobytes() == found.base.tobytes()


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 10**6),
    columns=st.integers(1, 6),
    outputs=st.integers(1, 3),
    depth=st.integers(0, 6),
    merged=st.booleans(),
    kind=st.sampled_from(["path-dependent", "interventional"]),
    announced=st.sampled_from([FEW, MANY]),
)
def test_values_are_those_of_the_definition(
    seed: int, columns: int, outputs: int, depth: int, merged: bool, kind: str, announced: int
) -> None:
    ensemble = random_ensemble(seed, columns=columns, trees=2, depth=depth, outputs=outputs)
    players = np.arange(columns) // 2 if merged else np.arange(columns)
    background = random_rows(seed + 1, 4, columns) if kind == "interventional" else None
    check(ensemble, players, random_rows(seed, 3, columns), background, announced)


@pytest.mark.parametrize("seed", range(6))
def test_rows_walked_against_the_background_give_the_values_of_the_definition(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(explainer_module, "MOST_PLAYERS", 1)
    monkeypatch.setattr(explainer_module, "MOST_AGAINST", 1)
    ensemble = random_ensemble(seed, columns=5, trees=3, depth=5, outputs=2)
    players = np.array([0, 1, 1, 2, 3])
    check(ensemble, players, random_rows(seed, 5, 5), random_rows(seed + 1, 6, 5), FEW)


@pytest.mark.parametrize("kind", ["path-dependent", "interventional"])
@pytest.mark.parametrize("seed", range(4))
def test_interactions_are_those_of_the_definition(kind: str, seed: int) -> None:
    ensemble = random_ensemble(seed, columns=5, trees=3, depth=5, outputs=2)
    players = np.array([0, 1, 1, 2, 3])
    background = random_rows(seed + 1, 4, 5) if kind == "interventional" else None
    rows = random_rows(seed, 3, 5)
    found = TreeExplainer(ensemble, players, 4, background, rows=3).interactions(rows)
    for r, row in enumerate(rows):
        expected = interactions(coalition_worths(ensemble, players, 4, row, background), 4)
        assert np.abs(found[r] - expected).max() <= 1e-9 * max(1.0, np.abs(expected).sum())
