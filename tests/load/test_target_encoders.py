"""Encoders that use the outcome, found in pipelines."""

from __future__ import annotations

import numpy as np
import pandas as pd
from sklearn.compose import ColumnTransformer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import FeatureUnion, Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler, TargetEncoder

from explainkit.load.models.sklearn import adapt_sklearn
from explainkit.load.models.target_encoders import target_encoded

RNG = np.random.default_rng(1)
X = pd.DataFrame(
    {"city": RNG.choice(list("abc"), 200), "job": RNG.choice(list("xyz"), 200), "age": RNG.normal(size=200)}
)
Y = RNG.integers(0, 2, 200)


def fitted(*steps):
    return make_pipeline(*steps, LogisticRegression()).fit(X, Y)


def test_within_a_column_transformer_by_name():
    model = fitted(ColumnTransformer([("t", TargetEncoder(cv=2), ["city", "job"]), ("s", StandardScaler(), ["age"])]))
    assert target_encoded(model) == (("city", "TargetEncoder"), ("job", "TargetEncoder"))
    assert adapt_sklearn(model, digest=None, digest_of="x").identity.target_encoded == target_encoded(model)


def test_by_position_and_deeper():
    inner = Pipeline([("t", TargetEncoder(cv=2)), ("s", StandardScaler())])
    assert target_encoded(fitted(ColumnTransformer([("t", inner, [1])]))) == (("job", "TargetEncoder"),)
    union = FeatureUnion([("t", TargetEncoder(cv=2)), ("o", OneHotEncoder())])
    found = target_encoded(fitted(ColumnTransformer([("u", union, ["city"])])))
    assert found == (("city", "TargetEncoder"),)


def test_after_another_step_the_column_is_not_known():
    model = fitted(OneHotEncoder(sparse_output=False), TargetEncoder(cv=2))
    assert {name for name, _ in target_encoded(model)} == {""}


def test_pipelines_without_one():
    assert target_encoded(fitted(OneHotEncoder())) == ()
    assert target_encoded(LogisticRegression()) == ()
