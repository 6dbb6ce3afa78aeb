"""Tally: new rows as counts in the bins of a card. Tallies merge by addition, in any order, without rounding."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from explainkit.assess.monitoring.bins import Baseline, ColumnBins
from explainkit.decision import label_name
from explainkit.errors import DataError

Floats: TypeAlias = npt.NDArray[np.float64]
Whole: TypeAlias = tuple[int, ...]

UNIT = 2**32
"""Scores are added as whole numbers of this part of one, so that the sum does not depend on the order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnTally:
    """One column."""

    counts: Whole
    """Rows in each bin."""
    missing: int
    """Rows without a value."""
    outside: int
    """Of numbers: rows below the smallest or above the largest of the evaluation data."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoreTally:
    """Scores, and outcomes where they are known."""

    counts: Whole
    missing: int
    """Rows without a score, which count in nothing else here."""
    positive: int
    """Rows decided positive."""
    labelled: Whole
    """Rows with an outcome, by bin."""
    events: Whole
    """Those of them that are positive, by bin."""
    expected: int
    """Sum of the scores of the rows with an outcome, in parts of one (`UNIT`)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """New rows by the bins of a card."""

    rows: int
    columns: Mapping[str, ColumnTally]
    score: ScoreTally | None

    def merge(self, other: Tally) -> Tally:
        """Of the rows of both; both by the same bins, and with scores, or both without."""
        score = None
        if self.score is not None and other.score is not None:
            score = _added(self.score, other.score)
        return Tally(
            rows=self.rows + other.rows,
            columns={name: _added(own, other.columns[name]) for name, own in self.columns.items()},
            score=score,
        )


def _added(one: Any, other: Any) -> Any:
    """Members of two records added, one by one."""
    found = {}
    for field in fields(one):
        first, second = getattr(one, field.name), getattr(other, field.name)
        whole = isinstance(first, tuple)
        found[field.name] = tuple(a + b for a, b in zip(first, second, strict=True)) if whole else first + second
    return replace(one, **found)


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Consecutive rows of new data."""

    rows: int
    columns: Mapping[str, pa.Array]
    scores: Floats | None
    """NaN where missing, shape (n_rows,); None where no scores are at hand."""
    labels: Floats | None
    """1 positive, 0 not, NaN unknown, shape (n_rows,); None where there are no outcomes."""


def tally(batch: Batch, baseline: Baseline) -> Tally:
    """Count the rows of a batch.

    Raises
    ------
    DataError
        If a column holds values of another kind than at the baseline.
    """
    columns = {bins.name: _column(batch.columns[bins.name], bins) for bins in baseline.columns}
    scores = None if batch.scores is None or baseline.score is None else _scores(batch, batch.scores, baseline)
    return Tally(rows=batch.rows, columns=columns, score=scores)


def _column(values: pa.Array, bins: ColumnBins) -> ColumnTally:
    return _numbers(values, bins) if bins.kind == "numbers" else _categories(values, bins)


def _numbers(values: pa.Array, bins: ColumnBins) -> ColumnTally:
    if not (pa.types.is_integer(values.type) or pa.types.is_floating(values.type) or pa.types.is_decimal(values.type)):
        if values.null_count < len(values):
            raise _other_kind(bins, "a number", values.type)
        return ColumnTally(counts=(0,) * bins.size, missing=len(values), outside=0)
    numbers = values.cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False)
    known = len(numbers) - int(np.isnan(numbers).sum())
    # A handful of ends: to compare a block with each takes a tenth of the time of searching them for each row.
    below = [int(np.count_nonzero(numbers < end)) for end in bins.ends]
    counts = np.diff([0, *below, known])
    outside = 0
    if bins.limits is not None:
        low, high = bins.limits
        outside = int(np.count_nonzero(numbers < low) + np.count_nonzero(numbers > high))
    return ColumnTally(counts=tuple(counts.tolist()), missing=len(numbers) - known, outside=outside)


def _categories(values: pa.Array, bins: ColumnBins) -> ColumnTally:
    if not pa.types.is_dictionary(values.type):
        values = pc.dictionary_encode(values)
    codes = values.indices.drop_null().to_numpy(zero_copy_only=False)
    known = {name: place for place, name in enumerate(bins.categories)}
    levels = values.dictionary.to_pylist()
    others = len(bins.categories)
    # One bin more than the card has: a list of categories may itself hold a missing one.
    place = np.array([others + 1 if v is None else known.get(label_name(v), others) for v in levels], np.int64)
    counts = np.bincount(place[codes], minlength=others + 2) if len(codes) else np.zeros(others + 2, np.int64)
    missing = len(values) - len(codes) + int(counts[-1])
    return ColumnTally(counts=tuple(counts[:-1].tolist()), missing=missing, outside=0)


def _other_kind(bins: ColumnBins, kind: str, found: pa.DataType) -> DataError:
    return DataError(
        "a column of another kind than at the baseline",
        where=f"column {bins.name}",
        found=str(found),
        allowed=kind,
        remedy="give it as it was in the evaluation data of the card",
    )


def _scores(batch: Batch, scores: Floats, baseline: Baseline) -> ScoreTally:
    assert baseline.score is not None
    there = ~np.isnan(scores)
    given = scores[there]
    bins, size = np.searchsorted(np.asarray(baseline.score.ends), given, side="right"), baseline.score.size
    labels = np.full(len(given), np.nan) if batch.labels is None else batch.labels[there]
    known = ~np.isnan(labels)
    expected = 0
    if baseline.probabilities:
        if len(given) and (given.min() < 0 or given.max() > 1):
            raise DataError(
                "scores that are no probabilities",
                where="scores",
                found=f"from {given.min():g} to {given.max():g}",
                allowed="0 to 1",
            )
        expected = int(np.rint(given[known] * UNIT).astype(np.int64).sum())
    decided = 0 if baseline.threshold is None else int(baseline.threshold.decide(given).sum())
    return ScoreTally(
        counts=tuple(np.bincount(bins, minlength=size).tolist()),
        missing=len(scores) - len(given),
        positive=decided,
        labelled=tuple(np.bincount(bins[known], minlength=size).tolist()),
        events=tuple(np.bincount(bins[labels == 1], minlength=size).tolist()),
        expected=expected,
    )
