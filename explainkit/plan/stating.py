"""Tables of the plan about what only a person can state."""

from __future__ import annotations

import datetime as dt
from typing import Any

from pydantic import Field, model_serializer, model_validator

from explainkit.plan.base import Strict
from explainkit.statements import Answer


class StatementPlan(Strict):
    """``[statements]``: one answer, as a text or as ``{ answer = "…", by = "…", date = 2026-01-31 }``."""

    answer: str
    """The answer in words."""
    by: str | None = Field(default=None, min_length=1, max_length=200)
    """Who answers."""
    date: dt.date | None = None
    """When."""

    @property
    def given(self) -> Answer:
        """The answer as the catalogue takes it."""
        return Answer(text=self.answer, by=self.by, date=None if self.date is None else self.date.isoformat())

    @model_validator(mode="before")
    @classmethod
    def _text(cls, value: Any) -> Any:
        return {"answer": value} if isinstance(value, str) else value

    @model_serializer
    def _short(self) -> Any:
        said = {"answer": self.answer, "by": self.by, "date": None if self.date is None else self.date.isoformat()}
        return self.answer if said["by"] is said["date"] is None else {k: v for k, v in said.items() if v is not None}
