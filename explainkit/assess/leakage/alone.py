"""How well one column alone ranks the outcomes: area under the ROC curve, or Spearman's correlation of a regression.

A column with an order ranks by its values, in whichever direction ranks better. One without ranks by the outcomes of
its categories in the other half of the rows, drawn at random, so that a category of few rows is not told by its own.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import stats

from explainkit.assess.data.values import Codes, Floats, Values
from explainkit.assess.statistics.intervals import LEVEL, Interval, delong, normal_quantile
from explainkit.assess.statistics.ranking import auc, auc_influence, tabulate_sorted
from explainkit.assess.statistics.sampling import Sampling

Bools = npt.NDArray[np.bool_]

LEAST = 10
"""Fewest rows of an outcome."""
MOST_CLASSES = 20
"""Most classes that are told from the others, the most frequent ones."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Alone:
    """How well one column ranks."""

    value: float
    interval: Interval | None
    level: float
    rows: int
    outcome: int | None = None
    """The class told best from the others; None of a regression."""


def area(values: Values, outcomes: Codes, half: Bools, sampling: Sampling, *, binary: bool) -> Alone | None:
    """Area under the ROC curve of one column; of several classes of the one told best from the others.

    Parameters
    ----------
    values : Values
        The column.
    outcomes : numpy.ndarray
        Class of each row from 0, −1 where it is unknown; shape (n_rows,).
    half : numpy.ndarray
        Which half of the rows each is in, shape (n_rows,).
    sampling : Sampling
        Of the rows.
    binary : bool
        Whether class 1 alone is told from the other.

    Returns
    -------
    Alone or None
        None where no class has enough rows with a value.
    """
    known = outcomes >= 0
    rows = values.ascending(known) if values.numbers is not None else np.flatnonzero(known)
    codes = outcomes[rows]
    counts = np.bincount(codes, minlength=2)
    enough = np.flatnonzero((counts >= LEAST) & (len(codes) - counts >= LEAST))
    if binary:
        enough = enough[enough == 1]
    chosen = enough[np.argsort(-counts[enough], kind="stable")][:MOST_CLASSES]
    level = 1 - (1 - LEVEL) / max(len(chosen), 1)
    own = sampling.take(rows)
    best: Alone | None = None
    for outcome in chosen.tolist():
        positive = codes == outcome
        if values.numbers is not None:
            value, interval = _area(values.numbers[rows], positive, own, level)
            if value < 0.5:
                value, interval = 1 - value, interval and Interval(1 - interval.high, 1 - interval.low)
        else:
            assert values.codes is not None
            found = _by_halves(values.codes[rows], positive, half[rows], own, level)
            if found is None:
                continue
            value, interval = found
        if best is None or value > best.value:
            best = Alone(value=value, interval=interval, level=level, rows=len(codes), outcome=outcome)
    return best


def _area(scores: Floats, positive: Bools, sampling: Sampling, level: float) -> tuple[float, Interval | None]:
    """Area of rows in ascending order of their scores."""
    table = tabulate_sorted(scores, positive)
    if sampling.clusters is None:
        estimate = delong(table.positives, table.negatives, level=level)
        return estimate.value, estimate.interval
    value = auc(table)
    interval = sampling.total_interval(
        value, auc_influence(scores, positive, None), domains=positive.astype(np.int64), level=level
    )
    return value, interval and interval.cut(0.0, 1.0)


def _by_halves(
    codes: Codes, positive: Bools, half: Bools, sampling: Sampling, level: float
) -> tuple[float, Interval | None] | None:
    """Mean of the areas in both halves, each ranked by the rates of the other."""
    areas = []
    reach = 0.0
    for inside in (half, ~half):
        both = positive[inside]
        if not both.any() or both.all() or not (~inside).any():
            return None
        scores = _rates(codes, positive.astype(np.float64), inside)
        order = np.argsort(scores, kind="stable")
        own = sampling.take(np.flatnonzero(inside)[order])
        value, interval = _area(scores[order], both[order], own, level)
        areas.append(value)
        reach = math.inf if interval is None else reach + max(interval.high - value, value - interval.low) ** 2
    value = sum(areas) / 2
    reach = math.sqrt(reach) / 2
    return value, Interval(max(0.0, value - reach), min(1.0, value + reach)) if math.isfinite(reach) else None


def _rates(codes: Codes, outcomes: Floats, inside: Bools) -> Floats:
    """Mean outcome of each row's category among the rows outside, one more of the mean of all added."""
    count = int(codes.max(initial=-1)) + 2
    others, mean = codes[~inside] + 1, float(outcomes[~inside].mean())
    rows = np.bincount(others, minlength=count)
    sums = np.bincount(others, outcomes[~inside], minlength=count)
    means: Floats = (sums + mean) / (rows + 1)
    return means[codes[inside] + 1]


def rank_correlation(values: Values, outcomes: Floats, half: Bools, sampling: Sampling) -> Alone | None:
    """Size of Spearman's correlation of one column with a numeric outcome; parameters as for `area`.

    References
    ----------
    Bonett and Wright (2000), Psychometrika 65, 23–28, doi:10.1007/BF02294183, on the interval.
    """
    known = ~np.isnan(outcomes)
    if values.numbers is not None:
        known &= ~values.missing
    y = outcomes[known]
    if len(y) < 2 * LEAST or y.min() == y.max():
        return None
    if values.numbers is not None:
        found = _spearman(values.numbers[known], y)
    else:
        assert values.codes is not None
        codes, inside = values.codes[known], half[known]
        parts = [_spearman(_rates(codes, y, i), y[i]) for i in (inside, ~inside) if 1 < i.sum() < len(i)]
        found = None if len(parts) < 2 or None in parts else max(0.0, sum(p for p in parts if p is not None) / 2)
    if found is None:
        return None
    interval = None if sampling.clusters is not None else _fisher(abs(found), len(y))
    return Alone(value=abs(found), interval=interval, level=LEVEL, rows=len(y))


def _spearman(x: Floats, y: Floats) -> float | None:
    ranks = [stats.rankdata(v) for v in (x, y)]
    centred = [r - r.mean() for r in ranks]
    size = math.sqrt(float((centred[0] ** 2).sum()) * float((centred[1] ** 2).sum()))
    return float((centred[0] * centred[1]).sum()) / size if size > 0 else None


def _fisher(r: float, n: int) -> Interval | None:
    """Interval by Fisher's transformation, with the error of Bonett and Wright."""
    if n < 4 or r >= 1 - 1e-12:
        return None
    reach = normal_quantile(LEVEL) * math.sqrt((1 + r * r / 2) / (n - 3))
    return Interval(math.tanh(math.atanh(r) - reach), math.tanh(math.atanh(r) + reach))
