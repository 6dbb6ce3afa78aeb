"""Scores of rows: what the model answers, in blocks, or the column that holds them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from explainkit.errors import DataError, PlanError
from explainkit.evidence import LedgerEntry
from explainkit.load.columns import kind_of, require_column
from explainkit.load.steady import one_order
from explainkit.load.subject import Dataset, Model
from explainkit.plan import Plan

FloatArray = npt.NDArray[np.float64]


def scores_of(
    plan: Plan, model: Model | None, evaluation: Dataset, features: tuple[str, ...]
) -> tuple[FloatArray, tuple[LedgerEntry, ...]]:
    """Answers of the model in blocks of rows, or the column of scores; shape (n_rows, k).

    Parameters
    ----------
    plan : Plan
        With ``data.score`` where there is no model.
    model : Model or None
        None for predictions-only.
    evaluation : Dataset
        The rows.
    features : tuple of str
        Inputs of the model.

    Returns
    -------
    ndarray, tuple of LedgerEntry
        And what columns had to be cast to.

    Raises
    ------
    PlanError, DataError, ModelError
        If there is neither a model nor scores, or they cannot be used.
    """
    if model is None:
        return _given_scores(plan, evaluation.frame), ()
    blocks, casts = [], dict[tuple[str, str, str], int | None]()
    with one_order():
        for batch in evaluation.batches(features):
            adapted, entries = model.adapt(batch)
            for e in entries:
                key = (e.kind, e.what, e.reason)
                casts[key] = (casts.get(key) or 0) + e.count if e.count is not None else None
            blocks.append(model.predict(adapted))
    ledger = tuple(
        LedgerEntry(kind=kind, what=what, reason=reason, count=count)  # type: ignore[arg-type]
        for (kind, what, reason), count in casts.items()
    )
    return np.concatenate(blocks), getattr(model, "ledger", ()) + ledger


def _given_scores(plan: Plan, frame: pd.DataFrame) -> FloatArray:
    if plan.data.score is None:
        raise PlanError(
            "neither a model nor scores",
            where="model.path",
            remedy="name a model file, or the column of scores under data.score",
        )
    return column_of_scores(frame, plan.data.score, role="data.score")[:, None]


def column_of_scores(frame: pd.DataFrame, name: str, *, role: str) -> FloatArray:
    """A column of scores, one for each row; shape (n_rows,).

    Parameters
    ----------
    frame : pandas.DataFrame
        The rows.
    name : str
        Of the column.
    role : str
        Key of the plan that names it.

    Raises
    ------
    DataError
        If there is no such column, or it holds no numbers, or some are missing or infinite.
    """
    column = require_column(frame, name, role=role)
    if kind_of(column) not in ("number", "integer", "boolean"):
        raise DataError(
            "scores are numbers", where=f"{role}: column {name}", found=f"a column of kind {kind_of(column)}"
        )
    scores = column.to_numpy(dtype=np.float64, na_value=np.nan)
    bad = ~np.isfinite(scores)
    if bad.any():
        raise DataError(
            "scores are missing or infinite",
            where=f"{role}: column {name}",
            found=f"{int(bad.sum())} of {len(scores)}, the first at position {int(bad.argmax()) + 1}",
            allowed="finite numbers",
        )
    return scores
