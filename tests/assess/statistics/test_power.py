"""Detectable differences against the exact power of the test, by summing both binomials."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from explainkit.assess.statistics.power import detectable, power_of


def exact_power(p, n, q, m, alpha=0.05):
    """Chance that the score test rejects, over all pairs of counts."""
    own, other = np.arange(n + 1)[:, None], np.arange(m + 1)[None, :]
    pooled = (own + other) / (n + m)
    error = np.sqrt(pooled * (1 - pooled) * (1 / n + 1 / m))
    z = np.zeros(error.shape)
    np.divide(np.abs(own / n - other / m), error, out=z, where=error > 0)
    rejected = 2 * stats.norm.sf(z) <= alpha
    return float((np.outer(stats.binom.pmf(own, n, p), stats.binom.pmf(other, m, q)) * rejected).sum())


@pytest.mark.parametrize(
    ("rate", "reference_n", "n"),
    [(0.5, 200, 200), (0.3, 400, 100), (0.2, 1_000, 150), (0.6, 100, 500), (0.1, 800, 800)],
)
@pytest.mark.parametrize(("alpha", "power"), [(0.05, 0.8), (0.01, 0.9)])
def test_power_at_the_difference_is_the_power_asked_for(rate, reference_n, n, alpha, power):
    found = detectable(rate, reference_n, n, alpha=alpha, power=power)
    for other in (rate - found.below, rate + found.above):
        reached = exact_power(rate, reference_n, other, n, alpha)
        print(f"{rate} of {reference_n} against {other:.3f} of {n} at {alpha}: power {reached:.3f}")
        if min(n * other, n * (1 - other)) >= 10:
            assert reached == pytest.approx(power, abs=0.01)


def test_published_sample_size():
    """Fleiss, Levin and Paik (2003), chapter 4: 0.60 against 0.70 needs 356 a group at 5 % and 80 % power."""
    found = detectable(0.6, 356, 356)
    assert found.above == pytest.approx(0.1, abs=2e-4)
    assert power_of(0.6, 356, 0.7, 356) >= 0.8 > power_of(0.6, 355, 0.7, 355)


@given(st.floats(0, 1).filter(lambda rate: rate == 0 or rate > 1e-9), st.integers(1, 3_000), st.integers(1, 3_000))
def test_the_smallest_difference_is_found_and_smaller_ones_are_not(rate, reference_n, n):
    found = detectable(rate, reference_n, n)
    for sign, difference, room in ((-1, found.below, rate), (1, found.above, 1 - rate)):
        smaller = np.linspace(0, room if difference is None else difference, 12)[:-1]
        assert all(power_of(rate, reference_n, rate + sign * d, n) < 0.8 for d in smaller)
        if difference is not None:
            assert 0 < difference <= 1
            assert power_of(rate, reference_n, rate + sign * difference, n) >= 0.8


def test_more_rows_show_less():
    differences = [detectable(0.4, 500, n).below for n in (50, 100, 500, 5_000)]
    assert differences == sorted(differences, reverse=True)
    turned = detectable(0.6, 500, 50)
    assert turned.above == pytest.approx(differences[0])


def test_too_few_rows_show_nothing():
    assert detectable(0.1, 50, 5).below is None
    assert detectable(0.0, 50, 50).below is None
    assert detectable(1.0, 50, 50).above is None


@pytest.mark.parametrize("given_values", [(1.2, 5, 5), (0.5, 0, 5), (0.5, 5, 0)])
def test_impossible_questions_are_refused(given_values):
    with pytest.raises(ValueError, match="are needed"):
        detectable(*given_values)
    with pytest.raises(ValueError, match="are needed"):
        detectable(0.5, 5, 5, alpha=0.05, power=0.02)
