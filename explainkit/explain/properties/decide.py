"""Decide a property of an ensemble of trees: proven, refuted by an input that the model confirms, or undecided."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from explainkit.errors import ModelError
from explainkit.explain.properties.cells import Opening, UndecidableError, Variable
from explainkit.explain.properties.known import Known
from explainkit.explain.properties.largest import Ascent, Budget, Largest
from explainkit.explain.properties.scores import Scores, answers, opened, outcome_of, scores_of
from explainkit.explain.properties.space import IntArray, TooLargeError, Trees
from explainkit.explain.properties.steps import Step, steps_of
from explainkit.explain.properties.verdicts import Counterexample, Verdict
from explainkit.plan.properties import PropertyPlan

FloatArray = npt.NDArray[np.float64]

UNUSED = "no tree tests the column, so that every answer is the same whatever it holds"
BY_TREES = "tree by tree: what holds of every tree holds of their sum, in floating point too"
EXACT = "by branch and bound over all inputs, in exact sums of the values that the model stores"
MADE = "made up: cells of the trees' own tests, nearest to the middle of the data"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Way:
    """The largest violation of one requirement."""

    largest: Largest
    step: Step | None
    by_trees: bool
    """Whether no tree violates it."""


class Decider:
    """Decides properties of one model.

    Parameters
    ----------
    known : Known
        Its columns.

    Raises
    ------
    UndecidableError
        If its trees cannot be opened.
    """

    def __init__(self, known: Known) -> None:
        self._known, self._task = known, known.task
        self._inside, self._ensemble = opened(known.task)
        self._opening = Opening(known, self._inside, self._ensemble)

    def decide(self, wanted: PropertyPlan, where: str) -> Verdict:
        """What the trees say about a property.

        Raises
        ------
        UndecidableError
            If it is nothing that can be decided on trees.
        PlanError
            If the property is about something that does not exist.
        """
        output = outcome_of(self._task, wanted, where)
        scores = scores_of(self._task, self._inside, self._ensemble, wanted, output)
        variables = self._opening.variables(wanted.over, wanted.ranges)
        name = wanted.feature or wanted.column
        if name is not None and self._known.position(name, where) not in self._opening.tested:
            return Verdict(outcome="proven", how=UNUSED, bound=0.0, unit=scores.unit, looked=0)
        trees = self._opening.trees(variables)
        budget = Budget(wanted.budget)
        case = _Case(self._opening, wanted, variables, trees, scores, budget)
        try:
            ways = case.bounds() if wanted.kind == "bounds" else case.steps(name)
        except TooLargeError:
            raise UndecidableError("its trees have too many regions to be held at once") from None
        return case.verdict(ways, output)


@dataclass(frozen=True, slots=True)
class _Case:
    """One property of one model."""

    opening: Opening
    wanted: PropertyPlan
    variables: tuple[Variable, ...]
    trees: Trees
    scores: Scores
    budget: Budget

    @property
    def typical(self) -> IntArray:
        return np.array([v.typical for v in self.variables], dtype=np.int64)

    def bounds(self) -> list[_Way]:
        """How far answers can be above and below the bounds."""
        (score,) = self.scores.scores
        ways = []
        for limit, sign in ((self.wanted.high, 1.0), (self.wanted.low, -1.0)):
            inner = None if limit is None else self.scores.inner(limit, below=sign < 0)
            if inner is None or (math.isinf(inner) and sign * inner > 0):
                continue  # the link keeps it
            if math.isinf(inner):
                inner = -sign * 1e308
            # Rounding is taken off the limit, so that the model's own sums keep it too.
            start = (sign * score.base, -sign * inner, self.scores.rounding)
            ascent = Ascent(self.trees.whole(sign * score.values), start, self.typical, self.budget)
            ways.append(_Way(largest=ascent.climb(), step=None, by_trees=False))
        return ways

    def steps(self, name: str | None) -> list[_Way]:
        """How far answers can move against what is asked, over all steps: those that can move furthest come first."""
        place = next(i for i, v in enumerate(self.variables) if v.name == name)
        tolerance = self.scores.step(self.wanted.tolerance)
        slack = 2 * self.scores.rounding if tolerance else 0.0
        if math.isinf(tolerance):
            return []
        ways: list[_Way] = []
        waiting: list[tuple[float, int, int, Step]] = []
        steps = steps_of(self.variables[place], self.wanted, self.opening.known)
        for s in range(len(self.scores.scores)):
            for step in steps:
                ascent = self._ascent(s, place, step, tolerance - slack)
                if ascent.bound > 0:
                    waiting.append((-ascent.bound, s, len(waiting), step))
                ways.append(_kept(ascent.bound, step, by_trees=ascent.by_parts))
                if self.budget.spent:
                    return [_kept(math.inf, step, by_trees=False)]
        best = 0.0
        ways = [way for way in ways if way.largest.bound <= 0]
        for bound, s, _, step in sorted(waiting):
            if -bound <= best or self.budget.spent:
                ways.append(_kept(-bound, step, by_trees=False))
                continue
            largest = self._ascent(s, place, step, tolerance - slack).climb(best)
            best = max(best, largest.found)
            ways.append(_Way(largest=largest, step=step, by_trees=False))
        return ways

    def _ascent(self, score: int, place: int, step: Step, tolerance: float) -> Ascent:
        values = self.scores.scores[score].values
        sum_ = self.trees.step(values, place, step.one, step.two)
        return Ascent(sum_, (-tolerance,) if tolerance else (), self.typical, self.budget)

    def verdict(self, ways: list[_Way], output: int) -> Verdict:
        """The outcome, with the model's own answers where the property does not hold."""
        looked, unit = self.budget.used, self.scores.unit
        bound = max((way.largest.bound for way in ways), default=0.0)
        if bound <= 0:
            by_trees = all(way.by_trees for way in ways) and self.wanted.kind != "bounds"
            how = BY_TREES if by_trees else EXACT
            return Verdict(outcome="proven", how=how, bound=0.0, unit=unit, looked=looked)
        worst = max(ways, key=lambda way: way.largest.found)
        found = worst.largest.found
        known = bound if math.isfinite(bound) else None
        if found <= 0:
            why = "neither proof nor counterexample within the budget (properties.budget)"
            return Verdict(outcome="undecided", how=EXACT, reason=why, bound=known, unit=unit, looked=looked)
        example = self._example(worst, output)
        if example is None or not _refutes(example.answers, self.wanted):
            why = (
                "exact sums of the stored values break the property, but the model's own answers to the same inputs do "
                "not show it"
            )
            return Verdict(
                outcome="undecided", how=EXACT, reason=why, violation=found, bound=known, unit=unit, looked=looked
            )
        return Verdict(
            outcome="counterexample",
            how=EXACT,
            violation=found,
            bound=known,
            unit=unit,
            looked=looked,
            counterexample=example,
        )

    def _example(self, way: _Way, output: int) -> Counterexample | None:
        """Inputs of the largest violation; None where the model does not answer to them."""
        assert way.largest.cells is not None
        cells = way.largest.cells
        count = 1 if way.step is None else 2
        numbers, donors = {}, {}
        moving = self.wanted.feature or self.wanted.column
        for place, (column, variable) in enumerate(zip(self.opening.tested, self.variables, strict=True)):
            own = [int(cells[place])] * count
            if way.step is not None and variable.name == moving:
                own = [way.step.one, way.step.two]
            if not variable.ordered:
                donors[column] = variable.donors[own]
            elif way.step is not None and variable.name == moving:
                numbers[column] = np.array(_ends(variable, way.step, self.wanted))
            else:
                numbers[column] = np.array([variable.shown(cell) for cell in own])
        rows = self.opening.known.frame(count, numbers, donors)
        try:
            found = answers(self.opening.known.task, rows, output, space=self.wanted.output)
        except ModelError:
            return None
        return Counterexample(rows=rows, answers=found, made=MADE)


def _ends(variable: Variable, step: Step, wanted: PropertyPlan) -> tuple[float, float]:
    """Numbers that stand for the two cells of a step."""
    if step.values is not None:
        return step.values
    if isinstance(wanted.change, float):
        return variable.apart(step.one, step.two, wanted.change)
    return variable.shown(step.one), variable.shown(step.two)


def _kept(bound: float, step: Step, *, by_trees: bool) -> _Way:
    return _Way(largest=Largest(found=-math.inf, cells=None, bound=bound), step=step, by_trees=by_trees)


def _refutes(found: FloatArray, wanted: PropertyPlan) -> bool:
    """Whether the model's own answers break the property."""
    if wanted.kind == "bounds":
        low = -math.inf if wanted.low is None else wanted.low
        high = math.inf if wanted.high is None else wanted.high
        return not low <= found[0] <= high
    moved = float(found[1] - found[0])
    if wanted.kind == "monotone":
        return moved > 0
    return abs(moved) > wanted.tolerance
