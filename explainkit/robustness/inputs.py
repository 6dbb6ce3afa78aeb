"""Each input missing, shifted, noisy, at its extremes, of another value, of a category that was never seen."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from explainkit.errors import DataError, ModelError
from explainkit.load.columns import kind_of
from explainkit.plan import Plan
from explainkit.plan.robustness import RobustnessPlan
from explainkit.robustness.columns import NUMBERS, Columns
from explainkit.robustness.door import Door, FloatArray, refusal
from explainkit.robustness.judge import Judge

FAMILY = "robustness"
NOISE = "noise"
ALL_CHANGES = ("missing", "up", "down", NOISE, "lowest", "highest", "other", "unseen")
"""Changes of one input, as figures call them."""
_NEVER_SEEN = "never saw"


@dataclass(frozen=True, slots=True, kw_only=True)
class Changed:
    """The drawn rows after a change."""

    change: str
    how: str
    """The change in words."""
    rows: pd.DataFrame


@dataclass(frozen=True, slots=True, kw_only=True)
class Unchanged:
    """Why a change cannot be made."""

    change: str
    reason: str


class Changes:
    """How the inputs of the drawn rows are changed, one by one.

    Parameters
    ----------
    columns : Columns
        The inputs.
    plan : Plan
        With the noise of columns, and the seed.
    sizes : RobustnessPlan
        How far.
    called : str
        What the reference rows are called.
    """

    def __init__(self, columns: Columns, plan: Plan, sizes: RobustnessPlan, called: str) -> None:
        self._columns, self._plan, self._sizes, self._called = columns, plan, sizes, called

    def of(self, name: str) -> Iterator[Changed | Unchanged]:
        """Changes of one column that keep its type, or why one cannot be made."""
        return self._of_number(name) if self._columns.kinds[name] in NUMBERS else self._of_value(name)

    def _of_number(self, name: str) -> Iterator[Changed | Unchanged]:
        columns, sizes = self._columns, self._sizes
        spread, values = columns.spread(name), columns.values(name)
        if not spread.varies:
            reason = f"the {self._called} have no two numbers in this column"
            yield from (Unchanged(change=c, reason=reason) for c in ("up", "down", "lowest", "highest"))
        else:
            step = sizes.shift * spread.deviation
            if columns.kinds[name] == "integer":
                step = max(1.0, round(step))
            low, high = (np.full(len(values), spread.sorted[end]) for end in (0, -1))
            rows, by = self._called, f"{sizes.shift:g}"
            yield self._number(name, "up", values + step, f"raised by {by} standard deviations of the {rows}")
            yield self._number(name, "down", values - step, f"lowered by {by} standard deviations of the {rows}")
            yield self._number(name, "lowest", low, f"set to the lowest number of the {rows}")
            yield self._number(name, "highest", high, f"set to the highest number of the {rows}")
        noisy = self.noisy(name)
        if noisy is None:
            yield Unchanged(change=NOISE, reason=f"the {self._called} have no two numbers in this column")
        else:
            yield self._number(name, NOISE, noisy, self._noise(name))

    def _number(self, name: str, change: str, values: FloatArray, how: str) -> Changed:
        return Changed(change=change, how=how, rows=self._columns.replaced(self._columns.rows, name, values))

    def noisy(self, name: str) -> FloatArray | None:
        """Numbers of a column with noise, missing where they were; None where nothing says how much."""
        columns, stated = self._columns, self._stated(name)
        values, spread = columns.values(name), columns.spread(name)
        rng = np.random.default_rng([self._plan.explain.seed, 60, columns.names.index(name)])
        known = np.isfinite(values)
        found = values.copy()
        if stated is not None:
            found[known] = columns.whole(name, values[known] + rng.normal(0.0, stated, int(known.sum())))
        elif spread.varies:
            found[known] = spread.drawn(values[known], self._sizes.neighbours, rng)
        else:
            return None
        return found

    def box(self, name: str) -> tuple[FloatArray, FloatArray] | None:
        """Smallest and largest number of each row within its noise: two stated deviations, else its neighbours."""
        values, stated = self._columns.values(name), self._stated(name)
        if stated is not None:
            reach = 2 * stated
            if self._columns.kinds[name] == "integer":
                reach = float(np.floor(reach))
            return values - reach, values + reach
        spread = self._columns.spread(name)
        return spread.around(values, self._sizes.neighbours) if spread.varies else None

    def all_noisy(self) -> Changed | None:
        """Every number with its noise; None where none has any."""
        rows, stated, count = self._columns.rows, 0, 0
        for name in self._columns.numbers:
            noisy = self.noisy(name)
            if noisy is not None:
                rows = self._columns.replaced(rows, name, noisy)
                count += 1
                stated += self._stated(name) is not None
        if not count:
            return None
        how = f"noise in {count} inputs at once, stated for {stated} of them"
        return Changed(change=NOISE, how=how, rows=rows)

    def _stated(self, name: str) -> float | None:
        feature = self._plan.features.get(name)
        return None if feature is None else feature.noise

    def _noise(self, name: str) -> str:
        stated = self._stated(name)
        if stated is not None:
            return f"normal noise with the standard deviation stated, {stated:g}"
        share = self._sizes.neighbours
        return f"replaced by one of the {self._called} within {share:.3g} of the ranks on either side"

    def _of_value(self, name: str) -> Iterator[Changed | Unchanged]:
        columns = self._columns
        donors = columns.donors(name)
        if not len(donors):
            yield Unchanged(change="other", reason=f"the {self._called} have no value in this column")
            return
        rng = np.random.default_rng([self._plan.explain.seed, 61, columns.names.index(name)])
        values = columns.taken(name, rng.choice(donors, len(columns.rows)))
        how = f"replaced by the value of one of the {self._called}, drawn at random"
        yield Changed(change="other", how=how, rows=columns.put(columns.rows, name, values))

    def missing(self, name: str) -> Changed:
        """One column without a value; the rows as they are come first."""
        return Changed(change="missing", how="the value is missing", rows=self._columns.without(name))

    def unseen(self, name: str) -> Changed | None:
        """One column of categories with one that is new; the rows as they are come first. None of numbers and dates."""
        if self._columns.kinds[name] not in ("category", "text"):
            return None
        return Changed(change="unseen", how="a category that is in neither data", rows=self._columns.unseen(name))


class Inputs:
    """Asks the model about changed inputs, and records what comes of it.

    Parameters
    ----------
    door : Door
        Of the model.
    judge : Judge
        Of the drawn rows.
    changes : Changes
        Of the same rows.
    columns : Columns
        Their inputs.
    """

    def __init__(self, door: Door, judge: Judge, changes: Changes, columns: Columns) -> None:
        self._door, self._judge, self._changes, self._columns = door, judge, changes, columns

    def measure(self) -> None:
        """Every input, then noise in all of them."""
        for name in self._columns.names:
            if self._columns.kinds[name] == "empty" or kind_of(self._columns.rows[name]) == "empty":
                reason = "the column has no value in the drawn rows"
                self._judge.recorder.note("not_tested", f"changes of the input {name}", reason)
                continue
            self._together(name)
            for changed in (self._changes.missing(name), self._changes.unseen(name)):
                if changed is not None:
                    self._doubled(name, changed)
        noisy = self._changes.all_noisy()
        if noisy is not None:
            self._one(None, noisy)

    def _together(self, name: str) -> None:
        """All changes that keep the type of a column in one question; one by one if the model refuses."""
        made = []
        for change in self._changes.of(name):
            if isinstance(change, Unchanged):
                self._missing(name, change.change, "insufficient", change.reason)
            else:
                made.append(change)
        if not made:
            return
        try:
            answers = self._door.answers(pd.concat([change.rows for change in made], ignore_index=True))
        except (ModelError, DataError):
            for change in made:
                self._one(name, change)
            return
        for change, after in zip(made, np.split(answers, len(made)), strict=True):
            self._record(name, change, after, change.how)

    def _one(self, name: str | None, changed: Changed) -> None:
        try:
            after = self._door.answers(changed.rows)
        except (ModelError, DataError) as error:
            self._refused(name, changed, error)
            return
        self._record(name, changed, after, changed.how)

    def _doubled(self, name: str, changed: Changed) -> None:
        """Rows as they are and after the change, in one question."""
        try:
            answers, cast = self._door.told(changed.rows)
        except (ModelError, DataError) as error:
            self._refused(name, changed, error)
            return
        how = changed.how
        if changed.change == "unseen" and any(_NEVER_SEEN in e.reason for e in cast if e.what == f"column {name}"):
            how += ", which is taken for a missing value"
        self._record(name, changed, answers[len(self._columns.rows) :], how)

    def _record(self, name: str | None, changed: Changed, after: FloatArray, how: str) -> None:
        keys = _keys(name, changed.change)
        self._judge.record(FAMILY, after, keys, how)
        self._judge.performance(f"{FAMILY}.performance_change", after, keys, how)

    def _refused(self, name: str | None, changed: Changed, error: ModelError | DataError) -> None:
        found = refusal(error)
        self._missing(name, changed.change, "not_tested", f"the model does not answer: {found}")

    def _missing(self, name: str | None, change: str, status: str, reason: str) -> None:
        keys = _keys(name, change)
        figure = f"{FAMILY}.score_change"
        self._judge.recorder.missing(
            figure, keys, status="insufficient" if status == "insufficient" else "not_tested", reason=reason
        )
        if status == "not_tested":
            what = "noise in all inputs at once" if name is None else f"the input {name} changed: {change}"
            self._judge.recorder.note("not_tested", what, reason)


def _keys(name: str | None, change: str) -> dict[str, str]:
    return {"change": change} if name is None else {"change": change, "feature": name}
