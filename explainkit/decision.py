"""What decides the sign of every fairness statement and is therefore never guessed."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from explainkit.errors import PlanError

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

_THRESHOLD = re.compile(r"\s*(>=|>)\s*([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)\s*")

POPULATIONS = ("all applicants", "all cases", "accepted only", "resampled")


@dataclass(frozen=True, slots=True)
class Threshold:
    """From which score on the positive class is decided."""

    side: Literal[">=", ">"]
    """Whether a score equal to the threshold counts as positive (``>=``) or not (``>``)."""
    at: float
    """The threshold, in the unit of the score."""

    @classmethod
    def parse(cls, text: str, *, where: str = "model.threshold") -> Threshold:
        """Read ``">=0.5"`` or ``">0.5"``; `where` is named in the error.

        Raises
        ------
        PlanError
            If the side is missing: which way a tie falls is never guessed.
        """
        match = _THRESHOLD.fullmatch(text)
        if match is None:
            raise PlanError(
                "the threshold needs its side",
                where=where,
                found=repr(text),
                allowed='">=0.5" (a tie is positive) or ">0.5" (a tie is not)',
            )
        return cls(">=" if match[1] == ">=" else ">", float(match[2]))

    def decide(self, scores: npt.NDArray[np.float64]) -> npt.NDArray[np.bool_]:
        """True where the score decides for the positive class; same shape as `scores`."""
        decided: npt.NDArray[np.bool_] = scores >= self.at if self.side == ">=" else scores > self.at
        return decided

    def __str__(self) -> str:
        return f"{self.side}{self.at:g}" if float(f"{self.at:g}") == self.at else f"{self.side}{self.at!r}"


def label_name(value: Any) -> str:
    """Name of a label or a category as it is compared and printed.

    ``0``, ``0.0`` and NumPy's zero are all ``"0"``; ``True`` is ``"True"``.

    Examples
    --------
    >>> label_name(0.0), label_name(True), label_name("good")
    ('0', 'True', 'good')
    """
    if hasattr(value, "item"):
        value = value.item()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


@dataclass(frozen=True, slots=True)
class Population:
    """Whom the evaluation rows stand for; some figures have no meaning without it."""

    parts: tuple[str, ...]
    """Any of `POPULATIONS`, as stated; empty when nothing was stated."""

    @classmethod
    def parse(cls, text: str | None) -> Population:
        """Read for example ``"accepted only, resampled"``.

        Raises
        ------
        PlanError
            If a part is not one of `POPULATIONS`.
        """
        parts = tuple(p.strip() for p in text.split(",")) if text else ()
        for part in parts:
            if part not in POPULATIONS:
                raise PlanError(
                    "the population is stated in fixed words",
                    where="statements.population",
                    found=repr(part),
                    allowed=", ".join(POPULATIONS) + " (several joined by commas)",
                    remedy="describe it further under statements.population_description",
                )
        return cls(parts)

    @property
    def stated(self) -> bool:
        """Whether anything was stated."""
        return bool(self.parts)

    @property
    def accepted_only(self) -> bool:
        """Rows are cases that an earlier decision accepted: rates are not those of applicants."""
        return "accepted only" in self.parts

    @property
    def resampled(self) -> bool:
        """Classes were sampled at rates of their own: what depends on the prevalence is not that of the world."""
        return "resampled" in self.parts

    def __str__(self) -> str:
        return ", ".join(self.parts)
