"""How far single columns, and the scores, lie apart in the two data sets: whether by more than chance, and by how much.

Numbers are compared by the Kolmogorov–Smirnov and the Wasserstein distance of all values, and by PSI in bins that the
reference data fixes: at most ten of nearly equal counts. Categories, and numbers of few distinct values, are compared
by the Jensen–Shannon distance and PSI over their values; what is rare in both data sets together is one value.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from explainkit.assess.data.values import Codes, Values
from explainkit.assess.statistics.binning import cut
from explainkit.assess.statistics.distances import (
    Counted,
    Distance,
    gather_rare,
    homogeneity,
    jensen_shannon,
    kolmogorov_smirnov,
    population_stability,
    tabulate,
    wasserstein,
)
from explainkit.assess.statistics.intervals import LEVEL, Interval, newcombe_difference, normal_quantile
from explainkit.assess.statistics.multiplicity import proportions_differ

Floats = npt.NDArray[np.float64]
Pair = tuple[Floats | None, Floats | None]

LEAST = 20
"""Fewest rows with a value, in either data set, for a distribution to be compared."""
FEW = 10
"""Numbers of no more distinct values in both data sets are compared value by value, as categories are."""
MOST_CATEGORIES = 50
"""Categories that are compared one by one at most, the most frequent ones of both data sets together."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Apart:
    """How far the distributions of one column lie apart."""

    psi: Distance
    smallest: float
    """Fewest rows of a bin that is not empty, in either data set."""
    smirnov: Distance | None = None
    """Of numbers."""
    moved: Distance | None = None
    """Wasserstein distance of numbers, in their own unit; None where one is infinite."""
    spread: float = 0.0
    """Standard deviation of the numbers in the reference data."""
    shannon: Distance | None = None
    """Jensen–Shannon distance of categories."""
    rows: tuple[int, int] = (0, 0)
    """Rows with a value of the evaluation data and of the reference data."""

    @property
    def p_value(self) -> float:
        """Chance of such a distance if nothing has changed."""
        found = self.shannon if self.smirnov is None else self.smirnov
        assert found is not None
        assert found.p_value is not None
        return found.p_value


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """Difference of the shares of missing values, evaluation less reference."""

    value: float
    interval: Interval | None
    p_value: float
    rows: int
    events: int


def columns_apart(one: Values, two: Values, weights: Pair = (None, None), *, repeats: bool = False) -> Apart | str:
    """Compare one column of the evaluation data and of the reference data.

    Parameters
    ----------
    one, two : Values
        Of the evaluation rows and of the reference rows.
    weights : tuple of numpy.ndarray or None
        Of the rows of each.
    repeats : bool, default False
        Whether a weight says how many equal rows a row stands for.

    Returns
    -------
    Apart or str
        Why they cannot be compared.
    """
    there = [
        ~side.missing if w is None else ~side.missing & (w > 0) for side, w in zip((one, two), weights, strict=True)
    ]
    if min(int(rows.sum()) for rows in there) < LEAST:
        return f"fewer than {LEAST} rows have a value in one of the two data sets"
    if not alike(one, two):
        return f"it holds values of kind {one.kind} here and of kind {two.kind} in the reference data"
    own: Pair = tuple(None if w is None else w[rows] for w, rows in zip(weights, there, strict=True))  # type: ignore[assignment]
    if one.numbers is not None and two.numbers is not None:
        return numbers_apart(one.numbers[there[0]], two.numbers[there[1]], own, repeats=repeats)
    assert one.levels is not None
    assert two.levels is not None
    assert one.codes is not None
    assert two.codes is not None
    place, levels = pd.factorize(two.levels.append(one.levels))
    known = len(two.levels)
    codes = place[known:][one.codes[there[0]]], place[:known][two.codes[there[1]]]
    return _categories(*codes, len(levels), own, repeats=repeats)


def alike(one: Values, two: Values) -> bool:
    """Whether both hold numbers, both dates, or neither."""
    return (one.numbers is None) == (two.numbers is None) and (one.kind == "date") == (two.kind == "date")


def numbers_apart(one: Floats, two: Floats, weights: Pair = (None, None), *, repeats: bool = False) -> Apart | str:
    """Compare numbers without NaN; parameters as for `columns_apart`."""
    if all(w is None for w in weights):  # whatever is made of rows that count alike is quicker of sorted ones
        one, two = np.sort(one), np.sort(two)
    places, first, second = tabulate(one, two, weights, repeats=repeats)
    if len(places) <= FEW:
        codes = np.searchsorted(places, one), np.searchsorted(places, two)
        return _categories(*codes, len(places), weights, repeats=repeats)
    edges = cut(np.sort(two, kind="stable"))[1][:-1]
    binned = [
        Counted.of(np.searchsorted(edges, side, side="left"), len(edges) + 1, w, repeats=repeats)
        for side, w in zip((one, two), weights, strict=True)
    ]
    psi, smirnov = population_stability(*binned), kolmogorov_smirnov(first, second)
    assert psi is not None
    assert smirnov is not None
    finite = bool(np.isfinite(places[[0, -1]]).all())
    return Apart(
        psi=psi,
        smallest=_smallest(binned),
        smirnov=smirnov,
        moved=wasserstein(places, first, second) if finite else None,
        spread=_deviation(places, second) if finite else 0.0,
        rows=(len(one), len(two)),
    )


def _categories(one: Codes, two: Codes, count: int, weights: Pair, *, repeats: bool) -> Apart | str:
    sides = [Counted.of(codes, count, w, repeats=repeats) for codes, w in zip((one, two), weights, strict=True)]
    place = gather_rare(*sides, most=MOST_CATEGORIES)
    if place.max() == 0 and count > 1:
        return f"none of its {count} values is frequent enough to be compared"
    first, second = (side.gathered(place) for side in sides)
    psi, shannon = population_stability(first, second), jensen_shannon(first, second)
    assert psi is not None
    return Apart(
        psi=psi,
        smallest=_smallest((first, second)),
        shannon=shannon,
        rows=(len(one), len(two)),
    )


def _smallest(sides: tuple[Counted, Counted] | list[Counted]) -> float:
    return min(float(s.totals[s.totals > 0].min()) for s in sides)


def _deviation(places: Floats, side: Counted) -> float:
    mean = float((side.shares * places).sum())
    return math.sqrt(float((side.shares * (places - mean) ** 2).sum()))


def missing_apart(one: Values, two: Values, weights: Pair = (None, None), *, repeats: bool = False) -> Gap | None:
    """Compare how many values are missing; None where none is in either data set. Parameters as for `columns_apart`."""
    lacking = one.missing, two.missing
    counts = [int(m.sum()) for m in lacking]
    if not any(counts):
        return None
    sides = [Counted.of(m.astype(np.int64), 2, w, repeats=repeats) for m, w in zip(lacking, weights, strict=True)]
    if not all(side.total > 0 for side in sides):
        return None
    shares = [float(side.shares[1]) for side in sides]
    value = shares[0] - shares[1]
    if all(w is None for w in weights):
        n, m = len(lacking[0]), len(lacking[1])
        ends = newcombe_difference(counts[0], n, counts[1], m)
        p_value = proportions_differ(counts[0], n, counts[1], m).value
    else:
        variance = sum(share * (1 - share) / side.rows for share, side in zip(shares, sides, strict=True))
        reach = normal_quantile(LEVEL) * math.sqrt(variance)
        ends = Interval(max(-1.0, value - reach), min(1.0, value + reach))
        found = homogeneity(*sides)
        p_value = 1.0 if found is None else found
    return Gap(value=value, interval=ends, p_value=p_value, rows=len(lacking[0]), events=counts[0])
