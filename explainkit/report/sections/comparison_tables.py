"""Tables of figures before and after, with the noise of their differences."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from explainkit.comparison import Compared, Comparison
from explainkit.figures import Figure
from explainkit.report.card import Block, Break, Column, Group, Mark, Paragraph, Parts, Row, Table, Tone
from explainkit.report.language import noted, say
from explainkit.report.measures import short_title
from explainkit.report.phrases import clause, interval, level, listed, number, stacked, title, words
from explainkit.report.reader import Reader
from explainkit.report.sections.benchmarks import compared_name

_NOISE: dict[str, tuple[Tone, str]] = {
    "beyond noise": ("attention", noted("beyond noise")),
    "within noise": ("ok", noted("within noise")),
    "open": ("open", noted("open: the rows could tell")),
    "no interval": ("open", noted("no interval")),
    "same": ("ok", noted("the same")),
}
_FAMILIES = {
    "performance": noted("Performance"),
    "calibration": noted("Calibration"),
    "fairness": noted("Groups"),
    "explanation": noted("Explanations"),
    "slice": noted("Segments"),
    "data": noted("Data"),
    "decisions": noted("Decisions made in fact"),
    "ll144": noted("Local law"),
    "proxy": noted("Attributes known by probabilities"),
    "champion": noted("Against the champion"),
}
_KEY = (
    *("performance.roc_auc", "performance.brier", "performance.log_loss", "performance.observed_expected"),
    *("performance.accuracy", "performance.balanced_accuracy", "performance.precision", "performance.recall"),
    *("performance.specificity", "performance.selection_rate", "performance.mae", "performance.rmse"),
    *("performance.r2", "performance.mean_error", "fairness.smallest_impact_ratio"),
    *("fairness.demographic_parity_difference",),
)


def title_of(figure: str) -> Parts:
    """What a figure is called, without what stands in brackets behind."""
    return (title(short_title(figure.partition("[")[0])),)


def most_telling(comparison: Comparison, most: int) -> tuple[Compared, ...]:
    """The key figures of both cards that are not the same, in a fixed order, so that nobody picks them."""
    found = [c for c in comparison.compared if c.noise != "same"]
    chosen = [c for key in _KEY for c in found if c.figure.partition("[")[0] == key]
    return tuple(chosen[:most])


def differences(reader: Reader, compared: Iterable[Compared], *, print_rows: int = 40) -> Table:
    """One row for each figure: before, after, difference, interval, p-values, and what that says."""
    shown = list(compared)
    found = [_of(reader, "difference", c) for c in shown]
    known = [f for f in found if f is not None]
    return Table(
        columns=(
            Column(title=words("Measure"), share=25),
            Column(title=words("Before"), align="right", share=13),
            Column(title=words("After"), align="right", share=13),
            Column(title=words("Difference"), align="right", share=10),
            Column(title=(title(level(known), "clause"),), align="right", share=14),
            Column(title=words("p, raw and adjusted"), align="right", share=10),
            Column(title=words("Noise"), share=15),
        ),
        rows=tuple(_row(reader, c) for c in shown),
        source=listed([(clause(text),) for text in _methods(known)], " · "),
        print_rows=print_rows,
        screen_rows=1000,
    )


def _methods(figures: Sequence[Figure]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(f.method for f in figures if f.method))


def _of(reader: Reader, what: str, compared: Compared) -> Figure | None:
    return reader.figure(f"compare.{what}", figure=compared.figure)


def _row(reader: Reader, compared: Compared) -> Row:
    difference = _of(reader, "difference", compared)
    raw, adjusted = (_of(reader, what, compared) for what in ("p_value", "p_adjusted"))
    p = number(raw) if raw is not None else ()
    if adjusted is not None:
        p += (Break(), *number(adjusted))
    tone, said = _NOISE[compared.noise]
    return Row(
        cells=(
            compared_name(compared.figure),
            stacked(_of(reader, "before", compared)),
            stacked(_of(reader, "after", compared)),
            number(difference),
            interval(difference),
            p,
            (Mark(tone, say(said)),),
        ),
        tone="strong" if compared.noise == "beyond noise" else "plain",
    )


def beyond(comparison: Comparison, reader: Reader) -> tuple[Block, ...]:
    """Those beyond noise, the surest first."""
    found = [c for c in comparison.compared if c.noise == "beyond noise"]
    if not found:
        said = words(
            "No figure changed beyond noise. That is no evidence that nothing changed: intervals say how large a "
            "change the data cannot exclude."
        )
        return (Paragraph(parts=said, style="read"),)

    def sure(compared: Compared) -> tuple[float, str]:
        adjusted = _of(reader, "p_adjusted", compared)
        return (1.0 if adjusted is None or adjusted.value is None else float(adjusted.value)), compared.figure

    reading = words(
        "Beyond noise after all figures of a family were allowed for; whether that matters, noise cannot say."
    )
    return (Paragraph(parts=reading, style="read"), differences(reader, sorted(found, key=sure)))


def every(comparison: Comparison, reader: Reader) -> tuple[Block, ...]:
    """All figures that are not exactly the same, by family."""
    groups: list[Block] = []
    found = [c for c in comparison.compared if c.noise != "same"]
    for family in dict.fromkeys(c.family for c in found):
        own = [c for c in found if c.family == family]
        heading = words(_FAMILIES[family]) if family in _FAMILIES else title_of(family)
        groups.append(Group(title=heading, blocks=(differences(reader, own, print_rows=60),)))
    reading = words("Figures that are exactly the same on both cards are left out; compare.json names them.")
    return (Paragraph(parts=reading, style="read"), *groups)
