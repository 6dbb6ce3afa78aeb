"""How often intervals hold the truth: by summing the binomial where that can be done, else by simulation.

``pytest -s`` shows the table.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import numpy as np
import pytest
from scipy import stats

from explainkit.assess.precision import of_area, of_mean, of_ratio
from explainkit.assess.statistics import table_metrics as metrics
from explainkit.assess.statistics.bootstrap import percentile, resample_counts
from explainkit.assess.statistics.extremes import largest_difference_interval, smallest_ratio_interval
from explainkit.assess.statistics.intervals import (
    clopper_pearson,
    effective_n,
    katz_ratio,
    korn_graubard,
    newcombe_difference,
    wilson,
)
from explainkit.assess.statistics.mover import RateFamily
from explainkit.assess.statistics.ranking import auc, tabulate
from explainkit.assess.statistics.ratios import koopman_ratio
from explainkit.assess.statistics.sampling import Sampling
from explainkit.assess.statistics.spread import StateSums
from tests.bounded import share

NOMINAL = 0.95
SIMULATIONS = share(10_000, 2_500)
ENOUGH = 10
"""Smallest expected number of events and of non-events for which coverage is promised."""
GRID = np.arange(1, 100) / 100
SELECTED, EVERYONE = [(0, 1)], [(0, 0), (0, 1)]


def limits(interval):
    return (np.nan, np.nan) if interval is None else (interval.low, interval.high)


@pytest.mark.parametrize("n", [5, 10, 20, 30, 50, 100, 200, 500])
def test_rates(n):
    """Exact: chances of every count times whether its interval holds p."""
    chances = stats.binom.pmf(np.arange(n + 1), n, GRID[:, None])
    found = {}
    for interval in (clopper_pearson, wilson):
        low, high = np.array([limits(interval(k, n)) for k in range(n + 1)]).T
        found[interval] = (chances * ((low <= GRID[:, None]) & (GRID[:, None] <= high))).sum(axis=1)
    score, exact = found[wilson], found[clopper_pearson]
    print(
        f"rates, n = {n:3}: Wilson mean {score.mean():.4f}, smallest {score.min():.4f} at p = {GRID[score.argmin()]}; "
        f"Clopper–Pearson mean {exact.mean():.4f}, smallest {exact.min():.4f}",
    )
    assert exact.min() >= NOMINAL - 1e-12
    assert abs(score.mean() - NOMINAL) <= 0.01


PAIRS = [
    ((100, 0.1), (400, 0.2)),
    ((50, 0.2), (50, 0.4)),
    ((25, 0.5), (1_000, 0.5)),
    ((100, 0.9), (100, 0.9)),
    ((300, 0.3), (60, 0.5)),
    ((2_000, 0.05), (500, 0.02)),
    ((40, 0.7), (40, 0.3)),
]


def names(pair):
    return " against ".join(f"{p} of {n}" for n, p in pair)


def simulate(pair, seed=0):
    rng = np.random.default_rng(seed)
    return np.stack([rng.binomial(n, p, SIMULATIONS) for n, p in pair], axis=1)


@pytest.mark.parametrize("pair", PAIRS, ids=names)
def test_differences_and_ratios(pair):
    (n, p), (m, q) = pair
    assert min(n * p, n * (1 - p), m * q, m * (1 - q)) >= ENOUGH - 1e-9
    shown = []
    for interval, truth in ((newcombe_difference, p - q), (koopman_ratio, p / q), (katz_ratio, p / q)):
        once = cache(lambda a, b, interval=interval: limits(interval(a, n, b, m)))
        low, high = np.array([once(int(a), int(b)) for a, b in simulate(pair)]).T
        covered = ((low <= truth) & (truth <= high)).mean()
        shown.append(f"{interval.__name__} {covered:.4f}")
        assert covered >= NOMINAL - 0.02
    print(f"{names(pair)}: {', '.join(shown)}")


@pytest.mark.slow
@pytest.mark.parametrize(("n", "m"), [(20, 20), (30, 100), (100, 30), (100, 100)])
def test_ratios_of_small_counts(n, m):
    """Exact, over rates from 2 % to 95 %: why Koopman's interval stands in for Katz's at few events."""
    own, other = np.arange(n + 1), np.arange(m + 1)
    covered = {}
    for interval in (katz_ratio, koopman_ratio):
        low, high = np.moveaxis(np.array([[limits(interval(a, n, b, m)) for b in other] for a in own]), -1, 0)
        for p in (0.02, 0.05, 0.1, 0.3, 0.5, 0.7, 0.95):
            for q in (0.1, 0.3, 0.5, 0.7, 0.95):
                chances = np.outer(stats.binom.pmf(own, n, p), stats.binom.pmf(other, m, q))[:, 1:]
                holds = ((low <= p / q) & (p / q <= high))[:, 1:]  # with no event in the other the ratio is undefined
                covered.setdefault(interval, []).append((chances * holds).sum() / chances.sum())
    katz, koopman = covered[katz_ratio], covered[koopman_ratio]
    print(
        f"ratios, n = {n}, {m}: Koopman mean {np.mean(koopman):.4f}, smallest {min(koopman):.4f}; "
        f"Katz mean {np.mean(katz):.4f}, smallest {min(katz):.4f}",
    )
    assert min(koopman) >= NOMINAL - 0.02
    assert min(katz) < 0.9


def table_of(sizes, selected):
    """Counts by group × outcome (one) × decision."""
    return np.stack((sizes - selected, selected), axis=-1)[..., None, :]


def selection(tables):
    return metrics.rates(tables, SELECTED, EVERYONE)


FIGURES: dict[str, tuple[Callable, Callable]] = {
    "difference": (lambda t: metrics.differences(selection(t), 1)[..., 0], lambda p, q: p - q),
    "ratio": (lambda t: metrics.ratios(selection(t), 1)[..., 0], lambda p, q: p / q),
}


@pytest.mark.slow
@pytest.mark.parametrize("figure", FIGURES)
@pytest.mark.parametrize("pair", PAIRS[:5], ids=names)
def test_bootstrap(pair, figure):
    metric, true_value = FIGURES[figure]
    (n, p), (m, q) = pair
    rng, truth = np.random.default_rng(11), true_value(p, q)

    @cache
    def once(a, b):
        table = table_of(np.array([n, m]), np.array([a, b]))
        draws = metric(resample_counts(table, 1_000, rng))
        return limits(percentile(draws, counts=metrics.both_kinds(table, SELECTED, EVERYONE)))

    bounds = np.array([once(int(a), int(b)) for a, b in simulate(pair)])
    low, high = bounds[np.isfinite(bounds).all(axis=1)].T
    covered = ((low <= truth) & (truth <= high)).mean()
    print(f"bootstrap of the {figure}, {names(pair)}: percentiles {covered:.4f}")
    assert len(low) > 0.99 * len(bounds)
    assert covered >= NOMINAL - 0.02


EXTREMES = [
    ((100,) * 5, (0.4,) * 5),
    ((200,) * 10, (0.3,) * 5 + (0.5,) * 5),
    ((100, 150, 200, 300, 1_000), (0.1, 0.15, 0.2, 0.2, 0.3)),
    ((50, 50), (0.2, 0.6)),
    ((100,) * 5, (0.3, 0.35, 0.4, 0.45, 0.5)),
]


@pytest.mark.slow
@pytest.mark.parametrize(("sizes", "rates"), EXTREMES)
def test_extremes_over_groups(sizes, rates):
    sizes, rates = np.array(sizes), np.array(rates)
    simulated = np.random.default_rng(4).binomial(sizes, rates, (SIMULATIONS, len(sizes)))
    difference, ratio = np.ptp(rates), rates.min() / rates.max()
    rng, hits = np.random.default_rng(5), np.zeros(3)
    for events in simulated:
        table, family = table_of(sizes, events), [RateFamily.of_counts(events, sizes)]
        draws, kinds = selection(resample_counts(table, 200, rng)), metrics.both_kinds(table, SELECTED, EVERYONE)
        for place, (interval, truth) in enumerate(
            (
                (largest_difference_interval(family), difference),
                (smallest_ratio_interval(family), ratio),
                (percentile(metrics.largest_difference(draws), counts=kinds), difference),
            )
        ):
            hits[place] += interval is not None and interval.low <= truth <= interval.high
    largest, smallest, plain = hits / len(simulated)
    print(
        f"over {len(sizes)} groups, rates {rates.min()} to {rates.max()}: largest difference {largest:.4f}, smallest "
        f"ratio {smallest:.4f}; plain bootstrap of the difference {plain:.4f}",
    )
    assert min(largest, smallest) >= NOMINAL - 0.02


@pytest.mark.slow
@pytest.mark.parametrize("rate", [0.05, 0.47, 0.95])
def test_equal_rates_of_large_and_very_small_groups(rate):
    """Fourteen groups of 17 to 412 rows, some with hardly an event: no pair may be claimed to differ."""
    sizes = np.array([205, 412, 226, 87, 321, 24, 115, 190, 385, 164, 32, 295, 17, 98])
    rng, differ, below_one = np.random.default_rng(9), 0, 0
    for _ in range(SIMULATIONS):
        events = rng.binomial(sizes, rate)
        family = [RateFamily.of_counts(events, sizes)]
        difference, ratio = largest_difference_interval(family), smallest_ratio_interval(family)
        differ += difference is None or difference.low > 0
        below_one += ratio is None or ratio.high < 1
    print(f"fourteen groups at {rate}: a difference claimed in {differ / SIMULATIONS:.4f}")
    assert max(differ, below_one) / SIMULATIONS <= 1 - NOMINAL


@pytest.mark.slow
@pytest.mark.parametrize("false_rates", [(0.3, 0.3, 0.3), (0.1, 0.2, 0.3)], ids=str)
def test_equalised_odds(false_rates):
    """The larger of two largest differences, of true and of false positive rates."""
    true_rates, sizes, rng = np.array([0.7, 0.8, 0.85]), np.array([80, 100, 300]), np.random.default_rng(8)
    truth, hits, rounds = 0.15 if np.ptp(false_rates) == 0 else 0.2, 0, SIMULATIONS
    for _ in range(rounds):
        drawn = (rng.binomial(sizes, true_rates), sizes), (rng.binomial(2 * sizes, false_rates), 2 * sizes)
        families = [RateFamily.of_counts(*one) for one in drawn]
        interval = largest_difference_interval(families)
        hits += interval is not None and interval.low <= truth <= interval.high
    print(f"equalised odds, false positive rates {false_rates}: {hits / rounds:.4f}")
    assert hits / rounds >= NOMINAL - 0.02


@pytest.mark.slow
@pytest.mark.parametrize("p", [0.05, 0.2, 0.5])
def test_weighted_rates(p):
    """Weights that have nothing to do with the outcome: Kish's case."""
    rng, n = np.random.default_rng(6), 300
    hits = 0
    for _ in range(SIMULATIONS):
        weights = rng.lognormal(0, 0.8, n)
        events = rng.random(n) < p
        interval = korn_graubard(float(weights[events].sum() / weights.sum()), effective_n(weights))
        hits += interval is not None and interval.low <= p <= interval.high
    covered = hits / SIMULATIONS
    print(f"weighted rate of {p}, 300 rows of log-normal weights: Korn–Graubard {covered:.4f}")
    assert covered >= NOMINAL - 0.02


def of_weights(rng, rates=(0.2, 0.35), n=300):
    """Weights that have nothing to do with the outcome."""
    group = np.repeat([0, 1], n)
    return group, rng.random(2 * n) < np.take(rates, group), Sampling(weights=rng.lognormal(0, 0.8, 2 * n))


def of_chances(rng, rates=(0.2, 0.35), n=300):
    """Events are drawn into the sample four times as rarely, and weighted to make up for it."""
    group = np.repeat([0, 1], n)
    p = np.take(rates, group)
    event = rng.random(2 * n) < p / (p + 4 * (1 - p))
    return group, event, Sampling(weights=np.where(event, 5.0, 1.25))


def of_clusters(rng, rates=(0.3, 0.45), *, clusters=60, size=6, shared=0.5, across=False, weighted=False):
    """Rows of a cluster share some of their luck; ``across``: each cluster has rows of both groups."""
    cluster = np.repeat(np.arange(clusters), size)
    group = (np.arange(len(cluster)) if across else cluster) % 2
    luck = np.where(rng.random(len(cluster)) < shared, rng.random(clusters)[cluster], rng.random(len(cluster)))
    weights = rng.lognormal(0, 0.6, len(cluster)) if weighted else None
    return group, luck < np.take(rates, group), Sampling(weights=weights, clusters=cluster)


def of_opposites(rng, rates=(0.4, 0.5), pairs=80):
    """Pairs of one row each, where the luck of one is the other's mischance."""
    luck = rng.random(pairs)
    both = np.stack([luck, (luck + 0.5) % 1], axis=1).ravel()
    group = np.tile([0, 1], pairs)
    return group, both < np.take(rates, group), Sampling(weights=None, clusters=np.repeat(np.arange(pairs), 2))


SAMPLES = {
    "weights": (of_weights, {}),
    "weights, rare": (of_weights, {"rates": (0.05, 0.1)}),
    "weights that make up for the sampling": (of_chances, {}),
    "clusters": (of_clusters, {}),
    "weighted clusters": (of_clusters, {"weighted": True}),
    "few clusters": (of_clusters, {"clusters": 24, "size": 10}),
    "clusters across groups": (of_clusters, {"across": True}),
    "equal groups that share clusters": (of_clusters, {"across": True, "shared": 0.9, "rates": (0.3, 0.3)}),
    "pairs of opposites": (of_opposites, {}),
}


@pytest.mark.slow
@pytest.mark.parametrize("kind", SAMPLES)
def test_rates_of_rows_that_are_weighted_or_clustered(kind):
    make, given = SAMPLES[kind]
    rates = np.array(given.get("rates", make.__defaults__[0]))
    rng, hits, plain, rounds = np.random.default_rng(12), np.zeros(5), 0, share(2_000, 800)
    for _ in range(rounds):
        group, event, sampling = make(rng, **given)
        sums = StateSums.of(sampling, 2 * group + event, (2, 2))
        shares = sums.weights[:, 1] / sums.weights.sum(axis=1)
        counts = np.bincount(group, event, 2).astype(int), np.bincount(group, minlength=2)
        spread = sums.spread(np.array([False, True]), np.ones(2, bool))
        family = RateFamily(events=counts[0], rows=counts[1], rates=shares, spread=spread)
        found = family.limits(NOMINAL)
        truths = (rates[0] - rates[1], found.differences()), (rates[0] / rates[1], found.ratios())
        hits[0] += found.low[0] <= rates[0] <= found.high[0]
        hits[1:3] += [low[0, 1] <= truth <= high[0, 1] for truth, (low, high) in truths]
        gap, smallest = largest_difference_interval([family]), smallest_ratio_interval([family])
        hits[3] += gap.low <= np.ptp(rates) <= gap.high
        hits[4] += smallest.low <= rates.min() / rates.max() <= smallest.high
        naive = newcombe_difference(*(int(n) for k in (0, 1) for n in (counts[0][k], counts[1][k])))
        plain += naive.low <= rates[0] - rates[1] <= naive.high
    rate, difference, ratio, gap, smallest = hits / rounds
    print(
        f"{kind}: rate {rate:.4f}, difference {difference:.4f}, ratio {ratio:.4f}, largest difference {gap:.4f}, "
        f"smallest ratio {smallest:.4f}; taken as independent and unweighted, the difference {plain / rounds:.4f}"
    )
    assert min(hits) / rounds >= NOMINAL - 0.015


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["weights", "clusters"])
def test_means_and_areas_of_rows_that_are_weighted_or_clustered(kind):
    """Scores of two normal classes one standard deviation apart; those of a cluster share their shift."""
    truth, rng, hits, rounds = stats.norm.cdf(1 / np.sqrt(2)), np.random.default_rng(13), np.zeros(3), share(2_000, 800)
    for _ in range(rounds):
        cluster = np.repeat(np.arange(80), 5)
        positive, scores = rng.random(400) < 0.4, rng.normal(size=400)
        if kind == "clusters":
            scores = np.sqrt(0.5) * scores + np.sqrt(0.5) * rng.normal(size=80)[cluster]
            sampling = Sampling(weights=None, clusters=cluster)
        else:
            sampling = Sampling(weights=rng.lognormal(0, 0.8, 400))
        scores += positive
        table = tabulate(scores, positive, sampling.weights)
        area, mean = of_area(table, scores, positive, sampling)["interval"], of_mean(scores, sampling)["interval"]
        taken = of_area(tabulate(scores, positive), scores, positive, Sampling(weights=None))["interval"]
        weights = np.ones(400) if sampling.weights is None else sampling.weights
        assert area.low <= auc(table) <= area.high
        assert mean.low <= np.average(scores, weights=weights) <= mean.high
        hits += [i.low <= t <= i.high for i, t in ((area, truth), (mean, 0.4), (taken, truth))]
    area, mean, plain = hits / rounds
    print(f"{kind}: area {area:.4f}, mean {mean:.4f}; area taken as of independent, unweighted rows {plain:.4f}")
    assert min(area, mean) >= NOMINAL - 0.02


@pytest.mark.slow
@pytest.mark.parametrize("n", [60, 400])
def test_observed_over_expected(n):
    """Scores that are a tenth too low; at 60 rows some twenty events are expected."""
    rng, hits, rounds = np.random.default_rng(14), 0, SIMULATIONS
    for _ in range(rounds):
        scores = rng.beta(2, 4, n)
        happened = (rng.random(n) < 1.1 * scores).astype(float)
        interval = of_ratio(happened, scores, Sampling(weights=None))["interval"]
        hits += interval is not None and interval.low <= 1.1 <= interval.high
    print(f"observed over expected, {n} rows: {hits / rounds:.4f}")
    assert hits / rounds >= NOMINAL - 0.02


@pytest.mark.slow
@pytest.mark.parametrize("stated", [True, False], ids=["reference stated", "reference the highest"])
@pytest.mark.parametrize("rates", [(0.5,) * 6, (0.5, 0.5, 0.45, 0.4, 0.3, 0.3)], ids=str)
def test_the_smallest_ratio_to_a_reference(rates, stated):
    sizes, rates = np.array([400, 100, 60, 200, 80, 150]), np.array(rates)
    simulated = np.random.default_rng(15).binomial(sizes, rates, (SIMULATIONS, len(sizes)))
    truth, hits, of_pair = (rates / rates[0]).min(), 0, 0
    for events in simulated:
        interval = smallest_ratio_interval([RateFamily.of_counts(events, sizes)], reference=0 if stated else None)
        hits += interval is not None and interval.low <= truth <= interval.high
        shares = events / sizes
        place = 0 if stated else shares.argmax()
        least = shares.argmin()
        pair = koopman_ratio(int(events[least]), int(sizes[least]), int(events[place]), int(sizes[place]))
        of_pair += pair is not None and pair.low <= truth <= pair.high
    print(f"smallest of {len(sizes)} ratios: {hits / SIMULATIONS:.4f}; by that pair alone {of_pair / SIMULATIONS:.4f}")
    assert hits / SIMULATIONS >= NOMINAL - 0.02
