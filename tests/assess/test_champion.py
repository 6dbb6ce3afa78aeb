"""Differences to the champion against scikit-learn and SciPy on the same rows."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from sklearn import metrics

from explainkit.assess import champion
from explainkit.assess.statistics.paired import delong_difference, newcombe_paired
from explainkit.errors import DataError, PlanError
from explainkit.figures import figure_id
from explainkit.plan import plan_from
from tests.assess.builders import check_sane, dataset, figures_of, group, subject_of

N = 400
RNG = np.random.default_rng(11)
Y = (RNG.random(N) < 0.4).astype(float)
OWN = np.clip(0.25 + 0.4 * Y + RNG.normal(0, 0.2, N), 0, 1)
OLD = np.clip(0.3 + 0.3 * Y + RNG.normal(0, 0.25, N), 0, 1)
SEX = ["f" if i % 3 else "m" for i in range(N)]
GATES = ("fairness.accuracy", "fairness.roc_auc", "fairness.true_positive_rate", "fairness.false_positive_rate")


def plan(threshold=">=0.4", gates=(), score="old", **more):
    own = {} if threshold is None else {"threshold": threshold}
    compared = {key: {"no_worse_than_champion": True} for key in gates}
    return plan_from({"champion": {"score": score, "name": "scorecard 7", **own}, "gates": compared, **more})


def measured(*, plan=None, own=OWN, labels=Y, old=OLD, sexes=SEX, basis="for a test", **given):
    frame = pd.DataFrame({"x": np.arange(len(own)), "old": old})
    groups = [group("sex", sexes, basis=basis)]
    subject = subject_of(own, labels, evaluation=dataset(frame), groups=groups, **given)
    return champion.measure(subject, plan or PLAN)


PLAN = plan(gates=GATES)


def pair(found, key):
    figures = figures_of(found)
    return figures[figure_id("champion.value", figure=key)], figures[figure_id("champion.difference", figure=key)]


def test_values_are_those_of_sklearn_on_the_same_rows():
    found = measured()
    check_sane([f for f in found.figures if f.name == "champion.value"])
    own, old = OWN >= 0.5, OLD >= 0.4
    expected = {
        "performance.roc_auc": (metrics.roc_auc_score(Y, OWN), metrics.roc_auc_score(Y, OLD)),
        "performance.brier": (metrics.brier_score_loss(Y, OWN), metrics.brier_score_loss(Y, OLD)),
        "performance.log_loss": (metrics.log_loss(Y, OWN), metrics.log_loss(Y, OLD)),
        "performance.accuracy": (metrics.accuracy_score(Y, own), metrics.accuracy_score(Y, old)),
        "performance.recall": (metrics.recall_score(Y, own), metrics.recall_score(Y, old)),
        "performance.specificity": tuple(metrics.recall_score(Y, d, pos_label=0) for d in (own, old)),
    }
    for sex in "fm":
        rows = np.array(SEX) == sex
        y, a, b = Y[rows], own[rows], old[rows]
        key = f"[sex={sex}]"
        expected |= {
            f"fairness.accuracy{key}": (metrics.accuracy_score(y, a), metrics.accuracy_score(y, b)),
            f"fairness.roc_auc{key}": (metrics.roc_auc_score(y, OWN[rows]), metrics.roc_auc_score(y, OLD[rows])),
            f"fairness.true_positive_rate{key}": (metrics.recall_score(y, a), metrics.recall_score(y, b)),
            f"fairness.false_positive_rate{key}": (a[y == 0].mean(), b[y == 0].mean()),
        }
    assert {f.keys["figure"] for f in found.figures} == set(expected)
    for key, (mine, other) in expected.items():
        value, difference = pair(found, key)
        assert value.value == pytest.approx(other, rel=1e-12)
        assert difference.value == pytest.approx(mine - other, abs=1e-12)
        assert difference.low <= difference.value <= difference.high
        assert difference.reference == "scorecard 7, decided positive at >=0.4"


def test_intervals_are_paired():
    found = measured()
    difference = pair(found, "performance.roc_auc")[1]
    ends = delong_difference(OWN, OLD, Y == 1)
    assert (difference.low, difference.high) == (ends.low, ends.high)
    assert "DeLong" in difference.method
    difference = pair(found, "performance.brier")[1]
    ends = stats.ttest_rel((OWN - Y) ** 2, (OLD - Y) ** 2).confidence_interval()
    assert (difference.low, difference.high) == pytest.approx((ends.low, ends.high))
    own, old = (OWN >= 0.5) == (Y == 1), (OLD >= 0.4) == (Y == 1)
    ends = newcombe_paired(
        int((own & old).sum()), int((own & ~old).sum()), int((~own & old).sum()), int((~own & ~old).sum())
    )
    difference = pair(found, "performance.accuracy")[1]
    assert (difference.low, difference.high) == (ends.low, ends.high)
    assert difference.threshold == ">=0.5"
    assert difference.n == N
    assert pair(found, "performance.recall")[1].n == int(Y.sum())


def test_regression_by_mean_absolute_error():
    y = RNG.normal(size=N)
    own, old = y + RNG.normal(0, 1, N), y + RNG.normal(0, 2, N)
    found = measured(own=own, labels=y, old=old, task="regression", plan=plan(threshold=None, gates=["fairness.mae"]))
    difference = pair(found, "performance.mae")[1]
    ends = stats.ttest_rel(np.abs(own - y), np.abs(old - y)).confidence_interval()
    assert (difference.low, difference.high) == pytest.approx((ends.low, ends.high))
    assert difference.unit == "target"
    assert {f.keys["figure"] for f in found.figures} == {
        "performance.mae",
        "fairness.mae[sex=f]",
        "fairness.mae[sex=m]",
    }


def test_rows_without_outcome_are_left_out_and_weights_are_allowed_for():
    labels = Y.copy()
    labels[::4] = np.nan
    kept = ~np.isnan(labels)
    difference = pair(measured(labels=labels), "performance.brier")[1]
    expected = metrics.brier_score_loss(Y[kept], OWN[kept]) - metrics.brier_score_loss(Y[kept], OLD[kept])
    assert difference.value == pytest.approx(expected)
    assert difference.n == kept.sum()
    weights = RNG.uniform(0.5, 2, N)
    for key, score in (("performance.roc_auc", metrics.roc_auc_score), ("performance.brier", metrics.brier_score_loss)):
        difference = pair(measured(weights=weights), key)[1]
        expected = score(Y, OWN, sample_weight=weights) - score(Y, OLD, sample_weight=weights)
        assert difference.value == pytest.approx(expected)
        moved = [
            score(Y[drawn], OWN[drawn], sample_weight=weights[drawn])
            - score(Y[drawn], OLD[drawn], sample_weight=weights[drawn])
            for drawn in np.random.default_rng(8).integers(0, N, (400, N))
        ]
        assert difference.high - difference.low == pytest.approx(2 * 1.96 * np.std(moved), rel=0.15)
        assert difference.low < difference.value < difference.high
        assert "linearised" in difference.method


def why(found, key):
    figure = figures_of(found)[figure_id("champion.difference", figure=key)]
    assert figure.value is None
    return figure.status, figure.reason


def test_what_cannot_be_compared_says_why():
    auc, accuracy = "performance.roc_auc", "performance.accuracy"
    assert why(measured(labels=None), auc) == ("not_tested", "the data has no outcome (data.target)")
    assert why(measured(labels=np.full(N, np.nan)), accuracy)[1] == "no row has an outcome"
    assert why(measured(labels=np.ones(N)), auc) == ("not_tested", "the outcomes are all of one class")
    assert why(measured(labels=np.ones(N)), "performance.specificity")[0] == "insufficient"
    assert "champion.threshold" in why(measured(plan=plan(threshold=None)), accuracy)[1]
    assert "model.threshold" in why(measured(threshold=None), accuracy)[1]
    assert "champion's scores are not probabilities" in why(measured(old=OLD * 1000), "performance.brier")[1]
    pair(measured(old=OLD * 1000), auc)  # ranks need no probabilities
    many = np.full((N, 3), 1 / 3)
    assert "several classes" in why(measured(own=many, labels=np.arange(N) % 3, task="multiclass"), accuracy)[1]
    assert "resampled" in why(measured(population="resampled"), "performance.brier")[1]


def test_hidden_groups_are_not_compared():
    sexes = ["x" if i < 4 else s for i, s in enumerate(SEX)]
    found = measured(sexes=sexes)
    figures = figures_of(found)
    shown = {
        sex for sex in "fmx" if figures[figure_id("champion.difference", figure=f"fairness.accuracy[sex={sex}]")].value
    }
    assert shown == {"f"}
    assert why(found, "fairness.accuracy[sex=x]")[0] == why(found, "fairness.accuracy[sex=m]")[0] == "suppressed"


def test_groups_without_a_basis_are_not_tested_rather_than_suppressed():
    status, reason = why(measured(basis=None), "fairness.accuracy[sex=f]")
    assert (status, "fairness.basis.sex" in reason) == ("not_tested", True)


@pytest.mark.parametrize("old", [np.full(N, 0.3), OWN])
def test_a_constant_champion_and_the_same_model_again(old):
    found = measured(old=old)
    difference = pair(found, "performance.roc_auc")[1]
    if old is OWN:
        assert (difference.value, difference.low) == (0, None)
    else:
        assert difference.low < difference.value < difference.high
    rate = pair(found, "performance.accuracy")[1]
    assert rate.low < rate.value < rate.high


@pytest.mark.parametrize(
    ("old", "words"),
    [
        (np.where(np.arange(N) == 6, np.nan, OLD), "missing or infinite; found 1 of 400, the first at position 7"),
        (np.where(np.arange(N) == 0, np.inf, OLD), "missing or infinite"),
        ([str(v) for v in OLD], "champion.score: column .*: scores are numbers"),
    ],
)
def test_scores_that_are_no_numbers_are_errors(old, words):
    with pytest.raises(DataError, match=words):
        measured(old=old)


def test_a_column_that_is_not_there_is_an_error():
    with pytest.raises(
        DataError, match="champion.score: no such column in the data; found 'odl'; remedy: did you mean"
    ):
        measured(plan=plan(score="odl"))


@pytest.mark.parametrize(
    ("document", "words"),
    [
        ({"gates": {"performance.roc_auc": {"no_worse_than_champion": True}}}, "no champion to compare with"),
        ({"champion": {}}, "champion.score"),
        ({"champion": {"score": "s", "threshold": 0.5}}, "champion.threshold: the threshold needs its side"),
        ({"gates": {"a.b": {"no_worse_than_champion": True, "min": 0.5}}}, "exactly one of"),
        ({"gates": {"a.b": {"min": 0.5, "margin": 0.1}}}, "margin belongs to no_worse_than_champion"),
        ({"gates": {"a.b": {"no_worse_than_champion": True, "margin": -0.1}}}, "margin"),
        ({"gates": {"a.b": {"no_worse_than_champion": True, "bound": "low"}}}, "leave out bound"),
        ({"gates": {"a.b": {"no_worse_than_champion": False, "min": 1}}}, "no_worse_than_champion"),
    ],
)
def test_what_a_plan_may_say_of_the_champion(document, words):
    with pytest.raises(PlanError, match=words):
        plan_from(document)


def test_without_a_champion_nothing_is_measured():
    assert measured(plan=plan_from({})).figures == ()
