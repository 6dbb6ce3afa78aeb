"""Logos to test with, made here byte by byte."""

from __future__ import annotations

import struct
import zlib

SVG = """\
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 240 60" width="240" height="60"><title>Bank</title>
<defs><linearGradient id="g" gradientUnits="userSpaceOnUse" x1="2" y1="2" x2="58" y2="58">
<stop offset="0" stop-color="#7a1f5c"/><stop offset="100%" stop-color="rgb(217, 138, 192)"/></linearGradient>
<clipPath id="c"><rect width="240" height="60"/></clipPath></defs>
<g clip-path="url(#c)"><circle cx="30" cy="30" r="28" fill="url(#g)"/></g>
<path d="M18 42V18h10c8 0 8 11 2 11.5c8 1 7 12.5-2 12.5z" fill="#fff" opacity=".9"/>
<g style="fill:#7a1f5c;stroke:none"  transform="translate(1, 0) scale(1)">
<rect x="72" y="14" width="150" height="8"/></g>
</svg>
"""


def svg(body: str = "", *, opening: str = "") -> bytes:
    """A drawing with something in it, or in its opening tag."""
    return f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 40 20" {opening}>{body}</svg>'.encode()


def chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def png(
    width: int = 40,
    height: int = 20,
    *,
    depth: int = 8,
    colour: int = 6,
    interlaced: int = 0,
    pixels: bytes | None = None,
    packed: bytes | None = None,
    more: bytes = b"",
    after: bytes = b"",
) -> bytes:
    """A picture of one colour, half transparent where its type has alpha."""
    sample = {0: b"\x40", 2: b"\x14\x5a\x3c", 3: b"\x00", 4: b"\x40\x80", 6: b"\x14\x5a\x3c\x80"}[colour]
    if pixels is None:
        pixels = (b"\x00" + sample * width) * height
    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, interlaced)
    palette = chunk(b"PLTE", b"\x14\x5a\x3c") if colour == 3 else b""
    body = (
        chunk(b"IHDR", header) + more + palette + chunk(b"IDAT", packed or zlib.compress(pixels)) + chunk(b"IEND", b"")
    )
    return b"\x89PNG\r\n\x1a\n" + body + after
