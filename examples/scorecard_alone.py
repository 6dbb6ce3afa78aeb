"""A card of scores alone: the points of a scorecard are in a column, and no model is at hand."""

import numpy as np
import pandas as pd

import explainkit as ek

draw = np.random.default_rng(0)
cases = pd.DataFrame({"age_band": draw.choice(["below 26", "26 to 40", "41 and over"], 900)})
cases["p_default"] = draw.beta(2, 6, size=900).round(3)
cases["default"] = (draw.random(900) < cases["p_default"]).astype(int)

release = ek.audit(
    None,
    cases,
    positive=1,
    favourable=0,
    threshold=">=0.3",
    sensitive=["age_band"],
    plan={
        "data": {"score": "p_default", "target": "default"},
        "statements": {"population": "all applicants"},
        "fairness": {"basis": {"age_band": "made-up data; nobody has these ages"}},
        "gates": {"performance.roc_auc": {"min": 0.55, "bound": "low"}},
    },
)
release.save("release")
print("passed" if release.passed else "failed")
