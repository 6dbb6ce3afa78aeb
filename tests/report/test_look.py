"""The house look: colours and a name, on page, paper and drawings; nothing else changes."""

from __future__ import annotations

import dataclasses
import io
import re

import pikepdf
import pytest

from explainkit.errors import PlanError
from explainkit.plan import plan_from
from explainkit.plan.look import contrast
from explainkit.report.html import render_html
from explainkit.report.look import Look, look_of
from tests.report import examples
from tests.report.number_check import problems

LOOK = {"organisation": "Bank <of> Examples", "accent": "#7a1f5c", "attention": "#7a4d00"}


def page(look: dict[str, str] | None) -> str:
    evidence = examples.scores_only()
    plan = evidence.plan if look is None else {**evidence.plan, "look": look}
    evidence = dataclasses.replace(evidence, plan=plan)
    made = render_html(evidence)
    assert problems(made, evidence) == []
    return made.decode()


@pytest.mark.parametrize(
    ("one", "other", "ratio"),
    # White on black, and the two greys and the red that the understanding documents of WCAG give.
    [
        ("#ffffff", "#000000", 21),
        ("#777777", "#ffffff", 4.48),
        ("#767676", "#ffffff", 4.54),
        ("#ff0000", "#ffffff", 4.0),
    ],
)
def test_contrast_is_that_of_wcag(one: str, other: str, ratio: float) -> None:
    assert contrast(one, other) == contrast(other, one) == pytest.approx(ratio, abs=0.005)


def test_our_colours_give_way_everywhere() -> None:
    made = page(LOOK)
    for ours in ("#1f5a8c", "#9dbad3", "#eef3f7", "#7fb4de", "#5f9fd3", "#a84a08", "#b5520b", "#f0a060"):
        assert ours not in made, ours
    assert made.count("#7a1f5c") > 3
    assert "Bank &lt;of&gt; Examples · Model card" in made


def test_nothing_but_colours_and_the_name_changes() -> None:
    plain, own = page({}), page({"accent": LOOK["accent"]})
    without = [re.sub(r"#[0-9a-f]{6}|sha256[:-][^\s';]+|sha256 [0-9a-f]+", "", text) for text in (plain, own)]
    assert without[0] == without[1]


def test_a_name_that_looks_like_a_colour_stays() -> None:
    drawing = '<path fill="#1f5a8c"/><text>#1f5a8c fill=&#34;#1f5a8c&#34;</text>'
    assert look_of({"look": LOOK}).drawing(drawing) == drawing.replace('fill="#1f5a8c"', 'fill="#7a1f5c"')


@pytest.mark.parametrize("accent", ["#7a1f5c", "#000000", "#004400", "#0000ff"])
def test_what_is_legible_on_white_gets_a_shade_that_is_on_dark(accent: str) -> None:
    look = dict(look_of({"look": {"accent": accent, "attention": accent}}).colours)
    for ours in ("#7fb4de", "#f0a060"):
        assert contrast(look[ours], "#12181e") >= 4.5


def test_without_a_look_nothing_is_recoloured() -> None:
    assert look_of({}) == Look()
    assert Look().style("a{color:#1f5a8c}") == "a{color:#1f5a8c}"


def test_paper_has_the_look_too(render_strictly) -> None:
    evidence = examples.scores_only()
    evidence = dataclasses.replace(evidence, plan={**evidence.plan, "look": LOOK})
    with pikepdf.open(io.BytesIO(render_strictly(evidence))) as pdf:
        content = b"".join(bytes(p.Contents.read_bytes()) for p in pdf.pages[:2])
    # #7a1f5c is 0.478, 0.121, 0.360 of full light.
    assert re.search(rb"0\.478\d* 0\.121\d* 0\.360\d* (rg|scn)", content)


@pytest.mark.parametrize(
    ("look", "message"),
    [
        ({"accent": "#ffcc00"}, "look.accent: text in this colour cannot be read: contrast 1.5"),
        ({"accent": "blue"}, "look.accent: string should match pattern"),
        ({"attention": "#12345"}, "look.attention: string should match pattern"),
        ({"organisation": ""}, "look.organisation: "),
        ({"acent": "#000000"}, "look.acent: unknown key; remedy: did you mean 'accent'"),
    ],
)
def test_what_is_no_look(look: dict[str, str], message: str) -> None:
    with pytest.raises(PlanError) as caught:
        plan_from({"look": look})
    assert str(caught.value).startswith(message), str(caught.value)
