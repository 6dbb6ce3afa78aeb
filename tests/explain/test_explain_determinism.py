"""The same bytes in a fresh process, with another hash seed and another number of threads."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

PROGRAM = """
import dataclasses, json
import lightgbm, numpy as np, pandas as pd, xgboost
from sklearn.ensemble import GradientBoostingClassifier, RandomForestClassifier, RandomForestRegressor
from sklearn.linear_model import LogisticRegression
from sklearn.neural_network import MLPClassifier
from explainkit.artifact import sha256_of
from explainkit.explain.summary import explain
from explainkit.plan import ExplainPlan
from tests.explain import test_explain_stage as stage
from tests.explain.doors import Door, outcomes, sklearn_door

plan = ExplainPlan(lime_samples=300, local=3, rows=60, background=8)
made = {
    "boosting": (GradientBoostingClassifier(n_estimators=10, random_state=0), "binary"),
    "forest": (RandomForestClassifier(40, n_jobs=2, random_state=0), "multiclass"),
    "logistic": (LogisticRegression(max_iter=400), "multiclass"),
    "network": (MLPClassifier(hidden_layer_sizes=(8,), solver="lbfgs", max_iter=3000, random_state=0), "binary"),
}
doors = {n: sklearn_door(stage.fitted(m, task)) for n, (m, task) in made.items()}
numbers = stage.REFERENCE[["age", "amount", "rate"]].astype(float)
label = outcomes(stage.REFERENCE, "binary")
booster = lightgbm.train({"objective": "binary", "verbose": -1, "num_threads": 2, "deterministic": True},
                         lightgbm.Dataset(numbers, label), 20)
doors["lightgbm"] = Door(booster, booster.predict, task="binary", classes=(0, 1))
wide = pd.DataFrame(np.random.default_rng(0).normal(size=(40, 12)), columns=[f"x{i}" for i in range(12)])
forest = RandomForestRegressor(10, n_jobs=2, random_state=0).fit(wide, wide["x0"] * wide["x1"] * wide["x2"])
doors["wide"] = Door(None, forest.predict, task="regression")
for name, door in doors.items():
    frame = wide if name == "wide" else numbers.iloc[:90] if name == "lightgbm" else stage.ROWS
    reference = None if name == "wide" else numbers if name == "lightgbm" else stage.REFERENCE
    what = stage.subject(door, frame=frame, reference=reference)
    document = json.dumps(dataclasses.asdict(explain(what, plan)), sort_keys=True, default=str)
    print(name, sha256_of(document.encode()))
"""


def run(seed: str, threads: str) -> str:
    environment = {**os.environ, "PYTHONHASHSEED": seed, "OMP_NUM_THREADS": threads, "OPENBLAS_NUM_THREADS": threads}
    environment["PYTHONPATH"] = str(ROOT)
    done = subprocess.run([sys.executable, "-c", PROGRAM], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.slow
def test_explanations_are_equal_to_the_bit() -> None:
    first = run("1", "1")
    assert len(first.splitlines()) == 6
    assert run("2", "2") == first
