"""Table of the plan about comparisons: which change from one card to another is material."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, model_validator

from explainkit.plan.base import Names, Strict


class MaterialPlan(Strict):
    """``compare.material``: from where on the change of one figure is material."""

    decrease: float | None = Field(default=None, ge=0, allow_inf_nan=False)
    """More than this lower than before is material."""
    increase: float | None = Field(default=None, ge=0, allow_inf_nan=False)
    """More than this higher than before is material."""
    change: float | None = Field(default=None, ge=0, allow_inf_nan=False)
    """More than this away from before, in either direction, is material."""
    min: float | None = Field(default=None, allow_inf_nan=False)
    """Of a figure of the comparison itself, as ``compare.rank_correlation[kind=spearman]``: less is material."""
    max: float | None = Field(default=None, allow_inf_nan=False)
    """Of a figure of the comparison itself, as ``compare.flips``: more is material."""
    bound: Literal["value", "shown", "possible"] = "value"
    """What is held against the limit: the difference; the end of its interval nearer to zero, so that a material change
    is one that was shown; or the farther end, so that it is one that cannot be excluded."""

    @model_validator(mode="after")
    def _limited(self) -> Self:
        of_change = [self.decrease, self.increase, self.change]
        of_figure = [self.min, self.max]
        if all(limit is None for limit in of_change + of_figure):
            raise ValueError("a limit is one of decrease, increase, change, min and max")
        if any(limit is not None for limit in of_change) and any(limit is not None for limit in of_figure):
            raise ValueError("min and max are of figures of the comparison itself, the others of figures of both cards")
        return self


class ComparePlan(Strict):
    """``[compare]``: which change from this card to the next is material; never guessed."""

    material: dict[str, MaterialPlan] = Field(default_factory=dict)
    """Limits by figure id, or by name without brackets: then every figure of that name counts, and the worst decides.
    ``{ decrease = 0.01 }`` and the like; of figures of the comparison itself (``compare.…``) ``{ max = 0.02 }``."""
    keys: Names = ()
    """Keys of the plan, as ``model.threshold``, or tables of it, as ``statements``, any change of which is material;
    ``model``, ``data`` and ``inputs`` mean the digest of the model, those of the data, and which inputs there are."""
    severity: Literal["block", "warn"] = "block"
    """Whether a material change ends ``explainkit compare`` with exit code 1, or is only reported."""

    @property
    def stated(self) -> bool:
        """Whether there is any rule."""
        return bool(self.material or self.keys)
