"""Read LightGBM's trees from its text format, and rows as it compares them."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    import pandas as pd

from explainkit.errors import DataError
from explainkit.explain.tree.ensemble import NAN_GOES, NAN_IS_ZERO, ZERO_GOES, Ensemble
from explainkit.explain.tree.readers.assemble import Tree, assemble, members
from explainkit.explain.tree.readers.refusal import Unreadable

FloatArray = npt.NDArray[np.float64]

_CATEGORICAL, _DEFAULT_LEFT, _MISSING = 1, 2, 2  # bits of a decision type, and the place of its missing type
_MISSING_TYPES = np.array([NAN_IS_ZERO, ZERO_GOES, NAN_GOES])
"""Of the missing types None, Zero and NaN."""
_ZERO = float(np.float32(1e-35))
"""LightGBM takes a value of at most this size for 0."""
_MOST = 2**31
"""From here on a value is no whole number of 32 bits, and no category."""


def read(booster: Any) -> Ensemble:
    """Read a booster: its trees up to the best iteration, where training stopped early.

    Parameters
    ----------
    booster : lightgbm.Booster

    Returns
    -------
    Ensemble
        Its sum is the raw score (a random forest's: the average of the trees); one output, or one a class.

    Raises
    ------
    Unreadable
        If its leaves are linear models.
    """
    header, *blocks = booster.model_to_string().partition("\nend of trees")[0].split("\nTree=")
    facts = _facts(header)
    outputs = int(facts["num_tree_per_iteration"])
    share = outputs / len(blocks) if "\naverage_output\n" in header and blocks else 1.0
    return assemble(
        [_tree(block, output=i % outputs, share=share) for i, block in enumerate(blocks)],
        base=0.0,
        outputs=outputs,
        columns=int(facts["max_feature_idx"]) + 1,
        float32=False,
    )


def matrix(booster: Any, data: Any, wrapper: Any = None) -> FloatArray:
    """Rows as LightGBM compares them: categories as the codes of the training, next to nothing as 0.

    Parameters
    ----------
    booster : lightgbm.Booster
        As for `read`.
    data : frame, array or sparse matrix, shape (n_rows, n_columns)
        What it takes. In a sparse matrix what is absent is 0.
    wrapper : LGBMModel, optional
        Not looked at.

    Returns
    -------
    ndarray, shape (n_rows, n_columns)
        NaN where a value is missing, or where a category is none (negative, or at least 2³¹): both go right.

    Raises
    ------
    DataError
        If the frame has other categorical columns than that of the training.
    """
    rows = _numbers(booster, data)
    rows[np.abs(rows) <= _ZERO] = 0.0
    infos = _facts(booster.model_to_string(num_iteration=1).partition("\nTree=")[0])["feature_infos"].split(" ")
    for position, info in enumerate(infos):
        if info != "none" and not info.startswith("["):  # an interval for numbers, else a list of categories
            column = rows[:, position]
            column[~((column > -1) & (column < _MOST))] = np.nan
    return rows


def _numbers(booster: Any, data: Any) -> FloatArray:
    """A new matrix of doubles, with the roundings of LightGBM's own conversion."""
    import pandas as pd

    if isinstance(data, pd.DataFrame):
        return _coded(data, booster.pandas_categorical or []).to_numpy(dtype=np.float64, na_value=np.nan, copy=True)
    if hasattr(data, "toarray"):
        data = data.toarray()
    data = np.asarray(data)
    if data.dtype not in (np.float32, np.float64):
        data = data.astype(np.float32)  # so does LightGBM with an array of any other type
    return np.array(data, dtype=np.float64, order="C")


def _coded(frame: pd.DataFrame, known: list[list[Any]]) -> pd.DataFrame:
    """The frame with the codes of the training in place of categories; LightGBM tells the columns by their order."""
    import pandas as pd

    names = [name for name, kind in zip(frame.columns, frame.dtypes, strict=True) if hasattr(kind, "categories")]
    if len(names) != len(known):
        raise DataError(
            "other categorical columns than in training",
            where="LightGBM",
            found=f"{len(names)} categorical columns",
            allowed=f"{len(known)}",
        )
    frame = frame.copy(deep=False)
    for name, values in zip(names, known, strict=True):
        codes = frame[name].cat.set_categories(values).cat.codes.to_numpy(dtype=np.float64)
        frame[name] = pd.Series(np.where(codes < 0, np.nan, codes), index=frame.index)
    return frame


def _tree(block: str, *, output: int, share: float) -> Tree:
    facts = _facts(block)
    if facts.get("is_linear", "0") != "0":
        raise Unreadable("its trees have linear leaves (LightGBM's linear_tree)")
    value = _list(facts["leaf_value"]) * share
    leaves = len(value)
    if leaves == 1:
        return _single(value, output)
    inner = leaves - 1
    left, right = (_list(facts[name], np.int64) for name in ("left_child", "right_child"))
    decision = np.concatenate([_list(facts["decision_type"], np.int64), np.zeros(leaves, dtype=np.int64)])
    threshold = np.concatenate([_list(facts["threshold"]), np.zeros(leaves)])
    categorical = (decision & _CATEGORICAL) != 0
    none = np.full(leaves, -1)
    return Tree(
        # A leaf's number stands as its complement; here the leaves follow the inner nodes.
        left=np.concatenate([np.where(left < 0, inner + ~left, left), none]),
        right=np.concatenate([np.where(right < 0, inner + ~right, right), none]),
        column=np.concatenate([_list(facts["split_feature"], np.int64), none]),
        threshold=threshold,
        value=np.concatenate([np.zeros(inner), value]),
        cover=np.concatenate([_list(facts["internal_count"]), _list(facts["leaf_count"])]),
        default_left=((decision & _DEFAULT_LEFT) != 0) & ~categorical,  # a missing category goes right, always
        missing=np.where(categorical, NAN_GOES, _MISSING_TYPES[(decision >> _MISSING) & 3]),
        categories=np.where(categorical, threshold, -1).astype(np.int64),
        sets=_sets(facts),
        output=output,
    )


def _facts(text: str) -> dict[str, str]:
    """The lines of the form ``name=value``."""
    return dict(line.split("=", 1) for line in text.splitlines() if "=" in line)


def _single(value: FloatArray, output: int) -> Tree:
    none = np.full(1, -1)
    return Tree(
        left=none,
        right=none,
        column=none,
        threshold=np.zeros(1),
        value=value,
        cover=np.ones(1),  # LightGBM keeps no count of a tree that never split
        default_left=np.zeros(1, dtype=np.bool_),
        output=output,
    )


def _sets(facts: dict[str, str]) -> tuple[npt.NDArray[np.int64], ...]:
    if facts.get("num_cat", "0") == "0":
        return ()
    bounds, words = _list(facts["cat_boundaries"], np.int64), _list(facts["cat_threshold"], np.int64).astype(np.uint32)
    return tuple(members(words[begin:end]) for begin, end in pairwise(bounds))


def _list(text: str, kind: Any = np.float64) -> Any:
    return np.fromstring(text, dtype=kind, sep=" ")
