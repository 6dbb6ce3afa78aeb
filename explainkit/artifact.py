"""Bytes with a name, a media type and a digest: what is hashed, signed and attached."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

_BLOCK = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Artifact:
    """One file in memory, before it is written."""

    name: str
    """Path relative to the release folder, with forward slashes."""
    data: bytes
    """The exact bytes."""
    media_type: str
    """IANA media type, for example ``application/json``."""

    @property
    def sha256(self) -> str:
        """Digest of the bytes, 64 hexadecimal digits."""
        return sha256_of(self.data)


def sha256_of(data: bytes) -> str:
    """SHA-256 of bytes as 64 hexadecimal digits."""
    return hashlib.sha256(data).hexdigest()


def regular_file(path: Path) -> BinaryIO:
    """Open a file for reading, and nothing else that may have its name: a pipe would keep whoever reads it waiting.

    Raises
    ------
    OSError
        If it cannot be read, or is no regular file.
    """
    stream = path.open("rb") if os.name == "nt" else os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK), "rb")
    if not stat.S_ISREG(os.fstat(stream.fileno()).st_mode):
        stream.close()
        raise OSError("not a regular file")
    return stream


def sha256_file(path: Path) -> str:
    """SHA-256 of a file as 64 hexadecimal digits, read in blocks.

    Parameters
    ----------
    path : pathlib.Path
        An existing file.

    Raises
    ------
    OSError
        As `regular_file`.
    """
    digest = hashlib.sha256()
    with regular_file(path) as stream:
        while block := stream.read(_BLOCK):
            digest.update(block)
    return digest.hexdigest()


MOST_FILES = 10_000
"""In a folder that has a digest."""
WRITTEN_LATER = "registered_model_meta"
"""What MLflow adds to a folder when it brings it from a registry; no part of its digest."""


def sha256_folder(folder: Path) -> str:
    """SHA-256 of what a folder holds, as 64 hexadecimal digits.

    It is the digest of a list with a line for each file: its SHA-256, two spaces, and its path within the folder, with
    slashes; lines are sorted by the bytes of the paths. Folders that are empty, dates and rights are no part of it, nor
    is a file `WRITTEN_LATER` beside the others. Standard tools compute it too::

        cd FOLDER && find . -type f ! -path ./registered_model_meta -printf '%P\\n' | LC_ALL=C sort \\
          | xargs -d '\\n' sha256sum | sha256sum

    Parameters
    ----------
    folder : pathlib.Path
        An existing folder.

    Raises
    ------
    ValueError
        If it holds a link or anything else that is neither file nor folder, more than `MOST_FILES` files, or a name
        with a character that would need an escape in the list.
    """
    found = []
    for path, kind in _inside(folder):
        name = path.relative_to(folder).as_posix()
        if stat.S_ISDIR(kind) or name == WRITTEN_LATER:
            continue
        if not stat.S_ISREG(kind):
            raise ValueError(f"{name} is {'a link' if stat.S_ISLNK(kind) else 'no regular file'}")
        if set(name) & set("\\\n\r"):
            raise ValueError(f"the name {name!r} holds a backslash or ends a line")
        found.append(os.fsencode(name))
        if len(found) > MOST_FILES:
            raise ValueError(f"more than {MOST_FILES} files")
    lines = (sha256_file(folder / os.fsdecode(name)).encode() + b"  " + name + b"\n" for name in sorted(found))
    return sha256_of(b"".join(lines))


def _inside(folder: Path) -> Iterator[tuple[Path, int]]:
    """Everything beneath a folder, with its kind; links are not followed."""
    left = [folder]
    while left:
        with os.scandir(left.pop()) as entries:
            for entry in entries:
                kind = entry.stat(follow_symlinks=False).st_mode
                path = Path(entry.path)
                yield path, kind
                if stat.S_ISDIR(kind):
                    left.append(path)
