"""Build the flat arrays of an `Ensemble` from trees that were read one by one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from explainkit.explain.tree.ensemble import NAN_GOES, Ensemble

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tree:
    """One tree; its nodes are numbered from 0 (the root), in any order. All arrays have shape (n_nodes,)."""

    left: npt.NDArray[np.signedinteger]
    """Left child, negative at a leaf."""
    right: npt.NDArray[np.signedinteger]
    """Right child."""
    column: npt.NDArray[np.signedinteger]
    """Column tested; anything at a leaf."""
    threshold: npt.NDArray[np.floating]
    """Largest value that goes left; anything at a leaf and where `categories` holds."""
    value: npt.NDArray[np.floating]
    """Value of each leaf, for `output` alone, or of shape (n_nodes, n_outputs); anything at an inner node."""
    cover: npt.NDArray[np.floating] | npt.NDArray[np.integer]
    """Training weight that passed each node."""
    default_left: BoolArray
    """Whether a missing value goes left; anything at a leaf."""
    output: int = 0
    """Which output the tree adds to, where `value` has one column."""
    missing: npt.NDArray[np.signedinteger] | None = None
    """What counts as missing, as in `Ensemble.missing`; None: only NaN."""
    categories: npt.NDArray[np.signedinteger] | None = None
    """Index into `sets` of a categorical test, else −1; None: no such test."""
    sets: tuple[IntArray, ...] = ()
    """Categories that go left, each sorted."""


def assemble(trees: Iterable[Tree], *, base: npt.ArrayLike, outputs: int, columns: int, float32: bool) -> Ensemble:
    """Put trees behind one another.

    Parameters
    ----------
    trees : iterable of Tree
        Trees in the order of the library; none is allowed.
    base : array-like, shape (n_outputs,) or scalar
        What the sum starts from.
    outputs, columns : int
        Numbers of outputs and of columns.
    float32 : bool
        Whether the library rounds the matrix to 32 bits.

    Returns
    -------
    Ensemble
        Node i of a tree stands at ``starts[tree] + i``, unless its nodes were out of order or some were cut off.
    """
    parts = [_in_order(tree) for tree in trees]
    sizes = np.array([len(tree.left) for tree in parts], dtype=np.int64)
    starts = np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(sizes)])
    offsets = np.repeat(starts[:-1], sizes)
    left, right = (_joined([getattr(tree, name) for tree in parts], np.int64) for name in ("left", "right"))
    leaf = left < 0
    categories, sets = _categories(parts)
    missing = [np.full(len(tree.left), NAN_GOES) if tree.missing is None else tree.missing for tree in parts]
    column = _joined([tree.column for tree in parts], np.int64)
    threshold = _joined([tree.threshold for tree in parts], np.float64)
    return Ensemble(
        starts=starts,
        left=np.where(leaf, -1, left + offsets),
        right=np.where(leaf, -1, right + offsets),
        column=np.where(leaf, -1, column),
        threshold=np.where(leaf | (categories >= 0), 0.0, threshold),
        missing=np.where(leaf, NAN_GOES, _joined(missing, np.int64)),
        default_left=~leaf & _joined([tree.default_left for tree in parts], np.bool_),
        categories=np.where(leaf, -1, categories),
        sets=sets,
        values=_values(parts, leaf, sizes, outputs),
        cover=_joined([tree.cover for tree in parts], np.float64),
        base=np.array(np.broadcast_to(np.asarray(base, dtype=np.float64), (outputs,))),
        columns=columns,
        float32=float32,
    )


def members(bitset: npt.NDArray[np.uint32]) -> IntArray:
    """Numbers whose bits are set in words of 32 bits, the lowest bit of the first word being 0; sorted."""
    return np.flatnonzero(np.unpackbits(bitset.astype("<u4").view(np.uint8), bitorder="little")).astype(np.int64)


def _joined(arrays: Sequence[npt.NDArray[Any]], kind: npt.DTypeLike) -> npt.NDArray[Any]:
    return np.concatenate(arrays).astype(kind, copy=False) if arrays else np.zeros(0, dtype=kind)


def _values(parts: Sequence[Tree], leaf: BoolArray, sizes: IntArray, outputs: int) -> FloatArray:
    if parts and parts[0].value.ndim == 2:
        return np.where(leaf[:, None], _joined([tree.value for tree in parts], np.float64), 0.0)
    values = np.zeros((len(leaf), outputs))
    output = np.repeat(np.array([tree.output for tree in parts], dtype=np.int64), sizes)
    values[np.arange(len(leaf)), output] = np.where(leaf, _joined([tree.value for tree in parts], np.float64), 0.0)
    return values


def _categories(parts: Sequence[Tree]) -> tuple[IntArray, tuple[IntArray, ...]]:
    """Indices into the sets of all trees, and these sets."""
    found: list[npt.NDArray[np.signedinteger]] = []
    sets: list[IntArray] = []
    for tree in parts:
        if tree.categories is None:
            found.append(np.full(len(tree.left), -1))
        else:
            found.append(np.where(tree.categories >= 0, tree.categories + len(sets), -1))
            sets += tree.sets
    return _joined(found, np.int64), tuple(sets)


def _in_order(tree: Tree) -> Tree:
    """The tree without nodes that were cut off, every child behind its parent."""
    inner = np.flatnonzero(tree.left >= 0)
    if 2 * len(inner) + 1 == len(tree.left) and (tree.left[inner] > inner).all() and (tree.right[inner] > inner).all():
        return tree
    level, kept = np.zeros(1, dtype=np.int64), []
    while len(level):
        kept.append(level)
        level = level[tree.left[level] >= 0]
        level = np.column_stack([tree.left[level], tree.right[level]]).ravel().astype(np.int64)
    order = np.concatenate(kept)
    number = np.full(len(tree.left) + 1, -1)  # the last entry answers for leaves, whose child is −1
    number[order] = np.arange(len(order))
    left, right = (number[np.where(child[order] < 0, -1, child[order])] for child in (tree.left, tree.right))
    picked = {
        name: getattr(tree, name)[order]
        for name in ("column", "threshold", "value", "cover", "default_left", "missing", "categories")
        if getattr(tree, name) is not None
    }
    return replace(tree, left=left, right=right, **picked)
