"""Figures of every period, or of every segment, with what is hidden of small ones as of groups of people."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from explainkit.assess.fairness.score_spread import spread_of
from explainkit.assess.fairness.shown import row_states
from explainkit.assess.groups.cells import Cells, single
from explainkit.assess.groups.groupings import Groupings
from explainkit.assess.over_time.measures import Measure, record
from explainkit.assess.recorder import Recorder
from explainkit.figures import figure_id
from explainkit.load.subject import GroupColumn, Subject
from explainkit.plan import Plan

_HIDDEN = "how the scores of parts are spread could tell of a part, a group or a numerator that is hidden"


def cells_of(subject: Subject, plan: Plan, column: GroupColumn, found: Groupings | None = None) -> Cells:
    """Parts of the rows, with what is hidden of them; a sensitive column hides what it hides elsewhere."""
    known = next((c for c in found.singles if c.title == column.name), None) if found is not None else None
    if known is not None:
        return known
    states = row_states(subject, plan.ll144)
    return single(column, states, min_cell=plan.fairness.min_cell, min_count=plan.fairness.min_count)


def record_parts(recorder: Recorder, family: str, key: str, cells: Cells, measures: Sequence[Measure]) -> None:
    """Record every figure of every part.

    Parameters
    ----------
    recorder : Recorder
        Takes the figures, by the names ``family.rows``, ``family.roc_auc`` and so on.
    family : str
        First word of the names.
    key : str
        Key by which figures name the part.
    cells : Cells
        The parts.
    measures : sequence of Measure
        As `measures_of` gives them.
    """
    order = np.argsort(cells.codes, kind="stable")
    places = np.split(order, np.searchsorted(cells.codes[order], np.arange(len(cells.levels))))[1:]
    for cell in range(len(cells.levels)):
        keys = {key: cells.label(cell)}
        if cells.uncounted[cell]:
            recorder.missing(f"{family}.rows", keys, **cells.absence)
        else:
            recorder.count(f"{family}.rows", int(cells.sizes[cell]), keys, n=recorder.subject.rows.count)
        for measure in measures:
            name = f"{family}.{measure.name}"
            if cells.hidden[cell]:
                recorder.missing(name, keys, **cells.absence)
            else:
                record(recorder, name, measure, places[cell], keys)
    if cells.protected.any():
        recorder.note("suppressed", f"parts of the rows by {cells.title}", cells.why, int(cells.protected.sum()))


def record_part_spread(recorder: Recorder, family: str, cells: Cells, *, whole: bool) -> None:
    """Record how the scores of every part are spread; the parts are called by the family.

    Parameters
    ----------
    recorder, family, cells
        As for `record_parts`.
    whole : bool
        Whether nothing is hidden of any group of people, nor any numerator.
    """
    name = f"{family}.score_quantiles"
    if recorder.subject.task == "multiclass" or cells.untested is not None or not recorder.open_series(name):
        return
    if cells.hidden.any() or not whole:
        recorder.note("suppressed", f"spread of the scores by {cells.title}", _HIDDEN)
        return
    series = spread_of(recorder, cells, figure_id(name), first=family)
    if series is not None:
        recorder.curve(series)
