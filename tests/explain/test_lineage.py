"""Lineage against behaviour: exactly the engineered columns traced to a raw column change when it changes."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.compose import ColumnTransformer, make_column_selector
from sklearn.decomposition import PCA
from sklearn.feature_selection import SelectKBest, VarianceThreshold, f_classif
from sklearn.impute import KNNImputer, MissingIndicator, SimpleImputer
from sklearn.pipeline import FeatureUnion, Pipeline, make_pipeline, make_union
from sklearn.preprocessing import (
    FunctionTransformer,
    KBinsDiscretizer,
    MinMaxScaler,
    Normalizer,
    OneHotEncoder,
    OrdinalEncoder,
    PolynomialFeatures,
    RobustScaler,
    SplineTransformer,
    StandardScaler,
    TargetEncoder,
)

from explainkit.explain.lineage import lineage

N = 60
RNG = np.random.default_rng(3)
ROWS = pd.DataFrame(
    {
        "a": RNG.normal(size=N),
        "b": RNG.lognormal(size=N),
        "c": RNG.choice(["x", "y", "z", "rare"], N, p=[0.4, 0.3, 0.28, 0.02]),
        "d": RNG.choice(["p", "q"], N),
        "e": RNG.integers(0, 5, N),
    }
)
ROWS.loc[::7, "a"] = np.nan
OUTCOME = (ROWS["b"] + ROWS["e"] > 3).astype(int)
CLASSES = np.digitize(ROWS["b"] + ROWS["e"] + (ROWS["d"] == "p") + (ROWS["c"] == "x"), [2, 4])


def dense(matrix):
    return np.asarray(matrix.toarray() if hasattr(matrix, "toarray") else matrix, dtype=float)


def dependence(transformer, rows: pd.DataFrame, features: list[str]) -> list[set[str]]:
    """For each engineered column the raw columns whose values reach it, found by changing one raw column at a time."""
    before = dense(transformer.transform(rows))
    reached: list[set[str]] = [set() for _ in range(before.shape[1])]
    for name in features:
        # Other values of the same column: every row gets that of the row some places below.
        for shift in (1, 2, 3, 5, 7, 11):
            changed = rows.copy()
            changed[name] = np.roll(rows[name].to_numpy(), shift)
            after = dense(transformer.transform(changed))
            moved = ~np.isclose(before, after, rtol=1e-12, atol=0, equal_nan=True).all(axis=0)
            for j in np.flatnonzero(moved):
                reached[j].add(name)
    return reached


NUMBERS = ["a", "b", "e"]
WORDS = ["c", "d"]
TRACED = {
    "columns by name": ColumnTransformer(
        [
            ("one hot", OneHotEncoder(), WORDS),
            ("numbers", make_pipeline(SimpleImputer(add_indicator=True), StandardScaler()), NUMBERS),
        ]
    ),
    "another order, a drop and the rest": ColumnTransformer(
        [("gone", "drop", ["b"]), ("codes", OrdinalEncoder(), ["d", "c"])], remainder="passthrough"
    ),
    "selectors, positions, masks, an empty choice": ColumnTransformer(
        [
            ("words", OneHotEncoder(drop="first"), make_column_selector(dtype_include=[object, "str"])),
            ("place", MinMaxScaler(), [1]),
            ("mask", "passthrough", [False, False, False, False, True]),
            ("nothing", StandardScaler(), []),
        ],
        remainder=SimpleImputer(),
    ),
    "a slice of names": ColumnTransformer([("s", OneHotEncoder(), slice("c", "d"))], remainder=SimpleImputer()),
    "infrequent categories": ColumnTransformer(
        [("one hot", OneHotEncoder(min_frequency=5, drop="if_binary"), WORDS)], remainder=SimpleImputer()
    ),
    "bins": ColumnTransformer(
        [
            ("bins", KBinsDiscretizer(3, encode="onehot", quantile_method="averaged_inverted_cdf"), ["b", "e"]),
            ("codes", KBinsDiscretizer(2, encode="ordinal", quantile_method="averaged_inverted_cdf"), ["b"]),
        ]
    ),
    "a selection after the encoding": make_pipeline(
        ColumnTransformer(
            [("one hot", OneHotEncoder(), WORDS), ("numbers", SimpleImputer(), NUMBERS)], sparse_threshold=0
        ),
        VarianceThreshold(0.05),
        SelectKBest(f_classif, k=3),
    ),
    "a union": ColumnTransformer(
        [
            ("u", make_union(RobustScaler(), KBinsDiscretizer(3, quantile_method="averaged_inverted_cdf")), ["b", "e"]),
            ("v", FeatureUnion([("same", "passthrough"), ("flag", MissingIndicator())]), ["a"]),
        ]
    ),
    "nested": Pipeline(
        [
            (
                "outer",
                ColumnTransformer(
                    [
                        ("in", ColumnTransformer([("i", SimpleImputer(), [1])], remainder="passthrough"), ["e", "a"]),
                        ("words", Pipeline([("o", OneHotEncoder()), ("same", "passthrough")]), ["c"]),
                    ],
                    sparse_threshold=0,
                ),
            ),
            ("scale", StandardScaler()),
        ]
    ),
    "logarithms": ColumnTransformer([("log", FunctionTransformer(np.log1p), ["b", "e"])]),
    "target encoding": ColumnTransformer([("t", TargetEncoder(), WORDS)], remainder="drop"),
    "splines and powers": ColumnTransformer(
        [
            ("s", SplineTransformer(n_knots=3), ["b", "e"]),
            ("p", PolynomialFeatures(3, include_bias=False), ["b"]),
            ("q", PolynomialFeatures(1, include_bias=False), ["e", "b"]),
        ]
    ),
    "anything made of one column": ColumnTransformer(
        [
            ("pca", make_pipeline(OneHotEncoder(sparse_output=False), PCA(2)), ["c"]),
            ("f", FunctionTransformer(lambda v: np.hstack([v, v**2])), ["b"]),
        ]
    ),
}


@pytest.mark.parametrize("name", TRACED)
def test_every_engineered_column_depends_on_its_raw_column_and_on_no_other(name: str) -> None:
    transformer = TRACED[name].fit(ROWS, OUTCOME)
    features = list(ROWS.columns)
    reached = dependence(transformer, ROWS, features)
    traced = lineage([transformer], features, width=len(reached))
    assert traced is not None
    # A column that is constant on these rows (the flag of a column that never misses) is reached by none.
    assert all(found <= {features[source]} for found, source in zip(reached, traced, strict=True))
    assert sum(bool(found) for found in reached) >= 0.8 * len(reached)


def test_several_classes_give_a_target_encoding_for_each() -> None:
    transformer = TargetEncoder().fit(ROWS[WORDS], CLASSES)
    reached = dependence(transformer, ROWS[WORDS], WORDS)
    traced = lineage([transformer], WORDS, width=6)
    assert [WORDS[i] for i in traced] == ["c"] * 3 + ["d"] * 3
    assert reached == [{WORDS[i]} for i in traced]


def test_an_all_missing_column_is_left_out_by_the_imputer() -> None:
    rows = ROWS[["a", "b", "e"]].assign(b=np.nan)
    imputer = SimpleImputer(add_indicator=True).fit(rows)
    assert lineage([imputer], list(rows.columns), width=4) == (0, 2, 0, 1)
    kept = SimpleImputer(keep_empty_features=True).fit(rows)
    assert lineage([kept], list(rows.columns), width=3) == (0, 1, 2)


def test_rows_in_another_order_than_in_training_are_traced_by_name() -> None:
    transformer = ColumnTransformer([("n", SimpleImputer(), ["a"]), ("e", "passthrough", ["e"])]).fit(ROWS)
    assert lineage([transformer], ["e", "d", "c", "b", "a"], width=2) == (4, 0)


def test_models_trained_on_arrays_are_traced_by_position() -> None:
    data = ROWS[NUMBERS].to_numpy()
    transformer = ColumnTransformer([("n", SimpleImputer(add_indicator=True), [0]), ("e", "passthrough", [-1])])
    assert lineage([transformer.fit(data)], NUMBERS, width=3) == (0, 0, 2)


MIXED = {
    "principal components": PCA(2),
    "interactions": PolynomialFeatures(2, include_bias=False),
    "a constant": PolynomialFeatures(1),
    "a row normaliser, one-to-one by its names": Normalizer(),
    "an imputer that looks at neighbours": KNNImputer(),
    "a function that says one-to-one and is not": FunctionTransformer(
        lambda v: v / np.abs(v).sum(axis=1, keepdims=True), feature_names_out="one-to-one"
    ),
    "a union of mixed parts": make_union(StandardScaler(), PCA(1)),
}


@pytest.mark.parametrize("name", MIXED)
def test_mixed_columns_are_not_traced(name: str) -> None:
    rows = ROWS[["b", "e"]].to_numpy(dtype=float)
    transformer = MIXED[name].fit(rows)
    width = dense(transformer.transform(rows)).shape[1]
    assert lineage([transformer], ["b", "e"], width=width) is None
    assert lineage([StandardScaler().fit(rows), transformer], ["b", "e"], width=width) is None


def test_a_scaler_of_ones_own_is_not_trusted() -> None:
    class Odd(StandardScaler):
        def transform(self, X, copy=None):
            return X[:, ::-1]

    rows = ROWS[["b", "e"]].to_numpy(dtype=float)
    assert lineage([Odd().fit(rows)], ["b", "e"], width=2) is None


def test_a_width_that_does_not_fit_is_mixed() -> None:
    rows = ROWS[["b", "e"]].to_numpy(dtype=float)
    assert lineage([StandardScaler().fit(rows)], ["b", "e"], width=3) is None
