"""Facts of the data against pandas."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pytest

from explainkit.assess import data
from explainkit.evidence import Column
from tests.assess.builders import dataset, figures_of, reasons_of, subject_of, values_of

FRAME = pd.DataFrame(
    {
        "age": pd.array([30, 41, None, 18], dtype="Int64"),
        "income": [10.5, np.nan, -3.0, 7.0],
        "ratio": [1.0, np.inf, 2.0, 3.0],
        "city": ["a", "b", None, "a"],
        "job": pd.Categorical(["x", "y", "x", "x"], categories=["x", "y", "z"]),
        "member": [True, False, True, True],
        "since": pd.to_datetime([dt.date(2020, 1, 1)] * 4),
        "nothing": [None] * 4,
        "case": [101, 102, 103, 104],
    }
)
KINDS = {
    "age": "integer",
    "income": "number",
    "ratio": "number",
    "city": "text",
    "job": "category",
    "member": "boolean",
    "since": "date",
    "nothing": "empty",
    "case": "integer",
}


def measured(**given):
    columns = tuple(
        Column(name=name, kind=kind, roles=("id",) if name == "case" else ("feature",)) for name, kind in KINDS.items()
    )
    return data.measure(
        subject_of([0.1, 0.2, 0.3, 0.4], [0, 1, 1, np.nan], evaluation=dataset(FRAME), columns=columns, **given)
    )


def test_columns():
    values, reasons = values_of(measured()), reasons_of(measured())
    assert {c: values[f"data.missing[column={c}]"] for c in KINDS} == FRAME.isna().sum().to_dict()
    assert {c: values[f"data.distinct[column={c}]"] for c in ("city", "job", "member")} == {
        "city": 2,
        "job": 2,
        "member": 2,
    }
    assert (values["data.low[column=age]"], values["data.high[column=age]"]) == (18, 41)
    assert (values["data.low[column=income]"], values["data.high[column=income]"]) == (-3.0, 10.5)
    assert values["data.low[column=ratio]"] == 1.0
    assert reasons == {"data.high[column=ratio]": ("not_tested", "the column holds an infinite value")}
    figure = figures_of(measured())["data.low[column=age]"]
    assert (figure.unit, figure.n, type(figure.value)) == ("input", 3, float)
    for absent in ("data.low[column=case]", "data.low[column=since]", "data.distinct[column=age]"):
        assert absent not in values
    assert [(e.what, e.kind) for e in measured().ledger] == [("column nothing", "not_tested")]


def test_rows_and_outcomes():
    values = values_of(measured(reference=dataset(FRAME.iloc[:3], role="reference")))
    assert (values["data.rows[dataset=evaluation]"], values["data.rows[dataset=reference]"]) == (4, 3)
    assert (values["data.labelled"], values["data.events"]) == (3, 2)
    figures = figures_of(measured(reference=dataset(FRAME, role="reference")))
    assert figures["data.rows[dataset=reference]"].dataset == "reference"
    assert figures["data.events"].n == 3


def test_classes_of_a_multiclass_target():
    figures = figures_of(data.measure(subject_of(np.eye(3), [0, 2, 2], task="multiclass")))
    assert [f.value for f in figures.named("data.class_count")] == [1, 0, 2]
    assert "data.events" not in figures


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({}, "the data has no outcome (data.target)"),
        ({"positive": None}, "the positive class is not stated (model.positive)"),
    ],
)
def test_no_outcome_has_a_reason(given, reason):
    assert reasons_of(data.measure(subject_of([0.1, 0.2], **given)))["data.labelled"] == ("not_tested", reason)


def test_counts_are_whole_numbers():
    for figure in measured().figures:
        if figure.unit == "count" and figure.value is not None:
            assert type(figure.value) is int
