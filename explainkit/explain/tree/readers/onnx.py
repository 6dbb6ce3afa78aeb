"""Read the trees of an ONNX graph, and rows as they compare them.

A test for equality, or for membership of a set, has a column of its own, beside the numbers: the place of the value
among all those that such tests of its column name.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from explainkit.explain.tree.ensemble import Ensemble
from explainkit.explain.tree.readers.assemble import Tree, assemble
from explainkit.explain.tree.readers.refusal import Unreadable
from explainkit.load.models.onnx.forest import EQ, GT, GTE, LT, MEMBER, NEQ, Forest

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]


def read(estimator: Any) -> Ensemble:
    """Read the trees of an operator.

    Parameters
    ----------
    estimator : explainkit.explain.onnx_estimator.Estimator

    Returns
    -------
    Ensemble
        Its sum is the score; one output, or one a class. It knows no cover: the format keeps none.

    Raises
    ------
    Unreadable
        If trees are not added up, or a threshold has no number just below it.
    """
    forest: Forest = estimator.forest
    if forest.aggregate not in ("SUM", "AVERAGE"):
        raise Unreadable(f"its trees are put together by their {forest.aggregate.lower()}")
    if np.isnan(forest.threshold).any() or np.isneginf(forest.threshold[np.isin(forest.mode, (LT, GTE))]).any():
        raise Unreadable("it compares with what is no number, or with minus infinity")
    raw = estimator.combine.shape[1]
    share = 1.0 / len(forest.roots) if forest.aggregate == "AVERAGE" else 1.0
    values = np.zeros((len(forest.mode), raw))
    leaves, outputs, weights = forest.weights
    np.add.at(values, (leaves, outputs), weights)
    base = np.zeros(raw) if not len(forest.base) else np.broadcast_to(forest.base, (raw,))
    return assemble(
        _trees(forest, _named(forest), values @ estimator.combine.T * share, len(estimator.sources)),
        base=estimator.combine @ base + estimator.offset,
        outputs=len(estimator.combine),
        columns=len(sources_of(estimator)),
        float32=False,  # they are rounded already
    )


def matrix(estimator: Any, data: Any, wrapper: Any = None) -> FloatArray:
    """Rows as the trees compare them: numbers, then places of values that are tested for equality.

    Parameters
    ----------
    estimator : explainkit.explain.onnx_estimator.Estimator
        As for `read`.
    data : ndarray, shape (n_rows, n_columns)
        What its ``prepare`` gives.
    wrapper : object, optional
        Not looked at.

    Returns
    -------
    ndarray, shape (n_rows, `Ensemble.columns`)
        NaN where a value is missing, −1 where no test names it.
    """
    numbers = np.asarray(data, dtype=np.float64)
    return np.column_stack(
        [numbers, *(_places(numbers[:, column], known) for column, known in _named(estimator.forest))]
    )


def sources_of(estimator: Any) -> tuple[int, ...]:
    """Raw column behind each column of `matrix`."""
    own: tuple[int, ...] = estimator.sources
    return own + tuple(own[column] for column, _ in _named(estimator.forest))


def _named(forest: Forest) -> list[tuple[int, FloatArray]]:
    """Columns that are tested for equality, and the values that their tests name, sorted."""
    equal = np.isin(forest.mode, (EQ, NEQ, MEMBER))
    found = []
    for column in np.unique(forest.column[equal]).tolist():
        here = equal & (forest.column == column)
        single = forest.threshold[here & (forest.mode != MEMBER)]
        sets = [forest.sets[member] for member in forest.member[here & (forest.mode == MEMBER)]]
        found.append((column, np.unique(np.concatenate([single, *sets]))))
    return found


def _places(values: FloatArray, known: FloatArray) -> FloatArray:
    place = np.searchsorted(known, values).clip(max=max(0, len(known) - 1))
    hit = known[place] == values if len(known) else np.zeros(len(values), dtype=np.bool_)
    return np.where(np.isnan(values), np.nan, np.where(hit, place, -1))


def _trees(forest: Forest, named: list[tuple[int, FloatArray]], values: FloatArray, width: int) -> Iterator[Tree]:
    """One tree after the other; the child for rows at most at the threshold, or in the set, stands left."""
    mode = forest.mode
    swapped = np.isin(mode, (GTE, GT, NEQ))
    left, right = (np.where(swapped, a, b) for a, b in ((forest.false, forest.true), (forest.true, forest.false)))
    # A missing value fails every test but "not equal", and passes where the node says so.
    passes = forest.tracks | (mode == NEQ)
    threshold = forest.threshold.copy()
    strict = np.isin(mode, (LT, GTE))
    threshold[strict] = np.nextafter(threshold[strict], -np.inf)  # no number of single precision lies between
    column = forest.column.copy()
    equal = np.isin(mode, (EQ, NEQ, MEMBER))
    extra = {tested: (width + place, known) for place, (tested, known) in enumerate(named)}
    at = np.full(len(mode) + 1, -1)  # the last entry answers for leaves, whose child is −1
    for root in forest.roots.tolist():
        nodes = _reached(root, forest.true, forest.false)
        at[nodes] = np.arange(len(nodes))
        categories, sets, asked = np.full(len(nodes), -1), list[IntArray](), column[nodes]
        for place in np.flatnonzero(equal[nodes]).tolist():
            node = int(nodes[place])
            asked[place], known = extra[int(column[node])]
            wanted = forest.sets[forest.member[node]] if mode[node] == MEMBER else forest.threshold[node : node + 1]
            categories[place] = len(sets)
            sets.append(np.unique(np.searchsorted(known, wanted)))
        yield Tree(
            left=at[left[nodes]],
            right=at[right[nodes]],
            column=asked,
            threshold=threshold[nodes],
            value=values[nodes],
            cover=np.zeros(len(nodes)),
            default_left=passes[nodes] ^ swapped[nodes],
            categories=categories if sets else None,
            sets=tuple(sets),
        )


def _reached(root: int, true: IntArray, false: IntArray) -> IntArray:
    """Nodes of a tree, level by level."""
    level, found = np.array([root]), []
    while len(level):
        found.append(level)
        level = level[true[level] >= 0]
        level = np.column_stack([true[level], false[level]]).ravel()
    return np.concatenate(found)
