"""A copy of this process that works beside it, and talks with it.

`explainkit.beside` is for work that nobody has to talk about.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from multiprocessing.connection import Connection, Pipe

from explainkit.children import copied, end_with_parent

_running: set[int] = set()


@contextmanager
def twin(work: Callable[[Connection], None]) -> Iterator[Connection]:
    """A copy that does some work, and is gone at the end of the block, or when this process is.

    Parameters
    ----------
    work : callable
        What it does, given its end of a pipe. When it fails, the other end says so by `EOFError` or `OSError`.
    """
    ours, theirs = Pipe()
    parent, process = os.getpid(), copied()
    if process == 0:
        try:
            end_with_parent()
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
