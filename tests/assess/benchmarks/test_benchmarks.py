"""Simple models against scikit-learn's own pipelines, and differences against a paired bootstrap."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from sklearn import metrics
from sklearn.compose import make_column_transformer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from explainkit.assess.benchmarks import benchmarks, learned
from explainkit.assess.statistics.paired import delong_difference, newcombe_paired
from explainkit.errors import PlanError
from explainkit.figures import figure_id
from explainkit.plan import plan_from
from tests.assess.builders import check_sane, dataset, figures_of, subject_of

FEATURES = ("amount", "age", "job")
PLAN = plan_from({"benchmarks": {}})


def frame(n: int, seed: int) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    data = pd.DataFrame({"amount": rng.normal(size=n), "age": rng.integers(18, 70, n).astype(float)})
    data["job"] = rng.choice(["a", "b", "c"], n, p=[0.5, 0.3, 0.2])
    latent = data["amount"] - 0.03 * data["age"] + (data["job"] == "b") + rng.normal(size=n)
    data["y"] = (latent > 0).astype(float)
    data["loss"], data["grade"] = latent, np.digitize(latent, [-1.5, 0.5]).astype(float)
    data.loc[rng.random(n) < 0.1, "age"] = np.nan
    return data


TRAIN, TEST = frame(800, 1), frame(500, 2)
TEST.loc[3, "job"] = "z"  # which no reference row has
OWN = np.clip(TEST["y"] * 0.3 + 0.35 + np.random.default_rng(3).normal(0, 0.2, len(TEST)), 0.01, 0.99).to_numpy()


def measured(own=OWN, target="y", *, train=TRAIN, test=TEST, plan=PLAN, labels=None, features=FEATURES, **given):
    subject = subject_of(own, test[target], evaluation=dataset(test), features=features, **given)
    labels = train[target].to_numpy() if labels is None else labels
    reference = dataset(train, "reference")
    return benchmarks.measure(replace(subject, reference=reference, reference_labels=labels), plan)


def value(found, key, model, what="value"):
    return figures_of(found)[figure_id(f"benchmark.{what}", figure=f"performance.{key}", model=model)]


def pipeline(last):
    """The same regression as scikit-learn's own parts make it."""
    numbers = make_pipeline(SimpleImputer(strategy="median", add_indicator=True), StandardScaler())
    texts = make_pipeline(OneHotEncoder(handle_unknown="ignore", sparse_output=False), StandardScaler())
    return make_pipeline(make_column_transformer((numbers, ["amount", "age"]), (texts, ["job"])), last)


def test_a_logistic_regression_is_that_of_sklearn():
    expected = pipeline(LogisticRegression(tol=1e-9, max_iter=1000)).fit(TRAIN, TRAIN["y"]).predict_proba(TEST)[:, 1]
    found = measured()
    check_sane([f for f in found.figures if f.name == "benchmark.value"])
    for key, metric in (
        ("roc_auc", metrics.roc_auc_score),
        ("log_loss", metrics.log_loss),
        ("brier", metrics.brier_score_loss),
    ):
        figure = value(found, key, "linear")
        assert figure.value == pytest.approx(metric(TEST["y"], expected), abs=2e-6)
        difference = value(found, key, "linear", "difference")
        assert difference.value == pytest.approx(metric(TEST["y"], OWN) - metric(TEST["y"], expected), abs=2e-6)
        assert difference.low < difference.value < difference.high
    ends = delong_difference(OWN, expected, TEST["y"].to_numpy() == 1)
    difference = value(found, "roc_auc", "linear", "difference")
    assert (difference.low, difference.high) == pytest.approx((ends.low, ends.high), abs=1e-5)
    y, rng = TEST["y"].to_numpy(), np.random.default_rng(9)
    moved = [
        metrics.roc_auc_score(y[d], OWN[d]) - metrics.roc_auc_score(y[d], expected[d])
        for d in rng.integers(0, len(y), (400, len(y)))
    ]
    assert difference.high - difference.low == pytest.approx(2 * 1.96 * np.std(moved), rel=0.12)


def test_the_base_rate_is_that_of_the_reference_rows():
    found = measured()
    rate = TRAIN["y"].mean()
    assert value(found, "roc_auc", "base_rate").value == 0.5
    expected = metrics.log_loss(TEST["y"], np.full(len(TEST), rate))
    assert value(found, "log_loss", "base_rate").value == pytest.approx(expected)
    assert value(found, "log_loss", "base_rate", "difference").reference.startswith("the rates of the outcomes")


def test_the_best_feature_is_chosen_on_the_reference_rows_and_judged_on_the_others():
    areas = {
        "amount": metrics.roc_auc_score(TRAIN["y"], TRAIN["amount"]),
        "age": metrics.roc_auc_score(TRAIN["y"], -TRAIN["age"].fillna(TRAIN["age"].median())),
    }
    assert max(areas, key=areas.get) == "amount"
    found = measured()
    figure = value(found, "roc_auc", "feature")
    assert figure.value == pytest.approx(metrics.roc_auc_score(TEST["y"], TEST["amount"]))
    assert figure.reference == "amount"
    assert not any(f.keys.get("model") == "feature" and "log_loss" in f.id for f in found.figures)
    # It is not the one that happens to be best on the evaluation rows.
    shuffled = TEST.assign(amount=np.random.default_rng(1).permutation(TEST["amount"]))
    assert value(measured(test=shuffled), "roc_auc", "feature").reference == "amount"


def test_a_feature_that_ranks_the_other_way_round_and_a_category():
    age = measured(features=("age",))
    filled = TEST["age"].fillna(TRAIN["age"].median())
    assert value(age, "roc_auc", "feature").value == pytest.approx(metrics.roc_auc_score(TEST["y"], -filled))
    job = measured(features=("job",))
    sums, rows = TRAIN.groupby("job")["y"].sum(), TRAIN.groupby("job")["y"].size()
    rates = (sums + TRAIN["y"].mean()) / (rows + 1)
    expected = metrics.roc_auc_score(TEST["y"], TEST["job"].map(rates).fillna(TRAIN["y"].mean()))
    assert value(job, "roc_auc", "feature").value == pytest.approx(expected)


def test_weights_of_the_reference_rows_are_used():
    weights = np.random.default_rng(4).uniform(0.2, 3, len(TRAIN))
    train, plan = (
        TRAIN.assign(w=weights),
        plan_from({"benchmarks": {}, "data": {"weight": {"column": "w", "kind": "sampling"}}}),
    )
    found = measured(train=train, plan=plan)
    rate = np.average(TRAIN["y"], weights=weights)
    expected = metrics.brier_score_loss(TEST["y"], np.full(len(TEST), rate))
    assert value(found, "brier", "base_rate").value == pytest.approx(expected)


def test_a_regression():
    own = TEST["loss"].to_numpy() + np.random.default_rng(5).normal(0, 0.5, len(TEST))
    found = measured(own, "loss", task="regression")
    y = TEST["loss"]
    fitted = pipeline(LinearRegression()).fit(TRAIN, TRAIN["loss"]).predict(TEST)
    alone = LinearRegression().fit(TRAIN[["amount"]], TRAIN["loss"]).predict(TEST[["amount"]])
    expected = {
        "base_rate": metrics.mean_absolute_error(
            y, np.full(len(y), np.quantile(TRAIN["loss"], 0.5, method="inverted_cdf"))
        ),
        "linear": metrics.mean_absolute_error(y, fitted),
        "feature": metrics.mean_absolute_error(y, alone),
    }
    for model, error in expected.items():
        assert value(found, "mae", model).value == pytest.approx(error, rel=1e-9)
        assert value(found, "mae", model, "difference").unit == "target"


def test_several_classes():
    own = np.random.default_rng(6).dirichlet(np.ones(3), len(TEST))
    found = measured(own, "grade", task="multiclass")
    y = TEST["grade"].to_numpy()
    chances = pipeline(LogisticRegression(tol=1e-9, max_iter=1000)).fit(TRAIN, TRAIN["grade"]).predict_proba(TEST)
    right, others = own.argmax(axis=1) == y, chances.argmax(axis=1) == y
    assert value(found, "log_loss", "linear").value == pytest.approx(metrics.log_loss(y, chances), abs=2e-6)
    difference = value(found, "accuracy", "linear", "difference")
    assert difference.value == pytest.approx(right.mean() - others.mean())
    counts = [(right & others).sum(), (right & ~others).sum(), (~right & others).sum(), (~right & ~others).sum()]
    ends = newcombe_paired(*map(int, counts))
    assert (difference.low, difference.high) == (ends.low, ends.high)
    share = TRAIN["grade"].value_counts(normalize=True).sort_index().to_numpy()
    expected = metrics.log_loss(y, np.tile(share, (len(y), 1)))
    assert value(found, "log_loss", "base_rate").value == pytest.approx(expected)
    assert "several classes" in reason(found, "feature")


def reason(found, model):
    figure = figures_of(found)[figure_id("benchmark.difference", model=model)]
    assert figure.status == "not_tested"
    return figure.reason


def test_what_cannot_be_learned_says_why():
    unlabelled = np.full(len(TRAIN), np.nan)
    assert reason(measured(labels=unlabelled), "base_rate") == "no reference row has an outcome to learn from"
    subject = subject_of(OWN, TEST["y"], evaluation=dataset(TEST), features=FEATURES)
    assert "data.reference" in reason(benchmarks.measure(subject, PLAN), "linear")
    subject = subject_of(OWN, None, evaluation=dataset(TEST), features=FEATURES)
    assert "data.target" in reason(benchmarks.measure(subject, PLAN), "feature")
    found = measured(features=())
    assert reason(found, "linear") == reason(found, "feature") == "the inputs of the model are not known"
    assert value(found, "roc_auc", "base_rate").value == 0.5  # which needs none
    assert "one class" in reason(measured(labels=np.ones(len(TRAIN))), "linear")
    assert "no input ranks" in reason(measured(labels=np.ones(len(TRAIN))), "feature")


def test_resampled_rows_are_ranked_only():
    found = measured(population="resampled")
    assert {f.keys["figure"] for f in found.figures} == {"performance.roc_auc"}


def test_of_too_many_rows_some_are_drawn_and_it_is_said(monkeypatch):
    monkeypatch.setattr(learned, "MOST_CELLS", 600)
    found = measured()
    assert [(e.kind, e.count) for e in found.ledger] == [("sampled", 100)]
    assert value(found, "roc_auc", "linear").value == value(measured(), "roc_auc", "linear").value


def test_a_column_of_numbers_there_and_of_texts_here():
    found = measured(test=TEST.assign(age=TEST["age"].astype(str)))
    assert value(found, "roc_auc", "linear").value > 0.6


def test_the_plan_says_which():
    found = measured(plan=plan_from({"benchmarks": {"models": ["base_rate"]}}))
    assert {f.keys["model"] for f in found.figures} == {"base_rate"}
    assert measured(plan=plan_from({})).figures == ()
    for models in ([], ["linear", "linear"], ["forest"]):
        with pytest.raises(PlanError, match=r"benchmarks"):
            plan_from({"benchmarks": {"models": models}})
