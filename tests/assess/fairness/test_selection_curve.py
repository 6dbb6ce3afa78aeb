"""The selection rate over a sensitive number, against counting with pandas."""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
import pytest

from explainkit.assess.fairness import fairness
from explainkit.plan import FairnessPlan
from tests.assess.builders import dataset, group, series_of, subject_of


def measure(ages, selected, *, cuts=(40,), **plan):
    column = dataclasses.replace(group("age", [sum(a >= c for c in cuts) for a in ages]), note="a reason")
    frame = pd.DataFrame({"age": ages})
    scores = np.where(selected, 0.2, 0.8)
    return fairness.measure(subject_of(scores, groups=[column], evaluation=dataset(frame)), FairnessPlan(**plan))


AGES = np.random.default_rng(4).integers(18, 80, 700)
SELECTED = np.random.default_rng(5).random(700) < AGES / 100


def test_bins_hold_enough_rows_and_their_rates():
    curve = series_of(measure(AGES, SELECTED, min_cell=35), "fairness.selection_curve[column=age]")
    assert curve["n"].min() >= 35
    assert 2 <= len(curve) <= 20
    assert (curve["n"].sum(), curve["events"].sum()) == (700, SELECTED.sum())
    order = np.argsort(AGES, kind="stable")
    for rows, bin_ in zip(np.split(order, np.cumsum(curve["n"])[:-1]), curve.itertuples(), strict=True):
        assert bin_.value == pytest.approx(AGES[rows].mean())
        assert bin_.rate == pytest.approx(SELECTED[rows].mean())
        assert bin_.low <= bin_.rate <= bin_.high


def test_there_is_no_curve_where_a_group_is_hidden():
    measured = measure(AGES, SELECTED, cuts=(19, 50), min_cell=20)
    assert not any(s.id.startswith("fairness.selection_curve") for s in measured.series)
    assert any(e.kind == "suppressed" and e.what == "selection rate over age" for e in measured.ledger)


def test_there_is_no_curve_of_few_rows():
    measured = measure(AGES[:50], SELECTED[:50])
    assert not any(s.id.startswith("fairness.selection_curve") for s in measured.series)
    assert any(e.what == "selection rate over age" for e in measured.ledger)
