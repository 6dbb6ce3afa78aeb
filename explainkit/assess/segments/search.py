"""The search over segments: their mean errors, and which of them are told."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
import numpy.typing as npt

from explainkit.assess.groups.small import small
from explainkit.assess.segments.axes import Axis

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

MOST_PAIRED = 30
"""Columns that are looked at in pairs: the first so many."""
CLEARLY = 2.0
"""Standard errors by which a segment of two columns is worse than the rest of each segment that contains it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Sums over the segments of one column, or over those of two; all of shape (n_segments,) or (n_first, n_second)."""

    rows: npt.NDArray[np.int64]
    weight: Floats
    """Sum of weights; the rows where unweighted."""
    errors: Floats
    """Weighted sum of errors."""
    squares: Floats
    """Weighted sum of squared errors."""
    weight_squares: Floats
    """Sum of squared weights; the rows where unweighted."""

    @property
    def effective(self) -> Floats:
        """Rows that weigh alike and carry as much information (Kish 1965)."""
        with np.errstate(invalid="ignore", divide="ignore"):
            return self.weight**2 / self.weight_squares


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """Segments of one column, or of two."""

    first: int
    """Place of the column."""
    second: int | None
    table: Table
    allowed: Bools
    """Which segments are looked at; shape as in the table."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """One segment that was looked at."""

    score: float
    """Excess of its mean error over that of the rest, in standard errors if errors knew no columns."""
    cells: tuple[tuple[int, int], ...]
    """Column and segment, once or twice."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """What every part of the search needs."""

    axes: Sequence[Axis]
    errors: Floats
    """Shape (n_rows,)."""
    weights: Floats | None
    support: int
    """Fewest rows of a segment and of the rest."""
    min_cell: int
    crossable: bool
    """Whether segments may be made of two sensitive columns."""
    max_columns: int


def blocks(setting: Setting) -> tuple[list[Block], int]:
    """Tables of every column and pair of columns, and how many segments are not looked at to protect small groups."""
    found, protected = [], 0
    n = len(setting.errors)
    summed = _Summed.of(setting)
    singles = [_table(summed, axis.codes, len(axis.words)) for axis in setting.axes]
    for place, table in enumerate(singles):
        allowed = (table.rows >= setting.support) & (n - table.rows >= setting.support)
        found.append(Block(first=place, second=None, table=table, allowed=allowed))
    paired = range(min(len(setting.axes), MOST_PAIRED)) if setting.max_columns > 1 else range(0)
    for a, b in combinations(paired, 2):
        first, second = setting.axes[a], setting.axes[b]
        across = len(second.words)
        codes = first.codes.astype(np.intp) * across + second.codes
        table = _table(summed, codes, len(first.words) * across, across)
        rows = table.rows
        allowed = (rows >= setting.support) & (n - rows >= setting.support)
        # A segment that is all of one that contains it is that one.
        allowed &= (rows < singles[a].rows[:, None]) & (rows < singles[b].rows[None, :])
        hidden = _protected(setting, first, second, rows)
        protected += int((allowed & hidden).sum())
        found.append(Block(first=a, second=b, table=table, allowed=allowed & ~hidden))
    return found, protected


@dataclass(frozen=True, slots=True, kw_only=True)
class _Summed:
    """What tables are sums of, all of shape (n_rows,)."""

    weights: Floats | None
    errors: Floats
    """Weighted."""
    squares: Floats | None
    """Weighted; None where they are the errors, as those of 0 and 1 are."""
    weight_squares: Floats | None

    @classmethod
    def of(cls, setting: Setting) -> _Summed:
        e, w = setting.errors, setting.weights
        errors = e if w is None else w * e
        squares = errors * e
        return cls(
            weights=w,
            errors=errors,
            squares=None if np.array_equal(errors, squares) else squares,
            weight_squares=None if w is None else w * w,
        )


def _table(of: _Summed, codes: npt.NDArray[Any], size: int, across: int | None = None) -> Table:
    shape = (size,) if across is None else (size // across, across)
    rows: npt.NDArray[np.int64] = np.bincount(codes, minlength=size).reshape(shape)

    def total(values: Floats) -> Floats:
        return np.asarray(np.bincount(codes, values, minlength=size), np.float64).reshape(shape)

    weight = rows.astype(np.float64) if of.weights is None else total(of.weights)
    errors = total(of.errors)
    return Table(
        rows=rows,
        weight=weight,
        errors=errors,
        squares=errors if of.squares is None else total(of.squares),
        weight_squares=weight if of.weight_squares is None else total(of.weight_squares),
    )


def _protected(setting: Setting, first: Axis, second: Axis, rows: npt.NDArray[np.int64]) -> Bools:
    """Segments of a sensitive column from which a small group could be computed by subtraction."""
    nothing: Bools = np.zeros(rows.shape, np.bool_)
    if first.group is None and second.group is None:
        return nothing
    if first.group is not None and second.group is not None and not setting.crossable:
        return ~nothing
    few = small(rows, setting.min_cell)
    down, across = few.sum(axis=0), few.sum(axis=1)
    hidden: Bools = (across[:, None] + down[None, :]) > 0
    return hidden


def candidates(setting: Setting, found: Sequence[Block]) -> list[Candidate]:
    """Every segment looked at, the worst first; ties in the order of the columns."""
    whole = exact(setting.errors)
    standard = Standard.of(whole)
    listed = []
    for block in found:
        scores = _scores(setting, block, whole, standard)
        columns = (block.first,) if block.second is None else (block.first, block.second)
        for score, cell in zip(scores[block.allowed].tolist(), np.argwhere(block.allowed).tolist(), strict=True):
            listed.append(Candidate(score=score, cells=tuple(zip(columns, cell, strict=True))))
    return sorted(listed, key=lambda candidate: (-candidate.score, len(candidate.cells), candidate.cells))


def _scores(setting: Setting, block: Block, whole: Floats, standard: Standard) -> Floats:
    with np.errstate(invalid="ignore", divide="ignore"):
        if setting.weights is not None:
            return _weighted_scores(setting, block.table)
        rows = block.table.rows
        if whole is setting.errors:
            return standard.score(block.table.errors, rows)
        axes = setting.axes
        codes = axes[block.first].codes.astype(np.intp)
        if block.second is not None:
            codes = codes * len(axes[block.second].words) + axes[block.second].codes
        sums = np.asarray(np.bincount(codes, whole, minlength=rows.size), np.float64)
        return standard.score(sums.reshape(rows.shape), rows)


def _weighted_scores(setting: Setting, table: Table) -> Floats:
    """Difference of the weighted means in standard errors, with effective numbers of rows."""
    e, w = setting.errors, setting.weights
    assert w is not None
    total, squared = w.sum(), (w * w).sum()
    mean = (w * e).sum() / total
    spread = np.sqrt((w * (e - mean) ** 2).sum() / total)
    rest = total - table.weight
    difference = table.errors / table.weight - ((w * e).sum() - table.errors) / rest
    scores: Floats = difference / (spread * np.sqrt(1 / table.effective + (squared - table.weight_squares) / rest**2))
    return scores


def exact(errors: Floats) -> Floats:
    """Errors as whole numbers, so that sums of them do not depend on their order; 0 and 1 stay what they are."""
    if bool(((errors == 0) | (errors == 1)).all()):
        return errors
    bits = 52 - len(errors).bit_length()
    whole: Floats = np.rint(errors * (2.0**bits / np.abs(errors).max()))
    return whole


@dataclass(frozen=True, slots=True, kw_only=True)
class Standard:
    """Mean and standard deviation of errors, which no permutation changes."""

    mean: float
    spread: float
    n: int

    @classmethod
    def of(cls, errors: Floats) -> Standard:
        """Of whole numbers, shape (n_rows,)."""
        return cls(mean=float(errors.mean()), spread=float(errors.std()), n=len(errors))

    def score(self, sums: Floats, rows: npt.NDArray[np.int64]) -> Floats:
        """Sums over segments, less what is expected, in standard deviations over all permutations of the errors.

        The sum of ``rows`` errors drawn without replacement has mean ``rows · mean`` and variance
        ``rows · (n − rows) / (n − 1) · spread²``.
        """
        scores: Floats = (sums - rows * self.mean) * self.factor(rows)
        return scores

    def factor(self, rows: npt.NDArray[np.int64]) -> Floats:
        """One over the standard deviation; infinite where a segment is all rows or none."""
        return 1 / (self.spread * np.sqrt(rows * (self.n - rows) / (self.n - 1)))


def worst(setting: Setting, found: Sequence[Block], ranked: Sequence[Candidate], *, most: int) -> list[Candidate]:
    """The worst segments, without those of two columns that a segment of one column explains.

    Parameters
    ----------
    setting, found
        As searched.
    ranked : sequence of Candidate
        The worst first.
    most : int
        How many at most; only segments with a larger error than the rest.

    Returns
    -------
    list of Candidate
        A segment of two columns stays where its mean error is above those of both segments that contain it, by two
        standard errors of the difference to what is left of them. Of segments of the very same rows the first stays.
    """
    singles = {block.first: block.table for block in found if block.second is None}
    pairs = {(block.first, block.second): block.table for block in found if block.second is not None}
    kept: list[Candidate] = []
    masks: list[Bools] = []
    for candidate in ranked:
        if len(kept) == most or not candidate.score > 0:
            break
        if len(candidate.cells) == 2:
            (a, i), (b, j) = candidate.cells
            own = pairs[a, b]
            if not all(_clearly_worse(own, (i, j), singles[of], at) for of, at in candidate.cells):
                continue
        rows = rows_of(setting.axes, candidate)
        if not any(np.array_equal(rows, other) for other in masks):
            kept.append(candidate)
            masks.append(rows)
    return kept


def _clearly_worse(own: Table, cell: tuple[int, int], parent: Table, at: int) -> bool:
    weight, mean = own.weight[cell], own.errors[cell] / own.weight[cell]
    rest = parent.weight[at] - weight
    remainder = (parent.errors[at] - own.errors[cell]) / rest
    whole = parent.errors[at] / parent.weight[at]
    variance = max(parent.squares[at] / parent.weight[at] - whole**2, 0.0)
    part = own.weight_squares[cell] / weight**2
    part += max(parent.weight_squares[at] - own.weight_squares[cell], 0.0) / rest**2
    return bool(mean > remainder and mean - remainder >= CLEARLY * np.sqrt(variance * part))


def rows_of(axes: Sequence[Axis], candidate: Candidate) -> Bools:
    """Which rows a segment holds, shape (n_rows,)."""
    inside = np.ones(len(axes[0].codes), np.bool_)
    for axis, code in candidate.cells:
        inside &= axes[axis].codes == code
    return inside


def adjusted(scores: Sequence[float], maxima: Floats) -> list[float]:
    """Share of permutations whose largest score reaches each score, the data as they are counted as one of them."""
    ascending = np.sort(maxima)
    beyond = len(maxima) - np.searchsorted(ascending, np.asarray(scores), side="left")
    return [float(p) for p in (1 + beyond) / (1 + len(maxima))]
