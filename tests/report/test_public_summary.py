"""The public summary: a document of its own, made by leaving out alone, with nothing of a single row in it."""

from __future__ import annotations

import dataclasses
import io
import json
import re
import shutil
import subprocess
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path
from typing import Any

import pikepdf
import pytest
from jsonschema import Draft202012Validator

from explainkit.errors import VerificationError
from explainkit.evidence import Evidence, LedgerEntry, Publication
from explainkit.public import OVERALL, Summary, summarised, tells_of
from explainkit.report.public import build_summary, render_summary
from explainkit.statements import Answer, answered, catalogue, published
from tests.report import examples
from tests.report.number_check import problems


def made(evidence: Evidence, *, everything: bool = True) -> Summary:
    """The summary; with `everything`, all that may be told of groups is."""
    given = tuple(f.id for f in evidence.figures if f.status == "measured" and tells_of(f.name) is not None)
    public = Publication(min_count=10, figures=given) if everything else None
    evidence = dataclasses.replace(evidence, publication=public)
    return summarised(evidence, evidence.to_json())


@pytest.fixture(scope="module")
def validator() -> Draft202012Validator:
    schema = json.loads((files("explainkit") / "schemas" / "summary-1.schema.json").read_text("utf-8"))
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema)


def test_it_meets_its_schema_and_reads_back(evidence: Evidence, validator: Draft202012Validator) -> None:
    summary = made(evidence)
    data = summary.to_json()
    assert [error.message for error in validator.iter_errors(json.loads(data))] == []
    assert Summary.from_json(data) == summary
    assert build_summary(Summary.from_json(data)) == build_summary(summary)


@pytest.mark.parametrize(
    ("name", "value"),
    [("card", "sha256:AB"), ("schema_version", "2.0"), ("cases", []), ("plan", {}), ("series", []), ("figures", None)],
)
def test_what_is_not_a_summary_is_refused(validator: Draft202012Validator, name: str, value: Any) -> None:
    document = json.loads(made(examples.credit()).to_json())
    assert validator.is_valid(document)
    broken = {**document, name: value}
    assert not validator.is_valid(broken)
    if name != "card":
        with pytest.raises(VerificationError, match=r"summary\.json"):
            Summary.from_json(json.dumps(broken).encode())


def test_every_number_stands_in_summary_json(evidence: Evidence) -> None:
    summary = made(evidence)
    html, _ = render_summary(summary)
    assert problems(html, summary.as_evidence()) == []
    assert b"data-row" not in html


def test_every_figure_is_that_of_the_card(evidence: Evidence) -> None:
    card = {f.id: f for f in evidence.figures}
    for figure in made(evidence).figures:
        if figure.status == "suppressed":
            assert (figure.value, figure.low, figure.high, figure.n, figure.events, figure.method) == (None,) * 6
        else:
            assert figure == card[figure.id]


def test_without_a_publication_nothing_is_told_of_groups(evidence: Evidence) -> None:
    summary = made(evidence, everything=False)
    assert not [f for f in summary.figures if f.status == "measured" and tells_of(f.name) is not None]
    assert summary.min_count is None
    render_html = render_summary(summary)[0]
    assert b"people are counted in it" not in render_html


ALLOWED = {*OVERALL, "explanation.shap.importance"}


def test_nothing_of_a_single_row_and_no_file_is_in_it(evidence: Evidence) -> None:
    files_of = tuple(dataclasses.replace(d, name=f"secret-{d.role}.parquet") for d in evidence.datasets)
    files_of = tuple(dataclasses.replace(d, digest_of=f"the file {d.name}") for d in files_of)
    model = dataclasses.replace(
        evidence.model, digest_of="the file secret-model.skops", parameters=(("secret_depth", "3"),)
    )
    internal = tuple(
        dataclasses.replace(s, answer=s.answer if s.id in published() else "an internal secret")
        for s in evidence.statements
    )
    ledger = (*evidence.ledger, LedgerEntry(kind="assumed", what="secret.csv", reason="columns are separated by ;"))
    evidence = dataclasses.replace(
        evidence, datasets=files_of, model=model, statements=internal, ledger=ledger, plan={"version": 1, "secret": 1}
    )
    summary = made(evidence)
    document = json.loads(summary.to_json())
    assert not {"cases", "series", "plan", "gates", "environment", "verdicts"} & set(document)
    for figure in summary.figures:
        assert figure.name in ALLOWED or tells_of(figure.name) is not None
        assert not {"case", "row", "segment", "entry"} & set(figure.keys)
    html, pdf = render_summary(summary)
    for text in (summary.to_json(), html, pdf_text(pdf)):
        assert b"secret" not in text
        for case in evidence.cases:
            assert f"case={case.key}".encode() not in text
    with pikepdf.open(io.BytesIO(pdf)) as document_:
        assert "secret" not in str(document_.docinfo) + document_.Root.Metadata.read_bytes().decode()


def pdf_text(pdf: bytes) -> bytes:
    """What a reader of the PDF can select."""
    assert shutil.which("pdftotext"), "apt-get install poppler-utils"
    return subprocess.run(["pdftotext", "-", "-"], input=pdf, capture_output=True, check=True).stdout


def test_statements_are_those_meant_for_publication() -> None:
    known = {s.id for s in catalogue()}
    assert set(published()) <= known
    assert not {"owner", "tier", "disagreements", "validation", "gates_set_by", "changes", "monitoring"} & set(
        published()
    )
    stated = answered({"oversight": Answer(text="A clerk.", by="A. Nowak", date="2026-01-02")}, ("ll144", "favourable"))
    summary = made(dataclasses.replace(examples.credit(), statements=stated))
    assert b"Nowak" not in summary.to_json()
    assert {s.id for s in summary.statements} == set(published())
    html = render_summary(summary)[0].decode()
    blank = [s for s in summary.statements if s.answer is None and s.id != "population"]
    assert len(blank) == len(published()) - 2
    assert "A clerk." in html
    assert html.count("NOT PROVIDED") == len(blank)


def test_the_pdf_is_short_and_carries_its_json(evidence: Evidence, tmp_path: Path) -> None:
    summary = made(evidence)
    html, pdf = render_summary(summary)
    assert render_summary(Summary.from_json(summary.to_json())) == (html, pdf)
    with pikepdf.open(io.BytesIO(pdf)) as document:
        assert len(document.pages) <= 5
        (attached,) = document.Root.AF
        assert str(attached.UF) == "summary.json"
        assert attached.EF.F.read_bytes() == summary.to_json()
        with document.open_metadata() as metadata:
            assert (metadata["pdfaid:part"], metadata["pdfaid:conformance"]) == ("3", "A")
            assert metadata["{http://www.aiim.org/pdfua/ns/id/}part"] == "1"
    assert b"every number: summary.json" in pdf_text(pdf)
    assert summary.card.removeprefix("sha256:").encode() in re.sub(rb"\s", b"", pdf_text(pdf))


def test_entries_with_the_same_reason_are_one() -> None:
    evidence = dataclasses.replace(
        examples.credit(),
        ledger=(
            LedgerEntry(kind="not_tested", what="performance.brier", reason="resampled"),
            LedgerEntry(kind="cast", what="column x", reason="'17' → number", count=3),
            LedgerEntry(kind="not_tested", what="calibration.ece", reason="resampled", count=4),
            LedgerEntry(kind="sampled", what="segments of age", reason="too many"),
        ),
    )
    (entry,) = made(evidence).ledger
    assert (entry.kind, entry.what) == ("not_tested", "performance.brier, calibration.ece")


@pytest.mark.parametrize("change", [lambda s: s.replace(b'"name":', b'"name" :', 1), lambda s: s[:-1], lambda s: b"[]"])
def test_other_bytes_are_no_summary(change: Callable[[bytes], bytes]) -> None:
    with pytest.raises(VerificationError, match="not a summary"):
        Summary.from_json(change(made(examples.credit()).to_json()))
