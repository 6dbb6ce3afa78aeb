"""Within section 7: the same figures by period and by segment, and in sample against out of sample."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from explainkit.decision import Threshold
from explainkit.evidence import FindingKind
from explainkit.figures import Figure
from explainkit.report.card import Beside, Block, Chart, Column, Group, Items, Label, Paragraph, Parts, Row, Table
from explainkit.report.charts import HALF
from explainkit.report.effect_charts import boxes
from explainkit.report.language import noted, say
from explainkit.report.measures import measure
from explainkit.report.phrases import interval, level, name, number, period_name, source, stacked, title, words
from explainkit.report.reader import Reader, latest_period
from explainkit.report.sections.findings import items
from explainkit.report.sections.performance_charts import caption, data_table
from explainkit.report.sections.score_spread import MOST_DRAWN, spread_columns, spread_rows
from explainkit.report.time_charts import Moment, over_time

CHANGE = "period.change"
MEASURES = {
    "binary": ("roc_auc", "observed_expected", "selection_rate", "base_rate"),
    "multiclass": ("accuracy", "selection_rate"),
    "regression": ("mae", "mean_error"),
}
"""What is told of every part of the rows, the one that stands on page one first."""
_ON_PAPER = 30
_SAMPLES = {
    "in_sample": noted("in sample: the reference data, on which the model was trained"),
    "out_of_sample": noted("out of sample: evaluation rows not later than the reference data"),
    "out_of_time": noted("out of time: evaluation rows later than the reference data"),
}
_NEWEST = {
    "out_of_sample": noted(
        "{measure} is {own} out of sample and {trained} in sample: a difference of {change}, {level} {interval}."
    ),
    "out_of_time": noted(
        "{measure} is {own} out of time and {trained} in sample: a difference of {change}, {level} {interval}."
    ),
}
_EVALUATION = noted("out of sample: the evaluation data")


def blocks(reader: Reader) -> tuple[Block, ...]:
    """By period, by segment, in and out of sample; nothing of what the plan did not ask for."""
    return (*_periods(reader), *_segments(reader), *_samples(reader))


def _periods(reader: Reader) -> tuple[Block, ...]:
    rows = reader.keyed("period.rows", "period")
    if not rows:
        return ()
    found: list[Block] = [*_told(reader, "latest_period")]
    reading = _reading(reader)
    if reading:
        found.append(Paragraph(parts=reading, style="read"))
    drawn = [chart for chart in (_chart(reader, [part for part, _ in rows]), _spread(reader, "period")) if chart]
    if drawn:
        found.append(Beside(left=(drawn[0],), right=tuple(drawn[1:])))
    found.append(_table(reader, "period", [part for part, _ in reversed(rows)], words("Period, the latest first")))
    changes = reader.named(CHANGE)
    if changes:
        found.append(_changes(reader, changes, words("Latest period less all earlier rows")))
    return (Group(title=words("Over time"), blocks=tuple(found)),)


def _told(reader: Reader, kind: FindingKind) -> tuple[Block, ...]:
    """What crossed a limit."""
    found = tuple(items(reader, (kind,), linked=False))
    return (Items(items=found),) if found else ()


def _reading(reader: Reader) -> Parts:
    """The change of the first measure, in a sentence."""
    first, period = MEASURES[reader.evidence.task][0], latest_period(reader)
    change = reader.measured(CHANGE, measure=first)
    if change is None or period is None:
        return ()
    ends = interval(change)
    about, span = _called(first), name(period_name(change.reference or ""))
    latest = name(period_name(period))
    if not ends:
        return words(
            "{measure} of the latest period, {period}, differs by {change} from that of all earlier rows ({span}).",
            measure=about,
            period=latest,
            change=number(change, strong=True),
            span=span,
        )
    return words(
        "{measure} of the latest period, {period}, differs by {change} from that of all earlier rows ({span}); {level} "
        "{interval}.",
        measure=about,
        period=latest,
        change=number(change, strong=True),
        span=span,
        level=Label(level([change]), "clause"),
        interval=ends,
    )


def _called(of: str) -> Parts:
    return (title(measure(f"period.{of}").title),)


def _chart(reader: Reader, parts: Sequence[str]) -> Chart | None:
    """The first measure from period to period."""
    first = MEASURES[reader.evidence.task][0]
    figures = [reader.measured(f"period.{first}", period=part) for part in parts]
    if sum(figure is not None for figure in figures) < 2:
        return None
    moments = [
        Moment(name=part, value=None) if f is None else Moment(name=part, value=f.value, low=f.low, high=f.high)
        for part, f in zip(map(period_name, parts), figures, strict=True)
    ]
    called = measure(f"period.{first}").title
    return Chart(
        svg=over_time(moments, vertical=called, width=HALF),
        alt=say("{measure} of each period with its interval, the latest set apart", measure=called),
        width="half",
        caption=words("{measure} by period, with intervals; the latest in orange", measure=_called(first)),
    )


def _spread(reader: Reader, family: str) -> Chart | None:
    """How scores are spread in each part."""
    series = reader.series(f"{family}.score_quantiles")
    if series is None:
        return None
    regression = reader.evidence.task == "regression"
    used = None if reader.evidence.threshold is None else Threshold.parse(reader.evidence.threshold)
    rows = spread_rows(series, family)
    if family == "period":
        rows = [replace(row, name=period_name(row.name)) for row in rows]
    return Chart(
        svg=boxes(
            rows[-MOST_DRAWN:], axis=say("prediction") if regression else say("score"), mark=used.at if used else None
        ),
        alt=say("Spread of the score in each part of the rows: median, middle half, and middle nine tenths"),
        width="half",
        caption=caption(noted("Median, middle half (thick) and middle nine tenths (thin) of the scores"), series),
        data=data_table(series, spread_columns(family)),
    )


def _segments(reader: Reader) -> tuple[Block, ...]:
    rows = reader.keyed("segment.rows", "segment")
    if not rows:
        return ()
    column = reader.evidence.plan.get("data", {}).get("segment", "")
    found: list[Block] = [_table(reader, "segment", [part for part, _ in rows], (name(column),))]
    drawn = _spread(reader, "segment")
    return (Group(title=words("By segment"), blocks=(*found, *((drawn,) if drawn else ()))),)


def _table(reader: Reader, family: str, parts: Sequence[str], first: Parts) -> Table:
    """A row for each part; the reasons for what is missing stand below."""
    measures = MEASURES[reader.evidence.task]
    binary = reader.evidence.task == "binary"
    shown: list[Figure | None] = []
    rows = []
    for part in parts:
        counted = reader.figure(f"{family}.rows", {family: part})
        figures = [_of(reader, family, of, part) for of in measures]
        shown += [counted, *figures]
        events = next((f for f in (figures[-1], figures[0]) if f is not None and f.events is not None), None)
        called = period_name(part) if family == "period" else part
        cells = ((name(called),), number(counted), *((number(events, "events"),) if binary else ()))
        rows.append(Row(cells=(*cells, *(stacked(figure) for figure in figures))))
    columns = (
        Column(title=first, share=20),
        Column(title=words("Rows"), align="right", share=10),
        *((Column(title=words("Events"), align="right", share=10),) if binary else ()),
        *(Column(title=_called(of), align="right", share=60 // len(measures)) for of in measures),
    )
    return Table(columns=columns, rows=tuple(rows), source=source(shown), print_rows=_ON_PAPER)


def _of(reader: Reader, family: str, of: str, part: str) -> Figure | None:
    """A figure of a part; where no part has it, the one that says why."""
    key = "rows" if family == "sample" else family
    return reader.figure(f"{family}.{of}", {key: part}) or reader.figure(f"{family}.{of}")


def _changes(reader: Reader, figures: Sequence[Figure], heading: Parts) -> Table:
    p_values = [reader.figure(f"{CHANGE}_p", figure.keys) for figure in figures]
    return Table(
        columns=(
            Column(title=words("Measure"), share=26),
            Column(title=heading, align="right", share=20),
            Column(title=(title(level(figures), "clause"),), align="right", share=18),
            Column(title=words("p, all measures"), align="right", share=14),
            Column(title=words("n"), align="right", share=11),
            Column(title=words("Events"), align="right", share=11),
        ),
        rows=tuple(
            Row(
                cells=(
                    _called(figure.keys["measure"]),
                    number(figure),
                    interval(figure),
                    number(p_value),
                    number(figure, "n"),
                    number(figure, "events"),
                )
            )
            for figure, p_value in zip(figures, p_values, strict=True)
        ),
        source=source((*figures, *p_values)),
    )


def _samples(reader: Reader) -> tuple[Block, ...]:
    """The reference rows, and the evaluation rows that are new to the model."""
    first = MEASURES[reader.evidence.task][0]
    parts = [part for part, figure in reader.keyed("sample.rows", "rows") if figure.value != 0]
    if not parts:
        refused = reader.figure(f"sample.{first}")
        if refused is None:
            return ()
        heading = words("In sample and out of it")
        return (Group(title=heading, blocks=(Paragraph(parts=source([refused]), style="note"),)),)
    shown: list[Figure | None] = []
    rows = []
    for part in parts:
        figures = [_of(reader, "sample", of, part) for of in MEASURES[reader.evidence.task]]
        change = reader.figure("sample.change", measure=first, rows=part)
        shown += [*figures, change]
        said = _EVALUATION if part == "out_of_sample" and len(parts) == 2 else _SAMPLES[part]
        cells = (words(said), number(reader.figure("sample.rows", rows=part)), *map(stacked, figures), stacked(change))
        rows.append(Row(cells=cells))
    measures = MEASURES[reader.evidence.task]
    table = Table(
        columns=(
            Column(title=words("Rows"), share=26),
            Column(title=words("n"), align="right", share=8),
            *(Column(title=_called(of), align="right", share=50 // len(measures)) for of in measures),
            Column(title=words("{measure}, less in sample", measure=_called(first)), align="right", share=16),
        ),
        rows=tuple(rows),
        source=source(shown),
    )
    intro = words(
        "A model fits the rows that it was trained on better than any others: what it does out of sample, and out of "
        "time, is what it can be expected to do."
    )
    blocks = (*_told(reader, "new_rows"), *_against(reader, parts[-1]), Paragraph(parts=intro, style="text"), table)
    return (Group(title=words("In sample and out of it"), blocks=blocks),)


def _against(reader: Reader, part: str) -> tuple[Block, ...]:
    """The first measure on the newest rows against that in sample, in a sentence."""
    first = MEASURES[reader.evidence.task][0]
    own, trained = (reader.measured(f"sample.{first}", rows=rows) for rows in (part, "in_sample"))
    change = reader.measured("sample.change", measure=first, rows=part)
    if own is None or trained is None or change is None or not interval(change):
        return ()
    said = words(
        _NEWEST[part],
        measure=_called(first),
        own=number(own, strong=True),
        trained=number(trained),
        change=number(change, strong=True),
        level=Label(level([change]), "clause"),
        interval=interval(change),
    )
    return (Paragraph(parts=said, style="read"),)
