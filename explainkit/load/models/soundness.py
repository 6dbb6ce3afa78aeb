"""Tree storage is checked before native code walks it: libraries follow whatever indices stand in a file.

A file with a child or a feature that does not exist makes them read memory that is not theirs; one whose nodes lead
back to their root never ends. Checked are scikit-learn's trees in skops files, LightGBM's text, XGBoost's JSON and UBJ,
CatBoost's JSON (`explainkit.load.models.catboost_json`) and the trees of ONNX (`explainkit.load.models.onnx.forest`).
CatBoost's cbm files are read by CatBoost alone.
"""

from __future__ import annotations

import json
import re
import struct
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from explainkit.errors import ModelError
from explainkit.load.models.ubj import decode

Indices = npt.NDArray[np.int64]
_FIRST = np.zeros(1, dtype=np.int64)

_FOLLOW = (list, tuple, set, frozenset, dict, np.ndarray)
# Their trees are walked without a look at how wide the rows are: those rows are as wide as the ensemble says.
_ENSEMBLES = ("sklearn.ensemble._forest", "sklearn.ensemble._gb", "sklearn.tree._classes")
_BLOCK = re.compile(r"^Tree=\d+$", re.MULTILINE)
_LINE = re.compile(r"^(\w+)=(.*)$", re.MULTILINE)
_PER_NODE = (
    *("left_children", "right_children", "parents", "split_indices", "split_type", "split_conditions"),
    *("default_left", "loss_changes", "sum_hessian"),
)
"""Lists of XGBoost with an entry for each node."""
_MOST_CATEGORIES = 2**24
_CATEGORICAL = 1  # the lowest bit of LightGBM's decision_type


def unsound(
    left: Indices,
    right: Indices,
    features: Indices,
    *,
    inner: npt.NDArray[np.bool_],
    width: int,
    roots: Indices = _FIRST,
) -> str | None:
    """What is wrong with the nodes of a tree, or of several; None where nothing is.

    Parameters
    ----------
    left, right : array (nodes,)
        Children of each node; anything at leaves.
    features : array (nodes,)
        Feature that a node asks for; anything at leaves.
    inner : array of bool (nodes,)
        Which nodes are no leaves.
    width : int
        How many features there are.
    roots : array (trees,)
        Where the trees begin: with the first node, where there is one.
    """
    count = len(inner)
    if not count or not len(left) == len(right) == len(features) == count:
        return "its lists of nodes differ in length"
    if not len(roots) or ((roots < 0) | (roots >= count)).any() or len(np.unique(roots)) != len(roots):
        return "a tree begins at a node that is not there, or where another one begins"
    children = np.concatenate((left[inner], right[inner]))
    outside = (children < 0) | (children >= count) | np.isin(children, roots)
    if outside.any():
        return f"a node leads to number {children[outside][0]} of {count} nodes"
    if np.bincount(children, minlength=count).max(initial=0) > 1:
        return "two ways lead to one node"  # else, as none leads to a root, every walk ends at a leaf
    asked = features[inner]
    if ((asked < 0) | (asked >= width)).any():
        return f"a node asks for feature number {asked[(asked < 0) | (asked >= width)][0]} of {width}"
    return None


def check_sklearn(model: object, where: str) -> None:
    """Refuse a scikit-learn model that holds a tree which cannot be walked.

    Raises
    ------
    ModelError
        If it does.
    """
    for tree, width, owner in _trees(model):
        problem = _of_predictor(tree, width, owner) if hasattr(tree, "nodes") else _of_tree(tree, width)
        if problem is not None:
            raise refused(where, problem)


def _of_tree(tree: Any, width: int) -> str | None:
    left = np.asarray(tree.children_left, dtype=np.int64)
    inner = left != -1
    features = np.asarray(tree.feature, dtype=np.int64)
    return unsound(left, np.asarray(tree.children_right, dtype=np.int64), features, inner=inner, width=width)


def _of_predictor(tree: Any, width: int, owner: Any) -> str | None:
    """Of a tree of histogram boosting: categories are looked up in tables, too."""
    nodes = tree.nodes
    inner = nodes["is_leaf"] == 0
    left, right, features = (nodes[name].astype(np.int64) for name in ("left", "right", "feature_idx"))
    problem = unsound(left, right, features, inner=inner, width=width)
    asked = inner & (nodes["is_categorical"] != 0)
    if problem is None and asked.any():
        known = getattr(owner, "_is_categorical_remapped", None)
        known = np.zeros(width, bool) if known is None else np.asarray(known, bool)
        if len(known) != width or not known[features[asked]].all():
            return "a node asks for categories of a feature that has none"
        if (nodes["bitset_idx"][asked] >= len(tree.raw_left_cat_bitsets)).any():
            return "a node asks for a set of categories that is not there"
    return problem


def _trees(model: object) -> Iterator[tuple[Any, int, object]]:
    """Trees inside a model, each with the number of features of the rows that it is given, and what it belongs to."""
    seen: set[int] = set()
    left: list[tuple[object, int | None, object]] = [(model, None, None)]
    while left:
        thing, width, owner = left.pop()
        if id(thing) in seen:
            continue
        seen.add(id(thing))
        kind = type(thing)
        if kind.__name__ in ("Tree", "TreePredictor") and kind.__module__.startswith("sklearn."):
            yield thing, 0 if width is None else width, owner
        elif isinstance(thing, Mapping):
            left += [(member, width, owner) for member in thing.values()]
        elif isinstance(thing, _FOLLOW):
            if not isinstance(thing, np.ndarray) or thing.dtype == object:
                left += [
                    (member, width, owner) for member in (thing.ravel() if isinstance(thing, np.ndarray) else thing)
                ]
        elif hasattr(thing, "__dict__"):
            own = getattr(thing, "n_features_in_", None)
            known = int(own) if isinstance(own, int | np.integer) else None
            inside = width is not None and type(owner).__module__.startswith(_ENSEMBLES)
            width = min(width, known) if inside and width is not None and known is not None else known
            left += [(member, width, thing) for member in vars(thing).values()]


def check_lightgbm(text: str, where: str) -> None:
    """Refuse a LightGBM text whose sizes are not those announced, or with a tree that cannot be walked.

    Raises
    ------
    ModelError
        If that is so.
    """
    starts = [found.start() for found in _BLOCK.finditer(text)]
    head = dict(_LINE.findall(text[: starts[0]] if starts else text))
    end = text.index("end of trees")
    blocks = [text[a:b] for a, b in zip(starts, [*starts[1:], end], strict=True)]
    try:
        width = int(head["max_feature_idx"]) + 1
        if [int(size) for size in head["tree_sizes"].split()] != [len(block.encode()) for block in blocks]:
            raise refused(where, "its trees have other sizes than it announces")
        for block in blocks:
            problem = _of_lightgbm(dict(_LINE.findall(block)), width)
            if problem is not None:
                raise refused(where, problem)
    except (KeyError, ValueError, OverflowError) as error:
        raise refused(where, f"a tree cannot be read ({type(error).__name__}: {error})") from None


def _of_lightgbm(tree: dict[str, str], width: int) -> str | None:
    leaves, categories = int(tree["num_leaves"]), int(tree["num_cat"])
    if leaves < 1 or len(tree["leaf_value"].split()) != leaves:
        return f"it has not the {leaves} leaves that it announces"
    problem = _linear(tree, leaves, width)
    if leaves == 1 or problem is not None:
        return problem
    left, right, features, kinds = (
        np.array([int(v) for v in tree[name].split()], dtype=np.int64)
        for name in ("left_child", "right_child", "split_feature", "decision_type")
    )
    thresholds = np.array([float(v) for v in tree["threshold"].split()])
    if not len(left) == len(right) == len(features) == len(kinds) == len(thresholds) == leaves - 1:
        return "its lists of nodes differ in length"
    # Leaf number k is written as −k − 1: here it comes behind the nodes.
    ends = [np.where(c < 0, leaves - 2 - c, c) for c in (left, right)]
    fill = np.zeros(leaves, dtype=np.int64)
    inner = np.arange(2 * leaves - 1) < leaves - 1
    problem = unsound(
        np.concatenate((ends[0], fill)),
        np.concatenate((ends[1], fill)),
        np.concatenate((features, fill)),
        inner=inner,
        width=width,
    )
    asked = (kinds & _CATEGORICAL) != 0
    if problem is not None or not (categories or asked.any()):
        return problem
    bounds = np.array([int(v) for v in tree["cat_boundaries"].split()], dtype=np.int64)
    words = len(tree["cat_threshold"].split())
    if len(bounds) != categories + 1 or bounds[0] != 0 or (np.diff(bounds) < 0).any() or bounds[-1] != words:
        return "its sets of categories have other sizes than it announces"
    chosen = thresholds[asked]
    if not ((chosen >= 0) & (chosen < categories) & (chosen == np.floor(chosen))).all():
        return "a node asks for a set of categories that is not there"
    return None


def _linear(tree: dict[str, str], leaves: int, width: int) -> str | None:
    """What is wrong with the linear models in the leaves."""
    if tree.get("is_linear", "0").strip() != "1":
        return None
    counts = [int(v) for v in tree["num_features"].split()]
    used = [int(v) for v in tree["leaf_features"].split()]
    slopes = tree["leaf_coeff"].split()
    if len(counts) != leaves or min(counts) < 0 or not sum(counts) == len(used) == len(slopes):
        return "the linear models in its leaves have other sizes than it announces"
    return None if all(0 <= v < width for v in used) else "a leaf asks for a feature that is not there"


def check_xgboost(data: bytes, where: str) -> tuple[int, ...]:
    """Refuse an XGBoost model with a tree that cannot be walked.

    Parameters
    ----------
    data : bytes
        A whole file, JSON or UBJ.
    where : str
        Its name.

    Returns
    -------
    tuple of int
        The version of XGBoost that the file names; empty where it names none.

    Raises
    ------
    ModelError
        If there is one, or the file is not a model.
    """
    try:
        text = data.lstrip().startswith(b'{"')
        document = json.loads(data, object_pairs_hook=once) if text else decode(data)
        learner, version = document["learner"], tuple(int(part) for part in document.get("version", ()))
        boosting = learner["gradient_booster"]
        shape = learner["learner_model_param"]
        width, outputs = int(shape["num_feature"]), max(1, int(shape["num_class"]), int(shape.get("num_target", 1)))
        problem = None
        if boosting["name"] != "gblinear":
            trees = boosting.get("gbtree", boosting)["model"]["trees"]
            every = (_of_booster(boosting, outputs), *(_of_xgboost(tree, width) for tree in trees))
            problem = next((found for found in every if found is not None), None)
    except (ValueError, TypeError, LookupError, AttributeError, OverflowError, RecursionError, struct.error) as error:
        raise ModelError(
            "the model file is cut short or damaged",
            where=where,
            found=f"{type(error).__name__}: {error}".splitlines()[0][:200],
            remedy="save the model again (Booster.save_model)",
        ) from None
    if problem is not None:
        raise refused(where, problem)
    return version


def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object in which no name stands twice: of two, one parser takes the first and another the last."""
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name twice")
    return found


def _of_xgboost(tree: Mapping[str, Any], width: int) -> str | None:
    count = int(tree["tree_param"]["num_nodes"])
    if any(len(tree[name]) != count for name in _PER_NODE if name in tree):
        return "its lists of nodes differ in length"
    left, right, features = (
        np.asarray(tree[name], dtype=np.int64) for name in ("left_children", "right_children", "split_indices")
    )
    kinds = np.asarray(tree.get("split_type", np.zeros(count)), dtype=np.int64)  # XGBoost before 1.3 has none
    problem = unsound(left, right, features, inner=left != -1, width=width)
    if problem is not None:
        return problem
    nodes, starts, sizes, categories = (
        np.asarray(tree.get(name, ()), dtype=np.int64)
        for name in ("categories_nodes", "categories_segments", "categories_sizes", "categories")
    )
    if not np.array_equal(nodes, np.flatnonzero(kinds)) or not len(nodes) == len(starts) == len(sizes):
        return "its sets of categories belong to other nodes than it announces"
    if ((starts < 0) | (sizes < 1) | (starts + sizes > len(categories))).any():
        return "its sets of categories have other sizes than it announces"
    if ((categories < 0) | (categories >= _MOST_CATEGORIES)).any():
        return "a set of categories holds what is none"
    return None


def _of_booster(boosting: Mapping[str, Any], outputs: int) -> str | None:
    """What is wrong with the order of the trees of an XGBoost model."""
    model = boosting.get("gbtree", boosting)["model"]
    trees, groups = len(model["trees"]), np.asarray(model["tree_info"], dtype=np.int64)
    rounds = np.asarray(model.get("iteration_indptr", (0, trees)), dtype=np.int64)
    dropped = boosting.get("weight_drop", model.get("weight_drop"))
    if int(model["gbtree_model_param"]["num_trees"]) != trees or len(groups) != trees:
        return "it has not the trees that it announces"
    if ((groups < 0) | (groups >= outputs)).any():
        return "a tree belongs to an output that is not there"
    if not len(rounds) or rounds[0] != 0 or rounds[-1] != trees or (np.diff(rounds) < 0).any():
        return "its rounds are not those of its trees"
    return None if dropped is None or len(dropped) == trees else "its trees have other weights than it announces"


def refused(where: str, problem: str) -> ModelError:
    """The error for a file with a tree that cannot be walked."""
    return ModelError(
        "the model file holds a tree that cannot be walked",
        where=where,
        found=problem,
        remedy="save the model again with its own library; a file that was made so on purpose is an attack",
    )
