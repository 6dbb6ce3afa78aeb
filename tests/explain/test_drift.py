"""Drift of explanations: importance in the reference data against SHAP values asked for by themselves."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.stats import spearmanr
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import GaussianNB

from explainkit.explain.shapley import explain_shap
from explainkit.explain.summary import explain
from explainkit.figures import FigureSet
from explainkit.load.assemble import assemble
from explainkit.load.models.sklearn import adapt_sklearn
from explainkit.load.tables import read_frame
from explainkit.plan import plan_from

INPUTS = ["a", "b", "c", "d"]


def rows(count, seed, scale=(1.0, 1.0, 1.0, 1.0)):
    rng = np.random.default_rng(seed)
    table = pd.DataFrame(rng.normal(size=(count, 4)) * scale, columns=INPUTS)
    score = 2 * table["a"] + table["b"] + 0.5 * table["c"] + 0.1 * table["d"]
    return table.assign(y=(score + rng.logistic(size=count) > 0).astype(int))


def drift(new, old, estimator, *, most=400):
    fitted = estimator.fit(rows(2000, 9)[INPUTS], rows(2000, 9)["y"])
    plan = plan_from(
        {
            "data": {"target": "y"},
            "model": {"positive": 1},
            "explain": {"local": 0, "rows": 500},
            "statements": {"population": "all cases"},
        }
    )
    frames = [None if f is None else read_frame(f, role="evaluation")[0] for f in (new, old)]
    subject = assemble(
        plan,
        model=adapt_sklearn(fitted, digest=None, digest_of="a model in memory"),
        evaluation=frames[0],
        reference=frames[1],
    )
    found = explain(subject, plan.explain, reference_rows=most).measured
    figures = FigureSet([f for f in found.figures if f.name.startswith("explanation.drift")])
    return figures, subject, found


def test_importance_in_the_reference_data_is_that_of_its_own_explanation():
    new, old = rows(500, 1, scale=(0.2, 1, 3, 1)), rows(400, 2)
    figures, subject, _ = drift(new, old, LogisticRegression())
    told, own = (
        np.abs(
            explain_shap(subject.model, f[INPUTS], old[INPUTS], task="binary", classes=("0", "1"), positive=1).values
        ).mean(axis=(0, 2))
        for f in (old, new)
    )
    for j, name in enumerate(INPUTS):
        assert figures[f"explanation.drift.reference[feature={name}]"].value == pytest.approx(told[j])
    change = figures["explanation.drift.difference[feature=a]"]
    assert change.high < 0
    assert figures["explanation.drift.difference[feature=c]"].low > 0
    d = figures["explanation.drift.difference[feature=d]"]
    assert d.low < 0 < d.high
    ranks = figures["explanation.drift.rank_correlation"]
    # a: 2 × 0.2, b: 1, c: 0.5 × 3 in the new rows; a, b, c, d in the old ones
    assert ranks.value == pytest.approx(spearmanr(told, own).statistic) == pytest.approx(0.4, abs=0.01)
    assert ranks.low <= ranks.value <= ranks.high < 0.8


def test_the_same_population_keeps_its_order():
    figures, _, found = drift(rows(600, 3), rows(700, 4), LogisticRegression(), most=300)
    assert figures["explanation.drift.rank_correlation"].value == 1
    assert any(e.what == "rows explained for drift" and e.count == 300 for e in found.ledger)


@pytest.mark.parametrize(
    ("old", "estimator", "most", "reason"),
    [
        (rows(60, 6), GaussianNB(), 50, "cannot be explained exactly"),
        (rows(300, 6), LogisticRegression(), 0, "not asked for"),
        (rows(30, 6), LogisticRegression(), 100, "fewer than 50 rows"),
    ],
)
def test_what_is_not_measured_says_why(old, estimator, most, reason):
    figures, _, _ = drift(rows(60, 5), old, estimator, most=most)
    (figure,) = figures
    assert figure.status == "not_tested"
    assert reason in figure.reason


def test_without_a_reference_nothing_is_said_twice():
    figures, _, _ = drift(rows(60, 7), None, LogisticRegression())
    assert not list(figures)
