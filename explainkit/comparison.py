"""Comparison: compare.json, what changed from one card to another; read and written.

The document is canonical JSON (RFC 8785) and the only source of ``compare.html`` and ``compare.pdf``. It names both
cards by the digest of their ``card.json``. Its JSON Schema is ``explainkit/schemas/compare-1.schema.json``.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from explainkit.errors import VerificationError
from explainkit.evidence import DatasetIdentity, Evidence, LedgerEntry, ModelIdentity
from explainkit.figures import Figure, FigureSet
from explainkit.house import House, Logo, Template
from explainkit.records import Parts, as_document, canonical, from_document

COMPARISON_VERSION = "1.0"
NAMES = ("compare.pdf", "compare.html", "compare.json")
"""The files of a comparison, as those of a card are called ``card.…``."""

Noise = Literal["same", "beyond noise", "within noise", "open", "no interval"]
Basis = Literal["paired", "independent", "bound"]
Seen = Literal["valid", "indeterminate", "invalid", "not signed", "in memory"]
Why = Literal["added", "gone", "other definition", "no value", "value only before", "value only now"]
Ruled = Literal["material", "not material", "undecided"]
GateChange = Literal["same", "newly failed", "newly passed", "added", "gone"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What a validator or an approver said of a card."""

    role: str
    opinion: str
    name: str
    date: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """One of the two cards."""

    card: str
    """``sha256:…`` of its card.json."""
    name: str
    version: str
    date: str | None
    draft: tuple[str, ...]
    verified: Seen
    """What verifying the release said when it was compared; ``not signed`` and ``in memory`` prove nothing."""
    problems: tuple[str, ...]
    """Why it is not valid, as ``explainkit verify`` says it."""
    withdrawn: str | None
    """Why the card was taken back, where it was."""
    opinions: tuple[Said, ...]
    model: ModelIdentity
    datasets: tuple[DatasetIdentity, ...]
    threshold: str | None
    population: tuple[str, ...]
    plan_digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """One figure that both cards have by the same definition; its numbers are figures ``compare.…[figure=ID]``."""

    figure: str
    """Id of the figure."""
    noise: Noise
    """``beyond noise``: its p-value, adjusted within the family, is at most 0.05. ``open``: the bound that holds
    whatever the correlation does not show a change, and the rows could tell."""
    basis: Basis | None
    """Where the interval of the difference comes from; None without one."""
    family: str
    """Figures that p-values are adjusted among: the first word of the id."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Uncompared:
    """One figure that is not compared."""

    figure: str
    why: Why
    reason: str

    @property
    def lost(self) -> bool:
        """Whether it can be compared no more, so that a rule about it cannot be held."""
        return self.why in ("gone", "other definition", "value only before", "value only now")


@dataclass(frozen=True, slots=True, kw_only=True)
class Changed:
    """One thing besides figures that is not the same."""

    kind: Literal["model", "data", "input", "plan", "statement", "ledger", "opinion", "environment"]
    what: str
    before: str | None
    """None where it is new."""
    after: str | None
    """None where it is gone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GateCompared:
    """One gate of either card."""

    gate: str
    change: GateChange
    severity: Literal["block", "warn"]
    """Of the later card, where it has the gate."""
    limits: tuple[str | None, str | None]
    """Before and after; None where there is no such gate."""
    outcomes: tuple[str | None, str | None]
    """``passed`` or ``failed``, before and after."""
    reason: str
    """Of the later card, where it has the gate."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleOutcome:
    """One limit of the rule of materiality, held against what was found."""

    rule: str
    """Figure id, name of figures, or key of the plan."""
    limit: str
    """The limit in words, for example ``decrease > 0.01``."""
    outcome: Ruled
    figure: str | None
    """Id of the figure that decided; None where none exists."""
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Material:
    """Whether the change is material by the rule that a plan states; without a rule nobody says so."""

    stated_in: Literal["before", "after"] | None
    """Whose plan states the rule; None where neither does."""
    severity: Literal["block", "warn"]
    outcome: Ruled | None
    """None without a rule."""
    rules: tuple[RuleOutcome, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Everything that a comparison says; the only source of HTML and PDF."""

    before: Side
    after: Side
    task: Literal["binary", "multiclass", "regression"]
    outputs: tuple[str, ...]
    positive: str | None
    favourable: str | None
    unverified: bool
    """Whether whoever compared asked not to be refused releases that do not verify."""
    rows: Literal["the same", "others"]
    """Whether both cards measure the same evaluation data, by its digest."""
    predicted: str | None
    """``sha256:…`` of the data that both models predicted here, row by row; None where only the cards are compared."""
    compared: tuple[Compared, ...]
    uncompared: tuple[Uncompared, ...]
    figures: tuple[Figure, ...]
    gates: tuple[GateCompared, ...]
    changed: tuple[Changed, ...]
    material: Material
    ledger: tuple[LedgerEntry, ...]
    """What was not compared, and what was assumed."""
    environment: tuple[tuple[str, str], ...]
    """Name and version of what compared, sorted by name."""
    plan: Mapping[str, Any]
    """Of the later card: what decides language and look."""
    house: House | None = None
    """Files of the house that it is rendered with."""

    @property
    def figure_set(self) -> FigureSet:
        """Figures by id."""
        return FigureSet(self.figures)

    @property
    def date(self) -> str | None:
        """Date of the later card, from its plan."""
        return self.after.date

    @property
    def newly_failed(self) -> bool:
        """Whether a gate that blocks failed in the later card and passed in the earlier one."""
        return any(g.change == "newly failed" and g.severity == "block" for g in self.gates)

    @property
    def passed(self) -> bool:
        """Whether nothing blocks: no gate newly failed, no material change where the rule blocks (nor an undecided)."""
        blocks = self.material.outcome in ("material", "undecided") and self.material.severity == "block"
        return not blocks and not self.newly_failed

    def to_json(self) -> bytes:
        """Canonical JSON: the bytes of compare.json."""
        return canonical({"schema_version": COMPARISON_VERSION, **as_document(self)})

    @classmethod
    def from_json(cls, data: bytes) -> Comparison:
        """Read compare.json.

        Raises
        ------
        VerificationError
            If the bytes are not a comparison of a known schema version, or not canonical.
        """
        try:
            document = json.loads(data)
            version = str(document.pop("schema_version"))
            if version.partition(".")[0] != COMPARISON_VERSION.partition(".")[0]:
                raise ValueError(f"unknown schema version {version}")
            comparison: Comparison = from_document(cls, document, PARTS)
            if canonical({"schema_version": version, **document}) != data:
                raise ValueError("not canonical JSON (RFC 8785)")
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
            what = str(error) or type(error).__name__
            raise VerificationError("not a comparison", where="compare.json", found=what) from None
        return comparison

    def as_evidence(self) -> Evidence:
        """The comparison as an evidence that holds its figures and nothing else, for whatever reads evidences."""
        return Evidence(
            name=self.after.name,
            version=self.after.version,
            date=self.date,
            draft=(),
            task=self.task,
            outputs=self.outputs,
            positive=self.positive,
            threshold=self.after.threshold,
            favourable=self.favourable,
            population=self.after.population,
            level="",
            model=self.after.model,
            datasets=self.after.datasets,
            columns=(),
            figures=self.figures,
            series=(),
            methods=(),
            cases=(),
            ledger=self.ledger,
            gates=(),
            statements=(),
            statements_date="",
            environment=self.environment,
            plan=self.plan,
            house=self.house,
        )


PARTS: Parts = {
    Comparison: {
        "before": Side,
        "after": Side,
        "compared": Compared,
        "uncompared": Uncompared,
        "figures": Figure,
        "gates": GateCompared,
        "changed": Changed,
        "material": Material,
        "ledger": LedgerEntry,
        "house": House,
    },
    Side: {"opinions": Said, "model": ModelIdentity, "datasets": DatasetIdentity},
    Material: {"rules": RuleOutcome},
    House: {"logo": Logo, "templates": Template},
}
