"""What the public summary may tell of groups: no small number of people follows from the figures that it gives.

A card is for those who have a right to see it; its summary is for everybody. So the summary gives fewer figures of
groups than the card, with a floor of its own: ``public.min_count``, and never less than ``fairness.min_cell`` and
``fairness.min_count``. It gives the size of a group, its selection (and scoring) rates, and its error rates, each only
where every number behind them reaches the floor: rows, those counted, and those not counted, none at all being too few.
What is withheld of a column, taken together as one group, could itself be given (`hide_together`); rows whose group is
unknown count as a group of their own, since totals over all rows tell of them what no group does. Of columns whose
levels nest, one alone is told of where anything of them is withheld. Intersections, of which Local Law 144 alone is
given, are protected by `protect`. Figures are only ever withheld, never computed again: whatever the summary says of a
group the card says too.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy import sparse

from explainkit.assess.fairness.shown import row_states
from explainkit.assess.groups.cells import Cells, RowStates, by_state, intersection, single
from explainkit.assess.groups.protection import protect
from explainkit.assess.groups.small import Hidden, hide_line, hide_together, small
from explainkit.assess.outcomes import selected_rows
from explainkit.evidence import LedgerEntry, Publication
from explainkit.figures import Figure, figure_id, reference_group
from explainkit.load.earlier_card import earlier_card
from explainkit.load.subject import GROUP, EarlierCard, Subject
from explainkit.plan import Plan
from explainkit.public import SUMMARIES, Tells, tells_of

_RULE = (
    "the rule asks for every category, and the public summary withholds those with a number of people below "
    "public.min_count, or that would reveal one: a person has to decide which of the two gives way"
)
_TIERS: tuple[Tells, ...] = ("size", "selection", "errors")
"""From the least that is told to the most: whatever withholds one withholds those after it."""
_WITHHELD = "a number of people behind them is below public.min_count, or would reveal one that is"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Levels:
    """How much the summary tells of the groups of one column, or of several."""

    cells: Cells
    told: dict[Tells, Hidden]
    """Groups of which it tells sizes, selection, errors; each of shape (n_cells,)."""


def publication(subject: Subject, plan: Plan, figures: Sequence[Figure]) -> tuple[Publication, tuple[LedgerEntry, ...]]:
    """Which figures by group the public summary gives.

    Parameters
    ----------
    subject : Subject
        With the groups in `Rows.groups`.
    plan : Plan
        With the floor, and the columns of Local Law 144.
    figures : sequence of Figure
        What was measured; what the card hides of groups stays hidden.

    Returns
    -------
    Publication
        Ids of figures that are measured and may be given.
    tuple of LedgerEntry
        What is withheld, for the card.
    """
    floor = max(plan.public.min_count, plan.fairness.min_cell, plan.fairness.min_count)
    before, states = earlier_card(figures), row_states(subject, plan.ll144)
    alone = _one_of_nested(
        [_of_column(subject, place, states, before, floor) for place in range(len(subject.rows.groups))],
        plan.ll144.columns,
    )
    crossed = _of_pair(alone, plan, states, before, floor)
    found = {levels.cells.columns: levels for levels in (*alone, *crossed)}.values()
    given = _given(figures, found)
    return Publication(min_count=floor, figures=given), tuple(_notes(found, plan, figures))


def _of_column(subject: Subject, place: int, states: RowStates, before: EarlierCard, floor: int) -> _Levels:
    column = subject.rows.groups[place]
    cells = single(column, states, min_cell=floor)
    earlier = np.array([before.hides({column.name: level}) for level in column.levels], np.bool_).reshape(-1, 2)
    occupied = cells.sizes > 0
    uncounted = hide_line(cells.sizes, (small(cells.sizes, floor) | earlier[:, 0]) & occupied, floor)
    unselected = uncounted | (earlier[:, 1] & occupied)
    if subject.task != "regression":
        rates = states.crossed if selected_rows(subject) is not None else ()
        unselected = _hidden(cells, states, rates, unselected, floor)
        errorless = _hidden(cells, states, states.errors, unselected, floor)
    else:
        # Of a few rows of unknown group, sums over all rows tell what the sums over groups lack.
        sizes = np.append(cells.sizes, cells.unknown)
        unselected = hide_line(sizes, np.append(unselected, 0 < cells.unknown < floor), floor)[:-1]
        errorless = unselected
    return _levels(cells, {"size": ~uncounted, "selection": ~unselected, "errors": ~errorless})


def _hidden(cells: Cells, states: RowStates, numerators: Sequence[np.ndarray], hidden: Hidden, floor: int) -> Hidden:
    """Which cells are hidden, the rows of unknown group being one more cell."""
    if not numerators:
        return hidden
    count = len(cells.sizes)
    table = by_state(np.where(cells.codes < 0, count, cells.codes).astype(np.int32), count + 1, states)
    counts = np.stack([table[:, chosen].sum(axis=1) for chosen in numerators], axis=1)
    return hide_together(counts, np.append(cells.sizes, cells.unknown), np.append(hidden, False), floor)[:-1]


def _levels(cells: Cells, told: dict[Tells, Hidden]) -> _Levels:
    hidden = ~told["errors"]
    cells = replace(cells, hidden=hidden, uncounted=~told["size"], coarse=hidden & told["selection"])
    return _Levels(cells=cells, told=told)


def _one_of_nested(found: Sequence[_Levels], first: Sequence[str]) -> list[_Levels]:
    """All but one column withheld, of two whose levels nest, in what is not told of every group of both.

    Where each level of one column lies within one level of another, the other tells the sum over a part of its groups,
    and what is withheld of that part follows by subtraction, whatever is withheld elsewhere. The later column gives
    way; those that come `first`, which a law asks for, are the last to.
    """
    found = list(found)
    order = sorted(range(len(found)), key=lambda place: found[place].cells.title not in first)
    for i, kept in enumerate(order):
        for other in order[i + 1 :]:
            pair = found[kept], found[other]
            if not _nested(*(levels.cells for levels in pair)):
                continue
            whole = [t for t in _TIERS if all(p.told[t][p.cells.sizes > 0].all() for p in pair)]
            told = {t: hidden if t in whole else np.zeros_like(hidden) for t, hidden in pair[1].told.items()}
            found[other] = _levels(pair[1].cells, told)
    return found


def _nested(one: Cells, other: Cells) -> bool:
    """Whether some levels of one column have, of the other, levels that all other levels have not."""
    known = (one.codes >= 0) & (other.codes >= 0)
    mine, others = one.codes[known], other.codes[known] + len(one.sizes)
    nodes = len(one.sizes) + len(other.sizes)
    met = sparse.coo_array((np.ones(len(mine), np.int8), (mine, others)), shape=(nodes, nodes))
    parts = sparse.csgraph.connected_components(met, directed=False)[1]
    return len(np.unique(parts[mine])) > 1


def _of_pair(
    alone: Sequence[_Levels], plan: Plan, states: RowStates, before: EarlierCard, floor: int
) -> tuple[_Levels, ...]:
    """The intersection that Local Law 144 asks for, where it is asked for."""
    singles = [levels.cells for levels in alone if levels.cells.title in plan.ll144.columns]
    if len(singles) < 2:
        return ()
    pair = intersection(singles)
    table = by_state(pair.codes, len(pair.sizes), states)
    hidden = np.array([any(before.hides(pair.keys(cell))) for cell in range(len(pair.sizes))], np.bool_)
    for numerator in states.crossed:
        hidden |= table[:, numerator].sum(axis=1) < floor
    hidden = _beside_unknown(pair, singles, states, hidden, floor)
    pair = replace(pair, hidden=hidden, uncounted=hidden)
    shown, _ = protect(singles, (pair,), states, min_cell=floor, min_count=floor)
    dark = shown[0].hidden if shown else np.ones(len(pair.sizes), np.bool_)
    nothing = np.zeros(len(pair.sizes), np.bool_)
    return (_Levels(cells=pair, told={"size": ~dark, "selection": ~dark, "errors": nothing}),)


def _beside_unknown(pair: Cells, singles: Sequence[Cells], states: RowStates, hidden: Hidden, floor: int) -> Hidden:
    """One more cell hidden in each line in which few people are unknown of the other column.

    Their numbers are those of the line less those of its cells.
    """
    hidden = hidden.copy()
    for axis, cells in enumerate(singles):
        lacking = np.where(pair.codes < 0, cells.codes, -1).astype(np.int32)
        table = by_state(lacking, len(cells.sizes), states)
        rare = np.zeros(len(cells.sizes), np.bool_)
        for numerator in states.crossed:
            rare |= table[:, numerator].sum(axis=1) < floor
        for level in np.flatnonzero(rare & (table.sum(axis=1) > 0)):
            line = np.flatnonzero(pair.places[:, axis] == level)
            if len(line) and not hidden[line].any():
                hidden[line[np.argmin(pair.sizes[line])]] = True
    return hidden


def _given(figures: Iterable[Figure], found: Iterable[_Levels]) -> tuple[str, ...]:
    """Ids of measured figures by group of which the numbers are told, of the group and of what it is held against."""
    of_cell: dict[str, tuple[_Levels, int]] = {}
    of_title: dict[str, _Levels] = {}
    labels: dict[tuple[str, ...], dict[str, int]] = {}
    for levels in found:
        cells = levels.cells
        of_title[figure_id(GROUP, column=cells.title)] = levels
        labels[cells.columns] = {cells.label(cell): cell for cell in range(len(cells.sizes))}
        of_cell |= {figure_id(GROUP, cells.keys(cell)): (levels, cell) for cell in range(len(cells.sizes))}
    given = []
    for figure in figures:
        tells = tells_of(figure.name)
        if tells is None or figure.status != "measured":
            continue
        group = GROUP + figure.id.removeprefix(figure.name)
        if group in of_cell:
            levels, cell = of_cell[group]
            needed = [cell]
            if figure.reference is not None:
                needed.append(labels[levels.cells.columns].get(reference_group(figure.reference), -1))
            may = all(place >= 0 and levels.told[tells][place] for place in needed)
        else:
            over = of_title.get(group) if figure.name in SUMMARIES else None
            # Figures over the groups of a column would tell of what is withheld.
            unknown = figure.name in SUMMARIES and SUMMARIES[figure.name] is None
            may = over is not None and (unknown or bool(over.told[tells][over.cells.sizes > 0].all()))
        if may:
            given.append(figure.id)
    return tuple(given)


def _notes(found: Iterable[_Levels], plan: Plan, figures: Sequence[Figure]) -> Iterator[LedgerEntry]:
    """What is withheld, once for each grouping of which the card measured something."""
    measured = {f.id for f in figures if f.status == "measured"}
    for levels in found:
        cells = levels.cells
        columns = set(cells.columns)
        rule = columns <= set(plan.ll144.columns)
        names: dict[Tells, str] = {"selection": "ll144.selection_rate" if rule else "fairness.selection_rate"}
        if len(columns) == 1:
            names |= {"errors": "fairness.accuracy"}
        for tells, name in names.items():
            keys = (figure_id(name, cells.keys(cell)) for cell in np.flatnonzero(~levels.told[tells]).tolist())
            count = sum(key in measured for key in keys)
            if not count:
                continue
            by_rule = rule and tells == "selection"
            kind = "categories" if by_rule else "error rates of groups" if tells == "errors" else "groups"
            what = f"{kind} of {cells.title} in the public summary" + (" (Local Law 144)" if by_rule else "")
            yield LedgerEntry(kind="suppressed", what=what, reason=_RULE if by_rule else _WITHHELD, count=count)
