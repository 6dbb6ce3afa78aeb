"""Table of the plan about time: which periods rows are put into, and how their times are read."""

from __future__ import annotations

import datetime as dt
from itertools import pairwise
from typing import Literal, Self
from zoneinfo import ZoneInfo

from pydantic import Field, field_validator, model_validator

from explainkit.plan.base import Strict


class TimePlan(Strict):
    """``[time]``: the periods that rows are put into by ``data.time``."""

    period: Literal["month", "quarter", "year"] | None = None
    """Length of a period of the calendar; this or `cuts`."""
    cuts: tuple[dt.date, ...] = ()
    """Days on which a new period begins, in their order: ``[2025-01-01, 2025-07-01]`` makes three periods."""
    format: str | None = Field(default=None, min_length=2, max_length=80)
    """How times are written that are not ISO 8601, in the words of strptime: ``"%d/%m/%Y"``. Which of day and month
    comes first is never guessed."""
    zone: str | None = None
    """Zone of the calendar, as ``Europe/Vienna``, of times that state an offset or a zone; UTC where left out."""

    @field_validator("zone")
    @classmethod
    def _known(cls, zone: str | None) -> str | None:
        try:
            return zone if zone is None else ZoneInfo(zone).key
        except (LookupError, OSError, ValueError):
            raise ValueError("no such time zone; one is called as Europe/Vienna, or UTC") from None

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.period is None) == (not self.cuts):
            raise ValueError('exactly one of period ("month", "quarter", "year") and cuts')
        if any(second <= first for first, second in pairwise(self.cuts)):
            raise ValueError("cuts must ascend without repeats")
        return self
