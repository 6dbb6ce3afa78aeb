"""The compiled loops over rows: rows → codes → patterns → sums of table entries, or counts of patterns.

Rows are worked on in blocks, whose codes, patterns and sums stay in the near caches. Inner loops have no branches, so
that the compiler turns them into vector instructions.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from explainkit.explain.tree.compiled import compiled
from explainkit.explain.tree.ensemble import NAN_IS_ZERO, ZERO, ZERO_GOES

BLOCK = 2048
"""Rows worked on together."""
MOST_ROWS = 8192
"""Rows whose table entries are added together: many, so that tables beyond the near caches are fetched seldom."""
_SUMS = 200_000
"""Sums that are held at once, unless the rows of a block have more: few enough for the near caches."""


def rows_together(columns: int) -> int:
    """How many rows with so many sums `add_rows` works on together."""
    return max(BLOCK, min(MOST_ROWS, _SUMS // max(1, columns)))


@compiled
def encode_block(rows: Any, start: int, count: int, encoding: Any, codes: Any) -> None:
    """Codes of `count` rows from `start` on, into ``codes[n_codes, count or more]``."""
    column, missing, left, categorical, first, cuts, float32 = encoding
    place = np.empty(count, np.int32)
    value = np.empty(count, np.float64)
    for c in range(len(column)):
        thresholds = cuts[first[c] : first[c + 1]]
        size = len(thresholds)
        for r in range(count):
            x = rows[start + r, column[c]]
            value[r] = np.float64(np.float32(x)) if float32 else x
            place[r] = 0
        if missing[c] == NAN_IS_ZERO:
            for r in range(count):
                if np.isnan(value[r]):
                    value[r] = 0.0
        elif missing[c] == ZERO_GOES:
            for r in range(count):
                if abs(value[r]) <= ZERO:
                    value[r] = np.nan
        if categorical[c]:
            for r in range(count):
                x = np.trunc(value[r])
                k = np.searchsorted(thresholds, x)
                place[r] = 0 if k < size and thresholds[k] == x else 1
        else:
            step = (size + 1) // 2
            while step > 0:
                for r in range(count):
                    place[r] += step * (thresholds[place[r] + step - 1] < value[r])
                step //= 2
        absent = np.uint16(0) if left[c] else np.uint16(65535)
        for r in range(count):
            codes[c, r] = absent if np.isnan(value[r]) else place[r]


@compiled
def patterns_of(codes: Any, count: int, group: int, tests: Any, state: Any, out: Any) -> None:
    """Pattern of each of `count` rows in one group, into `out`; `state` is room to work in."""
    digit_first, stride, path, condition_first, conditions, counted, cut_first, cuts = tests
    for r in range(count):
        out[r] = 0
    for d in range(digit_first[group], digit_first[group + 1]):
        weight = stride[d]
        low, high = condition_first[d], condition_first[d + 1]
        first, last = cut_first[d], cut_first[d + 1]
        if first == last and high - low == 1:
            column = codes[conditions[low, 0]]
            smallest, width = conditions[low, 1], conditions[low, 2]
            for r in range(count):
                out[r] += weight * np.uint16(np.uint16(column[r] - smallest) <= width)
        elif low == high and last - first == 1:
            column = codes[counted[d]]
            cut = cuts[first]
            for r in range(count):
                out[r] += weight * np.uint16(column[r] > cut)
        else:
            for r in range(count):
                state[r] = path[d]
            for k in range(first, last):
                column = codes[counted[d]]
                cut = cuts[k]
                for r in range(count):
                    state[r] += np.uint16(column[r] > cut)
            for k in range(low, high):
                column = codes[conditions[k, 0]]
                smallest, width = conditions[k, 1], conditions[k, 2]
                for r in range(count):
                    state[r] *= np.uint16(np.uint16(column[r] - smallest) <= width)
            for r in range(count):
                out[r] += weight * state[r]


@compiled
def add_tables(count: int, patterns: Any, entries: Any, offsets: Any, tables: Any, sums: Any) -> None:
    """Add the table entries of a chunk of groups to ``sums[n_columns, count or more]``.

    ``entries[e] = (column, group)`` are ordered by column; four tables are added at a time, so that a sum is read and
    written once for four entries.
    """
    e, last = 0, len(entries)
    while e < last:
        total = sums[entries[e, 0]]
        end = e + 1
        while end < last and entries[end, 0] == entries[e, 0]:
            end += 1
        while end - e >= 4:
            a, b = tables[offsets[e] :], tables[offsets[e + 1] :]
            c, d = tables[offsets[e + 2] :], tables[offsets[e + 3] :]
            p, q = patterns[entries[e, 1]], patterns[entries[e + 1, 1]]
            s, t = patterns[entries[e + 2, 1]], patterns[entries[e + 3, 1]]
            for r in range(count):
                total[r] += (a[p[r]] + b[q[r]]) + (c[s[r]] + d[t[r]])
            e += 4
        while end - e >= 2:
            a, b = tables[offsets[e] :], tables[offsets[e + 1] :]
            p, q = patterns[entries[e, 1]], patterns[entries[e + 1, 1]]
            for r in range(count):
                total[r] += a[p[r]] + b[q[r]]
            e += 2
        if e < end:
            a, p = tables[offsets[e] :], patterns[entries[e, 1]]
            for r in range(count):
                total[r] += a[p[r]]
            e += 1


@compiled
def add_rows(rows: Any, first: int, end: int, encoding: Any, tests: Any, layout: Any, tables: Any, out: Any) -> None:
    """Add the values of rows `first` to `end` to ``out[n_rows, n_columns]``.

    ``layout`` is chunks, entries and where their tables start, as `explainkit.explain.tree.tabled.Tables` has them; the
    first pattern of each group and the place of each pattern in its table, none where all have one; and how many rows
    are worked on together.
    """
    chunks, entry_first, entries, offsets, pattern_first, places, together = layout
    columns, block = out.shape[1], min(together, end - first)
    codes = np.empty((len(encoding[0]), block), np.uint16)
    state = np.empty(block, np.uint16)
    sums = np.empty((columns, block))
    widest = 1
    for c in range(len(chunks) - 1):
        widest = max(widest, chunks[c + 1] - chunks[c])
    patterns = np.empty((widest, block), np.uint16)
    for start in range(first, end, block):
        count = min(block, end - start)
        encode_block(rows, start, count, encoding, codes)
        sums[:] = 0.0
        for c in range(len(chunks) - 1):
            for g in range(chunks[c], chunks[c + 1]):
                mine = patterns[g - chunks[c]]
                patterns_of(codes, count, g, tests, state, mine)
                if len(places) > 0:
                    place = places[pattern_first[g] :]
                    for r in range(count):
                        mine[r] = place[mine[r]]
            part = slice(entry_first[c], entry_first[c + 1])
            add_tables(count, patterns, entries[part], offsets[part], tables, sums)
        for j in range(columns):
            for r in range(count):
                out[start + r, j] += sums[j, r]


@compiled
def count_rows(rows: Any, first: int, end: int, encoding: Any, tests: Any, pattern_first: Any, counts: Any) -> None:
    """Count the patterns of rows `first` to `end` in each group into ``counts[n_patterns]``."""
    codes = np.empty((len(encoding[0]), BLOCK), np.uint16)
    state = np.empty(BLOCK, np.uint16)
    pattern = np.empty(BLOCK, np.uint16)
    for start in range(first, end, BLOCK):
        count = min(BLOCK, end - start)
        encode_block(rows, start, count, encoding, codes)
        for g in range(len(pattern_first) - 1):
            patterns_of(codes, count, g, tests, state, pattern)
            mine = counts[pattern_first[g] :]
            for r in range(count):
                mine[pattern[r]] += 1
