"""A card of a scikit-learn model, right after training."""

import pandas as pd
from sklearn.datasets import make_classification
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split

import explainkit as ek

values, bad = make_classification(n_samples=600, n_features=4, n_redundant=0, random_state=0)
rows = pd.DataFrame(values, columns=["income", "debt", "years_employed", "amount"])
region = pd.Series(["north", "south"] * 300, name="region")

X_train, X_test, y_train, y_test, _, region_test = train_test_split(rows, bad, region, test_size=300, random_state=0)
model = LogisticRegression().fit(X_train, y_train)

release = ek.audit(
    model,
    X_test,
    y_test,
    positive=1,
    favourable=0,
    threshold=">=0.5",
    sensitive=region_test,
    reference=X_train,
    plan={
        "statements": {"population": "all cases"},
        "fairness": {"basis": {"region": "made-up data; nobody lives there"}},
        "gates": {"performance.roc_auc": {"min": 0.7, "bound": "low"}},
    },
)
release.save("release")
print("passed" if release.passed else "failed")
