"""What a pickle would import, read without running any of it.

This is advice to a person who is about to trust a file, not a guard: nothing is ever opened because a scan found
nothing strange. The opcodes of Python's own pickletools (protocols 0 to 5) are followed as the unpickler would, with
inert things in place of what they make; what joblib puts between them, the bytes of arrays, is passed over.
"""

from __future__ import annotations

import io
import math
import pickletools
import re
from dataclasses import dataclass, field, replace
from typing import Any

from explainkit.load.known_names import is_known
from explainkit.load.steady import quiet_library
from explainkit.load.unpacking import unpacked

LARGEST = 2**28
"""Bytes of a file that nobody trusts, packed and unpacked, that are looked at."""
MOST_OPCODES = 2_000_000
"""Of such a file: a few seconds' work; a bomb of a thousand bytes could hold hundreds of millions."""

_TEXTS = frozenset(
    ("STRING", "BINSTRING", "SHORT_BINSTRING", "UNICODE", "SHORT_BINUNICODE", "BINUNICODE", "BINUNICODE8")
)
_INTEGERS = frozenset(("INT", "BININT", "BININT1", "BININT2", "LONG", "LONG1", "LONG4"))
_CONSTANTS = {"NONE": None, "NEWTRUE": True, "NEWFALSE": False}
_STORES = frozenset(("MEMOIZE", "BINPUT", "LONG_BINPUT", "PUT"))
_FETCHES = frozenset(("GET", "BINGET", "LONG_BINGET"))
_TUPLES = frozenset(("EMPTY_TUPLE", "TUPLE1", "TUPLE2", "TUPLE3", "TUPLE"))
_INTO = frozenset(("APPEND", "APPENDS", "ADDITEMS", "SETITEM", "SETITEMS"))
_CALLS = frozenset(("REDUCE", "NEWOBJ", "NEWOBJ_EX"))
_EXTENSIONS = frozenset(("EXT1", "EXT2", "EXT4"))
_EFFECTS = {
    opcode.name: (len(opcode.stack_before), "mark" in map(repr, opcode.stack_before), len(opcode.stack_after))
    for opcode in pickletools.opcodes
}
"""How many things each takes from the stack, whether down to a mark, and how many it puts there."""
_NUMBERS = re.compile(r"([biufcSUVmMO])([0-9]{1,9})")
"""NumPy's short names of types: a kind and bytes, or characters of four bytes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scan:
    """What was found in a pickle."""

    imports: tuple[str, ...]
    """`full_name` of everything that it would import, sorted."""
    complete: bool
    """Whether all of it could be read."""

    @property
    def known(self) -> tuple[str, ...]:
        """The names that pickles of models hold."""
        return tuple(name for name in self.imports if is_known(name))

    @property
    def strange(self) -> tuple[str, ...]:
        """The other names, as texts that may be printed."""
        return tuple(clean(name) for name in self.imports if not is_known(name))

    @property
    def elsewhere(self) -> bool:
        """Whether arrays lie in other files, as joblib wrote them before 0.10."""
        return any(re.fullmatch(r"joblib\..*\bZ?NDArrayWrapper", name) for name in self.imports)

    def __str__(self) -> str:
        """The strange names first."""
        parts = list(self.strange[:5])
        if len(self.strange) > len(parts):
            parts.append(f"{len(self.strange) - len(parts)} more")
        if self.known:
            parts.append(f"{len(self.known)} names of libraries for models")
        told = ", ".join(parts) or "nothing"
        return f"imports {told}" + ("" if self.complete else ", as far as it can be read")


def scan(data: bytes) -> Scan:
    """Read what a file of pickle or joblib that nobody trusts would import.

    Parameters
    ----------
    data : bytes
        The file, of which at most `LARGEST` bytes are looked at, also of what is compressed in them.

    Raises
    ------
    MissingExtraError
        If it is compressed by what is not installed.
    """
    inner, lacking = unpacked(data[:LARGEST], most=LARGEST)
    found = scan_bytes(inner, most_opcodes=MOST_OPCODES)
    return found if lacking is None and len(data) <= LARGEST else replace(found, complete=False)


def scan_bytes(data: bytes, *, most_opcodes: float = math.inf) -> Scan:
    """Read what a pickle would import; what stands behind its end is read, too.

    Parameters
    ----------
    data : bytes
        Not compressed.
    most_opcodes : float
        How many opcodes are looked at.
    """
    names: set[str] = set()
    stream, left = io.BytesIO(data), most_opcodes
    try:
        with quiet_library():  # texts of old protocols may hold escapes that Python no longer likes
            while stream.tell() < len(data) or not data:
                machine = _Machine(stream=stream, size=len(data), names=names, left=left)
                machine.run()
                left = machine.left
    except (ValueError, IndexError, KeyError, AttributeError, TypeError, OverflowError):
        return Scan(imports=tuple(sorted(names)), complete=False)
    return Scan(imports=tuple(sorted(names)), complete=True)


@dataclass(frozen=True, slots=True)
class _Named:
    """Something that is imported."""

    name: str


@dataclass(slots=True, eq=False)
class _Made:
    """Something that is made by a call."""

    by: Any
    arguments: Any
    state: Any = None

    def name(self) -> str:
        return self.by.name if isinstance(self.by, _Named) else ""


_MARK, _OTHER = object(), object()


@dataclass(slots=True)
class _Machine:
    """Follows one pickle: texts, integers, tuples and dictionaries by text as they are, anything else inert."""

    stream: io.BytesIO
    size: int
    names: set[str]
    left: float
    arrays: bool = True
    """Whether joblib reads it, which has arrays behind their descriptions."""
    frame: int = 0
    """Where the frame ends that the unpickler holds in memory."""
    stack: list[Any] = field(default_factory=list)
    memo: dict[int, Any] = field(default_factory=dict)

    def run(self) -> None:
        """Follow it to its end.

        Raises
        ------
        ValueError, IndexError, KeyError
            Where no pickle stands, or after more opcodes than are looked at.
        """
        argument: Any
        for opcode, argument, _ in pickletools.genops(self.stream):
            self.left -= 1
            if self.left < 0:
                raise ValueError("too many opcodes")
            kind = opcode.name
            if kind in _TEXTS or kind in _INTEGERS:
                self.stack.append(argument)
            elif kind in _STORES:
                self.memo[len(self.memo) if argument is None else argument] = self._top()
            elif kind in _FETCHES:
                self.stack.append(self.memo[argument])
            elif kind == "FRAME":
                self.frame = self.stream.tell() + argument
            elif kind == "BUILD":
                self._build()
            elif kind in _INTO:
                self._put(kind, self._taken(kind))
            else:
                self.stack += self._made(kind, argument)

    def _top(self) -> Any:
        if self.stack[-1] is _MARK:
            raise ValueError("nothing behind a mark")
        return self.stack[-1]

    def _pop(self, count: int) -> list[Any]:
        taken = self.stack[len(self.stack) - count :]
        if len(taken) < count or _MARK in taken:
            raise ValueError("an empty stack")
        del self.stack[len(self.stack) - count :]
        return taken

    def _taken(self, kind: str) -> list[Any]:
        """What an opcode takes from the stack, but for that into which it puts something."""
        count, marked, _ = _EFFECTS[kind]
        if not marked:
            return self._pop(count - (kind in _INTO))
        at = len(self.stack) - 1
        while self.stack[at] is not _MARK:
            at -= 1
            if at < 0:
                raise ValueError("no mark")
        taken = self.stack[at + 1 :]
        del self.stack[at:]
        return taken

    def _put(self, kind: str, items: list[Any]) -> None:
        into = self._top()
        if isinstance(into, dict) and kind in ("SETITEM", "SETITEMS"):
            into.update(_by_text(items))

    def _made(self, kind: str, argument: Any) -> list[Any]:
        """What an opcode puts on the stack."""
        if kind == "MARK":
            return [_MARK]
        if kind == "POP":
            self.stack.pop()
            return []
        if kind == "DUP":
            return [self._top()]
        taken = self._taken(kind)
        if kind in _CONSTANTS:
            return [_CONSTANTS[kind]]
        if kind in _TUPLES:
            return [tuple(taken)]
        if kind in ("EMPTY_DICT", "DICT"):
            return [_by_text(taken)]
        if kind in _CALLS:
            return [_Made(taken[0], taken[1])]
        if kind == "OBJ":
            return [_Made(taken[0], tuple(taken[1:]))]
        if kind in ("GLOBAL", "INST", "STACK_GLOBAL") or kind in _EXTENSIONS:
            named = self._named(kind, argument, taken)
            return [_Made(named, tuple(taken)) if kind == "INST" else named]
        if kind in ("PERSID", "BINPERSID"):
            self.names.add("a persistent object")
        return [_OTHER] * _EFFECTS[kind][2]

    def _named(self, kind: str, argument: Any, taken: list[Any]) -> _Named:
        if kind in _EXTENSIONS:
            name = f"copyreg.extension {argument}"
        elif kind == "STACK_GLOBAL":
            name = full_name(*(part if isinstance(part, str) else "(hidden)" for part in taken))
        else:
            name = full_name(*argument.split(" ", 1))
        self.names.add(name)
        return _Named(name)

    def _build(self) -> None:
        state, thing = self._pop(1)[0], self._top()
        if not isinstance(thing, _Made):
            return
        again, thing.state = thing.state is not None, state
        if self.arrays and thing.name().endswith("NumpyArrayWrapper"):
            if again:
                raise ValueError("an array twice")
            self.stack[-1] = _OTHER
            self._pass_array(state)

    def _pass_array(self, state: dict[str, Any]) -> None:
        """Go to the end of an array that stands here: its bytes, or a pickle of its own."""
        if self.stream.tell() < self.frame:
            raise ValueError("an array inside a frame, whose end is read first")
        each, shape = _item_size(state["dtype"]), state["shape"]
        if each is None:
            inner = _Machine(stream=self.stream, size=self.size, names=self.names, left=self.left, arrays=False)
            inner.run()
            self.left = inner.left
            return
        if state.get("numpy_array_alignment_bytes") is not None:
            self.stream.seek(self.stream.read(1)[0], io.SEEK_CUR)
        if not all(type(length) is int and length >= 0 for length in shape):
            raise ValueError("no shape")
        end = self.stream.tell() + each * math.prod(shape)
        if end > self.size:
            raise ValueError("an array that is cut short")
        self.stream.seek(end)


def _item_size(dtype: Any) -> int | None:
    """Bytes of one item of an array; None where its items are objects."""
    if not isinstance(dtype, _Made) or dtype.name() != "numpy.dtype":
        raise ValueError("no type of an array")
    found = _NUMBERS.fullmatch(dtype.arguments[0])
    if found is None:
        raise ValueError("a type of an array that is not known")
    kind, size = found[1], int(found[2])
    if kind == "O":
        return None
    if kind in "SUV" and dtype.state is not None:
        if kind == "V" and dtype.state[7] & 1:  # NumPy's flag for fields that are objects
            return None
        return int(dtype.state[5])
    return size * 4 if kind == "U" else size


def _by_text(items: list[Any]) -> dict[str, Any]:
    return {key: value for key, value in zip(items[::2], items[1::2], strict=True) if isinstance(key, str)}


def full_name(module: str, name: str) -> str:
    """``module.name``; ``module:name`` where the name leads from one thing to another, as to ``os.system``."""
    return f"{module}:{name}" if "." in name else f"{module}.{name}"


def clean(name: str) -> str:
    """A name from a file as one short word, whatever it holds."""
    return re.sub(r"[^\w.:() ]", "\N{REPLACEMENT CHARACTER}", name)[:80]
