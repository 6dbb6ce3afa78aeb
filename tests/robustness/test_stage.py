"""Robustness in an audit: what the plan may say, findings, gates, pages, and what does not change without it."""

from __future__ import annotations

import lightgbm as lgb
import numpy as np
import pytest

import explainkit as ek
from explainkit.assess.findings import findings
from explainkit.errors import PlanError
from explainkit.plan import plan_from
from explainkit.robustness.stage import check
from tests.explain.properties.asking import subject_of
from tests.report.number_check import problems
from tests.robustness.asking import Asked, made_up
from tests.stages import CHEAP, is_imported, page_of

pytestmark = pytest.mark.usefixtures("front_page_alone")
INPUTS = ["income", "debt", "age", "job"]
ROWS = made_up(500)
REFERENCE = made_up(500, 4)
RECESSION = {"name": "recession", "changes": {"income": "-2sd", "debt": "+10%", "job": "cook", "age": 60}}


@pytest.fixture(scope="module")
def model() -> lgb.LGBMClassifier:
    return lgb.LGBMClassifier(n_estimators=15, num_leaves=7, verbose=-1, n_jobs=1).fit(ROWS[INPUTS], ROWS["bad"])


def audited(model, **tables) -> ek.Release:
    rows = ROWS[INPUTS].copy()
    rows.loc[:99, "debt"] += 50  # planted: off the data
    return ek.audit(
        model,
        rows,
        ROWS["bad"],
        positive=1,
        favourable=0,
        threshold=">=0.5",
        sensitive=ROWS[["sex"]],
        reference=REFERENCE[INPUTS],
        plan=CHEAP | {"fairness": {"basis": {"sex": "for a test"}}} | tables,
    )


@pytest.fixture(scope="module")
def release(model) -> ek.Release:
    return audited(
        model,
        robustness={"rows": 400, "search": 20},
        scenarios=[RECESSION],
        load={"seconds": 0.05, "repeats": 10},
        features={"debt": {"noise": 3.0}, "income": {"noise": 0.01}, "age": {"noise": 0.1}},
        gates={
            "robustness.flips[change=noise]": {"max": 0.01, "bound": "low", "severity": "warn"},
            "robustness.scenario.flips[scenario=recession]": {"max": 1},
        },
    )


def test_gates_hold_robustness(release: ek.Release) -> None:
    assert [gate.outcome for gate in release.evidence.gates] == ["failed", "passed"]


def test_what_crosses_a_limit_is_a_finding(release: ek.Release) -> None:
    found = {(f.kind, f.columns): f for f in release.evidence.findings if f.kind in ("fragile", "stress", "off_data")}
    assert found["fragile", ("debt",)].figure == "robustness.flips[change=noise,feature=debt]"
    assert found["fragile", ()].figure == "robustness.flips[change=noise]"
    assert ("fragile", ("age",)) not in found
    assert found["stress", ()].limit == "limits.scenario_flips"
    assert found["off_data", ()].figure == "robustness.off_data.rows"


def test_noise_by_convention_is_no_finding(model) -> None:
    given = {
        "model": {"positive": 1, "threshold": ">=0.5"},
        "limits": {"noise_flips": 0.0},
        "robustness": {"search": 0},
    }
    asked = Asked(model, ROWS[INPUTS], INPUTS, features={"debt": {"noise": 1.0}}, **given)
    assert asked.figure("flips", change="noise").low > 0
    found = findings(asked.figures, asked.plan, asked.subject)
    assert [f.columns for f in found if f.kind == "fragile"] == [("debt",)]


def test_the_same_plan_gives_the_same_figures(release: ek.Release, model) -> None:
    again = audited(
        model, **{k: v for k, v in release.evidence.plan.items() if k in ("robustness", "scenarios", "features")}
    )
    here, there = ([f for f in r.evidence.figures if f.name.startswith("robustness.")] for r in (release, again))
    assert here == there
    assert here


@pytest.mark.parametrize("language", ["en", "de"])
def test_the_section(release: ek.Release, language: str) -> None:
    html, evidence, page = page_of(release.evidence, language)
    said = {
        "en": (
            "When inputs change",
            "Worst small changes, found by search",
            "recession: age = 60, debt +10%, income -2sd, job cook",
            "rows unlike every row of the reference data",
            "scenarios flip decisions: recession",
            "noise flips decisions:",
            "Rows in a batch",
        ),
        "de": (
            "Wenn sich Eingaben ändern",
            "durch Suche gefunden",
            "Szenarien kippen Entscheidungen",
            "Abseits der Daten",
        ),
    }
    assert [text for text in said[language] if text not in page] == []
    if language == "en":
        assert problems(html, evidence) == []


@pytest.mark.parametrize(
    ("tables", "message"),
    [
        ({"features": {"job": {"noise": 1.0}}}, "only a number has noise.*category"),
        ({"features": {"debt": {"noise": 0}}}, "greater than 0"),
        ({"robustness": {"row": 100}}, "unknown key.*rows"),
        ({"scenarios": [{"name": "s", "changes": {}}]}, "at least 1"),
        ({"scenarios": [{"name": "s", "changes": {"debt": float("inf")}}]}, "finite"),
        ({"scenarios": [{"name": "s", "changes": {"dept": 1}}]}, "no such input.*debt"),
    ],
)
def test_what_a_plan_may_not_say(model, tables: dict, message: str) -> None:
    def asked() -> None:
        plan = plan_from({"data": {"features": INPUTS}} | tables)
        check(subject_of(model, ROWS[INPUTS], plan), plan)

    with pytest.raises(PlanError, match=message):
        asked()


@pytest.mark.parametrize("tables", [{"robustness": {}}, {"scenarios": [RECESSION]}, {"load": {}}])
def test_scores_alone_cannot_be_asked(tables: dict) -> None:
    plan = plan_from({"data": {"score": "debt"}, "model": {"positive": 1}} | tables)
    subject = subject_of(None, ROWS.assign(debt=np.linspace(0, 1, len(ROWS))), plan)
    with pytest.raises(PlanError, match="none is given|no model"):
        check(subject, plan)


def test_a_plan_without_it_costs_nothing_and_says_so(model) -> None:
    assert not is_imported("explainkit.robustness")
    evidence = audited(model).evidence
    assert not [f.id for f in evidence.figures if f.name.startswith(("robustness.", "load."))]
    reasons = [e.reason for e in evidence.ledger if e.what in ("robustness to changed and unusual inputs", "load")]
    assert [r.startswith("the plan does not ask for it") for r in reasons] == [True, True]
