"""Fairness by group: the same rates for every group and pair of groups, and their distance from a reference.

Figures state what was measured, for whom and against what. None is a verdict, and none says why a difference exists.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from explainkit.assess import ranking
from explainkit.assess.binary import DELONG
from explainkit.assess.cross_counts import (
    ALL,
    LABELLED,
    CrossTable,
    State,
    cross,
    group_means,
    score_tables,
    states,
)
from explainkit.assess.group_means import record_means, record_regression
from explainkit.assess.groupings import groupings
from explainkit.assess.groups import WEIGHTLESS, Cells, RowStates
from explainkit.assess.intervals import delong
from explainkit.assess.outcomes import check_favourable, decided_classes, selected_rows
from explainkit.assess.preconditions import NEEDS, Need
from explainkit.assess.recorder import Details, Recorder, among
from explainkit.assess.references import check_references
from explainkit.assess.selection import EMPTY, record_selection
from explainkit.assess.selection_curve import record_curve
from explainkit.evidence import Measured
from explainkit.figures import Unit
from explainkit.load.subject import Subject
from explainkit.plan import FairnessPlan

_UNLABELLED = "no row of the group has an outcome"


def measure(subject: Subject, plan: FairnessPlan) -> Measured:
    """Every figure of groups, of single sensitive columns and of pairs of them.

    Parameters
    ----------
    subject : Subject
        Of any task, with the groups in `Rows.groups`.
    plan : FairnessPlan
        References and the smallest group shown.

    Returns
    -------
    Measured
        Figures ``fairness.*``; groups below ``min_cell`` and those that would reveal them are ``suppressed``.

    Raises
    ------
    PlanError
        If the plan names a column, a group or a favourable outcome that does not exist.
    """
    check_references(subject.rows.groups, plan)
    check_favourable(subject)
    recorder = Recorder(subject, undefined="insufficient")
    for name, needs in NEEDS[subject.task].items():
        if Need.GROUPS in needs:
            recorder.open(name)
    state = _states(subject)
    found = groupings(
        subject.rows.groups, _row_states(subject, state), min_cell=plan.min_cell, min_count=plan.min_count
    )
    singles, pairs = found.singles, found.crossed
    for what, reason, count in found.notes:
        recorder.note("suppressed", what, reason, count)
    if subject.task == "regression":
        for cells in singles + pairs:
            _record_counts(recorder, cells)
            if len(cells.columns) == 1:
                record_regression(recorder, cells, plan)
    else:
        _record_classification(recorder, singles, pairs, state, plan)
    if subject.population.accepted_only and subject.task != "regression" and subject.rows.groups:
        recorder.note(
            "not_tested",
            "a verdict on selection",
            "insufficient evidence: the rows are accepted cases only, so nothing is known of those who were refused",
        )
    return recorder.result()


def _record_counts(recorder: Recorder, cells: Cells) -> None:
    for cell, size in enumerate(cells.sizes):
        if cells.uncounted[cell]:
            recorder.missing("fairness.count", cells.keys(cell), status="suppressed", reason=cells.why)
        else:
            recorder.count("fairness.count", int(size), cells.keys(cell), n=recorder.subject.rows.count)
    recorder.count("fairness.unknown", cells.unknown, {"column": cells.title}, n=recorder.subject.rows.count)
    if cells.unknown:
        reason = "counted apart and left out of rates, ratios and differences by group"
        recorder.note("not_tested", f"rows whose {cells.title} is unknown", reason, cells.unknown)
    hidden = cells.hidden if cells.untested is None else cells.uncounted
    if hidden.any():
        recorder.note("suppressed", f"groups of {cells.title}", cells.why, int(hidden.sum()))
    if cells.untested is not None and len(cells.columns) == 1:
        recorder.note("not_tested", f"differences by {cells.title}", cells.untested)


def _record_classification(
    recorder: Recorder,
    singles: tuple[Cells, ...],
    pairs: tuple[Cells, ...],
    state: npt.NDArray[np.int32],
    plan: FairnessPlan,
) -> None:
    subject, weights = recorder.subject, recorder.subject.rows.weights
    binary, chosen, rates = subject.task == "binary", _chosen(subject), _rates(subject)
    areas = _areas(subject, singles) if binary and recorder.open("fairness.roc_auc") else None
    for cells in singles + pairs:
        table = cross(cells, state, weights)
        _record_counts(recorder, cells)
        favourable = [s for s in ALL if s[1] == chosen]
        unknown = table.unknown(favourable), table.unknown(ALL)
        record_selection(recorder, cells, table.tallies(favourable), table.tallies(ALL), unknown, plan)
        if len(cells.columns) == 1:
            record_curve(recorder, cells, state % 2 == chosen, plan)
            _record_rates(recorder, cells, table, rates)
            if binary:
                _record_mean_scores(recorder, cells)
            if areas is not None:
                _record_areas(recorder, cells, next(areas))


def _states(subject: Subject) -> npt.NDArray[np.int32]:
    """Outcome and decision of each row; of a regression, whose rows are not decided, the same for all."""
    if subject.task == "regression":
        return np.zeros(subject.rows.count, np.int32)
    return _binary_states(subject) if subject.task == "binary" else _multiclass_states(subject)


def _chosen(subject: Subject) -> int:
    """Decision of the rows that are selected, as it stands in a state."""
    return 1 if subject.task != "binary" or subject.favourable == subject.positive else 0


def _rates(subject: Subject) -> tuple[_Rate, ...]:
    return _binary_rates(subject) if subject.task == "binary" else _multiclass_rates(subject)


def _row_states(subject: Subject, state: npt.NDArray[np.int32]) -> RowStates:
    """What is counted of each row, for disclosure control; a row of weight zero stands in the size of a group only."""
    weights, every = subject.rows.weights, ALL if subject.task != "regression" else ALL[:1]
    codes = state if weights is None else np.where(weights > 0, state, len(every)).astype(np.int32)
    classes = [int(s[1] == _chosen(subject)) for s in every] + [WEIGHTLESS] * (weights is not None)
    parts: list[tuple[State, ...]] = []
    if subject.task != "regression":
        parts = [tuple(s for s in ALL if s[1] == decision) for decision in (0, 1)]
        parts += [part for rate in _rates(subject) for part in (rate.part, tuple(set(rate.whole) - set(rate.part)))]
    numerators = tuple(np.array([s in part for s in every] + [False] * (weights is not None)) for part in parts)
    used = np.unique(codes)
    return RowStates(
        codes=np.searchsorted(used, codes).astype(np.int32),
        classes=np.array(classes, np.int64)[used],
        numerators=tuple(numerator[used] for numerator in numerators),
    )


def _binary_states(subject: Subject) -> npt.NDArray[np.int32]:
    decided = subject.decisions
    if decided is None:
        decided = np.zeros(subject.rows.count, np.bool_)  # without a threshold no figure made of these is open
    return states(subject.rows.labels, decided)


def _multiclass_states(subject: Subject) -> npt.NDArray[np.int32]:
    """Here the outcome is whether the decision was right, and the decision whether it was favourable."""
    selected, labels = selected_rows(subject), subject.rows.labels
    right = None
    if labels is not None:
        right = np.where(np.isnan(labels), np.nan, decided_classes(subject) == labels)
    return states(right, np.zeros(subject.rows.count, np.bool_) if selected is None else selected)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Rate:
    """A rate by group: which rows count, of which."""

    name: str
    part: tuple[State, ...]
    whole: tuple[State, ...]
    numerator: str
    undefined: str


def _binary_rates(subject: Subject) -> tuple[_Rate, ...]:
    positive, whom = subject.positive, among(subject)
    return (
        _Rate(
            name="fairness.true_positive_rate",
            part=((1, 1),),
            whole=((1, 0), (1, 1)),
            numerator=f"decided {positive}{whom}, of those with outcome {positive}",
            undefined="no outcome in the group is positive",
        ),
        _Rate(
            name="fairness.false_positive_rate",
            part=((0, 1),),
            whole=((0, 0), (0, 1)),
            numerator=f"decided {positive}{whom}, of those without outcome {positive}",
            undefined="no outcome in the group is negative",
        ),
        _Rate(
            name="fairness.accuracy",
            part=((0, 0), (1, 1)),
            whole=LABELLED,
            numerator=f"decided as the outcome turned out{whom}",
            undefined=_UNLABELLED,
        ),
        _Rate(
            name="fairness.base_rate",
            part=((1, 0), (1, 1)),
            whole=LABELLED,
            numerator=f"outcome {positive}{whom}",
            undefined=_UNLABELLED,
        ),
        _Rate(
            name="fairness.precision",
            part=((1, 1),),
            whole=((0, 1), (1, 1)),
            numerator=f"outcome {positive}{whom}, of those decided {positive}",
            undefined="no row of the group with an outcome is decided positive",
        ),
    )


def _multiclass_rates(subject: Subject) -> tuple[_Rate, ...]:
    numerator = f"decided as the outcome turned out{among(subject)}"
    right: tuple[State, ...] = ((1, 0), (1, 1))
    return (_Rate(name="fairness.accuracy", part=right, whole=LABELLED, numerator=numerator, undefined=_UNLABELLED),)


def _record_rates(recorder: Recorder, cells: Cells, table: CrossTable, rates: tuple[_Rate, ...]) -> None:
    for rate in rates:
        if not recorder.open(rate.name):
            continue
        for cell, (part, whole) in enumerate(zip(table.tallies(rate.part), table.tallies(rate.whole), strict=True)):
            keys = cells.keys(cell)
            if cells.hidden[cell]:
                recorder.missing(rate.name, keys, **cells.absence)
            else:
                recorder.rate(rate.name, part, whole, keys, undefined=rate.undefined, numerator=rate.numerator)


def _record_mean_scores(recorder: Recorder, cells: Cells) -> None:
    rows = recorder.subject.rows
    unit: Unit = "probability" if recorder.preconditions.scores_are_probabilities else "score"
    means = group_means(cells, rows.scores, rows.weights)
    record_means(recorder, cells, "fairness.mean_score", means, unit=unit, method="mean score", undefined=EMPTY)


def _areas(subject: Subject, singles: tuple[Cells, ...]) -> Iterator[list[ranking.ScoreTable]]:
    rows = subject.rows
    labels = np.full(rows.count, np.nan) if rows.labels is None else rows.labels
    return score_tables(singles, rows.scores, labels, rows.weights)


def _record_areas(recorder: Recorder, cells: Cells, tables: list[ranking.ScoreTable]) -> None:
    name = "fairness.roc_auc"
    for cell, table in enumerate(tables):
        keys = cells.keys(cell)
        if cells.hidden[cell]:
            recorder.missing(name, keys, **cells.absence)
            continue
        if not table.both_classes:
            recorder.number(name, None, keys, undefined="the outcomes of the group are not of both classes")
            continue
        details: Details = {
            "unit": "score",
            "n": table.rows,
            "events": table.events,
            "interval": None if recorder.weighted else delong(table.positives, table.negatives).interval,
            "interval_method": DELONG,
            "method": "area under the ROC curve within the group, ties counting half",
        }
        recorder.number(name, ranking.auc(table), keys, undefined=_UNLABELLED, **details)
