"""Error rates by group, their differences and ratios to a reference, and the gaps that parity criteria look at.

The criteria are named as in the literature, and only describe: demographic parity compares selection rates, equal
opportunity true positive rates, equalised odds true and false positive rates, predictive parity precision.

References
----------
Hardt, Price and Srebro, NeurIPS 2016, arXiv:1610.02413 (equal opportunity, equalised odds). Chouldechova, Big Data
2017, doi:10.1089/big.2016.0047 (predictive parity). The summaries over groups are those of fairlearn; the mean of
signed differences is AIF360's average odds difference.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

from explainkit.assess.fairness.comparison import (
    OVER_PAIRS,
    Comparison,
    StateRate,
    record_difference,
    record_gap,
    record_rate,
    record_ratio,
)
from explainkit.assess.groups.cells import Cells
from explainkit.assess.groups.cross_counts import LABELLED, CrossTable
from explainkit.assess.recorder import Details, Recorder, among
from explainkit.assess.statistics.extremes import largest_difference_interval, smallest_ratio_interval
from explainkit.assess.statistics.intervals import Interval
from explainkit.load.subject import Subject
from explainkit.plan import FairnessPlan

UNLABELLED = "no row of the group has an outcome"
TPR, FPR = "true_positive_rate", "false_positive_rate"

_GAPS = {
    TPR: "equal_opportunity_difference",
    FPR: "false_positive_rate_gap",
    "precision": "predictive_parity_difference",
    "accuracy": "accuracy_gap",
}
"""Summaries over the groups of a column: the largest rate minus the smallest."""


def record_error_rates(recorder: Recorder, cells: Cells, table: CrossTable, plan: FairnessPlan) -> None:
    """Record every error rate of a single column, held against its reference.

    Intersections have none: with outcomes counted too, small ones could be told from the rest.

    Parameters
    ----------
    recorder : Recorder
        Takes the figures.
    cells : Cells
        Groups of one column.
    table : CrossTable
        Its rows by outcome and decision; for several classes, by whether the decision was right.
    plan : FairnessPlan
        With the references stated.
    """
    found: dict[str, Comparison] = {}
    for rate in rates_of(recorder.subject):
        name = f"fairness.{rate.name}"
        if not recorder.open(name):
            continue
        counted = replace(rate, name=name).counted(table)
        comparison = found[rate.name] = Comparison.of(recorder, cells, counted, plan)
        record_rate(comparison)
        record_difference(comparison, f"{name}_difference")
        record_ratio(comparison, f"{name}_ratio")
        if rate.name in _GAPS:
            record_gap(comparison, f"fairness.{_GAPS[rate.name]}")
    if TPR in found and FPR in found:
        _record_odds(recorder, cells, found[TPR], found[FPR])


def _record_odds(recorder: Recorder, cells: Cells, positives: Comparison, negatives: Comparison) -> None:
    """Record equalised odds over the groups, and the average odds difference of each."""
    keys = {"column": cells.title}
    name = "fairness.average_odds_difference"
    for cell in range(len(cells.levels)):
        if positives.hide(name, cell):
            _record_average(recorder, name, cell, positives, negatives)
    tested = [positives.summarised(f"fairness.equalized_odds_{what}") for what in ("difference", "ratio")]
    if not all(tested):
        return
    ends = [(comparison, comparison.ends()) for comparison in (positives, negatives)]
    gaps, ratios = list[float](), list[float]()
    for comparison, places in ends:
        if places is None:
            continue
        smallest, largest = (comparison.values[place] or 0.0 for place in places)
        gaps.append(largest - smallest)
        if largest > 0:
            ratios.append(smallest / largest)
    why = "one of the two rates is defined in fewer than two groups"
    how = "the larger of the gaps in true and in false positive rates, largest minus smallest of the groups shown"
    value = max(gaps) if len(gaps) == 2 else None
    both = [comparison.family() for comparison, _ in ends]
    recorder.number(
        "fairness.equalized_odds_difference",
        value,
        keys,
        undefined=why,
        unit="difference",
        n=_rows(ends),
        interval=largest_difference_interval(both),
        any_sampling=True,
        interval_method=OVER_PAIRS,
        method=how,
        reason=None if value is None else ("in true positive rates", "in false positive rates")[gaps.index(value)],
    )
    how = "the smaller of the ratios of true and of false positive rates, smallest over largest of the groups shown"
    value = min(ratios) if len(ratios) == 2 else None
    why = "one of the two rates is zero in every group, or defined in fewer than two"
    recorder.number(
        "fairness.equalized_odds_ratio",
        value,
        keys,
        undefined=why,
        unit="ratio",
        n=_rows(ends),
        interval=None if value is None else smallest_ratio_interval(both),
        any_sampling=True,
        interval_method=OVER_PAIRS,
        method=how,
    )


def _record_average(recorder: Recorder, name: str, cell: int, positives: Comparison, negatives: Comparison) -> None:
    both = positives, negatives
    parts = [(c.difference(cell), c.difference_interval(cell) if c.comparable(cell) else {}) for c in both]
    known = [part for part, _ in parts if part is not None]
    mean = sum(known) / 2 if len(known) == 2 else None
    details: Details = {
        "unit": "difference",
        "n": sum(comparison.rate.whole[cell].rows for comparison in both),
        "method": "mean of the differences in true and in false positive rate from the reference",
        "reference": _references(positives, negatives),
        "interval": None if mean is None else _mean_interval(mean, known, [how.get("interval") for _, how in parts]),
        "any_sampling": recorder.sampling.clusters is None,  # the two rates are of different rows, not clusters
        "interval_method": "from the intervals of both differences (Zou and Donner 2008)",
    }
    why = "one of the two rates is undefined for the group or for the reference"
    recorder.number(name, mean, positives.keys(cell), undefined=why, **details)


def _mean_interval(mean: float, values: Sequence[float], intervals: Sequence[Interval | None]) -> Interval | None:
    """Interval of the mean of two differences of rates that are of different rows."""
    known = [interval for interval in intervals if interval is not None]
    if len(known) < 2:
        return None
    low = math.hypot(*(value - interval.low for value, interval in zip(values, known, strict=True))) / 2
    high = math.hypot(*(interval.high - value for value, interval in zip(values, known, strict=True))) / 2
    return Interval(mean - low, mean + high)


def _rows(ends: list[tuple[Comparison, tuple[int, int] | None]]) -> int:
    return sum(comparison.shown_rows() for comparison, _ in ends)


def _references(positives: Comparison, negatives: Comparison) -> str:
    first, second = positives.reference.words, negatives.reference.words
    return first if first == second else f"{first}; {second}"


def rates_of(subject: Subject) -> tuple[StateRate, ...]:
    """Every error rate of a task: which rows count, of which."""
    return _binary_rates(subject) if subject.task == "binary" else _multiclass_rates(subject)


def _binary_rates(subject: Subject) -> tuple[StateRate, ...]:
    return rates_against_the_rest(subject.positive, among(subject))


def rates_against_the_rest(positive: str | None, whom: str) -> tuple[StateRate, ...]:
    """Rates of one class against all others; ``whom`` narrows down in words whom the rows stand for."""
    return (*_of_outcomes(positive, whom), *_of_all(positive, whom), *_of_decisions(positive, whom))


def _of_outcomes(positive: str | None, whom: str) -> tuple[StateRate, ...]:
    """Rates among the rows of one outcome."""
    negatives = "no outcome in the group is negative"
    positives = "no outcome in the group is positive"
    of_positives, of_negatives = f"of those with outcome {positive}", f"of those without outcome {positive}"
    return (
        StateRate(
            name=TPR,
            what="true positive rate",
            part=((1, 1),),
            whole=((1, 0), (1, 1)),
            numerator=f"decided {positive}{whom}, {of_positives}",
            undefined=positives,
        ),
        StateRate(
            name=FPR,
            what="false positive rate",
            part=((0, 1),),
            whole=((0, 0), (0, 1)),
            numerator=f"decided {positive}{whom}, {of_negatives}",
            undefined=negatives,
        ),
        StateRate(
            name="true_negative_rate",
            what="true negative rate",
            part=((0, 0),),
            whole=((0, 0), (0, 1)),
            numerator=f"not decided {positive}{whom}, {of_negatives}",
            undefined=negatives,
        ),
        StateRate(
            name="false_negative_rate",
            what="false negative rate",
            part=((1, 0),),
            whole=((1, 0), (1, 1)),
            numerator=f"not decided {positive}{whom}, {of_positives}",
            undefined=positives,
        ),
    )


def _of_all(positive: str | None, whom: str) -> tuple[StateRate, ...]:
    """Rates among all rows with an outcome."""
    return (
        StateRate(
            name="accuracy",
            what="accuracy",
            part=((0, 0), (1, 1)),
            whole=LABELLED,
            numerator=f"decided as the outcome turned out{whom}",
            undefined=UNLABELLED,
        ),
        StateRate(
            name="base_rate",
            what="base rate",
            part=((1, 0), (1, 1)),
            whole=LABELLED,
            numerator=f"outcome {positive}{whom}",
            undefined=UNLABELLED,
        ),
    )


def _of_decisions(positive: str | None, whom: str) -> tuple[StateRate, ...]:
    """Rates among the rows decided one way."""
    return (
        StateRate(
            name="precision",
            what="precision",
            part=((1, 1),),
            whole=((0, 1), (1, 1)),
            numerator=f"outcome {positive}{whom}, of those decided {positive}",
            undefined="no row of the group with an outcome is decided positive",
        ),
        StateRate(
            name="negative_predictive_value",
            what="negative predictive value",
            part=((0, 0),),
            whole=((0, 0), (1, 0)),
            numerator=f"not outcome {positive}{whom}, of those not decided {positive}",
            undefined="no row of the group with an outcome is decided negative",
        ),
    )


def _multiclass_rates(subject: Subject) -> tuple[StateRate, ...]:
    return (
        StateRate(
            name="accuracy",
            what="accuracy",
            part=((1, 0), (1, 1)),
            whole=LABELLED,
            numerator=f"decided as the outcome turned out{among(subject)}",
            undefined=UNLABELLED,
        ),
    )
