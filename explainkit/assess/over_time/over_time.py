"""Does it still hold: figures by period and by segment, the latest period against the earlier ones, in and out of
sample."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from explainkit.assess.groups.cells import Cells
from explainkit.assess.groups.groupings import Groupings
from explainkit.assess.over_time.changes import record_changes
from explainkit.assess.over_time.measures import Change, Measure, difference, measures_of
from explainkit.assess.over_time.parts import cells_of, record_part_spread, record_parts
from explainkit.assess.over_time.samples import measure_samples
from explainkit.assess.recorder import Keys, Recorder
from explainkit.evidence import Measured
from explainkit.load.subject import Subject
from explainkit.load.times import span_of
from explainkit.plan import Plan

CHANGE = "period.change"
_METHOD = "rows of the latest period less those of all earlier ones"
_ONE_PERIOD = "all rows are of one period: there is none to compare with"


def measure(subject: Subject, plan: Plan, found: Groupings) -> Measured:
    """Every figure ``period.*``, ``segment.*`` and ``sample.*`` that the plan asks for.

    Parameters
    ----------
    subject : Subject
        Of any task, with the periods and segments of its rows.
    plan : Plan
        With ``time``, ``data.segment`` and ``data.trained_on_reference``; nothing is measured without.
    found : Groupings
        As `shown.groupings_of` gives them: what is hidden of sensitive columns.
    """
    recorder = Recorder(subject, undefined="insufficient")
    rows = subject.rows
    if rows.periods is not None or rows.segments is not None:
        measures, whole = measures_of(subject), found.whole and not plan.fairness.min_count
        if rows.periods is not None:
            cells = cells_of(subject, plan, rows.periods, found)
            record_parts(recorder, "period", "period", cells, measures)
            record_part_spread(recorder, "period", cells, whole=whole)
            _record_change(recorder, cells, measures)
        if rows.segments is not None:
            cells = cells_of(subject, plan, rows.segments, found)
            record_parts(recorder, "segment", "segment", cells, measures)
            record_part_spread(recorder, "segment", cells, whole=whole)
            _note_unknown(recorder, cells)
    measured = recorder.result()
    return measured + measure_samples(subject, plan) if plan.data.trained_on_reference else measured


def _note_unknown(recorder: Recorder, cells: Cells) -> None:
    if cells.unknown:
        recorder.note(
            "not_tested", "rows by segment", "their segment is missing, and they stand in none", cells.unknown
        )


def _record_change(recorder: Recorder, cells: Cells, measures: Sequence[Measure]) -> None:
    """The latest period that has rows, against all rows before it."""
    used = np.flatnonzero(cells.sizes)
    latest, earlier = int(used[-1]), used[:-1]
    found: list[tuple[Keys, Change]] = []
    for one in measures:
        keys = {"measure": one.name}
        if recorder.preconditions.obstacle(f"period.{one.name}") is not None:
            continue
        if cells.hidden[latest]:
            recorder.missing(CHANGE, keys, **cells.absence)
            continue
        if not len(earlier):
            recorder.missing(CHANGE, keys, status="insufficient", reason=_ONE_PERIOD)
            continue
        before = (cells.codes >= 0) & (cells.codes < latest)
        told = difference(one, cells.codes == latest, before, recorder.sampling)
        if isinstance(told, str):
            recorder.missing(CHANGE, keys, status="insufficient", reason=told)
        else:
            found.append((keys, told))
    if found:
        span = span_of(*(cells.label(int(period)) for period in (earlier[0], earlier[-1])))
        record_changes(recorder, CHANGE, found, {"method": _METHOD, "reference": span})
