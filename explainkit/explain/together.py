"""Parts of the work that know nothing of each other, two at a time where the model's library can stand it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Generic, TypeVar

from explainkit.explain.strategy import Strategy
from explainkit.explain.tree.threads import processors
from explainkit.load.steady import as_here, quiet_library

T = TypeVar("T")

_AT_ONCE = 2  # a part may hold tables of a hundred megabytes
_SAFE = ("lightgbm", "xgboost", "scikit-learn")


def threads_for(strategy: Strategy) -> int:
    """How many parts may run at a time: one, unless every call of the model is known to bear others beside it.

    A function of the user, or a pipeline that was not read, may keep something between two calls, or draw from NumPy's
    global random state.
    """
    known = strategy.inside is not None and strategy.inside.family in _SAFE
    return min(_AT_ONCE, processors()) if known else 1


def together(parts: Sequence[Callable[[], T]], *, threads: int) -> list[T]:
    """What each part returns, in the order of the parts; the error of the first that fails.

    Parameters
    ----------
    parts : sequence of callable
        Each draws its random numbers from a generator of its own, so that the order of work changes nothing.
    threads : int
        How many run at a time.
    """
    if threads <= 1:
        return [part() for part in parts]
    # Python's filters of warnings belong to all threads: whoever sets them for a while would undo what others set.
    with quiet_library(), ThreadPoolExecutor(threads) as pool:
        begun = [pool.submit(as_here(part)) for part in parts]
        try:
            return [part.result() for part in begun]
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


class Once(Generic[T]):
    """What a function returns, called once however many threads ask."""

    def __init__(self, make: Callable[[], T]) -> None:
        self._make, self._lock = make, threading.Lock()
        self._made: list[T] = []

    def __call__(self) -> T:
        with self._lock:
            if not self._made:
                self._made.append(self._make())
        return self._made[0]
