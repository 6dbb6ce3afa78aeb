"""Gates fail closed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from explainkit.assess.figure_names import NAMES
from explainkit.assess.gates import any_blocking_failure, check_plan, evaluate
from explainkit.errors import InputError, PlanError
from explainkit.figures import Figure, FigureSet, figure_id
from explainkit.plan import GatePlan
from explainkit.report.measures import catalogue

FIGURES = FigureSet(
    [
        Figure(id="performance.roc_auc", value=0.8, low=0.75, high=0.85, level=0.95),
        Figure(id="performance.ks", value=0.4),
        Figure(id="fairness.impact_ratio[sex=f]", value=0.85, low=0.7, high=1.03, level=0.95),
        Figure(id="fairness.impact_ratio[sex=m]", value=1.0),
        Figure(id="fairness.impact_ratio[sex=x]", status="suppressed", reason="too few rows"),
        Figure(id="fairness.accuracy[sex=f]", value=0.9),
        Figure(id="fairness.accuracy[sex=m]", value=0.7),
        Figure(id="performance.accuracy", status="not_tested", reason="no threshold is stated"),
        Figure(id='fairness.count[age="26 to 40"]', value=12),
        *(Figure(id=f"fairness.count[sex={sex}]", value=20) for sex in "fmxy"),
    ]
)


def gate(key, figures=FIGURES, **limits):
    (outcome,) = evaluate({key: GatePlan(**limits)}, figures)
    return outcome


@pytest.mark.parametrize(
    ("key", "limits", "outcome"),
    [
        ("performance.roc_auc", {"min": 0.8}, "passed"),
        ("performance.roc_auc", {"min": 0.8000001}, "failed"),
        ("performance.roc_auc", {"min": 0.75, "bound": "low"}, "passed"),
        ("performance.roc_auc", {"min": 0.76, "bound": "low"}, "failed"),
        ("performance.roc_auc", {"max": 0.8}, "passed"),
        ("performance.roc_auc", {"max": 0.8, "bound": "high"}, "failed"),
        ("performance.roc_auc", {"within": (0.7, 0.8)}, "passed"),
        ("performance.roc_auc", {"within": (0.81, 0.9)}, "failed"),
        ("performance.roc_auc", {"within": (0.1, 0.7)}, "failed"),
        ("performance.roc_auc", {"min": float("nan")}, "failed"),
        ("fairness.impact_ratio[sex=f]", {"min": 0.8}, "passed"),
        ('fairness.count[age="26 to 40"]', {"min": 10}, "passed"),
    ],
)
def test_limits_include_their_ends(key, limits, outcome):
    assert gate(key, **limits).outcome == outcome


def test_limits_are_said_in_words():
    assert gate("performance.ks", min=0.7).limit == ">= 0.7"
    assert gate("performance.ks", max=1 / 3).limit == f"<= {1 / 3!r}"
    assert gate("performance.ks", within=(0.8, 1.25)).limit == "within [0.8, 1.25]"


@pytest.mark.parametrize(
    "key", ["performance.accuracy", "fairness.impact_ratio[sex=x]", "fairness.impact_ratio[sex=y]"]
)
def test_what_was_not_measured_fails_unless_allowed(key):
    assert gate(key, min=0.1).outcome == "failed"
    allowed = gate(key, min=0.1, if_missing="allow")
    assert allowed.outcome == "passed"
    assert "allowed by if_missing" in allowed.reason


def test_the_reason_says_what_is_missing():
    assert gate("performance.accuracy", min=0.1).reason == "not tested: no threshold is stated"
    assert gate("performance.accuracy", min=0.1).figure == "performance.accuracy"
    absent = gate("fairness.impact_ratio[sex=y]", min=0.1)
    assert absent.figure is None
    assert "did you mean 'fairness.impact_ratio[sex=" in absent.reason  # the group exists, its ratio does not
    of_group = gate("performance.accuracy[sex=f]", min=0.1)
    assert (of_group.outcome, of_group.figure) == ("failed", "performance.accuracy")


@pytest.mark.parametrize("if_missing", ["fail", "allow"])
@pytest.mark.parametrize("bound", ["low", "high"])
def test_a_bound_that_does_not_exist_fails(bound, if_missing):
    outcome = gate("performance.ks", min=0.0, bound=bound, if_missing=if_missing)
    assert outcome.outcome == "failed"
    assert "no interval" in outcome.reason


def test_a_name_without_brackets_is_every_figure_and_the_worst_decides():
    assert (gate("fairness.accuracy", min=0.7).figure, gate("fairness.accuracy", min=0.7).outcome) == (
        "fairness.accuracy[sex=m]",
        "passed",
    )
    assert gate("fairness.accuracy", min=0.75).outcome == "failed"
    assert gate("fairness.accuracy", max=0.8).figure == "fairness.accuracy[sex=f]"
    suppressed = gate("fairness.impact_ratio", min=0.1)
    assert (suppressed.outcome, suppressed.figure) == ("failed", "fairness.impact_ratio[sex=x]")
    others = gate("fairness.impact_ratio", min=0.8, if_missing="allow")
    assert (others.outcome, others.figure) == ("passed", "fairness.impact_ratio[sex=f]")
    assert gate("fairness.impact_ratio", min=0.9, if_missing="allow").outcome == "failed"


@pytest.mark.parametrize("key", ["performance.roc_auk", "performance.roc_auk[class=1]"])
@pytest.mark.parametrize("if_missing", ["fail", "allow"])
def test_a_name_that_does_not_exist_is_an_error_with_the_nearest(key, if_missing):
    with pytest.raises(InputError, match="did you mean 'performance.roc_auc'"):
        gate(key, min=0.5, if_missing=if_missing)


@pytest.mark.parametrize(
    ("key", "words"),
    [
        ("fairness.impact_ratio[sex=fem]", r"sex=fem; remedy: did you mean .*'fairness.impact_ratio\[sex=f\]'"),
        ("fairness.impact_ratio[sx=f]", r"sx=f; remedy: did you mean 'fairness.impact_ratio\[sex="),
        # Nothing of that name was measured; the group is looked for among all that were.
        ("fairness.true_positive_rate[sex=ff]", r"did you mean 'fairness.true_positive_rate\[sex=f\]'"),
        ("performance.accuracy[sex=ff]", r"found sex=ff"),
    ],
)
@pytest.mark.parametrize("if_missing", ["fail", "allow"])
def test_a_group_that_does_not_exist_is_an_error_with_the_nearest(key, words, if_missing):
    with pytest.raises(PlanError, match=words):
        gate(key, min=0.5, if_missing=if_missing)


@pytest.mark.parametrize(
    "key",
    [
        "fairness.true_positive_rate",  # known to explainkit, not measured here
        "fairness.true_positive_rate[sex=f]",
        "performance.mae",
        "explanation.shap.importance[feature=income]",
        "slice.p_adjusted[slice=1]",
        "performance.precision[class=k1]",
        'fairness.impact_ratio[age="26 to 40",sex=f]',
    ],
)
def test_a_known_figure_that_was_not_measured_is_a_failing_gate(key):
    assert gate(key, min=0.5).outcome == "failed"
    assert gate(key, min=0.5, if_missing="allow").outcome == "passed"


def test_without_sensitive_columns_a_gate_on_a_group_fails():
    figures = FigureSet(
        [Figure(id="fairness.impact_ratio", status="not_tested", reason="no sensitive column is named")]
    )
    outcome = gate("fairness.impact_ratio[sex=f]", figures, min=0.8)
    assert (outcome.outcome, outcome.reason) == ("failed", "not tested: no sensitive column is named")


def test_names_that_can_never_be_measured_are_refused_before_anything_is():
    check_plan({"performance.roc_auc": GatePlan(min=0.5), "explanation.lime.fidelity": GatePlan(min=0.5)})
    with pytest.raises(PlanError, match="did you mean 'explanation.lime.fidelity'"):
        check_plan({"explanation.lime.fidelty": GatePlan(min=0.5)})
    champion = GatePlan(no_worse_than_champion=True)
    with pytest.raises(PlanError, match="no paired comparison with the champion by this figure"):
        check_plan({"fairness.impact_ratio[sex=f]": champion})


def test_every_figure_with_a_title_is_known_to_gates():
    later = ("compare.", "monitor.")
    titled = {name for name, m in catalogue().items() if not m.columns and not name.startswith(later)}
    assert titled - NAMES == set()


def difference(key, value, low, high, **more):
    return Figure(id=figure_id("champion.difference", figure=key), value=value, low=low, high=high, level=0.95, **more)


@pytest.mark.parametrize(
    ("key", "ends", "margin", "outcome", "limit"),
    [
        ("performance.roc_auc", (0.0, 0.1), None, "passed", ">= champion"),
        ("performance.roc_auc", (-0.001, 0.1), None, "failed", ">= champion"),
        ("performance.roc_auc", (-0.01, 0.1), 0.01, "passed", ">= champion − 0.01"),
        ("performance.roc_auc", (-0.011, 0.1), 0.01, "failed", ">= champion − 0.01"),
        ("performance.brier", (-0.1, 0.0), None, "passed", "<= champion"),
        ("performance.brier", (-0.1, 0.021), 0.02, "failed", "<= champion + 0.02"),
        ("performance.brier", (-0.1, 0.02), 0.02, "passed", "<= champion + 0.02"),
    ],
)
def test_no_worse_than_the_champion_is_decided_by_the_worse_end(key, ends, margin, outcome, limit):
    figures = FigureSet([Figure(id=key, value=0.5), difference(key, sum(ends) / 2, *ends)])
    found = gate(key, figures, no_worse_than_champion=True, margin=margin)
    assert (found.outcome, found.limit) == (outcome, limit)
    assert found.figure == f"champion.difference[figure={key}]"
    assert found.bound == ("low" if key.endswith("auc") else "high")


def test_without_a_paired_interval_no_champion_is_matched():
    champion = {"no_worse_than_champion": True, "margin": 0.5}
    key = "performance.roc_auc"
    alone = FigureSet([Figure(id=key, value=0.9)])
    assert gate(key, alone, **champion).outcome == "failed"
    assert gate(key, alone, **champion, if_missing="allow").outcome == "passed"
    flat = FigureSet([Figure(id=key, value=0.9), Figure(id=f"champion.difference[figure={key}]", value=0.4)])
    assert gate(key, flat, **champion, if_missing="allow").outcome == "failed"
    assert gate(key, FigureSet([]), **champion).outcome == "failed"


def test_for_a_name_without_brackets_the_worst_group_is_compared():
    key = "fairness.accuracy"
    figures = [Figure(id=f"{key}[sex={sex}]", value=0.8) for sex in "fm"]
    figures += [difference(f"{key}[sex=f]", 0.1, 0.05, 0.2), difference(f"{key}[sex=m]", 0.0, -0.05, 0.05)]
    found = gate(key, FigureSet(figures), no_worse_than_champion=True, margin=0.01)
    assert found.outcome == "failed"
    assert found.figure == figure_id("champion.difference", figure=f"{key}[sex=m]")
    assert gate(key, FigureSet(figures[:3]), no_worse_than_champion=True, margin=0.01).outcome == "failed"
    one = gate(f"{key}[sex=f]", FigureSet(figures), no_worse_than_champion=True)
    assert one.outcome == "passed"


def test_a_limit_that_is_no_number_fails_beside_what_is_allowed_to_be_missing():
    figures = FigureSet([*FIGURES.named("fairness.impact_ratio")][::-1])
    assert gate("fairness.impact_ratio", figures, min=float("nan"), if_missing="allow").outcome == "failed"


def test_what_is_no_id_is_an_error():
    with pytest.raises(InputError, match="not the id of a figure"):
        gate("performance.roc_auc[", min=0.5)


def test_only_a_failed_blocking_gate_blocks():
    failed = {"performance.ks": GatePlan(min=0.9)}
    warned = {"performance.ks": GatePlan(min=0.9, severity="warn")}
    assert any_blocking_failure(evaluate(failed, FIGURES))
    assert not any_blocking_failure(evaluate(warned, FIGURES))
    assert not any_blocking_failure(evaluate({"performance.ks": GatePlan(min=0.1)}, FIGURES))
    assert not any_blocking_failure(evaluate({}, FIGURES))


@given(st.lists(st.one_of(st.none(), st.floats(-2, 2)), min_size=1, max_size=6), st.floats(-2, 2), st.booleans())
def test_a_gate_passes_only_if_every_figure_keeps_the_limit(values, limit, allow):
    figures = FigureSet(
        Figure(id=f"fairness.mae[k={i}]", value=v)
        if v is not None
        else Figure(id=f"fairness.mae[k={i}]", status="insufficient", reason="r")
        for i, v in enumerate(values)
    )
    outcome = gate("fairness.mae", figures, min=limit, if_missing="allow" if allow else "fail")
    known = [v for v in values if v is not None]
    assert (outcome.outcome == "passed") == (all(v >= limit for v in known) and (allow or None not in values))
    if known and (allow or None not in values):
        assert figures[outcome.figure].value - limit == min(known) - limit


def test_a_standing_gate_is_told_of_where_it_fails_and_nowhere_else() -> None:
    blocked = "explanation.reasons.blocked"

    def found(value: int | None, plan: dict[str, GatePlan]) -> list[tuple[str, str, str]]:
        status = {"value": value} if value is not None else {"status": "not_tested", "reason": "no groups"}
        figures = FigureSet([Figure(id=blocked, unit="count", **status)])
        return [(g.gate, g.outcome, g.severity) for g in evaluate(plan, figures)]

    assert found(0, {}) == []
    assert found(None, {}) == []
    assert found(3, {}) == [(blocked, "failed", "block")]
    assert "not set by the plan" in evaluate({}, FigureSet([Figure(id=blocked, value=3, unit="count")]))[0].reason
    assert any_blocking_failure(evaluate({}, FigureSet([Figure(id=blocked, value=3, unit="count")])))
    # A gate of the plan takes its place, and fails closed.
    assert found(3, {blocked: GatePlan(max=5)}) == [(blocked, "passed", "block")]
    assert found(None, {blocked: GatePlan(max=0)}) == [(blocked, "failed", "block")]
