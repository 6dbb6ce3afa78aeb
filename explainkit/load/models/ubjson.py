"""Check that a UBJSON document is complete, before a library that would read past its end sees it.

Format: Universal Binary JSON, draft 12, with containers of one type and known length.
"""

from __future__ import annotations

_FIXED = {
    ord(k): v for k, v in {"Z": 0, "N": 0, "T": 0, "F": 0, "i": 1, "U": 1, "C": 1, "I": 2, "l": 4, "L": 8}.items()
}
_FIXED |= {ord("d"): 4, ord("D"): 8}
_INTEGERS = frozenset(map(ord, "iUIlL"))
_DEEPEST = 64


def is_complete(data: bytes) -> bool:
    """Whether the bytes are one whole UBJSON value, with nothing missing and nothing behind it."""
    try:
        return _value(data, 1, data[0], 0) == len(data)
    except (IndexError, ValueError):
        return False


def _value(data: bytes, at: int, marker: int, depth: int) -> int:
    """Position behind the value of the type `marker` that begins at `at`."""
    if depth > _DEEPEST:
        raise ValueError("nested too deeply")
    if marker in _FIXED:
        return _skip(data, at, _FIXED[marker])
    if marker in (ord("S"), ord("H")):
        length, at = _length(data, at)
        return _skip(data, at, length)
    if marker in (ord("["), ord("{")):
        return _container(data, at, keyed=marker == ord("{"), depth=depth)
    raise ValueError("unknown marker")


def _container(data: bytes, at: int, *, keyed: bool, depth: int) -> int:
    kind = count = None
    if data[at] == ord("$"):
        kind, at = data[at + 1], at + 2
    if data[at] == ord("#"):
        count, at = _length(data, at + 1)
    elif kind is not None:
        raise ValueError("a type without a count")
    if kind in _FIXED and count is not None and not keyed:
        return _skip(data, at, _FIXED[kind] * count)
    end = ord("}") if keyed else ord("]")
    done = 0
    while count is None or done < count:
        if count is None and data[at] == end:
            return at + 1
        if keyed:
            length, at = _length(data, at)
            at = _skip(data, at, length)
        marker = kind
        if marker is None:
            marker, at = data[at], at + 1
        at = _value(data, at, marker, depth + 1)
        done += 1
    return at


def _length(data: bytes, at: int) -> tuple[int, int]:
    marker = data[at]
    if marker not in _INTEGERS:
        raise ValueError("a length is an integer")
    end = _skip(data, at + 1, _FIXED[marker])
    length = int.from_bytes(data[at + 1 : end], "big", signed=marker != ord("U"))
    if length < 0:
        raise ValueError("a negative length")
    return length, end


def _skip(data: bytes, at: int, length: int) -> int:
    if at + length > len(data):
        raise IndexError("cut short")
    return at + length
