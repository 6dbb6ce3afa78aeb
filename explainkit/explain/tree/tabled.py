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
from explainkit.explain.tree.threads import evenly, over_ranges

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
    entry_offset: IntArray
    """Where the table column of each entry of the program starts."""
    places: npt.NDArray[np.uint16]
    """Place of each pattern in its table where only some have one, else none."""
    base: FloatArray
    """What the trees give with no player known, shape (n_outputs,)."""

    def add(self, rows: FloatArray, out: FloatArray) -> None:
        """Add the values of rows to `out`, shape (n_rows, n_outputs · n_players); or · n_players² for pairs."""
        program = self.program
        together = kernel.rows_together(out.shape[1])
        entries = (program.chunks, program.entry_first, program.entries, self.entry_offset)
        layout = (*entries, program.group[2], self.places, together)

        def work(first: int, end: int) -> None:
            kernel.add_rows(rows, first, end, self.encoding.arrays, program.tests, layout, self.tables, out)

        over_ranges(work, len(rows), at_once=evenly(len(rows), most=together, least=kernel.BLOCK))


def fill_tables(
    ensemble: Ensemble,
    players: IntArray,
    count: int,
    shares: FloatArray | None,
    *,
    longest: tuple[int, int],
    pairs: bool = False,
    rows: FloatArray | None = None,
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
    shares : ndarray, optional
        For interventional values; see `shares_of`.
    longest : (int, int)
        Most players, and most tests, on a path.
    pairs : bool
        Interactions instead of values.
    rows : ndarray, shape (n_rows, n_columns), optional
        The only rows whose values will be added: where they are few, they meet few of the patterns.
    """
    encoding, program = _plan(ensemble, players, count, pairs)
    tables, offset, entry_offset = program.size, program.columns[3], program.entry_offset
    placed_first, placed, places = program.group[2], np.empty(0, dtype=np.int64), np.empty(0, dtype=np.uint16)
    if rows is not None:
        placed_first, placed, places = _placed(program, _counts(encoding, program, rows) > 0)
        tables, offset, entry_offset = program.sized(np.diff(placed_first))
    nodes_of = _nodes(ensemble, encoding, players)
    shape = (ensemble.values, count, *longest, pairs)
    filled = np.zeros(tables)
    columns = (*program.columns[:3], offset)
    behind = np.empty(0) if shares is None else shares

    def work(first: int, end: int) -> FloatArray:
        base = np.zeros(ensemble.outputs)
        root, *starts = *program.group, placed_first
        group = (root[first:end], *(start[first : end + 1] for start in starts), placed)
        filling.fill(group, columns, program.digits, program.tests, nodes_of, shape, behind, (filled, base))
        return base

    parts = over_ranges(work, len(program.group[0]), at_once=_AT_ONCE)
    base = np.sum(parts, axis=0) if parts else np.zeros(ensemble.outputs)
    return Tables(
        encoding=encoding, program=program, tables=filled, entry_offset=entry_offset, places=places, base=base
    )


def shares_of(
    ensemble: Ensemble, players: IntArray, count: int, background: FloatArray, *, pairs: bool = False
) -> FloatArray:
    """Share of background rows with each pattern of each group; parameters as for `fill_tables`."""
    shares: FloatArray = _counts(*_plan(ensemble, players, count, pairs), background) / len(background)
    return shares


def _counts(encoding: Encoding, program: Program, rows: FloatArray) -> IntArray:
    """Number of rows with each pattern of each group."""

    def work(first: int, end: int) -> IntArray:
        counts = np.zeros(program.patterns, dtype=np.int64)
        kernel.count_rows(rows, first, end, encoding.arrays, program.tests, program.group[2], counts)
        return counts

    return sum(over_ranges(work, len(rows), at_once=65_536), start=np.zeros(program.patterns, dtype=np.int64))


def _placed(program: Program, met: npt.NDArray[np.bool_]) -> tuple[IntArray, IntArray, npt.NDArray[np.uint16]]:
    """Of the patterns met: the first of each group, which of its patterns they are, and all patterns' places."""
    before = np.concatenate([[0], np.cumsum(met)])
    first, start = before[program.group[2]], program.group[2][:-1]
    sizes = np.diff(program.group[2])
    placed = np.flatnonzero(met)
    return (
        first,
        placed - np.repeat(start, np.diff(first)),
        (before[:-1] - np.repeat(first[:-1], sizes)).astype(np.uint16),
    )


def _plan(ensemble: Ensemble, players: IntArray, count: int, pairs: bool) -> tuple[Encoding, Program]:
    key = ("program", players.tobytes(), count, pairs)
    return remembered(ensemble, key, lambda: _planned(ensemble, players, count, pairs))


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
