"""PNG (ISO/IEC 15948) checked byte by byte: nothing but pixels, in the kinds that a PDF can hold as they are."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator

SIGNATURE = b"\x89PNG\r\n\x1a\n"
MOST_PIXELS = 2000
"""On either side."""
_CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
_DEPTHS = {0: (1, 8), 2: (8,), 3: (1, 2, 4, 8), 4: (8,), 6: (8,)}
"""Bits of a sample, by type of colour; PDF viewers and WeasyPrint disagree on the others."""
_KNOWN = {b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND", b"sRGB", b"gAMA", b"cHRM", b"pHYs", b"bKGD", b"sBIT"}
_LAST_FILTER = 4


def check_png(data: bytes) -> None:
    """Check that a file is a PNG that holds one picture and nothing else.

    Parameters
    ----------
    data : bytes
        The file.

    Raises
    ------
    ValueError
        That says what was found; texts, colour profiles and everything else that is no pixel is refused.
    """
    chunks = list(_chunks(data))
    names = [name for name, _ in chunks]
    if names[0] != b"IHDR" or names[-1] != b"IEND" or names.count(b"IHDR") != 1 or names.count(b"IEND") != 1:
        raise ValueError("chunks in a wrong order")
    if unknown := [name for name in names if name not in _KNOWN]:
        raise ValueError(f"chunk {unknown[0].decode('ascii', 'replace')!r}, which is no part of the picture")
    at = [i for i, name in enumerate(names) if name == b"IDAT"]
    if not at or at != list(range(at[0], at[0] + len(at))):
        raise ValueError("no run of IDAT chunks")
    size, colour = _header(chunks[0][1])
    if (colour == 3) != (b"PLTE" in names[: at[0]]) and colour != 2:
        raise ValueError("a palette where none belongs, or none where one does")
    _check_pixels(b"".join(body for name, body in chunks if name == b"IDAT"), *size)


def _chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    if not data.startswith(SIGNATURE):
        raise ValueError("no PNG signature")
    at = len(SIGNATURE)
    while at < len(data):
        if len(data) - at < 12:
            raise ValueError("bytes after the last chunk")
        (length,), name = struct.unpack(">I", data[at : at + 4]), data[at + 4 : at + 8]
        end = at + 12 + length
        if end > len(data):
            raise ValueError("a chunk that goes beyond the file")
        if zlib.crc32(data[at + 4 : end - 4]) != struct.unpack(">I", data[end - 4 : end])[0]:
            raise ValueError(f"a wrong checksum of chunk {name.decode('ascii', 'replace')!r}")
        yield name, data[at + 8 : end - 4]
        at = end
    if at == len(SIGNATURE):
        raise ValueError("no chunk")


def _header(body: bytes) -> tuple[tuple[int, int], int]:
    """Bytes of a row with its filter, and rows; and the type of colour."""
    if len(body) != 13:
        raise ValueError("an IHDR of a wrong length")
    width, height, depth, colour, packed, filtered, interlaced = struct.unpack(">IIBBBBB", body)
    if not (1 <= width <= MOST_PIXELS and 1 <= height <= MOST_PIXELS):
        raise ValueError(f"{width} × {height} pixels (at most {MOST_PIXELS} on either side)")
    if depth not in _DEPTHS.get(colour, ()):
        raise ValueError(f"{depth} bits of colour type {colour} (use 8 bits a channel)")
    if (packed, filtered, interlaced) != (0, 0, 0):
        raise ValueError("an interlaced picture")
    return (1 + (width * depth * _CHANNELS[colour] + 7) // 8, height), colour


def _check_pixels(packed: bytes, row: int, rows: int) -> None:
    """Every row is there, and no byte more: what unpacks is bounded before it is unpacked."""
    unpacking = zlib.decompressobj()
    try:
        pixels = unpacking.decompress(packed, row * rows + 1)
    except zlib.error as error:
        raise ValueError(f"pixels that cannot be unpacked ({error})") from None
    if len(pixels) != row * rows or not unpacking.eof or unpacking.unused_data:
        raise ValueError("more or fewer pixels than its size says")
    if max(pixels[::row]) > _LAST_FILTER:
        raise ValueError("an unknown filter of a row")
