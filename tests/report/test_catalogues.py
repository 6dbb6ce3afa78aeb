"""Every word of a document comes from the catalogue, and the shipped catalogues are complete."""

from __future__ import annotations

import re
import subprocess
import sys
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from types import MappingProxyType

import pytest

from explainkit.evidence import Evidence
from explainkit.report import assemble, language
from explainkit.report.card import Group, Label, Table
from explainkit.report.html import render_html
from explainkit.report.language import PLACE, Language
from explainkit.report.templating import SCRIPT_WORDS, shipped

ROOT = Path(__file__).parents[2]
OPEN, CLOSE = "⟦", "⟧"


class _Marking(dict[str, str]):
    """A catalogue that has every message, between brackets."""

    def get(self, message: str, default: str | None = None) -> str | None:  # type: ignore[override]
        return OPEN + message + CLOSE if message else message

    def __contains__(self, message: object) -> bool:
        return False


_ENDS = {"td": ("td", "th"), "th": ("td", "th"), "tr": ("td", "th", "tr")}
"""Elements of a table that a tag ends by itself."""


class _Texts(HTMLParser):
    """Text outside of brackets, of names, of recorded texts, of numbers and of drawings."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.kept: list[int] = []
        self.inside = 0
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in ("meta", "br", "img", "input", "link", "path", "use", "col"):
            return
        self._end(*_ENDS.get(tag, ()))
        self.open.append(tag)
        if tag in ("style", "script", "svg", "data", "title", "code") or "data-text" in dict(attrs):
            self.kept.append(len(self.open))
        if tag in ("p", "td", "th", "li", "dt", "dd", "h2", "h3", "h4", "caption", "figcaption"):
            self.inside = 0

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        pass

    def handle_endtag(self, tag: str) -> None:
        if tag in ("thead", "tbody", "table"):
            self._end("td", "th", "tr")
        self._end(tag, once=True)

    def _end(self, *tags: str, once: bool = False) -> None:
        while self.open and self.open[-1] in tags:
            if self.kept and self.kept[-1] == len(self.open):
                self.kept.pop()
            self.open.pop()
            if once:
                return

    def handle_data(self, data: str) -> None:
        if self.kept:
            return
        for character in data:
            self.inside += (character == OPEN) - (character == CLOSE)
            if self.inside <= 0 and character.isalpha():
                self.found.append(data)
                return


def test_every_word_comes_from_the_catalogue(evidence: Evidence, monkeypatch: pytest.MonkeyPatch) -> None:
    marking = Language(tag="en", messages=MappingProxyType(_Marking()))
    monkeypatch.setattr(assemble, "language_of", lambda plan, catalogue=None: marking)
    texts = _Texts()
    texts.feed(render_html(evidence, card=assemble.build(evidence)).decode())
    assert sorted(set(texts.found)) == []


def test_the_catalogues_have_every_message_of_the_code() -> None:
    if not (ROOT / "tools" / "messages").exists():
        pytest.skip("tools/messages is in the source tree alone")
    done = subprocess.run(
        [sys.executable, ROOT / "tools" / "messages", "--check"], capture_output=True, text=True, check=False
    )
    assert (done.stdout, done.returncode) == ("", 0)


def test_the_catalogue_has_the_words_of_the_script() -> None:
    said = re.findall(r'\bsay\("((?:[^"\\]|\\.)*)"', shipped("card.js"))
    assert set(said) == set(SCRIPT_WORDS)
    assert len(said) > 10


def test_texts_of_laws_stay_as_they_were_read(evidence: Evidence) -> None:
    english = _laws(evidence)
    plan = {**evidence.plan, "card": {**evidence.plan.get("card", {}), "language": "de"}}
    assert _laws(replace(evidence, plan=plan)) == [(text, "en") for text, _ in english]
    assert {language for _, language in english} == {None}
    assert len(english) > 400


def _laws(evidence: Evidence) -> list[tuple[str, str | None]]:
    """What each clause asks for and what the card lacks of it, and the language that it is marked with."""
    section = next(s for s in assemble.build(evidence).sections if s.id == "clauses")
    tables = [b for g in section.blocks if isinstance(g, Group) for b in _tables(g)]
    rows = [row for table in tables if len(table.columns) == 4 for row in table.rows]
    parts = [part for row in rows for cell in (row.cells[1], row.cells[3]) for part in cell if isinstance(part, Label)]
    return [(label.text, label.language) for label in parts if label.data_text == "clause"]


def _tables(group: Group) -> list[Table]:
    inner = [t for b in group.blocks if isinstance(b, Group) for t in _tables(b)]
    return [b for b in group.blocks if isinstance(b, Table)] + inner


@pytest.mark.parametrize("tag", [t for t in language.shipped_languages() if t != "en"])
def test_numbers_and_words_of_a_shipped_language(tag: str, evidence: Evidence) -> None:
    plan = {**evidence.plan, "card": {**evidence.plan.get("card", {}), "language": tag}}
    page = render_html(replace(evidence, plan=plan)).decode()
    assert f'<html lang="{tag}">' in page
    assert PLACE.search(page.partition("<body")[2].partition("data-words")[0]) is None
