"""Bins of nearly equal counts that never part equal values, so that they do not depend on the order of the rows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

BINS = 10
_COMPARED = 30
"""Ends that every value is compared with at most; it is searched among more."""
WORDS = "at most 10 bins of nearly equal counts, equal values together"


@dataclass(frozen=True, slots=True, kw_only=True)
class Bins:
    """Rows by bin; empty bins are left out."""

    codes: npt.NDArray[np.int64]
    """Bin of each row, ascending with the value; shape (n_rows,)."""
    low: Floats
    """Smallest value in each bin, shape (n_bins,)."""
    high: Floats
    """Largest value in each bin, shape (n_bins,)."""
    counts: npt.NDArray[np.int64]
    """Rows in each bin, shape (n_bins,)."""

    def mean(self, values: Floats, weights: Floats | None = None) -> Floats:
        """Mean of `values` in each bin, shape (n_bins,)."""
        if weights is None:
            return np.bincount(self.codes, weights=values, minlength=len(self.counts)) / self.counts
        return np.bincount(self.codes, weights=values * weights, minlength=len(self.counts)) / self.total(weights)

    def total(self, weights: Floats | None = None) -> Floats:
        """Sum of the weights in each bin, or its count; shape (n_bins,)."""
        return np.bincount(self.codes, weights=weights, minlength=len(self.counts)).astype(np.float64)


def equal_counts(values: Floats, *, bins: int = BINS) -> Bins:
    """Cut rows into bins by the middle rank of their value.

    Parameters
    ----------
    values : numpy.ndarray
        At least one number and no NaN, shape (n_rows,).
    bins : int, default 10
        How many bins at most.
    """
    low, high, counts = cut(np.sort(values + 0.0), bins=bins)  # zeros of either sign are equal: all become positive
    return Bins(codes=_codes(values, high[:-1]), low=low, high=high, counts=counts)


def cut(ascending: Floats, *, bins: int = BINS) -> tuple[Floats, Floats, npt.NDArray[np.int64]]:
    """As `equal_counts`, of rows in ascending order; the smallest and the largest value of each bin, and its rows."""
    starts = np.concatenate(([0], np.flatnonzero(ascending[1:] != ascending[:-1]) + 1))
    first = starts[first_of_bins(np.diff(starts, append=len(ascending)), bins=bins)]
    last = np.append(first[1:], len(ascending)) - 1
    return ascending[first], ascending[last], last - first + 1


def _codes(values: Floats, ends: Floats) -> npt.NDArray[np.int64]:
    """How many of the ends, ascending, are below each value."""
    if len(ends) > _COMPARED:
        return np.searchsorted(ends, values, side="left").astype(np.int64)
    codes = np.zeros(len(values), np.int8)
    for end in ends:
        codes += values > end
    return codes.astype(np.int64)


def first_of_bins(repeats: npt.NDArray[np.int64], *, bins: int = BINS) -> npt.NDArray[np.bool_]:
    """Which distinct values, ascending, are the first of a bin.

    Parameters
    ----------
    repeats : numpy.ndarray
        Rows at each distinct value, shape (n_values,).
    bins : int, default 10
        How many bins at most.
    """
    before = np.cumsum(repeats) - repeats
    # Whole numbers: a middle rank on an edge must not fall left or right by rounding.
    bin_of_value = bins * (2 * before + repeats) // (2 * int(repeats.sum()))
    opens: npt.NDArray[np.bool_] = np.diff(bin_of_value, prepend=-1) > 0
    return opens
