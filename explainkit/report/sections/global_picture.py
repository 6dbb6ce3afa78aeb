"""Part of section 10: what shuffling an input costs, and which inputs work together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from explainkit.figures import Figure
from explainkit.report import charts as draw
from explainkit.report.card import Block, Chart, Column, Group, Mark, Paragraph, Parts, Row, Table, Words
from explainkit.report.language import noted, say
from explainkit.report.numbers import figure_text
from explainkit.report.phrases import UNITS, interval, level, name, number, source, stacked, title, words
from explainkit.report.reader import Reader
from explainkit.report.sections import effects

_MOST_DRAWN = 15
_COSTS = {
    "binary": (
        noted("Shuffling {input} costs most: the AUC falls by {cost}."),
        noted("Shuffling {input} costs most: the AUC falls by {cost}, from {base} on {rows} rows."),
    ),
    "multiclass": (
        noted("Shuffling {input} costs most: the accuracy falls by {cost}."),
        noted("Shuffling {input} costs most: the accuracy falls by {cost}, from {base} on {rows} rows."),
    ),
    "regression": (
        noted("Shuffling {input} costs most: the root mean squared error rises by {cost}."),
        noted("Shuffling {input} costs most: the root mean squared error rises by {cost}, from {base} on {rows} rows."),
    ),
}
"""By task, without and with the fit that the cost is taken from."""
_AXES = {
    "binary": (noted("loss of AUC"), noted("loss of AUC, with {interval}")),
    "multiclass": (noted("loss of accuracy"), noted("loss of accuracy, with {interval}")),
    "regression": (
        noted("rise of the root mean squared error"),
        noted("rise of the root mean squared error, with {interval}"),
    ),
}
"""By task, without and with intervals."""


def blocks(reader: Reader, spaces: Mapping[str, str]) -> tuple[Block, ...]:
    """All groups of the global picture that the evidence has figures for."""
    return (*_shuffled(reader), *effects.blocks(reader, spaces), *_together(reader))


def _shuffled(reader: Reader) -> tuple[Block, ...]:
    every = reader.named("explanation.permutation.importance")
    if not every:
        return ()
    heading = words("What shuffling an input costs")
    found = [f for f in every if f.status == "measured"]
    overall = sorted((f for f in found if "output" not in f.keys), key=lambda f: (-(f.value or 0.0), f.id))
    if not overall:
        parts: Parts = (Mark("open", say("no figure")), Words(" "), *source(every), Words("."))
        return (Group(title=heading, blocks=(Paragraph(parts=parts),)),)
    inside: list[Block] = [
        Paragraph(parts=_reading(reader, overall), style="read"),
        _bars(reader, overall),
        _table(reader, overall, every),
    ]
    by_class = [f for f in every if "output" in f.keys]
    if by_class:
        inside.append(_by_class(reader, overall, by_class))
    return (Group(title=heading, blocks=tuple(inside)),)


def _reading(reader: Reader, figures: Sequence[Figure]) -> Parts:
    if not (figures[0].value or 0.0) > 0:
        return words("On these rows the answers fit no worse when any single input is shuffled.")
    base = reader.measured("explanation.permutation.base")
    cost, cost_from = _COSTS[reader.evidence.task]
    first = words(
        cost if base is None else cost_from,
        input=name(reader.feature(figures[0]), strong=True),
        cost=number(figures[0]),
        base=number(base),
        rows=number(base, "n"),
    )
    meant = words(
        "Unlike SHAP values this asks what the input is worth for being right; an input that others can stand in for "
        "costs little."
    )
    return (*first, Words(" "), *meant)


def _bars(reader: Reader, figures: Sequence[Figure]) -> Chart:
    rows = [
        draw.Interval(name=reader.feature(f), value=f.value, text=figure_text(f), low=f.low, high=f.high)
        for f in figures[:_MOST_DRAWN]
    ]
    plain, with_ends = _AXES[reader.evidence.task]
    axis = say(plain)
    if any(f.low is not None for f in figures):
        axis = say(with_ends, interval=level(figures))
    alt = say("What shuffling each input costs, with its interval, largest first; the values stand in the table below")
    return Chart(svg=draw.intervals(rows, width=draw.FULL, line=0.0, axis=axis), alt=alt)


def _table(reader: Reader, figures: Sequence[Figure], every: Sequence[Figure]) -> Table:
    refused = [f for f in every if f.status != "measured" and "output" not in f.keys]
    rows = [Row(cells=((name(reader.feature(f)),), number(f), interval(f), number(f, "n"))) for f in figures]
    rows += [Row(cells=((name(reader.feature(f)),), number(f), (), ())) for f in refused]
    return Table(
        columns=(
            Column(title=words("Input"), share=40),
            Column(title=words("Cost of shuffling"), align="right", share=25),
            Column(title=(title(level(figures), "clause"),), align="right", share=23),
            Column(title=words("Rows"), align="right", share=12),
        ),
        rows=tuple(rows),
        source=source([*figures, *refused]),
        print_rows=10,
    )


def _by_class(reader: Reader, overall: Sequence[Figure], figures: Sequence[Figure]) -> Table:
    """Loss of recall, input by class."""
    keyed = {(f.keys["feature"], f.keys["output"]): f for f in figures}
    outputs = list(dict.fromkeys(f.keys["output"] for f in figures))
    features = [f.keys["feature"] for f in overall]
    return Table(
        caption=words("Loss of recall, class by class"),
        columns=(
            Column(title=words("Input"), share=30),
            *(Column(title=(name(o),), align="right", share=max(10, 70 // len(outputs))) for o in outputs),
        ),
        rows=tuple(
            Row(cells=((name(reader.feature(f)),), *(stacked(keyed.get((key, o))) for o in outputs)))
            for key, f in zip(features, overall, strict=True)
        ),
        source=source(figures),
        print_rows=10,
    )


def _together(reader: Reader) -> tuple[Block, ...]:
    every = reader.named("explanation.interaction.strength")
    if not every:
        return ()
    heading = words("Which inputs work together")
    found: dict[str | None, list[Figure]] = {}
    for figure in every:
        if figure.status == "measured":
            found.setdefault(figure.keys.get("output"), []).append(figure)
    if not found:
        parts: Parts = (Mark("open", say("not tested")), Words(" "), *source(every), Words("."))
        return (Group(title=heading, blocks=(Paragraph(parts=parts),)),)
    inside: list[Block] = []
    for output, figures in found.items():
        part = (_pairs_chart(reader, figures), _pairs_table(reader, figures))
        inside += part if output is None else [Group(title=words("Class {name}", name=name(output)), blocks=part)]
    return (Group(title=heading, blocks=tuple(inside)),)


def _pair(reader: Reader, figure: Figure) -> tuple[str, str]:
    return reader.feature(figure), reader.feature(figure, "with")


def _pairs_chart(reader: Reader, figures: Sequence[Figure]) -> Chart:
    rows = []
    for figure in figures:
        first, second = (draw.shortened(n, 18) for n in _pair(reader, figure))
        rows.append(
            draw.Interval(
                name=f"{first} × {second}",
                value=figure.value,
                text=figure_text(figure),
                low=figure.low,
                high=figure.high,
            )
        )
    unit = str(figures[0].unit)
    axis = say(
        "mean absolute interaction in {unit}, with {interval}",
        unit=say(UNITS.get(unit, unit)),
        interval=level(figures),
    )
    alt = say("Strength of the largest interactions with their intervals; the values stand in the table below")
    drawn = draw.intervals(rows, width=draw.FULL, line=0.0, axis=axis)
    return Chart(svg=drawn, alt=alt, caption=words("How much two inputs do together beyond what each does alone."))


def _pairs_table(reader: Reader, figures: Sequence[Figure]) -> Table:
    rows = []
    for figure in figures:
        first, second = _pair(reader, figure)
        cells = ((name(first), Words(" × "), name(second)), number(figure), interval(figure), number(figure, "n"))
        rows.append(Row(cells=cells))
    return Table(
        columns=(
            Column(title=words("Inputs"), share=46),
            Column(title=words("Mean absolute interaction"), align="right", share=22),
            Column(title=(title(level(figures), "clause"),), align="right", share=20),
            Column(title=words("Rows"), align="right", share=12),
        ),
        rows=tuple(rows),
        source=source(figures),
    )
