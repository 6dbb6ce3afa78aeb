"""Within section 9: gaps at other thresholds, and the selection rate over a sensitive number."""

from __future__ import annotations

from explainkit.decision import Threshold
from explainkit.figures import Series
from explainkit.report import charts as draw
from explainkit.report.card import Beside, Block, Chart, Group
from explainkit.report.effect_charts import Curve, band
from explainkit.report.phrases import words
from explainkit.report.reader import Reader
from explainkit.report.sections.performance_charts import caption, data_table, numbers

_GAPS = (
    ("threshold", "Threshold"),
    ("difference", "Difference in selection"),
    ("low", "Low"),
    ("high", "High"),
    ("smallest_over_largest", "Smallest over largest"),
    ("lowest", "Lowest"),
    ("highest", "Highest"),
    ("true_positive_difference", "in true positive rates"),
    ("false_positive_difference", "in false positive rates"),
)
_RATES = (("value", "Mean value"), ("rate", "Selection rate"), ("low", "Low"), ("high", "High"), ("n", "n"))


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
    return Chart(
        svg=band(
            _curve(series, "threshold", "difference"),
            axis="threshold" if used is None else f"threshold (dashed: {used}, in use)",
            vertical=f"gap by {draw.shortened(column)}",
            mark=None if used is None else used.at,
        ),
        alt=f"Largest difference of selection rates between groups of {column} at each threshold, with intervals",
        width="half",
        caption=caption("Gap in selection at thresholds common to all groups", series),
        data=data_table(series, [(name, title) for name, title in _GAPS if _has(series, name)]),
    )


def _rate(reader: Reader, column: str) -> Chart | None:
    series = reader.series("fairness.selection_curve", column=column)
    if series is None:
        return None
    return Chart(
        svg=band(_curve(series, "value", "rate"), axis=draw.shortened(column), vertical="selection rate"),
        alt=f"Selection rate over {column}, in bins, with intervals",
        width="half",
        caption=caption("Selection rate over the number that cut points make groups of", series),
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
