"""Intervals of means and of areas under the ROC curve, as the rows came about."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from explainkit.assess.recorder import KORN_GRAUBARD, Details
from explainkit.assess.statistics import ranking
from explainkit.assess.statistics.bootstrap import percentile, resample_counts
from explainkit.assess.statistics.intervals import Interval, delong, effective_n, korn_graubard, student_of, wilson
from explainkit.assess.statistics.sampling import Sampling

Floats = npt.NDArray[np.float64]

DRAWS = 2_000
BOOTSTRAP = f"percentile bootstrap, {DRAWS:,} resamples of the counts"
STUDENT = "Student's interval"
DELONG = "DeLong interval (DeLong 1988, Sun and Xu 2014)"
LINEARISED = "Student's interval of the linearised figure (Binder 1983)"


def linearised(interval: Interval | None, least: float = -math.inf, most: float = math.inf) -> Details:
    """An interval from what rows add to the figure, within what the figure can be, and its method."""
    cut = None if interval is None else interval.cut(least, most)
    return {"interval": cut, "any_sampling": True, "interval_method": LINEARISED}


def of_mean(values: Floats, sampling: Sampling, *, least: float | None = None, most: float = math.inf) -> Details:
    """Interval of a mean of rows, and its method.

    Parameters
    ----------
    values : numpy.ndarray
        One number per row, shape (n_rows,).
    sampling : Sampling
        Of the same rows.
    least, most : float, optional
        What no mean can be below or above.
    """
    if sampling.simple:
        return {"interval": student_of(values, least=least), "interval_method": STUDENT}
    interval = sampling.mean_interval(values) if len(values) else None
    return linearised(interval, -math.inf if least is None else least, most)


def of_share(chosen: npt.NDArray[np.bool_], sampling: Sampling) -> tuple[float, Interval | None, str]:
    """Share of the rows that are chosen, its interval, and how that is made.

    Parameters
    ----------
    chosen : numpy.ndarray
        Shape (n_rows,), at least one row.
    sampling : Sampling
        Of the same rows.
    """
    if sampling.simple:
        events, rows = int(chosen.sum()), len(chosen)
        return events / rows, wilson(events, rows), "Wilson score interval"
    weights = np.ones(len(chosen)) if sampling.weights is None else sampling.weights
    value = float((weights * chosen).sum() / weights.sum())
    if sampling.clusters is not None:
        found = sampling.mean_interval(chosen.astype(np.float64))
        return value, None if found is None else found.cut(0.0, 1.0), "Student's interval, rows of a cluster together"
    effective = effective_n(weights)
    return value, None if effective is None else korn_graubard(value, effective), KORN_GRAUBARD


def of_ratio(above: Floats, below: Floats, sampling: Sampling) -> Details:
    """Interval of the ratio of two means of the same rows, and its method; numbers of `below` add up to more than zero.

    References
    ----------
    Cochran (1977), Sampling Techniques, section 6.4, on ratio estimates.
    """
    weights = np.ones(len(above)) if sampling.weights is None else sampling.weights
    total = float((weights * below).sum())
    ratio = float((weights * above).sum()) / total
    interval = sampling.total_interval(ratio, (above - ratio * below) / total)
    return linearised(interval, 0.0)


def of_counts(function: Callable[[Floats], Floats], counts: Sequence[int], rng: np.random.Generator) -> Details:
    """Interval of a figure that is made of counts of independent rows that count alike, and its method.

    Parameters
    ----------
    function : callable
        The figure from counts of shape (…, n_counts), NaN where undefined.
    counts : sequence of int
        Of rows; where one is zero there is no interval, as no resample can contain what was never seen.
    rng : numpy.random.Generator
        Where the resamples come from.
    """
    if min(counts) < 1:
        return {}
    drawn = resample_counts(np.array(counts, np.int64), DRAWS, rng)
    return {"interval": percentile(function(drawn.astype(np.float64)), counts=counts), "interval_method": BOOTSTRAP}


def of_sums(
    function: Callable[[Any], Any],
    sums: Floats,
    codes: npt.NDArray[np.integer],
    positive: npt.NDArray[np.bool_],
    sampling: Sampling,
    *,
    least: float,
) -> Details:
    """Interval of a figure of at most one that is made of sums of weights, and its method.

    Parameters
    ----------
    function : callable
        The figure from sums of shape (n_sums,), which may be complex; not changed by a common factor of the sums.
    sums : numpy.ndarray
        Each above zero, shape (n_sums,); else there is no interval.
    codes : numpy.ndarray
        Which of the sums each row belongs to, shape (n_rows,).
    positive : numpy.ndarray
        Outcome of each row, shape (n_rows,): where all of one outcome are of one cluster nothing can be said.
    sampling : Sampling
        Of the rows.
    least : float
        What the figure cannot be below.

    References
    ----------
    For the derivatives, which are exact but for rounding: Squire and Trapp (1998), SIAM Review 40, 110–112.
    """
    if not (sums > 0).all():
        return {}
    step = 1e-30j * sums.sum()
    slopes = np.array([(function(sums + step * one)).imag for one in np.eye(len(sums))]) / step.imag
    interval = sampling.total_interval(float(function(sums)), slopes[codes], domains=positive.astype(np.int64))
    return linearised(interval, least, 1.0)


def of_area(table: ranking.ScoreTable, scores: Floats, positive: npt.NDArray[np.bool_], sampling: Sampling) -> Details:
    """Interval of an area under the ROC curve, and its method.

    Parameters
    ----------
    table : ScoreTable
        Of the rows; of both classes.
    scores, positive : numpy.ndarray
        Score and class of each row, shape (n_rows,).
    sampling : Sampling
        Of the same rows.
    """
    if sampling.simple:
        return {"interval": delong(table.positives, table.negatives).interval, "interval_method": DELONG}
    area, influence = ranking.auc(table), ranking.auc_influence(scores, positive, sampling.weights)
    interval = sampling.total_interval(area, influence, domains=positive.astype(np.int64))
    return linearised(interval, 0.0, 1.0)
