"""How the answer depends on one column: partial dependence (PDP) and accumulated local effects (ALE)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from explainkit.explain.effects.exchange import Exchange
from explainkit.explain.effects.grids import Grid, numbers_of

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.intp]

_NORMAL = 1.959963984540054  # quantile of the standard normal distribution at 0.975
BAND = (0.1, 0.9)
"""Quantiles of the curves of single rows that a band of partial dependence lies between."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dependence:
    """Partial dependence on one column; read-only arrays."""

    mean: FloatArray
    """Mean answer with the column at each value of the grid, shape (n_values, n_outputs)."""
    low: FloatArray
    """Quantile of 10 % of the curves of single rows, each moved up or down to the mean of all; same shape."""
    high: FloatArray
    """Quantile of 90 %."""
    rows: int
    """Rows averaged over."""

    def __post_init__(self) -> None:
        for array in (self.mean, self.low, self.high):
            array.setflags(write=False)


def partial_dependence(asked: Exchange, name: str, grid: Grid, rows: IntArray) -> Dependence:
    """Mean answer when a column is set to each value of a grid in turn, all other columns as they are.

    Parameters
    ----------
    asked : Exchange
        The model and its rows.
    name : str
        The column.
    grid : Grid
        Its values.
    rows : ndarray of int, shape (n_rows,)
        Positions of the rows to average over.

    Raises
    ------
    ModelError
        If the model refuses such rows.

    References
    ----------
    Friedman (2001), Annals of Statistics 29, 1189–1232, doi:10.1214/aos/1013203451; curves of single rows: Goldstein,
    Kapelner, Bleich and Pitkin (2015), JCGS 24, 44–65, doi:10.1080/10618600.2014.907095.
    """
    values = len(grid.donors)
    answers = asked.answers((name,), np.tile(rows, values), np.repeat(grid.donors, len(rows)))
    curves = answers.reshape(values, len(rows), -1)
    # Rows differ in level for many reasons; moved to one level they differ only in the effect of this column.
    level = curves.mean(axis=0, keepdims=True)
    low, high = np.quantile(curves - level + level.mean(axis=1, keepdims=True), BAND, axis=1)
    return Dependence(mean=curves.mean(axis=1), low=low, high=high, rows=len(rows))


@dataclass(frozen=True, slots=True, kw_only=True)
class Accumulated:
    """Accumulated local effects of one column of numbers; read-only arrays."""

    edges: tuple[float | int, ...]
    """Ends of the bins, ascending, n_bins + 1 of them."""
    counts: IntArray
    """Rows in the bin that ends at each edge, shape (n_edges,); 0 at the first."""
    effect: FloatArray
    """Effect at each edge, mean 0 over the rows, shape (n_edges, n_outputs)."""
    error: FloatArray | None
    """Standard error of each effect for bins and their numbers of rows as they are; None with a bin of one row."""
    rows: int
    """Rows used."""

    def __post_init__(self) -> None:
        for array in (self.counts, self.effect, self.error):
            if array is not None:
                array.setflags(write=False)

    def ends(self) -> tuple[FloatArray | None, FloatArray | None]:
        """Interval of each effect by normal approximation, level 0.95."""
        if self.error is None:
            return None, None
        return self.effect - _NORMAL * self.error, self.effect + _NORMAL * self.error


def within(column: pd.Series, grid: Grid) -> IntArray:
    """Positions of the rows whose number lies within the grid."""
    numbers, known = numbers_of(column), grid.labels[: grid.known]
    if not known:
        return np.zeros(0, dtype=np.intp)
    return np.flatnonzero((numbers >= float(known[0])) & (numbers <= float(known[-1])))


def accumulated_effects(asked: Exchange, name: str, column: pd.Series, grid: Grid, rows: IntArray) -> Accumulated:
    """Changes of the answer across the bin that each row lies in, averaged in each bin and added up over the bins.

    Unlike partial dependence it never gives a row a value far from its own.

    Parameters
    ----------
    asked : Exchange
        The model and its rows.
    name : str
        The column.
    column : pandas.Series
        Its values, as given.
    grid : Grid
        At least two numbers: the ends of the bins. A bin holds its upper end; the first one its lower end too. A bin
        without rows joins the next.
    rows : ndarray of int, shape (n_rows,)
        Positions of rows `within` the grid, at least one.

    Raises
    ------
    ModelError
        If the model refuses such rows.

    References
    ----------
    Apley and Zhu (2020), JRSS B 82, 1059–1086, doi:10.1111/rssb.12377, equations (15) and (16); the effect is centred
    with each row at the middle of its bin, as their package ALEPlot does.
    """
    numbers = numbers_of(column)[rows]
    edges = np.array([float(v) for v in grid.labels[: grid.known]])
    bins = np.searchsorted(edges, numbers, side="left").clip(1, len(edges) - 1)
    occupied = np.unique(bins)
    kept = np.concatenate(([0], occupied))
    bins = np.searchsorted(occupied, bins) + 1
    donors = grid.donors[kept]
    answers = asked.answers((name,), np.concatenate([rows, rows]), np.concatenate([donors[bins], donors[bins - 1]]))
    change = answers[: len(rows)] - answers[len(rows) :]
    counts = np.bincount(bins, minlength=len(kept))
    effect, error = _accumulate(change, bins - 1, counts[1:])
    return Accumulated(
        edges=tuple(float(edges[k]) if isinstance(grid.labels[k], float) else int(edges[k]) for k in kept),
        counts=counts,
        effect=effect,
        error=error,
        rows=len(rows),
    )


def _accumulate(change: FloatArray, bins: IntArray, counts: IntArray) -> tuple[FloatArray, FloatArray | None]:
    """Centred sums over bins of mean changes, and their standard errors."""
    sums = np.zeros((len(counts), change.shape[1]))
    np.add.at(sums, bins, change)
    means = sums / counts[:, None]
    upto = np.tri(len(counts) + 1, len(counts), k=-1)
    share = np.concatenate(([0], counts)) + np.concatenate((counts, [0]))
    weights = upto - (share / (2 * counts.sum())) @ upto  # effect = weights @ means
    if counts.min() < 2:
        return weights @ means, None
    squares = np.zeros_like(sums)
    np.add.at(squares, bins, (change - means[bins]) ** 2)
    variance = squares / ((counts - 1) * counts)[:, None]
    return weights @ means, np.sqrt(weights**2 @ variance)


def span(curve: FloatArray) -> float:
    """Largest less smallest value of a curve."""
    return float(curve.max() - curve.min())
