"""The worst small change of all numbers of a row together, found by search: there may be worse ones.

One number after the other takes the value within its noise that moves the answer most towards another decision, twice
over. Where the model is an ensemble of trees whose tests can be followed back to the columns, the values tried are
those that its own thresholds tell apart; of any other model, values at equal distances. What is found is what the model
itself answers.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from explainkit.errors import DataError, ModelError
from explainkit.explain.properties.cells import Opening, UndecidableError, Variable
from explainkit.explain.properties.known import Known
from explainkit.explain.properties.scores import opened
from explainkit.explain.task import Task
from explainkit.load.subject import Subject
from explainkit.plan import Plan
from explainkit.robustness.columns import Columns
from explainkit.robustness.door import Door, FloatArray, refusal
from explainkit.robustness.inputs import Changes
from explainkit.robustness.judge import Judge, decided, moved

POINTS = 8
"""Values of one number that are tried for a row."""
ROUNDS = 2
BY_TREES = "values that the trees' own thresholds tell apart"
BY_STEPS = "values at equal distances"


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """Looks for the worst change of each row, within the noise of its numbers.

    Rows are those that `columns` holds; `variables` are the cells that trees tell apart, by column, where they are
    known.
    """

    door: Door
    judge: Judge
    changes: Changes
    columns: Columns
    variables: Mapping[str, Variable] | None

    def measure(self) -> None:
        """Search, let the model confirm, and record."""
        boxes = {name: box for name in self.columns.numbers if (box := self.changes.box(name)) is not None}
        recorder = self.judge.recorder
        if not boxes:
            recorder.note("not_tested", "the worst small change of a row", "no input is a number that varies")
            return
        try:
            after = self.door.answers(self._found(boxes))
        except (ModelError, DataError) as error:
            found = refusal(error)
            reason = f"the model does not answer: {found}"
            recorder.note("not_tested", "the worst small change of a row", reason)
            return
        values = BY_STEPS if self.variables is None else BY_TREES
        how = (
            f"found by search among {values}, {len(boxes)} numbers of a row changed together within their noise; there "
            "may be worse changes"
        )
        self.judge.record("robustness.worst", after, {}, how)

    def _found(self, boxes: Mapping[str, tuple[FloatArray, FloatArray]]) -> pd.DataFrame:
        """Rows after the worst change found."""
        columns, rows, best = self.columns, self.columns.rows, self._worse(self.judge.before)
        for _ in range(ROUNDS):
            for name, (low, high) in boxes.items():
                own = np.asarray(rows[name].to_numpy(dtype=np.float64, na_value=np.nan))
                tried = self._tried(name, own, low, high)
                width = tried.shape[1]
                many = rows.iloc[np.repeat(np.arange(len(rows)), width)].reset_index(drop=True)
                answers = self.door.answers(columns.replaced(many, name, tried.ravel()))
                worse = self._worse(answers, width).reshape(tried.shape)
                at = worse.argmax(axis=1)
                gain = worse[np.arange(len(rows)), at]
                better = gain > best
                best = np.where(better, gain, best)
                rows = columns.replaced(rows, name, np.where(better, tried[np.arange(len(rows)), at], own))
        return rows

    def _tried(self, name: str, own: FloatArray, low: FloatArray, high: FloatArray) -> FloatArray:
        """Values of one number to try for each row, shape (n_rows, POINTS); a missing one stays missing."""
        variable = None if self.variables is None else self.variables.get(name)
        share = np.linspace(0.0, 1.0, POINTS)
        if variable is None or not variable.ordered or not variable.count:
            tried = self.columns.whole(name, low[:, None] + (high - low)[:, None] * share)
        else:
            first, last = (np.searchsorted(variable.high, end).clip(0, variable.count - 1) for end in (low, high))
            cells = np.round(first[:, None] + (last - first)[:, None] * share).astype(np.int64)
            near = np.clip(own[:, None], variable.low[cells], variable.high[cells])
            tried = np.clip(near, low[:, None], high[:, None])
        return np.where(np.isnan(own)[:, None] | np.isnan(tried), own[:, None], tried)

    def _worse(self, answers: FloatArray, width: int = 1) -> FloatArray:
        """How far answers have gone towards another decision, or away from where they were; higher is worse."""
        subject = self.judge.subject
        before = np.repeat(self.judge.before, width, axis=0)
        first = decided(subject, before)
        if first is None:
            return moved(before, answers)
        if subject.task == "multiclass":
            each = np.arange(len(answers))
            own = answers[each, first]
            others = answers.copy()
            others[each, first] = -np.inf
            return np.asarray(others.max(axis=1) - own)
        return np.asarray(np.where(first == 1, -answers[:, 0], answers[:, 0]))


def variables_of(subject: Subject, plan: Plan) -> Mapping[str, Variable] | str:
    """The cells that a model's trees tell apart, by column; why not, where it has none that are known."""
    known = Known(Task.of(subject, plan.explain))
    try:
        inside, ensemble = opened(known.task)
        opening = Opening(known, inside, ensemble)
        return {variable.name: variable for variable in opening.variables("all", {})}
    except UndecidableError as error:
        return str(error)
