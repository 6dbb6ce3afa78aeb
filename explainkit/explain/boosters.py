"""TreeSHAP as LightGBM, XGBoost and CatBoost compute it themselves.

shap's TreeExplainer calls these very functions for path-dependent values of these libraries. Calling them directly
keeps what it loses: the best iteration of a model that stopped early, categories, the averages of LightGBM's random
forest, and new versions of a library's file format.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from explainkit.explain.elsewhere import Prepared
from explainkit.explain.inside import Inside
from explainkit.explain.margins import averaged_over, catboost_pool, frame_or_dense, iterations, xgboost_matrix

FloatArray = npt.NDArray[np.float64]


def contributions(inside: Inside, matrix: Any) -> tuple[FloatArray, FloatArray]:
    """Path-dependent SHAP values of a booster, by its own library.

    Parameters
    ----------
    inside : Inside
        A LightGBM, XGBoost or CatBoost model.
    matrix : frame, array or sparse matrix, shape (n_rows, n_engineered)
        What its booster takes.

    Returns
    -------
    values : ndarray, shape (n_rows, n_engineered, k)
        In margin space.
    base : ndarray, shape (k,)
        The expected margin.
    """
    if isinstance(matrix, Prepared):
        return matrix.contributions(len(inside.sources))
    table = np.asarray(_LIBRARIES[inside.family](inside, matrix), dtype=np.float64)
    table = table.reshape(table.shape[0], -1, len(inside.sources) + 1)
    return table[:, :, :-1].transpose(0, 2, 1), table[0, :, -1]


def _lightgbm(inside: Inside, matrix: Any) -> Any:
    booster = inside.estimator
    return booster.predict(frame_or_dense(matrix), pred_contrib=True) / averaged_over(booster)


def _xgboost(inside: Inside, matrix: Any) -> Any:
    return inside.estimator.predict(
        xgboost_matrix(inside, matrix),
        pred_contribs=True,
        strict_shape=True,
        iteration_range=iterations(inside.estimator),
    )


def _catboost(inside: Inside, matrix: Any) -> Any:
    return inside.estimator.get_feature_importance(catboost_pool(inside.estimator, matrix), type="ShapValues")


_LIBRARIES = {"lightgbm": _lightgbm, "xgboost": _xgboost, "catboost": _catboost}
