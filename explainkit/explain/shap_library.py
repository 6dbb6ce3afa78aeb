"""The one module that imports shap, and only when it is called: the independent implementation of the checks.

shap's import loads matplotlib; ``import explainkit`` must not wait for that. Of its explainers of functions only
`shap.KernelExplainer` needs no compilation, which takes the others four seconds in every process; and a regression on
coalitions shares no step with explainkit's own computation.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from explainkit.load.steady import borrowed_global_state, quiet_library

FloatArray = npt.NDArray[np.float64]
Function = Callable[[FloatArray], FloatArray]
"""Matrix of codes (n_rows, n_players) → outputs (n_rows, k)."""

ENUMERATED = 10
"""Players up to which the regression takes every coalition, and is exact."""
RUNS = 5
"""Independent runs beyond that; their spread gives the standard error."""
_DRAWN = 256  # coalitions drawn in a run, besides two for each player


def _shap() -> Any:
    with quiet_library():  # matplotlib has renamed what shap's colour maps call
        import shap
    return shap


def version() -> str:
    """Name and version of the library."""
    return f"shap {_shap().__version__}"


def coalitions(players: int) -> int:
    """Coalitions that are asked about for one row, in all runs."""
    return 1 << players if players <= ENUMERATED else RUNS * (2 * players + _DRAWN)


def values(
    function: Function, rows: FloatArray, background: FloatArray, *, seed: int
) -> tuple[FloatArray, FloatArray | None]:
    """Interventional Shapley values of a function, by shap's weighted regression on coalitions.

    Parameters
    ----------
    function : callable
        Outputs (n, k) of a matrix of codes (n, m).
    rows : ndarray, shape (n_rows, m)
        Codes of the rows to explain.
    background : ndarray, shape (n_background, m)
        Codes of the background.
    seed : int
        Of the coalitions drawn, where there are too many.

    Returns
    -------
    values : ndarray, shape (n_rows, m, k)
        Over all coalitions, or the mean of independent runs.
    error : ndarray or None
        Standard error of each value, from the spread of the runs; None where all coalitions were taken.
    """
    players = rows.shape[1]
    exact = players <= ENUMERATED
    samples = 1 << players if exact else 2 * players + _DRAWN
    runs = []
    with borrowed_global_state(), quiet_library():
        explainer = _shap().KernelExplainer(function, background)
        for start in np.random.SeedSequence(seed).generate_state(1 if exact else RUNS):
            np.random.seed(int(start))  # noqa: NPY002 - shap knows no other generator
            found = explainer.shap_values(rows, nsamples=samples, l1_reg=False, silent=True)
            runs.append(np.asarray(found, dtype=np.float64).reshape(*rows.shape, -1))
    stacked = np.stack(runs)
    error = None if exact else stacked.std(axis=0, ddof=1) / np.sqrt(RUNS)
    return stacked.mean(axis=0), error
