"""The same inputs give the same bytes: another folder, hash seed, threads and processors change nothing."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.bounded import long

NAMES = ("card.json", "card.html", "card.pdf")


ON_ONE = (
    "import os, sys; os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:1]); os.execv(sys.argv[1], sys.argv[1:])"
)
"""Runs a command on one processor, where nothing is done in copies, nor pages laid out beside other work."""


def audit(folder: Path, plan: str, *, alone: bool, **environment: str) -> dict[str, bytes]:
    """Audit in a process of its own, without signing; the bytes of each file."""
    held = [sys.executable, "-c", ON_ONE] if alone and hasattr(os, "sched_setaffinity") else []
    done = subprocess.run(
        [*held, sys.executable, "-m", "explainkit", "audit", plan, "--quiet", "--out", "release"],
        cwd=folder,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
        stdin=subprocess.DEVNULL,
    )
    assert done.returncode in (0, 1), done.stderr
    return {name: (folder / "release" / name).read_bytes() for name in NAMES}


@pytest.mark.slow
@pytest.mark.parametrize("plan", ["audit-lightgbm.toml", pytest.param("audit.toml", marks=long)])
def test_same_bytes_everywhere(tmp_path: Path, sample_models: Path, plan: str) -> None:
    if "lightgbm" in plan:
        pytest.importorskip("lightgbm")
    runs = []
    for name, seed, threads in (("one", "1", "1"), ("another place", "4242", "2")):
        folder = tmp_path / name
        shutil.copytree(sample_models / "credit", folder)
        runs.append(
            audit(
                folder,
                plan,
                alone=threads == "1",
                PYTHONHASHSEED=seed,
                OMP_NUM_THREADS=threads,
                OPENBLAS_NUM_THREADS=threads,
                NUMBA_NUM_THREADS=threads,
                TZ="UTC" if threads == "1" else "Asia/Tokyo",
            )
        )
    for name in NAMES:
        assert runs[0][name] == runs[1][name], name
    card = runs[0]["card.json"].decode()
    for trace in (str(tmp_path), os.uname().nodename):
        assert trace not in card
