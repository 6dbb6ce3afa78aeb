"""Groups: small subtrees with the path above them, each to become one table.

A group covers the leaves below one node. What a row does on the way to them is written as digits: for each player, in
which of the intervals cut out by the group's tests its value lies, a first state standing for "fails a test on the
path to the group's root". The number that the digits make is the row's pattern, and a leaf's Shapley values depend on
the row through the pattern alone. A player with tests in several code columns (one-hot columns of one raw column,
values missing to the left here and to the right there) has one digit for its path and one for each code column with
tests below.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from explainkit.explain.tree.encoding import Encoding
from explainkit.explain.tree.ensemble import Ensemble

INFINITE = 65_535
"""Above every code."""


@dataclass(slots=True)
class Path:
    """What must hold to reach a node: intervals of codes and the cover ratio of each player."""

    intervals: dict[int, dict[int, tuple[int, int]]]
    """Player → code column → smallest and largest code that pass."""
    ratio: dict[int, float]
    """Player → product of the cover ratios of its tests."""

    def then(self, player: int, code: int, bounds: tuple[int, int], ratio: float) -> Path:
        """One test further."""
        low, high = bounds
        mine = self.intervals.get(player, {})
        known = mine.get(code, (0, INFINITE))
        merged = (max(low, known[0]), min(high, known[1]))
        return Path(
            {**self.intervals, player: {**mine, code: merged}},
            {**self.ratio, player: self.ratio.get(player, 1.0) * ratio},
        )


@dataclass(frozen=True, slots=True)
class Digit:
    """One digit of a group's pattern."""

    player: int
    """Index among the group's players."""
    conditions: tuple[tuple[int, int, int], ...]
    """Code column, smallest and largest code of each condition of the path; all must hold."""
    code: int
    """Code column whose cuts are counted, −1 where there are none."""
    cuts: tuple[int, ...]
    """Cuts below the group's root, ascending; the state counts those that the code lies above."""

    @property
    def radix(self) -> int:
        """Number of states."""
        return len(self.cuts) + (2 if self.conditions else 1)


@dataclass(frozen=True, slots=True)
class Leaf:
    """One leaf of a group."""

    node: int
    players: tuple[int, ...]
    """Indices among the group's players."""
    ratios: tuple[float, ...]
    """Cover ratio of each."""
    lowest: tuple[int, ...]
    """Smallest state of each digit of the group that reaches the leaf."""
    highest: tuple[int, ...]
    """Largest one."""


@dataclass(frozen=True, slots=True)
class Group:
    """The leaves below one node."""

    players: tuple[int, ...]
    digits: tuple[Digit, ...]
    leaves: tuple[Leaf, ...]

    @property
    def patterns(self) -> int:
        """Number of patterns."""
        return int(np.prod([d.radix for d in self.digits], dtype=np.int64))


def find_groups(
    ensemble: Ensemble, encoding: Encoding, players: npt.NDArray[np.int64], tree: int, *, most: int
) -> list[Group]:
    """Cut one tree into groups: the largest subtrees of at most `most` patterns, or single leaves.

    Parameters
    ----------
    ensemble : Ensemble
        The trees.
    encoding : Encoding
        Its code columns.
    players : ndarray of int, shape (n_columns,)
        Player behind each column of the matrix.
    tree : int
        Which tree.
    most : int
        Bound on the patterns of a group of several leaves.
    """
    start, end = int(ensemble.starts[tree]), int(ensemble.starts[tree + 1])
    forest = _Forest(ensemble, encoding, players, start, end)
    below = forest.tests_below(most)
    found: list[Group] = []
    stack = [(start, Path({}, {}))]
    while stack:
        node, path = stack.pop()
        tests = below[node - start]
        if (tests is not None and _patterns(path, tests) <= most) or forest.left[node - start] < 0:
            found.append(forest.group(node, path, tests or {}))
        else:
            stack += [(child, path.then(*forest.test(node, child))) for child in forest.children(node)[::-1]]
    return found


_Tests = dict[int, dict[int, frozenset[int]]]
"""Player → code column → cuts."""


def _patterns(path: Path, tests: _Tests) -> int:
    """Patterns of the group below a node."""
    total = 1 << len(path.intervals.keys() - tests.keys())
    for player, codes in tests.items():
        for digit in _digits(0, path.intervals.get(player), codes):
            total *= digit.radix
    return total


def _digits(index: int, conditions: dict[int, tuple[int, int]] | None, codes: dict[int, frozenset[int]]) -> list[Digit]:
    """Digits of one player."""
    if not conditions:
        return [Digit(index, (), code, tuple(sorted(cuts))) for code, cuts in codes.items()]
    intervals = tuple((code, low, high) for code, (low, high) in conditions.items())
    if len(conditions.keys() | codes.keys()) == 1:
        _, low, high = intervals[0]
        (cuts,) = codes.values() or (frozenset[int](),)
        code = intervals[0][0] if cuts else -1
        return [Digit(index, intervals, code, tuple(sorted(c for c in cuts if low <= c < high)))]
    return [
        Digit(index, intervals, -1, ()),
        *(Digit(index, (), code, tuple(sorted(cuts))) for code, cuts in codes.items()),
    ]


class _Forest:
    """One tree as lists, which Python reads faster than arrays."""

    def __init__(
        self, ensemble: Ensemble, encoding: Encoding, players: npt.NDArray[np.int64], start: int, end: int
    ) -> None:
        part = slice(start, end)
        self.start = start
        self.left = ensemble.left[part].tolist()
        self.right = ensemble.right[part].tolist()
        self.code = encoding.node[part].tolist()
        self.cut = encoding.cut[part].tolist()
        self.cover = ensemble.cover[part].tolist()
        self.player = players[ensemble.column[part]].tolist()

    def children(self, node: int) -> tuple[int, int]:
        """Left and right child."""
        i = node - self.start
        return self.left[i], self.right[i]

    def test(self, node: int, child: int) -> tuple[int, int, tuple[int, int], float]:
        """Player, code column, interval and cover ratio of the step from a node to a child."""
        i = node - self.start
        cover = self.cover[i]
        ratio = self.cover[child - self.start] / cover if cover else 0.0
        bounds = (0, self.cut[i]) if child == self.left[i] else (self.cut[i] + 1, INFINITE)
        return self.player[i], self.code[i], bounds, ratio

    def tests_below(self, most: int) -> list[_Tests | None]:
        """Tests at and below each node; None where there are too many for a group."""
        limit = most.bit_length()
        found: list[_Tests | None] = [None] * len(self.left)
        sizes = [0] * len(self.left)
        for i in range(len(self.left) - 1, -1, -1):
            if self.left[i] < 0:
                found[i] = {}
                continue
            one, other = self.left[i] - self.start, self.right[i] - self.start
            sizes[i] = 1 + sizes[one] + sizes[other]
            if sizes[i] > 2 * limit:
                continue
            merged: _Tests = {}
            for tests in (found[one], found[other], {self.player[i]: {self.code[i]: frozenset((self.cut[i],))}}):
                for player, codes in (tests or {}).items():
                    mine = merged.setdefault(player, {})
                    for code, cuts in codes.items():
                        mine[code] = mine[code] | cuts if code in mine else cuts
            found[i] = merged
        return found

    def group(self, root: int, path: Path, tests: _Tests) -> Group:
        """The group of the leaves below a node."""
        players = tuple(sorted(path.intervals.keys() | tests.keys()))
        digits = tuple(d for i, p in enumerate(players) for d in _digits(i, path.intervals.get(p), tests.get(p, {})))
        leaves = []
        stack = [(root, path)]
        while stack:
            node, here = stack.pop()
            if self.left[node - self.start] >= 0:
                stack += [(child, here.then(*self.test(node, child))) for child in self.children(node)[::-1]]
                continue
            leaves.append(_leaf(node, here, players, digits))
        return Group(players, digits, tuple(leaves))


def _leaf(node: int, path: Path, players: tuple[int, ...], digits: tuple[Digit, ...]) -> Leaf:
    mine = tuple(i for i, p in enumerate(players) if p in path.ratio)
    # A split may be contradicted further up; no row meets such a path, whatever the states of its digits.
    never = {p for p, intervals in path.intervals.items() if any(low > high for low, high in intervals.values())}
    lowest, highest = [], []
    for digit in digits:
        if players[digit.player] in never:
            lowest.append(1)
            highest.append(0)
            continue
        low, high = path.intervals.get(players[digit.player], {}).get(digit.code, (0, INFINITE))
        first = 1 if digit.conditions else 0
        lowest.append(first + sum(cut < low for cut in digit.cuts))
        highest.append(first + sum(cut < high for cut in digit.cuts))
    return Leaf(node, mine, tuple(path.ratio[players[i]] for i in mine), tuple(lowest), tuple(highest))
