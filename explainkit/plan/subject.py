"""What the plan says of the card, the model, its columns, and who signs."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from explainkit.decision import Threshold
from explainkit.plan.base import Label, Names, Strict, Task, as_text


class CardPlan(Strict):
    """``[card]``: how the card is called."""

    name: str = Field(default="model", min_length=1, max_length=200)
    """Name of the model on the card."""
    version: str = Field(default="unversioned", min_length=1, max_length=80)
    """Version of the model."""
    date: dt.date | None = None
    """Date printed on the card; never taken from the clock."""
    language: str = Field(default="en", pattern=r"^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$")
    """Language that the documents are written in: ``en``, ``de``, or that of the catalogue named below. Figures and
    texts of card.json are the same in every language."""
    catalogue: str | None = None
    """File of a catalogue of gettext (``.po``) with the words of another language, or other words of a shipped one."""
    regimes: Names = ()
    """Laws, guidelines and standards that apply, as ``eu-ai-act``: their clauses are printed one by one; of the others
    the HTML alone says as much."""


class ModelPlan(Strict):
    """``[model]``: the model and how its output becomes a decision."""

    path: str | None = None
    """File of the model, or its MLflow folder; left out for predictions-only."""
    trust: tuple[str, ...] = ()
    """``sha256:…`` of files in formats that can run code (in a folder: of the pickle), trusted by whoever loads."""
    task: Task | None = None
    """Inferred from the model and the target when left out."""
    positive: Label | None = None
    """The class whose probability the score is (binary)."""
    threshold: Annotated[str | None, BeforeValidator(as_text)] = None
    """``">=0.5"`` or ``">0.5"``; without it nothing that depends on decisions is tested."""

    @property
    def cutoff(self) -> Threshold | None:
        """The threshold, parsed."""
        return None if self.threshold is None else Threshold.parse(self.threshold)


class FeaturePlan(Strict):
    """``[features.NAME]``: what is known about one column."""

    cuts: tuple[float, ...] = ()
    """Cut points that make groups of a number: below the first, from the first to below the second, …"""
    cuts_reason: str | None = None
    """Why these cut points."""
    labels: dict[Label, str] = Field(default_factory=dict)
    """Words to print for codes."""
    available: str | None = None
    """When the value is known, for example ``application``; one of ``data.moments`` where those are stated."""
    actionable: bool | None = None
    """Whether a person can change it; only such columns are tried in "what would change it"."""
    direction: Literal["up", "down"] | None = None
    """Of a number that a person can change in one direction only."""
    linked: Names = ()
    """Columns that cannot change alone: they take their values together, from one reference row."""
    noise: float | None = Field(default=None, gt=0, allow_inf_nan=False)
    """Standard deviation of the error with which a number is known, in its own units: income to the nearest 50, age to
    half a year."""

    @model_validator(mode="after")
    def _ascending(self) -> Self:
        if list(self.cuts) != sorted(set(self.cuts)):
            raise ValueError("cuts must ascend without repeats")
        if self.cuts and not self.cuts_reason:
            raise ValueError("cuts need a cuts_reason: why these cut points")
        return self


class PrivacyPlan(Strict):
    """``[privacy]``: how single cases are named."""

    id_key_file: str | None = None
    """File of a secret key of at least 16 bytes, which never enters a release; cases are then named by HMAC-SHA256 of
    their id. Left out: by their position in the evaluation data."""


class SignPlan(Strict):
    """``[sign]``: how the release is meant to be signed."""

    role: Literal["provider"] = "provider"
    """Who signs."""
    level: Literal["B-B", "B-T", "B-LT", "B-LTA"] = "B-B"
    """The level intended, printed on the card: ``B-B``, ``B-T`` with a time stamp, ``B-LT`` or ``B-LTA`` with an
    archive besides, which is the same here: revocation lists and a time stamp over everything."""
    tsa: str | None = Field(default=None, pattern=r"^https?://[^\s]{1,500}$")
    """Address of the time stamp server (RFC 3161) where no other is named on the command line."""
