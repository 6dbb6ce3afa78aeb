"""Decode Universal Binary JSON, in which XGBoost keeps its numbers bit by bit.

Format: UBJSON draft 12 (https://ubjson.org), as far as XGBoost writes it: numbers, texts, containers of known length
and of one type. Arrays of one type become NumPy arrays.
"""

from __future__ import annotations

import struct
from typing import Any

import numpy as np

_NUMBERS = {"i": ">i1", "U": ">u1", "I": ">i2", "l": ">i4", "L": ">i8", "d": ">f4", "D": ">f8"}
_KINDS = {ord(marker): np.dtype(kind) for marker, kind in _NUMBERS.items()}
_FORMATS = {ord(m): struct.Struct(">" + f) for m, f in zip("iUIlLdD", "bBhiqfd", strict=True)}
_CONSTANTS = {ord("Z"): None, ord("T"): True, ord("F"): False}


def decode(data: bytes) -> Any:
    """Value of a whole document.

    Raises
    ------
    ValueError
        If the bytes hold a type that XGBoost does not write, or a name twice.
    """
    return _value(data, 1, data[0])[0]


def _value(data: bytes, at: int, marker: int) -> tuple[Any, int]:
    """Value of the type `marker` that begins at `at`, and the position behind it."""
    if marker in _FORMATS:
        number = _FORMATS[marker]
        return number.unpack_from(data, at)[0], at + number.size
    if marker == ord("S"):
        return _text(data, at)
    if marker == ord("{"):
        return _object(data, at)
    if marker == ord("["):
        return _array(data, at)
    if marker in _CONSTANTS:
        return _CONSTANTS[marker], at
    raise ValueError(f"unknown marker {chr(marker)!r} at byte {at - 1}")


def _text(data: bytes, at: int) -> tuple[str, int]:
    length, at = _value(data, at + 1, data[at])
    return data[at : at + length].decode("utf-8"), at + length


def _object(data: bytes, at: int) -> tuple[dict[str, Any], int]:
    found = {}
    while data[at] != ord("}"):
        key, at = _text(data, at)
        if key in found:
            raise ValueError(f"{key!r} twice")
        found[key], at = _value(data, at + 1, data[at])
    return found, at + 1


def _array(data: bytes, at: int) -> tuple[Any, int]:
    if data[at] == ord("$"):
        kind = _KINDS[data[at + 1]]
        count, at = _value(data, at + 4, data[at + 3])
        return np.frombuffer(data, kind, count, at), at + count * kind.itemsize
    found = []
    if data[at] == ord("#"):
        count, at = _value(data, at + 2, data[at + 1])
        for _ in range(count):
            item, at = _value(data, at + 1, data[at])
            found.append(item)
        return found, at
    while data[at] != ord("]"):
        item, at = _value(data, at + 1, data[at])
        found.append(item)
    return found, at + 1
