"""Weak segments, the champion and its gates on the page: every number from card.json, and plain words for gaps."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from explainkit.assess import champion
from explainkit.assess.fairness import fairness
from explainkit.assess.gates import evaluate
from explainkit.assess.performance import performance
from explainkit.assess.segments import slices
from explainkit.evidence import Evidence
from explainkit.figures import FigureSet
from explainkit.plan import Plan, plan_from
from explainkit.report.html import render_html
from tests.assess.builders import dataset, group, subject_of
from tests.assess.segments.test_slices import frame_of, planted, subject
from tests.assess.test_champion import OLD, OWN, SEX, Y
from tests.report import examples
from tests.report.number_check import Page, problems

PLAN = plan_from(
    {
        "champion": {"score": "old", "threshold": ">=0.4", "name": "scorecard 7"},
        "gates": {
            "performance.roc_auc": {"no_worse_than_champion": True, "margin": 0.02},
            "performance.brier": {"no_worse_than_champion": True},
            "fairness.accuracy": {"no_worse_than_champion": True},
        },
    }
)


def card_of(figures: tuple, plan: Plan = PLAN) -> Evidence:
    """The credit example with figures of its own, and gates held against them."""
    base = examples.credit()
    fresh = {f.id for f in figures}
    kept = (f for f in base.figures if f.id not in fresh and not f.name.startswith("fairness."))
    every = (*kept, *figures)
    gates = evaluate(plan.gates, FigureSet(every))
    document = {**base.plan, **plan.document()}
    return dataclasses.replace(base, figures=every, gates=gates, plan=document)


def text_of(evidence: Evidence) -> str:
    return " ".join(Page(render_html(Evidence.from_json(evidence.to_json()))).root.text.split())


def found_segments(**given: object) -> tuple:
    frame, wrong = planted()
    return slices.measure(subject(frame, wrong, **given), plan_from({})).figures


def compared() -> tuple:
    frame = pd.DataFrame({"old": OLD})
    whole = subject_of(OWN, Y, evaluation=dataset(frame), groups=[group("sex", SEX)])
    return (
        *performance.measure(whole).figures,
        *fairness.measure(whole, PLAN.fairness).figures,
        *champion.measure(whole, PLAN).figures,
    )


@pytest.mark.parametrize("weighted", [False, True])
def test_every_number_of_segments_and_champion_is_that_of_the_evidence(weighted: bool) -> None:
    weights = np.linspace(0.5, 2, 3000) if weighted else None
    evidence = Evidence.from_json(card_of((*found_segments(weights=weights), *compared())).to_json())
    assert problems(render_html(evidence), evidence) == []


def test_the_worst_segment_is_a_sentence() -> None:
    text = text_of(card_of((*found_segments(), *compared())))
    assert "Where errors are largest" in text
    assert "Errors exceed those elsewhere most clearly where" in text
    assert "savings = none" in text
    assert "adjusted for the search over" in text
    assert "Adjusted p" in text
    weighted = text_of(card_of((*found_segments(weights=np.linspace(0.5, 2, 3000)), *compared())))
    assert "adjusted for the search over" not in weighted


def test_the_page_is_paper_too(render_strictly: Callable[[Evidence], bytes]) -> None:
    assert render_strictly(card_of((*found_segments(), *compared())))[:5] == b"%PDF-"


def test_no_segment_says_why() -> None:
    frame = frame_of(300, np.random.default_rng(1))
    figures = slices.measure(subject(frame, np.zeros(300)), plan_from({})).figures
    assert "the errors of all rows are equal" in text_of(card_of((*figures, *compared())))


def test_gates_against_the_champion_stand_on_the_page() -> None:
    text = text_of(card_of(compared()))
    assert "Against the champion" in text
    assert "scorecard 7" in text
    assert "≥ champion − 0.02" in text
    assert "≤ champion" in text
    assert "Accuracy, worst: sex: " in text
