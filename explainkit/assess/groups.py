"""Groups: rows by one sensitive column or by two, and which of them are too small to be shown.

Suppression. A group with fewer rows than ``min_cell`` is hidden. As the number of all rows is known, what is hidden of
one column must not be a small group itself: it comprises at least two groups and ``min_cell`` rows, else the next
smallest group is hidden too. Among pairs the same holds along every line of the table (one level of one column), whose
total is shown with the single column; a level hidden there is hidden in every pair; and further pairs are hidden until
none follows from the others by subtraction. Whoever reads the card cannot tell which of two hidden groups is the small
one: both give the same reason.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np
import numpy.typing as npt

from explainkit.load.subject import GroupColumn

Sizes = npt.NDArray[np.int64]
Hidden = npt.NDArray[np.bool_]

CROSS = " × "


@dataclass(frozen=True, slots=True, kw_only=True)
class Cells:
    """Rows by one or two sensitive columns."""

    columns: tuple[str, ...]
    """Names of the columns."""
    levels: tuple[tuple[str, ...], ...]
    """Level of each column, for each cell. Of pairs only those that occur."""
    codes: npt.NDArray[np.int32]
    """Cell of each row, -1 where a level is unknown; shape (n_rows,)."""
    sizes: Sizes
    """Rows in each cell, shape (n_cells,)."""
    hidden: Hidden
    """Which cells are suppressed, shape (n_cells,)."""

    @property
    def title(self) -> str:
        """Names of the columns in one text, the key ``column`` of summaries."""
        return CROSS.join(self.columns)

    @property
    def unknown(self) -> int:
        """Rows of which a level is unknown."""
        return len(self.codes) - int(self.sizes.sum())

    def keys(self, cell: int) -> dict[str, str]:
        """Keys of the figures of one cell."""
        return dict(zip(self.columns, self.levels[cell], strict=True))

    def label(self, cell: int) -> str:
        """One cell in words."""
        return CROSS.join(self.levels[cell])


def single(column: GroupColumn, *, min_cell: int) -> Cells:
    """Cells of one column: all its levels, empty ones included.

    Parameters
    ----------
    column : GroupColumn
        Codes and levels.
    min_cell : int
        Smallest group shown.
    """
    sizes = np.bincount(column.codes + 1, minlength=len(column.levels) + 1)[1:]
    return Cells(
        columns=(column.name,),
        levels=tuple((level,) for level in column.levels),
        codes=column.codes,
        sizes=sizes,
        hidden=hide_line(sizes, small(sizes, min_cell), min_cell),
    )


def crossed(first: Cells, second: Cells, *, min_cell: int) -> Cells:
    """Cells of two columns: the pairs of levels that occur.

    Parameters
    ----------
    first, second : Cells
        Each of one column of the same rows.
    min_cell : int
        Smallest group shown.
    """
    across = len(second.levels)
    known = (first.codes >= 0) & (second.codes >= 0)
    dense = np.where(known, first.codes * across + second.codes, -1)
    grid = np.bincount(dense + 1, minlength=len(first.levels) * across + 1)[1:].reshape(-1, across)
    hidden = hide_grid(grid, first.hidden, second.hidden, min_cell)
    occurring = np.flatnonzero(grid)
    place = np.full(grid.size + 1, -1, np.int32)
    place[occurring] = np.arange(len(occurring))
    return Cells(
        columns=first.columns + second.columns,
        levels=tuple(first.levels[cell // across] + second.levels[cell % across] for cell in occurring),
        codes=place[dense],
        sizes=grid.ravel()[occurring],
        hidden=hidden.ravel()[occurring],
    )


def shown_groups(columns: Sequence[GroupColumn], *, min_cell: int) -> tuple[GroupColumn, ...]:
    """The columns with rows of suppressed groups as if their group were unknown."""
    found = []
    for column in columns:
        hidden = np.append(single(column, min_cell=min_cell).hidden, False)  # the last one is for unknown rows
        found.append(replace(column, codes=np.where(hidden[column.codes], -1, column.codes).astype(np.int32)))
    return tuple(found)


def every_grouping(columns: Sequence[GroupColumn], *, min_cell: int) -> tuple[tuple[Cells, ...], tuple[Cells, ...]]:
    """Cells of each column, and of each pair of columns in their order."""
    singles = tuple(single(column, min_cell=min_cell) for column in columns)
    return singles, tuple(crossed(a, b, min_cell=min_cell) for a, b in combinations(singles, 2))


def small(sizes: Sizes, min_cell: int) -> Hidden:
    """Cells that have rows, but fewer than `min_cell`; same shape as `sizes`."""
    return (sizes > 0) & (sizes < min_cell)


def hide_line(sizes: Sizes, hidden: Hidden, min_cell: int) -> Hidden:
    """Hide further cells of a line whose total is known, until what is hidden is no small group.

    Parameters
    ----------
    sizes, hidden : numpy.ndarray
        Rows of each cell, and which are hidden already; shape (n_cells,).
    min_cell : int
        Smallest group shown.

    Returns
    -------
    numpy.ndarray
        Which are hidden now; all that have rows where nothing less suffices.
    """
    hidden = hidden.copy()
    while hidden.any() and (hidden.sum() < 2 or sizes[hidden].sum() < min_cell):
        open_cells = np.flatnonzero(~hidden & (sizes > 0))
        if not len(open_cells):
            break
        hidden[open_cells[sizes[open_cells].argmin()]] = True
    return hidden


def hide_grid(grid: Sizes, hidden_rows: Hidden, hidden_columns: Hidden, min_cell: int) -> Hidden:
    """Hide cells of a table whose totals are shown by row and by column.

    Parameters
    ----------
    grid : numpy.ndarray
        Rows of each pair of levels, shape (n_first, n_second).
    hidden_rows, hidden_columns : numpy.ndarray
        Levels hidden as groups of their own, shapes (n_first,) and (n_second,).
    min_cell : int
        Smallest group shown.
    """
    hidden = small(grid, min_cell) | ((grid > 0) & (hidden_rows[:, None] | hidden_columns[None, :]))
    while True:
        before = int(hidden.sum())
        for row in np.flatnonzero(~hidden_rows):
            hidden[row] = hide_line(grid[row], hidden[row], min_cell)
        for column in np.flatnonzero(~hidden_columns):
            hidden[:, column] = hide_line(grid[:, column], hidden[:, column], min_cell)
        if int(hidden.sum()) > before:
            continue
        for cell in determined_cells(hidden, hidden_rows, hidden_columns):
            _hide_beside(grid, hidden, cell)
        if int(hidden.sum()) == before:
            return hidden


def _hide_beside(grid: Sizes, hidden: Hidden, cell: tuple[int, int]) -> None:
    """Hide the smallest cell shown in the row and the column of a cell, if there is one."""
    cross = np.zeros_like(hidden)
    cross[cell[0]], cross[:, cell[1]] = True, True
    beside = np.flatnonzero(cross & ~hidden & (grid > 0))
    if len(beside):
        hidden.flat[beside[grid.flat[beside].argmin()]] = True


def determined_cells(hidden: Hidden, hidden_rows: Hidden, hidden_columns: Hidden) -> list[tuple[int, int]]:
    """Hidden cells that follow by subtraction from the cells shown and the totals of rows and columns.

    Take rows and columns as nodes and hidden cells as edges between them: a cell follows from the rest exactly where
    its edge is a bridge (on no cycle). Lines whose total is hidden too are one node, from which nothing follows.

    References
    ----------
    Gusfield (1988), SIAM Journal on Computing 17, 552–571, doi:10.1137/0217034; bridges by Tarjan (1974), Information
    Processing Letters 2, 160–161, doi:10.1016/0020-0190(74)90003-9.
    """
    edges: dict[int, list[tuple[int, int]]] = {}
    cells = [(int(row), int(column)) for row, column in np.argwhere(hidden)]
    for number, (row, column) in enumerate(cells):
        ends = (-1 if hidden_rows[row] else row, -1 if hidden_columns[column] else len(hidden_rows) + column)
        for own, other in (ends, ends[::-1]):
            edges.setdefault(own, []).append((other, number))
    reached: dict[int, int] = {}
    bridges: list[int] = []

    def lowest(node: int, arrived_by: int) -> int:
        """Earliest node reached from below `node` without the edge by which it was reached."""
        low = reached[node] = len(reached)
        for other, number in edges[node]:
            if number == arrived_by:
                continue
            if other in reached:
                low = min(low, reached[other])
                continue
            below = lowest(other, number)
            if below > reached[node]:
                bridges.append(number)
            low = min(low, below)
        return low

    for node in edges:
        if node not in reached:
            lowest(node, -1)
    return [cells[number] for number in sorted(bridges)]
