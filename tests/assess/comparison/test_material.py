"""Material by the rule that is stated, and by no other."""

from __future__ import annotations

import dataclasses

import pytest

from explainkit.assess.comparison.figures import compare
from explainkit.assess.comparison.material import check_rule, judge, rule_of
from explainkit.comparison import Changed
from explainkit.errors import PlanError
from explainkit.figures import Figure, FigureSet
from explainkit.plan import ComparePlan, plan_from
from tests.sign.builders import make_evidence

AUC = Figure(id="performance.roc_auc", value=0.70, low=0.66, high=0.74, level=0.95, unit="score", dataset="evaluation")
RATES = tuple(
    Figure(id=f"fairness.selection_rate[sex={sex}]", value=value, unit="proportion")
    for sex, value in (("f", 0.5), ("m", 0.6))
)
FLIPS = FigureSet([Figure(id="compare.flips", value=0.03, low=0.01, high=0.05, level=0.95, unit="proportion")])


def table(auc=0.70, women=0.5, **fields):
    old = dataclasses.replace(make_evidence(), figures=(AUC, *RATES))
    new = (dataclasses.replace(AUC, value=auc, low=auc - 0.04, high=auc + 0.04, **fields),)
    new += (dataclasses.replace(RATES[0], value=women), RATES[1])
    return compare(old, dataclasses.replace(make_evidence(), figures=new))


def outcome(material, found=None, *, changed=(), own=FLIPS, **more):
    rule = ComparePlan.model_validate({"material": material, **more})
    check_rule(rule)
    return judge((rule, "before"), found or table(), own, changed)


@pytest.mark.parametrize(
    ("limit", "auc", "expected"),
    [
        ({"decrease": 0.01}, 0.68, "material"),
        ({"decrease": 0.03}, 0.68, "not material"),
        ({"decrease": 0.01}, 0.80, "not material"),
        ({"increase": 0.01}, 0.80, "material"),
        ({"change": 0.05}, 0.80, "material"),
        ({"change": 0.05}, 0.60, "material"),
        ({"change": 0.05}, 0.70, "not material"),
        ({"decrease": 0.01, "bound": "shown"}, 0.65, "not material"),
        ({"decrease": 0.01, "bound": "shown"}, 0.60, "material"),
        ({"decrease": 0.05, "bound": "possible"}, 0.69, "material"),
        ({"decrease": 0.2, "bound": "possible"}, 0.69, "not material"),
    ],
)
def test_limits_on_the_difference_and_on_the_ends_of_its_interval(limit, auc, expected):
    """With the same rows the reach of the difference is 0.08."""
    found = outcome({"performance.roc_auc": limit}, table(auc=auc))
    assert found.outcome == expected
    assert found.rules[0].figure == "performance.roc_auc"


def test_a_name_means_every_group_and_the_worst_decides():
    found = outcome({"fairness.selection_rate": {"decrease": 0.05}}, table(women=0.4))
    assert (found.outcome, found.rules[0].figure) == ("material", "fairness.selection_rate[sex=f]")
    assert outcome({"fairness.selection_rate[sex=m]": {"change": 0.05}}, table(women=0.4)).outcome == "not material"


def test_what_cannot_be_compared_is_undecided():
    redefined = table(auc=0.5, threshold=">=0.6")
    found = outcome({"performance.roc_auc": {"decrease": 0.01}}, redefined)
    assert found.outcome == "undecided"
    assert "other definition" in found.rules[0].reason
    assert outcome({"performance.brier": {"increase": 0.1}}).outcome == "undecided"
    no_interval = outcome({"fairness.selection_rate[sex=f]": {"change": 0.1, "bound": "shown"}}, table(women=0.4))
    assert no_interval.outcome == "undecided"
    material = {"performance.brier": {"increase": 0.1}, "compare.flips": {"max": 0.02}}
    assert outcome(material).outcome == "material"


@pytest.mark.parametrize(
    ("limit", "expected"),
    [
        ({"max": 0.02}, "material"),
        ({"max": 0.04}, "not material"),
        ({"max": 0.02, "bound": "shown"}, "not material"),
        ({"max": 0.04, "bound": "possible"}, "material"),
        ({"min": 0.1}, "material"),
    ],
)
def test_figures_of_the_comparison_itself(limit, expected):
    assert outcome({"compare.flips": limit}).outcome == expected


def test_hidden_groups_leave_a_rule_on_the_name_to_the_whole():
    hidden = Figure(id="compare.flips[sex=f]", status="suppressed", reason="few")
    own = FigureSet([*FLIPS, hidden])
    assert outcome({"compare.flips": {"max": 0.04}}, own=own).outcome == "not material"
    assert outcome({"compare.flips[sex=f]": {"max": 0.04}}, own=own).outcome == "undecided"


def test_keys_of_the_plan():
    changed = (
        Changed(kind="plan", what="model.threshold", before='">=0.5"', after='">=0.6"'),
        Changed(kind="statement", what="intended_use", before="a", after="b"),
        Changed(kind="model", what="library", before="1", after="2"),
    )
    for key, expected in {
        "model.threshold": "material",
        "data": "not material",
        "inputs": "not material",
        "model": "not material",
        "statements": "material",
        "statements.intended_use": "material",
        "statements.risks": "not material",
        "fairness": "not material",
    }.items():
        assert outcome({}, changed=changed, keys=[key]).outcome == expected, key


def test_without_a_rule_nothing_is_said():
    card = make_evidence()
    found = judge(rule_of(card, card), table(), FLIPS, ())
    assert (found.outcome, found.stated_in, found.rules) == (None, None, ())


def test_the_rule_of_the_earlier_plan_goes_first():
    def ruled(limit):
        plan = {"compare": {"material": {"performance.roc_auc": {"decrease": limit}}}}
        return dataclasses.replace(make_evidence(), plan=plan)

    assert rule_of(ruled(0.1), ruled(0.5))[0].material["performance.roc_auc"].decrease == 0.1
    assert rule_of(ruled(0.1), make_evidence())[1] == "before"
    assert rule_of(make_evidence(), ruled(0.5))[1] == "after"


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        ({"performance.roc_aucc": {"change": 0.1}}, "compare.material: performance.roc_aucc: no such figure.*roc_auc"),
        ({"compare.flipps": {"max": 0.1}}, "no such figure.*compare.flips"),
        ({"compare.flips": {"decrease": 0.1}}, "allowed: min or max"),
        ({"performance.roc_auc": {"min": 0.1}}, "allowed: decrease, increase or change"),
    ],
)
def test_rules_about_what_no_comparison_has_are_refused(rule, message):
    with pytest.raises(PlanError, match=message):
        check_rule(plan_from({"compare": {"material": rule}}).compare)


@pytest.mark.parametrize("limit", [{}, {"bound": "shown"}, {"max": 1, "change": 1}, {"decrease": -1}])
def test_limits_that_are_none(limit):
    with pytest.raises(PlanError):
        plan_from({"compare": {"material": {"performance.roc_auc": limit}}})
