"""Languages: catalogues read, words looked up, recorded texts found again, and a language of the user's own."""

from __future__ import annotations

import importlib.util
import sys
import threading
from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import explainkit as ek
from explainkit.errors import PlanError
from explainkit.evidence import Evidence
from explainkit.load.assemble import load_subject
from explainkit.pipeline import gather
from explainkit.report.language import Language, language_of, noted, read_language, say, speaking, spoken
from explainkit.report.measures import known
from explainkit.report.phrases import clause
from explainkit.report.recorded import LEAST, LONGEST, PLACE

GERMAN = {
    "measured": "gemessen",
    "selection rate": "Auswahlrate",
    "Wilson score interval": "Wilson-Score-Intervall",
    "weighted by sampling weights": "gewichtet",
    "{what} minus that of the reference": "{what} abzüglich der Referenz",
    "largest {what} of the groups shown minus the smallest": "größter abzüglich kleinster Wert: {what}",
    "largest: {label}": "am größten: {label}",
    "smallest: {other_label}": "am kleinsten: {other_label}",
    "percentile bootstrap, {draws} resamples of the counts": "Perzentil-Bootstrap, {draws} Wiederholungen",
    "{name} from {low} to below {high}": "{name} von {low} bis unter {high}",
    "segments of {names}": "Segmente von {names}",
    "{first} {second}": "{first} und {second}",
    "in {part}": "bei {part}",
    " and ": " und ",
}


def po(messages: Mapping[str, str], before: str = "") -> bytes:
    """A catalogue; `before` stands before each message."""
    quoted = {id_.replace('"', '\\"'): text.replace('"', '\\"') for id_, text in messages.items()}
    return "\n".join(f'{before}msgid "{id_}"\nmsgstr "{text}"\n' for id_, text in quoted.items()).encode()


def german(messages: Mapping[str, str] = GERMAN) -> Language:
    return read_language("de", po(messages))


class TestReading:
    def test_messages_are_looked_up(self) -> None:
        with speaking(german()):
            assert say("measured") == "gemessen"
            assert say("unheard of") == "unheard of"
        assert say("measured") == noted("measured") == "measured"

    def test_a_translation_is_no_format_string(self) -> None:
        hostile = {"{rows} rows": "{rows} {rows.__class__} {} {rows!r}", "{rows} more": "{rows} mehr }{"}
        with speaking(german(hostile)):
            assert say("{rows} rows", rows="{rows}") == "{rows} {rows.__class__} {} {rows!r}"
            assert say("{rows} more", rows="3") == "3 mehr }{"

    def test_doubtful_ones_and_blanks_are_left_out(self) -> None:
        assert read_language("de", po({"measured": "gemessen"}, before="#, fuzzy\n")).messages == {}
        assert read_language("de", po({"measured": ""})).messages == {}
        assert read_language("de", po({"measured": "gemessen"}, before='msgctxt "a"\n')).messages == {}

    @pytest.mark.parametrize(
        ("tag", "catalogue", "said"),
        [
            ("xx", po(GERMAN), "catalogue of xx: the catalogue cannot be read; found unknown locale 'xx'"),
            ("de", b"hello", "the catalogue cannot be read"),
            ("de", b'msgid "\xff"', "the catalogue cannot be read"),
            (
                "de",
                b'msgid ""\nmsgstr "Content-Type: text/plain; charset=none\\n"\n\n' + po(GERMAN),
                "unknown encoding",
            ),
            ("de", po({"{n} rows": "{m} Zeilen"}), "other places than in the message '{n} rows'; found m; allowed: n"),
            ("de", po({"rows": "{n} Zeilen"}), "other places than in the message 'rows'; found n; allowed: none"),
            ("de", po({"Katz 1978": "Katz 1979"}), "other numbers than in the message 'Katz 1978'; found 1979;"),
            ("de", po({"Katz 1978": "Katz 1987"}), "found 1987; allowed: 1978"),
        ],
    )
    def test_what_is_wrong_is_said_in_one_line(self, tag: str, catalogue: bytes, said: str) -> None:
        with pytest.raises(PlanError) as error:
            read_language(tag, catalogue)
        assert said in str(error.value)
        assert "\n" not in str(error.value)

    def test_numbers_and_dates_are_those_of_the_locale(self) -> None:
        assert (read_language("de", b"").decimal, read_language("de-CH", b"").decimal) == (",", ".")
        assert (read_language("fr", b"").decimal, Language().decimal) == (",", ".")
        assert read_language("de", b"").date("2026-11-22") == "22.11.2026"
        assert read_language("de", b"").date("soon") == "soon"
        assert Language().date("2026-11-22") == "2026-11-22"

    def test_english_needs_no_catalogue_and_others_are_named(self) -> None:
        assert language_of({}) is language_of({"card": {"language": "en"}})
        assert language_of({"card": {"language": "de"}}).tag == "de"
        with pytest.raises(PlanError, match="card.language: no catalogue of the language; found 'fr'; allowed: en, de"):
            language_of({"card": {"language": "fr"}})


class TestSpeaking:
    def test_within_each_other(self) -> None:
        other = read_language("fr", po({"measured": "mesuré"}))
        with speaking(german()):
            with speaking(other):
                assert say("measured") == "mesuré"
            assert say("measured") == "gemessen"
        assert spoken().tag == "en"

    def test_ends_with_an_error(self) -> None:
        with pytest.raises(RuntimeError), speaking(german()):
            raise RuntimeError
        assert spoken().tag == "en"

    def test_each_thread_speaks_for_itself(self) -> None:
        heard: list[str] = []
        with speaking(german()):
            thread = threading.Thread(target=lambda: heard.append(say("measured")))
            thread.start()
            thread.join()
        assert heard == ["measured"]


class TestRecorded:
    @pytest.mark.parametrize(
        ("text", "translation"),
        [
            ("selection rate", "Auswahlrate"),
            ("selection rate minus that of the reference", "Auswahlrate abzüglich der Referenz"),
            (
                "largest selection rate of the groups shown minus the smallest; Wilson score interval",
                "größter abzüglich kleinster Wert: Auswahlrate; Wilson-Score-Intervall",
            ),
            ("percentile bootstrap, 2,000 resamples of the counts", "Perzentil-Bootstrap, 2000 Wiederholungen"),
            ("age from 1.5 to below 1,234.5", "age von 1,5 bis unter 1234,5"),
            ("days from a to b from 1 to below 2", "days from a to b von 1 bis unter 2"),
            ("age from 1 to below 2 and sex = f", "age von 1 bis unter 2 und sex = f"),
            ("largest: a; smallest: b", "am größten: a; am kleinsten: b"),
            ("largest: a; b; smallest: c", "am größten: a; b; am kleinsten: c"),
            ("segments of selection rate, 1.5", "Segmente von selection rate, 1.5"),
            ("sex = f", "sex = f"),
            ("≥ 0.5", "≥ 0.5"),
            ("Auswahlrate", "Auswahlrate"),
        ],
    )
    def test_known_texts_are_translated_wholly(self, text: str, translation: str) -> None:
        assert german().recorded(text) == translation

    @pytest.mark.parametrize(
        "text",
        [
            "unheard of",
            "unheard of minus that of the reference",
            "selection rate; unheard of",
            "age from some to below 2",
            "two words",
            "in part",
            "",
        ],
    )
    def test_others_are_left_alone(self, text: str) -> None:
        assert german().recorded(text) in (None, text)
        assert german().recorded(text) is None or text == ""

    def test_they_are_marked_as_english(self) -> None:
        with speaking(german()):
            assert (clause("unheard of").text, clause("unheard of").language) == ("unheard of", "en")
            assert (clause("selection rate").text, clause("selection rate").language) == ("Auswahlrate", None)
        assert clause("unheard of").language is None or spoken().tag == "en"

    @pytest.mark.parametrize(
        "text",
        [
            " minus that of the reference" * 60,
            "largest: a; smallest: " * 60,
            " from 1 to below 2" * 90,
            " and , ; " * 200,
            "largest selection rate of the groups shown minus the smallest" * 30,
        ],
    )
    def test_hostile_texts_are_given_up(self, text: str, monkeypatch: pytest.MonkeyPatch) -> None:
        from explainkit.report import recorded

        tried: list[str] = []
        parts = recorded.Pattern.parts

        def counted(self: recorded.Pattern, tried_on: str) -> list[dict[str, str]]:
            tried.append(tried_on)
            return parts(self, tried_on)

        monkeypatch.setattr(recorded.Pattern, "parts", counted)
        german().recorded(text)
        assert len(tried) <= 100 * len(GERMAN)

    def test_very_long_texts_are_only_looked_up(self) -> None:
        text = "segments of " + "x" * LONGEST
        assert german().recorded(text) is None
        assert german({text: "Segmente"}).recorded(text) == "Segmente"

    def test_each_is_found_once(self) -> None:
        language = german()
        assert language.recorded("largest: a") is language.recorded("largest: a")


def recorded_texts(evidence: Evidence) -> set[str]:
    """What stands in card.json in words of explainkit's own, but for numerators, which are not printed."""
    of_figures = (
        text for f in (*evidence.figures, *evidence.series) for text in (f.method, getattr(f, "reason", None))
    )
    methods = (text for m in evidence.methods for text in (m.method, m.space, m.exactness, m.players, m.background))
    entries = (text for entry in evidence.ledger for text in (_what(entry.what), entry.reason))
    others: Iterable[str | None] = (
        *(gate.reason for gate in evidence.gates),
        *(verdict.reason for verdict in evidence.verdicts),
        *(case.chosen for case in evidence.cases),
        *evidence.draft,
        evidence.model.digest_of,
        *(data.digest_of for data in evidence.datasets),
    )
    return {text for text in (*of_figures, *methods, *entries, *others) if text}


def _what(what: str) -> str | None:
    """What an entry is about, unless it lists figures, which are printed by their titles."""
    return None if all(known(name) for name in what.split(", ")) else what


def _of_two_names(text: str) -> bool:
    """Whose rate over whose: hardly a word of it is explainkit's."""
    one, between, other = text.partition(" over ")
    return bool(between) and one in _NAMES and other in _NAMES


_NAMES = {
    *("below 26", "26 to 40", "41 and over", "north", "south"),
    *("female non-single or male single", "male married/widowed", "female single", "male divorced/separated"),
}


@pytest.fixture(scope="module")
def demo(sample_models: Path) -> Evidence:
    """Of the card that the demo makes."""
    plan = ek.read_plan(sample_models / "credit" / "audit.toml")
    return gather(load_subject(plan, base=sample_models / "credit"), plan)


@pytest.fixture(scope="module")
def weighted() -> Evidence:
    """Of a linear model, on weighted rows in clusters, without reference data."""
    from sklearn.linear_model import LogisticRegression

    draw = np.random.default_rng(4)
    X = pd.DataFrame({"income": draw.normal(3, 1, 240).round(2), "debt": draw.normal(1, 1, 240).round(2)})
    y = (draw.random(240) < 1 / (1 + np.exp(X["income"] - 2 * X["debt"]))).astype(int)
    beside = pd.DataFrame({"w": 1.5, "home": np.arange(240) // 2, "region": np.where(X["debt"] > 1, "north", "south")})
    plan = {
        "data": {
            "features": ["income", "debt"],
            "sensitive": ["region"],
            "weight": {"column": "w", "kind": "sampling"},
            "cluster": "home",
        },
        "explain": {"local": 2, "lime_samples": 100},
        "fairness": {"basis": {"region": "for a test"}},
        "gates": {"performance.roc_auc": {"min": 0.5, "bound": "low"}, "fairness.impact_ratio": {"min": 0.8}},
    }
    model = LogisticRegression().fit(X, y)
    release = ek.audit(model, X.join(beside), y, positive=1, favourable=0, threshold=">=0.5", plan=plan)
    return release.evidence


@pytest.fixture(scope="module")
def messages() -> list[str]:
    """Recorded texts as tools/messages finds them in the code."""
    root = Path(__file__).parents[2]
    spec = importlib.util.spec_from_file_location("recorded", root / "tools" / "recorded.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["recorded"] = module
    spec.loader.exec_module(module)
    return [text for text, _ in module.recorded(root / "explainkit")]


@pytest.mark.slow
class TestEveryText:
    @pytest.mark.repository
    def test_is_found_in_the_code(self, messages: list[str], demo: Evidence, weighted: Evidence) -> None:
        marked = {message: f"‹{message}›" for message in messages}
        language = read_language("de", po(marked))
        unknown = {t for e in (demo, weighted) for t in recorded_texts(e) if language.recorded(t) is None}
        assert sorted(t for t in unknown if not _of_two_names(t)) == []

    def test_is_translated_into_german(self, demo: Evidence, weighted: Evidence) -> None:
        language = language_of({"card": {"language": "de"}})
        unknown = {t for e in (demo, weighted) for t in recorded_texts(e) if language.recorded(t) is None}
        assert sorted(t for t in unknown if not _of_two_names(t)) == []


@pytest.mark.repository
def test_recorded_texts_are_whole_and_known_by_enough_letters(messages: list[str]) -> None:
    assert {
        "number of rows with outcome {positive}",
        "area under the ROC curve, ties counting half",
        "percentile bootstrap, {draws} resamples of the counts",
        "smallest difference found with power {power} by a two-sided test at {alpha}, from the sizes and the rate of "
        "the reference",
        "weighted by {weight_kind} weights, no interval",
    } <= set(messages)
    for message in messages:
        if PLACE.search(message):
            assert len([c for c in PLACE.sub("", message) if c.isalpha()]) >= LEAST, message
