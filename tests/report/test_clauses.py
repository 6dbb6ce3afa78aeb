"""Clauses: the mapping files, and a card held against them."""

from __future__ import annotations

import dataclasses
import datetime as dt
from fnmatch import fnmatchcase

import pytest

from explainkit.assess.figure_names import NAMES
from explainkit.errors import PlanError
from explainkit.evidence import Evidence
from explainkit.plan import plan_from
from explainkit.report.assemble import build
from explainkit.report.clauses.mapping import Clause, Regime, check_clauses, regimes
from explainkit.report.clauses.standing import Standing, standings
from explainkit.report.html import render_html
from explainkit.report.places import places
from explainkit.statements import answered, catalogue
from tests.report import examples
from tests.report.number_check import problems

KEYS = {
    "ccd-2023-2225",
    "colorado-sb-26-189",
    "crr-174-185",
    "eba-gl-2020-06",
    "eu-ai-act",
    "gdpr",
    "iso-42001",
    "model-cards-2019",
    "nist-ai-rmf",
    "nyc-ll144",
    "reg-b",
    "sr-26-2",
    "ss1-23",
}


@pytest.fixture(scope="module")
def evidence() -> Evidence:
    return examples.credit()


def regime(**clause: object) -> Regime:
    given = {"id": "1", "asks": "something", "read": "primary", **clause}
    return Regime(
        key="x", name="X", title="X", state="2026-01-01", mapped="2026-11-28", applies=None, clauses=(Clause(**given),)
    )


def standing(evidence: Evidence, **clause: object) -> Standing:
    (found,) = standings(evidence, regime(**clause), places(build(evidence).sections))
    return found


# The files


def test_every_regime_of_the_design_is_mapped() -> None:
    assert {r.key for r in regimes()} == KEYS


@pytest.mark.parametrize("found", regimes(), ids=lambda r: r.key)
def test_a_mapping_names_what_there_is(found: Regime) -> None:
    questions = {q.id for q in catalogue()}
    assert len({c.id for c in found.clauses}) == len(found.clauses)
    assert dt.date.fromisoformat(found.state)
    assert dt.date.fromisoformat(found.mapped) >= dt.date(2026, 11, 1)
    for clause in found.clauses:
        assert 10 <= len(clause.asks) <= 160, clause.id
        assert clause.source or clause.read != "primary", f"{clause.id}: where was it read?"
        assert set(clause.statements) <= questions, clause.id
        for pattern in clause.figures:
            assert any(fnmatchcase(name, pattern) for name in NAMES), (clause.id, pattern)


def test_no_mapping_claims_more_than_evidence() -> None:
    for found in regimes():
        for clause in found.clauses:
            text = f"{clause.asks} {clause.lacks} {clause.outside}".casefold()
            assert "compliant" not in text
            assert "complies" not in text


# A card held against them


def test_all_that_is_asked_for_is_evidence(evidence: Evidence) -> None:
    found = standing(evidence, figures=("performance.*",), statements=("owner",), parts=("cases",))
    assert (found.state, found.missing) == ("evidence", ())
    assert {"performance", "governance", "cases"} <= found.sections
    assert "summary" not in found.sections


def test_what_is_missing_is_named(evidence: Evidence) -> None:
    blank = dataclasses.replace(evidence, statements=answered({}))
    found = standing(blank, figures=("performance.*", "ll144.*"), statements=("owner",), parts=("opinion",))
    assert (found.state, found.missing) == ("partly", ("ll144.*", "statement:owner", "part:opinion"))
    nothing = standing(blank, figures=("ll144.*",), statements=("owner",))
    assert (nothing.state, nothing.sections) == ("gap", frozenset())


def test_what_no_card_holds_makes_it_partly(evidence: Evidence) -> None:
    assert standing(evidence, statements=("owner",), lacks="drift").state == "partly"
    assert standing(evidence, lacks="drift").state == "gap"


@pytest.mark.parametrize("read", ["secondary", "memory"])
def test_a_clause_whose_text_was_not_read_is_unmapped(evidence: Evidence, read: str) -> None:
    assert standing(evidence, read=read, statements=("owner",)).state == "unmapped"
    assert standing(evidence, read=read, outside="elsewhere").state == "unmapped"


def test_a_figure_that_was_not_measured_is_no_evidence(evidence: Evidence) -> None:
    figures = tuple(
        dataclasses.replace(f, value=None, low=None, high=None, status="suppressed", reason="small")
        if f.name == "fairness.impact_ratio"
        else f
        for f in evidence.figures
    )
    hidden = dataclasses.replace(evidence, figures=figures)
    assert standing(evidence, figures=("fairness.impact_ratio",)).state == "evidence"
    assert standing(hidden, figures=("fairness.impact_ratio",)).state == "gap"


def test_the_plan_says_what_does_not_apply(evidence: Evidence) -> None:
    plan = {**evidence.plan, "clauses": {"x": {"1": "no product"}}}
    found = standing(dataclasses.replace(evidence, plan=plan), statements=("owner",))
    assert (found.state, found.reason) == ("not applicable", "no product")


# On the card


@pytest.mark.parametrize("make", [examples.credit, examples.species, examples.diabetes, examples.scores_only])
def test_every_measured_figure_is_printed_somewhere(make) -> None:
    made = make()
    printed = places(build(made).sections)
    assert {f.name for f in made.figures if f.status == "measured"} <= set(printed)


def test_the_card_prints_the_clauses_of_named_regimes_on_paper(evidence: Evidence) -> None:
    key = "eu-ai-act"
    named = dataclasses.replace(evidence, plan={**evidence.plan, "card": {"regimes": [key]}})
    (section,) = [s for s in build(named).sections if s.id == "clauses"]
    groups = [b for b in section.blocks if b.kind == "group"]
    assert len(groups) == len(KEYS)
    assert [g.screen_only for g in groups] == [False] + [True] * (len(KEYS) - 1)
    page = render_html(named)
    assert problems(page, named) == []
    assert page.decode().count("Annex IV(2)(g)") == 1


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ({"card": {"regimes": ["eu-ai"]}}, "card.regimes: no such regime; found 'eu-ai'"),
        ({"clauses": {"eu-ai-act": {"Annex IV(2)(z)": "x"}}}, "clauses.eu-ai-act: no such clause"),
    ],
)
def test_a_regime_or_clause_that_is_not_mapped_is_an_error(document: dict, message: str) -> None:
    with pytest.raises(PlanError) as caught:
        check_clauses(plan_from(document))
    assert str(caught.value).startswith(message)


def test_a_clause_without_a_reason_is_an_error() -> None:
    with pytest.raises(PlanError, match=r"clauses\.gdpr"):
        plan_from({"clauses": {"gdpr": {"Art. 22": ""}}})
