"""Files, TCP ports and signals out of reach, by Landlock (landlock(7)): what is not listed cannot be opened."""

from __future__ import annotations

import ctypes
import os
import stat
import struct
from collections.abc import Iterable
from pathlib import Path

_CREATE, _ADD, _RESTRICT = 444, 445, 446  # the same on every architecture
_WANT_VERSION = 1
_BENEATH = 1
_EXECUTE, _WRITE, _READ, _LIST = 1 << 0, 1 << 1, 1 << 2, 1 << 3
_TRUNCATE, _DEVICES = 1 << 14, 1 << 15
_RIGHTS = {1: 13, 2: 14, 3: 15, 4: 15}
"""How many kinds of access to files each version knows; 16 from the fifth on."""


def version(libc: ctypes.CDLL) -> int:
    """Version of Landlock in this kernel, 0 where it has none or it is switched off."""
    found: int = libc.syscall(_CREATE, None, ctypes.c_size_t(0), _WANT_VERSION)
    return max(0, found)


def shut_off(libc: ctypes.CDLL, readable: Iterable[Path]) -> int:
    """Forbid everything on files but reading what is listed and all beneath it; TCP and signals to others too.

    It holds for this thread and those that it starts, so there should be no other yet.

    Parameters
    ----------
    libc : ctypes.CDLL
        The C library.
    readable : iterable of Path
        Files and folders; those that do not exist are left out.

    Returns
    -------
    int
        The version of Landlock that took hold, 0 where none did. Before 4 it knows no ports, before 6 no signals.
    """
    number = version(libc)
    if not number:
        return 0
    files = (1 << _RIGHTS.get(number, 16)) - 1
    ports, scopes = (0b11 if number >= 4 else 0), (0b11 if number >= 6 else 0)
    sized = {True: 24, number < 6: 16, number < 4: 8}[True]
    attributes = struct.pack("=QQQ", files, ports, scopes)[:sized]
    rules: int = libc.syscall(_CREATE, attributes, ctypes.c_size_t(sized), 0)
    if rules < 0:
        return 0
    try:
        for path in readable:
            _allow(libc, rules, path)
        return number if libc.syscall(_RESTRICT, rules, 0) == 0 else 0
    finally:
        os.close(rules)


def _allow(libc: ctypes.CDLL, rules: int, path: Path) -> None:
    try:
        place = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return
    try:
        kind = os.fstat(place).st_mode
        access = _READ | _LIST if stat.S_ISDIR(kind) else _READ
        if path == Path(os.devnull):
            access |= _WRITE
        libc.syscall(_ADD, rules, _BENEATH, struct.pack("=Qi", access, place), 0)
    finally:
        os.close(place)
