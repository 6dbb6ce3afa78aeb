"""A language of the user's own: its catalogue is read, recorded by its digest, and asked for again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import tinycss2

import explainkit as ek
from explainkit.artifact import sha256_of
from explainkit.errors import PlanError
from explainkit.evidence import Evidence
from explainkit.load.assemble import load_subject
from explainkit.load.catalogue import MOST_BYTES
from explainkit.pipeline import gather
from explainkit.report.assemble import build
from explainkit.report.html import render_html
from explainkit.report.language import read_language, speaking
from explainkit.report.pdf import _foot
from tests.report import examples
from tests.report.number_check import Page
from tests.report.test_language import po

FRENCH = {
    "Model card · full file": "Carte du modèle · dossier complet",
    "Model card · full file · draft": "Carte du modèle · dossier complet · brouillon",
    "Public summary": "Résumé public",
    "Public summary · draft": "Résumé public · brouillon",
    "Contents": "Sommaire",
}
SCORES = "score,loss,region\n" + "\n".join(f"0.{i % 9 + 1},{int(i % 4 == 0)},{'ab'[i % 2]}" for i in range(60))


def french_plan(folder: Path, **card: Any) -> ek.Plan:
    (folder / "rows.csv").write_text(SCORES)
    return ek.read_plan(_written(folder, {"language": "fr", "catalogue": "words/fr.po"} | card))


def _written(folder: Path, card: Mapping[str, Any]) -> Path:
    lines = [f'{key} = "{value}"' for key, value in card.items() if value is not None]
    text = "[card]\n" + "\n".join(lines) + '\n[data]\nevaluation = "rows.csv"\nscore = "score"\ntarget = "loss"\n'
    (folder / "audit.toml").write_text(text + '[model]\npositive = 1\nthreshold = ">=0.5"\n')
    return folder / "audit.toml"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "words").mkdir()
    (tmp_path / "words" / "fr.po").write_bytes(po(FRENCH))
    return tmp_path


class TestOwnCatalogue:
    def test_the_card_is_written_in_it_and_names_it(self, folder: Path) -> None:
        from explainkit.pipeline import audit_plan

        release = audit_plan(french_plan(folder), base=folder)
        page = release.file("card.html").decode()
        assert '<html lang="fr">' in page
        assert "Carte du modèle · dossier complet · brouillon" in page
        summary = release.file("public/summary.html").decode()
        assert '<html lang="fr">' in summary
        assert "Résumé public · brouillon" in summary
        named = release.evidence.plan["card"]["catalogue"]
        assert named["name"] == "fr.po"
        assert b"words" not in release.file("card.json")

        evidence = Evidence.from_json(release.file("card.json"))
        again = build(evidence, catalogue=po(FRENCH))
        assert render_html(evidence, card=again) == release.file("card.html")
        with pytest.raises(PlanError, match=f"is needed; found none; allowed: fr.po, {named['digest']}; remedy"):
            render_html(evidence)
        with pytest.raises(PlanError, match="the catalogue that the card was written with is needed; found sha256:"):
            build(evidence, catalogue=po({}))

    def test_figures_are_the_same_in_every_language(self, folder: Path) -> None:
        evidences = []
        for card in ({}, {"language": "en", "catalogue": None}):
            plan = french_plan(folder, **card)
            evidences.append(gather(load_subject(plan, base=folder), plan))
        french, english = evidences
        assert replace(french, plan={}) == replace(english, plan={})

    def test_it_may_have_other_words_of_a_language_that_is_shipped(self, folder: Path) -> None:
        (folder / "words" / "fr.po").write_bytes(po({"Contents": "Übersicht"}))
        plan = french_plan(folder, language="de")
        subject = load_subject(plan, base=folder)
        assert subject.catalogue is not None
        card = build(gather(subject, plan), catalogue=subject.catalogue.data)
        assert card.language.messages == {"Contents": "Übersicht"}

    @pytest.mark.parametrize(
        ("content", "said"),
        [
            (None, r"card.catalogue: no such catalogue; found .*fr.po; allowed: a catalogue of gettext"),
            (b"#" * (MOST_BYTES + 1), "card.catalogue: the catalogue is too large; found 2,000,001 bytes; allowed: "),
            (b"nothing", "card.catalogue: fr.po: the catalogue cannot be read; found .*; allowed: "),
            (po({"{n} rows": "lignes"}), "card.catalogue: fr.po: other places than in the message .* remedy: correct"),
        ],
    )
    def test_what_is_wrong_is_said_before_anything_is_measured(
        self, folder: Path, content: bytes | None, said: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        from explainkit.assess import stage
        from explainkit.pipeline import audit_plan

        monkeypatch.setattr(stage, "assess", lambda *_: pytest.fail("measured"))
        path = folder / "words" / "fr.po"
        path.unlink()
        if content is not None:
            path.write_bytes(content)
        with pytest.raises(PlanError, match=said) as error:
            audit_plan(french_plan(folder), base=folder)
        assert "\n" not in str(error.value)

    def test_a_language_without_one_is_refused(self, folder: Path) -> None:
        from explainkit.pipeline import audit_plan

        plan = french_plan(folder, catalogue=None)
        with pytest.raises(PlanError, match=r'card.language: no catalogue .*remedy: card.catalogue = "….po" names'):
            audit_plan(plan, base=folder)

    def test_words_of_a_catalogue_are_no_markup(self) -> None:
        catalogue = po({"Contents": "</p><script>alert()</script>"})
        evidence = examples.credit()
        named = {"name": "x.po", "digest": f"sha256:{sha256_of(catalogue)}"}
        plan = {**evidence.plan, "card": {"language": "fr", "catalogue": named}}
        evidence = replace(evidence, plan=plan)
        page = render_html(evidence, card=build(evidence, catalogue=catalogue))
        assert b"<script>alert" not in page
        assert "</p><script>alert()</script>" in Page(page).root.text

    def test_words_of_a_catalogue_are_no_style(self) -> None:
        hostile = {"Page one": '"} body {display: none', "{page} of {pages}": '{page} "\\\\ {pages}'}
        with speaking(read_language("de", po(hostile))):
            foot = _foot("card.json")
        rules = tinycss2.parse_stylesheet(foot, skip_whitespace=True)
        assert [rule.type for rule in rules] == ["at-rule", "qualified-rule"]
        [label] = [token.value for token in rules[1].content if token.type == "string"]
        assert label == hostile["Page one"]
