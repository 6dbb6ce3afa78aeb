"""From tables (group × outcome × decision) to the figures made of them, many tables at a time.

Every function takes arrays with the resamples first and the groups last, so that one expression serves for the table of
the rows (one resample) and for its resamples. What is undefined is NaN.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from explainkit.assess.statistics.quotients import divide

State = tuple[int, int]
"""Outcome (0 or 1; 2 where there is none) and decision (0 or 1)."""
Floats = npt.NDArray[np.float64]
Tables = npt.NDArray[np.int64] | Floats


def counts(tables: Tables, chosen: Iterable[State]) -> Tables:
    """Rows, or sums of weights, in any of the states chosen.

    Parameters
    ----------
    tables : numpy.ndarray
        Shape (..., n_groups, n_outcomes, n_decisions).
    chosen : iterable of State
        (outcome, decision) pairs.

    Returns
    -------
    numpy.ndarray
        Shape (..., n_groups).
    """
    total: Tables = np.zeros_like(tables[..., 0, 0])
    for outcome, decision in chosen:
        total = total + tables[..., outcome, decision]
    return total


def rates(tables: Tables, part: Iterable[State], whole: Iterable[State]) -> Floats:
    """Rate of each group: `part` of `whole`, NaN where there is nothing of the whole.

    Parameters
    ----------
    tables : numpy.ndarray
        Shape (..., n_groups, n_outcomes, n_decisions).
    part, whole : iterable of State
        What is counted, of which.

    Returns
    -------
    numpy.ndarray
        Shape (..., n_groups).
    """
    return divide(counts(tables, part), counts(tables, whole))


def both_kinds(table: Tables, part: Iterable[State], whole: Iterable[State]) -> Tables:
    """Numbers of events and of non-events of each group, shape (n_groups, 2): the `counts` of a bootstrap interval."""
    events = counts(table, part)
    return np.stack((events, counts(table, whole) - events), axis=-1)


def differences(rates: Floats, reference: int) -> Floats:
    """Rate of each group minus that of the reference, shape as `rates`."""
    return rates - rates[..., reference, None]


def ratios(rates: Floats, reference: int) -> Floats:
    """Rate of each group over that of the reference, NaN where that is zero; shape as `rates`."""
    return divide(rates, rates[..., reference, None])


def largest_difference(rates: Floats) -> Floats:
    """Largest minus smallest rate of the groups, shape (...,); NaN where one is."""
    return np.asarray(rates.max(axis=-1) - rates.min(axis=-1))


def smallest_ratio(rates: Floats) -> Floats:
    """Smallest over largest rate of the groups, shape (...,); NaN where one is, or where all are zero."""
    return divide(rates.min(axis=-1), rates.max(axis=-1))


def equalised_odds(true_positive: Floats, false_positive: Floats) -> Floats:
    """The larger of the largest differences of true and of false positive rates, shape (...,).

    References
    ----------
    Hardt, Price and Srebro (2016), NeurIPS 29, arXiv:1610.02413; as a difference in fairlearn's
    ``equalized_odds_difference``.
    """
    return np.maximum(largest_difference(true_positive), largest_difference(false_positive))
