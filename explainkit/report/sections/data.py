"""Section 6: the data on which everything was measured."""

from __future__ import annotations

from explainkit.evidence import Column as DataColumn
from explainkit.evidence import Evidence
from explainkit.report import charts as draw
from explainkit.report.card import Block, Chart, Column, Group, Items, Paragraph, Parts, Row, Section, Table, Words
from explainkit.report.language import noted, say
from explainkit.report.numbers import figure_text
from explainkit.report.phrases import listed, name, number, on_page, source, stated, words
from explainkit.report.reader import Reader
from explainkit.report.sections import drift, findings, leakage, splits
from explainkit.report.sections.findings import OF_DATA

MOST_DRAWN = 30
_ROLES = {
    "feature": noted("feature"),
    "target": noted("target"),
    "score": noted("score"),
    "weight": noted("weight"),
    "cluster": noted("cluster"),
    "id": noted("identifier"),
    "time": noted("time"),
    "segment": noted("segment"),
    "sensitive": noted("sensitive"),
    "interval": noted("end of an interval"),
    "champion": noted("champion"),
    "decision": noted("decision"),
    "proxy": noted("proxy"),
    "unused": noted("not used"),
}
_KINDS = {
    "number": noted("number"),
    "integer": noted("integer"),
    "boolean": noted("boolean"),
    "category": noted("category"),
    "text": noted("text"),
    "date": noted("date"),
    "empty": noted("empty"),
}


def section(evidence: Evidence) -> Section:
    """Statements on the population, counts, and every column."""
    reader = Reader(evidence)
    blocks: list[Block] = []
    counts = _counts(reader)
    if counts:
        blocks.append(Paragraph(parts=counts, style="read"))
    blocks.extend(_classes(reader))
    told = tuple(findings.items(reader, OF_DATA, linked=False))
    if told:
        blocks.append(Items(items=told))
    if evidence.columns:
        drawn = _missingness(reader)
        inside: tuple[Block, ...] = (_columns(reader),) if drawn is None else (_columns(reader), drawn)
        blocks.append(Group(title=words("Columns of the evaluation data"), blocks=inside))
    blocks.extend(splits.blocks(reader))
    blocks.extend(drift.blocks(reader))
    blocks.extend(leakage.blocks(reader))
    blocks.extend(stated(reader, "data"))
    return Section(number=6, id="data", title=say("Data"), blocks=tuple(blocks))


def _counts(reader: Reader) -> Parts:
    """How many rows, outcomes and positives."""
    rows = reader.measured("data.rows", dataset="evaluation")
    if rows is None:
        return ()
    labelled, events, positive = (
        reader.measured("data.labelled"),
        reader.measured("data.events"),
        reader.evidence.positive,
    )
    if labelled is None:
        parts = words("Measured on {rows} rows.", rows=number(rows))
    elif events is None or positive is None:
        parts = words(
            "Measured on {rows} rows, {labelled} of them with a known outcome.",
            rows=number(rows),
            labelled=number(labelled),
        )
    else:
        parts = words(
            "Measured on {rows} rows, {labelled} of them with a known outcome; {events} of these are {outcome}.",
            rows=number(rows),
            labelled=number(labelled),
            events=number(events),
            outcome=name(positive),
        )
    return parts + _reference_counts(reader)


def _reference_counts(reader: Reader) -> Parts:
    rows = reader.measured("data.rows", dataset="reference")
    if rows is None:
        return ()
    labelled = reader.measured("data.labelled", dataset="reference")
    events, positive = reader.measured("data.events", dataset="reference"), reader.evidence.positive
    if labelled is None:
        said = words("The reference data has {rows} rows.", rows=number(rows))
    elif events is None or positive is None:
        said = words(
            "The reference data has {rows} rows, {labelled} of them with a known outcome.",
            rows=number(rows),
            labelled=number(labelled),
        )
    else:
        said = words(
            "The reference data has {rows} rows, {labelled} of them with a known outcome; {events} of these are "
            "{outcome}.",
            rows=number(rows),
            labelled=number(labelled),
            events=number(events),
            outcome=name(positive),
        )
    return (Words(" "), *said)


def _classes(reader: Reader) -> tuple[Block, ...]:
    counts = reader.keyed("data.class_count", "class")
    if not counts:
        return ()
    others = [reader.measured("data.class_count", {"class": label, "dataset": "reference"}) for label, _ in counts]
    both = any(others)
    more = (Column(title=words("Rows of the reference data"), align="right", share=1),) if both else ()
    table = Table(
        columns=(Column(title=words("Class"), share=3), Column(title=words("Rows"), align="right", share=1), *more),
        rows=tuple(
            Row(cells=((name(label),), number(figure), *((number(other),) if both else ())))
            for (label, figure), other in zip(counts, others, strict=True)
        ),
    )
    return (Group(title=words("Outcomes"), blocks=(table,)),)


def _columns(reader: Reader) -> Table:
    columns = reader.evidence.columns
    moments = any(column.available for column in columns)
    figures = [
        figure
        for kind in ("data.missing", "data.distinct", "data.low", "data.high")
        for figure in reader.named(kind)
        if figure.status != "measured" and figure.dataset != "reference"
    ]
    return Table(
        columns=(
            Column(title=words("Column"), share=24),
            Column(title=words("Kind"), share=11),
            Column(title=words("Role"), share=17),
            *((Column(title=words("Known at"), share=14),) if moments else ()),
            Column(title=words("Missing"), align="right", share=9),
            Column(title=words("Distinct"), align="right", share=9),
            Column(title=words("Lowest"), align="right", share=10),
            Column(title=words("Highest"), align="right", share=10),
        ),
        rows=tuple(_column(reader, column, moments) for column in columns),
        source=listed([parts for parts in (source(figures), _known_at(columns) if moments else ()) if parts], " · "),
        print_rows=45,
    )


def _missingness(reader: Reader) -> Chart | None:
    """Shares of missing values, where there are any; the counts stand in the table."""
    rows = []
    for column in reader.evidence.columns:
        figure = reader.measured("data.missing", column=column.name)
        if figure is not None and figure.value and figure.n:
            row = draw.Interval(name=column.name, value=figure.value / figure.n, text=figure_text(figure))
            rows.append((-row.value if row.value else 0.0, row))
    if not rows:
        return None
    rows.sort(key=lambda pair: (pair[0], pair[1].name))
    return Chart(
        svg=draw.intervals(
            [row for _, row in rows[:MOST_DRAWN]],
            holds=(0.0, 1.0),
            axis=say("share of rows without a value (count beside)"),
        ),
        alt=say("Share of the rows whose value is missing, by column, the largest first"),
        width="half",
        caption=words("Where values are missing; columns without a gap are left out"),
    )


def _known_at(columns: tuple[DataColumn, ...]) -> Parts:
    """What the column of this name says, and of how many inputs nobody said it."""
    said = words("“Known at” is stated in the plan; a blank there means that nobody said when the value is known.")
    blank = sum("feature" in c.roles and c.available is None for c in columns)
    return (*said, Words(" "), *words("Not said for {count} inputs.", count=on_page(blank))) if blank else said


def _column(reader: Reader, column: DataColumn, moments: bool) -> Row:
    keys = {"column": column.name}
    roles = listed([words(_ROLES[role]) for role in column.roles])
    if column.actionable is not None:
        roles = (
            words("{roles}, can be changed", roles=roles)
            if column.actionable
            else words("{roles}, cannot be changed", roles=roles)
        )
    return Row(
        cells=(
            (name(column.name),),
            words(_KINDS[column.kind]),
            roles,
            *((((name(column.available),) if column.available else ()),) if moments else ()),
            number(reader.figure("data.missing", keys)),
            number(reader.figure("data.distinct", keys)),
            number(reader.figure("data.low", keys)),
            number(reader.figure("data.high", keys)),
        ),
        tone="quiet" if column.roles == ("unused",) else "plain",
    )
