"""Trees as tables: filled once, then every row's values are sums of table entries."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from explainkit.explain.tree import filling, kernel
from explainkit.explain.tree.encoding import Encoding, encode
from explainkit.explain.tree.ensemble import Ensemble, IntArray, remembered
from explainkit.explain.tree.groups import find_groups
from explainkit.explain.tree.program import Program, assemble
from explainkit.explain.tree.threads import over_ranges

FloatArray = npt.NDArray[np.float64]

_PATTERNS = 256
"""Bound on the patterns of a group of several leaves: larger tables fall out of the near caches."""
_PAIR_PATTERNS = 64
_AT_ONCE = 64  # groups filled one after the other


@dataclass(frozen=True, slots=True, kw_only=True)
class Tables:
    """Tables of some trees."""

    encoding: Encoding
    program: Program
    tables: FloatArray
    base: FloatArray
    """What the trees give with no player known, shape (n_outputs,)."""

    def add(self, rows: FloatArray, out: FloatArray) -> None:
        """Add the values of rows to `out`, shape (n_rows, n_outputs · n_players); or · n_players² for pairs."""
        program = self.program
        layout = (program.chunks, program.entry_first, program.entries, program.entry_offset)

        def work(first: int, end: int) -> None:
            kernel.add_rows(rows, first, end, self.encoding.arrays, program.tests, layout, self.tables, out)

        over_ranges(work, len(rows))


def fill_tables(
    ensemble: Ensemble,
    players: IntArray,
    count: int,
    background: FloatArray | None,
    *,
    longest: tuple[int, int],
    pairs: bool = False,
) -> Tables:
    """Make the tables of an ensemble.

    Parameters
    ----------
    ensemble : Ensemble
        Trees with at most `explainkit.explain.tree.encoding.MOST_CUTS` thresholds a column.
    players : ndarray of int, shape (n_columns,)
        Player behind each column.
    count : int
        Number of players.
    background : ndarray, shape (n_background, n_columns), optional
        For interventional values; all rows are used.
    longest : (int, int)
        Most players, and most tests, on a path.
    pairs : bool
        Interactions instead of values.
    """
    key = ("program", players.tobytes(), count, pairs)
    encoding, program = remembered(ensemble, key, lambda: _planned(ensemble, players, count, pairs))
    shares = np.empty(0) if background is None else _shares(encoding, program, background)
    tables = np.zeros(program.size)
    nodes_of = _nodes(ensemble, encoding, players)
    shape = (ensemble.values, count, *longest, pairs)

    def work(first: int, end: int) -> FloatArray:
        base = np.zeros(ensemble.outputs)
        root, *starts = program.group
        group = (root[first:end], *(start[first : end + 1] for start in starts))
        filling.fill(group, program.columns, program.digits, program.tests, nodes_of, shape, shares, (tables, base))
        return base

    parts = over_ranges(work, len(program.group[0]), at_once=_AT_ONCE)
    base = np.sum(parts, axis=0) if parts else np.zeros(ensemble.outputs)
    return Tables(encoding=encoding, program=program, tables=tables, base=base)


def _shares(encoding: Encoding, program: Program, background: FloatArray) -> FloatArray:
    """Share of background rows with each pattern of each group."""

    def work(first: int, end: int) -> IntArray:
        counts = np.zeros(program.patterns, dtype=np.int64)
        kernel.count_rows(background, first, end, encoding.arrays, program.tests, program.group[2], counts)
        return counts

    counts = sum(over_ranges(work, len(background), at_once=65_536))
    shares: FloatArray = counts / len(background)
    return shares


def _planned(ensemble: Ensemble, players: IntArray, count: int, pairs: bool) -> tuple[Encoding, Program]:
    """What tables there are, which does not depend on the background."""
    encoding = encode(ensemble)
    most = _PAIR_PATTERNS if pairs else _PATTERNS
    groups = []
    for tree in range(ensemble.trees):
        nodes = slice(int(ensemble.starts[tree]), int(ensemble.starts[tree + 1]))
        fed = np.flatnonzero(ensemble.values[nodes].any(axis=0)).tolist()
        groups += [(group, fed) for group in find_groups(ensemble, encoding, players, tree, most=most)]
    return encoding, assemble(groups, players=count, pairs=pairs)


def _nodes(ensemble: Ensemble, encoding: Encoding, players: IntArray) -> tuple[Any, ...]:
    """What filling reads of the trees."""
    inner = np.flatnonzero(ensemble.left >= 0)
    parent = np.full(len(ensemble.left), -1, dtype=np.int64)
    parent[ensemble.left[inner]] = inner
    parent[ensemble.right[inner]] = inner
    player = players[ensemble.column] if len(players) else np.zeros(len(parent), dtype=np.int64)
    return ensemble.left, parent, encoding.node, encoding.cut, player, ensemble.cover, ensemble.right
