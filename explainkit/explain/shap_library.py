"""The one module that imports shap, and only when it is called.

shap's import loads matplotlib and compiles with numba on first use; ``import explainkit`` must not wait for that.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from explainkit.explain.inside import Inside, dense
from explainkit.load.steady import borrowed_global_state, quiet_library

FloatArray = npt.NDArray[np.float64]
Function = Callable[[FloatArray], FloatArray]
"""Matrix of codes (n_rows, n_columns) → outputs (n_rows, k)."""

PERMUTATION_RUNS = 10
"""Independent runs of the permutation explainer; their spread gives the standard error."""


def _shap() -> Any:
    with quiet_library():  # matplotlib has renamed what shap's colour maps call
        import shap
    return shap


def version() -> str:
    """Name and version of the library."""
    return f"shap {_shap().__version__}"


def refusals() -> tuple[type[Exception], ...]:
    """What shap raises for a model that it cannot read."""
    _shap()
    from shap.utils._exceptions import ExplainerError, InvalidModelError

    return (ExplainerError, InvalidModelError)


def tree_values(inside: Inside, matrix: Any) -> tuple[FloatArray, FloatArray]:
    """Path-dependent SHAP values of scikit-learn's trees.

    Parameters
    ----------
    inside : Inside
        A tree, forest, gradient boosting or histogram gradient boosting of scikit-learn.
    matrix : frame, array or sparse matrix, shape (n_rows, n_engineered)
        What it takes.

    Returns
    -------
    values : ndarray, shape (n_rows, n_engineered, k)
        In the space in which the trees add up.
    base : ndarray, shape (k,)
        The expected output over the training rows as the trees recorded them.
    """
    model, offset = _as_shap_takes_it(inside.estimator, matrix)
    with quiet_library():
        explainer = _shap().TreeExplainer(model, feature_perturbation="tree_path_dependent")
        values = np.asarray(explainer.shap_values(dense(matrix), check_additivity=False), dtype=np.float64)
    base = np.asarray(explainer.expected_value, dtype=np.float64).reshape(-1) + offset
    return values.reshape(*values.shape[:2], -1), base


def _as_shap_takes_it(model: Any, matrix: Any) -> tuple[Any, FloatArray]:
    """Gradient boosting as bare trees, because shap reads only that of two classes; anything else as it is."""
    if not hasattr(model, "estimators_") or not hasattr(model, "learning_rate"):
        return model, np.zeros(1)
    outputs = model.estimators_.shape[1]
    trees = []
    for stage in model.estimators_:
        for output, member in enumerate(stage):
            tree = member.tree_
            values = np.zeros((tree.node_count, outputs))
            values[:, output] = model.learning_rate * tree.value[:, 0, 0]
            trees.append(
                {
                    "children_left": tree.children_left,
                    "children_right": tree.children_right,
                    "children_default": tree.children_left,
                    "features": tree.feature,
                    "thresholds": tree.threshold,
                    "values": values,
                    "node_sample_weight": tree.weighted_n_node_samples,
                }
            )
    # The constant that boosting starts from: the first stage of the score less what its trees add.
    row = matrix[:1]
    staged = model.staged_decision_function if hasattr(model, "decision_function") else model.staged_predict
    first = np.asarray(next(iter(staged(row))), dtype=np.float64).reshape(-1)
    added = [model.learning_rate * float(member.predict(dense(row))[0]) for member in model.estimators_[0]]
    return {"trees": trees, "input_dtype": np.float32}, first - np.array(added)


class _Masker:
    """Absent columns taken from every background row.

    shap's own tabular masker takes values for equal that differ by one in 100,000, and compiles for seconds.
    """

    immutable_outputs = True

    def __init__(self, background: FloatArray) -> None:
        self._background = background
        self.shape = background.shape

    def __call__(self, mask: npt.NDArray[np.bool_], row: FloatArray) -> FloatArray:
        """The row where `mask` holds, the background elsewhere; shape (n_background, m)."""
        return np.where(mask, row, self._background)

    def invariants(self, row: FloatArray) -> npt.NDArray[np.bool_]:
        """Where masking changes nothing, so that the model need not be asked again."""
        return np.equal(row, self._background)


def exact_values(function: Function, rows: FloatArray, background: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Shapley values over all coalitions of columns, absent ones replaced by those of each background row.

    Parameters
    ----------
    function : callable
        Outputs (n, k) of a matrix of codes (n, m).
    rows : ndarray, shape (n_rows, m)
        Codes of the rows to explain.
    background : ndarray, shape (n_background, m)
        Codes of the background.

    Returns
    -------
    values : ndarray, shape (n_rows, m, k)
    base : ndarray, shape (n_rows, k)
    """
    coalitions = 2 ** rows.shape[1]
    blocks = []
    with quiet_library():
        explainer = _shap().ExactExplainer(function, _Masker(background))
        for row in range(len(rows)):
            # One row a call: from the second row of a call on, shap asks the model for main effects it then forgets.
            one = rows[row : row + 1]
            blocks.append(_columns_of(explainer(one, max_evals=coalitions, batch_size=coalitions, silent=True), one))
    values, base = (np.concatenate(parts) for parts in zip(*blocks, strict=True))
    return values, base


def permutation_values(
    function: Function, rows: FloatArray, background: FloatArray, *, seed: int
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Shapley values estimated from random orders of the columns, each order walked forwards and backwards.

    Every row sees the same orders, so its values do not depend on which other rows are explained.

    Parameters
    ----------
    function, rows, background
        As for `exact_values`.
    seed : int
        Seed of the orders.

    Returns
    -------
    values : ndarray, shape (n_rows, m, k)
        Mean of independent runs.
    base : ndarray, shape (n_rows, k)
    error : ndarray, shape (n_rows, m, k)
        Standard error of each value, from the spread of the runs.
    """
    shap = _shap()
    masker, most = _Masker(background), 2 * rows.shape[1] + 1
    seeds = [int(s) for s in np.random.SeedSequence(seed).generate_state(PERMUTATION_RUNS)]
    blocks = []
    with borrowed_global_state(), quiet_library():
        for row in range(len(rows)):
            one = rows[row : row + 1]
            runs = []
            for start in seeds:
                explainer = shap.PermutationExplainer(function, masker, seed=start)
                runs.append(_columns_of(explainer(one, max_evals=most, batch_size=most, silent=True), one))
            blocks.append((np.stack([values[0] for values, _ in runs]), runs[0][1][0]))
    values = np.stack([run.mean(axis=0) for run, _ in blocks])
    error = np.stack([run.std(axis=0, ddof=1) / np.sqrt(len(run)) for run, _ in blocks])
    return values, np.stack([base for _, base in blocks]), error


def _columns_of(found: Any, rows: FloatArray) -> tuple[FloatArray, FloatArray]:
    values = np.asarray(found.values, dtype=np.float64).reshape(*rows.shape, -1)
    base = np.asarray(found.base_values, dtype=np.float64).reshape(len(rows), -1)
    return values, base
