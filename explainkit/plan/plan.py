"""The plan as a whole."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field

from explainkit.decision import Population
from explainkit.plan.assessing import (
    BenchmarksPlan,
    ChampionPlan,
    DecisionsPlan,
    FairnessPlan,
    GatePlan,
    LimitsPlan,
    LocalLaw144Plan,
    PerformancePlan,
    ProxyPlan,
    PublicPlan,
    SlicesPlan,
)
from explainkit.plan.base import Strict
from explainkit.plan.comparing import ComparePlan
from explainkit.plan.data import DataPlan
from explainkit.plan.drift import DriftPlan
from explainkit.plan.explaining import ExplainPlan
from explainkit.plan.look import LookPlan
from explainkit.plan.monitoring import MonitorPlan
from explainkit.plan.properties import PropertyPlan
from explainkit.plan.robustness import LoadPlan, RobustnessPlan, ScenarioPlan
from explainkit.plan.stating import StatementPlan
from explainkit.plan.subject import CardPlan, FeaturePlan, ModelPlan, PrivacyPlan, SignPlan
from explainkit.plan.time import TimePlan


class Plan(Strict):
    """Everything that a user asks for; made by `explainkit.plan.reading`."""

    version: Literal[1] = 1
    card: CardPlan = CardPlan()
    model: ModelPlan = ModelPlan()
    data: DataPlan = DataPlan()
    time: TimePlan | None = None
    features: dict[str, FeaturePlan] = Field(default_factory=dict)
    explain: ExplainPlan = ExplainPlan()
    performance: PerformancePlan = PerformancePlan()
    fairness: FairnessPlan = FairnessPlan()
    ll144: LocalLaw144Plan = LocalLaw144Plan()
    privacy: PrivacyPlan = PrivacyPlan()
    public: PublicPlan = PublicPlan()
    slices: SlicesPlan = SlicesPlan()
    limits: LimitsPlan = LimitsPlan()
    drift: DriftPlan = DriftPlan()
    champion: ChampionPlan | None = None
    benchmarks: BenchmarksPlan | None = None
    decisions: DecisionsPlan | None = None
    proxies: dict[str, ProxyPlan] = Field(default_factory=dict)
    properties: tuple[PropertyPlan, ...] = ()
    robustness: RobustnessPlan | None = None
    scenarios: tuple[ScenarioPlan, ...] = ()
    load: LoadPlan | None = None
    gates: dict[str, GatePlan] = Field(default_factory=dict)
    compare: ComparePlan = ComparePlan()
    monitor: MonitorPlan = MonitorPlan()
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
