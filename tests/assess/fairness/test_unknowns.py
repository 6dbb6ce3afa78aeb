"""Bounds over rows of unknown group, against every assignment of them."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from explainkit.assess.fairness import fairness
from explainkit.plan import FairnessPlan
from tests.assess.builders import check_sane, figures_of, group, subject_of

ROWS = st.lists(st.tuples(st.sampled_from("abc"), st.booleans(), st.sampled_from([1.0, 2.5])), min_size=3, max_size=9)
LOST = st.lists(st.tuples(st.booleans(), st.sampled_from([1.0, 0.5])), min_size=1, max_size=5)
PLAN = FairnessPlan(min_cell=1, reference={"g": "a"})


def measure(rows, lost, *, weighted):
    groups = [g for g, *_ in rows] + [None] * len(lost)
    selected = [s for _, s, _ in rows] + [s for s, _ in lost]
    weights = [w for *_, w in rows] + [w for _, w in lost] if weighted else None
    column = group("g", groups, ["a", "b", "c"])
    return fairness.measure(subject_of([0.2 if s else 0.8 for s in selected], groups=[column], weights=weights), PLAN)


@settings(deadline=None)
@given(ROWS, LOST, st.booleans())
def test_bounds_are_the_extremes_of_all_assignments(rows, lost, weighted):
    found = figures_of(measure(rows, lost, weighted=weighted))
    check_sane(list(found))
    for level, (name, compare) in product(
        "bc", (("impact_ratio", lambda a, b: a / b), ("selection_difference", lambda a, b: a - b))
    ):
        figure = found[f"fairness.{name}_bounds[g={level}]"]
        values = []
        for assigned in product("abc", repeat=len(lost)):
            every = [*rows, *((g, s, w) for g, (s, w) in zip(assigned, lost, strict=True))]
            rates = {}
            for g in ("a", level):
                of = [(s, w if weighted else 1) for group_, s, w in every if group_ == g]
                rates[g] = sum(w for s, w in of if s) / sum(w for _, w in of) if of else None
            if rates["a"] is not None and rates[level] is not None and (rates["a"] or name != "impact_ratio"):
                values.append(compare(rates[level], rates["a"]))
        if figure.status == "measured":
            assert (figure.low, figure.high) == pytest.approx((min(values), max(values)))
            assert figure.value == pytest.approx(found[f"fairness.{name}[g={level}]"].value)
            assert figure.level is None
        else:
            assert found[f"fairness.{name}[g={level}]"].status == figure.status == "insufficient"


def test_without_unknown_rows_there_are_no_bounds():
    figures = measure([("a", True, 1), ("b", False, 1), ("c", True, 1)], [], weighted=False).figures
    assert not [f for f in figures if "bounds" in f.name]


def test_the_method_says_how_many_rows_and_that_it_is_no_probability():
    rows = [("a", True, 1), ("b", True, 1), ("b", False, 1), ("c", True, 1)]
    measured = measure(rows, [(False, 1), (True, 1)], weighted=False)
    figure = figures_of(measured)["fairness.impact_ratio_bounds[g=b]"]
    assert "the 2 rows of unknown group, no probability" in figure.method
    assert (figure.low, figure.value, figure.high) == pytest.approx((1 / 3, 0.5, (2 / 3) / 0.5))
    assert [entry.count for entry in measured.ledger if entry.what.startswith("bounds")] == [2]
