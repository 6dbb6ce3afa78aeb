"""Tests, chance and detectable differences beside the selection rates of groups."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from explainkit.assess.fairness import fairness
from explainkit.plan import FairnessPlan
from tests.assess.builders import figures_of, group, reasons_of, subject_of, values_of

COUNTS = {"a": (300, 1000), "b": (250, 1000), "c": (4, 40), "d": (310, 1000)}


def measured(counts=COUNTS, plan=None, *, seed=0, **given):
    scores = np.concatenate([np.r_[np.zeros(k), np.ones(n - k)] for k, n in counts.values()])
    groups = [name for name, (_, n) in counts.items() for _ in range(n)]
    subject = subject_of(scores, None, groups=[group("g", groups)], model=None, **given)
    return fairness.measure(subject, plan or FairnessPlan(min_cell=1, reference={"g": "a"}), seed=seed)


def test_raw_and_adjusted_p_stand_side_by_side():
    values, figures = values_of(measured()), figures_of(measured())
    k0, n0 = COUNTS["a"]
    raw = {}
    for name in "bcd":
        k, n = COUNTS[name]
        table = [[k, n - k], [k0, n0 - k0]]
        few = stats.contingency.expected_freq(np.array(table)).min() < 5
        raw[name] = stats.fisher_exact(table).pvalue if few else stats.chi2_contingency(table, correction=False).pvalue
        assert values[f"fairness.selection_p[g={name}]"] == pytest.approx(raw[name], rel=1e-9)
    holm = {}
    for rank, (name, p) in enumerate(sorted(raw.items(), key=lambda pair: pair[1])):
        holm[name] = max([min(1.0, (3 - rank) * p), *holm.values()])
    bh = stats.false_discovery_control(list(raw.values()))
    for name, adjusted in zip(raw, bh, strict=True):
        assert values[f"fairness.selection_p_holm[g={name}]"] == pytest.approx(holm[name])
        assert values[f"fairness.selection_p_bh[g={name}]"] == pytest.approx(adjusted)
        assert raw[name] - 1e-12 <= values[f"fairness.selection_p_bh[g={name}]"] <= holm[name] + 1e-12
    assert "fairness.selection_p[g=a]" not in values  # the reference is not tested against itself
    assert "the 3 comparisons of g" in figures["fairness.selection_p_holm[g=b]"].method


def test_what_chance_alone_gives_is_seeded_and_below_one():
    values = values_of(measured())
    assert values["fairness.demographic_parity_ratio[column=g]"] == pytest.approx(0.1 / 0.31)
    assert 0.4 < values["fairness.chance_ratio[column=g]"] < 0.95  # the smallest group has 40 rows
    assert 0 < values["fairness.chance_p[column=g]"] < 0.2
    assert values_of(measured()) == values
    assert values_of(measured(seed=1))["fairness.chance_ratio[column=g]"] != values["fairness.chance_ratio[column=g]"]
    equal = values_of(measured(dict.fromkeys("abcd", (30, 100))))
    assert equal["fairness.chance_p[column=g]"] == 1.0


def test_the_interval_of_the_smallest_ratio_allows_for_the_choice():
    figure = figures_of(measured())["fairness.demographic_parity_ratio[column=g]"]
    assert figure.low < figure.value < figure.high <= 1
    assert figure.reason == "c over d"
    gap = figures_of(measured())["fairness.demographic_parity_difference[column=g]"]
    assert 0 <= gap.low < gap.value < gap.high
    tied = figures_of(measured(dict.fromkeys("abcd", (30, 100))))["fairness.demographic_parity_difference[column=g]"]
    assert (tied.value, tied.low) == (0.0, 0.0)


def test_small_groups_can_show_large_differences_only():
    values = values_of(measured())
    assert values["fairness.detectable_below[g=c]"] > 2 * values["fairness.detectable_below[g=b]"]
    tiny = reasons_of(measured({"a": (5, 10), "b": (1, 2)}))
    assert tiny["fairness.detectable_below[g=b]"] == (
        "insufficient",
        "no difference on this side would be found with that power",
    )


def test_weighted_rates_are_not_tested_as_counts():
    reasons = reasons_of(measured(weights=np.ones(sum(n for _, n in COUNTS.values()))))
    for name in ("selection_p[g=b]", "selection_p_holm[g=b]", "chance_p[column=g]", "detectable_below[g=b]"):
        assert reasons[f"fairness.{name}"][1] == "the tests are for independent rows that count alike"


def test_hidden_groups_are_tested_nowhere():
    found = measured(plan=FairnessPlan(min_cell=50))
    figures = figures_of(found)
    for name in ("selection_p", "selection_p_holm", "selection_p_bh", "detectable_below", "detectable_above"):
        assert figures[f"fairness.{name}[g=c]"].status == "suppressed"
