"""Part of section 7: the segments of the rows where errors are largest."""

from __future__ import annotations

from collections.abc import Sequence

from explainkit.figures import Figure
from explainkit.report import charts as draw
from explainkit.report.card import Block, Chart, Column, Group, Label, Mark, Paragraph, Parts, Row, Table, Words
from explainkit.report.language import say, spoken
from explainkit.report.numbers import figure_text
from explainkit.report.phrases import interval, level, listed, name, number, reasons, source, title, words
from explainkit.report.reader import Reader

_NAMES = ("slice.error", "slice.error_elsewhere", "slice.difference", "slice.p_adjusted")


def blocks(reader: Reader) -> tuple[Block, ...]:
    """The worst segment in a sentence, and all that were found in a table."""
    every = reader.named("slice.error")
    if not every:
        return ()
    heading = words("Where errors are largest")
    found = [f for f in every if f.status == "measured"]
    if not found:
        parts: Parts = (Mark("open", say("no segment")), Words(" "), *reasons(every), Words("."))
        return (Group(title=heading, blocks=(Paragraph(parts=parts),)),)
    drawn = _chart(reader)
    blocks: tuple[Block, ...] = (Paragraph(parts=_reading(reader, found[0]), style="read"),)
    return (Group(title=heading, blocks=(*blocks, *((drawn,) if drawn is not None else ()), _table(reader))),)


def _chart(reader: Reader) -> Chart | None:
    """By how much errors exceed those elsewhere; the numbers stand in the table."""
    rows = [
        draw.Interval(name=_short(reader, f), value=f.value, low=f.low, high=f.high, text=figure_text(f), tone="plain")
        for f in reader.named("slice.difference")
        if f.status == "measured"
    ]
    if len(rows) < 2:
        return None
    return Chart(
        svg=draw.intervals(rows, width=draw.FULL, line=0.0, axis=say("error in the segment less error elsewhere")),
        alt=say("Difference in error of each segment from all other rows, with its interval"),
    )


def _short(reader: Reader, difference: Figure) -> str:
    error = reader.figure("slice.error", difference.keys)
    return "" if error is None else _segment(error).text


def _segment(error: Figure, *, strong: bool = False) -> Label:
    """Which rows the segment holds, as it stands in card.json; translated where the catalogue knows it."""
    said = error.reason or ""
    return name(spoken().recorded(said) or said, strong=strong)


def _reading(reader: Reader, worst: Figure) -> Parts:
    elsewhere, p = (reader.figure(kind, worst.keys) for kind in ("slice.error_elsewhere", "slice.p_adjusted"))
    searched = reader.measured("slice.searched")
    segment, error, rows = _segment(worst, strong=True), number(worst, strong=True), number(worst, "n")
    if searched is not None and p is not None and p.status == "measured":
        return words(
            "Errors exceed those elsewhere most clearly where {segment}: {error} against {elsewhere} elsewhere, on "
            "{rows} rows; adjusted for the search over {searched} segments, p is {p} (how often some segment would "
            "show an excess as clear if errors had nothing to do with any column). A difference is no explanation: "
            "what else sets these rows apart was not asked.",
            segment=segment,
            error=error,
            elsewhere=number(elsewhere),
            rows=rows,
            searched=number(searched),
            p=number(p),
        )
    return words(
        "Errors exceed those elsewhere most clearly where {segment}: {error} against {elsewhere} elsewhere, on {rows} "
        "rows. A difference is no explanation: what else sets these rows apart was not asked.",
        segment=segment,
        error=error,
        elsewhere=number(elsewhere),
        rows=rows,
    )


def _table(reader: Reader) -> Table:
    rows, shown = [], []
    for worst in reader.named("slice.error"):
        figures = [reader.figure(kind, worst.keys) for kind in _NAMES]
        shown += figures
        error, elsewhere, difference, p = figures
        cells = (
            (_segment(worst),),
            number(reader.figure("slice.rows", worst.keys)),
            number(error),
            number(elsewhere),
            number(difference),
            interval(difference),
            number(p),
        )
        rows.append(Row(cells=cells))
    ends = level(_measured(shown, "slice.difference"))
    left_out = words(
        "A segment of two columns stands here only if its error is above those of both segments that contain it."
    )
    return Table(
        columns=(
            Column(title=words("Segment"), share=34),
            Column(title=words("Rows"), align="right", share=8),
            Column(title=words("Error"), align="right", share=9),
            Column(title=words("Elsewhere"), align="right", share=10),
            Column(title=words("Difference"), align="right", share=11),
            Column(title=(title(ends, "clause"),), align="right", share=16),
            Column(title=words("Adjusted p"), align="right", share=12),
        ),
        rows=tuple(rows),
        source=listed([left_out, source(shown[: len(_NAMES)])], " "),
    )


def _measured(figures: Sequence[Figure | None], kind: str) -> list[Figure]:
    return [f for f in figures if f is not None and f.name == kind]
