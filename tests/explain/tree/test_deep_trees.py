"""Trees too deep for tables, against exact rational arithmetic and shap; and what is remembered of an ensemble."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Iterator
from fractions import Fraction
from math import factorial, prod
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.ensemble import RandomForestRegressor
from sklearn.tree import DecisionTreeRegressor

import explainkit as ek
from explainkit.explain.tree import explainer, readers, walked
from explainkit.explain.tree.ensemble import Ensemble
from explainkit.explain.tree.explainer import TreeExplainer
from tests.explain.oracle import adds_up, near
from tests.explain.tree.walk import goes_left

DEPTH = 40
# Row i has a 1 in column i alone, so that each test takes one row away from all that are left.
CHAIN = pd.DataFrame(np.eye(DEPTH + 1, DEPTH), columns=[f"x{i}" for i in range(DEPTH)])
WORTH = np.random.default_rng(0).normal(size=DEPTH + 1)


@pytest.fixture(scope="module")
def chain() -> DecisionTreeRegressor:
    model = DecisionTreeRegressor().fit(CHAIN, WORTH)
    assert model.get_depth() == DEPTH
    return model


def mixed_rows(count: int) -> pd.DataFrame:
    """Rows that end anywhere in the tree."""
    rng = np.random.default_rng(1)
    return pd.DataFrame((rng.random((count, DEPTH)) < 0.06).astype(float), columns=CHAIN.columns)


def paths(ensemble: Ensemble) -> Iterator[tuple[int, list[tuple[int, bool, Fraction]]]]:
    """Each leaf, and the tests on its path: node, whether its left child follows, and the share of its cover."""
    stack: list[tuple[int, list[tuple[int, bool, Fraction]]]] = [(0, [])]
    while stack:
        node, path = stack.pop()
        if ensemble.left[node] < 0:
            yield node, path
            continue
        for child, left in ((ensemble.left[node], True), (ensemble.right[node], False)):
            share = Fraction(int(ensemble.cover[child]), int(ensemble.cover[node]))
            stack.append((int(child), [*path, (node, left, share)]))


def by_cover(ensemble: Ensemble, row: np.ndarray) -> np.ndarray:
    """Path-dependent values: an integral over each leaf's polynomial, every column being tested once on a path."""
    values = [Fraction(0)] * ensemble.columns
    for leaf, path in paths(ensemble):
        factors = [(int(goes_left(ensemble, n, row[ensemble.column[n]]) == side), z) for n, side, z in path]
        for j, (o, z) in enumerate(factors):
            product = [1]  # in whole numbers: each factor times its denominator
            for i, (other, share) in enumerate(factors):
                if i != j:
                    constant, slope = share.numerator, other * share.denominator - share.numerator
                    kept, moved = [constant * c for c in product], [slope * c for c in product]
                    product = [a + b for a, b in zip([*kept, 0], [0, *moved], strict=True)]
            integral = sum(Fraction(c, k + 1) for k, c in enumerate(product))
            integral /= prod(share.denominator for i, (_, share) in enumerate(factors) if i != j)
            values[ensemble.column[path[j][0]]] += Fraction(ensemble.values[leaf, 0]) * (o - z) * integral
    return np.array([[float(v)] for v in values])


def against(ensemble: Ensemble, row: np.ndarray, background: np.ndarray) -> np.ndarray:
    """Interventional values: for each background row, the players of a leaf that only one of the two meets."""
    values = [Fraction(0)] * ensemble.columns
    for other in background:
        for leaf, path in paths(ensemble):
            mine = {ensemble.column[n] for n, s, _ in path if goes_left(ensemble, n, row[ensemble.column[n]]) == s}
            theirs = {ensemble.column[n] for n, s, _ in path if goes_left(ensemble, n, other[ensemble.column[n]]) == s}
            if len(mine | theirs) < len(path):
                continue
            a, c = len(mine - theirs), len(theirs - mine)
            value = Fraction(ensemble.values[leaf, 0]) / len(background) / factorial(a + c)
            for player in mine - theirs:
                values[player] += value * factorial(a - 1) * factorial(c)
            for player in theirs - mine:
                values[player] -= value * factorial(a) * factorial(c - 1)
    return np.array([[float(v)] for v in values])


def test_forty_players_on_a_path_are_exact(chain: Any, shap: Any) -> None:
    rows = pd.concat([CHAIN.iloc[::6], mixed_rows(3)], ignore_index=True)
    found = ek.explain_shap(chain, rows)
    assert found.exactness == "exact"
    ensemble = readers.read("scikit-learn", chain)
    base = np.array([WORTH.mean()])  # every training row has its own leaf
    theirs = shap.TreeExplainer(chain).shap_values(rows, check_additivity=False)
    for i in (2, len(rows) - 1):
        near(found, i, by_cover(ensemble, rows.to_numpy()[i]), base, 1e-14)
    # At this depth shap 0.51 itself is off by some 1e-9, as the rational numbers tell.
    for i in range(len(rows)):
        near(found, i, theirs[i][:, None], base, 1e-8)
    adds_up(found)


def test_forty_players_against_a_background_are_exact(chain: Any) -> None:
    rows, background = pd.concat([CHAIN.iloc[[9, 38]], mixed_rows(2)], ignore_index=True), CHAIN.iloc[::3]
    found = ek.explain_shap(chain, rows, background)
    assert (found.exactness, found.background_rows) == ("exact", len(background))
    ensemble = readers.read("scikit-learn", chain)
    base = chain.predict(background).mean(keepdims=True)
    for i in range(len(rows)):
        near(found, i, against(ensemble, rows.to_numpy()[i], background.to_numpy()), base)
    adds_up(found)


def test_sixteen_players_against_a_background_fit_tables() -> None:
    """Longer paths than path-dependent values have tables for: a walk would meet each row of the background."""
    columns = explainer.MOST_AGAINST
    data, worth = CHAIN.iloc[: columns + 1, :columns], WORTH[: columns + 1]
    model = DecisionTreeRegressor().fit(data, worth)
    ensemble = readers.read("scikit-learn", model)
    rows, background = mixed_rows(3).iloc[:, :columns], mixed_rows(9).iloc[:, :columns]
    behind = background.to_numpy()
    deep = [TreeExplainer(ensemble, np.arange(columns), columns, b, rows=10**9).deep for b in (None, behind)]
    assert deep == [1, 0]
    base = model.predict(background).mean(keepdims=True)
    found = ek.explain_shap(model, rows, background)
    for i in range(len(rows)):
        near(found, i, against(ensemble, rows.to_numpy()[i], behind), base)
    adds_up(found)


def test_only_so_many_longer_trees_have_tables_as_the_room_for_them_holds(monkeypatch: pytest.MonkeyPatch) -> None:
    data = pd.DataFrame(np.random.default_rng(0).normal(size=(60, 6)), columns=list("abcdef"))
    forest = RandomForestRegressor(8, max_depth=4, random_state=0).fit(data, data["a"] * data["b"] + data["c"])
    monkeypatch.setattr(explainer, "MOST_PLAYERS", 3)
    ensemble, matrix = readers.read("scikit-learn", forest), readers.matrix("scikit-learn", forest, data)
    shape = walked.shape_of(ensemble, np.arange(6))
    longer = shape.unique > 3
    left = []
    for room in (0.0, shape.room[longer].min(), shape.room[longer].sum() - 1, shape.room[longer].sum()):
        monkeypatch.setattr(explainer, "_ROOM_AGAINST", room)
        left.append(TreeExplainer(ensemble, np.arange(6), 6, matrix, rows=60).deep)
    assert left[0] == longer.sum() > left[1] >= left[2] > left[3] == 0
    assert TreeExplainer(ensemble, np.arange(6), 6, None, rows=60).deep == longer.sum()


def test_a_background_beyond_the_budget_is_sampled_and_the_error_is_stated(
    chain: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows, background = mixed_rows(6), mixed_rows(400)
    exact = ek.explain_shap(chain, rows, background)
    monkeypatch.setattr(walked, "_BUDGET", 1)
    off, inside = [], []
    for seed in range(25):
        found = ek.explain_shap(chain, rows, background, seed=seed)
        assert (found.exactness, found.seed) == ("estimated", seed)
        assert "a seeded sample of 30 of them" in found.background
        adds_up(found)
        assert found.error is not None
        apart = found.values - exact.values
        drawn = found.error > 0
        off.append(apart)
        inside.append(np.abs(apart[drawn]) <= 2.05 * found.error[drawn])
    # Samples of 30 of 400 rows: within two errors about nineteen times in twenty, and without bias.
    assert np.mean(np.concatenate(inside)) > 0.85
    bias = np.abs(np.mean(off, axis=0))
    assert (bias <= 5 * np.std(off, axis=0) / 5 + 1e-12).all()


def test_rows_explained_in_batches_share_one_sample_and_one_base(chain: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    rows, background = mixed_rows(7), mixed_rows(400)
    monkeypatch.setattr(walked, "_BUDGET", 100_000)
    whole = ek.explain_shap(chain, rows, background)
    assert whole.exactness == "estimated"
    monkeypatch.setattr("explainkit.explain.attribution._BATCH", 5)  # so the last batch has fewer rows
    parts = ek.explain_shap(chain, rows, background)
    assert parts.background == whole.background
    np.testing.assert_array_equal(parts.values, whole.values)
    np.testing.assert_array_equal(parts.base_values, whole.base_values)
    adds_up(parts)


def test_samples_of_several_runs_of_trees_are_independent(monkeypatch: pytest.MonkeyPatch) -> None:
    """Else the stated error of their sum would be too small: trees of one forest err in the same direction."""
    forest = RandomForestRegressor(6, random_state=0).fit(CHAIN, WORTH)
    rows, background = mixed_rows(3), mixed_rows(300)
    monkeypatch.setattr(walked, "_BUDGET", 1)
    monkeypatch.setattr(explainer, "MOST_PLAYERS", 0)
    monkeypatch.setattr(explainer, "MOST_AGAINST", 0)
    monkeypatch.setattr(explainer, "MOST_CUTS", 20)
    values, stated = [], []
    for seed in range(40):
        found = ek.explain_shap(forest, rows, background, seed=seed)
        assert found.error is not None
        adds_up(found)
        values.append(found.values)
        stated.append(found.error**2)
    ratio = np.var(values, axis=0, ddof=1).sum() / np.mean(stated, axis=0).sum()
    assert 0.6 < ratio < 1.4


def test_deep_and_shallow_trees_of_one_forest_share_their_output(monkeypatch: pytest.MonkeyPatch) -> None:
    """Some trees by tables, some walked: the values are those of all by tables."""
    rng = np.random.default_rng(0)
    data = pd.DataFrame(rng.normal(size=(60, 6)), columns=list("abcdef"))
    forest = RandomForestRegressor(8, max_depth=4, random_state=0).fit(data, data["a"] * data["b"] + data["c"])
    whole = [ek.explain_shap(forest, data, background) for background in (None, data.iloc[:20])]
    monkeypatch.setattr(explainer, "MOST_PLAYERS", 3)
    monkeypatch.setattr(explainer, "MOST_AGAINST", 3)
    ensemble = readers.read("scikit-learn", forest)
    matrix = readers.matrix("scikit-learn", forest, data)
    assert 0 < TreeExplainer(ensemble, np.arange(6), 6, matrix, rows=60).deep < 8
    for one, background in zip(whole, (None, data.iloc[:20]), strict=True):
        other = ek.explain_shap(forest, data, background)
        for i in range(len(data)):
            near(other, i, one.values[i], one.base_values[i])


@pytest.mark.parametrize("announced", [1, 10**9])
def test_what_is_remembered_of_an_ensemble_is_forgotten_with_it(announced: int) -> None:
    data = np.random.default_rng(0).normal(size=(50, 3))
    forest = RandomForestRegressor(3, max_depth=3, random_state=0).fit(data, data[:, 0])
    ensemble = readers.read("scikit-learn", forest)
    known = weakref.ref(ensemble)
    for background in (None, data):
        TreeExplainer(ensemble, np.arange(3), 3, background, rows=announced).values(data)
    del ensemble
    gc.collect()
    assert known() is None


def test_many_background_rows_walk_as_their_parts_do(chain: DecisionTreeRegressor) -> None:
    ensemble, players = readers.read("scikit-learn", chain), np.arange(DEPTH)
    rows, behind = mixed_rows(5).to_numpy(), mixed_rows(2500).to_numpy()

    def values(background: np.ndarray) -> np.ndarray:
        return TreeExplainer(ensemble, players, DEPTH, background, rows=len(rows)).values(rows).values

    # Values are linear in the background; parts of other sizes are not walked in the same blocks.
    parts = [behind[:700], behind[700:1724], behind[1724:]]
    together = sum(len(part) * values(part) for part in parts) / len(behind)
    np.testing.assert_allclose(values(behind), together, rtol=1e-9, atol=1e-12)
