"""Within section 8: how the scores of each group are spread."""

from __future__ import annotations

from explainkit.decision import Threshold
from explainkit.figures import Series
from explainkit.report.card import Beside, Block, Chart, Group
from explainkit.report.effect_charts import Box, boxes
from explainkit.report.language import noted, say, spoken
from explainkit.report.phrases import words
from explainkit.report.reader import Reader
from explainkit.report.sections.performance_charts import caption, data_table, numbers

MOST_DRAWN = 24
_COLUMNS = (
    ("n", noted("n")),
    ("q05", noted("Five in a hundred below")),
    ("q25", noted("A quarter below")),
    ("q50", noted("Half below")),
    ("q75", noted("Three quarters below")),
    ("q95", noted("All but five in a hundred below")),
)
_FIRST = {"group": noted("Group"), "period": noted("Period"), "segment": noted("Segment")}


def blocks(reader: Reader) -> tuple[Block, ...]:
    """A chart for each sensitive column, in pairs."""
    charts = [chart for column in reader.sensitive if (chart := _chart(reader, column)) is not None]
    if not charts:
        return ()
    pairs = [charts[i : i + 2] for i in range(0, len(charts), 2)]
    title = words("How the scores of each group are spread")
    if reader.evidence.task == "regression":
        title = words("How the predictions of each group are spread")
    beside = tuple(Beside(left=(pair[0],), right=tuple(pair[1:])) for pair in pairs)
    return (Group(title=title, blocks=beside),)


def _chart(reader: Reader, column: str) -> Chart | None:
    series = reader.series("fairness.score_quantiles", column=column)
    if series is None:
        return None
    used = None if reader.evidence.threshold is None else Threshold.parse(reader.evidence.threshold)
    axis = say("score")
    alt = say(
        "Spread of the score in each group of {column}: median, middle half, and middle nine tenths", column=column
    )
    if reader.evidence.task == "regression":
        axis = say("prediction")
        alt = say(
            "Spread of the prediction in each group of {column}: median, middle half, and middle nine tenths",
            column=column,
        )
    elif used is not None:
        axis = say("score (dashed: {threshold}, in use)", threshold=str(used).replace(".", spoken().decimal))
    return Chart(
        svg=boxes(
            spread_rows(series, "group")[:MOST_DRAWN],
            axis=axis,
            mark=None if used is None else used.at,
        ),
        alt=alt,
        width="half",
        caption=caption(noted("Median, middle half (thick) and middle nine tenths (thin) of each group"), series),
        data=data_table(series, spread_columns("group")),
    )


def spread_columns(first: str) -> tuple[tuple[str, str], ...]:
    """Columns of a series of quantiles, and what they are called; the first is that of the parts."""
    return ((first, _FIRST[first]), *_COLUMNS)


def spread_rows(series: Series, first: str) -> list[Box]:
    """What is drawn of a series of quantiles, one row each."""
    ends = {name: numbers(series, name) for name in ("q05", "q25", "q50", "q75", "q95")}
    found = []
    for i, group in enumerate(series.column(first)):
        middle = ends["q50"][i]
        if middle is not None:
            inner, outer = (ends["q25"][i], ends["q75"][i]), (ends["q05"][i], ends["q95"][i])
            found.append(Box(name=str(group), middle=middle, inner=inner, outer=outer))
    return found
