"""Koopman's interval against another library's figures and its definition."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import optimize, stats

from explainkit.assess.statistics.ratios import koopman_ratio

COUNTS = st.integers(1, 200).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))

# statsmodels 0.15, confint_proportions_2indep(…, compare="ratio", method="score", correction=False).
FROM_STATSMODELS = [
    (7, 34, 1, 34, 1.2208528535148115, 42.57571760976041),
    (0, 20, 5, 20, 0.0, 0.6882700273174336),
    (15, 40, 30, 50, 0.38578019342500747, 0.9662839934387176),
    (90, 100, 80, 100, 1.001265288703341, 1.2803462548645406),
]


@pytest.mark.parametrize(("a", "n", "b", "m", "low", "high"), FROM_STATSMODELS)
def test_equals_statsmodels(a, n, b, m, low, high):
    interval = koopman_ratio(a, n, b, m)
    assert interval is not None
    assert (interval.low, interval.high) == pytest.approx((low, high), rel=1e-9, abs=1e-12)


def score(ratio, a, n, b, m):
    """Distance over its standard error at the rates most likely under the hypothesis, found by searching."""

    def unlikely(logit):
        q = min(1, 1 / ratio) / (1 + np.exp(-logit))
        p = min(1.0, ratio * q)
        return -(stats.binom.logpmf(a, n, p) + stats.binom.logpmf(b, m, q))

    q = min(1, 1 / ratio) / (
        1 + np.exp(-optimize.minimize_scalar(unlikely, bounds=(-25, 25), method="bounded", options={"xatol": 1e-9}).x)
    )
    p = ratio * q
    return (a / n - ratio * b / m) / np.sqrt(p * (1 - p) / n + ratio**2 * q * (1 - q) / m)


@pytest.mark.parametrize("counts", [(3, 12, 9, 20), (1, 40, 30, 35), (19, 20, 12, 20), (60, 200, 10, 90)])
def test_the_score_test_rejects_at_the_bounds(counts):
    interval = koopman_ratio(*counts, level=0.9)
    assert interval is not None
    z = stats.norm.ppf(0.95)
    assert score(interval.low, *counts) == pytest.approx(z, abs=1e-4)
    assert score(interval.high, *counts) == pytest.approx(-z, abs=1e-4)


@given(COUNTS, COUNTS, st.sampled_from([0.5, 0.9, 0.95, 0.999]))
@settings(max_examples=200)
def test_holds_the_ratio_and_turns_over_with_it(own, other, level):
    (a, n), (b, m) = own, other
    interval = koopman_ratio(a, n, b, m, level=level)
    if b == 0:
        assert interval is None
        return
    assert interval is not None
    assert 0 <= interval.low <= a / n / (b / m) <= interval.high < np.inf
    assert (interval.low == 0) == (a == 0)
    assert interval.low < interval.high
    if a:
        turned = koopman_ratio(b, m, a, n, level=level)
        assert turned is not None
        assert (1 / turned.high, 1 / turned.low) == pytest.approx((interval.low, interval.high), rel=1e-9)


def test_impossible_counts_are_refused():
    with pytest.raises(ValueError, match="0 <= events <= n"):
        koopman_ratio(3, 2, 1, 2)
