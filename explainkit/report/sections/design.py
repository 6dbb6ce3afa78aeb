"""Section 5: how the model is made."""

from __future__ import annotations

from collections.abc import Sequence

from explainkit.evidence import Evidence
from explainkit.report.card import Beside, Block, Column, Group, Paragraph, Parts, Row, Section, Table
from explainkit.report.language import say
from explainkit.report.phrases import code, listed, name, on_page, stated, words
from explainkit.report.reader import Reader

_MOST_INPUTS = 60
_MOST_PARAMETERS = 60


def section(evidence: Evidence) -> Section:
    """Rationale as stated, inputs, and parameters as the library reports them."""
    reader = Reader(evidence)
    blocks: list[Block] = []
    if reader.features:
        blocks.append(Group(title=words("Inputs"), blocks=(Paragraph(parts=_inputs(reader)),)))
    parameters = evidence.model.parameters
    if parameters:
        shown = parameters[:_MOST_PARAMETERS]
        half = (len(shown) + 1) // 2
        inside: list[Block] = [
            Beside(left=(_table(shown[:half]),), right=(_table(shown[half:]),) if shown[half:] else ())
        ]
        if len(parameters) > _MOST_PARAMETERS:
            more = on_page(len(parameters) - _MOST_PARAMETERS)
            left = words("{count} more parameters stand in card.json.", count=more)
            inside.append(Paragraph(parts=left, style="note"))
        blocks.append(Group(title=words("Parameters, as the library reports them"), blocks=tuple(inside)))
    else:
        blocks.append(
            Paragraph(parts=words("No parameters are known: the model's inside was not given."), style="note")
        )
    blocks.extend(stated(reader, "design"))
    return Section(number=5, id="design", title=say("Design"), blocks=tuple(blocks))


def _inputs(reader: Reader) -> Parts:
    features = reader.features
    count, columns = on_page(len(features)), listed([(name(c.name),) for c in features[:_MOST_INPUTS]])
    if len(features) > _MOST_INPUTS:
        return words(
            "The model sees {count} columns: {columns} and others; all stand in card.json.",
            count=count,
            columns=columns,
        )
    if len(features) > 1:
        return words("The model sees {count} columns: {columns}.", count=count, columns=columns)
    return words("The model sees {count} column: {columns}.", count=count, columns=columns)


def _table(parameters: Sequence[tuple[str, str]]) -> Table:
    return Table(
        columns=(Column(title=words("Parameter"), share=55), Column(title=words("Value"), share=45)),
        rows=tuple(Row(cells=((code(key),), (code(value),))) for key, value in parameters),
    )
