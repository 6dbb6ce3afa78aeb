"""A CycloneDX ML-BOM: model, data and figures of a card in the format of bills of material (ECMA-424).

Members of the format that ask for what only a person can state are filled from statements, or left out.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from importlib.metadata import version
from typing import Any, Literal, TypeAlias

from explainkit.artifact import Artifact
from explainkit.evidence import Evidence, LedgerEntry
from explainkit.figures import Figure
from explainkit.records import as_document, canonical
from explainkit.registries.exportable import Exportable

SpecVersion: TypeAlias = Literal["1.6", "1.7"]
SPEC_VERSIONS: tuple[SpecVersion, ...] = ("1.6", "1.7")

_NAMESPACE = uuid.uuid5(uuid.NAMESPACE_URL, "https://cyclonedx.org/bom/explainkit")
_MEASURED = ("performance.", "calibration.", "fairness.", "ll144.", "champion.", "slice.")
"""How names of figures begin that say how well the model does, and for whom."""
_MODEL = "model"


def bom(given: Exportable, *, spec_version: SpecVersion = "1.6") -> Artifact:
    """The bill of material of a card.

    Parameters
    ----------
    given : Exportable
        What may go out.
    spec_version : {"1.6", "1.7"}
        Version of CycloneDX.

    Returns
    -------
    Artifact
        ``bom.cdx.json``; the same card gives the same bytes, the serial number included.
    """
    evidence, card = given.evidence, given.summary.card
    tool = {"type": "application", "name": "explainkit", "version": version("explainkit")}
    document = {
        "$schema": f"http://cyclonedx.org/schema/bom-{spec_version}.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": spec_version,
        "serialNumber": f"urn:uuid:{uuid.uuid5(_NAMESPACE, _said(given, spec_version))}",
        "version": 1,
        "metadata": {"tools": {"components": [tool]}},
        "components": [_model(evidence, card), *_data(evidence)],
        "properties": _properties(
            ("explainkit:audience", "internal" if given.internal else "public"),
            ("explainkit:card.date", evidence.date),
            *(("explainkit:card.draft", reason) for reason in evidence.draft),
        ),
    }
    text = json.dumps(document, ensure_ascii=False, indent=2) + "\n"
    return Artifact(name="bom.cdx.json", data=text.encode(), media_type="application/vnd.cyclonedx+json")


def _said(given: Exportable, spec_version: str) -> str:
    """What a serial number stands for: two that differ in any of these are two documents."""
    audience = "internal" if given.internal else "public"
    return f"{given.summary.card} {audience} {spec_version} {version('explainkit')}"


def _model(evidence: Evidence, card: str) -> dict[str, Any]:
    model = evidence.model
    provider = _answers(evidence, "provider")
    return {
        "type": "machine-learning-model",
        "bom-ref": _MODEL,
        **({"supplier": {"name": provider[0]}} if provider else {}),
        "name": evidence.name,
        "version": evidence.version,
        **_hashes(model.digest),
        "externalReferences": [
            {
                "type": "model-card",
                "url": "card.json",
                "comment": "every number stands in the card; verify it, since nobody signs this file",
                **_hashes(card),
            }
        ],
        "modelCard": {
            "modelParameters": _parameters(evidence),
            "quantitativeAnalysis": {"performanceMetrics": list(_metrics(evidence))},
            "considerations": _considerations(evidence),
            "properties": _properties(*(("explainkit:figure", _whole(figure)) for figure in evidence.figures)),
        },
        "properties": _properties(
            ("explainkit:model.digest_of", model.digest_of),
            ("explainkit:model.library", model.library),
            ("explainkit:positive", evidence.positive),
            ("explainkit:threshold", evidence.threshold),
            ("explainkit:favourable", evidence.favourable),
            *(("explainkit:population", part) for part in evidence.population),
            *((f"explainkit:model.parameter:{name}", value) for name, value in model.parameters),
            *(("explainkit:output", output) for output in evidence.outputs),
            *((f"explainkit:statement:{s.id}", s.answer) for s in evidence.statements),
            *(("explainkit:not_provided", s.id) for s in evidence.statements if s.answer is None),
            *(
                (f"explainkit:gate:{g.gate}", f"{g.limit} ({g.bound}, {g.severity}): {g.outcome}")
                for g in evidence.gates
            ),
        ),
    }


def _parameters(evidence: Evidence) -> dict[str, Any]:
    model = evidence.model
    return {
        "task": evidence.task,
        "architectureFamily": model.family,
        **({"modelArchitecture": model.kind} if model.kind else {}),
        "datasets": [{"ref": _reference(d.role)} for d in evidence.datasets],
    }


def _data(evidence: Evidence) -> Iterator[dict[str, Any]]:
    for dataset in evidence.datasets:
        name = f"{dataset.role} data"
        yield {
            "type": "data",
            "bom-ref": _reference(dataset.role),
            "name": dataset.name or name,
            **_hashes(dataset.digest),
            "data": [{"type": "dataset", "name": name}],
            "properties": _properties(("explainkit:data.digest_of", dataset.digest_of)),
        }


def _reference(role: str) -> str:
    return f"data-{role}"


def _metrics(evidence: Evidence) -> Iterator[dict[str, Any]]:
    """Measured figures; what else is to be known of them stands in the properties."""
    for figure in evidence.figures:
        if figure.value is None or not figure.name.startswith(_MEASURED):
            continue
        bracket = figure.id.removeprefix(figure.name).strip("[]")
        ends = {"lowerBound": figure.low, "upperBound": figure.high}
        interval = {name: _number(end) for name, end in ends.items() if end is not None}
        yield {
            "type": figure.name,
            "value": _number(figure.value),
            **({"slice": bracket} if bracket else {}),
            **({"confidenceInterval": interval} if interval else {}),
        }


def _number(number: float) -> str:
    """As in card.json."""
    return canonical(number).decode()


def _whole(figure: Figure) -> str:
    """Everything that the card says of a figure: its n, level and method, or why it has no value."""
    return canonical(as_document(figure)).decode()


def _considerations(evidence: Evidence) -> dict[str, Any]:
    """What was stated, and what the card says was not done."""
    members = {
        "useCases": _answers(evidence, "intended_use"),
        "technicalLimitations": [_limitation(entry) for entry in evidence.ledger],
        "ethicalConsiderations": [{"name": answer} for answer in _answers(evidence, "risks")],
        "fairnessAssessments": list(_assessments(evidence)),
    }
    return {name: member for name, member in members.items() if member}


def _limitation(entry: LedgerEntry) -> str:
    return f"{entry.kind.replace('_', ' ')}: {entry.what} ({entry.reason})"


def _assessments(evidence: Evidence) -> Iterator[dict[str, Any]]:
    """The groups that were examined; benefits and harms are for people to state."""
    mitigation = _answers(evidence, "mitigation")
    for column in evidence.columns:
        if "sensitive" not in column.roles:
            continue
        groups = [
            f.keys[column.name] for f in evidence.figures if f.name == "fairness.count" and set(f.keys) == {column.name}
        ]
        yield {
            "groupAtRisk": f"groups by {column.name}: {', '.join(groups) or 'none examined'}",
            **({"mitigationStrategy": mitigation[0]} if mitigation else {}),
        }


def _answers(evidence: Evidence, *ids: str) -> list[str]:
    given = {statement.id: statement.answer for statement in evidence.statements}
    return [answer for key in ids if (answer := given.get(key)) is not None]


def _hashes(digest: str | None) -> dict[str, Any]:
    """The digest as the format has it; none where the thing has no bytes."""
    kind, _, content = (digest or "").partition(":")
    return {"hashes": [{"alg": "SHA-256", "content": content}]} if kind == "sha256" else {}


def _properties(*pairs: tuple[str, str | None]) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in pairs if value]
