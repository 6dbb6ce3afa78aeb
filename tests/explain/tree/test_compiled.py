"""What is kept of compiled functions."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

KERNEL = """
from explainkit.explain.tree.compiled import compiled


@compiled
def total(numbers):
    sum = 0.0
    for number in numbers.copy():
        sum += number
    return sum
"""
USE = """
import sys

import numpy as np
from kernel import total

print(total(np.arange(5.0)), total.stats.cache_hits != {}, "numba.np.linalg" in sys.modules)
"""


def test_what_was_kept_is_loaded_without_what_compiles(tmp_path: Path) -> None:
    (tmp_path / "kernel.py").write_text(KERNEL)

    def told() -> str:
        command = [sys.executable, "-c", USE]
        return subprocess.run(command, cwd=tmp_path, check=True, capture_output=True, text=True).stdout.strip()

    assert told() == "10.0 False True"
    assert told() == "10.0 True False"
