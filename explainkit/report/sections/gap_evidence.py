"""Within section 9: tests of selection rates, what chance alone gives, and what rows of unknown group could change."""

from __future__ import annotations

from explainkit.figures import Figure
from explainkit.report.card import Block, Column, Group, Paragraph, Parts, Row, Table, Words
from explainkit.report.language import noted
from explainkit.report.phrases import interval, name, number, source, words
from explainkit.report.reader import Reader

_TESTS = (
    ("fairness.selection_p", noted("p")),
    ("fairness.selection_p_holm", noted("p, Holm")),
    ("fairness.selection_p_bh", noted("p, Benjamini–Hochberg")),
    ("fairness.detectable_below", noted("Detectable below")),
    ("fairness.detectable_above", noted("Detectable above")),
)
_BOUNDS = (
    ("fairness.impact_ratio_bounds", noted("Impact ratio")),
    ("fairness.selection_difference_bounds", noted("Difference")),
)
_ON_PAPER = 12


def blocks(reader: Reader) -> tuple[Block, ...]:
    """Tests by group, chance by column, and bounds where groups are unknown."""
    return (*_tests(reader), *_bounds(reader))


def _tests(reader: Reader) -> tuple[Block, ...]:
    rows: list[Row] = []
    figures: list[Figure] = []
    for column in reader.sensitive:
        for group, figure in reader.keyed(_TESTS[0][0], column):
            if figure.status != "measured":
                continue
            others = [reader.figure(kind, {column: group}) for kind, _ in _TESTS]
            figures += [f for f in others if f is not None]
            rows.append(Row(cells=((name(column),), (name(group),), *(number(f) for f in others))))
    if not rows:
        return ()
    intro = words(
        "A p-value that is not small is no evidence that groups are alike, and an adjustment for many comparisons "
        "clears no group: raw and adjusted ones stand side by side. Beside them, the smallest differences that groups "
        "of these sizes could show."
    )
    table = Table(
        columns=(
            Column(title=words("By"), share=16),
            Column(title=words("Group"), share=22),
            *(Column(title=words(title), align="right", share=12) for _, title in _TESTS),
        ),
        rows=tuple(rows),
        source=source(figures),
        print_rows=_ON_PAPER,
    )
    chance = [parts for column in reader.sensitive if (parts := _chance(reader, column))]
    return (
        Group(
            title=words("Tests of selection rates, and what chance alone gives"),
            blocks=(
                Paragraph(parts=intro, style="text"),
                *(Paragraph(parts=parts, style="text") for parts in chance),
                table,
            ),
        ),
    )


def _chance(reader: Reader, column: str) -> Parts:
    """The smallest over the largest rate of a column beside what chance makes of it."""
    ratio = reader.measured("fairness.demographic_parity_ratio", column=column)
    mean = reader.measured("fairness.chance_ratio", column=column)
    share = reader.measured("fairness.chance_p", column=column)
    if ratio is None or mean is None or share is None:
        return ()
    ends = interval(ratio)
    found = number(ratio, strong=True)
    return words(
        "By {column}, the smallest selection rate over the largest is {ratio}; if the same decisions were dealt to the "
        "groups at random, it would be {mean} on average, and at most that small in a share of {share}.",
        column=name(column),
        ratio=(*found, Words(" ("), *ends, Words(")")) if ends else found,
        mean=number(mean),
        share=number(share),
    )


def _bounds(reader: Reader) -> tuple[Block, ...]:
    rows: list[Row] = []
    figures: list[Figure] = []
    for column in reader.sensitive:
        for group, figure in reader.keyed(_BOUNDS[0][0], column):
            both = [figure, reader.figure(_BOUNDS[1][0], {column: group})]
            if all(f is None or f.status != "measured" for f in both):
                continue
            figures += [f for f in both if f is not None]
            cells = (part for f in both for part in (number(f), interval(f)))
            rows.append(Row(cells=((name(column),), (name(group),), *cells)))
    if not rows:
        return ()
    table = Table(
        columns=(
            Column(title=words("By"), share=16),
            Column(title=words("Group"), share=20),
            *(
                column
                for _, title in _BOUNDS
                for column in (
                    Column(title=words(title), align="right", share=12),
                    Column(title=words("bounds"), align="right", share=20),
                )
            ),
        ),
        rows=tuple(rows),
        source=source(figures),
        print_rows=_ON_PAPER,
    )
    intro = words(
        "Rows whose group is unknown could belong to any group. The bounds hold for every way of assigning them; they "
        "are no probabilities."
    )
    return (
        Group(title=words("What the unknown rows could change"), blocks=(Paragraph(parts=intro, style="text"), table)),
    )
