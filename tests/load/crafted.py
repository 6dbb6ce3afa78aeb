"""Model files as an attacker makes them: one number of a tree is another. Run as a program, it opens and asks many.

``python -m tests.load.crafted KIND SEED COUNT FOLDER`` prints how many were refused and how many answered; whoever
starts it sees whether it crashed or hung.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import lightgbm
import numpy as np
import pandas as pd
import skops.io
import xgboost
from sklearn.ensemble import GradientBoostingClassifier, HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.tree import DecisionTreeClassifier

from explainkit.errors import ModelError
from explainkit.load.open_model import open_model

COLUMNS = ("a", "b", "c")
Change = Callable[[Any, int], Any]
"""Something by a number and a place, in place."""


def rows(count: int = 200) -> tuple[pd.DataFrame, np.ndarray]:
    """Numbers, with a code among them, and an outcome."""
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"a": rng.normal(size=count), "b": rng.integers(0, 5, count).astype(float)})
    frame["c"] = rng.normal(size=count)
    return frame, ((frame["a"] + (frame["b"] == 2)) > 0.3).to_numpy().astype(int)


def put(values: Any, place: int, value: int) -> None:
    """Another number in a list or an array, as far as it can hold it."""
    at = place % len(values)
    if isinstance(values, np.ndarray) and values.dtype.kind in "ui":
        limits = np.iinfo(values.dtype)
        value = min(max(value, int(limits.min)), int(limits.max))
    values[at] = value


def of_sklearn(model: Any, trees: Callable[[Any], list[Any]], fields: tuple[str, ...]) -> Callable[..., None]:
    """A skops file in which one field of one node of one tree is another."""

    def write(path: Path, field: int, place: int, value: int) -> None:
        frame, outcome = rows()
        fitted = model().fit(frame, outcome)
        tree = trees(fitted)[place % len(trees(fitted))]
        if hasattr(tree, "nodes"):
            put(tree.nodes[fields[field % len(fields)]], place, value)
        else:
            state = tree.__getstate__()
            put(state["nodes"][fields[field % len(fields)]], place, value)
            tree.__setstate__(state)
        skops.io.dump(fitted, path)

    return write


def of_xgboost(path: Path, field: int, place: int, value: int) -> None:
    """XGBoost's JSON in which one field of one node is another."""
    frame, outcome = rows()
    frame["b"] = frame["b"].astype(int).astype("category")
    data = xgboost.DMatrix(frame, outcome, enable_categorical=True)
    booster = xgboost.train({"objective": "binary:logistic", "max_depth": 3, "max_cat_to_onehot": 1}, data, 2)
    document = json.loads(bytes(booster.save_raw("json")))
    model = document["learner"]["gradient_booster"]["model"]
    tree = model["trees"][place % 2]
    lists = [tree[name] for name in sorted(tree) if isinstance(tree[name], list) and tree[name] and name not in FREE]
    lists += [model["tree_info"], model["iteration_indptr"]]
    put(lists[field % len(lists)], place, value)
    path.write_text(json.dumps(document))


FREE = ("base_weights", "default_left", "loss_changes", "sum_hessian", "split_conditions", "parents", "id")
"""Lists of a tree that lead nowhere."""


def of_lightgbm(path: Path, field: int, place: int, value: int) -> None:
    """LightGBM's text in which one number of one tree is another, with the sizes that it announces mended."""
    frame, outcome = rows()
    data = lightgbm.Dataset(frame, outcome, categorical_feature=["b"])
    settings = {"objective": "binary", "num_leaves": 7, "verbose": -1, "min_data_per_group": 5, "cat_smooth": 1}
    text = lightgbm.train(settings, data, 2).model_to_string()
    names = ("left_child", "right_child", "split_feature", "cat_boundaries", "threshold", "num_leaves", "num_cat")
    path.write_text(changed(text, names[field % len(names)], place, value))


def changed(text: str, name: str, place: int, value: float) -> str:
    """LightGBM's text with one number of one tree otherwise, and sizes to match."""

    def other(found: re.Match[str]) -> str:
        values = found[2].split()
        values[place % len(values)] = str(value)
        return found[1] + " ".join(values)

    head, *trees = re.split(r"(?m)^(?=Tree=)", text)
    at = place % len(trees)
    trees[at] = re.sub(rf"(?m)^({name}=)(.*)$", other, trees[at], count=1)
    trees[-1], end, rest = trees[-1].partition("end of trees")
    sizes = " ".join(str(len(tree.encode())) for tree in trees)
    return re.sub(r"(?m)^tree_sizes=.*$", f"tree_sizes={sizes}", head) + "".join(trees) + end + rest


_OF_TREE = ("left_child", "right_child", "feature")
KINDS: dict[str, tuple[str, Callable[..., None]]] = {
    "tree": (
        "skops",
        of_sklearn(lambda: DecisionTreeClassifier(max_depth=3, random_state=0), lambda m: [m.tree_], _OF_TREE),
    ),
    "forest": (
        "skops",
        of_sklearn(
            lambda: RandomForestClassifier(3, max_depth=3, random_state=0),
            lambda m: [e.tree_ for e in m.estimators_],
            _OF_TREE,
        ),
    ),
    "boosting": (
        "skops",
        of_sklearn(
            lambda: GradientBoostingClassifier(n_estimators=3, random_state=0),
            lambda m: [e.tree_ for e in m.estimators_.ravel()],
            _OF_TREE,
        ),
    ),
    "histogram boosting": (
        "skops",
        of_sklearn(
            lambda: HistGradientBoostingClassifier(max_iter=3, random_state=0),
            lambda m: [p for stage in m._predictors for p in stage],
            ("left", "right", "feature_idx", "is_leaf", "is_categorical", "bitset_idx"),
        ),
    ),
    "xgboost": ("json", of_xgboost),
    "lightgbm": ("txt", of_lightgbm),
}
"""Kind of file and who writes it, by name."""

VALUES = (0, 1, 2, 3, -1, -2, -3, -8, 5, 7, 17, 1000, 10**7, 2**31 - 1, -(2**31))


def asked(path: Path, kind: str) -> bool:
    """Open a file and have it predict; whether it answered."""
    frame, _ = rows()
    if kind == "xgboost":
        frame["b"] = frame["b"].astype(int).astype("category")
    try:
        model = open_model(path)
        model.predict(model.adapt(frame)[0])
    except ModelError:
        return False
    return True


def main(kind: str, seed: int, count: int, folder: Path) -> None:
    """Write, open and ask many files."""
    rng = np.random.default_rng(seed)
    extension, write = KINDS[kind]
    answered = 0
    for _ in range(count):
        path = folder / f"model.{extension}"
        write(path, int(rng.integers(1000)), int(rng.integers(1000)), int(rng.choice(VALUES)))
        answered += asked(path, kind)
    print(json.dumps({"answered": answered, "refused": count - answered}))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), Path(sys.argv[4]))
