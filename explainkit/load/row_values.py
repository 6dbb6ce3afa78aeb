"""What stands beside each row: its weight, its cluster, what was decided in fact, and what its group may be."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from explainkit.decision import label_name
from explainkit.errors import DataError, PlanError, nearest
from explainkit.load.columns import kind_of, require_column
from explainkit.load.subject import ProxyColumn
from explainkit.plan import DecisionsPlan, ProxyPlan, Task

FloatArray = npt.NDArray[np.float64]
_LARGEST = 1e50
_ROUNDING = 1e-6
"""By which probabilities that were written with few digits may add up to more than one."""


def weights_of(column: pd.Series) -> FloatArray:
    """Weights, shape (n_rows,).

    Raises
    ------
    DataError
        If they are no numbers, missing, negative or infinite, or all zero.
    """
    where = f"weight column {column.name}"
    if kind_of(column) not in ("number", "integer"):
        raise DataError("weights are numbers", where=where, found=f"a column of kind {kind_of(column)}")
    weights = column.to_numpy(dtype=np.float64, na_value=np.nan)
    bad = ~(np.isfinite(weights) & (weights >= 0))
    if bad.any() or not weights.any():
        raise DataError(
            "weights are missing, negative or infinite" if bad.any() else "all weights are zero",
            where=where,
            found=f"{int(bad.sum())} of {len(weights)} rows",
            allowed="finite numbers from 0, not all 0",
        )
    far = (weights > _LARGEST) | ((weights > 0) & (weights < 1 / _LARGEST))
    if far.any():
        raise DataError(
            "weights are too large or too small to be squared",
            where=where,
            found=f"{int(far.sum())} of {len(weights)} rows",
            allowed=f"0, or numbers from {1 / _LARGEST:g} to {_LARGEST:g}",
        )
    return weights


def decisions_of(plan: DecisionsPlan, frame: pd.DataFrame, task: Task) -> FloatArray:
    """Decisions made: 1 favourable, 0 not, NaN missing; shape (n_rows,).

    Raises
    ------
    PlanError
        If the task has none, or the favourable decision does not occur.
    DataError
        If there is no such column, or it has more than two values.
    """
    if task == "regression":
        raise PlanError("not measured for this task", where="decisions", found=task, allowed="binary or multiclass")
    column = require_column(frame, plan.column, role="decisions.column")
    texts = [None if missing else label_name(value) for value, missing in zip(column, column.isna(), strict=True)]
    values = sorted({text for text in texts if text is not None})
    if plan.favourable not in values:
        raise PlanError(
            "no such decision",
            where="decisions.favourable",
            found=repr(plan.favourable),
            allowed=", ".join(map(repr, values[:12])),
            remedy=nearest(plan.favourable, values),
        )
    if len(values) > 2:
        raise DataError(
            "a decision is favourable or not",
            where=f"decisions.column: {plan.column}",
            found=f"{len(values)} values: {', '.join(map(repr, values[:12]))}",
            allowed="two values; missing where nothing was decided",
        )
    return np.array([np.nan if text is None else float(text == plan.favourable) for text in texts])


def clusters_of(column: pd.Series) -> npt.NDArray[np.int64]:
    """Cluster of each row, numbered as they come, shape (n_rows,).

    Raises
    ------
    DataError
        If a row has none, or all have the same.
    """
    codes, names = pd.factorize(column)
    missing = int((codes < 0).sum())
    if missing or len(names) < 2:
        raise DataError(
            "rows without a cluster" if missing else "all rows are of one cluster",
            where=f"cluster column {column.name}",
            found=f"{missing} of {len(codes)} rows" if missing else f"{len(codes)} rows",
            allowed="a value in every row, at least two different ones",
            remedy="give a row that stands alone a value of its own" if missing else "leave data.cluster out",
        )
    return codes.astype(np.int64)


def proxy_of(name: str, plan: ProxyPlan, frame: pd.DataFrame) -> ProxyColumn:
    """An attribute that is known by probabilities.

    Raises
    ------
    DataError
        If a column is missing or no numbers, or numbers are no probabilities or add up to more than one.
    """
    where = f"proxies.{name}"
    chances = np.column_stack([_chances(frame, column, where=where) for column in plan.columns.values()])
    over = np.nansum(chances, axis=1) > 1 + _ROUNDING
    if over.any():
        raise DataError(
            "the probabilities of one row add up to more than one",
            where=where,
            found=f"{int(over.sum())} of {len(over)} rows, the first at position {int(over.argmax()) + 1}",
            allowed="a sum of at most 1; less where there are other groups",
        )
    chances.setflags(write=False)
    return ProxyColumn(
        name=name, levels=tuple(plan.columns), chances=chances, reference=plan.reference, basis=plan.basis
    )


def _chances(frame: pd.DataFrame, name: str, *, where: str) -> FloatArray:
    column = require_column(frame, name, role=f"{where}.columns")
    if kind_of(column) not in ("number", "integer"):
        found = f"a column of kind {kind_of(column)}"
        raise DataError("probabilities are numbers", where=f"column {name}", found=found)
    chances = column.to_numpy(dtype=np.float64, na_value=np.nan)
    bad = ~np.isnan(chances) & ~((chances >= 0) & (chances <= 1))
    if bad.any():
        raise DataError(
            "no probabilities",
            where=f"column {name}",
            found=f"{int(bad.sum())} of {len(bad)} rows, the first at position {int(bad.argmax()) + 1}",
            allowed="numbers from 0 to 1, or missing",
        )
    return chances
