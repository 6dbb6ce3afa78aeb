"""Check a CatBoost model in JSON before CatBoost sees it: what it reads there, it neither counts nor compares."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from explainkit.errors import ModelError
from explainkit.load.models.soundness import once, refused

FIRST_KEYS = ("ctr_data", "features_info", "model_info", "oblivious_trees", "scale_and_bias", "trees")
"""Names that the file may begin with."""
_DEEPEST = 16  # a symmetric tree has 2 to this power leaves; CatBoost makes none deeper
_MOST_COLUMNS = 1_000_000
Tree = Mapping[str, Any]
Bins = list[tuple[int, float] | None]


def check_catboost_json(data: bytes, where: str) -> None:
    """Refuse a model with a split or a leaf that is not there, or that is another than it says.

    Parameters
    ----------
    data : bytes
        A whole file.
    where : str
        Its name.

    Raises
    ------
    ModelError
        If there is one, or the file is not such a model.
    """
    try:
        model = json.loads(data, object_pairs_hook=once)
        outputs = len(model["scale_and_bias"][1])
        _finite([model["scale_and_bias"][0], *model["scale_and_bias"][1]])
        bins = _bins(model["features_info"])
        symmetric = "oblivious_trees" in model
        trees = model["oblivious_trees" if symmetric else "trees"]
        every = (_symmetric(t, bins, outputs) if symmetric else _free(t, bins, outputs) for t in trees)
        problem = next((found for found in every if found is not None), None if trees else "it has no trees")
    except (ValueError, TypeError, LookupError, AttributeError, OverflowError, RecursionError) as error:
        raise ModelError(
            "the model file is cut short or damaged",
            where=where,
            found=f"{type(error).__name__}: {error}".splitlines()[0][:200],
            remedy="save the model again (save_model)",
        ) from None
    if problem is not None:
        raise refused(where, problem)


def _bins(info: Mapping[str, Any]) -> Bins:
    """What each number of a split stands for: feature and border of numbers, None for what is made of categories."""
    floats, categories = info.get("float_features", []), info.get("categorical_features", [])
    flat = [int(feature["flat_feature_index"]) for feature in (*floats, *categories)]
    if len(set(flat)) != len(flat) or min(flat, default=0) < 0 or max(flat, default=0) >= _MOST_COLUMNS:
        raise ValueError("its columns have no places of their own")
    bins: Bins = []
    for feature in floats:
        bins += [(int(feature["feature_index"]), float(border)) for border in feature.get("borders") or ()]
    others = [feature.get("values") or () for feature in categories]
    others += [made.get("borders") or () for made in info.get("ctrs", [])]
    return bins + [None] * sum(map(len, others))


def _split(split: Mapping[str, Any], bins: Bins) -> str | None:
    place = split["split_index"]
    if type(place) is not int or not 0 <= place < len(bins):
        return f"a split has number {place!r} of {len(bins)}"
    known = bins[place]
    if (split["split_type"] == "FloatFeature") != (known is not None):
        return "a split is of another kind than its number says"
    if known is not None and (known[0], np.float32(known[1])) != (
        split["float_feature_index"],
        np.float32(split["border"]),
    ):
        return "a split is on another column or border than its number says"
    return None


def _symmetric(tree: Tree, bins: Bins, outputs: int) -> str | None:
    splits = tree.get("splits") or ()
    if len(splits) > _DEEPEST:
        return f"a tree has {len(splits)} levels"
    problem = next((found for found in (_split(split, bins) for split in splits) if found is not None), None)
    weights = tree.get("leaf_weights")
    leaves = 1 << len(splits)
    if len(tree["leaf_values"]) != outputs * leaves or (weights is not None and len(weights) != leaves):
        return "a tree has not the leaves that its splits make"
    _finite(tree["leaf_values"], weights or ())
    return problem


def _free(tree: Tree, bins: Bins, outputs: int) -> str | None:
    for node in _nodes(tree):
        if "split" in node:
            problem = _split(node["split"], bins)
            if problem is not None:
                return problem
            continue
        value = node["value"]
        values = value if isinstance(value, list) else [value]
        if len(values) != outputs:
            return "a leaf has another number of values than there are outputs"
        _finite(values, [node["weight"]])
    return None


def _nodes(tree: Tree) -> Iterator[Tree]:
    left = [tree]
    while left:
        node = left.pop()
        yield node
        if "split" in node:
            left += [node["left"], node["right"]]


def _finite(*lists: Any) -> None:
    for numbers in lists:
        for number in numbers:
            if type(number) not in (int, float) or not math.isfinite(number):
                raise ValueError(f"{number!r} is no number")
