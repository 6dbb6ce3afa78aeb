"""Rows in both data sets, against pandas, and how often chance raises the alarm."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from explainkit.assess.data import data
from explainkit.assess.data.row_hashes import found_in
from explainkit.assess.groups.groupings import groupings
from explainkit.assess.leakage import overlap
from explainkit.evidence import Column
from explainkit.load.columns import kind_of
from explainkit.plan import plan_from
from tests.assess.builders import dataset, figures_of, subject_of
from tests.bounded import share
from tests.datasets.cases import read_adult

CHANCE = 0.001


def facts(rows, reference=None, target="y", **roles):
    inputs = tuple(c for c in rows if c != target and c not in roles)
    columns = tuple(
        Column(
            name=c,
            kind=kind_of(rows[c]),
            roles=("target",) if c == target else (roles[c],) if c in roles else ("feature",),
        )
        for c in rows
    )
    subject = subject_of(
        np.full(len(rows), 0.5),
        np.zeros(len(rows)),
        evaluation=dataset(rows),
        reference=None if reference is None else dataset(reference, role="reference"),
        columns=columns,
        features=inputs,
    )
    return data.measure(subject, plan_from({}), groupings((), min_cell=10))


def overlaps(rows, reference, **roles):
    return figures_of(overlap.measure(facts(rows, reference, **roles), chance=CHANCE))


def made(rng, n, levels=4):
    frame = pd.DataFrame({c: rng.integers(0, levels, n) for c in "abcde"})
    return frame.assign(y=rng.integers(0, 2, n))


def brute(rows, reference, columns):
    known = reference[columns].drop_duplicates().assign(there=True)
    return rows[columns].merge(known, how="left", on=columns)["there"].notna().to_numpy()


def test_against_pandas():
    rng = np.random.default_rng(1)
    rows, reference = made(rng, 400), made(rng, 700)
    figures = overlaps(rows, reference)
    for way, columns in (("whole", list(rows)), ("cases", list(rows)), ("inputs", list("abcde"))):
        found = figures[f"leakage.overlap[rows={way}]"]
        twins = reference.duplicated(subset=columns, keep=False)
        assert (found.events, found.n) == (brute(rows, reference, columns).sum(), 400)
        assert figures[f"leakage.overlap_expected[rows={way}]"].value == pytest.approx(twins.mean(), abs=1e-12)
        excess = figures[f"leakage.overlap_excess[rows={way}]"]
        assert excess.value == pytest.approx(found.value - twins.mean(), abs=1e-12)


def test_chance_alone_raises_no_alarm():
    """Coarse rows of one population meet each other often, and no more often than the reference rows do."""
    runs, alarms = share(300, 60), 0
    for seed in range(runs):
        rng = np.random.default_rng([2, seed])
        figures = overlaps(made(rng, 300, 3), made(rng, 600, 3))
        assert figures["leakage.overlap[rows=inputs]"].value > 0.5
        alarms += any(figures[f"leakage.overlap_excess[rows={way}]"].low > 0 for way in ("whole", "inputs"))
    assert alarms <= 1


def test_planted_rows_of_adult_are_found_to_the_row(shared_data):
    train, test = (read_adult(shared_data / "adult" / name) for name in ("adult.data", "adult.test"))
    rng = np.random.default_rng(3)
    planted = train.drop_duplicates().sample(100, random_state=3)
    is_planted = np.concatenate([np.zeros(len(test), bool), np.ones(100, bool)])
    order = rng.permutation(len(test) + 100)
    mixed = pd.concat([test, planted]).iloc[order].reset_index(drop=True)
    is_planted = is_planted[order]
    found = facts(mixed, train, target="income")
    assert found.reference is not None
    here = found_in(found.evaluation.whole, found.reference.whole)
    by_nature = brute(mixed, train, list(train.columns))
    assert np.array_equal(here, by_nature)
    assert here[is_planted].all()
    # Without the planted rows chance has put 23 of the test file into the training file: they are no alarm.
    assert here[~is_planted].sum() == brute(test, train, list(train.columns)).sum() == 23
    with_them = figures_of(overlap.measure(found, chance=CHANCE))["leakage.overlap_excess[rows=whole]"]
    without = overlaps(test, train, target="income")["leakage.overlap_excess[rows=whole]"]
    assert with_them.low > 0 > without.low


def test_rows_that_were_rounded_are_nearly_found():
    rng = np.random.default_rng(5)
    reference = pd.DataFrame(rng.lognormal(size=(300, 3)), columns=list("abc")).assign(y=0)
    rows = pd.DataFrame(rng.lognormal(size=(300, 3)), columns=list("abc")).assign(y=0)
    rows.iloc[:50] = reference.iloc[:50]
    rows.iloc[:50, :3] = rows.iloc[:50, :3].map(lambda x: float(f"{x:.4g}"))
    figures = overlaps(rows, reference)
    assert figures["leakage.overlap[rows=inputs]"].events == 0
    assert figures["leakage.overlap[rows=near]"].events >= 40
    assert figures["leakage.overlap_excess[rows=near]"].low > 0


def test_ids_do_not_hide_rows_that_repeat():
    rng = np.random.default_rng(6)
    reference = pd.DataFrame({"case": range(100), "a": rng.normal(size=100), "y": 0})
    rows = reference.assign(case=range(1000, 1100))
    assert overlaps(rows, reference)["leakage.overlap[rows=whole]"].value == 1.0
    named = overlaps(rows.assign(case=rows["case"] * 7919), reference, case="id")
    assert named["leakage.overlap[rows=whole]"].value == 1.0


def test_without_reference_data_it_is_not_tested():
    measured = overlap.measure(facts(made(np.random.default_rng(7), 50)), chance=CHANCE)
    (figure,) = measured.figures
    assert (figure.id, figure.status) == ("leakage.overlap", "not_tested")
    assert [entry.what for entry in measured.ledger] == ["leakage.overlap"]
