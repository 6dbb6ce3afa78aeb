"""A release as a plain folder: complete or not there at all."""

from __future__ import annotations

import ctypes
import errno
import json
import os
import re
import shutil
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path

from explainkit.artifact import Artifact
from explainkit.errors import OutputError

_RENAME_EXCHANGE = 2
_AT_FDCWD = -100
_STAGING = re.compile(r"\.(?P<target>.+)\.(?P<process>[1-9][0-9]{0,8})\.partial(?P<old>\.old)?")
_IDLE_SECONDS = 3600
_MARKS = {
    "card.json": ("schema_version", "plan_digest"),
    "compare.json": ("schema_version", "before", "after"),
}
"""What tells a folder that may be replaced by force: a file, and members that it has."""


def staging_name(target: Path, process: int) -> str:
    """Name of the folder in which a process prepares a release, beside its target."""
    return f".{target.name}.{process}.partial"


def check_target(target: Path, *, force: bool) -> None:
    """Refuse to write over anything but an earlier release, and over that only by force.

    An earlier release that a killed run had moved away is put back first.

    Raises
    ------
    OutputError
        Before any work is done.
    """
    if target.is_symlink() or (target.exists() and not target.is_dir()):
        raise OutputError("the place for the release is taken", where=str(target), found="not a folder")
    if not target.parent.is_dir():
        raise OutputError("no such folder", where=str(target.parent), remedy="create it, or choose another --out")
    if not os.access(target.parent, os.W_OK):
        raise OutputError("the folder cannot be written to", where=str(target.parent))
    if not target.exists():
        _put_back(target)
    if not target.exists() or not any(target.iterdir()):
        return
    if not _is_release(target):
        raise OutputError(
            "the folder exists and is not a release",
            where=str(target),
            found=f"{sum(1 for _ in target.iterdir())} entries",
            allowed="a new folder, an empty one, or an earlier release with --force",
            remedy="choose another --out",
        )
    if not force:
        raise OutputError(
            "a release stands there already", where=str(target), remedy="--force replaces it, or choose another --out"
        )


def write_release(
    target: Path, files: Iterable[Artifact], *, finish: Callable[[Path], None], force: bool = False
) -> None:
    """Write a release beside its target, finish it there, and put it in place in one step.

    Parameters
    ----------
    target : pathlib.Path
        Folder of the release.
    files : iterable of Artifact
        What it holds.
    finish : callable
        Called with the staging folder when all files are written; signs them.
    force : bool, default False
        Replace an earlier release.

    Raises
    ------
    OutputError
        If the target is taken, or the disk is full; nothing is left behind and nothing is changed then.
    """
    check_target(target, force=force)
    _sweep(target)
    staging = target.parent / staging_name(target, os.getpid())
    try:
        staging.mkdir()
        for artifact in files:
            path = staging / artifact.name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(artifact.data)
        finish(staging)
        _flush(staging)
        _put_in_place(staging, target)
    except OSError as error:
        raise OutputError(
            "the release cannot be written",
            where=str(target),
            found=error.strerror or str(error),
            remedy="free some space" if error.errno in (errno.ENOSPC, errno.EDQUOT) else None,
        ) from error
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def _sweep(target: Path) -> None:
    """Remove what killed processes prepared: of processes that are no more, and untouched for a while.

    Where several machines write to one disk, a process of another machine is unknown here, but is not idle so long.
    """
    for folder in target.parent.iterdir():
        found = _STAGING.fullmatch(folder.name)
        if found is None or found["target"] != target.name or running(int(found["process"])):
            continue
        with suppress(OSError):  # another process was faster
            if time.time() - folder.stat().st_mtime > _IDLE_SECONDS:
                shutil.rmtree(folder, ignore_errors=True)


def _put_back(target: Path) -> None:
    """Put back an earlier release that was moved away by a process that is no more."""
    for folder in sorted(target.parent.iterdir()):
        found = _STAGING.fullmatch(folder.name)
        if found and found["old"] and found["target"] == target.name and not running(int(found["process"])):
            with suppress(OSError):  # another process was faster
                os.replace(folder, target)
            return


def running(process: int) -> bool:
    """Whether a process of this machine exists; True where that cannot be asked."""
    if os.name != "posix":  # elsewhere, asking would end it
        return True
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True


def _is_release(folder: Path) -> bool:
    """Whether there is an earlier release, or a comparison."""
    return any(_holds(folder / name, *members) for name, members in _MARKS.items())


def _holds(path: Path, *members: str) -> bool:
    try:
        document = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return False
    return isinstance(document, dict) and all(member in document for member in members)


def _flush(folder: Path) -> None:
    """Bring files and folders to the disk, deepest first."""
    for path in sorted(folder.rglob("*"), reverse=True):
        _fsync(path)
    _fsync(folder)


def _fsync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _put_in_place(staging: Path, target: Path) -> None:
    if not target.exists() or not any(target.iterdir()):
        os.replace(staging, target)
    elif not _exchange(staging, target):
        # The kernel or file system has no exchange: two renames, the old release kept until the new one stands. Who is
        # killed between them leaves neither; `_put_back` finds the old one.
        old = target.parent / f"{staging.name}.old"
        os.replace(target, old)
        try:
            os.replace(staging, target)
        except OSError:
            os.replace(old, target)
            raise
        shutil.rmtree(old)
    _fsync(target.parent)


def _exchange(one: Path, other: Path) -> bool:
    """Exchange two folders in one step (Linux renameat2)."""
    renameat2 = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)
    if renameat2 is None:
        return False
    status: int = renameat2(_AT_FDCWD, os.fsencode(one), _AT_FDCWD, os.fsencode(other), _RENAME_EXCHANGE)
    return status == 0
