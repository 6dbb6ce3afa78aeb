"""Tables of the plan about what should hold for every input, not only for those that were seen."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from explainkit.decision import label_name
from explainkit.plan.base import Label, Strict

Finite = Annotated[float, Field(allow_inf_nan=False)]


def _numbers_or_labels(value: Any) -> Any:
    """A list of two numbers is a range; any other list holds values."""
    if not isinstance(value, list | tuple):
        return value
    numbers = [isinstance(v, int | float) and not isinstance(v, bool) for v in value]
    return tuple(map(float, value)) if all(numbers) and len(value) == 2 else tuple(map(label_name, value))


def _number_or_labels(value: Any) -> Any:
    return tuple(map(label_name, value)) if isinstance(value, list | tuple) else value


Range = Annotated[tuple[Finite, Finite] | tuple[str, ...], BeforeValidator(_numbers_or_labels)]
Change = Annotated[Finite | tuple[str, ...], BeforeValidator(_number_or_labels)]
_NEEDS: dict[str, tuple[str, ...]] = {
    "monotone": ("feature", "direction"),
    "bounds": (),
    "independent": ("column",),
    "invariant": ("feature", "change"),
}
_TAKES: dict[str, tuple[str, ...]] = {
    "bounds": ("low", "high", "output"),
    "invariant": ("tolerance", "output"),
    "monotone": (),
    "independent": (),
}


class PropertyPlan(Strict):
    """``[[properties]]``: what should hold for every input: proven for trees, searched for counterexamples else."""

    kind: Literal["monotone", "bounds", "independent", "invariant"]
    """``monotone`` in a feature; answers within ``bounds``; ``independent`` of a column; ``invariant`` to a change of a
    feature."""
    name: str | None = Field(default=None, min_length=1, max_length=80)
    """What figures and gates call it; kind and feature where left out, as ``monotone income``."""
    feature: str | None = None
    """The input of a monotone or an invariant property."""
    column: str | None = None
    """The column that answers are independent of; it need not be an input."""
    direction: Literal["increasing", "decreasing"] | None = None
    """Of the answer as the feature rises, equal answers allowed: the score of the positive class, or the prediction."""
    low: Finite | None = None
    """Smallest answer allowed."""
    high: Finite | None = None
    """Largest answer allowed."""
    output: Literal["probability", "margin"] = "probability"
    """What bounds and tolerance are of: the answer (a probability, or a regression's prediction), or the log-odds."""
    change: Change | None = None
    """``500.0``: the feature becomes larger or smaller by at most so much; ``["a", "b"]``: any of these values takes
    the place of another."""
    tolerance: float = Field(default=0.0, ge=0, allow_inf_nan=False)
    """How far an invariant answer may move."""
    outcome: Label | None = None
    """The class whose score is meant, where there are several (multiclass)."""
    over: Literal["all", "reference"] = "all"
    """Numbers that inputs may take: all, or those from the smallest to the largest of the reference data (of the
    evaluation data where there is none). Categories are those of the data in either case; missing is a value where the
    data has gaps."""
    ranges: dict[str, Range] = Field(default_factory=dict)
    """Inputs with a range of their own, then never missing: ``{ income = [0, 100000], job = ["clerk", "nurse"] }``."""
    budget: int = Field(default=50_000_000, ge=1000, le=10**12)
    """Regions of trees that may be looked at before the answer is "undecided": some seconds; counted, not timed, so
    that the same plan gives the same card everywhere."""
    tries: int = Field(default=20_000, ge=100, le=10_000_000)
    """Rows that a model which is no ensemble of trees is asked about, at most."""

    @property
    def called(self) -> str:
        """Its name."""
        return self.name or " ".join(part for part in (self.kind, self.feature or self.column) if part)

    @model_validator(mode="after")
    def _complete(self) -> Self:
        kind = self.kind
        for key in _NEEDS[kind]:
            if getattr(self, key) is None:
                raise ValueError(f"a property of kind {kind} needs {' and '.join(_NEEDS[kind])}")
        allowed = (*_NEEDS[kind], *_TAKES[kind])
        for key in ("feature", "column", "direction", "low", "high", "output", "change", "tolerance"):
            if key in self.model_fields_set and key not in allowed:
                raise ValueError(f"{key} does not belong to a property of kind {kind}")
        if kind == "bounds":
            _check_bounds(self.low, self.high)
        if isinstance(self.change, tuple) and len(set(self.change)) < 2:
            raise ValueError("change lists at least two values that take each other's place")
        if isinstance(self.change, float) and self.change <= 0:
            raise ValueError("change is larger than 0: it goes in both directions")
        for column, ends in self.ranges.items():
            if not ends or (isinstance(ends[0], float) and ends[0] > ends[-1]):
                raise ValueError(f"the range of {column} is empty: it is [smallest, largest], or a list of values")
        return self


def _check_bounds(low: float | None, high: float | None) -> None:
    if low is None and high is None:
        raise ValueError("a property of kind bounds needs low, high or both")
    if low is not None and high is not None and low > high:
        raise ValueError(f"low is above high: no answer is at least {low:g} and at most {high:g}")
