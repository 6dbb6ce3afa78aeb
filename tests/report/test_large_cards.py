"""Cards of many features, classes, groups or cases stay bounded, and say what they leave out."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

import pytest

from explainkit.evidence import Evidence
from explainkit.figures import Figure, Series, figure_id, parse_figure_id
from explainkit.report.assemble import build
from explainkit.report.html import render_html
from explainkit.report.templating import document
from tests.real_cards import evidence_of
from tests.report.number_check import Page

pytestmark = pytest.mark.slow
long = pytest.mark.skipif("EXPLAINKIT_LONG_TESTS" not in os.environ, reason="takes minutes: EXPLAINKIT_LONG_TESTS=1")

T = TypeVar("T", Figure, Series)
OF_CLASSES = ("class", "output", "actual", "decided")
BOUNDED = ("explanation.pdp", "explanation.ale", "explanation.dependence", "explanation.interaction")
"""What is measured for a few classes only, however many there are."""


def multiplied(evidence: Evidence, like: Mapping[str, str], names: Sequence[str]) -> Evidence:
    """The evidence with every figure of one feature, class, group or case again for each of more names.

    Parameters
    ----------
    evidence : Evidence
        Of a real case.
    like : mapping of str to str
        Keys in ids, and the value of them that is copied.
    names : sequence of str
        The new values.
    """

    def more(things: Iterable[T]) -> tuple[T, ...]:
        found = list(things)
        for thing in tuple(found):
            name, keys = parse_figure_id(thing.id)
            hit = [key for key, value in keys.items() if like.get(key) == value]
            if hit and not ("output" in like and name.startswith(BOUNDED)):
                ids = (figure_id(name, {**keys, **dict.fromkeys(hit, new)}) for new in names)
                found.extend(dataclasses.replace(thing, id=i) for i in ids)
        return tuple(found)

    columns = [dataclasses.replace(c, name=n) for c in evidence.columns if c.name == like.get("column") for n in names]
    cases = [dataclasses.replace(c, key=n) for c in evidence.cases if c.key == like.get("case") for n in names]
    return dataclasses.replace(
        evidence,
        figures=more(evidence.figures),
        series=more(evidence.series),
        columns=(*evidence.columns, *columns),
        cases=(*evidence.cases, *cases),
        outputs=(*evidence.outputs, *(names if "output" in like else ())),
    )


def features(evidence: Evidence) -> Evidence:
    keys = ("feature", "column", "with")
    return multiplied(evidence, dict.fromkeys(keys, "dependants"), [f"input {i}" for i in range(483)])


def groups(evidence: Evidence) -> Evidence:
    return multiplied(evidence, {"age": "below 26"}, [f"band {i}" for i in range(297)])


def cases(evidence: Evidence) -> Evidence:
    return multiplied(evidence, {"case": evidence.cases[0].key}, [str(5000 + i) for i in range(195)])


def classes(evidence: Evidence) -> Evidence:
    return multiplied(evidence, dict.fromkeys(OF_CLASSES, "second"), [f"grower {i}" for i in range(57)])


@pytest.mark.parametrize(
    ("name", "large", "left_out"),
    [
        pytest.param("credit", features, "more rows stand in card.html and card.json", marks=long),
        ("credit", groups, "more rows stand in card.html and card.json"),
        ("credit", cases, "180 more cases are not printed: card.html and card.json have them"),
        pytest.param("wine", classes, "54 more classes stand in card.json", marks=long),
    ],
)
def test_a_large_card_stays_bounded_and_says_so(
    real_card: Callable[[str], Path], name: str, large: Callable[[Evidence], Evidence], left_out: str
) -> None:
    evidence = evidence_of(real_card(name))
    card = build(large(evidence))
    assert len(render_html(evidence, card=card)) < 6_000_000
    paper = Page(document(card, medium="paper", style="", policy=None).encode())
    assert len(paper.named("tr")) < 2_000
    assert len(paper.named("img")) < 80
    assert left_out in " ".join(paper.root.text.split())
