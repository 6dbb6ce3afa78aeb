"""Fairness by group: the same rates for every group and pair of groups, and their distance from a reference.

Figures state what was measured, for whom and against what. None is a verdict, and none says why a difference exists.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from explainkit.assess.fairness.class_rates import record_class_rates
from explainkit.assess.fairness.comparison import EMPTY
from explainkit.assess.fairness.error_rates import UNLABELLED, record_error_rates
from explainkit.assess.fairness.gap_by_threshold import record_gaps
from explainkit.assess.fairness.group_calibration import record_calibration
from explainkit.assess.fairness.group_means import record_means, record_regression
from explainkit.assess.fairness.references import check_references
from explainkit.assess.fairness.score_spread import record_spread
from explainkit.assess.fairness.selection import record_selection
from explainkit.assess.fairness.selection_curve import record_curve
from explainkit.assess.fairness.shown import chosen_state, groupings_of, states_of
from explainkit.assess.groups.cells import Cells
from explainkit.assess.groups.cross_counts import (
    ALL,
    cross,
    score_tables,
)
from explainkit.assess.groups.groupings import Groupings
from explainkit.assess.outcomes import Outcomes, check_favourable, with_outcome
from explainkit.assess.precision import of_area
from explainkit.assess.preconditions import NEEDS, Need
from explainkit.assess.recorder import Details, Recorder
from explainkit.assess.statistics import ranking
from explainkit.evidence import Measured
from explainkit.figures import Unit
from explainkit.load.subject import Subject
from explainkit.plan import FairnessPlan, LocalLaw144Plan


def measure(subject: Subject, plan: FairnessPlan, *, seed: int = 0, found: Groupings | None = None) -> Measured:
    """Every figure of groups, of single sensitive columns and of pairs of them.

    Parameters
    ----------
    subject : Subject
        Of any task, with the groups in `Rows.groups`.
    plan : FairnessPlan
        References and the smallest group shown.
    seed : int, default 0
        Of the permutations that show what chance alone would give.
    found : Groupings, optional
        As `groupings_of` gives them, where they are at hand.

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
    recorder = Recorder(subject, undefined="insufficient", seed=seed)
    for name, needs in NEEDS[subject.task].items():
        if Need.GROUPS in needs and name.startswith("fairness."):
            recorder.open(name)
    state = states_of(subject)
    found = found or groupings_of(subject, plan, LocalLaw144Plan())
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
        for cells in singles:
            record = record_gaps if subject.task == "binary" else record_class_rates
            record(recorder, cells, plan, whole=found.whole)
    if subject.task != "multiclass":
        for cells in singles:
            record_spread(recorder, cells, plan, whole=found.whole)
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
            recorder.missing("fairness.count", cells.keys(cell), **cells.absence)
        else:
            recorder.count("fairness.count", int(size), cells.keys(cell), n=recorder.subject.rows.count)
    recorder.count("fairness.unknown", cells.unknown, {"column": cells.title}, n=recorder.subject.rows.count)
    if cells.unknown:
        reason = "counted apart and left out of rates, ratios and differences by group"
        recorder.note("not_tested", f"rows whose {cells.title} is unknown", reason, cells.unknown)
    if cells.protected.any():
        recorder.note("suppressed", f"groups of {cells.title}", cells.why, int(cells.protected.sum()))
    if cells.untested is not None and len(cells.columns) == 1:
        recorder.note("not_tested", f"differences by {cells.title}", cells.untested)


def _record_classification(
    recorder: Recorder,
    singles: tuple[Cells, ...],
    pairs: tuple[Cells, ...],
    state: npt.NDArray[np.int32],
    plan: FairnessPlan,
) -> None:
    subject = recorder.subject
    binary, chosen = subject.task == "binary", chosen_state(subject)
    outcomes = with_outcome(subject)
    areas = _areas(subject, singles) if binary and recorder.open("fairness.roc_auc") else None
    for cells in singles + pairs:
        table = cross(cells, state, recorder.sampling)
        _record_counts(recorder, cells)
        record_selection(recorder, cells, table, [s for s in ALL if s[1] == chosen], plan)
        if len(cells.columns) == 1:
            record_curve(recorder, cells, state % 2 == chosen, plan)
            record_error_rates(recorder, cells, table, plan)
            if binary:
                _record_mean_scores(recorder, cells)
            if areas is not None:
                tables = next(areas)
                _record_areas(recorder, cells, tables, outcomes)
                record_calibration(recorder, cells, tables, outcomes)


def _record_mean_scores(recorder: Recorder, cells: Cells) -> None:
    rows = recorder.subject.rows
    unit: Unit = "probability" if recorder.preconditions.scores_are_probabilities else "score"
    details: Details = {"unit": unit, "method": "mean score"}
    record_means(recorder, cells, "fairness.mean_score", rows.scores, undefined=EMPTY, **details)


def _areas(subject: Subject, singles: tuple[Cells, ...]) -> Iterator[list[ranking.ScoreTable]]:
    rows = subject.rows
    labels = np.full(rows.count, np.nan) if rows.labels is None else rows.labels
    return score_tables(singles, rows.scores, labels, rows.weights)


def _record_areas(recorder: Recorder, cells: Cells, tables: list[ranking.ScoreTable], outcomes: Outcomes) -> None:
    name = "fairness.roc_auc"
    groups, positive = cells.codes[outcomes.present], outcomes.labels == 1
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
            "method": "area under the ROC curve within the group, ties counting half",
        }
        own = groups == cell
        details |= of_area(table, outcomes.scores[own], positive[own], outcomes.sampling.take(own))
        recorder.number(name, ranking.auc(table), keys, undefined=UNLABELLED, **details)
