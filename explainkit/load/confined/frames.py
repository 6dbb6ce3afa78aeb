"""What goes through the pipes: a JSON object and raw arrays, never a pickle.

A message is the length of the head, the head, and the bytes of the arrays that the head lists with type and shape.
NumPy is loaded with the first array: the first message, which has none, begins a process that loads it as well.
"""

from __future__ import annotations

import json
import math
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import IO, TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Array = npt.NDArray[Any]

Head = dict[str, Any]

_LENGTH = struct.Struct(">4sQ")
_MAGIC = b"ekm1"
_LONGEST_HEAD = 2**28
_ARRAYS, _DIMENSIONS = 10_000, 3
ANSWERS = frozenset(("<f8", "<i8", "|b1"))
"""Types of arrays in an answer."""


class GarbledError(ValueError):
    """A message that cannot be read; its text says why, as a clause."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """A JSON object and arrays."""

    head: Head
    arrays: tuple[Array, ...] = field(default=(), repr=False)


def send(stream: IO[bytes], head: Mapping[str, Any], arrays: Sequence[Array] = ()) -> None:
    """Write a message.

    Raises
    ------
    OSError
        If nobody reads it.
    """
    whole = [_whole(array) for array in arrays]
    listed = [{"type": array.dtype.str, "shape": array.shape, "turned": turned} for array, turned in whole]
    text = json.dumps({**head, "arrays": listed}, allow_nan=False).encode()
    stream.write(_LENGTH.pack(_MAGIC, len(text)) + text)
    for array, _ in whole:
        if array.size:
            stream.write(array.reshape(-1).view("u1").data)
    stream.flush()


def _whole(array: Array) -> tuple[Array, bool]:
    """An array in one piece, and whether it is turned.

    Sums over an array depend, in their last bits, on the order in which it lies in memory: it stays as it is.
    """
    import numpy as np

    turned = array.flags.f_contiguous and not array.flags.c_contiguous
    return np.ascontiguousarray(array.T if turned else array), turned


def receive(stream: IO[bytes], *, most: int, types: frozenset[str] | None = ANSWERS) -> Message:
    """Read a message that may be hostile.

    Parameters
    ----------
    stream : file
        Opened for bytes.
    most : int
        Bytes that its arrays may have together.
    types : frozenset of str or None
        Types that they may have; None where the sender is trusted: any of numbers, flags and times.

    Raises
    ------
    EOFError
        If the stream ends.
    GarbledError
        If it is no message, or larger.
    """
    magic, length = _LENGTH.unpack(_exactly(stream, _LENGTH.size))
    if magic != _MAGIC:
        raise GarbledError("it does not begin as one")
    if length > _LONGEST_HEAD:
        raise GarbledError(f"its head has {length} bytes")
    try:
        head = json.loads(_exactly(stream, length), parse_constant=_no_constant)
        listed = head.pop("arrays")
        shapes = [_described(entry, types) for entry in listed]
        turned = [entry.get("turned") is True for entry in listed]
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        raise GarbledError("its head is not what it should be") from None
    total = sum(dtype.itemsize * math.prod(shape) for dtype, shape in shapes)
    if total > most or len(shapes) > _ARRAYS:
        raise GarbledError(f"{len(shapes)} arrays of {total} bytes")
    found = [_array(stream, dtype, shape) for dtype, shape in shapes]
    arrays = tuple(array.T if turn else array for array, turn in zip(found, turned, strict=True))
    return Message(head=head, arrays=arrays)


def _no_constant(text: str) -> float:
    raise ValueError(text)


def _described(entry: Any, types: frozenset[str] | None) -> tuple[np.dtype[Any], tuple[int, ...]]:
    """Type and shape of an array that is announced."""
    import numpy as np

    kind, shape = entry["type"], entry["shape"]
    if types is not None and kind not in types:
        raise ValueError(kind)
    dtype = np.dtype(str(kind))
    sizes = isinstance(shape, list) and all(type(n) is int and 0 <= n < 2**48 for n in shape)
    if dtype.kind not in "biufmM" or not sizes or len(shape) > _DIMENSIONS:
        raise ValueError(kind)
    return dtype, tuple(shape)


def _array(stream: IO[bytes], dtype: np.dtype[Any], shape: tuple[int, ...]) -> Array:
    import numpy as np

    found = np.empty(shape, dtype=dtype)
    if found.size:
        view = memoryview(found.reshape(-1).view(np.uint8).data)
        while view:
            count = stream.readinto(view)  # type: ignore[attr-defined]
            if not count:
                raise EOFError
            view = view[count:]
    if dtype.kind == "b" and found.view(np.uint8).max(initial=0) > 1:
        raise GarbledError("a flag that is neither true nor false")
    return found


def _exactly(stream: IO[bytes], count: int) -> bytes:
    data = stream.read(count)
    if len(data) != count:
        raise EOFError
    return data
