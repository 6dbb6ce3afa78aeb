"""SHAP interaction values of raw columns, for trees that fit tables."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from explainkit.explain.attribution import matrix
from explainkit.explain.strategy import Strategy
from explainkit.explain.target import Target
from explainkit.explain.tree.explainer import TreeExplainer
from explainkit.load.subject import Model

FloatArray = npt.NDArray[np.float64]

_CELLS = 20_000_000  # rows × pairs × outputs
_COLUMNS = 100


def interaction_values(strategy: Strategy, model: Model, rows: pd.DataFrame, target: Target) -> FloatArray | None:
    """Path-dependent interaction values, in the space of the explanation.

    Parameters
    ----------
    strategy : Strategy
        How the model is explained.
    model : Model
        The model behind its door.
    rows : pandas.DataFrame, shape (n_rows, n_features)
        Rows to explain.
    target : Target
        What is explained.

    Returns
    -------
    ndarray, shape (n_rows, n_features, n_features, n_outputs), or None
        None where the model has no trees that were read, or trees too deep for tables, or too many columns, or where
        values are rescaled.
    """
    inside = strategy.inside
    if inside is None or inside.ensemble is None or strategy.rescaled:
        return None
    ensemble = inside.ensemble
    if strategy.space == "probability" and target.task == "binary":
        ensemble = ensemble.outputs_of([target.index])
    if inside.players > _COLUMNS or len(rows) * inside.players**2 * ensemble.outputs > _CELLS:
        return None
    explainer = TreeExplainer(ensemble, np.array(inside.sources, dtype=np.int64), inside.players, rows=len(rows))
    if explainer.deep:
        return None
    found = explainer.interactions(matrix(inside, ensemble, model.adapt(rows)[0]))
    return target.signed(found) if strategy.space == "margin" else found
