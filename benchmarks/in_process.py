"""Work timed within a process of its own, so that loading and training are left out."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.measure import Timing

ROOT = Path(__file__).parent.parent


def timed(module: str, *arguments: object, python: Path | None = None) -> Timing:
    """Run ``python -m module arguments`` with nothing compiled beforehand, and read the timing that it prints.

    Raises
    ------
    subprocess.CalledProcessError
        If it fails.
    """
    command = [str(python or sys.executable), "-m", module, *map(str, arguments)]
    with tempfile.TemporaryDirectory() as cache:
        environment = {**os.environ, "NUMBA_CACHE_DIR": cache, "PYTHONPATH": str(ROOT)}
        done = subprocess.run(
            command, check=True, capture_output=True, text=True, stdin=subprocess.DEVNULL, cwd=ROOT, env=environment
        )
    return Timing(**json.loads(done.stdout.splitlines()[-1]))


def clock(work: Callable[[], Any], runs: int, *, scale: float = 1.0) -> None:
    """Time work once cold, then `runs` times, and print the timing as JSON; seconds are multiplied by `scale`."""
    seconds = []
    for _ in range(runs + 1):
        begin = time.perf_counter()
        work()
        seconds.append((time.perf_counter() - begin) * scale)
    print(json.dumps({"first": seconds[0], "median": statistics.median(seconds[1:]), "memory": memory(), "runs": runs}))


def memory() -> float:
    """Largest resident memory in megabytes; the kernel's own account of a process begins with that of its parent."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024 / 1e6
    raise SystemExit("memory is read from /proc")
