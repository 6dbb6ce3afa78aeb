"""The public summary has the look of its card, and nothing else of the house."""

from __future__ import annotations

import dataclasses
import io
import json
from importlib.resources import files

import pikepdf
import pytest
from jsonschema import Draft202012Validator

from explainkit.evidence import Evidence
from explainkit.house import House
from explainkit.house.logo import logo_from
from explainkit.public import PublicLook, Summary, summarised
from explainkit.report.public import build_summary, render_summary
from tests.house.pictures import SVG
from tests.report import examples
from tests.report.number_check import Page, problems

LOOK = {"organisation": "Bank of Examples", "accent": "#7a1f5c", "logo": "logo.svg"}


@pytest.fixture(scope="module")
def evidence() -> Evidence:
    credit = examples.credit()
    house = House(logo=logo_from("logo.svg", SVG.encode()))
    return dataclasses.replace(credit, plan={**credit.plan, "look": LOOK}, house=house)


def test_it_has_name_colours_and_logo_from_its_own_json(evidence: Evidence) -> None:
    made = summarised(evidence, evidence.to_json())
    schema = json.loads((files("explainkit") / "schemas" / "summary-1.schema.json").read_text("utf-8"))
    document = json.loads(made.to_json())
    assert [error.message for error in Draft202012Validator(schema).iter_errors(document)] == []
    summary = Summary.from_json(made.to_json())
    assert summary == made
    html, pdf = render_summary(summary)
    assert problems(html, summary.as_evidence()) == []
    text = html.decode()
    assert "Bank of Examples · Public summary" in text
    assert "#7a1f5c" in text
    assert "#1f5a8c" not in text
    (logo,) = Page(html).named("img")
    assert logo.attributes["alt"] == "Bank of Examples"
    with pikepdf.open(io.BytesIO(pdf)) as opened:
        told = [str(o.Alt) for o in opened.objects if isinstance(o, pikepdf.Dictionary) and o.get("/S") == "/Figure"]
    assert "Bank of Examples" in told


def test_without_a_look_it_stays_what_it_was(evidence: Evidence) -> None:
    plain = examples.credit()
    summary = summarised(plain, plain.to_json())
    assert summary.look is None
    assert "look" not in json.loads(summary.to_json())
    # One that was written before there was a look is read, and looks as it did.
    assert build_summary(Summary.from_json(summary.to_json())).look == build_summary(summary).look
    coloured = summarised(evidence, plain.to_json())
    assert dataclasses.replace(coloured, look=None) == summary


def test_templates_and_sections_stay_with_the_card(evidence: Evidence) -> None:
    look = {**LOOK, "sections": ["annex"], "templates": "templates"}
    own = dataclasses.replace(evidence, plan={**evidence.plan, "look": look})
    assert summarised(own, b"").look == PublicLook(
        organisation="Bank of Examples", accent="#7a1f5c", logo=evidence.house.logo if evidence.house else None
    )
