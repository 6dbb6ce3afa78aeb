"""The selection rate over a sensitive number, beside the groups that stated cut points make of it."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from pandas.api import types as pdt

from explainkit.assess.groups.cells import Cells
from explainkit.assess.groups.small import small
from explainkit.assess.recorder import Recorder
from explainkit.assess.statistics.binning import Bins, equal_counts
from explainkit.assess.statistics.intervals import wilson
from explainkit.evidence import LedgerKind
from explainkit.figures import Series, figure_id
from explainkit.plan import FairnessPlan

CURVE = "fairness.selection_curve"
MOST_BINS, LEAST_ROWS = 20, 30
Columns = tuple[tuple[str, tuple[float | int | str | None, ...]], ...]


def record_curve(recorder: Recorder, cells: Cells, selected: npt.NDArray[np.bool_], plan: FairnessPlan) -> None:
    """Record the selection rate in bins of equal counts of a number that has stated cut points.

    Bins tell of no other column, so that they confine no intersection further than the groups do. Where a group of the
    column is hidden they could tell of it, and there is no curve.

    Parameters
    ----------
    recorder : Recorder
        Takes the series.
    cells : Cells
        Of one column.
    selected : numpy.ndarray
        Whether each row is decided favourably, shape (n_rows,).
    plan : FairnessPlan
        With the smallest group and numerator shown.
    """
    name, frame, rows = cells.columns[0], recorder.subject.evaluation.frame, recorder.subject.rows
    cut = any(column.name == name and column.note is not None for column in rows.groups)
    numeric = cut and name in frame and pdt.is_numeric_dtype(frame[name])
    if not numeric or not recorder.open("fairness.selection_rate"):
        return
    if cells.hidden.any():
        kind: LedgerKind = "suppressed" if cells.untested is None else "not_tested"
        recorder.note(kind, f"selection rate over {name}", cells.absence["reason"])
        return
    numbers = frame[name].to_numpy(dtype=np.float64, na_value=np.nan)
    counted = np.isfinite(numbers) & (True if rows.weights is None else rows.weights > 0)
    numbers, chosen = numbers[counted], selected[counted].astype(np.float64)
    bins = _bins(numbers, max(plan.min_cell, LEAST_ROWS))
    if bins is None:
        recorder.note("not_tested", f"selection rate over {name}", "too few rows for two bins")
        return
    events = np.round(bins.mean(chosen) * bins.counts).astype(np.int64)
    if bool((small(events, plan.min_count) | small(bins.counts - events, plan.min_count)).any()):
        recorder.note("suppressed", f"selection rate over {name}", cells.why)
        return
    weights = None if rows.weights is None else rows.weights[counted]
    columns: Columns = (
        ("value", tuple(bins.mean(numbers).tolist())),
        ("rate", tuple(bins.mean(chosen, weights).tolist())),
        ("n", tuple(bins.counts.tolist())),
        ("events", tuple(events.tolist())),
    )
    recorder.curve(_series(name, columns, _wilson(events, bins) if recorder.sampling.simple else None, len(numbers)))


def _series(name: str, columns: Columns, ends: Columns | None, n: int) -> Series:
    method = f"at most {MOST_BINS} bins of nearly equal counts, equal values together; mean value of each bin"
    return Series(
        id=figure_id(CURVE, column=name),
        columns=columns + (ends or ()),
        method=method
        + ("; no interval, as rows are weighted or come in clusters" if ends is None else "; Wilson score interval"),
        dataset="evaluation",
        n=n,
    )


def _wilson(events: npt.NDArray[np.int64], bins: Bins) -> Columns:
    ends = [wilson(int(k), int(n)) for k, n in zip(events, bins.counts, strict=True)]
    return ("low", tuple(e.low for e in ends)), ("high", tuple(e.high for e in ends))


def _bins(numbers: npt.NDArray[np.float64], least: int) -> Bins | None:
    """As many bins as have enough rows each; None where there are no two."""
    for count in range(min(MOST_BINS, len(numbers) // least), 1, -1):
        bins = equal_counts(numbers, bins=count)
        if len(bins.counts) > 1 and int(bins.counts.min()) >= least:
            return bins
    return None
