"""Values that determine the outcome: against brute force, planted leaks, and how often nothing raises the alarm."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from explainkit.assess.data.values import values_of
from explainkit.assess.leakage.determined import determined
from tests.bounded import share


def runs_of(values, outcomes, *, tries=10, least=10, chance=0.001):
    series = pd.Series(values)
    found = determined(values_of(series), np.asarray(outcomes), tries=tries, least=least, chance=chance)
    return {(run.value, run.outcome): run.rows for run in found.runs}


def brute_force(values, outcomes, *, tries, least, chance):
    """Every run of distinct values by the definition, one row at a time."""
    rows = [(v, y) for v, y in zip(values, outcomes, strict=True) if y >= 0]
    n, total = len(rows), {y: sum(o == y for _, o in rows) for y in {o for _, o in rows}}
    distinct = sorted({v for v, _ in rows if not math.isnan(v)})
    of = {v: {o for w, o in rows if w == v} for v in distinct}
    groups: list[list[float]] = []
    for v in distinct:
        if groups and len(of[v]) == 1 and of[groups[-1][-1]] == of[v]:
            groups[-1].append(v)
        else:
            groups.append([v])
    ordered = sorted((v, y) for v, y in rows if not math.isnan(v))
    found = {}
    for group in groups:
        if len(of[group[0]]) > 1:
            continue
        (outcome,) = of[group[0]]
        size = sum(v in group for v, _ in ordered)
        start = sum(v < group[0] for v, _ in ordered)
        reach = max(size // 10, 30)
        left, right = max(start - reach, 0), min(start + size + reach, len(ordered))
        if start:
            edge = ordered[left][0]
            beside = [y for v, y in ordered if edge <= v < group[0]]
        else:
            beside = []
        if start + size < len(ordered):
            edge = ordered[right - 1][0]
            beside += [y for v, y in ordered if group[-1] < v <= edge]
        if len(groups) == 1:
            beside = [y for v, y in rows if math.isnan(v)]
        alike = beside.count(outcome)
        near = math.prod((alike + 1 + i) / (len(beside) + 2 + i) for i in range(size))
        likely = max((total[outcome] / n) ** size, near) * tries
        if size >= least and likely <= chance and len(total) > 1:
            found[group[0], group[-1], outcome] = size
    return found


@given(
    rows=st.lists(
        st.tuples(st.sampled_from([0.0, 1.0, 2.5, 3.0, 7.0, math.nan]), st.sampled_from([0, 0, 0, 1, 2, -1])),
        min_size=4,
        max_size=60,
    ),
    chance=st.sampled_from([0.3, 0.05]),
)
def test_against_brute_force(rows, chance):
    values, outcomes = [v for v, _ in rows], [y for _, y in rows]
    known = [v for v, y in rows if y >= 0 and not math.isnan(v)]
    expected = brute_force(values, outcomes, tries=2, least=2, chance=chance)
    found = determined(values_of(pd.Series(values, dtype=float)), np.array(outcomes), tries=2, least=2, chance=chance)
    words = {}
    for (low, high, outcome), size in expected.items():
        first, last = low == min(known), high == max(known)
        text = (
            f"{low:g}" if low == high else f"≤ {high:g}" if first else f"≥ {low:g}" if last else f"{low:g} – {high:g}"
        )
        words[text, outcome] = size
    assert {(r.value, r.outcome): r.rows for r in found.runs if r.value != "missing"} == words
    assert found.rows == sum(r.rows for r in found.runs)


def labels(rng, n, rate):
    return (rng.random(n) < rate).astype(np.int64)


def test_a_flag_that_is_set_after_the_event():
    rng = np.random.default_rng(1)
    y = labels(rng, 3000, 0.04)
    flag = np.where((y == 1) & (rng.random(3000) < 0.3), 1, 0)
    assert runs_of(flag, y) == {("1", 1): int(flag.sum())}
    assert runs_of(flag.astype(bool), y) == {("True", 1): int(flag.sum())}
    assert runs_of(np.where(flag == 1, "closed", "open"), y) == {("closed", 1): int(flag.sum())}


def test_a_date_that_is_missing_until_the_event():
    rng = np.random.default_rng(2)
    y = labels(rng, 2000, 0.3)
    day = np.where(y == 1, np.datetime64("2024-03-01") + rng.integers(0, 90, 2000), np.datetime64("NaT"))
    found = determined(values_of(pd.Series(day)), y, tries=100, least=10, chance=0.001)
    assert found.rows == found.known == 2000
    assert ("missing", 0) in {(run.value, run.outcome) for run in found.runs}


def test_a_threshold_that_tells_everything():
    rng = np.random.default_rng(3)
    x = rng.normal(size=500)
    y = (x > 0.5).astype(np.int64)
    found = determined(values_of(pd.Series(x)), y, tries=1000, least=10, chance=0.001)
    assert found.rows == 500
    assert {run.outcome for run in found.runs} == {0, 1}


def test_an_interval_in_the_middle():
    rng = np.random.default_rng(4)
    x, y = rng.integers(0, 100, 4000), labels(rng, 4000, 0.1)
    y[(x >= 40) & (x <= 42)] = 1
    ((value, outcome),) = runs_of(x, y, tries=200)
    assert (value, outcome) == ("40 – 42", 1)


@pytest.mark.parametrize("slope", [1.0, 3.0, 6.0])
def test_an_honest_predictor_raises_hardly_any_alarm(slope):
    """Its tails have one outcome alone, and so nearly have the rows beside them."""
    alarms, runs = 0, share(200, 40)
    for seed in range(runs):
        rng = np.random.default_rng([5, seed])
        x = rng.normal(size=2000)
        y = (rng.random(2000) < 1 / (1 + np.exp(-slope * x))).astype(np.int64)
        alarms += bool(runs_of(x, y, tries=2 * 2000))
    assert alarms / runs <= 0.025


def test_chance_alone_raises_few_alarms():
    """Of columns that have nothing to do with the outcome, no more sets give one than the chance that is allowed."""
    chance, alarms, runs = 0.05, 0, share(2000, 300)
    for seed in range(runs):
        rng = np.random.default_rng([6, seed])
        y = labels(rng, 300, rng.choice([0.05, 0.3, 0.5]))
        columns = [
            pd.Series(rng.normal(size=300)),
            pd.Series(rng.integers(0, 30, 300)),
            pd.Series(rng.choice(list("abcdefgh"), 300)),
        ]
        seen = [values_of(c) for c in columns]
        tries = 2 * sum(v.distinct + 1 for v in seen)
        alarms += any(determined(v, y, tries=tries, least=2, chance=chance).runs for v in seen)
    assert alarms / runs <= chance + 3 * math.sqrt(chance * (1 - chance) / runs)


def test_outcomes_all_alike_or_unknown_determine_nothing():
    assert runs_of([1, 2, 3] * 20, [0] * 60) == {}
    assert runs_of([1, 2, 3] * 20, [-1] * 60) == {}
    assert runs_of([1, 2, 3] * 20, [0, -1, -1] * 20) == {}


def test_rows_without_an_outcome_do_not_count():
    y = np.array([1] * 20 + [0] * 200 + [-1] * 50)
    x = np.array([1] * 20 + [0] * 200 + [1] * 50)
    assert runs_of(x, y)["1", 1] == 20


def test_outcomes_of_a_regression():
    """A number that comes with one outcome alone: no claim, no loss."""
    rng = np.random.default_rng(7)
    loss = np.where(rng.random(1000) < 0.2, 0.0, rng.normal(size=1000) + 9)
    codes, found = pd.factorize(loss)
    claim = np.where(loss == 0, "no", "yes")
    assert runs_of(claim, codes, tries=2000) == {("no", int(np.flatnonzero(found == 0)[0])): int((loss == 0).sum())}


def test_a_million_categories():
    n = 1_000_000
    y = labels(np.random.default_rng(8), n, 0.1)
    found = determined(values_of(pd.Series([f"c{i}" for i in range(n)])), y, tries=2 * n, least=10, chance=0.001)
    assert found.runs == ()
