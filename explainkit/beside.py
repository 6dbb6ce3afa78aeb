"""Work in a copy of this process, beside what goes on in it.

Python works on one processor at a time. A copy, made by fork, has all that was loaded and read so far, works on another
processor, and leaves what it found in a file. Only a process of this package's own is ever copied, never one of the
user's, whose threads and libraries may not bear it; elsewhere the same work is done in its turn, with the same result.
"""

from __future__ import annotations

import os
import pickle
import signal
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from tempfile import TemporaryFile
from typing import IO, NoReturn, TypeVar

from explainkit import docstrings
from explainkit.children import copied, end_with_parent, processors
from explainkit.garbage import rarely

T = TypeVar("T")

_own = False


def own() -> None:
    """Say that this process was started by this package, for one job."""
    global _own
    _own = True
    rarely()
    docstrings.unread()


def owned() -> bool:
    """Whether this process was started by this package: no thread of a user is at work in it."""
    return _own


def copies() -> bool:
    """Whether work is done in copies of this process."""
    return owned() and sys.platform == "linux" and processors() > 1


@contextmanager
def beside(work: Callable[[], T]) -> Iterator[Callable[[], T]]:
    """Begin a piece of work in a copy, where `copies`; what is yielded waits for it and gives, once, what it gave.

    Elsewhere the work is done when it is asked for. No thread may be at work when the copy is made.

    Parameters
    ----------
    work : callable
        What it gives can be pickled. What it changes in memory is lost.
    """
    if not copies():
        yield work
        return
    with TemporaryFile() as answer:
        child = _copied(work, answer)
        ended: list[int] = []

        def result() -> T:
            ended.append(os.waitpid(child, 0)[1])
            return _found(answer, ended[0])

        try:
            yield result
        finally:
            if not ended:
                with suppress(ProcessLookupError):
                    os.kill(child, signal.SIGKILL)
                os.waitpid(child, 0)


def _copied(work: Callable[[], T], answer: IO[bytes]) -> int:
    parent = os.getpid()
    child = copied()
    if child == 0:
        _work_and_exit(work, answer, parent)
    return child


def _work_and_exit(work: Callable[[], T], answer: IO[bytes], parent: int) -> NoReturn:
    """In the copy: leave without touching what belongs to the other."""
    code = 1
    try:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        end_with_parent()
        if os.getppid() == parent:
            try:
                found, problem = work(), None
            except Exception as error:  # noqa: BLE001 - whatever it is, it is raised again where the work is asked for
                error.add_note(traceback.format_exc())
                found, problem = None, _portable(error)
            pickle.dump((found, problem), answer, protocol=pickle.HIGHEST_PROTOCOL)
            answer.flush()
            code = 0
    finally:
        os._exit(code)


def _portable(error: Exception) -> Exception:
    """The error, or its name and text where a library made one that cannot be handed over."""
    try:
        pickle.loads(pickle.dumps(error))
    except Exception:  # noqa: BLE001 - a library's own code runs there
        return RuntimeError(f"{type(error).__name__}: {error}")
    return error


def _found(answer: IO[bytes], status: int) -> T:  # type: ignore[type-var]
    """What a copy left; if something ended it, that ends this process too."""
    if os.WIFSIGNALED(status):
        os.kill(os.getpid(), os.WTERMSIG(status))
    if os.waitstatus_to_exitcode(status) != 0:
        raise RuntimeError("what a copy of this process found cannot be handed over")
    answer.seek(0)
    found, problem = pickle.load(answer)
    if problem is not None:
        raise problem
    return found  # type: ignore[no-any-return]
