"""Which groups of a subject may be shown: one answer for every figure, so that none tells what another hides."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from explainkit.assess.cross_counts import ALL, State, states
from explainkit.assess.error_rates import rates_of
from explainkit.assess.groupings import Groupings, groupings
from explainkit.assess.groups import WEIGHTLESS, RowStates
from explainkit.assess.outcomes import decided_classes, selected_rows
from explainkit.load.subject import GroupColumn, Subject
from explainkit.plan import FairnessPlan


def groupings_of(subject: Subject, plan: FairnessPlan) -> Groupings:
    """Every grouping of a subject's rows, with what is hidden of it.

    Parameters
    ----------
    subject : Subject
        With the groups in `Rows.groups`.
    plan : FairnessPlan
        The smallest group and the smallest numerator shown.
    """
    states_ = _row_states(subject, states_of(subject))
    return groupings(subject.rows.groups, states_, min_cell=plan.min_cell, min_count=plan.min_count)


def shown_groups(subject: Subject, plan: FairnessPlan) -> tuple[GroupColumn, ...]:
    """The sensitive columns, with rows of suppressed groups as if their group were unknown."""
    shown = []
    for column, cells in zip(subject.rows.groups, groupings_of(subject, plan).singles, strict=True):
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


def _row_states(subject: Subject, state: npt.NDArray[np.int32]) -> RowStates:
    """What is counted of each row, for disclosure control; a row of weight zero stands in the size of a group only."""
    weights, every = subject.rows.weights, ALL if subject.task != "regression" else ALL[:1]
    codes = state if weights is None else np.where(weights > 0, state, len(every)).astype(np.int32)
    classes = [int(s[1] == chosen_state(subject)) for s in every] + [WEIGHTLESS] * (weights is not None)
    parts: list[tuple[State, ...]] = []
    if subject.task != "regression":
        parts = [tuple(s for s in ALL if s[1] == decision) for decision in (0, 1)]
        parts += [part for rate in rates_of(subject) for part in (rate.part, tuple(set(rate.whole) - set(rate.part)))]
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
