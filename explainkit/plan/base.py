"""What all tables of the plan share."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict

from explainkit.decision import label_name

Task = Literal["binary", "multiclass", "regression"]
Output = Literal["margin", "probability", "rescaled"]
Label = Annotated[str, BeforeValidator(label_name)]


def as_tuple(value: Any) -> Any:
    return [p.strip() for p in value.split(",") if p.strip()] if isinstance(value, str) else value


def as_text(value: Any) -> Any:
    """A bare number is kept as text, so that the error says what it lacks."""
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else value


Names = Annotated[tuple[str, ...], BeforeValidator(as_tuple)]


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=False, arbitrary_types_allowed=False)
