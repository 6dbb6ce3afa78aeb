"""Measure the robustness of a model in memory."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from explainkit.assess.fairness.shown import groupings_of
from explainkit.evidence import Measured
from explainkit.figures import Figure, FigureSet, figure_id
from explainkit.load.subject import Subject
from explainkit.plan import Plan, plan_from
from explainkit.robustness.stage import check, robustness
from tests.explain.properties.asking import subject_of


class Asked:
    """What was measured of a model; rows hold the inputs first, then columns that the plan names."""

    def __init__(self, model: Any, rows: pd.DataFrame, inputs: list[str], /, **tables: Any) -> None:
        reference = tables.pop("reference", rows)
        data = {"features": inputs} | tables.pop("data", {})
        self.plan: Plan = plan_from({"data": data, **tables})
        self.subject: Subject = subject_of(model, rows, self.plan, reference)
        check(self.subject, self.plan)
        found = groupings_of(self.subject, self.plan.fairness, self.plan.ll144)
        self.measured: Measured = robustness(self.subject, self.plan, found)
        self.figures = FigureSet(self.measured.figures)

    def figure(self, name: str, /, **keys: str) -> Figure:
        """A figure of the family."""
        return self.figures[figure_id(f"robustness.{name}", keys)]

    def value(self, name: str, /, **keys: str) -> Any:
        """Its value."""
        return self.figure(name, **keys).value


def made_up(count: int = 400, seed: int = 3) -> pd.DataFrame:
    """Two numbers, a whole number, a category, an outcome and a group."""
    rng = np.random.default_rng(seed)
    rows = pd.DataFrame({"income": rng.normal(5, 2, count), "debt": rng.normal(size=count)})
    rows["age"] = rng.integers(18, 80, count)
    rows["job"] = pd.Categorical(rng.choice(["clerk", "nurse", "cook"], count))
    latent = rows["debt"] - 0.5 * rows["income"] + 0.02 * rows["age"] + (rows["job"] == "cook") + rng.normal(size=count)
    rows["bad"] = (latent > latent.median()).astype(int)
    rows["sex"] = rng.choice(["f", "m"], count)
    return rows
