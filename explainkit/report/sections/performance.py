"""Section 7: how well the scores fit the outcomes."""

from __future__ import annotations

from explainkit.evidence import Evidence
from explainkit.figures import Figure
from explainkit.report.card import Block, Label, Mark, Paragraph, Parts, Section, Words
from explainkit.report.language import say
from explainkit.report.phrases import interval, level, name, number, stated, words
from explainkit.report.reader import Reader
from explainkit.report.sections import (
    benchmarks,
    over_time,
    performance_charts,
    performance_tables,
    performance_thresholds,
    slices,
)


def section(evidence: Evidence) -> Section:
    """Charts, measures, confusion, and what a person states about them."""
    reader = Reader(evidence)
    blocks: list[Block] = []
    charts = performance_charts.charts(reader)
    reading = _reading(reader)
    if reading:
        blocks.append(Paragraph(parts=reading, style="read"))
    blocks.extend(charts)
    blocks.extend(performance_tables.measures(reader))
    blocks.extend(performance_tables.confusion(reader))
    blocks.extend(performance_tables.by_class(reader))
    blocks.extend(performance_thresholds.thresholds(reader))
    blocks.extend(performance_thresholds.lift(reader))
    blocks.extend(over_time.blocks(reader))
    blocks.extend(benchmarks.blocks(reader))
    blocks.extend(slices.blocks(reader))
    if not blocks:
        blocks.append(
            Paragraph(
                parts=(
                    Mark("open", say("not tested")),
                    Words(" "),
                    *words("no measure could be computed from what was given."),
                )
            )
        )
    blocks.extend(stated(reader, "performance"))
    return Section(number=7, id="performance", title=say("Performance"), blocks=tuple(blocks))


def _reading(reader: Reader) -> Parts:
    """One sentence from the headline figure."""
    evidence = reader.evidence
    auc = reader.measured("performance.roc_auc")
    if auc is not None and evidence.positive is not None:
        return words(
            "A random row that is {outcome} scores above one that is not in a share of {auc} of all pairs (AUC); "
            "chance alone gives one half.",
            outcome=name(evidence.positive),
            auc=_within(auc),
        )
    accuracy = reader.measured("performance.accuracy")
    if accuracy is not None:
        return words("Decided rightly: a share of {accuracy}.", accuracy=_within(accuracy))
    error = reader.measured("performance.mae")
    if error is not None:
        return words(
            "Predictions miss the outcome by {error} on average, in units of the target.", error=_within(error)
        )
    return ()


def _within(figure: Figure) -> Parts:
    """The value, and its interval in brackets."""
    value, ends = number(figure, strong=True), interval(figure)
    if not ends:
        return value
    return (*value, Words(" ("), Label(level([figure]), "clause"), Words(" "), *ends, Words(")"))
