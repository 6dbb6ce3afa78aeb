"""The raw columns of a model: rows made of numbers and of values that the data holds, and what values there are."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pandas as pd

from explainkit.decision import label_name
from explainkit.errors import PlanError, nearest
from explainkit.explain.codes import number, stack
from explainkit.explain.task import Task
from explainkit.load.columns import kind_of

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
Ends = tuple[float, float] | tuple[str, ...]

FAR = 1e18
"""Numbers are looked at up to this size."""


class Known:
    """The columns of a model as it knows them: what of them does not depend on the property asked about.

    Parameters
    ----------
    task : Task
        The model and its data.
    """

    def __init__(self, task: Task) -> None:
        own = task.background.rows
        rows = own if own is task.rows else stack(task.rows.reset_index(drop=True), own.reset_index(drop=True))
        self.rows = rows.reset_index(drop=True)
        """Evaluation and reference rows; the values that are no numbers come from here."""
        self.reference = own
        self.task = task
        self.names = tuple(map(str, self.rows.columns))
        self.kinds = tuple(kind_of(self.rows.iloc[:, i]) for i in range(len(self.names)))

    @cached_property
    def typical(self) -> tuple[int, ...]:
        """For each column a row that has its middle (numbers) or most frequent value."""
        return tuple(_typical(self.rows.iloc[:, i], kind) for i, kind in enumerate(self.kinds))

    def frame(self, count: int, numbers: Mapping[int, FloatArray], donors: Mapping[int, IntArray]) -> pd.DataFrame:
        """Rows made of numbers for some columns, of values of the data for some, and of typical values for the rest."""
        columns = {}
        for i, name in enumerate(self.names):
            given = self.rows.iloc[:, i]
            if i in numbers:
                columns[name] = numbers_like(numbers[i], given)
            else:
                at = donors[i] if i in donors else np.full(count, self.typical[i], dtype=np.int64)
                columns[name] = pd.Series(given.array.take(at), dtype=given.dtype)
        return pd.DataFrame(columns)

    def position(self, name: str, where: str) -> int:
        """Place of an input among the columns.

        Raises
        ------
        PlanError
            If the model has no such input.
        """
        if name not in self.names:
            raise PlanError(
                "no such input of the model", where=where, found=repr(name), remedy=nearest(name, self.names)
            )
        return self.names.index(name)


def numbers_like(values: FloatArray, like: pd.Series) -> pd.Series:
    """Numbers in the type of a column, where that loses nothing."""
    whole = pd.api.types.is_integer_dtype(like) and not (values % 1).any()  # NaN is no whole number either
    if pd.api.types.is_extension_array_dtype(like.dtype):
        return pd.Series(pd.array(values, dtype="Float64")).astype(like.dtype if whole else "Float64")
    return pd.Series(values).astype(like.dtype) if whole else pd.Series(values)


def _typical(column: pd.Series, kind: str) -> int:
    if kind in ("number", "integer"):
        values = column.to_numpy(dtype=np.float64, na_value=np.nan)
        order = np.argsort(values, kind="stable")
        return int(order[(np.isfinite(values).sum() - 1) // 2])
    codes, _ = number(column)
    return int((codes == np.bincount(codes).argmax()).argmax())


def range_of(known: Known, column: int, over: str, ends: Ends | None) -> tuple[float, float]:
    """The smallest and the largest number that an input may take.

    Raises
    ------
    PlanError
        If the range stated is one of values.
    """
    name = known.names[column]
    if ends is not None:
        if len(ends) != 2 or isinstance(ends[0], str):
            where, found = f"properties.ranges.{name}", ", ".join(map(repr, ends))
            raise PlanError("the input is a number", where=where, found=found, allowed="[smallest, largest]")
        return float(ends[0]), float(ends[1])
    if over == "all":
        return -FAR, FAR
    values = known.reference[name].to_numpy(dtype=np.float64, na_value=np.nan)
    seen = values[np.isfinite(values)]
    return (-FAR, FAR) if not len(seen) else (float(seen.min()), float(seen.max()))


def values_of(known: Known, column: int, wanted: Ends | None) -> tuple[IntArray, list[str]]:
    """A row for each value of a column that is no number, and the values' names.

    Raises
    ------
    PlanError
        If a value wanted is none of the data.
    """
    given = known.rows.iloc[:, column]
    codes, _ = number(given)
    _, first = np.unique(codes, return_index=True)
    labels = [label_name(given.iloc[i]) for i in first]
    if wanted is None:
        return first.astype(np.int64), labels
    names = [label_name(v) for v in wanted]
    for name in names:
        if name not in labels:
            raise PlanError(
                "no such value in the data",
                where=f"properties: {known.names[column]}",
                found=repr(name),
                remedy=nearest(name, labels),
            )
    at = [labels.index(name) for name in names]
    return first[at].astype(np.int64), names
