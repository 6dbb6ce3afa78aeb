"""Which figures of two cards are compared, and what is said of the others."""

from __future__ import annotations

import dataclasses

import pytest

from explainkit.assess.comparison import changes, ranks
from explainkit.assess.comparison.figures import compare
from explainkit.figures import Figure, FigureSet, figure_id
from tests.sign.builders import make_evidence

AUC = Figure(
    id="performance.roc_auc",
    value=0.70,
    low=0.66,
    high=0.74,
    level=0.95,
    n=200,
    unit="score",
    method="area; DeLong",
    dataset="evaluation",
)


def card(*figures, digest="7b", **more):
    base = make_evidence()
    data = dataclasses.replace(base.datasets[0], digest="sha256:" + digest * 32)
    return dataclasses.replace(base, figures=figures, datasets=(data,), **more)


def changed(**fields):
    return dataclasses.replace(AUC, **fields)


def test_the_same_rows_give_the_bound_and_others_the_interval_of_independent_samples():
    later = changed(value=0.76, low=0.72, high=0.80)
    same = compare(card(AUC), card(later))
    (found,) = same.compared
    assert (found.noise, found.basis) == ("open", "bound")
    difference = FigureSet(same.figures)[figure_id("compare.difference", figure=AUC.id)]
    assert (difference.low, difference.high) == pytest.approx((0.06 - 0.08, 0.06 + 0.08))
    others = compare(card(AUC), card(later, digest="11"))
    (found,) = others.compared
    assert (found.noise, found.basis) == ("beyond noise", "independent")
    difference = FigureSet(others.figures)[figure_id("compare.difference", figure=AUC.id)]
    reach = (0.04**2 + 0.04**2) ** 0.5
    assert (difference.low, difference.high) == pytest.approx((0.06 - reach, 0.06 + reach))
    assert difference.unit == "difference"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("method", "by hand"),
        ("threshold", ">=0.6"),
        ("favourable", "bad"),
        ("numerator", "others"),
        ("reference", "men"),
        ("class_", "c"),
        ("weighting", "sampling"),
        ("unit", "ratio"),
        ("level", 0.9),
        ("dataset", "reference"),
    ],
)
def test_another_definition_is_not_compared_and_says_what_changed(field, value):
    table = compare(card(AUC), card(changed(value=0.8, low=0.7, high=0.9, **{field: value})))
    (found,) = table.uncompared
    assert table.compared == []
    assert found.why == "other definition"
    assert str(value) in found.reason
    assert field.rstrip("_") in found.reason


def test_added_gone_and_without_a_value():
    gone = Figure(id="performance.ks", value=0.4)
    added = Figure(id="performance.gini", value=0.4)
    blank = Figure(id="performance.mcc", status="suppressed", reason="few")
    told = Figure(id="performance.mcc", value=0.1)
    table = compare(card(gone, blank, AUC), card(added, told, AUC))
    assert {u.figure: u.why for u in table.uncompared} == {
        "performance.gini": "added",
        "performance.ks": "gone",
        "performance.mcc": "value only now",
    }
    both = compare(card(blank), card(blank))
    assert [u.why for u in both.uncompared] == ["no value"]
    assert [(c.figure, c.noise) for c in table.compared] == [(AUC.id, "same")]
    assert table.figures[0].name == "compare.adjusted_among"


def test_figures_without_interval_and_bounds_that_are_none_claim_nothing():
    plain = Figure(id="performance.ks", value=0.4)
    bounds = Figure(id="fairness.selection_rate_bounds[sex=f]", value=0.4, low=0.1, high=0.5)
    later = (dataclasses.replace(plain, value=0.9), dataclasses.replace(bounds, value=0.45))
    table = compare(card(plain, bounds), card(*later, digest="11"))
    assert {c.noise for c in table.compared} == {"no interval"}
    assert not [f for f in table.figures if f.name == "compare.p_value"]


def test_single_rows_segments_and_p_values_are_left_out():
    ids = ("case.score[case=1]", "explanation.shap.base[case=1]", "slice.error[slice=1]", "fairness.selection_p[sex=f]")
    old = [Figure(id=i, value=1.0) for i in ids]
    new = [Figure(id=i, value=2.0) for i in ids]
    table = compare(card(*old), card(*new))
    assert table.compared == table.uncompared == []


def importances(values, **more):
    keys = [figure_id("explanation.shap.importance", feature=f"x{i}") for i in range(len(values))]
    return [Figure(id=k, value=v, unit="log-odds", method="mean", **more) for k, v in zip(keys, values, strict=True)]


def test_rank_correlations_against_their_definitions_by_pairs():
    old, new = [0.5, 0.3, 0.3, 0.1, 0.05, 0.9], [0.4, 0.35, 0.1, 0.1, 0.2, 0.3]
    found = FigureSet(ranks.measure(card(*importances(old)), card(*importances(new))).figures)
    pairs = [(i, j) for i in range(6) for j in range(i)]
    signs = [((old[i] > old[j]) - (old[i] < old[j]), (new[i] > new[j]) - (new[i] < new[j])) for i, j in pairs]
    ties = [sum(s[side] != 0 for s in signs) for side in (0, 1)]
    tau = sum(a * b for a, b in signs) / (ties[0] * ties[1]) ** 0.5
    assert found["compare.rank_correlation[kind=kendall]"].value == pytest.approx(tau)
    places = [[sum(w > v for w in side) + (sum(w == v for w in side) + 1) / 2 for v in side] for side in (old, new)]
    means = [sum(p) / 6 for p in places]
    cross = sum((a - means[0]) * (b - means[1]) for a, b in zip(*places, strict=True))
    spread = [sum((a - m) ** 2 for a in p) for p, m in zip(places, means, strict=True)]
    assert found["compare.rank_correlation[kind=spearman]"].value == pytest.approx(
        cross / (spread[0] * spread[1]) ** 0.5
    )
    assert [found[f"compare.rank_before[feature=x{i}]"].value for i in range(6)] == places[0]
    assert [found[f"compare.rank_after[feature=x{i}]"].value for i in range(6)] == places[1]


def test_ranks_of_another_space_or_of_too_few_inputs_are_not_tested():
    old = importances([0.5, 0.3, 0.2])
    other = [dataclasses.replace(f, unit="probability") for f in importances([0.1, 0.2, 0.3])]
    for new in (other, importances([0.1, 0.2])):
        measured = ranks.measure(card(*old), card(*new))
        assert measured.figures == ()
        assert [e.what for e in measured.ledger] == ["the order of the inputs"]
    assert ranks.measure(card(*old), card(AUC)).ledger


def test_gates_by_what_they_are_on():
    def gated(outcome, key="performance.roc_auc", **more):
        gate = dataclasses.replace(make_evidence().gates[0], outcome=outcome, gate=key, **more)
        return dataclasses.replace(make_evidence(), gates=(gate,))

    cases = {
        "newly failed": (gated("passed"), gated("failed")),
        "newly passed": (gated("failed"), gated("passed")),
        "same": (gated("passed"), gated("passed", limit=">= 0.6")),
    }
    for change, (old, new) in cases.items():
        assert [g.change for g in changes.gates(old, new)] == [change]
    found = changes.gates(gated("passed"), gated("failed", key="performance.brier"))
    assert [(g.gate, g.change) for g in found] == [("performance.brier", "added"), ("performance.roc_auc", "gone")]


def test_keys_of_the_plan_with_what_stands_there():
    found = changes.leaves({"a": {"b": {"c": [1, 2]}, "d": {}}, "statements": {"x": "y"}})
    assert found == {"a.b.c": "[1,2]", "a.d": "{}"}
