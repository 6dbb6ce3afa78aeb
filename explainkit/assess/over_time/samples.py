"""In sample against out of sample and out of time: how much better the model is on the rows that it was made of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from explainkit.assess.over_time.changes import record_changes
from explainkit.assess.over_time.measures import Change, Measure, difference, measures_of, record
from explainkit.assess.over_time.parts import cells_of, record_parts
from explainkit.assess.recorder import Keys, Recorder
from explainkit.assess.statistics.sampling import Sampling
from explainkit.evidence import Measured
from explainkit.load.reference_rows import as_evaluated
from explainkit.load.subject import GroupColumn, Subject
from explainkit.plan import Plan

FAMILY = "sample"
CHANGE = "sample.change"
IN_SAMPLE, OUT_OF_SAMPLE, OUT_OF_TIME = "in_sample", "out_of_sample", "out_of_time"
_SAME = "the evaluation data is the reference data: no row is new to the model"
_METHOD = "rows that are new to the model less those that it was trained on"


def measure_samples(subject: Subject, plan: Plan) -> Measured:
    """Every figure ``sample.*``: of the reference rows, of evaluation rows, and the differences between them.

    Parameters
    ----------
    subject : Subject
        With reference data, on which the model was trained.
    plan : Plan
        That says so; nothing is measured without.
    """
    recorder = Recorder(subject, undefined="insufficient")
    measures = measures_of(subject)
    name = f"{FAMILY}.{measures[0].name}"
    same = subject.reference is not None and subject.reference.identity.digest == subject.evaluation.identity.digest
    trained = _SAME if same else as_evaluated(subject, plan)
    if isinstance(trained, str):
        recorder.missing(name, status="not_tested", reason=trained)
        return recorder.result()
    other, casts = trained
    cells = cells_of(subject, plan, _new_rows(subject))
    record_parts(recorder, FAMILY, "rows", cells, measures)
    known = _of_reference(other)
    own = measures_of(other)
    together = _together(subject, other)
    found: list[tuple[Keys, Change]] = []
    for level in range(len(cells.levels)):
        if not cells.sizes[level]:
            continue
        for one, two in zip(measures, own, strict=True):
            keys = {"measure": one.name, "rows": cells.label(level)}
            if cells.hidden[level]:
                recorder.missing(CHANGE, keys, **cells.absence)
            elif recorder.preconditions.obstacle(f"{FAMILY}.{one.name}") is None:
                change = _change((one, two), cells.codes == level, together)
                if isinstance(change, str):
                    recorder.missing(CHANGE, keys, status="insufficient", reason=change)
                else:
                    found.append((keys, change))
    record_changes(recorder, CHANGE, found, {"method": _METHOD, "reference": "in sample"})
    return known + Measured(ledger=casts) + recorder.result()


def _new_rows(subject: Subject) -> GroupColumn:
    """Evaluation rows that are later than the reference rows, and those that are not or may be not."""
    rows = subject.rows
    if rows.later is None or rows.periods is None:
        codes = np.zeros(rows.count, np.int32)
        return GroupColumn(name="rows", codes=codes, levels=(OUT_OF_SAMPLE,), is_feature=False)
    codes = np.where(rows.periods.codes < 0, -1, rows.later.astype(np.int32)).astype(np.int32)
    return GroupColumn(name="rows", codes=codes, levels=(OUT_OF_SAMPLE, OUT_OF_TIME), is_feature=False)


def _of_reference(other: Subject) -> Measured:
    """Figures of the reference rows."""
    recorder = Recorder(other, undefined="insufficient")
    keys = {"rows": IN_SAMPLE}
    recorder.count(f"{FAMILY}.rows", other.rows.count, keys, n=other.rows.count)
    for measure in measures_of(other):
        if recorder.preconditions.obstacle(f"{FAMILY}.{measure.name}") is None:
            record(recorder, f"{FAMILY}.{measure.name}", measure, np.arange(other.rows.count), keys)
    found = recorder.result()
    return replace(found, figures=tuple(replace(figure, dataset="reference") for figure in found.figures))


def _change(pair: Sequence[Measure], first: npt.NDArray[np.bool_], together: Sampling) -> Change | str:
    """One difference: some evaluation rows less all reference rows."""
    own, trained = pair
    both = replace(
        own,
        values=np.concatenate((own.values, trained.values)),
        counted=np.concatenate((own.counted, trained.counted)),
        scores=_joined(own.scores, trained.scores),
    )
    of_reference = np.arange(len(both.values)) >= len(own.values)
    chosen = np.concatenate((first, np.zeros(len(trained.values), np.bool_)))
    return difference(both, chosen, of_reference, together)


def _joined(
    own: npt.NDArray[np.float64] | None, other: npt.NDArray[np.float64] | None
) -> npt.NDArray[np.float64] | None:
    return None if own is None or other is None else np.concatenate((own, other))


def _together(subject: Subject, other: Subject) -> Sampling:
    """How the rows of both data sets came about; a cluster may reach over both."""
    column, clusters = subject.rows.cluster_column, None
    if column is not None:
        named = pd.concat([subject.evaluation.frame[column], other.evaluation.frame[column]], ignore_index=True)
        clusters = pd.factorize(named)[0].astype(np.int64)
    weights = _joined(subject.rows.weights, other.rows.weights)
    return Sampling(weights=weights, kind=subject.rows.weight_kind, clusters=clusters)
