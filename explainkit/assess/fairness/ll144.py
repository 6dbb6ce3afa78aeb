"""Selection rates, scoring rates and impact ratios as New York City's Local Law 144 defines them.

The selection rate is the share of a category that is selected; the scoring rate the share whose score lies strictly
above the median score of all rows. The impact ratio is the rate of a category over that of the most selected (highest
scoring) category. Categories are sex, race and ethnicity, and both together; people of unknown category are counted and
left out. These are calculations; a bias audit in the sense of the rule is made by an independent auditor.

References
----------
6 RCNY § 5-300 (definitions), § 5-301(b)–(d) (what is calculated, and the exclusion of categories below 2 %).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from explainkit.assess.fairness.comparison import (
    EMPTY,
    Comparison,
    GroupRate,
    record_rate,
    record_ratio,
    record_smallest_ratio,
)
from explainkit.assess.fairness.shown import groupings_of
from explainkit.assess.groups.cells import Cells
from explainkit.assess.groups.cross_counts import ALL, cross, states
from explainkit.assess.groups.groupings import Groupings
from explainkit.assess.outcomes import favourably_scored, selected_rows
from explainkit.assess.recorder import Recorder, Tally, among
from explainkit.errors import PlanError, nearest
from explainkit.evidence import LEFT_OUT, Measured
from explainkit.load.subject import Subject
from explainkit.plan import FairnessPlan, LocalLaw144Plan

SELECTION, SCORING = "selection_rate", "scoring_rate"
_RATIOS = {SELECTION: "impact_ratio", SCORING: "scoring_impact_ratio"}


def measure(
    subject: Subject, plan: LocalLaw144Plan, fairness: FairnessPlan, *, found: Groupings | None = None
) -> Measured:
    """Figures ``ll144.*``; nothing where the plan names no column for them.

    Parameters
    ----------
    subject : Subject
        A binary model, or scores, with the groups in `Rows.groups`. Rows are people: weights are not applied.
    plan : LocalLaw144Plan
        Which columns hold the categories, and which are left out of ratios.
    fairness : FairnessPlan
        With the smallest group shown.
    found : Groupings, optional
        As `groupings_of` gives them, where they are at hand.

    Raises
    ------
    PlanError
        If the plan names a column that is not sensitive.
    """
    found = found or groupings_of(subject, fairness, plan)
    # The rule counts people: weights are not applied, and the figures say nothing of them.
    subject = replace(subject, rows=replace(subject.rows, weights=None, weight_kind=None))
    recorder = Recorder(subject, undefined="insufficient")
    if not plan.columns:
        return recorder.result()
    known = {column.name: column for column in subject.rows.groups}
    for name in plan.columns:
        if name not in known:
            raise PlanError("not a sensitive column", where="ll144", found=repr(name), remedy=nearest(name, known))
    if subject.task != "binary":
        recorder.note("not_tested", "calculations of Local Law 144", "they are made of one score and one decision")
        return recorder.result()
    wanted = set(plan.columns)
    groupings = [cells for cells in (*found.singles, *found.crossed) if set(cells.columns) <= wanted]
    selected = selected_rows(subject)
    if recorder.open(f"ll144.{SELECTION}") and selected is not None:
        words = f"selected{among(subject)}: decided {subject.favourable}"
        _record(recorder, groupings, selected, SELECTION, words, plan)
    if recorder.open(f"ll144.{SCORING}"):
        above, words = _above_median(recorder)
        _record(recorder, groupings, above, SCORING, words, plan)
    _record_unknown(recorder, groupings)
    return recorder.result()


def _above_median(recorder: Recorder) -> tuple[np.ndarray, str]:
    """Whether each row scores strictly above the median of all rows, in the direction that is favourable."""
    subject = recorder.subject
    above, median = favourably_scored(subject)
    side = "above" if subject.favourable == subject.positive else "below"
    recorder.number(
        "ll144.median_score",
        median,
        undefined="there is no row",
        unit="score",
        n=len(above),
        method="median score of all rows, weights not applied",
    )
    return above, f"score strictly {side} the median of all rows, on the favourable side{among(subject)}"


def _record(
    recorder: Recorder, groupings: Sequence[Cells], counted: np.ndarray, name: str, words: str, plan: LocalLaw144Plan
) -> None:
    # Without references of the plan's own, the reference is the category with the highest rate, as the rule has it.
    unstated = FairnessPlan()
    state = states(None, counted)
    for cells in groupings:
        table = cross(cells, state, recorder.sampling)
        selected = [s for s in ALL if s[1] == 1]
        rate = GroupRate(
            name=f"ll144.{name}",
            what=name.replace("_", " "),
            part=table.tallies(selected),
            whole=table.tallies(ALL),
            numerator=words,
            undefined=f"not computable: {EMPTY}",
            spread=table.spread(selected, ALL),
        )
        comparison = Comparison.of(
            recorder, cells, rate, unstated, left_out=_excluded(recorder, cells, rate.whole, plan)
        )
        record_rate(comparison)
        record_ratio(comparison, f"ll144.{_RATIOS[name]}")
        ratio = _RATIOS[name]
        record_smallest_ratio(comparison, f"ll144.smallest_{ratio}", what=ratio.replace("_", " "))


def _excluded(recorder: Recorder, cells: Cells, whole: Sequence[Tally], plan: LocalLaw144Plan) -> dict[int, str]:
    """Categories left out of ratios: those with too small a share of all rows, where the plan says so."""
    if not plan.exclude_below:
        return {}
    least = plan.exclude_below * recorder.subject.rows.count
    reason = f"{LEFT_OUT}, with fewer than {plan.exclude_below:.1%} of all rows: {plan.exclude_reason}"
    return {cell: reason for cell, tally in enumerate(whole) if 0 < tally.rows < least}


def _record_unknown(recorder: Recorder, groupings: Sequence[Cells]) -> None:
    for cells in groupings:
        recorder.count("ll144.unknown", cells.unknown, {"column": cells.title}, n=recorder.subject.rows.count)
        if cells.protected.any():
            reason = (
                "the rule asks for every category, and fairness.min_cell hides small ones: a person has to decide "
                "which of the two gives way"
            )
            recorder.note(
                "suppressed", f"categories of {cells.title} (Local Law 144)", reason, int(cells.protected.sum())
            )
