"""Tables of the plan about the data: files, roles of columns, and what is known of them beforehand."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from explainkit.errors import PlanError, nearest
from explainkit.plan.base import Label, Names, Strict


class WeightPlan(Strict):
    """``data.weight``: the weight column and what its numbers mean."""

    column: str
    """Column of the weights."""
    kind: Literal["sampling", "frequency", "exposure"]
    """What a weight is: how many rows of the population a row stands for, how often it occurred, or how long it was
    observed."""


class DataPlan(Strict):
    """``[data]``: the files and the roles of their columns."""

    evaluation: str | None = None
    """The rows on which everything is measured: parquet, csv or feather."""
    reference: str | None = None
    """Rows the model was trained on or is used for: background of explanations, and what drift is measured from."""
    trained_on_reference: bool = False
    """Whether the model was trained on the reference rows; without it nothing is called in sample or out of time."""
    target: str | None = None
    """Column of outcomes; rows without one are kept and counted."""
    score: str | None = None
    """Column of scores, for predictions-only."""
    weight: WeightPlan | None = None
    cluster: str | None = None
    """Column that says which rows belong together, such as loans of one household; rows are independent without it."""
    id: str | None = None
    """Column that names cases, for `explain.local`."""
    time: str | None = None
    """Column that says when; with ``[time]`` rows are put into periods by it."""
    segment: str | None = None
    """Column of the parts of the business, such as branches or products, that are measured one by one. A number needs
    ``features.NAME.cuts``."""
    moments: Names = ()
    """The moments at which values become known, the first comes first; with it, every ``available`` is one of them."""
    decided_at: str | None = None
    """The one of `moments` at which the model is asked: an input that is known only later would give away the outcome.
    """
    shares: dict[str, dict[Label, Annotated[float, Field(ge=0, le=1)]]] = Field(default_factory=dict)
    """Shares of the groups of a sensitive column in the population that the model is for:
    ``{ sex = { female = 0.51, male = 0.49 } }``; every group of the data is named."""
    sensitive: Names = ()
    """Columns that make groups."""
    features: Names = ()
    """Inputs of the model, where its file does not say."""
    missing: Names = ()
    """Texts that mean "missing" in a csv file, besides the empty cell."""

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if len(set(self.moments)) < len(self.moments):
            raise ValueError("each of the moments is named once, in their order")
        if bool(self.moments) != (self.decided_at is not None):
            raise ValueError("moments and decided_at are stated together: which moment comes first is never guessed")
        for column, shares in self.shares.items():
            if abs(sum(shares.values()) - 1) > _ROUNDED:
                raise ValueError(f"the shares of {column} add up to {sum(shares.values()):g}, not to 1")
        return self


_ROUNDED = 0.005
"""How far stated shares may miss a sum of one, as rounded ones do."""


def check_moments(data: DataPlan, available: Mapping[str, str | None]) -> None:
    """Raise unless every moment that the plan speaks of is one of those it puts in order.

    Parameters
    ----------
    data : DataPlan
        With the moments.
    available : mapping of str to str
        By column, when its value is known, as far as stated.

    Raises
    ------
    PlanError
        With the nearest moment.
    """
    if not data.moments:
        return
    named = {"data.decided_at": data.decided_at} | {f"features.{name}.available": at for name, at in available.items()}
    for where, moment in named.items():
        if moment is not None and moment not in data.moments:
            raise PlanError(
                "not one of data.moments",
                where=where,
                found=repr(moment),
                allowed=", ".join(map(repr, data.moments)),
                remedy=nearest(moment, data.moments),
            )
