"""Plan: what the user asks for (audit.toml), validated at this boundary only."""

from __future__ import annotations

from explainkit.plan.assessing import (
    BenchmarksPlan,
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
from explainkit.plan.base import Label, Names, Output, Task
from explainkit.plan.comparing import ComparePlan, MaterialPlan
from explainkit.plan.data import DataPlan, WeightPlan
from explainkit.plan.drift import DriftPlan
from explainkit.plan.explaining import ExplainPlan
from explainkit.plan.look import LookPlan
from explainkit.plan.monitoring import MonitorPlan
from explainkit.plan.plan import Plan
from explainkit.plan.properties import PropertyPlan
from explainkit.plan.reading import plan_from, read_plan
from explainkit.plan.robustness import LoadPlan, RobustnessPlan, ScenarioPlan
from explainkit.plan.stating import StatementPlan
from explainkit.plan.subject import CardPlan, FeaturePlan, ModelPlan, PrivacyPlan, SignPlan
from explainkit.plan.time import TimePlan

__all__ = [
    "BenchmarksPlan",
    "CardPlan",
    "ChampionPlan",
    "ComparePlan",
    "CostPlan",
    "DataPlan",
    "DecisionsPlan",
    "DriftPlan",
    "ExplainPlan",
    "FairnessPlan",
    "FeaturePlan",
    "GatePlan",
    "IntervalPlan",
    "Label",
    "LimitsPlan",
    "LoadPlan",
    "LocalLaw144Plan",
    "LookPlan",
    "MaterialPlan",
    "ModelPlan",
    "MonitorPlan",
    "Names",
    "Output",
    "PerformancePlan",
    "Plan",
    "PrivacyPlan",
    "PropertyPlan",
    "ProxyPlan",
    "PublicPlan",
    "RobustnessPlan",
    "ScenarioPlan",
    "SignPlan",
    "SlicesPlan",
    "StatementPlan",
    "Task",
    "TimePlan",
    "WeightPlan",
    "plan_from",
    "read_plan",
]
