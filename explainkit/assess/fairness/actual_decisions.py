"""What was decided in fact, beside what the model says: rates of both on the same rows, and overrides either way.

A model's rate says nothing of what people were given where somebody may decide otherwise. Here the favourable rate of
the decisions made, that of the model on the same rows, and the share of each that was overridden stand apart, over all
rows and by group.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from explainkit.assess.fairness.comparison import (
    EMPTY,
    Comparison,
    GroupRate,
    record_difference,
    record_rate,
    record_ratio,
)
from explainkit.assess.groups.cross_counts import LABELLED, CrossTable, cross, cross_all, states
from explainkit.assess.groups.groupings import Groupings
from explainkit.assess.outcomes import selected_rows
from explainkit.assess.recorder import Recorder, among
from explainkit.assess.statistics.table_metrics import State
from explainkit.evidence import Measured
from explainkit.load.subject import Subject
from explainkit.plan import FairnessPlan

_NONE = "no decision made is known"


@dataclass(frozen=True, slots=True, kw_only=True)
class DecisionRate:
    """A rate over rows by what was decided in fact and what the model says, both 1 where favourable."""

    name: str
    what: str
    part: tuple[State, ...]
    whole: tuple[State, ...]
    numerator: str
    undefined: str


RATES = (
    DecisionRate(
        name="decisions.actual_rate",
        what="rate of favourable decisions made",
        part=((1, 0), (1, 1)),
        whole=LABELLED,
        numerator="decided favourably in fact",
        undefined=_NONE,
    ),
    DecisionRate(
        name="decisions.model_rate",
        what="selection rate of the model",
        part=((0, 1), (1, 1)),
        whole=LABELLED,
        numerator="selected by the model, of rows whose decision is known",
        undefined=_NONE,
    ),
    DecisionRate(
        name="decisions.overridden_to_favourable",
        what="share overridden to favourable",
        part=((1, 0),),
        whole=((0, 0), (1, 0)),
        numerator="decided favourably in fact, of those that the model does not select",
        undefined="the model selects every row whose decision is known",
    ),
    DecisionRate(
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
    rates = [rate for rate in RATES if recorder.open(rate.name)]
    table = cross_all(state, recorder.sampling)
    for rate in rates:
        _record_all(recorder, table, rate)
    for cells in found.singles:
        table = cross(cells, state, recorder.sampling)
        for rate in rates:
            comparison = Comparison.of(recorder, cells, _group_rate(recorder, table, rate, EMPTY), plan)
            record_rate(comparison)
            record_difference(comparison, f"{rate.name}_difference")
            record_ratio(comparison, f"{rate.name}_ratio")
    return recorder.result()


def states_of_decisions(subject: Subject) -> npt.NDArray[np.int32]:
    """What was decided in fact and what the model says, of each row; where the model says nothing, as if it refused."""
    selected = selected_rows(subject)
    return states(subject.rows.actual, np.zeros(subject.rows.count, np.bool_) if selected is None else selected)


def _record_all(recorder: Recorder, table: CrossTable, rate: DecisionRate) -> None:
    spread = table.spread(rate.part, rate.whole)
    recorder.rate(
        rate.name,
        table.tallies(rate.part)[0],
        table.tallies(rate.whole)[0],
        undefined=rate.undefined,
        numerator=_numerator(recorder, rate),
        effective=None if spread is None else float(spread.effective[0]),
    )


def _group_rate(recorder: Recorder, table: CrossTable, rate: DecisionRate, undefined: str) -> GroupRate:
    return GroupRate(
        name=rate.name,
        what=rate.what,
        part=table.tallies(rate.part),
        whole=table.tallies(rate.whole),
        numerator=_numerator(recorder, rate),
        undefined=f"{undefined}, or {rate.undefined}",
        spread=table.spread(rate.part, rate.whole),
    )


def _numerator(recorder: Recorder, rate: DecisionRate) -> str:
    return f"{rate.numerator}{among(recorder.subject)}"


def parts_of(rates: Sequence[DecisionRate] = RATES) -> tuple[tuple[State, ...], ...]:
    """States counted in a numerator, or left out of one: what disclosure control has to protect."""
    complements = (tuple(state for state in rate.whole if state not in rate.part) for rate in rates)
    return (*(rate.part for rate in rates), *complements)
