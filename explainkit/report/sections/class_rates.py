"""Within section 8: several classes, each against all others, by group."""

from __future__ import annotations

from explainkit.figures import Figure, as_in_ids
from explainkit.report.card import Block, Column, Group, Label, Paragraph, Row, Table
from explainkit.report.measures import measure
from explainkit.report.phrases import group_name, level, listed, name, number, source, stacked, title, words
from explainkit.report.reader import Reader

_FIRST = "fairness.decided_rate"
_KINDS = (_FIRST, "fairness.true_positive_rate", "fairness.false_positive_rate", "fairness.precision")
_ON_PAPER = 24


def blocks(reader: Reader) -> tuple[Block, ...]:
    """One table for each sensitive column, class by class."""
    found = [table for column in reader.sensitive if (table := _table(reader, column)) is not None]
    if not found:
        return ()
    intro = words("Each class against all others: how often it is decided, and how rightly, group by group.")
    return (Group(title=words("Class by class"), blocks=(Paragraph(parts=intro, style="text"), *found)),)


def _table(reader: Reader, column: str) -> Group | None:
    rates = [f for f in reader.named(_FIRST) if set(f.keys) == {"class", as_in_ids(column)}]
    if not rates:
        return None
    figures: list[Figure] = []
    rows = []
    for rate in rates:
        found = [reader.figure(kind, rate.keys) for kind in _KINDS]
        figures += [figure for figure in found if figure is not None]
        cells = ((name(rate.keys["class"]),), group_name([rate.keys[as_in_ids(column)]]), number(rate, "n"))
        rows.append(Row(cells=(*cells, *(stacked(figure) for figure in found))))
    below = words("Below each value: {interval}.", interval=Label(level(figures), "clause"))
    table = Table(
        columns=(
            Column(title=words("Class"), share=20),
            Column(title=words("Group"), share=20),
            Column(title=words("n"), align="right", share=8),
            *(Column(title=(title(measure(kind).title),), align="right", share=13) for kind in _KINDS),
        ),
        rows=tuple(rows),
        source=listed([below, source(figures)], " "),
        print_rows=_ON_PAPER,
    )
    return Group(title=words("By {column}", column=name(column)), blocks=(table,))
