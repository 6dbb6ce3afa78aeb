"""Processes of this package's own: how they are started, so that they run this very package and nothing else."""

from __future__ import annotations

import os
import site
import sys
from pathlib import Path


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
