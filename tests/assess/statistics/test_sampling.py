"""Precision of rows that are weighted or come in clusters: row by row, and where another formula gives the same."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from explainkit.assess.fairness import fairness
from explainkit.assess.performance import calibration, performance
from explainkit.assess.performance.binary import balanced_accuracy, f1, matthews
from explainkit.assess.precision import of_area, of_counts, of_mean, of_ratio, of_sums
from explainkit.assess.statistics.extremes import smallest_ratio_interval
from explainkit.assess.statistics.intervals import clopper_pearson
from explainkit.assess.statistics.mover import Limits, RateFamily
from explainkit.assess.statistics.ranking import auc, auc_influence, placements, tabulate
from explainkit.assess.statistics.sampling import Sampling
from explainkit.assess.statistics.spread import StateSums, effective_rows
from explainkit.plan import FairnessPlan
from tests.assess.builders import figures_of, group, series_of, subject_of

PART, WHOLE = np.array([False, True, False]), np.array([True, True, False])


@st.composite
def samples(draw):
    """Group, state (not, counted, not among them), weight and cluster of some rows."""
    n = draw(st.integers(2, 40))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    weights = draw(st.sampled_from([None, rng.uniform(0.1, 5, n), rng.integers(0, 4, n).astype(float)]))
    return (
        rng.integers(0, 3, n),
        rng.integers(0, 3, n),
        weights,
        rng.integers(0, 8, n) if draw(st.booleans()) else None,
        draw(st.sampled_from(["sampling", "frequency"])),
    )


def by_rows(group_, state, weights, clusters, kind):
    """Effective rows and correlations, from sums over rows in loops."""
    w = np.ones(len(state)) if weights is None else weights
    among = (state < 2) & (w > 0)
    unit = np.arange(len(state)) if clusters is None else clusters
    added, effective = {}, []
    for g in range(3):
        own = among & (group_ == g)
        total, square = w[own].sum(), (w[own] if kind == "frequency" else w[own] ** 2).sum()
        rows = w[own].sum() if kind == "frequency" else own.sum()
        if not own.any():
            effective.append(0.0)
            added[g] = dict.fromkeys(set(unit), 0.0)
            continue
        rate, kish = w[own & (state == 1)].sum() / total, total**2 / square
        parts = {u: w[own & (unit == u)] * ((state[own & (unit == u)] == 1) - rate) / total for u in set(unit)}
        added[g] = {u: part.sum() for u, part in parts.items()}
        if clusters is None:
            scale = 1 / np.sqrt(w[own]) if kind == "frequency" else 1
            variance = sum((w[own] * scale * ((state[own] == 1) - rate) / total) ** 2)
            units, unvaried = rows, kish
        else:
            units = sum((own & (unit == u)).any() for u in set(unit))
            variance = sum(a**2 for a in added[g].values()) * (units / (units - 1) if units > 1 else 0)
            variance *= (rows - 1) / rows
            unvaried = total**2 / sum(w[own & (unit == u)].sum() ** 2 for u in set(unit))
        found = min(rate * (1 - rate) / variance, kish) if variance > 1e-24 else unvaried
        quantiles = [stats.t.ppf(0.975, max(1, k - 1)) for k in (rows, units)]
        effective.append(found * (quantiles[0] / quantiles[1]) ** 2 if units > 1 else 0.0)
    return np.array(effective), added


@given(samples())
def test_effective_rows_by_definition(sample):
    group_, state, weights, clusters, kind = sample
    sums = StateSums.of(Sampling(weights=weights, kind=kind, clusters=clusters), group_ * 3 + state, (3, 3))
    spread = sums.spread(PART, WHOLE)
    effective, added = by_rows(*sample)
    assert spread.effective == pytest.approx(effective, rel=1e-9, abs=1e-12)
    if clusters is None:
        assert spread.correlation is None
        return
    for a in range(3):
        for b in range(3):
            own, other = (np.array(list(added[g].values())) for g in (a, b))
            lengths = np.linalg.norm(own) * np.linalg.norm(other)
            if lengths > 1e-12:
                assert spread.correlation[a, b] == pytest.approx(own @ other / lengths, abs=1e-9)


@pytest.mark.parametrize("kind", ["sampling", "frequency", "exposure"])
def test_equal_weights_leave_the_interval_of_the_counts(kind):
    chosen = np.arange(40) < 13
    weight = 1.0 if kind == "frequency" else 2.5
    effective = effective_rows(Sampling(weights=np.full(40, weight), kind=kind), chosen)
    assert effective == pytest.approx(40, rel=1e-12)
    alone = effective_rows(Sampling(weights=None, clusters=np.arange(40)[::-1]), chosen)
    assert alone == pytest.approx(40, rel=1e-12)
    assert effective_rows(Sampling(weights=None), chosen) is None


def test_frequencies_are_as_many_rows():
    rng = np.random.default_rng(1)
    weights, values, unit = rng.integers(1, 5, 60).astype(float), rng.normal(size=60), rng.integers(0, 9, 60)
    often = np.repeat(np.arange(60), weights.astype(int))
    for clusters in (None, unit):
        few = Sampling(weights=weights, kind="frequency", clusters=clusters)
        many = Sampling(weights=None, clusters=None if clusters is None else clusters[often])
        own, expected = few.mean_interval(values), many.mean_interval(values[often])
        assert (own.low, own.high) == pytest.approx((expected.low, expected.high), rel=1e-12)
        if clusters is not None:
            share = effective_rows(few, values > 0), effective_rows(many, values[often] > 0)
            assert share[0] == pytest.approx(share[1], rel=1e-12)


def test_means_are_students_where_that_is_known():
    rng = np.random.default_rng(2)
    values = rng.normal(size=60)
    theirs = stats.ttest_1samp(values, 0).confidence_interval()
    own = Sampling(weights=np.full(60, 3.0)).mean_interval(values)
    assert (own.low, own.high) == pytest.approx((theirs.low, theirs.high), rel=1e-12)
    # Clusters of one size: the mean is that of the means of the clusters.
    theirs = stats.ttest_1samp(values.reshape(12, 5).mean(axis=1), 0).confidence_interval()
    own = of_mean(values, Sampling(weights=None, clusters=np.repeat(np.arange(12), 5)))["interval"]
    assert (own.low, own.high) == pytest.approx((theirs.low, theirs.high), rel=1e-12)
    assert of_mean(values**2, Sampling(weights=np.ones(60)), least=0.99)["interval"].low == 0.99


def test_nothing_is_said_of_one_cluster_or_of_what_does_not_vary():
    values = np.array([1.0, 2.0, 4.0])
    assert Sampling(weights=None, clusters=np.zeros(3, int)).mean_interval(values) is None
    assert Sampling(weights=np.ones(3)).mean_interval(np.full(3, 0.1)) is None
    assert Sampling(weights=np.array([1.0, 0, 0])).mean_interval(values) is None
    assert of_mean(values[:0], Sampling(weights=np.ones(0)))["interval"] is None
    assert effective_rows(Sampling(weights=None, clusters=np.zeros(3, int)), values > 1) == 0
    family = RateFamily(
        events=np.array([1, 2]),
        rows=np.array([3, 3]),
        rates=np.array([1 / 3, 2 / 3]),
        spread=StateSums.of(
            Sampling(weights=None, clusters=np.array([0, 0, 0, 1, 2, 3])), np.array([0, 0, 1, 2, 3, 3]), (2, 2)
        ).spread(np.array([False, True]), np.ones(2, bool)),
    )
    assert family.limits(0.95) is None


def test_placements_and_influence_by_definition():
    rng = np.random.default_rng(3)
    scores, positive, weights = rng.integers(0, 6, 50) / 5, rng.random(50) < 0.4, rng.uniform(0.5, 2, 50)
    placed = placements(scores, positive, weights)
    for row in range(50):
        other = positive != positive[row]
        right = scores[other] < scores[row] if positive[row] else scores[other] > scores[row]
        share = weights[other] @ (right + 0.5 * (scores[other] == scores[row])) / weights[other].sum()
        assert placed[row] == pytest.approx(share, abs=1e-12)
    # The slope of the area in the weight of each row.
    influence, area = auc_influence(scores, positive, weights), auc(tabulate(scores, positive, weights))
    for row in range(50):
        moved = weights.copy()
        moved[row] += 1e-6
        slope = (auc(tabulate(scores, positive, moved)) - area) / 1e-6
        assert influence[row] == pytest.approx(slope, abs=1e-6)


def test_areas_are_delongs_where_weights_are_equal():
    rng = np.random.default_rng(4)
    positive = rng.random(2_000) < 0.3
    scores = rng.normal(size=2_000) + positive
    found = [
        of_area(tabulate(scores, positive, sampling.weights), scores, positive, sampling)["interval"]
        for sampling in (Sampling(weights=None), Sampling(weights=np.ones(2_000)))
    ]
    assert found[1].low == pytest.approx(found[0].low, abs=2e-4)
    assert found[1].high == pytest.approx(found[0].high, abs=2e-4)


@pytest.mark.parametrize("function", [balanced_accuracy, f1, matthews])
def test_summaries_of_decisions_by_resampling_rows(function):
    """The interval by derivatives, and that by resamples of the counts, are near that of rows drawn one by one."""
    rng = np.random.default_rng(5)
    codes = rng.choice(4, 900, p=[0.5, 0.15, 0.1, 0.25])
    counts = np.bincount(codes, minlength=4)
    drawn = codes[rng.integers(0, 900, (4_000, 900))]
    values = function(np.stack([(drawn == k).sum(axis=1) for k in range(4)], axis=-1).astype(float))
    low, high = np.quantile(values, [0.025, 0.975])
    by_counts = of_counts(function, counts.tolist(), rng)["interval"]
    alike = Sampling(weights=np.ones(900))
    by_slopes = of_sums(function, counts.astype(float), codes, codes >= 2, alike, least=-1)["interval"]
    for interval in (by_counts, by_slopes):
        assert (interval.low, interval.high) == pytest.approx((low, high), abs=0.006)
    assert of_counts(function, [5, 0, 3, 4], rng) == {}
    assert of_sums(function, np.array([5.0, 0, 3, 4]), codes, codes >= 2, alike, least=0) == {}


def test_limits_of_correlated_rates():
    """Zou and Donner (2008) and Donner and Zou (2012), one pair, as printed."""
    p, q, low, high, r = 0.3, 0.5, (0.2, 0.42), (0.41, 0.58), 0.4
    limits = Limits(
        rates=np.array([p, q]), low=np.array(low), high=np.array(high), correlation=np.array([[1, r], [r, 1]])
    )
    below, above = limits.differences()
    a, b = p - low[0], high[1] - q
    assert below[0, 1] == pytest.approx(p - q - np.sqrt(a**2 + b**2 - 2 * r * a * b), rel=1e-12)
    c, d = high[0] - p, q - low[1]
    assert above[0, 1] == pytest.approx(p - q + np.sqrt(c**2 + d**2 - 2 * r * c * d), rel=1e-12)
    below, above = limits.ratios()
    l1, u1, l2, u2 = low[0], high[0], low[1], high[1]
    middle = p * q - r * a * b
    root = np.sqrt(middle**2 - l1 * u2 * (2 * p - l1) * (2 * q - u2))
    assert below[0, 1] == pytest.approx((middle - root) / (u2 * (2 * q - u2)), rel=1e-12)
    middle = p * q - r * c * d
    root = np.sqrt(middle**2 - u1 * l2 * (2 * p - u1) * (2 * q - l2))
    assert above[0, 1] == pytest.approx((middle + root) / (l2 * (2 * q - l2)), rel=1e-12)


def households(rng, n=120):
    """Three rows a household, alike; two groups across them."""
    names = np.repeat(np.arange(n), 3)
    scores = np.repeat(rng.random(n), 3)
    labels = (np.repeat(rng.random(n), 3) < scores).astype(float)
    return names, scores, labels, [group("sex", np.where(rng.random(3 * n) < 0.5, "f", "m"))]


def with_clusters(subject, clusters):
    rows = replace(subject.rows, clusters=clusters.astype(np.int64), cluster_column="household")
    return replace(subject, rows=rows)


@pytest.mark.parametrize("weighted", [False, True])
def test_every_interval_allows_for_clusters(weighted):
    """Households of three equal rows tell as much as a third of the rows; each row thrice is no news."""
    rng = np.random.default_rng(6)
    names, scores, labels, groups = households(rng)
    weights = np.repeat(rng.uniform(0.5, 2, 120), 3) if weighted else None
    plain = subject_of(scores, labels, groups=groups, weights=weights)
    once = subject_of(scores[::3], labels[::3], weights=None if weights is None else weights[::3])
    alone = figures_of(performance.measure(with_clusters(once, np.arange(120))))
    clustered = with_clusters(plain, names)
    found = figures_of(performance.measure(clustered))
    rates = ("accuracy", "recall", "precision", "base_rate", "selection_rate", "roc_auc")
    for name in (*rates, "brier", "log_loss", "f1", "mcc"):
        one, other = found[f"performance.{name}"], alone[f"performance.{name}"]
        assert one.value == pytest.approx(other.value, rel=1e-12)
        assert (one.low, one.high) == pytest.approx((other.low, other.high), abs=4e-3 if name != "log_loss" else 2e-2)
        assert one.method.endswith("rows of one household taken together")
    by_group = figures_of(fairness.measure(clustered, FairnessPlan(reference={"sex": "m"})))
    free = figures_of(fairness.measure(plain, FairnessPlan(reference={"sex": "m"})))
    for name in ("selection_rate", "true_positive_rate", "roc_auc", "mean_score"):
        one, other = by_group[f"fairness.{name}[sex=f]"], free[f"fairness.{name}[sex=f]"]
        assert one.value == other.value
        assert one.high - one.low > 1.1 * (other.high - other.low)
    for name in ("selection_p", "detectable_below", "selection_p_holm"):
        assert by_group[f"fairness.{name}[sex=f]"].status == "insufficient"
        assert "independent rows" in by_group[f"fairness.{name}[sex=f]"].reason
    assert by_group["fairness.average_odds_difference[sex=f]"].low is None
    assert free["fairness.average_odds_difference[sex=f]"].low is not None


def test_equal_weights_give_clopper_and_pearsons_interval():
    scores = np.r_[np.full(13, 0.2), np.full(27, 0.8)]
    found = figures_of(performance.measure(subject_of(scores, weights=np.full(40, 2.0))))["performance.selection_rate"]
    expected = clopper_pearson(13, 40)
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high), rel=1e-9)
    assert "Korn and Graubard" in found.method
    assert "weighted by sampling weights" in found.method


@pytest.mark.parametrize("given_", [{"weights": np.ones(360)}, {}])
def test_curves_have_no_intervals_of_independent_rows(given_):
    names, scores, labels, groups = households(np.random.default_rng(6))
    subject = subject_of(scores, labels, groups=groups, **given_)
    if not given_:
        subject = with_clusters(subject, names)
    curve = series_of(calibration.measure(subject), "calibration.reliability")
    assert curve.observed_low.isna().all()
    assert figures_of(calibration.measure(subject))["calibration.slope"].low is None


@pytest.mark.parametrize("clustered", [False, True])
def test_a_ratio_of_means_by_leaving_out(clustered):
    """The jackknife: each row, or each cluster, left out once."""
    rng = np.random.default_rng(7)
    scores = rng.uniform(0.1, 0.9, 400)
    clusters = np.arange(400) // 4 if clustered else None
    happened = (rng.random(400) < scores).astype(float)
    interval = of_ratio(happened, scores, Sampling(weights=None, clusters=clusters))["interval"]
    value = happened.sum() / scores.sum()
    units = np.arange(400) if clusters is None else clusters
    left = [happened[units != u].sum() / scores[units != u].sum() for u in np.unique(units)]
    error = np.sqrt((len(left) - 1) / len(left) * ((left - np.mean(left)) ** 2).sum())
    reach = stats.t.ppf(0.975, len(left) - 1) * error
    assert (interval.low, interval.high) == pytest.approx((value - reach, value + reach), rel=2e-3)
    assert of_ratio(np.zeros(4), np.ones(4), Sampling(weights=None))["interval"] is None


def test_observed_over_expected_has_its_interval_everywhere():
    rng = np.random.default_rng(8)
    scores = rng.random(500)
    subject = subject_of(
        scores, (rng.random(500) < scores).astype(float), groups=[group("g", rng.choice(["a", "b"], 500))]
    )
    figure = figures_of(performance.measure(subject))["performance.observed_expected"]
    assert figure.low < figure.value < figure.high
    by_group = figures_of(fairness.measure(subject, FairnessPlan()))
    for level in "ab":
        own = by_group[f"fairness.observed_expected[g={level}]"]
        assert own.low < own.value < own.high
        assert own.high - own.low > figure.high - figure.low


@given(
    st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1), st.floats(0, 1)).map(sorted), min_size=2, max_size=4),
    st.floats(-1, 1),
)
def test_limits_of_pairs_hold_what_they_are_of(rates, correlation):
    """However little is known of the rates, and however they go together."""
    low, value, high = np.array(rates).T
    r = np.where(np.eye(len(rates)), 1.0, correlation)
    limits = Limits(rates=value, low=low, high=high, correlation=r)
    below, above = limits.differences()
    difference = value[:, None] - value
    off = ~np.eye(len(rates), dtype=bool)
    assert (below - 1e-9 <= difference)[off].all()
    assert (difference <= above + 1e-9)[off].all()
    below, above = limits.ratios()
    ratio = np.divide(value[:, None], value, out=np.full(r.shape, np.nan), where=value > 1e-6)
    shown = off & np.isfinite(ratio)
    assert (below[shown] <= ratio[shown] * (1 + 1e-9) + 1e-9).all()
    assert (ratio[shown] <= above[shown] * (1 + 1e-9) + 1e-9).all()


def test_two_clusters_claim_nothing_of_a_rare_ratio():
    """Two sites, ten events: the limits of a ratio once fell together at zero, far from the ratio."""
    rng = np.random.default_rng(9)
    site, sex = rng.integers(0, 2, 1_500), rng.integers(0, 2, 1_500)
    event = np.zeros(1_500, int)
    event[np.flatnonzero(site == 0)[:8]] = event[np.flatnonzero(site == 1)[:2]] = 1
    sums = StateSums.of(Sampling(weights=None, clusters=site), 2 * sex + event, (2, 2))
    family = RateFamily(
        events=sums.weights[:, 1].astype(int),
        rows=sums.weights.sum(axis=1).astype(int),
        rates=sums.weights[:, 1] / sums.weights.sum(axis=1),
        spread=sums.spread(np.array([False, True]), np.ones(2, bool)),
    )
    smallest = smallest_ratio_interval([family])
    assert smallest.low <= family.rates.min() / family.rates.max() <= smallest.high


def test_each_domain_needs_clusters_of_its_own():
    """Of two groups one is a single cluster: its mean is not known at all, and so is the difference not."""
    rng = np.random.default_rng(10)
    cluster, values = np.repeat(np.arange(20), 10), rng.normal(size=200)
    alone = cluster == 0
    influence = np.where(alone, (values - values[alone].mean()) / 10, (values[~alone].mean() - values) / 190)
    sampling = Sampling(weights=None, clusters=cluster)
    assert sampling.total_interval(0.1, influence, domains=alone.astype(int)) is None
    few = cluster < 3
    influence = np.where(few, (values - values[few].mean()) / 30, (values[~few].mean() - values) / 170)
    found = sampling.total_interval(0.1, influence, domains=few.astype(int))
    sums = np.bincount(cluster, influence)
    parts = [(sums[:3] ** 2).sum() * 3 / 2, (sums[3:] ** 2).sum() * 17 / 16]
    freedom = sum(parts) ** 2 / (parts[0] ** 2 / 2 + parts[1] ** 2 / 16)
    reach = stats.t.ppf(0.975, freedom) * np.sqrt(sum(parts))
    assert (found.low, found.high) == pytest.approx((0.1 - reach, 0.1 + reach), rel=1e-9)


def test_what_varies_by_rounding_alone_is_told_from_what_is_small():
    assert Sampling(weights=np.ones(4)).total_interval(1e6, np.full(4, 1e-10) * [1, -1, 1, -1]) is None
    small = Sampling(weights=np.ones(4)).mean_interval(np.array([1.0, 2, 3, 4]) * 1e-14)
    assert small.low < 2.5e-14 < small.high


def test_intervals_stay_within_what_a_figure_can_be():
    names, scores, labels, _ = households(np.random.default_rng(12), 4)
    found = performance.measure(with_clusters(subject_of(scores, labels), names))
    for figure in found.figures:
        if (
            figure.low is not None
            and figure.unit in ("proportion", "score")
            and figure.name[-4:] not in (".mcc", "gini")
        ):
            assert figure.low >= 0, figure.id
            assert figure.high <= 1 or "log_loss" in figure.id, figure.id


@pytest.mark.parametrize("function", [balanced_accuracy, f1, matthews])
def test_summaries_need_clusters_of_either_outcome(function):
    """All positives in one cluster: their recall is not known, and nothing made of it is."""
    cluster, rng = np.repeat(np.arange(20), 10), np.random.default_rng(13)
    codes = 2 * (cluster == 0) + (rng.random(200) < 0.3)
    sums = np.bincount(codes, minlength=4).astype(float)
    assert sums.min() > 0
    clustered = Sampling(weights=None, clusters=cluster)
    assert of_sums(function, sums, codes, codes >= 2, clustered, least=-1)["interval"] is None


def test_pairs_within_clusters_are_compared_as_pairs():
    """One row of each group in every cluster: the variance is that of the differences within, whatever they share."""
    rng = np.random.default_rng(14)
    shared, own = rng.normal(size=300), rng.normal(size=(300, 2))
    values = (shared[:, None] * 3 + own).ravel()
    sampling, first = Sampling(weights=None, clusters=np.repeat(np.arange(300), 2)), np.tile([True, False], 300)
    found = sampling.difference_interval(values, first)
    pairs = values.reshape(300, 2)
    theirs = stats.ttest_rel(pairs[:, 0], pairs[:, 1]).confidence_interval()
    assert (found.low, found.high) == pytest.approx((theirs.low, theirs.high), rel=0.01)
    apart = stats.ttest_ind(pairs[:, 0], pairs[:, 1]).confidence_interval()
    assert found.high - found.low < 0.5 * (apart.high - apart.low)


@pytest.mark.parametrize("seed", range(20))
def test_constant_groups_differ_without_an_interval(seed):
    """Whether they differ or not: what varies is the rounding of their means."""
    rng = np.random.default_rng(seed)
    first, constant = np.arange(40) < 15, 1e6 * rng.normal()
    sampling = Sampling(weights=rng.uniform(0.1, 3, 40))
    for other in (0.1, constant):
        assert sampling.difference_interval(np.where(first, constant, other), first) is None


def test_of_rates_that_are_hardly_known_no_ratio_is_claimed():
    """The middle of the quadratic lies below zero: 0.1 × 0.1 − 0.05 × 0.8."""
    limits = Limits(rates=np.full(2, 0.1), low=np.full(2, 0.05), high=np.full(2, 0.9), correlation=np.ones((2, 2)))
    low, high = limits.ratios()
    assert (low[0, 1], high[0, 1]) == (0.0, np.inf)
