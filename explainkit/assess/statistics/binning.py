"""Bins of nearly equal counts that never part equal values, so that they do not depend on the order of the rows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

BINS = 10
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
        At least one finite value, shape (n_rows,).
    bins : int, default 10
        How many bins at most.
    """
    order = np.argsort(values, kind="stable")
    ascending = values[order]
    starts = np.concatenate(([0], np.flatnonzero(ascending[1:] != ascending[:-1]) + 1))
    repeats = np.diff(starts, append=len(values))
    opens = first_of_bins(repeats, bins=bins)
    codes = np.empty(len(values), np.int64)
    codes[order] = np.repeat(np.cumsum(opens) - 1, repeats)
    first = starts[opens]
    last = np.append(first[1:], len(values)) - 1
    return Bins(codes=codes, low=ascending[first], high=ascending[last], counts=last - first + 1)


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
