"""Published cases whose Shapley values are known in closed form (shared/data/shap/closed_form_cases.json).

The file gives models and expected values; where it says "see build" or states a rule, the rows are built as in the
notebook or test that it names.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import xgboost
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor
from sklearn.linear_model import LinearRegression
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from explainkit import explain_shap

Case = dict[str, Any]


@pytest.fixture(scope="module")
def cases(shared_data: Path) -> dict[str, Case]:
    """The cases by name."""
    found = json.loads((shared_data / "shap" / "closed_form_cases.json").read_text("utf-8"))
    return {case["name"]: case for case in found}


def test_no_case_is_left_out(cases: dict[str, Case]) -> None:
    held = Path(__file__).read_text("utf-8")
    assert len(cases) == 17
    assert [name for name in cases if f'cases["{name}"]' not in held and f'"{name}": ' not in held] == []


def frame(rows: Any) -> pd.DataFrame:
    """Rows with columns a, b, …"""
    array = np.asarray(rows)
    return pd.DataFrame(array, columns=list("abcdefgh")[: array.shape[1]])


def two_columns_of_four(count: int = 100) -> np.ndarray:
    """Every cell of the first two columns equally often; the other two columns are zero."""
    rows = np.zeros((count, 4))
    rows[: count // 2, 0] = 1
    rows[: count // 4, 1] = 1
    rows[count // 2 : 3 * count // 4, 1] = 1
    return rows


def linear(beta: Any, intercept: float = 0.0) -> LinearRegression:
    """A linear model with these coefficients."""
    model = LinearRegression()
    model.coef_, model.intercept_ = np.array(beta, dtype=float), intercept
    model.n_features_in_ = len(beta)
    return model


SIMPLE: dict[str, Any] = {
    "single_split": lambda a, b: a,
    "AND": lambda a, b: a * b,
    "OR": lambda a, b: np.maximum(a, b),
    "XOR": lambda a, b: (a != b).astype(float),
    "AND_plus_boost": lambda a, b: a * b + a,
}


@pytest.mark.parametrize("name", SIMPLE)
def test_simple_trees(name: str, cases: dict[str, Case]) -> None:
    case, rows = cases[name], two_columns_of_four()
    if name == "single_split":
        rows[:, 1] = 0
    depth = 1 if "max_depth=1" in case["model"] else 2
    model = DecisionTreeRegressor(max_depth=depth).fit(rows, SIMPLE[name](rows[:, 0], rows[:, 1]))
    found = explain_shap(model, np.vstack([np.ones(4), np.zeros(4)]))
    expected = [case["expected_shap_ones"], case["expected_shap_zeros"]]
    np.testing.assert_allclose(found.values[:, :, 0], expected, rtol=0, atol=1e-12)
    np.testing.assert_allclose(found.base_values[:, 0], case["expected_base"], rtol=0, atol=1e-12)
    # Every cell is there equally often, so that both kinds of values are the same.
    against = explain_shap(model, np.vstack([np.ones(4), np.zeros(4)]), rows)
    np.testing.assert_allclose(against.values, found.values, rtol=0, atol=1e-12)


def test_consistency(cases: dict[str, Case]) -> None:
    case = cases["consistency_80AND"]
    rows = np.array(case["X"], dtype=float)
    found = explain_shap(DecisionTreeRegressor(max_depth=2).fit(rows, case["y"]), rows).values[:, :, 0]
    np.testing.assert_allclose(found, case["expected_shap"], rtol=0, atol=1e-12)
    assert np.abs(found - case["saabas_must_not_equal"]).max() > 1


def test_missing_values(cases: dict[str, Case]) -> None:
    case = cases["missing_values"]
    rows = np.array(case["X"], dtype=float)
    assert np.isnan(rows).sum() == 3
    found = explain_shap(DecisionTreeClassifier().fit(rows, case["y"]), rows, positive=1)
    np.testing.assert_allclose(found.values[:, 0, 0], case["expected_shap_class1"], rtol=0, atol=1e-12)


@pytest.mark.parametrize("name", ["A", "B"])
def test_fever_and_cough(name: str, cases: dict[str, Case]) -> None:
    case = {"A": cases["fever_cough_A"], "B": cases["fever_cough_B"]}[name]
    rows = two_columns_of_four(2000)[:, :2]
    target = 80 * rows[:, 0] * rows[:, 1] + 1e-4 * ((rows[:, 0] == 0) & (rows[:, 1] == 0))
    if name == "B":
        target += 10 * rows[:, 1]
    parameters = {"eta": 1, "max_depth": 3, "base_score": 0, "lambda": 0, "nthread": 1}
    found = explain_shap(xgboost.train(parameters, xgboost.DMatrix(rows, target), 1), rows)
    # The target has a little of its own where both are zero, which the published numbers leave out.
    np.testing.assert_allclose(found.values[0, :, 0], case["expected_row0"], rtol=0, atol=1e-4)
    np.testing.assert_allclose(found.base_values[0, 0], case["expected_base"], rtol=0, atol=1e-4)
    np.testing.assert_allclose(np.abs(found.values[:, :, 0]).mean(axis=0), case["mean_abs"], rtol=0, atol=1e-4)


def background_of(mean: Any, covariance: Any) -> np.ndarray:
    """Rows whose mean and covariance are exactly these."""
    root = np.linalg.cholesky(np.array(covariance, dtype=float))
    count = len(root)
    corners = np.vstack([np.eye(count), -np.eye(count)]) * np.sqrt(count)
    return np.array(mean) + corners @ root.T


def test_a_tied_pair_of_a_linear_model(cases: dict[str, Case]) -> None:
    """Columns are unknown independently of each other; the values of tied columns that are imputed from each other, as
    in the published case, share the same sum."""
    case = cases["linear_tied_pair_correlation_dependent"]
    rows = background_of(case["mu"], case["cov"])
    np.testing.assert_allclose(np.cov(rows.T, ddof=0), case["cov"], rtol=0, atol=1e-12)
    found = explain_shap(linear(case["beta"]), np.array([case["x"]], dtype=float), rows).values[0, :, 0]
    np.testing.assert_allclose(found, case["expected_independent"], rtol=0, atol=1e-12)
    imputed = case["expected_impute_masker"]
    np.testing.assert_allclose([found[:2].sum(), found[2]], [sum(imputed[:2]), imputed[2]], atol=1e-12)


def test_a_tied_triple_of_a_linear_model(cases: dict[str, Case]) -> None:
    case = cases["linear_tied_triple"]
    covariance = np.eye(4)
    covariance[:3, :3] += case["cov_offdiag"] * (1 - np.eye(3))
    rows = background_of(case["mu"], covariance)
    found = explain_shap(linear(case["beta"]), np.array([case["x"]], dtype=float), rows)
    values = found.values[0, :, 0]
    np.testing.assert_allclose(values, [0, 1, 0, 0], rtol=0, atol=1e-12)
    np.testing.assert_allclose(found.base_values, case["expected_value"], rtol=0, atol=1e-12)
    np.testing.assert_allclose([values[:3].sum(), values[3]], [sum(case["expected"][:3]), case["expected"][3]])


@pytest.mark.parametrize("opened", [True, False], ids=["closed form", "enumerated"])
def test_linear_models_in_general(opened: bool, cases: dict[str, Case]) -> None:
    assert "beta_i*(x_i-mean_i)" in cases["linear_general"]["rule"]
    rows = np.random.default_rng(0).normal(size=(40, 3))

    def answer(given: pd.DataFrame) -> np.ndarray:
        return given["a"].to_numpy() + 2 * given["b"].to_numpy()

    model = linear([1, 2, 0]) if opened else answer
    found = explain_shap(model, frame(rows[:10]), frame(rows))
    assert found.exactness == "exact"
    expected = (rows[:10] - rows.mean(axis=0)) * [1, 2, 0]
    np.testing.assert_allclose(found.values[:, :, 0], expected, rtol=0, atol=1e-12)


def test_a_game_of_second_order(cases: dict[str, Case]) -> None:
    assert "f=x0*x2+x1+x2+x2*x3" in cases["second_order_game"]["rule"]
    rows = np.array(np.meshgrid(*[[0, 1]] * 5)).reshape(5, -1).T

    def answer(given: pd.DataFrame) -> np.ndarray:
        a, b, c, d, _ = given.to_numpy(dtype=float).T
        return a * c + b + c + c * d

    found = explain_shap(answer, frame(rows), frame(np.zeros((1, 5), dtype=np.int64)))
    a, b, c, d, _ = rows.T.astype(float)
    expected = np.column_stack([a * c / 2, b, a * c / 2 + c + c * d / 2, c * d / 2, 0 * a])
    np.testing.assert_allclose(found.values[:, :, 0], expected, rtol=0, atol=1e-12)


def test_kernel_brute_force(cases: dict[str, Case]) -> None:
    case = cases["kernel_brute_force"]
    beta = np.random.RandomState(0).rand(4)
    row = np.random.RandomState(1).randn(1, 4)

    def answer(given: pd.DataFrame) -> np.ndarray:
        return np.asarray(given.to_numpy() @ beta + 10)

    for model in (answer, linear(beta, 10.0)):
        found = explain_shap(model, frame(row), frame(np.zeros((1, 4))))
        np.testing.assert_allclose(found.values[0, :, 0], case["expected"], rtol=0, atol=1e-8)
        np.testing.assert_allclose(found.base_values, case["expected_base"], rtol=0, atol=1e-12)
        np.testing.assert_allclose(found.predictions, case["expected_f"], rtol=0, atol=1e-12)


def test_the_background_decides(cases: dict[str, Case]) -> None:
    rule = cases["or_function_background"]["rule"]
    assert "phi=(1,0), base 0" in rule
    assert "phi=(0.375,-0.125), base 0.75" in rule
    cells = np.array([[0, 0], [0, 1], [1, 0], [1, 1]], dtype=float)
    tree = DecisionTreeRegressor(max_depth=2).fit(frame(cells), [0, 1, 1, 1])

    def answer(given: pd.DataFrame) -> np.ndarray:
        return given.to_numpy().max(axis=1)

    for model in (answer, tree):
        for background, values, base in ((cells[:1], [1, 0], 0), (cells, [0.375, -0.125], 0.75)):
            found = explain_shap(model, frame(cells[2:3]), frame(background))
            np.testing.assert_allclose(found.values[0, :, 0], values, rtol=0, atol=1e-12)
            np.testing.assert_allclose(found.base_values, base, rtol=0, atol=1e-12)


@pytest.mark.parametrize("kind", [object, bool])
def test_booleans_as_objects(kind: type, cases: dict[str, Case]) -> None:
    assert "values.max()==0.26548 rtol 1e-2" in cases["bool_object_dtype_max"]["rule"]
    seed = 45479
    rng = np.random.default_rng(seed)
    rows = rng.choice([True, False], (15, 8)).astype(object)
    target = rng.choice([True, False], 15).astype(float)
    forest = RandomForestClassifier(random_state=seed, n_jobs=1).fit(rows, target)
    found = [explain_shap(forest, frame(rows.astype(kind)), frame(rows.astype(kind)), positive=c) for c in (0, 1)]
    assert max(part.values.max() for part in found) == pytest.approx(0.26548, rel=1e-2)
    np.testing.assert_allclose(found[0].values, -found[1].values, rtol=0, atol=1e-12)


ROWS = np.random.default_rng(5).integers(0, 4, size=(120, 4)).astype(float)


def forest_of(target: np.ndarray, seed: int) -> Any:
    """A forest that cannot use its last column."""
    rows = ROWS.copy()
    rows[:, 3] = 0
    return RandomForestRegressor(5, max_depth=4, random_state=seed, n_jobs=1).fit(rows, target)


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 10**6), factor=st.floats(-3, 3), interventional=st.booleans())
def test_axioms(seed: int, factor: float, interventional: bool) -> None:
    """Efficiency, dummy, additivity and linearity: the sums of two forests, and multiples, are functions of rows."""
    one, other = (forest_of(np.random.default_rng([seed, i]).normal(size=120), seed + i) for i in (0, 1))
    some, background = frame(ROWS[:4]), frame(ROWS[:30])

    def both(given: pd.DataFrame) -> np.ndarray:
        return np.asarray(one.predict(given.to_numpy()) + factor * other.predict(given.to_numpy()))

    parts = [explain_shap(model, ROWS[:4], ROWS[:30] if interventional else None) for model in (one, other)]
    for part, model in zip(parts, (one, other), strict=True):
        assert (part.values[:, 3] == 0).all()
        total = part.base_values[:, 0] + part.values.sum(axis=1)[:, 0]
        np.testing.assert_allclose(total, model.predict(ROWS[:4]), rtol=0, atol=1e-12)
    if interventional:
        found = explain_shap(both, some, background)
        np.testing.assert_allclose(found.values, parts[0].values + factor * parts[1].values, rtol=0, atol=1e-12)


def test_axioms_of_symmetry_and_of_the_null_model(cases: dict[str, Case]) -> None:
    assert "symmetry" in cases["axioms"]["rule"]
    twins = np.column_stack([ROWS[:, 0], ROWS[:, 0], ROWS[:, 1]])
    null = DecisionTreeRegressor().fit(twins, np.full(len(twins), 7.0))
    for background in (None, twins):
        found = explain_shap(null, twins[:10], background)
        assert (found.values == 0).all()
        assert (found.base_values == 7).all()

    def answer(given: pd.DataFrame) -> np.ndarray:
        a, b, c = given.to_numpy().T
        return np.asarray(a * b + np.maximum(a, b) * c)

    values = explain_shap(answer, frame(twins[:20]), frame(twins[:40])).values
    np.testing.assert_allclose(values[:, 0], values[:, 1], rtol=0, atol=1e-12)
    assert np.abs(values[:, 0]).max() > 0.1
