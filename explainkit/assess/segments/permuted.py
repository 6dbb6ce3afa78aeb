"""How large the largest excess of any segment is where errors know no columns: they are permuted over the rows.

Errors are whole numbers, whose sums are exact in whatever order. So several permutations go into one floating-point
number, the digits of one above those of the other, and one sum adds up all of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
import numpy.typing as npt

from explainkit.assess.segments.search import Block, Setting, Standard, exact

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Codes = npt.NDArray[np.int16]

NULL_ROWS = 50_000
"""Rows on which errors are permuted; of more rows so many are drawn."""
_BLOCK_BYTES = 64_000_000
_DIGITS = 53
"""Binary digits of a whole number that a floating-point number holds."""
_CELLS = 128
"""Cells at most that several columns part the rows into; one column alone may have more segments."""


def null_maxima(setting: Setting, found: Sequence[Block], *, permutations: int, rng: np.random.Generator) -> Floats:
    """Largest score of any segment looked at, for errors permuted over the rows.

    Parameters
    ----------
    setting, found
        Unweighted, as searched.
    permutations : int
        How many.
    rng : numpy.random.Generator
        Draws the permutations, and the rows where there are more than `NULL_ROWS`.

    Returns
    -------
    numpy.ndarray
        Shape (permutations,). Sums are those of whole numbers, so no result depends on the order of summation.

    References
    ----------
    Westfall and Young (1993), Resampling-Based Multiple Testing, Wiley: single-step max-T.
    """
    errors, axes = exact(setting.errors), [axis.codes for axis in setting.axes]
    if len(errors) > NULL_ROWS:
        drawn = np.sort(rng.choice(len(errors), NULL_ROWS, replace=False))
        errors, axes = errors[drawn], [codes[drawn] for codes in axes]
        errors = exact(errors) if errors.any() else errors
    if bool((errors == errors[0]).all()):
        return np.full(permutations, np.inf)  # the rows drawn say nothing, so no segment stands out
    digits = int(errors.sum()).bit_length()
    together = np.stack([errors * 2.0**shift for shift in range(0, _DIGITS - digits + 1, digits)])
    sums = _Sums(setting, found, axes, Standard.of(errors), digits)
    at_once = max(1, _BLOCK_BYTES // (8 * max(len(errors), _CELLS * sums.width))) * len(together)
    maxima = []
    for start in range(0, permutations, at_once):
        stop = min(start + at_once, permutations)
        packed = [
            rng.permuted(together[: stop - first], axis=1).sum(axis=0) for first in range(start, stop, len(together))
        ]
        maxima.append(sums.maxima(np.stack([*packed, np.ones(len(errors))]), len(together))[: stop - start])
    return np.concatenate(maxima)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Bundle:
    """Columns that follow each other, whose segments part the rows into cells."""

    first: int
    """Place of the first of them."""
    sizes: tuple[int, ...]
    """How many segments each has."""
    order: npt.NDArray[np.intp]
    """Rows by cell, shape (n_rows,)."""
    starts: npt.NDArray[np.intp]
    """Where each cell begins among them, and where the last one ends; shape (n_cells + 1,)."""

    @property
    def end(self) -> int:
        """Place after the last of the columns."""
        return self.first + len(self.sizes)


def _bundles(axes: Sequence[Codes], sizes: Sequence[int]) -> Iterator[_Bundle]:
    """All columns in bundles of few cells."""
    end = 0
    while end < len(sizes):
        first, cells, count = end, axes[end].astype(np.int32), sizes[end]
        end += 1
        while end < len(sizes) and count * sizes[end] <= _CELLS:
            cells, count = cells * sizes[end] + axes[end], count * sizes[end]
            end += 1
        starts = np.concatenate(([0], np.cumsum(np.bincount(cells, minlength=count))))
        order = np.argsort(cells.astype(np.int16), kind="stable")
        yield _Bundle(first=first, sizes=tuple(sizes[first:end]), order=order, starts=starts)


class _Sums:
    """Sums of permuted errors over all segments by matrix products, cell by cell of a few columns.

    The sums over the segments of all later columns in a cell are one product over its rows: indicators of those
    segments, times the permuted errors. Cells added up give the pairs of each column of the cell with all later ones.
    """

    def __init__(
        self, setting: Setting, found: Sequence[Block], axes: Sequence[Codes], standard: Standard, digits: int
    ) -> None:
        self._standard, self._axes, self._digits = standard, axes, digits
        self._sizes = [len(axis.words) for axis in setting.axes]
        self._allowed = {(block.first, block.second): block.allowed for block in found}
        self._paired = max((block.second for block in found if block.second is not None), default=0) + 1
        self._bundles = list(_bundles(axes, self._sizes))

    @property
    def width(self) -> int:
        """Segments at most that a cell has sums of, and the cell itself."""
        return sum(self._sizes[: self._paired]) + 1

    def maxima(self, packed: Floats, together: int) -> Floats:
        """Largest score of each permutation.

        Parameters
        ----------
        packed : numpy.ndarray
            Permuted errors, and at last a one for each row; shape (n_sums + 1, n_rows).
        together : int
            How many permutations are in each of these numbers.

        Returns
        -------
        numpy.ndarray
            Shape (n_sums · together,).
        """
        best = np.full((together, len(packed) - 1), -np.inf)
        by_cell = np.empty_like(packed)
        for bundle in self._bundles:
            np.take(packed, bundle.order, axis=1, out=by_cell, mode="clip")  # in place only with a mode
            for sums in self._of_bundle(bundle, self._table(bundle, by_cell)):
                self._raise(best, sums)
        return best.T.ravel()

    def _table(self, bundle: _Bundle, packed: Floats) -> Floats:
        """Sums by cell and segment of later columns, at last those of the cell itself; shape (…, segments, sums)."""
        width = sum(self._sizes[bundle.end : self._paired]) + 1
        table, row = np.empty((len(bundle.starts) - 1, width, len(packed))), 0
        for hot in self._indicators(bundle):
            for cell, sums in enumerate(table):
                rows = slice(bundle.starts[cell], bundle.starts[cell + 1])
                np.matmul(hot[:, rows], packed[:, rows].T, out=sums[row : row + len(hot)])
            row += len(hot)
        return table.reshape(*bundle.sizes, *table.shape[1:])

    def _indicators(self, bundle: _Bundle) -> Iterator[Floats]:
        """Which rows are in each segment of the later columns, at last all; shape (n_segments, n_rows), in parts."""
        most = _BLOCK_BYTES // 2 // (8 * len(bundle.order))
        held = list[Bools]()
        for place in range(bundle.end, self._paired):
            if held and sum(map(len, held)) + self._sizes[place] > most:
                yield np.concatenate(held, dtype=np.float64)
                held = []
            held.append(self._axes[place][bundle.order] == np.arange(self._sizes[place], dtype=np.int16)[:, None])
        yield np.concatenate([*held, np.ones((1, len(bundle.order)), np.bool_)], dtype=np.float64)

    def _of_bundle(self, bundle: _Bundle, table: Floats) -> Iterator[Floats]:
        """Sums over the segments looked at, of each column alone and in pairs; shape (n_segments, n_sums)."""
        places = range(len(bundle.sizes))
        for one in places:
            a, others = bundle.first + one, tuple(place for place in places if place != one)
            pairs = [self._allowed[a, b] for b in range(bundle.end, self._paired)]
            yield table.sum(axis=others)[np.column_stack([*pairs, self._allowed[a, None]])]
        for one, two in combinations(places, 2):
            allowed = self._allowed.get((bundle.first + one, bundle.first + two))
            if allowed is not None:
                others = tuple(place for place in places if place not in (one, two))
                yield table[..., -1, :].sum(axis=others)[allowed]

    def _raise(self, best: Floats, sums: npt.NDArray[Any]) -> None:
        """Raise the best scores to those of segments; one of which no row was drawn is left out."""
        rows = sums[:, -1].astype(np.int64)
        some = (rows > 0) & (rows < self._standard.n)
        if not some.any():
            return
        rows, sums = rows[some], sums[some, :-1].astype(np.int64)
        expected, factor = (rows * self._standard.mean)[:, None], self._standard.factor(rows)[:, None]
        for place, largest in enumerate(best):
            own = (sums >> place * self._digits) & ((1 << self._digits) - 1)
            np.maximum(largest, ((own - expected) * factor).max(axis=0), out=largest)
