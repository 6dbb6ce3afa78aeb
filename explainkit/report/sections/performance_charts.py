"""Charts of section 7: discrimination, calibration, and where the scores lie."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from explainkit.decision import Threshold
from explainkit.figures import Series
from explainkit.report import charts as draw
from explainkit.report.card import Beside, Block, Chart, Column, Parts, Point, Row, Table, Words
from explainkit.report.language import noted, say, spoken
from explainkit.report.phrases import clause, code, given, period_name, words
from explainkit.report.reader import Reader

Numbers = tuple[float | None, ...]
_DATA_ROWS = 60
_COUNTED = {"positive": noted("Positive"), "negative": noted("Negative"), "n": noted("N")}
"""Columns of the histogram."""


def charts(reader: Reader) -> tuple[Block, ...]:
    """The charts that the evidence has series for, in pairs."""
    pair = [c for c in (_roc(reader), _reliability(reader), _agreement(reader)) if c is not None]
    scores = _histogram(reader, wide=len(pair) != 1)
    if scores is not None and scores.width == "half":
        pair.append(scores)
    if len(pair) == 2:
        blocks: tuple[Block, ...] = (Beside(left=(pair[0],), right=(pair[1],)),)
    else:
        blocks = tuple(_with_data(chart) for chart in pair)
    return (*blocks, scores) if scores is not None and scores.width == "full" else blocks


def _with_data(chart: Chart) -> Beside:
    """A chart that stands alone has its numbers beside it."""
    return Beside(left=(replace(chart, data=None),), right=(chart.data,) if chart.data is not None else ())


def numbers(series: Series, column: str) -> Numbers:
    """A column of a series as numbers; gaps stay gaps."""
    return tuple(None if x is None or isinstance(x, str) else float(x) for x in series.column(column))


def known(values: Numbers) -> list[float]:
    """Numbers without gaps."""
    return [v for v in values if v is not None]


def data_table(series: Series, titles: Sequence[tuple[str, str]]) -> Table:
    """The points of a series as a table, on screen.

    Parameters
    ----------
    series : Series
        What the chart draws.
    titles : sequence of (str, str)
        Column of the series, and what it is called, as a message.
    """
    count = len(series.columns[0][1])
    rows = []
    for i in range(count):
        cells = []
        for column, _ in titles:
            point = series.column(column)[i]
            if column == "period":
                point = period_name(str(point))
            cells.append(
                () if point is None else (given(point),) if isinstance(point, str) else (Point(series, column, i),)
            )
        rows.append(Row(cells=tuple(cells)))
    return Table(
        columns=tuple(Column(title=words(text), align="right") for _, text in titles),
        rows=tuple(rows),
        source=words("Series {series}", series=code(series.id)),
        screen_rows=_DATA_ROWS,
    )


def caption(text: str, series: Series) -> Parts:
    """What a chart shows, a message, and how the series was made."""
    shown = words(text)
    return (*shown, Words(" · "), clause(series.method)) if series.method else shown


def _roc(reader: Reader) -> Chart | None:
    series = reader.series("performance.roc_curve")
    if series is None:
        return None
    x, y = known(numbers(series, "false_positive_rate")), known(numbers(series, "true_positive_rate"))
    return Chart(
        svg=draw.curve(x, y, x_axis=say("false positive rate"), y_axis=say("true positive rate")),
        alt=say("ROC curve: true against false positive rate over all thresholds, and the diagonal of chance"),
        width="half",
        caption=caption(noted("ROC curve: every threshold at once"), series),
        data=data_table(
            series,
            (
                ("false_positive_rate", noted("False positive rate")),
                ("true_positive_rate", noted("True positive rate")),
            ),
        ),
    )


def _reliability(reader: Reader) -> Chart | None:
    series = reader.series("calibration.reliability")
    if series is None:
        return None
    drawn = draw.reliability(
        numbers(series, "mean_score"),
        numbers(series, "observed"),
        numbers(series, "observed_low"),
        numbers(series, "observed_high"),
        x_axis=say("mean score of the bin"),
        y_axis=say("share observed"),
        diagonal=say("score equals share"),
    )
    return Chart(
        svg=drawn,
        alt=say("Reliability diagram: share of positives observed against mean score, bin by bin, with intervals"),
        width="half",
        caption=caption(noted("Reliability: where points lie on the diagonal, scores are shares"), series),
        data=data_table(
            series,
            (
                ("low", noted("Score from")),
                ("high", noted("to")),
                ("n", noted("n")),
                ("mean_score", noted("Mean score")),
                ("observed", noted("Observed")),
                ("observed_low", noted("Low")),
                ("observed_high", noted("High")),
            ),
        ),
    )


def _histogram(reader: Reader, *, wide: bool) -> Chart | None:
    series = reader.series("performance.score_histogram")
    if series is None:
        return None
    names = [column for column, _ in series.columns]
    positive = reader.evidence.positive or say("positive")
    runs = [("n", say("all rows"))]
    if "positive" in names:
        runs = [("positive", positive), ("negative", say("not {outcome}", outcome=positive))]
    others = [o for o in reader.evidence.outputs if o != reader.evidence.positive]
    if len(runs) == 2 and len(others) == 1:
        runs[1] = ("negative", others[0])
    line = None
    if reader.evidence.threshold is not None:
        cutoff = Threshold.parse(reader.evidence.threshold)
        limit = str(cutoff).replace(">=", "≥ ").replace(">", "> ").replace(".", spoken().decimal)
        line = (cutoff.at, say("threshold {threshold}", threshold=limit))
    counts = [(label, known(numbers(series, column))) for column, label in runs]
    drawn = draw.histogram(
        known(numbers(series, "low")),
        known(numbers(series, "high")),
        counts,
        axis=say("score"),
        line=line,
        width=draw.FULL if wide else draw.HALF,
    )
    return Chart(
        svg=drawn,
        alt=say("Histogram of scores by outcome, one outcome above the axis and the other below"),
        width="full" if wide else "half",
        caption=caption(noted("Where the scores lie, by outcome"), series),
        data=data_table(
            series, (("low", noted("Score from")), ("high", noted("to")), *((c, _COUNTED[c]) for c, _ in runs))
        ),
    )


def _agreement(reader: Reader) -> Chart | None:
    series = reader.series("performance.predicted_observed")
    if series is None:
        return None
    x, y = numbers(series, "mean_prediction"), numbers(series, "mean_outcome")
    gaps: Numbers = (None,) * len(x)
    drawn = draw.reliability(
        x,
        y,
        gaps,
        gaps,
        x_axis=say("mean prediction of the bin"),
        y_axis=say("mean outcome"),
        diagonal=say("prediction equals outcome"),
    )
    return Chart(
        svg=drawn,
        alt=say("Mean outcome against mean prediction, bin by bin, with the diagonal of agreement"),
        width="half",
        caption=caption(noted("Predictions and outcomes, bin by bin"), series),
        data=data_table(
            series,
            (
                ("low", noted("Prediction from")),
                ("high", noted("to")),
                ("n", noted("n")),
                ("mean_prediction", noted("Mean prediction")),
                ("mean_outcome", noted("Mean outcome")),
            ),
        ),
    )
