"""What is known of each group in one pass: counts by outcome and decision, means, and score tables."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from explainkit.assess.groups.cells import Cells
from explainkit.assess.recorder import Recorder, Tally
from explainkit.assess.statistics.quotients import divide
from explainkit.assess.statistics.ranking import ScoreTable, tabulate_sorted
from explainkit.assess.statistics.sampling import Sampling
from explainkit.assess.statistics.spread import Spread, StateSums
from explainkit.assess.statistics.table_metrics import State

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

_OUTCOMES, _DECISIONS = 3, 2
ALL: tuple[State, ...] = tuple((outcome, decision) for outcome in range(3) for decision in range(2))
LABELLED: tuple[State, ...] = ALL[:4]


def states(outcomes: Floats | None, decisions: Bools) -> npt.NDArray[np.int32]:
    """Outcome and decision of each row as one small integer.

    Parameters
    ----------
    outcomes : numpy.ndarray or None
        0, 1 or NaN, shape (n_rows,); None where there are none.
    decisions : numpy.ndarray
        Shape (n_rows,).
    """
    if outcomes is None:
        outcome = np.full(len(decisions), 2, np.int32)
    else:
        outcome = np.where(np.isnan(outcomes), 2, outcomes == 1).astype(np.int32)
    return outcome * _DECISIONS + decisions


@dataclass(frozen=True, slots=True, kw_only=True)
class CrossTable:
    """Rows of each cell by outcome and decision."""

    rows: npt.NDArray[np.int64]
    """Counts, shape (1 + n_cells, 3, 2); first those of no cell, because a level is unknown."""
    weights: Floats
    """Sums of weights, shape (1 + n_cells, 3, 2)."""
    sums: StateSums | None = None
    """What precision is computed from; None where rows are independent and count alike."""

    def tallies(self, chosen: Iterable[State]) -> list[Tally]:
        """Rows of each cell in any of the states chosen."""
        return self._tallies(chosen)[1:]

    def unknown(self, chosen: Iterable[State]) -> Tally:
        """Rows of no cell in any of the states chosen."""
        return self._tallies(chosen)[0]

    def spread(self, part: Iterable[State], whole: Iterable[State]) -> Spread | None:
        """How precise the share of some states among others is, by cell; None where intervals of counts hold."""
        if self.sums is None:
            return None
        found = self.sums.spread(_mask(part).ravel(), _mask(whole).ravel())
        return found.take(np.arange(1, len(self.rows)))

    def _tallies(self, chosen: Iterable[State]) -> list[Tally]:
        mask = _mask(chosen)
        rows, weights = self.rows[:, mask].sum(axis=1), self.weights[:, mask].sum(axis=1)
        return [Tally(int(count), float(weight)) for count, weight in zip(rows, weights, strict=True)]


def _mask(chosen: Iterable[State]) -> Bools:
    mask = np.zeros((_OUTCOMES, _DECISIONS), np.bool_)
    for state in chosen:
        mask[state] = True
    return mask


def cross(cells: Cells, state: npt.NDArray[np.int32], sampling: Sampling) -> CrossTable:
    """Count rows by cell and state, in one pass.

    Parameters
    ----------
    cells : Cells
        Cell of each row.
    state : numpy.ndarray
        As `states` gives it, shape (n_rows,).
    sampling : Sampling
        Of the rows; one of weight zero is not counted.
    """
    return _count(cells.codes + 1, len(cells.levels) + 1, state, sampling)


def cross_all(state: npt.NDArray[np.int32], sampling: Sampling) -> CrossTable:
    """Count all rows by state, as the one cell that there is; parameters as for `cross`."""
    return _count(np.ones(len(state), np.int32), 2, state, sampling)


def _count(codes: npt.NDArray[np.int32], cells: int, state: npt.NDArray[np.int32], sampling: Sampling) -> CrossTable:
    size, weights = _OUTCOMES * _DECISIONS, sampling.weights
    combined = codes * size + state
    sums = None if sampling.simple else StateSums.of(sampling, combined, (cells, size))
    shape = (cells, _OUTCOMES, _DECISIONS)

    def table(of: npt.NDArray[np.bool_] | Floats | None) -> Floats:
        return np.bincount(combined, of, minlength=shape[0] * size).reshape(shape).astype(np.float64)

    if weights is None:
        counts = table(None)
        return CrossTable(rows=counts.astype(np.int64), weights=counts, sums=sums)
    return CrossTable(rows=table(weights > 0).astype(np.int64), weights=table(weights), sums=sums)


def record_rate_of_all(
    recorder: Recorder,
    name: str,
    table: CrossTable,
    part: Sequence[State],
    whole: Sequence[State],
    numerator: str,
    undefined: str,
) -> None:
    """Record a rate over the one cell of a table that `cross_all` gives."""
    spread = table.spread(part, whole)
    recorder.rate(
        name,
        table.tallies(part)[0],
        table.tallies(whole)[0],
        undefined=undefined,
        numerator=numerator,
        effective=None if spread is None else float(spread.effective[0]),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Means:
    """Mean of one number per row, by cell."""

    rows: npt.NDArray[np.int64]
    """Rows counted, shape (n_cells,)."""
    means: Floats
    """NaN where there is no row, shape (n_cells,)."""
    variances: Floats
    """Unbiased and unweighted; NaN with fewer than two rows. Shape (n_cells,)."""

    def sample(self, cell: int) -> tuple[float, float, int]:
        """Mean, variance and size of one cell."""
        return float(self.means[cell]), float(self.variances[cell]), int(self.rows[cell])


def group_means(cells: Cells, values: Floats, sampling: Sampling) -> Means:
    """Mean of `values` by cell; rows where it is NaN, or of weight zero, do not count."""
    weights = sampling.weights
    counted = ~np.isnan(values) if weights is None else ~np.isnan(values) & (weights > 0)
    codes, values = cells.codes[counted] + 1, values[counted]
    weight = np.ones(len(values)) if weights is None else weights[counted]
    size = len(cells.levels) + 1
    rows = np.bincount(codes, minlength=size)
    total = np.bincount(codes, weight, minlength=size)
    means = divide(np.bincount(codes, values * weight, minlength=size), total)
    squares = np.bincount(codes, (values - means[codes]) ** 2, minlength=size)
    variances = divide(squares, rows - 1.0)
    return Means(rows=rows[1:], means=means[1:], variances=variances[1:])


def score_tables(
    cells: Iterable[Cells], scores: Floats, labels: Floats, weights: Floats | None
) -> Iterator[list[ScoreTable]]:
    """Score table of every cell, grouping by grouping; scores are sorted once for all.

    Parameters
    ----------
    cells : iterable of Cells
        Groupings of the same rows.
    scores, labels : numpy.ndarray
        Score and 0, 1 or NaN of each row, shape (n_rows,); rows with NaN, or of weight zero, are left out.
    weights : numpy.ndarray or None
        Shape (n_rows,).
    """
    counted = np.flatnonzero(~np.isnan(labels) if weights is None else ~np.isnan(labels) & (weights > 0))
    order = counted[np.argsort(scores[counted], kind="stable")]
    for grouping in cells:
        codes = grouping.codes[order]
        # Stable again: within a group, scores stay ascending.
        by_group = order[np.argsort(codes, kind="stable")]
        ends = np.cumsum(np.bincount(codes + 1, minlength=len(grouping.levels) + 1))
        tables = []
        for start, end in pairwise(ends):
            rows = by_group[start:end]
            weight = None if weights is None else weights[rows]
            tables.append(tabulate_sorted(scores[rows], labels[rows] == 1, weight))
        yield tables
