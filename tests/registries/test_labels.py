"""What registries show of a card."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from explainkit.errors import VerificationError
from explainkit.figures import Figure, figure_id
from explainkit.registries.labels import Labels, labels_of, metric_name, metrics_of
from explainkit.registries.mlflow.entry import BEGIN, END, with_block
from explainkit.registries.seam import is_model_reference, name_and_version, scheme_of
from explainkit.report.assemble import build
from explainkit.report.html import render_html
from explainkit.sign.verdict import Verification
from tests.real_cards import evidence_of
from tests.registries.releases import card_about
from tests.sign.builders import make_evidence

NOTHING_FOUND = Verification(path="r", state="valid", reasons=(), files=(), signatures=(), release=False)
WORDS = st.text(min_size=1, max_size=100)


def label(evidence: object, **changes: object) -> Labels:
    card = evidence.to_json()  # type: ignore[attr-defined]
    return labels_of(evidence, card, replace(NOTHING_FOUND, **changes), verified="valid", model="same")  # type: ignore[arg-type]


@settings(deadline=None)  # the first import of mlflow takes its time
@given(st.dictionaries(st.sampled_from(["sex", "age group", "Größe", "a/b", "x:y"]), WORDS, max_size=2))
def test_names_of_metrics_are_those_that_mlflow_takes(keys: dict[str, str]) -> None:
    from mlflow.utils.validation import _validate_metric_name

    name = metric_name(Figure(id=figure_id("fairness.selection_rate", keys), value=0.5))
    _validate_metric_name(name)
    assert len(name) <= 250


@given(WORDS, WORDS)
def test_two_figures_never_share_a_metric(one: str, other: str) -> None:
    names = {metric_name(Figure(id=figure_id("a.b", sex=word), value=0.5)) for word in (one, other)}
    assert len(names) == len({figure_id("a.b", sex=word) for word in (one, other)})


def test_metrics_are_figures_about_the_model(real_card: Callable[[str], Path]) -> None:
    evidence = evidence_of(real_card("credit"))
    metrics = metrics_of(evidence)
    figures = {metric_name(f): f for f in evidence.figures}
    assert metrics["performance.roc_auc"] == evidence.figure_set["performance.roc_auc"].value
    assert all(figures[name].value == value for name, value in metrics.items())
    assert not [name for name in metrics if "case:" in name or name.startswith(("data.", "ledger."))]


@pytest.mark.parametrize("name", ["credit", "wine", "diabetes"])
def test_the_worst_group_is_that_of_page_one(real_card: Callable[[str], Path], name: str) -> None:
    evidence = evidence_of(real_card(name))
    said = label(evidence).facts["worst_group"]
    page = render_html(evidence, card=build(evidence)).decode()
    if said == "not tested":
        assert "no group was named" in page
        return
    number = said.partition(" = ")[2].partition(" ")[0].rstrip(",")
    tiles = page[page.index("What the evidence says") : page.index("What the evidence says") + 6000]
    shown = re.sub(r"<[^>]+>", " ", tiles)
    assert number in shown
    for end in re.findall(r"\((\S+) to (\S+)\)", said):
        assert all(part in shown for part in end)


def test_labels_come_back(real_card: Callable[[str], Path]) -> None:
    made = label(evidence_of(real_card("credit")))
    assert Labels.from_json(made.to_json()) == made
    for wrong in (b"{", b"[]", made.to_json().replace(b'"schema_version": "1.0"', b'"schema_version": "9.0"')):
        with pytest.raises(VerificationError, match="not the labels of a card"):
            Labels.from_json(wrong)


def test_names_are_shown_as_they_are_and_mark_nothing_up() -> None:
    evidence = replace(make_evidence(), name="<script>alert(1)</script> | **x** [y](http://z)", draft=("a\nb",))
    text = label(evidence).markdown
    assert "<script>" not in text
    assert "](http" not in text
    assert "**DRAFT**: a b" in text
    assert len({line.count("|") for line in text.splitlines() if line.startswith("|")}) == 1


@pytest.mark.parametrize(
    ("outcome", "line"),
    [
        ("passed", "passed: 1 of 1 hold"),
        ("failed", "FAILED: 0 of 1 hold, 1 block, 0 only warn"),
        (None, "NO GATES DEFINED"),
    ],
)
def test_gates_in_a_line(outcome: str | None, line: str) -> None:
    assert f"| Gates | {line} |" in label(card_about(None, outcome=outcome)).markdown


@given(st.text(max_size=300), st.text(max_size=100), st.text(max_size=100))
def test_what_people_wrote_stays(text: str, one: str, other: str) -> None:
    plain = text.replace("<!--", "")
    first = with_block(plain, one.replace("<!--", ""))
    assert first is not None
    second = with_block(first, other.replace("<!--", ""))
    assert second is not None
    assert second.count(BEGIN) == second.count(END) == 1
    assert second[: second.index(BEGIN)].strip() == plain.strip()
    edited = f"{second}\nafter"
    assert (with_block(edited, one.replace("<!--", "")) or "").endswith("\nafter")


def test_references(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert scheme_of("models:/credit/3") == "models"
    assert scheme_of(r"C:\model.skops") is None
    assert is_model_reference("models:/credit/3")
    assert not is_model_reference("model.skops")
    assert not is_model_reference("dir:folder")
    assert name_and_version("models:/credit@champion") == ("credit", "champion")
    assert name_and_version("models:/m-0123456789abcdef0123456789abcdef") is None
    assert name_and_version("runs:/0123") is None
    (tmp_path / "models:").mkdir()
    (tmp_path / "models:" / "x").write_text("")
    assert not is_model_reference("models:/x") or not Path("models:/x").exists()
