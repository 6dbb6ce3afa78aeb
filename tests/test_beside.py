"""Work in a copy of the process: the same results and the same errors, and nothing left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from explainkit import beside as module
from explainkit.beside import beside, copies
from explainkit.errors import DataError, ExplainkitError, MissingExtraError

two_processors = pytest.mark.skipif(
    sys.platform != "linux" or len(os.sched_getaffinity(0)) < 2, reason="copies need Linux and a second processor"
)


@pytest.fixture
def _owned(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """As if the process of these tests were one of explainkit's own; it has no thread at work."""
    made: list[int] = []

    def copied() -> int:
        made.append(fork())
        return made[-1]

    fork = module.copied
    monkeypatch.setattr(module, "_own", True)
    monkeypatch.setattr(module, "copied", copied)
    yield
    assert made
    for process in made:
        with pytest.raises(ChildProcessError):
            os.waitpid(process, os.WNOHANG)  # no copy is left, running or waiting to be told of


def test_a_process_of_the_user_is_never_copied() -> None:
    assert not copies()
    called = []
    with beside(lambda: called.append(os.getpid())) as result:
        assert called == []
        result()
    assert called == [os.getpid()]


@two_processors
@pytest.mark.usefixtures("_owned")
def test_work_is_done_elsewhere_meanwhile(tmp_path: Path) -> None:
    def work() -> tuple[int, list[int]]:
        (tmp_path / "begun").touch()
        deadline = time.monotonic() + 60
        while not (tmp_path / "go on").exists() and time.monotonic() < deadline:
            time.sleep(0.005)
        changed.append(1)
        return os.getpid(), changed

    changed: list[int] = []
    with beside(work) as result:
        deadline = time.monotonic() + 60
        while not (tmp_path / "begun").exists() and time.monotonic() < deadline:
            time.sleep(0.005)
        (tmp_path / "go on").touch()
        process, there = result()
    assert process != os.getpid()
    assert there == [1]
    assert changed == []


@two_processors
@pytest.mark.usefixtures("_owned")
def test_much_can_be_handed_over() -> None:
    with beside(lambda: b"x" * 20_000_000) as result:
        assert result() == b"x" * 20_000_000


@two_processors
@pytest.mark.usefixtures("_owned")
@pytest.mark.parametrize(
    "error",
    [
        DataError("a column is missing", where="age", found="none", allowed="a column", remedy="add it"),
        MissingExtraError("torch", extra="torch", needed_for="this model"),
        ValueError("no number"),
    ],
)
def test_what_is_raised_there_is_raised_here(error: Exception) -> None:
    def work() -> None:
        raise error

    with pytest.raises(type(error)) as caught, beside(work) as result:
        result()
    assert str(caught.value) == str(error)
    if isinstance(error, ExplainkitError) and isinstance(caught.value, ExplainkitError):
        assert caught.value.parts() == error.parts()
        assert caught.value.exit_code == error.exit_code
    assert "in work" in caught.value.__notes__[0]  # where it was raised


class Odd(Exception):  # noqa: N818
    """As some libraries make them: it cannot be made again from what it says."""

    def __init__(self, one: str, two: str) -> None:
        super().__init__(f"{one} and {two}")


@two_processors
@pytest.mark.usefixtures("_owned")
def test_an_error_that_cannot_be_handed_over_is_told() -> None:
    def work() -> None:
        raise Odd("this", "that")

    with pytest.raises(RuntimeError, match="Odd: this and that"), beside(work) as result:
        result()


@two_processors
@pytest.mark.usefixtures("_owned")
def test_what_cannot_be_handed_over_is_an_error() -> None:
    with pytest.raises(RuntimeError, match="cannot be handed over"), beside(lambda: lambda: None) as result:
        result()


@two_processors
@pytest.mark.usefixtures("_owned")
def test_nobody_waits_for_it_after_an_error() -> None:
    begin = time.monotonic()
    with pytest.raises(KeyError), beside(lambda: time.sleep(600)):
        raise KeyError
    assert time.monotonic() - begin < 300


@two_processors
@pytest.mark.parametrize("name", ["SIGKILL", "SIGSEGV"])
def test_what_ends_the_copy_ends_the_process(name: str) -> None:
    code = f"""
        import os, signal
        from explainkit.beside import beside, own
        own()
        with beside(lambda: os.kill(os.getpid(), signal.{name})) as result:
            result()
        print("went on")
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == -getattr(signal, name)
    assert done.stdout == ""


@two_processors
def test_the_copy_ends_with_the_process() -> None:
    code = """
        import os, signal, sys, time
        from explainkit.beside import beside, own
        own()
        def work():
            print(os.getpid(), flush=True)
            time.sleep(600)
        with beside(work) as result:
            result()
    """
    with subprocess.Popen([sys.executable, "-c", textwrap.dedent(code)], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        copy = int(process.stdout.readline())
        process.kill()
        process.wait(60)
    deadline = time.monotonic() + 60
    while _alive(copy) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not _alive(copy)


def _alive(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


DRAWN = """
import hashlib
import sys
from explainkit.beside import own

if sys.argv[1] == "own":
    own()

import scipy.special
import scipy.stats
from explainkit.report import charts

x = [i / 40 for i in range(41)]
drawing = charts.curve(x, [scipy.special.ndtri(0.5 + v / 3) for v in x], x_axis="false", y_axis="true")
print(hashlib.sha256(drawing).hexdigest(), scipy.stats.kstwo.sf(0.1, 90), scipy.stats.rankdata([3, 1, 3]))
print("Returns" in scipy.stats.zscore.__doc__)
"""


def test_in_a_process_of_our_own_libraries_make_nothing_of_their_docstrings_and_the_same_of_numbers() -> None:
    found = [
        subprocess.run(
            [sys.executable, "-c", DRAWN, whose], capture_output=True, text=True, timeout=120, check=True
        ).stdout.splitlines()
        for whose in ("own", "user")
    ]
    (*ours, told), (*theirs, documented) = found
    assert ours == theirs
    assert told == "False"
    assert documented == "True"
