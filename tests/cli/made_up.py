"""A made-up lender: rows and a plan."""

from __future__ import annotations

import numpy as np
import pandas as pd

PLAN = """\
version = 1
[model]
path = "model.skops"
positive = 1
threshold = ">=0.5"
[data]
evaluation = "rows.csv"
reference = "rows.csv"
target = "bad"
sensitive = ["region"]
[fairness]
favourable = 0
basis = { region = "for a test" }
[explain]
local = 2
lime_samples = 200
[gates]
"performance.roc_auc" = { min = 0.5 }
[statements]
population = "all cases"
"""


def rows(count: int = 300) -> pd.DataFrame:
    """Rows of a made-up lender."""
    rng = np.random.default_rng(5)
    data = pd.DataFrame({"income": rng.normal(size=count), "debt": rng.normal(size=count)})
    data["bad"] = (data["debt"] - data["income"] + rng.normal(size=count) > 0).astype(int)
    data["region"] = rng.choice(["north", "south"], count)
    return data
