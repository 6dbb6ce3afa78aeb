"""ONNX graphs made by hand: one operator of trees, with any test in its nodes, in the forms of versions 3 and 5."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

MODES = ("LEQ", "LT", "GTE", "GT", "EQ", "NEQ", "MEMBER")
Node = tuple[Any, ...]
"""A leaf ``(value, …)``, or ``(mode, column, threshold, tracks, child if true, child if false)``."""


def is_leaf(node: Node) -> bool:
    return not isinstance(node[0], str)


def graft(rng: np.random.Generator, depth: int, columns: int, *, outputs: int = 1, modes: int = 6) -> Node:
    """A random tree, whose thresholds are few values, so that rows stand on them."""
    if depth == 0 or rng.random() < 0.15:
        return tuple(float(v) for v in rng.normal(size=outputs).astype(np.float32))
    mode = MODES[int(rng.integers(modes))]
    at = float(np.float32(rng.choice(VALUES)))
    named: Any = tuple({float(v) for v in rng.integers(0, 4, 2)}) if mode == "MEMBER" else at
    tracks = bool(rng.random() < 0.4)
    true, false = (graft(rng, depth - 1, columns, outputs=outputs, modes=modes) for _ in range(2))
    return (mode, int(rng.integers(columns)), named, tracks, true, false)


VALUES = np.array([-1.5, -0.1, 0.0, 0.1, 1.0 / 3.0, 1.0, 2.0], dtype=np.float64)
"""Thresholds; of those that single precision does not hold, rows have the double too."""


def rows(rng: np.random.Generator, count: int, columns: int) -> np.ndarray:
    """Values exactly on thresholds, next to them, anywhere, and missing."""
    on = rng.choice(VALUES, (count, columns))
    near = on.astype(np.float32).astype(np.float64)
    beside = np.nextafter(near.astype(np.float32), np.float32(9)).astype(np.float64)
    kind = rng.integers(0, 5, (count, columns))
    return np.choose(kind, [on, near, beside, rng.normal(size=(count, columns)), np.full((count, columns), np.nan)])


def answer(trees: list[Node], row: np.ndarray) -> np.ndarray:
    """Sum of the leaves that a row reaches, by walking: the definition."""
    total = 0.0
    for tree in trees:
        node = tree
        while not is_leaf(node):
            mode, column, at, tracks, true, false = node
            x = row[column]
            passed = {
                "LEQ": lambda x=x, at=at: x <= at,
                "LT": lambda x=x, at=at: x < at,
                "GTE": lambda x=x, at=at: x >= at,
                "GT": lambda x=x, at=at: x > at,
                "EQ": lambda x=x, at=at: x == at,
                "NEQ": lambda x=x, at=at: x != at,
                "MEMBER": lambda x=x, at=at: x in at,
            }[mode]()
            node = true if passed or (tracks and np.isnan(x)) else false
        total = total + np.array(node)
    return total


def classic(trees: list[Node], *, classifier: bool = False) -> dict[str, Any]:
    """Attributes of versions 1 and 3."""
    prefix = "class" if classifier else "target"
    names = ("treeids", "nodeids", "modes", "featureids", "values", "truenodeids", "falsenodeids")
    found: dict[str, Any] = {f"nodes_{name}": [] for name in (*names, "missing_value_tracks_true")}
    found |= {f"{prefix}_{name}": [] for name in ("treeids", "nodeids", "ids", "weights")}
    for number, tree in enumerate(trees):
        nodes = [tree]
        for place, node in enumerate(nodes):  # grows while it is walked
            leaf = is_leaf(node)
            first = len(nodes)
            if not leaf:
                nodes += node[4:]
            line = ("LEAF", 0, 0.0, 0, 0, 0) if leaf else (f"BRANCH_{node[0]}", node[1], node[2], first, first + 1, 0)
            for name, value in zip(names, (number, place, *line[:5]), strict=True):
                found[f"nodes_{name}"].append(value)
            found["nodes_missing_value_tracks_true"].append(0 if leaf else int(node[3]))
            for output, value in enumerate(node if leaf else ()):
                for name, entry in zip(
                    ("treeids", "nodeids", "ids", "weights"), (number, place, output, value), strict=True
                ):
                    found[f"{prefix}_{name}"].append(entry)
    return found


def modern(trees: list[Node], dtype: Any = np.float32) -> dict[str, Any]:
    """Attributes of version 5; a tree that is a leaf is a node with two ways to it."""
    lists: dict[str, list[Any]] = {
        name: [] for name in ("modes", "splits", "featureids", "truenodeids", "trueleafs", "falsenodeids", "falseleafs")
    }
    tracks, targets, weights, members, roots = [], [], [], [], []
    left: list[tuple[Node, tuple[str, int] | None]] = [(tree, None) for tree in trees]
    for node, parent in left:
        if is_leaf(node):
            if parent is None:
                node = ("LEQ", 0, 0.0, False, node, node)
            else:
                lists[f"{parent[0]}nodeids"][parent[1]], lists[f"{parent[0]}leafs"][parent[1]] = len(weights), 1
                targets.append(0)
                weights.append(node[0])
                continue
        place = len(lists["modes"])
        if parent is None:
            roots.append(place)
        else:
            lists[f"{parent[0]}nodeids"][parent[1]] = place
        mode, column, at, missing, true, false = node
        entry = (MODES.index(mode), 0.0 if mode == "MEMBER" else at, column, 0, 0, 0, 0)
        for name, value in zip(lists, entry, strict=True):
            lists[name].append(value)
        members += [*at, np.nan] if mode == "MEMBER" else []
        tracks.append(int(missing))
        left += [(true, ("true", place)), (false, ("false", place))]
    found = {f"nodes_{name}": values for name, values in lists.items()}
    found["nodes_modes"] = numpy_helper.from_array(np.array(lists["modes"], dtype=np.uint8))
    found["nodes_splits"] = numpy_helper.from_array(np.array(lists["splits"], dtype=dtype))
    found |= {"nodes_missing_value_tracks_true": tracks, "tree_roots": roots, "leaf_targetids": targets, "n_targets": 1}
    found["leaf_weights"] = numpy_helper.from_array(np.array(weights, dtype=dtype))
    if members:
        found["membership_values"] = numpy_helper.from_array(np.array(members, dtype=dtype))
    return found


def graph(
    kind: str, found: dict[str, Any], *, columns: int, elem: int = TensorProto.FLOAT, opset: int = 3
) -> onnx.ModelProto:
    """A model of one operator."""
    label = [helper.make_tensor_value_info("label", TensorProto.INT64, [None])] if kind.endswith("Classifier") else []
    made = helper.make_node(kind, ["X"], [*("label" for _ in label), "Y"], domain="ai.onnx.ml", **found)
    out = elem if kind == "TreeEnsemble" else TensorProto.FLOAT
    given = [helper.make_tensor_value_info("X", elem, [None, columns])]
    answers = [*label, helper.make_tensor_value_info("Y", out, [None, 2 if label else 1])]
    opsets = [helper.make_opsetid("ai.onnx.ml", opset), helper.make_opsetid("", 17)]
    return helper.make_model(helper.make_graph([made], "g", given, answers), opset_imports=opsets, ir_version=9)
