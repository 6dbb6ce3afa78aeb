"""The worst small change: within the noise, never better than trying everything, and what the model itself answers."""

from __future__ import annotations

import itertools

import lightgbm as lgb
import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from tests.robustness.asking import Asked, made_up

NUMBERS = ["income", "debt", "age"]
ROWS = made_up(300)
NOISE = {"income": {"noise": 0.4}, "debt": {"noise": 0.2}, "age": {"noise": 1.0}}
PLAN = {
    "model": {"positive": 1, "threshold": ">=0.5"},
    "data": {"target": "bad"},
    "robustness": {"search": 300, "label_noise": []},
    "features": NOISE,
}


def corners(model, rows) -> np.ndarray:
    """Answers at every corner of the box of two deviations, shape (n_rows, n_corners): the extremes of a line."""
    found = []
    for signs in itertools.product((-2, 0, 2), repeat=3):
        moved = rows[NUMBERS].astype(float)
        for sign, name in zip(signs, NUMBERS, strict=True):
            moved[name] = moved[name] + sign * NOISE[name]["noise"]
        found.append(model.predict_proba(moved)[:, 1])
    return np.stack(found, axis=1)


def test_of_a_linear_model_the_very_worst_is_found() -> None:
    model = LogisticRegression().fit(ROWS[NUMBERS], ROWS["bad"])
    asked = Asked(model, ROWS, NUMBERS, **PLAN)
    before, worst = model.predict_proba(ROWS[NUMBERS])[:, 1], corners(model, ROWS)
    flipped = np.where(before >= 0.5, worst.min(axis=1) < 0.5, worst.max(axis=1) >= 0.5)
    assert asked.value("worst.flips") == flipped.mean()
    moved = np.where(before >= 0.5, before - worst.min(axis=1), worst.max(axis=1) - before)
    assert asked.value("worst.score_change") == pytest.approx(moved.mean(), rel=1e-9)
    assert "equal distances" in asked.figure("worst.flips").method
    assert "there may be worse changes" in asked.figure("worst.flips").method


def test_of_trees_their_own_thresholds_find_what_steps_do_not() -> None:
    model = lgb.LGBMClassifier(n_estimators=20, num_leaves=7, verbose=-1, n_jobs=1).fit(ROWS[NUMBERS], ROWS["bad"])
    asked = Asked(model, ROWS, NUMBERS, **PLAN)
    assert "trees' own thresholds" in asked.figure("worst.flips").method
    found = asked.figure("worst.flips")
    noise = asked.figure("flips", change="noise")
    assert found.value > noise.value
    # A grid of 9 values of each number over the same boxes: the search comes near what all 729 of them find.
    before = model.predict_proba(ROWS[NUMBERS])[:, 1]
    worst = np.zeros(len(ROWS))
    for steps in itertools.product(np.linspace(-2, 2, 9), repeat=3):
        moved = ROWS[NUMBERS].astype(float)
        for step, name in zip(steps, NUMBERS, strict=True):
            moved[name] = moved[name] + step * NOISE[name]["noise"]
        after = model.predict_proba(moved)[:, 1]
        worst = np.maximum(worst, np.where(before >= 0.5, before - after, after - before))
    assert asked.value("worst.score_change") >= 0.9 * worst.mean()


def test_a_search_stays_within_the_noise() -> None:
    asked_about = []

    class Spy(LogisticRegression):
        def predict_proba(self, X):
            asked_about.append(X[NUMBERS].to_numpy(dtype=float, copy=True))
            return super().predict_proba(X)

    model = Spy().fit(ROWS[NUMBERS], ROWS["bad"])
    Asked(model, ROWS, NUMBERS, **PLAN)
    last = asked_about[-1]  # the rows that the model is asked to confirm
    assert last.shape == (300, 3)
    far = np.abs(last - ROWS[NUMBERS].to_numpy(dtype=float)) / np.array([0.4, 0.2, 1.0])
    assert far.max() == pytest.approx(2.0)


def test_nothing_is_searched_where_the_plan_says_so() -> None:
    model = LogisticRegression().fit(ROWS[NUMBERS], ROWS["bad"])
    plan = {**PLAN, "robustness": {"search": 0, "label_noise": []}}
    assert not Asked(model, ROWS, NUMBERS, **plan).figures.named("robustness.worst.flips")
