"""Facts of the data: rows, outcomes, missing values, distinct values and ranges of columns."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd

from explainkit.assess.outcomes import class_names
from explainkit.assess.preconditions import NO_OUTCOME, NO_POSITIVE
from explainkit.evidence import Column, LedgerEntry, Measured
from explainkit.figures import Figure, figure_id
from explainkit.load.subject import Subject

_COUNTED = ("category", "text", "boolean")
_MEASURED = ("number", "integer")


def measure(subject: Subject) -> Measured:
    """Every figure ``data.*``.

    The range of a column of ids is left out: its ends are single cases.

    Parameters
    ----------
    subject : Subject
        Of any task; columns of the evaluation data only, rows of the reference data too.
    """
    figures = [_rows(subject, "evaluation")]
    if subject.reference is not None:
        figures.append(_rows(subject, "reference"))
    figures += _outcomes(subject)
    for column in subject.columns:
        figures += _column(column, subject.evaluation.frame[column.name])
    empty = [column.name for column in subject.columns if column.kind == "empty"]
    ledger = tuple(
        LedgerEntry(kind="not_tested", what=f"column {name}", reason="every value of it is missing") for name in empty
    )
    return Measured(figures=tuple(figures), ledger=ledger)


def _rows(subject: Subject, role: str) -> Figure:
    dataset = subject.evaluation if role == "evaluation" or subject.reference is None else subject.reference
    return Figure(
        id=figure_id("data.rows", dataset=role),
        value=len(dataset.frame),
        unit="count",
        method="number of rows",
        dataset=role,
    )


def _outcomes(subject: Subject) -> list[Figure]:
    labels, n = subject.rows.labels, subject.rows.count
    if labels is None:
        unnamed = subject.task == "binary" and subject.positive is None
        reason = NO_POSITIVE if unnamed else NO_OUTCOME
        return [Figure(id="data.labelled", status="not_tested", reason=reason, dataset="evaluation")]
    known = labels[~np.isnan(labels)]
    figures = [_count("data.labelled", len(known), n, method="number of rows with an outcome")]
    if subject.task == "binary":
        method = f"number of rows with outcome {subject.positive}"
        figures.append(_count("data.events", int((known == 1).sum()), len(known), method=method))
    if subject.task == "multiclass":
        counts = np.bincount(known.astype(np.intp), minlength=len(subject.classes))
        for name, count in zip(class_names(subject), counts, strict=True):
            key = figure_id("data.class_count", {"class": name})
            figures.append(_count(key, int(count), len(known), method="number of rows with this outcome"))
    return figures


def _column(column: Column, values: pd.Series) -> list[Figure]:
    key, n = {"column": column.name}, len(values)
    missing = int(values.isna().sum())
    figures = [_count(figure_id("data.missing", key), missing, n, method="number of rows without a value")]
    if column.kind in _COUNTED:
        distinct = int(values.nunique())
        figures.append(
            _count(figure_id("data.distinct", key), distinct, n - missing, method="number of distinct values")
        )
    if column.kind in _MEASURED and "id" not in column.roles:
        for name, end in (("data.low", values.min()), ("data.high", values.max())):
            figures.append(_end(figure_id(name, key), end, n - missing))
    return figures


def _end(identifier: str, end: object, n: int) -> Figure:
    value = math.nan if pd.isna(end) else float(end)  # type: ignore[call-overload, arg-type]
    if not math.isfinite(value):
        reason = "the column holds an infinite value" if math.isinf(value) else "the column holds no value"
        return Figure(id=identifier, status="not_tested", reason=reason, dataset="evaluation")
    return Figure(id=identifier, value=value, unit="input", n=n, method="of all rows", dataset="evaluation")


def _count(identifier: str, value: int, n: int, *, method: str) -> Figure:
    return Figure(id=identifier, value=value, unit="count", n=n, method=method, dataset="evaluation")
