"""Ask for properties of a model in memory."""

from __future__ import annotations

from typing import Any

import pandas as pd

from explainkit.evidence import Measured
from explainkit.explain.properties.stage import check, properties
from explainkit.figures import Figure, Series, figure_id
from explainkit.load.assemble import assemble
from explainkit.load.open_model import adapt_any
from explainkit.load.subject import Subject
from explainkit.load.tables import read_frame
from explainkit.plan import Plan, plan_from


def subject_of(model: Any, rows: pd.DataFrame, plan: Plan, reference: pd.DataFrame | None = None) -> Subject:
    """A subject without outcomes."""
    evaluation, ledger = read_frame(rows, role="evaluation")
    behind = None if reference is None else read_frame(reference, role="reference")[0]
    adapter = None
    if model is not None:
        names = None if hasattr(model, "feature_names_in_") else tuple(rows.columns)
        adapter = adapt_any(model, task=plan.model.task, classes=None, features=names)
    return assemble(plan, model=adapter, evaluation=evaluation, reference=behind, ledger=ledger)


class Asked:
    """What was found out about properties of a model."""

    def __init__(self, model: Any, rows: pd.DataFrame, /, *wanted: dict[str, Any], **more: Any) -> None:
        reference = more.pop("reference", None)
        self.plan = plan_from({"properties": list(wanted), **more})
        self.subject = subject_of(model, rows, self.plan, reference)
        check(self.subject, self.plan)
        self.measured: Measured = properties(self.subject, self.plan)

    def figure(self, kind: str, place: int = 0, **keys: str) -> Figure | None:
        """A figure of one of the properties."""
        key = figure_id(f"property.{kind}", property=self.plan.properties[place].called, **keys)
        return next((f for f in self.measured.figures if f.id == key), None)

    def value(self, kind: str, place: int = 0, **keys: str) -> Any:
        """Its value."""
        figure = self.figure(kind, place, **keys)
        assert figure is not None, kind
        return figure.value

    def outcome(self, place: int = 0) -> str:
        """The outcome in a word."""
        holds = self.figure("holds", place)
        assert holds is not None
        if holds.status == "measured":
            return "proven" if holds.value == 1 else "counterexample"
        return "undecided" if self.figure("tried", place) is None else "tested"

    def example(self, place: int = 0) -> pd.DataFrame:
        """The inputs of the counterexample, as rows."""
        key = figure_id("property.counterexample", property=self.plan.properties[place].called)
        series: Series = next(s for s in self.measured.series if s.id == key)
        names, *rows = (values for _, values in series.columns)
        return pd.DataFrame([dict(zip(names, row, strict=True)) for row in rows])
