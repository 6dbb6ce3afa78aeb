"""Trees put behind one another: numbering, order of nodes, nodes that were cut off, sets of categories."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from explainkit.explain.tree.ensemble import NAN_GOES, ZERO_GOES
from explainkit.explain.tree.readers import read
from explainkit.explain.tree.readers.assemble import Tree, assemble, members
from tests.explain.tree.walk import leaves, outputs


def random_tree(rng: np.random.Generator, splits: int, output: int = 0) -> Tree:
    """A tree grown leaf by leaf on two columns of numbers and one of categories."""
    left, right = [-1], [-1]
    for _ in range(splits):
        grown = rng.choice(np.flatnonzero(np.array(left) < 0))
        left[grown], right[grown] = len(left), len(left) + 1
        left += [-1, -1]
        right += [-1, -1]
    count = len(left)
    column = rng.integers(0, 3, count)
    named = np.flatnonzero(column == 2)
    categories = np.full(count, -1)
    categories[named] = np.arange(len(named))
    return Tree(
        left=np.array(left),
        right=np.array(right),
        column=column,
        threshold=rng.normal(size=count),
        value=rng.normal(size=count),
        cover=rng.exponential(size=count),
        default_left=rng.random(count) < 0.5,
        output=output,
        missing=np.where(column == 2, NAN_GOES, rng.choice([NAN_GOES, ZERO_GOES], count)),
        categories=categories,
        sets=tuple(np.flatnonzero(rng.random(6) < 0.5) for _ in named),
    )


def shuffled(tree: Tree, rng: np.random.Generator, extra: int) -> tuple[Tree, np.ndarray]:
    """The same tree with its nodes but the root in any order, among nodes that nothing leads to."""
    count = len(tree.left)
    place = np.concatenate([[0], 1 + rng.permutation(count - 1 + extra)])[:count]
    changed: dict[str, Any] = {}
    for field in fields(tree):
        old = getattr(tree, field.name)
        if isinstance(old, np.ndarray):
            new = np.full(count + extra, -1).astype(old.dtype)
            new[place] = np.where(old < 0, -1, place[old]) if field.name in ("left", "right") else old
            changed[field.name] = new
    return replace(tree, **changed), place


ROWS = np.array([[a, b, c] for a in (-0.5, 0.0, np.nan, 1.0) for b in (-1.0, 0.3) for c in (0, 1, 3, 5, 9, -1, np.nan)])


@given(seed=st.integers(0, 10**6), splits=st.lists(st.integers(0, 12), max_size=4), extra=st.integers(0, 5))
def test_the_order_of_nodes_does_not_matter(seed: int, splits: list[int], extra: int) -> None:
    rng = np.random.default_rng(seed)
    trees = [random_tree(rng, count, output=i % 2) for i, count in enumerate(splits)]
    mixed = [shuffled(tree, rng, extra)[0] for tree in trees]
    given: dict[str, Any] = {"base": [0.5, -1.0], "outputs": 2, "columns": 3, "float32": False}
    plain, other = assemble(trees, **given), assemble(mixed, **given)
    np.testing.assert_array_equal(plain.starts, np.concatenate([[0], np.cumsum([2 * n + 1 for n in splits])]))
    np.testing.assert_array_equal(other.starts, plain.starts)
    np.testing.assert_allclose(outputs(plain, ROWS), outputs(other, ROWS), rtol=1e-12)
    one, two = leaves(plain, ROWS), leaves(other, ROWS)
    np.testing.assert_array_equal(plain.cover[one], other.cover[two])
    # By hand: the value of the leaf, for the output of its tree.
    expected = np.tile([0.5, -1.0], (len(ROWS), 1))
    for i, tree in enumerate(trees):
        expected[:, i % 2] += tree.value[one[:, i] - plain.starts[i]]
    np.testing.assert_allclose(outputs(plain, ROWS), expected, rtol=1e-12)


def test_inner_nodes_and_leaves_hold_nothing_that_is_not_theirs() -> None:
    ensemble = assemble([random_tree(np.random.default_rng(0), 20)], base=0, outputs=1, columns=3, float32=True)
    leaf = ensemble.left < 0
    assert (ensemble.values[~leaf] == 0).all()
    assert (ensemble.column[leaf] == -1).all()
    assert (ensemble.categories[leaf] == -1).all()
    assert not ensemble.default_left[leaf].any()
    with pytest.raises(ValueError, match="read-only"):
        ensemble.values[0] = 1


def test_bits_of_words() -> None:
    assert members(np.array([0b101, 0, 1 << 31], dtype=np.uint32)).tolist() == [0, 2, 95]
    assert members(np.zeros(0, dtype=np.uint32)).tolist() == []


def test_a_family_of_another_name_is_no_model_of_ours() -> None:
    with pytest.raises(ModuleNotFoundError, match="no_such"):
        read("no_such", object())
