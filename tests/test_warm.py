"""Warm processes are processes as any other: what goes in, what comes out, and how they end."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

Python = tuple[str, ...]


def run(python: Python, *arguments: str, **options: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # type: ignore[call-overload,no-any-return]
        [*python, *arguments], capture_output=True, text=True, timeout=60, check=False, **options
    )


LOOKS = """
import os, sys
print(sys.argv, os.getcwd(), os.environ["WORD"], "HOME" in os.environ, sys.stdin.read(), __name__)
print("aside", file=sys.stderr)
sys.exit(7)
"""


def test_streams_folder_environment_arguments_and_code(warm: Python, tmp_path: Path) -> None:
    options = {"cwd": tmp_path, "env": {"WORD": "wörd", "PATH": os.environ["PATH"]}, "input": "said"}
    found, expected = (run(python, "-c", LOOKS, "a b", "", **options) for python in (warm, (sys.executable,)))
    assert found.stdout == expected.stdout
    assert (found.returncode, found.stderr) == (expected.returncode, expected.stderr) == (7, "aside\n")


@pytest.mark.parametrize(
    ("text", "code"),
    [("", 0), ("raise SystemExit('no')", 1), ("1 / 0", 1), ("import os; os.kill(os.getpid(), 9)", -9), ("raise 3", 1)],
)
def test_ends_as_an_interpreter_does(warm: Python, text: str, code: int) -> None:
    found, expected = (run(python, "-c", text) for python in (warm, (sys.executable,)))
    assert found.returncode == expected.returncode == code
    assert found.stderr.splitlines()[-1:] == expected.stderr.splitlines()[-1:]


def test_what_is_registered_for_the_end_is_done(warm: Python) -> None:
    text = "import atexit, threading; atexit.register(print, 'end')\nthreading.Timer(0.2, print, ['late']).start()"
    assert run(warm, "-c", text).stdout == "late\nend\n"


def test_libraries_are_loaded_and_threads_are_not_started(warm: Python) -> None:
    text = "import os, sys; print({'numpy', 'shap', 'weasyprint'} <= sys.modules.keys(), os.listdir('/proc/self/task'))"
    found = run(warm, "-c", text).stdout
    assert found.startswith("True ['")
    assert found.count("'") == 2


def test_another_hash_seed_takes_another_interpreter(warm: Python) -> None:
    found = run(warm, "-c", "", env={**os.environ, "PYTHONHASHSEED": "77"})
    assert found.returncode == 1
    assert "an interpreter of its own is needed" in found.stderr


def test_ends_with_who_called_it(warm: Python) -> None:
    text = "import os, time; print(os.getpid(), flush=True); time.sleep(60)"
    caller = subprocess.Popen([*warm, "-c", text], stdout=subprocess.PIPE, text=True)
    with caller:
        assert caller.stdout is not None
        process = int(caller.stdout.readline())
        caller.send_signal(signal.SIGTERM)
        caller.wait(10)
        begin = time.monotonic()
        while Path(f"/proc/{process}").exists():
            assert time.monotonic() - begin < 10
            time.sleep(0.02)


def test_the_server_outlives_whoever_calls_it(warm: Python) -> None:
    callers = [subprocess.Popen([*warm, "-c", "import time; time.sleep(0.05)"]) for _ in range(20)]
    for caller in callers[::2]:
        caller.kill()
    assert {caller.wait(60) for caller in callers[1::2]} == {0}
    assert {caller.wait(60) for caller in callers[::2]} <= {0, -9}
    assert run(warm, "-c", "print(1)").stdout == "1\n"


@pytest.mark.parametrize("arguments", [("--version",), ("audit", "none.toml"), ("adit",), ("verify", "nowhere")])
def test_commands_say_what_they_say_from_nothing(warm: Python, tmp_path: Path, arguments: tuple[str, ...]) -> None:
    found, expected = (
        run(python, "-m", "explainkit", *arguments, cwd=tmp_path) for python in (warm, (sys.executable,))
    )
    assert (found.returncode, found.stdout, found.stderr) == (expected.returncode, expected.stdout, expected.stderr)
    assert found.returncode == (0 if arguments == ("--version",) else 2)
