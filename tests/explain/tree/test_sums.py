"""Sums of trees against trees walked node by node, and against the scores of their own libraries, to the last bit."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from explainkit.explain.tree.ensemble import Ensemble
from explainkit.explain.tree.sums import MOST_LEAVES, TreeSum
from tests.bounded import share
from tests.explain.tree import walk
from tests.explain.tree.families import FAMILIES, edge_rows
from tests.explain.tree.random_trees import random_ensemble, random_rows


def added(ensemble: Ensemble, rows: np.ndarray) -> np.ndarray:
    """Leaf after leaf in the order of the trees."""
    total = np.tile(ensemble.base, (len(rows), 1))
    for reached in walk.leaves(ensemble, rows).T:
        total += ensemble.values[reached]
    return total


@settings(max_examples=share(150, 60), deadline=None)
@given(seed=st.integers(0, 10**6), trees=st.integers(1, 6), depth=st.integers(0, 8), outputs=st.sampled_from((1, 2, 3)))
def test_every_kind_of_test_in_trees_of_up_to_eight_words(seed: int, trees: int, depth: int, outputs: int) -> None:
    ensemble = random_ensemble(seed, columns=5, trees=trees, depth=depth, outputs=outputs)
    rows = random_rows(seed, 60, 5)
    assert TreeSum(ensemble)(rows).tobytes() == added(ensemble, rows).tobytes()


def test_rows_of_several_blocks() -> None:
    ensemble = random_ensemble(1, columns=4, trees=5, depth=6)
    rows = random_rows(1, 1300, 4)
    found = TreeSum(ensemble)(rows)
    assert (found == added(ensemble, rows)).all()
    assert (TreeSum(ensemble)(rows[1023:1026]) == found[1023:1026]).all()
    assert TreeSum(ensemble)(rows[:0]).shape == (0, 1)


def test_no_tree_and_a_tree_without_a_test_give_what_they_hold() -> None:
    ensemble = random_ensemble(2, columns=3, trees=4, depth=0, outputs=2)
    rows = random_rows(2, 7, 3)
    assert (TreeSum(ensemble)(rows) == added(ensemble, rows)).all()
    none = ensemble.take(np.zeros(0, dtype=np.int64))
    assert (TreeSum(none)(rows) == 0.0).all()


def test_larger_trees_are_refused() -> None:
    ensemble = next(
        made
        for seed in range(50)
        if (made := random_ensemble(seed, columns=3, trees=1, depth=11)) and (made.left < 0).sum() > MOST_LEAVES
    )
    with pytest.raises(ValueError, match="leaves"):
        TreeSum(ensemble)


@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
@pytest.mark.parametrize("family", ["LightGBM", "histogram boosting"])
@settings(max_examples=share(25, 10), deadline=None)
@given(seed=st.integers(0, 10**6))
def test_the_score_of_the_library_is_met_to_the_last_bit(family: str, task: str, seed: int) -> None:
    rng = np.random.default_rng(seed)
    made = FAMILIES[family](rng, task)
    rows = edge_rows(made, rng, 40)
    own = np.asarray(made.score(rows), dtype=float).reshape(len(rows), -1)
    found = TreeSum(made.ensemble())(made.matrix(rows))
    assert found.shape == own.shape
    if family != "LightGBM" or not made.estimator.dump_model().get("average_output"):
        assert (found == own).all()
    else:  # a random forest is divided by its trees at the end there, and leaf by leaf here
        assert np.allclose(found, own, rtol=1e-12)
