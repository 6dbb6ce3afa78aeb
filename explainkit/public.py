"""The public summary: what of a card is meant for everybody, as a canonical document of its own (summary.json).

`summarised` takes it from the evidence by leaving out and withholding alone, so every figure in it stands in card.json
under the same id with the same numbers. It holds no single row, no parameter of the model, no file name and no internal
statement. Its JSON Schema is ``explainkit/schemas/summary-1.schema.json``.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal, TypeAlias

from explainkit.artifact import sha256_of
from explainkit.errors import VerificationError
from explainkit.evidence import (
    LEFT_OUT,
    Column,
    DatasetIdentity,
    Evidence,
    LedgerEntry,
    Method,
    ModelIdentity,
    Publication,
)
from explainkit.figures import Figure, as_in_ids
from explainkit.house import House, Logo
from explainkit.records import Parts, as_document, canonical, from_document
from explainkit.statements import Statement, published

SUMMARY_VERSION = "1.0"
MOST_INPUTS = 10
"""Inputs of which the importance is told, the most important ones."""

Tells: TypeAlias = Literal["size", "selection", "errors"]
"""What a figure by group tells of: how many there are; how many are selected, or score high; outcomes and errors."""

OVERALL = (
    *("data.rows", "data.labelled", "performance.roc_auc", "performance.brier", "performance.observed_expected"),
    *("performance.accuracy", "performance.balanced_accuracy", "performance.precision", "performance.recall"),
    *("performance.specificity", "performance.selection_rate", "performance.log_loss", "performance.mae"),
    *("performance.rmse", "performance.r2", "performance.mean_error", "explanation.shap.residual_max"),
    *("explanation.shap.rows", "ll144.median_score"),
)
"""Figures over all rows."""

_BY_GROUP: Mapping[str, Tells] = {
    "fairness.count": "size",
    "fairness.selection_rate": "selection",
    "fairness.impact_ratio": "selection",
    "fairness.true_positive_rate": "errors",
    "fairness.false_positive_rate": "errors",
    "fairness.accuracy": "errors",
    "fairness.mean_prediction": "errors",
    "fairness.mae": "errors",
    "ll144.selection_rate": "selection",
    "ll144.impact_ratio": "selection",
    "ll144.scoring_rate": "selection",
    "ll144.scoring_impact_ratio": "selection",
}
SUMMARIES: Mapping[str, Tells | None] = {
    "fairness.smallest_impact_ratio": "selection",
    "ll144.smallest_impact_ratio": "selection",
    "ll144.smallest_scoring_impact_ratio": "selection",
    "fairness.unknown": None,
    "ll144.unknown": None,
}
"""Figures over the groups of a column, and what they tell of them; None of rows whose group is unknown."""

_IMPORTANCE = "explanation.shap.importance"
_LEDGER = ("not_tested", "sampled", "suppressed")
_INSIDE = (
    *("segments ", "p-values ", "changes ", "rows that reasons", "LIME", "the reference ", "what this card and the"),
    *("gaps by ", "spread of ", "selection rate over ", "bounds of ", "intersections ", "rates of each class"),
    *("dependence ", "partial dependence", "accumulated ", "interactions ", "permutation ", "custom "),
    *("rows whose inputs are changed", "rows for which the worst", "reference rows that distances", "the scenario "),
    *("changes of the input ", "the input ", "noise in all inputs", "figures of performance under", "the worst small"),
    *("evaluation rows off the data",),
)
"""How entries of the ledger begin that are about what the summary does not tell of."""
_WITHHELD = "a number of people behind it is below public.min_count, or it would reveal one that is"


def tells_of(name: str) -> Tells | None:
    """What a figure by group, or over groups, tells of; None where the summary does not give it."""
    if name in SUMMARIES:
        return SUMMARIES[name] or "size"
    return _BY_GROUP.get(name)


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicModel:
    """What model was audited, without its parameters."""

    family: str
    """As in the card: ``scikit-learn``, ``lightgbm`` …"""
    kind: str
    """Class of the model; ``""`` where unknown."""
    digest: str | None
    """``sha256:…``, None where the model has no bytes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicData:
    """What data was used, without the name of its file."""

    role: Literal["evaluation", "reference"]
    digest: str
    """``sha256:…``"""


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicColumn:
    """One column that the summary speaks of."""

    name: str
    sensitive: bool
    """Whether it makes groups."""
    feature: bool
    """Whether the model sees it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicEntry:
    """One thing that was not tested, or was sampled or suppressed."""

    kind: Literal["not_tested", "sampled", "suppressed"]
    what: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicLook:
    """The house look, as the card has it."""

    organisation: str | None = None
    accent: str | None = None
    attention: str | None = None
    logo: Logo | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """The public summary of a card; the only source of its HTML and PDF."""

    card: str
    """``sha256:…`` of the card.json that it was made from."""
    name: str
    version: str
    date: str | None
    """ISO date of the calculations, from the plan."""
    draft: tuple[str, ...]
    """Why the card is a draft; empty when it is not one."""
    task: Literal["binary", "multiclass", "regression"]
    outputs: tuple[str, ...]
    positive: str | None
    threshold: str | None
    favourable: str | None
    population: tuple[str, ...]
    min_count: int | None
    """Smallest number of people that it tells of a group; None where it tells nothing of groups."""
    model: PublicModel
    data: tuple[PublicData, ...]
    columns: tuple[PublicColumn, ...]
    figures: tuple[Figure, ...]
    methods: tuple[Method, ...]
    ledger: tuple[PublicEntry, ...]
    """What was not tested of what the summary tells of, in short."""
    statements: tuple[Statement, ...]
    statements_date: str
    """Date of the catalogue of statements."""
    software: str | None
    """Version of explainkit that made it."""
    language: str | None = None
    """Language that its documents are written in, as in BCP 47; None is English."""
    catalogue: str | None = None
    """``sha256:…`` of the catalogue of that language, where it is none that is shipped."""
    look: PublicLook | None = None
    """Name, colours and logo; None where the plan gives none."""

    def to_json(self) -> bytes:
        """Canonical JSON: the bytes of summary.json."""
        return canonical({"schema_version": SUMMARY_VERSION, **as_document(self)})

    @classmethod
    def from_json(cls, data: bytes) -> Summary:
        """Read summary.json.

        Raises
        ------
        VerificationError
            If the bytes are not a summary of a known schema version, or not canonical.
        """
        try:
            document = json.loads(data)
            version = str(document.pop("schema_version"))
            if version.partition(".")[0] != SUMMARY_VERSION.partition(".")[0]:
                raise ValueError(f"unknown schema version {version}")
            summary: Summary = from_document(cls, document, PARTS)
            if canonical({"schema_version": version, **document}) != data:
                raise ValueError("not canonical JSON (RFC 8785)")
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
            what = str(error) or type(error).__name__
            raise VerificationError("not a summary", where="summary.json", found=what) from None
        return summary

    def _card(self) -> dict[str, Any]:
        """What the plan of the card says of the language."""
        card: dict[str, Any] = {} if self.language is None else {"language": self.language}
        if self.catalogue is not None:
            card["catalogue"] = {"name": "the catalogue", "digest": self.catalogue}
        return card

    def as_evidence(self) -> Evidence:
        """The summary as an evidence that holds nothing else, for whatever reads evidences."""
        roles: dict[str, tuple[str, ...]] = {
            c.name: (*(("feature",) if c.feature else ()), *(("sensitive",) if c.sensitive else ()))
            for c in self.columns
        }
        return Evidence(
            name=self.name,
            version=self.version,
            date=self.date,
            draft=self.draft,
            task=self.task,
            outputs=self.outputs,
            positive=self.positive,
            threshold=self.threshold,
            favourable=self.favourable,
            population=self.population,
            level="",
            model=ModelIdentity(family=self.model.family, kind=self.model.kind, digest=self.model.digest, digest_of=""),
            datasets=tuple(DatasetIdentity(role=d.role, name="", digest=d.digest, digest_of="") for d in self.data),
            columns=tuple(Column(name=n, kind="empty", roles=r) for n, r in roles.items()),  # type: ignore[arg-type]
            figures=self.figures,
            series=(),
            methods=self.methods,
            cases=(),
            ledger=tuple(LedgerEntry(kind=e.kind, what=e.what, reason=e.reason) for e in self.ledger),
            gates=(),
            statements=self.statements,
            statements_date=self.statements_date,
            environment=(),
            plan={"card": self._card()} | ({} if self.look is None else {"look": _look_table(self.look)}),
            house=None if self.look is None or self.look.logo is None else House(logo=self.look.logo),
        )


PARTS: Parts = {
    Summary: {
        "model": PublicModel,
        "data": PublicData,
        "columns": PublicColumn,
        "figures": Figure,
        "methods": Method,
        "ledger": PublicEntry,
        "statements": Statement,
        "look": PublicLook,
    },
    PublicLook: {"logo": Logo},
}


def summarised(evidence: Evidence, card_json: bytes) -> Summary:
    """The public summary of an evidence.

    Parameters
    ----------
    evidence : Evidence
        What the card says. Without a `publication` nothing is told of groups.
    card_json : bytes
        Its canonical JSON.
    """
    inputs = _inputs(evidence)
    model, card = evidence.model, evidence.plan.get("card", {})
    return Summary(
        card="sha256:" + sha256_of(card_json),
        name=evidence.name,
        version=evidence.version,
        date=evidence.date,
        draft=evidence.draft,
        task=evidence.task,
        outputs=evidence.outputs,
        positive=evidence.positive,
        threshold=evidence.threshold,
        favourable=evidence.favourable,
        population=evidence.population,
        min_count=evidence.publication.min_count if evidence.publication is not None else None,
        model=PublicModel(family=model.family, kind=model.kind, digest=model.digest),
        data=tuple(PublicData(role=d.role, digest=d.digest) for d in evidence.datasets),
        columns=tuple(_columns(evidence, inputs)),
        figures=tuple(_figures(evidence, inputs)),
        methods=tuple(replace(m, background_digest=None) for m in evidence.methods if m.id == "shap"),
        ledger=tuple(_ledger(evidence)),
        statements=tuple(replace(s, by=None, date=None) for s in evidence.statements if s.id in published()),
        statements_date=evidence.statements_date,
        software=dict(evidence.environment).get("explainkit"),
        language=card.get("language"),
        catalogue=card["catalogue"]["digest"] if "catalogue" in card else None,
        look=_look(evidence),
    )


def _look(evidence: Evidence) -> PublicLook | None:
    """Name, colours and logo; own templates and sections are the card's alone."""
    stated = evidence.plan.get("look", {})
    look = PublicLook(
        organisation=stated.get("organisation"),
        accent=stated.get("accent"),
        attention=stated.get("attention"),
        logo=None if evidence.house is None else evidence.house.logo,
    )
    return None if look == PublicLook() else look


def _look_table(look: PublicLook) -> dict[str, str]:
    """The table of the plan that asks for it."""
    stated = {"organisation": look.organisation, "accent": look.accent, "attention": look.attention}
    return {key: value for key, value in stated.items() if value is not None}


def _inputs(evidence: Evidence) -> tuple[str, ...]:
    """The most important inputs over all outputs, as they stand in ids."""
    weights: dict[str, float] = {}
    for figure in evidence.figures:
        if figure.name == _IMPORTANCE and figure.value is not None:
            feature = figure.keys["feature"]
            weights[feature] = weights.get(feature, 0.0) + float(figure.value)
    return tuple(sorted(weights, key=lambda feature: (-weights[feature], feature))[:MOST_INPUTS])


def _columns(evidence: Evidence, inputs: tuple[str, ...]) -> Iterator[PublicColumn]:
    for column in evidence.columns:
        sensitive = "sensitive" in column.roles
        if sensitive or as_in_ids(column.name) in inputs:
            yield PublicColumn(name=column.name, sensitive=sensitive, feature="feature" in column.roles)


def _figures(evidence: Evidence, inputs: tuple[str, ...]) -> Iterator[Figure]:
    """Figures over all rows, those by group that may be given, and the importance of the most important inputs."""
    allowed = evidence.publication or Publication(min_count=0, figures=())
    given = frozenset(allowed.figures)
    for figure in evidence.figures:
        if figure.name in OVERALL:
            if set(figure.keys) <= {"dataset", "average"} and figure.keys.get("dataset") != "reference":
                yield figure
        elif figure.name == _IMPORTANCE:
            if figure.status != "measured" or figure.keys["feature"] in inputs:
                yield figure
        elif tells_of(figure.name) is not None and _of_interest(figure, evidence):
            yield figure if figure.id in given or _says_nothing(figure) else _withheld(figure)


def _of_interest(figure: Figure, evidence: Evidence) -> bool:
    """Whether a figure is of one column, or of those together that Local Law 144 asks for."""
    if figure.name.startswith("ll144."):
        return True
    if figure.name in SUMMARIES:
        return figure.keys.get("column") in {as_in_ids(c.name) for c in evidence.columns}
    return len(figure.keys) == 1


def _says_nothing(figure: Figure) -> bool:
    """Whether a figure has no number for a reason that is the same whatever the rows are."""
    return figure.status == "not_tested" and not (figure.reason or "").startswith(LEFT_OUT)


def _withheld(figure: Figure) -> Figure:
    """The figure without its numbers, and without what else could tell why it has none."""
    return Figure(id=figure.id, status="suppressed", reason=_WITHHELD, unit=figure.unit)


def _ledger(evidence: Evidence) -> Iterator[PublicEntry]:
    """Entries in the order of the card; those of one kind with the same reason are one."""
    found: dict[tuple[str, str], list[str]] = {}
    for entry in evidence.ledger:
        if entry.kind in _LEDGER and not entry.what.startswith(_INSIDE):
            found.setdefault((entry.kind, entry.reason), []).append(entry.what)
    for (kind, reason), what in found.items():
        yield PublicEntry(kind=kind, what=", ".join(what), reason=reason)  # type: ignore[arg-type]
