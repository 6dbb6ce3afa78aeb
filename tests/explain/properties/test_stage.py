"""Properties in an audit: what the plan may say, what costs nothing, gates, pages, and the size that matters."""

from __future__ import annotations

import time

import lightgbm as lgb
import numpy as np
import pandas as pd
import pytest

import explainkit as ek
from explainkit.errors import DataError, PlanError
from explainkit.explain.properties.stage import check
from explainkit.plan import plan_from
from tests.explain.properties.asking import Asked, subject_of
from tests.report.number_check import problems
from tests.stages import CHEAP, is_imported, page_of

pytestmark = pytest.mark.usefixtures("front_page_alone")
RNG = np.random.default_rng(1)
ROWS = pd.DataFrame(
    {
        "income": RNG.lognormal(10, 1, 1500).round(),
        "age": RNG.integers(18, 90, 1500),
        "rate": RNG.normal(size=1500),
        "job": pd.Categorical(RNG.choice(list("abc"), 1500)),
    }
)
LABELS = ((0.03 * ROWS["age"] - np.log(ROWS["income"]) / 3 + ROWS["rate"] * (ROWS["job"] == "a")) > -2).astype(int)
MONOTONE = {"kind": "monotone", "feature": "income", "direction": "decreasing"}


def boosted(**more) -> lgb.LGBMClassifier:
    return lgb.LGBMClassifier(num_leaves=7, verbose=-1, n_jobs=1, random_state=0, **{"n_estimators": 10, **more})


@pytest.fixture(scope="module")
def model() -> lgb.LGBMClassifier:
    return boosted().fit(ROWS, LABELS)


@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        ({"kind": "monotone", "feature": "income"}, "needs feature and direction"),
        ({"kind": "bounds"}, "needs low, high or both"),
        ({"kind": "bounds", "low": 0.9, "high": 0.1}, "low is above high"),
        ({"kind": "bounds", "low": 0, "feature": "income"}, "feature does not belong"),
        ({"kind": "monotone", "feature": "a", "direction": "increasing", "tolerance": 0.1}, "tolerance does not"),
        ({"kind": "invariant", "feature": "a", "change": 0}, "larger than 0"),
        ({"kind": "invariant", "feature": "a", "change": ["x"]}, "at least two values"),
        ({"kind": "independent", "column": "a", "ranges": {"b": [2, 1]}}, "range of b is empty"),
        ({"kind": "bounds", "low": float("nan")}, "finite"),
    ],
)
def test_what_a_plan_may_not_say(wanted, message):
    with pytest.raises(PlanError, match=message):
        plan_from({"properties": [wanted]})


def test_two_properties_of_one_name():
    with pytest.raises(PlanError, match="two properties have one name"):
        plan_from({"properties": [MONOTONE, MONOTONE]})


def test_a_plan_is_read_back_as_it_was_written():
    change = {"kind": "invariant", "feature": "job", "change": ["1", "2"], "ranges": {"age": [18, 90], "rate": [0, 1]}}
    plan = plan_from({"properties": [MONOTONE, change, {"kind": "bounds", "low": 0, "high": 1}]})
    assert plan.properties[1].ranges == {"age": (18.0, 90.0), "rate": (0.0, 1.0)}
    assert plan_from(plan.document()) == plan


@pytest.mark.parametrize(
    ("wanted", "error", "message"),
    [
        ({**MONOTONE, "feature": "incom"}, PlanError, "no such input.*'incom'.*income"),
        ({"kind": "independent", "column": "sexx"}, DataError, "no such column"),
        ({**MONOTONE, "ranges": {"agee": [1, 2]}}, PlanError, "no such input.*age"),
        ({**MONOTONE, "feature": "job"}, PlanError, "only a number has an order"),
        ({"kind": "invariant", "feature": "job", "change": 1.0}, PlanError, "only a number moves by an amount"),
    ],
)
def test_what_the_data_does_not_hold(model, wanted, error, message):
    plan = plan_from({"properties": [wanted]})
    with pytest.raises(error, match=message):
        check(subject_of(model, ROWS, plan), plan)


@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        ({**MONOTONE, "outcome": "1"}, "only a model of several classes"),
        ({**MONOTONE, "ranges": {"age": ["a", "b", "c"]}}, "the input is a number"),
        ({**MONOTONE, "ranges": {"age": [20.2, 20.8]}}, "no number lies in the range"),
        ({"kind": "independent", "column": "age", "ranges": {"job": ["a", "q"]}}, "no such value.*'q'"),
        ({"kind": "invariant", "feature": "job", "change": ["a", "q"]}, "no such value.*'q'"),
        ({"kind": "invariant", "feature": "age", "change": ["a", "b"]}, "the input is a number"),
        ({"kind": "invariant", "feature": "age", "change": [1, 99], "ranges": {"age": [20, 30]}}, "outside the range"),
    ],
)
def test_what_the_model_does_not_have(model, wanted, message):
    with pytest.raises(PlanError, match=message):
        Asked(model, ROWS, wanted, model={"positive": 1})


def test_several_classes_need_one_to_be_named():
    model = boosted(n_estimators=3).fit(ROWS, np.digitize(ROWS["rate"], [-0.5, 0.5]))
    with pytest.raises(PlanError, match="which class is meant"):
        Asked(model, ROWS, MONOTONE)
    with pytest.raises(PlanError, match="no such class"):
        Asked(model, ROWS, {**MONOTONE, "outcome": "9"})


def test_scores_alone_have_no_properties():
    rows = pd.DataFrame({"score": [0.1, 0.9, 0.4] * 20})
    plan = {"data": {"score": "score"}, "properties": [{"kind": "bounds", "low": 0.0}]}
    with pytest.raises(PlanError, match="a property is of a model"):
        ek.audit(None, rows, [0, 1, 0] * 20, positive=1, plan=plan)


def test_an_audit_without_properties_does_not_load_them():
    assert not is_imported("explainkit.explain.properties")


@pytest.fixture(scope="module")
def release(model):
    plan = {
        "properties": [
            MONOTONE,
            {"kind": "independent", "column": "job"},
            {"kind": "bounds", "name": "never sure", "low": 1e-9, "high": 1 - 1e-9, "over": "reference"},
            {"kind": "invariant", "feature": "age", "change": 1.0, "tolerance": 0.9, "ranges": {"age": [18, 99]}},
        ],
        "gates": {
            "property.holds": {"min": 1, "severity": "warn"},
            'property.holds[property="never sure"]': {"min": 1},
            'property.violation[property="monotone income"]': {"max": 0, "bound": "high", "severity": "warn"},
        },
        **CHEAP,
    }
    return ek.audit(model, ROWS[:400], LABELS[:400], positive=1, favourable=0, threshold=">=0.5", plan=plan)


def test_gates_hold_properties(release):
    outcomes = [gate.outcome for gate in release.evidence.gates]
    assert outcomes == ["failed", "passed", "failed"]
    figures = {f.id: f for f in release.evidence.figures}
    assert figures['property.holds[property="never sure"]'].value == 1
    assert figures['property.holds[property="monotone income"]'].value == 0


def test_a_gate_on_a_property_that_does_not_exist(model):
    plan = {"properties": [MONOTONE], "gates": {"property.holds[property=other]": {"min": 1}}, **CHEAP}
    with pytest.raises(PlanError, match="no such figure"):
        ek.audit(model, ROWS[:200], LABELS[:200], positive=1, plan=plan)


def test_a_counterexample_is_confirmed_by_the_model(release, model):
    series = next(s for s in release.evidence.series if "monotone" in s.id)
    names, first, second = (values for _, values in series.columns)
    rows = pd.DataFrame([dict(zip(names, row, strict=True)) for row in (first, second)])
    rows["job"] = pd.Categorical(rows["job"], categories=list("abc"))
    scores = model.predict_proba(rows)[:, 1]
    assert np.sign(scores[1] - scores[0]) == np.sign(rows["income"][1] - rows["income"][0])


@pytest.mark.parametrize("language", ["en", "de"])
def test_the_section(release, language):
    html, evidence, page = page_of(release.evidence, language)
    said = {
        "en": (
            "As income rises, the answer never rises.",
            "does not hold",
            "proven",
            "Where it does not hold: monotone",
        ),
        "de": ("Wenn income steigt, gilt: die Antwort steigt nie.", "gilt nicht", "bewiesen", "Wo sie nicht gilt"),
    }
    assert [text for text in (*said[language], "18 – 99") if text not in page] == []
    if language == "en":
        assert problems(html, evidence) == []


@pytest.mark.slow
def test_two_hundred_trees_in_a_minute():
    rng = np.random.default_rng(3)
    rows = pd.DataFrame(rng.normal(size=(20_000, 10)), columns=[f"x{i}" for i in range(10)])
    rows["income"] = rng.lognormal(10, 1, len(rows))
    labels = (rows["x0"] * rows["x1"] - np.log(rows["income"]) + 10 + rng.normal(size=len(rows)) > 0).astype(int)
    settings = {"n_estimators": 200, "num_leaves": 31, "verbose": -1, "n_jobs": 1, "random_state": 0}
    constraints = [0] * 10 + [-1]
    kept = lgb.LGBMClassifier(monotone_constraints=constraints, **settings).fit(rows, labels)
    free = lgb.LGBMClassifier(**settings).fit(rows, labels)
    started = time.perf_counter()
    proven = Asked(kept, rows[:2000], MONOTONE, model={"positive": 1})
    took = time.perf_counter() - started
    assert proven.outcome() == "proven"
    assert "tree by tree" in proven.figure("holds").method
    assert took < 60
    refuted = Asked(free, rows[:2000], MONOTONE, model={"positive": 1})
    assert refuted.outcome() == "counterexample"
    scores = free.predict_proba(refuted.example()[rows.columns].astype(float))[:, 1]
    first, second = refuted.example()["income"]
    assert (scores[1] - scores[0]) * (second - first) > 0
