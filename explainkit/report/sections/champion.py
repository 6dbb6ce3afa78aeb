"""Part of section 7: this model against the champion, on the same rows."""

from __future__ import annotations

from explainkit.figures import Figure, parse_figure_id
from explainkit.report.card import Block, Column, Group, Paragraph, Parts, Row, Table, Words
from explainkit.report.language import say
from explainkit.report.measures import measure
from explainkit.report.phrases import in_words, interval, level, name, number, source, title, words
from explainkit.report.reader import Reader


def blocks(reader: Reader) -> tuple[Block, ...]:
    """One row for each figure compared."""
    figures = reader.named("champion.difference")
    if not figures:
        return ()
    called = reader.evidence.plan.get("champion", {}).get("name") or say("champion")
    reading = words(
        "This model less the model in use now, {champion}, row by row on the same rows: what makes rows easy or hard "
        "is the same for both.",
        champion=name(called, strong=True),
    )
    rows = tuple(_row(reader, f) for f in figures)
    table = Table(
        columns=(
            Column(title=words("Measure"), share=34),
            Column(title=words("This model"), align="right", share=12),
            Column(title=words("Champion"), align="right", share=12),
            Column(title=words("Difference"), align="right", share=14),
            Column(title=(title(level(figures), "clause"),), align="right", share=18),
            Column(title=words("n"), align="right", share=10),
        ),
        rows=rows,
        source=source(figures),
    )
    return (Group(title=words("Against the champion"), blocks=(Paragraph(parts=reading, style="read"), table)),)


def _row(reader: Reader, difference: Figure) -> Row:
    compared = difference.keys["figure"]
    own = next((f for f in reader.evidence.figures if f.id == compared), None)
    cells = (
        compared_name(compared),
        number(own),
        number(reader.figure("champion.value", difference.keys)),
        number(difference),
        interval(difference),
        number(difference, "n"),
    )
    return Row(cells=cells)


def compared_name(compared: str) -> Parts:
    """What is compared, in words; a very long id stands in the key by its digest."""
    if compared.startswith("sha256:"):
        return (name(compared),)
    kind, keys = parse_figure_id(compared)
    head: Parts = (title(measure(kind).title.partition(" (")[0]),)
    return (*head, Words(", "), name(in_words(keys))) if keys else head
