"""Rows as the matrix of numbers that LIME perturbs, and back to rows that the model takes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from explainkit.evidence import LedgerEntry
from explainkit.explain.codes import number, stack
from explainkit.load.columns import kind_of

FloatArray = npt.NDArray[np.float64]
_NUMBERS = ("number", "integer")


@dataclass(frozen=True, slots=True, kw_only=True)
class Perturbable:
    """A reference set and rows to explain, in numbers."""

    names: tuple[str, ...]
    """Columns that are perturbed, in the order of the matrix."""
    categorical: tuple[int, ...]
    """Columns of the matrix that hold codes."""
    reference: FloatArray
    """Shape (n_reference, n_columns), without missing values."""
    rows: FloatArray
    """Rows to explain, shape (n_rows, n_columns)."""
    fixed: pd.DataFrame
    """Columns that are not perturbed, for the rows to explain."""
    order: tuple[str, ...]
    """All columns in the order of the model."""
    values: dict[str, Any]
    """For each column of codes its distinct values; for each column of numbers an empty array of its type."""
    notes: tuple[LedgerEntry, ...]
    """What was imputed or held fixed."""

    def decode(self, matrix: FloatArray, row: int) -> pd.DataFrame:
        """Perturbed rows with the values and types that the model knows.

        Parameters
        ----------
        matrix : ndarray, shape (n_samples, n_columns)
            As LIME draws it. Numbers of a column of whole numbers are rounded.
        row : int
            Which of `rows` was perturbed; its fixed columns are repeated.
        """
        columns: dict[str, Any] = {}
        for i, name in enumerate(self.names):
            values = self.values[name]
            if i in self.categorical:
                columns[name] = pd.Series(values.take(matrix[:, i].astype(np.intp)), dtype=values.dtype)
            else:
                numbers = np.rint(matrix[:, i]) if pd.api.types.is_integer_dtype(values.dtype) else matrix[:, i]
                columns[name] = pd.Series(numbers).astype(values.dtype)
        repeated = self.fixed.iloc[np.full(len(matrix), row)].reset_index(drop=True)
        return pd.DataFrame({name: columns[name] if name in columns else repeated[name] for name in self.order})


def perturbable(reference: pd.DataFrame, rows: pd.DataFrame) -> Perturbable:
    """Turn a reference set and rows to explain into numbers.

    Texts, categories and booleans become codes. Numbers stay; missing or infinite ones become the median of the
    reference set. Dates, and numbers without any value in the reference set, are held at the row's own value.

    Parameters
    ----------
    reference : pandas.DataFrame, shape (n_reference, n_features)
        Rows whose distribution is sampled.
    rows : pandas.DataFrame, shape (n_rows, n_features)
        Rows to explain.
    """
    both = stack(rows, reference)
    order = tuple(map(str, both.columns))
    columns: list[FloatArray] = []
    names: list[str] = []
    categorical: list[int] = []
    values: dict[str, Any] = {}
    notes: list[LedgerEntry] = []
    for name in order:
        column = both[name]
        kind = kind_of(column)
        numbers, note = _numbers(column, name, len(rows)) if kind in _NUMBERS else (None, None)
        if note is not None:
            notes.append(note)
        if numbers is not None:
            values[name] = column.array[:0]
            columns.append(numbers)
        elif kind in ("date", "empty", *_NUMBERS):
            if kind == "date":
                notes.append(_held(name, "LIME has no way of perturbing a date"))
            continue
        else:
            categorical.append(len(names))
            codes, values[name] = number(column)
            columns.append(codes.astype(np.float64))
        names.append(name)
    matrix = np.column_stack(columns) if columns else np.empty((len(both), 0))
    return Perturbable(
        names=tuple(names),
        categorical=tuple(categorical),
        reference=matrix[len(rows) :],
        rows=matrix[: len(rows)],
        fixed=both.iloc[: len(rows)][[n for n in order if n not in values]],
        order=order,
        values=values,
        notes=tuple(notes),
    )


def _numbers(column: pd.Series, name: str, rows: int) -> tuple[FloatArray | None, LedgerEntry | None]:
    """Numbers without gaps, the explained rows first; None where the reference set has no value."""
    numbers = column.to_numpy(dtype=np.float64, na_value=np.nan).copy()
    gaps = ~np.isfinite(numbers)
    known = numbers[rows:][~gaps[rows:]]
    if len(known) == 0:
        return None, _held(name, "the reference rows have no value")
    if not gaps.any():
        return numbers, None
    numbers[gaps] = np.median(known)
    return numbers, LedgerEntry(
        kind="imputed",
        what=f"column {name} (LIME)",
        reason="missing or infinite → the median of the reference rows, for the perturbation only",
        count=int(gaps.sum()),
    )


def _held(name: str, reason: str) -> LedgerEntry:
    return LedgerEntry(
        kind="dropped", what=f"column {name} (LIME)", reason=f"held at the row's own value, without a weight: {reason}"
    )
