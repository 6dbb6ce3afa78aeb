"""SHAP values of linear models in closed form."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from explainkit.explain.inside import Inside, coefficients, dense

FloatArray = npt.NDArray[np.float64]
_BATCH = 65_536


@dataclass(frozen=True, slots=True, kw_only=True)
class LinearValues:
    """Exact interventional SHAP values of a linear model: coefficient × (value − mean of the background).

    The sums over the columns that encode one raw column are the Shapley values of the raw columns, because a linear
    model is a sum of functions of one raw column each.

    References
    ----------
    Lundberg and Lee, "A unified approach to interpreting model predictions", NeurIPS 2017, corollary 1.
    """

    inside: Inside
    weights: FloatArray
    """Coefficients, shape (k, n_engineered)."""
    mean: FloatArray
    """Mean of the background, shape (n_engineered,)."""
    base: FloatArray
    """Margin of the mean of the background, shape (k,)."""

    @classmethod
    def fit(cls, inside: Inside, background: pd.DataFrame) -> LinearValues:
        """Take the mean of a background, rows as `Model.adapt` gives them."""
        weights, intercept = coefficients(inside.estimator)
        total = np.zeros(weights.shape[1])
        for start in range(0, len(background), _BATCH):
            total += dense(inside.prepare(background.iloc[start : start + _BATCH])).sum(axis=0)
        mean = total / len(background)
        # Products one by one: a matrix product may add in another order on another machine.
        return cls(inside=inside, weights=weights, mean=mean, base=intercept + (weights * mean).sum(axis=1))

    def values(self, prepared: Any) -> FloatArray:
        """Contributions of engineered columns in the space of the margin, shape (n_rows, n_engineered, k)."""
        centred = dense(prepared) - self.mean
        found: FloatArray = centred[:, :, None] * self.weights.T[None, :, :]
        return found
