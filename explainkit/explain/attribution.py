"""Shapley values of a model that was opened, on its players: trees, linear, or by the model's own library."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from explainkit.explain.boosters import contributions
from explainkit.explain.elsewhere import Prepared
from explainkit.explain.inside import Inside
from explainkit.explain.linear import LinearValues
from explainkit.explain.margins import margin
from explainkit.explain.tree import readers
from explainkit.explain.tree.ensemble import Ensemble
from explainkit.explain.tree.explainer import TreeExplainer

FloatArray = npt.NDArray[np.float64]
Kind = Literal["path-dependent", "interventional"]
"""What stands for unknown columns: the training rows that passed each split, or rows of a background."""

_BATCH = 65_536  # rows whose engineered columns are held at once


@dataclass(frozen=True, slots=True, kw_only=True)
class Attribution:
    """Contributions of players."""

    values: FloatArray
    """Shape (n_rows, n_players, k)."""
    base: FloatArray
    """Shape (k,)."""
    error: FloatArray | None = None
    """Standard error of each value where the background was sampled, shape as `values`."""
    sampled: int | None = None
    """Background rows in that sample."""


Attributor = Callable[[Any, FloatArray | None], Attribution]
"""What `Inside.prepare` gives, and zeros of shape (n_rows, k, n_players) to write into → contributions."""


def _each(key: Hashable, make: Callable[[], Any]) -> Any:
    return make()


def attributor(
    inside: Inside,
    background: pd.DataFrame,
    *,
    kind: Kind,
    rows: int,
    seed: int,
    keep: Callable[[Hashable, Callable[[], Any]], Any] = _each,
) -> Attributor:
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
    keep : callable, optional
        Gives what was made before under a key, for the same background, or makes it.

    Raises
    ------
    ValueError or an error of the model's own library
        If the model does not take the background.
    """
    if inside.kind == "linear":
        linear = LinearValues.fit(inside, background)
        if not np.isfinite(linear.base).all():
            raise ValueError("missing or infinite values in the background of a linear model")
        return lambda prepared, into: _given(inside, linear.values(prepared), linear.base, into)
    if inside.ensemble is None:
        return lambda prepared, into: _given(inside, *contributions(inside, prepared), into)
    ensemble = inside.ensemble
    players = np.array(inside.sources, dtype=np.int64)

    def against() -> TreeExplainer:
        behind = matrix(inside, ensemble, background)
        _try(inside, background, behind)
        return TreeExplainer(ensemble, players, inside.players, behind, rows=rows, seed=seed)

    if kind == "interventional":
        explainer = keep((ensemble, inside.sources, seed), against).of(rows)
    else:
        explainer = TreeExplainer(ensemble, players, inside.players, rows=rows, seed=seed)
    return lambda prepared, into: _by_trees(inside, explainer, prepared, into)


def attributed(
    inside: Inside, explain: Attributor, rows: pd.DataFrame, *, scored: bool = True
) -> tuple[Attribution, FloatArray]:
    """Contributions of many rows, and the model's own scores of them; each row is prepared once.

    Parameters
    ----------
    inside : Inside
        The model.
    explain : Attributor
        As `attributor` gives it.
    rows : pandas.DataFrame
        As `Model.adapt` gives them.
    scored : bool, default True
        Whether the model is asked for its scores; without them there are none in the second array.

    Returns
    -------
    Attribution
        With values of shape (n_rows, n_players, k).
    ndarray, shape (n_rows, k)
        Scores, see `explainkit.explain.margins.margin`.
    """
    scores, errors = list[FloatArray](), list[FloatArray]()
    whole: FloatArray | None = None
    for start in range(0, len(rows), _BATCH):
        prepared = inside.prepare(rows.iloc[start : start + _BATCH])
        if scored:
            scores.append(margin(inside, prepared))
        part = explain(prepared, None if whole is None else whole[start : start + _BATCH])
        if whole is None:
            first = part.values.transpose(0, 2, 1)
            whole = first
            if len(rows) > _BATCH:
                whole = np.zeros((len(rows), *first.shape[1:]))
                whole[:_BATCH] = first
        if part.error is not None:
            errors.append(part.error)
    assert whole is not None
    found = Attribution(
        values=np.ascontiguousarray(whole.transpose(0, 2, 1)),
        base=part.base,
        error=np.concatenate(errors) if errors else None,
        sampled=part.sampled,
    )
    return found, np.concatenate(scores) if scored else np.empty((0, 0))


def matrix(inside: Inside, ensemble: Ensemble, rows: pd.DataFrame) -> FloatArray:
    """Rows as the trees compare them, shape (n_rows, n_engineered)."""
    found = np.empty((len(rows), ensemble.columns))
    for start in range(0, len(rows), _BATCH):
        found[start : start + _BATCH] = _compared(inside, inside.prepare(rows.iloc[start : start + _BATCH]))
    return found


def _compared(inside: Inside, prepared: Any) -> FloatArray:
    if isinstance(prepared, Prepared):
        return prepared.compared(0 if inside.ensemble is None else inside.ensemble.columns)
    return readers.matrix(inside.family, inside.estimator, prepared, inside.wrapper)


def _try(inside: Inside, background: pd.DataFrame, behind: FloatArray) -> None:
    """Have the model answer for the first missing and the first infinite value of each column, if it takes them."""
    odd = [strange(behind) for strange in (np.isnan, np.isinf)]
    rows = np.unique(np.concatenate([found.argmax(axis=0)[found.any(axis=0)] for found in odd]))
    if len(rows):
        margin(inside, inside.prepare(background.iloc[rows]))


def _by_trees(inside: Inside, explainer: TreeExplainer, prepared: Any, into: FloatArray | None) -> Attribution:
    found = explainer.values(_compared(inside, prepared), into)
    return Attribution(values=found.values, base=found.base, error=found.error, sampled=found.sampled)


def _given(inside: Inside, values: FloatArray, base: FloatArray, into: FloatArray | None) -> Attribution:
    """Values of engineered columns, summed over their players."""
    summed = inside.to_players(values)
    if into is not None:
        into[:] = summed.transpose(0, 2, 1)
    return Attribution(values=summed, base=base)
