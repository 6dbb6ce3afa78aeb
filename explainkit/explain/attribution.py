"""Shapley values of a model that was opened, on its raw columns: trees, linear, or by the model's own library."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from explainkit.explain.boosters import contributions
from explainkit.explain.inside import Inside
from explainkit.explain.linear import LinearValues
from explainkit.explain.margins import margin
from explainkit.explain.tree import readers
from explainkit.explain.tree.ensemble import Ensemble
from explainkit.explain.tree.explainer import TreeExplainer

FloatArray = npt.NDArray[np.float64]
Kind = Literal["path-dependent", "interventional"]
"""What stands for unknown columns: the training rows that passed each split, or rows of a background."""

_BATCH = 65_536


@dataclass(frozen=True, slots=True, kw_only=True)
class Attribution:
    """Contributions of raw columns."""

    values: FloatArray
    """Shape (n_rows, n_raw, k)."""
    base: FloatArray
    """Shape (k,)."""
    error: FloatArray | None = None
    """Standard error of each value where the background was sampled, shape as `values`."""
    sampled: int | None = None
    """Background rows in that sample."""


Attributor = Callable[[pd.DataFrame], Attribution]
"""Rows as `Model.adapt` gives them → contributions."""


def attributor(inside: Inside, background: pd.DataFrame, *, kind: Kind, rows: int, seed: int) -> Attributor:
    """Prepare to explain rows of a model that was opened.

    Parameters
    ----------
    inside : Inside
        The model.
    background : pandas.DataFrame
        As `Model.adapt` gives it; path-dependent values need none.
    kind : {"path-dependent", "interventional"}
        Of trees; a linear model knows only the second, a model's own library only the first.
    rows : int
        How many rows will be explained in all.
    seed : int
        Of the sample of the background, where deep trees need one.

    Raises
    ------
    ValueError or an error of the model's own library
        If the model does not take the background.
    """
    if inside.kind == "linear":
        linear = LinearValues.fit(inside, background)
        if not np.isfinite(linear.base).all():
            raise ValueError("missing or infinite values in the background of a linear model")
        return lambda frame: Attribution(values=inside.to_raw(linear.values(frame)), base=linear.base)
    if inside.ensemble is None:
        return lambda frame: _by_library(inside, frame)
    ensemble = inside.ensemble
    behind = matrix(inside, ensemble, background) if kind == "interventional" else None
    if behind is not None:
        _try(inside, background, behind)
    players = np.array(inside.sources, dtype=np.int64)
    explainer = TreeExplainer(ensemble, players, inside.raw, behind, rows=rows, seed=seed)
    return lambda frame: _by_trees(inside, ensemble, explainer, frame)


def matrix(inside: Inside, ensemble: Ensemble, rows: pd.DataFrame) -> FloatArray:
    """Rows as the trees compare them, shape (n_rows, n_engineered)."""
    found = np.empty((len(rows), ensemble.columns))
    for start in range(0, len(rows), _BATCH):
        prepared = inside.prepare(rows.iloc[start : start + _BATCH])
        found[start : start + _BATCH] = readers.matrix(inside.family, inside.estimator, prepared, inside.wrapper)
    return found


def _try(inside: Inside, background: pd.DataFrame, behind: FloatArray) -> None:
    """Have the model answer for the first missing and the first infinite value of each column, if it takes them."""
    odd = [strange(behind) for strange in (np.isnan, np.isinf)]
    rows = np.unique(np.concatenate([found.argmax(axis=0)[found.any(axis=0)] for found in odd]))
    if len(rows):
        margin(inside, inside.prepare(background.iloc[rows]))


def _by_trees(inside: Inside, ensemble: Ensemble, explainer: TreeExplainer, rows: pd.DataFrame) -> Attribution:
    found = explainer.values(matrix(inside, ensemble, rows))
    return Attribution(values=found.values, base=found.base, error=found.error, sampled=found.sampled)


def _by_library(inside: Inside, rows: pd.DataFrame) -> Attribution:
    values, base = contributions(inside, inside.prepare(rows))
    return Attribution(values=inside.to_raw(values), base=base)
