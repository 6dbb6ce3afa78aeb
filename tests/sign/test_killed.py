"""A run that is killed while it saves leaves exactly the release that was there, or the new one, whole."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from explainkit.sign.keys import TrialKeys
from explainkit.sign.verification import verify_release
from tests.bounded import share
from tests.sign.builders import make_evidence, make_files, read, write

pytestmark = pytest.mark.slow
KILLS = share(50, 12)
SEED = 20261129

# Holds everything loaded; for each line it forks a process that saves the release in the folder named there.
SAVES = """
import json, os, sys
from pathlib import Path

from explainkit.artifact import Artifact
from explainkit.evidence import Evidence
from explainkit.release import Release
from explainkit.sign.keys import Signer

target, signer = Path(sys.argv[1]), Signer.from_job(json.loads(sys.argv[2]))
for line in sys.stdin:
    source = Path(line.rstrip("\\n"))
    names = sorted(p.relative_to(source).as_posix() for p in source.rglob("*") if p.is_file())
    files = tuple(Artifact(name=n, data=(source / n).read_bytes(), media_type="") for n in names)
    release = Release(evidence=Evidence.from_json((source / "card.json").read_bytes()), files=files)
    child = os.fork()
    if child == 0:
        release.save(target, signer=signer, force=True)
        os._exit(0)
    print(child, flush=True)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""


@contextmanager
def saver(target: Path, keys: TrialKeys) -> Iterator[subprocess.Popen[str]]:
    """The process that saves; it and all that it started are gone at the end."""
    process = subprocess.Popen(
        [sys.executable, "-c", SAVES, str(target), json.dumps(keys.signer.to_job())],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        for pipe in (process.stdin, process.stdout):
            assert pipe is not None
            pipe.close()
        process.wait(timeout=30)


def save(process: subprocess.Popen[str], source: Path, *, killed_after: float | None = None) -> int:
    """Have a release saved, killed after some seconds or never; its exit code."""
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(f"{source}\n")
    process.stdin.flush()
    child = int(process.stdout.readline())
    if killed_after is not None:
        time.sleep(killed_after)
        with suppress(ProcessLookupError):  # it may have been faster
            os.kill(child, signal.SIGKILL)
    return int(process.stdout.readline())


def test_killed_at_random_moments(tmp_path: Path, keys: TrialKeys) -> None:
    sources = [write(tmp_path / name, make_files(make_evidence(name=name), public=True)) for name in ("old", "new")]
    target, chance = tmp_path / "place" / "release", random.Random(SEED)
    target.parent.mkdir()
    with saver(target, keys) as process:
        started = time.monotonic()
        assert save(process, sources[0]) == 0
        lasted = time.monotonic() - started
        outcomes = []
        for turn in range(1, KILLS + 1):
            before = read(target)
            code = save(process, sources[turn % 2], killed_after=chance.uniform(0, 1.1 * lasted))
            after = read(target)
            found = verify_release(target, trust=[keys.ca])
            assert found.state == "valid", (turn, found.lines())
            assert after == before or json.loads(after["card.json"])["name"] == ("old", "new")[turn % 2]
            outcomes.append((code, after == before))
    print(f"{KILLS} kills within {lasted:.2f} s: {sum(same for _, same in outcomes)} times the old release stands")
    assert (-signal.SIGKILL, True) in outcomes  # some were killed before the end
