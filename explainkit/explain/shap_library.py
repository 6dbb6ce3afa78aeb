"""The one module that imports shap, and only when it is called: the independent implementation of the checks.

``import explainkit`` must not wait for it. Of its explainers of functions only `shap.KernelExplainer` needs no
compilation, which takes the others four seconds in every process; and a regression on coalitions shares no step with
explainkit's own computation. In a process of explainkit's own it is loaded without the rest of the package, which loads
matplotlib and takes several times as long; in one of the user's, another thread might import shap at that moment.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import numpy.typing as npt

from explainkit.beside import owned
from explainkit.load.steady import borrowed_global_state, quiet_library

FloatArray = npt.NDArray[np.float64]
Function = Callable[[FloatArray], FloatArray]
"""Matrix of codes (n_rows, n_players) → outputs (n_rows, k)."""

ENUMERATED = 10
"""Players up to which the regression takes every coalition, and is exact."""
RUNS = 5
"""Independent runs beyond that; their spread gives the standard error."""
_DRAWN = 256  # coalitions drawn in a run, besides two for each player


_GATHERING = ("shap", "shap.explainers", "shap.maskers", "shap.models")
"""Packages that the explainer is in, or names, whose own modules do nothing but gather all that is in them."""


@cache
def _kernel_explainer() -> tuple[Any, str]:
    """`shap.KernelExplainer`, and the version of the library."""
    with quiet_library():  # matplotlib has renamed what shap's colour maps call
        if owned() and "shap" not in sys.modules:
            try:
                return _alone()
            except (ImportError, AttributeError):
                pass  # a version that is laid out otherwise: as a whole
        import shap
    return shap.KernelExplainer, str(shap.__version__)


def _alone() -> tuple[Any, str]:
    """The explainer without the rest of shap, which whoever imports it later still gets as a whole."""
    spec = find_spec("shap")
    if spec is None or spec.submodule_search_locations is None:
        raise ImportError("shap")
    try:
        for name in _GATHERING:
            sys.modules[name] = package = ModuleType(name)
            _, *below = name.split(".")
            package.__path__ = [str(Path(place, *below)) for place in spec.submodule_search_locations]
            if below:
                setattr(sys.modules["shap"], below[0], package)
        found = import_module("shap.explainers._kernel").KernelExplainer
        return found, str(import_module("shap._version").version)
    finally:
        for name in [known for known in sys.modules if known.partition(".")[0] == "shap"]:
            del sys.modules[name]


def version() -> str:
    """Name and version of the library."""
    return f"shap {_kernel_explainer()[1]}"


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
        explainer = _kernel_explainer()[0](function, background)
        for start in np.random.SeedSequence(seed).generate_state(1 if exact else RUNS):
            np.random.seed(int(start))  # noqa: NPY002 - shap knows no other generator
            found = explainer.shap_values(rows, nsamples=samples, l1_reg=False, silent=True)
            runs.append(np.asarray(found, dtype=np.float64).reshape(*rows.shape, -1))
    stacked = np.stack(runs)
    error = None if exact else stacked.std(axis=0, ddof=1) / np.sqrt(RUNS)
    return stacked.mean(axis=0), error
