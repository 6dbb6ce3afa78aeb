"""Grids: at which values of a column an effect is looked at; each value is that of a real row."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from explainkit.decision import label_name
from explainkit.explain.case_figures import MISSING
from explainkit.explain.codes import number
from explainkit.load.columns import kind_of

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.intp]

POINTS = 20
"""Values of a number; all of them where there are no more."""
_DATES = 8
_LEVELS = 10
_ENDS = (0.01, 0.99)  # quantiles: beyond them a curve rests on few rows


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid:
    """Values of one column."""

    donors: IntArray
    """For each value the position of a row that has it, shape (n_values,); numbers and dates ascend."""
    labels: tuple[float | int | str, ...]
    """The values, as numbers or in words; the last one is ``missing`` where the column has gaps."""
    counts: tuple[int | None, ...]
    """Rows that have the value; None where the values are quantiles."""
    numeric: bool
    """Whether the values have a scale."""
    gap: bool
    """Whether the last value is a missing one."""
    left_out: int
    """Categories beyond the most frequent ones."""
    method: str
    """How the values were chosen."""

    @property
    def known(self) -> int:
        """Number of values that are not missing."""
        return len(self.donors) - self.gap


def grid_of(column: pd.Series) -> Grid:
    """Choose the values at which the effect of a column is looked at.

    Numbers: all distinct values, or quantiles from 1 % to 99 % where there are many. Dates: quantiles. Everything
    else: the most frequent values. A missing value is a value of its own.

    Parameters
    ----------
    column : pandas.Series
        All values of the column, as given; infinite ones are left out.
    """
    kind = kind_of(column)
    known = np.flatnonzero(column.notna().to_numpy(dtype=bool))
    gaps = np.flatnonzero(column.isna().to_numpy(dtype=bool))
    if kind in ("number", "integer"):
        donors, labels, counts, method = _numbers(column, known, whole=kind == "integer")
        left_out = 0
    elif kind == "date":
        donors, labels, counts, method = _dates(column, known)
        left_out = 0
    else:
        donors, labels, counts, left_out = _levels(column, known)
        method = "the most frequent values" if left_out else "all values"
    if len(gaps):
        donors, labels, counts = np.append(donors, gaps[0]), (*labels, MISSING), (*counts, len(gaps))
    return Grid(
        donors=donors,
        labels=labels,
        counts=counts,
        numeric=kind in ("number", "integer"),
        gap=len(gaps) > 0,
        left_out=left_out,
        method=method,
    )


_Chosen = tuple[IntArray, tuple[float | int | str, ...], tuple[int | None, ...], str]


def numbers_of(column: pd.Series) -> FloatArray:
    """Values of a column of numbers; NaN where they are missing or infinite."""
    numbers = column.to_numpy(dtype=np.float64, na_value=np.nan).copy()
    numbers[~np.isfinite(numbers)] = np.nan
    return numbers


def _numbers(column: pd.Series, known: IntArray, *, whole: bool) -> _Chosen:
    numbers = numbers_of(column)
    known = known[np.isfinite(numbers[known])]
    places, counts, method = _spread(numbers[known], POINTS)
    donors = known[places]
    labels = tuple(int(v) if whole else float(v) for v in numbers[donors])
    return donors, labels, counts, method


def _dates(column: pd.Series, known: IntArray) -> _Chosen:
    places, counts, method = _spread(column.iloc[known].astype("int64").to_numpy(dtype=np.int64), _DATES)
    donors = known[places]
    words = tuple(str(v.isoformat()) for v in column.iloc[donors])
    return donors, tuple(w.removesuffix("T00:00:00") for w in words), counts, method


def _spread(values: npt.NDArray[Any], most: int) -> tuple[IntArray, tuple[int | None, ...], str]:
    """Positions of all distinct values, ascending, or of quantiles where there are more than `most`."""
    distinct, first, counts = np.unique(values, return_index=True, return_counts=True)
    if len(distinct) <= most:
        return first.astype(np.intp), tuple(map(int, counts)), "all values"
    ordered = np.sort(values)
    method = f"{most} quantiles from 1 % to 99 % of the evaluation rows"
    chosen = np.unique(_quantiles(ordered, np.linspace(*_ENDS, most)))
    if len(chosen) < most:
        # A value that many rows share would take the place of several quantiles.
        ends = _quantiles(ordered, np.array(_ENDS))
        within = "from 1 % to 99 % of the evaluation rows"
        if ends[0] == ends[1]:
            ends, within = ordered[[0, -1]], "of the evaluation rows"
        frequent = distinct[counts * most > len(values)]
        rest = ordered[(ordered >= ends[0]) & (ordered <= ends[1]) & ~np.isin(ordered, frequent)]
        frequent = frequent[(frequent >= ends[0]) & (frequent <= ends[1])]
        points = np.linspace(0, 1, most - len(frequent))
        chosen = np.unique(np.concatenate([frequent, _quantiles(rest, points)])) if len(rest) else frequent
        method = f"the most frequent values, and quantiles of the others, {within}"
    places = first[np.searchsorted(distinct, chosen)].astype(np.intp)
    return places, (None,) * len(chosen), method


def _quantiles(ordered: npt.NDArray[Any], shares: FloatArray) -> npt.NDArray[Any]:
    """Values at or above shares of ascending values: none in between."""
    ranks = np.ceil(shares * len(ordered)).astype(np.intp) - 1
    chosen: npt.NDArray[Any] = ordered[ranks.clip(0)]
    return chosen


def _levels(column: pd.Series, known: IntArray) -> tuple[IntArray, tuple[str, ...], tuple[int, ...], int]:
    values, distinct = number(column.iloc[known])
    merged, found = pd.factorize(np.array([label_name(v) for v in distinct], dtype=object))
    codes = merged[values]  # 1 and 1.0 have one name
    counts = np.bincount(codes, minlength=len(found))
    # By frequency, then by name, so that the order of the rows does not matter.
    order = sorted(range(len(found)), key=lambda i: (-int(counts[i]), str(found[i])))
    kept = order[:_LEVELS]
    _, first = np.unique(codes, return_index=True)
    donors = known[first[kept]] if kept else known[:0]
    return donors, tuple(str(found[i]) for i in kept), tuple(int(counts[i]) for i in kept), len(order) - len(kept)
