"""The inputs of a model, as the drawn rows and the reference data have them, and how the values of one are changed."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from explainkit.evidence import ColumnKind
from explainkit.explain.codes import stack
from explainkit.explain.properties.known import numbers_like
from explainkit.load.columns import kind_of
from explainkit.robustness.door import FloatArray, IntArray

NUMBERS: tuple[ColumnKind, ...] = ("number", "integer")


@dataclass(frozen=True, slots=True)
class Spread:
    """Finite numbers of the reference data in one column, ascending."""

    sorted: FloatArray

    @property
    def deviation(self) -> float:
        """Their standard deviation; 0 of fewer than two."""
        return float(self.sorted.std(ddof=1)) if len(self.sorted) > 1 else 0.0

    @property
    def varies(self) -> bool:
        """Whether there are two numbers."""
        return len(self.sorted) > 1 and bool(self.sorted[0] < self.sorted[-1])

    def around(self, values: FloatArray, share: float) -> tuple[FloatArray, FloatArray]:
        """Reference values so large a share of ranks below and above each value; the ends where there are fewer."""
        own, reach, top = self._ranks(values), self._reach(share), len(self.sorted) - 1
        low, high = self.sorted[(own - reach).clip(0, top)], self.sorted[(own + reach).clip(0, top)]
        return np.asarray(np.minimum(low, values)), np.asarray(np.maximum(high, values))

    def drawn(self, values: FloatArray, share: float, rng: np.random.Generator) -> FloatArray:
        """A reference value for each value, from within that share of ranks of it."""
        reach = self._reach(share)
        places = self._ranks(values) + rng.integers(-reach, reach + 1, len(values))
        return np.asarray(self.sorted[places.clip(0, len(self.sorted) - 1)])

    def _ranks(self, values: FloatArray) -> IntArray:
        """Rank of each value, the middle one of its equals: so most zeros among many have only zeros around them."""
        first, end = (np.searchsorted(self.sorted, values, side=side) for side in ("left", "right"))
        return np.asarray((first + np.maximum(end - 1, first)) // 2)

    def _reach(self, share: float) -> int:
        return max(1, round(share * len(self.sorted)))


class Columns:
    """The inputs of the drawn rows, and what the reference data says of each.

    Parameters
    ----------
    rows : pandas.DataFrame
        Drawn evaluation rows, inputs of the model only.
    whole : pandas.DataFrame
        All evaluation rows, which say of what kind a column is.
    reference : pandas.DataFrame
        Reference rows of the same columns.
    """

    def __init__(self, rows: pd.DataFrame, whole: pd.DataFrame, reference: pd.DataFrame) -> None:
        self.rows = rows.reset_index(drop=True)
        self.names = tuple(map(str, rows.columns))
        self.kinds = {name: kind_of(whole[name]) for name in self.names}
        self._reference = reference.reset_index(drop=True)
        self._spreads: dict[str, Spread] = {}

    @cached_property
    def _stacked(self) -> pd.DataFrame:
        """Drawn rows, then reference rows, in one type a column."""
        return stack(self.rows, self._reference)

    @property
    def numbers(self) -> tuple[str, ...]:
        """Names of the columns of numbers."""
        return tuple(name for name in self.names if self.kinds[name] in NUMBERS)

    def values(self, name: str) -> FloatArray:
        """Numbers of the drawn rows, NaN where missing."""
        return np.asarray(self.rows[name].to_numpy(dtype=np.float64, na_value=np.nan))

    def spread(self, name: str) -> Spread:
        """Of a column of numbers."""
        if name not in self._spreads:
            column = self._reference[name]
            found = np.zeros(0)
            if kind_of(column) in NUMBERS:
                found = column.to_numpy(dtype=np.float64, na_value=np.nan)
            self._spreads[name] = Spread(np.sort(np.asarray(found[np.isfinite(found)])))
        return self._spreads[name]

    def donors(self, name: str) -> IntArray:
        """Places in `taken` of reference rows that have a value in a column."""
        held = self._stacked[name].notna().to_numpy().copy()
        held[: len(self.rows)] = False
        return np.flatnonzero(held)

    def taken(self, name: str, places: IntArray) -> pd.Series:
        """Values of reference rows, one for each drawn row."""
        column = self._stacked[name]
        return pd.Series(column.array.take(places), dtype=column.dtype)

    def whole(self, name: str, values: FloatArray) -> FloatArray:
        """Numbers, rounded in a column of whole numbers."""
        return np.round(values) if self.kinds[name] == "integer" else values

    def replaced(self, rows: pd.DataFrame, name: str, values: FloatArray) -> pd.DataFrame:
        """Rows with other numbers in one column."""
        return self.put(rows, name, numbers_like(values, self.rows[name]))

    @staticmethod
    def put(rows: pd.DataFrame, name: str, values: Any) -> pd.DataFrame:
        """Rows with other values in one column."""
        changed = rows.copy(deep=False)
        changed[name] = values
        return changed

    def without(self, name: str) -> pd.DataFrame:
        """The drawn rows as they are, then all of them without a value in one column: a column of both, as data is."""
        column = self.rows[name]
        if pd.api.types.is_bool_dtype(column.dtype) and not pd.api.types.is_extension_array_dtype(column.dtype):
            column = column.astype(object)
        elif pd.api.types.is_integer_dtype(column.dtype) and not pd.api.types.is_extension_array_dtype(column.dtype):
            column = column.astype(np.float64)
        nothing = np.full(len(column), -1)
        if column.dtype == object:
            gaps = column[column.isna()]
            none = gaps.iloc[0] if len(gaps) else None
            empty = pd.Series([none] * len(column), dtype=object)
        elif pd.api.types.is_extension_array_dtype(column.dtype):
            empty = pd.Series(column.array.take(nothing, allow_fill=True), dtype=column.dtype)
        else:
            missing = np.datetime64("NaT") if column.dtype.kind == "M" else np.nan
            empty = pd.Series(np.full(len(column), missing), dtype=column.dtype)
        return self._twice(name, pd.concat([column, empty], ignore_index=True))

    def unseen(self, name: str) -> pd.DataFrame:
        """As `without`, with a category that neither data has in the place of none."""
        known = self._stacked[name].dropna().unique()
        column, new = self.rows[name], _new_value(list(known))
        if isinstance(column.dtype, pd.CategoricalDtype):
            new = _new_value(list(column.cat.categories) + list(known))
            column = column.cat.add_categories([new])
            filled = pd.Series([new] * len(column)).astype(column.dtype)
        else:
            filled = pd.Series([new] * len(column), dtype=column.dtype)
        return self._twice(name, pd.concat([column, filled], ignore_index=True))

    def _twice(self, name: str, values: pd.Series) -> pd.DataFrame:
        both = self.rows.iloc[np.tile(np.arange(len(self.rows)), 2)].reset_index(drop=True)
        return self.put(both, name, values)


def _new_value(known: list[Any]) -> Any:
    """A value that is none of those."""
    if known and all(isinstance(v, int | float | np.number) and not isinstance(v, bool) for v in known):
        return type(known[0])(max(known) + 1)
    new = "unseen"
    while new in known:
        new += "?"
    return new
