"""Facts of the data: rows and outcomes of each split, columns, rows that repeat, where values are missing, groups."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from explainkit.assess.data.columns import measure_columns, share_figure
from explainkit.assess.data.patterns import measure_patterns
from explainkit.assess.data.row_hashes import RowHashes, nearly_repeated, repeated, row_hashes
from explainkit.assess.data.shares import measure_shares
from explainkit.assess.groups.groupings import Groupings
from explainkit.assess.outcomes import class_names
from explainkit.assess.preconditions import NO_OUTCOME, NO_POSITIVE
from explainkit.evidence import LedgerEntry, Measured
from explainkit.figures import Figure, figure_id
from explainkit.load.subject import Subject
from explainkit.plan import Plan

_LEFT_OUT = ("id", "score", "champion")
_WHOLE = "share of the rows that equal an earlier one in every column that is no id"
_NEAR = "share of the rows that equal another in all inputs once numbers are rounded to three significant digits and "
_NEAR += "texts are compared without case and spaces, but not before"


@dataclass(frozen=True, slots=True, kw_only=True)
class Data:
    """Figures ``data.*``, and the rows as numbers, for whatever compares rows."""

    measured: Measured
    evaluation: RowHashes
    reference: RowHashes | None
    compared: tuple[str, ...]
    """Columns that make up a whole row."""
    distinct: Mapping[str, int]
    """How many distinct values each column of the evaluation data has."""


def measure(subject: Subject, plan: Plan, found: Groupings) -> Data:
    """Every figure ``data.*``.

    The range of a column of ids is left out: its ends are single cases.

    Parameters
    ----------
    subject : Subject
        Of any task.
    plan : Plan
        Shares of groups in the population, and the smallest groups and numerators shown.
    found : Groupings
        As `shown.groupings_of` gives them: what is hidden of groups.
    """
    columns = measure_columns(subject, min_cell=plan.fairness.min_cell)
    compared, hashes = _hashes(subject, columns.ids)
    roles = ("evaluation", "reference")
    figures = [_rows(subject, role) for role in roles[: len(hashes)]]
    figures += _outcomes(subject, subject.rows.labels, "evaluation")
    if subject.reference_labels is not None:
        figures += _outcomes(subject, subject.reference_labels, "reference")
    figures += columns.figures
    for role, rows in zip(roles, hashes, strict=False):
        figures += _repeats(rows, role)
    empty = [column.name for column in subject.columns if column.kind == "empty"]
    ledger = tuple(
        LedgerEntry(kind="not_tested", what=f"column {name}", reason="every value of it is missing") for name in empty
    )
    measured = Measured(figures=tuple(figures), series=tuple(columns.series), ledger=ledger + tuple(columns.ledger))
    measured += measure_patterns(subject, found, min_count=plan.fairness.min_count)
    measured += measure_shares(subject, found, plan.data.shares)
    return Data(
        measured=measured,
        evaluation=hashes[0],
        reference=hashes[1] if len(hashes) > 1 else None,
        compared=compared,
        distinct=columns.distinct,
    )


def _hashes(subject: Subject, ids: list[str]) -> tuple[tuple[str, ...], tuple[RowHashes, ...]]:
    """Columns of a whole row, which both data sets have, and the rows of each data set."""
    frames = [subject.evaluation.frame] + ([] if subject.reference is None else [subject.reference.frame])
    common = {str(name) for name in frames[-1].columns}
    named = [c for c in subject.columns if c.name in common]
    whole = tuple(c.name for c in named if not set(c.roles) & {*_LEFT_OUT} and c.name not in ids)
    target = next((c.name for c in named if "target" in c.roles), None)
    return whole, row_hashes(frames, columns=whole, inputs=subject.features, target=target)


def _repeats(rows: RowHashes, role: str) -> list[Figure]:
    n, keys = len(rows.whole), {"dataset": role}
    figures = [share_figure("data.duplicates", keys, repeated(rows.whole), n, _WHOLE, role)]
    if rows.rounded is not None:
        figures.append(share_figure("data.near_duplicates", keys, nearly_repeated(rows), n, _NEAR, role))
    return figures


def _rows(subject: Subject, role: str) -> Figure:
    dataset = subject.evaluation if role == "evaluation" or subject.reference is None else subject.reference
    return Figure(
        id=figure_id("data.rows", dataset=role),
        value=len(dataset.frame),
        unit="count",
        method="number of rows",
        dataset=role,
    )


def _outcomes(subject: Subject, labels: npt.NDArray[np.float64] | None, role: str) -> list[Figure]:
    """Rows with an outcome, and by outcome; figures of the evaluation data name no data set in their ids."""
    keys = {} if role == "evaluation" else {"dataset": role}
    if labels is None:
        unnamed = subject.task == "binary" and subject.positive is None
        reason = NO_POSITIVE if unnamed else NO_OUTCOME
        return [Figure(id="data.labelled", status="not_tested", reason=reason, dataset=role)]
    known = labels[~np.isnan(labels)]

    def count(identifier: str, value: int, n: int, method: str) -> Figure:
        return Figure(id=identifier, value=value, unit="count", n=n, method=method, dataset=role)

    figures = [count(figure_id("data.labelled", keys), len(known), len(labels), "number of rows with an outcome")]
    if subject.task == "binary":
        method = f"number of rows with outcome {subject.positive}"
        figures.append(count(figure_id("data.events", keys), int((known == 1).sum()), len(known), method))
    if subject.task == "multiclass":
        counts = np.bincount(known.astype(np.intp), minlength=len(subject.classes))
        for name, rows in zip(class_names(subject), counts, strict=True):
            identifier = figure_id("data.class_count", {"class": name, **keys})
            figures.append(count(identifier, int(rows), len(known), "number of rows with this outcome"))
    return figures
