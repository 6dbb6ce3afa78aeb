"""What a pickle would import, read without running any of it.

This is advice to a person who is about to trust a file, not a guard: there are more ways to hide a call in a pickle
than a list can name, so nothing is ever opened because a scan found nothing. Formats: the opcodes of Python's own
pickletools (protocols 0 to 5), and the compressions that joblib writes, as far as the standard library knows them.
"""

from __future__ import annotations

import bz2
import lzma
import pickletools
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

LARGEST = 2**28
"""Bytes of a pickle, unpacked, that are looked at."""

_OF_MODELS = frozenset(
    ("catboost", "collections", "copyreg", "joblib", "lightgbm", "numpy", "pandas", "scipy", "sklearn", "xgboost")
)
_UNPACKERS: tuple[tuple[tuple[bytes, ...], Callable[[], Any]], ...] = (
    ((b"x\x9c", b"x\x01", b"x\xda", b"x^"), zlib.decompressobj),
    ((b"\x1f\x8b",), lambda: zlib.decompressobj(wbits=31)),
    ((b"BZh",), bz2.BZ2Decompressor),
    ((b"\xfd7zXZ",), lzma.LZMADecompressor),
    ((b"]\x00\x00",), lambda: lzma.LZMADecompressor(lzma.FORMAT_ALONE)),
)
_TEXTS = ("UNICODE", "STRING")
_NOT_PUSHED = ("MEMOIZE", "BINPUT", "LONG_BINPUT", "PUT", "PROTO", "FRAME")


@dataclass(frozen=True, slots=True, kw_only=True)
class Scan:
    """What was found in a pickle."""

    imports: tuple[str, ...]
    """``module.name`` of everything that it would import, sorted."""
    complete: bool
    """Whether all of it could be read: joblib puts the bytes of arrays between the parts of a pickle."""

    def __str__(self) -> str:
        """The strangest names first: those of no library that models are made of."""
        strange = [name for name in self.imports if name.partition(".")[0] not in _OF_MODELS]
        parts = [_clean(name) for name in strange[:5]]
        if len(strange) > len(parts):
            parts.append(f"{len(strange) - len(parts)} more")
        usual = len(self.imports) - len(strange)
        if usual:
            parts.append(f"{usual} names of libraries for models")
        told = ", ".join(parts) or "nothing"
        return f"imports {told}" + ("" if self.complete else ", as far as it can be read")


def scan(path: Path) -> Scan:
    """Read what a file of pickle or joblib would import.

    Parameters
    ----------
    path : pathlib.Path
        At most `LARGEST` bytes are looked at.
    """
    with path.open("rb") as stream:
        data = stream.read(LARGEST)
    whole = path.stat().st_size <= LARGEST
    for heads, make in _UNPACKERS:
        if data.startswith(heads):
            try:
                unpacked = make()
                data = unpacked.decompress(data, LARGEST)
                whole = whole and bool(unpacked.eof)
            except (zlib.error, OSError, lzma.LZMAError, EOFError):
                return Scan(imports=(), complete=False)
    names: set[str] = set()
    try:
        for name in _imports(data):
            names.add(name)
    except (ValueError, IndexError, KeyError, AttributeError, TypeError, UnicodeDecodeError):
        whole = False
    return Scan(imports=tuple(sorted(names)), complete=whole)


def _imports(data: bytes) -> Iterator[str]:
    """Names that the opcodes of the first pickle import, in order."""
    pushed: list[str | None] = []  # texts on the stack, None for anything else; deep enough for a name in two parts
    memo: dict[int, str | None] = {}
    for opcode, argument, _ in pickletools.genops(data):
        kind = opcode.name
        if kind in ("GLOBAL", "INST"):
            yield ".".join(str(argument).split(" ", 1))
        elif kind == "STACK_GLOBAL":
            module, name = ([*pushed, None, None] if len(pushed) < 2 else pushed)[-2:]
            yield f"{module or '(hidden)'}.{name or '(hidden)'}"
        elif kind in ("EXT1", "EXT2", "EXT4"):
            yield f"copyreg.extension {argument}"
        elif kind in ("PERSID", "BINPERSID"):
            yield "a persistent object"
        if kind in ("MEMOIZE", "BINPUT", "LONG_BINPUT", "PUT"):
            memo[len(memo) if argument is None else int(argument)] = pushed[-1] if pushed else None
        elif kind in ("GET", "BINGET", "LONG_BINGET"):
            pushed.append(memo.get(int(str(argument))))
        elif kind not in _NOT_PUSHED:
            text = isinstance(argument, str) and any(word in kind for word in _TEXTS)
            pushed.append(argument if text else None)
        del pushed[:-64]


def _clean(name: str) -> str:
    """A name from a file, as one short piece of a line."""
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in name)[:80]
