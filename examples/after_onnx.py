"""A card of a model that ONNX Runtime serves: what is audited is what is asked in production."""

import numpy as np
import onnxruntime
import pandas as pd
from skl2onnx import to_onnx
from sklearn.datasets import make_classification
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split

import explainkit as ek

values, bad = make_classification(n_samples=600, n_features=4, n_redundant=0, random_state=0)
rows = pd.DataFrame(values, columns=["income", "debt", "years_employed", "amount"])

X_train, X_test, y_train, y_test = train_test_split(rows, bad, test_size=300, random_state=0)
trained = LogisticRegression().fit(X_train.to_numpy(), y_train)
converted = to_onnx(trained, X_train.to_numpy("float32"), options={"zipmap": False})
session = onnxruntime.InferenceSession(converted.SerializeToString())


def probabilities(frame: pd.DataFrame) -> np.ndarray:
    """Probabilities of both classes, shape (n_rows, 2)."""
    return session.run(["probabilities"], {"X": frame.to_numpy("float32")})[0]


release = ek.audit(
    probabilities,
    X_test,
    y_test,
    classes=[0, 1],
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
