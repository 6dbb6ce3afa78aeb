"""Garbage is looked for rarely while documents are made.

Layout and drawing make hundreds of thousands of objects that all live to the end: looking through them again and again
finds nothing, and takes a fifth of the time.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

_NEW_OBJECTS = 100_000


@contextmanager
def rarely_collected() -> Iterator[None]:
    """Look for garbage among the youngest objects only after many new ones, to the end of the block."""
    before = gc.get_threshold()
    gc.set_threshold(max(_NEW_OBJECTS, before[0]) if before[0] else 0, *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)
