"""Both models on the same rows: what has to hold for that, and which groups may be told of.

How many decisions of a group flip follows from both decisions of its rows together. A group of which few flip would be
told of one by one, so the smallest number of flips shown of a group, none aside, is that of its rows. What is hidden is
hidden together with enough others, by the same rules as on a card. An interval of a paired difference tells how many
flip too: it is given of groups alone whose flips are shown.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from explainkit.assess.fairness.shown import groupings_of
from explainkit.assess.groups.cells import Cells, RowStates, hidden_on_cards, single, without_basis
from explainkit.assess.outcomes import decided_classes, selected_rows
from explainkit.errors import DataError
from explainkit.load.subject import EarlierCard, Subject
from explainkit.plan import Plan

Bools = npt.NDArray[np.bool_]

FEW = (
    "fewer decisions of the group flip, or stay, than the larger fairness.min_cell of both plans, or a card hides the "
    "group, or it would reveal one of these"
)
"""Why it is not told how many decisions of a group flip."""


@dataclass(frozen=True, kw_only=True)
class Together:
    """Two subjects on the same rows; groups, weights and outcomes are those of the later one."""

    before: Subject
    after: Subject
    plans: tuple[Plan, Plan]
    of_cards: bool
    """Whether the rows are those that both cards measure."""

    def __post_init__(self) -> None:
        _check(self.before, self.after)

    @property
    def min_cell(self) -> int:
        """Smallest group shown, and smallest number of flips within one: the larger of both plans."""
        return max(max(p.fairness.min_cell, p.fairness.min_count) for p in self.plans)

    @cached_property
    def selected(self) -> tuple[Bools, Bools] | None:
        """Rows decided favourably, before and after; None where that is not known."""
        old, new = selected_rows(self.before), selected_rows(self.after)
        return None if old is None or new is None else (old, new)

    @cached_property
    def decided(self) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]] | None:
        """Class decided of each row, before and after: binary 1 positive, 0 not. None where nothing is decided."""
        if self.after.task == "regression":
            return None
        if self.after.task == "multiclass":
            return decided_classes(self.before), decided_classes(self.after)
        old, new = self.before.decisions, self.after.decisions
        return None if old is None or new is None else (old.astype(np.intp), new.astype(np.intp))

    @cached_property
    def flips_by_group(self) -> tuple[Cells, ...]:
        """Single sensitive columns; hidden are groups of which it may not be told how many decisions flip."""
        return self._groups(by_outcome=False)

    @cached_property
    def errors_by_group(self) -> tuple[Cells, ...]:
        """The same where it would follow how many flip among those of one outcome."""
        return self._groups(by_outcome=True)

    def _groups(self, *, by_outcome: bool) -> tuple[Cells, ...]:
        states = self._states(by_outcome=by_outcome)
        columns = self.after.rows.groups
        hidden = self._hidden_on_cards()
        cells = [single(c, states, min_cell=self.min_cell, min_count=self.min_cell, earlier=hidden) for c in columns]
        return tuple(without_basis(c, columns) for c in cells)

    def _states(self, *, by_outcome: bool) -> RowStates:
        """How each row flips, if asked for of which outcome; every state is a number that must not be small."""
        codes, labels = self.directions.astype(np.int64), self.after.rows.labels
        if by_outcome and labels is not None and self.after.task == "binary":
            codes = codes + 3 * np.where(np.isnan(labels), 2, labels).astype(np.int64)
        used, states = np.unique(codes, return_inverse=True)
        return RowStates(
            codes=states.astype(np.int32),
            classes=np.zeros(len(used), np.int64),
            numerators=tuple(used == state for state in used),
        )

    @cached_property
    def directions(self) -> npt.NDArray[np.int8]:
        """0 where the decision stays, 1 where it turns favourable, 2 where it turns unfavourable; shape (n_rows,).

        Where no favourable outcome is stated, 1 is the positive class, and of several classes any other one.
        """
        pair = self.selected if self.selected is not None else self.decided
        if pair is None:
            return np.zeros(self.after.rows.count, np.int8)
        old, new = (np.asarray(side).astype(np.int64) for side in pair)
        if self.after.task == "multiclass" and self.selected is None:
            return np.asarray(new != old, np.int8)
        found: npt.NDArray[np.int8] = np.where(new == old, 0, np.where(new > old, 1, 2)).astype(np.int8)
        return found

    def _hidden_on_cards(self) -> EarlierCard:
        """What either card hides of groups."""
        plans = zip((self.before, self.after), self.plans, strict=True)
        return hidden_on_cards(cells for s, p in plans for cells in groupings_of(s, p.fairness, p.ll144).singles)


def _check(before: Subject, after: Subject) -> None:
    """Raise unless both are about the same rows and outcomes."""
    old, new = before.rows, after.rows
    if before.evaluation.identity.digest != after.evaluation.identity.digest:
        raise DataError(
            "both models have to predict the same rows",
            where="evaluation data",
            found=f"{before.evaluation.identity.digest} and {after.evaluation.identity.digest}",
            remedy="--data FILE gives both the same data, or leave the plans out to compare the cards alone",
        )
    alike = {
        "outcomes (data.target)": _same(old.labels, new.labels),
        "weights (data.weight)": _same(old.weights, new.weights) and old.weight_kind == new.weight_kind,
        "clusters (data.cluster)": _same(old.clusters, new.clusters),
    }
    for what, same in alike.items():
        if not same:
            raise DataError(f"the plans do not name the same {what}", where="the two plans", remedy="make them agree")


def _same(one: npt.NDArray[np.generic] | None, other: npt.NDArray[np.generic] | None) -> bool:
    if one is None or other is None:
        return one is other
    return one.shape == other.shape and bool(np.array_equal(one, other, equal_nan=one.dtype.kind == "f"))
