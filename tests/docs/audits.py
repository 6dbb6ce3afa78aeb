"""Small audits that together measure every figure there is, without drawing a card."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import skops.io
from sklearn.ensemble import GradientBoostingClassifier, GradientBoostingRegressor
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import GaussianNB

from explainkit.evidence import Evidence
from explainkit.load.assemble import load_subject
from explainkit.pipeline import gather
from explainkit.plan import plan_from

INPUTS = ["income", "debt", "years"]
MORE = 11
MANY = [*INPUTS, "twin", *(f"x{i}" for i in range(MORE))]
EXPLAIN = {"local": 2, "rows": 300, "lime_samples": 200, "lime_seeds": 2}
PARTS = {"reference": "train.csv", "trained_on_reference": True, "time": "day", "segment": "branch"}
TIME = {"period": "quarter"}
BASIS = {"region": "for a test", "sex": "for a test"}


def rows(count: int = 400, seed: int = 5, start: str = "2023-10-01") -> pd.DataFrame:
    """Rows of a made-up lender, with everything that a plan can name."""
    rng = np.random.default_rng(seed)
    data = pd.DataFrame({"income": rng.normal(size=count), "debt": rng.normal(size=count)})
    data["years"] = rng.integers(0, 20, count)
    latent = data["debt"] - data["income"] + rng.normal(size=count)
    data["bad"] = (latent > 0).astype(int)
    data["grade"] = np.array(["a", "b", "c"])[np.digitize(latent, [-0.7, 0.7])]
    data["loss"] = 10 * latent + 100
    data["region"] = rng.choice(["north", "south"], count)
    data["sex"] = rng.choice(["f", "m", None], count, p=[0.48, 0.48, 0.04])
    data["granted"] = np.where(latent + rng.normal(size=count) < 0.2, "yes", "no")
    data["p_white"] = rng.uniform(0.1, 0.9, count)
    data["p_black"] = 1 - data["p_white"]
    data["old_score"] = 1 / (1 + np.exp(-(data["debt"] + 0.5 * rng.normal(size=count))))
    data["old_loss"] = 10 * data["debt"] + 100
    data["low"], data["high"] = data["loss"] - 25, data["loss"] + 20 * rng.normal(1, 0.4, count)
    data["weight"] = rng.integers(1, 4, count).astype(float)
    data["household"] = np.arange(count) // 2
    data["age"] = rng.integers(18, 80, count)
    data["twin"] = data["debt"] + 0.1 * rng.normal(size=count)
    for i in range(MORE):
        data[f"x{i}"] = rng.normal(size=count)
    data["e_mail"] = [f"client{i}@example.org" for i in range(count)]
    data["tenure"] = np.where(rng.random(count) < 0.1 + 0.2 * (data["region"] == "north"), np.nan, data["years"])
    data["day"] = pd.date_range(start, periods=count).strftime("%Y-%m-%d")
    data["branch"] = rng.choice(["east", "west"], count)
    return data


def _evidence(folder: Path, estimator: Any, target: str, /, inputs: Sequence[str] = INPUTS, **tables: Any) -> Evidence:
    """Fit, save, plan and measure."""
    data = rows()
    data.to_csv(folder / "rows.csv", index=False)
    rows(300, seed=6, start="2023-01-01").to_csv(folder / "train.csv", index=False)
    document: dict[str, Any] = {
        "data": {"evaluation": "rows.csv", "reference": "rows.csv", "target": target},
        "explain": EXPLAIN,
        "statements": {"population": "all cases"},
    }
    if estimator is not None:
        skops.io.dump(estimator.fit(data[list(inputs)], data[target]), folder / "model.skops")
        document["model"] = {"path": "model.skops"}
    for name, table in tables.items():
        document[name] = table if isinstance(table, list) else document.get(name, {}) | table
    plan = plan_from(document)
    return gather(load_subject(plan, base=folder), plan)


def binary(folder: Path) -> Evidence:
    """Boosted trees with a threshold, groups, decisions in fact, proxies, a champion, costs, LL144 and reasons."""
    model = GradientBoostingClassifier(n_estimators=15, max_depth=2, random_state=0)
    return _evidence(
        folder,
        model,
        "bad",
        model={"path": "model.skops", "positive": 1, "threshold": ">=0.5"},
        data={"sensitive": ["region", "sex"]} | PARTS,
        time=TIME,
        benchmarks={},
        fairness={"favourable": 0, "basis": BASIS, "tolerance": 0.1},
        explain={"kind": "interventional"},
        features={"income": {"actionable": True}, "debt": {"actionable": True}},
        ll144={"sex": "sex", "race_ethnicity": "region"},
        decisions={"column": "granted", "favourable": "yes"},
        proxies={"race": {"columns": {"white": "p_white", "black": "p_black"}, "reference": "white", "basis": "test"}},
        champion={"score": "old_score", "threshold": ">=0.5"},
        performance={"costs": {"false_positive": 1.0, "false_negative": 5.0}},
        gates={"performance.roc_auc": {"no_worse_than_champion": True, "margin": 0.5}},
    )


def linear(folder: Path) -> Evidence:
    """A logistic regression of many inputs, whose rows are weighted and come in clusters."""
    return _evidence(
        folder,
        LogisticRegression(),
        "bad",
        inputs=MANY,
        model={"path": "model.skops", "positive": 1, "threshold": ">=0.5"},
        data={
            "sensitive": ["region"],
            "weight": {"column": "weight", "kind": "sampling"},
            "cluster": "household",
        },
        fairness={"favourable": 0, "basis": {"region": "for a test"}},
    )


def multiclass(folder: Path) -> Evidence:
    """Three classes, one of them favourable."""
    model = GradientBoostingClassifier(n_estimators=10, max_depth=2, random_state=0)
    return _evidence(
        folder,
        model,
        "grade",
        data={"sensitive": ["region"]} | PARTS,
        time=TIME,
        benchmarks={},
        fairness={"favourable": "a", "basis": {"region": "for a test"}},
        decisions={"column": "granted", "favourable": "yes"},
    )


def regression(folder: Path) -> Evidence:
    """A number, with intervals that were predicted for it and a champion."""
    model = GradientBoostingRegressor(n_estimators=10, max_depth=2, random_state=0)
    return _evidence(
        folder,
        model,
        "loss",
        data={"sensitive": ["region"]} | PARTS,
        time=TIME,
        benchmarks={},
        fairness={"basis": {"region": "for a test"}},
        performance={"interval": {"low": "low", "high": "high", "level": 0.9}},
        champion={"score": "old_loss"},
        properties=[{"kind": "monotone", "feature": "income", "direction": "increasing"}],
    )


def many_inputs(folder: Path) -> Evidence:
    """Many inputs, two of them alike, of a model that is asked as a function; groups made by cut points."""
    return _evidence(
        folder,
        GaussianNB(),
        "bad",
        inputs=MANY,
        model={"path": "model.skops", "positive": 1, "threshold": ">=0.5"},
        data={"sensitive": ["age"]},
        features={"age": {"cuts": [30, 50], "cuts_reason": "for a test"}},
        explain={"background": 20, "local": 1},
        fairness={"favourable": 0, "basis": {"age": "for a test"}},
    )


def no_cases(folder: Path) -> Evidence:
    """No groups, no single case explained, and a property that is tested."""
    return _evidence(
        folder,
        LogisticRegression(),
        "bad",
        model={"path": "model.skops", "positive": 1},
        explain={"local": 0},
        properties=[{"kind": "monotone", "feature": "income", "direction": "decreasing", "tries": 500}],
    )


def scores(folder: Path) -> Evidence:
    """A column of scores without a model, a threshold or a favourable outcome; groups against a population."""
    return _evidence(
        folder,
        None,
        "bad",
        model={"task": "binary", "positive": 1},
        data={"score": "old_score", "sensitive": ["region"], "shares": {"region": {"north": 0.3, "south": 0.7}}},
        fairness={"basis": {"region": "for a test"}},
    )


def unlabelled(folder: Path) -> Evidence:
    """Scores whose outcomes are not known yet."""
    data = rows()
    data.to_csv(folder / "train.csv", index=False)
    data.drop(columns="bad").to_csv(folder / "rows.csv", index=False)
    document = {
        "data": {"evaluation": "rows.csv", "reference": "train.csv", "score": "old_score"},
        "model": {"task": "binary", "positive": 1, "threshold": ">=0.5"},
        "drift": {"reference_target": "bad"},
        "statements": {"population": "all cases"},
    }
    plan = plan_from(document)
    return gather(load_subject(plan, base=folder), plan)


def stressed(folder: Path) -> Evidence:
    """A model whose inputs are changed, and which is timed; some rows are far from those of the reference."""
    rows(300, seed=6).to_csv(folder / "other.csv", index=False)
    return _evidence(
        folder,
        LogisticRegression(),
        "bad",
        model={"path": "model.skops", "positive": 1, "threshold": ">=0.5"},
        data={"reference": "other.csv", "sensitive": ["region"]},
        explain={"local": 0},
        fairness={"basis": {"region": "for a test"}},
        robustness={"off_data": 0.8},
        scenarios=[{"name": "recession", "changes": {"income": "-1sd", "debt": "+10%"}}],
        load={"seconds": 0.1},
    )


ALL: dict[str, Callable[[Path], Evidence]] = {
    "binary": binary,
    "linear": linear,
    "multiclass": multiclass,
    "regression": regression,
    "many_inputs": many_inputs,
    "no_cases": no_cases,
    "scores": scores,
    "unlabelled": unlabelled,
    "stressed": stressed,
}
