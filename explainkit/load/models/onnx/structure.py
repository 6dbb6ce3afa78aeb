"""Tell an ONNX file by the structure of its bytes, without a library and whatever the file is called.

Format: a ``ModelProto`` of onnx.proto3 (https://github.com/onnx/onnx) in protocol buffers' wire format: fields, each a
number and a wire type, then a variable-length integer or a length and as many bytes.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import BinaryIO

_INTEGER, _BYTES = 0, 2
_FIELDS = {
    1: _INTEGER,
    5: _INTEGER,  # ir_version, model_version
    **dict.fromkeys((2, 3, 4, 6, 7, 8, 14, 20, 25, 26), _BYTES),
}
_IR_VERSION, _GRAPH = 1, 7
_HIGHEST_IR = 255
_LONGEST_INTEGER = 10  # bytes


def looks_like_onnx(stream: BinaryIO) -> bool:
    """Whether a file begins as an ONNX model does; it may be cut short further on.

    Parameters
    ----------
    stream : binary file
        It is left anywhere.
    """
    seen = []
    for number, value, _ in _fields(stream):
        if number == _IR_VERSION and not 1 <= value <= _HIGHEST_IR:
            return False
        seen.append(number)
        if _IR_VERSION in seen and len(seen) > 1:
            return True
    return _GRAPH in seen


def is_whole(stream: BinaryIO) -> bool:
    """Whether a file is nothing but fields of an ONNX model, the last one complete, with a graph among them."""
    end, graph = 0, False
    for number, _, end in _fields(stream):  # noqa: B007 - the last one is looked at
        graph = graph or number == _GRAPH
    return graph and end == stream.seek(0, os.SEEK_END)


def _fields(stream: BinaryIO) -> Iterator[tuple[int, int, int]]:
    """Of each field of the model its number, its integer or its length, and where it ends.

    The last is one that ends beyond the file, or stands before what is no field of a model.
    """
    size, at = stream.seek(0, os.SEEK_END), 0
    while at < size:
        stream.seek(at)
        tag = _integer(stream)
        kind = None if tag is None else _FIELDS.get(tag >> 3)
        value = _integer(stream)
        if tag is None or value is None or kind is None or kind != tag & 7:
            return
        at = stream.tell() + (value if kind == _BYTES else 0)
        yield tag >> 3, value, at


def _integer(stream: BinaryIO) -> int | None:
    found = 0
    for place in range(_LONGEST_INTEGER):
        byte = stream.read(1)
        if not byte:
            return None
        found |= (byte[0] & 0x7F) << (7 * place)
        if byte[0] < 0x80:
            return found
    return None
