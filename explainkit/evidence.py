"""Evidence: card.json, read and written. HTML and PDF contain no measured number that is not in it.

The document is canonical JSON (RFC 8785), so equal evidence is equal bytes. It holds no path, host, clock or number of
threads. Its JSON Schema is ``explainkit/schemas/card-1.schema.json``.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

from explainkit.artifact import sha256_of
from explainkit.errors import VerificationError
from explainkit.figures import Figure, FigureSet, Series
from explainkit.house import House, Logo, Template
from explainkit.records import Parts, as_document, canonical, from_document
from explainkit.statements import Statement

SCHEMA_VERSION = "1.0"

NO_BASIS = "no legal basis is stated"
"""How the reason begins where a sensitive column is not examined for want of a basis (``fairness.basis``)."""
LEFT_OUT = "left out of impact ratios"
"""How the reason begins where a group is compared with nothing for being small (``ll144.exclude_below``)."""
UNCONFINED = "confinement of the model's process"
"""What an entry is about that says what the process of a model file could not be kept from where it was opened."""
LedgerKind = Literal[
    "not_tested", "sampled", "imputed", "cast", "dropped", "suppressed", "estimated", "assumed", "failed"
]
ColumnKind = Literal["number", "integer", "boolean", "category", "text", "date", "empty"]
Role = Literal[
    "feature",
    "target",
    "score",
    "weight",
    "cluster",
    "id",
    "time",
    "segment",
    "sensitive",
    "interval",
    "champion",
    "decision",
    "proxy",
    "unused",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelIdentity:
    """What model was audited."""

    family: str
    """``scikit-learn``, ``lightgbm``, ``xgboost``, ``catboost``, ``callable`` or ``scores`` (predictions-only)."""
    kind: str
    """Class of the model, or for a pipeline of its last step; ``""`` where unknown."""
    digest: str | None
    """``sha256:…``, None where the model has no bytes (a callable, predictions-only)."""
    digest_of: str
    """What was hashed, in words: ``the file model.skops``, ``the object in memory (pickle)`` …"""
    steps: tuple[str, ...] = ()
    """Steps of a pipeline, in order."""
    parameters: tuple[tuple[str, str], ...] = ()
    """Name and value of each parameter that differs from nothing: as the library reports them, sorted by name."""
    library: str | None = None
    """Library and version that hold the model now."""
    target_encoded: tuple[tuple[str, str], ...] = ()
    """Column, ``""`` where unknown, and class of the step of a pipeline that replaces its values by statistics of the
    outcome, as far as they are found."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DatasetIdentity:
    """What data was used, and for what."""

    role: Literal["evaluation", "reference"]
    name: str
    """Name of the file without its folder, or ``data frame``."""
    digest: str
    """``sha256:…``"""
    digest_of: str
    """``the file …`` or ``the Arrow IPC stream of the data frame``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column of the evaluation data."""

    name: str
    kind: ColumnKind
    roles: tuple[Role, ...]
    """A column may be both a feature and sensitive."""
    available: str | None = None
    """When the value is known, as stated in the plan."""
    actionable: bool | None = None
    direction: Literal["up", "down"] | None = None
    """The only direction in which a person can change it, as stated in the plan."""
    linked: tuple[str, ...] | None = None
    """Columns that change together with it, as stated in the plan."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerEntry:
    """One thing that was not tested, or was sampled, imputed, cast, dropped, suppressed, assumed, or failed."""

    kind: LedgerKind
    what: str
    """The thing, in words: a column, a figure, a section."""
    reason: str
    """Why, and what was done."""
    count: int | None = None
    """How many values, rows or groups are concerned; printed as the figure ``ledger.count[entry=…]``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """What a stage of the pipeline returns: figures, series, and what it did not test or had to change."""

    figures: tuple[Figure, ...] = ()
    series: tuple[Series, ...] = ()
    ledger: tuple[LedgerEntry, ...] = ()

    def __add__(self, other: Measured) -> Measured:
        return Measured(
            figures=self.figures + other.figures,
            series=self.series + other.series,
            ledger=self.ledger + other.ledger,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Method:
    """How a kind of explanation was computed (SHAP, LIME, reasons of decisions); its numbers are figures."""

    id: Literal["shap", "lime", "reasons"]
    method: str
    space: str
    exactness: str
    players: str
    background: str
    background_digest: str | None
    seed: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A change of columns a person can change that changes the decision; its numbers are figures."""

    columns: tuple[str, ...]
    """Columns that change: one or two that a person can change, and those linked with them."""
    values: tuple[tuple[str, str], ...]
    """New values that are no numbers; numbers are figures ``explanation.change.value[…]``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseDecision:
    """How a case was decided and, where against the person, why; its numbers are figures."""

    outcome: str
    """The class decided."""
    adverse: bool
    """Whether it is not the favourable one."""
    reasons: tuple[str, ...] | None = None
    """Adverse: inputs that are the principal reasons, the first weighs most; None where they were not determined."""
    against: Literal["cutoff", "all"] | None = None
    """What the reasons are ranked against: the favourably decided rows nearest to the cut-off, or all rows."""
    protected: tuple[str, ...] | None = None
    """Those of the reasons that are or encode a protected attribute; with any, no reason text is issued. None where
    it was not tested."""
    changes: tuple[Change, ...] | None = None
    """Adverse: what would change the model's output; empty when nothing was found, None where not tested."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One row explained in detail; its numbers are figures with the key ``case``."""

    key: str
    """Value of ``case`` in the ids of its figures: the position of the row, counted from 1, or as `naming` says."""
    chosen: str
    """Why this row."""
    inputs: tuple[tuple[str, str], ...]
    """Feature and its value as text, for categories and missing values; numbers are figures ``case.input[…]``."""
    naming: str | None = None
    """How the key was made, where it is not the position."""
    decision: CaseDecision | None = None
    """None where nothing is decided."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GateOutcome:
    """One gate, evaluated."""

    gate: str
    """Figure id, or name without brackets, as in the plan."""
    limit: str
    """The limit in words, for example ``>= 0.7``."""
    bound: str
    """``value``, ``low`` or ``high``."""
    severity: Literal["block", "warn"]
    outcome: Literal["passed", "failed"]
    figure: str | None
    """Id of the figure that decided; None where none exists."""
    reason: str
    """Why the outcome is what it is."""


FindingKind = Literal[
    "same_data",
    "overlap",
    "late",
    "copy",
    "determined",
    "ranks",
    "target_statistics",
    "chance",
    "simple_model",
    "latest_period",
    "new_rows",
    "outcome_drift",
    "score_drift",
    "drift",
    "told_apart",
    "explanation_drift",
    "personal",
    "missing_by_outcome",
    "missing_by_group",
    "share",
    "off_reference",
    "duplicates",
    "constant",
    "fragile",
    "stress",
    "off_data",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Something that crossed a limit which the plan states, or leaves at its default. It asks for attention, and is no
    proof."""

    kind: FindingKind
    columns: tuple[str, ...] = ()
    """Columns concerned; none where whole rows are."""
    input: bool = True
    """Whether the model sees one of them, or rows are concerned."""
    figure: str | None = None
    """Id of the figure that shows it; None where what is stated shows it."""
    limit: str | None = None
    """Key of the plan that states the limit; None where there is nothing to exceed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What the interval of one difference says about the tolerance stated in the plan."""

    figure: str
    """Id of the figure."""
    tolerance: float
    """Largest difference tolerated, in either direction."""
    outcome: Literal["within", "exceeds", "insufficient evidence"]
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Publication:
    """What the public summary may tell of groups, so that no small number of people follows from it."""

    min_count: int
    """Smallest number of people, and of those who are not among them, that it tells of a group."""
    figures: tuple[str, ...]
    """Ids of the figures by group that it gives; it withholds all others."""


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """Everything a card says; the only source of HTML and PDF."""

    name: str
    version: str
    date: str | None
    """ISO date from the plan, never from a clock."""
    draft: tuple[str, ...]
    """Why the card is a draft; empty when it is not one."""
    task: Literal["binary", "multiclass", "regression"]
    outputs: tuple[str, ...]
    """Names of the classes, or ``("prediction",)``."""
    positive: str | None
    """The class whose probability the score is (binary)."""
    threshold: str | None
    favourable: str | None
    population: tuple[str, ...]
    level: str
    """Signature level intended."""
    model: ModelIdentity
    datasets: tuple[DatasetIdentity, ...]
    columns: tuple[Column, ...]
    figures: tuple[Figure, ...]
    series: tuple[Series, ...]
    methods: tuple[Method, ...]
    cases: tuple[Case, ...]
    ledger: tuple[LedgerEntry, ...]
    gates: tuple[GateOutcome, ...]
    statements: tuple[Statement, ...]
    statements_date: str
    """Date of the catalogue of statements."""
    environment: tuple[tuple[str, str], ...]
    """Name and version of what computed the evidence, sorted by name."""
    plan: Mapping[str, Any]
    """The plan as JSON, without folders."""
    verdicts: tuple[Verdict, ...] = ()
    """Differences between groups held against a tolerance, where the plan states one."""
    findings: tuple[Finding, ...] = ()
    """What crossed a limit, the gravest kind first."""
    publication: Publication | None = None
    """What the public summary tells of groups; None where it tells nothing of them."""
    house: House | None = None
    """Files of the house that the card is rendered with; None where the plan names none."""

    @property
    def figure_set(self) -> FigureSet:
        """Figures by id."""
        return FigureSet(self.figures)

    @property
    def plan_digest(self) -> str:
        """``sha256:…`` of the canonical JSON of the plan."""
        return "sha256:" + sha256_of(canonical(self.plan))

    def to_json(self) -> bytes:
        """Canonical JSON: the bytes of card.json."""
        return self._json

    @cached_property
    def _json(self) -> bytes:
        document = {"schema_version": SCHEMA_VERSION, **as_document(self), "plan_digest": self.plan_digest}
        return canonical(document)

    @classmethod
    def from_json(cls, data: bytes) -> Evidence:
        """Read card.json.

        Raises
        ------
        VerificationError
            If the bytes are not a card of a known schema version, or not canonical.
        """
        try:
            document = json.loads(data)
            version = str(document.pop("schema_version"))
            if version.partition(".")[0] != SCHEMA_VERSION.partition(".")[0]:
                raise VerificationError(
                    "unknown schema version",
                    where="card.json",
                    found=version,
                    allowed=f"{SCHEMA_VERSION.partition('.')[0]}.*",
                    remedy="use a newer explainkit",
                )
            digest = document.pop("plan_digest")
            evidence: Evidence = from_document(cls, document, PARTS)
            if evidence.plan_digest != digest:
                raise ValueError("plan_digest does not match the plan")
            if canonical({"schema_version": version, **document, "plan_digest": digest}) != data:
                raise ValueError("not canonical JSON (RFC 8785)")
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
            raise VerificationError("not a card", where="card.json", found=str(error) or type(error).__name__) from None
        return evidence


PARTS: Parts = {
    Evidence: {
        "model": ModelIdentity,
        "datasets": DatasetIdentity,
        "columns": Column,
        "figures": Figure,
        "series": Series,
        "methods": Method,
        "cases": Case,
        "ledger": LedgerEntry,
        "gates": GateOutcome,
        "verdicts": Verdict,
        "findings": Finding,
        "statements": Statement,
        "publication": Publication,
        "house": House,
    },
    House: {"logo": Logo, "templates": Template},
    Case: {"decision": CaseDecision},
    CaseDecision: {"changes": Change},
}
