"""Calibration of each group equals the calibration of its rows alone, and hidden groups say nothing."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given

from explainkit.assess.fairness import fairness
from explainkit.assess.performance import calibration, performance
from explainkit.assess.preconditions import NO_OUTCOME
from explainkit.plan import FairnessPlan
from tests.assess.builders import check_sane, figures_of, group, reasons_of, subject_of, values_of
from tests.strategies import binary_rows

SAME = {
    "calibration_error": "calibration.ece",
    "observed_expected": "performance.observed_expected",
    "calibration_slope": "calibration.slope",
    "calibration_intercept": "calibration.intercept",
}
NAMES = tuple(SAME)


@pytest.mark.slow
@given(binary_rows())
def test_a_group_is_measured_as_its_rows_alone_are(rows):
    sex = group("sex", rows.sexes, ["f", "m"])
    subject = subject_of(rows.scores, rows.labels, weights=rows.weights, groups=[sex])
    measured = fairness.measure(subject, FairnessPlan(min_cell=1))
    check_sane(measured.figures)
    for code, level in enumerate(("f", "m")):
        own = sex.codes == code
        alone = subject_of(
            rows.scores[own], rows.labels[own], weights=None if rows.weights is None else rows.weights[own]
        )
        expected = values_of(calibration.measure(alone) + performance.measure(alone)) if own.any() else {}
        for name in NAMES:
            figure = figures_of(measured)[f"fairness.{name}[sex={level}]"]
            assert figure.value == (
                pytest.approx(expected[SAME[name]], rel=1e-9, abs=1e-9) if SAME[name] in expected else None
            )
            if figure.value is None:
                assert (figure.status, bool(figure.reason)) == ("insufficient", True)


def test_intervals_and_counts_are_those_of_the_group():
    rng = np.random.default_rng(0)
    s = rng.uniform(0.05, 0.95, 200)
    y = (rng.random(200) < s).astype(float)
    sex = group("sex", rng.choice(["f", "m"], 200))
    figures = figures_of(fairness.measure(subject_of(s, y, groups=[sex]), FairnessPlan()))
    own = sex.codes == 0
    alone = figures_of(calibration.measure(subject_of(s[own], y[own])))
    for name in ("calibration_slope", "calibration_intercept"):
        figure, other = figures[f"fairness.{name}[sex=f]"], alone[SAME[name]]
        assert (figure.low, figure.high) == pytest.approx((other.low, other.high), abs=1e-9)
        assert (figure.n, figure.events, figure.unit) == (int(own.sum()), int(y[own].sum()), other.unit)


def test_hidden_groups_say_nothing():
    rng = np.random.default_rng(0)
    s = rng.uniform(0.05, 0.95, 100)
    sex = group("sex", ["a"] * 5 + ["b"] * 30 + ["c"] * 65)
    measured = fairness.measure(subject_of(s, rng.random(100) < s, groups=[sex]), FairnessPlan(min_cell=10))
    for name in NAMES:
        for level, status in (("a", "suppressed"), ("b", "suppressed"), ("c", "measured")):
            assert figures_of(measured)[f"fairness.{name}[sex={level}]"].status == status


def test_without_outcomes_there_is_one_reason_each():
    measured = fairness.measure(subject_of([0.5] * 20, groups=[group("sex", ["f", "m"] * 10)]), FairnessPlan())
    for name in NAMES:
        assert reasons_of(measured)[f"fairness.{name}"] == ("not_tested", NO_OUTCOME)
