"""Three verdicts: by cases, by laws, and how often they are wrong."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from explainkit.assess.statistics.intervals import newcombe_difference
from explainkit.assess.statistics.verdict import verdict

UNKNOWN = "insufficient evidence"


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (-0.05, 0.05, "within"),
        (0.0, 0.0, "within"),
        (-0.0501, 0.05, UNKNOWN),
        (0.05, 0.2, UNKNOWN),
        (0.0501, 0.2, "exceeds"),
        (-0.2, -0.0501, "exceeds"),
        (-0.2, 0.2, UNKNOWN),
        (None, None, UNKNOWN),
        (0.0, None, UNKNOWN),
        (None, 0.3, UNKNOWN),
    ],
)
def test_differences(low, high, expected):
    assert verdict(low, high, 0.05) == expected


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (0.8, 1.25, "within"),
        (0.79, 1.0, UNKNOWN),
        (0.5, 0.79, "exceeds"),
        (1.0, 1.26, UNKNOWN),
        (1.26, math.inf, "exceeds"),
        (0.0, math.inf, UNKNOWN),
    ],
)
def test_ratios(low, high, expected):
    assert verdict(low, high, 0.2, ratio=True) == expected


BOUNDS = st.tuples(st.floats(-1, 1), st.floats(-1, 1)).map(sorted)


@given(BOUNDS, st.floats(0, 1), st.floats(0, 0.5))
def test_less_evidence_never_turns_a_verdict_round(bounds, tolerance, wider):
    low, high = bounds
    before, after = verdict(low, high, tolerance), verdict(low - wider, high + wider, tolerance)
    assert after in (before, UNKNOWN)
    assert verdict(-high, -low, tolerance) == before
    generous = verdict(low, high, tolerance + wider)
    assert not (before == "within" and generous != "within")
    assert not (generous == "exceeds" and before != "exceeds")


@given(st.tuples(st.floats(0.01, 50), st.floats(0.01, 50)).map(sorted), st.floats(0, 0.95))
def test_a_ratio_turned_over_has_the_same_verdict(bounds, tolerance):
    low, high = bounds
    edges = 1 - tolerance, 1 / (1 - tolerance)
    if any(math.isclose(bound, edge, rel_tol=1e-9) for bound in bounds for edge in edges):
        return
    assert verdict(low, high, tolerance, ratio=True) == verdict(1 / high, 1 / low, tolerance, ratio=True)


@pytest.mark.parametrize("arguments", [(0.1, 0.2, -0.1, False), (0.1, 0.2, 1.0, True), (0.3, 0.2, 0.1, False)])
def test_what_cannot_be_judged_is_refused(arguments):
    low, high, tolerance, ratio = arguments
    with pytest.raises(ValueError, match=r"tolerance|bound"):
        verdict(low, high, tolerance, ratio=ratio)


@pytest.mark.parametrize("truth", [0.1, -0.1])
def test_within_is_wrong_at_most_as_often_as_one_of_two_tests_at_half_the_level(truth):
    """At a difference just as large as tolerated: 2.5 %, and what Newcombe's interval is off by."""
    rng, rounds = np.random.default_rng(2), 4_000
    own, other = rng.binomial(1_500, 0.4 + truth, rounds), rng.binomial(1_500, 0.4, rounds)
    found = []
    for a, b in zip(own, other, strict=True):
        interval = newcombe_difference(int(a), 1_500, int(b), 1_500)
        found.append(verdict(interval.low, interval.high, 0.1))
    assert found.count("within") / rounds == pytest.approx(0.025, abs=0.008)
    assert found.count("exceeds") / rounds == pytest.approx(0.025, abs=0.008)
