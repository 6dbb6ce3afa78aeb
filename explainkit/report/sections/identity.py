"""Section 2: which model, which data, which version of what."""

from __future__ import annotations

from explainkit.artifact import sha256_of
from explainkit.evidence import Evidence
from explainkit.report.card import Block, Column, Facts, Group, Parts, Row, Section, Table, Words
from explainkit.report.phrases import code, name, number, stated, words
from explainkit.report.reader import Reader

_FAMILIES = {
    "callable": "a Python callable",
    "scores": "a column of scores; no model was given",
}


def section(evidence: Evidence) -> Section:
    """Model, data, card, by their fingerprints."""
    reader = Reader(evidence)
    blocks: tuple[Block, ...] = (
        Group(title=words("The model"), blocks=(Facts(pairs=_model(evidence), wide=True),)),
        Group(title=words("The data"), blocks=(_datasets(reader),)),
        Group(title=words("The card"), blocks=(Facts(pairs=_card(evidence), wide=True),)),
        *stated(reader, "identity"),
    )
    return Section(number=2, id="identity", title="Identity", blocks=blocks)


def _model(evidence: Evidence) -> tuple[tuple[Parts, Parts], ...]:
    model = evidence.model
    outputs: list[tuple[Parts, Parts]] = []
    if evidence.task != "regression":
        classes = tuple(part for c in evidence.outputs for part in (Words(" · "), name(c)))[1:]
        outputs.append((words("Classes"), classes))
    rows: list[tuple[Parts, Parts]] = [
        (words("Name and version"), (name(evidence.name), Words(" "), name(evidence.version))),
        (words("Family"), (name(_FAMILIES.get(model.family, model.family)),)),
    ]
    if model.kind:
        rows.append((words("Class"), (name(model.kind),)))
    if model.steps:
        steps = tuple(part for s in model.steps for part in (Words(" → "), name(s)))[1:]
        rows.append((words("Steps"), steps))
    if model.library:
        rows.append((words("Held by"), (name(model.library),)))
    rows.append((words("Task"), words(evidence.task)))
    rows.extend(outputs)
    if model.digest:
        rows.append((words("Fingerprint"), (code(model.digest),)))
    rows.append((words("Fingerprint of"), (name(model.digest_of),)))
    return tuple(rows)


def _datasets(reader: Reader) -> Table:
    rows = [
        Row(
            cells=(
                words(d.role),
                (name(d.name),),
                number(reader.figure("data.rows", dataset=d.role)),
                (code(d.digest),),
                (name(d.digest_of),),
            )
        )
        for d in reader.evidence.datasets
    ]
    if not any(d.role == "reference" for d in reader.evidence.datasets):
        rows.append(Row(cells=(words("reference"), words("not given"), (), (), ()), tone="quiet"))
    return Table(
        columns=(
            Column(title=words("Role"), share=11),
            Column(title=words("File"), share=16),
            Column(title=words("Rows"), align="right", share=8),
            Column(title=words("Fingerprint"), share=43),
            Column(title=words("of"), share=22),
        ),
        rows=tuple(rows),
    )


def _card(evidence: Evidence) -> tuple[tuple[Parts, Parts], ...]:
    return (
        (words("card.json"), (code("sha256:" + sha256_of(evidence.to_json())),)),
        (words("Plan"), (code(evidence.plan_digest),)),
        (words("Questions asked"), (Words("catalogue of "), name(evidence.statements_date))),
        (words("Signature intended"), (name(f"PAdES {evidence.level}"),)),
    )
