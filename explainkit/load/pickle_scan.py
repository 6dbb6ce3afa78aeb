"""What a pickle would import, read without running any of it.

This is advice to a person who is about to trust a file, not a guard: there are more ways to hide a call in a pickle
than a list can name, so nothing is ever opened because a scan found nothing. Formats: the opcodes of Python's own
pickletools (protocols 0 to 5), and the compressions that joblib writes, as far as the standard library knows them.
"""

from __future__ import annotations

import bz2
import io
import lzma
import pickletools
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
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
_MOST_OPCODES = 2_000_000
"""A second's work; a bomb of a thousand bytes could hold hundreds of millions."""
_DEEP = 64  # texts that are remembered; a name needs two
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
    found = _Reading()
    try:
        found.all_of(data)
    except (ValueError, IndexError, KeyError, AttributeError, TypeError, UnicodeDecodeError):
        whole = False
    return Scan(imports=tuple(sorted(found.names)), complete=whole)


@dataclass(slots=True)
class _Reading:
    """What is known of a pickle so far, as far as names need it."""

    names: set[str] = field(default_factory=set)
    pushed: list[str | None] = field(default_factory=list)
    """Texts on the stack, None for anything else."""
    memo: dict[int, str | None] = field(default_factory=dict)
    outer: list[tuple[list[str | None], dict[int, str | None]]] = field(default_factory=list)
    """Stack and memo of pickles that hold another one: joblib puts arrays of objects inside as such."""

    def all_of(self, data: bytes) -> None:
        """Read to the end, also behind the end of a pickle.

        Raises
        ------
        ValueError
            Where no pickle stands, or after more opcodes than an honest one needs.
        """
        stream, left = io.BytesIO(data), _MOST_OPCODES
        while stream.tell() < len(data) or not data:
            begun = stream.tell()
            for opcode, argument, position in pickletools.genops(stream):
                left -= 1
                if left < 0:
                    raise ValueError("too many opcodes")
                if opcode.name == "PROTO" and position != begun:
                    self.outer.append((self.pushed, self.memo))
                    self.pushed, self.memo = [], {}
                self.one(opcode.name, argument)
            self.pushed, self.memo = self.outer.pop() if self.outer else ([], {})

    def one(self, kind: str, argument: Any) -> None:
        """Take one opcode."""
        pushed = self.pushed
        if kind in ("GLOBAL", "INST"):
            self.names.add(".".join(str(argument).split(" ", 1)))
        elif kind == "STACK_GLOBAL":
            module, name = [None, None, *pushed][-2:]
            self.names.add(f"{module or '(hidden)'}.{name or '(hidden)'}")
        elif kind in ("EXT1", "EXT2", "EXT4"):
            self.names.add(f"copyreg.extension {argument}")
        elif kind in ("PERSID", "BINPERSID"):
            self.names.add("a persistent object")
        if kind in ("MEMOIZE", "BINPUT", "LONG_BINPUT", "PUT"):
            self.memo[len(self.memo) if argument is None else int(argument)] = pushed[-1] if pushed else None
        elif kind in ("GET", "BINGET", "LONG_BINGET"):
            pushed.append(self.memo.get(int(argument)))
        elif kind not in _NOT_PUSHED:
            text = isinstance(argument, str) and any(word in kind for word in _TEXTS)
            pushed.append(argument if text else None)
        del pushed[:-_DEEP]


def _clean(name: str) -> str:
    """A name from a file, as one short piece of a line."""
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in name)[:80]
