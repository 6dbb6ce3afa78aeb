"""The largest value of a sum of trees over a domain, by branch and bound: exact, or between two bounds.

A box of inputs is bounded by the sum of the largest value that each tree takes within it. Where the regions of these
values have a point in common the bound is reached, and the box is done; else the box is split where most of them lie
apart. Runs of cells that meet in pairs meet all together (Helly), so there always is such a split.

Bounds are never too small: values are rounded upwards, and sums are exactly rounded (`math.fsum`), so that their sign
is that of the exact sum.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from explainkit.explain.properties import boxes
from explainkit.explain.properties.space import Box, IntArray, Sum

FloatArray = npt.NDArray[np.float64]


@dataclass(slots=True)
class Budget:
    """How much may be looked at, and how much was."""

    most: int
    """Regions of trees that may be looked at: the same everywhere, as seconds are not."""
    used: int = 0

    @property
    def spent(self) -> bool:
        """Whether it is used up."""
        return self.used >= self.most


@dataclass(frozen=True, slots=True, kw_only=True)
class Largest:
    """What is known of the largest value."""

    found: float
    """Largest value seen, exactly rounded; minus infinity where none was."""
    cells: IntArray | None
    """Where: the cell of each variable."""
    bound: float
    """No value, exactly rounded, is larger; its sign is that of the exact bound."""


class Ascent:
    """The search for the largest value of one sum, less a limit.

    Parameters
    ----------
    sum_ : Sum
        What is added up.
    start : tuple of float
        Added to every value.
    typical : ndarray of int, shape (n_variables,)
        Cells that a point found is made of, where it is free.
    budget : Budget
        What may be looked at; what is looked at is counted there.
    """

    def __init__(self, sum_: Sum, start: tuple[float, ...], typical: IntArray, budget: Budget) -> None:
        self._sum, self._start, self._typical, self._budget = sum_, start, typical, budget
        self._upper = _rounded_up(sum_.gains, sum_.losses)
        last = sum_.domain.last
        self._offsets = np.concatenate([[0], np.cumsum(last + 2)]).astype(np.int64)
        self._weights = (np.zeros(self._offsets[-1]), np.zeros(self._offsets[-1]), np.zeros((len(last), 2)))
        self._best = np.zeros(sum_.count, dtype=np.int64)
        self._top, self._spread = np.zeros(sum_.count), np.zeros(sum_.count)
        self._found, self._cells = -math.inf, sum_.domain.box().low
        budget.used += sum_.cost
        self.bound = self._look(sum_.domain.box())
        """Of the whole domain: what each part can be by itself, added up."""
        self.by_parts = not (self._top > 0).any()
        """Whether no part is ever above 0."""

    def climb(self, floor: float = 0.0) -> Largest:
        """Find the largest value, if it is above the floor and the budget suffices."""
        top = self._sum.domain.box()
        heap = [(-self.bound, 0, top)]
        closed, number = -math.inf, 0
        while heap and not self._budget.spent:
            bound, box = -heap[0][0], heap[0][2]
            if bound <= max(floor, self._found):
                break
            heapq.heappop(heap)
            self._look(box)
            reached = self._try(box)
            if reached:
                closed = max(closed, bound)
                continue
            for part in self._split(box):
                number += 1
                inner = min(bound, self._look(part))
                if inner > max(floor, self._found):
                    heapq.heappush(heap, (-inner, number, part))
                else:
                    closed = max(closed, inner)
        left = -heap[0][0] if heap else -math.inf
        cells = None if self._found == -math.inf else self._cells
        return Largest(found=self._found, cells=cells, bound=max(left, closed, self._found))

    def _look(self, box: Box) -> float:
        """The bound of a box."""
        self._budget.used += len(self._upper) + 1
        found = self._best, self._top, self._spread
        boxes.look(self._sum.parts, self._upper, self._sum.regions, box.arrays, *found)
        return math.fsum([*self._top.tolist(), *self._start])

    def _try(self, box: Box) -> bool:
        """Value at a point where most of the best regions of a box meet; whether all of them do.

        The arrays of the box last looked at stay what they were.
        """
        order = np.argsort(-self._spread, kind="stable")
        inner = box.copy()
        whole = bool(boxes.gathered(order, self._best, self._spread, self._sum.regions, inner.arrays))
        cells = inner.cells(self._typical, self._sum.domain)
        kept = self._best.copy(), self._top.copy(), self._spread.copy()
        self._look(self._sum.domain.point(cells))
        gains, losses = self._sum.gains[self._best], self._sum.losses[self._best]
        value = math.fsum([*gains.tolist(), *(-losses).tolist(), *self._start])
        self._best, self._top, self._spread = kept
        if value > self._found:
            self._found, self._cells = value, cells
        return whole

    def _split(self, box: Box) -> Iterator[Box]:
        """Two boxes that together are the one last looked at."""
        found = self._best, self._spread, self._sum.regions, box.arrays
        boxes.cuts(*found, self._offsets, *self._weights)
        weight, variable, last = boxes.best_cut(self._sum.regions, box.arrays, self._offsets, *self._weights)
        heavier, other, entry = boxes.best_set(*found)
        if heavier > weight:
            variable, last = other, -1
        elif weight > 0:
            entry = -1
        else:
            variable, last, entry = boxes.any_cut(*found)
        lower, upper = box.copy(), box.copy()
        if entry >= 0:
            lower.bits[variable] &= self._sum.regions[5][entry]
            upper.bits[variable] &= ~self._sum.regions[5][entry]
        elif last < 0:
            lower.low[variable], lower.high[variable] = 0, -1
            upper.missing[variable] = False
        else:
            lower.high[variable], upper.low[variable] = last, last + 1
            upper.missing[variable] = False
        yield lower
        yield upper


def _rounded_up(gains: FloatArray, losses: FloatArray) -> FloatArray:
    """Gains less losses, never smaller than they are."""
    value = gains - losses
    # What rounding cut off, exactly (Knuth's two-sum).
    back = value - gains
    rest = (gains - (value - back)) + (-losses - back)
    return np.where(rest > 0, np.nextafter(value, np.inf), value)
