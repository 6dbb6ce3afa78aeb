"""Periods, segments, in and out of sample, and simple models on the page: every number from card.json."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from explainkit.evidence import Evidence
from explainkit.report import time_charts
from explainkit.report.html import render_html
from explainkit.report.reader import Reader
from explainkit.report.sections import tiles
from tests.assess.benchmarks.test_benchmarks import measured as against_simple_models
from tests.assess.over_time.test_over_time import PERIOD, SEGMENT, Y
from tests.assess.over_time.test_over_time import measured as by_part
from tests.assess.over_time.test_samples import measured as by_sample
from tests.report import examples
from tests.report.number_check import Page, problems


def card_of(*found, plan=None) -> Evidence:
    """The credit example with figures and series of its own."""
    base = examples.credit()
    fresh = {f.id: f for measured in found for f in measured.figures}
    shown = {s.id: s for measured in found for s in measured.series}
    return dataclasses.replace(
        base,
        figures=(*(f for f in base.figures if f.id not in fresh), *fresh.values()),
        series=(*base.series, *shown.values()),
        plan={**base.plan, **(plan or {"data": {"segment": "branch"}})},
    )


def samples_alone(**given):
    """Figures in and out of sample, without those of the periods that they were measured with."""
    found = by_sample(**given)
    return dataclasses.replace(
        found, figures=tuple(f for f in found.figures if f.name.startswith("sample.")), series=()
    )


def page_of(evidence: Evidence) -> str:
    evidence = Evidence.from_json(evidence.to_json())
    html = render_html(evidence)
    assert problems(html, evidence) == []
    return " ".join(Page(html).root.text.split())


def test_every_number_is_that_of_the_evidence_and_the_latest_period_comes_first():
    text = page_of(card_of(by_part(segments=SEGMENT), samples_alone(), against_simple_models()))
    assert "AUC of the latest period, 2024-Q3, differs by" in text
    assert "from that of all earlier rows (2024-Q1 to 2024-Q2)" in text
    table = text[text.index("Period, the latest first") :]
    assert table.index("2024-Q3") < table.index("2024-Q2") < table.index("2024-Q1")
    for said in ("By segment", "north", "In sample and out of it", "out of time: evaluation rows later than"):
        assert said in text
    assert "best single feature, amount" in text
    assert "logistic regression" in text
    assert "Against simple models" in text


def test_a_period_of_one_class_says_why_on_the_page():
    text = page_of(card_of(by_part(labels=np.where(PERIOD == "2024-Q3", 0.0, Y))))
    assert "the outcomes of these rows are all of one class" in text
    assert "AUC of the latest period" not in text


def test_what_could_not_be_measured_stands_there_with_its_reason():
    text = page_of(card_of(samples_alone(train=None), against_simple_models(labels=np.full(800, np.nan))))
    assert "not tested: there is no reference data (data.reference)" in text
    assert "no reference row has an outcome to learn from" in text


def test_page_one_tells_the_change_in_the_latest_period():
    with_periods = tiles.key_figures(Reader(card_of(by_part())))
    without = tiles.key_figures(Reader(examples.credit()))
    last = with_periods[-1]
    assert [p.text for p in last.title] == ["change of AUC in the latest period"]
    (value,) = last.value
    assert value.figure.id == "period.change[measure=roc_auc]"
    assert "2024-Q3" in "".join(getattr(p, "text", "") for p in last.note)
    assert with_periods[:-1] == without[:-1]
    assert "residual" in "".join(p.text for p in without[-1].title)
    refused = tiles.key_figures(Reader(card_of(by_part(labels=None))))[-1]
    assert "data.target" in "".join(p.text for p in refused.note)


@pytest.mark.parametrize("count", [1, 2, 120])
def test_the_chart_names_the_latest_period_whatever_their_number(count):
    moments = [time_charts.Moment(name=f"20{i:02d}-Q1", value=0.5 + i / 1000) for i in range(count)]
    moments[0] = dataclasses.replace(moments[0], value=None)
    svg = time_charts.over_time(moments, vertical="AUC").decode()
    assert f"20{count - 1:02d}-Q1" in svg
    assert svg.count("-Q1") < 12
