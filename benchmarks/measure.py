"""Time and memory of commands, each run in a process of its own."""

from __future__ import annotations

import os
import statistics
import subprocess
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """What some runs of one command took."""

    first: float
    """Seconds of the first run, with cold caches."""
    median: float
    """Median seconds of the runs after it."""
    memory: float
    """Largest resident memory of any process of any run, in megabytes (10^6 bytes)."""
    runs: int
    """Runs behind the median."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line of the table."""

    work: str
    ours: Timing
    peer: str
    """What it is compared with."""
    peers: Timing | None
    """None where the peer could not be run; the note says why."""
    goal: str = ""
    unit: str = "s"
    """What the times are in."""
    note: str = ""

    @property
    def ratio(self) -> float | None:
        """How many times as long the peer takes."""
        return self.peers.median / self.ours.median if self.peers else None


def measure(command: Sequence[str | Path], *, runs: int, cwd: Path | None = None) -> Timing:
    """Run a command once cold, then `runs` times.

    Raises
    ------
    subprocess.CalledProcessError
        With what the command wrote, if it fails.
    """
    samples = [_once([str(part) for part in command], cwd) for _ in range(runs + 1)]
    return Timing(
        first=samples[0][0],
        median=statistics.median(seconds for seconds, _ in samples[1:]),
        memory=max(memory for _, memory in samples),
        runs=runs,
    )


def _once(command: list[str], cwd: Path | None) -> tuple[float, float]:
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    with tempfile.TemporaryFile() as output:
        begin = time.perf_counter()
        process = subprocess.Popen(
            command, cwd=cwd, env=environment, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT
        )
        _, status, usage = os.wait4(process.pid, 0)  # also covers the processes that it waited for
        seconds = time.perf_counter() - begin
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode != 0:
            output.seek(0)
            raise subprocess.CalledProcessError(process.returncode, command, output.read().decode(errors="replace"))
    return seconds, usage.ru_maxrss * 1024 / 1e6
