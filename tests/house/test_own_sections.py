"""Sections of other packages: numbered after ours, held against the evidence, and named in the environment."""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from explainkit import plugins
from explainkit.circumstances import environment
from explainkit.errors import InputError, PlanError
from explainkit.evidence import Evidence
from explainkit.plan import plan_from
from explainkit.report import card as c
from explainkit.report.assemble import build
from explainkit.report.html import render_html
from explainkit.report.own_sections import check_sections
from explainkit.report.section_check import MisfitError, check_section
from tests.assess.builders import subject_of
from tests.house.plugin import ANNEX, install
from tests.report import examples
from tests.report.number_check import problems


@pytest.fixture(scope="module")
def credit() -> Evidence:
    return examples.credit()


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder of packages that Python looks into."""
    monkeypatch.syspath_prepend(tmp_path)
    yield tmp_path
    for name in [name for name in sys.modules if name.startswith("bank_")]:
        del sys.modules[name]


def asking(evidence: Evidence, *names: str, **made_with: str) -> Evidence:
    """The evidence of a plan that asks for sections, made with versions of distributions."""
    stated = tuple(
        sorted({**dict(evidence.environment), **{k.replace("_", "-"): v for k, v in made_with.items()}}.items())
    )
    return dataclasses.replace(evidence, plan={**evidence.plan, "look": {"sections": list(names)}}, environment=stated)


def test_it_stands_after_ours_with_numbers_of_the_evidence(site: Path, credit: Evidence) -> None:
    install(site)
    evidence = Evidence.from_json(asking(credit, "bank-annex", bank_annex="1.2").to_json())
    card = build(evidence)
    assert [s.number for s in card.sections] == list(range(1, 21))
    assert (card.sections[-1].id, card.sections[-1].state) == ("bank-annex", "measured")
    html = render_html(evidence, card=card)
    assert problems(html, evidence) == []
    assert b'<section id="bank-annex">' in html
    assert [s.id for s in build(credit).sections] == [s.id for s in card.sections[:-1]]


def test_what_is_installed_and_not_named_is_left_out(site: Path, credit: Evidence) -> None:
    install(site, "raise RuntimeError('imported')")
    assert len(build(credit).sections) == 19


def test_the_environment_names_the_distribution(site: Path) -> None:
    install(site)
    plan = plan_from({"look": {"sections": "bank-annex"}})
    assert ("bank-annex", "1.2") in environment(subject_of(scores=[0.1, 0.9], labels=[0, 1]), plan)
    assert plan.document()["look"] == {"sections": ["bank-annex"]}


def test_several_stand_in_the_order_of_the_plan(site: Path, credit: Evidence) -> None:
    code = ANNEX + "\ndef other(evidence):\n    return Section(number=3, id='other', title='Other', blocks=())\n"
    install(site, code, first="section", second="other")
    card = build(asking(credit, "second", "first", bank_annex="1.2"))
    assert [(s.number, s.id) for s in card.sections[-2:]] == [(20, "other"), (21, "bank-annex")]


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("import nothing_of_that_name", "the plug-in fails to load; found No module named"),
        ("def other(evidence): ...", "the plug-in fails to load; found module 'bank_annex' has no attribute 'section'"),
        ("section = (", "the plug-in fails to load; found '(' was never closed"),
        ("section = 3", "the plug-in is no section; found int; allowed: section(evidence) returning"),
        ("def section(): ...", "the section raised; found TypeError"),
        ("def section(evidence): return 1 / 0", "the section raised; found ZeroDivisionError: division by zero"),
        ("def section(evidence): return '<p>AUC 0.99</p>'", "not a section; found str"),
        ("def section(evidence): return None", "not a section; found NoneType"),
        (ANNEX.replace('id="bank-annex"', 'id="ledger"'), "an id that is taken, or is none; found 'ledger'"),
        (ANNEX.replace("Annex of the bank", "Annex 7"), "a title with digits; found 'Annex 7'"),
        (ANNEX.replace("evidence.name", "'an AUC of 0.99'"), "a number that is not in the evidence; found '0.99'"),
    ],
)
def test_what_cannot_stand_on_a_card_is_said_in_one_line(site: Path, credit: Evidence, code: str, message: str) -> None:
    install(site, code)
    with pytest.raises(InputError) as caught:
        build(asking(credit, "bank-annex", bank_annex="1.2"))
    assert str(caught.value).startswith(f"explainkit.sections: bank-annex: {message}"), str(caught.value)
    assert "\n" not in str(caught.value)


def test_what_is_not_there_is_said_before_anything_is_read(site: Path) -> None:
    install(site)
    check_sections(["bank-annex"])
    with pytest.raises(InputError, match="no such plug-in; found 'bank-anex'; remedy: did you mean 'bank-annex'"):
        check_sections(["bank-anex"])
    with pytest.raises(PlanError, match="look: look.sections names a section twice"):
        plan_from({"look": {"sections": ["a", "a"]}})


def test_two_packages_of_one_name_are_one_too_many(site: Path) -> None:
    install(site)
    install(site, name="bank-other", **{"bank-annex": "section"})
    with pytest.raises(InputError, match="several plug-ins of one name"):
        plugins.load("explainkit.sections", "bank-annex")


@pytest.mark.parametrize("made_with", [{}, {"bank_annex": "1.1"}])
def test_another_version_than_the_cards_makes_no_section(
    site: Path, credit: Evidence, made_with: dict[str, str]
) -> None:
    install(site)
    with pytest.raises(InputError, match="not the one that the card was made with; found bank-annex 1.2; allowed: "):
        build(asking(credit, "bank-annex", **made_with))


def test_a_section_cannot_change_the_evidence(site: Path, credit: Evidence) -> None:
    install(site, ANNEX.replace("    reader =", "    evidence.plan.clear()\n    reader ="))
    evidence = asking(credit, "bank-annex", bank_annex="1.2")
    before = evidence.to_json()
    build(evidence)
    assert evidence.to_json() == before


W = c.Words("words")


def paragraph(*parts: Any) -> tuple[Any, ...]:
    return (c.Paragraph(parts=parts),)


def table(**more: Any) -> tuple[Any, ...]:
    column = c.Column(title=(W,))
    return (c.Table(**{"columns": (column,), "rows": (c.Row(cells=((W,),)),), **more}),)


class Marked(str):
    """A text that says it is HTML."""

    def __html__(self) -> str:
        return str(self)


def bypassed(text: str) -> c.Words:
    """Words whose text was set past the check of their own."""
    words = c.Words("x")
    object.__setattr__(words, "text", text)
    return words


MISFITS: dict[str, tuple[Callable[[Evidence], tuple[Any, ...]], str]] = {
    "a list": (lambda e: [*paragraph(W)], "not what a card holds"),  # type: ignore[return-value]
    "a text": (lambda e: ("text",), "not what a card holds"),
    "HTML": (lambda e: paragraph(Marked("<script>")), "not what a card holds"),
    "HTML in words": (lambda e: paragraph(c.Words(Marked("<script>"))), "not what a card holds"),
    "another kind": (lambda e: paragraph(c.Words("x", kind="label")), "not what a card holds"),
    "unknown style": (lambda e: (c.Paragraph(parts=(W,), style="away"),), "not what a card holds"),  # type: ignore[arg-type]
    "a drawing": (lambda e: (c.Chart(svg=b"<svg/>", alt="a chart"),), "a drawing"),
    "a number made up": (
        lambda e: paragraph(c.Number(dataclasses.replace(e.figures[0], value=0.99))),
        "a number that is not in the evidence",
    ),
    "a figure of another name": (
        lambda e: paragraph(c.Number(dataclasses.replace(e.figures[0], id="performance.own"))),
        "a number that is not in the evidence",
    ),
    "a point that is none": (
        lambda e: paragraph(c.Point(e.series[0], e.series[0].columns[0][0], 10**6)),
        "a number that is not in the evidence",
    ),
    "a point made up": (
        lambda e: paragraph(c.Point(dataclasses.replace(e.series[0], n=1), e.series[0].columns[0][0], 0)),
        "a number that is not in the evidence",
    ),
    "a label": (lambda e: paragraph(c.Label("AUC 0.99")), "a number that is not in the evidence"),
    "a tick": (lambda e: paragraph(c.Label("0.99", "tick")), "a number that is not in the evidence"),
    "other digits": (lambda e: paragraph(c.Label("٠٫٩٩")), "a number that is not in the evidence"),
    "a fraction": (lambda e: paragraph(c.Words("more than ½")), "words with digits"),
    "words past their check": (lambda e: paragraph(bypassed("0.99")), "words with digits"),
    "a mark": (lambda e: paragraph(c.Mark("ok", "passed at 0.99")), "words with digits"),
    "a link to nothing": (lambda e: paragraph(c.Link("nowhere")), "a link to no section"),
    "an answer made up": (
        lambda e: (c.Statement(question="Fair?", answer="Yes.", role="provider", required=True, id="provider"),),
        "a statement that nobody made",
    ),
    "a narrow row": (lambda e: table(rows=(c.Row(cells=()),)), "a table whose rows are not as wide"),
    "no columns": (lambda e: table(columns=(), rows=()), "a table whose rows are not as wide"),
    "no room": (lambda e: table(columns=(c.Column(title=(W,), share=0),)), "a table without room"),
    "deep within": (
        lambda e: (c.Beside(left=(), right=(c.Group(title=(W,), blocks=paragraph(c.Label("0.99"))),)),),
        "a number that is not in the evidence",
    ),
    "a group with an id": (lambda e: (c.Group(title=(W,), blocks=(), id="ledger"),), "a group with an id"),
}


@pytest.mark.parametrize("name", MISFITS)
def test_numbers_and_blocks_are_held_against_the_evidence(name: str, credit: Evidence) -> None:
    make, message = MISFITS[name]
    with pytest.raises(MisfitError) as caught:
        check_section(c.Section(number=1, id="own", title="Own", blocks=make(credit)), credit, ())
    assert caught.value.what.startswith(message), caught.value.what


def test_our_own_sections_pass_but_for_drawings(credit: Evidence) -> None:
    """The check refuses nothing that a card prints, so nothing that a section may reasonably print."""
    sections = build(credit).sections
    refused = []
    for section in sections:
        try:
            check_section(section, credit, [s for s in sections if s is not section])
        except MisfitError as misfit:
            refused.append((section.id, misfit.what))
    assert {what for _, what in refused} <= {
        "a drawing, of which no number can be checked",
        "a number that is not in the evidence",  # places on the page, and counts of what stands in a table
        "a group with an id",
    }
    assert len(refused) < len(sections)
