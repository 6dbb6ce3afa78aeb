"""Docstrings of libraries are not worked on in a job that shows none.

SciPy and matplotlib take docstrings apart while they are imported, and put them together again with tables in them:
a third of the time that it takes to load them.
"""

from __future__ import annotations

import inspect


def unread() -> None:
    """Tell whoever asks `inspect` for documentation in this process from now on that there is none."""
    inspect.getdoc = lambda object: None
