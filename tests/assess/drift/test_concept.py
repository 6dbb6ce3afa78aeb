"""Concept drift and estimates against statsmodels-free oracles: one joint regression, and brute force."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import optimize, special

from explainkit.assess.drift.concept import relation_moved
from explainkit.assess.drift.estimate import expected_area
from explainkit.assess.statistics.ranking import tabulate
from tests.assess.drift.cases import measured, rows


def draw(count, rng, shift=0.0, slope=1.0):
    logit = rng.normal(0, 1.2, count)
    return special.expit(logit), rng.random(count) < special.expit(shift + slope * logit)


def fitted(x, y):
    """Coefficients and their covariance by a general optimiser."""

    def loss(b):
        return float((np.logaddexp(0, x @ b) - y * (x @ b)).sum())

    found = optimize.minimize(loss, np.zeros(x.shape[1]), method="BFGS", options={"gtol": 1e-7})
    p = special.expit(x @ found.x)
    return found.x, np.linalg.inv((x * (p * (1 - p))[:, None]).T @ x)


def test_differences_are_those_of_one_regression_with_interactions():
    rng = np.random.default_rng(0)
    (s, y), (t, z) = draw(900, rng, 0.4, 0.8), draw(1500, rng)
    found = relation_moved(tabulate(s, y), tabulate(t, z))
    own = fitted(np.column_stack([np.ones(1500), special.logit(t)]), z)[0]
    p = special.expit(own[0] + own[1] * special.logit(s))
    centre = (p * (1 - p) * special.logit(s)).sum() / (p * (1 - p)).sum()
    x, new = special.logit(np.concatenate([s, t])) - centre, np.repeat([1.0, 0.0], [900, 1500])
    beta, cov = fitted(np.column_stack([np.ones(2400), x, new, new * x]), np.concatenate([y, z]))
    assert [found.shift, found.slope] == pytest.approx(beta[2:], abs=1e-4)
    half = 1.959964 * np.sqrt(np.diag(cov)[2:])
    assert [found.shift_interval.high, found.slope_interval.high] == pytest.approx(beta[2:] + half, abs=1e-4)
    assert found.rate == pytest.approx(y.mean() - p.mean(), abs=1e-6)


def test_intervals_hold_the_truth_and_nothing_is_found_where_nothing_changed():
    rng, held, alarms, runs = np.random.default_rng(1), np.zeros(3), 0, 300
    big = special.expit(rng.normal(0, 1.2, 400_000))
    rate = float((special.expit(0.3 + special.logit(big)) - big).mean())
    for run in range(runs):
        (s, y), (t, z) = draw(500, rng, 0.3), draw(800, rng)
        found = relation_moved(tabulate(s, y), tabulate(t, z))
        truth = (0.3, 0.0, rate)
        ends = (found.shift_interval, found.slope_interval, found.rate_interval)
        held += [e.low <= v <= e.high for e, v in zip(ends, truth, strict=True)]
        if run < 200:
            same = draw(500, rng)
            alarms += relation_moved(tabulate(*same), tabulate(t, z)).p_value <= 0.05
    assert (held / runs >= 0.915).all()
    assert (held / runs <= 0.985).all()
    assert 1 <= alarms <= 20


def test_the_expected_area_is_the_mean_over_drawn_outcomes():
    rng = np.random.default_rng(2)
    score = rng.random(400).round(2)
    chance, weight = score**2, rng.uniform(0.5, 2, 400)
    areas = []
    for _ in range(300):
        y = rng.random(400) < chance
        better = (score[y][:, None] > score[~y]) + 0.5 * (score[y][:, None] == score[~y])
        pair = weight[y][:, None] * weight[~y]
        areas.append((better * pair).sum() / pair.sum())
    assert expected_area(score, chance, weight) == pytest.approx(np.mean(areas), abs=0.005)


def test_why_the_relation_cannot_be_compared_is_said():
    new, old = rows(300, 3), rows(400, 4)
    reasons = {
        "the reference data has no outcomes": measured(new, old.assign(y=np.nan), drift={"rows": 0}),
        "one class only in the reference data": measured(new, old.assign(y=1), drift={"rows": 0}),
        "all scores are equal (evaluation data)": measured(
            new, old, predict=lambda x: np.full(len(x), 0.3), drift={"rows": 0}
        ),
    }
    for reason, (figures, _) in reasons.items():
        assert figures["drift.concept_slope"].reason == reason
        assert figures["drift.concept_slope"].value is None
