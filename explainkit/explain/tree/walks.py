"""Interventional Shapley values of deep trees: each row walks down with each background row.

Where both go the same way at a node, so does the walk; where they part on a player that has not taken a side yet, it
branches, and the player takes the row's side in one branch and the background row's in the other. A leaf that is
reached with a players on the row's side and c on the other gives v·(a−1)!c!/(a+c)! to each of the first and
−v·a!(c−1)!/(a+c)! to each of the second.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from explainkit.explain.tree.compiled import compiled
from explainkit.explain.tree.kernel import BLOCK, encode_block


@compiled
def encode_all(rows: Any, encoding: Any, codes: Any) -> None:
    """Codes of all rows, into ``codes[n_rows, n_codes]``."""
    room = np.empty((len(encoding[0]), BLOCK), np.uint16)
    for start in range(0, len(rows), BLOCK):
        count = min(BLOCK, len(rows) - start)
        encode_block(rows, start, count, encoding, room)
        for r in range(count):
            for c in range(len(encoding[0])):
                codes[start + r, c] = room[c, r]


@compiled
def one_walk(row: Any, other: Any, root: int, trees: Any, room: Any, players: int, found: Any) -> None:
    """Add what one tree gives for one row against one background row to ``found[n_outputs * n_players]``."""
    left, right, code, cut, column_player, values, won, lost = trees
    side, trail, node_at, length_at, player_at, side_at = room
    node_at[0], length_at[0], player_at[0] = root, 0, -1
    top, length, a, c = 1, 0, 0, 0
    while top > 0:
        top -= 1
        node = node_at[top]
        while length > length_at[top]:
            length -= 1
            if side[trail[length]] == 1:
                a -= 1
            else:
                c -= 1
            side[trail[length]] = 0
        p = player_at[top]
        if p >= 0:
            side[p] = side_at[top]
            trail[length] = p
            length += 1
            if side_at[top] == 1:
                a += 1
            else:
                c += 1
        while left[node] >= 0:
            mine = left[node] if row[code[node]] <= cut[node] else right[node]
            theirs = left[node] if other[code[node]] <= cut[node] else right[node]
            p = column_player[node]
            if mine == theirs or side[p] == 1:
                node = mine
            elif side[p] == 2:
                node = theirs
            else:
                node_at[top], length_at[top], player_at[top], side_at[top] = theirs, length, p, 2
                top += 1
                side[p] = 1
                trail[length] = p
                length += 1
                a += 1
                node = mine
        for o in range(values.shape[1]):
            v = values[node, o]
            for k in range(length):
                p = trail[k]
                found[o * players + p] += v * won[a, c] if side[p] == 1 else -v * lost[a, c]
    for k in range(length):
        side[trail[k]] = 0


@compiled
def add_walks(codes: Any, others: Any, first: int, end: int, roots: Any, trees: Any, shape: Any, sums: Any) -> None:
    """Sum over background rows the values of rows `first` to `end`, and their squares.

    ``sums[0]`` and ``sums[1]`` have shape (n_rows, n_outputs * n_players).
    """
    players, deepest = shape
    room = (
        np.zeros(players, np.int8),
        np.empty(deepest + 1, np.int64),
        np.empty(deepest + 2, np.int64),
        np.empty(deepest + 2, np.int64),
        np.empty(deepest + 2, np.int64),
        np.empty(deepest + 2, np.int8),
    )
    found = np.empty(sums.shape[2])
    for r in range(first, end):
        for b in range(len(others)):
            found[:] = 0.0
            for root in roots:
                one_walk(codes[r], others[b], root, trees, room, players, found)
            for j in range(len(found)):
                sums[0, r, j] += found[j]
                sums[1, r, j] += found[j] * found[j]


@compiled
def add_leaves(codes: Any, roots: Any, trees: Any, out: Any) -> None:
    """Add the value of the leaf that each row reaches in each tree to ``out[n_rows, n_outputs]``."""
    left, right, code, cut, _, values, _, _ = trees
    for r in range(len(codes)):
        for root in roots:
            node = root
            while left[node] >= 0:
                node = left[node] if codes[r, code[node]] <= cut[node] else right[node]
            for o in range(values.shape[1]):
                out[r, o] += values[node, o]
