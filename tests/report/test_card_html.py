"""The page: its numbers are those of card.json, it is well-formed, and it needs nothing from outside."""

from __future__ import annotations

import base64
import hashlib
import re
from itertools import pairwise

import pytest

from explainkit.evidence import Evidence
from explainkit.figures import parse_figure_id
from explainkit.report.assemble import SECTIONS, build
from explainkit.report.card import Words
from explainkit.report.html import render_html
from explainkit.report.templating import document, shipped
from tests.report import examples
from tests.report.number_check import Page, problems


def test_every_number_is_in_the_evidence(html: bytes, evidence: Evidence) -> None:
    assert problems(html, evidence) == []
    assert len(Page(html).named("data")) > 60


def test_every_number_on_paper_is_in_the_evidence(evidence: Evidence) -> None:
    page = document(build(evidence), medium="paper", style="", policy=None).encode()
    assert problems(page, evidence) == []


@pytest.mark.parametrize(
    ("before", "after", "what"),
    [
        (">0.763</data>", ">0.764</data>", "is not how"),
        ('value="0.7634126984126984"', 'value="0.76341269841269"', "is not 0.763"),
        ('data-figure="performance.roc_auc"', 'data-figure="performance.roc"', "no figure"),
        ("chance alone gives one half", "chance alone gives 0.5", "digits in <p>"),
    ],
)
def test_the_check_of_numbers_fires(before: str, after: str, what: str) -> None:
    evidence = examples.credit()
    page = render_html(evidence).decode()
    assert before in page
    assert any(what in problem for problem in problems(page.replace(before, after).encode(), evidence))


def test_words_hold_no_digits() -> None:
    with pytest.raises(ValueError, match="no digits"):
        Words("AUC 0.78")


def test_all_sections_stand_in_order(html: bytes, evidence: Evidence) -> None:
    page = Page(html)
    numbers = [h.text.split()[0] for h in page.named("h2") if h.parent is not None and h.parent.attributes.get("id")]
    numbers = [n for n in numbers if n.isdecimal()]
    assert numbers == [str(i) for i in range(1, 20)]
    assert len(page.named("h1")) == 1


def test_no_section_is_empty(evidence: Evidence) -> None:
    for section in build(evidence).sections:
        assert section.blocks, section.id


def test_headings_never_skip_a_level(html: bytes) -> None:
    levels = [int(e.tag[1]) for e in Page(html).elements if re.fullmatch("h[1-6]", e.tag)]
    assert all(b - a <= 1 for a, b in pairwise(levels))


def test_links_and_ids_fit(html: bytes) -> None:
    page = Page(html)
    ids = [e.attributes["id"] for e in page.elements if "id" in e.attributes]
    assert len(ids) == len(set(ids))
    targets = {e.attributes["href"] for e in page.named("a")}
    assert targets
    assert targets <= {f"#{i}" for i in ids}


def test_nothing_is_fetched_and_only_our_script_runs(html: bytes) -> None:
    page = Page(html)
    assert [script.text for script in page.named("script")] == [shipped("card.js")]
    assert not re.search(
        r"innerHTML|outerHTML|insertAdjacent|document\.write|eval|Function|fetch|import|https?:", shipped("card.js")
    )
    for element in page.elements:
        assert not [key for key in element.attributes if key.startswith("on") or key == "style"], element
        for key in ("src", "href", "action", "srcset"):
            assert element.attributes.get(key, "#").startswith(("#", "data:")), element
    style = page.named("style")[0].text
    assert re.findall(r"url\((?!data:)", style) == []
    assert "@import" not in style
    outside = re.sub(r"http://www\.w3\.org/2000/svg", "", html.decode().replace(style, ""))
    assert "http://" not in outside
    assert "https://" not in outside


def test_the_policy_allows_the_style_and_the_script_and_nothing_else(html: bytes) -> None:
    page = Page(html)
    policy = next(e.attributes["content"] for e in page.named("meta") if e.attributes.get("http-equiv"))
    style = page.named("style")[0].text
    digest, own = (
        base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        for text in (style, page.named("script")[0].text)
    )
    assert policy.split("; ") == [
        *("default-src 'none'", "img-src data:", "font-src data:"),
        *(f"style-src 'sha256-{digest}'", f"script-src 'sha256-{own}'", "base-uri 'none'", "form-action 'none'"),
    ]


def test_the_page_stays_small(html: bytes) -> None:
    assert len(html) < 1_500_000


def test_charts_have_a_description(html: bytes) -> None:
    for drawing in Page(html).named("svg"):
        assert drawing.attributes["role"] == "img"
        assert len(drawing.attributes["aria-label"]) > 20


def test_blanks_are_seen_in_place_and_in_the_ledger(html: bytes, evidence: Evidence) -> None:
    blank = sum(s.answer is None for s in evidence.statements)
    page = Page(html)
    assert (
        sum(e.text == "NOT PROVIDED" and e.parent.attributes.get("class") == "answer" for e in page.named("span"))
        == blank
    )  # type: ignore[union-attr]
    ledger = next(e for e in page.named("section") if e.attributes["id"] == "ledger")
    assert ledger.text.count("not provided") == blank


def test_drafts_say_so_first(html: bytes, evidence: Evidence) -> None:
    front = next(e for e in Page(html).named("section") if e.attributes["id"] == "front").text
    assert ("DRAFT" in front) == bool(evidence.draft)
    for reason in evidence.draft:
        assert reason in front
    assert ("NO GATES DEFINED" in front) == (not evidence.gates)


def test_no_verdict_is_printed(html: bytes, evidence: Evidence) -> None:
    said = "".join(text for element, text in Page(html).texts if not _from_outside(element)).casefold()
    for verdict in ("compliant", " fair ", "unbiased", "validated,", "non-discriminatory", "trustworthy"):
        assert verdict not in said


def _from_outside(element: object) -> bool:
    above = element.ancestors()  # type: ignore[attr-defined]
    return any(e.tag == "style" or e.attributes.get("data-text") in ("statement", "label") for e in above)


def test_a_section_is_a_function_of_the_evidence(evidence: Evidence) -> None:
    again = Evidence.from_json(evidence.to_json())
    for section in SECTIONS:
        assert section(evidence) == section(again)


def test_rows_on_paper_print_the_ids_of_their_figures(evidence: Evidence) -> None:
    page = Page(document(build(evidence), medium="paper", style="", policy=None).encode())
    rows = page.named("tr")
    carried: dict[int, set[str]] = {}
    for element in page.named("data"):
        for above in element.ancestors():
            if "data-figure" in element.attributes:
                carried.setdefault(id(above), set()).add(element.attributes["data-figure"])
    seen = 0
    for row, following in zip(rows, [*rows[1:], None], strict=True):
        ids = carried.get(id(row), set())
        if ids:
            assert following is not None
            assert following.attributes["class"] == "ids"
            assert set(_expanded(following.text.strip())) == ids
            seen += 1
    assert seen > 10


def _expanded(text: str) -> list[str]:
    """All ids that a line with braces stands for; independent of how the line was made."""
    found, depth, quoted, at = [], 0, False, 0
    for i, c in enumerate(text + " "):
        if c == '"' and text[i - 1] != "\\":
            quoted = not quoted
        if quoted:
            continue
        depth += (c in "{[") - (c in "}]")
        if c == " " and depth == 0:
            found.extend(_alternatives(text[at:i]))
            at = i + 1
    for one in found:
        parse_figure_id(one)
    return found


def _alternatives(text: str) -> list[str]:
    quoted, start = False, -1
    for i, c in enumerate(text):
        if c == '"' and text[i - 1] != "\\":
            quoted = not quoted
        elif c == "{" and not quoted and start < 0:
            start = i
        elif c == "}" and not quoted:
            options, at, inside = [], start + 1, False
            for j in range(start + 1, i + 1):
                if text[j] == '"':
                    inside = not inside
                if (text[j] == "," and not inside) or j == i:
                    options.append(text[at:j])
                    at = j + 1
            return [x for option in options for x in _alternatives(text[:start] + option + text[i + 1 :])]
    return [text]
