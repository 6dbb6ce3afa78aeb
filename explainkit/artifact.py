"""Bytes with a name, a media type and a digest: what is hashed, signed and attached."""

from __future__ import annotations

import hashlib
import os
import stat
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
