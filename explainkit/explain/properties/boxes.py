"""Boxes of inputs: how large a sum of parts can be within one, and where to split it."""

from __future__ import annotations

from typing import Any

import numpy as np

from explainkit.explain.tree.compiled import compiled


@compiled
def meets(region: int, regions: Any, box: Any) -> bool:
    """Whether a region and a box have a point in common."""
    first, of, low, high, missing, bits, kind = regions
    box_low, box_high, box_missing, box_bits = box
    for e in range(first[region], first[region + 1]):
        v = of[e]
        if kind[v]:
            some = False
            for w in range(bits.shape[1]):
                some = some or (bits[e, w] & box_bits[v, w]) != 0
            if not some:
                return False
        elif max(low[e], box_low[v]) > min(high[e], box_high[v]) and not (missing[e] and box_missing[v]):
            return False
    return True


@compiled
def look(parts: Any, value: Any, regions: Any, box: Any, best: Any, top: Any, spread: Any) -> None:
    """For each part the region of the largest value that meets the box, that value, and how far others fall below."""
    for p in range(len(parts) - 1):
        top[p], least, best[p] = -np.inf, np.inf, -1
        for r in range(parts[p], parts[p + 1]):
            if (value[r] > top[p] or value[r] < least) and meets(r, regions, box):
                if value[r] > top[p]:
                    top[p], best[p] = value[r], r
                least = min(least, value[r])
        spread[p] = top[p] - least


@compiled
def narrowed(region: int, regions: Any, box: Any) -> bool:
    """Cut a box down to a region, if they have a point in common."""
    if not meets(region, regions, box):
        return False
    first, of, low, high, missing, bits, kind = regions
    box_low, box_high, box_missing, box_bits = box
    for e in range(first[region], first[region + 1]):
        v = of[e]
        if kind[v]:
            for w in range(bits.shape[1]):
                box_bits[v, w] &= bits[e, w]
        else:
            box_low[v], box_high[v] = max(low[e], box_low[v]), min(high[e], box_high[v])
            box_missing[v] = box_missing[v] and missing[e]
    return True


@compiled
def gathered(order: Any, best: Any, spread: Any, regions: Any, box: Any) -> bool:
    """Cut a box down to the best region of one part after the other; whether it meets all of those that matter."""
    whole = True
    for p in order:
        if spread[p] > 0:
            whole = narrowed(best[p], regions, box) and whole
    return whole


@compiled
def cuts(best: Any, spread: Any, regions: Any, box: Any, offsets: Any, below: Any, above: Any, alone: Any) -> None:
    """Weigh, for every cut of every ordered variable, the best regions that lie on one side of it.

    `below` at a cell is the weight of those that end there, `above` of those that begin there; ``alone[v]`` is the
    weight of those that hold only the missing cell, and of those that do not hold it.
    """
    first, of, low, high, missing, _, kind = regions
    box_low, box_high, box_missing, _ = box
    below[:], above[:], alone[:] = 0.0, 0.0, 0.0
    for p in range(len(best)):
        if not spread[p] > 0:
            continue
        for e in range(first[best[p]], first[best[p] + 1]):
            v = of[e]
            if kind[v]:
                continue
            lo, hi = max(low[e], box_low[v]), min(high[e], box_high[v])
            holds = missing[e] and box_missing[v]
            if lo > hi:
                alone[v, 0] += spread[p]
                continue
            if not holds:
                alone[v, 1] += spread[p]
                above[offsets[v] + lo] += spread[p]
            below[offsets[v] + hi] += spread[p]


@compiled
def best_cut(regions: Any, box: Any, offsets: Any, below: Any, above: Any, alone: Any) -> tuple[float, int, int]:
    """The cut with most weight on its lighter side: weight, variable, and last cell of its lower part.

    The missing cell belongs to the lower part; −1 for the last cell cuts it off from the others.
    """
    box_low, box_high, box_missing, _ = box
    weight, variable, last = 0.0, -1, -1
    for v in range(len(box_low)):
        if regions[6][v]:
            continue
        if box_missing[v] and box_low[v] <= box_high[v] and min(alone[v, 0], alone[v, 1]) > weight:
            weight, variable, last = min(alone[v, 0], alone[v, 1]), v, -1
        right = 0.0
        for c in range(box_low[v], box_high[v] + 1):
            right += above[offsets[v] + c]
        left = alone[v, 0]
        for c in range(box_low[v], box_high[v]):
            left += below[offsets[v] + c]
            right -= above[offsets[v] + c]
            if min(left, right) > weight:
                weight, variable, last = min(left, right), v, c
    return weight, variable, last


@compiled
def best_set(best: Any, spread: Any, regions: Any, box: Any) -> tuple[float, int, int]:
    """The set of values of a region with most weight on its lighter side: weight, variable, and entry of the set."""
    first, of, _, _, _, bits, kind = regions
    box_bits = box[3]
    weight, variable, entry = 0.0, -1, -1
    for v in range(len(kind)):
        if not kind[v]:
            continue
        widest, chosen = 0.0, -1
        for p in range(len(best)):
            for e in range(first[best[p]], first[best[p] + 1]):
                if of[e] == v and spread[p] > widest and parts_box(bits[e], box_bits[v]):
                    widest, chosen = spread[p], e
        inside, outside = 0.0, 0.0
        for p in range(len(best)):
            if chosen < 0 or not spread[p] > 0:
                continue
            for e in range(first[best[p]], first[best[p] + 1]):
                if of[e] == v:
                    within, apart = True, True
                    for w in range(bits.shape[1]):
                        mine = bits[e, w] & box_bits[v, w]
                        within = within and (mine & ~bits[chosen, w]) == 0
                        apart = apart and (mine & bits[chosen, w]) == 0
                    inside += spread[p] * within
                    outside += spread[p] * apart
        if min(inside, outside) > weight:
            weight, variable, entry = min(inside, outside), v, chosen
    return weight, variable, entry


@compiled
def parts_box(mine: Any, whole: Any) -> bool:
    """Whether a set holds some, but not all, of the values of a box."""
    some, others = False, False
    for w in range(len(mine)):
        some = some or (mine[w] & whole[w]) != 0
        others = others or (whole[w] & ~mine[w]) != 0
    return some and others


@compiled
def any_cut(best: Any, spread: Any, regions: Any, box: Any) -> tuple[int, int, int]:
    """A cut that parts the box, where the best regions meet in pairs but not all together.

    Variable; last cell of the lower part (−1: the missing cell alone); entry of the set, or −1.
    """
    first, of, low, high, missing, bits, kind = regions
    box_low, box_high, box_missing, box_bits = box
    for p in range(len(best)):
        if not spread[p] > 0:
            continue
        for e in range(first[best[p]], first[best[p] + 1]):
            v = of[e]
            if kind[v]:
                if parts_box(bits[e], box_bits[v]):
                    return v, -1, e
            elif box_missing[v] and box_low[v] <= box_high[v] and (not missing[e] or low[e] > high[e]):
                return v, -1, -1
            elif box_low[v] < low[e] <= box_high[v]:
                return v, low[e] - 1, -1
            elif box_low[v] <= high[e] < box_high[v]:
                return v, high[e], -1
    return -1, -1, -1
