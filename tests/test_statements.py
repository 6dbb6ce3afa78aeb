"""What only a person can state: the questions, and how answers reach the card."""

from __future__ import annotations

import datetime as dt
from importlib.resources import files

import pytest

from explainkit.errors import PlanError
from explainkit.evidence import Evidence
from explainkit.plan import plan_from
from explainkit.report.assemble import build
from explainkit.report.html import render_html
from explainkit.statements import Answer, answered, catalogue
from tests.report.examples import credit


def test_every_question_has_an_id_of_its_own_and_a_section_of_the_card() -> None:
    questions = catalogue()
    assert len({q.id for q in questions}) == len(questions)
    sections = {section.id for section in build(credit()).sections}
    assert {q.section for q in questions} - {"gates"} <= sections  # gates stand in the summary
    assert all(q.question.endswith("?") and q.role in ("provider", "validator") for q in questions)


def test_a_question_is_asked_only_where_what_it_presupposes_holds() -> None:
    always = {s.id for s in answered({})}
    assert {s.id for s in answered({}, ("ll144", "favourable"))} - always == {"first_used", "complaints"}
    assert "first_used" in {s.id for s in answered({"first_used": "2026-01-01"})}


def test_blank_is_not_an_answer() -> None:
    (owner,) = [s for s in answered({"owner": " \n", "tier": "high"}) if s.id == "owner"]
    assert owner.answer is None


def test_an_answer_may_say_whose_it_is_and_of_when() -> None:
    plan = plan_from(
        {
            "statements": {
                "owner": {"answer": "Retail risk", "by": "A. Nowak", "date": dt.date(2026, 11, 1)},
                "tier": "high",
            }
        }
    )
    given = {key: statement.given for key, statement in plan.statements.items()}
    assert given["owner"] == Answer(text="Retail risk", by="A. Nowak", date="2026-11-01")
    assert plan.document()["statements"] == {
        "owner": {"answer": "Retail risk", "by": "A. Nowak", "date": "2026-11-01"},
        "tier": "high",
    }
    evidence = _with(given)
    assert Evidence.from_json(evidence.to_json()) == evidence
    page = render_html(evidence).decode()
    assert '<bdi data-text="statement">A. Nowak</bdi>, <bdi data-text="statement">2026-11-01</bdi>' in page


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        ({"by": "A. Nowak"}, "statements.owner.answer: field required"),
        ({"answer": "x", "when": "now"}, "statements.owner.when: unknown key; remedy: known: answer, by, date"),
        ({"answer": "x", "date": "yesterday"}, "statements.owner.date: "),
        (7, "statements.owner: "),
    ],
)
def test_what_is_no_answer(answer: object, message: str) -> None:
    with pytest.raises(PlanError) as caught:
        plan_from({"statements": {"owner": answer}})
    assert str(caught.value).startswith(message), str(caught.value)


def test_the_catalogue_is_shipped() -> None:
    assert (files("explainkit") / "statements.toml").is_file()


def _with(given: dict[str, Answer]) -> Evidence:
    from dataclasses import replace

    return replace(credit(), statements=answered(given))
