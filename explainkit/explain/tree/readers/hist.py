"""Read scikit-learn's histogram gradient boosting."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from explainkit.explain.tree.ensemble import Ensemble
from explainkit.explain.tree.readers.assemble import Tree, assemble, members

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]


def read(estimator: Any) -> Ensemble:
    """Read a fitted ``HistGradientBoosting`` classifier or regressor.

    Parameters
    ----------
    estimator : estimator
        Of scikit-learn.

    Returns
    -------
    Ensemble
        Its sum is the raw score: ``decision_function``, or the prediction before the inverse of the loss's link. One
        output for a regression and for two classes, else one a class. Columns are those of the input.
    """
    columns = _input_columns(estimator)
    trees = [
        _tree(predictor, columns, output)
        for iteration in estimator._predictors
        for output, predictor in enumerate(iteration)
    ]
    base = np.asarray(estimator._baseline_prediction, dtype=np.float64).reshape(-1)
    outputs = int(estimator.n_trees_per_iteration_)
    return assemble(trees, base=base, outputs=outputs, columns=int(estimator.n_features_in_), float32=False)


def matrix(estimator: Any, data: Any, wrapper: Any = None) -> FloatArray:
    """Rows as the trees compare them: categories as codes, in the order of the input's columns.

    Parameters
    ----------
    estimator : estimator
        As for `read`.
    data : frame or array, shape (n_rows, n_columns)
        What it takes.
    wrapper : object, optional
        Not looked at.

    Returns
    -------
    ndarray, shape (n_rows, n_columns)
        NaN where a value is missing, or a category that the training did not have.
    """
    seen = np.asarray(estimator._preprocess_X(data, reset=False), dtype=np.float64)
    rows = np.empty(seen.shape)
    rows[:, _input_columns(estimator)] = seen
    return rows


def _input_columns(estimator: Any) -> IntArray:
    """Column of the input behind each column that the trees see: categories come first there."""
    categorical = estimator.is_categorical_
    if categorical is None:
        return np.arange(estimator.n_features_in_)
    return np.concatenate([np.flatnonzero(categorical), np.flatnonzero(~categorical)])


def _tree(predictor: Any, columns: IntArray, output: int) -> Tree:
    nodes = predictor.nodes
    leaf = nodes["is_leaf"].astype(np.bool_)
    categorical = nodes["is_categorical"].astype(np.bool_) & ~leaf
    return Tree(
        left=np.where(leaf, -1, nodes["left"].astype(np.int64)),
        right=np.where(leaf, -1, nodes["right"].astype(np.int64)),
        column=columns[np.where(leaf, 0, nodes["feature_idx"])],
        threshold=nodes["num_threshold"],
        value=nodes["value"],
        cover=nodes["count"],
        default_left=nodes["missing_go_to_left"].astype(np.bool_),
        output=output,
        categories=np.where(categorical, nodes["bitset_idx"].astype(np.int64), -1),
        sets=tuple(members(words) for words in predictor.raw_left_cat_bitsets),
    )
