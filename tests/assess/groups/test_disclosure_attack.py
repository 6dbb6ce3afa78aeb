"""The attack: from every number that is released, the least and the largest value of every count that is hidden.

What is promised: the count of every small group keeps a range of ``min_cell``, or the range that it has where all
intersections are suppressed. What cannot be promised: where the row counts of single columns, which are shown, confine
an intersection more closely than that, nothing hidden of intersections alone could help.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import optimize

from explainkit.assess import outcomes
from explainkit.assess.fairness import actual_decisions, fairness, ll144, shown
from explainkit.assess.groups import cells as groups
from explainkit.assess.groups import groupings
from explainkit.assess.groups.cells import with_hidden
from explainkit.assess.groups.small import small
from explainkit.load.earlier_card import earlier_card
from explainkit.plan import FairnessPlan, LocalLaw144Plan
from tests.assess.builders import group, subject_of

STATES = list(product((0, 1), (0, 1)))
"""Outcome and decision; decided 0 is selected."""
RATES = {
    "selection_rate": (lambda y, d: True, lambda y, d: d == 0),
    "impact_ratio": (lambda y, d: True, lambda y, d: d == 0),
    "selection_difference": (lambda y, d: True, lambda y, d: d == 0),
    "true_positive_rate": (lambda y, d: y == 1, lambda y, d: y == d == 1),
    "false_positive_rate": (lambda y, d: y == 0, lambda y, d: y == 0 and d == 1),
    "accuracy": (lambda y, d: True, lambda y, d: y == d),
    "base_rate": (lambda y, d: True, lambda y, d: y == 1),
    "precision": (lambda y, d: d == 1, lambda y, d: y == d == 1),
    "roc_auc": (lambda y, d: True, lambda y, d: y == 1),
    "mean_score": (lambda y, d: True, None),
    # Where there is no outcome, whether a row scores above the median stands in its place.
    "ll144.selection_rate": (lambda above, d: True, lambda above, d: d == 0),
    "ll144.scoring_rate": (lambda above, d: True, lambda above, d: above == 1),
    # Or what was decided in fact.
    "decisions.actual_rate": (lambda made, d: True, lambda made, d: made == 1),
    "decisions.model_rate": (lambda made, d: True, lambda made, d: d == 0),
    "decisions.overridden_to_favourable": (lambda made, d: d == 1, lambda made, d: made == d == 1),
    "decisions.overridden_to_unfavourable": (lambda made, d: d == 0, lambda made, d: made == d == 0),
}


class Attack:
    """Everything that a release tells, as equations in the counts by combination of levels and state."""

    def __init__(self, table, measured, *, suppressed=False):
        """`table`: counts, shape (levels of each column …, outcome, decision); of it the totals alone are used."""
        self.columns = [f"c{i}" for i in range(table.ndim - 2)]
        self.unknowns = list(product(*map(range, table.shape[:-2]), STATES))
        self.known, self.least = [], []
        for state in STATES:
            self.equal(lambda places, s, state=state: s == state, table[(..., *state)].sum())
        listed = {}
        for figure in measured.figures:
            kind, keys = (
                figure.name.removeprefix("fairness."),
                {k: int(v) for k, v in figure.keys.items() if k != "column"},
            )
            crossing = len(keys) > 1
            if kind == "count":
                listed.setdefault(tuple(sorted(keys)), set()).add(tuple(v for _, v in sorted(keys.items())))
            if figure.status != "measured" or (suppressed and crossing):
                if kind == "count":
                    self.least.append(self.row(lambda places, s, keys=keys: self.inside(places, keys)))
                continue
            if kind == "count":
                self.equal(lambda places, s, keys=keys: self.inside(places, keys), figure.value)
            elif kind in RATES:
                whole, part = RATES[kind]
                self.equal(lambda places, s, k=keys, w=whole: self.inside(places, k) and w(*s), figure.n)
                if part is not None:
                    self.equal(lambda places, s, k=keys, p=part: self.inside(places, k) and p(*s), figure.events)
        for names, found in listed.items():
            axes = [self.columns.index(name) for name in names]
            for levels in product(*(range(table.shape[axis]) for axis in axes)):
                if levels not in found:
                    keys = dict(zip(names, levels, strict=True))
                    self.equal(lambda places, s, keys=keys: self.inside(places, keys), 0)

    def inside(self, places, keys):
        return all(places[self.columns.index(name)] == level for name, level in keys.items())

    def row(self, chosen):
        return np.array([float(chosen(unknown[:-1], unknown[-1])) for unknown in self.unknowns])

    def equal(self, chosen, value):
        self.known.append((self.row(chosen), value))

    def range_of(self, keys, chosen=lambda s: True):
        aim = self.row(lambda places, s: self.inside(places, keys) and chosen(s))
        rows, values = np.array([r for r, _ in self.known]), np.array([float(v) for _, v in self.known])
        constraints = [optimize.LinearConstraint(rows, values, values)]
        if self.least:
            constraints.append(optimize.LinearConstraint(np.array(self.least), 1, np.inf))
        return whole_range(aim, constraints)


def whole_range(aim, constraints):
    """Largest less smallest value of a sum of counts."""
    ends = []
    for sign in (1, -1):
        for presolve in (True, False):  # HiGHS calls some programmes infeasible that the truth itself solves
            found = optimize.milp(
                sign * aim, integrality=np.ones(len(aim)), constraints=constraints, options={"presolve": presolve}
            )
            if found.success:
                break
        assert found.success, found.message
        ends.append(round(sign * found.fun))
    return ends[1] - ends[0]


def released(table, min_cell, min_count=0, earlier=None):
    """What is measured of rows with these counts; `earlier` is what was measured before."""
    rows = [place for place, count in np.ndenumerate(table) for _ in range(count)]
    *places, labels, decisions = zip(*rows, strict=True)
    columns = [
        group(f"c{i}", values, [str(level) for level in range(table.shape[i])]) for i, values in enumerate(places)
    ]
    subject = subject_of(np.where(np.array(decisions) == 1, 0.75, 0.25), labels, groups=columns)
    before = None if earlier is None else earlier_card(earlier.figures)
    subject = replace(subject, earlier=before)
    plan = FairnessPlan(min_cell=min_cell, min_count=min_count)
    return fairness.measure(subject, plan)


SCORES = {(1, 0): 0.1, (0, 0): 0.3, (0, 1): 0.7}
"""By above the median (favourable is a low score, and 0.3 the median) and decision."""


def released_scored(table, min_cell):
    """The same where Local Law 144 is asked for, of two columns."""
    rows = [place for place, count in np.ndenumerate(table) for _ in range(count)]
    first, second, above, decisions = zip(*rows, strict=True)
    columns = [group("c0", first), group("c1", second)]
    subject = subject_of([SCORES[state] for state in zip(above, decisions, strict=True)], None, groups=columns)
    assert (outcomes.favourably_scored(subject)[0] == np.array(above)).all()
    plan, asked = FairnessPlan(min_cell=min_cell), LocalLaw144Plan(sex="c0", race_ethnicity="c1")
    found = shown.groupings_of(subject, plan, asked)
    return fairness.measure(subject, plan, found=found) + ll144.measure(subject, asked, plan, found=found)


def released_decided(table, min_cell):
    """The same where decisions made are given, and no outcome."""
    rows = [place for place, count in np.ndenumerate(table) for _ in range(count)]
    first, second, made, decisions = zip(*rows, strict=True)
    columns = [group("c0", first), group("c1", second)]
    subject = subject_of(np.where(np.array(decisions) == 1, 0.75, 0.25), None, groups=columns)
    subject = replace(subject, rows=replace(subject.rows, actual=np.array(made, float)))
    plan = FairnessPlan(min_cell=min_cell)
    found = shown.groupings_of(subject, plan, LocalLaw144Plan())
    return fairness.measure(subject, plan, found=found) + actual_decisions.measure(subject, plan, found)


def small_groups(table, min_cell):
    """Every group with fewer rows, of one column or of several."""
    sizes = table.sum(axis=(-2, -1))
    for depth in range(1, sizes.ndim + 1):
        for axes in combinations(range(sizes.ndim), depth):
            margin = sizes.sum(axis=tuple(set(range(sizes.ndim)) - set(axes)))
            for place, size in np.ndenumerate(margin):
                if 0 < size < min_cell:
                    yield dict(zip((f"c{axis}" for axis in axes), place, strict=True))


def check(table, min_cell, released=released):
    measured = released(table, min_cell)
    made = {tuple(sorted(f.keys)) for f in measured.figures if f.name == "fairness.count"}
    attack, floor = Attack(table, measured), Attack(table, measured, suppressed=True)
    for keys in small_groups(table, min_cell):
        if tuple(sorted(keys)) in made:
            got = attack.range_of(keys)
            assert got >= min_cell or got >= floor.range_of(keys), (keys, got)
    return measured


def tables(shape, most):
    size = int(np.prod(shape))
    return (
        st.lists(st.integers(0, most), min_size=size, max_size=size)
        .map(lambda counts: np.array(counts).reshape(shape))
        .filter(lambda table: table.sum(axis=tuple(range(table.ndim - 2)))[1].any() and table.sum() > 0)
    )


@settings(max_examples=25, deadline=None)
@given(tables((2, 3, 2, 2), 6), st.integers(3, 10))
def test_no_small_group_of_two_columns_follows(table, min_cell):
    check(table, min_cell)


@pytest.mark.slow
@settings(max_examples=40, deadline=None)
@given(tables((2, 3, 2, 2, 2), 5), st.integers(2, 8))
def test_no_small_group_of_three_columns_follows(table, min_cell):
    check(table, min_cell)


def spread(sizes):
    """Counts with outcome and decision as even as they come."""
    sizes = np.array(sizes)
    return np.stack([(sizes + k) // 4 for k in range(4)], axis=-1).reshape(*sizes.shape, 2, 2)


NASTY = {
    "one small cell": [[3, 60, 50], [55, 60, 70]],
    "two small cells in one row": [[3, 4, 50], [55, 60, 70]],
    "empty cells": [[0, 60, 50], [55, 0, 3], [40, 30, 60]],
    "a chain": [[8, 9, 40, 40], [40, 8, 9, 40], [40, 40, 8, 9], [40, 40, 40, 8]],
    "a bridge": [[8, 8, 3, 40], [8, 8, 40, 40], [40, 40, 8, 8], [40, 40, 8, 8]],
    "three columns": [[[3, 40], [40, 40]], [[40, 40], [40, 40]]],
    "a small group alone": [[3, 2], [60, 70], [80, 90]],
}


@pytest.mark.parametrize("sizes", NASTY.values(), ids=NASTY)
def test_no_small_group_of_a_nasty_table_follows(sizes):
    measured = check(spread(sizes), 10)
    assert any(f.status == "measured" for f in measured.figures if f.name == "fairness.count")


@pytest.mark.parametrize("name", [name for name in NASTY if name != "a small group alone"])
def test_the_attack_succeeds_where_small_cells_alone_are_hidden(name, monkeypatch):
    table = spread(NASTY[name])

    def only_small(singles, crossed, states, *, min_cell, **_):
        return tuple(with_hidden(cells, small(cells.sizes, min_cell)) for cells in crossed), ()

    monkeypatch.setattr(groupings, "protect", only_small)
    with pytest.raises(AssertionError):
        check(table, 10)


def test_the_attack_succeeds_where_a_small_group_is_hidden_alone(monkeypatch):
    table = spread(NASTY["a small group alone"])
    assert Attack(table, released(table, 10)).range_of({"c0": 0}) >= 10
    monkeypatch.setattr(groups, "hide_line", lambda sizes, hidden, min_cell: hidden)
    assert Attack(table, released(table, 10)).range_of({"c0": 0}) == 0


def scored_tables(shape, most):
    """Counts where 0.3 is the median score, and every level occurs."""
    size = int(np.prod(shape))

    def table(counts):
        return np.stack([np.reshape(counts[i::3], shape) for i in range(3)], axis=-1)

    def laid_out(parts):
        middle, rest, above = np.moveaxis(parts, -1, 0)
        return np.stack([np.stack([middle, rest], -1), np.stack([above, np.zeros_like(above)], -1)], -2)

    def holds(found):
        above, middle = found[..., 1, 0].sum(), found[..., 0, 0].sum()
        sizes = found.sum(axis=(-2, -1))
        return above < found.sum() / 2 < above + middle and all(sizes.any(axis=axis).all() for axis in (0, 1))

    counts = st.lists(st.integers(0, most), min_size=3 * size, max_size=3 * size)
    return counts.map(table).map(laid_out).filter(holds)


@settings(max_examples=25, deadline=None)
@given(scored_tables((3, 3), 9), st.integers(3, 8))
def test_no_small_group_follows_from_scoring_rates(table, min_cell):
    check(table, min_cell, released_scored)


@settings(max_examples=25, deadline=None)
@given(tables((3, 3, 2, 2), 6), st.integers(3, 8))
def test_no_small_group_follows_from_decisions_made(table, min_cell):
    check(table, min_cell, released_decided)


def test_a_small_numerator_of_decisions_made_does_not_follow():
    """Of c0=0 the model selects half, and three of its rows were decided favourably."""
    table = np.array([[[20, 20], [1, 2]], [[20, 20], [30, 40]], [[40, 40], [40, 40]]])[:, None]
    assert table[0, 0, 1].sum() == 3

    def guarded(min_count):
        rows = [place for place, count in np.ndenumerate(table) for _ in range(count)]
        levels, _, made, decisions = zip(*rows, strict=True)
        subject = subject_of(np.where(np.array(decisions) == 1, 0.75, 0.25), None, groups=[group("c0", levels)])
        subject = replace(subject, rows=replace(subject.rows, actual=np.array(made, float)))
        plan = FairnessPlan(min_cell=10, min_count=min_count)
        found = shown.groupings_of(subject, plan, LocalLaw144Plan())
        measured = fairness.measure(subject, plan, found=found) + actual_decisions.measure(subject, plan, found)
        assert [f.status for f in measured.figures if f.id == "decisions.actual_rate[c0=0]"] == [
            "suppressed" if min_count else "measured"
        ]
        return Attack(table[:, 0], measured)

    chosen = {"keys": {"c0": 0}, "chosen": lambda s: s[0] == 1}
    assert guarded(0).range_of(**chosen) == 0
    assert guarded(5).range_of(**chosen) >= 5


def test_the_attack_succeeds_where_scoring_rates_are_not_reckoned_with(monkeypatch):
    parts = [
        [[3, 1, 4], [7, 5, 1], [10, 6, 1]],
        [[6, 2, 3], [0, 1, 3], [1, 5, 0]],
        [[8, 2, 8], [4, 8, 7], [7, 7, 4]],
    ]
    table = np.array([[[[middle, rest], [above, 0]] for middle, rest, above in row] for row in parts])
    measured = check(table, 8, released_scored)
    assert any(f.status == "measured" for f in measured.figures if f.name == "ll144.scoring_rate" and len(f.keys) > 1)
    monkeypatch.setattr(shown, "_scoring_is_shown", lambda subject, plan: False)
    with pytest.raises(AssertionError):
        check(table, 8, released_scored)


def test_a_small_numerator_does_not_follow():
    """Of c0=0 three rows are selected, of c0=1 all but two; sizes are shown, rates are not."""
    table = np.array([[[2, 30], [1, 30]], [[30, 1], [30, 1]], [[40, 40], [40, 40]], [[50, 40], [40, 50]]])
    selected = {"chosen": lambda s: s[1] == 0}
    plain, guarded = (Attack(table, released(table, 10, count)) for count in (0, 8))
    assert plain.range_of({"c0": 0}, **selected) == 0
    assert guarded.range_of({"c0": 0}, **selected) >= 8
    assert guarded.range_of({"c0": 0}) == 0
    measured = released(table, 10, 8)
    rates = {f.id: f.status for f in measured.figures if "c0" in f.keys and f.name != "fairness.count"}
    assert {status for key, status in rates.items() if "c0=0" in key} == {"suppressed"}
    assert {status for key, status in rates.items() if "c0=3" in key} == {"measured"}


def range_over_both(before, after, keys, of="before"):
    """Range of a count of one release, given both: rows were added and none was taken away."""
    first, second = (np.array([r for r, _ in attack.known]) for attack in (before, after))
    size = len(before.unknowns)
    rows = np.block([[first, np.zeros((len(first), size))], [np.zeros((len(second), size)), second]])
    values = [float(v) for attack in (before, after) for _, v in attack.known]
    more = np.hstack([-np.eye(size), np.eye(size)])
    constraints = [optimize.LinearConstraint(rows, values, values), optimize.LinearConstraint(more, 0, np.inf)]
    for attack, zeros in ((before, (0, size)), (after, (size, 0))):
        if attack.least:
            least = np.pad(np.array(attack.least), ((0, 0), zeros))
            constraints.append(optimize.LinearConstraint(least, 1, np.inf))
    own, other = before.row(lambda places, s: before.inside(places, keys)), np.zeros(size)
    aim = np.append(own, other) if of == "before" else np.append(other, own)
    return whole_range(aim, constraints)


def test_what_two_releases_hide_alike_does_not_follow_from_both():
    """Rows are added to groups that are shown in both: nothing is learnt of those that are hidden in both."""
    before = spread([[5, 60, 50], [55, 60, 70]])
    after = before.copy()
    after[1, 2] += 7
    attacks = [Attack(table, check(table, 10)) for table in (before, after)]
    assert range_over_both(*attacks, {"c0": 0, "c1": 0}) >= 10


GROWN = np.array([0, 0, 0, 3, 0, 0, 0, 4, 0, 0, 0, 3, 0, 0, 0, 4, 0, 0, 0, 1, 0, 0, 0, 4]).reshape(2, 3, 2, 2)
"""Where one row more changes which groups are hidden beside the smallest."""


def test_the_attack_on_two_releases_succeeds_where_the_later_does_not_know_the_earlier():
    after = GROWN.copy()
    after[1, 0, 0, 0] += 1
    attacks = [Attack(table, check(table, 3)) for table in (GROWN, after)]
    assert GROWN[1, 1].sum() == 1
    assert attacks[0].range_of({"c0": 1, "c1": 1}) >= 3
    assert range_over_both(*attacks, {"c0": 1, "c1": 1}) == 0
    known = check(after, 3, lambda table, cell: released(table, cell, earlier=released(GROWN, cell)))
    assert range_over_both(attacks[0], Attack(after, known), {"c0": 1, "c1": 1}) >= 3


@pytest.mark.slow
@settings(max_examples=40, deadline=None)
@given(tables((2, 3, 2, 2), 6), tables((2, 3, 2, 2), 3), st.integers(3, 8))
def test_no_small_group_follows_from_two_releases(before, added, min_cell):
    first = released(before, min_cell)
    second = released(before + added, min_cell, earlier=first)
    joint = [Attack(before, first), Attack(before + added, second)]
    floor = [Attack(before, first, suppressed=True), Attack(before + added, second, suppressed=True)]
    for keys in small_groups(before, min_cell):
        got = range_over_both(*joint, keys)
        assert got >= min_cell or got >= range_over_both(*floor, keys), (keys, got)
    made = {tuple(sorted(f.keys)) for f in second.figures if f.name == "fairness.count"}
    for keys in small_groups(before + added, min_cell):
        if tuple(sorted(keys)) in made:
            got = range_over_both(*joint, keys, of="after")
            assert got >= min_cell or got >= range_over_both(*floor, keys, of="after"), (keys, got)


def test_two_releases_tell_who_was_added_but_not_the_small_group():
    """One row more: its group and decision follow where its group is shown. The small group keeps its range in each
    release; once it grows to ``min_cell`` it is shown, and that it was smaller by one row before then follows too."""
    before = spread([60, 50, 5, 9])
    after = before.copy()
    after[2, 0, 0] += 1
    for table in (before, after):
        attack = Attack(table, released(table, 10))
        for level in (2, 3):
            assert attack.range_of({"c0": level}) >= 10
    grown = spread([60, 50, 10, 12])
    counts = {f.id: f.value for f in released(grown, 10).figures if f.name == "fairness.count"}
    assert counts["fairness.count[c0=2]"] == 10
