"""Within section 7: this model against simple ones and against the champion, in one table."""

from __future__ import annotations

from explainkit.figures import Figure, parse_figure_id
from explainkit.report.card import Block, Column, Group, Paragraph, Parts, Row, Table, Words
from explainkit.report.language import noted, say
from explainkit.report.measures import short_title
from explainkit.report.phrases import in_words, interval, level, name, number, source, title, words
from explainkit.report.reader import Reader

_MODELS = {
    "base_rate": {
        "regression": noted("median outcome alone"),
        "binary": noted("base rate alone"),
        "multiclass": noted("rates of the classes alone"),
    },
    "linear": {
        "regression": noted("linear regression"),
        "binary": noted("logistic regression"),
        "multiclass": noted("logistic regression"),
    },
}


def blocks(reader: Reader) -> tuple[Block, ...]:
    """One row for each measure and each model that this one is held against."""
    simple, champion = reader.named("benchmark.difference"), reader.named("champion.difference")
    compared = [f for f in (*simple, *champion) if "figure" in f.keys]
    refused = [f for f in simple if "figure" not in f.keys]
    if not compared and not refused:
        return ()
    found: list[Block] = []
    if compared:
        order = list(dict.fromkeys(f.keys["figure"] for f in compared))
        compared.sort(key=lambda f: order.index(f.keys["figure"]))
        found.append(Paragraph(parts=_intro(reader, bool(simple), bool(champion)), style="read"))
        found.append(_table(reader, compared, refused))
    else:
        found.append(Paragraph(parts=source(refused), style="note"))
    heading = words("Against simple models and the champion") if simple else words("Against the champion")
    if simple and not champion:
        heading = words("Against simple models")
    return (Group(title=heading, blocks=tuple(found)),)


def _intro(reader: Reader, simple: bool, champion: bool) -> Parts:
    parts: list[Parts] = []
    if champion:
        parts.append(
            words(
                "This model less the model in use now, {champion}, row by row on the same rows: what makes rows easy "
                "or hard is the same for both.",
                champion=_champion(reader, strong=True),
            )
        )
    if simple:
        parts.append(
            words(
                "Simple models learned from the reference data alone and are judged on the same evaluation rows: a "
                "model that does no better than they do is hard to justify."
            )
        )
    return parts[0] if len(parts) == 1 else (*parts[0], Words(" "), *parts[1])


def _champion(reader: Reader, *, strong: bool = False) -> Parts:
    called = reader.evidence.plan.get("champion", {}).get("name") or say("champion")
    return (name(called, strong=strong),)


def _table(reader: Reader, compared: list[Figure], refused: list[Figure]) -> Table:
    return Table(
        columns=(
            Column(title=words("Measure"), share=18),
            Column(title=words("Against"), share=22),
            Column(title=words("This model"), align="right", share=11),
            Column(title=words("The other"), align="right", share=10),
            Column(title=words("Difference"), align="right", share=12),
            Column(title=(title(level(compared), "clause"),), align="right", share=19),
            Column(title=words("n"), align="right", share=8),
        ),
        rows=tuple(_row(reader, figure) for figure in compared),
        source=source([*compared, *refused]),
    )


def _row(reader: Reader, difference: Figure) -> Row:
    compared = difference.keys["figure"]
    own = next((f for f in reader.evidence.figures if f.id == compared), None)
    family = difference.name.partition(".")[0]
    cells = (
        compared_name(compared),
        _champion(reader) if family == "champion" else simple_model(reader, difference),
        number(own),
        number(reader.figure(f"{family}.value", difference.keys)),
        number(difference),
        interval(difference),
        number(difference, "n"),
    )
    return Row(cells=cells)


def simple_model(reader: Reader, difference: Figure) -> Parts:
    """What the simple model is called."""
    kind = difference.keys["model"]
    if kind == "feature":
        return words("best single feature, {column}", column=name(difference.reference or ""))
    return words(_MODELS[kind][reader.evidence.task])


def compared_name(compared: str) -> Parts:
    """What is compared, in words; a very long id stands in the key by its digest."""
    if compared.startswith("sha256:"):
        return (name(compared),)
    kind, keys = parse_figure_id(compared)
    head: Parts = (title(short_title(kind)),)
    return (*head, Words(", "), name(in_words(keys))) if keys else head
