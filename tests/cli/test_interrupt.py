"""An interrupt ends the job within a second, leaves nothing behind, and exits with 130."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

# A job that does not hear an interrupt, as if it were deep inside compiled code.
DEAF = """
import os, signal, sys, time
from pathlib import Path
from explainkit.cli.supervised import supervised
from explainkit.registries.directory import staging_name

target = Path(sys.argv[1])

def job():
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    (target.parent / staging_name(target, os.getpid())).mkdir()
    print("working", flush=True)
    time.sleep(120)
    return 0

sys.exit(supervised(job, target=target))
"""


# The parent is so slow that the child is at work before it gets on.
SLOW_PARENT = """
import os, time
fork = os.fork

def slow_fork():
    child = fork()
    if child:
        time.sleep(1)
    return child

os.fork = slow_fork
"""


@pytest.mark.parametrize("before", ["", SLOW_PARENT], ids=["", "slow parent"])
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_deaf_job_ends_at_once(tmp_path: Path, number: signal.Signals, code: int, before: str) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", before + DEAF, str(tmp_path / "release")],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "working\n"
    begin = time.monotonic()
    process.send_signal(number)
    _, errors = process.communicate(timeout=30)
    assert process.returncode == code
    assert errors.strip().splitlines() == ["explainkit: interrupted; nothing was written"]
    assert list(tmp_path.iterdir()) == []
    # The promise is one second; a busy machine gets ten.
    assert time.monotonic() - begin < 10


def test_an_audit_that_is_interrupted_leaves_nothing(case: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "explainkit", "audit", "audit.toml", "--out", "release"],
        cwd=case,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert process.stderr is not None
    before = sorted(p.name for p in case.iterdir())
    process.stderr.readline()
    time.sleep(0.5)
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does: the whole group hears it
    output, _ = process.communicate(timeout=30)
    assert process.returncode == 130
    assert output == ""
    assert sorted(p.name for p in case.iterdir()) == before


def test_a_crash_is_one_line(tmp_path: Path) -> None:
    script = (
        "import os, sys; from pathlib import Path; from explainkit.cli.supervised import supervised\n"
        "sys.exit(supervised(lambda: os.kill(os.getpid(), 11), target=Path('release')))"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 4
    assert "ended by SIGSEGV" in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


def test_exit_codes_pass_through() -> None:
    script = (
        "import sys; from pathlib import Path; from explainkit.cli.supervised import supervised\n"
        "sys.exit(supervised(lambda: 1, target=Path('release')))"
    )
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 1


def test_the_job_looks_for_cycles_less_often_and_whoever_waits_for_it_as_ever() -> None:
    script = (
        "import gc, sys; from pathlib import Path; from explainkit.cli.supervised import supervised\n"
        "before = gc.get_threshold()\n"
        "code = supervised(lambda: int(gc.isenabled() and gc.get_threshold()[0] > before[0]), target=Path('release'))\n"
        "sys.exit(code if gc.get_threshold() == before else 'changed')"
    )
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 1
