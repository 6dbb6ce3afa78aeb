"""Read CatBoost's trees from its JSON export, and rows as they compare them."""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from explainkit.explain.tree.ensemble import Ensemble
from explainkit.explain.tree.readers.assemble import Tree, assemble
from explainkit.explain.tree.readers.refusal import Unreadable

FloatArray = npt.NDArray[np.float64]
Split = dict[str, Any]


def read(model: Any) -> Ensemble:
    """Read a fitted model whose splits are on numbers, or on whether a category is a certain one.

    Parameters
    ----------
    model : catboost.CatBoost

    Returns
    -------
    Ensemble
        Its sum is the raw value (``RawFormulaVal``); one output, or one a class. The last split of a symmetric tree
        is the root, as in CatBoost's own account.

    Raises
    ------
    Unreadable
        If its splits use statistics of the target for categories, or texts or embeddings, or single categories in
        trees that are not symmetric; or if it keeps no weights of leaves. CatBoost's own values can be relied on where
        trees are symmetric only: 1.2.10's values of others do not add up, and can bring the process down.
    """
    exported = _exported(model)
    scale, bias = exported["scale_and_bias"]
    features = _Features(exported["features_info"])
    symmetric = "oblivious_trees" in exported
    make = _symmetric if symmetric else _free
    try:
        trees = [
            make(tree, features, outputs=len(bias), scale=scale)
            for tree in exported["oblivious_trees" if symmetric else "trees"]
        ]
    except Unreadable as refusal:
        raise Unreadable(refusal.reason, own=symmetric) from None
    return assemble(trees, base=bias, outputs=len(bias), columns=len(model.feature_names_), float32=True)


def matrix(model: Any, data: Any, wrapper: Any = None) -> FloatArray:
    """Rows as CatBoost compares them: rounded to 32 bits, categories as their place among those that splits name.

    Parameters
    ----------
    model : catboost.CatBoost
        As for `read`.
    data : frame, array or sparse matrix, shape (n_rows, n_columns)
        What it takes. In a sparse matrix what is absent is 0.
    wrapper : object, optional
        Not looked at.

    Returns
    -------
    ndarray, shape (n_rows, n_columns)
        NaN where a number is missing, −1 where no split names the category, 0 in columns of no number.
    """
    if hasattr(data, "toarray"):
        data = data.toarray()
    categorical = set(model.get_cat_feature_indices())
    rows = np.zeros((len(data), len(model.feature_names_)))
    for column in set(range(rows.shape[1])) - categorical:
        rows[:, column] = _number(data, column)
    if categorical:
        _categories(model, data, rows)
    return rows


class _Features:
    """What the export says of the columns."""

    def __init__(self, info: dict[str, Any]) -> None:
        floats, categories = info.get("float_features", ()), info.get("categorical_features", ())
        self._number = {f["feature_index"]: f["flat_feature_index"] for f in floats}
        self._left = {f["feature_index"]: f["nan_value_treatment"] != "AsTrue" for f in floats}
        self._category = {f["feature_index"]: f["flat_feature_index"] for f in categories}
        self._named = {f["feature_index"]: f.get("values", ()) for f in categories}

    def column(self, split: Split) -> int:
        """Column that a split tests."""
        if self.names_category(split):
            return int(self._category[split["cat_feature_index"]])
        return int(self._number[split["float_feature_index"]])

    def missing_left(self, split: Split) -> bool:
        """Whether a missing number counts as at most the border; a category is never missing."""
        return not self.names_category(split) and self._left[split["float_feature_index"]]

    def code(self, split: Split) -> int:
        """Place of the category that a split names among all that splits of its column name."""
        return int(self._named[split["cat_feature_index"]].index(split["value"]))

    @staticmethod
    def names_category(split: Split) -> bool:
        """Whether a split asks for one category; if not, it compares a number with a border."""
        kind = split["split_type"]
        if kind == "OnlineCtr":
            raise Unreadable("its categorical splits use statistics of the target (CatBoost)")
        if kind not in ("FloatFeature", "OneHotFeature"):
            raise Unreadable(f"it splits on what CatBoost makes of texts or embeddings ({kind})")
        return bool(kind == "OneHotFeature")


def _exported(model: Any) -> dict[str, Any]:
    if model.get_text_feature_indices() or model.get_embedding_feature_indices():
        raise Unreadable("it takes texts or embeddings (CatBoost)", own=_stated_symmetric(model))
    exported: dict[str, Any] = json.loads(_saved(model))
    return exported


def _saved(model: Any) -> bytes:
    """The model as JSON, by way of a file in memory where there is such a thing: none else may be written everywhere.

    CatBoost saves to files only.
    """
    if hasattr(os, "memfd_create") and Path("/proc/self/fd").is_dir():
        with os.fdopen(os.memfd_create("model"), "rb") as held:
            model.save_model(f"/proc/self/fd/{held.fileno()}", format="json")
            return held.read()
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "model.json"
        model.save_model(str(file), format="json")
        return file.read_bytes()


def _stated_symmetric(model: Any) -> bool:
    """Whether the model says that its trees are symmetric; CatBoost's own values are wrong for any others."""
    from catboost import CatBoostError

    try:
        return bool(model.get_all_params().get("grow_policy") == "SymmetricTree")
    except CatBoostError:  # a sum of models keeps no parameters
        return False


def _symmetric(tree: dict[str, Any], features: _Features, *, outputs: int, scale: float) -> Tree:
    """A full binary tree, level by level; all nodes of a level test the same, leaf numbers read from the root down."""
    if "leaf_weights" not in tree:
        raise Unreadable("it does not say how many training rows reached each leaf (CatBoost)")
    splits: list[Split] = tree.get("splits") or []  # none is written as null
    depth = len(splits)
    inner = 2**depth - 1
    position = np.arange(inner)
    level = np.repeat(np.arange(depth), 2 ** np.arange(depth))
    named = np.array([features.names_category(split) for split in splits], dtype=np.bool_)
    sets = tuple(np.array([features.code(split)]) for split, name in zip(splits, named, strict=True) if name)
    which = np.where(named, np.cumsum(named) - 1, -1)
    column = np.array([features.column(split) for split in splits], dtype=np.int64)
    border = np.array([split.get("border", 0.0) for split in splits], dtype=np.float64)
    left_when_missing = np.array([features.missing_left(split) for split in splits], dtype=np.bool_)
    last = depth - 1 - level  # the split of each inner node
    swapped = named[last]  # a category that is the one named has bit 1, but goes left here
    value = np.zeros((2 * inner + 1, outputs))
    value[inner:] = scale * np.array(tree["leaf_values"]).reshape(-1, outputs)
    cover = [np.array(tree["leaf_weights"], dtype=np.float64)]
    for _ in range(depth):
        cover.append(cover[-1].reshape(-1, 2).sum(axis=1))
    none = np.full(inner + 1, -1)
    return Tree(
        left=np.concatenate([2 * position + 1 + swapped, none]),
        right=np.concatenate([2 * position + 2 - swapped, none]),
        column=np.concatenate([column[last], none]),
        threshold=np.concatenate([border[last], np.zeros(inner + 1)]),
        value=value,
        cover=np.concatenate(cover[::-1]),
        default_left=np.concatenate([left_when_missing[last], np.zeros(inner + 1, dtype=np.bool_)]),
        categories=np.concatenate([which[last], none]),
        sets=sets,
    )


def _free(tree: dict[str, Any], features: _Features, *, outputs: int, scale: float) -> Tree:
    """A tree that is not symmetric: nodes within nodes, here with every child behind its parent."""
    nodes, left = [tree], list[int]()
    for node in nodes:  # grows while it is walked
        left.append(len(nodes) if "split" in node else -1)
        if "split" in node:
            nodes += [node["left"], node["right"]]
    count = len(nodes)
    column, threshold = np.full(count, -1), np.zeros(count)
    default_left, value, cover = np.zeros(count, dtype=np.bool_), np.zeros((count, outputs)), np.zeros(count)
    for i in reversed(range(count)):
        node = nodes[i]
        if left[i] < 0:
            value[i], cover[i] = scale * np.array(node["value"]), node["weight"]
            continue
        split = node["split"]
        if features.names_category(split):
            raise Unreadable("its trees are not symmetric and split on single categories (CatBoost)")
        column[i], threshold[i] = features.column(split), split["border"]
        default_left[i], cover[i] = features.missing_left(split), cover[left[i]] + cover[left[i] + 1]
    first = np.array(left)
    return Tree(
        left=first,
        right=np.where(first < 0, -1, first + 1),
        column=column,
        threshold=threshold,
        value=value,
        cover=cover,
        default_left=default_left,
    )


def _number(data: Any, column: int) -> FloatArray:
    """A column of numbers as CatBoost keeps it."""
    with np.errstate(over="ignore"):  # beyond the range of 32 bits is infinite, which CatBoost takes
        if hasattr(data, "iloc"):
            single = data.iloc[:, column].to_numpy(dtype=np.float32, na_value=np.nan)
        else:
            single = np.asarray(data)[:, column].astype(np.float32)
    return np.asarray(single, dtype=np.float64)


def _categories(model: Any, data: Any, rows: FloatArray) -> None:
    """Put the place of each category into `rows`.

    The file knows categories by their hashes only. So CatBoost itself says which rows hold the category of a split:
    it is a bit of the number of the leaf that they reach.
    """
    import catboost

    exported = _exported(model)
    features = _Features(exported["features_info"])
    pool = catboost.Pool(data, cat_features=model.get_cat_feature_indices())
    rows[:, model.get_cat_feature_indices()] = -1
    done = set()
    for number, tree in enumerate(exported.get("oblivious_trees", ())):
        wanted = {}
        for bit, split in enumerate(tree.get("splits") or ()):
            if features.names_category(split) and (features.column(split), features.code(split)) not in done:
                wanted[bit] = (features.column(split), features.code(split))
        if wanted:
            reached = model.calc_leaf_indexes(pool, ntree_start=number, ntree_end=number + 1).reshape(-1).astype(int)
        for bit, (column, code) in wanted.items():
            rows[(reached >> bit) & 1 == 1, column] = code
        done |= set(wanted.values())
