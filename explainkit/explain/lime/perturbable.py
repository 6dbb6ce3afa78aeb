"""Rows as the matrix of numbers that LIME perturbs, and back to rows that the model takes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from explainkit.evidence import LedgerEntry
from explainkit.explain.codes import encode, number, stack
from explainkit.load.columns import kind_of

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.intp]
_NUMBERS = ("number", "integer")
_LARGEST = 1e150  # the square of a larger number may overflow; such numbers stand for something else


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
    """For each column of codes its distinct values; for each column of numbers an empty one of its type."""
    notes: tuple[LedgerEntry, ...]
    """What was imputed or held fixed."""

    @property
    def whole(self) -> tuple[int, ...]:
        """Columns of the matrix that hold whole numbers."""
        numbers = sorted(set(range(len(self.names))) - set(self.categorical))
        return tuple(i for i in numbers if pd.api.types.is_integer_dtype(self.values[self.names[i]].dtype))

    def held(self) -> tuple[IntArray, IntArray]:
        """Groups of rows to explain that share the values of all columns that are not perturbed.

        Returns
        -------
        ndarray of int, shape (n_rows,)
            Group of each row.
        ndarray of int, shape (n_groups,)
            The first row of each group.
        """
        if self.fixed.shape[1] == 0:
            return np.zeros(len(self.rows), dtype=np.intp), np.zeros(min(1, len(self.rows)), dtype=np.intp)
        _, codes = encode(self.fixed)
        _, first, group = np.unique(codes, axis=0, return_index=True, return_inverse=True)
        return group.reshape(-1), first

    def decode(self, matrix: FloatArray, which: IntArray) -> pd.DataFrame:
        """Perturbed rows with the values and types that the model knows.

        Parameters
        ----------
        matrix : ndarray, shape (n_samples, n_columns)
            Numbers and codes; those of `whole` columns are whole.
        which : ndarray of int, shape (n_samples,)
            Which of `rows` each was made from; its fixed columns are repeated.
        """
        if self._plain():
            return self._matrix(matrix, which)
        columns: dict[str, Any] = {}
        categorical = set(self.categorical)
        for i, name in enumerate(self.names):
            values = self.values[name]
            if i in categorical:
                columns[name] = values.take(matrix[:, i].astype(np.intp))
            else:
                columns[name] = _typed(matrix[:, i], values.dtype)
        for name in self.fixed.columns:
            columns[name] = self.fixed[name].array.take(which)
        # Without the stated type pandas would infer one, and turn objects into texts.
        return pd.DataFrame({name: pd.Series(columns[name], dtype=columns[name].dtype) for name in self.order})

    def _plain(self) -> bool:
        """Whether every column is a double."""
        perturbed = not self.categorical and all(self.values[name].dtype == np.float64 for name in self.names)
        return perturbed and bool((self.fixed.dtypes == np.float64).all())

    def _matrix(self, matrix: FloatArray, which: IntArray) -> pd.DataFrame:
        """Doubles in one block, which a model of doubles reads without another copy."""
        rows = np.empty((len(matrix), len(self.order)))
        places = {name: i for i, name in enumerate(self.order)}
        rows[:, [places[name] for name in self.names]] = matrix
        if self.fixed.shape[1]:
            rows[:, [places[name] for name in self.fixed.columns]] = self.fixed.to_numpy()[which]
        return pd.DataFrame(rows, columns=list(self.order), copy=False)


def _typed(numbers: FloatArray, dtype: Any) -> Any:
    """Numbers in the type of their column; whole ones stay within its range."""
    if dtype == np.float64:
        return numbers
    if pd.api.types.is_integer_dtype(dtype):
        info = np.iinfo(getattr(dtype, "numpy_dtype", dtype))
        if info.max > 2**53:  # the largest number of the type is rounded up to one beyond it
            numbers = np.minimum(numbers, np.nextafter(float(info.max), 0.0))
        return pd.array(numbers.astype(info.dtype), dtype=dtype)
    return pd.Series(numbers).astype(dtype).array


def perturbable(reference: pd.DataFrame, rows: pd.DataFrame) -> Perturbable:
    """Turn a reference set and rows to explain into numbers.

    Texts, categories and booleans become codes. Numbers stay; missing, infinite and senselessly large ones become
    the median of the reference set, rounded in a column of whole numbers. Dates, and numbers without any value in the
    reference set, are held at the row's own value.

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
            values[name] = column.iloc[:0]
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
    gaps = ~(np.abs(numbers) < _LARGEST)
    known = numbers[rows:][~gaps[rows:]]
    if len(known) == 0:
        return None, _held(name, "the reference rows have no value")
    if not gaps.any():
        return numbers, None
    median = np.median(known)
    numbers[gaps] = np.rint(median) if pd.api.types.is_integer_dtype(column.dtype) else median
    return numbers, LedgerEntry(
        kind="imputed",
        what=f"column {name} (LIME)",
        reason="missing, infinite or beyond 1e150 → the median of the reference rows, for the perturbation only",
        count=int(gaps.sum()),
    )


def _held(name: str, reason: str) -> LedgerEntry:
    return LedgerEntry(
        kind="dropped", what=f"column {name} (LIME)", reason=f"held at the row's own value, without a weight: {reason}"
    )
