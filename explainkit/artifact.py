"""Bytes with a name, a media type and a digest: what is hashed, signed and attached."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

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


def sha256_file(path: Path) -> str:
    """SHA-256 of a file as 64 hexadecimal digits, read in blocks.

    Parameters
    ----------
    path : pathlib.Path
        An existing file.
    """
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while block := stream.read(_BLOCK):
            digest.update(block)
    return digest.hexdigest()
