"""SHAP values of linear models in closed form."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from explainkit.explain.inside import Inside, coefficients, dense

FloatArray = npt.NDArray[np.float64]
_BATCH = 65_536


def linear_values(
    inside: Inside, rows: pd.DataFrame, background: pd.DataFrame, *, outputs: int
) -> tuple[FloatArray, FloatArray]:
    """Exact interventional SHAP values of a linear model: coefficient × (value − mean of the background).

    The sums over the columns that encode one raw column are the Shapley values of the raw columns, because a linear
    model is a sum of functions of one raw column each.

    Parameters
    ----------
    inside : Inside
        A linear model.
    rows, background : pandas.DataFrame
        As `Model.adapt` gives them.
    outputs : int
        Number of margins of the model, k.

    Returns
    -------
    values : ndarray, shape (n_rows, n_engineered, k)
        In the space of the margin.
    base : ndarray, shape (k,)
        Margin of the mean of the background.

    References
    ----------
    Lundberg and Lee, "A unified approach to interpreting model predictions", NeurIPS 2017, corollary 1.
    """
    weights, intercept = coefficients(inside.estimator, outputs)
    total = np.zeros(weights.shape[1])
    for start in range(0, len(background), _BATCH):
        total += dense(inside.prepare(background.iloc[start : start + _BATCH])).sum(axis=0)
    mean = total / len(background)
    centred = dense(inside.prepare(rows)) - mean
    # Products one by one: a matrix product may add in another order on another machine.
    return centred[:, :, None] * weights.T[None, :, :], intercept + (weights * mean).sum(axis=1)
