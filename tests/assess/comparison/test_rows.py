"""Both models on the same rows: scikit-learn, SciPy and brute force as oracles; coverage; small groups."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest
from scipy import stats
from sklearn import metrics

from explainkit.assess.comparison import flips, rows
from explainkit.assess.comparison.figures import compare
from explainkit.assess.comparison.together import FEW, Together
from explainkit.errors import DataError, VerificationError
from explainkit.figures import Figure, FigureSet
from explainkit.plan import plan_from
from tests.assess.builders import dataset, group, subject_of
from tests.bounded import share
from tests.sign.builders import make_evidence

N = 600
RNG = np.random.default_rng(3)
Y = (RNG.random(N) < 0.4).astype(float)
NEW = np.clip(0.25 + 0.4 * Y + RNG.normal(0, 0.2, N), 0, 1)
OLD = np.clip(0.3 + 0.3 * Y + RNG.normal(0, 0.25, N), 0, 1)
SEX = np.array(["f" if i % 3 else "m" for i in range(N)])
PLAN = plan_from({"fairness": {"reference": {"sex": "m"}, "min_cell": 5}})
NOTHING = (FigureSet([]), FigureSet([]))


def together(old=OLD, new=NEW, labels=Y, *, groups=None, plan=PLAN, thresholds=(">=0.5", ">=0.45"), **given):
    groups = [group("sex", SEX.tolist())] if groups is None else groups
    sides = [
        subject_of(scores, labels, groups=groups, threshold=threshold, **given)
        for scores, threshold in zip((old, new), thresholds, strict=True)
    ]
    return Together(before=sides[0], after=sides[1], plans=(plan, plan), of_cards=False)


def measured(both):
    return {p.figure: p for p in rows.measure(both, NOTHING)}


def test_values_of_both_models_are_those_of_sklearn():
    found = measured(together())
    a, b = OLD >= 0.5, NEW >= 0.45
    expected = {
        "performance.roc_auc": (metrics.roc_auc_score, OLD, NEW),
        "performance.brier": (metrics.brier_score_loss, OLD, NEW),
        "performance.accuracy": (metrics.accuracy_score, a, b),
        "performance.recall": (metrics.recall_score, a, b),
        "performance.precision": (metrics.precision_score, a, b),
        "performance.f1": (metrics.f1_score, a, b),
        "performance.mcc": (metrics.matthews_corrcoef, a, b),
        "performance.balanced_accuracy": (metrics.balanced_accuracy_score, a, b),
    }
    for key, (score, one, two) in expected.items():
        pair = found[key]
        assert pair.before.value == pytest.approx(score(Y, one)), key
        assert pair.after.value == pytest.approx(score(Y, two)), key
        assert pair.difference.value == pytest.approx(score(Y, two) - score(Y, one)), key
        assert pair.difference.low < pair.difference.value < pair.difference.high
        assert pair.basis == "paired"
    # The favourable class is the other one.
    assert found["performance.selection_rate"].before.value == pytest.approx(np.mean(~a))
    women = SEX == "f"
    ratio = found["fairness.impact_ratio[sex=f]"]
    assert ratio.after.value == pytest.approx(np.mean(~b[women]) / np.mean(~b[~women]))
    assert ratio.before.value == pytest.approx(np.mean(~a[women]) / np.mean(~a[~women]))
    moved = found["fairness.selection_difference[sex=f]"].difference.value
    expected_move = (np.mean(~b[women]) - np.mean(~b[~women])) - (np.mean(~a[women]) - np.mean(~a[~women]))
    assert moved == pytest.approx(expected_move)


@pytest.mark.parametrize(
    "key", ["performance.precision", "performance.f1", "performance.mcc", "fairness.impact_ratio[sex=f]"]
)
def test_resampled_tables_agree_with_resampled_rows(key):
    pair = measured(together())[key]
    rng = np.random.default_rng(1)

    def value(drawn, scores, cut):
        decided, labels = scores[drawn] >= cut, Y[drawn] == 1
        hits, alarms, misses = (np.sum(x) for x in (decided & labels, decided & ~labels, ~decided & labels))
        if key == "performance.precision":
            return hits / (hits + alarms)
        if key == "performance.f1":
            return 2 * hits / (2 * hits + alarms + misses)
        if key == "performance.mcc":
            return np.corrcoef(decided, labels)[0, 1]
        women = SEX[drawn] == "f"
        return np.mean(~decided[women]) / np.mean(~decided[~women])

    moved = [value(drawn, NEW, 0.45) - value(drawn, OLD, 0.5) for drawn in rng.integers(0, N, (3000, N))]
    assert pair.difference.high - pair.difference.low == pytest.approx(2 * 1.96 * np.std(moved), rel=0.12)


def test_a_regression_against_scipy_and_resampled_rows():
    rng = np.random.default_rng(2)
    y = rng.normal(10, 3, N)
    old, new = y + rng.normal(0.5, 2, N), y + rng.normal(0, 1.5, N)
    both = together(old, new, y, task="regression", thresholds=(None, None), favourable=None)
    found = measured(both)
    ends = stats.ttest_rel(new - y, old - y).confidence_interval()
    bias = found["performance.mean_error"].difference
    assert (bias.low, bias.high) == pytest.approx((ends.low, ends.high))
    scores = {
        "performance.rmse": metrics.root_mean_squared_error,
        "performance.r2": metrics.r2_score,
        "performance.mae": metrics.mean_absolute_error,
    }
    for key, score in scores.items():
        pair = found[key].difference
        assert pair.value == pytest.approx(score(y, new) - score(y, old))
        moved = [score(y[d], new[d]) - score(y[d], old[d]) for d in rng.integers(0, N, (300, N))]
        assert pair.high - pair.low == pytest.approx(2 * 1.96 * np.std(moved), rel=0.15), key
    (moved,) = flips.measure(both).figures
    assert moved.value == pytest.approx(np.mean(np.abs(new - old)))
    assert moved.id == "compare.prediction_change"


def test_several_classes():
    rng = np.random.default_rng(6)
    labels = rng.integers(0, 3, N).astype(float)
    old, new = (rng.dirichlet([1, 1, 1], N) + k * np.eye(3)[labels.astype(int)] for k in (0.2, 0.3))
    both = together(old, new, labels, task="multiclass", thresholds=(None, None))
    pair = measured(both)["performance.accuracy"]
    assert pair.before.value == pytest.approx(np.mean(old.argmax(1) == labels))
    assert pair.after.value == pytest.approx(np.mean(new.argmax(1) == labels))
    found = FigureSet(flips.measure(both).figures)
    assert found["compare.flips"].value == pytest.approx(np.mean(old.argmax(1) != new.argmax(1)))
    selected = [s.argmax(1) == 0 for s in (old, new)]
    assert found["compare.flips_to_favourable"].events == np.sum(~selected[0] & selected[1])
    assert "compare.flips[sex=f]" not in found


def test_flips_by_brute_force():
    found = FigureSet(flips.measure(together()).figures)
    for who, inside in {"": [True] * N, "[sex=f]": SEX == "f", "[sex=m]": SEX == "m"}.items():
        up = down = rows_ = 0
        for old, new, counted in zip(OLD, NEW, inside, strict=True):
            if counted:
                rows_ += 1
                up += old >= 0.5 and not new >= 0.45  # to the negative class, which is the favourable one
                down += not old >= 0.5 and new >= 0.45
        for name, events in (("to_favourable", up), ("to_unfavourable", down)):
            figure = found[f"compare.flips_{name}{who}"]
            assert (figure.events, figure.n, figure.value) == (events, rows_, pytest.approx(events / rows_))
            ends = stats.binomtest(events, rows_).proportion_ci(method="wilson")
            assert (figure.low, figure.high) == pytest.approx((ends.low, ends.high))
        assert found[f"compare.flips{who}"].events == up + down
    assert found["compare.flips"].threshold == ">=0.5 → >=0.45"


def test_without_a_favourable_outcome_flips_are_of_the_positive_class():
    found = FigureSet(flips.measure(together(favourable=None)).figures)
    assert found["compare.flips_to_positive"].events == np.sum((OLD < 0.5) & (NEW >= 0.45))
    assert found["compare.flips_from_positive"].events == np.sum((OLD >= 0.5) & (NEW < 0.45))


def test_without_a_threshold_no_decision_is_said_to_flip():
    found = flips.measure(together(thresholds=(None, ">=0.5")))
    assert found.figures == ()
    assert "threshold is not stated" in found.ledger[0].reason


def few(count, size=150):
    """Three groups; of the first `count` decisions turn unfavourable, of the others many turn either way."""
    codes = np.repeat(["a", "b", "c"], size)
    old, new = np.full(3 * size, 0.2), np.full(3 * size, 0.2)
    new[:count] = 0.8
    new[size : size + 40], new[2 * size : 2 * size + 40] = 0.8, 0.8
    old[size + 40 : size + 80], old[2 * size + 40 : 2 * size + 80] = 0.8, 0.8
    labels = (np.arange(3 * size) % 2).astype(float)
    return together(old, new, labels, groups=[group("g", codes.tolist())], thresholds=(">=0.5", ">=0.5"))


@pytest.mark.parametrize(("count", "hidden"), [(0, False), (1, True), (4, True), (30, False)])
def test_few_flips_of_a_group_are_hidden_with_another_group(count, hidden):
    both = few(count)
    found = FigureSet(flips.measure(both).figures)
    shown = {g: found[f"compare.flips_to_unfavourable[g={g}]"] for g in "abc"}
    assert (shown["a"].value is None) is hidden
    if hidden:
        assert (shown["a"].status, shown["a"].reason) == ("suppressed", FEW)
        # Else the total less the others would tell.
        assert sum(f.value is None for f in shown.values()) >= 2
        gone = [g for g, f in shown.items() if f.value is None]
        for name in ("compare.flips", "compare.flips_to_favourable", "compare.flips_to_unfavourable"):
            assert [g for g in "abc" if found[f"{name}[g={g}]"].value is None] == gone
        paired = measured(both)
        # A paired interval tells how many flip.
        assert not [key for key in paired if key.endswith("[g=a]") and not key.startswith("fairness.roc_auc")]


def test_groups_that_a_card_hides_stay_hidden():
    plan = plan_from({"fairness": {"min_cell": 300}})
    found = FigureSet(flips.measure(together(plan=plan)).figures)
    assert found["compare.flips[sex=m]"].value is None
    assert found["compare.flips[sex=f]"].value is None
    lacking = together(groups=[group("sex", SEX.tolist(), basis=None)])
    figure = FigureSet(flips.measure(lacking).figures)["compare.flips[sex=m]"]
    assert figure.status == "not_tested"
    assert "legal basis" in figure.reason


def test_a_group_whose_rates_a_card_hides_is_not_told_of_though_many_of_its_decisions_flip():
    codes = np.repeat(["a", "b", "c"], 150)
    old, new = np.full(450, 0.8), np.full(450, 0.2)
    new[::3] = 0.8
    old[150::2] = 0.2
    old[[1, 2, 4]] = 0.2  # three of the group selected before: fewer than fairness.min_count
    plan = plan_from({"fairness": {"min_cell": 5, "min_count": 5}})
    labels = (np.arange(450) % 2).astype(float)
    both = together(old, new, labels, groups=[group("g", codes.tolist())], thresholds=(">=0.5", ">=0.5"), plan=plan)
    found = FigureSet(flips.measure(both).figures)
    assert (found["compare.flips[g=a]"].value, found["compare.flips[g=a]"].reason) == (None, FEW)


def test_few_flips_among_rows_of_one_outcome_hide_paired_errors_and_not_paired_selection():
    codes = np.repeat(["a", "b", "c"], 150)
    labels = np.tile(np.arange(150) < 75, 3).astype(float)
    old, new = np.full(450, 0.2), np.full(450, 0.2)
    old[150::2], new[150::3] = 0.8, 0.8
    new[[0, 1, *range(100, 130)]] = 0.8  # of the group two positives flip, and thirty others
    old[[60, 61, 62, 63, 64, 65, *range(130, 140)]] = 0.8
    paired = measured(together(old, new, labels, groups=[group("g", codes.tolist())], thresholds=(">=0.5", ">=0.5")))
    assert "fairness.selection_rate[g=a]" in paired
    assert not {f"fairness.{rate}[g=a]" for rate in ("accuracy", "true_positive_rate", "false_positive_rate")} & {
        *paired
    }
    assert [g for g in "bc" if f"fairness.accuracy[g={g}]" in paired]


def test_weights_and_clusters_are_allowed_for():
    weights = RNG.uniform(0.5, 2, N)
    both = together(weights=weights)
    found = FigureSet(flips.measure(both).figures)["compare.flips"]
    moved = (OLD >= 0.5) != (NEW >= 0.45)
    assert found.value == pytest.approx(np.average(moved, weights=weights))
    assert found.low < found.value < found.high
    paired = measured(both)
    assert "performance.f1" not in paired
    a, b = OLD >= 0.5, NEW >= 0.45
    expected = np.average(~b, weights=weights) - np.average(~a, weights=weights)
    assert paired["performance.selection_rate"].difference.value == pytest.approx(expected)


def test_other_rows_outcomes_or_weights_are_refused():
    def side(**given):
        return subject_of(OLD, given.pop("labels", Y), **given)

    import pandas as pd

    other = dataset(pd.DataFrame({"x": range(N)}))
    other = dataclasses.replace(other, identity=dataclasses.replace(other.identity, digest="sha256:1"))
    for wrong, message in (
        (side(evaluation=other), "have to predict the same rows"),
        (side(labels=1 - Y), r"same outcomes \(data.target\)"),
        (side(weights=np.ones(N)), r"same weights \(data.weight\)"),
    ):
        with pytest.raises(DataError, match=message):
            Together(before=side(), after=wrong, plans=(PLAN, PLAN), of_cards=False)


def test_figures_of_the_cards_are_shown_and_have_to_come_out_again():
    both = dataclasses.replace(together(), of_cards=True)
    value = metrics.roc_auc_score(Y, OLD)
    old = Figure(id="performance.roc_auc", value=value, low=0.1, high=0.9, level=0.95)
    new = dataclasses.replace(old, value=metrics.roc_auc_score(Y, NEW))
    found = {p.figure: p for p in rows.measure(both, (FigureSet([old]), FigureSet([new])))}
    assert found[old.id].before is old
    wrong = dataclasses.replace(old, value=value + 1e-6)
    with pytest.raises(VerificationError, match="do not give what the earlier card says"):
        rows.measure(both, (FigureSet([wrong]), FigureSet([new])))


def test_what_is_paired_takes_the_place_of_the_bound():
    old = Figure(id="performance.roc_auc", value=0.7, low=0.6, high=0.8, level=0.95, unit="score")
    new = dataclasses.replace(old, value=0.75)
    cards = [dataclasses.replace(make_evidence(), figures=(f,)) for f in (old, new)]
    pair = measured(together())["performance.roc_auc"]
    assert [c.basis for c in compare(*cards).compared] == ["bound"]
    assert [(c.figure, c.basis) for c in compare(*cards, [pair]).compared] == [("performance.roc_auc", "paired")]


KEYS = ("performance.roc_auc", "performance.accuracy", "performance.selection_rate", "performance.f1")


def simulated(rng, shift):
    """Two models of the same signal; the later one sees it better by `shift`."""
    y = (rng.random(400) < 0.4).astype(float)
    common = rng.normal(0, 0.15, 400)
    old = 0.3 + 0.3 * y + common + rng.normal(0, 0.1, 400)
    new = 0.3 + (0.3 + shift) * y + common + rng.normal(0, 0.1, 400)
    return together(old, new, y, groups=[], thresholds=(">=0.45", ">=0.45"))


@pytest.mark.parametrize("shift", [0.0, 0.1])
def test_coverage_and_false_alarms_of_paired_differences(shift):
    """The truth lies in the intervals in about 95 % of the samples, and chance alone is seldom called a change."""
    rng = np.random.default_rng(12)
    alarms, rounds = 0, share(1000, 120)
    truths: dict[str, list[float]] = {key: [] for key in KEYS}
    ends: dict[str, list[tuple[float, float]]] = {key: [] for key in KEYS}
    for _ in range(rounds):
        pairs = measured(simulated(rng, shift))
        for key in KEYS:
            difference = pairs[key].difference
            truths[key].append(difference.value)
            ends[key].append((difference.low, difference.high))
        empty = dataclasses.replace(make_evidence(), figures=())
        alarms += any(c.noise == "beyond noise" for c in compare(empty, empty, pairs.values()).compared)
    for key in KEYS:
        truth = 0.0 if shift == 0 else float(np.mean(truths[key]))  # unbiased: its mean is the truth
        covered = np.mean([low <= truth <= high for low, high in ends[key]])
        assert covered >= 0.95 - 3 * math.sqrt(0.05 * 0.95 / rounds), (key, covered)
    if shift == 0:
        assert alarms / rounds <= 0.05 + 3 * math.sqrt(0.05 * 0.95 / rounds)
    else:
        assert alarms / rounds > 0.8
