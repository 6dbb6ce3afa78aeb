"""Section 9 of a whole audit: every claim with its figure, and nothing of groups that are hidden or without basis."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.ensemble import GradientBoostingClassifier

import explainkit as ek
from explainkit.report.html import render_html
from tests.report.number_check import problems

BASIS = "consent of the persons examined"


def people(count: int = 900) -> pd.DataFrame:
    rng = np.random.default_rng(4)
    frame = pd.DataFrame({"income": rng.normal(size=count), "debt": rng.normal(size=count)})
    frame["sex"] = pd.Series(rng.choice(["female", "male"], count)).mask(pd.Series(rng.random(count)) < 0.05)
    frame["race"] = rng.choice(["a", "b"], count)
    frame.loc[:4, "race"] = "tiny"
    frame["income"] += (frame["sex"] == "male") * 0.8
    frame["bad"] = (frame["debt"] - frame["income"] + rng.normal(size=count) > 0).astype(int)
    return frame


@pytest.fixture(scope="module")
def release() -> Any:
    frame = people()
    inputs = frame[["income", "debt"]]
    model = GradientBoostingClassifier(n_estimators=15, max_depth=2, random_state=0).fit(inputs, frame["bad"])
    return ek.audit(
        model,
        inputs,
        frame["bad"],
        positive=1,
        favourable=0,
        threshold=">=0.5",
        sensitive=frame[["sex", "race"]],
        reference=inputs,
        plan={
            "explain": {"local": 1, "lime_samples": 200, "lime_seeds": 0},
            "fairness": {"tolerance": 0.1, "reference": {"sex": "male"}, "basis": {"sex": BASIS, "race": BASIS}},
            "ll144": {"sex": "sex", "race_ethnicity": "race"},
            "statements": {"population": "all applicants"},
        },
    )


@pytest.mark.slow
def test_every_number_is_a_figure(release: Any) -> None:
    assert problems(release.file("card.html"), release.evidence) == []


@pytest.mark.parametrize(
    "words",
    [
        "LL144 calculations, not an independent bias audit",
        "Tests of selection rates, and what chance alone gives",
        "What the unknown rows could change",
        "Gaps that parity criteria look at",
        "Differences against the stated tolerance",
        "What carries the gap in the mean output",
        "which is not a pass",
    ],
)
def test_each_part_stands_on_the_page(release: Any, words: str) -> None:
    assert words in release.file("card.html").decode()


def test_the_gap_is_large_and_carried_by_the_input_that_differs(release: Any) -> None:
    figures = release.evidence.figure_set
    (verdict,) = [v for v in release.evidence.verdicts if v.figure == "fairness.selection_difference[sex=female]"]
    assert verdict.outcome == "exceeds"
    total = figures["explanation.gap.total[column=sex,group=female]"].value
    income = figures["explanation.gap.contribution[column=sex,feature=income,group=female]"].value
    assert total > 0  # towards "bad"
    assert income > 0.8 * total
    assert "not an input" in release.file("card.html").decode()


@pytest.mark.parametrize(
    ("outcome", "tone"), [("within", "ok"), ("exceeds", "attention"), ("insufficient evidence", "open")]
)
def test_a_verdict_is_marked_by_its_outcome(release: Any, outcome: Any, tone: str) -> None:
    (verdict, *_) = release.evidence.verdicts
    evidence = replace(release.evidence, verdicts=(replace(verdict, outcome=outcome),))
    words = " words" if " " in outcome else ""
    assert f'<span class="mark {tone}{words}">{outcome}</span>' in render_html(evidence).decode()


def test_a_suppressed_group_has_no_number_anywhere(release: Any) -> None:
    for figure in release.evidence.figures:
        if "tiny" in figure.keys.values():
            assert figure.value is None, figure.id
    for series in release.evidence.series:
        assert not any("tiny" in values for _, values in series.columns)
    assert not re.search(r"tiny</[a-z]+>\s*<[^>]*>\s*5\b", release.file("card.html").decode())


def test_without_a_basis_differences_are_not_tested_and_page_one_says_so() -> None:
    frame = people(300)
    inputs = frame[["income", "debt"]]
    model = GradientBoostingClassifier(n_estimators=5, max_depth=2, random_state=0).fit(inputs, frame["bad"])
    release = ek.audit(
        model,
        inputs,
        frame["bad"],
        positive=1,
        favourable=0,
        threshold=">=0.5",
        sensitive=frame[["sex"]],
        reference=inputs,
        plan={"explain": {"local": 1, "lime_samples": 200, "lime_seeds": 0}, "fairness": {"tolerance": 0.1}},
    )
    figures = release.evidence.figure_set
    names = ("selection_rate[sex=male]", "true_positive_rate[sex=male]", "demographic_parity_difference[column=sex]")
    for name in names:
        assert figures[f"fairness.{name}"].status == "not_tested"
        assert "fairness.basis.sex" in figures[f"fairness.{name}"].reason
    assert figures["fairness.count[sex=male]"].value > 0
    assert not release.evidence.verdicts
    assert not any(f.name.startswith("explanation.gap") and f.value is not None for f in figures)
    assert problems(release.file("card.html"), release.evidence) == []
