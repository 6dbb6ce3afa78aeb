"""Gaps at many thresholds, from the definition, threshold by threshold."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from explainkit.assess.fairness import fairness
from explainkit.assess.statistics.extremes import largest_difference_interval
from explainkit.assess.statistics.mover import RateFamily
from explainkit.plan import FairnessPlan
from tests.assess.builders import group, series_of, subject_of

CURVE = "fairness.gap_by_threshold[column=g]"


def people(n=600, seed=0):
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame({"g": rng.choice(list("abc"), n), "w": rng.integers(0, 4, n).astype(float)})
    frame["score"] = np.round(rng.beta(2, 2 + (frame.g == "b"), n), 2)  # with ties
    frame["y"] = (rng.random(n) < frame.score).astype(float)
    frame.loc[rng.random(n) < 0.1, "y"] = np.nan
    return frame


def measured(frame, *, weights=None, threshold=">=0.5", favourable="0", plan=None):
    subject = subject_of(
        frame.score,
        frame.y,
        groups=[group("g", [None if pd.isna(g) else g for g in frame.g], ["0 of none", "a", "b", "c", "d"])],
        weights=weights,
        threshold=threshold,
        favourable=favourable,
    )
    return fairness.measure(subject, plan or FairnessPlan())


@pytest.mark.parametrize("favourable", ["0", "1"])
@pytest.mark.parametrize("side", [">=", ">"])
@pytest.mark.parametrize("weighted", [False, True])
def test_gaps_by_definition(favourable, side, weighted):
    frame = people()
    frame.loc[::17, "g"] = None
    found = series_of(
        measured(frame, weights=frame.w if weighted else None, threshold=f"{side}0.5", favourable=favourable), CURVE
    )
    known = frame.dropna(subset="g")
    weight = known.w if weighted else pd.Series(1.0, known.index)
    assert 0.5 in found.threshold.to_numpy()
    assert 15 <= len(found) <= 21
    for point in found.itertuples():
        positive = known.score >= point.threshold if side == ">=" else known.score > point.threshold
        selected = positive if favourable == "1" else ~positive
        rates = (weight * selected).groupby(known.g).sum() / weight.groupby(known.g).sum()
        assert point.difference == pytest.approx(np.ptp(rates), abs=1e-12)
        assert point.smallest_over_largest == pytest.approx(rates.min() / rates.max(), abs=1e-12, nan_ok=True)
        assert rates[point.lowest] == pytest.approx(rates.min())
        assert rates[point.highest] == pytest.approx(rates.max())
        for name, outcome in (("true_positive_difference", 1), ("false_positive_difference", 0)):
            whole = known.y == outcome
            of = (weight * positive)[whole].groupby(known.g).sum() / weight[whole].groupby(known.g).sum()
            assert getattr(point, name) == pytest.approx(np.ptp(of), abs=1e-12)
        if weighted:
            assert not hasattr(point, "low")
        else:
            counts = selected.groupby(known.g).sum(), known.groupby("g").size()
            family = RateFamily.of_counts(*(c.to_numpy().astype(int) for c in counts))
            interval = largest_difference_interval([family])
            assert (point.low, point.high) == pytest.approx((interval.low, interval.high), abs=1e-12)


def test_the_gap_at_the_threshold_in_use_is_the_figure():
    found = measured(people())
    (figure,) = [f for f in found.figures if f.id == "fairness.demographic_parity_difference[column=g]"]
    curve = series_of(found, CURVE).set_index("threshold")
    assert curve.loc[0.5, ["difference", "low", "high"]].tolist() == pytest.approx(
        [figure.value, figure.low, figure.high], abs=1e-12
    )


def test_there_is_none_where_numerators_are_guarded():
    """At the threshold in use every numerator is large, at others some are not."""
    frame = people()
    plan = FairnessPlan(min_cell=1, min_count=2)
    found = measured(frame, plan=plan)
    assert not any(f.status == "suppressed" for f in found.figures)
    assert not any(s.id == CURVE for s in found.series)


@pytest.mark.parametrize("plan", [FairnessPlan(min_cell=10), FairnessPlan(min_cell=1, min_count=2)])
def test_there_is_none_where_something_is_hidden(plan):
    frame = people()
    frame.loc[:5, "g"] = "d"
    found = measured(frame, plan=plan)
    assert not any(s.id == CURVE for s in found.series)
    assert any(e.kind == "suppressed" and "other thresholds" in e.what for e in found.ledger)


def test_there_is_none_of_one_group_or_without_a_threshold():
    frame = people()
    assert not any(s.id == CURVE for s in measured(frame.assign(g="a")).series)
    assert not any(s.id == CURVE for s in measured(frame, threshold=None).series)
