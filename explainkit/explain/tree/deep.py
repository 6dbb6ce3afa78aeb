"""Deep trees: path-dependent Shapley values by quadrature, interventional ones by walking rows against background rows.

The sum over coalitions is the integral of a polynomial. With f_i(t) = z_i + (o_i − z_i)·t for each player of a leaf's
path, φ_j = v·(o_j − z_j)·∫₀¹ Π_{i≠j} f_i(t) dt, which Gauss–Legendre nodes give exactly. The products are shared down
the tree, and the sums over leaves up the tree, so each node is visited once for a block of rows. At an edge the
player's new factor replaces the one it had further up, and its share is that of the new factor less that of the old.
Where the player fails its tests, (o − z)/f = −1/(1 − t) whatever z, so an edge below a failed one of the same player
adds nothing.

References
----------
Yu et al., "Linear TreeShap", NeurIPS 2022, for sharing polynomials along the tree.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from explainkit.explain.tree.compiled import compiled
from explainkit.explain.tree.kernel import BLOCK, encode_block

WIDTH = 32
"""Rows that walk down a tree together."""


@compiled
def trace(left: Any, right: Any, cover: Any, player: Any, first: int, end: int, order: Any, walk: Any) -> None:
    """Order one tree for the walk, and find what each edge has above it.

    Fills ``order[k]``: the k-th node in preorder, and what ``walk = (depth, above, ratio, old, unique, from_left,
    parent)`` holds for it: its depth; the depth of the nearest edge above with the same player (0 for none); the
    player's cover ratio including this edge, and that above; the number of players on the path; whether it is a left
    child; and its parent node.
    """
    depth, above, ratio, old, unique, from_left, parent = walk
    stack = np.empty(end - first + 1, np.int64)
    level = np.empty(end - first + 1, np.int64)
    origin = np.empty(end - first + 1, np.int64)
    line = np.empty(end - first + 1, np.int64)  # place in `order` of the node at each depth of the present path
    top, made = 1, 0
    stack[0], level[0], origin[0] = first, 0, -1
    while top > 0:
        top -= 1
        node, d, mother = stack[top], level[top], origin[top]
        order[made], depth[made], parent[made] = node, d, mother
        above[made], ratio[made], old[made], unique[made], from_left[made] = 0, 1.0, 1.0, 0, False
        line[d] = made
        if mother >= 0:
            k = line[d - 1]
            whole = cover[mother]
            part = cover[node] / whole if whole > 0.0 else 0.0
            from_left[made] = left[mother] == node
            unique[made] = unique[k] + 1
            for up in range(d - 1, 0, -1):
                if player[parent[line[up]]] == player[mother]:
                    above[made], old[made], unique[made] = up, ratio[line[up]], unique[k]
                    break
            ratio[made] = old[made] * part
        made += 1
        if left[node] >= 0:
            stack[top], level[top], origin[top] = right[node], d + 1, node
            stack[top + 1], level[top + 1], origin[top + 1] = left[node], d + 1, node
            top += 2


@compiled
def enter(k: int, column: Any, begin: int, count: int, cut: int, walk: Any, nodes: Any, room: Any) -> None:
    """Follow rows along the edge to the k-th node: who goes there, and their products of factors."""
    depth, above, ratio, old, _, from_left, _ = walk
    down, _, met, factor = room
    d, over = depth[k], above[k]
    for r in range(WIDTH):
        goes = column[min(begin + r, count - 1)] <= cut
        met[d, r] = met[over, r] & (goes == from_left[k])
    z, before = ratio[k], old[k]
    for q in range(len(nodes)):
        t = nodes[q]
        one = 1.0 / (before + (1.0 - before) * t)
        factor[0, q] = (z + (1.0 - z) * t) * one
        factor[1, q] = z * (1.0 - t) * one
        factor[2, q] = z / before if before > 0.0 else 0.0
    for q in range(len(nodes)):
        a, b, c = factor[0, q], factor[1, q], factor[2, q]
        for r in range(WIDTH):
            down[d, q, r] = down[d - 1, q, r] * (a if met[d, r] else (b if met[over, r] else c))


@compiled
def leave(k: int, player: int, players: int, walk: Any, quadrature: Any, room: Any, sums: Any) -> None:
    """Give the player of the edge to the k-th node its share of all leaves below, and pass them up."""
    depth, above, ratio, old, _, _, _ = walk
    _, up, met, factor = room
    nodes, weights = quadrature
    d, over = depth[k], above[k]
    z, before = ratio[k], old[k]
    for q in range(len(nodes)):
        t = nodes[q]
        taken = (1.0 - before) / (before + (1.0 - before) * t) if over > 0 else 0.0
        factor[0, q] = weights[q] * ((1.0 - z) / (z + (1.0 - z) * t) - taken)
        factor[1, q] = weights[q] * (-1.0 / (1.0 - t) - taken)
    for o in range(up.shape[1]):
        mine = sums[o * players + player]
        for q in range(len(nodes)):
            a, b = factor[0, q], factor[1, q]
            for r in range(WIDTH):
                mine[r] += up[d, o, q, r] * (a if met[d, r] else (b if met[over, r] else 0.0))
                up[d - 1, o, q, r] += up[d, o, q, r]


@compiled
def walk_tree(tree: int, codes: Any, begin: int, count: int, trees: Any, quadrature: Any, room: Any, sums: Any) -> None:
    """Add to ``sums[n_outputs * n_players, WIDTH]`` what one tree gives to the rows of a block from `begin` on."""
    starts, left, code, cut, column_player, values, order, walk, players = trees
    depth, _, _, _, _, from_left, parent = walk
    down, up, _, _ = room
    path = np.empty(down.shape[0], np.int64)
    for k in range(starts[tree], starts[tree + 1]):
        d, node = depth[k], order[k]
        path[d] = k
        up[d] = 0.0
        if d > 0:
            enter(k, codes[code[parent[k]]], begin, count, cut[parent[k]], walk, quadrature[0], room)
        if left[node] >= 0:
            continue
        for o in range(values.shape[1]):
            for q in range(down.shape[1]):
                for r in range(WIDTH):
                    up[d, o, q, r] = values[node, o] * down[d, q, r]
        # A leaf is complete, and so is every node above it whose last child it is.
        while d > 0:
            above = path[d]
            leave(above, column_player[parent[above]], players, walk, quadrature, room, sums)
            d -= 1
            if from_left[above]:
                break


@compiled
def add_deep(
    rows: Any, first: int, end: int, encoding: Any, trees: Any, deepest: int, quadrature: Any, out: Any
) -> None:
    """Add path-dependent values of deep trees for rows `first` to `end` to ``out[n_rows, n_outputs * n_players]``."""
    outputs, q_count = trees[5].shape[1], len(quadrature[0])
    codes = np.empty((len(encoding[0]), BLOCK), np.uint16)
    room = (
        np.ones((deepest + 1, q_count, WIDTH)),
        np.zeros((deepest + 1, outputs, q_count, WIDTH)),
        np.ones((deepest + 1, WIDTH), np.bool_),
        np.empty((3, q_count)),
    )
    sums = np.zeros((out.shape[1], WIDTH))
    for start in range(first, end, BLOCK):
        count = min(BLOCK, end - start)
        encode_block(rows, start, count, encoding, codes)
        for begin in range(0, count, WIDTH):
            sums[:] = 0.0
            for tree in range(len(trees[0]) - 1):
                walk_tree(tree, codes, begin, count, trees, quadrature, room, sums)
            for j in range(out.shape[1]):
                for r in range(min(WIDTH, count - begin)):
                    out[start + begin + r, j] += sums[j, r]
