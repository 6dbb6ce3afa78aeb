"""What is hidden of intersections, so that nothing hidden follows from all tables of a card together.

Each table first hides its small cells, all cells of a group that is hidden elsewhere, and more of every line
(`disclosure`). Then the release as a whole is attacked (`inference`), table after table: where a table would confine a
hidden count to a range below ``min_cell``, and closer than without it, more of that table is hidden, at last all of it.
So, by induction, the count of every group that is small, or hidden where others of its table are shown, keeps a range
of ``min_cell``, or the range that it has where all intersections are hidden: the groups of single columns, which are
shown, and which combinations occur may confine it. `inference` says where the range is that of whole counts.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from explainkit.assess.groups.cells import Cells, RowStates, by_state, hidden_before, with_hidden
from explainkit.assess.groups.inference import Budget, Knowledge, Sums, joined, sums_of
from explainkit.assess.groups.small import Hidden, hide_lines, small
from explainkit.load.subject import EarlierCard

Ints = npt.NDArray[np.int64]
Note = tuple[str, str, int | None]
"""What is left out, why, how many."""

MOST_UNKNOWNS = 500
"""Counts (combinations of levels times states of a row) of a release that is attacked."""
MOST_WORK = 60_000
"""Unknown counts times programmes solved, for one card; past that, tables not yet checked are hidden as a whole."""
_ROUNDS = 5
_TOO_MANY = "too many combinations to check that no hidden group follows from the others"
_TOLD_MORE = "the earlier card lacks them, tells less of them, or lacks a small group: both could tell of hidden groups"


def protect(
    singles: Sequence[Cells],
    crossed: Sequence[Cells],
    states: RowStates,
    *,
    min_cell: int,
    min_count: int,
    earlier: EarlierCard | None = None,
) -> tuple[tuple[Cells, ...], tuple[Note, ...]]:
    """Hide cells of intersections.

    Parameters
    ----------
    singles, crossed : sequence of Cells
        Of each column, and of intersections, the ones of fewer columns first. What is hidden of intersections already
        stays hidden.
    states : RowStates
        What else is shown.
    min_cell, min_count : int
        Smallest group and smallest numerator shown.
    earlier : EarlierCard, optional
        The card published before. What it hides is hidden again, and intersections that would tell more than it does
        are not made: whatever it leaves open of a group then stays open, for rows that were only added.

    Returns
    -------
    tuple of Cells
        The intersections that are shown, with what is hidden of them.
    tuple
        What is left out: what, why, how many.
    """
    sure = [cells.hidden | _first_hidden(cells, states, min_cell, min_count) for cells in crossed]
    if earlier is not None:
        sure = [s | _hidden_before(cells, earlier)[1] for cells, s in zip(crossed, sure, strict=True)]
    dark_before = earlier is not None and None in earlier.counts.values()
    if not dark_before and not any(h.any() for h in (*(cells.hidden for cells in singles), *sure)):
        return tuple(crossed), ()
    checked = _few_enough(singles, states)
    fitting = [i for i, cells in enumerate(crossed) if set(cells.columns) <= {c.columns[0] for c in checked}]
    kept = [i for i in fitting if earlier is None or not _tells_more(crossed[i], states, earlier, min_cell)]
    left_out = {_TOO_MANY: len(crossed) - len(fitting), _TOLD_MORE: len(fitting) - len(kept)}
    notes = tuple(("intersections of sensitive columns", why, count) for why, count in left_out.items() if count)
    if not kept:
        return (), notes
    release = _Release(checked, [crossed[i] for i in kept], [sure[i] for i in kept], states, (min_cell, min_count))
    for table in range(len(kept)):
        release.open(table)
    return tuple(with_hidden(t, h) for t, h in zip(release.tables, release.hidden, strict=True)), notes


def _hidden_before(cells: Cells, earlier: EarlierCard) -> tuple[Hidden, Hidden]:
    return hidden_before([cells.keys(cell) for cell in range(len(cells.sizes))], earlier)


def _tells_more(cells: Cells, states: RowStates, earlier: EarlierCard, min_cell: int) -> bool:
    """Whether a table could tell of hidden groups what an earlier card does not.

    It gives more figures of them, or stands not in it, or has a small group that is new: of what was added since, the
    single columns tell too much.
    """
    groups = [cells.keys(cell) for cell in range(len(cells.sizes))]
    listed = np.array([earlier.lists(group) for group in groups], np.bool_)
    given = all(any(earlier.lists(group, figure) for group in groups) for figure in states.tells)
    return not (given and listed.any()) or bool((small(cells.sizes, min_cell) & ~listed).any())


def _first_hidden(cells: Cells, states: RowStates, min_cell: int, min_count: int) -> Hidden:
    """Cells that are small, or have a small numerator."""
    hidden = small(cells.sizes, min_cell)
    if min_count:
        table = by_state(cells.codes, len(cells.sizes), states)
        for numerator in states.crossed:
            hidden |= small(table[:, numerator].sum(axis=1), min_count)
    return hidden


def _few_enough(singles: Sequence[Cells], states: RowStates) -> tuple[Cells, ...]:
    """The first columns, as many as can be checked."""
    sizes = [len(cells.sizes) + (cells.unknown > 0) for cells in singles]
    fitting = [k for k in range(len(singles) + 1) if math.prod(sizes[:k]) * states.count <= MOST_UNKNOWNS]
    return tuple(singles[: max(fitting, default=0)])


class _Release:
    """Tables of which more and more is opened; those not opened yet are hidden as a whole."""

    def __init__(
        self,
        singles: Sequence[Cells],
        tables: Sequence[Cells],
        sure: Sequence[Hidden],
        states: RowStates,
        least: tuple[int, int],
    ) -> None:
        self.singles, self.tables, self.sure, self.states = tuple(singles), tuple(tables), tuple(sure), states
        self.min_cell, self.min_count = least
        self.hidden: list[Hidden] = [np.ones(len(cells.sizes), np.bool_) for cells in tables]
        self._lay_out()
        self._budget = Budget(left=MOST_WORK // len(self._truth))

    def open(self, table: int) -> None:
        """Show of a table what can be shown."""
        hidden = self.sure[table]
        cells = self.tables[table]
        for margin in (*self.singles, *(self._opened(i) for i in range(table))):
            if set(margin.columns) < set(cells.columns):
                hidden = hidden | margin.dark[self._cell_of(margin, cells)]
        for _ in range(_ROUNDS):
            hidden = hide_lines(cells.places, cells.sizes, hidden, self.min_cell)
            if bool(hidden.all()):
                return
            confined = self._confined(table, hidden)
            if not confined:
                self.hidden[table] = hidden
                return
            for owner, cell in confined:
                self._hide_beside(hidden, cells, cell if owner == table else None)

    def _opened(self, table: int) -> Cells:
        return with_hidden(self.tables[table], self.hidden[table])

    def _hide_beside(self, hidden: Hidden, cells: Cells, cell: int | None) -> None:
        """Hide the smallest cell shown, if there is one in a line with the cell that is confined."""
        shown = np.flatnonzero(~hidden)
        if cell is not None:
            differing = (cells.places[shown] != cells.places[cell]).sum(axis=1)
            shown = shown[differing == 1] if (differing == 1).any() else shown
        if len(shown):
            hidden[shown[cells.sizes[shown].argmin()]] = True

    def _cell_of(self, margin: Cells, cells: Cells) -> Ints:
        """Cell of a margin that each cell belongs to, shape (n_cells,)."""
        axes = [cells.columns.index(name) for name in margin.columns]
        return _look_up(margin.places, cells.places[:, axes])

    def _lay_out(self) -> None:
        """The unknowns: every combination of levels that may occur, "unknown" being a level too, by state."""
        names = [cells.columns[0] for cells in self.singles]
        levels = [len(cells.sizes) for cells in self.singles]
        shape = tuple(n + (cells.unknown > 0) for n, cells in zip(levels, self.singles, strict=True))
        rows = tuple(np.where(c.codes < 0, n, c.codes) for c, n in zip(self.singles, levels, strict=True))
        full = np.ravel_multi_index(rows, shape)
        counts = np.bincount(
            full * self.states.count + self.states.codes, minlength=math.prod(shape) * self.states.count
        )
        grid = np.stack(np.unravel_index(np.arange(math.prod(shape)), shape), axis=1)
        grid = np.where(grid == np.array(levels), -1, grid)
        possible = np.ones(len(grid), np.bool_)
        places = []
        for cells in (*self.singles, *self.tables):
            own = grid[:, [names.index(name) for name in cells.columns]]
            place = _look_up(cells.places, own)
            unknown = (own < 0).any(axis=1)
            occurring = np.append(cells.sizes > 0, False)[place]
            possible &= unknown | occurring
            places.append(np.where(unknown, -1, place))
        states = self.states.count
        self._truth = counts.reshape(-1, states)[possible].ravel().astype(np.float64)
        self._state = np.tile(np.arange(states), int(possible.sum()))
        self._class = self.states.classes[self._state]
        self._places = [np.repeat(place[possible], states) for place in places]

    def _confined(self, table: int, hidden: Hidden) -> list[tuple[int, int]]:
        """Hidden cells, as number of their table and cell, that opening the table would confine too closely."""
        after = [*self.hidden[:table], hidden, *self.hidden[table + 1 :]]
        targets, needs, owners = self._targets(after[: table + 1])
        known = self._knowledge(after)
        ranges = known.ranges(targets, needs)
        low = np.flatnonzero(ranges < needs)
        if not len(low):
            return []
        failures = self._budget.failures
        before = self._knowledge(self.hidden).ranges(_chosen(targets, low), needs[low])
        if self._budget.failures > failures:  # then the range without the table is not known
            before = needs[low]
        return [owners[i] for i, floor in zip(low, before, strict=True) if ranges[i] < floor]

    def _knowledge(self, hidden: Sequence[Hidden]) -> Knowledge:
        known, occurring = [sums_of(self._state)], []
        for number, cells in enumerate((*self.singles, *self.tables)):
            alone = number < len(self.singles)
            dark = cells.hidden if alone else hidden[number - len(self.singles)]
            uncounted = cells.uncounted if alone else dark
            if alone and cells.coarse is not None:
                coarse = np.append(cells.coarse, False)[self._places[number]] & (self._places[number] >= 0)
                known.append(
                    sums_of(np.where(coarse, self._places[number] * self.states.class_count + self._class, -1))
                )
            place, per = self._places[number], self.states.count if alone else self.states.class_count
            inside = place >= 0
            shown = inside & ~np.append(dark, True)[place]
            known.append(sums_of(np.where(shown, place * per + (self._state if alone else self._class), -1)))
            counted = inside & np.append(dark & ~uncounted, False)[place]
            known.append(sums_of(np.where(counted, place, -1)))
            # Of unknown group the selected rows follow from the bounds by `unknowns`.
            known.append(sums_of(np.where(inside, -1, self._class if alone else 0)))
            occurring.append(sums_of(np.where(inside & np.append(uncounted, False)[place], place, -1)))
        return Knowledge(truth=self._truth, known=tuple(known), occurring=tuple(occurring), budget=self._budget)

    def _targets(self, opened: Sequence[Hidden]) -> tuple[Sums, Ints, list[tuple[int, int]]]:
        """Counts to protect with the ranges they need, and whose they are; table -1 are single columns.

        Those of all small cells, and of every cell that is hidden in a table of which others are shown.
        """
        parts: list[Sums] = []
        needs: list[int] = []
        owners: list[tuple[int, int]] = []
        for number, cells in enumerate((*self.singles, *self.tables)):
            table = number - len(self.singles)
            place = self._places[number]
            tiny = small(cells.sizes, self.min_cell)
            if 0 <= table < len(opened) and not opened[table].all():
                tiny = tiny | opened[table]
            rare = cells.dark if table < 0 else self.sure[table]
            wanted = [(np.append(tiny, False)[place], self.min_cell)]
            if self.min_count:
                of_rare = np.append(rare, False)[place]
                wanted += [(of_rare & numerator[self._state], self.min_count) for numerator in self.states.crossed]
            for mask, need in wanted:
                part = sums_of(np.where(mask, place, -1))
                parts.append(part)
                needs += [need] * part.count
                owners += [(max(table, -1), int(cell)) for cell in np.unique(place[mask])]
        return joined(parts), np.array(needs, np.int64), owners


def _look_up(places: Ints, wanted: Ints) -> Ints:
    """Number of the place that each wanted one is; the number of places where it is none of them."""
    if not len(places):
        return np.zeros(len(wanted), np.int64)
    size = 1 + int(max(places.max(initial=0), wanted.max(initial=0)))
    weights = np.cumprod([1, *[size] * (places.shape[1] - 1)])[::-1]
    keys, asked = places @ weights, wanted @ weights
    order = np.argsort(keys, kind="stable")
    at = np.minimum(np.searchsorted(keys[order], asked), len(keys) - 1)
    found: Ints = np.where((keys[order][at] == asked) & (wanted >= 0).all(axis=1), order[at], len(keys))
    return found


def _chosen(sums: Sums, rows: Ints) -> Sums:
    """Some of the sums, in the order given."""
    number = np.full(sums.count, -1)
    number[rows] = np.arange(len(rows))
    keep = number[sums.rows] >= 0
    return Sums(rows=number[sums.rows[keep]], columns=sums.columns[keep], count=len(rows))
