"""Search for counterexamples to a property of any model: what is found is certain, what is not found proves nothing.

Half of the rows tried are rows of the data, mixtures of their values, and mixtures with numbers from a wider range; the
other half starts from those that came nearest to breaking the property, with some values exchanged.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from explainkit.errors import ModelError
from explainkit.explain.properties.known import Known, range_of, values_of
from explainkit.explain.properties.scores import answers, no_margin, outcome_of
from explainkit.explain.properties.steps import numbers_in
from explainkit.explain.properties.verdicts import Counterexample, Verdict
from explainkit.figures import Unit
from explainkit.plan.properties import PropertyPlan

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

WIDE = (
    "searched, not proven: rows of the data, mixtures of their values, mixtures with numbers from a range wider by its "
    "own width on either side, and changes of those that came nearest to breaking it"
)
NARROW = (
    "searched, not proven: rows of the data, mixtures of their values, mixtures with other numbers within their range, "
    "and changes of those that came nearest to breaking it"
)
UNPROVEN = "no counterexample was found, which is no proof"
MIXED = "made up: a mixture of values of several rows"
SEEN = "a row of the data, with the input changed"
_GRID = 20
_KEPT = 20
_EXCHANGED = 0.2
_WIDE = 0.3
_BLOCK = 65_536


@dataclass(frozen=True, slots=True)
class _Rows:
    """Rows as numbers, and as places in the data whose values they take."""

    numbers: dict[int, FloatArray]
    donors: dict[int, IntArray]
    real: npt.NDArray[np.bool_]
    """Whether a row is one of the data."""

    @property
    def count(self) -> int:
        return len(self.real)

    def take(self, at: IntArray) -> _Rows:
        """Some of them, in that order."""
        return _Rows(
            {i: v[at] for i, v in self.numbers.items()}, {i: v[at] for i, v in self.donors.items()}, self.real[at]
        )

    def behind(self, other: _Rows) -> _Rows:
        """These, then others."""
        return _Rows(
            {i: np.append(v, other.numbers[i]) for i, v in self.numbers.items()},
            {i: np.append(v, other.donors[i]) for i, v in self.donors.items()},
            np.append(self.real, other.real),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    """The worst of some rows."""

    violation: float
    pair: _Rows
    answers: FloatArray


class Searcher:
    """Searches for counterexamples to properties of one model.

    Parameters
    ----------
    known : Known
        Its columns.
    seed : int
        Of the draws.
    """

    def __init__(self, known: Known, seed: int) -> None:
        self._known, self._seed = known, seed

    def search(self, wanted: PropertyPlan, where: str, unit: Unit) -> Verdict:
        """Look for a counterexample.

        Parameters
        ----------
        wanted : PropertyPlan
            The property.
        where : str
            What errors name.
        unit : str
            Of the answer.

        Raises
        ------
        PlanError
            If the property is about something that does not exist.
        """
        if wanted.output == "margin":
            raise no_margin(self._known.task, wanted)
        output = outcome_of(self._known.task, wanted, where)
        try:
            return self._tried(wanted, output, unit, wide=wanted.over == "all")
        except ModelError:
            if wanted.over != "all":
                raise
            return self._tried(wanted, output, unit, wide=False)  # it may refuse numbers that it never saw

    def _tried(self, wanted: PropertyPlan, output: int, unit: Unit, *, wide: bool) -> Verdict:
        trial = _Trial(self._known, wanted, output, np.random.default_rng([self._seed, 31]), wide=wide)
        how = WIDE if wide else NARROW
        per_row = trial.width
        count = max(1, wanted.tries // (2 * per_row))
        first = trial.drawn(count)
        scored = trial.measured(first)
        near = np.argsort(-scored, kind="stable")[:_KEPT]
        second = trial.exchanged(first.take(np.resize(near, count)))
        both = first.behind(second)
        scores = np.append(scored, trial.measured(second))
        best = trial.worst(both, scores)
        tried = both.count * per_row
        if best is None:
            return Verdict(outcome="tested", how=how, reason=UNPROVEN, unit=unit, tried=tried)
        return Verdict(
            outcome="counterexample",
            how=how,
            violation=best.violation,
            unit=unit,
            tried=tried,
            counterexample=Counterexample(
                rows=trial.frame(best.pair), answers=best.answers, made=SEEN if best.pair.real[0] else MIXED
            ),
        )


class _Trial:
    """One property: rows to try it on, and by how much each breaks it."""

    def __init__(
        self, known: Known, wanted: PropertyPlan, output: int, rng: np.random.Generator, *, wide: bool
    ) -> None:
        self._known, self._wanted, self._output, self._rng, self._wide = known, wanted, output, rng, wide
        name = wanted.feature or wanted.column
        self._moving = None if name is None else known.position(name, "properties")
        self._kinds = ["number" if kind in ("number", "integer") else "other" for kind in known.kinds]
        self._grid = self._values()

    @property
    def width(self) -> int:
        """Answers that one row takes."""
        return 1 if self._moving is None else max(1, len(self._grid))

    def _values(self) -> FloatArray:
        """Values that the moving input takes one after the other: numbers, places in the data, or distances."""
        i, wanted, known = self._moving, self._wanted, self._known
        if i is None:
            return np.zeros(1)
        if isinstance(wanted.change, float):
            return np.array([0.0, wanted.change, wanted.change / 2, -wanted.change / 2, -wanted.change])
        ends = wanted.ranges.get(known.names[i])
        if self._kinds[i] == "other":
            listed = wanted.change if isinstance(wanted.change, tuple) else ends
            return values_of(known, i, listed)[0][:_GRID].astype(np.float64)
        if isinstance(wanted.change, tuple):
            return np.array(numbers_in(wanted.change, known.names[i]))
        low, high = range_of(known, i, "reference", ends)
        seen = self._column(i)
        seen = seen[np.isfinite(seen) & (seen >= low) & (seen <= high)]
        inner = np.quantile(seen, np.linspace(0, 1, _GRID), method="inverted_cdf") if len(seen) else np.zeros(0)
        if self._wide and ends is None and len(seen):
            span = float(seen.max() - seen.min()) or 1.0
            inner = np.append(inner, [seen.min() - span, seen.max() + span])
        return np.unique(inner if ends is None else np.append(inner, [low, high]))

    def _column(self, i: int) -> FloatArray:
        return np.asarray(self._known.rows.iloc[:, i].to_numpy(dtype=np.float64, na_value=np.nan))

    def drawn(self, count: int) -> _Rows:
        """Rows of the data, mixtures of them, and mixtures with numbers further out, a third each."""
        pool = len(self._known.rows)
        first = (
            len(self._known.task.rows) if self._wanted.over == "reference" and pool > len(self._known.task.rows) else 0
        )
        whole = self._rng.integers(first, pool, count)
        third = np.arange(count) % 3
        numbers, donors = {}, {}
        for i, kind in enumerate(self._kinds):
            at = np.where(third == 0, whole, self._rng.integers(first, pool, count))
            ends = self._wanted.ranges.get(self._known.names[i])
            if kind == "number":
                numbers[i] = self._spread(i, self._column(i)[at], third == 2, ends)
            else:
                allowed = values_of(self._known, i, ends)[0]
                donors[i] = at if ends is None else self._rng.choice(allowed, count)
        real = (third == 0) & (not self._wanted.ranges)
        return _Rows(numbers, donors, real)

    def _spread(self, i: int, values: FloatArray, wide: npt.NDArray[np.bool_], ends: object) -> FloatArray:
        """Numbers of the data, some of them from a wider range; all of them within a range that is stated."""
        column = self._column(i)
        seen = column[np.isfinite(column)]
        if not len(seen):
            return values
        stated = self._wanted.ranges.get(self._known.names[i])
        low, high = range_of(self._known, i, "reference", stated)
        if stated is None and self._wide:
            low, high = float(seen.min()), float(seen.max())
            low, high = low - (high - low), high + (high - low)
        drawn = self._rng.uniform(low, high, len(values))
        if self._known.kinds[i] == "integer":
            drawn = np.clip(np.round(drawn), math.ceil(low), math.floor(high))
        wide = wide & (self._rng.random(len(values)) < _WIDE)
        if stated is not None:
            wide = wide | ~((values >= low) & (values <= high))
        return np.where(wide, drawn, values)

    def exchanged(self, rows: _Rows) -> _Rows:
        """The same rows, each with some values of newly drawn ones."""
        fresh = self.drawn(rows.count)
        some = {i: self._rng.random(rows.count) < _EXCHANGED for i in range(len(self._kinds))}
        numbers = {i: np.where(some[i], fresh.numbers[i], v) for i, v in rows.numbers.items()}
        donors = {i: np.where(some[i], fresh.donors[i], v) for i, v in rows.donors.items()}
        changed = np.zeros(rows.count, dtype=np.bool_)
        for i, mask in some.items():
            if i != self._moving:  # which takes every value anyhow
                changed |= mask
        return _Rows(numbers, donors, rows.real & ~changed)

    def _moved(self, rows: _Rows) -> _Rows:
        """Each row once for each value of the moving input."""
        if self._moving is None:
            return rows
        i, width = self._moving, self.width
        many = rows.take(np.repeat(np.arange(rows.count), width))
        values = np.tile(self._grid, rows.count)
        if isinstance(self._wanted.change, float):
            moved = many.numbers[i] + values
            if self._known.kinds[i] == "integer":
                moved = np.trunc(values) + many.numbers[i]
            low, high = range_of(self._known, i, self._wanted.over, self._wanted.ranges.get(self._known.names[i]))
            many.numbers[i] = np.where((moved >= low) & (moved <= high), moved, many.numbers[i])
        elif self._kinds[i] == "number":
            many.numbers[i] = values
        else:
            many.donors[i] = values.astype(np.int64)
        return many

    def frame(self, rows: _Rows) -> pd.DataFrame:
        """Rows as the model takes them."""
        return self._known.frame(rows.count, rows.numbers, rows.donors)

    def _answers(self, rows: _Rows) -> FloatArray:
        found = np.empty(rows.count)
        for start in range(0, rows.count, _BLOCK):
            at = np.arange(start, min(start + _BLOCK, rows.count))
            found[at] = answers(self._known.task, self.frame(rows.take(at)), self._output, space="probability")
        return found

    def measured(self, rows: _Rows) -> FloatArray:
        """By how much each row breaks the property; below 0 by how much it keeps it."""
        found = self._answers(self._moved(rows)).reshape(rows.count, self.width)
        wanted = self._wanted
        if wanted.kind == "bounds":
            over = [found[:, 0] - wanted.high] if wanted.high is not None else []
            under = [wanted.low - found[:, 0]] if wanted.low is not None else []
            return np.asarray(np.max([*over, *under], axis=0))
        if wanted.kind == "monotone":
            sign = 1.0 if wanted.direction == "increasing" else -1.0
            rising = sign * found
            least = (np.maximum.accumulate(rising, axis=1) - rising)[:, 1:].max(axis=1, initial=-math.inf)
            return np.asarray(np.where(least > 0, least, -np.diff(rising, axis=1).min(axis=1, initial=math.inf)))
        base = found[:, :1] if isinstance(wanted.change, float) else found.min(axis=1, keepdims=True)
        return np.asarray(np.abs(found - base).max(axis=1) - wanted.tolerance)

    def worst(self, rows: _Rows, scores: FloatArray) -> _Found | None:
        """The row that breaks the property most, one that is made up where there is one; None where none does."""
        broken = scores > 0
        if not broken.any():
            return None
        made = broken & ~rows.real
        at = int(np.where(made if made.any() else broken, scores, -math.inf).argmax())
        one = self._moved(rows.take(np.array([at])))
        found = self._answers(one)
        if self._wanted.kind == "bounds":
            return _Found(violation=float(scores[at]), pair=one, answers=found)
        pair = np.array(self._pair(found), dtype=np.int64)
        return _Found(violation=float(scores[at]), pair=one.take(pair), answers=found[pair])

    def _pair(self, found: FloatArray) -> tuple[int, int]:
        """Places of the two values of the moving input between which the answer moves most against the property."""
        if self._wanted.kind == "monotone":
            rising = found if self._wanted.direction == "increasing" else -found
            second = int((np.maximum.accumulate(rising) - rising).argmax())
            return int(rising[: second + 1].argmax()), second
        first = 0 if isinstance(self._wanted.change, float) else int(found.argmin())
        return first, int(np.abs(found - found[first]).argmax())
