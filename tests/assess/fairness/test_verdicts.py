"""Verdicts: three kinds, only by whole intervals, and never where the population or unknown rows forbid one."""

from __future__ import annotations

import numpy as np
import pytest

from explainkit.assess.fairness import fairness
from explainkit.assess.fairness.verdicts import verdicts
from explainkit.figures import Figure, FigureSet
from explainkit.plan import FairnessPlan
from tests.assess.builders import group, subject_of

PLAN = FairnessPlan(min_cell=1, tolerance=0.1, reference={"sex": "m"})


def decided(counts, **given):
    """Selected and all rows of each group; favourable is 0, so a score of 0 is selected."""
    scores = np.concatenate([np.r_[np.zeros(k), np.ones(n - k)] for k, n in counts.values()])
    sexes = [name for name, (_, n) in counts.items() for _ in range(n)]
    return subject_of(scores, None, groups=[group("sex", sexes)], model=None, **given)


def judged(counts, plan=PLAN, extra=(), **given):
    subject = decided(counts, **given)
    figures = FigureSet((*fairness.measure(subject, plan).figures, *extra))
    return {v.figure: v for v in verdicts(figures, plan, subject)}


@pytest.mark.parametrize(
    ("counts", "outcome"),
    [
        ({"f": (5000, 10_000), "m": (5100, 10_000)}, "within"),
        ({"f": (3000, 10_000), "m": (5100, 10_000)}, "exceeds"),
        ({"f": (7100, 10_000), "m": (5100, 10_000)}, "exceeds"),  # in either direction
        ({"f": (5, 10), "m": (5, 10)}, "insufficient evidence"),  # no difference found, and none shown to be small
        ({"f": (4100, 10_000), "m": (5100, 10_000)}, "insufficient evidence"),
    ],
)
def test_the_whole_interval_decides(counts, outcome):
    found = judged(counts)
    assert found.keys() == {"fairness.selection_difference[sex=f]"}
    verdict = found["fairness.selection_difference[sex=f]"]
    assert (verdict.outcome, verdict.tolerance) == (outcome, 0.1)


def test_a_group_whose_name_begins_like_that_of_the_reference_is_judged():
    counts = {"m": (3000, 10_000), "m (other)": (5100, 10_000)}
    plan = PLAN.model_copy(update={"reference": {"sex": "m (other)"}})
    (verdict,) = judged(counts, plan).values()
    assert (verdict.figure, verdict.outcome) == ("fairness.selection_difference[sex=m]", "exceeds")


def test_without_a_tolerance_there_is_no_verdict():
    assert judged({"f": (50, 100), "m": (50, 100)}, FairnessPlan(min_cell=1)) == {}


def test_among_accepted_cases_selection_has_no_verdict():
    (verdict,) = judged({"f": (5000, 10_000), "m": (5100, 10_000)}, population="accepted only").values()
    assert verdict.outcome == "insufficient evidence"
    assert verdict.reason.startswith("population")


def test_beyond_a_reference_that_was_chosen_by_looking_is_no_evidence():
    """The best off of three groups is best off by chance too; of two it makes no difference which is named."""
    counts = {"f": (300, 1_000), "m": (600, 1_000), "x": (590, 1_000)}
    looked = FairnessPlan(min_cell=1, tolerance=0.1)
    found = judged(counts, looked)
    assert {v.outcome for v in found.values()} <= {"insufficient evidence", "within"}
    (far,) = [v for key, v in found.items() if "sex=f" in key]
    assert far.outcome == "insufficient evidence"
    assert "chosen after looking" in far.reason
    named = judged(counts)
    (far,) = [v for key, v in named.items() if "sex=f" in key]
    assert far.outcome == "exceeds"
    (two,) = judged({"f": (300, 1_000), "m": (600, 1_000)}, looked).values()
    assert two.outcome == "exceeds"


def test_a_verdict_needs_as_many_rows_as_the_weights_leave():
    counts = {"f": (5000, 10_000), "m": (5100, 10_000)}
    (verdict,) = judged(counts, weights=np.ones(20_000)).values()
    assert verdict.outcome == "within"
    few = np.where(np.arange(20_000) % 200 == 0, 1_000.0, 1.0)
    (verdict,) = judged(counts, weights=few).values()
    assert verdict.outcome == "insufficient evidence"


@pytest.mark.parametrize(("low", "outcome"), [(-0.05, "within"), (-0.3, "insufficient evidence")])
def test_unknown_rows_that_could_overturn_a_verdict_take_it_away(low, outcome):
    key = "fairness.selection_difference_bounds[sex=f]"
    bounds = Figure(id=key, value=-0.01, low=low, high=0.02)
    (verdict,) = judged({"f": (5000, 10_000), "m": (5100, 10_000)}, extra=(bounds,)).values()
    assert verdict.outcome == outcome
