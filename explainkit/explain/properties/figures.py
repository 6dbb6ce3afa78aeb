"""Figures of properties: whether each holds, by how much it is broken at most, and a counterexample."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd

from explainkit.decision import label_name
from explainkit.evidence import Measured
from explainkit.explain.case_figures import MISSING
from explainkit.explain.properties.verdicts import Counterexample, Verdict
from explainkit.figures import Figure, Series, figure_id
from explainkit.plan.properties import PropertyPlan

HOLDS = "property.holds"
VIOLATION = "property.violation"
LOOKED = "property.looked"
TRIED = "property.tried"
ANSWER = "property.answer"
COUNTEREXAMPLE = "property.counterexample"


def measured_of(wanted: PropertyPlan, verdict: Verdict) -> Measured:
    """All that is told of one property."""
    example = verdict.counterexample
    series = () if example is None else (_inputs(wanted.called, example),)
    return Measured(figures=tuple(_figures(wanted, verdict)), series=series)


def _figures(wanted: PropertyPlan, verdict: Verdict) -> Iterator[Figure]:
    name, decided = wanted.called, verdict.outcome in ("proven", "counterexample")
    yield Figure(
        id=figure_id(HOLDS, property=name),
        value=int(verdict.outcome == "proven") if decided else None,
        status="measured" if decided else "insufficient",
        reason=verdict.reason,
        method=verdict.how,
    )
    yield Figure(
        id=figure_id(VIOLATION, property=name),
        value=verdict.violation,
        high=None if verdict.bound is None else max(verdict.bound, verdict.violation),
        low=None if verdict.bound is None else verdict.violation,
        unit=verdict.unit,
        method=f"largest violation found; {_ends(verdict)}",
    )
    for kind, count, method in (
        (LOOKED, verdict.looked, "regions of trees looked at, a number that is the same on every machine"),
        (TRIED, verdict.tried, "rows that the model was asked about"),
    ):
        if count is not None:
            yield Figure(id=figure_id(kind, property=name), value=count, unit="count", method=method)
    if verdict.counterexample is not None:
        for at, answer in zip(_PLACES, verdict.counterexample.answers, strict=False):
            yield Figure(
                id=figure_id(ANSWER, {"at": at, "property": name}),
                value=float(answer),
                unit=verdict.unit if wanted.output == "margin" or verdict.unit == "target" else "probability",
                method="what the model itself answers",
                class_=wanted.outcome,
            )


_PLACES = ("first", "second")


def _ends(verdict: Verdict) -> str:
    if verdict.bound is None:
        return "how large the largest is, is not known"
    return "the interval is no confidence interval: its upper end is proven"


def _inputs(name: str, example: Counterexample) -> Series:
    """The inputs of a counterexample, column by column."""
    places = zip(_PLACES, range(len(example.rows)), strict=False)
    rows = tuple((at, tuple(map(_value, example.rows.iloc[row]))) for at, row in places)
    return Series(
        id=figure_id(COUNTEREXAMPLE, property=name),
        columns=(("input", tuple(map(str, example.rows.columns))), *rows),
        method=example.made,
    )


def _value(value: Any) -> float | int | str:
    """A number as it is, anything else in words."""
    if pd.isna(value):
        return MISSING
    if isinstance(value, bool | np.bool_) or not isinstance(value, int | float | np.number):
        return label_name(value)
    return int(value) if isinstance(value, int | np.integer) else float(value)
