"""Figures of periods and segments, and the change in the latest one, against scikit-learn, SciPy and a bootstrap."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats
from sklearn import metrics

from explainkit.assess.fairness.shown import groupings_of
from explainkit.assess.over_time import over_time
from explainkit.assess.statistics.intervals import newcombe_difference, wilson
from explainkit.figures import figure_id
from explainkit.plan import plan_from
from tests.assess.builders import check_sane, figures_of, group, subject_of

N = 900
RNG = np.random.default_rng(23)
PERIOD = np.repeat(["2024-Q1", "2024-Q2", "2024-Q3"], N // 3)
SEGMENT = RNG.choice(["north", "south"], N)
Y = (RNG.random(N) < 0.3).astype(float)
SCORE = np.clip(0.2 + np.where(PERIOD == "2024-Q3", 0.1, 0.3) * Y + RNG.normal(0, 0.15, N), 0.01, 0.99)
LEVELS = ("2024-Q1", "2024-Q2", "2024-Q3")


def measured(
    scores=SCORE, labels=Y, *, periods=PERIOD, segments=None, plan=None, clusters=None, levels=LEVELS, **given
):
    subject = subject_of(scores, labels, **given)
    rows = replace(
        subject.rows,
        periods=None if periods is None else group("t", list(periods), levels),
        segments=None if segments is None else group("s", list(segments)),
        clusters=clusters,
        cluster_column=None if clusters is None else "c",
    )
    subject, plan = replace(subject, rows=rows), plan or plan_from({})
    return over_time.measure(subject, plan, groupings_of(subject, plan.fairness, plan.ll144))


def changes(found):
    return {f.keys["measure"]: f for f in found.figures if f.name == "period.change"}


@pytest.mark.parametrize("weights", [None, RNG.uniform(0.5, 2, N)])
def test_every_period_and_segment_is_that_of_sklearn_on_its_rows(weights):
    found = measured(segments=SEGMENT, weights=weights)
    check_sane([f for f in found.figures if f.name != "period.change"])
    figures = figures_of(found)
    for family, column in (("period", PERIOD), ("segment", SEGMENT)):
        for level in np.unique(column):
            rows = column == level
            y, s, w = Y[rows], SCORE[rows], None if weights is None else weights[rows]
            expected = {
                "rows": rows.sum(),
                "roc_auc": metrics.roc_auc_score(y, s, sample_weight=w),
                "observed_expected": np.average(y, weights=w) / np.average(s, weights=w),
                "selection_rate": np.average(s < 0.5, weights=w),
                "base_rate": np.average(y, weights=w),
            }
            for name, value in expected.items():
                figure = figures[figure_id(f"{family}.{name}", {family: level})]
                assert figure.value == pytest.approx(value, rel=1e-12)
                if name != "rows":
                    assert figure.low < figure.value < figure.high
                    assert figure.n == rows.sum()
                if name not in ("rows", "selection_rate"):
                    assert figure.events == y.sum()


def test_intervals_of_a_period():
    figures = figures_of(measured())
    rows = PERIOD == "2024-Q2"
    rate = figures[figure_id("period.base_rate", period="2024-Q2")]
    ends = wilson(int(Y[rows].sum()), int(rows.sum()))
    assert (rate.low, rate.high) == (ends.low, ends.high)
    for name, of in (("roc_auc", metrics.roc_auc_score), ("observed_expected", lambda y, s: y.mean() / s.mean())):
        figure = figures[figure_id(f"period.{name}", period="2024-Q2")]
        drawn = np.random.default_rng(4).integers(0, rows.sum(), (800, rows.sum()))
        spread = np.std([of(Y[rows][d], SCORE[rows][d]) for d in drawn])
        assert figure.high - figure.low == pytest.approx(2 * 1.96 * spread, rel=0.12)


@pytest.mark.parametrize("weights", [None, RNG.uniform(0.5, 2, N)])
def test_the_change_is_that_of_a_bootstrap_of_both_parts(weights):
    latest, before = np.flatnonzero(PERIOD == "2024-Q3"), np.flatnonzero(PERIOD != "2024-Q3")
    w = np.ones(N) if weights is None else weights
    of = {
        "roc_auc": lambda r: metrics.roc_auc_score(Y[r], SCORE[r], sample_weight=w[r]),
        "observed_expected": lambda r: np.average(Y[r], weights=w[r]) / np.average(SCORE[r], weights=w[r]),
        "selection_rate": lambda r: np.average(SCORE[r] < 0.5, weights=w[r]),
        "base_rate": lambda r: np.average(Y[r], weights=w[r]),
    }
    found = changes(measured(weights=weights))
    assert set(found) == set(of)
    rng = np.random.default_rng(8)
    draws = [(rng.choice(latest, len(latest)), rng.choice(before, len(before))) for _ in range(500)]
    for name, value in of.items():
        figure = found[name]
        assert figure.value == pytest.approx(value(latest) - value(before), abs=1e-12)
        if name != "selection_rate" or weights is not None:  # of rare rates the score interval is not symmetric
            spread = np.std([value(first) - value(other) for first, other in draws])
            assert figure.high - figure.low == pytest.approx(2 * 1.96 * spread, rel=0.13)
        assert figure.low < figure.value < figure.high
        assert (figure.n, figure.reference) == (len(latest), "2024-Q1 to 2024-Q2")


def test_a_change_of_a_rate_is_newcombes_and_of_a_mean_welchs():
    latest = PERIOD == "2024-Q3"
    figure = changes(measured())["base_rate"]
    ends = newcombe_difference(int(Y[latest].sum()), int(latest.sum()), int(Y[~latest].sum()), int((~latest).sum()))
    assert (figure.low, figure.high) == (ends.low, ends.high)
    outcome, guess = RNG.normal(size=N), RNG.normal(size=N)
    found = measured(guess, outcome, task="regression")
    error = guess - outcome
    for name, values in (("mae", np.abs(error)), ("mean_error", error)):
        ends = stats.ttest_ind(values[latest], values[~latest], equal_var=False).confidence_interval()
        figure = changes(found)[name]
        assert (figure.low, figure.high) == pytest.approx((ends.low, ends.high))
        assert figure.unit == "target"
        own = figures_of(found)[figure_id(f"period.{name}", period="2024-Q3")]
        assert own.value == pytest.approx(values[latest].mean())


def test_a_change_of_a_small_area_has_delongs_variance_class_by_class():
    y, part = np.array([1, 1, 1, 0, 0, 0, 0] * 2, float), np.repeat(["2024-Q1", "2024-Q2"], 7)
    scores = np.array([0.9, 0.4, 0.6, 0.5, 0.3, 0.7, 0.1, 0.8, 0.3, 0.5, 0.6, 0.2, 0.4, 0.1])
    plan = plan_from({"fairness": {"min_cell": 1}})
    figure = changes(measured(scores, y, periods=part, levels=LEVELS[:2], plan=plan))["roc_auc"]
    variances, sizes = [], []
    for period in ("2024-Q2", "2024-Q1"):
        rows = part == period
        up, down = scores[rows & (y == 1)], scores[rows & (y == 0)]
        right = np.sign(up[:, None] - down) / 2 + 0.5
        variances += [right.mean(axis=1).var(ddof=1) / len(up), right.mean(axis=0).var(ddof=1) / len(down)]
        sizes += [len(up), len(down)]
    v, n = np.array(variances), np.array(sizes)
    freedom = v.sum() ** 2 / (v**2 / (n - 1)).sum()
    reach = stats.t.ppf(0.975, freedom) * np.sqrt(v.sum())
    assert (figure.low, figure.high) == pytest.approx((max(-1, figure.value - reach), min(1, figure.value + reach)))


def test_several_classes():
    chances = RNG.dirichlet(np.ones(3), N)
    labels = RNG.integers(0, 3, N).astype(float)
    found = measured(chances, labels, task="multiclass")
    right = chances.argmax(axis=1) == labels
    latest = PERIOD == "2024-Q3"
    assert figures_of(found)[figure_id("period.accuracy", period="2024-Q3")].value == pytest.approx(
        right[latest].mean()
    )
    figure = changes(found)["accuracy"]
    assert figure.value == pytest.approx(right[latest].mean() - right[~latest].mean())
    assert set(changes(found)) == {"accuracy", "selection_rate"}


def test_rows_of_one_cluster_count_together():
    """Each row three times, in one cluster: as precise as once."""
    once = changes(measured())["roc_auc"]
    clusters = np.arange(3 * N) % N
    thrice = measured(np.tile(SCORE, 3), np.tile(Y, 3), periods=np.tile(PERIOD, 3), clusters=clusters)
    figure = changes(thrice)["roc_auc"]
    assert figure.value == pytest.approx(once.value)
    assert figure.high - figure.low == pytest.approx(once.high - once.low, rel=0.02)


def test_a_period_of_one_class_is_shown_and_says_why_there_is_no_auc():
    labels = np.where(PERIOD == "2024-Q3", 0.0, Y)
    found = measured(labels=labels)
    figures = figures_of(found)
    figure = figures[figure_id("period.roc_auc", period="2024-Q3")]
    assert (figure.status, figure.reason) == ("insufficient", "the outcomes of these rows are all of one class")
    assert figures[figure_id("period.rows", period="2024-Q3")].value == N / 3
    assert figures[figure_id("period.base_rate", period="2024-Q3")].value == 0
    ratio = figures[figure_id("period.observed_expected", period="2024-Q3")]
    assert (ratio.value, ratio.low) == (0, None)  # no event: an interval of no width would claim certainty
    every = figures_of(measured(labels=np.where(PERIOD == "2024-Q3", 1.0, Y)))
    ratio = every[figure_id("period.observed_expected", period="2024-Q3")]
    assert (ratio.value > 1, ratio.low) == (True, None)  # nor does one without any other outcome
    change = changes(found)
    assert change["roc_auc"].reason == "the outcomes of these rows are all of one class"
    assert change["observed_expected"].low is None
    assert change["base_rate"].high < 0


def test_periods_without_rows_or_outcomes_are_told_apart():
    labels = np.where(PERIOD == "2024-Q3", np.nan, Y)
    found = measured(labels=labels, levels=("2023-Q4", *LEVELS, "2024-Q4"))
    figures = figures_of(found)
    assert figures[figure_id("period.rows", period="2023-Q4")].value == 0
    assert figures[figure_id("period.selection_rate", period="2023-Q4")].reason == "there is no row"
    assert figures[figure_id("period.roc_auc", period="2024-Q3")].reason == "no row of these has an outcome"
    assert figures[figure_id("period.selection_rate", period="2024-Q3")].value is not None
    assert changes(found)["roc_auc"].status == "insufficient"
    assert changes(found)["selection_rate"].n == N / 3  # the latest that has rows
    assert changes(measured(periods=["2024-Q1"] * N))["roc_auc"].reason.startswith("all rows are of one period")


def test_what_is_missing_is_not_tested():
    found = measured(threshold=None)
    assert "selection_rate" not in changes(found)
    assert figures_of(found)["period.selection_rate"].reason == "no threshold is stated (model.threshold)"
    assert "roc_auc" not in changes(measured(labels=None))
    found = measured(population="resampled")
    assert set(changes(found)) == {"roc_auc", "selection_rate"}


def test_small_periods_are_hidden_with_one_more():
    periods = PERIOD.copy()
    periods[:4] = "2023-Q4"
    found = measured(periods=periods, levels=("2023-Q4", *LEVELS))
    hidden = {f.keys["period"] for f in found.figures if f.name == "period.rows" and f.status == "suppressed"}
    assert len(hidden) == 2
    assert "2023-Q4" in hidden
    for figure in found.figures:
        if figure.keys.get("period") in hidden:
            assert figure.status == "suppressed"
            assert figure.value is figure.n is figure.events is None
    assert not any(series.id == "period.score_quantiles" for series in found.series)
    assert {e.kind for e in found.ledger} >= {"suppressed"}
    periods = PERIOD.copy()
    periods[-4:] = "2024-Q4"
    found = measured(periods=periods, levels=(*LEVELS, "2024-Q4"))
    assert {f.status for f in changes(found).values()} == {"suppressed"}


def test_scores_are_told_by_quantiles():
    (series,) = [s for s in measured().series if s.id == "period.score_quantiles"]
    assert series.column("period") == LEVELS
    for name, q in (("q05", 0.05), ("q50", 0.5), ("q95", 0.95)):
        expected = [np.quantile(SCORE[level == PERIOD], q, method="inverted_cdf") for level in LEVELS]
        assert list(series.column(name)) == expected


def test_a_sensitive_segment_without_a_basis_is_not_tested():
    sexes = group("s", list(SEGMENT), basis=None)
    found = measured(periods=None, segments=SEGMENT, groups=[sexes])
    figure = figures_of(found)[figure_id("segment.roc_auc", segment="north")]
    assert figure.status == "not_tested"
    assert "fairness.basis.s" in figure.reason


def test_nothing_is_measured_that_is_not_asked_for():
    found = measured(periods=None)
    assert (found.figures, found.series, found.ledger) == ((), (), ())
