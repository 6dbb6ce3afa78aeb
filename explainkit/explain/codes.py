"""Rows of any kind of values as small whole numbers and back, without changing a value or a type."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from explainkit.explain.players import Players


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeBook:
    """Every distinct value of every column, or of columns that belong together, by number.

    Rows are mixed, and given to other libraries, as matrices of numbers. Texts, categories, booleans, dates and missing
    values therefore go there as numbers, and come back as the very values and types that the model knows.
    """

    names: tuple[str, ...]
    values: tuple[Any, ...]
    """For each column its value under each code, in the column's own array type."""
    player: tuple[int, ...]
    """For each column the place of its code in a row of codes; columns of one player share it."""

    def decode(self, codes: npt.NDArray[Any]) -> pd.DataFrame:
        """Rows with their own values again.

        Parameters
        ----------
        codes : ndarray, shape (n_rows, n_players)
            Codes of this book, as integers or as floats.
        """
        whole = codes.astype(np.intp, copy=False)
        columns = zip(self.names, self.values, self.player, strict=True)
        # Without the stated type pandas would infer one, and turn objects into texts.
        return pd.DataFrame({name: pd.Series(v.take(whole[:, p]), dtype=v.dtype) for name, v, p in columns})


def encode(rows: pd.DataFrame, players: Players | None = None) -> tuple[CodeBook, npt.NDArray[np.intp]]:
    """Number the distinct values of every column, in the order of their first appearance.

    Parameters
    ----------
    rows : pandas.DataFrame
        Any types of columns; missing values are values.
    players : Players, optional
        Columns that belong together, whose values have one number for all of them; each for itself where left out.

    Returns
    -------
    CodeBook
        For the way back.
    ndarray of int, shape (n_rows, n_players)
        The codes.
    """
    groups = tuple((i,) for i in range(rows.shape[1])) if players is None else players.columns
    codes = np.empty((len(rows), len(groups)), dtype=np.intp)
    values: dict[int, Any] = {}
    player: dict[int, int] = {}
    for place, members in enumerate(groups):
        numbered = [number(rows.iloc[:, i]) for i in members]
        if len(members) == 1:
            codes[:, place], values[members[0]] = numbered[0]
        else:
            _, first, joint = np.unique(
                np.column_stack([own for own, _ in numbered]), axis=0, return_index=True, return_inverse=True
            )
            codes[:, place] = joint.reshape(-1)
            for i, (own, distinct) in zip(members, numbered, strict=True):
                values[i] = distinct.take(own[first])
        player.update(dict.fromkeys(members, place))
    whole = range(rows.shape[1])
    book = CodeBook(
        names=tuple(map(str, rows.columns)),
        values=tuple(values[i] for i in whole),
        player=tuple(player[i] for i in whole),
    )
    return book, codes


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
