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

TOGETHER = 20_000
"""Values held for the background rows that walk together: few enough for the near caches."""


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
def parted(together: Any, first: int, end: int, code: Any, cut: int, left: bool) -> int:
    """Bring those of ``together[first:end]`` to the front that go this way; where the others start."""
    k = first
    for i in range(first, end):
        b = together[i]
        together[i] = together[k]
        together[k] = b
        k += (code[b] <= cut) == left
    return k


@compiled
def put(room: Any, top: int, node: int, length: int, player: int, first: int, end: int) -> int:
    """Leave a node for later, with the rows that go there; how many wait then."""
    node_at, length_at, player_at, first_at, end_at = room[2:]
    node_at[top], length_at[top], player_at[top] = node, length, player
    first_at[top], end_at[top] = first, end
    return top + 1


@compiled
def add_way(leaf: Any, gains: Any, trail: Any, side: Any, rows: Any, players: int, found: Any) -> None:
    """Share a leaf out among the players on the way to it, for the background rows that go this way."""
    for o in range(len(leaf)):
        for p in trail:
            share = leaf[o] * gains[0] if side[p] == 1 else -leaf[o] * gains[1]
            for i in rows:
                found[i, o * players + p] += share


@compiled
def one_tree(row: Any, others: Any, together: Any, root: int, trees: Any, room: Any, players: int, found: Any) -> None:
    """Add what one tree gives for one row against each background row to ``found[n_others, n_outputs * n_players]``.

    Background rows that have gone the same way so far go on together: they are a range of `together`, which parts where
    their ways part. ``others[n_codes, n_others]`` are their codes.
    """
    left, right, code, cut, column_player, values, won, lost = trees
    side, trail, node_at, length_at, player_at, first_at, end_at = room
    node_at[0], length_at[0], player_at[0], first_at[0], end_at[0] = root, 0, -1, 0, len(together)
    top, length, a, c = 1, 0, 0, 0
    while top > 0:
        top -= 1
        node, first, end = node_at[top], first_at[top], end_at[top]
        while length > length_at[top]:
            length -= 1
            if side[trail[length]] == 1:
                a -= 1
            else:
                c -= 1
            side[trail[length]] = 0
        p = player_at[top]
        if p >= 0:
            side[p] = 2
            trail[length] = p
            length += 1
            c += 1
        while left[node] >= 0:
            lower = row[code[node]] <= cut[node]
            mine, other = (left[node], right[node]) if lower else (right[node], left[node])
            p = column_player[node]
            if side[p] == 1:
                node = mine
                continue
            k = parted(together, first, end, others[code[node]], cut[node], not lower)
            if k == first:
                node = mine
            elif side[p] == 2:
                if k < end:
                    top = put(room, top, mine, length, -1, k, end)
                node, end = other, k
            else:
                top = put(room, top, other, length, p, first, k)
                if k < end:
                    top = put(room, top, mine, length, -1, k, end)
                side[p] = 1
                trail[length] = p
                length += 1
                a += 1
                node, end = mine, k
        gains = (won[a, c], lost[a, c])
        add_way(values[node], gains, trail[:length], side, together[first:end], players, found)
    for k in range(length):
        side[trail[k]] = 0


@compiled
def add_walks(codes: Any, others: Any, first: int, end: int, roots: Any, trees: Any, shape: Any, sums: Any) -> None:
    """Sum over background rows the values of rows `first` to `end`, and their squares.

    ``others`` has shape (n_codes, n_others); ``sums[0]`` and ``sums[1]`` have (n_rows, n_outputs * n_players). Every
    sum goes over the trees of a background row first, then over the background rows in their order.
    """
    players, deepest = shape
    columns = sums.shape[2]
    room = (
        np.zeros(players, np.int8),
        np.empty(deepest + 1, np.int64),
        np.empty(2 * deepest + 2, np.int64),
        np.empty(2 * deepest + 2, np.int64),
        np.empty(2 * deepest + 2, np.int64),
        np.empty(2 * deepest + 2, np.int64),
        np.empty(2 * deepest + 2, np.int64),
    )
    most = min(1024, max(16, TOGETHER // columns))
    found = np.zeros((most, columns))
    together = np.arange(most)
    for start in range(0, others.shape[1], most):
        many = min(most, others.shape[1] - start)
        block = np.ascontiguousarray(others[:, start : start + many])
        together[:many] = np.arange(many)
        for r in range(first, end):
            total, squares = sums[0, r], sums[1, r]
            for root in roots:
                one_tree(codes[r], block, together[:many], root, trees, room, players, found)
            for b in range(many):
                for j in range(columns):
                    total[j] += found[b, j]
                    squares[j] += found[b, j] * found[b, j]
                    found[b, j] = 0.0


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
