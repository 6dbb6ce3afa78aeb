"""How far a row lies from the data, and how far is too far."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from explainkit.explain.decision.setting import BoolArray, FloatArray, IntArray
from explainkit.load.columns import kind_of

RULE = (
    "a changed row is off the data if its distance to the nearest reference row is beyond 95 % of the distances from "
    "reference rows to their own nearest neighbours; distance: the mean over inputs of the difference in rank for "
    "numbers, and of 0 for equal, 1 for different for anything else and for one missing value"
)
_QUANTILE = 0.95
_BLOCK = 128


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """Codes of all columns as numbers whose differences are distances."""

    tables: tuple[FloatArray, ...]
    """For each column the place of each code: for a number its rank from 0 to 1 (NaN missing), else the code."""
    ranked: tuple[bool, ...]
    """Which columns are numbers."""

    @classmethod
    def of(cls, values: tuple[Any, ...], reference: IntArray) -> Scale:
        """Ranks of all values among those of reference rows.

        Parameters
        ----------
        values : tuple of arrays
            Distinct values of each column, by code.
        reference : ndarray of int, shape (n_reference, n_columns)
            Codes of the reference rows.
        """
        tables, ranked = [], []
        for j, distinct in enumerate(values):
            column = pd.Series(distinct, dtype=distinct.dtype)
            ranked.append(kind_of(column) in ("number", "integer"))
            tables.append(_ranks(column, reference[:, j]) if ranked[-1] else np.arange(len(distinct), dtype=np.float64))
        return cls(tables=tuple(tables), ranked=tuple(ranked))

    def places(self, codes: IntArray) -> FloatArray:
        """Places of rows of codes, shape (n_rows, n_columns)."""
        return np.column_stack([table[codes[:, j]] for j, table in enumerate(self.tables)])

    def steps(self, column: int, code: int, codes: IntArray) -> FloatArray:
        """Distance from one code of a column to others: difference in rank, or 0 and 1; shape of `codes`."""
        table = self.tables[column]
        return _step(table[code], table[codes], ranked=self.ranked[column])


def _ranks(column: pd.Series, reference: IntArray) -> FloatArray:
    """Middle rank of each distinct value among the reference rows, 0 to 1; NaN for a missing value."""
    numbers = column.to_numpy(dtype=np.float64, na_value=np.nan)
    known = numbers[reference]
    known = np.sort(known[~np.isnan(known)])
    if len(known) == 0:
        return np.where(np.isnan(numbers), np.nan, 0.5)
    left, right = (np.searchsorted(known, numbers, side=side) for side in ("left", "right"))
    ranks: FloatArray = np.where(np.isnan(numbers), np.nan, (left + right) / (2 * len(known)))
    return ranks


def _step(one: Any, other: FloatArray, *, ranked: bool) -> FloatArray:
    if not ranked:
        different: FloatArray = (one != other).astype(np.float64)
        return different
    difference = np.abs(one - other)
    missing = np.isnan(one) & np.isnan(other)
    found: FloatArray = np.where(missing, 0.0, np.where(np.isnan(difference), 1.0, difference))
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Neighbourhood:
    """Reference rows, and how far apart neighbours lie among them."""

    scale: Scale
    places: FloatArray
    """Places of the reference rows, shape (n_reference, n_columns)."""
    limit: float
    """Largest distance that counts as on the data."""

    @classmethod
    def of(cls, scale: Scale, reference: IntArray) -> Neighbourhood:
        """Measure the distance of every reference row to its nearest other one."""
        places = scale.places(reference)
        if len(places) < 2:
            return cls(scale=scale, places=places, limit=0.0)
        own = _nearest(scale, places, places, itself=True)
        return cls(scale=scale, places=places, limit=float(np.quantile(own, _QUANTILE, method="higher")))

    def holds(self, codes: IntArray) -> BoolArray:
        """Whether rows of codes lie on the data, shape (n_rows,)."""
        distance = _nearest(self.scale, self.scale.places(codes), self.places)
        on: BoolArray = distance <= self.limit + 1e-12  # equal distances may differ in their last digits
        return on


def _nearest(scale: Scale, rows: FloatArray, reference: FloatArray, *, itself: bool = False) -> FloatArray:
    """Distance of each row to the nearest reference row; `itself`: the two are the same rows, in the same order."""
    found = np.empty(len(rows))
    for start in range(0, len(rows), _BLOCK):
        block = rows[start : start + _BLOCK]
        total = np.zeros((len(block), len(reference)))
        for j, ranked in enumerate(scale.ranked):
            total += _step(block[:, j, None], reference[None, :, j], ranked=ranked)
        if itself:
            total[np.arange(len(block)), start + np.arange(len(block))] = np.inf
        found[start : start + _BLOCK] = total.min(axis=1)
    distance: FloatArray = found / rows.shape[1]
    return distance
