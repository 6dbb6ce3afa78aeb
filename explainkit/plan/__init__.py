"""Plan: what the user asks for (audit.toml), validated at this boundary only."""

from __future__ import annotations

import datetime as dt
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Self, get_args

from pydantic import BeforeValidator, Field, ValidationError, model_validator

from explainkit.decision import Population, Threshold
from explainkit.errors import InputError, PlanError, nearest
from explainkit.figures import parse_figure_id
from explainkit.plan.assessing import (
    ChampionPlan,
    CostPlan,
    DecisionsPlan,
    FairnessPlan,
    GatePlan,
    IntervalPlan,
    LimitsPlan,
    LocalLaw144Plan,
    PerformancePlan,
    ProxyPlan,
    PublicPlan,
    SlicesPlan,
)
from explainkit.plan.base import Label, Names, Output, Strict, Task, as_text
from explainkit.plan.comparing import ComparePlan, MaterialPlan
from explainkit.plan.data import DataPlan, WeightPlan, check_moments
from explainkit.plan.look import LookPlan
from explainkit.plan.properties import PropertyPlan
from explainkit.plan.stating import StatementPlan
from explainkit.statements import catalogue

__all__ = [
    "CardPlan",
    "ChampionPlan",
    "ComparePlan",
    "CostPlan",
    "DataPlan",
    "DecisionsPlan",
    "ExplainPlan",
    "FairnessPlan",
    "FeaturePlan",
    "GatePlan",
    "IntervalPlan",
    "Label",
    "LimitsPlan",
    "LocalLaw144Plan",
    "LookPlan",
    "MaterialPlan",
    "ModelPlan",
    "Names",
    "Output",
    "PerformancePlan",
    "Plan",
    "PrivacyPlan",
    "PropertyPlan",
    "ProxyPlan",
    "PublicPlan",
    "SignPlan",
    "SlicesPlan",
    "StatementPlan",
    "Task",
    "WeightPlan",
    "plan_from",
    "read_plan",
]


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

    @model_validator(mode="after")
    def _ascending(self) -> Self:
        if list(self.cuts) != sorted(set(self.cuts)):
            raise ValueError("cuts must ascend without repeats")
        if self.cuts and not self.cuts_reason:
            raise ValueError("cuts need a cuts_reason: why these cut points")
        return self


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


class Plan(Strict):
    """Everything that a user asks for; made by `read_plan` or `plan_from`."""

    version: Literal[1] = 1
    card: CardPlan = CardPlan()
    model: ModelPlan = ModelPlan()
    data: DataPlan = DataPlan()
    features: dict[str, FeaturePlan] = Field(default_factory=dict)
    explain: ExplainPlan = ExplainPlan()
    performance: PerformancePlan = PerformancePlan()
    fairness: FairnessPlan = FairnessPlan()
    ll144: LocalLaw144Plan = LocalLaw144Plan()
    privacy: PrivacyPlan = PrivacyPlan()
    public: PublicPlan = PublicPlan()
    slices: SlicesPlan = SlicesPlan()
    limits: LimitsPlan = LimitsPlan()
    champion: ChampionPlan | None = None
    decisions: DecisionsPlan | None = None
    proxies: dict[str, ProxyPlan] = Field(default_factory=dict)
    properties: tuple[PropertyPlan, ...] = ()
    gates: dict[str, GatePlan] = Field(default_factory=dict)
    compare: ComparePlan = ComparePlan()
    statements: dict[str, StatementPlan] = Field(default_factory=dict)
    clauses: dict[str, dict[str, Annotated[str, Field(min_length=1)]]] = Field(default_factory=dict)
    """Clauses that do not apply, by regime, each with the reason: ``[clauses.eu-ai-act]``."""
    look: LookPlan = LookPlan()
    sign: SignPlan = SignPlan()

    @property
    def population(self) -> Population:
        """Whom the evaluation rows stand for, parsed."""
        stated = self.statements.get("population")
        return Population.parse(None if stated is None else stated.answer)

    def document(self) -> dict[str, Any]:
        """The plan as JSON values, without what is default, folders of files, and ids of cases (their number stays)."""
        document: dict[str, Any] = self.model_dump(mode="json", exclude_defaults=True)
        document["version"] = self.version
        for table, key in _FILES:
            if document.get(table, {}).get(key):
                document[table][key] = Path(document[table][key]).name
        if isinstance(self.explain.local, tuple):
            document["explain"]["local"] = len(self.explain.local)
        return document


_FILES = (
    ("card", "catalogue"),
    ("model", "path"),
    ("data", "evaluation"),
    ("data", "reference"),
    ("privacy", "id_key_file"),
    ("fairness", "earlier"),
    ("look", "logo"),
    ("look", "templates"),
)
"""Keys of the plan that name files."""


def read_plan(path: Path) -> Plan:
    """Read a plan file.

    Raises
    ------
    PlanError
        If the file is missing, is not TOML, or asks for something unknown or impossible.
    """
    if path.is_dir():
        raise PlanError("a plan is a file", where=str(path), found="a folder", allowed="a .toml file")
    try:
        document = tomllib.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        raise PlanError("no such plan", where=str(path), remedy="explainkit init writes one") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise PlanError("not a TOML file", where=str(path), found=str(error)) from None
    except OSError as error:
        raise PlanError("the plan cannot be read", where=str(path), found=error.strerror or str(error)) from None
    return plan_from(document, where=str(path))


def plan_from(document: Mapping[str, Any], *, where: str | None = None) -> Plan:
    """Validate a plan given as a mapping.

    Parameters
    ----------
    document : mapping
        As read from TOML.
    where : str, optional
        What to name in errors, for example the file.

    Raises
    ------
    PlanError
        With the first thing that is wrong; an unknown key comes with the nearest known one.
    """
    found = document.get("version", 1)
    if found != 1:
        raise PlanError("unknown version of the plan", where=where, found=repr(found), allowed="1")
    try:
        plan = Plan.model_validate(dict(document))
    except ValidationError as error:
        raise _plan_error(error, where) from None
    try:
        _check_words(plan)
    except InputError as error:
        raise PlanError(
            error.problem,
            where=f"{where}: {error.where}" if where else error.where,
            found=error.found,
            allowed=error.allowed,
            remedy=error.remedy,
        ) from None
    return plan


def _check_words(plan: Plan) -> None:
    """Parse once what is written in a small language of its own, so that errors come now."""
    known = [s.id for s in catalogue()]
    for key in plan.statements:
        if key not in known:
            raise PlanError("unknown statement", where=f"statements.{key}", remedy=nearest(key, known))
    for key in plan.compare.material:
        parse_figure_id(key)
    for key, gate in plan.gates.items():
        parse_figure_id(key)
        if gate.no_worse_than_champion and plan.champion is None:
            remedy = '[champion] score = "…" names the column of its scores in the evaluation data'
            raise PlanError("no champion to compare with", where=f"gates: {key}", remedy=remedy)
    if plan.champion is not None and plan.champion.threshold is not None:
        Threshold.parse(plan.champion.threshold, where="champion.threshold")
    check_moments(plan.data, {name: feature.available for name, feature in plan.features.items()})
    names = [wanted.called for wanted in plan.properties]
    twice = next((n for n in names if names.count(n) > 1), None)
    if twice is not None:
        remedy = 'give each a name of its own: name = "…"'
        raise PlanError("two properties have one name", where="properties", found=repr(twice), remedy=remedy)
    _ = plan.population
    if plan.model.threshold is not None:
        Threshold.parse(plan.model.threshold)


def _plan_error(error: ValidationError, where: str | None) -> PlanError:
    errors = error.errors()
    first = next((e for e in errors if e["type"] == "extra_forbidden"), errors[0])
    path = [str(p) for p in first["loc"]]
    place = f"{where}: {'.'.join(path)}" if where else ".".join(path)
    if first["type"] == "extra_forbidden":
        return PlanError("unknown key", where=place, remedy=nearest(path[-1], _keys_beside(path)))
    allowed = first.get("ctx", {}).get("expected")
    message = first["msg"].removeprefix("Value error, ")
    return PlanError(message[0].lower() + message[1:], where=place, found=repr(first["input"]), allowed=allowed)


def _keys_beside(path: list[str]) -> list[str]:
    """Known keys of the table in which an unknown key stands."""
    model: Any = Plan
    for part in path[:-1]:
        fields = getattr(model, "model_fields", None)
        if fields is None or part not in fields:
            continue  # the name of a feature or of a gate
        annotation = fields[part].annotation
        inner = [a for a in get_args(annotation) if hasattr(a, "model_fields")]
        model = annotation if hasattr(annotation, "model_fields") else (inner[0] if inner else model)
    return list(getattr(model, "model_fields", {}))
