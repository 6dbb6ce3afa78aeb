"""Scenarios of the plan: inputs that change together in every evaluation row, and whose decisions that flips."""

from __future__ import annotations

import numpy as np
import pandas as pd

from explainkit.assess.groups.cells import Cells, RowStates, hidden_on_cards, single, without_basis
from explainkit.assess.groups.groupings import Groupings
from explainkit.decision import label_name
from explainkit.errors import DataError, ModelError, PlanError, nearest
from explainkit.load.subject import Subject
from explainkit.plan import Plan, ScenarioPlan
from explainkit.plan.robustness import Amount, amount_of
from explainkit.robustness.columns import NUMBERS, Columns
from explainkit.robustness.door import BoolArray, Door, FloatArray, refusal
from explainkit.robustness.judge import Judge

FAMILY = "robustness.scenario"
_TOGETHER = "all changes of the scenario together"
_FEW = (
    "fewer decisions of the group flip, or stay, than fairness.min_cell, or the card hides the group, or it would "
    "reveal one of these"
)


def applied(columns: Columns, scenario: ScenarioPlan, where: str) -> pd.DataFrame:
    """Rows after all changes of a scenario.

    Parameters
    ----------
    columns : Columns
        The rows, and the reference data.
    scenario : ScenarioPlan
        The changes.
    where : str
        What errors name.

    Raises
    ------
    PlanError
        If an input has no such value, or no amount can be added to it.
    """
    rows = columns.rows
    for name, change in scenario.changes.items():
        place = f"{where}.changes.{name}"
        if columns.kinds[name] in NUMBERS:
            rows = _with_numbers(rows, columns, name, change, place)
        else:
            rows = columns.put(rows, name, _value(columns, name, change, place))
    return rows


def _with_numbers(rows: pd.DataFrame, columns: Columns, name: str, change: str | float, where: str) -> pd.DataFrame:
    own, amount = columns.values(name), amount_of(change)
    if amount is not None:
        values = _moved(columns, name, amount, where)
    elif isinstance(change, str):
        raise PlanError("the input is a number", where=where, found=repr(change), allowed='"+10%", "-2sd" or a number')
    else:
        values = np.full(len(own), change)
    if columns.kinds[name] == "integer" and amount is not None:
        values = np.round(values)
    return columns.replaced(rows, name, values)


def _moved(columns: Columns, name: str, amount: Amount, where: str) -> FloatArray:
    own = columns.values(name)
    if amount.kind == "%":
        return np.asarray(own * (1 + amount.size / 100))
    spread = columns.spread(name)
    if not spread.varies:
        raise PlanError("the reference data has no two numbers in this column", where=where, found=f"{amount.size:g}sd")
    return np.asarray(own + amount.size * spread.deviation)


def _value(columns: Columns, name: str, change: str | float, where: str) -> pd.Series:
    wanted = label_name(change)
    if amount_of(change) is not None:
        kind = columns.kinds[name]
        raise PlanError("only a number moves by an amount", where=where, found=f"{change!r} of a column of kind {kind}")
    donors = columns.donors(name)
    names = [label_name(v) for v in columns.taken(name, donors)]
    own = [label_name(v) for v in columns.rows[name]]
    if wanted in names:
        return columns.taken(name, np.full(len(columns.rows), donors[names.index(wanted)]))
    if wanted in own:
        column = columns.rows[name]
        return pd.Series(column.array.take(np.full(len(column), own.index(wanted))), dtype=column.dtype)
    known = sorted({*names, *own})
    raise PlanError("no such value in the data", where=where, found=repr(wanted), remedy=nearest(wanted, known))


class Scenarios:
    """Applies scenarios to every evaluation row, and records what comes of it.

    Parameters
    ----------
    door : Door
        Of the model.
    judge : Judge
        Of every evaluation row.
    columns : Columns
        Their inputs.
    plan : Plan
        With the scenarios, and what is hidden of groups.
    found : Groupings
        What the card hides of groups.
    """

    def __init__(self, door: Door, judge: Judge, columns: Columns, plan: Plan, found: Groupings) -> None:
        self._door, self._judge, self._columns, self._plan = door, judge, columns, plan
        self._hidden = hidden_on_cards(found.singles)

    def measure(self) -> None:
        """Every scenario of the plan."""
        for position, scenario in enumerate(self._plan.scenarios):
            rows = applied(self._columns, scenario, f"scenarios.{position}")
            keys = {"scenario": scenario.name}
            try:
                after = self._door.answers(rows)
            except (ModelError, DataError) as error:
                found = refusal(error)
                reason = f"the model does not answer: {found}"
                self._judge.recorder.missing(f"{FAMILY}.score_change", keys, status="not_tested", reason=reason)
                self._judge.recorder.note("not_tested", f"the scenario {scenario.name}", reason)
                continue
            self._judge.record(FAMILY, after, keys, _TOGETHER)
            if self._judge.subject.task != "multiclass":
                shift = after[:, 0] - self._judge.before[:, 0]
                said = f"mean of answer after − answer before; {_TOGETHER}"
                self._judge.average(f"{FAMILY}.score_shift", shift, keys, said)
            flips = self._judge.flips(after)
            if flips is not None:
                self._by_group(flips, scenario.name)

    def _by_group(self, flips: BoolArray, name: str) -> None:
        """Share of decisions that flip in each group, of which it may be told."""
        subject = self._judge.subject
        least = self._plan.fairness.min_cell
        states = RowStates(
            codes=flips.astype(np.int32),
            classes=np.zeros(2, np.int64),
            numerators=(np.array([True, False]), np.array([False, True])),
        )
        for column in subject.rows.groups:
            cells = single(column, states, min_cell=least, min_count=least, earlier=self._hidden)
            self._of_column(without_basis(cells, subject.rows.groups), flips, name)

    def _of_column(self, cells: Cells, flips: BoolArray, name: str) -> None:
        recorder, figure = self._judge.recorder, f"{FAMILY}.flips_by_group"
        for cell in range(len(cells.levels)):
            keys = {"scenario": name, "by": cells.title, "group": cells.label(cell)}
            if cells.hidden[cell]:
                if cells.sizes[cell]:
                    absence = cells.absence
                    reason = _FEW if absence["status"] == "suppressed" else absence["reason"]
                    recorder.missing(figure, keys, status=absence["status"], reason=reason)
                continue
            inside = cells.codes == cell
            counted = inside if recorder.subject.rows.weights is None else inside & (recorder.subject.rows.weights > 0)
            if not counted.any() or not recorder.open(figure):
                continue
            said = f"same rows before and after; {_TOGETHER}"
            self._judge.share(figure, flips[counted], recorder.sampling.take(counted), keys, said)


def check_scenarios(subject: Subject, plan: Plan) -> None:
    """Raise if a scenario changes what is no input, before anything is measured.

    Raises
    ------
    PlanError
        With the nearest input.
    """
    for position, scenario in enumerate(plan.scenarios):
        for name in scenario.changes:
            if name not in subject.features:
                where = f"scenarios.{position}.changes"
                remedy = nearest(name, subject.features)
                raise PlanError("no such input of the model", where=where, found=repr(name), remedy=remedy)
