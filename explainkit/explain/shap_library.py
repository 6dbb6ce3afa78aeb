"""The one module that imports shap, and only when it is called.

shap's import loads matplotlib and compiles with numba on first use; ``import explainkit`` must not wait for that.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

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
