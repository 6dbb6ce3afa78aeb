"""A card of a LightGBM model of three classes, right after training."""

from lightgbm import LGBMClassifier
from sklearn.datasets import load_iris
from sklearn.model_selection import train_test_split

import explainkit as ek

iris = load_iris(as_frame=True)
rows = iris.data.set_axis(["sepal_length", "sepal_width", "petal_length", "petal_width"], axis=1)
species = iris.target.map(dict(enumerate(iris.target_names)))

X_train, X_test, y_train, y_test = train_test_split(rows, species, test_size=0.5, random_state=0, stratify=species)
model = LGBMClassifier(n_estimators=20, num_leaves=4, random_state=0, verbose=-1).fit(X_train, y_train)

# Flowers want nothing: without a favourable outcome the card says DRAFT, and selection is not tested.
release = ek.audit(
    model,
    X_test,
    y_test,
    reference=X_train,
    plan={"statements": {"population": "all cases"}, "gates": {"performance.accuracy": {"min": 0.8}}},
)
release.save("release")
print("passed" if release.passed else "failed")
