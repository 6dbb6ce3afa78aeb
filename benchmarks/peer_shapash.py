"""The same case as whole_audit.py through shapash; run by the interpreter of an environment that holds it."""

from __future__ import annotations

import sys
from pathlib import Path

import joblib
import pandas as pd
from shapash import SmartExplainer

folder = Path(sys.argv[1])
test, train = pd.read_parquet(folder / "test.parquet"), pd.read_parquet(folder / "train.parquet")
features = [name for name in test.columns if name.startswith("x")]
explainer = SmartExplainer(model=joblib.load(folder / "model.joblib"))
explainer.compile(x=test[features], y_target=test["y"])
explainer.generate_report(str(folder / "shapash.html"), x_train=train[features], y_train=train["y"], y_test=test["y"])
