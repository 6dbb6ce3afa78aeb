"""The files of a release, each read once: what is verified is exactly what was read."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from explainkit.artifact import sha256_of
from explainkit.errors import InputError

LARGEST_FILE = 200 * 2**20
"""Bytes; a release with a larger file is refused unread."""
LARGEST_RELEASE = 400 * 2**20
"""Bytes of all files together; what goes beyond is refused unread."""
MOST_FILES = 1000
"""A release with more files is refused."""
SIGNATURES = "signatures"
FOLDERS = ("public", SIGNATURES)
SUMMARY_PDF = "public/summary.pdf"

_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,99}")
_ROLE_FOLDER = re.compile(r"[0-9]{2}-[a-z]{1,20}")


@dataclass(frozen=True, slots=True, kw_only=True)
class FileOnDisk:
    """One file as it was read."""

    name: str
    """Relative to the release, with forward slashes."""
    data: bytes

    @property
    def length(self) -> int:
        """Number of bytes."""
        return len(self.data)

    @property
    def sha256(self) -> str:
        """Digest, 64 hexadecimal digits."""
        return sha256_of(self.data)


@dataclass(frozen=True, slots=True, kw_only=True)
class Oddity:
    """Something in a release folder that does not belong there."""

    name: str
    what: str
    """Why it does not belong."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Contents:
    """Everything found in a release folder."""

    files: tuple[FileOnDisk, ...]
    """Sorted by name."""
    oddities: tuple[Oddity, ...]


def read_release(folder: Path) -> Contents:
    """Read a release folder: regular files at the top, in ``public/`` and in ``signatures/NN-role/``, nothing else.

    Links are not followed, pipes and devices not opened, hidden and oddly named files not read.

    Raises
    ------
    InputError
        If the folder or a file in it cannot be read.
    """
    files: list[FileOnDisk] = []
    oddities: list[Oddity] = []
    room = LARGEST_RELEASE
    for name, entry in _walk(folder, oddities):
        if len(files) == MOST_FILES:
            oddities.append(Oddity(name=name, what=f"one of more than {MOST_FILES} files"))
            break
        data = _read_regular(Path(entry.path), name, room)
        if isinstance(data, Oddity):
            oddities.append(data)
        else:
            files.append(FileOnDisk(name=name, data=data))
            room -= len(data)
    oddities += _alike([f.name for f in files])
    return Contents(files=tuple(sorted(files, key=lambda f: f.name)), oddities=tuple(oddities))


def _walk(folder: Path, oddities: list[Oddity], prefix: str = "") -> Iterator[tuple[str, os.DirEntry[str]]]:
    try:
        with os.scandir(folder) as scan:
            entries = sorted(scan, key=lambda e: e.name)
    except OSError as error:
        raise InputError("the folder cannot be read", where=str(folder), found=error.strerror or str(error)) from None
    if prefix and not entries:
        oddities.append(Oddity(name=_printable(prefix), what="an empty folder"))
    for entry in entries:
        name = prefix + entry.name
        if not _NAME.fullmatch(entry.name):
            oddities.append(Oddity(name=_printable(name), what="a name that no file of a release has"))
        elif entry.is_symlink():
            oddities.append(Oddity(name=name, what="a link"))
        elif entry.is_dir(follow_symlinks=False):
            if _belongs(name):
                yield from _walk(Path(entry.path), oddities, name + "/")
            else:
                oddities.append(Oddity(name=name + "/", what="a folder that does not belong to a release"))
        elif not entry.is_file(follow_symlinks=False):
            oddities.append(Oddity(name=name, what="neither a file nor a folder"))
        elif prefix == SIGNATURES + "/":
            oddities.append(Oddity(name=name, what="a file outside the folder of a signer"))
        else:
            yield name, entry


def _belongs(name: str) -> bool:
    first, _, rest = name.partition("/")
    return name in FOLDERS or (first == SIGNATURES and _ROLE_FOLDER.fullmatch(rest) is not None)


def _read_regular(path: Path, name: str, room: int) -> bytes | Oddity:
    """Bytes of a file that is still a regular one when it is opened."""
    try:
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0))
        with os.fdopen(descriptor, "rb") as stream:
            status = os.fstat(descriptor)
            if not stat.S_ISREG(status.st_mode):
                return Oddity(name=name, what="not a regular file")
            if status.st_size > LARGEST_FILE:
                return Oddity(name=name, what=f"larger than {LARGEST_FILE // 2**20} MB")
            if status.st_size > room:
                return Oddity(name=name, what=f"beyond {LARGEST_RELEASE // 2**20} MB of all files together")
            return stream.read(status.st_size)
    except OSError as error:
        raise InputError("the file cannot be read", where=str(path), found=error.strerror or str(error)) from None


def _alike(names: list[str]) -> list[Oddity]:
    """Names that are one name on file systems which ignore case."""
    seen: dict[str, str] = {}
    found = []
    for name in names:
        other = seen.setdefault(name.casefold(), name)
        if other != name:
            found.append(Oddity(name=name, what=f"differs from {other} in case only"))
    return found


def _printable(name: str) -> str:
    return ascii(name)[1:-1]
