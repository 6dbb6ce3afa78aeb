"""Tables of section 7 over several thresholds: what each would give, and how far the highest scores reach."""

from __future__ import annotations

from explainkit.decision import Threshold
from explainkit.figures import Series
from explainkit.report import charts as draw
from explainkit.report.card import Beside, Block, Chart, Column, Group, Parts, Point, Row, Table, Words
from explainkit.report.language import noted, say
from explainkit.report.phrases import clause, code, title, words
from explainkit.report.reader import Reader
from explainkit.report.sections.performance_charts import known, numbers

_TITLES = {
    "threshold": noted("Threshold"),
    "positive_rate": noted("Decided positive"),
    "recall": noted("Recall"),
    "false_positive_rate": noted("False positive rate"),
    "precision": noted("Precision"),
    "f1": noted("F1"),
    "mean_cost": noted("Mean cost"),
}
_LIFT = (
    ("score", noted("Score from")),
    ("share_of_rows", noted("Share of rows")),
    ("share_of_positives", noted("Share of positives")),
    ("lift", noted("Lift")),
)
_MOST = 11


def thresholds(reader: Reader) -> tuple[Block, ...]:
    """What other thresholds would give: every second one where there are many, and the one in use."""
    series = reader.series("performance.thresholds")
    if series is None:
        return ()
    stated = reader.evidence.threshold
    used = None if stated is None else Threshold.parse(stated).at
    at = numbers(series, "threshold")
    shown = [i for i in range(len(at)) if len(at) <= _MOST or i % 2 or at[i] == used]
    columns = [name for name, _ in series.columns]
    rows = tuple(
        Row(cells=tuple(_point(series, c, i) for c in columns), tone="strong" if at[i] == used else "plain")
        for i in shown
    )
    note: Parts = (*words("Strong: the threshold in use."), Words(" ")) if used is not None else ()
    if len(shown) < len(at):
        note += (*words("Every second one; all stand in card.json."), Words(" "))
    table = Table(
        columns=tuple(Column(title=(title(say(_TITLES.get(c, c))),), align="right") for c in columns),
        rows=rows,
        source=(*note, *_source(series)),
        print_rows=len(rows),
    )
    return (Group(title=words("Other thresholds"), blocks=(table,)),)


def lift(reader: Reader) -> tuple[Block, ...]:
    """The curve of gain beside its points."""
    series = reader.series("performance.lift")
    if series is None:
        return ()
    rows, positives = known(numbers(series, "share_of_rows")), known(numbers(series, "share_of_positives"))
    chart = Chart(
        svg=draw.curve(
            [0.0, *rows],
            [0.0, *positives],
            x_axis=say("share of rows, highest scores first"),
            y_axis=say("share of positives"),
        ),
        alt=say(
            "Curve of gain: share of positives among the highest scores against the share of rows, and the diagonal of "
            "a random order"
        ),
        width="half",
        caption=words("Gain: how many of the positives the highest scores hold"),
    )
    table = Table(
        columns=tuple(Column(title=words(text), align="right") for _, text in _LIFT),
        rows=tuple(
            Row(cells=tuple(_point(series, column, i) for column, _ in _LIFT)) for i in range(len(series.columns[0][1]))
        ),
        source=_source(series),
    )
    return (Group(title=words("Lift"), blocks=(Beside(left=(chart,), right=(table,)),)),)


def _point(series: Series, column: str, row: int) -> Parts:
    return () if series.column(column)[row] is None else (Point(series, column, row),)


def _source(series: Series) -> Parts:
    said: Parts = (clause(series.method), Words(" · ")) if series.method else ()
    return (*said, *words("Series {series}", series=code(series.id)))
