"""Assertions for the test suites of others: what passes, what fails, and that a failure says everything."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import explainkit as ek
from explainkit.testing import assert_figure, assert_gates, assert_verified
from tests.gate_cards import GATES, gated

GOLDEN = Path(__file__).parent / "golden" / "0.1"
CARD = gated(**GATES)


def test_gates_that_passed(tmp_path: Path) -> None:
    passed = gated(**{"performance.roc_auc": GATES["performance.roc_auc"]})
    assert_gates(passed)
    (tmp_path / "card.json").write_bytes(passed.to_json())
    assert_gates(tmp_path)
    assert_gates(str(tmp_path / "card.json"))


def test_every_gate_that_failed_is_listed() -> None:
    with pytest.raises(AssertionError) as failure:
        assert_gates(CARD)
    assert str(failure.value).splitlines() == [
        "3 of 6 gates failed",
        "  gate performance.brier <= 0.2: failed (insufficient: prevalence not stated)",
        "    performance.brier is insufficient: prevalence not stated",
        "  gate performance.recall >= 0.5: failed (no figure of that name was measured for this model and data)",
        "  gate fairness.impact_ratio[sex=male] >= 0.8: failed (the figure has no interval, so there is no bound low)",
        "    fairness.impact_ratio[sex=male] = 1, n = 210",
    ]


def test_gates_that_warn_fail_where_they_are_asked_for() -> None:
    card = gated(**{k: g for k, g in GATES.items() if g.severity == "warn"})
    assert_gates(card)
    with pytest.raises(
        AssertionError, match=r"found 0\.400; .*\n    .*= 0\.640 \(95 % interval 0\.400 to 1\.020\), n = 90"
    ):
        assert_gates(card, warnings=True)


def test_a_card_without_gates_fails() -> None:
    with pytest.raises(AssertionError, match=r"no gates are defined; .*\[gates\]"):
        assert_gates(gated())
    assert_gates(gated(), allow_none=True)


@pytest.mark.parametrize(
    ("figure", "limits"),
    [
        ("performance.roc_auc", {"min": 0.73}),
        ("performance.roc_auc", {"min": 0.68, "bound": "low"}),
        ("performance.roc_auc", {"min": 0.7312, "max": 0.7312}),
        ("performance.roc_auc", {"max": 0.78, "bound": "high"}),
        ("performance.recall", {"min": 0.5, "if_missing": "allow"}),
        ("performance.brier", {"max": 0.2, "if_missing": "allow"}),
        ("fairness.impact_ratio", {"min": 0.6, "if_missing": "allow"}),
    ],
)
def test_a_figure_that_keeps_its_limit(figure: str, limits: dict[str, Any]) -> None:
    assert_figure(CARD, figure, **limits)


@pytest.mark.parametrize(
    ("figure", "limits", "message"),
    [
        (
            "performance.roc_auc",
            {"min": 0.7, "bound": "low"},
            "performance.roc_auc is not >= 0.7 at the low end of the interval\n"
            "  performance.roc_auc = 0.731 (95 % interval 0.680 to 0.779), n = 300; found 0.680",
        ),
        (
            "performance.roc_auc",
            {"max": 0.7},
            "performance.roc_auc is not <= 0.7\n  performance.roc_auc = 0.731 (95 % interval 0.680 to 0.779), n = 300",
        ),
        (
            "performance.brier",
            {"max": 0.2},
            "performance.brier is not <= 0.2\n  performance.brier is insufficient: prevalence not stated",
        ),
        (
            "fairness.impact_ratio",
            {"min": 0.8, "max": 1.25},
            "fairness.impact_ratio is not >= 0.8 and <= 1.25\n"
            "  fairness.impact_ratio[sex=female] = 0.640 (95 % interval 0.400 to 1.020), n = 90\n"
            "  fairness.impact_ratio[sex=other] is suppressed: fewer rows than min_cell",
        ),
        (
            "fairness.impact_ratio[sex=male]",
            {"min": 0.5, "bound": "low", "if_missing": "allow"},
            "fairness.impact_ratio[sex=male] is not >= 0.5 at the low end of the interval\n"
            "  fairness.impact_ratio[sex=male] = 1, n = 210: it has no interval",
        ),
        (
            "performance.roc_acu",
            {"min": 0.7},
            "performance.roc_acu: no such figure was measured; "
            "did you mean 'performance.roc_auc' or 'performance.brier'?",
        ),
    ],
)
def test_a_figure_that_does_not(figure: str, limits: dict[str, Any], message: str) -> None:
    with pytest.raises(AssertionError) as failure:
        assert_figure(CARD, figure, **limits)
    assert str(failure.value) == message


def test_a_limit_is_needed() -> None:
    with pytest.raises(ek.InputError, match="no limit"):
        assert_figure(CARD, "performance.roc_auc")
    with pytest.raises(ek.InputError, match=r"bound: unknown bound; found 'lower'"):
        assert_figure(CARD, "performance.roc_auc", min=0, bound="lower")  # type: ignore[arg-type]
    with pytest.raises(ek.InputError, match="not the id of a figure"):
        assert_figure(CARD, "Performance", min=0)


def test_a_release_that_verifies() -> None:
    assert assert_verified(GOLDEN / "release", trust=sorted(GOLDEN.glob("*.pem"))).state == "valid"
    with pytest.raises(AssertionError, match=r"INDETERMINATE(.|\n)*indeterminate: "):
        assert_verified(GOLDEN / "release")
