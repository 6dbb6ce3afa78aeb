"""The inputs of trees as finitely many cells, and sums of trees over them as regions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from explainkit.explain.properties import regions as compiled
from explainkit.explain.tree.ensemble import Ensemble

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]
Words = npt.NDArray[np.uint64]

_FIRST = 4096  # regions and entries that there is room for at first
_MOST_REGIONS = 4_000_000
"""Regions of one sum: beyond it the memory of a laptop ends."""


class TooLargeError(Exception):
    """A sum has more regions than can be held."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Domain:
    """Cells of every variable that some tree tests: what no test of any tree tells apart is one cell.

    Ordered variables have cells 0, 1, … by size and, behind them, one for missing values where those belong to the
    domain; the cells of other variables are in no order.
    """

    last: IntArray
    """Ordered: the last cell that is a number; else the number of cells, less one. Shape (n_variables,)."""
    missing: BoolArray
    """Whether an ordered variable may be missing."""
    sets: BoolArray
    """Whether a variable is not ordered."""
    full: Words
    """Bits of all cells of variables that are not ordered; shape (n_variables, n_words)."""

    @property
    def words(self) -> int:
        """How many words of 64 bits a set has."""
        return int(self.full.shape[1])

    def box(self) -> Box:
        """All of it."""
        return Box(np.zeros(len(self.last), dtype=np.int64), self.last.copy(), self.missing.copy(), self.full.copy())

    def point(self, cells: IntArray) -> Box:
        """One cell of each variable, as a box."""
        box = Box(cells.copy(), cells.copy(), np.zeros(len(cells), dtype=np.bool_), np.zeros_like(self.full))
        gaps = ~self.sets & (cells > self.last)
        box.low[gaps], box.high[gaps], box.missing[gaps] = 0, -1, True
        for v in np.flatnonzero(self.sets):
            box.bits[v, cells[v] >> 6] = np.uint64(1) << np.uint64(cells[v] & 63)
        return box


@dataclass(slots=True)
class Box:
    """Some cells of each variable."""

    low: IntArray
    high: IntArray
    missing: BoolArray
    bits: Words

    @property
    def arrays(self) -> tuple[Any, ...]:
        """What the compiled loops read."""
        return self.low, self.high, self.missing, self.bits

    def copy(self) -> Box:
        """Another one to change."""
        return Box(self.low.copy(), self.high.copy(), self.missing.copy(), self.bits.copy())

    def cells(self, typical: IntArray, domain: Domain) -> IntArray:
        """One cell of each variable: the typical one, or the nearest to it that the box holds."""
        found = np.where(self.low <= self.high, np.clip(typical, self.low, self.high), domain.last + 1)
        for v in np.flatnonzero(domain.sets):
            held = np.flatnonzero(np.unpackbits(self.bits[v].view(np.uint8), bitorder="little"))
            found[v] = typical[v] if typical[v] in held else held[0]
        return found


@dataclass(frozen=True, kw_only=True)
class Trees:
    """Trees over a domain: every test as cells that go left."""

    ensemble: Ensemble
    domain: Domain
    variable: IntArray
    """Variable that each node tests, −1 at a leaf; shape (n_nodes,), as all that follow but the last."""
    cut: IntArray
    """Ordered: the last cell that goes left, −1 where none does."""
    missing_left: BoolArray
    row: IntArray
    """Row of `table` that holds the cells going left, −1 for ordered variables."""
    table: Words

    @cached_property
    def nodes(self) -> tuple[Any, ...]:
        """What the compiled loops read of the trees."""
        left, right = self.ensemble.left, self.ensemble.right
        parent = np.full(len(left), -1, dtype=np.int64)
        inner = np.flatnonzero(left >= 0)
        parent[left[inner]] = inner
        parent[right[inner]] = inner
        return parent, left, right, self.variable, self.cut, self.missing_left, self.row

    def whole(self, values: FloatArray) -> Sum:
        """The sum of all trees, one part each; `values` are those of the leaves, shape (n_nodes,)."""
        parts = np.arange(self.ensemble.trees)
        nodes, domain = self.nodes, self._domain

        def fill(tree: int, room: Any, at: IntArray, out: Any) -> bool:
            first, end = self.ensemble.starts[tree], self.ensemble.starts[tree + 1]
            return bool(compiled.of_leaves(first, end, nodes, values, domain, room[1], at, out))

        return self._sum(parts, fill)

    def step(self, values: FloatArray, variable: int, one: int, two: int) -> Sum:
        """What the sum gains as a variable goes from one cell to another, of the trees where it can gain or lose."""
        nodes, domain, starts = self.nodes, self._domain, self.ensemble.starts
        apart = np.zeros(len(self.variable), dtype=np.bool_)
        which = (variable, one, two)
        tests = np.flatnonzero(self.variable == variable)
        parted = tests[self._left(tests, one) != self._left(tests, two)]
        parts = [
            t
            for t in np.unique(np.searchsorted(starts, parted, side="right") - 1).tolist()
            if compiled.parting(starts[t], starts[t + 1], which, nodes, domain, apart)
        ]
        size = int(np.diff(starts).max(initial=1))
        stacks = tuple(np.empty(size + 2, dtype=np.int64) for _ in range(3))

        def fill(tree: int, room: Any, at: IntArray, out: Any) -> bool:
            rooms = (apart, *stacks, *room[1:])
            return bool(compiled.of_step(starts[tree], which, nodes, values, domain, rooms, at, out))

        return self._sum(np.array(parts, dtype=np.int64), fill)

    def _left(self, tests: IntArray, cell: int) -> BoolArray:
        """Whether a cell goes left at some tests of its variable."""
        variable = self.variable[tests[0]] if len(tests) else 0
        if self.domain.sets[variable]:
            word = self.table[self.row[tests], cell >> 6]
            return np.asarray((word >> np.uint64(cell & 63)) & np.uint64(1) != 0)
        return self.missing_left[tests] if cell > self.domain.last[variable] else self.cut[tests] >= cell

    @property
    def _domain(self) -> tuple[Any, ...]:
        return self.domain.last, self.domain.missing, self.domain.full, self.table

    def _sum(self, trees: IntArray, fill: Callable[[int, Any, IntArray, Any], bool]) -> Sum:
        variables, words = len(self.domain.last), self.domain.words
        room = (None, _room(variables, words), _room(variables, words))
        capacity = _FIRST
        out = _space(capacity, words)
        at, parts = np.zeros(2, dtype=np.int64), [0]
        for tree in trees.tolist():
            before = at.copy()
            while not fill(tree, room, at, out):
                capacity *= 2
                if capacity > _MOST_REGIONS * 4:
                    raise TooLargeError
                out = _grown(out, capacity, words)
                at[:] = before
            parts.append(int(at[0]))
        regions, entries = at.tolist()
        first, gains, losses, *rest = out
        return Sum(
            domain=self.domain,
            parts=np.array(parts, dtype=np.int64),
            gains=gains[:regions].copy(),
            losses=losses[:regions].copy(),
            regions=(first[: regions + 1].copy(), *(array[:entries].copy() for array in rest), self.domain.sets),
            cost=int(np.diff(self.ensemble.starts)[trees].sum()) + regions,
        )


def _room(variables: int, words: int) -> tuple[Any, ...]:
    whole = tuple(np.empty(variables, dtype=np.int64) for _ in range(3))
    return (*whole, np.empty(variables, dtype=np.bool_), np.empty((variables, words), dtype=np.uint64))


def _space(capacity: int, words: int) -> tuple[Any, ...]:
    return (
        np.zeros(capacity + 1, dtype=np.int64),
        *(np.empty(capacity) for _ in range(2)),
        *(np.empty(capacity, dtype=np.int64) for _ in range(3)),
        np.empty(capacity, dtype=np.bool_),
        np.empty((capacity, words), dtype=np.uint64),
    )


def _grown(old: tuple[Any, ...], capacity: int, words: int) -> tuple[Any, ...]:
    new = _space(capacity, words)
    for mine, before in zip(new, old, strict=True):
        mine[: len(before)] = before
    return new


@dataclass(frozen=True, slots=True, kw_only=True)
class Sum:
    """A sum of parts, each constant on regions that together fill the domain."""

    domain: Domain
    parts: IntArray
    """First region of each part, and their number at the end."""
    gains: FloatArray
    losses: FloatArray
    """The value of a part on a region is its gain less its loss, both as the model stores them."""
    regions: tuple[Any, ...]
    """See `explainkit.explain.properties.boxes`."""
    cost: int
    """What was looked at to find them."""

    @property
    def count(self) -> int:
        """Number of parts."""
        return len(self.parts) - 1
