"""Compressed pickles, unpacked up to a limit and one layer deep, so that what is scanned is what is opened.

Formats: those that joblib writes (zlib, gzip, bz2, xz, lzma; lz4 frames where that library is installed).
"""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import zlib
from collections.abc import Callable
from typing import Protocol

from explainkit.errors import MissingExtraError

_BLOCK = 2**16


class _Readable(Protocol):
    def read(self, size: int, /) -> bytes: ...


class _Zlib:
    """One zlib stream, read like the other files."""

    def __init__(self, packed: io.BytesIO) -> None:
        self._packed, self._stream = packed, zlib.decompressobj()

    def read(self, size: int, /) -> bytes:
        while not self._stream.eof:
            more = self._stream.unconsumed_tail or self._packed.read(_BLOCK)
            block = self._stream.decompress(more, size)
            if block:
                return block
            if not more:
                raise EOFError("it ends early")
        return b""


def _lz4(packed: io.BytesIO) -> _Readable:
    try:
        from lz4.frame import LZ4FrameFile
    except ImportError:
        raise MissingExtraError("lz4", extra="lz4", needed_for="pickles that it compressed") from None
    found: _Readable = LZ4FrameFile(packed, "rb")
    return found


_READERS: tuple[tuple[tuple[bytes, ...], Callable[[io.BytesIO], _Readable]], ...] = (
    ((b"x\x9c", b"x\x01", b"x\xda", b"x^"), _Zlib),
    ((b"\x1f\x8b",), lambda packed: gzip.GzipFile(fileobj=packed)),
    ((b"BZh",), bz2.BZ2File),
    ((b"\xfd7zXZ", b"]\x00\x00"), lzma.LZMAFile),
    ((b"\x04\x22\x4d\x18",), _lz4),
)
PACKED = tuple(head for heads, _ in _READERS for head in heads)
"""How compressed files begin."""


def unpacked(data: bytes, *, most: int) -> tuple[bytes, str | None]:
    """What is in compressed bytes; other bytes as they are.

    Parameters
    ----------
    data : bytes
        A whole file, or its beginning.
    most : int
        Bytes to unpack: a bomb is not unpacked any further.

    Returns
    -------
    bytes, str or None
        The bytes, and why they are not all there are.

    Raises
    ------
    MissingExtraError
        If the library for them is not installed.
    """
    make = next((make for heads, make in _READERS if data.startswith(heads)), None)
    if make is None:
        return data, None
    found, left = bytearray(), most + 1
    try:
        stream = make(io.BytesIO(data))
        while left and (block := stream.read(min(left, _BLOCK))):
            found += block
            left -= len(block)
    except (zlib.error, lzma.LZMAError, OSError, EOFError, RuntimeError) as error:  # lz4 raises the last
        return bytes(found), f"{type(error).__name__}: {error}".splitlines()[0]
    return bytes(found[:most]), None if left else f"more than {most:,} bytes"
