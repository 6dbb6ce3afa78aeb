"""A card in the formats of others: their own readers and schemas judge it, and nothing goes out that is not public."""

from __future__ import annotations

import dataclasses
import html
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from huggingface_hub import EvalResult, ModelCard
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

import explainkit as ek
from explainkit.artifact import sha256_of
from explainkit.evidence import Evidence, GateOutcome
from explainkit.public import MOST_INPUTS, Summary, summarised
from explainkit.registries.cyclonedx import SPEC_VERSIONS, SpecVersion, bom
from explainkit.registries.exportable import exportable
from explainkit.registries.model_hub import readme
from explainkit.report.html import render_html
from explainkit.report.markdown import escaped
from explainkit.report.public import build_summary
from explainkit.report.text import printable
from explainkit.statements import published as public_ids
from tests.registries.conftest import published
from tests.report import examples

GOLDEN = Path(__file__).parents[1] / "golden" / "0.1" / "release"
VALIDATORS = {"1.6": JsonStrictValidator(SchemaVersion.V1_6), "1.7": JsonStrictValidator(SchemaVersion.V1_7)}
MARKDOWN = MarkdownIt("commonmark").enable("table")


def page(card: Evidence, *, internal: bool = False) -> str:
    return readme(exportable(card, card.to_json(), internal=internal)).data.decode()


def bill(card: Evidence, *, internal: bool = False, spec_version: SpecVersion = "1.6") -> dict[str, Any]:
    given_ = exportable(card, card.to_json(), internal=internal)
    document: dict[str, Any] = json.loads(bom(given_, spec_version=spec_version).data)
    return document


def model_of(document: dict[str, Any]) -> dict[str, Any]:
    (model,) = (c for c in document["components"] if c["type"] == "machine-learning-model")
    return dict(model)


def seen(markdown: str) -> str:
    """What a reader sees of Markdown."""
    rendered = MARKDOWN.render(markdown.replace("<br>", " "))
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", rendered)).split())


AT_THE_TOP = {"intended_use", "provider", "expiry", "population"}
"""Blank ones are asked for there without the question."""


# The page of a model hub


def test_the_hub_reads_the_figures_of_the_summary(card: Evidence) -> None:
    data = ModelCard(page(card)).data
    results: list[EvalResult] = data.eval_results or []
    figures = {f.id: f for f in summarised(card, card.to_json()).figures}
    expected = {
        f.id
        for f in figures.values()
        if f.name.startswith("performance.") and f.value is not None and "dataset" not in f.keys
    }
    assert {r.metric_args["figure"] for r in results} == expected
    assert len(results) == len(expected)
    for result in results:
        figure = figures[result.metric_args["figure"]]
        assert result.metric_value == figure.value
        assert result.metric_args.get("low") == figure.low
        assert result.metric_args.get("high") == figure.high
        assert result.metric_args.get("n") == figure.n
        assert result.dataset_revision == card.datasets[0].digest
        assert result.task_type == data.pipeline_tag
    assert data.pipeline_tag == ("tabular-regression" if card.task == "regression" else "tabular-classification")
    assert ("draft" in data.tags) is bool(card.draft)


def test_some_card_has_figures() -> None:
    assert len(ModelCard(page(published(examples.credit()))).data.eval_results) >= 5


def test_what_a_person_must_state_is_not_filled_in(card: Evidence) -> None:
    block = yaml.safe_load(page(card).split("---\n")[1])
    assert set(block) <= {"pipeline_tag", "tags", "metrics", "model-index"}
    blank = dataclasses.replace(card, statements=tuple(dataclasses.replace(s, answer=None) for s in card.statements))
    assert page(blank).count("NOT PROVIDED") == sum(s.id in public_ids() for s in card.statements) - 1  # population
    considered = model_of(bill(blank))["modelCard"]["considerations"]
    assert not {"useCases", "users", "ethicalConsiderations"} & set(considered)
    for assessment in considered.get("fairnessAssessments", []):
        assert set(assessment) == {"groupAtRisk"}


def test_the_page_says_what_the_summary_says(card: Evidence) -> None:
    summary = Summary.from_json(summarised(card, card.to_json()).to_json())
    text = seen(page(card))
    at = 0
    told = render_html(summary.as_evidence(), card=build_summary(summary)).decode()
    numbers = [" ".join(number.split()) for number in re.findall(r"<data [^>]*>([^<]*)</data>", told)]
    assert len(numbers) > 10
    for number in numbers:
        at = text.index(number, at) + len(number)
    for statement in summary.statements:
        if statement.answer:
            assert " ".join(statement.answer.split()) in text
    for digest in (summary.card, *(d.digest for d in summary.data)):
        assert digest in text


def test_a_page_within_the_house_has_gates_and_every_statement(card: Evidence) -> None:
    text = seen(page(card, internal=True))
    assert "INTERNAL" in text
    assert "INTERNAL" not in page(card)
    for statement in card.statements:
        assert " ".join((statement.answer or statement.question).split()) in text or statement.id in AT_THE_TOP
    for gate in card.gates:
        assert gate.reason in text
    assert card.gates or "NO GATES DEFINED" in text


def test_a_page_is_in_the_language_of_the_card() -> None:
    card = published(examples.credit())
    german = dataclasses.replace(card, plan={**card.plan, "card": {"language": "de"}})
    assert "NICHT ANGEGEBEN" in page(german)
    assert "Diese Seite" in page(german)
    # The words of a catalogue of one's own are not in card.json.
    own = {"language": "fr", "catalogue": {"name": "fr.po", "digest": "sha256:" + "0" * 64}}
    assert "NOT PROVIDED" in page(dataclasses.replace(card, plan={**card.plan, "card": own}))


@given(st.text(max_size=60) | st.text("\\`*_[]<>|~$&#()!-+=.:;/ab1 \n", max_size=30))
def test_any_text_means_nothing_but_itself(text: str) -> None:
    shown = MARKDOWN.render(escaped(text))
    plain = html.unescape(shown.removeprefix("<p>").removesuffix("</p>\n")) if shown else ""
    assert plain.split() == printable(text).split()
    cell = MARKDOWN.render(f"| a | b |\n| --- | --- |\n| x {escaped(text)} | y |")
    assert cell.count("<td>") == 2


HOSTILE = "a|b <script>alert(1)</script> [x](javascript:1) `c` **d**\n---\n# e\n\n1. f\u202e --> ![](http://x)"


def test_hostile_words_stay_text() -> None:
    card = published(examples.credit())
    statements = tuple(dataclasses.replace(s, answer=HOSTILE, question=HOSTILE) for s in card.statements)
    card = dataclasses.replace(card, name=HOSTILE, version="--- x", statements=statements)
    text = page(card)
    assert ModelCard(text).data.model_name == HOSTILE
    body = MARKDOWN.render(text.partition("\n---\n\n")[2].replace("<br>", ""))
    assert "<script" not in body
    assert not re.search(r"<(a|img|code)[ >][^>]*(javascript|http)", body)
    assert body.count("<h1>") == 1
    assert "\u202e" not in text.partition("\n---\n\n")[2]
    assert VALIDATORS["1.6"].validate_str(json.dumps(bill(card))) is None


# The bill of material


@pytest.mark.parametrize("spec_version", SPEC_VERSIONS)
@pytest.mark.parametrize("internal", [False, True])
def test_the_bill_meets_its_schema(card: Evidence, spec_version: SpecVersion, internal: bool) -> None:
    document = bill(card, internal=internal, spec_version=spec_version)
    assert VALIDATORS[spec_version].validate_str(json.dumps(document)) is None
    model = model_of(document)
    model["modelCard"]["quantitativeAnalysis"]["performanceMetrics"].append({"value": 0.5})
    broken = {**document, "components": [model]}
    assert VALIDATORS[spec_version].validate_str(json.dumps(broken)) is not None


def test_the_bill_has_every_figure_of_the_summary(card: Evidence) -> None:
    summary, model = summarised(card, card.to_json()), model_of(bill(card))
    figures = {f.id: f for f in summary.figures}
    whole = [json.loads(p["value"]) for p in model["modelCard"]["properties"] if p["name"] == "explainkit:figure"]
    assert [f["id"] for f in whole] == list(figures)
    for told in whole:
        figure = figures[told["id"]]
        assert (told.get("value"), told.get("n"), told.get("reason")) == (figure.value, figure.n, figure.reason)
    metrics = model["modelCard"]["quantitativeAnalysis"]["performanceMetrics"]
    assert metrics
    for metric in metrics:
        figure = figures[f"{metric['type']}[{metric['slice']}]" if "slice" in metric else metric["type"]]
        interval = metric.get("confidenceInterval", {})
        assert float(metric["value"]) == figure.value
        assert float(interval.get("lowerBound", "nan")) == pytest.approx(figure.low, nan_ok=True) or figure.low is None
        assert (
            float(interval.get("upperBound", "nan")) == pytest.approx(figure.high, nan_ok=True) or figure.high is None
        )
    assert {m["type"] for m in metrics} == {
        f.name for f in figures.values() if f.value is not None and f.name.startswith(("performance.", "fairness."))
    }


def test_the_bill_names_model_and_data_by_their_digests(card: Evidence) -> None:
    document = bill(card)
    hashes = {c["name"]: c.get("hashes") for c in document["components"]}
    for dataset in card.datasets:
        assert hashes[f"{dataset.role} data"] == [{"alg": "SHA-256", "content": dataset.digest.removeprefix("sha256:")}]
    model = model_of(document)
    digest = card.model.digest
    assert model.get("hashes") == (digest and [{"alg": "SHA-256", "content": digest.removeprefix("sha256:")}])
    (reference,) = model["externalReferences"]
    assert reference["hashes"][0]["content"] == sha256_of(card.to_json())
    references = {c["bom-ref"] for c in document["components"] if c["type"] == "data"}
    assert {d["ref"] for d in model["modelCard"]["modelParameters"]["datasets"]} == references


def test_a_serial_number_stands_for_one_document() -> None:
    card = published(examples.credit())
    numbers = {
        bill(c, internal=internal, spec_version=version)["serialNumber"]
        for c in (card, dataclasses.replace(card, version="2"))
        for internal in (False, True)
        for version in SPEC_VERSIONS
    }
    assert len(numbers) == 8
    assert bill(card) == bill(card)


# What goes out


def secret(card: Evidence) -> Evidence:
    """Another card with the same public summary: all that the summary does not tell is something else."""
    told = {f.id: f for f in summarised(card, card.to_json()).figures}
    figures = tuple(
        f
        if f.id in told and told[f.id] == f
        else dataclasses.replace(
            f, value=None, low=None, high=None, n=None, events=None, status="suppressed", reason="x"
        )
        if f.name.startswith("fairness.") or f.name.startswith("ll144.")
        else dataclasses.replace(f, value=f.value and f.value * 0.5, low=None, high=None, method="secret")
        if "importance" not in f.name
        else f
        for f in card.figures
    )
    return dataclasses.replace(
        card,
        figures=figures,
        series=(),
        cases=(),
        columns=tuple(c for c in card.columns if "sensitive" in c.roles or "feature" in c.roles),
        datasets=tuple(
            dataclasses.replace(d, name="secret.csv", digest_of="the file secret.csv") for d in card.datasets
        ),
        model=dataclasses.replace(card.model, parameters=(("secret", "1"),), steps=(), digest_of="the file secret"),
        gates=(
            GateOutcome(
                gate="performance.roc_auc",
                limit=">= 0.123",
                bound="value",
                severity="warn",
                outcome="passed",
                figure=None,
                reason="secret",
            ),
        ),
        statements=tuple(
            s if s.id in public_ids() else dataclasses.replace(s, answer="secret", by="secret") for s in card.statements
        ),
        plan={**card.plan, "secret": 1},
    )


def test_an_export_is_a_function_of_the_public_summary(card: Evidence) -> None:
    other = secret(card)
    digest, others = sha256_of(card.to_json()), sha256_of(other.to_json())
    assert digest != others
    assert page(card) == page(other).replace(others, digest)
    assert "secret" in page(other, internal=True)

    def written(given_: Evidence) -> str:
        return json.dumps({**bill(given_), "serialNumber": None}).replace(others, digest)

    assert written(card) == written(other)
    assert "secret" in json.dumps(bill(other, internal=True))


def figures_in(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for entry in model_of(document)["modelCard"]["properties"]:
        if entry["name"] == "explainkit:figure":
            yield json.loads(entry["value"])


def test_no_export_has_single_rows(card: Evidence) -> None:
    ids = [figure["id"] for figure in figures_in(bill(card, internal=True))]
    assert ids
    assert not [key for key in ids if re.search(r"[\[,](case|row)=", key)]
    assert any("case=" in f.id for f in card.figures) or card.task != "binary" or card.model.family == "scores"
    importance = {f["id"] for f in figures_in(bill(card)) if f["id"].startswith("explanation.shap.importance")}
    assert len(importance) <= MOST_INPUTS * len(card.outputs)


# The call


def test_a_signed_release_is_exported(tmp_path: Path) -> None:
    out = tmp_path / "README.md"
    artifact = ek.export(GOLDEN, to="model-card", out=out)
    assert out.read_bytes() == artifact.data
    assert artifact.data == ek.export(GOLDEN / "card.json", to="model-card").data
    assert ModelCard.load(out).data.tags
    assert [p.name for p in tmp_path.iterdir()] == ["README.md"]
    with pytest.raises(ek.InputError, match=r"README\.md: the place for the file is taken; remedy: --force"):
        ek.export(GOLDEN, to="cyclonedx", out=out)
    assert json.loads(ek.export(GOLDEN, to="cyclonedx", out=out, force=True).data) == json.loads(out.read_text())


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"to": "pdf"}, r"to: unknown format; found 'pdf'; allowed: model-card, cyclonedx"),
        ({"to": "cyclonedx", "spec_version": "1.5"}, r"spec_version: unknown format; found '1.5'; allowed: 1.6, 1.7"),
        ({"to": "cyclonedx", "out": "no-such-folder/bom.json"}, r"no-such-folder: no such folder"),
        ({"to": "cyclonedx", "out": "."}, r"\.: the place for the file is taken; remedy: choose another place"),
    ],
)
def test_what_cannot_be_asked_for(arguments: dict[str, Any], message: str, tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ek.InputError, match=message):
        ek.export(GOLDEN, **arguments)
    assert list(tmp_path.iterdir()) == []


def test_what_is_no_release(tmp_path: Path) -> None:
    with pytest.raises(ek.InputError, match=r"no release there; remedy: explainkit audit makes one"):
        ek.export(tmp_path, to="cyclonedx")
    (tmp_path / "card.json").write_text("{}")
    with pytest.raises(ek.VerificationError, match=r"card\.json"):
        ek.export(tmp_path / "card.json", to="cyclonedx")
