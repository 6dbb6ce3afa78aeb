"""Within section 6: the reference data beside the evaluation data, categories, gaps, groups, rows that repeat."""

from __future__ import annotations

from collections.abc import Sequence

from explainkit.figures import Figure, Series
from explainkit.report.card import Block, Column, Group, Label, Parts, Point, Row, Table
from explainkit.report.language import noted
from explainkit.report.phrases import clause, interval, level, listed, name, number, source, words
from explainkit.report.reader import Reader
from explainkit.report.sections.findings import DATASETS, PERSONAL

_REPEATS = (
    ("data.duplicates", noted("equal to an earlier one")),
    ("data.near_duplicates", noted("nearly equal to another")),
)
_ON_PAPER = 40


def blocks(reader: Reader) -> tuple[Block, ...]:
    """Every table that has rows."""
    return (
        *_reference(reader),
        *_categories(reader),
        *_gaps(reader),
        *_shares(reader),
        *_repeats(reader),
        *_personal(reader),
    )


def _reference(reader: Reader) -> tuple[Block, ...]:
    """Columns of the reference data, and evaluation rows that it does not cover."""
    columns = [
        column
        for column in reader.evidence.columns
        if reader.figure("data.missing", column=column.name, dataset="reference") is not None
    ]
    if not columns:
        return ()
    outside = [reader.figure("data.off_reference", column=column.name) for column in columns]
    kinds = ("data.missing", "data.distinct", "data.low", "data.high")
    figures = [[reader.figure(k, column=column.name, dataset="reference") for k in kinds] for column in columns]
    lacking = [f for row in figures for f in row if f is not None and f.status != "measured"]
    covered = words(
        "Rows not covered: evaluation rows with a number outside the range of the reference data, or with a category "
        "that it lacks."
    )
    table = Table(
        columns=(
            Column(title=words("Column"), share=30),
            Column(title=words("Missing"), align="right", share=12),
            Column(title=words("Distinct"), align="right", share=12),
            Column(title=words("Lowest"), align="right", share=14),
            Column(title=words("Highest"), align="right", share=14),
            Column(title=words("Rows not covered"), align="right", share=18),
        ),
        rows=tuple(
            Row(
                cells=(
                    (name(column.name),),
                    *(number(figure) for figure in row),
                    number(off, "events") if off is not None and off.status == "measured" else number(off),
                ),
                tone="quiet" if column.roles == ("unused",) else "plain",
            )
            for column, row, off in zip(columns, figures, outside, strict=True)
        ),
        source=listed([parts for parts in (covered, source(lacking)) if parts], " · "),
        print_rows=_ON_PAPER,
    )
    return (Group(title=words("Columns of the reference data"), blocks=(table,)),)


def _categories(reader: Reader) -> tuple[Block, ...]:
    found = [
        (column.name, series)
        for column in reader.evidence.columns
        if (series := reader.series("data.categories", column=column.name)) is not None
    ]
    if not found:
        return ()
    both = any("reference" in dict(series.columns) for _, series in found)
    rows = [row for column, series in found for row in _of_series(column, series, both)]
    methods = list(dict.fromkeys(series.method for _, series in found if series.method))
    table = Table(
        columns=(
            Column(title=words("Column"), share=28),
            Column(title=words("Category"), share=36),
            Column(title=words("Evaluation rows"), align="right", share=18),
            *((Column(title=words("Reference rows"), align="right", share=18),) if both else ()),
        ),
        rows=tuple(rows),
        source=listed([(clause(method),) for method in methods], " · "),
        print_rows=_ON_PAPER,
    )
    return (Group(title=words("Categories"), blocks=(table,)),)


def _of_series(column: str, series: Series, both: bool) -> list[Row]:
    values = dict(series.columns)
    rows = []
    for place, category in enumerate(values["category"]):
        counts: list[Parts] = [(Point(series, "evaluation", place),)]
        if both:
            counts.append((Point(series, "reference", place),) if "reference" in values else ())
        label: Parts = words("all others") if category is None else (name(str(category)),)
        rows.append(Row(cells=((name(column),), label, *counts), tone="quiet" if category is None else "plain"))
    return rows


def _gaps(reader: Reader) -> tuple[Block, ...]:
    """Where values are missing, by outcome and by group."""
    figures = [f for kind in ("data.missing_by_outcome", "data.missing_by_group") for f in reader.named(kind)]
    figures = [f for f in figures if f.status == "measured"]
    if not figures:
        return ()
    table = Table(
        columns=(
            Column(title=words("Column"), share=26),
            Column(title=words("Compared"), share=34),
            Column(title=words("Difference"), align="right", share=12),
            Column(title=(Label(level(figures), "clause"),), align="right", share=18),
            Column(title=words("n"), align="right", share=10),
        ),
        rows=tuple(
            Row(
                cells=(
                    (name(reader.feature(f, "column")),),
                    _compared(reader, f),
                    number(f),
                    interval(f),
                    number(f, "n"),
                )
            )
            for f in figures
        ),
        source=source(figures),
        print_rows=_ON_PAPER,
    )
    return (Group(title=words("Where values are missing, by outcome and group"), blocks=(table,)),)


def _compared(reader: Reader, figure: Figure) -> Parts:
    if "by" in figure.keys:
        return words(
            "{groups} ({column})", groups=clause(figure.reference or ""), column=name(reader.feature(figure, "by"))
        )
    if figure.class_ is None:
        return words("rows without a value and with one, by mean outcome")
    return words("{outcome} against other outcomes", outcome=name(figure.class_))


def _shares(reader: Reader) -> tuple[Block, ...]:
    figures = reader.named("data.share_difference")
    if not figures:
        return ()
    table = Table(
        columns=(
            Column(title=words("Column"), share=24),
            Column(title=words("Group"), share=28),
            Column(title=words("Rows"), align="right", share=12),
            Column(title=words("Difference"), align="right", share=14),
            Column(title=(Label(level(figures), "clause"),), align="right", share=22),
        ),
        rows=tuple(
            Row(
                cells=(
                    (name(reader.feature(f, "column")),),
                    (name(f.keys["group"]),),
                    number(f, "events"),
                    number(f),
                    interval(f),
                )
            )
            for f in figures
        ),
        source=source(figures),
    )
    return (Group(title=words("Groups against the population"), blocks=(table,)),)


def _repeats(reader: Reader) -> tuple[Block, ...]:
    roles = [role for role in DATASETS if reader.figure("data.duplicates", dataset=role) is not None]
    if not roles:
        return ()
    rows: list[Row] = []
    shown: list[Figure | None] = []
    for kind, title in _REPEATS:
        figures = [reader.figure(kind, dataset=role) for role in roles]
        shown += figures
        rows += [_repeat(title, role, f) for role, f in zip(roles, figures, strict=True) if f is not None]
    table = Table(
        columns=(
            Column(title=words("Rows that are"), share=32),
            Column(title=words("Of the"), share=26),
            Column(title=words("Found"), align="right", share=12),
            Column(title=words("Share"), align="right", share=12),
            Column(title=(Label(level([f for f in shown if f is not None]), "clause"),), align="right", share=18),
        ),
        rows=tuple(rows),
        source=source(shown),
    )
    return (Group(title=words("Rows that repeat"), blocks=(table,)),)


def _repeat(title: str, role: str, figure: Figure) -> Row:
    return Row(cells=(words(title), words(DATASETS[role]), number(figure, "events"), number(figure), interval(figure)))


def _personal(reader: Reader) -> tuple[Block, ...]:
    figures: Sequence[Figure] = reader.named("data.personal")
    if not figures:
        return ()
    table = Table(
        columns=(
            Column(title=words("Column"), share=34),
            Column(title=words("Look like"), share=34),
            Column(title=words("Share of the values"), align="right", share=20),
            Column(title=words("n"), align="right", share=12),
        ),
        rows=tuple(
            Row(
                cells=(
                    (name(reader.feature(f, "column")),),
                    words(PERSONAL.get(f.keys["kind"], f.keys["kind"])),
                    number(f),
                    number(f, "n"),
                )
            )
            for f in figures
        ),
        source=source(figures),
    )
    return (Group(title=words("Likely data of persons"), blocks=(table,)),)
