"""Baseline: what the card keeps of the evaluation rows for later data to be held against, as counts in bins.

A bin of a number holds the values below its upper end, and not below that of the bin before. No bin tells of fewer rows
than ``fairness.min_cell``; columns that are protected, or whose values would tell of persons, are left out and named in
the ledger.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from explainkit.assess.data.personal import personal_kinds
from explainkit.assess.data.values import Values, values_of
from explainkit.assess.groups.groupings import Groupings
from explainkit.assess.groups.small import hide_line, small
from explainkit.assess.monitoring.limits import check_limits
from explainkit.assess.statistics.binning import BINS, cut
from explainkit.evidence import Column, LedgerEntry, Measured
from explainkit.figures import Figure, Series, figure_id
from explainkit.load.subject import Subject
from explainkit.plan import Plan

Floats = npt.NDArray[np.float64]
Counts = npt.NDArray[np.int64]

NUMBERS, CATEGORIES, SCORE = "baseline.numbers", "baseline.categories", "baseline.score"
MOST_CATEGORIES = 20
"""Categories of a column that are kept, the most frequent ones."""
SCORE_BINS = 50
"""Bins of the score, many more than of inputs: the area under the ROC curve is found by them within bounds."""
_APART = frozenset(("target", "score", "weight", "cluster", "id", "time", "champion", "decision", "interval", "proxy"))


def measure(subject: Subject, plan: Plan, found: Groupings) -> Measured:
    """Every series ``baseline.*``.

    Parameters
    ----------
    subject : Subject
        With the evaluation rows. Weights are not applied.
    plan : Plan
        Whether a baseline is wanted, and the smallest groups shown.
    found : Groupings
        As `shown.groupings_of` gives them: what is hidden of groups.
    """
    if not plan.monitor.baseline:
        return Measured()
    series: list[Series] = []
    withheld: dict[str, list[str]] = {}
    for column in monitored(subject):
        made = _of_column(subject, column, plan.fairness.min_cell, found)
        if isinstance(made, str):
            withheld.setdefault(made, []).append(column.name)
        else:
            series.append(made)
    kept = [Figure(id=one.id, value=0).keys["column"] for one in series]
    for table in ("alerts", "rollback"):
        check_limits(getattr(plan.monitor, table), where=f"monitor.{table}", columns=kept)
    if subject.rows.scores.ndim == 1:
        series.append(_score(subject, plan.fairness.min_cell))
    else:
        withheld["scores of several classes are not kept"] = ["the score"]
    ledger = (
        LedgerEntry(kind="not_tested", what=f"baseline for monitoring: {', '.join(names)}", reason=reason)
        for reason, names in withheld.items()
    )
    return Measured(series=tuple(series), ledger=tuple(ledger))


def monitored(subject: Subject) -> tuple[Column, ...]:
    """Inputs of the model, or where there is none, the columns that could be one."""
    if subject.model is not None:
        return tuple(c for c in subject.columns if c.name in subject.features)
    return tuple(c for c in subject.columns if not set(c.roles) & _APART)


def _of_column(subject: Subject, column: Column, min_cell: int, found: Groupings) -> Series | str:
    values = values_of(subject.evaluation.frame[column.name])
    rows = int((~values.missing).sum())
    if values.kind in ("date", "empty"):
        return "dates are always new" if values.kind == "date" else "every value is missing"
    if rows < min_cell:
        return "fewer rows have a value than fairness.min_cell"
    if personal_kinds(values, column.name):
        return "its values look like data of persons"
    protected = bool(set(column.roles) & {"sensitive", "proxy", "segment"})
    if protected and any(cells.protected.any() for cells in found.singles if column.name in cells.columns):
        return "the card hides a group of it"
    if values.numbers is not None and protected:
        # Cut points of groups and ends of bins would together tell of the rows between them.
        return "it makes groups by cut points, which bins would part"
    if values.numbers is not None:
        return _numbers(column.name, values.numbers[~values.missing], min_cell)
    return _categories(column.name, values, min_cell, protected=protected)


def _numbers(name: str, numbers: Floats, min_cell: int) -> Series:
    ascending = np.sort(numbers + 0.0)  # of zeros of either sign an end would depend on the order of the rows
    ends = _ends(ascending, BINS, min_cell)
    counts = _counts(ascending, ends)
    return Series(
        id=figure_id(NUMBERS, column=name),
        columns=(("below", (*ends.tolist(), None)), ("rows", tuple(counts.tolist()))),
        method=f"rows below each end and not below the one before; no bin of fewer than {min_cell} rows",
        dataset="evaluation",
        n=len(numbers),
    )


def _ends(ascending: Floats, most: int, min_cell: int, at: float | None = None) -> Floats:
    """Ends of bins of nearly equal counts, none of too few rows.

    Where a cut is given it is an end, unless it would leave too few rows on one side.
    """
    ends = cut(ascending, bins=most)[0][1:]
    ends = ends[np.isfinite(ends)]
    if at is not None:
        ends = np.unique(np.append(ends, at))
    counts = _counts(ascending, ends)
    left = int(counts[: np.searchsorted(ends, at) + 1].sum()) if at is not None else 0
    kept = at if at is not None and min_cell <= left <= len(ascending) - min_cell else None
    return ends[_large_enough(counts, ends, min_cell, kept)]


def _counts(ascending: Floats, ends: Floats) -> Counts:
    """Numbers below each end and not below the one before, then all others."""
    return np.diff(np.searchsorted(ascending, ends, side="left"), prepend=0, append=len(ascending)).astype(np.int64)


def _large_enough(counts: Counts, ends: Floats, min_cell: int, kept: float | None) -> npt.NDArray[np.bool_]:
    """Which ends stay so that every bin has rows enough; the one to be kept stays in any case."""
    stay = np.zeros(len(ends), np.bool_)
    have, last = 0, -1
    for place, end in enumerate(ends.tolist()):
        have += int(counts[place])
        if end == kept and have < min_cell and last >= 0:
            stay[last] = False  # too few rows before the cut: they join the bin before
        if end == kept or have >= min_cell:
            stay[place] = True
            have, last = 0, -1 if end == kept else place
    if have + int(counts[-1]) < min_cell and last >= 0:
        stay[last] = False
    return stay


def _categories(name: str, values: Values, min_cell: int, *, protected: bool) -> Series | str:
    counts = values.counts
    scarce = small(counts, min_cell)
    if protected and scarce.any():
        return "a category of it has fewer rows than fairness.min_cell"
    order = np.argsort(-counts, kind="stable")
    hidden = scarce | (counts == 0)
    hidden[order[MOST_CATEGORIES:]] = True
    if (hidden & (counts > 0)).any():
        hidden = hidden | hide_line(counts, hidden & (counts > 0), min_cell)
    shown = [int(level) for level in order if not hidden[level]]
    if not shown:
        return "no category has rows enough to be told"
    sizes = [int(counts[level]) for level in shown]
    others = int(counts.sum()) - sum(sizes)
    return Series(
        id=figure_id(CATEGORIES, column=name),
        columns=(("category", (*map(values.name, shown), None)), ("rows", (*sizes, others))),
        method=f"rows of each of the most frequent categories; all others, and those of fewer than {min_cell} rows, "
        "together",
        dataset="evaluation",
        n=int(counts.sum()),
    )


def cut_of(subject: Subject) -> float | None:
    """The end that parts scores decided positive from the others; None where nothing is decided."""
    if subject.task != "binary" or subject.threshold is None:
        return None
    at = subject.threshold.at
    return at if subject.threshold.side == ">=" else float(np.nextafter(at, np.inf))


def _score(subject: Subject, min_cell: int) -> Series:
    scores, labels = subject.rows.scores, subject.rows.labels
    ascending = np.sort(scores + 0.0)
    ends = _ends(ascending, SCORE_BINS, min_cell, cut_of(subject))
    columns: list[tuple[str, tuple[float | int | str | None, ...]]] = [
        ("below", (*ends.tolist(), None)),
        ("rows", tuple(_counts(ascending, ends).tolist())),
    ]
    if subject.task == "binary" and labels is not None:
        for name, chosen in (("labelled", ~np.isnan(labels)), ("events", labels == 1)):
            columns.append((name, tuple(_counts(np.sort(scores[chosen]), ends).tolist())))
    return Series(
        id=SCORE,
        columns=tuple(columns),
        method=f"rows below each end and not below the one before; no bin of fewer than {min_cell} rows",
        dataset="evaluation",
        n=len(scores),
    )
