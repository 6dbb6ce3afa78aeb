"""How a column's SHAP values depend on its own value, and which other column they depend on most."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.stats import rankdata

from explainkit.explain.codes import number
from explainkit.explain.effects.grids import numbers_of
from explainkit.load.columns import kind_of

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.intp]

_NORMAL = 1.959963984540054  # quantile of the standard normal distribution at 0.975
_BINS = 10  # of a column's own values
_GROUPS = 3  # of another column's values
_LEVELS = 5  # most frequent categories that make groups
_SMALLEST = 0.05  # share of the variance that counts as an interaction
_ROUNDING = 1e-12  # share of the variance that rounding may leave

CRITERION = (
    "approximate, without interaction values: within ten bins of the input's own value, the share of what is left of "
    "the variance of its SHAP values (after a straight line in each bin) that groups of the other input's value "
    "explain, corrected for the number of groups; the largest over the other inputs, none below 5 %"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Partner:
    """The column that another one interacts with most."""

    column: int
    """Its position."""
    strength: float
    """Mean of twice the absolute interaction value, or the share explained; see the method."""


def strengths(interactions: FloatArray) -> FloatArray:
    """Size of each interaction of each row: twice the absolute value, as half of it stands at either column.

    Parameters
    ----------
    interactions : ndarray, shape (n_rows, n_features, n_features)
        SHAP interaction values of one output; each row's matrix is symmetric and adds up to output less base.

    Returns
    -------
    ndarray, shape (n_rows, n_features, n_features)
        Its diagonal (main effects) is 0.

    References
    ----------
    Lundberg et al. (2020), Nature Machine Intelligence 2, 56–67, doi:10.1038/s42256-019-0138-9.
    """
    sizes = 2.0 * np.abs(interactions)
    diagonal = np.arange(sizes.shape[1])
    sizes[:, diagonal, diagonal] = 0.0
    return sizes


def mean_with_ends(values: FloatArray) -> tuple[float, float | None, float | None]:
    """Mean of sizes with its interval by normal approximation, cut at 0; no interval for a single row."""
    mean = float(values.mean())
    if len(values) < 2:
        return mean, None, None
    half = _NORMAL * float(values.std(ddof=1)) / math.sqrt(len(values))
    return mean, max(0.0, mean - half), mean + half


def partner_by_values(mean: FloatArray, column: int) -> Partner | None:
    """The column with the largest mean interaction with another one; None where there is none above 0."""
    row = mean[column]
    best = int(row.argmax())
    return Partner(column=best, strength=float(row[best])) if row[best] > 0 else None


def partner_by_variance(
    values: FloatArray, columns: pd.DataFrame, column: int, others: Mapping[int, IntArray]
) -> Partner | None:
    """The column whose value tells most about a column's SHAP values, its own value known; see `CRITERION`.

    Parameters
    ----------
    values : ndarray, shape (n_rows,)
        SHAP values of the column.
    columns : pandas.DataFrame, shape (n_rows, n_features)
        Values of all columns.
    column : int
        Position of the column.
    others : mapping of int to ndarray of int
        Positions of the columns that come into question, with the groups of their values; see `groups_of`.
    """
    bins = _groups(columns.iloc[:, column], _BINS)
    left, freedom = _detrended(values, columns.iloc[:, column], bins)
    whole = float((left**2).sum())
    if freedom < 1 or whole <= _ROUNDING * float((values**2).sum()):
        return None
    best: Partner | None = None
    for other, groups in others.items():
        if other == column:
            continue
        cells = _numbered(bins * (_LEVELS + 2) + groups)
        means = np.bincount(cells, left) / np.bincount(cells)
        rest, degrees = float(((left - means[cells]) ** 2).sum()), freedom - (int(cells.max()) - int(bins.max()))
        if degrees < 1:
            continue
        share = 1.0 - (rest / degrees) / (whole / freedom)
        if share >= _SMALLEST and (best is None or share > best.strength):
            best = Partner(column=other, strength=share)
    return best


def groups_of(columns: pd.DataFrame, which: IntArray) -> dict[int, IntArray]:
    """Groups of the values of some columns, by position, as `partner_by_variance` compares them."""
    return {j: _groups(columns.iloc[:, j], _GROUPS) for j in map(int, which)}


def _numbered(groups: IntArray) -> IntArray:
    """The same groups, counted from 0 without gaps."""
    used = np.bincount(groups) > 0
    return (np.cumsum(used) - 1)[groups]


def _groups(column: pd.Series, most: int) -> IntArray:
    """Bins of equally many rows for numbers and dates, the most frequent values of anything else; gaps are a group."""
    kind = kind_of(column)
    known = column.notna().to_numpy(dtype=bool)
    groups = np.zeros(len(column), dtype=np.intp)
    if kind in ("number", "integer", "date") and known.any():
        part = column[known]
        order = part.astype("int64").to_numpy(dtype=np.float64) if kind == "date" else part.to_numpy(dtype=np.float64)
        share = (rankdata(order, method="average") - 0.5) / len(order)
        groups[known] = 1 + np.minimum((share * most).astype(np.intp), most - 1)
    elif known.any():
        codes, _ = number(column)
        counts = np.bincount(codes[known])
        order = np.argsort(-counts, kind="stable")
        place = np.minimum(np.argsort(order), _LEVELS)
        groups[known] = 1 + place[codes[known]]
    return _numbered(groups)


def _detrended(values: FloatArray, column: pd.Series, bins: IntArray) -> tuple[FloatArray, int]:
    """What a straight line in each bin (a mean, where there is no number) leaves, and its degrees of freedom."""
    counts = np.bincount(bins)
    left = values - (np.bincount(bins, values) / counts)[bins]
    freedom = len(values) - len(counts)
    if kind_of(column) not in ("number", "integer"):
        return left, freedom
    numbers = numbers_of(column)
    numbers = np.where(np.isnan(numbers), 0.0, numbers)
    scale = float(np.abs(numbers).max()) or 1.0
    numbers = numbers / scale
    moved = numbers - (np.bincount(bins, numbers) / counts)[bins]
    spread = np.bincount(bins, moved**2)
    bent = spread > _ROUNDING
    slopes = np.divide(np.bincount(bins, moved * left), spread, out=np.zeros(len(counts)), where=bent)
    return left - slopes[bins] * moved, freedom - int(bent.sum())


def rank_of(column: pd.Series) -> FloatArray:
    """Rank of each value from 0 to 1; NaN for texts, categories and missing values."""
    ranks = np.full(len(column), np.nan)
    kind = kind_of(column)
    known = column.notna().to_numpy(dtype=bool)
    if kind not in ("number", "integer", "boolean", "date") or not known.any():
        return ranks
    part = column[known]
    order = part.astype("int64").to_numpy(dtype=np.float64) if kind == "date" else part.to_numpy(dtype=np.float64)
    found = rankdata(order, method="average")
    ranks[known] = (found - 1) / (len(order) - 1) if len(order) > 1 else 0.5
    return ranks
