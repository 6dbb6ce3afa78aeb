"""One decision by itself: as text, as a JSON object, and as one HTML page."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from explainkit.artifact import sha256_of
from explainkit.evidence import Case, Evidence
from explainkit.figures import Figure
from explainkit.report import sentences
from explainkit.report.card import Block, Card, Group, Items, Paragraph, Section, Table
from explainkit.report.html import render_html
from explainkit.report.language import language_of, noted, say, speaking
from explainkit.report.look import look_of
from explainkit.report.reader import Reader
from explainkit.report.sections.cases import case_group
from explainkit.report.sections.decision import BLOCKED
from explainkit.report.sentences import plain

_TITLE = noted("One decision")


def page(evidence: Evidence, *, source: str, catalogue: bytes | None = None) -> bytes:
    """One HTML file that needs nothing else.

    Parameters
    ----------
    evidence : Evidence
        Of one case.
    source : str
        Name of the file that holds its numbers.
    catalogue : bytes, optional
        Catalogue of the language, where the plan names one of its own.
    """
    reader, language = Reader(evidence), language_of(evidence.plan, catalogue)
    with speaking(language):
        title = say(_TITLE)
        groups = tuple(case_group(reader, case) for case in evidence.cases)
    section = Section(number=1, id="cases", title=title, blocks=groups)
    card = Card(
        title=f"{evidence.name} {evidence.version}",
        subtitle=title,
        name=evidence.name,
        version=evidence.version,
        digest=sha256_of(evidence.to_json()),
        date=evidence.date,
        front=(),
        sections=(section,),
        document=title,
        look=look_of(evidence.plan, evidence.house),
        language=language,
        source=source,
    )
    return render_html(evidence, card=card)


def told(evidence: Evidence, catalogue: bytes | None = None) -> list[str | Table]:
    """Lines of text, and tables, of every case of the evidence; charts are left to the page."""
    reader, found = Reader(evidence), list[str | Table]()
    with speaking(language_of(evidence.plan, catalogue)):
        for case in evidence.cases:
            group = case_group(reader, case)
            found += [plain(group.title), *_told(group.blocks)]
    return found


def lines(evidence: Evidence, catalogue: bytes | None = None) -> list[str]:
    """The same as plain lines, tables with their columns aligned."""
    with speaking(language_of(evidence.plan, catalogue)):
        return [
            text
            for line in told(evidence, catalogue)
            for text in (_aligned(line) if isinstance(line, Table) else (line,))
        ]


def _told(blocks: Iterable[Block]) -> Iterator[str | Table]:
    for block in blocks:
        if isinstance(block, Group):
            yield ""
            yield plain(block.title).upper()
            yield from _told(block.blocks)
        elif isinstance(block, Paragraph):
            yield plain(block.parts).rstrip()
        elif isinstance(block, Items):
            yield from (text if text[0].isdigit() else f"- {text}" for text in map(plain, block.items))
        elif isinstance(block, Table):
            yield block


def _aligned(table: Table) -> Iterator[str]:
    cells = [[plain(column.title) for column in table.columns]]
    cells += [[plain(cell) for cell in row.cells] for row in table.rows]
    widths = [max(len(row[i]) for row in cells) for i in range(len(table.columns))]
    for row in cells:
        parts = (
            text.rjust(width) if column.align == "right" else text.ljust(width)
            for text, width, column in zip(row, widths, table.columns, strict=True)
        )
        yield "  ".join(parts).rstrip()


def document(evidence: Evidence, catalogue: bytes | None = None) -> dict[str, Any]:
    """The first case of the evidence as a JSON object, with every figure of it."""
    with speaking(language_of(evidence.plan, catalogue)):
        return _document(evidence)


def _document(evidence: Evidence) -> dict[str, Any]:
    reader, case = Reader(evidence), evidence.cases[0]
    own = [f for f in evidence.figures if f.keys.get("case") == case.key]
    found: dict[str, Any] = {
        "case": case.key,
        "naming": case.naming or "position in the evaluation data, from 1",
        "score": _value(reader.figure("case.score", case=case.key)),
        "positive": evidence.positive,
        "threshold": evidence.threshold,
        "favourable": evidence.favourable,
        "space": next((m.space for m in evidence.methods if m.id == "shap"), None),
        "contributions": [
            {
                "feature": reader.feature(f),
                "value": _input(reader, case, reader.feature(f)),
                "contribution": f.value,
                "sentence": plain(sentences.contribution(reader, case, f)),
            }
            for f in sorted(own, key=lambda f: (-abs(f.value or 0.0), f.id))
            if f.name == "explanation.shap.contribution"
        ],
        **{
            name: _value(reader.figure(f"explanation.shap.{name}", case=case.key))
            for name in ("base", "output", "residual")
        },
        "background": [{"of": m.id, "rows": m.background, "digest": m.background_digest} for m in evidence.methods],
        **_decision(reader, case),
        "not_tested": [{"what": e.what, "reason": e.reason} for e in evidence.ledger if e.kind == "not_tested"],
        "figures": {f.id: f.value for f in own},
    }
    return found


def _decision(reader: Reader, case: Case) -> dict[str, Any]:
    decision = case.decision
    if decision is None:
        return {"decision": None}
    found: dict[str, Any] = {"decision": decision.outcome, "adverse": decision.adverse}
    if not decision.adverse:
        return found
    against = decision.against or "cutoff"
    blocked = bool(decision.protected)
    found["reasons"] = {
        "status": "not tested" if decision.reasons is None else BLOCKED if blocked else "issued",
        "ranked": None if decision.reasons is None else list(decision.reasons),
        "protected": None if decision.protected is None else list(decision.protected),
        "against": decision.against,
        "text": []
        if blocked
        else [plain(sentences.reason(reader, case, feature, against)) for feature in decision.reasons or ()],
    }
    found["changes"] = decision.changes and [
        {
            "columns": list(change.columns),
            "values": {
                **dict(change.values),
                **{
                    reader.feature(f): f.value
                    for f in reader.named("explanation.change.value")
                    if (f.keys["case"], f.keys["change"]) == (case.key, str(i))
                },
            },
            "score": _value(reader.figure("explanation.change.score", case=case.key, change=str(i))),
            "text": plain(sentences.change(reader, case, change, i)),
        }
        for i, change in enumerate(decision.changes, start=1)
    ]
    if decision.changes == ():
        found["changes"] = []
    return found


def _value(figure: Figure | None) -> float | int | None:
    return None if figure is None else figure.value


def _input(reader: Reader, case: Case, feature: str) -> float | int | str | None:
    figure = reader.figure("case.input", case=case.key, feature=feature)
    return figure.value if figure is not None else dict(case.inputs).get(feature)
