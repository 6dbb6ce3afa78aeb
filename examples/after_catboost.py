"""A card of a CatBoost model with a categorical input, right after training."""

import numpy as np
import pandas as pd
from catboost import CatBoostClassifier
from sklearn.model_selection import train_test_split

import explainkit as ek

draw = np.random.default_rng(0)
rows = pd.DataFrame(
    {
        "income": draw.normal(size=600),
        "debt": draw.normal(size=600),
        "housing": draw.choice(["own", "rent", "free"], 600),
    }
)
bad = (rows["debt"] - rows["income"] + (rows["housing"] == "rent") + draw.normal(size=600) > 0.3).astype(int)

X_train, X_test, y_train, y_test = train_test_split(rows, bad, test_size=300, random_state=0)
model = CatBoostClassifier(iterations=30, depth=3, cat_features=["housing"], random_seed=0, allow_writing_files=False)
model.fit(X_train, y_train, silent=True)

release = ek.audit(
    model,
    X_test,
    y_test,
    positive=1,
    favourable=0,
    threshold=">=0.5",
    reference=X_train,
    plan={
        "statements": {"population": "all cases"},
        "gates": {"performance.roc_auc": {"min": 0.7, "bound": "low"}},
    },
)
release.save("release")
print("passed" if release.passed else "failed")
