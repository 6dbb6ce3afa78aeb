"""Section 2: which model, which data, which version of what."""

from __future__ import annotations

from explainkit.artifact import sha256_of
from explainkit.evidence import DatasetIdentity, Evidence, ModelIdentity
from explainkit.public import PublicModel
from explainkit.report.card import Block, Column, Facts, Group, Label, Parts, Row, Section, Table, Words
from explainkit.report.language import noted, say, spoken
from explainkit.report.phrases import clause, code, listed, name, number, stated, words
from explainkit.report.reader import Reader

_FAMILIES = {
    "callable": noted("a Python callable"),
    "scores": noted("a column of scores; no model was given"),
}
_TASKS = {
    "binary": noted("binary"),
    "multiclass": noted("multiclass"),
    "regression": noted("regression"),
}
_FRAME = noted("data frame")
_ROLES = {"evaluation": noted("evaluation"), "reference": noted("reference")}


def section(evidence: Evidence) -> Section:
    """Model, data, card, by their fingerprints."""
    reader = Reader(evidence)
    blocks: tuple[Block, ...] = (
        Group(title=words("The model"), blocks=(Facts(pairs=_model(evidence), wide=True),)),
        Group(title=words("The data"), blocks=(_datasets(reader),)),
        Group(title=words("The card"), blocks=(Facts(pairs=_card(evidence), wide=True),)),
        *stated(reader, "identity"),
    )
    return Section(number=2, id="identity", title=say("Identity"), blocks=blocks)


def dataset_name(dataset: DatasetIdentity) -> Label:
    """Name of the file; of data handed over in memory, that it was a data frame."""
    return name(say(_FRAME) if dataset.name == _FRAME else dataset.name)


def model_name(model: ModelIdentity | PublicModel) -> Label:
    """Class of the model; what it is where it has none."""
    return name(model.kind) if model.kind else _family(model)


def _family(model: ModelIdentity | PublicModel) -> Label:
    return name(say(_FAMILIES.get(model.family, model.family)))


def _model(evidence: Evidence) -> tuple[tuple[Parts, Parts], ...]:
    model = evidence.model
    outputs: list[tuple[Parts, Parts]] = []
    if evidence.task != "regression":
        outputs.append((words("Classes"), listed([(name(c),) for c in evidence.outputs], " · ")))
    rows: list[tuple[Parts, Parts]] = [
        (words("Name and version"), (name(evidence.name), Words(" "), name(evidence.version))),
        (words("Family"), (_family(model),)),
    ]
    if model.kind:
        rows.append((words("Class"), (name(model.kind),)))
    if model.steps:
        rows.append((words("Steps"), listed([(name(s),) for s in model.steps], " → ")))
    if model.library:
        rows.append((words("Held by"), (name(model.library),)))
    rows.append((words("Task"), words(_TASKS[evidence.task])))
    rows.extend(outputs)
    if model.digest:
        rows.append((words("Fingerprint"), (code(model.digest),)))
    rows.append((words("Fingerprint of"), (clause(model.digest_of),)))
    return tuple(rows)


def _datasets(reader: Reader) -> Table:
    rows = [
        Row(
            cells=(
                words(_ROLES[d.role]),
                (dataset_name(d),),
                number(reader.figure("data.rows", dataset=d.role)),
                (code(d.digest),),
                (clause(d.digest_of),),
            )
        )
        for d in reader.evidence.datasets
    ]
    if not any(d.role == "reference" for d in reader.evidence.datasets):
        rows.append(Row(cells=(words(_ROLES["reference"]), words("not given"), (), (), ()), tone="quiet"))
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
        (words("Questions asked"), words("catalogue of {date}", date=name(spoken().date(evidence.statements_date)))),
        (words("Signature intended"), (name(f"PAdES {evidence.level}"),)),
    )
