"""Quantiles of scores by group, from the definition."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from explainkit.assess.fairness import fairness
from explainkit.assess.fairness.score_spread import NAMES, QUANTILES
from explainkit.plan import FairnessPlan
from tests.assess.builders import group, series_of, subject_of

SPREAD = "fairness.score_quantiles[column=g]"


def people(n=500, seed=3):
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame({"g": rng.choice(list("aab"), n), "w": rng.integers(0, 4, n).astype(float)})
    frame["score"] = np.round(rng.beta(2, 2 + (frame.g == "b"), n), 2)  # with ties
    return frame


def measured(frame, *, weights=None, plan=None, task="binary", groups=None):
    columns = groups or [group("g", [None if pd.isna(g) else g for g in frame.g], ["a", "b", "none"])]
    subject = subject_of(frame.score, groups=columns, weights=weights, task=task)
    return fairness.measure(subject, plan or FairnessPlan())


@pytest.mark.parametrize("task", ["binary", "regression"])
@pytest.mark.parametrize("weighted", [False, True])
def test_quantiles_by_definition(task, weighted):
    frame = people()
    frame.loc[::23, "g"] = None
    found = series_of(measured(frame, weights=frame.w if weighted else None, task=task), SPREAD)
    assert list(found["group"]) == ["a", "b"]
    for row in found.itertuples():
        own = frame[frame.g == row.group].assign(w=lambda f: f.w if weighted else 1.0).query("w > 0")
        assert row.n == len(own)
        for name, share in zip(NAMES, QUANTILES, strict=True):
            reached = [s for s in sorted(own.score) if own.w[own.score <= s].sum() >= share * own.w.sum() - 1e-9]
            assert getattr(row, name) == reached[0], (row.group, name)


def test_a_quantile_with_fewer_than_two_rows_beyond_is_left_out():
    frame = pd.DataFrame({"g": ["a"] * 30 + ["b"] * 40, "score": np.linspace(0, 1, 70)})
    found = series_of(measured(frame), SPREAD).set_index("group")
    assert pd.isna(found.q05["a"])
    assert found.q25["a"] is not None
    assert not pd.isna(found.q95["b"])


@pytest.mark.parametrize("hidden", ["a small group", "a small numerator"])
def test_nothing_where_something_is_hidden(hidden):
    frame = people()
    plan = FairnessPlan(min_count=5)
    if hidden == "a small group":
        frame.loc[:3, "g"], plan = "none", FairnessPlan()
    found = measured(frame, plan=plan)
    assert not any(s.id == SPREAD for s in found.series)
    assert any(e.kind == "suppressed" and e.what == "spread of the scores by g" for e in found.ledger)


def test_nothing_without_a_legal_basis():
    frame = people()
    found = measured(frame, groups=[group("g", list(frame.g), ["a", "b"], basis=None)])
    assert not any(s.id.startswith("fairness.score_quantiles") for s in found.series)
