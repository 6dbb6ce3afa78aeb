"""Cells: the values of raw columns that a model's trees cannot tell apart, found in the model's own arithmetic.

A number goes the way of the model: cast to the types of its training, through its pipeline, rounded as its library
rounds. Where that never falls as the number rises, the largest number on the left of each threshold is found by
bisection, to the last bit. Every other column takes the values that the data holds.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from explainkit.decision import label_name
from explainkit.errors import DataError, ModelError, PlanError
from explainkit.explain.attribution import matrix
from explainkit.explain.inside import Inside
from explainkit.explain.properties.known import FAR, Ends, Known, range_of, values_of
from explainkit.explain.properties.space import Domain, IntArray, Trees
from explainkit.explain.strategy import refusals
from explainkit.explain.tree.ensemble import NAN_IS_ZERO, ZERO_GOES, Ensemble

FloatArray = npt.NDArray[np.float64]
_WHOLE = 2.0**53
_MOST_VALUES = 512


class UndecidableError(Exception):
    """Trees whose inputs are no finite number of cells; the text says why, as a clause."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Variable:
    """A raw column as cells."""

    name: str
    ordered: bool
    low: FloatArray
    """Ordered: the smallest number of each cell; shape (n_cells,)."""
    high: FloatArray
    """Ordered: the largest one."""
    gap: bool
    """Ordered: whether there is a cell of missing values behind them."""
    donors: IntArray
    """Else: a row of the data that has the value of each cell."""
    members: Mapping[str, int]
    """Else: cell of each value, by its name."""
    whole: bool
    """Whether numbers are whole."""
    typical: int
    """Cell of the middle or most frequent value of the data."""
    seen: tuple[float, float]
    """Ordered: the smallest and the largest number of the data."""

    @property
    def count(self) -> int:
        """Number of cells, without that of missing values."""
        return len(self.high) if self.ordered else len(self.donors)

    def shown(self, cell: int) -> float:
        """A number of a cell, with few digits; NaN for a missing value."""
        if cell == len(self.high):
            return float("nan")
        low, high = max(float(self.low[cell]), self.seen[0]), min(float(self.high[cell]), self.seen[1])
        return simple(low, high) if low <= high else simple(float(self.low[cell]), float(self.high[cell]))

    def apart(self, one: int, two: int, most: float) -> tuple[float, float]:
        """Numbers of two cells that are at most so far apart."""
        if one > two:
            second, first = self.apart(two, one, most)
            return first, second
        low, high = float(self.low[two]), float(self.high[one])
        first = simple(max(float(self.low[one]), low - most), high)
        if self.whole:
            first = max(float(self.low[one]), np.ceil(low - most)) if first % 1 else first
        second = low if first + most < low else simple(low, min(float(self.high[two]), first + most))
        return (first, second) if second - first <= most else (high, low)

    def holding(self, value: float) -> int:
        """The cell of a number."""
        return int(np.searchsorted(self.high, value))


def simple(low: float, high: float) -> float:
    """A number from `low` to `high` with as few digits as possible: near the finite end where one is far out."""
    anchor = (low + high) / 2
    if low <= -_WHOLE or high >= _WHOLE:
        anchor = 0.0 if low <= -_WHOLE and high >= _WHOLE else high if low <= -_WHOLE else low
    if low <= 0.0 <= high and anchor == 0.0:
        return 0.0
    for digits in range(17):
        near = float(f"{anchor:.{digits}e}")
        unit = float(f"1e{int(f'{anchor:e}'.partition('e')[2]) - digits}")
        for found in (near, float(f"{near + unit:.{digits}e}"), float(f"{near - unit:.{digits}e}")):
            if low <= found <= high:
                return found
    return high


class Opening:
    """The trees of a model, and the cells of its raw columns.

    Parameters
    ----------
    known : Known
        Its columns.
    inside : Inside
        The model, opened.
    ensemble : Ensemble
        Its trees.
    """

    def __init__(self, known: Known, inside: Inside, ensemble: Ensemble) -> None:
        self.known, self._inside, self.ensemble = known, inside, ensemble
        inner = np.flatnonzero(ensemble.left >= 0)
        self._engineered = np.unique(ensemble.column[inner])
        self.tested = tuple(sorted({inside.sources[c] for c in self._engineered}))
        """Raw columns that some tree tests."""
        self._numeric = tuple(i for i in self.tested if self._is_number(i))

    def _of(self, column: int) -> IntArray:
        """Engineered columns made of a raw one that some tree tests."""
        return np.array([c for c in self._engineered if self._inside.sources[c] == column], dtype=np.int64)

    def _nodes(self, engineered: int) -> IntArray:
        return np.flatnonzero((self.ensemble.left >= 0) & (self.ensemble.column == engineered))

    def _is_number(self, column: int) -> bool:
        """Whether a column's cells are runs of numbers."""
        if self.known.kinds[column] not in ("number", "integer"):
            return False
        nodes = np.concatenate([self._nodes(c) for c in self._of(column)])
        if (self.ensemble.categories[nodes] >= 0).any():
            return False
        name = self.known.names[column]
        if not all(self._inside.rising[c] for c in self._of(column)):
            raise UndecidableError(f"what the model makes of {name} is not known to rise with it")
        if (self.ensemble.missing[nodes] == ZERO_GOES).any():
            raise UndecidableError(f"the model takes zeros of {name} for missing values")
        return True

    def _compared(self, rows: pd.DataFrame) -> FloatArray:
        refused: tuple[type[Exception], ...] = (ModelError, DataError, *refusals(self._inside))
        try:
            return matrix(self._inside, self.ensemble, self.known.task.model.adapt(rows)[0])
        except refused:
            raise UndecidableError("it does not take every input that the property is about") from None

    @cached_property
    def _edges(self) -> dict[int, FloatArray]:
        """The largest number on the left of each threshold, for each numeric column."""
        pairs = [
            [(c, t) for c in self._of(i) for t in np.unique(self.ensemble.threshold[self._nodes(c)])]
            for i in self._numeric
        ]
        if not pairs:
            return {}
        size = max(map(len, pairs))
        padded = [p + [p[-1]] * (size - len(p)) for p in pairs]
        engineered = np.array([[c for c, _ in p] for p in padded])
        thresholds = np.array([[t for _, t in p] for p in padded])
        count = np.arange(size)

        def left(values: FloatArray) -> npt.NDArray[np.bool_]:
            rows = self.known.frame(size, dict(zip(self._numeric, values, strict=True)), {})
            found: npt.NDArray[np.bool_] = self._compared(rows)[count, engineered] <= thresholds
            return found

        low, high = np.full(thresholds.shape, -FAR), np.full(thresholds.shape, FAR)
        first, last = left(low), left(high)
        inside = first & ~last
        below, above = _place(low), _place(high)
        at = _place(np.clip(thresholds, -FAR, FAR))
        # Most libraries compare the number itself, or rounded to 32 bits: then the end is the threshold, or near it.
        for back, ahead in ((0, 1), (1, 0), (2**30, 2**30)):
            if (open_ := inside & (below + 1 < above)).any():
                near = open_ & left(_number(at - back)) & ~left(_number(at + ahead))
                below, above = np.where(near, at - back, below), np.where(near, at + ahead, above)
        while (open_ := inside & (below + 1 < above)).any():
            middle = (below & above) + ((below ^ above) >> 1)
            goes = left(_number(middle))
            below, above = np.where(open_ & goes, middle, below), np.where(open_ & ~goes, middle, above)
        ends = _number(below)
        return {i: np.unique(ends[k][inside[k]]) for k, i in enumerate(self._numeric)}

    def variables(self, over: str, ranges: Mapping[str, Ends]) -> tuple[Variable, ...]:
        """Cells of every tested column, over a part of the inputs.

        Parameters
        ----------
        over : {"all", "reference"}
            Numbers that inputs take.
        ranges : mapping
            Columns with a range of their own.
        """
        return tuple(
            self._run(i, over, ranges.get(self.known.names[i]))
            if i in self._numeric
            else self._values(i, ranges.get(self.known.names[i]))
            for i in self.tested
        )

    def _run(self, column: int, over: str, ends: Ends | None) -> Variable:
        known = self.known
        low, high = range_of(known, column, over, ends)
        edges, whole = self._edges[column], known.kinds[column] == "integer"
        tops = np.append(edges, FAR)
        bottoms = np.append(-FAR, np.nextafter(edges, np.inf))
        tops, bottoms = np.minimum(tops, high), np.maximum(bottoms, low)
        if whole:
            tops, bottoms = np.floor(tops.clip(-_WHOLE, _WHOLE)), np.ceil(bottoms.clip(-_WHOLE, _WHOLE))
        kept = bottoms <= tops
        if not kept.any():
            raise PlanError("no number lies in the range", where=f"properties.ranges.{known.names[column]}")
        values = known.rows.iloc[:, column].to_numpy(dtype=np.float64, na_value=np.nan)
        typical = np.searchsorted(tops[kept], values[known.typical[column]])
        return Variable(
            name=known.names[column],
            ordered=True,
            low=bottoms[kept],
            high=tops[kept],
            gap=bool(np.isnan(values).any()) and ends is None,
            donors=np.zeros(0, dtype=np.int64),
            members={},
            whole=whole,
            typical=int(min(typical, kept.sum() - 1)),
            seen=(float(np.nanmin(values)), float(np.nanmax(values))),
        )

    def _values(self, column: int, wanted: Ends | None) -> Variable:
        known = self.known
        name = known.names[column]
        donors, labels = values_of(known, column, wanted)
        if len(donors) > _MOST_VALUES:
            raise UndecidableError(f"{name} has {len(donors)} values, and at most {_MOST_VALUES} are told apart")
        rows = self._compared(known.frame(len(donors), {}, {column: donors}))
        ways = np.column_stack([self._lefts(rows[:, c], c) for c in self._of(column)])
        _, first, cell = np.unique(ways, axis=0, return_index=True, return_inverse=True)
        members = dict(zip(labels, map(int, cell.reshape(-1)), strict=True))
        usual = label_name(known.rows.iloc[known.typical[column], column])
        return Variable(
            name=name,
            ordered=False,
            low=np.zeros(0),
            high=np.zeros(0),
            gap=False,
            donors=donors[first],
            members=members,
            whole=False,
            typical=members.get(usual, 0),
            seen=(0.0, 0.0),
        )

    def _lefts(self, values: FloatArray, engineered: int) -> npt.NDArray[np.bool_]:
        """Whether each value goes left at each node that tests a column, shape (n_values, n_nodes)."""
        return np.column_stack([self._goes(values, node) for node in self._nodes(engineered)])

    def _goes(self, values: FloatArray, node: int) -> npt.NDArray[np.bool_]:
        trees = self.ensemble
        gap = np.isnan(values)
        filled = np.where(gap, 0.0, values)
        if trees.categories[node] >= 0:
            left = np.isin(filled.astype(np.int64), trees.sets[trees.categories[node]])
        else:
            left = filled <= trees.threshold[node]
        if trees.missing[node] == NAN_IS_ZERO and trees.categories[node] < 0:
            return left
        return np.where(gap, trees.default_left[node], left)

    def trees(self, variables: tuple[Variable, ...]) -> Trees:
        """The trees with every test as the cells that go left."""
        size = max((v.count + v.gap for v in variables), default=1)
        numbers, donors = {}, {}
        for i, variable in zip(self.tested, variables, strict=True):
            if variable.ordered:
                cells = np.append(variable.high, [np.nan] * variable.gap)
                numbers[i] = np.append(cells, np.full(size - len(cells), cells[0]))
            else:
                donors[i] = np.append(variable.donors, np.full(size - variable.count, variable.donors[0]))
        rows = self._compared(self.known.frame(size, numbers, donors))
        count = len(self.ensemble.left)
        variable_of, cut, row = (np.full(count, -1, dtype=np.int64) for _ in range(3))
        missing_left = np.zeros(count, dtype=np.bool_)
        sets = [v.count for v in variables if not v.ordered]
        words = max(1, (max(sets, default=1) + 63) // 64)
        table: list[npt.NDArray[np.uint64]] = []
        for place, (i, variable) in enumerate(zip(self.tested, variables, strict=True)):
            for c in self._of(i):
                nodes, values = self._nodes(c), rows[: variable.count + variable.gap, c]
                variable_of[nodes] = place
                if variable.ordered:
                    self._cut(nodes, values, variable, cut, missing_left)
                else:
                    row[nodes] = np.arange(len(table), len(table) + len(nodes))
                    table += [_bits(self._goes(values, n), words) for n in nodes]
        return Trees(
            ensemble=self.ensemble,
            domain=_domain(variables, words),
            variable=variable_of,
            cut=cut,
            missing_left=missing_left,
            row=row,
            table=np.array(table, dtype=np.uint64).reshape(-1, words),
        )

    def _cut(self, nodes: IntArray, values: FloatArray, variable: Variable, cut: IntArray, missing_left: Any) -> None:
        numbers = values[: variable.count]
        if np.isnan(numbers).any() or (np.diff(numbers) < 0).any():
            raise UndecidableError(f"what the model makes of {variable.name} does not rise with it")
        cut[nodes] = np.searchsorted(numbers, self.ensemble.threshold[nodes], side="right") - 1
        if variable.gap:
            missing_left[nodes] = [bool(self._goes(values[-1:], node)[0]) for node in nodes]


def _domain(variables: tuple[Variable, ...], words: int) -> Domain:
    full = np.zeros((len(variables), words), dtype=np.uint64)
    for place, variable in enumerate(variables):
        if not variable.ordered:
            full[place] = _bits(np.ones(variable.count, dtype=np.bool_), words)
    return Domain(
        last=np.array([v.count - 1 for v in variables], dtype=np.int64),
        missing=np.array([v.gap for v in variables], dtype=np.bool_),
        sets=np.array([not v.ordered for v in variables], dtype=np.bool_),
        full=full,
    )


def _bits(cells: npt.NDArray[np.bool_], words: int) -> npt.NDArray[np.uint64]:
    padded = np.zeros(64 * words, dtype=np.bool_)
    padded[: len(cells)] = cells
    return np.packbits(padded, bitorder="little").view("<u8").astype(np.uint64)


def _place(numbers: FloatArray) -> IntArray:
    """Whole numbers in the order of floating point numbers, neighbours one apart."""
    bits = np.ascontiguousarray(numbers).view(np.int64)
    return bits ^ ((bits >> 63) & np.int64(2**63 - 1))


def _number(places: IntArray) -> FloatArray:
    return np.asarray((places ^ ((places >> 63) & np.int64(2**63 - 1))).view(np.float64))
