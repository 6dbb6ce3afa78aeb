"""A small lender whose data can be changed in one way at a time."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from explainkit.assess.drift import drift
from explainkit.evidence import Measured
from explainkit.figures import FigureSet
from explainkit.load.assemble import assemble
from explainkit.load.models.function import adapt_function
from explainkit.load.subject import Subject
from explainkit.load.tables import read_frame
from explainkit.plan import Plan, plan_from

INPUTS = ("income", "debt", "years", "region", "job")


def rows(count: int, seed: int, *, moved: float = 0.0, turned: float = 0.0) -> pd.DataFrame:
    """Rows whose income is moved by so many standard deviations, and whose outcome is likelier by so many log-odds."""
    rng = np.random.default_rng(seed)
    table = pd.DataFrame({"income": rng.normal(moved, 1, count), "debt": rng.exponential(size=count)})
    table["years"] = rng.integers(0, 40, count)
    table["region"] = rng.choice(["north", "south", "east"], count, p=[0.5, 0.3, 0.2])
    table["job"] = rng.choice([*"abcd", None], count, p=[0.3, 0.3, 0.2, 0.1, 0.1])
    table["y"] = (rng.random(count) < chance(table, turned)).astype(int)
    return table


def chance(table: pd.DataFrame, turned: float = 0.0) -> np.ndarray:
    return 1 / (1 + np.exp(table["income"].to_numpy() - turned))


def subject(
    evaluation: pd.DataFrame, reference: pd.DataFrame | None, *, predict: Any = chance, **tables: Any
) -> tuple[Subject, Plan]:
    """A model that knows the chance of the outcome, with its data."""
    data = {"target": "y"} if "y" in evaluation else {}
    document = {"model": {"positive": 1, "threshold": ">=0.5"}, "statements": {"population": "all cases"}, **tables}
    plan = plan_from(document | {"data": data | tables.get("data", {})})
    inputs = [c for c in evaluation if c in INPUTS or c.startswith("x")]
    model = adapt_function(predict, task="binary", classes=[0, 1], features=inputs)
    both = [None if f is None else read_frame(f, role="evaluation")[0] for f in (evaluation, reference)]
    assert both[0] is not None
    return assemble(plan, model=model, evaluation=both[0], reference=both[1]), plan


def measured(evaluation: pd.DataFrame, reference: pd.DataFrame | None, **more: Any) -> tuple[FigureSet, Measured]:
    """Every figure of drift."""
    found = drift.measure(*subject(evaluation, reference, **more))
    return FigureSet(found.figures), found


def changed(figures: FigureSet, level: float = 0.05) -> set[str]:
    """What is called changed: columns, and the score."""
    found = {f.keys["column"] for f in figures.named("drift.p_value") if f.value is not None and f.value <= level}
    score = figures.get("drift.score_p_value")
    return found | ({"score"} if score is not None and score.value is not None and score.value <= level else set())
