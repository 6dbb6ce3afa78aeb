"""A copy of this process that works beside it: all that was loaded is at hand there, too."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from multiprocessing.connection import Connection, Pipe

_PR_SET_PDEATHSIG = 1
_running: set[int] = set()


def possible() -> bool:
    """Whether there is a second processor, and a system that copies processes and ends them with their parent."""
    return sys.platform == "linux" and len(os.sched_getaffinity(0)) > 1


@contextmanager
def twin(work: Callable[[Connection], None]) -> Iterator[Connection]:
    """A copy that does some work, and is gone at the end of the block, or when this process is.

    Parameters
    ----------
    work : callable
        What it does, given its end of a pipe. When it fails, the other end says so by `EOFError` or `OSError`.
    """
    ours, theirs = Pipe()
    parent = os.getpid()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # other threads: the printer's only waits for input
        process = os.fork()
    if process == 0:
        try:
            ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
            if os.getppid() == parent:
                ours.close()
                work(theirs)
        finally:
            os._exit(0)  # without the last acts of the process that this is a copy of
    _running.add(process)
    theirs.close()
    try:
        yield ours
    finally:
        ours.close()
        _running.discard(process)
        _signal(process, signal.SIGKILL)
        with suppress(ChildProcessError):
            os.waitpid(process, 0)


def stop_all() -> None:
    """Stop every copy, so that none writes a file any more; whoever waits for one goes on waiting."""
    for process in tuple(_running):
        _signal(process, signal.SIGSTOP)
        with suppress(ChildProcessError):
            os.waitpid(process, os.WUNTRACED)


def end_all() -> None:
    """End every copy, for a process about to end itself."""
    for process in tuple(_running):
        _signal(process, signal.SIGKILL)


def _signal(process: int, number: int) -> None:
    with suppress(ProcessLookupError):
        os.kill(process, number)
