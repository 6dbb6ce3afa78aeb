"""Turn tree models of four libraries and of ONNX into one form, and rows into the matrix that their trees compare."""

from __future__ import annotations

from importlib import import_module
from typing import Any, Protocol, cast

import numpy as np
import numpy.typing as npt

from explainkit.explain.tree.ensemble import Ensemble
from explainkit.explain.tree.readers.refusal import Unreadable

FloatArray = npt.NDArray[np.float64]

__all__ = ["Unreadable", "matrix", "read"]


class _Reader(Protocol):
    """What each module of this package offers."""

    def read(self, estimator: Any, /) -> Ensemble: ...

    def matrix(self, estimator: Any, data: Any, /, wrapper: Any = None) -> FloatArray: ...


def read(family: str, estimator: Any) -> Ensemble:
    """Read the trees of a fitted model.

    Parameters
    ----------
    family : {"scikit-learn", "lightgbm", "xgboost", "catboost", "onnx"}
        Library of the model.
    estimator : object
        The booster of LightGBM and XGBoost, the operator of an ONNX graph, else the model itself.

    Returns
    -------
    Ensemble
        Its sum is what the model adds up: probabilities of forests, the margin of boosting, or the prediction.

    Raises
    ------
    Unreadable
        If the trees cannot be read exactly; its `reason` says why.
    """
    return _reader(family, estimator).read(estimator)


def matrix(family: str, estimator: Any, data: Any, wrapper: Any = None) -> FloatArray:
    """Rows as the model's own library compares them with the thresholds of its trees.

    Parameters
    ----------
    family, estimator
        As for `read`.
    data : frame, array or sparse matrix, shape (n_rows, n_columns)
        What its ``predict`` takes.
    wrapper : object, optional
        The estimator around a booster, which may say what stands for a missing value.

    Returns
    -------
    ndarray, shape (n_rows, `Ensemble.columns`)
        In C order; NaN where a value is missing, codes where it is a category.

    Raises
    ------
    ValueError or DataError
        If the library would refuse the rows.
    """
    return np.ascontiguousarray(_reader(family, estimator).matrix(estimator, data, wrapper))


def _reader(family: str, estimator: Any) -> _Reader:
    """The module that knows the family; its library is imported by its functions only."""
    name = {"scikit-learn": "sklearn"}.get(family, family)
    if name == "sklearn" and hasattr(estimator, "_predictors"):
        name = "hist"
    return cast(_Reader, import_module(f"{__name__}.{name}"))
