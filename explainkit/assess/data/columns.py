"""Columns one by one: missing and distinct values, ranges, categories, what the reference data lacks, personal data."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from explainkit.assess.data.personal import MOST_VALUES, personal_kinds
from explainkit.assess.data.summaries import ColumnSummary
from explainkit.assess.data.values import Codes, Values, values_of
from explainkit.assess.groups.small import hide_line, small
from explainkit.assess.statistics.intervals import LEVEL, wilson
from explainkit.evidence import Column, LedgerEntry
from explainkit.figures import Figure, Series, figure_id
from explainkit.load.subject import Subject

MOST_CATEGORIES = 8
"""Categories of a column whose rows are given, the most frequent ones."""
LEAST_ROWS = 50
"""Rows from which on values that all differ are taken for ids."""
_SPREAD = 20
"""Whole numbers that all differ are ids where their range is no more than so many times their number."""
_TOLD_ELSEWHERE = ("sensitive", "proxy")
_NO_INPUTS = ("target", "score", "weight", "cluster", "id", "champion", "decision", "interval")
_PERSONAL = "share of the values that look so, by form, check digits and title"
_NUMBERS = ("number", "integer")


@dataclass(kw_only=True)
class Columns:
    """What was found column by column."""

    figures: list[Figure] = field(default_factory=list)
    series: list[Series] = field(default_factory=list)
    ledger: list[LedgerEntry] = field(default_factory=list)
    ids: list[str] = field(default_factory=list)
    """Columns whose values look like ids."""
    distinct: dict[str, int] = field(default_factory=dict)
    """How many distinct values each column of the evaluation data has."""


def measure_columns(subject: Subject, *, min_cell: int) -> Columns:
    """Measure every column of the evaluation data, and those that the reference data has too.

    Parameters
    ----------
    subject : Subject
        Of any task.
    min_cell : int
        Smallest number of rows of a category that is given.
    """
    found = Columns()
    for column in subject.columns:
        values = values_of(subject.evaluation.frame[column.name])
        other = None
        if subject.reference is not None and column.name in subject.reference.frame.columns:
            other = values_of(subject.reference.frame[column.name])
        _of_one(found, column, values, "evaluation")
        if other is not None:
            _of_one(found, column, other, "reference")
        if "id" not in column.roles and looks_like_ids(values, found.distinct[column.name]):
            found.ids.append(column.name)
        _personal(found, column, values)
        if not set(column.roles) & {"id", *_TOLD_ELSEWHERE} and column.name not in found.ids:
            found.series.extend(_categories(column, values, other, min_cell))
        told = {*_NO_INPUTS, *_TOLD_ELSEWHERE}
        if other is not None and not set(column.roles) & told and column.name not in found.ids:
            _against(found, column, values, other)
    return found


def looks_like_ids(values: Values, distinct: int) -> bool:
    """Whether every value occurs once, and the values are no measurement: texts, or whole numbers close together."""
    known = len(values.missing) - int(values.missing.sum())
    if known < LEAST_ROWS or distinct < known:
        return False
    if values.kind in ("text", "category"):
        return True
    if values.kind != "integer" or values.numbers is None:
        return False
    return bool(np.nanmax(values.numbers) - np.nanmin(values.numbers) < _SPREAD * known)


def _keys(column: Column, dataset: str) -> dict[str, str]:
    """Figures of the evaluation data say nothing of a data set in their ids."""
    return {"column": column.name} | ({} if dataset == "evaluation" else {"dataset": dataset})


def _of_one(found: Columns, column: Column, values: Values, dataset: str) -> None:
    keys, summary = _keys(column, dataset), ColumnSummary().update(values)
    known = summary.rows - summary.missing
    distinct = values.distinct
    if dataset == "evaluation":
        found.distinct[column.name] = distinct
    counts = {"data.missing": (summary.missing, summary.rows, "number of rows without a value")}
    if values.kind != "empty":
        counts["data.distinct"] = (distinct, known, "number of distinct values")
    for name, (count, n, method) in counts.items():
        found.figures.append(
            Figure(id=figure_id(name, keys), value=count, unit="count", n=n, method=method, dataset=dataset)
        )
    if values.kind in _NUMBERS and "id" not in column.roles:
        for name, end in (("data.low", summary.low), ("data.high", summary.high)):
            found.figures.append(_end(figure_id(name, keys), end, known, dataset))


def _end(identifier: str, end: float, n: int, dataset: str) -> Figure:
    if not math.isfinite(end):
        reason = "the column holds an infinite value"
        return Figure(id=identifier, status="not_tested", reason=reason, dataset=dataset)
    return Figure(id=identifier, value=end, unit="input", n=n, method="of all rows", dataset=dataset)


def _categories(column: Column, values: Values, other: Values | None, min_cell: int) -> Iterator[Series]:
    """The most frequent categories with their rows in both data sets; the others together, and none of few rows."""
    if values.codes is None or values.levels is None or len(values.levels) < 2:
        return
    sizes = [values.counts]
    if other is not None and other.levels is not None:
        place = other.levels.get_indexer(values.levels)
        sizes.append(np.where(place >= 0, np.append(other.counts, 0)[place], 0))
    order = np.argsort(-sizes[0], kind="stable")
    hidden = np.ones(len(order), np.bool_)
    hidden[order[:MOST_CATEGORIES]] = False
    for size in sizes:
        scarce = small(size, min_cell)
        if scarce.any():
            hidden |= hide_line(size, scarce | (hidden & (size > 0)), min_cell)
    shown = [int(level) for level in order if not hidden[level]]
    if not shown:
        return
    names: tuple[str | None, ...] = tuple(values.name(level) for level in shown)
    rest = bool(hidden.any())
    columns: list[tuple[str, tuple[float | int | str | None, ...]]] = [("category", names + ((None,) if rest else ()))]
    for dataset, size in zip(("evaluation", "reference"), sizes, strict=False):
        total = int((values if dataset == "evaluation" else other).counts.sum())  # type: ignore[union-attr]
        given = tuple(int(size[level]) for level in shown)
        columns.append((dataset, given + ((total - sum(given),) if rest else ())))
    method = f"rows of each; those of fewer than {min_cell} rows, and beyond the first {MOST_CATEGORIES}, together"
    yield Series(id=figure_id("data.categories", column=column.name), columns=tuple(columns), method=method)


def _against(found: Columns, column: Column, values: Values, other: Values) -> None:
    """How many rows have what the reference data has not."""
    if "empty" in (values.kind, other.kind):
        return
    if (values.numbers is None) != (other.numbers is None):
        what = f"column {column.name} against the reference data"
        reason = f"it holds values of kind {values.kind} here and of kind {other.kind} there"
        found.ledger.append(LedgerEntry(kind="not_tested", what=what, reason=reason))
        return
    missing = values.missing
    if values.numbers is not None:
        summary = ColumnSummary().update(other)
        with np.errstate(invalid="ignore"):
            outside = (values.numbers < summary.low) | (values.numbers > summary.high)
        method = "share of the rows whose number lies outside the range of the reference data"
    else:
        outside = unseen(values, other)
        method = "share of the rows whose category the reference data lacks"
    found.figures.append(
        share_figure("data.off_reference", {"column": column.name}, int(outside.sum()), int((~missing).sum()), method)
    )


def unseen(values: Values, other: Values) -> np.ndarray:
    """Whether each row has a value that the other data lack, shape (n_rows,)."""
    assert values.levels is not None
    assert other.levels is not None
    assert values.codes is not None
    lacking: Codes = other.levels.get_indexer(values.levels)
    # A category without rows is listed by its type, and occurs nowhere.
    there = np.append(other.counts > 0, False)[lacking]
    return np.append(~there, False)[values.codes]


def share_figure(
    name: str, keys: dict[str, str], events: int, n: int, method: str, dataset: str = "evaluation"
) -> Figure:
    """A share of rows that count alike, with Wilson's interval."""
    if not n:
        return Figure(id=figure_id(name, keys), status="insufficient", reason="no row has a value", dataset=dataset)
    ends = wilson(events, n)
    return Figure(
        id=figure_id(name, keys),
        value=events / n,
        low=ends.low,
        high=ends.high,
        level=LEVEL,
        n=n,
        events=events,
        unit="proportion",
        method=f"{method}; Wilson score interval",
        dataset=dataset,
    )


def _personal(found: Columns, column: Column, values: Values) -> None:
    kinds = personal_kinds(values, column.name)
    known = len(values.missing) - int(values.missing.sum())
    for kind, share in kinds.items():
        found.figures.append(
            Figure(
                id=figure_id("data.personal", column=column.name, kind=kind),
                value=share,
                n=known,
                unit="proportion",
                method=_PERSONAL,
                dataset="evaluation",
            )
        )
    if kinds and values.levels is not None and len(values.levels) > MOST_VALUES:
        why = "data of persons are looked for among distinct values evenly spread over all"
        what = f"values of column {column.name}"
        found.ledger.append(LedgerEntry(kind="sampled", what=what, reason=why, count=MOST_VALUES))
