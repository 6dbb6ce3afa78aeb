"""Tables of the plan about inputs that are not as they should be, and about the model as a service."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from explainkit.decision import label_name
from explainkit.plan.base import Strict

Share = Annotated[float, Field(gt=0, lt=0.5)]
_CHANGE = re.compile(r"([+-]\d+(?:\.\d+)?)\s*(%|sd)")


def _as_change(value: Any) -> Any:
    """Numbers stay numbers, anything else is the name of a value or an amount."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if is_number else label_name(value)


Change = Annotated[float | str, BeforeValidator(_as_change)]


class RobustnessPlan(Strict):
    """``[robustness]``: how answers change when inputs are missing, shifted, noisy, extreme, unseen or unusual."""

    rows: int = Field(default=2000, ge=50, le=1_000_000)
    """Evaluation rows that are drawn, changed and asked about; the distance to the reference is measured of as many."""
    shift: float = Field(default=1.0, gt=0, le=100)
    """By how many standard deviations of the reference data each number is shifted, up and down."""
    neighbours: Share = 0.05
    """Noise of a number whose column has none stated (``features.NAME.noise``): it takes a value of the reference data
    from this share of ranks on either side of its own."""
    search: int = Field(default=100, ge=0, le=100_000)
    """Rows for which the worst small change of all numbers together is searched; 0 leaves the search out."""
    label_noise: tuple[Share, ...] = (0.01, 0.05, 0.1)
    """Shares of the outcomes that are flipped at random, to see what wrong labels do to the figures of performance."""
    off_data: float = Field(default=0.99, gt=0.5, lt=1)
    """An evaluation row is off the data if it is farther from the reference rows than this share of them are from each
    other."""


class ScenarioPlan(Strict):
    """``[[scenarios]]``: inputs that change together, as in a recession; applied to every evaluation row."""

    name: str = Field(min_length=1, max_length=80)
    """What figures and the card call it."""
    changes: dict[str, Change] = Field(min_length=1)
    """By input: ``"+10%"``, ``"-2sd"`` (standard deviations of the reference data), or the value that it takes."""

    @model_validator(mode="after")
    def _finite(self) -> Self:
        for column, change in self.changes.items():
            if isinstance(change, float) and not math.isfinite(change):
                raise ValueError(f"the change of {column} is a finite number")
        return self


@dataclass(frozen=True, slots=True)
class Amount:
    """A change by a share of the value, or by standard deviations."""

    size: float
    kind: Literal["%", "sd"]


def amount_of(change: str | float) -> Amount | None:
    """A change like ``"+10%"`` or ``"-2sd"``; None for a value."""
    found = _CHANGE.fullmatch(change.strip()) if isinstance(change, str) else None
    if found is None:
        return None
    return Amount(float(found[1]), "sd" if found[2] == "sd" else "%")


class LoadPlan(Strict):
    """``[load]``: how fast the model answers on this machine; timings differ from run to run, so only where asked."""

    rows: int = Field(default=10_000, ge=1, le=10_000_000)
    """The largest batch; no more than there are evaluation rows."""
    seconds: float = Field(default=2.0, gt=0, le=600)
    """For how long each size of batch is asked, at most."""
    repeats: int = Field(default=200, ge=10, le=100_000)
    """How often each size of batch is asked, at most; ten times at least, unless the time is up."""
