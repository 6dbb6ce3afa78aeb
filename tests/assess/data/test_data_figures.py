"""Facts of the data against pandas."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from explainkit.assess.data import data
from explainkit.assess.data.columns import looks_like_ids
from explainkit.assess.data.values import values_of as values_of_column
from explainkit.assess.groups.groupings import groupings
from explainkit.evidence import Column
from explainkit.plan import plan_from
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


def facts(subject, **plan):
    """Figures of a subject whose inputs are its columns."""
    names = tuple(c.name for c in subject.columns if "feature" in c.roles)
    subject = replace(subject, features=names)
    return data.measure(subject, plan_from(plan), groupings(subject.rows.groups, min_cell=1)).measured


def measured(**given):
    columns = tuple(
        Column(name=name, kind=kind, roles=("id",) if name == "case" else ("feature",)) for name, kind in KINDS.items()
    )
    return facts(
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
    assert {c: values[f"data.distinct[column={c}]"] for c in ("age", "income", "since")} == {
        "age": 3,
        "income": 3,
        "since": 1,
    }
    for absent in ("data.low[column=case]", "data.low[column=since]", "data.distinct[column=nothing]"):
        assert absent not in values
    assert [(e.what, e.kind) for e in measured().ledger] == [("column nothing", "not_tested")]


def test_rows_and_outcomes():
    values = values_of(measured(reference=dataset(FRAME.iloc[:3], role="reference")))
    assert (values["data.rows[dataset=evaluation]"], values["data.rows[dataset=reference]"]) == (4, 3)
    assert (values["data.labelled"], values["data.events"]) == (3, 2)
    figures = figures_of(measured(reference=dataset(FRAME, role="reference")))
    assert figures["data.rows[dataset=reference]"].dataset == "reference"
    assert figures["data.events"].n == 3


def test_the_reference_data_is_told_of_too():
    other = FRAME.assign(age=pd.array([1, 2, 3, None], dtype="Int64"), city=["c", "c", "d", None]).drop(columns="case")
    labels = np.array([1.0, 0.0, np.nan, 1.0])
    values = values_of(measured(reference=dataset(other, role="reference"), reference_labels=labels))
    assert values["data.missing[column=age,dataset=reference]"] == 1
    assert values["data.high[column=age,dataset=reference]"] == 3
    assert values["data.distinct[column=city,dataset=reference]"] == 2
    assert (values["data.labelled[dataset=reference]"], values["data.events[dataset=reference]"]) == (3, 2)
    assert "data.missing[column=case,dataset=reference]" not in values
    # Three ages, and three cities: none of them lies within the reference data.
    assert values["data.off_reference[column=age]"] == values["data.off_reference[column=city]"] == 1.0
    assert values["data.off_reference[column=income]"] == 0.0


def test_a_column_of_another_type_than_in_the_reference_data_is_said():
    other = FRAME.assign(income=["a", "b", "c", "d"])
    found = measured(reference=dataset(other, role="reference"))
    assert "data.off_reference[column=income]" not in values_of(found)
    (entry,) = [e for e in found.ledger if "income" in e.what]
    assert (entry.kind, entry.reason) == ("not_tested", "it holds values of kind number here and of kind text there")


def test_categories_of_few_rows_are_not_named():
    city = ["a"] * 40 + ["b"] * 30 + ["c"] * 3 + ["d"] * 12
    frame = pd.DataFrame({"city": city})
    subject = subject_of(
        np.full(85, 0.5),
        evaluation=dataset(frame),
        reference=dataset(pd.DataFrame({"city": ["b"] * 20 + ["a"] * 30 + ["d"] * 15}), role="reference"),
        columns=(Column(name="city", kind="text", roles=("feature",)),),
    )
    (series,) = facts(subject).series
    # "c" is small, and "d" hides with it: alone it would follow from the sum.
    assert series.column("category") == ("a", "b", None)
    assert series.column("evaluation") == (40, 30, 15)
    assert series.column("reference") == (30, 20, 15)


@pytest.mark.parametrize("roles", [("id",), ("sensitive",), ("feature", "sensitive")])
def test_categories_of_ids_and_of_groups_are_not_told(roles):
    frame = pd.DataFrame({"city": ["a"] * 40 + ["b"] * 45})
    columns = (Column(name="city", kind="text", roles=roles),)
    assert facts(subject_of(np.full(85, 0.5), evaluation=dataset(frame), columns=columns)).series == ()


def test_values_that_all_differ_look_like_ids():
    def ids(values):
        values = pd.Series(values)
        return looks_like_ids(values_of_column(values), values.nunique())

    assert ids([f"L{i}" for i in range(60)])
    assert ids(range(1000, 1060))
    assert not ids([f"L{i}" for i in range(59)] + ["L0"])
    assert not ids([i * i for i in range(60)])  # a measurement, as incomes are
    assert not ids(np.linspace(0, 1, 60))
    assert not ids([f"L{i}" for i in range(10)])


def test_a_million_categories():
    frame = pd.DataFrame({"city": [f"place {i}" for i in range(1_000_000)]})
    columns = (Column(name="city", kind="text", roles=("feature",)),)
    subject = subject_of(np.full(1_000_000, 0.5), evaluation=dataset(frame), columns=columns)
    found = facts(subject)
    assert values_of(found)["data.distinct[column=city]"] == 1_000_000
    assert found.series == ()


def test_classes_of_a_multiclass_target():
    figures = figures_of(facts(subject_of(np.eye(3), [0, 2, 2], task="multiclass")))
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
    assert reasons_of(facts(subject_of([0.1, 0.2], **given)))["data.labelled"] == ("not_tested", reason)


def test_counts_are_whole_numbers():
    for figure in measured().figures:
        if figure.unit == "count" and figure.value is not None:
            assert type(figure.value) is int
