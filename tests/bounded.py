"""How much of a long test each run takes: a share that finds coarse mistakes, or all with EXPLAINKIT_LONG_TESTS=1.

Of the tests marked slow, CI runs one in `SHARES`, others at each commit, to stay below 25 minutes; `make test` all.
"""

from __future__ import annotations

import os
import zlib

import pytest

LONG = os.environ.get("EXPLAINKIT_LONG_TESTS") == "1"
long = pytest.mark.skipif(not LONG, reason="takes minutes: EXPLAINKIT_LONG_TESTS=1, or make test-long")
"""Mark of what only the long run does."""


SHARES = 4


def in_turn(name: str, commit: str) -> bool:
    """Whether a slow test is among those that CI runs at a commit.

    Parameters
    ----------
    name : str
        Its id.
    commit : str
        In hexadecimal digits, as git gives it.
    """
    return zlib.crc32(f"{commit} {name}".encode()) % SHARES == 0


def share(of: int, bounded: int) -> int:
    """How many cases to try: `of` in the long run, `bounded` in every run."""
    return of if LONG else bounded
