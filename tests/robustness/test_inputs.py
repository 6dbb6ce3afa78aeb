"""Changes of single inputs, against plain loops over predict, and against the closed form of a linear model."""

from __future__ import annotations

import lightgbm as lgb
import numpy as np
import pandas as pd
import pytest
from scipy.special import expit, logit
from sklearn.compose import make_column_transformer
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder

from explainkit.robustness.columns import Spread
from tests.robustness.asking import Asked, made_up

NUMBERS = ["income", "debt", "age"]
INPUTS = [*NUMBERS, "job"]
PLAN = {
    "model": {"positive": 1, "threshold": ">=0.5"},
    "data": {"target": "bad"},
    "robustness": {"search": 0, "label_noise": []},
    "features": {"debt": {"noise": 0.3}},
}
ROWS = made_up()


@pytest.fixture(scope="module")
def boosted() -> lgb.LGBMClassifier:
    return lgb.LGBMClassifier(n_estimators=15, num_leaves=7, verbose=-1, n_jobs=1).fit(ROWS[INPUTS], ROWS["bad"])


@pytest.fixture(scope="module")
def trees(boosted: lgb.LGBMClassifier) -> Asked:
    return Asked(boosted, ROWS, INPUTS, **PLAN)


@pytest.fixture(scope="module")
def line() -> LogisticRegression:
    return LogisticRegression().fit(ROWS[NUMBERS], ROWS["bad"])


@pytest.fixture(scope="module")
def linear(line: LogisticRegression) -> Asked:
    return Asked(line, ROWS, NUMBERS, **PLAN)


def test_a_shift_of_a_linear_model_is_its_closed_form(linear: Asked, line: LogisticRegression) -> None:
    before = line.predict_proba(ROWS[NUMBERS])[:, 1]
    for at, name in enumerate(NUMBERS):
        step = ROWS[name].std()
        if name == "age":
            step = round(step)
        for change, sign in (("up", 1), ("down", -1)):
            after = expit(logit(before) + sign * step * line.coef_[0, at])
            moved = np.abs(after - before)
            assert linear.value("score_change", change=change, feature=name) == pytest.approx(moved.mean(), rel=1e-9)
            flips = ((after >= 0.5) != (before >= 0.5)).mean()
            assert linear.value("flips", change=change, feature=name) == flips
            worst = np.sort(moved)[int(np.ceil(0.95 * len(moved))) - 1]
            assert linear.value("score_change_p95", change=change, feature=name) == pytest.approx(worst, rel=1e-9)


@pytest.mark.parametrize(("change", "value"), [("lowest", "min"), ("highest", "max"), ("missing", None)])
def test_extremes_and_gaps_are_what_predict_says(trees: Asked, boosted, change: str, value: str | None) -> None:
    before = boosted.predict_proba(ROWS[INPUTS])[:, 1]
    for name in NUMBERS:
        changed = ROWS[INPUTS].copy()
        changed[name] = np.nan if value is None else getattr(ROWS[name], value)()
        after = boosted.predict_proba(changed)[:, 1]
        flips = (after >= 0.5) != (before >= 0.5)
        figure = trees.figure("flips", change=change, feature=name)
        assert (figure.value, figure.events, figure.n) == (flips.mean(), flips.sum(), len(ROWS))
        gain = roc_auc_score(ROWS["bad"], after) - roc_auc_score(ROWS["bad"], before)
        performance = trees.figure("performance_change", change=change, feature=name)
        assert performance.value == pytest.approx(gain, abs=1e-12)
        assert performance.low is None or performance.low <= gain <= performance.high


def test_a_new_category_is_said_to_be_taken_for_a_missing_one(trees: Asked, boosted: lgb.LGBMClassifier) -> None:
    changed = ROWS[INPUTS].copy()
    changed["job"] = pd.Categorical([None] * len(ROWS), categories=ROWS["job"].cat.categories)
    moved = np.abs(boosted.predict_proba(changed)[:, 1] - boosted.predict_proba(ROWS[INPUTS])[:, 1])
    figure = trees.figure("score_change", change="unseen", feature="job")
    assert figure.value == pytest.approx(moved.mean(), rel=1e-9)
    assert "taken for a missing value" in figure.method
    assert trees.value("score_change", change="missing", feature="job") == pytest.approx(moved.mean(), rel=1e-9)


def test_a_model_that_refuses_is_said_to(linear: Asked) -> None:
    figure = linear.figure("score_change", change="missing", feature="debt")
    assert figure.status == "not_tested"
    assert "NaN" in figure.reason
    told = [e for e in linear.measured.ledger if e.what == "the input debt changed: missing"]
    assert [e.kind for e in told] == ["not_tested"]
    encoder = make_column_transformer((OneHotEncoder(), ["job"]), remainder="passthrough")
    model = make_pipeline(encoder, LogisticRegression(max_iter=500)).fit(ROWS[INPUTS], ROWS["bad"])
    refused = Asked(model, ROWS, INPUTS, **PLAN).figure("score_change", change="unseen", feature="job")
    assert refused.status == "not_tested"
    assert "unknown categories" in refused.reason


def test_noise_is_of_the_stated_size_or_of_neighbouring_ranks(linear: Asked) -> None:
    stated = linear.figure("score_change", change="noise", feature="debt")
    assert "the standard deviation stated, 0.3" in stated.method
    assert "within 0.05 of the ranks" in linear.figure("score_change", change="noise", feature="income").method
    assert "3 inputs at once, stated for 1 of them" in linear.figure("flips", change="noise").method
    spread = Spread(np.sort(ROWS["income"].to_numpy()))
    own = ROWS["income"].to_numpy()
    low, high = spread.around(own, 0.05)
    ranks = np.searchsorted(spread.sorted, own)
    assert (low == spread.sorted[(ranks - 20).clip(0)]).all()
    assert (high == spread.sorted[(ranks + 20).clip(max=399)]).all()
    drawn = np.stack([spread.drawn(own, 0.05, np.random.default_rng(i)) for i in range(60)])
    assert ((drawn >= low) & (drawn <= high)).all()
    middle = (ranks > 20) & (ranks < 379)
    assert drawn[:, middle].min(axis=0) == pytest.approx(low[middle], abs=1.0)  # the whole neighbourhood is drawn from


def test_many_equal_values_have_only_themselves_around_them() -> None:
    spread = Spread(np.concatenate([np.zeros(90), np.arange(1.0, 11.0)]))
    values = np.array([0.0, 5.0, 99.0])
    low, high = spread.around(values, 0.05)
    assert low.tolist() == [0.0, 0.0, 6.0]  # 5 is the 94th of 0 … 99; the 89th is a zero
    assert high.tolist() == [0.0, 10.0, 99.0]
    assert (spread.drawn(np.zeros(3000), 0.05, np.random.default_rng(0)) == 0).all()


def test_whole_numbers_stay_whole(boosted: lgb.LGBMClassifier) -> None:
    seen = []

    class Spy(lgb.LGBMClassifier):
        def predict_proba(self, X, **more):
            seen.append(X["age"].to_numpy(dtype=float, na_value=np.nan))
            return super().predict_proba(X, **more)

    spy = Spy(n_estimators=3, verbose=-1, n_jobs=1).fit(ROWS[INPUTS], ROWS["bad"])
    Asked(spy, ROWS, INPUTS, **{**PLAN, "features": {"age": {"noise": 0.7}}})
    values = np.concatenate(seen)
    assert (values[np.isfinite(values)] % 1 == 0).all()


def test_a_number_is_predicted(line: LogisticRegression) -> None:
    model = LinearRegression().fit(ROWS[["income", "debt"]], ROWS["age"])
    asked = Asked(model, ROWS, ["income", "debt"], data={"target": "age"}, robustness={})
    figure = asked.figure("score_change", change="up", feature="debt")
    assert figure.value == pytest.approx(abs(model.coef_[1]) * ROWS["debt"].std(), rel=1e-9)
    assert figure.unit == "target"
    assert not asked.figures.named("robustness.flips")
    errors = [
        np.abs(model.predict(ROWS[["income", "debt"]]) + k * model.coef_[1] - ROWS["age"])
        for k in (0, ROWS["debt"].std())
    ]
    change = asked.figure("performance_change", change="up", feature="debt")
    assert change.value == pytest.approx((errors[1] - errors[0]).mean(), rel=1e-9)


def test_several_classes_flip_by_the_largest() -> None:
    model = LogisticRegression(max_iter=500).fit(ROWS[NUMBERS], ROWS["job"].astype(str))
    asked = Asked(model, ROWS, NUMBERS, data={"target": "job"}, robustness={"search": 20})
    changed = ROWS[NUMBERS].copy()
    changed["debt"] = changed["debt"].max()
    before, after = model.predict_proba(ROWS[NUMBERS]), model.predict_proba(changed)
    assert asked.value("flips", change="highest", feature="debt") == (before.argmax(1) != after.argmax(1)).mean()
    moved = np.abs(before - after).sum(axis=1) / 2
    assert asked.value("score_change", change="highest", feature="debt") == pytest.approx(moved.mean(), rel=1e-9)


def test_weights_and_clusters_count(boosted: lgb.LGBMClassifier) -> None:
    rows = ROWS.assign(w=np.random.default_rng(0).integers(0, 4, len(ROWS)).astype(float))
    plan = {**PLAN, "data": {"target": "bad", "weight": {"column": "w", "kind": "sampling"}}}
    asked = Asked(boosted, rows, INPUTS, **plan)
    changed = ROWS[INPUTS].assign(debt=ROWS["debt"].max())
    moved = np.abs(boosted.predict_proba(changed)[:, 1] - boosted.predict_proba(ROWS[INPUTS])[:, 1])
    figure = asked.figure("score_change", change="highest", feature="debt")
    assert figure.value == pytest.approx(np.average(moved, weights=rows["w"]), rel=1e-9)
    assert figure.n == int((rows["w"] > 0).sum())
    gain = roc_auc_score(ROWS["bad"], boosted.predict_proba(changed)[:, 1], sample_weight=rows["w"])
    gain -= roc_auc_score(ROWS["bad"], boosted.predict_proba(ROWS[INPUTS])[:, 1], sample_weight=rows["w"])
    assert asked.value("performance_change", change="highest", feature="debt") == pytest.approx(gain, abs=1e-12)


def test_drawn_rows_are_said_and_asked_rows_are_counted(boosted: lgb.LGBMClassifier) -> None:
    asked = Asked(boosted, ROWS, INPUTS, **{**PLAN, "robustness": {"rows": 100, "search": 0, "label_noise": []}})
    entry = next(e for e in asked.measured.ledger if e.what == "rows whose inputs are changed")
    assert (entry.kind, entry.count) == ("sampled", 100)
    # As they are; 5 changes of each number and a gap (twice the rows); a category drawn, a gap, a new one; all noise.
    assert asked.value("asked") == 100 * (1 + 3 * (5 + 2) + (1 + 2 + 2) + 1)
