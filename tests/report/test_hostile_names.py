"""Names are hostile: they are shown as text, and nothing is fetched, run, or turned around."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import pytest

from explainkit.evidence import Evidence
from explainkit.figures import figure_id, parse_figure_id
from explainkit.report import charts
from explainkit.report.html import render_html
from explainkit.report.text import printable
from tests.report import examples
from tests.report.number_check import Page, problems

HOSTILE = {
    "amount": "<script>alert(1)</script>",
    "purpose": "</style><img src=x onerror=alert(1)>",
    "duration_months": "long " * 1000,
    "savings": "\"';--> & &amp; %s $x_1$ \\frac{1}{2}",
    "checking_account": "{{ 7 * 7 }}{% for x in y %}",
    "credit_history": "عربي \u202e\u2066turned",
    "employment": "🙂 漢字 ñ\u0301",
    "housing": "line\nbreak\ttab\x00\x07",
    "job": "file:///etc/passwd",
    "telephone": "http://example.invalid/x.png",
    "over 40": "<b>over</b> 40, [a=b]",
    "male married/widowed": '"quoted", {a,b}',
    "bad": "</title><svg onload=alert(1)>",
    "no checking account": "javascript:alert(1)",
    "credit-risk": "}</style><script>x</script>",
    "1.4.0": "1.4.0\u200b\ufeff",
    "GradientBoostingClassifier": "<object data=x>",
    "test.parquet": "../<x>.parquet",
}


@pytest.fixture(scope="module")
def hostile() -> Evidence:
    """The credit case under hostile names, with hostile answers."""
    evidence = renamed(examples.credit(), HOSTILE)
    answers = tuple(
        dataclasses.replace(s, answer="<script>alert(2)</script>\n" + "x" * 3000) if s.id == "risks" else s
        for s in evidence.statements
    )
    return dataclasses.replace(evidence, statements=answers)


def renamed(value: Any, names: dict[str, str]) -> Any:
    """The same evidence with other names, in ids too."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        changed = {}
        for field in dataclasses.fields(value):
            given = getattr(value, field.name)
            if field.name == "reference" and isinstance(given, str):
                for old, new in names.items():
                    given = given.replace(old, new)
            is_id = isinstance(given, str) and field.name in ("id", "gate", "figure") and "[" in given
            changed[field.name] = _renamed_id(given, names) if is_id else renamed(given, names)
        return dataclasses.replace(value, **changed)
    if isinstance(value, tuple):
        return tuple(renamed(member, names) for member in value)
    return names.get(value, value) if isinstance(value, str) else value


def _renamed_id(text: str, names: dict[str, str]) -> str:
    name, keys = parse_figure_id(text)
    return figure_id(name, {names.get(k, k): names.get(v, v) for k, v in keys.items()})


def test_hostile_names_are_text(hostile: Evidence) -> None:
    html = render_html(hostile)
    page = Page(html)
    assert problems(html, hostile) == []
    assert not [e for e in page.elements if e.tag in ("object", "b", "img")]
    assert [e.parent.tag for e in page.named("script") if e.parent] == ["head"]  # our own
    assert not [e for e in page.elements if any(key.startswith("on") for key in e.attributes)]
    body = page.named("body")[0].text
    for name in HOSTILE.values():
        shown = printable(name)
        assert shown[:100] in body or name == HOSTILE["credit-risk"], name
    assert "49" not in page.named("title")[0].text
    assert printable(HOSTILE["credit-risk"]) in body


def test_nothing_invisible_reaches_the_page(hostile: Evidence) -> None:
    body = Page(render_html(hostile)).named("body")[0].text
    for character in "\u202e\u2066\u200b\ufeff\x00\x07":
        assert character not in body


def test_a_very_long_name_stays_short_and_unmistakable(hostile: Evidence) -> None:
    texts = [text for _, text in Page(render_html(hostile)).texts if text.startswith("long long")]
    assert texts
    assert max(map(len, texts)) < 250
    assert any("sha256" in text for text in texts)


@pytest.mark.slow
def test_hostile_names_do_not_disturb_the_pdf(hostile: Evidence, render_strictly: Callable[[Evidence], bytes]) -> None:
    assert render_strictly(hostile).startswith(b"%PDF-1.7")


def test_the_same_evidence_under_other_names_is_as_long(hostile: Evidence) -> None:
    before, after = Page(render_html(examples.credit())), Page(render_html(hostile))
    assert len(before.named("data")) == len(after.named("data"))
    assert len(before.named("tr")) == len(after.named("tr"))


@pytest.mark.parametrize("name", sorted(HOSTILE.values()))
def test_names_beside_a_chart_are_one_short_line(name: str) -> None:
    short = charts.shortened(name)
    assert 0 < len(short) <= 38
    assert short.isprintable()


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain", "plain"),
        ("a\u202eb", "a\\u202eb"),
        ("\x00", "\\x00"),
        ("x\ny", "x\\ny"),
        ("naïve 漢字 🙂", "naïve 漢字 🙂"),
        ("\u200d", "\u200d"),
    ],
)
def test_what_has_no_look_is_written_out(text: str, shown: str) -> None:
    assert printable(text) == shown


def test_answers_keep_their_lines() -> None:
    assert printable("one\r\ntwo\x1b", lines=True) == "one\ntwo\\x1b"
