"""Section 5: how the model is made."""

from __future__ import annotations

from collections.abc import Sequence

from explainkit.evidence import Evidence
from explainkit.report.card import Beside, Block, Column, Group, Paragraph, Row, Section, Table, Words
from explainkit.report.phrases import code, listed, name, on_page, stated, words
from explainkit.report.reader import Reader

_MOST_PARAMETERS = 60


def section(evidence: Evidence) -> Section:
    """Rationale as stated, inputs, and parameters as the library reports them."""
    reader = Reader(evidence)
    blocks: list[Block] = []
    features = reader.features
    if features:
        parts = (
            Words("The model sees "),
            on_page(len(features)),
            Words(" columns: " if len(features) > 1 else " column: "),
            *listed([(name(c.name),) for c in features[:60]]),
            Words("." if len(features) <= 60 else " and others; all stand in card.json."),
        )
        blocks.append(Group(title=words("Inputs"), blocks=(Paragraph(parts=parts),)))
    parameters = evidence.model.parameters
    if parameters:
        shown = parameters[:_MOST_PARAMETERS]
        half = (len(shown) + 1) // 2
        inside: list[Block] = [
            Beside(left=(_table(shown[:half]),), right=(_table(shown[half:]),) if shown[half:] else ())
        ]
        if len(parameters) > _MOST_PARAMETERS:
            left = (on_page(len(parameters) - _MOST_PARAMETERS), Words(" more parameters stand in card.json."))
            inside.append(Paragraph(parts=left, style="note"))
        blocks.append(Group(title=words("Parameters, as the library reports them"), blocks=tuple(inside)))
    else:
        blocks.append(
            Paragraph(parts=words("No parameters are known: the model's inside was not given."), style="note")
        )
    blocks.extend(stated(reader, "design"))
    return Section(number=5, id="design", title="Design", blocks=tuple(blocks))


def _table(parameters: Sequence[tuple[str, str]]) -> Table:
    return Table(
        columns=(Column(title=words("Parameter"), share=55), Column(title=words("Value"), share=45)),
        rows=tuple(Row(cells=((code(key),), (code(value),))) for key, value in parameters),
    )
