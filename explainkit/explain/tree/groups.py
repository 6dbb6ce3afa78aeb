"""Groups: small subtrees with the path above them, each to become one table.

A group covers the leaves below one node. What a row does on the way to them is written as digits: for each player, in
which of the intervals cut out by the group's tests its value lies, a first state standing for "fails a test on the
path to the group's root". The number that the digits make is the row's pattern, and a leaf's Shapley values depend on
the row through the pattern alone. A player with tests in several code columns (one-hot columns of one raw column,
values missing to the left here and to the right there) has one digit for its path and one for each code column with
tests below.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from explainkit.explain.tree.encoding import Encoding
from explainkit.explain.tree.ensemble import Ensemble

INFINITE = 65_535
"""Above every code."""


Conditions = tuple[tuple[int, int, int], ...]
"""Code column, smallest and largest code that pass the tests of a path on one player; all must hold."""


class Digit(NamedTuple):
    """One digit of a group's pattern."""

    player: int
    """Index among the group's players."""
    conditions: Conditions
    """Code column, smallest and largest code of each condition of the path; all must hold."""
    code: int
    """Code column whose cuts are counted, −1 where there are none."""
    cuts: tuple[int, ...]
    """Cuts below the group's root, ascending; the state counts those that the code lies above."""

    @property
    def radix(self) -> int:
        """Number of states."""
        return len(self.cuts) + (2 if self.conditions else 1)


class Group(NamedTuple):
    """The leaves below one node."""

    root: int
    players: tuple[int, ...]
    digits: tuple[Digit, ...]

    @property
    def patterns(self) -> int:
        """Number of patterns."""
        return math.prod(d.radix for d in self.digits)


_Path = dict[int, Conditions]
"""What must hold of each player on the way to a node."""
_Tests = dict[int, dict[int, frozenset[int]]]
"""Player → code column → cuts of the tests below a node."""


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
    nodes = _Nodes(ensemble, encoding, players, int(ensemble.starts[tree]), int(ensemble.starts[tree + 1]))
    below = nodes.tests_below(most)
    found: list[Group] = []
    stack: list[tuple[int, _Path]] = [(0, {})]
    while stack:
        node, path = stack.pop()
        tests = below[node]
        group = None if tests is None else _group(nodes.start + node, path, tests, most)
        if group is not None:
            found.append(group)
        else:
            stack += [(nodes.right[node], nodes.then(path, node, left=False))]
            stack += [(nodes.left[node], nodes.then(path, node, left=True))]
    return found


def _group(root: int, path: _Path, tests: _Tests, most: int) -> Group | None:
    """The group below a node, None where it has too many patterns; a single leaf is always one."""
    players = sorted(path.keys() | tests.keys())
    if tests and 1 << len(players) > most:  # every digit has two states or more
        return None
    digits: list[Digit] = []
    for index, player in enumerate(players):
        digits += _digits(index, path.get(player, ()), tests.get(player))
    found = Group(root, tuple(players), tuple(digits))
    return found if not tests or found.patterns <= most else None


def _digits(index: int, conditions: Conditions, codes: dict[int, frozenset[int]] | None) -> list[Digit]:
    """Digits of one player."""
    if not codes:
        return [Digit(index, conditions, -1, ())]
    if not conditions:
        return [Digit(index, (), code, tuple(sorted(cuts))) for code, cuts in codes.items()]
    if len(conditions) == len(codes) == 1 and conditions[0][0] in codes:
        code, low, high = conditions[0]
        within = tuple(sorted([c for c in codes[code] if low <= c < high]))
        return [Digit(index, conditions, code if within else -1, within)]
    return [
        Digit(index, conditions, -1, ()),
        *(Digit(index, (), code, tuple(sorted(cuts))) for code, cuts in codes.items()),
    ]


class _Nodes:
    """One tree as lists, which Python reads faster than arrays; nodes are counted from its root."""

    def __init__(
        self, ensemble: Ensemble, encoding: Encoding, players: npt.NDArray[np.int64], start: int, end: int
    ) -> None:
        part = slice(start, end)
        self.start = start
        self.left = (ensemble.left[part] - start).tolist()
        self.right = (ensemble.right[part] - start).tolist()
        self.code = encoding.node[part].tolist()
        self.cut = encoding.cut[part].tolist()
        self.player = players[ensemble.column[part]].tolist()

    def then(self, path: _Path, node: int, *, left: bool) -> _Path:
        """The path one test further."""
        player, code, cut = self.player[node], self.code[node], self.cut[node]
        mine = path.get(player, ())
        place = next((i for i, known in enumerate(mine) if known[0] == code), len(mine))
        low, high = mine[place][1:] if place < len(mine) else (0, INFINITE)
        condition = (code, low, min(high, cut)) if left else (code, max(low, cut + 1), high)
        return {**path, player: (*mine[:place], condition, *mine[place + 1 :])}

    def tests_below(self, most: int) -> list[_Tests | None]:
        """Tests at and below each node; None where there are too many for a group."""
        limit = 2 * most.bit_length()
        found: list[_Tests | None] = [None] * len(self.left)
        sizes = [0] * len(self.left)
        for i in range(len(self.left) - 1, -1, -1):
            if self.code[i] < 0:
                found[i] = {}
                continue
            one, other = self.left[i], self.right[i]
            sizes[i] = 1 + sizes[one] + sizes[other]
            if sizes[i] > limit:
                continue
            merged: _Tests = {}
            for tests in (found[one], found[other], {self.player[i]: {self.code[i]: frozenset((self.cut[i],))}}):
                for player, codes in (tests or {}).items():
                    mine = merged.setdefault(player, {})
                    for code, cuts in codes.items():
                        mine[code] = mine[code] | cuts if code in mine else cuts
            found[i] = merged
        return found
