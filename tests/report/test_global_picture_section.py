"""The global picture on the page: every number from card.json, charts with words and tables, gaps with reasons."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from explainkit.evidence import Column, Evidence, Measured
from explainkit.report.assemble import build
from explainkit.report.card import Beside, Block, Chart, Group, Section, Table
from explainkit.report.html import render_html
from tests.assess.builders import dataset, subject_of
from tests.explain.doors import Door, outcomes, table
from tests.explain.effects.test_picture import picture, subject
from tests.report import examples
from tests.report.number_check import Page, place_of, problems

ROWS = table(160)


def evidence_of(measured: Measured, base: Evidence) -> Evidence:
    """An example that holds the global picture of another model in the place of its own explanations."""
    columns = tuple(
        Column(name=n, kind="category" if n in ("purpose", "owner") else "number", roles=("feature",))
        for n in ROWS.columns
    )
    dropped = ("explanation.permutation", "explanation.pdp", "explanation.ale", "explanation.interaction")
    return dataclasses.replace(
        base,
        columns=(*columns, *(c for c in base.columns if c.name not in ROWS.columns)),
        figures=(*(f for f in base.figures if not f.name.startswith(dropped)), *measured.figures),
        series=(*base.series, *measured.series),
        ledger=(*base.ledger, *(dataclasses.replace(e, count=None) for e in measured.ledger)),
    )


def _binary(**given: Any) -> Measured:
    door = Door(
        None,
        lambda x: 1 / (1 + np.exp(3 - x["age"] / 20 - x["rate"].fillna(1) * x["owner"] - (x["purpose"] == "car"))),
        task="binary",
        classes=(0, 1),
    )
    return picture(subject(door, ROWS, outcomes(ROWS, "binary")), **given)


def _interactions() -> Any:
    phi = np.random.default_rng(0).normal(size=(20, 5, 5, 1))
    return (phi + phi.swapaxes(1, 2)) / 2


def _several() -> Measured:
    def shares(x: Any) -> Any:
        raw = np.exp(np.column_stack([x["age"] / 20, x["owner"] * 2, np.ones(len(x)) * 2]))
        return raw / raw.sum(axis=1, keepdims=True)

    door = Door(None, shares, task="multiclass", classes=("setosa", "versicolor", "virginica"))
    return picture(subject(door, ROWS, np.arange(160) % 3))


def _regression() -> Measured:
    door = Door(None, lambda x: x["age"] * 2.5 + x["amount"].to_numpy() / 99, task="regression")
    return picture(subject(door, ROWS, outcomes(ROWS, "regression")))


CASES: dict[str, Callable[[], Evidence]] = {
    "binary": lambda: evidence_of(_binary(), examples.credit()),
    "interactions": lambda: evidence_of(_binary(interactions=_interactions()), examples.credit()),
    "several": lambda: evidence_of(_several(), examples.species()),
    "regression": lambda: evidence_of(_regression(), examples.diabetes()),
}


@pytest.fixture(scope="module", params=list(CASES))
def evidence(request: pytest.FixtureRequest) -> Evidence:
    """Each case, as read back from its card.json."""
    return Evidence.from_json(CASES[request.param]().to_json())


def flat(blocks: tuple[Block, ...]) -> list[Block]:
    found: list[Block] = []
    for block in blocks:
        found.append(block)
        if isinstance(block, Group):
            found += flat(block.blocks)
        if isinstance(block, Beside):
            found += flat(block.left + block.right)
    return found


def section_of(evidence: Evidence) -> Section:
    return next(s for s in build(evidence).sections if s.id == "explanation")


def test_every_number_comes_from_the_evidence(evidence: Evidence) -> None:
    assert problems(render_html(evidence), evidence) == []


def test_charts_have_words_and_numbers(evidence: Evidence) -> None:
    blocks = flat(section_of(evidence).blocks)
    charts = [b for b in blocks if isinstance(b, Chart) and b.width == "half"]
    assert len(charts) >= 8
    for chart in charts:
        assert chart.alt
        assert isinstance(chart.data, Table)
        assert chart.data.rows
    headings = {"".join(getattr(p, "text", "") for p in b.title) for b in blocks if isinstance(b, Group)}
    assert {"What shuffling an input costs", "How the answer depends on single inputs"} <= headings
    assert "Which inputs work together" in headings


def test_tables_of_curves_hold_every_point(evidence: Evidence) -> None:
    page = Page(render_html(evidence))
    printed = {place_of(e) for e in page.named("data") if "data-figure" not in e.attributes}
    curves = [s for s in evidence.series if s.id.startswith(("explanation.pdp", "explanation.ale"))]
    assert curves
    for series in curves:
        for column, values in series.columns:
            if series.id.startswith("explanation.ale") and column == "value":
                continue  # they stand at values of the other curve's grid
            for row, value in enumerate(values):
                if isinstance(value, int | float):
                    assert (series.id, column, str(row)) in printed


def test_the_page_is_paper_too(render_strictly: Callable[[Evidence], bytes]) -> None:
    assert render_strictly(CASES["binary"]())[:5] == b"%PDF-"


def test_gaps_say_why() -> None:
    blind = Door(None, lambda x: np.ones(len(x)), task="regression")
    measured = picture(subject_of([1.0] * 5, task="regression", model=blind, evaluation=dataset(ROWS.iloc[:5]),
                                  features=tuple(ROWS.columns), threshold=None))  # fmt: skip
    text = Page(render_html(evidence_of(measured, examples.diabetes()))).root.text
    assert "the data has no outcome (data.target)" in text
    assert "fewer than 10 rows" in text
    assert "interaction values were not computed for this model" in text


def test_an_evidence_without_it_has_no_empty_headings() -> None:
    text = Page(render_html(examples.scores_only())).root.text
    for heading in ("What shuffling an input costs", "How the answer depends", "Which inputs work together"):
        assert heading not in text
