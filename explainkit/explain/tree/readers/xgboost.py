"""Read XGBoost's trees from its own binary format, and rows as its matrix holds them."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from explainkit.errors import DataError
from explainkit.explain.margins import iterations
from explainkit.explain.tree.ensemble import Ensemble
from explainkit.explain.tree.readers.assemble import Tree, assemble
from explainkit.explain.tree.readers.refusal import Unreadable
from explainkit.load.models.ubj import decode

FloatArray = npt.NDArray[np.float64]

_MOST = 2**24
"""XGBoost takes a category from here on for none that a set could hold."""

# How an objective turns the base score of the file into a margin.
_LOGISTIC = ("binary:logistic", "reg:logistic")
_LOG = ("count:poisson", "reg:gamma", "reg:tweedie", "survival:cox", "survival:aft")
_IDENTITY = (
    *("reg:squarederror", "reg:squaredlogerror", "reg:pseudohubererror", "reg:absoluteerror", "reg:quantileerror"),
    *("multi:softprob", "multi:softmax", "binary:logitraw", "binary:hinge"),
    *("rank:ndcg", "rank:map", "rank:pairwise"),
)


def read(booster: Any) -> Ensemble:
    """Read a booster: its trees up to the best iteration, where training stopped early.

    Parameters
    ----------
    booster : xgboost.Booster
        Trained with ``gbtree`` or ``dart``.

    Returns
    -------
    Ensemble
        Its sum is the margin; one output, or one a class (or quantile).

    Raises
    ------
    Unreadable
        If it is linear, its leaves hold a vector, or its objective has a link that is not known here.
    """
    learner = decode(bytes(booster.save_raw("ubj")))["learner"]
    boosting = learner["gradient_booster"]
    if boosting["name"] == "gblinear":
        raise Unreadable("XGBoost's linear booster has no trees")
    model = boosting["gbtree"]["model"] if boosting["name"] == "dart" else boosting["model"]
    # What dropout left of each tree: XGBoost 3.4 keeps it with the trees, earlier ones beside them.
    dropped = boosting.get("weight_drop", model.get("weight_drop", ()))
    shares = np.ones(len(model["trees"]))
    shares[: len(dropped)] = dropped
    parameters = learner["learner_model_param"]
    outputs = max(1, int(parameters["num_class"]), int(parameters["num_target"]))
    return assemble(
        [
            _tree(model["trees"][i], output=int(model["tree_info"][i]), share=shares[i])
            for i in range(_used(booster, model))
        ],
        base=_base(parameters["base_score"], learner["objective"]["name"]),
        outputs=outputs,
        columns=int(parameters["num_feature"]),
        float32=True,
    )


def matrix(booster: Any, data: Any, wrapper: Any = None) -> FloatArray:
    """Rows as XGBoost compares them: rounded to 32 bits, categories as the codes of the training.

    Parameters
    ----------
    booster : xgboost.Booster
        As for `read`.
    data : frame, array or sparse matrix, shape (n_rows, n_columns)
        What it takes. In a sparse matrix what is absent is missing.
    wrapper : XGBModel, optional
        The estimator around it, which may say what stands for a missing value (``missing=``).

    Returns
    -------
    ndarray, shape (n_rows, n_columns)
        NaN where a value is missing, −1 where a category is none (negative, or at least 2²⁴).

    Raises
    ------
    DataError
        If a category is none of the training's.
    """
    import xgboost

    missing = getattr(wrapper, "missing", None)
    plain = None if "c" in (booster.feature_types or ()) else _plain(data)
    if plain is not None:
        if missing is not None and not np.isnan(missing):
            plain[plain == np.float32(missing)] = np.nan
        return plain
    taken = xgboost.DMatrix(
        _recoded(booster, data), enable_categorical=True, missing=np.nan if missing is None else missing
    )
    held = taken.get_data()
    rows = np.full(held.shape, np.nan)
    rows[np.repeat(np.arange(held.shape[0]), np.diff(held.indptr)), held.indices] = held.data
    for position, kind in enumerate(booster.feature_types or ()):
        if kind == "c":
            column = rows[:, position]
            column[(column < 0) | (column >= _MOST)] = -1
    return rows


def _plain(data: Any) -> FloatArray | None:
    """Numbers of a frame or an array, rounded as XGBoost rounds them; None where it takes more than a cast."""
    dtypes = data.dtypes if hasattr(data, "columns") else [getattr(data, "dtype", None)]
    if not all(isinstance(dtype, np.dtype) and dtype.kind in "fiub" for dtype in dtypes) or hasattr(data, "tocsr"):
        return None
    with np.errstate(over="ignore"):  # what is beyond 32 bits is infinite, and refused when predicting
        return np.asarray(data.to_numpy() if hasattr(data, "columns") else data, dtype=np.float32).astype(np.float64)


def _used(booster: Any, model: dict[str, Any]) -> int:
    """Number of trees that predictions use."""
    rounds = iterations(booster)[1]
    return int(model["iteration_indptr"][rounds]) if rounds else len(model["trees"])


def _base(score: str, objective: str) -> FloatArray:
    """Margin that the sum starts from; XGBoost keeps the score, one or several numbers of 32 bits, as text."""
    scores = np.array(score.strip("[]").split(","), dtype=np.float32).astype(np.float64)
    if objective in _LOGISTIC:
        return np.asarray(-np.log(1 / scores - 1))
    if objective in _LOG:
        return np.asarray(np.log(scores))
    if objective in _IDENTITY:
        return scores
    raise Unreadable(f"how its objective {objective} counts the base score is not known")


def _tree(tree: dict[str, Any], *, output: int, share: float) -> Tree:
    if int(tree["tree_param"]["size_leaf_vector"]) > 1:
        raise Unreadable("its leaves hold a value for each of several outputs (XGBoost's multi_output_tree)")
    left, right = (np.asarray(tree[name], dtype=np.int64) for name in ("left_children", "right_children"))
    condition = np.asarray(tree["split_conditions"], dtype=np.float32)
    default_left = np.asarray(tree["default_left"]) != 0
    categories, sets = np.full(len(left), -1), []
    named = np.asarray(tree["categories_nodes"], dtype=np.int64)
    if len(named):
        # XGBoost sends the categories of a set to the right, all others to the left: the sides change places.
        categories[named] = np.arange(len(named))
        begins = np.asarray(tree["categories_segments"], dtype=np.int64)
        ends = begins + np.asarray(tree["categories_sizes"], dtype=np.int64)
        every = np.asarray(tree["categories"], dtype=np.int64)
        sets = [np.sort(every[begin:end]) for begin, end in zip(begins, ends, strict=True)]
        swapped = categories >= 0
        left, right = np.where(swapped, right, left), np.where(swapped, left, right)
        default_left = default_left ^ swapped
    return Tree(
        left=left,
        right=right,
        column=np.asarray(tree["split_indices"], dtype=np.int64),
        threshold=np.nextafter(condition, np.float32(-np.inf)),  # its test is x < condition
        value=condition.astype(np.float64) * share,
        cover=np.asarray(tree["sum_hessian"], dtype=np.float64),
        default_left=default_left,
        output=output,
        categories=categories if len(named) else None,
        sets=tuple(sets),
    )


def _recoded(booster: Any, data: Any) -> Any:
    """A frame whose categorical columns list the categories in the order of the training, where the model keeps it."""
    import pandas as pd

    if not isinstance(data, pd.DataFrame) or "c" not in (booster.feature_types or ()):
        return data
    kept = booster.get_categories(export_to_arrow=True)
    known = dict(kept.to_arrow()) if kept is not None else {}
    rows = data.copy(deep=False)
    for name in data.columns[[isinstance(kind, pd.CategoricalDtype) for kind in data.dtypes]]:
        values = known.get(str(name))
        if values is None:
            continue
        column = data[name].cat.set_categories(values.to_pylist())
        strange = data[name][column.isna() & data[name].notna()]
        if len(strange):
            raise DataError("a category that the model never saw", where=f"column {name}", found=repr(strange.iloc[0]))
        rows[name] = column
    return rows
