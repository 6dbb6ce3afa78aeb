"""How long explainkit takes before it begins to work; the yardstick is ``import shap``."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from benchmarks.measure import Row, measure


def rows(runs: int) -> Iterator[Row]:
    """Import, help and verification."""
    shap = measure([sys.executable, "-c", "import shap"], runs=runs)
    command = Path(sys.executable).with_name("explainkit")

    def against_shap(work: str, goal: str, *parts: str | Path) -> Row:
        return Row(work=work, ours=measure(parts, runs=runs), peer="import shap", peers=shap, goal=goal)

    yield against_shap("import explainkit", "0.15 s", sys.executable, "-c", "import explainkit")
    yield against_shap("explainkit --help", "0.4 s", command, "--help")
    with tempfile.TemporaryDirectory() as folder:
        release = Path(folder) / "release"
        subprocess.run([command, "demo", "--quiet", "--out", release], check=True, stdin=subprocess.DEVNULL)
        trust = Path(folder) / "test-ca.pem"
        yield against_shap("explainkit verify RELEASE", "2 s", command, "verify", release, "--trust", trust)
