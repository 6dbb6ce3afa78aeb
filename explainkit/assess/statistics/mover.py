"""Intervals of differences and ratios of every pair of rates, recovered from the limits of the rates themselves.

References
----------
Newcombe (1998), Statistics in Medicine 17, 873–890, method 10, with Wilson's limits; for other limits and correlated
rates Zou and Donner (2008), Statistics in Medicine 27, 1693–1702, doi:10.1002/sim.3095; for ratios Donner and Zou
(2012), Statistical Methods in Medical Research 21, 347–359, doi:10.1177/0962280210383082.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from explainkit.assess.statistics.intervals import korn_graubard, wilson
from explainkit.assess.statistics.quotients import divide
from explainkit.assess.statistics.spread import Spread

Floats = npt.NDArray[np.float64]
Counts = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class RateFamily:
    """One rate of several groups, each of at least one row."""

    events: Counts
    """Unweighted, shape (n_groups,)."""
    rows: Counts
    """Unweighted, shape (n_groups,)."""
    rates: Floats
    """Weighted where there are weights, shape (n_groups,)."""
    spread: Spread | None = None
    """None where rows are independent and count alike."""

    @classmethod
    def of_counts(cls, events: Counts, rows: Counts) -> RateFamily:
        """Of independent rows that count alike; groups without rows are left out."""
        shown = rows > 0
        return cls(events=events[shown], rows=rows[shown], rates=events[shown] / rows[shown])

    def limits(self, level: float) -> Limits | None:
        """Limits of each rate; None where nothing is known of one of them."""
        if self.spread is None:
            intervals = [wilson(int(a), int(n), level=level) for a, n in zip(self.events, self.rows, strict=True)]
            return Limits.of(self.rates, [(i.low, i.high) for i in intervals], None)
        known = []
        for rate, effective in zip(self.rates, self.spread.effective, strict=True):
            interval = korn_graubard(float(rate), float(effective), level=level)
            if interval is None:
                return None
            known.append((interval.low, interval.high))
        return Limits.of(self.rates, known, self.spread.correlation)


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Rates and their limits, each of shape (n_groups,)."""

    rates: Floats
    low: Floats
    high: Floats
    correlation: Floats | None
    """Shape (n_groups, n_groups); None where rates are independent."""

    @classmethod
    def of(cls, rates: Floats, ends: list[tuple[float, float]], correlation: Floats | None) -> Limits:
        """From the ends of each interval."""
        low, high = np.array(ends, np.float64).reshape(-1, 2).T
        return cls(rates=rates, low=low, high=high, correlation=correlation)

    def differences(self) -> tuple[Floats, Floats]:
        """Limits of row minus column for every ordered pair, shape (n_groups, n_groups) each."""
        differences = self.rates[:, None] - self.rates
        down, up = self.rates - self.low, self.high - self.rates
        low = np.sqrt(np.maximum(0.0, down[:, None] ** 2 + up**2 - 2 * self._crossed(down, up)))
        return differences - low, differences + low.T

    def ratios(self) -> tuple[Floats, Floats]:
        """Limits of row over column for every ordered pair, shape (n_groups, n_groups) each; the upper may be inf."""
        rates = self.rates
        down, up = rates - self.low, self.high - rates
        product = np.outer(rates, rates)
        own_low, own_high = (low * (2 * rates - low) for low in (self.low, self.high))
        # The published lower limit with the root moved below the line, where nothing cancels. Where rates are so little
        # known that the middle is below zero the formula fails, and nothing is claimed.
        middle = product - self._crossed(down, up)
        root = np.sqrt(np.maximum(0.0, middle**2 - np.outer(own_low, own_high)))
        lower = np.where(middle >= 0, divide(own_low[:, None], middle + root, 0.0), 0.0)
        middle = product - self._crossed(up, down)
        root = np.sqrt(np.maximum(0.0, middle**2 - np.outer(own_high, own_low)))
        upper = np.where(middle >= 0, divide(middle + root, own_low, np.inf), np.inf)
        return lower, upper

    def _crossed(self, own: Floats, other: Floats) -> Floats | float:
        """Covariance of the limits' distances from the rates."""
        return 0.0 if self.correlation is None else self.correlation * np.outer(own, other)
