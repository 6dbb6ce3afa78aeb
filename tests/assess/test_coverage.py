"""How often intervals hold the truth: by summing the binomial where that can be done, else by simulation.

``pytest -s`` shows the table.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import numpy as np
import pytest
from scipy import stats

from explainkit.assess import table_metrics as metrics
from explainkit.assess.bootstrap import (
    percentile,
    resample_counts,
    resample_weights,
)
from explainkit.assess.extremes import (
    largest_difference_interval,
    largest_difference_of_draws,
    smallest_ratio_interval,
    smallest_ratio_of_draws,
)
from explainkit.assess.intervals import (
    clopper_pearson,
    effective_n,
    katz_ratio,
    korn_graubard,
    newcombe_difference,
    wilson,
)
from explainkit.assess.ratios import koopman_ratio

NOMINAL = 0.95
SIMULATIONS = 10_000
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
    rng, hits = np.random.default_rng(5), np.zeros(5)
    for events in simulated:
        table = table_of(sizes, events)
        draws, kinds = selection(resample_counts(table, 200, rng)), metrics.both_kinds(table, SELECTED, EVERYONE)
        for place, (interval, truth) in enumerate(
            (
                (largest_difference_interval([(events, sizes)]), difference),
                (smallest_ratio_interval(events, sizes), ratio),
                (largest_difference_of_draws([(events / sizes, draws)], counts=kinds), difference),
                (smallest_ratio_of_draws(events / sizes, draws, counts=kinds), ratio),
                (percentile(metrics.largest_difference(draws), counts=kinds), difference),
            )
        ):
            hits[place] += interval is not None and interval.low <= truth <= interval.high
    largest, smallest, of_draws, ratio_of_draws, plain = hits / len(simulated)
    print(
        f"over {len(sizes)} groups, rates {rates.min()} to {rates.max()}: largest difference {largest:.4f}, smallest "
        f"ratio {smallest:.4f}, from standard errors {of_draws:.4f} and {ratio_of_draws:.4f}; plain bootstrap of the "
        f"difference {plain:.4f}",
    )
    assert min(largest, smallest, of_draws, ratio_of_draws) >= NOMINAL - 0.02


@pytest.mark.slow
@pytest.mark.parametrize("rate", [0.05, 0.47, 0.95])
def test_equal_rates_of_large_and_very_small_groups(rate):
    """Fourteen groups of 17 to 412 rows, some with hardly an event: no pair may be claimed to differ."""
    sizes = np.array([205, 412, 226, 87, 321, 24, 115, 190, 385, 164, 32, 295, 17, 98])
    rng, differ, below_one = np.random.default_rng(9), 0, 0
    for _ in range(SIMULATIONS):
        events = rng.binomial(sizes, rate)
        difference, ratio = largest_difference_interval([(events, sizes)]), smallest_ratio_interval(events, sizes)
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
        families = [(rng.binomial(sizes, true_rates), sizes), (rng.binomial(2 * sizes, false_rates), 2 * sizes)]
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


@pytest.mark.slow
@pytest.mark.parametrize("clustered", [False, True], ids=["rows", "clusters"])
def test_bootstrap_of_weighted_rows_and_clusters(clustered):
    """A difference of weighted rates; 100 clusters of four rows share half of their outcome."""
    rng, rounds, hits, plain = np.random.default_rng(7), SIMULATIONS, 0, 0
    cluster = np.repeat(np.arange(100), 4)
    group = np.where(cluster < 50, 0, 1)
    for _ in range(rounds):
        weights = rng.choice([0.5, 1.0, 3.0], 400)
        chance = np.where(group == 0, 0.3, 0.5)
        shared = rng.random(100)[cluster]
        own = rng.random(400)
        event = np.where(rng.random(400) < 0.5, shared, own) < chance if clustered else own < chance
        code = 2 * group + event
        estimate = np.bincount(code, weights, 4)
        found = []
        for clusters in (cluster, None) if clustered else (None,):
            sums = resample_weights(code, 4, weights, 400, rng, clusters=clusters)
            shares = sums[:, 1::2] / (sums[:, ::2] + sums[:, 1::2])
            interval = percentile(shares[:, 0] - shares[:, 1], counts=np.bincount(code, minlength=4))
            found.append(interval is not None and interval.low <= -0.2 <= interval.high)
        assert estimate.sum() == pytest.approx(weights.sum())
        hits, plain = hits + found[0], plain + found[-1]
    print(f"Poisson bootstrap of {'clusters' if clustered else 'weighted rows'}: {hits / rounds:.4f}")
    assert hits / rounds >= NOMINAL - 0.02
    if clustered:
        print(f"the same rows taken as independent: {plain / rounds:.4f}")
        assert plain < hits - 0.03 * rounds
