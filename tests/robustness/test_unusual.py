"""Rows off the data: planted ones are found, and distances agree with brute force."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.distance import cdist
from sklearn.linear_model import LogisticRegression

from explainkit.robustness.unusual import distances
from tests.robustness.asking import Asked, made_up

NUMBERS = ["income", "debt", "age"]
PLAN = {"model": {"positive": 1, "threshold": ">=0.5"}, "data": {"target": "bad"}}


def test_distances_are_those_to_the_nearest_row() -> None:
    reference, rows = made_up(80, 1), made_up(40, 2)
    inputs = [*NUMBERS, "job"]
    own, there = distances(reference[inputs], rows[inputs])
    scaled = [
        ((d[NUMBERS] - reference[NUMBERS].median()) / reference[NUMBERS].std(ddof=0)).to_numpy()
        for d in (reference, rows)
    ]
    other = reference["job"].to_numpy()[:, None] != reference["job"].to_numpy()[None]
    within = np.sqrt(cdist(scaled[0], scaled[0]) ** 2 + other)
    np.fill_diagonal(within, np.inf)
    assert own == pytest.approx(within.min(axis=1))
    other = rows["job"].to_numpy()[:, None] != reference["job"].to_numpy()[None]
    assert there == pytest.approx(np.sqrt(cdist(scaled[1], scaled[0]) ** 2 + other).min(axis=1))


def test_planted_rows_are_off_the_data_and_judged_apart() -> None:
    reference, rows = made_up(600, 1), made_up(400, 2)
    model = LogisticRegression().fit(reference[NUMBERS], reference["bad"])
    rows.loc[:29, "debt"] = 40.0 + np.arange(30)
    rows.loc[:29, "bad"] = np.arange(30) % 2
    asked = Asked(model, rows, NUMBERS, reference=reference, robustness={"search": 0, "label_noise": []}, **PLAN)
    share = asked.figure("off_data.rows")
    assert 30 <= share.events <= 30 + 0.05 * 370
    scores = model.predict_proba(rows[NUMBERS])[:, 1]
    own, there = distances(reference[NUMBERS], rows[NUMBERS])
    far = there > np.quantile(own, 0.99)
    assert share.value == far.mean()
    losses = (scores - rows["bad"].to_numpy()) ** 2
    assert asked.value("off_data.loss", rows="off") == pytest.approx(losses[far].mean())
    assert asked.value("off_data.score", rows="on") == pytest.approx(scores[~far].mean())
    gap = asked.figure("off_data.loss_difference")
    assert gap.value == pytest.approx(losses[far].mean() - losses[~far].mean())
    assert 0 < gap.low < gap.value < gap.high


def test_about_one_in_a_hundred_of_the_same_data_is_off_it() -> None:
    data = made_up(4000, 1)
    reference, rows = data.iloc[:2000], data.iloc[2000:].reset_index(drop=True)
    model = LogisticRegression().fit(reference[NUMBERS], reference["bad"])
    asked = Asked(model, rows, NUMBERS, reference=reference, robustness={"search": 0, "label_noise": []}, **PLAN)
    assert asked.value("off_data.rows") == pytest.approx(0.01, abs=0.007)
