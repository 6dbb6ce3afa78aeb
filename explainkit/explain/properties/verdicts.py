"""What was found out about one property."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from explainkit.figures import Unit

FloatArray = npt.NDArray[np.float64]
Outcome = Literal["proven", "counterexample", "undecided", "tested"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Counterexample:
    """Inputs for which the property does not hold, as the model itself answers."""

    rows: pd.DataFrame
    """One row (bounds), or the input before and after a change."""
    answers: FloatArray
    """What the model answers for them, by its own door."""
    made: str
    """Where the inputs come from, as a clause."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What was found out about one property."""

    outcome: Outcome
    how: str
    """The argument, in words."""
    reason: str | None = None
    """Why it is undecided, or what a test without counterexample means."""
    violation: float = 0.0
    """By how much it is violated at most, as far as was found; 0 where it is not."""
    bound: float | None = None
    """No violation is larger; None where nothing is known."""
    unit: Unit = "none"
    """Of the violation."""
    looked: int | None = None
    """Regions of trees looked at."""
    tried: int | None = None
    """Rows that the model was asked about."""
    counterexample: Counterexample | None = None
