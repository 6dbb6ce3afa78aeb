"""Where values are missing: whether as often with each outcome, and in each group."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from explainkit.assess.groups.cells import Cells
from explainkit.assess.groups.groupings import Groupings
from explainkit.assess.groups.small import hide_rates
from explainkit.assess.outcomes import class_names
from explainkit.assess.statistics.extremes import largest_difference_interval
from explainkit.assess.statistics.intervals import LEVEL, Interval, newcombe_difference, welch_difference
from explainkit.assess.statistics.mover import RateFamily
from explainkit.assess.statistics.sampling import Sampling
from explainkit.evidence import Measured
from explainkit.figures import Figure, figure_id
from explainkit.load.subject import Subject

OUTCOME, GROUP = "data.missing_by_outcome", "data.missing_by_group"
LEAST = 10
"""Fewest rows with, and without, a value in a column that is compared."""
_CLUSTERED = "no interval, as rows come in clusters"

Bools = npt.NDArray[np.bool_]


def measure_patterns(subject: Subject, found: Groupings, *, min_count: int) -> Measured:
    """Figures of where the model's inputs have no value.

    Parameters
    ----------
    subject : Subject
        With outcomes, or groups, or both.
    found : Groupings
        As `shown.groupings_of` gives them: what is hidden of groups.
    min_count : int
        Smallest numerator of a rate by group.
    """
    frame = subject.evaluation.frame
    names = subject.features or tuple(
        c.name for c in subject.columns if c.roles in (("unused",), ("segment",), ("sensitive",))
    )
    gaps = {name: frame[name].isna().to_numpy() for name in names}
    gaps = {name: gap for name, gap in gaps.items() if LEAST <= int(gap.sum()) <= len(gap) - LEAST}
    level = 1 - (1 - LEVEL) / max(len(gaps), 1)
    figures: list[Figure] = []
    for name, gap in gaps.items():
        figures += _by_outcome(subject, name, gap, level)
        for cells in found.singles:
            if cells.untested is None and cells.title != name:
                figures += _by_group(subject, name, gap, cells, level, min_count)
    return Measured(figures=tuple(figures))


def _by_outcome(subject: Subject, name: str, gap: Bools, level: float) -> Iterator[Figure]:
    labels = subject.rows.labels
    if labels is None:
        return
    known = ~np.isnan(labels)
    outcomes, gap = labels[known], gap[known]
    simple = Sampling.of(subject.rows).clusters is None
    if subject.task == "regression":
        spread = float(outcomes.std()) if len(outcomes) else 0.0
        if min(int(gap.sum()), int((~gap).sum())) < LEAST or not spread > 0:
            return
        here, there = outcomes[gap] / spread, outcomes[~gap] / spread
        ends = welch_difference(_moments(here), _moments(there), level=level)
        method = "mean outcome of rows without a value, less that of the others, in standard deviations"
        difference = float(here.mean() - there.mean())
        yield _figure(figure_id(OUTCOME, column=name), difference, ends, level if simple else None, len(gap), method)
        return
    binary = subject.task == "binary"
    classes = [(str(subject.positive), 1.0)] if binary else [(c, float(i)) for i, c in enumerate(class_names(subject))]
    for class_, code in classes:
        own = outcomes == code
        if min(int(own.sum()), int((~own).sum())) < LEAST:
            continue
        lacking, n, others, m = int(gap[own].sum()), int(own.sum()), int(gap[~own].sum()), int((~own).sum())
        each = level if binary else 1 - (1 - level) / len(classes)
        ends = newcombe_difference(lacking, n, others, m, level=each)
        identifier = figure_id(OUTCOME, {"column": name} | ({} if binary else {"class": class_}))
        method = "share of missing values with this outcome, less that with others"
        difference = lacking / n - others / m
        yield _figure(identifier, difference, ends, each if simple else None, n + m, method, class_)


def _moments(values: npt.NDArray[np.float64]) -> tuple[float, float, int]:
    return float(values.mean()), float(values.var(ddof=1)), len(values)


def _by_group(subject: Subject, name: str, gap: Bools, cells: Cells, level: float, min_count: int) -> Iterator[Figure]:
    """The largest difference between two groups, of those that are shown."""
    count = len(cells.sizes)
    missing = np.bincount(cells.codes[gap] + 1, minlength=count + 1)[1:]
    hidden = cells.hidden.copy()
    if min_count:
        both = np.stack([missing, cells.sizes - missing], axis=1)
        hidden |= hide_rates(both, cells.sizes, ~cells.uncounted, min_count)
    shown = np.flatnonzero(~hidden & (cells.sizes > 0))
    if len(shown) < 2:
        return
    rates = missing[shown] / cells.sizes[shown]
    high, low = shown[int(rates.argmax())], shown[int(rates.argmin())]
    ends = largest_difference_interval([RateFamily.of_counts(missing[shown], cells.sizes[shown])], level=level)
    simple = Sampling.of(subject.rows).clusters is None
    yield _figure(
        figure_id(GROUP, by=cells.title, column=name),
        float(rates.max() - rates.min()),
        ends,
        level if simple else None,
        int(cells.sizes[shown].sum()),
        "largest difference of the share of missing values between two groups",
        reference=f"{cells.label(int(high))} against {cells.label(int(low))}",
    )


def _figure(
    identifier: str,
    value: float,
    ends: Interval | None,
    level: float | None,
    n: int,
    method: str,
    class_: str | None = None,
    reference: str | None = None,
) -> Figure:
    """`level` is None where the interval would not hold."""
    given = ends if level is not None else None
    return Figure(
        id=identifier,
        value=value,
        low=None if given is None else given.low,
        high=None if given is None else given.high,
        level=None if given is None else level,
        n=n,
        unit="difference",
        method=method if level is not None else f"{method}; {_CLUSTERED}",
        dataset="evaluation",
        class_=class_,
        reference=reference,
    )
