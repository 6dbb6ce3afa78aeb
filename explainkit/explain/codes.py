"""Rows of any kind of values as small whole numbers and back, without changing a value or a type."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeBook:
    """Every distinct value of every column, by number.

    shap and lime take matrices of numbers. Texts, categories, booleans, dates and missing values therefore go to them
    as numbers, and come back as the very values and types that the model knows.
    """

    names: tuple[str, ...]
    values: tuple[Any, ...]
    """For each column its distinct values, in the column's own array type."""

    def decode(self, codes: npt.NDArray[Any]) -> pd.DataFrame:
        """Rows with their own values again.

        Parameters
        ----------
        codes : ndarray, shape (n_rows, n_columns)
            Codes of this book, as integers or as floats.
        """
        whole = codes.astype(np.intp)
        columns = zip(self.names, self.values, strict=True)
        # Without the stated type pandas would infer one, and turn objects into texts.
        return pd.DataFrame(
            {name: pd.Series(v.take(whole[:, i]), dtype=v.dtype) for i, (name, v) in enumerate(columns)}
        )


def encode(rows: pd.DataFrame) -> tuple[CodeBook, npt.NDArray[np.intp]]:
    """Number the distinct values of every column, in the order of their first appearance.

    Parameters
    ----------
    rows : pandas.DataFrame
        Any types of columns; missing values are values.

    Returns
    -------
    CodeBook
        For the way back.
    ndarray of int, shape (n_rows, n_columns)
        The codes.
    """
    codes = np.empty(rows.shape, dtype=np.intp)
    values = []
    for i in range(rows.shape[1]):
        codes[:, i], distinct = number(rows.iloc[:, i])
        values.append(distinct)
    return CodeBook(names=tuple(map(str, rows.columns)), values=tuple(values)), codes


def number(column: pd.Series) -> tuple[npt.NDArray[np.intp], Any]:
    """Codes of the values of one column, and its distinct values in the order of their codes."""
    array = column.array
    if column.dtype == object:
        # Equal is not the same: True equals 1, and None, NaN and NaT are all missing but differ for an encoder.
        seen: dict[tuple[str, Any], int] = {}
        first, codes = [], np.empty(len(array), dtype=np.intp)
        for row, value in enumerate(array):
            missing = isinstance(value, float) and value != value
            key = (type(value).__name__, None if missing else value)
            if key not in seen:
                seen[key] = len(seen)
                first.append(row)
            codes[row] = seen[key]
        return codes, array.take(np.array(first, dtype=np.intp))
    # By its bits a floating point number keeps the sign of its zero.
    bits = column.to_numpy().view(f"u{column.dtype.itemsize}") if column.dtype in ("f8", "f4", "f2") else array
    codes, _ = pd.factorize(bits, use_na_sentinel=False)
    codes = codes.astype(np.intp, copy=False)
    _, first_rows = np.unique(codes, return_index=True)
    return codes, array.take(first_rows)


def stack(first: pd.DataFrame, second: pd.DataFrame) -> pd.DataFrame:
    """Rows of two frames of the same columns one after the other, in the types of the first where that loses nothing.

    The same column may be whole numbers in one file and, for one missing value, floating point in the other, or
    categories listed in another order.
    """
    columns = {}
    for name in first.columns:
        one, two = first[name].array, second[name].array
        if two.dtype != one.dtype:
            two = _as_type(two, one)
        columns[str(name)] = pd.concat(
            [pd.Series(one, dtype=one.dtype), pd.Series(two, dtype=two.dtype)], ignore_index=True
        )
    return pd.DataFrame(columns)


def _as_type(values: Any, like: Any) -> Any:
    try:
        if isinstance(like.dtype, pd.CategoricalDtype):
            cast: Any = pd.Categorical.from_codes(like.categories.get_indexer(pd.Index(values)), dtype=like.dtype)
        else:
            cast = values.astype(like.dtype)
    except (TypeError, ValueError):
        return values
    lost = pd.isna(cast) != pd.isna(values)
    same = pd.isna(values) | (np.asarray(cast, dtype=object) == np.asarray(values, dtype=object))
    return cast if same.all() and not lost.any() else values
