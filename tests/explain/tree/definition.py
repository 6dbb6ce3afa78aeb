"""Shapley values by their definition: every coalition of players, its worth by walking the trees one row at a time."""

from __future__ import annotations

import math
from itertools import combinations

import numpy as np
import numpy.typing as npt

from explainkit.explain.tree.ensemble import Ensemble
from tests.explain.tree.walk import goes_left

FloatArray = npt.NDArray[np.float64]


def worth(ensemble: Ensemble, row: FloatArray, known: npt.NDArray[np.bool_]) -> FloatArray:
    """Path-dependent worth of a coalition: unknown columns are averaged over by cover; shape (n_outputs,).

    Where no training row came, both shares are 0.
    """

    def below(node: int) -> FloatArray:
        if ensemble.left[node] < 0:
            return ensemble.values[node]
        children = int(ensemble.left[node]), int(ensemble.right[node])
        if known[ensemble.column[node]]:
            return below(children[0 if goes_left(ensemble, node, row[ensemble.column[node]]) else 1])
        whole = ensemble.cover[node] or np.inf
        return sum(ensemble.cover[c] / whole * below(c) for c in children)

    return ensemble.base + sum(below(int(root)) for root in ensemble.starts[:-1])


def output(ensemble: Ensemble, row: FloatArray) -> FloatArray:
    """Output of a row; shape (n_outputs,)."""
    return worth(ensemble, row, np.ones(ensemble.columns, dtype=bool))


def coalition_worths(
    ensemble: Ensemble, players: npt.NDArray[np.int64], count: int, row: FloatArray, background: FloatArray | None
) -> dict[frozenset[int], FloatArray]:
    """Worth of every coalition of players."""
    found = {}
    for size in range(count + 1):
        for coalition in combinations(range(count), size):
            known = np.isin(players, coalition)
            if background is None:
                found[frozenset(coalition)] = worth(ensemble, row, known)
            else:
                mixed = np.where(known, row, background)
                found[frozenset(coalition)] = np.mean([output(ensemble, m) for m in mixed], axis=0)
    return found


def shapley(worths: dict[frozenset[int], FloatArray], count: int) -> FloatArray:
    """Shapley values, shape (n_players, n_outputs)."""
    values = np.zeros((count, len(worths[frozenset()])))
    for i in range(count):
        for coalition, value in worths.items():
            if i not in coalition:
                size = len(coalition)
                weight = math.factorial(size) * math.factorial(count - size - 1) / math.factorial(count)
                values[i] += weight * (worths[coalition | {i}] - value)
    return values


def interactions(worths: dict[frozenset[int], FloatArray], count: int) -> FloatArray:
    """Shapley interaction values, half at (i, j) and half at (j, i); shape (n_players, n_players, n_outputs)."""
    values = np.zeros((count, count, len(worths[frozenset()])))
    for i, j in combinations(range(count), 2):
        for coalition, value in worths.items():
            if i not in coalition and j not in coalition:
                size = len(coalition)
                weight = math.factorial(size) * math.factorial(count - size - 2) / math.factorial(count - 1)
                delta = worths[coalition | {i, j}] - worths[coalition | {i}] - worths[coalition | {j}] + value
                values[i, j] += weight * delta / 2
        values[j, i] = values[i, j]
    main = shapley(worths, count)
    for i in range(count):
        values[i, i] = main[i] - values[i].sum(axis=0)
    return values
