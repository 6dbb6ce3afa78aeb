"""The compiled filling of tables: Shapley values and interactions of one leaf for every pattern of a group.

A leaf of value v counts for a coalition S of players when every player of its path meets its tests, those of S by the
row, the others by a background row. With o the set of players that the row meets and q the set that a background row
meets, nothing counts unless o ∪ q is every player; then, with a = |o∖q| and c = |q∖o|, the Shapley value of a player of
o∖q is v·(a−1)!c!/(a+c)!, that of one of q∖o is −v·a!(c−1)!/(a+c)!, and of any other 0. As o ∪ q is everything,
a = u − |q| and c = u − |o|: the sum over background rows needs only the shares of rows with q ⊇ U∖o by the size of q,
which are sums over supersets. Path-dependent values are the same with independent players: the share of q is the
product of cover ratios.

References
----------
Nadel and Wettenstein, AAAI 2026, doi:10.1609/aaai.v40i29.39630. Lundberg et al., "From local explanations to global
understanding with explainable AI for trees", Nature Machine Intelligence 2020, doi:10.1038/s42256-019-0138-9.
"""
# Compiled functions take plain arrays, more of them than a function called by hand would.

from __future__ import annotations

from typing import Any

import numpy as np

from explainkit.explain.tree.compiled import compiled


@compiled
def sizes_of_sets(widest: int) -> Any:
    """Number of players in each set of so many."""
    sizes = np.zeros(1 << widest, np.int64)
    for q in range(1, len(sizes)):
        sizes[q] = sizes[q >> 1] + (q & 1)
    return sizes


@compiled
def shares_by_size(u: int, sizes: Any, share: Any, room: Any) -> Any:
    """``found[m, a]``: share of background rows whose set q holds m and has u − a players; a view of `room`."""
    size, width = 1 << u, u + 1
    flat = room[: size * width]
    flat[:] = 0.0
    for q in range(size):
        flat[q * width + u - sizes[q]] = share[q]
    # All sets at once that lack a player, and those with it: runs of numbers, which vector instructions add.
    for i in range(u):
        run = width << i
        for first in range(0, size * width, 2 * run):
            without, holds = flat[first : first + run], flat[first + run : first + 2 * run]
            for k in range(run):
                without[k] += holds[k]
    return flat.reshape((size, width))


@compiled
def leaf_values(u: int, sizes: Any, ranked: Any, asked: Any, weights: Any, table: Any) -> None:
    """Shapley values of a leaf of value 1: ``table[i, o]`` for each set o of players asked about that the row meets."""
    won_by, lost_by = weights
    full = (1 << u) - 1
    for o in range(full + 1):
        if not asked[o]:
            continue
        met, rest = sizes[o], full ^ o
        c = u - met
        lost = 0.0
        if c > 0:
            for a in range(met + 1):
                lost -= lost_by[c, a] * ranked[rest, a]
        for i in range(u):
            if not (o >> i) & 1:
                table[i, o] = lost
                continue
            won, without = 0.0, rest | (1 << i)
            for a in range(1, met + 1):
                won += won_by[c, a] * (ranked[rest, a] - ranked[without, a])
            table[i, o] = won


@compiled
def leaf_pairs(u: int, sizes: Any, ranked: Any, asked: Any, factorial: Any, table: Any) -> None:
    """Shapley interaction values of a leaf of value 1: ``table[i * u + j, o]`` for i < j, half for (j, i)."""
    full = (1 << u) - 1
    for o in range(full + 1):
        if not asked[o]:
            continue
        met = sizes[o]
        c = u - met
        rest = full ^ o
        for i in range(u):
            for j in range(i + 1, u):
                mine, other = (o >> i) & 1, (o >> j) & 1
                total = 0.0
                for a in range(met + 1):
                    if a + c < 2:
                        continue
                    below = factorial[a + c - 1]
                    here = ranked[rest, a]
                    if mine and other:
                        if a >= 2:
                            both = ranked[rest | (1 << i) | (1 << j), a]
                            here = here - ranked[rest | (1 << i), a] - ranked[rest | (1 << j), a] + both
                            total += factorial[a - 2] * factorial[c] / below * here
                    elif mine or other:
                        if a >= 1:
                            here = here - ranked[rest | (1 << (i if mine else j)), a]
                            total -= factorial[a - 1] * factorial[c - 1] / below * here
                    else:
                        total += factorial[a] * factorial[c - 2] / below * here
                table[i * u + j, o] = 0.5 * total


@compiled
def climb(leaf: int, tree: Any, place: Any, players: Any, ratios: Any, bounds: Any) -> tuple[int, int]:
    """Collect what must hold to reach a leaf.

    Fills ``players`` and ``ratios`` (cover ratios), ``place[player]`` with their order, and a row of `bounds` for each
    player's code column: player, code column, smallest and largest code. Returns how many there are of each.
    """
    left, parent, code, cut, column_player, cover = tree
    u = count = 0
    node = leaf
    while parent[node] >= 0:
        mother = parent[node]
        player = column_player[mother]
        if place[player] < 0:
            place[player], players[u], ratios[u] = u, player, 1.0
            u += 1
        ratios[place[player]] *= cover[node] / cover[mother] if cover[mother] > 0.0 else 0.0
        k = 0
        while k < count and (bounds[k, 0] != player or bounds[k, 1] != code[mother]):
            k += 1
        if k == count:
            bounds[k, 0], bounds[k, 1], bounds[k, 2], bounds[k, 3] = player, code[mother], 0, 65_535
            count += 1
        if left[mother] == node:
            bounds[k, 3] = min(bounds[k, 3], cut[mother])
        else:
            bounds[k, 2] = max(bounds[k, 2], cut[mother] + 1)
        node = mother
    return u, count


@compiled
def sets_met(digits: Any, tests: Any, first: int, last: int, bounds: Any, place: Any, met: Any) -> None:
    """``met[p]``: the set of the leaf's players that meet its tests where the group's pattern is p.

    `bounds` are those of `climb`; the group's digits are `first` to `last`.
    """
    radix, stride, digit_player = digits
    _, _, path, _, _, counted, cut_first, cuts = tests
    for d in range(first, last):
        player = digit_player[d]
        if place[player] < 0:
            continue
        low, high = 0, 65_535
        never = False
        for k in range(len(bounds)):
            if bounds[k, 0] == player:
                # A split may be contradicted further up; no row meets such a path, whatever its pattern.
                never = never or bounds[k, 2] > bounds[k, 3]
                if bounds[k, 1] == counted[d]:
                    low, high = bounds[k, 2], bounds[k, 3]
        smallest = largest = np.int64(path[d])
        for k in range(cut_first[d], cut_first[d + 1]):
            smallest += cuts[k] < low
            largest += cuts[k] < high
        others = ~(1 << place[player])
        state = below = 0  # counted rather than divided out of the pattern
        for p in range(len(met)):
            if never or state < smallest or state > largest:
                met[p] &= others
            below += 1
            if below == stride[d]:
                below = 0
                state = state + 1 if state + 1 < radix[d] else 0


@compiled
def background_shares(ratios: Any, met: Any, counts: Any, share: Any) -> None:
    """``share[q]``: share of background rows that meet the set q; without counts, of independent players."""
    u = len(ratios)
    share[: 1 << u] = 0.0
    for p in range(len(counts)):
        share[met[p]] += counts[p]
    if len(counts) == 0:
        share[0] = 1.0
        for i in range(u):
            for q in range(1 << i):
                share[q | (1 << i)] = share[q] * ratios[i]
                share[q] *= 1.0 - ratios[i]


@compiled
def add_leaf(span: Any, columns: Any, u: int, place: Any, met: Any, value: Any, table: Any, tables: Any) -> None:
    """Add a leaf's values to the table columns of its group; `table` has a row for each player, or for each pair.

    ``met`` is the set that each pattern with a place in the tables meets.
    """
    column_player, column_other, column_output, offset = columns
    for c in range(span[0], span[1]):
        i, j = place[column_player[c]], place[column_other[c]]
        v = value[column_output[c]]
        if i < 0 or j < 0 or v == 0.0:
            continue
        source = table[i] if i == j else table[min(i, j) * u + max(i, j)]
        for p in range(len(met)):
            tables[offset[c] + p] += v * source[met[p]]


@compiled
def weights_by_size(widest: int, factorial: Any) -> Any:
    """Shapley weights ``[c, a]`` of a player that the row alone meets, and of one that the background alone meets."""
    weights = np.zeros((2, widest + 1, widest + 1))
    for a in range(widest + 1):
        for c in range(widest + 1 - a):
            if a > 0:
                weights[0, c, a] = factorial[a - 1] * factorial[c] / factorial[a + c]
            if c > 0:
                weights[1, c, a] = factorial[a] * factorial[c - 1] / factorial[a + c]
    return weights


@compiled
def fill(group: Any, columns: Any, digits: Any, tests: Any, tree: Any, shape: Any, counts: Any, out: Any) -> None:
    """Fill the tables of all groups.

    `group`, `columns`, `digits` and `tests` are those of `explainkit.explain.tree.program.Program`; behind the arrays
    of a group stand the first of its patterns that have a place in the tables and, for all groups, those patterns, none
    where all have one. `counts` holds, for each group, the share of background rows by pattern; empty, it stands for
    path-dependent values. ``out`` is tables and base; ``shape`` the leaf values, the number of players, the most
    players and nodes on a path, and whether tables are of pairs.
    """
    root, digit_first, pattern_first, column_first, placed_first, placed = group
    values, count, widest, deepest, pairs = shape
    tables, base = out
    factorial = np.ones(2 * widest + 2)
    for i in range(1, len(factorial)):
        factorial[i] = factorial[i - 1] * i
    weights, sizes = weights_by_size(widest, factorial), sizes_of_sets(widest)
    share = np.empty(1 << widest)
    asked = np.zeros(1 << widest, np.bool_)
    room = np.empty((widest + 1) << widest)
    table = np.empty((widest * widest if pairs else widest, 1 << widest))
    place = np.full(count, -1, np.int64)
    players, ratios = np.empty(widest, np.int64), np.empty(widest)
    bounds = np.empty((deepest + 1, 4), np.int64)
    stack = np.empty(deepest + 2, np.int64)
    for g in range(len(root)):
        met = np.empty(pattern_first[g + 1] - pattern_first[g], np.int64)
        shares = counts[pattern_first[g] : pattern_first[g + 1]] if len(counts) else counts
        stack[0], top = root[g], 1
        while top > 0:
            top -= 1
            leaf = stack[top]
            if tree[0][leaf] >= 0:
                stack[top], stack[top + 1] = tree[6][leaf], tree[0][leaf]
                top += 2
                continue
            u, known = climb(leaf, tree[:6], place, players, ratios, bounds)
            met[:] = (1 << u) - 1
            sets_met(digits, tests, digit_first[g], digit_first[g + 1], bounds[:known], place, met)
            background_shares(ratios[:u], met, shares, share)
            for k in range(len(base)):
                base[k] += values[leaf, k] * share[(1 << u) - 1]
            ranked = shares_by_size(u, sizes, share, room)
            held = met[placed[placed_first[g] : placed_first[g + 1]]] if len(placed) > 0 else met
            for o in held:
                asked[o] = True
            if pairs:
                leaf_pairs(u, sizes, ranked, asked, factorial, table)
            else:
                leaf_values(u, sizes, ranked, asked, (weights[0], weights[1]), table)
            for o in held:
                asked[o] = False
            add_leaf(column_first[g : g + 2], columns, u, place, held, values[leaf], table, tables)
            for i in range(u):
                place[players[i]] = -1
