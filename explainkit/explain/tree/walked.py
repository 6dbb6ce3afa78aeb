"""Trees too deep for tables: rows walk down them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from explainkit.explain.draws import draw
from explainkit.explain.tree import deep, walks
from explainkit.explain.tree.encoding import encode
from explainkit.explain.tree.ensemble import Ensemble, IntArray, remembered
from explainkit.explain.tree.threads import over_ranges

FloatArray = npt.NDArray[np.float64]

_BUDGET = 2_000_000_000
"""Nodes visited by rows with background rows, in all: some ten seconds."""
_FEWEST = 30
"""Background rows of a sample."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """What the paths of each tree look like."""

    order: IntArray
    """Nodes in preorder; shape (n_nodes,), as the entries of `walk`."""
    walk: tuple[Any, ...]
    """See `explainkit.explain.tree.deep.trace`."""
    unique: IntArray
    """Largest number of players on a path of each tree."""
    room: FloatArray
    """Numbers in tables of single leaves, for each tree: an upper bound on what tables take."""


def shape_of(ensemble: Ensemble, players: IntArray) -> Shape:
    """Trace the paths of an ensemble, once for each."""
    return remembered(ensemble, ("shape", players.tobytes()), lambda: _traced(ensemble, players))


def _traced(ensemble: Ensemble, players: IntArray) -> Shape:
    nodes = len(ensemble.left)
    order = np.empty(nodes, dtype=np.int64)
    kinds = (np.int64, np.int64, np.float64, np.float64, np.int64, np.bool_, np.int64)
    walk: tuple[Any, ...] = tuple(np.empty(nodes, dtype=kind) for kind in kinds)
    player = players[ensemble.column] if len(players) else np.zeros(nodes, dtype=np.int64)
    unique, room = np.zeros(ensemble.trees, dtype=np.int64), np.zeros(ensemble.trees)
    for tree in range(ensemble.trees):
        first, end = int(ensemble.starts[tree]), int(ensemble.starts[tree + 1])
        part = slice(first, end)
        mine = tuple(array[part] for array in walk)
        deep.trace(ensemble.left, ensemble.right, ensemble.cover, player, first, end, order[part], mine)
        leaves = mine[4][ensemble.left[order[part]] < 0]
        unique[tree] = leaves.max()
        room[tree] = (np.exp2(np.minimum(leaves, 60)) * leaves).sum()
    return Shape(order=order, walk=walk, unique=unique, room=room)


def add_path_dependent(
    ensemble: Ensemble, players: IntArray, count: int, rows: FloatArray, out: FloatArray
) -> FloatArray:
    """Add path-dependent values to `out`, shape (n_rows, n_outputs · n_players); returns the base, (n_outputs,)."""
    encoding, shape = encode(ensemble), shape_of(ensemble, players)
    nodes, weights = np.polynomial.legendre.leggauss(max(1, (int(shape.unique.max()) + 1) // 2))
    trees = (
        ensemble.starts,
        ensemble.left,
        encoding.node.astype(np.int64),
        encoding.cut,
        players[ensemble.column],
        ensemble.values,
        shape.order,
        shape.walk,
        count,
    )
    deepest = int(shape.walk[0].max())
    quadrature = ((nodes + 1.0) / 2.0, weights / 2.0)

    def work(first: int, end: int) -> None:
        deep.add_deep(rows, first, end, encoding.arrays, trees, deepest, quadrature, out)

    over_ranges(work, len(rows), at_once=128)
    return _expected(ensemble, shape)


def _expected(ensemble: Ensemble, shape: Shape) -> FloatArray:
    """Mean output by cover."""
    reach = np.ones(len(ensemble.left))
    parent = shape.walk[6]
    for depth in range(1, int(shape.walk[0].max()) + 1):
        here = shape.walk[0] == depth
        mother, node = parent[here], shape.order[here]
        whole = ensemble.cover[mother]
        share = np.divide(ensemble.cover[node], whole, out=np.zeros(len(node)), where=whole > 0)
        reach[node] = reach[mother] * share
    leaves = ensemble.left < 0
    expected: FloatArray = (ensemble.values[leaves] * reach[leaves, None]).sum(axis=0)
    return expected


@dataclass(frozen=True, slots=True, kw_only=True)
class Walked:
    """What walking gave besides the values."""

    base: FloatArray
    """Mean output over the background rows walked, shape (n_outputs,)."""
    variance: FloatArray | None
    """Squared standard error of each value, shape as the values; None where the whole background was walked."""
    sampled: int | None
    """Background rows that were walked where not all were."""


def add_interventional(
    ensemble: Ensemble,
    players: IntArray,
    count: int,
    rows: FloatArray,
    background: FloatArray,
    *,
    out: FloatArray,
    total: int,
    seed: tuple[int, ...],
) -> Walked:
    """Add interventional values to `out`, shape (n_rows, n_outputs · n_players).

    Where rows times background rows would take more than a stated number of visits, a seeded sample of the background
    is walked, and the base is the mean over the same sample, so that values add up. How many it is depends on `total`,
    the rows of all calls, so that each call walks the same ones.
    """
    encoding, shape = encode(ensemble), shape_of(ensemble, players)
    deepest = int(shape.walk[0].max())
    each = float(shape.unique.sum()) * 8.0
    affordable = max(_FEWEST, int(_BUDGET / (each * max(1, total))))
    behind = background[draw(len(background), affordable, seed, 5)]
    codes, others = (np.empty((len(a), len(encoding.column)), dtype=np.uint16) for a in (rows, behind))
    walks.encode_all(rows, encoding.arrays, codes)
    walks.encode_all(behind, encoding.arrays, others)
    trees = (
        ensemble.left,
        ensemble.right,
        encoding.node.astype(np.int64),
        encoding.cut,
        players[ensemble.column],
        ensemble.values,
        *_weights(int(shape.unique.max())),
    )
    sums = np.zeros((2, len(rows), out.shape[1]))
    columns = np.ascontiguousarray(others.T)
    roots = ensemble.starts[:-1]

    def work(first: int, end: int) -> None:
        walks.add_walks(codes, columns, first, end, roots, trees, (count, deepest), sums)

    over_ranges(work, len(rows), at_once=16)
    size = len(others)
    mean = sums[0] / size
    out += mean
    leaves = np.zeros((len(others), ensemble.outputs))
    walks.add_leaves(others, roots, trees, leaves)
    if size == len(background):
        return Walked(base=leaves.mean(axis=0), variance=None, sampled=None)
    spread = np.maximum(sums[1] / size - mean**2, 0.0) / (size - 1)
    return Walked(base=leaves.mean(axis=0), variance=spread, sampled=size)


def _weights(most: int) -> tuple[FloatArray, FloatArray]:
    """(a−1)!c!/(a+c)! and a!(c−1)!/(a+c)! for a and c up to `most`."""
    won, lost = np.zeros((most + 1, most + 1)), np.zeros((most + 1, most + 1))
    for a in range(most + 1):
        for c in range(most + 1):
            if a + c <= most:
                binomial = math.comb(a + c, a)
                won[a, c] = 1.0 / (a * binomial) if a else 0.0
                lost[a, c] = 1.0 / (c * binomial) if c else 0.0
    return won, lost
