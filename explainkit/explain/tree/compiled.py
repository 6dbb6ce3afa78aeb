"""Compilation by numba, kept on disk where the file system lets it be."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba

F = TypeVar("F", bound=Callable[..., Any])


def compiled(function: F) -> F:
    """Compile a function on its first call, without the interpreter's lock, and keep the result on disk if possible.

    numba takes a kept result for fresh as long as the file of the function itself is unchanged: who edits a function
    that those of other files call deletes what was kept (``make clean``).
    """
    compiler: Any = numba.njit
    try:
        made = compiler(cache=True, nogil=True, error_model="numpy")(function)
    except RuntimeError:  # no folder that numba may write to
        made = compiler(nogil=True, error_model="numpy")(function)
    return cast(F, made)
