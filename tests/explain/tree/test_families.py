"""Small models of every family against the definition: all coalitions of raw columns, both kinds, as users call it."""

from __future__ import annotations

from unittest import mock

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import explainkit as ek
from explainkit.explain.tree import explainer
from tests.bounded import share
from tests.explain.oracle import near
from tests.explain.tree.definition import coalition_worths, output, shapley
from tests.explain.tree.families import FAMILIES, edge_rows

# XGBoost 3.4 says so when it trains them; people still bring models that were trained so.
OLD_BOOSTERS = pytest.mark.filterwarnings("ignore:.*`booster=(dart|gblinear)` is deprecated:UserWarning")
TASKS = ("binary", "multiclass", "regression")


def check(family: str, task: str, seed: int, *, tables: bool) -> None:
    """Values of both kinds, base and score of three rows that lie on the edges of tests; by tables or by walking."""
    rng = np.random.default_rng(seed)
    made = FAMILIES[family](rng, task)
    rows, background = edge_rows(made, rng, 3), edge_rows(made, rng, 4)
    ensemble = made.ensemble()
    if ensemble.outputs == 2:
        ensemble = ensemble.outputs_of([1])
    matrix, behind = made.matrix(rows), made.matrix(background)
    score = np.asarray(made.score(rows), dtype=float).reshape(len(rows), -1)
    with (
        mock.patch.multiple(explainer, _REPAID=0)
        if tables
        else mock.patch.multiple(explainer, MOST_PLAYERS=0, MOST_AGAINST=0)
    ):
        by_cover = ek.explain_shap(made.model, rows)
        against = ek.explain_shap(made.model, rows, background)
    single = 1e-5 if made.family == "xgboost" else 1e-9  # XGBoost adds its own score in 32 bits
    count = rows.shape[1]
    for found, others in ((by_cover, None), (against, behind)):
        assert "exact, by explainkit" in found.method
        assert found.players == "raw columns"
        assert ("interventional" in found.method) == (others is not None)
        for i in range(len(rows)):
            worths = coalition_worths(ensemble, made.players, count, matrix[i], others)
            values, base = shapley(worths, count), worths[frozenset()]
            near(found, i, values, base)
            scale = np.abs(base) + np.abs(values).sum(axis=0)
            reached = output(ensemble, matrix[i])
            for told in (score[i], found.predictions[i]):
                assert (np.abs(reached - told) <= single * scale + 1e-15).all(), (reached, told)


@OLD_BOOSTERS
@pytest.mark.parametrize("family", FAMILIES)
@settings(max_examples=share(30, 15), deadline=None)
@given(task=st.sampled_from(TASKS), seed=st.integers(0, 10**6), tables=st.booleans())
def test_values_are_those_of_the_definition(family: str, task: str, seed: int, tables: bool) -> None:
    check(family, task, seed, tables=tables)


@pytest.mark.slow
@OLD_BOOSTERS
@pytest.mark.parametrize("family", FAMILIES)
@settings(max_examples=share(400, 25), deadline=None)
@given(task=st.sampled_from(TASKS), seed=st.integers(0, 10**9), tables=st.booleans())
def test_values_are_those_of_the_definition_in_many_models(family: str, task: str, seed: int, tables: bool) -> None:
    check(family, task, seed, tables=tables)
