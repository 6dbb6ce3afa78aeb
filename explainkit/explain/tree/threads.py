"""Compiled loops over blocks of rows or of tables, on all processors that this process may use."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from explainkit.children import processors

_ROWS = 4096


def evenly(count: int, *, most: int, least: int) -> int:
    """How many of so many things to work on at once, so that all processors have as many: from `least` to `most`."""
    lanes = processors()
    rounds = -(-count // (most * lanes))
    return max(least, -(-count // max(1, rounds * lanes)))


def over_ranges(work: Callable[[int, int], Any], count: int, *, at_once: int = _ROWS) -> list[Any]:
    """Call ``work(first, end)`` for consecutive ranges of so many things, and list what it returns in their order.

    Each range is worked on by itself, so the number of threads changes no bit of the result.
    """
    ranges = [(first, min(first + at_once, count)) for first in range(0, count, at_once)]
    threads = min(processors(), len(ranges))
    if threads <= 1:
        return [work(*r) for r in ranges]
    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(lambda r: work(*r), ranges))
