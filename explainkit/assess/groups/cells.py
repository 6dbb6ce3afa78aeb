"""Groups: rows by one sensitive column or by several, and which of them are too small to be shown.

A group with fewer rows than ``min_cell`` is hidden, and with it whatever would reveal it: in its own column, so that
what is hidden there is no small group itself (`disclosure`); in intersections, so that no hidden count is confined to
fewer than ``min_cell`` + 1 numbers, or to fewer than the single columns confine it to anyway (`protection`). A level
hidden alone is hidden in every intersection. Whoever reads the card cannot tell which of two hidden groups is the small
one: both give the same reason.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypedDict

import numpy as np
import numpy.typing as npt

from explainkit.assess.groups.small import Hidden, Sizes, hide_line, hide_rates, small
from explainkit.assess.recorder import SUPPRESSED, SUPPRESSED_COUNT, SUPPRESSED_EARLIER
from explainkit.evidence import NO_BASIS
from explainkit.figures import Status, figure_id
from explainkit.load.subject import GROUP, EarlierCard, GroupColumn

CROSS = " × "


@dataclass(frozen=True, slots=True, kw_only=True)
class RowStates:
    """What is counted of each row besides its groups."""

    codes: npt.NDArray[np.int32]
    """State of each row as one small integer: outcome, decision and whatever else is counted; shape (n_rows,)."""
    classes: npt.NDArray[np.int64]
    """Of each state, from 0, what can be told apart in intersections; shape (n_states,)."""
    numerators: tuple[npt.NDArray[np.bool_], ...] = ()
    """States of each numerator shown of single columns, and of its complement; each of shape (n_states,)."""
    crossed: tuple[npt.NDArray[np.bool_], ...] = ()
    """The same of intersections; each is a union of classes."""
    errors: tuple[npt.NDArray[np.bool_], ...] = ()
    """States of each outcome with each decision, of which error rates are made; each of shape (n_states,)."""
    tells: frozenset[str] = frozenset()
    """Names of figures that tell of intersections more than their sizes."""

    @property
    def count(self) -> int:
        """How many states there are."""
        return len(self.classes)

    @property
    def class_count(self) -> int:
        """How many classes there are."""
        return 1 + int(self.classes.max(initial=0))


class Absence(TypedDict):
    """What a figure without a value says."""

    status: Status
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Cells:
    """Rows by one sensitive column or by several."""

    columns: tuple[str, ...]
    """Names of the columns."""
    levels: tuple[tuple[str, ...], ...]
    """Level of each column, for each cell. Of intersections only those that occur."""
    places: Sizes
    """Level of each column as a number, shape (n_cells, n_columns)."""
    codes: npt.NDArray[np.int32]
    """Cell of each row, -1 where a level is unknown; shape (n_rows,)."""
    sizes: Sizes
    """Rows in each cell, shape (n_cells,)."""
    hidden: Hidden
    """Cells of which nothing is shown, save perhaps their size; shape (n_cells,)."""
    uncounted: Hidden
    """Hidden cells whose size is hidden too, shape (n_cells,)."""
    why: str = SUPPRESSED
    """The reason printed for every hidden cell."""
    untested: str | None = None
    """Why nothing but sizes may be measured; then every cell is hidden."""
    coarse: Hidden | None = None
    """Hidden cells of a single column of which the classes of states are shown all the same; shape (n_cells,)."""

    @property
    def title(self) -> str:
        """Names of the columns in one text, the key ``column`` of summaries."""
        return CROSS.join(self.columns)

    @property
    def unknown(self) -> int:
        """Rows of which a level is unknown."""
        return len(self.codes) - int(self.sizes.sum())

    @property
    def dark(self) -> Hidden:
        """Cells of which not even the classes of states are shown, shape (n_cells,)."""
        return self.hidden if self.coarse is None else self.hidden & ~self.coarse

    @property
    def protected(self) -> Hidden:
        """Cells hidden because they, or others, are small; not those of which nothing may be tested. (n_cells,)."""
        return self.hidden if self.untested is None else self.uncounted

    @property
    def absence(self) -> Absence:
        """Status and reason of the figures of hidden cells."""
        if self.untested is not None:
            return {"status": "not_tested", "reason": self.untested}
        return {"status": "suppressed", "reason": self.why}

    def keys(self, cell: int) -> dict[str, str]:
        """Keys of the figures of one cell."""
        return dict(zip(self.columns, self.levels[cell], strict=True))

    def label(self, cell: int) -> str:
        """One cell in words."""
        return CROSS.join(self.levels[cell])


def single(
    column: GroupColumn,
    states: RowStates,
    *,
    min_cell: int,
    min_count: int = 0,
    earlier: EarlierCard | None = None,
) -> Cells:
    """Cells of one column: all its levels, empty ones included; parameters as for `groupings`."""
    count = len(column.levels)
    sizes = np.bincount(column.codes + 1, minlength=count + 1)[1:]
    before = np.zeros(count, np.bool_), np.zeros(count, np.bool_)
    why = SUPPRESSED_COUNT if min_count else SUPPRESSED
    if earlier is not None:
        before = hidden_before([{column.name: level} for level in column.levels], earlier)
        why += SUPPRESSED_EARLIER
    uncounted = hide_line(sizes, small(sizes, min_cell) | (before[0] & (sizes > 0)), min_cell)
    hidden = uncounted | (before[1] & (sizes > 0))
    if min_count and states.numerators:
        table = by_state(column.codes, count, states)
        numerators = np.stack([table[:, chosen].sum(axis=1) for chosen in states.numerators], axis=1)
        hidden |= hide_rates(numerators, sizes, ~uncounted, min_count)
    return Cells(
        columns=(column.name,),
        levels=tuple((level,) for level in column.levels),
        places=np.arange(count)[:, None],
        codes=column.codes,
        sizes=sizes,
        hidden=hidden,
        uncounted=uncounted,
        why=why,
    )


def hidden_before(groups: Sequence[Mapping[str, str]], earlier: EarlierCard) -> tuple[Hidden, Hidden]:
    """Groups, by their level of each column, whose size an earlier card hides, and those of which it hides anything."""
    found = np.array([earlier.hides(group) for group in groups], np.bool_).reshape(-1, 2)
    return found[:, 0], found[:, 1]


def hidden_on_cards(singles: Iterable[Cells]) -> EarlierCard:
    """What cards hide of the groups of single columns, as of a card published before."""
    counts: dict[str, int | None] = {}
    unrated: set[str] = set()
    for cells in singles:
        for cell in range(len(cells.levels)):
            name = figure_id(GROUP, cells.keys(cell))
            if cells.uncounted[cell]:
                counts[name] = None
            if cells.protected[cell]:
                unrated.add(name)
    return EarlierCard(counts=counts, unrated=frozenset(unrated), told=frozenset())


def by_state(codes: npt.NDArray[np.int32], count: int, states: RowStates) -> Sizes:
    """Rows of each cell by state, shape (n_cells, n_states)."""
    combined = (codes.astype(np.int64) + 1) * states.count + states.codes
    return np.bincount(combined, minlength=(count + 1) * states.count).reshape(-1, states.count)[1:]


def intersection(singles: Sequence[Cells]) -> Cells:
    """Cells of several columns: the combinations of levels that occur, none of them hidden yet.

    Parameters
    ----------
    singles : sequence of Cells
        Each of one column of the same rows.
    """
    known = np.logical_and.reduce([cells.codes >= 0 for cells in singles])
    stacked = np.stack([cells.codes[known] for cells in singles], axis=1).astype(np.int64)
    # Column by column, so that the number of a combination never exceeds rows times levels.
    code = stacked[:, 0]
    for axis in range(1, len(singles)):
        code = np.unique(code * len(singles[axis].levels) + stacked[:, axis], return_inverse=True)[1]
    found, first, code = np.unique(code, return_index=True, return_inverse=True)
    places = stacked[first]
    codes = np.full(len(known), -1, np.int32)
    codes[known] = code
    nothing = np.zeros(len(found), np.bool_)
    return Cells(
        columns=tuple(name for cells in singles for name in cells.columns),
        levels=tuple(
            tuple(cells.levels[level][0] for cells, level in zip(singles, place, strict=True)) for place in places
        ),
        places=places,
        codes=codes,
        sizes=np.bincount(codes[known], minlength=len(found)),
        hidden=nothing,
        uncounted=nothing,
        why=singles[0].why,
    )


def with_hidden(cells: Cells, hidden: Hidden) -> Cells:
    """The same cells, with others hidden, sizes included."""
    return replace(cells, hidden=hidden, uncounted=hidden)


def without_basis(cells: Cells, columns: Sequence[GroupColumn]) -> Cells:
    """The same cells, of which nothing but sizes is tested if a column of them has no legal basis stated."""
    lacking = [c.name for c in columns if c.name in cells.columns and not (c.basis or "").strip()]
    if not lacking:
        return cells
    keys = ", ".join(f"fairness.basis.{name}" for name in lacking)
    everything = np.ones(len(cells.sizes), np.bool_)
    return replace(cells, hidden=everything, untested=f"{NO_BASIS} ({keys})")
