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
    columns: list[tuple[int, int, int, int]] = []
    column_first, pattern_first, chunks = [0], [0], [0]
    entries: list[tuple[int, int, int, int]] = []
    offset = weight = 0
    for g, (group, fed) in enumerate(groups):
        size = group.patterns
        mine = _pairs(group.players) if pairs else [(p, p) for p in group.players]
        cost = size * len(mine) * len(fed) * 8
        if g > chunks[-1] and (weight + cost > CHUNK_BYTES or g - chunks[-1] >= CHUNK_GROUPS):
            chunks.append(g)
            weight = 0
        weight += cost
        digits.add(group)
        tests.add(group)
        for one, other in mine:
            for k in fed:
                column = (k * players + one) * players + other if pairs else k * players + one
                entries.append((len(chunks) - 1, column, g - chunks[-1], offset))
                columns.append((one, other, k, offset))
                offset += size
        column_first.append(len(columns))
        pattern_first.append(pattern_first[-1] + size)
    chunks.append(len(groups))
    ordered = np.array(sorted(entries), dtype=np.int64).reshape(-1, 4)
    table = np.array(columns, dtype=np.int64).reshape(-1, 4)
    first = np.array(digits.first, dtype=np.int64)
    return Program(
        tests=(first, *tests.arrays(digits.stride)),
        group=(
            np.array([group.root for group, _ in groups], dtype=np.int64),
            first,
            np.array(pattern_first, dtype=np.int64),
            np.array(column_first, dtype=np.int64),
        ),
        columns=tuple(np.ascontiguousarray(table[:, c]) for c in range(4)),
        digits=tuple(np.array(a, dtype=np.int64) for a in (digits.radix, digits.stride, digits.player)),
        chunks=np.array(chunks, dtype=np.int64),
        entry_first=np.searchsorted(ordered[:, 0], np.arange(len(chunks))).astype(np.int64),
        entries=np.ascontiguousarray(ordered[:, 1:3].astype(np.int32)),
        entry_offset=np.ascontiguousarray(ordered[:, 3]),
        size=offset,
        patterns=pattern_first[-1],
    )


def _pairs(players: Sequence[int]) -> list[tuple[int, int]]:
    return [(one, other) for i, one in enumerate(players) for other in players[i + 1 :]]


class _Digits:
    """Digits of all groups."""

    def __init__(self) -> None:
        self.first, self.radix, self.stride, self.player = [0], list[int](), list[int](), list[int]()

    def add(self, group: Group) -> None:
        stride = 1
        for digit in group.digits:
            self.radix.append(digit.radix)
            self.stride.append(stride)
            self.player.append(group.players[digit.player])
            stride *= digit.radix
        self.first.append(len(self.radix))


class _Tests:
    """What the digits of all groups compare."""

    def __init__(self) -> None:
        self.path, self.counted, self.cuts = list[int](), list[int](), list[int]()
        self.conditions: list[tuple[int, int, int]] = []
        self.condition_first, self.cut_first = [0], [0]

    def add(self, group: Group) -> None:
        for digit in group.digits:
            self.path.append(bool(digit.conditions))
            # Tests that contradict each other hold for the one code that no value has.
            self.conditions += [
                (code, low, high - low) if low <= high else (code, NO_CODE, 0) for code, low, high in digit.conditions
            ]
            self.condition_first.append(len(self.conditions))
            self.counted.append(digit.code)
            self.cuts += digit.cuts
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
