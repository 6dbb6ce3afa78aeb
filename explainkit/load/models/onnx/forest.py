"""The trees of an ONNX node as plain arrays, every index of which is in range.

Operators TreeEnsembleClassifier, TreeEnsembleRegressor (ai.onnx.ml, versions 1 and 3) and TreeEnsemble (version 5):
https://github.com/onnx/onnx/blob/main/docs/Operators-ml.md
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from explainkit.load.models.onnx.library import onnx
from explainkit.load.models.soundness import unsound

IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float64]

OPERATORS = ("TreeEnsembleClassifier", "TreeEnsembleRegressor", "TreeEnsemble")
LEQ, LT, GTE, GT, EQ, NEQ, MEMBER = range(7)
"""Tests of a node, by their numbers in version 5; a leaf has −1."""
_MODES = {b"LEAF": -1} | {
    f"BRANCH_{name}".encode(): number for number, name in enumerate(("LEQ", "LT", "GTE", "GT", "EQ", "NEQ"))
}
_POST = ("NONE", "SOFTMAX", "LOGISTIC", "SOFTMAX_ZERO", "PROBIT")
_AGGREGATES = ("AVERAGE", "SUM", "MIN", "MAX")
_ANY_WIDTH = np.iinfo(np.int64).max


@dataclass(frozen=True, slots=True, kw_only=True)
class Forest:
    """Trees, all nodes behind one another; arrays have shape (n_nodes,) where nothing else is said."""

    roots: IntArray
    """Root of each tree."""
    true: IntArray
    """Child for rows that pass the test, −1 at a leaf."""
    false: IntArray
    """Child for the others, −1 at a leaf."""
    mode: IntArray
    """The test, −1 at a leaf."""
    column: IntArray
    """Column tested."""
    threshold: FloatArray
    """What it is compared with."""
    tracks: npt.NDArray[np.bool_]
    """Whether a missing value passes, whatever the test says."""
    member: IntArray
    """Index into `sets` of a test of membership, else −1."""
    sets: tuple[FloatArray, ...]
    """Values that pass a test of membership."""
    weights: tuple[IntArray, IntArray, FloatArray]
    """Leaf, output and value of each value of a leaf; shape (n_values,) each."""
    outputs: int
    """Number of outputs."""
    base: FloatArray
    """What the sums start from, as many as there are in the file."""
    aggregate: str
    """How trees are put together: SUM, AVERAGE, MIN or MAX."""
    post: str
    """What the scores pass through."""


def attributes(node: Any) -> dict[str, Any]:
    """Attributes of a node as Python values, tensors as arrays.

    Raises
    ------
    ValueError, TypeError or LookupError
        If one cannot be read.
    """
    library = onnx()
    found = {}
    for attribute in node.attribute:
        value = library.helper.get_attribute_value(attribute)
        tensor = attribute.type == library.AttributeProto.TENSOR
        found[attribute.name] = library.numpy_helper.to_array(value) if tensor else value
    return found


def forest_of(node: Any, *, width: int | None = None) -> Forest:
    """Read the trees of a node.

    Parameters
    ----------
    node : onnx.NodeProto
        One of `OPERATORS`.
    width : int, optional
        How many columns its input has, where that is known.

    Raises
    ------
    ValueError, TypeError, LookupError or OverflowError
        If they cannot be walked, or are not what the node announces.
    """
    found = attributes(node)
    forest = _modern(found) if node.op_type == "TreeEnsemble" else _classic(found, node.op_type)
    inner = forest.mode >= 0
    problem = unsound(
        forest.true,
        forest.false,
        forest.column,
        inner=inner,
        width=_ANY_WIDTH if width is None else width,
        roots=forest.roots,
    )
    leaves, outputs, values = forest.weights
    if (
        problem is None
        and len(leaves)
        and (inner[leaves].any() or outputs.min() < 0 or outputs.max() >= forest.outputs)
    ):
        problem = "a value belongs to no leaf, or to an output that is not there"
    if problem is None and not (np.isfinite(values).all() and np.isfinite(forest.base).all()):
        problem = "a leaf has no finite value"
    if problem is None and _reached(forest) != len(forest.mode):
        problem = "a node is reached from no root"
    if problem is not None:
        raise ValueError(problem)
    return forest


def _reached(forest: Forest) -> int:
    """Number of nodes that ways from the roots lead to; no two ways lead to one."""
    level, count = forest.roots, 0
    while len(level):
        count += len(level)
        level = level[forest.true[level] >= 0]
        level = np.concatenate([forest.true[level], forest.false[level]])
    return count


def _classic(found: Mapping[str, Any], kind: str) -> Forest:
    """Of versions 1 and 3: nodes have numbers within their trees."""
    prefix = "class" if kind == "TreeEnsembleClassifier" else "target"
    trees, numbers = _integers(found["nodes_treeids"]), _integers(found["nodes_nodeids"])
    count = len(trees)
    mode = np.array([_MODES[name] for name in found["nodes_modes"]], dtype=np.int64)
    column = _integers(found["nodes_featureids"])
    threshold = _values(found, "nodes_values")
    tracks = _integers(found.get("nodes_missing_value_tracks_true", ())) != 0
    tracks = tracks if len(tracks) else np.zeros(count, dtype=np.bool_)
    if not count or not all(len(a) == count for a in (numbers, mode, column, threshold, tracks)):
        raise ValueError("its lists of nodes differ in length")
    place = _Places(trees, numbers)
    inner = mode >= 0
    true, false = np.full(count, -1), np.full(count, -1)
    for child, name in ((true, "nodes_truenodeids"), (false, "nodes_falsenodeids")):
        asked = _integers(found[name])
        if len(asked) != count:
            raise ValueError("its lists of nodes differ in length")
        child[inner] = place.of(trees[inner], asked[inner])
    parents = np.bincount(np.concatenate([true[inner], false[inner]]), minlength=count)
    roots = np.flatnonzero(parents == 0)
    if len(roots) != len(np.unique(trees)) or len(np.unique(trees[roots])) != len(roots):
        raise ValueError("a tree has not one root")
    leaves = place.of(_integers(found[f"{prefix}_treeids"]), _integers(found[f"{prefix}_nodeids"]))
    weights = leaves, _integers(found[f"{prefix}_ids"]), _values(found, f"{prefix}_weights")
    if len({len(a) for a in weights}) != 1:
        raise ValueError("its lists of values differ in length")
    labels = found.get("classlabels_int64s") or found.get("classlabels_strings") or ()
    return Forest(
        roots=roots,
        true=true,
        false=false,
        mode=mode,
        column=column,
        threshold=threshold,
        tracks=tracks,
        member=np.full(count, -1),
        sets=(),
        weights=weights,
        outputs=len(labels) if prefix == "class" else int(found["n_targets"]),
        base=_values(found, "base_values", needed=False),
        aggregate=found.get("aggregate_function", b"SUM").decode(),
        post=found.get("post_transform", b"NONE").decode(),
    )


class _Places:
    """Positions of nodes by the number of their tree and their own."""

    def __init__(self, trees: IntArray, numbers: IntArray) -> None:
        self._trees, tree = np.unique(trees, return_inverse=True)
        self._numbers, number = np.unique(numbers, return_inverse=True)
        keys = tree * len(self._numbers) + number
        self._order = np.argsort(keys, kind="stable")
        self._keys = keys[self._order]
        if (np.diff(self._keys) == 0).any():
            raise ValueError("two nodes of a tree have the same number")

    def of(self, trees: IntArray, numbers: IntArray) -> IntArray:
        if len(trees) != len(numbers):
            raise ValueError("its lists of nodes differ in length")
        tree = np.searchsorted(self._trees, trees).clip(max=len(self._trees) - 1)
        number = np.searchsorted(self._numbers, numbers).clip(max=len(self._numbers) - 1)
        key = tree * len(self._numbers) + number
        at = np.searchsorted(self._keys, key).clip(max=len(self._keys) - 1)
        known = (self._trees[tree] == trees) & (self._numbers[number] == numbers) & (self._keys[at] == key)
        if not known.all():
            first = int((~known).argmax())
            raise ValueError(f"tree {trees[first]} has no node {numbers[first]} that is asked for")
        found: IntArray = self._order[at]
        return found


def _modern(found: Mapping[str, Any]) -> Forest:
    """Of version 5: nodes and leaves in lists of their own; each way to a leaf gets a leaf of its own here."""
    column = _integers(found["nodes_featureids"])
    count = len(column)
    lists = {
        name: _integers(found[f"nodes_{name}"])
        for name in ("truenodeids", "trueleafs", "falsenodeids", "falseleafs", "modes")
    }
    threshold = np.asarray(found["nodes_splits"], dtype=np.float64).ravel()
    tracks = _integers(found.get("nodes_missing_value_tracks_true", ())) != 0
    tracks = tracks if len(tracks) else np.zeros(count, dtype=np.bool_)
    if not count or not all(len(a) == count for a in (*lists.values(), threshold, tracks)):
        raise ValueError("its lists of nodes differ in length")
    targets = _integers(found["leaf_targetids"])
    values = np.asarray(found["leaf_weights"], dtype=np.float64).ravel()
    if len(targets) != len(values):
        raise ValueError("its lists of values differ in length")
    mode = lists["modes"]
    if not ((mode >= LEQ) & (mode <= MEMBER)).all():
        raise ValueError("a node has a test that is not known")
    children, reached, total = [], [], count
    for side in ("true", "false"):
        child, ends = lists[f"{side}nodeids"].copy(), np.flatnonzero(lists[f"{side}leafs"])
        if len(ends) and (child[ends].min() < 0 or child[ends].max() >= len(values)):
            raise ValueError("a node leads to a leaf that is not there")
        if not (lists[f"{side}leafs"] != 0).all() and child[lists[f"{side}leafs"] == 0].max() >= count:
            raise ValueError("a node leads to a node that is not there")
        reached.append(child[ends])
        child[ends] = np.arange(total, total + len(ends))
        total += len(ends)
        children.append(child)
    leaf, end = np.concatenate(reached), np.full(total - count, -1)
    member, sets = _members(found, mode)
    return Forest(
        roots=_integers(found["tree_roots"]),
        true=np.concatenate([children[0], end]),
        false=np.concatenate([children[1], end]),
        mode=np.concatenate([mode, end]),
        column=np.concatenate([column, end]),
        threshold=np.concatenate([threshold, np.zeros(len(end))]),
        tracks=np.concatenate([tracks, end >= 0]),
        member=np.concatenate([member, end]),
        sets=sets,
        weights=(np.arange(count, total), targets[leaf], values[leaf]),
        outputs=int(found["n_targets"]),
        base=np.zeros(0),
        aggregate=_AGGREGATES[int(found.get("aggregate_function", 1))],
        post=_POST[int(found.get("post_transform", 0))],
    )


def _members(found: Mapping[str, Any], mode: IntArray) -> tuple[IntArray, tuple[FloatArray, ...]]:
    """Sets of the tests of membership: one list after the other in the order of the nodes, each ended by NaN."""
    asked = np.flatnonzero(mode == MEMBER)
    member = np.full(len(mode), -1)
    if not len(asked):
        return member, ()
    values = np.asarray(found["membership_values"], dtype=np.float64).ravel()
    ends = np.flatnonzero(np.isnan(values))
    if len(ends) != len(asked) or ends[-1] != len(values) - 1:
        raise ValueError("it has not as many sets of values as tests of membership")
    member[asked] = np.arange(len(asked))
    starts = np.concatenate([[0], ends[:-1] + 1])
    return member, tuple(values[start:end] for start, end in zip(starts, ends, strict=True))


def _integers(values: Any) -> IntArray:
    return np.asarray(values, dtype=np.int64).ravel()


def _values(found: Mapping[str, Any], name: str, *, needed: bool = True) -> FloatArray:
    """Numbers of single precision as a list, or of any as a tensor."""
    values = found.get(name) if found.get(name) is not None else found.get(f"{name}_as_tensor")
    if values is None:
        if needed:
            raise KeyError(name)
        return np.zeros(0)
    return np.asarray(values, dtype=np.float64).ravel()
