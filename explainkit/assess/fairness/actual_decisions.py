"""What was decided in fact, beside what the model says: rates of both on the same rows, and overrides either way.

A model's rate says nothing of what people were given where somebody may decide otherwise. Here the favourable rate of
the decisions made, that of the model on the same rows, and the share of each that was overridden stand apart, over all
rows and by group.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from explainkit.assess.fairness.comparison import (
    EMPTY,
    Comparison,
    StateRate,
    record_difference,
    record_rate,
    record_ratio,
)
from explainkit.assess.groups.cross_counts import LABELLED, cross, cross_all, record_rate_of_all, states
from explainkit.assess.groups.groupings import Groupings
from explainkit.assess.outcomes import selected_rows
from explainkit.assess.recorder import Recorder, among
from explainkit.assess.statistics.table_metrics import State
from explainkit.evidence import Measured
from explainkit.load.subject import Subject
from explainkit.plan import FairnessPlan

_NONE = "no decision made is known"


RATES = (
    StateRate(
        name="decisions.actual_rate",
        what="rate of favourable decisions made",
        part=((1, 0), (1, 1)),
        whole=LABELLED,
        numerator="decided favourably in fact",
        undefined=_NONE,
    ),
    StateRate(
        name="decisions.model_rate",
        what="selection rate of the model",
        part=((0, 1), (1, 1)),
        whole=LABELLED,
        numerator="selected by the model, of rows whose decision is known",
        undefined=_NONE,
    ),
    StateRate(
        name="decisions.overridden_to_favourable",
        what="share overridden to favourable",
        part=((1, 0),),
        whole=((0, 0), (1, 0)),
        numerator="decided favourably in fact, of those that the model does not select",
        undefined="the model selects every row whose decision is known",
    ),
    StateRate(
        name="decisions.overridden_to_unfavourable",
        what="share overridden to unfavourable",
        part=((0, 1),),
        whole=((0, 1), (1, 1)),
        numerator="decided unfavourably in fact, of those that the model selects",
        undefined="the model selects no row whose decision is known",
    ),
)


def measure(subject: Subject, plan: FairnessPlan, found: Groupings) -> Measured:
    """Figures ``decisions.*``; nothing where the plan names no column of decisions made.

    Parameters
    ----------
    subject : Subject
        With the decisions made in `Rows.actual`.
    plan : FairnessPlan
        With the references stated.
    found : Groupings
        As `shown.groupings_of` gives them.
    """
    recorder = Recorder(subject, undefined="insufficient")
    if subject.rows.actual is None:
        return recorder.result()
    state = states_of_decisions(subject)
    lacking = int(np.isnan(subject.rows.actual).sum())
    if lacking:
        reason = "left out of the rates of decisions made, and of overrides"
        recorder.note("not_tested", "rows whose decision is unknown", reason, lacking)
    whom = among(subject)
    rates = [replace(rate, numerator=rate.numerator + whom) for rate in RATES if recorder.open(rate.name)]
    table = cross_all(state, recorder.sampling)
    for rate in rates:
        record_rate_of_all(recorder, rate.name, table, rate.part, rate.whole, rate.numerator, rate.undefined)
    for cells in found.singles:
        table = cross(cells, state, recorder.sampling)
        for rate in rates:
            counted = replace(rate, undefined=f"{EMPTY}, or {rate.undefined}").counted(table)
            comparison = Comparison.of(recorder, cells, counted, plan)
            record_rate(comparison)
            record_difference(comparison, f"{rate.name}_difference")
            record_ratio(comparison, f"{rate.name}_ratio")
    return recorder.result()


def states_of_decisions(subject: Subject) -> npt.NDArray[np.int32]:
    """What was decided in fact and what the model says, of each row; where the model says nothing, as if it refused."""
    selected = selected_rows(subject)
    return states(subject.rows.actual, np.zeros(subject.rows.count, np.bool_) if selected is None else selected)


def parts_of() -> tuple[tuple[State, ...], ...]:
    """States counted in a numerator, or left out of one: what disclosure control has to protect."""
    complements = (tuple(state for state in rate.whole if state not in rate.part) for rate in RATES)
    return (*(rate.part for rate in RATES), *complements)
