"""Groups known by probabilities: bounds against linear programming over all that could be, and against the truth."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import optimize

from explainkit.assess.fairness import proxy_bounds
from explainkit.assess.fairness.proxy_bounds import bounded_rate
from explainkit.load.subject import ProxyColumn
from tests.assess.builders import check_sane, figures_of, reasons_of, subject_of


def proxies(chances, *, levels=("white", "black"), reference="white", basis="for a test", name="race"):
    return ProxyColumn(name=name, levels=levels, chances=np.asarray(chances, float), reference=reference, basis=basis)


def measured(scores, column, *, weights=None, min_cell=10, **given_):
    subject = subject_of(scores, weights=weights, **given_)
    return proxy_bounds.measure(replace(subject, rows=replace(subject.rows, proxies=(column,))), min_cell=min_cell)


@given(st.lists(st.tuples(st.sampled_from([0.0, 0.2, 0.5, 0.9, 1.0]), st.booleans(), st.integers(0, 3)), min_size=1))
def test_bounds_are_those_of_every_joint_table(rows):
    """Unknown: the weight of each (probability, decision) that belongs to the group; known are the sums."""
    chances, selected, weights = (np.array(part, float) for part in zip(*rows, strict=True))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(proxy_bounds, "LEAST_ROWS", 1)
        found = bounded_rate(chances, selected > 0, weights)
    size = float(weights @ chances)
    if size == 0:
        assert found is None
        return
    cells = sorted(set(zip(chances, selected, strict=True)))
    whole = np.array([weights[(chances == p) & (selected == d)].sum() for p, d in cells])
    levels = sorted({p for p, _ in cells})
    equal = np.array([[float(p == level) for p, _ in cells] for level in levels])
    sums = [level * weights[chances == level].sum() for level in levels]
    aim = np.array([d for _, d in cells])
    ends = [
        sign * optimize.linprog(sign * aim, A_eq=equal, b_eq=sums, bounds=list(zip(0 * whole, whole, strict=True))).fun
        for sign in (1, -1)
    ]
    assert (found.low, found.high) == pytest.approx([end / size for end in ends], abs=1e-7)
    assert found.value == pytest.approx((weights * chances * selected).sum() / size)
    assert found.low <= found.value <= found.high


@pytest.mark.parametrize("related", [False, True])
def test_the_truth_lies_within_the_bounds(related):
    """Probabilities that hold; where decisions depend on the group besides, the value is wrong and the bounds hold."""
    rng, n = np.random.default_rng(1), 40_000
    chance = rng.beta(0.3, 0.7, n)
    black = rng.random(n) < chance
    selected = rng.random(n) < (np.where(black, 0.3, 0.6) if related else 0.6 - 0.3 * chance)
    found = figures_of(measured(np.where(selected, 0.1, 0.9), proxies(np.column_stack([1 - chance, chance]))))
    check_sane(list(found))
    rates = {"black": selected[black].mean(), "white": selected[~black].mean()}
    for group, rate in rates.items():
        figure = found[f"proxy.selection_rate[column=race,group={group}]"]
        assert figure.low < rate < figure.high
        assert (abs(figure.value - rate) < 0.01) != related
        size = found[f"proxy.size[column=race,group={group}]"]
        assert size.value == pytest.approx((black if group == "black" else ~black).sum(), rel=0.02)
    gap = found["proxy.selection_difference[column=race,group=black]"]
    assert gap.low < rates["black"] - rates["white"] < gap.high
    assert gap.level is None
    assert gap.reference == "white (stated in the plan)"
    assert "no confidence interval" in gap.method
    own, other = (found[f"proxy.selection_rate[column=race,group={name}]"] for name in ("black", "white"))
    assert (gap.low, gap.high) == pytest.approx((own.low - other.high, own.high - other.low), abs=1e-12)
    ratio = found["proxy.impact_ratio[column=race,group=black]"]
    assert (ratio.low, ratio.high) == pytest.approx((own.low / other.high, own.high / other.low), rel=1e-12)
    assert ratio.low < rates["black"] / rates["white"] < ratio.high
    assert found["proxy.selection_difference[column=race,group=white]"].low is None


def test_certain_groups_leave_no_doubt():
    rng = np.random.default_rng(2)
    black, selected = rng.random(300) < 0.4, rng.random(300) < 0.5
    found = bounded_rate(black.astype(float), selected, np.ones(300))
    assert found.low == pytest.approx(found.high, abs=1e-12)
    assert found.value == pytest.approx(selected[black].mean())


def test_a_ratio_whose_reference_may_be_zero_has_no_bounds():
    column = proxies(np.full((60, 2), 0.5))
    found = figures_of(measured(np.where(np.arange(60) < 20, 0.1, 0.9), column))
    assert found["proxy.selection_rate[column=race,group=white]"].low == 0
    ratio = found["proxy.impact_ratio[column=race,group=black]"]
    assert (ratio.value, ratio.low) == (1, None)


def test_what_is_left_out():
    chances = np.tile([0.7, 0.3], (60, 1))
    chances[:5, 0] = np.nan
    scores = np.where(np.arange(60) % 2, 0.1, 0.9)
    found = measured(scores, proxies(chances))
    assert figures_of(found)["proxy.selection_rate[column=race,group=white]"].n == 55
    assert [(e.kind, e.count) for e in found.ledger] == [("not_tested", 5)]
    found = measured(scores, proxies(chances), threshold=None)
    assert reasons_of(found)["proxy.selection_rate"][0] == "not_tested"
    three = proxies(np.tile([0.5, 0.4, 0.1], (60, 1)), levels=("white", "black", "other"), reference="other")
    found = measured(scores, three)
    assert reasons_of(found)["proxy.selection_rate[column=race,group=other]"][0] == "suppressed"
    assert "reference group is suppressed" in reasons_of(found)["proxy.impact_ratio[column=race,group=white]"][1]


@pytest.mark.parametrize("n", [40, 100, 400])
def test_few_rows_make_nothing_certain(n):
    """Decisions that depend on the group: the truth of these very rows lies within the bounds."""
    rng, held = np.random.default_rng(5), 0
    for _ in range(100):
        chance = rng.random(n)
        black = rng.random(n) < chance
        selected = rng.random(n) < np.where(black, 0.3, 0.8)
        found = bounded_rate(chance, selected, np.ones(n))
        held += found.low <= selected[black].mean() <= found.high
    assert held >= 95


def test_a_small_group_does_not_follow_from_the_other():
    """97 rows are certainly white and three black: with the overall rate the three would be known."""
    black = np.arange(100) < 3
    column = proxies(np.column_stack([~black, black]))
    found = reasons_of(measured(np.where(np.arange(100) % 2, 0.1, 0.9), column))
    for level in ("white", "black"):
        assert found[f"proxy.size[column=race,group={level}]"][0] == "suppressed"
    three = proxies(
        np.column_stack([np.arange(100) < 60, (np.arange(100) >= 60) & (np.arange(100) < 97), black[::-1]]),
        levels=("white", "black", "other"),
    )
    found = figures_of(measured(np.where(np.arange(100) % 2, 0.1, 0.9), three))
    assert [f.status for f in found.named("proxy.size")] == ["measured", "suppressed", "suppressed"]
    rest = proxies(np.column_stack([np.arange(100) < 50, (np.arange(100) >= 50) & (np.arange(100) < 97)]))
    found = figures_of(measured(np.where(np.arange(100) % 2, 0.1, 0.9), rest))
    assert [f.status for f in found.named("proxy.size")] == ["measured", "suppressed"]  # three are of neither


def test_rows_of_weight_zero_do_not_count_and_sizes_are_not_weighted():
    weights = np.where(np.arange(60) < 40, 2.0, 0.0)
    found = figures_of(measured(np.where(np.arange(60) % 2, 0.1, 0.9), proxies(np.full((60, 2), 0.5)), weights=weights))
    size = found["proxy.size[column=race,group=black]"]
    assert (size.value, size.n, size.weighting) == (20, 40, None)
    rate = found["proxy.selection_rate[column=race,group=black]"]
    assert (rate.n, rate.weighting) == (40, "sampling")
    assert "no interval" not in rate.method


@pytest.mark.parametrize("basis", [None, "", "  "])
def test_a_blank_basis_is_none(basis):
    found = measured(np.where(np.arange(60) % 2, 0.1, 0.9), proxies(np.full((60, 2), 0.5), basis=basis))
    assert reasons_of(found)["proxy.selection_rate[column=race]"][0] == "not_tested"


def test_two_small_groups_are_hidden_with_a_third_where_their_sum_is_small_too():
    """Of 100 rows 3 and 4 are of small groups: were the other two shown, the seven would be known to be together."""
    certain = np.repeat(np.arange(4), [3, 4, 30, 63])
    column = proxies(np.eye(4)[certain], levels=("a", "b", "c", "d"), reference="d")
    found = figures_of(measured(np.where(np.arange(100) % 2, 0.1, 0.9), column, min_cell=10))
    assert [f.status for f in found.named("proxy.size")] == ["suppressed"] * 3 + ["measured"]
