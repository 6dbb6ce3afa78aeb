"""How far two samples lie apart (PSI, Jensen–Shannon, Kolmogorov–Smirnov, Wasserstein), and how far chance puts them.

Everything is made of two tables over the same bins: what the rows in each bin weigh, and the sum of all their squared
weights. Such tables merge by addition, so that whoever keeps counts alone, day after day, measures by the same
functions. Exact values are bins of their own, one for each distinct value. Bins must not be chosen by looking at one of
the two samples where its counts are small: what is rare there by chance would seem to have become more frequent.

Rows that count unequally are taken for as many rows of equal weight as would be as precise: the square of the sum of
their weights over the sum of the squares (Kish 1965, Survey Sampling). Rows are independent; of clusters nothing is
known here.

References
----------
Yurdakul and Naranjo (2020), Journal of Risk Model Validation 14, 89–100, doi:10.21314/JRMV.2020.227, on the
distribution of PSI; Pardo (2006), Statistical Inference Based on Divergence Measures, on that of any such divergence.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import special, stats

from explainkit.assess.statistics.intervals import LEVEL, Interval, normal_quantile

Floats = npt.NDArray[np.float64]

EMPTY = 0.5
"""Rows that PSI adds to every bin of both samples where a bin is empty in one of them: it would be infinite."""
SMALLEST_EXPECTED = 5.0
"""Rows to be expected of a bin in the smaller sample for the chi-squared distribution to hold (Cochran 1954)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """One sample by its bins; merging is associative and free of order, but for rounding."""

    totals: Floats
    """Sum of the weights in each bin, or the rows; shape (n_bins,)."""
    squares: float
    """Sum of the squared weights of all rows; their number where every row counts alike."""

    @classmethod
    def of(
        cls, codes: npt.NDArray[np.int64], bins: int, weights: Floats | None = None, *, repeats: bool = False
    ) -> Counted:
        """Count rows by their bins.

        Parameters
        ----------
        codes : numpy.ndarray
            Bin of each row from 0, shape (n_rows,).
        bins : int
            How many bins there are.
        weights : numpy.ndarray, optional
            Shape (n_rows,).
        repeats : bool, default False
            Whether a weight says how many equal rows a row stands for.
        """
        totals = np.bincount(codes, weights, minlength=bins).astype(np.float64)
        own = totals if weights is None or repeats else weights**2
        return cls(totals=totals, squares=float(own.sum()))

    @property
    def total(self) -> float:
        """Sum of all weights."""
        return float(self.totals.sum())

    @property
    def rows(self) -> float:
        """How many rows of equal weight would be as precise; 0 where there is no weight."""
        return self.total**2 / self.squares if self.squares > 0 else 0.0

    @property
    def shares(self) -> Floats:
        """Share of each bin; needs a weight above zero."""
        return self.totals / self.total

    def merge(self, other: Counted) -> Counted:
        """Of the rows of both."""
        return Counted(totals=self.totals + other.totals, squares=self.squares + other.squares)

    def gathered(self, place: npt.NDArray[np.int64]) -> Counted:
        """With bins put together: `place` is the new bin of each, from 0."""
        return Counted(totals=np.bincount(place, self.totals).astype(np.float64), squares=self.squares)


@dataclass(frozen=True, slots=True, kw_only=True)
class Distance:
    """A distance of two samples, beside what two samples of one population would be apart."""

    value: float
    by_chance: float
    """Distance to be expected if nothing but chance set the samples apart."""
    interval: Interval | None
    """Of the distance between the two populations."""
    p_value: float | None
    """Chance of a distance at least as large if nothing but chance set the samples apart."""


def population_stability(first: Counted, second: Counted, *, level: float = LEVEL) -> Distance | None:
    """Population stability index: Σ (p − q) ln(p/q), also called the symmetric Kullback–Leibler divergence.

    Parameters
    ----------
    first, second : Counted
        Of the same bins; which is which makes no difference. Bins that are empty in both do not count.
    level : float, default 0.95
        Of the interval.

    Returns
    -------
    Distance or None
        None where a sample is empty. With at least two bins, the interval takes PSI, in units of 1/n + 1/m, as
        chi-squared with one degree of freedom less than bins, not central where the populations differ; its lower end
        is 0 where chance alone could explain the distance, and it always holds the value itself. The p-value is that of
        `homogeneity`.

    Examples
    --------
    >>> first = Counted(totals=np.array([30.0, 70.0]), squares=100.0)
    >>> second = Counted(totals=np.array([50.0, 50.0]), squares=100.0)
    >>> round(population_stability(first, second).value, 4)
    0.1695
    """
    pair = _occupied(first, second)
    if pair is None:
        return None
    p, q = (_filled(part) for part in pair) if any((c.totals == 0).any() for c in pair) else (c.shares for c in pair)
    value = float(((p - q) * np.log(p / q)).sum())
    return _of_divergence(value, *pair, factor=1.0, level=level)


def jensen_shannon(first: Counted, second: Counted, *, level: float = LEVEL) -> Distance | None:
    """Jensen–Shannon distance with logarithms to base 2: 0 for equal shares, 1 where no bin has rows of both samples.

    It is the root of the divergence, so that it obeys the triangle inequality. Parameters and result as for
    `population_stability`; the interval is that of the divergence, its root taken.

    References
    ----------
    Lin (1991), IEEE Transactions on Information Theory 37, 145–151, doi:10.1109/18.61115; Endres and Schindelin (2003),
    49, 1858–1860, doi:10.1109/TIT.2003.813506.
    """
    pair = _occupied(first, second)
    if pair is None:
        return None
    p, q = (part.shares for part in pair)
    middle = (p + q) / 2
    value = float((special.rel_entr(p, middle) + special.rel_entr(q, middle)).sum()) / (2 * math.log(2))
    # To second order the divergence is an eighth of PSI, in units of ln 2.
    found = _of_divergence(max(0.0, value), *pair, factor=1 / (8 * math.log(2)), level=level)
    ends = found.interval
    return Distance(
        value=math.sqrt(found.value),
        by_chance=math.sqrt(found.by_chance),
        interval=ends and Interval(math.sqrt(ends.low), math.sqrt(min(1.0, ends.high))),
        p_value=found.p_value,
    )


def homogeneity(first: Counted, second: Counted) -> float | None:
    """P-value of Pearson's chi-squared test that the bins have the same shares in both; None where a sample is empty.

    One where a single bin has rows. Bins of few rows are put together beforehand, see `gather_rare`.

    References
    ----------
    Pearson (1900), Philosophical Magazine 50, 157–175, doi:10.1080/14786440009463897; for weights the first correction
    of Rao and Scott (1981), JASA 76, 221–230, doi:10.1080/01621459.1981.10477633, one design effect for every bin.
    """
    pair = _occupied(first, second)
    if pair is None:
        return None
    n, m = (part.rows for part in pair)
    p, q = (part.shares for part in pair)
    pooled = (n * p + m * q) / (n + m)
    statistic = float(((p - q) ** 2 / pooled).sum()) * n * m / (n + m)
    return 1.0 if len(p) < 2 else float(special.chdtrc(len(p) - 1, statistic))


def gather_rare(first: Counted, second: Counted, *, most: int) -> npt.NDArray[np.int64]:
    """New places for bins without an order, so that every bin has rows enough.

    Bins are ranked by both samples together, which favours neither: where nothing has changed, a bin is as likely too
    large in one as in the other.

    Parameters
    ----------
    first, second : Counted
        Of the same bins, both with rows.
    most : int
        How many bins are kept at most, the largest ones; all others become the last one.

    Returns
    -------
    numpy.ndarray
        Bin that each one becomes, from 0, the largest first; shape (n_bins,).
    """
    pooled = (first.rows * first.shares + second.rows * second.shares) / (first.rows + second.rows)
    order = np.argsort(-pooled, kind="stable")
    enough = int((pooled * min(first.rows, second.rows) >= SMALLEST_EXPECTED).sum())
    kept = min(enough, most)
    place = np.empty(len(order), np.int64)
    place[order] = np.minimum(np.arange(len(order)), kept)
    return place


def kolmogorov_smirnov(first: Counted, second: Counted) -> Distance | None:
    """Largest distance of the two cumulative distributions; of bins in their order.

    Parameters
    ----------
    first, second : Counted
        By distinct value, ascending, for the exact distance; by coarser bins it is never larger.

    Returns
    -------
    Distance or None
        None where a sample is empty. The p-value is that of the one-sample distance at n·m/(n + m) rows, which keeps to
        the level, and is too large where many values are equal; there is no interval.

    References
    ----------
    Smirnov (1939); Hodges (1958), Arkiv för Matematik 3, 469–486, doi:10.1007/BF02589501.
    """
    if not (first.total > 0 and second.total > 0):
        return None
    value = float(np.abs(_steps(first, second)).max())
    rows = first.rows * second.rows / (first.rows + second.rows)
    p_value = float(stats.kstwo.sf(value, max(1, round(rows))))
    # Mean of the distribution that the scaled distance tends to.
    return Distance(
        value=value,
        by_chance=min(1.0, math.sqrt(math.pi / 2) * math.log(2) / math.sqrt(rows)),
        interval=None,
        p_value=min(1.0, max(0.0, p_value)),
    )


def wasserstein(places: Floats, first: Counted, second: Counted, *, level: float = LEVEL) -> Distance | None:
    """Wasserstein distance of order one: by how much values have to be moved, on average, to turn one into the other.

    Parameters
    ----------
    places : numpy.ndarray
        The value of each bin, finite, ascending, shape (n_bins,).
    first, second : Counted
        By those values.
    level : float, default 0.95
        Of the interval.

    Returns
    -------
    Distance or None
        None where a sample is empty. The interval is Wald's, from what each row adds to the distance; it holds where
        the populations differ by more than chance would make of equal ones, see `by_chance`. No p-value: that of
        `kolmogorov_smirnov` is about the same question.

    References
    ----------
    Vallender (1974), Theory of Probability and its Applications 18, 784–786, doi:10.1137/1118101; on the limit: del
    Barrio, Giné and Matrán (1999), Annals of Probability 27, 1009–1071, doi:10.1214/aop/1022677394.
    """
    if not (first.total > 0 and second.total > 0):
        return None
    steps, gaps = _steps(first, second)[:-1], np.diff(places)
    value = float((np.abs(steps) * gaps).sum())
    n, m = first.rows, second.rows
    pooled = np.cumsum((n * first.shares + m * second.shares) / (n + m))[:-1]
    spread = np.sqrt(np.clip(pooled * (1 - pooled), 0, None))
    by_chance = math.sqrt(2 / math.pi * (1 / n + 1 / m)) * float((spread * gaps).sum())
    # Moving a row up by a little adds to the distance where its sample already lies lower, and takes from it elsewhere.
    moved = np.concatenate(([0.0], np.cumsum(np.sign(steps) * gaps)))
    variance = 0.0
    for part in (first, second):
        mean = float((part.shares * moved).sum())
        variance += float((part.shares * (moved - mean) ** 2).sum()) / part.rows
    reach = normal_quantile(level) * math.sqrt(variance)
    interval = Interval(max(0.0, value - reach), value + reach) if variance > 0 else None
    return Distance(value=value, by_chance=by_chance, interval=interval, p_value=None)


def tabulate(
    first: Floats, second: Floats, weights: tuple[Floats | None, Floats | None] = (None, None), *, repeats: bool = False
) -> tuple[Floats, Counted, Counted]:
    """Two samples of numbers by their distinct values, ascending.

    Parameters
    ----------
    first, second : numpy.ndarray
        Numbers without NaN, shapes (n,) and (m,).
    weights : tuple of numpy.ndarray or None
        Of the rows of each.
    repeats : bool, default False
        As for `Counted.of`.

    Returns
    -------
    tuple of numpy.ndarray and two Counted
    """
    if all(w is None for w in weights):
        return _tabulate_rows(first, second)
    places, codes = np.unique(np.concatenate((first, second)), return_inverse=True)
    parts = codes[: len(first)].astype(np.int64), codes[len(first) :].astype(np.int64)
    one, two = (Counted.of(c, len(places), w, repeats=repeats) for c, w in zip(parts, weights, strict=True))
    return places, one, two


def _tabulate_rows(first: Floats, second: Floats) -> tuple[Floats, Counted, Counted]:
    """As `tabulate`, for rows that count alike; quick where both are in ascending order."""
    both = np.concatenate((first, second))
    order = np.argsort(both, kind="stable")
    ascending = both[order]
    starts = np.concatenate(([0], np.flatnonzero(ascending[1:] != ascending[:-1]) + 1))
    rows = np.diff(starts, append=len(both))
    of_second = np.add.reduceat(order >= len(first), starts, dtype=np.int64)
    one, two = (Counted(totals=n.astype(np.float64), squares=float(n.sum())) for n in (rows - of_second, of_second))
    return ascending[starts], one, two


def _steps(first: Counted, second: Counted) -> Floats:
    """Difference of the cumulative shares after each bin."""
    steps: Floats = np.cumsum(first.shares) - np.cumsum(second.shares)
    steps[np.abs(steps) < _ROUNDING] = 0.0
    return steps


_ROUNDING = 1e-12


def _occupied(first: Counted, second: Counted) -> tuple[Counted, Counted] | None:
    """Without bins that are empty in both; None where a sample has no rows."""
    if not (first.total > 0 and second.total > 0):
        return None
    there = (first.totals > 0) | (second.totals > 0)
    one, two = (Counted(totals=part.totals[there], squares=part.squares) for part in (first, second))
    return one, two


def _filled(part: Counted) -> Floats:
    """Shares with a part of a row added to every bin."""
    rows = part.shares * part.rows + EMPTY
    shares: Floats = rows / rows.sum()
    return shares


def _of_divergence(value: float, first: Counted, second: Counted, *, factor: float, level: float) -> Distance:
    """A divergence that is, to second order, `factor` times Pearson's."""
    unit = factor * (1 / first.rows + 1 / second.rows)
    freedom = len(first.totals) - 1
    ends = None
    if freedom >= 1:
        low, high = (_shift(value / unit, freedom, (1 + sign * level) / 2) for sign in (1, -1))
        # What chance adds is in the value and not in the interval, which is widened where that takes it off the value.
        ends = Interval(min(value, unit * low), max(value, unit * high))
    return Distance(value=value, by_chance=freedom * unit, interval=ends, p_value=homogeneity(first, second))


_LARGE = 1e4


def _shift(statistic: float, freedom: int, chance: float) -> float:
    """Non-centrality at which a chi-squared number stays at or below the one seen with the chance given; 0 if none."""
    if special.chdtr(freedom, statistic) <= chance:
        return 0.0
    if statistic > _LARGE:  # normal by then; the series of the distribution becomes long
        # (√statistic − √(freedom − 1 + shift)) is close to standard normal
        root = math.sqrt(statistic) - float(special.ndtri(chance))
        return max(0.0, root**2 - (freedom - 1))
    return max(0.0, float(special.chndtrinc(statistic, freedom, chance)))
