"""LIME at 5,000 samples a row, against the lime library and against the model's own predictions for as many rows.

The draws of a seed are shared, so the model is asked once for all rows explained; a column that LIME cannot perturb
(here one without any value) that differs from row to row takes that away, and is measured too.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable, Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

from benchmarks.in_process import clock, timed
from benchmarks.measure import Row
from benchmarks.whole_audit import make_case

SAMPLES, EXPLAINED = 5000, 100
GOAL = "1.2 × predict: ratio 0.83"


def rows(runs: int) -> Iterator[Row]:
    """LightGBM with 200 trees of 31 leaves, XGBoost with 200 trees of depth 6; 20 features."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make_case(folder)
        make_xgboost(folder)
        for family in ("LightGBM", "XGBoost"):
            predict, lime = (timed("benchmarks.lime", what, family, folder, runs) for what in ("predict", "lime"))
            shared, apart, one = (
                timed("benchmarks.lime", what, family, folder, runs) for what in ("shared", "apart", "one")
            )
            work, case = f"LIME, {family}", f"{EXPLAINED} rows × {SAMPLES:,} samples × 20 features"
            own = f"predict, {EXPLAINED * SAMPLES:,} rows"
            yield Row(work=work, ours=shared, peer=f"lime {version('lime')}", peers=lime, note=case)
            yield Row(work=work, ours=shared, peer=own, peers=predict, goal=GOAL)
            yield Row(work=f"{work}, nothing shared", ours=apart, peer=own, peers=predict, goal=GOAL)
            yield Row(work=f"{work}, 1 row", ours=one, peer=own, peers=predict, note="what a first row costs")


def make_xgboost(folder: Path) -> None:
    """Write an XGBoost model for the same data."""
    import pandas as pd
    import xgboost

    train = pd.read_parquet(folder / "train.parquet")
    features = [name for name in train.columns if name.startswith("x")]
    model = xgboost.XGBClassifier(n_estimators=200, max_depth=6, random_state=0)
    model.fit(train[features], train["y"]).save_model(folder / "model.ubj")


def _work(what: str, family: str, folder: Path) -> Callable[[], Any]:
    import numpy as np
    import pandas as pd

    import explainkit
    from explainkit.load.steady import one_order

    train, test = (pd.read_parquet(folder / f"{part}.parquet") for part in ("train", "test"))
    features = [name for name in train.columns if name.startswith("x")]
    reference, some = train[features][:10_000], test[features][:EXPLAINED]
    model, answer = _model(family, folder)
    if what == "predict":
        many = np.resize(reference.to_numpy(), (EXPLAINED * SAMPLES, len(features)))

        def predict() -> Any:
            with one_order():
                return answer(many)

        return predict
    if what == "lime":
        return lambda: _lime(answer, reference.to_numpy(), some.to_numpy())
    if what == "one":
        return lambda: explainkit.explain_lime(model, some, reference=reference, rows=1, samples=SAMPLES)
    if what == "apart":
        reference = reference.assign(x19=np.nan)
    return lambda: explainkit.explain_lime(model, some, reference=reference, rows=EXPLAINED, samples=SAMPLES)


def _model(family: str, folder: Path) -> tuple[Any, Callable[[Any], Any]]:
    """The model, and its own fastest way from a matrix to probabilities."""
    if family == "LightGBM":
        import lightgbm

        booster = lightgbm.Booster(model_file=folder / "model.txt")
        return booster, booster.predict
    import xgboost

    model = xgboost.XGBClassifier()
    model.load_model(folder / "model.ubj")
    return model, lambda matrix: model.predict_proba(matrix)[:, 1]


def _lime(answer: Callable[[Any], Any], reference: Any, some: Any) -> None:
    from lime.lime_tabular import LimeTabularExplainer

    explainer = LimeTabularExplainer(reference, mode="regression", feature_selection="none", random_state=0)
    for row in some:
        explainer.explain_instance(row, answer, num_features=len(row), num_samples=SAMPLES)


if __name__ == "__main__":
    what, family, folder, runs = sys.argv[1:]
    clock(_work(what, family, Path(folder)), int(runs))
