"""Perturbed rows as the lime library draws them: a bin or a category for each column, then a number within the bin."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr, ndtri

from explainkit.explain.lime.perturbable import Perturbable

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.intp]

_SMALLEST_SPREAD = 1e-11  # lime's, added so that no bin has a standard deviation of zero


@dataclass(frozen=True, slots=True, kw_only=True)
class Draws:
    """Perturbed rows, the same for every row explained."""

    codes: npt.NDArray[np.int32]
    """Bin or category of each value, shape (n_columns, n_draws)."""
    values: FloatArray
    """The values themselves, shape (n_draws, n_columns), as `Perturbable.decode` takes them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Bins:
    """Bins of a column of numbers; its arrays have one entry a bin."""

    borders: FloatArray
    """Upper borders of all bins but the last; each belongs to the bin below it. One entry fewer."""
    low: FloatArray
    high: FloatArray
    mean: FloatArray
    spread: FloatArray
    is_open: npt.NDArray[np.bool_]
    """Whether the bin is wider than one point."""
    start: FloatArray
    """Normal probability below the bin."""
    mass: FloatArray
    """Normal probability of the bin."""
    whole: bool
    """Whether values are rounded, within `low` and `high`."""

    def codes(self, numbers: FloatArray) -> npt.NDArray[np.int32]:
        """Bin of each number; numbers beyond the reference set belong to the outermost bins."""
        return _bin_of(numbers, self.borders)

    def draw(self, codes: npt.NDArray[np.int32], state: np.random.RandomState) -> FloatArray:
        """A number from the normal distribution of each bin, cut off at its borders."""
        drawn = self.is_open[codes]
        inside = codes[drawn]
        share = state.uniform(size=len(inside))
        values = self.low[codes]
        values[drawn] = self.mean[inside] + self.spread[inside] * ndtri(self.start[inside] + share * self.mass[inside])
        if self.whole:
            np.rint(values, out=values)
        return np.clip(values, self.low[codes], self.high[codes], out=values)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sampler:
    """What is known of the reference set, column by column."""

    bins: tuple[_Bins | None, ...]
    """None for columns of codes."""
    levels: tuple[npt.NDArray[np.int32], ...]
    """Bins or codes that occur in each column, ascending."""
    cumulative: tuple[FloatArray, ...]
    """Share of the reference rows up to and including each level."""

    def codes(self, rows: FloatArray) -> npt.NDArray[np.int32]:
        """Bin or category of each value of the rows (n_rows, n_columns), shape (n_columns, n_rows)."""
        codes = np.empty(rows.shape[::-1], dtype=np.int32)
        for j, bins in enumerate(self.bins):
            codes[j] = rows[:, j] if bins is None else bins.codes(rows[:, j])
        return codes

    def draw(self, samples: int, seed: int) -> Draws:
        """Draw perturbed rows.

        A legacy `RandomState` is used on purpose: its stream is frozen (NEP 19), and a user who calls lime with
        ``random_state=seed`` gets the same rows. A bin of a single value is the one difference: lime puts 0 in the
        place of any such value (a constant column, a minimum held by a quarter of the rows).

        Parameters
        ----------
        samples : int
            Perturbed rows and the row explained together, as lime counts; what is drawn for the latter is dropped.
        seed : int
            0 to 2**32 - 1.

        Returns
        -------
        Draws
            ``samples - 1`` rows.
        """
        state = np.random.RandomState(seed)
        codes = np.empty((len(self.bins), samples - 1), dtype=np.int32)
        for j, (levels, cumulative) in enumerate(zip(self.levels, self.cumulative, strict=True)):
            codes[j] = levels[cumulative.searchsorted(state.random_sample(samples), side="right")[1:]]
        values = np.empty((samples - 1, len(self.bins)), order="F")
        for j, bins in enumerate(self.bins):
            values[:, j] = codes[j] if bins is None else bins.draw(codes[j], state)
        return Draws(codes=codes, values=values)


def sampler(space: Perturbable, *, parts: int = 4) -> Sampler:
    """Bins and frequencies of the reference set.

    Parameters
    ----------
    space : Perturbable
        Its reference set has at least one row.
    parts : int
        Bins of about equal size for each column of numbers; fewer where quantiles coincide.
    """
    bins: list[_Bins | None] = []
    levels, cumulative = [], []
    categorical, whole = set(space.categorical), set(space.whole)
    for j in range(len(space.names)):
        column = np.ascontiguousarray(space.reference[:, j])
        if j in categorical:
            bins.append(None)
            codes = column.astype(np.int32)
        else:
            made = _bins(column, parts, whole=j in whole)
            bins.append(made)
            codes = made.codes(column)
        counts = np.bincount(codes)
        found = np.flatnonzero(counts).astype(np.int32)
        levels.append(found)
        shares = np.cumsum(counts[found] / float(len(codes)))
        cumulative.append(shares / shares[-1])
    return Sampler(bins=tuple(bins), levels=tuple(levels), cumulative=tuple(cumulative))


def _bin_of(numbers: FloatArray, borders: FloatArray) -> npt.NDArray[np.int32]:
    codes = np.zeros(len(numbers), dtype=np.int32)
    for border in borders:  # a few, so comparing is faster than searching
        codes += numbers > border
    return codes


def _bins(column: FloatArray, parts: int, *, whole: bool) -> _Bins:
    borders = np.unique(np.percentile(column, np.arange(1, parts) * (100 / parts)))
    codes = _bin_of(column, borders)
    low = np.concatenate([[column.min()], borders])
    high = np.concatenate([borders, [column.max()]])
    mean, spread = np.zeros(len(low)), np.full(len(low), _SMALLEST_SPREAD)
    for b in range(len(low)):
        members = column[codes == b]
        if len(members):
            mean[b] = members.mean()
            spread[b] += members.std()
    below, above = (low - mean) / spread, (high - mean) / spread
    # The mean of a bin lies inside it, but for rounding (which the tiny spread of equal values would blow up).
    start, end = ndtr(np.minimum(below, 0.0)), ndtr(np.maximum(above, 0.0))
    if whole:  # a rounded value must stay in the bin that it counts for: above the lower border, up to the upper one
        low = np.where(np.arange(len(low)) == 0, np.ceil(low), np.floor(low) + 1.0)
        high = np.maximum(low, np.floor(high))  # a bin without a whole number is never drawn
    return _Bins(
        borders=borders,
        low=low,
        high=high,
        mean=mean,
        spread=spread,
        is_open=below != above,
        start=start,
        mass=end - start,
        whole=whole,
    )
