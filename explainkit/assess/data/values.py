"""One column in a form to count with: numbers, or small integers for its distinct values; nothing a row in Python."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pandas as pd

from explainkit.decision import label_name
from explainkit.evidence import ColumnKind
from explainkit.load.columns import kind_of

Floats = npt.NDArray[np.float64]
Codes = npt.NDArray[np.int64]

ORDERED = ("number", "integer", "date")
"""Kinds of columns whose values have an order."""


@dataclass(frozen=True, kw_only=True)
class Values:
    """One column of one data set."""

    kind: ColumnKind
    numbers: Floats | None
    """Of a column with an order, NaN where missing, shape (n_rows,); else None."""
    codes: Codes | None
    """Of any other column the distinct value of each row, −1 where missing, shape (n_rows,)."""
    levels: pd.Index | None
    """The distinct values that `codes` number."""

    @property
    def missing(self) -> npt.NDArray[np.bool_]:
        """Rows without a value, shape (n_rows,)."""
        return np.isnan(self.numbers) if self.numbers is not None else np.asarray(self.codes) < 0

    @property
    def distinct(self) -> int:
        """How many distinct values there are."""
        if self.levels is not None:
            return len(self.levels)
        return int(pd.Series(self.numbers).nunique())

    @cached_property
    def _order(self) -> npt.NDArray[np.intp]:
        assert self.numbers is not None
        # Stable, so that what is made of equal numbers does not depend on the kind of CPU.
        return np.argsort(self.numbers, kind="stable")[: len(self.numbers) - int(np.isnan(self.numbers).sum())]

    def ascending(self, chosen: npt.NDArray[np.bool_]) -> npt.NDArray[np.intp]:
        """Places of those of the chosen rows that have a number, in ascending order; sorted once for all who ask."""
        return self._order if chosen.all() else self._order[chosen[self._order]]

    @property
    def counts(self) -> Codes:
        """Rows of each of `levels`."""
        assert self.codes is not None
        assert self.levels is not None
        return np.bincount(self.codes + 1, minlength=len(self.levels) + 1)[1:]

    def name(self, level: int) -> str:
        """One of `levels` as it is printed."""
        assert self.levels is not None
        return label_name(self.levels[level])


def values_of(column: pd.Series) -> Values:
    """A column as numbers or as codes.

    Parameters
    ----------
    column : pandas.Series
        Of any type. Dates become days since 1970; whole numbers beyond 2⁵³ lose their last digits.
    """
    kind = kind_of(column)
    if kind in ORDERED:
        return Values(kind=kind, numbers=numbers_of(column, kind), codes=None, levels=None)
    codes, levels = pd.factorize(column)
    return Values(kind=kind, numbers=None, codes=codes.astype(np.int64), levels=pd.Index(levels))


def numbers_of(column: pd.Series, kind: ColumnKind) -> Floats:
    """A column with an order as numbers, NaN where missing."""
    if kind != "date":
        return column.to_numpy(dtype=np.float64, na_value=np.nan)
    unit = np.timedelta64(1, "D")
    origin = column if pd.api.types.is_timedelta64_dtype(column) else column - _origin(column)
    days: Floats = np.asarray(origin.to_numpy() / unit, dtype=np.float64)
    return days


def _origin(column: pd.Series) -> pd.Timestamp:
    return pd.Timestamp(0, tz=getattr(column.dtype, "tz", None))
