"""Sections 7 and 8 with everything that assessments measure: every number from card.json, small tables, reasons."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

from explainkit.assess.fairness import fairness
from explainkit.assess.performance import calibration, performance
from explainkit.evidence import Evidence, Measured
from explainkit.plan import CostPlan, FairnessPlan, IntervalPlan, PerformancePlan
from explainkit.report.card import Beside, Group, Paragraph, Section, Table
from explainkit.report.html import render_html
from explainkit.report.sections import groups as groups_section
from explainkit.report.sections import performance as performance_section
from tests.assess.builders import dataset, group, subject_of
from tests.report import examples
from tests.report.number_check import problems

RNG = np.random.default_rng(0)
N = 300
SCORES = RNG.uniform(0.02, 0.98, N)
LABELS = (RNG.random(N) < SCORES).astype(float)
WEIGHTS = RNG.uniform(0.5, 2, N)
GROUPS = (
    group("age", RNG.choice(["up to 25", "26 to 40"], N)),
    group("marital_status", ["female single"] * 5 + ["married"] * 95 + ["other"] * 200),
)
COSTS = PerformancePlan(costs=CostPlan(false_positive=1.0, false_negative=5.0))
DROPPED = ("performance.", "calibration.", "fairness.")


def evidence_of(subject: Any, plan: PerformancePlan, base: Evidence) -> Evidence:
    """An example whose performance, calibration and groups are measured, not drawn."""
    measured: Measured = performance.measure(subject, plan) + calibration.measure(subject)
    measured += fairness.measure(subject, FairnessPlan())
    return dataclasses.replace(
        base,
        task=subject.task,
        outputs=subject.classes,
        positive=subject.positive,
        threshold=str(subject.threshold) if subject.threshold else None,
        favourable=subject.favourable,
        figures=(*(f for f in base.figures if not f.name.startswith(DROPPED)), *measured.figures),
        series=(*(s for s in base.series if not s.id.startswith(DROPPED)), *measured.series),
        ledger=(*base.ledger, *(dataclasses.replace(e, count=None) for e in measured.ledger)),
    )


def binary(**given: Any) -> Evidence:
    given = {"weights": None, "threshold": ">=0.5", **given}
    return evidence_of(subject_of(SCORES, LABELS, groups=GROUPS, **given), COSTS, examples.credit())


def several() -> Evidence:
    scores = RNG.dirichlet(np.ones(4), N)
    return evidence_of(
        subject_of(scores, RNG.integers(0, 4, N), task="multiclass"), PerformancePlan(), examples.species()
    )


def regression() -> Evidence:
    labels = RNG.normal(0, 1, N)
    frame = pd.DataFrame({"lo": labels - 1, "hi": labels + RNG.normal(1, 0.4, N).clip(-1)})
    plan = PerformancePlan(interval=IntervalPlan(low="lo", high="hi", level=0.9))
    subject = subject_of(labels + 0.3, labels, task="regression", evaluation=dataset(frame))
    return evidence_of(subject, plan, examples.diabetes())


CASES: dict[str, Callable[[], Evidence]] = {
    "binary": binary,
    "weighted": lambda: binary(weights=WEIGHTS),
    "resampled": lambda: binary(population="resampled"),
    "no threshold": lambda: binary(threshold=None),
    "several": several,
    "regression": regression,
}


@pytest.fixture(scope="module", params=list(CASES))
def evidence(request: pytest.FixtureRequest) -> Evidence:
    """Each case, as read back from its card.json."""
    return Evidence.from_json(CASES[request.param]().to_json())


def test_every_number_is_in_the_evidence(evidence: Evidence) -> None:
    assert problems(render_html(evidence), evidence) == []


def headings(section: Section) -> list[str]:
    return ["".join(getattr(p, "text", "") for p in b.title) for b in section.blocks if isinstance(b, Group)]


def one_group(section: Section, heading: str) -> Group:
    (found,) = [
        b
        for b in section.blocks
        if isinstance(b, Group) and "".join(getattr(p, "text", "") for p in b.title).startswith(heading)
    ]
    return found


def test_other_thresholds_are_few_and_hold_the_one_in_use() -> None:
    (table,) = one_group(performance_section.section(binary()), "Other thresholds").blocks
    assert isinstance(table, Table)
    assert len(table.rows) <= 12
    (used,) = [row for row in table.rows if row.tone == "strong"]
    assert used.cells[0][0].series.column("threshold")[used.cells[0][0].row] == 0.5  # type: ignore[union-attr]
    assert len(table.columns) == 7
    (table,) = one_group(performance_section.section(binary(population="resampled")), "Other thresholds").blocks
    assert isinstance(table, Table)
    assert len(table.columns) == 4


def test_lift_is_a_curve_beside_its_points() -> None:
    (beside,) = one_group(performance_section.section(binary()), "Lift").blocks
    assert isinstance(beside, Beside)
    assert len(beside.right[0].rows) == 10  # type: ignore[union-attr]
    assert "Lift" not in headings(performance_section.section(binary(population="resampled")))


def test_what_was_not_asked_for_has_no_heading() -> None:
    assert "Cost at the costs stated" in headings(performance_section.section(binary()))
    plain = evidence_of(subject_of(SCORES, LABELS), PerformancePlan(), examples.credit())
    assert "Cost at the costs stated" not in headings(performance_section.section(plain))
    assert "Prediction intervals given with the data" in headings(performance_section.section(regression()))


def test_the_parts_of_the_brier_score_stand_in_one_sentence() -> None:
    scores = one_group(performance_section.section(binary()), "Scores")
    (sentence,) = [b for b in scores.blocks if isinstance(b, Paragraph)]
    shown = [p.figure.id for p in sentence.parts if hasattr(p, "figure")]
    assert shown == ["performance.brier", *(f"performance.brier_{p}" for p in ("reliability", "resolution"))] + [
        f"performance.brier_{p}" for p in ("uncertainty", "within")
    ]


def test_weighted_rows_say_what_they_are_worth() -> None:
    def shown(evidence: Evidence) -> list[str]:
        return [
            p.figure.id
            for b in performance_section.section(evidence).blocks
            if isinstance(b, Paragraph)
            for p in b.parts
            if hasattr(p, "figure")
        ]

    assert "performance.effective_n[rows=labelled]" in shown(binary(weights=WEIGHTS))
    assert not [i for i in shown(binary()) if "effective" in i]


def test_calibration_stands_in_a_table_of_its_own_and_hidden_groups_show_nothing() -> None:
    section = groups_section.section(binary())
    assert "By marital_status" in headings(section)
    (table,) = one_group(section, "Calibration by marital_status").blocks
    assert isinstance(table, Table)
    assert len(table.columns) == 6
    hidden = [row for row in table.rows if row.tone == "quiet"]
    assert len(hidden) == 2
    assert all(not row.figures for row in hidden)
    section = groups_section.section(binary(population="resampled"))
    assert "Calibration by marital_status" not in headings(section)
    (table,) = one_group(section, "By marital_status").blocks
    assert "resampled" in str(table.source)  # type: ignore[union-attr]


def test_every_class_has_its_area() -> None:
    (table,) = one_group(performance_section.section(several()), "By class").blocks
    assert isinstance(table, Table)
    assert {f.name for f in table.rows[0].figures} >= {"performance.roc_auc", "performance.f1"}
