"""A small but real release: evidence, a page whose numbers name it, a tagged PDF/A-3a with card.json embedded, keys."""

from __future__ import annotations

import dataclasses
import datetime as dt
import functools
import io
from collections.abc import Mapping
from pathlib import Path

import pikepdf
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256

from explainkit.artifact import sha256_of
from explainkit.evidence import (
    Column,
    DatasetIdentity,
    Evidence,
    GateOutcome,
    LedgerEntry,
    ModelIdentity,
)
from explainkit.figures import Figure, Series, figure_id
from explainkit.public import summarised
from explainkit.records import canonical
from explainkit.sign.aids import verifying_aids
from explainkit.sign.certificates import fingerprint, pem_chain
from explainkit.sign.dsse import Envelope, pae
from explainkit.sign.folder import FileOnDisk
from explainkit.sign.keys import Signer
from explainkit.sign.manifest import Statement, listed, subjects
from explainkit.sign.open_keys import KeyInMemory
from explainkit.sign.opinion import Finding, Opinion
from explainkit.sign.verdict import Verification
from explainkit.statements import answered, catalogue, catalogue_date

WORD = "correct horse"
"""Passphrase of the TEST keys."""


def make_evidence(
    *, name: str = "credit", value: float = 0.7312, complete: bool = True, level: str = "B-B"
) -> Evidence:
    """A small Evidence; with `complete` every statement is answered."""
    answers = {s.id: "Stated by the provider." for s in catalogue()} if complete else {"provider": "A bank"}
    auc = Figure(
        id="performance.roc_auc",
        value=value,
        low=0.68,
        high=0.78,
        level=0.95,
        n=200,
        unit="score",
        dataset="evaluation",
    )
    rate = Figure(
        id=figure_id("fairness.selection_rate", {"age": "26 to 40"}),
        value=0.625,
        n=80,
        events=50,
        unit="proportion",
        numerator="selected",
    )
    blank = Figure(id="performance.mcc", status="not_tested", reason="no threshold (model.threshold)")
    curve = Series(
        id="performance.roc_curve",
        columns=(("false_positive_rate", (0.0, 0.25, 1.0)), ("true_positive_rate", (0.0, 0.5, 1.0))),
    )
    return Evidence(
        name=name,
        version="1.0",
        date="2026-11-01",
        draft=(),
        task="binary",
        outputs=("good", "bad"),
        positive="bad",
        threshold=">=0.5",
        favourable="good",
        population=("accepted only",),
        level=level,
        model=ModelIdentity(
            family="scikit-learn", kind="Pipeline", digest="sha256:" + "5a" * 32, digest_of="the file model.skops"
        ),
        datasets=(
            DatasetIdentity(
                role="evaluation", name="test.csv", digest="sha256:" + "7b" * 32, digest_of="the file test.csv"
            ),
        ),
        columns=(Column(name="age", kind="integer", roles=("feature", "sensitive")),),
        figures=(auc, rate, blank),
        series=(curve,),
        methods=(),
        cases=(),
        ledger=(LedgerEntry(kind="imputed", what="column age", reason="missing values take the median", count=3),),
        gates=(
            GateOutcome(
                gate="performance.roc_auc",
                limit=">= 0.7",
                bound="value",
                severity="block",
                outcome="passed",
                figure="performance.roc_auc",
                reason="0.7312 is within the limit",
            ),
        ),
        statements=answered(answers),
        statements_date=catalogue_date(),
        environment=(("python", "3.11"),),
        plan={"version": 1, "card": {"name": name}},
    )


def make_html(evidence: Evidence) -> bytes:
    """A page that shows every number of the evidence, each with its place."""
    numbers = [
        f"<data value='{canonical(getattr(f, field)).decode()}' data-figure='{f.id}' data-field='{field}'>x</data>"
        for f in evidence.figures
        for field in ("value", "low", "high", "n", "events")
        if getattr(f, field) is not None
    ]
    points = [
        f"<data value='{canonical(v).decode()}' data-series='{s.id}' data-column='{column}' data-row='{row}'>x</data>"
        for s in evidence.series
        for column, values in s.columns
        for row, v in enumerate(values)
    ]
    tables = [
        f"<table data-series='{s.id}'><tr><td><data value='{canonical(values[0]).decode()}' data-column='{column}' "
        "data-row='0'>x</data></table>"
        for s in evidence.series
        for column, values in s.columns[:1]
    ]
    head = f"<meta charset='utf-8'><title>{evidence.name}</title>"
    body = "".join(f"<p>{item}</p>" for item in numbers + points) + "".join(tables)
    return f"<!doctype html><html lang='en'><head>{head}</head><body><h1>Card</h1>{body}</body></html>".encode()


def make_pdf(html: bytes, card_json: bytes, *, padding: int = 0) -> bytes:
    """A tagged PDF/A-3a with card.json associated with it; `padding` bytes of a picture make it larger."""
    from weasyprint import HTML, Attachment
    from weasyprint.urls import URLFetcher

    made = dt.datetime(2026, 11, 1)
    attachment = Attachment(
        string=card_json, name="card.json", description="the card", created=made, modified=made, relationship="Data"
    )
    page = HTML(string=html.decode(), base_url="about:blank", url_fetcher=URLFetcher(allowed_protocols=["data"]))
    raw = page.write_pdf(pdf_variant="pdf/a-3a", attachments=[attachment], pdf_identifier=b"0123456789abcdef")
    with pikepdf.open(io.BytesIO(raw)) as pdf:
        pdf.Root.AF = pikepdf.Array([pdf.Root.AF[0]])
        if padding:
            pdf.pages[0].obj.Filler = pdf.make_stream(bytes(range(251)) * (padding // 251), compress=False)
        out = io.BytesIO()
        pdf.save(
            out, deterministic_id=True, object_stream_mode=pikepdf.ObjectStreamMode.disable, compress_streams=False
        )
    return out.getvalue()


def make_files(evidence: Evidence, *, public: bool = False, padding: int = 0) -> dict[str, bytes]:
    """The files of an unsigned release."""
    card, html = evidence.to_json(), make_html(evidence)
    files = {"card.json": card, "card.html": html, "card.pdf": make_pdf(html, card, padding=padding)}
    files |= {artifact.name: artifact.data for artifact in verifying_aids(evidence)}
    if public:
        summary = summarised(evidence, card)
        files["public/summary.json"] = summary.to_json()
        files["public/summary.html"] = make_html(summary.as_evidence())
    return files


def write(folder: Path, files: Mapping[str, bytes]) -> Path:
    """Put files into a folder."""
    for name, data in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return folder


def read(folder: Path) -> dict[str, bytes]:
    """Every file of a folder."""
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


@functools.cache
def opened(signer: Signer) -> KeyInMemory:
    """The key of a signer, opened once."""
    return signer.open()


def restate(
    folder: Path,
    signer: Signer,
    *,
    omit: tuple[str, ...] = (),
    act: str = "01-provider",
    before: str | None = None,
    **changes: object,
) -> Path:
    """Make the statement of a signed release anew over the files as they are now, with the signer's own key.

    What a dishonest or careless signer could do: everything fits but what a test has spoilt.
    """
    files = read(folder)
    place = f"signatures/{act}/"
    previous = None if before is None else sha256_of(files[f"signatures/{before}/statement.dsse.json"])
    files = {n: d for n, d in files.items() if not n.startswith("signatures/") or n.startswith(place)}
    files.pop(place + "statement.dsse.json.tst", None)
    files.pop(place + "statement.dsse.json", None)
    key = opened(signer)
    files[place + "chain.pem"] = files.get(place + "chain.pem", pem_chain(key.chain))
    statement = Statement(
        role=act[3:],
        previous=previous,
        certificate=fingerprint(key.chain[0]),
        files=listed(FileOnDisk(name=n, data=d) for n, d in files.items() if n not in omit),
        subjects=subjects(make_evidence()),
    )
    payload = dataclasses.replace(statement, **changes).to_payload()  # type: ignore[arg-type]
    # The same bytes as pyHanko makes (a test says so), without its checking the key each time.
    signature = key.private.sign(pae(payload), PKCS1v15(), SHA256())
    envelope = Envelope(payload=payload, signature=signature, keyid=fingerprint(key.chain[0]))
    return write(folder, {**files, place + "statement.dsse.json": envelope.to_json()})


def make_opinion(evidence: Evidence | None = None, *, role: str = "validator", **changes: object) -> Opinion:
    """An opinion on a card."""
    given: dict[str, object] = {
        "role": role,
        "opinion": "approve",
        "card": "sha256:" + sha256_of((evidence or make_evidence()).to_json()),
        "date": "2026-11-29",
        "name": "Vera Valid",
        "scope": "All but the use in production.",
        "independence": "Not of the team that built the model.",
        "findings": (Finding(id="F-1", severity="low", text="Few rows.", figures=("performance.roc_auc",)),),
    }
    return Opinion(**{**given, **changes})  # type: ignore[arg-type]


def wrong(found: Verification) -> str:
    """What is said to be wrong; the release has to be invalid, and its exit code 3."""
    assert found.state == "invalid", found.lines()
    assert found.exit_code == 3
    return " | ".join(str(r) for r in found.reasons if r.state == "invalid")


def unknown(found: Verification) -> str:
    """What is said to be unknown, with nothing wrong."""
    assert found.state == "indeterminate", found.lines()
    assert found.exit_code == 3
    assert {r.state for r in found.reasons} == {"indeterminate"}
    return " | ".join(map(str, found.reasons))
