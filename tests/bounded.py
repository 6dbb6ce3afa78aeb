"""How much of a long test each run takes: a share that finds coarse mistakes, or all with EXPLAINKIT_LONG_TESTS=1."""

from __future__ import annotations

import os

import pytest

LONG = os.environ.get("EXPLAINKIT_LONG_TESTS") == "1"
long = pytest.mark.skipif(not LONG, reason="takes minutes: EXPLAINKIT_LONG_TESTS=1, or make test-long")
"""Mark of what only the long run does."""


def share(of: int, bounded: int) -> int:
    """How many cases to try: `of` in the long run, `bounded` in every run."""
    return of if LONG else bounded
