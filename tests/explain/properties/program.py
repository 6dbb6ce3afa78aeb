"""The largest value of a sum of trees as a mixed integer program (Kantchelian, Tygar and Joseph 2016)."""

from __future__ import annotations

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import csr_array

from explainkit.explain.tree.ensemble import Ensemble


def largest_sum(ensemble: Ensemble) -> float:
    """Largest sum over all numbers; trees without categories, nothing missing.

    A binary variable for each distinct test says whether it goes left, and one for each leaf whether it is reached: one
    leaf a tree, no leaf on the wrong side of a test, and ``x <= t`` implies ``x <= t'`` where t is below t'.
    """
    inner = np.flatnonzero(ensemble.left >= 0)
    tests = sorted({(int(ensemble.column[n]), float(ensemble.threshold[n])) for n in inner})
    place = {test: i for i, test in enumerate(tests)}
    leaves = np.flatnonzero(ensemble.left < 0)
    of_leaf = {int(leaf): len(tests) + i for i, leaf in enumerate(leaves)}
    rows: list[tuple[dict[int, float], float, float]] = []
    for tree in range(ensemble.trees):
        own = [n for n in range(int(ensemble.starts[tree]), int(ensemble.starts[tree + 1])) if n in of_leaf]
        rows.append(({of_leaf[n]: 1.0 for n in own}, 1.0, 1.0))
    below: dict[int, list[int]] = {int(leaf): [of_leaf[int(leaf)]] for leaf in leaves}
    for n in inner[::-1].tolist():
        left, right = below[int(ensemble.left[n])], below[int(ensemble.right[n])]
        test = place[int(ensemble.column[n]), float(ensemble.threshold[n])]
        rows.append(({**dict.fromkeys(left, 1.0), test: -1.0}, -np.inf, 0.0))
        rows.append(({**dict.fromkeys(right, 1.0), test: 1.0}, -np.inf, 1.0))
        below[n] = left + right
    for (column, _), (other, _), i in zip(tests, tests[1:], range(len(tests)), strict=False):
        if column == other:
            rows.append(({i: 1.0, i + 1: -1.0}, -np.inf, 0.0))
    entries = [(r, c, v) for r, (row, _, _) in enumerate(rows) for c, v in row.items()]
    row, column, value = map(np.array, zip(*entries, strict=True))
    size = len(tests) + len(leaves)
    matrix = csr_array((value, (row, column)), shape=(len(rows), size))
    worth = np.concatenate([np.zeros(len(tests)), ensemble.values[leaves, 0]])
    whole = np.concatenate([np.ones(len(tests)), np.zeros(len(leaves))])
    limits = LinearConstraint(matrix, [low for _, low, _ in rows], [high for _, _, high in rows])
    found = milp(-worth, integrality=whole, bounds=Bounds(0, 1), constraints=limits, options={"mip_rel_gap": 0.0})
    assert found.status == 0, found.message
    return float(-found.fun + ensemble.base[0])
