"""Regions of the inputs over which a tree, or the step of a tree from one cell of an input to another, is constant.

A region holds one entry for each variable that it restricts: a run of cells with or without the missing one, or a set
of values as bits. Compiled, as forests have millions of them.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from explainkit.explain.tree.compiled import compiled


@compiled
def goes_left(node: int, cell: int, nodes: Any, domain: Any) -> bool:
    """Whether a cell of the variable that a node tests goes left."""
    _, _, _, variable, cut, missing_left, row = nodes
    last, _, _, table = domain
    if row[node] >= 0:
        return bool((table[row[node], cell >> 6] >> np.uint64(cell & 63)) & np.uint64(1) != 0)
    if cell > last[variable[node]]:
        return bool(missing_left[node])
    return bool(cell <= cut[node])


@compiled
def along(node: int, skipped: int, nodes: Any, domain: Any, count: int, room: Any) -> int:
    """Restrict a region to the way from a node up to its root; how many entries it has then, −1 where it is empty."""
    parent, left, _, variable, cut, missing_left, row = nodes
    last, has_missing, full, table = domain
    of, low, high, missing, bits = room
    while parent[node] >= 0:
        above = parent[node]
        is_left = left[above] == node
        v = variable[above]
        node = above
        if v == skipped:
            continue
        i = 0
        while i < count and of[i] != v:
            i += 1
        if i == count:
            of[i], low[i], high[i], missing[i] = v, 0, last[v], has_missing[v]
            bits[i] = full[v]
            count += 1
        empty = True
        if row[above] >= 0:
            for w in range(bits.shape[1]):
                side = table[row[above], w] if is_left else ~table[row[above], w]
                bits[i, w] &= side
                empty = empty and bits[i, w] == 0
        else:
            if is_left:
                high[i] = min(high[i], cut[above])
            else:
                low[i] = max(low[i], cut[above] + 1)
            missing[i] = missing[i] and missing_left[above] == is_left
            empty = low[i] > high[i] and not missing[i]
        if empty:
            return -1
    return count


@compiled
def written(count: int, room: Any, gain: float, loss: float, at: Any, out: Any) -> bool:
    """Write a region behind those before it; False where there is no room."""
    of, low, high, missing, bits = room
    first, gains, losses, entry_of, entry_low, entry_high, entry_missing, entry_bits = out
    r, e = at[0], at[1]
    if r + 2 > len(first) or e + count > len(entry_of):
        return False
    for i in range(count):
        entry_of[e + i], entry_low[e + i], entry_high[e + i], entry_missing[e + i] = of[i], low[i], high[i], missing[i]
        entry_bits[e + i] = bits[i]
    gains[r], losses[r] = gain, loss
    first[r + 1] = e + count
    at[0], at[1] = r + 1, e + count
    return True


@compiled
def of_leaves(root: int, end: int, nodes: Any, values: Any, domain: Any, room: Any, at: Any, out: Any) -> bool:
    """Regions of all leaves of a tree."""
    left = nodes[1]
    for node in range(root, end):
        if left[node] < 0:
            count = along(node, -1, nodes, domain, 0, room)
            if count >= 0 and not written(count, room, values[node], 0.0, at, out):
                return False
    return True


@compiled
def leaves_below(node: int, variable: int, cell: int, nodes: Any, domain: Any, found: Any) -> int:
    """Leaves below a node that a cell of one variable can reach; their number."""
    _, left, right, of, _, _, _ = nodes
    stack = np.empty(len(found) + 1, np.int64)
    stack[0], top, count = node, 1, 0
    while top > 0:
        top -= 1
        n = stack[top]
        if left[n] < 0:
            found[count] = n
            count += 1
            continue
        both = of[n] != variable
        goes = both or goes_left(n, cell, nodes, domain)
        if both or not goes:
            stack[top] = right[n]
            top += 1
        if goes:
            stack[top] = left[n]
            top += 1
    return count


@compiled
def parting(root: int, end: int, step: Any, nodes: Any, domain: Any, apart: Any) -> bool:
    """Mark the nodes at or below which two cells of a variable part; whether the root is one."""
    _, left, right, of, _, _, _ = nodes
    variable, one, two = step
    for n in range(end - 1, root - 1, -1):
        apart[n] = False
        if left[n] >= 0:
            apart[n] = apart[left[n]] or apart[right[n]]
            if of[n] == variable and goes_left(n, one, nodes, domain) != goes_left(n, two, nodes, domain):
                apart[n] = True
    return bool(apart[root])


@compiled
def of_step(root: int, step: Any, nodes: Any, values: Any, domain: Any, rooms: Any, at: Any, out: Any) -> bool:
    """Regions of what a tree changes by as a variable goes from one cell to another, where it can change at all."""
    _, left, right, of, _, _, _ = nodes
    variable, one, two = step
    apart, stack, ours, theirs, room, second = rooms
    stack[0], top = root, 1
    while top > 0:
        top -= 1
        n = stack[top]
        if not apart[n]:
            count = along(n, variable, nodes, domain, 0, room)
            if count >= 0 and not written(count, room, 0.0, 0.0, at, out):
                return False
            continue
        if of[n] != variable:
            stack[top], stack[top + 1] = left[n], right[n]
            top += 2
            continue
        goes = goes_left(n, one, nodes, domain), goes_left(n, two, nodes, domain)
        if goes[0] == goes[1]:
            stack[top] = left[n] if goes[0] else right[n]
            top += 1
            continue
        before = leaves_below(left[n] if goes[0] else right[n], variable, one, nodes, domain, ours)
        after = leaves_below(left[n] if goes[1] else right[n], variable, two, nodes, domain, theirs)
        if not of_pairs((ours[:before], theirs[:after]), variable, nodes, values, domain, (room, second), at, out):
            return False
    return True


@compiled
def of_pairs(leaves: Any, variable: int, nodes: Any, values: Any, domain: Any, rooms: Any, at: Any, out: Any) -> bool:
    """Regions in which one leaf is reached before the step and another one after it."""
    ours, theirs = leaves
    room, both = rooms
    for a in ours:
        count = along(a, variable, nodes, domain, 0, room)
        if count < 0:
            continue
        for b in theirs:
            for i in range(count):
                both[0][i], both[1][i], both[2][i], both[3][i] = room[0][i], room[1][i], room[2][i], room[3][i]
                both[4][i] = room[4][i]
            joint = along(b, variable, nodes, domain, count, both)
            if joint >= 0 and not written(joint, both, values[b], values[a], at, out):
                return False
    return True
