"""Table of the plan about monitoring: what the card keeps for it, and the limits that later data is held against."""

from __future__ import annotations

from typing import Self

from pydantic import Field, model_validator

from explainkit.plan.assessing import GatePlan
from explainkit.plan.base import Strict


class MonitorPlan(Strict):
    """``[monitor]``: ``explainkit monitor`` holds new data against the signed card by these."""

    baseline: bool = True
    """Whether the card keeps counts of the evaluation rows, in bins, for later data to be held against."""
    alerts: dict[str, GatePlan] = Field(default_factory=dict)
    """Limits beyond which somebody has to look: ``{ "monitor.psi" = { max = 0.1 } }``, as gates, by figures
    ``monitor.…``."""
    rollback: dict[str, GatePlan] = Field(default_factory=dict)
    """Limits beyond which the model has to be taken back."""

    @model_validator(mode="after")
    def _possible(self) -> Self:
        gates = (*self.alerts.values(), *self.rollback.values())
        if gates and not self.baseline:
            raise ValueError("limits need the baseline: leave out baseline = false")
        if any(gate.no_worse_than_champion for gate in gates):
            raise ValueError("no champion is monitored: a limit is one of min, max, within")
        return self
