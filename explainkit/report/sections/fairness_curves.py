"""Within section 9: gaps at other thresholds, and the selection rate over a sensitive number."""

from __future__ import annotations

from explainkit.decision import Threshold
from explainkit.figures import Series
from explainkit.report import charts as draw
from explainkit.report.card import Beside, Block, Chart, Group
from explainkit.report.effect_charts import Curve, band
from explainkit.report.language import noted, say, spoken
from explainkit.report.phrases import words
from explainkit.report.reader import Reader
from explainkit.report.sections.performance_charts import caption, data_table, numbers

_GAPS = (
    ("threshold", noted("Threshold")),
    ("difference", noted("Difference in selection")),
    ("low", noted("Low")),
    ("high", noted("High")),
    ("smallest_over_largest", noted("Smallest over largest")),
    ("lowest", noted("Lowest")),
    ("highest", noted("Highest")),
    ("true_positive_difference", noted("in true positive rates")),
    ("false_positive_difference", noted("in false positive rates")),
)
_RATES = (
    ("value", noted("Mean value")),
    ("rate", noted("Selection rate")),
    ("low", noted("Low")),
    ("high", noted("High")),
    ("n", noted("n")),
)


def blocks(reader: Reader) -> tuple[Block, ...]:
    """Two charts for each column at most, in pairs."""
    charts = [chart for column in reader.sensitive for chart in (_gap(reader, column), _rate(reader, column)) if chart]
    if not charts:
        return ()
    pairs = [charts[i : i + 2] for i in range(0, len(charts), 2)]
    beside = tuple(Beside(left=(pair[0],), right=tuple(pair[1:])) for pair in pairs)
    return (Group(title=words("Beyond the threshold in use, and beyond cut points"), blocks=beside),)


def _gap(reader: Reader, column: str) -> Chart | None:
    series = reader.series("fairness.gap_by_threshold", column=column)
    if series is None:
        return None
    used = None if reader.evidence.threshold is None else Threshold.parse(reader.evidence.threshold)
    axis = say("threshold")
    if used is not None:
        axis = say("threshold (dashed: {threshold}, in use)", threshold=str(used).replace(".", spoken().decimal))
    alt = say(
        "Largest difference of selection rates between groups of {column} at each threshold, with intervals",
        column=column,
    )
    return Chart(
        svg=band(
            _curve(series, "threshold", "difference"),
            axis=axis,
            vertical=say("gap by {column}", column=draw.shortened(column)),
            mark=None if used is None else used.at,
        ),
        alt=alt,
        width="half",
        caption=caption(noted("Gap in selection at thresholds common to all groups"), series),
        data=data_table(series, [(name, title) for name, title in _GAPS if _has(series, name)]),
    )


def _rate(reader: Reader, column: str) -> Chart | None:
    series = reader.series("fairness.selection_curve", column=column)
    if series is None:
        return None
    return Chart(
        svg=band(_curve(series, "value", "rate"), axis=draw.shortened(column), vertical=say("selection rate")),
        alt=say("Selection rate over {column}, in bins, with intervals", column=column),
        width="half",
        caption=caption(noted("Selection rate over the number that cut points make groups of"), series),
        data=data_table(series, [(name, title) for name, title in _RATES if _has(series, name)]),
    )


def _curve(series: Series, across: str, up: str) -> Curve:
    x, mean = (tuple(v or 0.0 for v in numbers(series, name)) for name in (across, up))
    low, high = (
        tuple(m if v is None else v for v, m in zip(numbers(series, end), mean, strict=True))
        if _has(series, end)
        else mean
        for end in ("low", "high")
    )
    return Curve(x=x, mean=mean, low=low, high=high)


def _has(series: Series, column: str) -> bool:
    return any(name == column for name, _ in series.columns)
