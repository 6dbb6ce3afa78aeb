"""A single file, written whole or not at all."""

from __future__ import annotations

import os
import secrets
from contextlib import suppress
from pathlib import Path

from explainkit.errors import OutputError


def check_file(target: Path, *, force: bool, outside: Path | None = None) -> None:
    """Refuse a place that a file cannot be written to, or that is taken, before any work is done.

    Parameters
    ----------
    target : pathlib.Path
        The file.
    force : bool
        Whether one that exists may be replaced.
    outside : pathlib.Path, optional
        A release: with a file that nobody signed in its folder it would no longer verify.

    Raises
    ------
    OutputError
        If it is a folder, lies in none, exists, or lies in the release.
    """
    if outside is not None and outside.resolve() in (target.resolve(), *target.resolve().parents):
        raise OutputError(
            "a release holds nothing but what is signed", where=str(target), remedy="choose another place"
        )
    if target.is_dir() or (target.exists() and not force):
        remedy = "choose another place" if target.is_dir() else "--force replaces it, or choose another place"
        raise OutputError("the place for the file is taken", where=str(target), remedy=remedy)
    if not target.absolute().parent.is_dir():
        raise OutputError("no such folder", where=str(target.absolute().parent), remedy="create it first")


def write_file(target: Path, data: bytes) -> None:
    """Write a file whole or not at all.

    Raises
    ------
    OutputError
        If it cannot be written; what stood there stays.
    """
    staging = target.with_name(f".{target.name}.{secrets.token_hex(8)}.partial")
    try:
        staging.write_bytes(data)
        os.replace(staging, target)
    except OSError as error:
        raise OutputError("the file cannot be written", where=str(target), found=error.strerror) from error
    finally:
        with suppress(OSError):
            staging.unlink()
