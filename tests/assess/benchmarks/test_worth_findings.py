"""When a model is said not to be shown worth having: no better than chance, or than a simple model."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from explainkit.assess.benchmarks.findings import worth_findings
from explainkit.assess.performance.performance import measure
from explainkit.figures import Figure, FigureSet
from explainkit.plan import PerformancePlan
from explainkit.report.numbers import figure_text
from tests.assess.benchmarks.test_benchmarks import OWN, TEST, measured
from tests.assess.builders import subject_of
from tests.assess.leakage.test_findings import evidence, page_one, risks
from tests.bounded import share
from tests.stages import page_of


def lender(n: int, seed: int) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    table = pd.DataFrame({"income": rng.normal(size=n), "noise": rng.random(n)})
    table["y"] = (rng.random(n) < 1 / (1 + np.exp(-2 * table["income"]))).astype(int)
    return table


def test_scores_that_rank_by_chance_are_found_as_often_as_their_interval_says(capsys):
    tries, found = share(1000, 200), 0
    for seed in range(tries):
        rng = np.random.default_rng(seed)
        subject = subject_of(rng.random(300), rng.integers(0, 2, 300))
        figures = FigureSet(measure(subject, PerformancePlan(), seed=0).figures)
        kinds = [f.kind for f in worth_findings(figures)]
        assert kinds in ([], ["chance"])
        found += bool(kinds)
    with capsys.disabled():
        print(f"\nrandom scores: {found} of {tries} are said to be no better than chance (97.5 % expected)")
    assert stats.binom.ppf(0.001, tries, 0.975) <= found < tries


@pytest.mark.parametrize("language", ["en", "de"])
def test_a_model_that_ranks_by_chance_stands_on_page_one(language):
    card = evidence(lender(800, 1), predict=lambda x: x["noise"].to_numpy())
    area = card.figure_set["performance.roc_auc"]
    assert area.low <= 0.5 <= area.high
    (line,) = [item for item in page_one(card) if "same answer for every row" in item]
    assert figure_text(area, "value") in line
    assert any("same answer for every row" in item for item in risks(card))
    _, _, page = page_of(card, language)
    said = "dieselbe Antwort für jede Zeile: " if language == "de" else "the same answer for every row: "
    assert said in page
    good = evidence(lender(800, 1), predict=lambda x: 1 / (1 + np.exp(-2 * x["income"])).to_numpy())
    assert "chance" not in [f.kind for f in good.findings]


def test_equal_scores_are_no_better_than_chance():
    card = evidence(lender(300, 1), predict=lambda x: np.full(len(x), 0.25))
    assert "chance" in [f.kind for f in card.findings]
    assert any(item.endswith("every row: AUC 0.500, see performance") for item in page_one(card)), "without an interval"


def test_a_simple_model_that_does_as_well_is_named():
    linear = {("roc_auc", "linear"), ("log_loss", "linear"), ("brier", "linear")}
    assert named(OWN) == {*linear, ("brier", "base_rate"), ("roc_auc", "feature")}
    shuffled = np.random.default_rng(0).permutation(OWN)
    assert named(shuffled) == {*named(OWN), ("log_loss", "base_rate")}, "of its ranking chance is said"
    assert named(0.1 + 0.8 * TEST["y"].to_numpy()) == set()


def named(scores):
    """Measures and simple models that these scores are not shown to do better by."""
    keys = [Figure(id=f.figure, value=0).keys for f in worth_findings(FigureSet(measured(scores).figures))]
    return {(key["figure"].removeprefix("performance."), key["model"]) for key in keys}
