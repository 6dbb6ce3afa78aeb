"""A card of an XGBoost model, right after training; missing values stay missing."""

import numpy as np
import pandas as pd
from sklearn.datasets import make_classification
from sklearn.model_selection import train_test_split
from xgboost import XGBClassifier

import explainkit as ek

values, bad = make_classification(n_samples=600, n_features=4, n_redundant=0, random_state=0)
rows = pd.DataFrame(values, columns=["income", "debt", "years_employed", "amount"])
rows.loc[::10, "years_employed"] = np.nan

X_train, X_test, y_train, y_test = train_test_split(rows, bad, test_size=300, random_state=0)
model = XGBClassifier(n_estimators=30, max_depth=3, random_state=0).fit(X_train, y_train)

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
