"""The public summary attacked: from every number that it gives of groups, the range of every number that it withholds.

What is promised: every numerator of a rate, and its complement, that is withheld of a group of one column keeps a range
of the floor or more, except where the totals over all rows alone confine it; and whatever the summary gives stands in
the card with the same numbers.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from explainkit.assess.fairness import fairness, ll144, publication, shown
from explainkit.assess.groups import small
from explainkit.evidence import Column, Measured
from explainkit.figures import Figure, figure_id
from explainkit.plan import FairnessPlan, LocalLaw144Plan, Plan, PublicPlan
from explainkit.public import summarised
from tests.assess.builders import group, subject_of
from tests.assess.groups.test_disclosure_attack import SCORES, STATES, Attack, scored_tables, tables
from tests.sign.builders import make_evidence

SELECTED = {"selected": lambda s: s[1] == 0, "not selected": lambda s: s[1] == 1}
ERRORS = {f"outcome {y}, decided {d}": (lambda s, y=y, d=d: s == (y, d)) for y, d in STATES}
ABOVE = {"above": lambda s: s[0] == 1, "not above": lambda s: s[0] == 0}


NO_RULE = LocalLaw144Plan()


def plan_of(floor, min_cell=1, rule=NO_RULE):
    return Plan(fairness=FairnessPlan(min_cell=min_cell), public=PublicPlan(min_count=floor), ll144=rule)


def published(subject, plan):
    """Figures of the card, figures of the summary, and what the ledger says."""
    found = shown.groupings_of(subject, plan.fairness, plan.ll144)
    card = fairness.measure(subject, plan.fairness, found=found)
    card += ll144.measure(subject, plan.ll144, plan.fairness, found=found)
    public, ledger = publication.publication(subject, plan, card.figures)
    columns = tuple(Column(name=c.name, kind="category", roles=("sensitive",)) for c in subject.rows.groups)
    evidence = replace(make_evidence(), figures=card.figures, columns=columns, publication=public, ledger=ledger)
    return card.figures, summarised(evidence, evidence.to_json()).figures, ledger


def rows_of(table):
    return [place for place, count in np.ndenumerate(table) for _ in range(count)]


def subject_from(table):
    *places, labels, decisions = zip(*rows_of(table), strict=True)
    columns = [group(f"c{i}", v, [str(level) for level in range(table.shape[i])]) for i, v in enumerate(places)]
    return subject_of(np.where(np.array(decisions) == 1, 0.75, 0.25), labels, groups=columns)


def subject_scored(table):
    first, second, above, decisions = zip(*rows_of(table), strict=True)
    columns = [group("c0", first), group("c1", second)]
    return subject_of([SCORES[state] for state in zip(above, decisions, strict=True)], None, groups=columns)


def with_sizes(figures):
    """The same, with the sizes of intersections that the figures of Local Law 144 tell."""
    more = [
        Figure(
            id=figure_id("fairness.count", f.keys),
            value=f.n,
            status=f.status,
            reason=f.reason,
            unit="count",
        )
        for f in figures
        if f.name == "ll144.selection_rate" and len(f.keys) > 1
    ]
    return Measured(figures=(*figures, *more))


def attack(table, figures, floor, parts):
    """Every number of a group of one column: given and large enough, or withheld with a range of the floor."""
    release = Attack(table, with_sizes(figures))
    sizes = table.sum(axis=(-2, -1))
    for axis in range(sizes.ndim):
        margin = table.sum(axis=tuple(i for i in range(sizes.ndim) if i != axis))
        for level in range(len(margin)):
            if not margin[level].sum():
                continue
            for name, chosen in parts.items():
                total = sum(int(table[(..., *s)].sum()) for s in STATES if chosen(s))
                truth = sum(int(margin[(level, *s)]) for s in STATES if chosen(s))
                got = release.range_of({f"c{axis}": level}, chosen)
                assert (got == 0 and truth >= floor) or got >= min(floor, total), (axis, level, name, truth, got)


def agrees(card, summary):
    """Each figure of the summary is that of the card, or withheld."""
    by_id = {f.id: f for f in card}
    assert {f.status for f in summary} <= {"measured", "suppressed", "not_tested", "insufficient"}
    for figure in summary:
        assert figure.id in by_id
        if figure.status != "suppressed":
            assert figure == by_id[figure.id]
        else:
            assert (figure.value, figure.n, figure.events, figure.low, figure.high) == (None,) * 5


def floors(figures, floor):
    """No number of people below the floor is given of a group."""
    for figure in figures:
        if figure.status == "measured" and figure.keys and "column" not in figure.keys:
            if figure.name == "fairness.count":
                assert figure.value == 0 or figure.value >= floor
            else:
                assert figure.events >= floor
                assert figure.n - figure.events >= floor


@pytest.mark.slow
@settings(max_examples=30, deadline=None)
@given(tables((4, 3, 2, 2), 9), st.integers(3, 12))
def test_no_small_number_follows(table, floor):
    card, summary, _ = published(subject_from(table), plan_of(floor))
    agrees(card, summary)
    floors(summary, floor)
    attack(table, summary, floor, SELECTED)
    attack(table, summary, floor, ERRORS)


@pytest.mark.slow
@settings(max_examples=20, deadline=None)
@given(scored_tables((3, 3), 12), st.integers(3, 8))
def test_no_small_number_follows_from_local_law_144(table, floor):
    rule = LocalLaw144Plan(sex="c0", race_ethnicity="c1")
    card, summary, _ = published(subject_scored(table), plan_of(floor, rule=rule))
    agrees(card, summary)
    floors(summary, floor)
    attack(table, summary, floor, {**SELECTED, **ABOVE})


LARGE = np.array([[[40, 40], [40, 40]], [[30, 40], [40, 30]], [[45, 45], [45, 45]]])[:, None]


def test_nothing_is_withheld_where_every_number_is_large():
    card, summary, ledger = published(subject_from(LARGE), plan_of(10))
    assert {f.status for f in summary if "c0" in f.keys} == {"measured"}
    assert ledger == ()
    agrees(card, summary)


def test_error_rates_are_withheld_where_selection_is_not():
    """Of c0=0 four rows are wrongly passed over; the selection rate is of large numbers."""
    table = LARGE.copy()
    table[0, 0, 0, 1] = 4
    _, summary, ledger = published(subject_from(table), plan_of(10))
    status = {f.id: f.status for f in summary}
    assert [status[f"fairness.selection_rate[c0={g}]"] for g in range(3)] == ["measured"] * 3
    assert [status[f"fairness.false_positive_rate[c0={g}]"] for g in range(3)] == [
        "suppressed",
        "suppressed",
        "measured",
    ]
    assert [(e.what, e.count) for e in ledger] == [("error rates of groups of c0 in the public summary", 2)]
    attack(table, summary, 10, {**SELECTED, **ERRORS})


def test_nobody_selected_is_a_small_number():
    table = LARGE.copy()
    table[1, 0, :, 0] = 0
    _, summary, _ = published(subject_from(table), plan_of(10))
    status = {f.id: f.status for f in summary}
    assert status["fairness.selection_rate[c0=1]"] == "suppressed"
    assert status["fairness.count[c0=1]"] == "measured"
    assert status["fairness.selection_rate[c0=2]"] == "measured"
    attack(table, summary, 10, SELECTED)


def test_a_ratio_to_a_group_that_is_withheld_is_withheld():
    """c0=0 is the most selected and all but three of it are: every impact ratio would tell its rate."""
    table = LARGE.copy()
    table[0, 0, :, 1] = [1, 2]
    card, summary, _ = published(subject_from(table), plan_of(10))
    assert any(f.status == "measured" for f in card if f.name == "fairness.impact_ratio")
    assert not any(f.status == "measured" for f in summary if f.name.endswith("impact_ratio") and "c0" in f.id)
    attack(table, summary, 10, SELECTED)


def test_the_floor_is_never_below_that_of_the_card():
    table = LARGE.copy()
    table[0, 0] = [[6, 6], [6, 6]]
    _, summary, _ = published(subject_from(table), plan_of(2, min_cell=30))
    status = {f.id: f.status for f in summary}
    assert status["fairness.count[c0=0]"] == status["fairness.selection_rate[c0=0]"] == "suppressed"


def test_the_card_says_that_categories_of_local_law_144_are_withheld():
    table = np.zeros((2, 2, 2, 2), int)
    table[0, 0, 0, 1], table[0, 0, 1, 0], table[0, 0, 0, 0] = 60, 40, 20
    table[0, 1, 0, 1], table[0, 1, 1, 0], table[0, 1, 0, 0] = 50, 45, 15
    table[1, 0, 0, 1], table[1, 0, 1, 0], table[1, 0, 0, 0] = 40, 40, 20
    table[1, 1, 0, 1], table[1, 1, 1, 0], table[1, 1, 0, 0] = 40, 3, 1
    rule = LocalLaw144Plan(sex="c0", race_ethnicity="c1")
    _, summary, ledger = published(subject_scored(table), plan_of(10, rule=rule))
    status = {f.id: f.status for f in summary}
    assert status["ll144.selection_rate[c0=1]"] == "measured"
    assert status["ll144.selection_rate[c0=1,c1=1]"] == "suppressed"
    said = [e for e in ledger if "Local Law 144" in e.what]
    assert [e.what for e in said] == ["categories of c0 × c1 in the public summary (Local Law 144)"]
    assert "a person has to decide" in said[0].reason
    assert said[0].kind == "suppressed"


@pytest.mark.parametrize("level", ["selection", "errors"])
def test_the_attack_succeeds_where_only_small_numbers_are_withheld(level, monkeypatch):
    table = LARGE.copy()
    table[0, 0, 0, 1] = 4
    if level == "selection":
        table[0, 0, 1, 1] = 3
    attack(table, published(subject_from(table), plan_of(10))[1], 10, {**SELECTED, **ERRORS})

    def alone(numerators, sizes, hidden, min_count):
        return hidden | (numerators < min_count).any(axis=1)

    monkeypatch.setattr(publication, "hide_together", alone)
    with pytest.raises(AssertionError):
        attack(table, published(subject_from(table), plan_of(10))[1], 10, {**SELECTED, **ERRORS})


def test_what_is_hidden_together_could_be_shown():
    numerators = np.array([[2, 40], [9, 30], [50, 50], [60, 60], [0, 0]])
    hidden = small.hide_together(numerators, numerators.sum(axis=1), np.zeros(5, bool), 10)
    assert hidden.tolist() == [True, True, False, False, False]
    assert small.hide_together(numerators[2:], numerators[2:].sum(axis=1), np.zeros(3, bool), 10).sum() == 0


def kept_apart(rows):
    """A subject from (levels of each column, how many are selected, how many are not), half of each with an outcome."""
    values = [(*levels, decided, i % 2) for levels, *sizes in rows for decided in (0, 1) for i in range(sizes[decided])]
    *places, decisions, labels = zip(*values, strict=True)
    columns = [group(f"c{i}", column) for i, column in enumerate(places)]
    return subject_of(np.where(np.array(decisions) == 1, 0.75, 0.25), labels, groups=columns)


def test_few_rows_of_unknown_group_do_not_follow_from_the_others():
    """Of the three one is selected: the selected of all less those of the groups."""
    few = kept_apart([(("a",), 80, 80), (("b",), 90, 90), ((None,), 1, 2)])
    status = {f.id: f.status for f in published(few, plan_of(10))[1]}
    for name in ("selection_rate", "true_positive_rate", "accuracy"):
        assert [status[f"fairness.{name}[c0={g}]"] for g in "ab"] == ["suppressed", "measured"], name
    many = kept_apart([(("a",), 80, 80), (("b",), 90, 90), ((None,), 40, 40)])
    summary = published(many, plan_of(10))[1]
    assert {f.status for f in summary} == {"measured"}


def test_the_error_of_a_few_rows_of_unknown_group_does_not_follow():
    rng = np.random.default_rng(3)
    values = ["a"] * 60 + ["b"] * 70 + [None] * 2
    scores, labels = rng.normal(size=132), rng.normal(size=132)
    subject = subject_of(scores, labels, task="regression", groups=[group("c0", values)])
    status = {f.id: f.status for f in published(subject, plan_of(10))[1]}
    assert [status[f"fairness.mae[c0={g}]"] for g in "ab"] == ["suppressed", "measured"]


def test_of_nested_columns_one_is_told_of():
    """The four of "a" would be those of "ac" less those of "c"."""
    rows = [(("a", "ac"), 2, 2), (("b", "bd"), 20, 20), (("c", "ac"), 60, 60), (("d", "bd"), 60, 60)]
    _, summary, ledger = published(kept_apart(rows), plan_of(10))
    status = {f.id: f.status for f in summary}
    assert [status[f"fairness.count[c0={g}]"] for g in "abcd"] == ["suppressed"] * 2 + ["measured"] * 2
    assert {status[f"fairness.{name}[c1={g}]"] for name in ("count", "selection_rate") for g in ("ac", "bd")} == {
        "suppressed"
    }
    assert "groups of c1 in the public summary" in [e.what for e in ledger]
    rows[0] = (("a", "ac"), 40, 40)
    assert {f.status for f in published(kept_apart(rows), plan_of(10))[1]} == {"measured"}


def test_of_nested_columns_those_of_local_law_144_stay():
    rows = [(("a", "ac"), 20, 20), (("b", "bd"), 20, 2), (("c", "ac"), 60, 80), (("d", "bd"), 60, 80)]
    figures = published(kept_apart(rows), plan_of(10, rule=LocalLaw144Plan(sex="c1")))[1]
    status = {f.id: f.status for f in figures}
    assert {status[f"fairness.selection_rate[c1={g}]"] for g in ("ac", "bd")} == {"measured"}
    assert {status[f"fairness.selection_rate[c0={g}]"] for g in "abcd"} == {"suppressed"}


def test_few_people_of_whom_one_of_two_categories_is_unknown_do_not_follow():
    def status_of(lacking):
        rows = [((a, b), 40, 40 + 5 * (b == "y")) for a in "pq" for b in "xy"]
        rows += [(("p", None), *lacking), (("q", None), 30, 30)]
        plan = plan_of(10, rule=LocalLaw144Plan(sex="c0", race_ethnicity="c1"))
        found = {f.id: f.status for f in published(kept_apart(rows), plan)[1]}
        return [found[f"ll144.selection_rate[c0={a},c1={b}]"] for a in "pq" for b in "xy"]

    assert status_of((30, 30)) == ["measured"] * 4
    assert status_of((1, 2))[0] == "suppressed"
