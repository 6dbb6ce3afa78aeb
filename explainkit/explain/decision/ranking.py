"""Principal reasons: every input of the model ranked by how far it falls behind a comparison group."""

from __future__ import annotations

import numpy as np

from explainkit.explain.decision.setting import FloatArray, IntArray

_BLOCK = 8192
_ROUNDING = 1e-9


def shortfall(values: FloatArray, mean: FloatArray, sign: float) -> FloatArray:
    """How much further against the person each input moved the score than it did in the comparison group.

    Parameters
    ----------
    values : ndarray, shape (n_rows, n_features)
        Contributions.
    mean : ndarray, shape (n_features,)
        Mean contributions in the comparison group.
    sign : {1, -1}
        1 where a higher output is against the person.

    Returns
    -------
    ndarray, shape (n_rows, n_features)
        Positive where the input counts against the person.
    """
    return sign * (values - mean)


def principal(short: FloatArray, most: int) -> IntArray:
    """The inputs with the largest shortfall, the largest first.

    Nothing is left out of the ranking; only inputs that count against the person (shortfall above zero, beyond
    rounding) are reasons. Ties keep the order of the inputs.

    Parameters
    ----------
    short : ndarray, shape (n_rows, n_features)
        As `shortfall` gives it.
    most : int
        Largest number of reasons.

    Returns
    -------
    ndarray of int, shape (n_rows, min(most, n_features))
        Indices of inputs, -1 where there are no more reasons.
    """
    width = min(most, short.shape[1])
    found = np.full((len(short), width), -1, dtype=np.intp)
    for start in range(0, len(short), _BLOCK):
        block = short[start : start + _BLOCK]
        order = np.argsort(-block, axis=1, kind="stable")[:, :width]
        size = np.take_along_axis(block, order, axis=1)
        beyond = size > _ROUNDING * np.abs(block).max(axis=1, keepdims=True, initial=0.0)
        found[start : start + _BLOCK] = np.where(beyond, order, -1)
    return found


def chosen(row: IntArray) -> tuple[int, ...]:
    """Reasons of one row of `principal`, without the places that are empty."""
    return tuple(int(j) for j in row if j >= 0)


def same_sets(first: IntArray, second: IntArray) -> IntArray:
    """Number of reasons that two methods share, by row; shape (n_rows,)."""
    shared = (first[:, :, None] == second[:, None, :]) & (first[:, :, None] >= 0)
    found: IntArray = shared.any(axis=2).sum(axis=1)
    return found
