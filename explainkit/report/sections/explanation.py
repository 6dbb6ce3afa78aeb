"""Section 10: which inputs move the score, over many rows."""

from __future__ import annotations

from dataclasses import replace

from explainkit.evidence import Evidence, Method
from explainkit.figures import Figure, Series
from explainkit.report import charts as draw
from explainkit.report.card import (
    Block,
    Chart,
    Column,
    Facts,
    Group,
    Mark,
    Paragraph,
    Parts,
    Row,
    Section,
    Table,
    Words,
)
from explainkit.report.language import noted, say
from explainkit.report.numbers import figure_text
from explainkit.report.phrases import (
    UNITS,
    clause,
    code,
    enumerated,
    interval,
    level,
    listed,
    name,
    number,
    on_page,
    source,
    stated,
    title,
    words,
)
from explainkit.report.reader import Reader
from explainkit.report.sections import global_picture, reliability

_MOST_DRAWN = 15
_MOST_OUTPUTS = 6
SPACES = {"margin": UNITS["log-odds"], "probability": UNITS["probability"], "raw": UNITS["target"]}
_TITLES = {
    "shap": noted("SHAP"),
    "lime": noted("LIME"),
    "reasons": noted("SHAP values that reasons are ranked by"),
}
_COUNTS = {
    "rows": noted("Rows explained"),
    "background_rows": noted("Background rows"),
    "samples": noted("Samples a row"),
    "seeds": noted("Other seeds refitted"),
}


def section(evidence: Evidence) -> Section:
    """Importance with intervals, the points behind it, additivity, method and limits."""
    reader = Reader(evidence)
    blocks: list[Block] = []
    outputs = _importances(reader)
    for output, figures in list(outputs.items())[:_MOST_OUTPUTS]:
        inside: list[Block] = [Paragraph(parts=_reading(reader, figures), style="read"), _bars(reader, figures)]
        inside.extend(_swarm(reader, output))
        inside.append(_table(reader, figures))
        if output is None:
            blocks.extend(inside)
        else:
            blocks.append(Group(title=words("Class {name}", name=name(output)), blocks=tuple(inside)))
    if len(outputs) > _MOST_OUTPUTS:
        left = words("{count} more classes stand in card.json.", count=on_page(len(outputs) - _MOST_OUTPUTS))
        blocks.append(Paragraph(parts=left, style="note"))
    if not outputs:
        blocks.append(Paragraph(parts=_why_not(reader)))
    blocks.extend(_additivity(reader))
    blocks.extend(global_picture.blocks(reader, SPACES))
    blocks.extend(reliability.blocks(reader))
    if evidence.methods:
        blocks.append(
            Group(title=words("How it was computed"), blocks=tuple(_method(reader, m) for m in evidence.methods))
        )
    if outputs:
        blocks.append(Group(title=words("What it does not say"), blocks=(Paragraph(parts=_limits()),)))
    blocks.extend(stated(reader, "explanation"))
    return Section(number=10, id="explanation", title=say("What moves the score"), blocks=tuple(blocks))


def _importances(reader: Reader) -> dict[str | None, list[Figure]]:
    """Importance figures by output, the largest first."""
    found: dict[str | None, list[Figure]] = {}
    for figure in reader.named("explanation.shap.importance"):
        if figure.status == "measured":
            found.setdefault(figure.keys.get("output"), []).append(figure)
    return {output: sorted(f, key=lambda x: (-(x.value or 0.0), x.id)) for output, f in found.items()}


def _why_not(reader: Reader) -> Parts:
    reasons = source(reader.named("explanation.shap.importance"))
    if reasons:
        return (Mark("open", say("no explanation")), Words(" "), *reasons, Words("."))
    if reader.evidence.model.family == "scores":
        why = words("there is no model behind the scores that could be asked.")
    else:
        why = words("no explanation was computed.")
    return (Mark("open", say("not tested")), Words(" "), *why)


def _reading(reader: Reader, figures: list[Figure]) -> Parts:
    top = figures[:3]
    inputs = [(name(reader.feature(figure), strong=True), Words(" ("), *number(figure), Words(")")) for figure in top]
    return words(
        "Most moved by {inputs}: mean absolute SHAP values in {unit}.", inputs=enumerated(inputs), unit=_unit(figures)
    )


def _unit(figures: list[Figure]) -> str:
    unit = str(figures[0].unit)
    return say(UNITS.get(unit, unit))


def _bars(reader: Reader, figures: list[Figure]) -> Chart:
    inputs = set(reader.sensitive)
    rows = [
        draw.Interval(
            name=reader.feature(f),
            value=f.value,
            text=figure_text(f),
            low=f.low,
            high=f.high,
            tone="attention" if reader.feature(f) in inputs else "plain",
        )
        for f in figures[:_MOST_DRAWN]
    ]
    axis = say("mean absolute SHAP value in {unit}", unit=_unit(figures))
    if figures[0].low is not None:
        axis = say("mean absolute SHAP value in {unit}, with {interval}", unit=_unit(figures), interval=level(figures))
    drawn = draw.intervals(rows, width=draw.FULL, line=0.0, axis=axis)
    caption = words("Importance of each input over the rows explained. Orange and bold: a sensitive column.")
    if not any(r.tone == "attention" for r in rows):
        caption = words("Importance of each input over the rows explained.")
    alt = say(
        "Mean absolute SHAP value of each input with its interval, largest first; the values stand in the table below"
    )
    return Chart(svg=drawn, alt=alt, caption=caption)


def _swarm(reader: Reader, output: str | None) -> tuple[Block, ...]:
    keys = {} if output is None else {"output": output}
    series = reader.series("explanation.shap.points", **keys)
    if series is None:
        return ()
    points = _points(series)
    space = next((m.space for m in reader.evidence.methods if m.id == "shap"), "raw")
    drawn = draw.swarm(
        points,
        axis=say("SHAP value in {unit}", unit=say(SPACES.get(space, space))),
        ends=(say("low value of the input"), say("high value")),
        width=draw.FULL,
    )
    caption = words("Every point is a row: how far the input moved its score, and in which direction.")
    if series.method:
        how = clause(series.method)
        caption += (Words(" "), replace(how, text=f"{how.text[0].upper()}{how.text[1:]}."))
    alt = say(
        "SHAP values of single rows for each input, shaded by the value of the input; the points stand in card.json, "
        "their means in the table below"
    )
    return (Chart(svg=drawn, alt=alt, caption=caption),)


def _points(series: Series) -> list[tuple[str, list[tuple[float, float | None]]]]:
    rows: dict[str, list[tuple[float, float | None]]] = {}
    for feature, position, value in zip(*(series.column(c) for c in ("feature", "position", "value")), strict=True):
        if value is None or isinstance(value, str):
            continue
        rank = None if position is None or isinstance(position, str) else float(position)
        rows.setdefault(str(feature), []).append((float(value), rank))
    return list(rows.items())


def _table(reader: Reader, figures: list[Figure]) -> Table:
    return Table(
        columns=(
            Column(title=words("Input"), share=40),
            Column(title=words("Mean absolute SHAP value"), align="right", share=25),
            Column(title=(title(level(figures), "clause"),), align="right", share=23),
            Column(title=words("Rows"), align="right", share=12),
        ),
        rows=tuple(Row(cells=((name(reader.feature(f)),), number(f), interval(f), number(f, "n"))) for f in figures),
        source=source(figures),
        print_rows=12,
    )


def _additivity(reader: Reader) -> tuple[Block, ...]:
    largest, median = (reader.measured(f"explanation.shap.residual_{k}") for k in ("max", "median"))
    if largest is None:
        return ()
    message = noted(
        "Base value and contributions add up to the model's output: the largest residual is {largest}, over {rows} "
        "rows."
    )
    if median is not None:
        message = noted(
            "Base value and contributions add up to the model's output: the largest residual is {largest}, the median "
            "{median}, over {rows} rows."
        )
    rows = number(largest, "n")
    parts = words(message, largest=number(largest, strong=True), median=number(median), rows=rows)
    return (Paragraph(parts=parts, style="text"),)


def _method(reader: Reader, method: Method) -> Group:
    pairs: list[tuple[Parts, Parts]] = [
        (words("Method"), (clause(method.method),)),
        (words("Explained in"), words(SPACES.get(method.space, method.space))),
        (words("Values are"), (clause(method.exactness),)),
        (words("Players"), (clause(method.players),)),
        (words("Background"), (clause(method.background),)),
    ]
    for group, columns in reader.groups.items() if method.id != "lime" else ():
        members = listed([(name(column),) for column in columns], say(" and "))
        pairs.append((words("Group of inputs"), (name(group), Words(": "), *members)))
    for key, text in _COUNTS.items():
        figure = reader.figure(f"explanation.{method.id}.{key}")
        if figure is not None:
            pairs.append((words(text), number(figure)))
    if method.background_digest:
        pairs.append((words("Background digest"), (code(method.background_digest),)))
    if method.seed is not None:
        pairs.append((words("Seed"), (on_page(method.seed),)))
    return Group(title=words(_TITLES[method.id]), blocks=(Facts(pairs=tuple(pairs), wide=True),))


def _limits() -> Parts:
    return words(
        "SHAP values divide the model's output among its inputs; they describe the model, not the world, and no cause. "
        "Correlated inputs share credit in ways that depend on the background. Partial dependence puts values together "
        "that may never occur together where inputs are correlated; accumulated local effects stay near the rows, but "
        "say nothing of how effects differ between them; shuffling undoes correlations too. Intervals cover the "
        "sampling of rows, not refitting. LIME fits a linear surrogate around one case; its weights have another "
        "meaning, and the two are shown beside each other but never pooled."
    )
