"""From data to page one: what real and planted leaks are found, and said where a reader with two minutes looks."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from explainkit.assess.fairness.shown import groupings_of
from explainkit.assess.stage import assess
from explainkit.errors import PlanError
from explainkit.evidence import Evidence, Measured
from explainkit.explanation import Explained
from explainkit.gathering import evidence_of
from explainkit.load.assemble import assemble
from explainkit.load.models.function import adapt_function
from explainkit.load.tables import read_frame
from explainkit.plan import plan_from
from explainkit.report.assemble import build
from explainkit.report.card import Group, Items, Label, Link, Mark, Number, Words
from explainkit.report.numbers import figure_text
from tests.datasets.cases import _split, read_adult, read_ai4i

COMMON = {"statements": {"population": "all cases"}, "slices": {"enabled": False}}


def evidence(
    rows, reference=None, *, target="y", inputs=None, positive=1, task="binary", data=None, predict=None, **tables
) -> Evidence:
    """What a card of a constant score says, where no function is given, but that it is no better than chance."""
    inputs = [c for c in rows if c != target] if inputs is None else inputs
    document = {"data": {"target": target, **(data or {})}, **COMMON, **tables}
    if task == "binary":
        document["model"] = {"positive": positive, "threshold": ">=0.5"}
    plan = plan_from(document)
    classes = [v for v in sorted(rows[target].dropna().unique()) if v != positive] + [positive]
    model = adapt_function(
        predict or (lambda x: np.full(len(x), 0.25)),
        task=task,
        classes=classes if task == "binary" else None,
        features=inputs,
    )
    subject = assemble(
        plan,
        model=model,
        evaluation=read_frame(rows, role="evaluation")[0],
        reference=None if reference is None else read_frame(reference, role="reference")[0],
    )
    measured = assess(subject, plan, groupings_of(subject, plan.fairness, plan.ll144))
    card = evidence_of(subject, plan, measured, Explained(measured=Measured(), methods=(), cases=()))
    return replace(card, findings=tuple(f for f in card.findings if f.kind != "chance" or predict))


def kinds(card):
    return {(f.kind, *f.columns) for f in card.findings}


def text(parts):
    words = {Words: lambda p: p.text, Label: lambda p: p.text, Mark: lambda p: p.text, Link: lambda p: p.target}
    return "".join(
        figure_text(p.figure, p.field) if isinstance(p, Number) else words.get(type(p), lambda p: "")(p) for p in parts
    )


def lines(blocks, title):
    """Entries of the lists in the group of that title."""
    found = []
    for block in blocks:
        if isinstance(block, Group) and text(block.title) == title:
            found += [text(item) for inner in block.blocks if isinstance(inner, Items) for item in inner.items]
    return found


def page_one(card):
    return lines(build(card).front, "What asks for attention")


def risks(card):
    (section,) = [s for s in build(card).sections if s.id == "risks"]
    return lines(section.blocks, "Measured, and beyond a limit")


@pytest.fixture(scope="module")
def ai4i(shared_data):
    return read_ai4i(shared_data / "ai4i2020" / "ai4i2020.csv")


def test_failure_flags_stand_on_page_one(ai4i):
    card = evidence(ai4i.drop(columns=["udi", "product_id"]), target="machine_failure")
    flags = {"TWF": 46, "HDF": 115, "PWF": 95, "OSF": 98}
    assert {c for kind, c in kinds(card) if kind == "determined"} >= set(flags)
    assert ("determined", "RNF") not in kinds(card)
    (line,) = [line for line in page_one(card) if "possible leakage" in line]
    for flag, rows in flags.items():
        auc = card.figure_set[f"leakage.auc[column={flag}]"].value
        assert 0.56 < auc < 0.68
        assert f"{flag} with 1: all {rows} rows are 1" in line
    assert line in risks(card)


def test_flags_that_are_no_inputs_are_said_to_be_none(ai4i):
    card = evidence(ai4i, target="machine_failure", inputs=["torque_nm", "tool_wear_min"], data={"id": "udi"})
    (line,) = [line for line in page_one(card) if "TWF" in line]
    assert "no inputs of the model" in line


@pytest.fixture(scope="module")
def bank(shared_data):
    frame = pd.read_csv(shared_data / "bank" / "bank-full_survey_cleaned.csv")
    return _split(frame, "y", test_size=10_000)


def test_the_duration_of_a_call_is_late_once_that_is_stated(bank):
    train, test = bank
    stated = {
        "data": {"moments": ["before the call", "after the call"], "decided_at": "before the call"},
        "features": {"duration": {"available": "after the call"}, "age": {"available": "before the call"}},
    }
    card = evidence(test, train, positive="yes", **stated)
    assert kinds(card) == {("late", "duration")}
    (line,) = [line for line in page_one(card) if "possible leakage" in line]
    assert line.startswith("possible leakage the model sees what is known only after the decision: duration (after the")
    assert "area under the ROC curve alone 0.801" in line
    assert not {k for k in kinds(evidence(test, train, positive="yes")) if k[0] == "late"}


@pytest.mark.parametrize(
    ("tables", "message"),
    [
        ({"data": {"moments": ["a", "b"]}}, "stated together"),
        ({"data": {"decided_at": "a"}}, "stated together"),
        ({"data": {"moments": ["a", "a"], "decided_at": "a"}}, "named once"),
        ({"data": {"moments": ["a", "b"], "decided_at": "c"}}, r"data\.decided_at: not one of data\.moments"),
        (
            {"data": {"moments": ["early", "late"], "decided_at": "early"}, "features": {"x": {"available": "lat"}}},
            r"features\.x\.available: not one of data\.moments.*'lat'.*late",
        ),
        ({"data": {"shares": {"sex": {"f": 0.5, "m": 0.4}}}}, r"shares of sex add up to 0\.9"),
        ({"data": {"shares": {"sex": {"f": 1.5}}}}, "less than or equal to 1"),
        ({"limits": {"auc": 0.4}}, "greater than 0.5"),
        ({"limits": {"au": 0.9}}, "unknown key.*auc"),
    ],
)
def test_what_plans_may_not_say(tables, message):
    with pytest.raises(PlanError, match=message):
        plan_from(tables)


def test_an_evaluation_set_that_is_the_training_set(bank):
    _, test = bank
    for other in (test, test.sample(frac=1, random_state=1)):
        card = evidence(test, other, positive="yes")
        assert kinds(card) == {("same_data",)}
        assert any("not new data all 10\u202f000 evaluation rows stand" in line for line in page_one(card))
    assert kinds(evidence(test.iloc[:3000], test, positive="yes")) == {("same_data",)}


def test_planted_rows_stand_on_page_one(shared_data):
    train, test = (read_adult(shared_data / "adult" / name) for name in ("adult.data", "adult.test"))
    mixed = pd.concat([test, train.drop_duplicates().sample(100, random_state=3)], ignore_index=True)
    inputs = [c for c in train if c not in ("income", "sex", "race", "final_weight")]
    card = evidence(mixed, train, target="income", positive=">50K", inputs=inputs)
    overlap = card.figure_set["leakage.overlap[rows=whole]"]
    assert overlap.events == 123
    (line,) = [line for line in page_one(card) if line.startswith("shared rows")]
    assert "123 of 16\u202f381 evaluation rows stand in the reference data too, equal in every column" in line
    alone = evidence(test, train, target="income", positive=">50K", inputs=inputs)
    assert not {k for k in kinds(alone) if k[0] in ("overlap", "same_data")}


def made(n=3000, seed=1):
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame({"x": rng.normal(size=n), "z": rng.normal(size=n), "c": rng.choice(list("ab"), n)})
    return frame.assign(y=(frame["x"] + rng.normal(size=n) > 1).astype(int))


def test_nothing_planted_nothing_found():
    found = [kinds(evidence(made(1000, seed), made(1000, seed + 100))) for seed in range(10)]
    assert found == [set()] * 10


def test_copies_of_the_outcome():
    frame = made()
    frame["code"] = frame["y"].map({1: "A7", 0: "B2"})
    frame["amount"] = frame["y"] * 250.0 - 3
    frame["noisy"] = frame["y"] + 0.3 * np.random.default_rng(2).normal(size=len(frame))
    assert kinds(evidence(frame)) == {("copy", "code"), ("copy", "amount"), ("ranks", "noisy")}


def test_a_regression_has_analogues():
    rng = np.random.default_rng(5)
    frame = made().assign(y=lambda f: f["x"] + rng.normal(size=len(f)))
    frame["logged"] = np.exp(frame["y"] / 3)
    frame["rounded"] = frame["y"].round(1)
    card = evidence(frame, task="regression", positive=None)
    assert kinds(card) == {("ranks", "logged"), ("ranks", "rounded")}
    assert card.figure_set["leakage.rank_correlation[column=logged]"].value == pytest.approx(1.0)


def test_data_of_persons_are_said_and_never_printed():
    frame = made(200)
    people = [f"person{i}@mail.example" for i in range(200)]
    card = evidence(frame.assign(contact=people, c=frame["c"]))
    assert ("personal", "contact") in kinds(card)
    assert b"person7" not in card.to_json()
    assert card.figure_set['data.personal[column=contact,kind="e-mail address"]'].value == 1.0


def test_sensitive_columns_tell_no_outcome_by_value():
    frame = made(2000)
    frame["sex"] = np.where((frame["y"] == 1) & (frame.index < 900), "x", np.where(frame.index % 2, "f", "m"))
    basis = {"fairness": {"basis": {"sex": "for a test"}, "favourable": 0}}
    card = evidence(frame, data={"sensitive": ["sex"]}, **basis)
    assert not [f for f in card.figures if f.name.startswith("leakage.determined")]
    assert card.figure_set["leakage.auc[column=sex]"].value is not None
    unfounded = evidence(frame, data={"sensitive": ["sex"]})
    assert "leakage.auc[column=sex]" not in unfounded.figure_set


def test_groups_against_the_population():
    frame = made(1000).assign(sex=["f"] * 300 + ["m"] * 700)
    shares = {"sensitive": ["sex"], "shares": {"sex": {"f": 0.5, "m": 0.5}}}
    card = evidence(frame, data=shares, fairness={"basis": {"sex": "for a test"}})
    assert kinds(card) == {("share", "sex")}
    assert any("f of sex (\u22120.200)" in line for line in risks(card))


def test_without_outcomes_it_is_said():
    frame = made(100)
    plan = plan_from({"model": {"positive": 1, "threshold": ">=0.5"}, **COMMON})
    model = adapt_function(lambda x: np.full(len(x), 0.5), task="binary", classes=[0, 1], features=["x"])
    subject = assemble(plan, model=model, evaluation=read_frame(frame, role="evaluation")[0])
    figures = {f.id: f for f in assess(subject, plan, groupings_of(subject, plan.fairness, plan.ll144)).figures}
    assert figures["leakage.auc"].status == "not_tested"
    assert figures["leakage.overlap"].status == "not_tested"


def test_an_input_of_one_value():
    assert ("constant", "k") in kinds(evidence(made(200).assign(k=7)))


def test_rows_that_repeat():
    frame = pd.concat([made(500), made(500).iloc[:40]], ignore_index=True)
    card = evidence(frame)
    assert kinds(card) == {("duplicates",)}
    assert card.figure_set["data.duplicates[dataset=evaluation]"].events == 40
