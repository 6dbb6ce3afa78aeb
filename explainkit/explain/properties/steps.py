"""Steps: pairs of cells of one input between which a property lets the answer move one way only, or not at all."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from explainkit.decision import label_name
from explainkit.errors import PlanError
from explainkit.explain.properties.cells import Variable
from explainkit.explain.properties.known import Known, values_of
from explainkit.plan.properties import PropertyPlan


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """From one cell to another the answer must not rise (by more than the tolerance)."""

    one: int
    two: int
    values: tuple[float, float] | None = None
    """Numbers that stand for the cells; any where left out."""


def steps_of(variable: Variable, wanted: PropertyPlan, known: Known) -> list[Step]:
    """What a property asks of the cells of its input.

    Raises
    ------
    PlanError
        If a value that takes the place of another does not exist.
    """
    if wanted.kind == "monotone":
        up = [(k, k + 1) for k in range(variable.count - 1)]
        falling = wanted.direction == "decreasing"
        return [Step(one=a, two=b) if falling else Step(one=b, two=a) for a, b in up]
    if wanted.kind == "independent":
        cells = variable.count + variable.gap
        pairs = [(k, k + 1) for k in range(cells - 1)]
        return [Step(one=a, two=b) for pair in pairs for a, b in (pair, pair[::-1])]
    assert wanted.change is not None
    if isinstance(wanted.change, tuple):
        return _exchanged(variable, wanted.change, known)
    return _moved(variable, wanted.change)


def _moved(variable: Variable, most: float) -> list[Step]:
    """Cells with numbers no further apart than that."""
    steps = []
    for a in range(variable.count):
        end = int(np.searchsorted(variable.low - variable.high[a], most, side="right"))
        for b in range(a + 1, end):
            steps += [Step(one=a, two=b), Step(one=b, two=a)]
    return steps


def _exchanged(variable: Variable, values: tuple[str, ...], known: Known) -> list[Step]:
    if variable.ordered:
        numbers = numbers_in(values, variable.name)
        cells = [variable.holding(v) for v in numbers]
        for value, cell in zip(numbers, cells, strict=True):
            if cell >= variable.count or value < variable.low[cell]:
                raise PlanError(
                    "the value lies outside the range",
                    where=f"properties: change of {variable.name}",
                    found=f"{value:g}",
                )
    else:
        values_of(known, known.position(variable.name, "properties"), values)
        numbers = [0.0] * len(values)
        cells = [variable.members[label_name(v)] for v in values]
    found = zip(cells, numbers, strict=True)
    listed = list(found)
    return [
        Step(one=a, two=b, values=(x, y) if variable.ordered else None)
        for i, (a, x) in enumerate(listed)
        for j, (b, y) in enumerate(listed)
        if i != j and a != b
    ]


def numbers_in(values: tuple[str, ...], name: str) -> list[float]:
    """Values of a list as numbers.

    Raises
    ------
    PlanError
        If one is none.
    """
    try:
        return [float(v) for v in values]
    except ValueError:
        raise PlanError(
            "the input is a number", where=f"properties: change of {name}", found=", ".join(map(repr, values))
        ) from None
