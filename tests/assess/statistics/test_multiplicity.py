"""P-values against scipy, published adjustments and definitions; how often true equality is rejected, exactly."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from explainkit.assess.statistics.multiplicity import benjamini_hochberg, holm, proportions_differ

COUNTS = st.integers(1, 400).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))
P_VALUES = st.lists(st.sampled_from([0.0, 0.001, 0.01, 0.02, 0.05, 0.3, 1.0]) | st.floats(0, 1), max_size=12)


@given(COUNTS, COUNTS)
def test_equals_scipy_on_either_side_of_the_switch(own, other):
    (a, n), (b, m) = own, other
    test, table = proportions_differ(a, n, b, m), [[a, n - a], [b, m - b]]
    if a + b in (0, n + m) or stats.contingency.expected_freq(table).min() < 5:
        assert test.method == "Fisher's exact test"
        assert test.value == pytest.approx(stats.fisher_exact(table).pvalue, rel=1e-9)
    else:
        assert test.method == "score test"
        assert test.value == pytest.approx(stats.chi2_contingency(table, correction=False).pvalue, rel=1e-9)
    assert 0 <= test.value <= 1
    assert proportions_differ(b, m, a, n).value == pytest.approx(test.value, rel=1e-9)


def test_large_groups_are_exact_and_quick():
    test = proportions_differ(2, 400_000, 7, 300_000)
    assert test.method == "Fisher's exact test"
    assert test.value == pytest.approx(stats.fisher_exact([[2, 399_998], [7, 299_993]]).pvalue, rel=1e-6)
    assert proportions_differ(40_000, 400_000, 29_000, 300_000).method == "score test"


def test_published_tea():
    """Fisher's lady: three of four cups told right, two-sided 0.486."""
    assert proportions_differ(3, 4, 1, 4).value == pytest.approx(34 / 70)


@pytest.mark.parametrize(("a", "n", "b", "m"), [(0, 0, 1, 2), (3, 2, 1, 2), (1, 2, -1, 2)])
def test_impossible_counts_are_refused(a, n, b, m):
    with pytest.raises(ValueError, match="0 <= events <= n"):
        proportions_differ(a, n, b, m)


@pytest.mark.slow
@pytest.mark.parametrize(("n", "m"), [(20, 20), (15, 200), (40, 400), (100, 100)])
def test_equality_is_seldom_rejected(n, m):
    """Exact chance of a p-value of at most 5 % where the rates are equal, over rates from 1 % to 99 %."""
    own, other = np.arange(n + 1), np.arange(m + 1)
    tests = [[proportions_differ(int(a), n, int(b), m) for b in other] for a in own]
    rejected = np.array([[test.value <= 0.05 for test in row] for row in tests])
    by_fisher = np.array([[test.method.startswith("Fisher") for test in row] for row in tests])
    all_of_them, exact_only = [], []
    for p in np.arange(1, 100) / 100:
        chances = np.outer(stats.binom.pmf(own, n, p), stats.binom.pmf(other, m, p))
        all_of_them.append(chances[rejected].sum())
        exact_only.append(chances[rejected & by_fisher].sum())
    print(f"equality of {n} and {m} rows rejected at 5 %: at most {max(all_of_them):.4f}")
    assert max(exact_only) <= 0.05
    assert max(all_of_them) <= 0.06


@given(P_VALUES)
def test_holm_by_definition(p):
    adjusted = holm(p)
    for level in (0.001, 0.01, 0.05, 0.1, 0.5):
        # Reject the smallest while it is at most level over the number left.
        rejected, left = set(), sorted(range(len(p)), key=lambda i: p[i])
        while left and p[left[0]] * len(left) <= level:
            rejected.add(left.pop(0))
        assert {i for i, value in enumerate(adjusted) if value <= level} == rejected
    assert (adjusted >= p).all()


@given(P_VALUES)
def test_benjamini_hochberg_equals_scipy(p):
    expected = stats.false_discovery_control(p) if p else []
    assert benjamini_hochberg(p) == pytest.approx(expected, abs=1e-15)
    assert (benjamini_hochberg(p) <= holm(p) + 1e-15).all()


def test_published_adjustments():
    """Benjamini and Hochberg (1995), section 3.1: of fifteen tests at 5 % theirs rejects four, Bonferroni's three."""
    p = [
        0.0001,
        0.0004,
        0.0019,
        0.0095,
        0.0201,
        0.0278,
        0.0298,
        0.0344,
        0.0459,
        0.3240,
        0.4262,
        0.5719,
        0.6528,
        0.7590,
        1.0,
    ]
    assert (benjamini_hochberg(p) <= 0.05).sum() == 4
    assert (holm(p) <= 0.05).sum() == 3


@pytest.mark.parametrize("p", [[1.2], [float("nan")], [-0.1], [[0.1]]])
@pytest.mark.parametrize("adjust", [holm, benjamini_hochberg])
def test_what_is_no_p_value_is_refused(adjust, p):
    with pytest.raises(ValueError, match="within 0 and 1"):
        adjust(p)
