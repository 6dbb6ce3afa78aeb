"""Which groups of a subject may be shown: one answer for every figure, so that none tells what another hides."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from explainkit.assess.fairness.actual_decisions import parts_of, states_of_decisions
from explainkit.assess.fairness.error_rates import rates_of
from explainkit.assess.groups.cells import RowStates
from explainkit.assess.groups.cross_counts import ALL, states
from explainkit.assess.groups.groupings import Groupings, groupings
from explainkit.assess.outcomes import decided_classes, favourably_scored, selected_rows
from explainkit.load.subject import GroupColumn, Subject
from explainkit.plan import FairnessPlan, LocalLaw144Plan


def groupings_of(subject: Subject, plan: FairnessPlan, ll144: LocalLaw144Plan) -> Groupings:
    """Every grouping of a subject's rows, with what is hidden of it.

    Parameters
    ----------
    subject : Subject
        With the groups in `Rows.groups`.
    plan : FairnessPlan
        The smallest group and the smallest numerator shown.
    ll144 : LocalLaw144Plan
        Whether scoring rates are shown too.
    """
    counted = row_states(subject, ll144)
    return groupings(
        subject.rows.groups, counted, min_cell=plan.min_cell, min_count=plan.min_count, earlier=subject.earlier
    )


def shown_groups(subject: Subject, found: Groupings) -> tuple[GroupColumn, ...]:
    """The sensitive columns, with rows of suppressed groups as if their group were unknown."""
    shown = []
    for column, cells in zip(subject.rows.groups, found.singles, strict=True):
        hidden = np.append(cells.hidden, False)  # the last one is for unknown rows
        shown.append(replace(column, codes=np.where(hidden[column.codes], -1, column.codes).astype(np.int32)))
    return tuple(shown)


def states_of(subject: Subject) -> npt.NDArray[np.int32]:
    """Outcome and decision of each row; of a regression, whose rows are not decided, the same for all."""
    if subject.task == "regression":
        return np.zeros(subject.rows.count, np.int32)
    return _binary_states(subject) if subject.task == "binary" else _multiclass_states(subject)


def chosen_state(subject: Subject) -> int:
    """Decision of the rows that are selected, as it stands in a state."""
    return 1 if subject.task != "binary" or subject.favourable == subject.positive else 0


def row_states(subject: Subject, ll144: LocalLaw144Plan) -> RowStates:
    """What is counted of each row, for disclosure control.

    A row of weight zero stands in the size of a group, and in what Local Law 144 asks for, where rows are people.
    """
    state, weights = states_of(subject), subject.rows.weights
    scored = _scoring_is_shown(subject, ll144)
    above = favourably_scored(subject)[0] if scored else np.zeros(subject.rows.count, np.bool_)
    weightless = np.zeros(len(state), np.bool_) if weights is None else weights == 0
    known = state if scored else np.where(weightless, 0, state)
    # What was decided in fact, a row of weight zero as if nothing were known.
    fact = 0 if subject.rows.actual is None else np.where(weightless, 4, states_of_decisions(subject))
    used, codes = np.unique(known + len(ALL) * (above + 2 * weightless + 4 * fact), return_inverse=True)
    made = [ALL[s] for s in used // (4 * len(ALL))]
    used %= 4 * len(ALL)
    every = [ALL[s] for s in used % len(ALL)]
    above, counted = used // len(ALL) % 2 == 1, used < 2 * len(ALL)
    chosen = np.array([s[1] == chosen_state(subject) for s in every])
    crossed = [chosen & counted, ~chosen & counted]
    if scored:
        crossed += [above, ~above] if weights is None else [above, ~above, chosen, ~chosen]
    numerators: list[npt.NDArray[np.bool_]] = []
    if subject.task != "regression":
        parts = [part for rate in rates_of(subject) for part in (rate.part, set(rate.whole) - set(rate.part))]
        numerators = [*crossed, *(np.array([s in part for s in every]) & counted for part in parts)]
    if subject.rows.actual is not None:
        numerators += [np.array([s in part for s in made]) & counted for part in parts_of()]
    return RowStates(
        codes=codes.astype(np.int32),
        classes=chosen + 2 * above + 4 * ~counted,
        numerators=tuple(numerators),
        crossed=tuple(crossed),
        errors=tuple(
            # Where scoring rates are shown too, they tell selected rows above the median apart from those below.
            np.array([s == (outcome, decision) for s in every])
            & counted
            & (above == (decision == chosen_state(subject)) if scored else True)
            for outcome in (range(2) if subject.rows.labels is not None else ())
            for decision in sorted({s[1] for s in every})
        ),
        tells=frozenset(name for name, tells in _TELLING.items() if tells(subject, ll144)),
    )


_TELLING: Mapping[str, Callable[[Subject, LocalLaw144Plan], bool]] = {
    "fairness.selection_rate": lambda subject, _: selected_rows(subject) is not None,
    "ll144.scoring_rate": lambda subject, ll144: _scoring_is_shown(subject, ll144),
    "decisions.actual_rate": lambda subject, _: subject.rows.actual is not None,
}
"""Whether a figure is given of intersections, by its name."""


def _scoring_is_shown(subject: Subject, ll144: LocalLaw144Plan) -> bool:
    """Whether the card tells of groups how many of their rows score above the median."""
    return subject.task == "binary" and bool(ll144.columns) and None not in (subject.positive, subject.favourable)


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
