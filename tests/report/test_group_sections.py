"""Decisions made, groups known by probabilities, and the smallest ratio: on the page, and from the evidence."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from explainkit.assess.fairness import actual_decisions, fairness, proxy_bounds
from explainkit.assess.fairness.shown import groupings_of
from explainkit.evidence import Evidence
from explainkit.figures import Figure
from explainkit.load.subject import ProxyColumn
from explainkit.plan import FairnessPlan, LocalLaw144Plan
from explainkit.report.html import render_html
from explainkit.report.phrases import is_reference
from explainkit.report.reader import Reader
from explainkit.report.sections import tiles
from explainkit.report.sections.fairness import chosen, smallest
from explainkit.report.sentences import plain
from tests.assess.builders import group, subject_of
from tests.report import examples
from tests.report.number_check import Page, problems

PROXIES = {"race": {"columns": {"white": "p", "black": "q"}, "reference": "white", "source": "a census"}}


def card_of(figures, **plan) -> Evidence:
    base = examples.credit()
    kept = tuple(f for f in base.figures if not f.name.startswith("fairness."))
    document = {**base.plan, **plan}
    return Evidence.from_json(dataclasses.replace(base, figures=(*kept, *figures), plan=document).to_json())


def text_of(evidence: Evidence) -> str:
    page = render_html(evidence)
    assert problems(page, evidence) == []
    return " ".join(Page(page).root.text.split())


def subject(groups=()):
    rng = np.random.default_rng(3)
    scores, chance = rng.random(400), rng.random(400)
    found = subject_of(scores, (rng.random(400) < scores).astype(float), groups=groups)
    race = ProxyColumn(
        name="race",
        levels=("white", "black"),
        chances=np.column_stack([1 - chance, chance]),
        reference="white",
        basis="for a test",
    )
    rows = dataclasses.replace(found.rows, actual=(rng.random(400) < 0.6).astype(float), proxies=(race,))
    return dataclasses.replace(found, rows=rows)


@pytest.mark.parametrize("sensitive", [True, False])
def test_what_was_measured_is_printed_with_and_without_a_sensitive_column(sensitive):
    names = np.random.default_rng(4).choice(["female", "male"], 400)
    what, plan = subject([group("marital_status", names)] if sensitive else []), FairnessPlan()
    found = groupings_of(what, plan, LocalLaw144Plan())
    figures = (
        *(fairness.measure(what, plan, found=found).figures if sensitive else ()),
        *actual_decisions.measure(what, plan, found).figures,
        *proxy_bounds.measure(what, min_cell=10).figures,
    )
    text = text_of(card_of(figures, decisions={"column": "granted", "favourable": "yes"}, proxies=PROXIES))
    assert "What was decided in fact (column granted)" in text
    assert "Overridden to unfavourable" in text
    assert "By probabilities of race" in text
    assert "Source of the probabilities: a census." in text
    assert ("marital_status: female" in text) == sensitive


def test_a_proxy_without_basis_has_its_reason_and_no_table():
    what = subject()
    (race,) = what.rows.proxies
    bare = dataclasses.replace(race, basis=None)
    what = dataclasses.replace(what, rows=dataclasses.replace(what.rows, proxies=(bare,)))
    text = text_of(card_of(proxy_bounds.measure(what, min_cell=10).figures, proxies=PROXIES))
    assert "no legal basis is stated for the column" in text
    assert "All that is certain" not in text


def ratios(rates, **plan):
    """A card of groups with these selection rates, of 200 rows each."""
    names = np.repeat(list(rates), 200)
    scores = np.concatenate([np.where(np.arange(200) < 200 * rate, 0.1, 0.9) for rate in rates.values()])
    what = subject_of(scores, groups=[group("marital_status", names)])
    return card_of(fairness.measure(what, FairnessPlan(**plan)).figures)


def tile_of(evidence):
    (tile,) = [t for t in tiles.key_figures(Reader(evidence)) if plain(t.title) == "smallest impact ratio"]
    return plain(tile.value), plain(tile.interval), plain(tile.note)


def test_the_smallest_ratio_has_the_interval_that_allows_for_its_choice():
    evidence = ratios({"a": 0.5, "b": 0.45, "c": 0.4})
    reader = Reader(evidence)
    figure = smallest(reader)
    overall = chosen(reader, figure)
    assert (figure.keys["marital_status"], overall.value) == ("c", figure.value)
    assert overall.high - overall.low > figure.high - figure.low
    value, ends, note = tile_of(evidence)
    assert value == "0.800"
    assert ends.startswith(f"{overall.low:.3f}"[:4])
    assert "c against a, n = 200, events 80" in note
    assert "with its choice allowed for" in text_of(evidence)


def test_a_reference_that_is_worst_off_is_not_put_down_to_another_group():
    evidence = ratios({"a": 0.3, "b": 0.45, "c": 0.4}, reference={"marital_status": "a"})
    reader = Reader(evidence)
    figure = smallest(reader)
    assert figure.keys["marital_status"] == "c"
    assert chosen(reader, figure) is None  # the smallest of all is the reference's own ratio of one
    value, _, note = tile_of(evidence)
    assert value == "1.333"
    assert "c against a, chosen after looking" in note


@pytest.mark.parametrize(
    ("levels", "expected"),
    [(["White", "Male"], True), (["Male", "White"], True), (["White", "Female"], False), (["White × Male"], False)],
)
def test_an_intersection_is_its_reference_in_any_order(levels, expected):
    figure = Figure(id="fairness.impact_ratio[race=White,sex=Male]", value=1.0, reference="Male × White (stated)")
    assert is_reference(figure, levels) == expected
