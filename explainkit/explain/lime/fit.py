"""The local linear model: ridge regression with weights, solved in closed form for all outputs at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]

ALPHA = 1.0
"""Penalty on the squared weights; the intercept is free."""
KERNEL_WIDTH = 0.75
"""In units of the square root of the number of columns."""
_CELLS = 2**21  # of the matrix of one block; a block depends on the number of columns only, so sums keep their order


@dataclass(frozen=True, slots=True, kw_only=True)
class Fit:
    """A local linear model of each output."""

    weights: FloatArray
    """Shape (n_columns, n_outputs). Of truth values: the change of the output where a column has the row's own bin or
    category."""
    intercepts: FloatArray
    """Shape (n_outputs,)."""
    fidelity: FloatArray
    """Weighted R², shape (n_outputs,); NaN where all answers are the same."""


def kernel(columns: int) -> FloatArray:
    """Weight of a perturbed row by how many of its columns differ from the row explained, shape (columns + 1,)."""
    width = np.sqrt(columns) * KERNEL_WIDTH
    weight: FloatArray = np.sqrt(np.exp(-np.arange(columns + 1) / width**2))
    return weight


def local_fit(same: npt.NDArray[np.bool_], answers: FloatArray, own: FloatArray) -> Fit:
    """Fit the answers on perturbed rows by which of their columns are those of the row explained.

    Parameters
    ----------
    same : ndarray of bool, shape (n_columns, n_draws)
        Whether a perturbed row has the bin or category of the row explained.
    answers : ndarray, shape (n_outputs, n_draws)
        What the model answers on the perturbed rows.
    own : ndarray, shape (n_outputs,)
        What it answers on the row explained, which counts as one more row.

    References
    ----------
    Ribeiro, Singh and Guestrin, "Why should I trust you?", KDD 2016, doi:10.1145/2939672.2939778.
    """
    columns, draws = same.shape
    design = np.ones((columns, draws + 1), dtype=np.bool_)
    design[:, 1:] = same
    differing = columns - np.add.reduce(design, axis=0, dtype=np.int32)
    everything = np.concatenate([own[:, None], answers], axis=1)
    return weighted_ridge(design, kernel(columns)[differing], everything)


def weighted_ridge(design: npt.NDArray[Any], weights: FloatArray, answers: FloatArray) -> Fit:
    """Least squares with weights, a penalty of 1 on the square of every coefficient, and a free intercept.

    What ``sklearn.linear_model.Ridge(alpha=1)`` solves on the same rows, from their second moments.

    Parameters
    ----------
    design : ndarray, shape (n_columns, n_rows)
        Truth values or numbers; at least one row.
    weights : ndarray, shape (n_rows,)
        Positive.
    answers : ndarray, shape (n_outputs, n_rows)
        What is fitted, each output on its own.
    """
    columns = len(design)
    origin = answers.mean(axis=1)  # a large common offset would cost digits
    moments = _moments(design, weights, answers - origin[:, None])
    means = moments[columns] / moments[columns, columns]
    centred = moments - moments[columns][:, None] * means
    gram, cross = centred[:columns, :columns], centred[:columns, columns + 1 :]
    coefficients = np.zeros_like(cross)
    varies = (design != design[:, :1]).any(axis=1)
    if varies.any():  # a constant column says the same as the intercept, and gets nothing
        free = gram[np.ix_(varies, varies)] + ALPHA * np.eye(int(varies.sum()))
        coefficients[varies] = np.linalg.solve(free, cross[varies])
    spread = np.diagonal(centred)[columns + 1 :]
    explained = (2 * cross * coefficients).sum(axis=0) - (coefficients * (gram @ coefficients)).sum(axis=0)
    fidelity = np.full(len(answers), np.nan)
    constant = (answers == answers[:, :1]).all(axis=1)
    np.divide(explained, spread, out=fidelity, where=~constant & (spread > 0))
    return Fit(
        weights=coefficients,
        intercepts=origin + means[columns + 1 :] - means[:columns] @ coefficients,
        fidelity=fidelity,
    )


def _moments(design: npt.NDArray[Any], weights: FloatArray, answers: FloatArray) -> FloatArray:
    """Weighted sums of products of all pairs of (columns, 1, outputs)."""
    columns, rows = design.shape
    size = columns + 1 + len(answers)
    moments = np.zeros((size, size))
    block = max(256, _CELLS // size)
    roots = np.sqrt(weights)
    for start in range(0, rows, block):
        part = slice(start, start + block)
        matrix = np.empty((size, len(roots[part])))
        matrix[:columns] = design[:, part]
        matrix[columns] = 1.0
        matrix[columns + 1 :] = answers[:, part]
        matrix *= roots[part]
        moments += matrix @ matrix.T  # NumPy computes one triangle of a matrix times its own transpose
    return moments
