"""Bounds of larger ensembles, against the mixed integer program of Kantchelian, Tygar and Joseph, solved by HiGHS."""

from __future__ import annotations

import lightgbm as lgb
import numpy as np
import pandas as pd
import pytest

from explainkit.explain.tree.ensemble import Ensemble
from explainkit.explain.tree.readers import read
from tests.explain.properties.asking import Asked
from tests.explain.properties.program import largest_sum

REGRESSION = {"model": {"task": "regression"}}


@pytest.fixture(scope="module")
def fitted():
    rng = np.random.default_rng(4)
    frame = pd.DataFrame(rng.normal(size=(1500, 4)), columns=list("abcd"))
    outcome = frame["a"] * frame["b"] + np.sin(2 * frame["c"]) + 0.3 * rng.normal(size=len(frame))
    model = lgb.LGBMRegressor(n_estimators=20, num_leaves=10, verbose=-1, n_jobs=1, random_state=0)
    return model.fit(frame, outcome), frame


def mirrored(ensemble: Ensemble) -> Ensemble:
    from dataclasses import replace

    return replace(ensemble, values=-ensemble.values, base=-ensemble.base)


@pytest.mark.slow
def test_the_largest_and_the_smallest_answer(fitted):
    model, frame = fitted
    ensemble = read("lightgbm", model.booster_)
    most, least = largest_sum(ensemble), -largest_sum(mirrored(ensemble))
    gap = 1e-6
    asked = Asked(
        model,
        frame,
        {"kind": "bounds", "low": least - gap, "high": most + gap},
        {"kind": "bounds", "name": "above", "high": most - 0.01},
        {"kind": "bounds", "name": "below", "low": least + 0.01},
        **REGRESSION,
    )
    assert [asked.outcome(i) for i in range(3)] == ["proven", "counterexample", "counterexample"]
    assert asked.value("answer", 1, at="first") == pytest.approx(most, abs=1e-6)
    assert asked.value("answer", 2, at="first") == pytest.approx(least, abs=1e-6)
