"""What chance alone makes of the smallest ratio of rates, for groups of given sizes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from explainkit.assess.statistics.quotients import divide
from explainkit.assess.statistics.table_metrics import smallest_ratio

Counts = npt.NDArray[np.int64]

DRAWS = 2_000
"""Permutations drawn."""
QUANTILE = 0.05
"""Which quantile of the ratios is given."""

_TIE = 1e-12
"""Relative rounding between ratios that are equal in truth."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Chance:
    """Smallest-to-largest ratios of rates when the events fall on rows without regard to group."""

    observed: float
    """The ratio of the groups as they are."""
    mean: float
    """Mean over the draws."""
    low: float
    """Quantile `QUANTILE` of the draws."""
    p_value: float
    """Share of ratios at or below the one observed, that one counted among the draws, so never 0."""
    draws: int
    """Permutations drawn."""


def by_chance(events: Counts, sizes: Counts, rng: np.random.Generator, *, draws: int = DRAWS) -> Chance | None:
    """Deal the events at random over the rows of all groups, many times.

    The smallest of many ratios lies below one even where all rates are equal in truth, the more so the more groups
    there are and the smaller they are. A permutation of independent rows is one draw of the multivariate hypergeometric
    distribution.

    Parameters
    ----------
    events, sizes : numpy.ndarray
        Events and rows of each group, unweighted, shape (n_groups,); groups without rows are left out.
    rng : numpy.random.Generator
        Where the draws come from.
    draws : int, default 2000
        Number of permutations.

    Returns
    -------
    Chance or None
        None for fewer than two groups, or where no row is an event.

    References
    ----------
    Fisher (1935), The Design of Experiments, section 21; counting the observed value among the draws: Phipson and Smyth
    (2010), Statistical Applications in Genetics and Molecular Biology 9, 39, doi:10.2202/1544-6115.1585.
    """
    shown = sizes > 0
    events, sizes = np.asarray(events)[shown], np.asarray(sizes)[shown]
    total = int(events.sum())
    if len(sizes) < 2 or total == 0:
        return None
    dealt = rng.multivariate_hypergeometric(sizes, total, size=draws, method="marginals")
    observed = float(smallest_ratio(divide(events, sizes)))
    ratios = smallest_ratio(divide(dealt, sizes))
    at_or_below = int((ratios <= observed * (1 + _TIE)).sum())
    return Chance(
        observed=observed,
        mean=float(ratios.mean()),
        low=float(np.quantile(ratios, QUANTILE)),
        p_value=(1 + at_or_below) / (1 + draws),
        draws=draws,
    )
