"""Releases spoilt at random, in several files and ways at once: `verify` refuses them, raises nothing, and ends."""

from __future__ import annotations

import json
import random
import re
import shutil
import time
from pathlib import Path
from typing import Any

import pytest

from explainkit.records import canonical
from explainkit.sign.keys import TrialKeys
from explainkit.sign.verification import verify_release
from tests.bounded import share
from tests.sign.builders import read, restate

CASES = 150
LONG_CASES = 4000
LONGEST_SECONDS = 30
_NUMBER = re.compile(rb"\d+")
_WORDS = (
    b"endobj",
    b"stream",
    b"endstream",
    b"/ByteRange",
    b"/Contents",
    b"/Type",
    b"/Prev",
    b"xref",
    b"trailer",
    b"<<",
)
_DEEP = b"[" * 200_000


def spoilt(data: bytes, others: list[bytes], chance: random.Random) -> bytes:
    """Bytes changed in one of several ways."""
    at, length = chance.randrange(len(data) + 1), chance.choice((1, 1, 2, 8, 64, 1000))
    kind = chance.randrange(11)
    if kind == 0:
        return data[:at] + chance.randbytes(length) + data[at + length :]
    if kind == 1:
        return data[:at] + data[at + length :]
    if kind == 2:
        return data[:at] + data[at : at + length] * 3 + data[at + length :]
    if kind == 3:
        return data[:at]
    if kind == 4:
        return data + data[at : at + length]
    if kind == 5:
        other = chance.choice(others)
        start = chance.randrange(len(other) + 1)
        return data[:at] + other[start : start + length] + data[at + length :]
    if kind == 6:
        return chance.choice(others)
    if kind == 7:
        numbers = list(_NUMBER.finditer(data))
        if not numbers:
            return b""
        one = chance.choice(numbers)
        value = chance.choice((b"0", b"1", b"-1", b"4294967296", b"9" * 30, one[0] + b"0"))
        return data[: one.start()] + value + data[one.end() :]
    if kind == 8:
        word, new = chance.choice(_WORDS), chance.choice(_WORDS)
        return data.replace(word, new, 1)
    if kind == 9:
        return shaken(data, chance)
    return chance.choice((b"", b"\0" * 4096, b"{}", b"null", _DEEP, b'{"a":' * 1000, b"\xff\xfe", b"%PDF-1.7\n%%EOF\n"))


def shaken(data: bytes, chance: random.Random) -> bytes:
    """JSON with one member replaced, removed or added, and canonical again; other bytes reversed in part."""
    try:
        document = json.loads(data)
    except (ValueError, RecursionError):
        return data[: len(data) // 2] + data[len(data) // 2 :][::-1]
    holder: Any = document
    while isinstance(holder, dict | list) and holder:
        place = chance.choice(list(holder)) if isinstance(holder, dict) else chance.randrange(len(holder))
        if not isinstance(holder[place], dict | list) or not holder[place] or chance.random() < 0.3:
            new = chance.choice((None, True, -1, 1e300, "", "x" * 5000, [], {}, [[]], {"a": {"b": None}}))
            if chance.random() < 0.3:
                del holder[place]
            else:
                holder[place] = new
            break
        holder = holder[place]
    return canonical(document)


@pytest.mark.slow
@pytest.mark.parametrize("part", range(2))
def test_spoilt_releases(countersigned_once: Path, keys: TrialKeys, tmp_path: Path, part: int) -> None:
    chance = random.Random(20261129 + part)
    original = read(countersigned_once)
    names, everything = sorted(original), list(original.values())
    slowest = 0.0
    for case in range(share(LONG_CASES, CASES) // 2):
        folder = tmp_path / f"r{case}"
        shutil.copytree(countersigned_once, folder)
        for _ in range(chance.choice((1, 1, 1, 2, 4))):
            name = chance.choice((*names, "card.pdf", "card.json"))
            (folder / name).write_bytes(spoilt((folder / name).read_bytes(), everything, chance))
        if chance.random() < 0.4:  # the provider's own statement lists what is there
            restate(folder, keys.signer)
        same = read(folder) == original
        started = time.monotonic()
        for path in (folder, folder / "card.pdf"):
            found = verify_release(path, trust=[keys.ca])
            known = (original["card.pdf"] == (folder / "card.pdf").read_bytes()) if path.suffix else same
            assert found.state == "invalid" or known or path.suffix, (part, case, found.lines())
            assert found.exit_code == 3 or known, (part, case, found.lines())
            assert found.lines()
            json.dumps(found.to_json())
        slowest = max(slowest, time.monotonic() - started)
        shutil.rmtree(folder)
    assert slowest < LONGEST_SECONDS
