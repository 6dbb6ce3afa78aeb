"""Every grouping of one audit: single sensitive columns, pairs, and deeper intersections down to small cells."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations, islice
from math import comb

import numpy as np

from explainkit.assess.groups.cells import Cells, RowStates, intersection, single, without_basis
from explainkit.assess.groups.protection import Note, protect
from explainkit.load.subject import EarlierCard, GroupColumn

MOST_DEEPER = 20
"""Intersections of three and more columns on one card."""
MOST_EXAMINED = 1000
"""Intersections of three and more columns of which the rows are counted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Groupings:
    """Every grouping of one audit."""

    singles: tuple[Cells, ...]
    crossed: tuple[Cells, ...]
    """Pairs of columns in their order, then intersections of three and more."""
    notes: tuple[Note, ...] = ()
    """Intersections that are not made: what, why, how many."""

    @property
    def whole(self) -> bool:
        """Whether nothing is hidden of any column or pair of columns, nor of any deeper intersection."""
        pairs = sum(len(cells.columns) == 2 for cells in self.crossed)
        return pairs == comb(len(self.singles), 2) and not any(c.protected.any() for c in self.singles + self.crossed)


def groupings(
    columns: Sequence[GroupColumn],
    states: RowStates | None = None,
    *,
    min_cell: int,
    min_count: int = 0,
    earlier: EarlierCard | None = None,
) -> Groupings:
    """Cells of each column, of each pair of columns, and of deeper intersections, with what is hidden of them.

    Parameters
    ----------
    columns : sequence of GroupColumn
        Sensitive columns of the same rows.
    states : RowStates, optional
        What else is shown of each group, and could tell of hidden ones; left out where sizes alone are shown.
    min_cell : int
        Smallest group shown.
    min_count : int, default 0
        Smallest numerator, and complement of one, that is shown.
    earlier : EarlierCard, optional
        The card published before, whose hidden groups are hidden here too.
    """
    if states is None:
        rows = len(columns[0].codes) if columns else 0
        states = RowStates(codes=np.zeros(rows, np.int32), classes=np.zeros(1, np.int64))
    singles = tuple(
        single(column, states, min_cell=min_cell, min_count=min_count, earlier=earlier) for column in columns
    )
    crossed = tuple(intersection(pair) for pair in combinations(singles, 2))
    deeper, notes = _deeper(singles, min_cell)
    shown, left_out = protect(
        singles, crossed + deeper, states, min_cell=min_cell, min_count=min_count, earlier=earlier
    )
    return Groupings(
        singles=tuple(without_basis(cells, columns) for cells in singles),
        crossed=tuple(without_basis(cells, columns) for cells in shown),
        notes=notes + left_out,
    )


def every_grouping(columns: Sequence[GroupColumn], *, min_cell: int) -> tuple[tuple[Cells, ...], tuple[Cells, ...]]:
    """Cells of each column, and of each intersection, where nothing but sizes is shown."""
    found = groupings(columns, min_cell=min_cell)
    return found.singles, found.crossed


def _deeper(singles: Sequence[Cells], min_cell: int) -> tuple[tuple[Cells, ...], tuple[Note, ...]]:
    """Intersections of three and more columns that have two cells of the smallest size shown."""
    made: list[Cells] = []
    too_small = left_over = 0
    every = (chosen for depth in range(3, len(singles) + 1) for chosen in combinations(singles, depth))
    for chosen in islice(every, MOST_EXAMINED):
        cells = intersection(chosen) if len(made) < MOST_DEEPER else None
        if cells is None:
            left_over += 1
        elif int((cells.sizes >= min_cell).sum()) < 2:
            too_small += 1
        else:
            made.append(cells)
    total = sum(1 for _ in islice(every, 10 * MOST_EXAMINED))
    notes: list[Note] = []
    what = "intersections of three and more sensitive columns"
    if too_small:
        notes.append((what, "fewer than two of their groups have as many rows as fairness.min_cell", too_small))
    if left_over + total:
        notes.append(
            (what, f"no more than {MOST_DEEPER} are made, those of the fewest columns first", left_over + total)
        )
    return tuple(made), tuple(notes)
