"""What the plan says of explanations."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, model_validator

from explainkit.plan.base import Label, Names, Output, Strict


class ExplainPlan(Strict):
    """``[explain]``: what is explained, and in which space."""

    output: Output = "margin"
    """Log-odds; the probability as a function of the columns; or contributions to log-odds, rescaled so that they add
    up to the probability (two classes)."""
    kind: Literal["path-dependent", "interventional"] = "path-dependent"
    """What stands for unknown columns of trees: the training rows as the trees recorded them at each split, or every
    row of the reference data. Every other model is explained against the reference data."""
    local: int | tuple[Label, ...] = 5
    """How many single cases, or the ids of cases."""
    rows: int = Field(default=50_000, ge=1)
    """Rows explained for the global picture; more are sampled, and the ledger says so."""
    background: int = Field(default=100, ge=1)
    """Rows of the background where a method needs one."""
    groups: dict[str, Names] = Field(default_factory=dict)
    """Columns that are known or unknown together and get one contribution, for example those that are correlated."""
    lime_samples: int = Field(default=5000, ge=100)
    """Perturbed rows that LIME draws for each case."""
    lime_seeds: int = Field(default=5, ge=0, le=1000)
    """Other seeds that LIME is refitted with, to see how far its weights change; the model answers `lime_samples` rows
    more for each."""
    reasons: int = Field(default=4, ge=1, le=100)
    """Most principal reasons of an adverse decision."""
    band: float = Field(default=0.1, gt=0, le=1)
    """Share of the favourably decided rows, those nearest to the cut-off, that reasons are ranked against; never fewer
    than 30 rows."""
    seed: int = Field(default=0, ge=0, lt=2**31)
    """Of every draw while explaining."""

    @model_validator(mode="after")
    def _apart(self) -> Self:
        members = [column for group in self.groups.values() for column in group]
        twice = next((column for column in members if members.count(column) > 1), None)
        if twice is not None:
            raise ValueError(f"column {twice!r} stands in groups twice")
        alone = next((name for name, group in self.groups.items() if len(group) < 2), None)
        if alone is not None:
            raise ValueError(f"group {alone!r} needs at least two columns")
        return self
