"""Garbage is looked for rarely in a job that makes hundreds of thousands of objects and then ends.

Nearly all of them, of libraries, results and documents, live to the end: looking through them again and again finds
nothing, and takes a tenth of the time.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

_NEW_OBJECTS = 100_000


def rarely() -> None:
    """Look for garbage among the youngest objects only after many new ones, unless it is switched off."""
    before = gc.get_threshold()
    if before[0]:
        gc.set_threshold(max(_NEW_OBJECTS, before[0]), *before[1:])


@contextmanager
def rarely_collected() -> Iterator[None]:
    """Look for garbage rarely to the end of the block."""
    before = gc.get_threshold()
    rarely()
    try:
        yield
    finally:
        gc.set_threshold(*before)
