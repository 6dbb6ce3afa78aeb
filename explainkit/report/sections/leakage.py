"""Within section 6: what the model may have been told that nobody knows when it is asked."""

from __future__ import annotations

from collections.abc import Sequence

from explainkit.evidence import Column as DataColumn
from explainkit.figures import Figure
from explainkit.report.card import Block, Column, Group, Items, Label, Paragraph, Parts, Row, Table
from explainkit.report.language import noted
from explainkit.report.phrases import given, interval, level, listed, name, number, source, words
from explainkit.report.reader import Reader
from explainkit.report.sections.findings import LEAKS, items

_ALONE = ("leakage.auc", "leakage.rank_correlation")
_RUN, _CHANCE = "leakage.determined", "leakage.determined_chance"
_WAYS = {
    "whole": noted("equal in every column that is no id"),
    "cases": noted("equal in all inputs and the outcome"),
    "inputs": noted("equal in all inputs"),
    "near": noted("nearly equal in all inputs"),
}
_ON_PAPER = 25


def blocks(reader: Reader) -> tuple[Block, ...]:
    """Findings, then columns alone, values that determine the outcome, and rows in both data sets."""
    found: list[Block] = []
    told = tuple(items(reader, LEAKS, linked=False))
    if told:
        found.append(Items(items=told))
    if reader.features:
        found.append(Paragraph(parts=_stated(reader), style="text"))
    found += [*_alone(reader), *_determined(reader), *_overlap(reader)]
    return (Group(title=words("Leakage"), blocks=tuple(found)),) if found else ()


def _stated(reader: Reader) -> Parts:
    """When values are known and when the model is asked, as stated."""
    data = reader.evidence.plan.get("data", {})
    if "decided_at" not in data:
        return words(
            "When the model is asked was not stated (data.moments, data.decided_at): whether a value is known by then "
            "cannot be told."
        )
    return words(
        "Moments in their order: {moments}. The model is asked at: {moment}.",
        moments=listed([(name(moment),) for moment in data["moments"]]),
        moment=name(data["decided_at"], strong=True),
    )


def _alone(reader: Reader) -> tuple[Block, ...]:
    figures = [figure for kind in _ALONE for figure in reader.named(kind)]
    measured = sorted((f for f in figures if f.status == "measured"), key=lambda f: (-(f.value or 0.0), f.id))
    if not measured:
        return (Paragraph(parts=source(figures), style="note"),) if figures else ()
    columns = {c.name: c for c in reader.evidence.columns}
    moments = any(c.available for c in columns.values())
    title = words("Area alone") if measured[0].name == _ALONE[0] else words("Rank correlation alone")
    table = Table(
        columns=(
            Column(title=words("Column"), share=28),
            Column(title=words("Input"), share=10),
            *((Column(title=words("Known at"), share=16),) if moments else ()),
            Column(title=title, align="right", share=12),
            Column(title=(Label(level(measured), "clause"),), align="right", share=20),
            Column(title=words("n"), align="right", share=10),
        ),
        rows=tuple(_row(columns[reader.feature(f, "column")], f, moments) for f in measured),
        source=source(figures),
        print_rows=_ON_PAPER,
    )
    intro = words(
        "How well each column alone ranks the outcomes, as if it were the model. A column that does so nearly as well "
        "as can be is often known only after the outcome."
    )
    return (Group(title=words("One column alone"), blocks=(Paragraph(parts=intro, style="text"), table)),)


def _row(column: DataColumn, figure: Figure, moments: bool) -> Row:
    seen = "feature" in column.roles
    return Row(
        cells=(
            (name(column.name),),
            words("yes") if seen else words("no"),
            *((((name(column.available),) if column.available else ()),) if moments else ()),
            number(figure),
            interval(figure),
            number(figure, "n"),
        ),
        tone="plain" if seen else "quiet",
    )


def _determined(reader: Reader) -> tuple[Block, ...]:
    runs = [f for f in reader.named(_RUN) if f.status == "measured"]
    if not runs:
        return ()
    chances = [reader.figure(_CHANCE, run.keys) for run in runs]
    table = Table(
        columns=(
            Column(title=words("Column"), share=28),
            Column(title=words("Value"), share=18),
            Column(title=words("Rows"), align="right", share=11),
            Column(title=words("All are"), share=15),
            Column(title=words("Of such rows"), align="right", share=13),
            Column(title=words("By chance"), align="right", share=15),
        ),
        rows=tuple(_run(reader, run, chance) for run, chance in zip(runs, chances, strict=True)),
        source=source([*runs, *chances]),
        print_rows=_ON_PAPER,
    )
    intro = words(
        "Values, and intervals of values, that come with one outcome alone, although chance would hardly do that and "
        "the rows beside them are otherwise. An outcome that most rows have anyway makes no finding."
    )
    title = words("Values that determine the outcome")
    return (Group(title=title, blocks=(Paragraph(parts=intro, style="text"), table)),)


def _run(reader: Reader, run: Figure, chance: Figure | None) -> Row:
    return Row(
        cells=(
            (name(reader.feature(run, "column")),),
            (given(run.keys["value"]),),
            number(run),
            (name(run.class_ or ""),),
            number(run, "events"),
            number(chance),
        )
    )


def _overlap(reader: Reader) -> tuple[Block, ...]:
    found = [f for f in reader.named("leakage.overlap") if f.keys]
    if not found:
        return ()
    rows: list[Row] = []
    shown: list[Figure | None] = []
    for figure in found:
        others = [reader.figure(f"leakage.overlap_{what}", figure.keys) for what in ("expected", "excess")]
        shown += [figure, *others]
        rows.append(_found(figure, others))
    table = Table(
        columns=(
            Column(title=words("Rows that are"), share=32),
            Column(title=words("Found"), align="right", share=11),
            Column(title=words("Share"), align="right", share=12),
            Column(title=words("Expected"), align="right", share=13),
            Column(title=words("More than expected"), align="right", share=12),
            Column(title=(Label(level([f for f in shown[2::3] if f is not None]), "clause"),), align="right", share=20),
        ),
        rows=tuple(rows),
        # The rows of the table say what is equal; only what "nearly" means has to be added.
        source=source([*shown[:3], *(f for f in found if f.keys["rows"] == "near")]),
    )
    intro = words(
        "Evaluation rows that stand in the reference data too. Rows of few coarse columns meet their like by chance: "
        "as many are expected as reference rows have a twin among the other reference rows."
    )
    return (Group(title=words("Rows in both data sets"), blocks=(Paragraph(parts=intro, style="text"), table)),)


def _found(figure: Figure, others: Sequence[Figure | None]) -> Row:
    expected, excess = others
    return Row(
        cells=(
            words(_WAYS[figure.keys["rows"]]),
            number(figure, "events"),
            number(figure),
            number(expected),
            number(excess),
            interval(excess),
        )
    )
