"""Processes of this package's own: how they are started, so that they run this very package and nothing else."""

from __future__ import annotations

import os
import site
import sys
import warnings
from pathlib import Path

_SET_PDEATHSIG, _SIGKILL = 1, 9


def command(module: str) -> list[str]:
    """The command that runs a module of this package.

    Parameters
    ----------
    module : str
        Its full name.
    """
    # -P: a file json.py in the working folder must not become a part of the process.
    return [sys.executable, "-P", "-m", module]


def environment() -> dict[str, str]:
    """The environment of this process, by which the child finds this very package, also in a source checkout."""
    found = dict(os.environ)
    root = str(Path(__file__).resolve().parents[1])
    if root not in [str(Path(p).resolve()) for p in (*site.getsitepackages(), site.getusersitepackages())]:
        known = found.get("PYTHONPATH")
        found["PYTHONPATH"] = f"{known}{os.pathsep}{root}" if known else root
    return found


def copied() -> int:
    """Copy this process: the number of the copy's process, and 0 in the copy."""
    with warnings.catch_warnings():
        # Newer versions of Python warn of threads: those that there are wait for something, and hold no lock.
        warnings.simplefilter("ignore", DeprecationWarning)
        return os.fork()


def end_with_parent() -> None:
    """Have the kernel end this process when the thread that started it ends."""
    if sys.platform.startswith("linux"):
        import ctypes

        ctypes.CDLL(None).prctl(_SET_PDEATHSIG, _SIGKILL, 0, 0, 0)


def processors() -> int:
    """Processors that this process may use."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # not on every system
        return os.cpu_count() or 1
