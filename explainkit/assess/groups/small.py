"""What must be hidden beside a small group, so that it does not follow by subtraction: rules on counts alone.

Whatever is hidden of a line whose total is known is no small group itself: at least two cells, and rows enough that the
count of each could be any of `min_cell` + 1 numbers as far as that line tells. What several tables together tell is
checked afterwards, by `inference`.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Sizes = npt.NDArray[np.int64]
Hidden = npt.NDArray[np.bool_]


def small(sizes: Sizes, min_cell: int) -> Hidden:
    """Cells that have rows, but fewer than `min_cell`; same shape as `sizes`."""
    return (sizes > 0) & (sizes < min_cell)


def hide_line(sizes: Sizes, hidden: Hidden, min_cell: int) -> Hidden:
    """Hide further cells of a line whose total is known, until what is hidden is no small group.

    Every hidden cell is known to have a row. Of h hidden cells with S rows together each can therefore have any count
    from 1 to S − h + 1; the smallest cells shown are hidden too until h ≥ 2 and S − h ≥ `min_cell`.

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
    if not hidden.any():
        return hidden
    shown = np.flatnonzero(~hidden & (sizes > 0))
    ascending = shown[np.argsort(sizes[shown], kind="stable")]
    spare = (sizes[hidden] - 1).sum() + np.concatenate(([0], np.cumsum(sizes[ascending] - 1)))
    enough = (spare >= min_cell) & (hidden.sum() + np.arange(len(spare)) >= 2)
    hidden[ascending[: int(enough.argmax()) if enough.any() else len(ascending)]] = True
    return hidden


def hide_lines(places: Sizes, sizes: Sizes, hidden: Hidden, min_cell: int) -> Hidden:
    """Hide further cells of a table until no line of it leaves a small group hidden.

    A line is all cells that differ in one column alone; its total is a cell of the table without that column.

    Parameters
    ----------
    places : numpy.ndarray
        Level of each cell in each column, shape (n_cells, n_columns).
    sizes, hidden : numpy.ndarray
        Rows of each cell (all have some), and which are hidden already; shape (n_cells,).
    min_cell : int
        Smallest group shown.
    """
    hidden = hidden.copy()
    lines = [
        np.unique(np.delete(places, axis, axis=1), axis=0, return_inverse=True)[1].ravel()
        for axis in reversed(range(places.shape[1]))
    ]
    before = -1
    while before < (before := int(hidden.sum())):
        for line in lines:
            count, spare = np.bincount(line, hidden), np.bincount(line, hidden * (sizes - 1))
            lacking = (count > 0) & ((count < 2) | (spare < min_cell)) & (np.bincount(line, ~hidden) > 0)
            order = np.flatnonzero(lacking[line])
            order = order[np.argsort(line[order], kind="stable")]
            for cells in np.split(order, np.flatnonzero(np.diff(line[order])) + 1):
                hidden[cells] = hide_line(sizes[cells], hidden[cells], min_cell)
    return hidden


def hide_rates(numerators: Sizes, sizes: Sizes, counted: Hidden, min_count: int) -> Hidden:
    """Groups of one column whose rates are hidden although their size is shown.

    Beside the groups with a small numerator the smallest others are hidden, until each small numerator, as far as it
    follows from the sizes and from what all groups hidden have together, leaves a range of `min_count`.

    Parameters
    ----------
    numerators : numpy.ndarray
        Numerators of every rate, and their complements, shape (n_cells, n_numerators).
    sizes : numpy.ndarray
        Rows of each cell, shape (n_cells,).
    counted : numpy.ndarray
        Cells whose size is shown, shape (n_cells,).
    min_count : int
        Smallest numerator shown; 0 hides nothing.

    Returns
    -------
    numpy.ndarray
        Shape (n_cells,); all groups with rows where nothing less suffices.
    """
    scarce: Hidden = np.logical_and(small(numerators, min_count), counted[:, None])
    hidden: Hidden = np.logical_or.reduce(scarce, axis=1)
    if not hidden.any():
        return hidden
    shown = np.flatnonzero(~hidden & counted & (sizes > 0))
    for cell in shown[np.argsort(sizes[shown], kind="stable")]:
        if hidden.sum() >= 2 and (_ranges(numerators, sizes, hidden)[scarce[hidden]] >= min_count).all():
            break
        hidden[cell] = True
    return hidden


def hide_together(numerators: Sizes, sizes: Sizes, hidden: Hidden, min_count: int) -> Hidden:
    """Groups of one column hidden so that, taken together as one group, they could be shown.

    Every group with a numerator below `min_count`, none at all included, is hidden, and beside these the smallest
    others, until they are two at least and each numerator of all of them together is no smaller than `min_count`. Then
    each numerator of each of them keeps a range of `min_count`, as far as sizes and what is shown of the others tell.

    Parameters
    ----------
    numerators : numpy.ndarray
        Of every rate shown, and their complements; disjoint parts of the rows, or unions of them. Shape (n_cells,
        n_numerators).
    sizes, hidden : numpy.ndarray
        Rows of each cell, and which are hidden already; shape (n_cells,).
    min_count : int
        Smallest numerator shown.

    Returns
    -------
    numpy.ndarray
        Which are hidden now; all that have rows where nothing less suffices.
    """
    occupied = sizes > 0
    hidden = occupied & (hidden | (numerators < min_count).any(axis=1))
    if not hidden.any():
        return hidden
    shown = np.flatnonzero(occupied & ~hidden)
    for cell in shown[np.argsort(sizes[shown], kind="stable")]:
        if hidden.sum() >= 2 and (numerators[hidden].sum(axis=0) >= min_count).all():
            break
        hidden[cell] = True
    return hidden


def _ranges(numerators: Sizes, sizes: Sizes, hidden: Hidden) -> Sizes:
    """Range of each hidden numerator, given the sizes and the sums over what is hidden; (n_hidden, n_numerators)."""
    own, everyone, sums = sizes[hidden][:, None], sizes[hidden].sum(), numerators[hidden].sum(axis=0)[None]
    ranges: Sizes = np.minimum(own, sums) - np.maximum(0, own - (everyone - sums))
    return ranges
