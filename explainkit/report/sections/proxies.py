"""Within section 9: how well the inputs predict a sensitive column, and groups that are known by probabilities."""

from __future__ import annotations

from explainkit.figures import Figure, as_in_ids
from explainkit.report.card import Block, Column, Group, Label, Paragraph, Parts, Row, Table
from explainkit.report.language import noted, say
from explainkit.report.phrases import against, interval, level, listed, name, number, source, words
from explainkit.report.reader import Reader

_TOGETHER, _ALONE = "proxy_strength.together", "proxy_strength.alone"
_STRONGEST = 5
_ON_PAPER = 12
_SIZE = "proxy.size"
_BOUNDED = (
    ("proxy.selection_rate", noted("Selection rate")),
    ("proxy.selection_difference", noted("Difference")),
    ("proxy.impact_ratio", noted("Impact ratio")),
)


def blocks(reader: Reader) -> tuple[Block, ...]:
    """Proxies among the inputs, then those that somebody else supplied."""
    return (*_strength(reader), *_bounds(reader))


def _bounds(reader: Reader) -> tuple[Block, ...]:
    """One table for each attribute that is known by probabilities."""
    found: list[Block] = []
    for column, proxy in reader.evidence.plan.get("proxies", {}).items():
        key = as_in_ids(column)
        figures = [f for kind, _ in _BOUNDED for f in reader.named(kind) if f.keys.get("column") == key]
        sizes = [f for f in reader.named(_SIZE) if f.keys["column"] == key]
        title = words("By probabilities of {column}", column=name(column))
        if not sizes:
            why = source(figures or reader.named(_BOUNDED[0][0]))
            found.append(Group(title=title, blocks=(Paragraph(parts=why or words("Not tested."), style="note"),)))
            continue
        stated = proxy.get("source")
        intro = words(
            "{column} is not recorded: each row has a probability of each group. All that is certain is that rates lie "
            "between the bounds below each value; the value holds if decisions and groups are unrelated within rows of "
            "equal probability. Source of the probabilities: {source}.",
            column=name(column, strong=True),
            source=name(stated or say("not stated")),
        )
        table = Table(
            columns=(
                Column(title=words("Group"), share=28),
                Column(title=words("Expected rows"), align="right", share=15),
                *(Column(title=words(title), align="right", share=19) for _, title in _BOUNDED),
            ),
            rows=tuple(
                Row(
                    cells=(
                        (name(size.keys["group"]),),
                        number(size),
                        *(against(reader.figure(kind, size.keys), [size.keys["group"]]) for kind, _ in _BOUNDED),
                    ),
                    tone="quiet" if size.status != "measured" else "plain",
                )
                for size in sizes
            ),
            source=source([*sizes, *figures]),
        )
        found.append(Group(title=title, blocks=(Paragraph(parts=intro, style="text"), table)))
    return tuple(found)


def _strength(reader: Reader) -> tuple[Block, ...]:
    """One table: for each column all inputs together, then the strongest alone."""
    rows: list[Row] = []
    figures: list[Figure] = []
    for column, together in reader.keyed(_TOGETHER, "column"):
        figures.append(together)
        rows.append(_row((name(column),), words("all inputs together"), together, strong=True))
        alone = [f for f in reader.named(_ALONE) if f.keys["column"] == column and f.status == "measured"]
        strongest = sorted(alone, key=lambda f: (-(f.value or 0.0), f.id))[:_STRONGEST]
        figures += strongest
        rows += [_row((name(column),), words("{input} alone", input=name(reader.feature(f))), f) for f in strongest]
    if not rows:
        return ()
    intro = words(
        "An attribute that is no input can be at work through inputs that stand for it. The area under the ROC curve "
        "of a prediction of the attribute from the inputs, on rows that the prediction was not fitted on, says how far "
        "they could: a half is no better than chance, one tells every group apart. It does not say that the model does "
        "use them so."
    )
    strongest_only = words("The strongest inputs of each; all stand in card.json.")
    table = Table(
        columns=(
            Column(title=words("Attribute"), share=24),
            Column(title=words("Predicted by"), share=32),
            Column(title=words("Area"), align="right", share=12),
            Column(title=(Label(level(figures), "clause"),), align="right", share=20),
            Column(title=words("n"), align="right", share=12),
        ),
        rows=tuple(rows),
        source=listed([strongest_only, source(figures)], " "),
        print_rows=_ON_PAPER,
    )
    title = words("How well the inputs predict the attribute")
    return (Group(title=title, blocks=(Paragraph(parts=intro, style="text"), table)),)


def _row(column: Parts, by: Parts, figure: Figure, *, strong: bool = False) -> Row:
    cells = (column, by, number(figure), interval(figure), number(figure, "n"))
    return Row(cells=cells, tone="strong" if strong else "plain")
