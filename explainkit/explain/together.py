"""Parts of the work that know nothing of each other, two at a time where the model's library can stand it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from functools import partial
from typing import Generic, TypeVar

from explainkit.children import processors
from explainkit.explain.strategy import Strategy
from explainkit.load.steady import as_here, quiet_library

T = TypeVar("T")

_AT_ONCE = 2  # more would hold more at once
_SAFE = ("lightgbm", "xgboost")


def threads_for(strategy: Strategy) -> int:
    """How many parts may run at a time: one, unless every call of the model is known to bear others beside it.

    A function of the user may keep something between two calls, or draw from NumPy's global random state. Forests and
    pipelines of scikit-learn take Python's filters of warnings away for a moment in every call, for all threads.
    """
    inside = strategy.inside
    known = inside is not None and inside.bare and inside.family in _SAFE
    return min(_AT_ONCE, processors()) if known else 1


class Part(Generic[T]):
    """Work that is done once, however many ask for what it gives; what it raises is raised again to each of them."""

    def __init__(self, make: Callable[[], T], *, alone: bool = False, waits: bool = False) -> None:
        """`alone` says that none of its like runs beside it: it holds large tables, or sets filters of warnings.

        `waits` says that it may have to wait for another process, and comes after its like.
        """
        self.alone, self.waits = alone, waits
        self._make, self._lock = make, threading.Lock()
        self._made: list[T] = []
        self._raised: Exception | None = None

    def __call__(self) -> T:
        with self._lock:
            if self._raised is None and not self._made:
                try:
                    self._made.append(self._make())
                except Exception as error:  # noqa: BLE001 - of a library or of a model, whatever it is
                    self._raised = error
        if self._raised is not None:
            raise self._raised
        return self._made[0]


def together(parts: Sequence[Part[T]], *, threads: int) -> list[T]:
    """What each part gives, in the order of the parts; the error of the first that fails.

    Parameters
    ----------
    parts : sequence of Part
        Each draws its random numbers from a generator of its own, so that the order of work changes nothing. Those
        that stand alone are worked on one after the other, beside the others.
    threads : int
        How many run at a time.
    """
    if threads > 1:
        chain = sorted((part for part in parts if part.alone), key=lambda part: part.waits)
        lanes = [chain, *([part] for part in parts if not part.alone)]
        over = threading.Event()

        def work(lane: Sequence[Part[T]]) -> None:
            for part in lane:
                if not over.is_set():
                    part()

        # Python's filters of warnings belong to all threads: whoever sets them for a while would undo others' settings.
        with quiet_library(), ThreadPoolExecutor(threads) as pool:
            begun = [pool.submit(as_here(partial(work, lane))) for lane in lanes]
            try:
                wait(begun, return_when=FIRST_EXCEPTION)
            finally:  # after an error, or when the user breaks off, nothing more is begun
                if any(not lane.done() or lane.exception() for lane in begun):
                    over.set()
                    pool.shutdown(wait=False, cancel_futures=True)
    return [part() for part in parts]
