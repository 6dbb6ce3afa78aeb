"""A run that is killed at any of its steps on the file system leaves the release that was there, or the new one."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from explainkit.registries.directory import check_target

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux exchanges two folders in one step")

# For each line (a step, a folder) it forks a process that writes a release and is killed before that step. Steps are
# what Python tells audit hooks of: opening, renaming, removing, making folders, looking up functions of the C library
# (as renameat2, just before it is called). Between two of them, no other name on the disk can change.
WRITES = """
import json, os, signal, sys
from pathlib import Path

from explainkit.artifact import Artifact
from explainkit.registries import directory

if sys.argv[1] == "no exchange":
    directory._exchange = lambda one, other: False
NEW = tuple(Artifact(name=name, data=text.encode(), media_type="") for name, text in json.loads(sys.argv[2]).items())
left = None

def step(event, arguments):
    global left
    if left is not None and event.startswith(("open", "os.", "shutil.", "ctypes.dlsym")):
        left -= 1
        if left == 0:
            left = None
            os.kill(os.getpid(), signal.SIGKILL)

def sign(folder):
    (folder / "signatures").mkdir()
    (folder / "signatures" / "new.sig").write_text("new")

sys.addaudithook(step)
for line in sys.stdin:
    number, target = json.loads(line)
    child = os.fork()
    if child == 0:
        left = number
        directory.write_release(Path(target), NEW, finish=sign, force=True)
        left = None
        os._exit(0)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""
CARD = '{"schema_version": 1, "plan_digest": "", "name": "%s"}'
OLD = {"card.json": CARD % "old", "card.html": "old", "public/summary.json": "old", "signatures/old.sig": "old"}
NEW = {"card.json": CARD % "new", "card.pdf": "new", "public/summary.json": "new"}
SIGNED = {**NEW, "signatures/new.sig": "new"}


def put(folder: Path, files: dict[str, str]) -> None:
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(content)


def read(folder: Path) -> dict[str, str] | None:
    """What lies there, folders without a file too; None where nothing is."""
    if not folder.exists():
        return None
    return {
        path.relative_to(folder).as_posix(): path.read_text() if path.is_file() else "a folder"
        for path in folder.rglob("*")
        if path.is_file() or not any(path.iterdir())
    }


def left_at_every_step(
    folder: Path, before: dict[str, str] | None, kind: str, then: Callable[[Path], None] = lambda target: None
) -> list[dict[str, str] | None]:
    """What is there after a run that was killed before its first step, its second, and so on to the end."""
    place = folder / "place"
    found: list[dict[str, str] | None] = []
    writer = subprocess.Popen(
        [sys.executable, "-c", WRITES, kind, json.dumps(NEW)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    with writer:
        assert writer.stdin is not None
        assert writer.stdout is not None
        for number in range(1, 1000):
            shutil.rmtree(place, ignore_errors=True)
            place.mkdir()
            if before is not None:
                (place / "release").mkdir()
                put(place / "release", before)
            writer.stdin.write(json.dumps([number, str(place / "release")]) + "\n")
            writer.stdin.flush()
            code = int(writer.stdout.readline())
            then(place / "release")
            found.append(read(place / "release"))
            if code == 0:
                break
            assert code == -signal.SIGKILL
        writer.stdin.close()
    assert len(found) > 20  # steps
    return found


@pytest.mark.parametrize("before", [OLD, None, {}], ids=["a release", "nothing", "an empty folder"])
def test_the_old_release_or_the_new_one(before: dict[str, str] | None, tmp_path: Path) -> None:
    found = left_at_every_step(tmp_path, before, "exchange")
    turned = found.index(SIGNED)
    assert found[:turned] == [before] * turned
    assert found[turned:] == [SIGNED] * (len(found) - turned)
    assert 10 < turned < len(found) - 1  # before the end, and removed behind it what was exchanged


def test_without_an_exchange_nothing_is_lost(tmp_path: Path) -> None:
    """Then there is a moment when neither stands: the next run puts the old one back."""
    assert None in left_at_every_step(tmp_path, OLD, "no exchange")
    found = left_at_every_step(tmp_path, OLD, "no exchange", lambda target: check_target(target, force=True))
    turned = found.index(SIGNED)
    assert found == [OLD] * turned + [SIGNED] * (len(found) - turned)
