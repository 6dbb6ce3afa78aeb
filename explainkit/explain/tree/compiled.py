"""Compilation by numba, kept on disk where the file system lets it be."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba
from numba.core.caching import FunctionCache
from numba.core.runtime.nrt import rtsys

F = TypeVar("F", bound=Callable[..., Any])

_ALONE = all(hasattr(FunctionCache, name) for name in ("_load_overload", "_guard_against_spurious_io_errors"))
"""Whether this version of numba keeps results in such a way that they can be loaded alone; else they are as it does."""


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
    if type(made._cache) is FunctionCache and _ALONE:
        made._cache = cast(Any, _Kept)(function)
    return cast(F, made)


class _Kept(FunctionCache):
    """Kept results, as ``cache=True`` has them, but loaded without what it takes to compile.

    numba first gathers all that it could compile, which takes several times as long as the loading. Compiled code needs
    nothing of that but what makes arrays; where no result is kept, the compilation itself gathers the rest.
    """

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        """What was kept for a signature, None where nothing was."""
        rtsys.initialize(target_context)
        kept: Any = self
        with kept._guard_against_spurious_io_errors():
            return kept._load_overload(sig, target_context)
