"""Label noise against its exact expectation."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

from explainkit.robustness.labels import flipped
from tests.robustness.asking import Asked, made_up

NUMBERS = ["income", "debt", "age"]
ROWS = made_up(1000)
PLAN = {"model": {"positive": 1, "threshold": ">=0.5"}, "data": {"target": "bad"}}


def test_accuracy_and_area_are_near_what_they_are_expected_to_be() -> None:
    model = LogisticRegression().fit(ROWS[NUMBERS], ROWS["bad"])
    scores = model.predict_proba(ROWS[NUMBERS])[:, 1]
    asked = Asked(model, ROWS, NUMBERS, robustness={"search": 0, "label_noise": [0.05, 0.2]}, **PLAN)
    right, area = ((scores >= 0.5) == ROWS["bad"]).mean(), roc_auc_score(ROWS["bad"], scores)
    for share in (0.05, 0.2):
        accuracy = asked.figure("label_noise", measure="accuracy", share=f"{share:g}")
        expected = (1 - share) * right + share * (1 - right)
        assert accuracy.value == pytest.approx(expected, abs=0.003)
        assert accuracy.low < expected < accuracy.high
        assert accuracy.level is None  # it is no confidence interval
        # Outcomes of two equal classes stay so; a pair is told apart if both keep their outcome, or both lose it.
        expected = 0.5 + (1 - 2 * share) * (area - 0.5)
        assert asked.value("label_noise", measure="roc_auc", share=f"{share:g}") == pytest.approx(expected, abs=0.004)


def test_outcomes_are_flipped_to_every_other_class() -> None:
    labels = np.repeat(np.arange(3.0), 20_000)
    noisy = flipped(labels, 0.1, 3, np.random.default_rng(0))
    for own in range(3):
        for other in range(3):
            share = (noisy[labels == own] == other).mean()
            assert share == pytest.approx(0.9 if own == other else 0.05, abs=0.01)


def test_a_number_has_no_label_to_flip() -> None:
    from sklearn.linear_model import LinearRegression

    model = LinearRegression().fit(ROWS[["income"]], ROWS["age"])
    asked = Asked(model, ROWS, ["income"], data={"target": "age"}, robustness={"search": 0})
    assert not asked.figures.named("robustness.label_noise")
    assert any("no other class" in e.reason for e in asked.measured.ledger)
