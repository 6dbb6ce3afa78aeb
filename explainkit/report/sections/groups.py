"""Section 8: the same measures, group by group."""

from __future__ import annotations

from collections.abc import Sequence

from explainkit.evidence import Evidence
from explainkit.figures import Figure
from explainkit.report import charts as draw
from explainkit.report.card import (
    Beside,
    Block,
    Chart,
    Column,
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
from explainkit.report.measures import measure
from explainkit.report.numbers import figure_text
from explainkit.report.phrases import clause, group_name, level, listed, name, number, source, stacked, title, words
from explainkit.report.reader import Reader
from explainkit.report.sections import class_rates, score_spread

_KINDS = {
    "binary": (
        *("fairness.base_rate", "fairness.mean_score", "fairness.roc_auc", "fairness.true_positive_rate"),
        *("fairness.false_positive_rate", "fairness.precision", "fairness.accuracy"),
    ),
    "multiclass": ("fairness.accuracy",),
    "regression": ("fairness.mean_prediction", "fairness.mean_error", "fairness.mae"),
}
_CALIBRATION = (
    *("fairness.observed_expected", "fairness.calibration_slope", "fairness.calibration_intercept"),
    "fairness.calibration_error",
)
_DRAWN = {
    "binary": ("fairness.true_positive_rate", "fairness.false_positive_rate"),
    "multiclass": ("fairness.accuracy",),
    "regression": ("fairness.mean_error", "fairness.mae"),
}
_AXES = {
    "fairness.true_positive_rate": noted("true positive rate"),
    "fairness.false_positive_rate": noted("false positive rate"),
    "fairness.accuracy": noted("accuracy"),
    "fairness.mean_error": noted("mean error"),
    "fairness.mae": noted("mean absolute error"),
}
MOST_DRAWN = 24
EACH_GROUP = noted("{measure} of each group with its interval; the values stand in the tables below")
"""What is said of a chart to those who do not see it."""


def section(evidence: Evidence) -> Section:
    """One table for each sensitive column, and two charts over all of them."""
    reader = Reader(evidence)
    blocks: list[Block] = []
    if not reader.named("fairness.count"):
        blocks.append(Paragraph(parts=absent(reader)))
    else:
        blocks.append(
            Paragraph(parts=words("The measures of the last section, for each group by itself."), style="read")
        )
        charts = [c for kind in _DRAWN[evidence.task] if (c := _chart(reader, kind)) is not None]
        if len(charts) == 2:
            blocks.append(Beside(left=(charts[0],), right=(charts[1],)))
        else:
            blocks.extend(charts)
        blocks.extend(score_spread.blocks(reader))
        for column in reader.sensitive:
            blocks.extend(_tables(reader, column, _KINDS[evidence.task]))
        blocks.extend(class_rates.blocks(reader))
    return Section(number=8, id="groups", title=say("Performance by group"), blocks=tuple(blocks))


def absent(reader: Reader) -> Parts:
    """Why there are no groups."""
    untested = Mark("open", say("not tested"))
    for entry in reader.evidence.ledger:
        if entry.kind == "not_tested" and "group" in entry.what:
            return (untested, Words(" "), clause(entry.what), Words(" ("), clause(entry.reason), Words(")."))
    return words("{mark} no group was named.", mark=untested)


def rows_of(reader: Reader, column: str) -> list[tuple[str, Figure]]:
    """Groups of a column with their counts."""
    return list(reader.keyed("fairness.count", column))


def head(level_name: Parts, count: Figure) -> tuple[Parts, Parts]:
    """First two cells of a group's row: its name, and its size."""
    return level_name, number(count)


def _tables(reader: Reader, column: str, kinds: Sequence[str]) -> tuple[Group, ...]:
    """Calibration in a table of its own, where it was measured; else its reasons below the first."""
    apart = any(f.status == "measured" for k in _CALIBRATION for _, f in reader.keyed(k, column))
    by = words("By {column}", column=name(column))
    tables = [(by, _table(reader, column, kinds if apart else (*kinds, *_CALIBRATION)))]
    if apart:
        by = words("Calibration by {column}", column=name(column))
        tables.append((by, _table(reader, column, _CALIBRATION)))
    return tuple(Group(title=heading, blocks=(table,)) for heading, table in tables if table is not None)


def _table(reader: Reader, column: str, kinds: Sequence[str]) -> Table | None:
    groups = rows_of(reader, column)
    used = [k for k in kinds if any(f.status != "not_tested" for _, f in reader.keyed(k, column))]
    left_out = [f for k in kinds if k not in used for f in (reader.figure(k), *dict(reader.keyed(k, column)).values())]
    if not groups or not (used or left_out):
        return None
    figures = [f for k in used for _, f in reader.keyed(k, column)]
    rows = []
    for group, count in groups:
        if count.status != "measured":
            rows.append(Row(cells=(*head(group_name([group]), count), *(() for _ in used)), tone="quiet"))
            continue
        keys = {column: group}
        cells = (*head(group_name([group]), count), *(stacked(reader.figure(k, keys)) for k in used))
        rows.append(Row(cells=cells))
    small = [*figures, *left_out, *(count for _, count in groups)]
    note = source(small)
    ends = level(figures)
    if ends != say("interval"):
        below = words("Below each value: {interval}.", interval=title(ends, "clause"))
        note = listed([below, note], " ")
    return Table(
        columns=(
            Column(title=words("Group"), share=18),
            Column(title=words("n"), align="right", share=8),
            *(Column(title=(title(_short(k)),), align="right", share=12) for k in used),
        ),
        rows=tuple(rows),
        source=note,
    )


def _short(kind: str) -> str:
    return measure(kind).title


def _chart(reader: Reader, kind: str) -> Chart | None:
    """One measure over all groups of all columns."""
    found = [
        draw.Interval(
            name=group,
            value=figure.value,
            text=figure_text(figure),
            low=figure.low,
            high=figure.high,
            opens=place == 0,
        )
        for column in reader.sensitive
        for place, (group, figure) in enumerate(_shown(reader, kind, column))
    ]
    if not found:
        return None
    figures = [f for column in reader.sensitive for _, f in reader.keyed(kind, column) if f.low is not None]
    known = measure(kind)
    axis = say(_AXES[kind])
    if figures:
        axis = say("{measure} with {interval}", measure=axis, interval=level(figures))
    drawn = draw.intervals(
        found[:MOST_DRAWN],
        axis=axis,
        width=draw.HALF if len(_DRAWN[reader.evidence.task]) == 2 else draw.FULL,
    )
    caption: Parts = (title(f"{known.title}: {known.meaning}."),)
    if len(found) > MOST_DRAWN:
        caption += (Words(" "), *words("The first groups; all stand in the tables below."))
    width = "half" if len(_DRAWN[reader.evidence.task]) == 2 else "full"
    return Chart(
        svg=drawn,
        alt=say(EACH_GROUP, measure=known.title),
        width="half" if width == "half" else "full",
        caption=caption,
    )


def _shown(reader: Reader, kind: str, column: str) -> list[tuple[str, Figure]]:
    return [(group, figure) for group, figure in reader.keyed(kind, column) if figure.status == "measured"]
