"""A card with a gate of every kind of outcome."""

from __future__ import annotations

from dataclasses import replace

from explainkit.assess.gates import evaluate
from explainkit.evidence import Evidence
from explainkit.figures import Figure, FigureSet
from explainkit.plan import GatePlan
from tests.sign.builders import make_evidence

FIGURES = (
    Figure(id="performance.roc_auc", value=0.7312, low=0.6801, high=0.7788, level=0.95, n=300, unit="proportion"),
    Figure(id="performance.brier", status="insufficient", reason="prevalence not stated", unit="score"),
    Figure(id="fairness.impact_ratio[sex=female]", value=0.64, low=0.4, high=1.02, level=0.95, n=90, unit="ratio"),
    Figure(id="fairness.impact_ratio[sex=male]", value=1.0, n=210, unit="ratio"),
    Figure(id="fairness.impact_ratio[sex=other]", status="suppressed", reason="fewer rows than min_cell", unit="ratio"),
)
GATES = {
    "performance.roc_auc": GatePlan(min=0.7),
    "performance.accuracy": GatePlan(min=0.7, if_missing="allow"),
    "performance.brier": GatePlan(max=0.2),
    "performance.recall": GatePlan(min=0.5),
    "fairness.impact_ratio[sex=female]": GatePlan(min=0.8, bound="low", severity="warn"),
    "fairness.impact_ratio[sex=male]": GatePlan(min=0.8, bound="low"),
}
OUTCOMES = {
    "performance.roc_auc": "passed",
    "performance.accuracy": "skipped",
    "performance.brier": "failed",
    "performance.recall": "failed",
    "fairness.impact_ratio[sex=female]": "skipped",
    "fairness.impact_ratio[sex=male]": "failed",
}
"""As a CI server should show them."""


def gated(**gates: GatePlan) -> Evidence:
    """A card with these gates evaluated on `FIGURES`."""
    return replace(make_evidence(), figures=FIGURES, gates=evaluate(gates, FigureSet(FIGURES)))
