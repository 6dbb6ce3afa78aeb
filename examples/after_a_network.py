"""A card of a network, or of anything else that a function of a frame can ask.

The network here is one of plain arrays, so that the example needs no other library. With torch, `probabilities` reads

    with torch.no_grad():
        return torch.sigmoid(net(torch.tensor(frame.to_numpy("float32")))).numpy().ravel()
"""

import numpy as np
import pandas as pd
from sklearn.datasets import make_classification
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier

import explainkit as ek

values, bad = make_classification(n_samples=600, n_features=4, n_redundant=0, random_state=0)
rows = pd.DataFrame(values, columns=["income", "debt", "years_employed", "amount"])

X_train, X_test, y_train, y_test = train_test_split(rows, bad, test_size=300, random_state=0)
trained = MLPClassifier((8,), max_iter=2000, random_state=0).fit(X_train.to_numpy(), y_train)
layers = list(zip(trained.coefs_, trained.intercepts_, strict=True))


def net(tensor: np.ndarray) -> np.ndarray:
    """The layers, one after the other; logits of shape (n_rows, 1)."""
    for weights, bias in layers[:-1]:
        tensor = np.maximum(tensor @ weights + bias, 0)
    weights, bias = layers[-1]
    return tensor @ weights + bias


def probabilities(frame: pd.DataFrame) -> np.ndarray:
    """Probability of class 1, shape (n_rows,)."""
    return 1 / (1 + np.exp(-net(frame.to_numpy("float64")).ravel()))


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
