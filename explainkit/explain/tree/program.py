"""Groups of many trees as flat arrays for the compiled loops, cut into chunks whose tables fit the near caches."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from explainkit.explain.tree.encoding import NO_CODE
from explainkit.explain.tree.groups import Group

IntArray = npt.NDArray[np.int64]

CHUNK_BYTES = 400_000
CHUNK_GROUPS = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """What the compiled loops read."""

    tests: tuple[Any, ...]
    """How patterns are made: see `explainkit.explain.tree.kernel.patterns_of`."""
    group: tuple[Any, ...]
    """Root, first digit, first pattern and first table column of each group."""
    columns: tuple[Any, ...]
    """Player, second player, output and offset of each table column."""
    digits: tuple[Any, ...]
    """Radix, stride and player of each digit."""
    chunks: IntArray
    """First group of each chunk, and the number of groups."""
    entry_first: IntArray
    """First entry of each chunk."""
    entries: npt.NDArray[np.int32]
    """Column of the sums and group within the chunk, for each table column; ordered by column within a chunk."""
    entry_offset: IntArray
    """Where the table column of each entry starts."""
    size: int
    """Numbers in all tables."""
    patterns: int
    """Patterns of all groups."""
    order: IntArray
    """Table column of each entry."""
    behind: IntArray
    """Group of each table column."""

    def sized(self, sizes: IntArray) -> tuple[int, IntArray, IntArray]:
        """Numbers in all tables, and where table columns and those of entries start, with so many patterns a group."""
        offset = _before(sizes[self.behind])
        return int(offset[-1]), offset[:-1], offset[:-1][self.order]


def assemble(groups: Sequence[tuple[Group, list[int]]], *, players: int, pairs: bool = False) -> Program:
    """Lay groups out.

    Parameters
    ----------
    groups : sequence of (Group, list of int)
        In the order of the trees, each with the outputs that its tree feeds.
    players : int
        Number of players.
    pairs : bool
        Tables of interactions instead of values.
    """
    digits, tests = _Digits(), _Tests()
    table: list[int] = []  # player, second player and output of each table column
    counts, sizes, chunks = list[int](), list[int](), [0]
    weight = 0
    for g, (group, fed) in enumerate(groups):
        size = digits.add(group)
        tests.add(group)
        mine = _pairs(group.players) if pairs else [(p, p) for p in group.players]
        cost = size * len(mine) * len(fed) * 8
        if g > chunks[-1] and (weight + cost > CHUNK_BYTES or g - chunks[-1] >= CHUNK_GROUPS):
            chunks.append(g)
            weight = 0
        weight += cost
        table += [number for one, other in mine for k in fed for number in (one, other, k)]
        counts.append(len(mine) * len(fed))
        sizes.append(size)
    one, other, output = (np.ascontiguousarray(c) for c in np.array(table, dtype=np.int64).reshape(-1, 3).T)
    first, starts = np.array(digits.first, dtype=np.int64), np.array([*chunks, len(groups)], dtype=np.int64)
    behind = np.repeat(np.arange(len(groups)), counts)  # group of each table column
    offset = _before(np.array(sizes, dtype=np.int64)[behind])
    chunk = np.searchsorted(chunks, behind, side="right") - 1
    column = (output * players + one) * players + other if pairs else output * players + one
    order = np.lexsort((column, chunk))  # of one column in the order of the groups
    return Program(
        tests=(first, *tests.arrays(digits.stride)),
        group=(np.array([group.root for group, _ in groups], dtype=np.int64), first, _before(sizes), _before(counts)),
        columns=(one, other, output, offset[:-1]),
        digits=tuple(np.array(a, dtype=np.int64) for a in (digits.radix, digits.stride, digits.player)),
        chunks=starts,
        entry_first=np.searchsorted(chunk[order], np.arange(len(starts))).astype(np.int64),
        entries=np.column_stack([column, behind - starts[chunk]])[order].astype(np.int32),
        entry_offset=offset[:-1][order],
        size=int(offset[-1]),
        patterns=sum(sizes),
        order=order,
        behind=behind,
    )


def _before(sizes: Sequence[int] | IntArray) -> IntArray:
    """Where things of such sizes start, one behind the other, and where the last ends."""
    return np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)


def _pairs(players: Sequence[int]) -> list[tuple[int, int]]:
    return [(one, other) for i, one in enumerate(players) for other in players[i + 1 :]]


class _Digits:
    """Digits of all groups."""

    def __init__(self) -> None:
        self.first, self.radix, self.stride, self.player = [0], list[int](), list[int](), list[int]()

    def add(self, group: Group) -> int:
        """Number of patterns of the group."""
        stride = 1
        for digit in group.digits:
            radix = digit.radix
            self.radix.append(radix)
            self.stride.append(stride)
            self.player.append(group.players[digit.player])
            stride *= radix
        self.first.append(len(self.radix))
        return stride


class _Tests:
    """What the digits of all groups compare."""

    def __init__(self) -> None:
        self.path, self.counted, self.cuts, self.conditions = list[int](), list[int](), list[int](), list[int]()
        self.condition_first, self.cut_first = [0], [0]

    def add(self, group: Group) -> None:
        for _, conditions, counted, cuts in group.digits:
            self.path.append(bool(conditions))
            for code, low, high in conditions:
                # Tests that contradict each other hold for the one code that no value has.
                self.conditions += (code, low, high - low) if low <= high else (code, NO_CODE, 0)
            self.condition_first.append(len(self.conditions) // 3)
            self.counted.append(counted)
            self.cuts += cuts
            self.cut_first.append(len(self.cuts))

    def arrays(self, stride: list[int]) -> tuple[Any, ...]:
        return (
            np.array(stride, dtype=np.uint16),
            np.array(self.path, dtype=np.uint16),
            np.array(self.condition_first, dtype=np.int64),
            np.array(self.conditions, dtype=np.uint16).reshape(-1, 3),
            np.array(self.counted, dtype=np.int64),
            np.array(self.cut_first, dtype=np.int64),
            np.array(self.cuts, dtype=np.uint16),
        )
