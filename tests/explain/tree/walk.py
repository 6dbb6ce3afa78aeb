"""An ensemble evaluated as its docstring says, node by node in plain Python, and rows that sit on its edges."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable

import numpy as np

from explainkit.explain.tree.ensemble import NAN_IS_ZERO, ZERO, ZERO_GOES, Ensemble


def goes_left(ensemble: Ensemble, node: int, value: float) -> bool:
    """Whether a row with this value in the tested column goes left."""
    if ensemble.float32:
        value = float(np.float32(value))
    kind = ensemble.missing[node]
    if math.isnan(value) and kind == NAN_IS_ZERO:
        value = 0.0
    if math.isnan(value) or (kind == ZERO_GOES and abs(value) <= ZERO):
        return bool(ensemble.default_left[node])
    if ensemble.categories[node] >= 0:
        return int(value) in set(ensemble.sets[ensemble.categories[node]].tolist())
    return value <= ensemble.threshold[node]


def leaves(ensemble: Ensemble, matrix: np.ndarray) -> np.ndarray:
    """Node at which each row ends in each tree, shape (n_rows, n_trees)."""
    assert matrix.dtype == np.float64
    assert matrix.flags.c_contiguous
    assert matrix.shape[1] == ensemble.columns
    found = np.zeros((len(matrix), ensemble.trees), dtype=np.int64)
    for i, row in enumerate(matrix.tolist()):
        for tree in range(ensemble.trees):
            node = int(ensemble.starts[tree])
            while ensemble.left[node] >= 0:
                side = goes_left(ensemble, node, row[ensemble.column[node]])
                node = int(ensemble.left[node] if side else ensemble.right[node])
            found[i, tree] = node
    return found


def outputs(ensemble: Ensemble, matrix: np.ndarray) -> np.ndarray:
    """Sums of the leaves, shape (n_rows, n_outputs)."""
    return ensemble.base + ensemble.values[leaves(ensemble, matrix)].sum(axis=1)


def expected(ensemble: Ensemble) -> np.ndarray:
    """Base and the mean of the leaves, each weighed by the shares of cover on its way; shape (n_outputs,)."""
    total = ensemble.base.copy()
    for start in ensemble.starts[:-1].tolist():
        ways = [(start, 1.0)]
        while ways:
            node, weight = ways.pop()
            if ensemble.left[node] < 0:
                total += weight * ensemble.values[node]
                continue
            ways += _both(ensemble, node, weight)
    return total


def _both(ensemble: Ensemble, node: int, weight: float) -> list[tuple[int, float]]:
    """The children of a node with their shares of its weight; none where no training row came."""
    children = (int(ensemble.left[node]), int(ensemble.right[node]))
    cover = ensemble.cover[node]
    return [(child, weight * ensemble.cover[child] / cover) for child in children] if cover > 0 else []


def covers_add_up(ensemble: Ensemble, relative: float) -> None:
    """Assert that the covers of two children sum to that of their parent."""
    inner = np.flatnonzero(ensemble.left >= 0)
    both = ensemble.cover[ensemble.left[inner]] + ensemble.cover[ensemble.right[inner]]
    np.testing.assert_allclose(both, ensemble.cover[inner], rtol=relative)


def edges(
    ensemble: Ensemble,
    rng: np.random.Generator,
    rows: np.ndarray,
    *,
    count: int = 150,
    special: Iterable[float] = (),
    categorical: Iterable[int] = (),
    finite: bool = False,
) -> np.ndarray:
    """Rows whose values lie on thresholds and next to them in 32 and in 64 bits, or are special.

    Columns in `categorical`, and every other cell of the rest, keep the value of a row of `rows`. Where `finite` holds,
    no value is infinite in 32 bits.
    """
    made = np.array(rows[rng.integers(len(rows), size=count)], dtype=np.float64)
    for column in set(range(ensemble.columns)) - set(categorical):
        tested = np.flatnonzero((ensemble.column == column) & (ensemble.categories < 0))
        values = list(special)
        for t in ensemble.threshold[tested[:40]].tolist():
            with np.errstate(over="ignore"):  # the largest number of 32 bits may be a threshold
                single = np.float32(t)
                singles = [np.nextafter(single, np.float32(-np.inf)), single, np.nextafter(single, np.float32(np.inf))]
                values += [t, np.nextafter(t, -np.inf), np.nextafter(t, np.inf), *map(float, singles)]
        if finite:
            values = [v for v in values if not abs(v) > np.finfo(np.float32).max]
        if values:
            picked = rng.choice(np.array(values), size=count)
            made[:, column] = np.where(rng.random(count) < 0.6, picked, made[:, column])
    return made


def contributions(ensemble: Ensemble, row: np.ndarray) -> np.ndarray:
    """Path-dependent Shapley values of a row by their definition, shape (n_columns, n_outputs)."""
    columns = range(ensemble.columns)
    worth = {
        players: _mean_where_known(ensemble, row, frozenset(players))
        for size in range(ensemble.columns + 1)
        for players in itertools.combinations(columns, size)
    }
    values = np.zeros((ensemble.columns, ensemble.outputs))
    for players, mean in worth.items():
        share = (
            1 / (ensemble.columns * math.comb(ensemble.columns - 1, len(players))) if players != tuple(columns) else 0
        )
        for column in set(columns) - set(players):
            values[column] += share * (worth[tuple(sorted((*players, column)))] - mean)
    return values


def _mean_where_known(ensemble: Ensemble, row: np.ndarray, known: frozenset[int]) -> np.ndarray:
    """The mean of the leaves where only some columns are known: an unknown one sends shares of cover both ways."""
    total = np.zeros(ensemble.outputs)
    ways = [(start, 1.0) for start in ensemble.starts[:-1].tolist()]
    while ways:
        node, weight = ways.pop()
        if ensemble.left[node] < 0:
            total += weight * ensemble.values[node]
        elif int(ensemble.column[node]) in known:
            side = goes_left(ensemble, node, float(row[ensemble.column[node]]))
            ways.append((int(ensemble.left[node] if side else ensemble.right[node]), weight))
        else:
            ways += _both(ensemble, node, weight)
    return total
