"""Run a long job in a child process, so that an interrupt ends it within a second whatever it is doing.

Compiled code of numerical libraries does not return to Python for seconds, and does not hear an interrupt until then.
The parent stays light and hears it at once. The fork happens before any heavy import and before any thread.
"""

from __future__ import annotations

import contextlib
import gc
import os
import shutil
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import FrameType

from explainkit.cli.guard import INTERRUPTED, guarded, say
from explainkit.registries.directory import staging_name

_GRACE_SECONDS = 0.5
_POLL_SECONDS = 0.02
_HEARD = (signal.SIGINT, signal.SIGTERM)
_NEW_OBJECTS = 10_000
"""After how many new objects the job's process looks for cycles. It makes millions that stay, of libraries, and few
cycles: looking at every 700, as Python does, takes a fifteenth of its time."""


def supervised(job: Callable[[], int], *, target: Path) -> int:
    """Run a job that writes a release to `target`, and clean up after it if it is interrupted or killed.

    Parameters
    ----------
    job : callable
        Returns an exit code.
    target : pathlib.Path
        Where its release goes; its staging folder beside is removed if the job does not end by itself.

    Returns
    -------
    int
        The job's exit code; 130 when interrupted, 143 when terminated, 4 when the job was killed or crashed.
    """
    if not hasattr(os, "fork"):
        return job()
    sys.stdout.flush()
    sys.stderr.flush()
    # Held back until both sides are ready for them: a signal in between would end the parent and leave the child.
    held = signal.pthread_sigmask(signal.SIG_BLOCK, _HEARD)
    child = os.fork()
    if child == 0:
        _run_and_exit(job, held)
    caught: list[int] = []

    def forward(number: int, frame: FrameType | None) -> None:
        caught.append(number)
        with contextlib.suppress(ProcessLookupError):
            os.kill(child, signal.SIGINT)

    previous = {number: signal.signal(number, forward) for number in _HEARD}
    signal.pthread_sigmask(signal.SIG_SETMASK, held)
    try:
        status = _wait(child, caught)
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
    if not os.WIFEXITED(status) or caught:
        shutil.rmtree(target.parent / staging_name(target, child), ignore_errors=True)
    if caught:
        say(INTERRUPTED)
        return 130 if caught[0] == signal.SIGINT else 143
    if os.WIFEXITED(status):
        return os.WEXITSTATUS(status)
    name = signal.Signals(os.WTERMSIG(status)).name
    say(f"the audit was ended by {name} (out of memory, or a crash inside a library); nothing was written")
    return 4


def _run_and_exit(job: Callable[[], int], mask: set[int]) -> None:
    """In the child: run the job, and leave without touching what belongs to the parent."""

    def open_to_signals() -> int:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        return job()

    gc.set_threshold(_NEW_OBJECTS)
    code = 4
    try:
        code = guarded(open_to_signals, debug="--debug" in sys.argv, quiet_interrupt=True)
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _wait(child: int, caught: list[int]) -> int:
    """Wait for the child; once interrupted, only for a moment."""
    deadline = None
    while True:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return status
        if caught and deadline is None:
            deadline = time.monotonic() + _GRACE_SECONDS
        if deadline is not None and time.monotonic() > deadline:
            os.kill(child, signal.SIGKILL)
            return os.waitpid(child, 0)[1]
        time.sleep(_POLL_SECONDS)
