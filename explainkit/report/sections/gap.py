"""Within section 9: which inputs carry the gaps between groups' mean outputs."""

from __future__ import annotations

from explainkit.figures import Figure, reference_group
from explainkit.report.card import Block, Column, Group, Label, Paragraph, Parts, Row, Table
from explainkit.report.language import noted
from explainkit.report.phrases import level, listed, name, number, source, stacked, words
from explainkit.report.reader import Reader

_NAME = "explanation.gap"
_ON_PAPER = 7
_GROUPS = 4
_UNITS: dict[str | None, str] = {
    "log-odds": noted("log-odds"),
    "probability": noted("probability"),
    "target": noted("target"),
}


def blocks(reader: Reader) -> tuple[Block, ...]:
    """One table for each sensitive column with groups of enough explained rows."""
    found = [table for column in reader.sensitive for table in _tables(reader, column)]
    if not found:
        return ()
    said = words(
        "The difference between two groups' mean outputs, shared out exactly among the inputs. It is a gap in the "
        "output that is explained, not in decisions, and no cause: an input may carry a gap because its values differ "
        "between the groups, or because it works with one whose values do."
    )
    units = dict.fromkeys(f.unit for f in reader.named(f"{_NAME}.total") if f.status == "measured")
    measured = words("The output is in {unit}.", unit=listed([words(_UNITS[unit]) for unit in units if unit in _UNITS]))
    intro = listed([said, measured], " ")
    title = words("What carries the gap in the mean output")
    return (Group(title=title, blocks=(Paragraph(parts=intro, style="text"), *found)),)


def _tables(reader: Reader, column: str) -> list[Group]:
    totals = [f for f in reader.named(f"{_NAME}.total") if f.keys["column"] == column and f.status == "measured"]
    return [_table(reader, column, totals[i : i + _GROUPS]) for i in range(0, len(totals), _GROUPS)]


def _table(reader: Reader, column: str, totals: list[Figure]) -> Group:
    groups = [f.keys["group"] for f in totals]
    parts = {
        (f.keys["feature"], f.keys["group"]): f
        for f in reader.named(f"{_NAME}.contribution")
        if f.keys["column"] == column
    }
    others = {f.keys["group"]: f for f in reader.named(f"{_NAME}.others") if f.keys["column"] == column}
    sizes: dict[str, float] = {}
    for (feature, group), figure in parts.items():
        if group in groups:
            sizes[feature] = max(sizes.get(feature, -1.0), abs(figure.value) if figure.value is not None else -1.0)
    rows = [
        Row(cells=(words("Rows explained"), *(number(f, "n") for f in totals))),
        Row(cells=(words("Gap in all"), *(stacked(f) for f in totals)), tone="strong"),
    ]
    rows += [
        Row(cells=((name(reader.feature(feature)),), *(_part(parts.get((feature, g))) for g in groups)))
        for feature in sorted(sizes, key=lambda f: -sizes[f])
    ]
    if others:
        rest = (stacked(others.get(g)) for g in groups)
        rows.append(Row(cells=(words("all inputs beyond the largest ones of the group"), *rest)))
    shown = [*totals, *(f for (_, group), f in parts.items() if group in groups)]
    share = 66 // len(groups)
    below = words("Below each value: {interval}.", interval=Label(level(shown), "clause"))
    table = Table(
        columns=(
            Column(title=words("Input"), share=100 - share * len(groups)),
            *(Column(title=(name(group),), align="right", share=share) for group in groups),
        ),
        rows=tuple(rows),
        source=listed([below, source(shown)], " "),
        print_rows=_ON_PAPER,
    )
    heading = words("By {column}", column=name(column))
    if totals[0].reference is not None:
        reference = name(reference_group(totals[0].reference))
        heading = words("By {column}, against {reference}", column=name(column), reference=reference)
    return Group(title=heading, blocks=(table,))


def _part(figure: Figure | None) -> Parts:
    if figure is None:
        return words("below the largest")
    return stacked(figure) if figure.status == "measured" else words("not an input")
