"""Texts that stand in card.json in English, translated: whole, by the pattern of a message with places, or in pieces.

A text is translated wholly or not at all, so that no sentence is in two languages. How long it takes is bounded,
however long or odd the names in it are: patterns are matched from either end without trying every way, and a lookup
that needs too many steps is given up.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

PLACE = re.compile(r"\{(\w+)\}")
"""A place in a message that something else is put into."""
NAMES = frozenset(
    (
        *("cluster_column", "column", "columns", "cutoff", "error", "exclude_reason", "favourable", "found", "keys"),
        *("label", "levels", "library", "name", "names", "outputs", "positive", "reference", "score", "sha256_of"),
        *("strange", "title", "unseen", "unused", "version"),
    )
)
"""Places of names from outside, which are put in as they are; what stands in other places is translated too."""
LEAST = 5
"""Letters that a message has besides its places if it is to be a pattern: others could catch any text."""
LONGEST = 2000
"""Characters of a text that is more than looked up."""
_STEPS = 100
"""Texts and parts that one lookup may try."""
_PIECES = 12
_KEY = 4
"""Characters by which patterns are told apart before they are tried."""
_WORD = re.compile(r"[^\W\d_]{2}")
_KEPT = 50_000
_OTHER = re.compile(r"^(other|third|fourth|fifth)_")
_NUMBER = re.compile(r"[−-]?(\d{1,3}(,\d{3})+|\d+)(\.\d+)?(e[+-]?\d+)?( ?%)?")
_EQUATION = re.compile(r"[^:;]+ = [^:;]+")
"""A column and its value, which read the same in every language."""


@dataclass(frozen=True, slots=True)
class Pattern:
    """A message with places, to be found again in the texts made from it."""

    literals: tuple[str, ...]
    names: tuple[str, ...]
    """Of the places between the literals."""
    translation: str
    longest: str
    """Of the literals."""

    def parts(self, text: str) -> list[dict[str, str]]:
        """What stands in each place, in the ways that the text can be read from its beginning and from its end."""
        first, *middle, last = self.literals
        start, end = len(first), len(text) - len(last)
        if start >= end or not text.startswith(first) or not text.endswith(last):
            return []
        ways = [_cut(text[start:end], middle, str.find)]
        if middle:
            ways.append(_cut(text[start:end], middle, str.rfind))
        found = (dict(zip(self.names, way, strict=True)) for way in ways if way is not None)
        return list({tuple(parts.items()): parts for parts in found}.values())


def _cut(text: str, literals: Sequence[str], find: Callable[[str, str], int]) -> list[str] | None:
    """The parts of a text between literals, none of them empty."""
    backwards = find is str.rfind
    parts: list[str] = []
    for literal in reversed(literals) if backwards else literals:
        at = find(text, literal)
        if at <= 0 or at + len(literal) >= len(text):
            return None
        before, after = text[:at], text[at + len(literal) :]
        part, text = (after, before) if backwards else (before, after)
        parts.append(part)
    parts.append(text)
    return parts[::-1] if backwards else parts


def patterns(messages: Mapping[str, str]) -> tuple[Pattern, ...]:
    """The patterns of a catalogue, those that say most first."""
    found = {}
    for message, translation in messages.items():
        literals, names = PLACE.split(message)[::2], PLACE.findall(message)
        letters = sum(letter.isalpha() for letter in "".join(literals))
        if names and "**" not in message and letters >= LEAST and all(literals[1:-1]) and len({*names}) == len(names):
            found[message] = Pattern(tuple(literals), tuple(names), translation, max(literals, key=len))
    return tuple(found[message] for message in sorted(found, key=lambda m: (-len("".join(found[m].literals)), m)))


class Recorded:
    """Translations of recorded texts, each found once.

    Parameters
    ----------
    messages : mapping of str to str
        Translation of each message.
    decimal : str
        Mark between whole number and decimals.
    """

    def __init__(self, messages: Mapping[str, str], decimal: str) -> None:
        self.messages, self.decimal = messages, decimal
        self._own = frozenset(messages.values())
        self._index: dict[tuple[str, str], list[tuple[int, Pattern]]] = {}
        for place, pattern in enumerate(patterns(messages)):
            first, last = pattern.literals[0], pattern.literals[-1]
            end = last[-_KEY:] if len(first) < _KEY <= len(last) else ""
            key = (first[:_KEY] if len(first) >= _KEY else "", end)
            self._index.setdefault(key, []).append((place, pattern))
        self._found: dict[str, str | None] = {}

    def patterns(self, text: str) -> list[Pattern]:
        """Those that may be of the text, by how it begins or ends; those that say most first."""
        keys = (("", ""), (text[:_KEY], ""), ("", text[-_KEY:]))
        likely = (known for key in dict.fromkeys(keys) for known in self._index.get(key, ()))
        found = sorted(((place, known) for place, known in likely if known.longest in text), key=lambda one: one[0])
        return [pattern for _, pattern in found]

    def translated(self, text: str) -> str | None:
        """The translation; None where the catalogue does not know all of it.

        A text without a word, or already in the language, is its own translation.
        """
        if text in self.messages:
            return self.messages[text]
        if text in self._own or not _WORD.search(text):
            return text
        if len(text) > LONGEST:
            return None
        if text not in self._found:
            if len(self._found) >= _KEPT:
                self._found.clear()
            self._found[text] = _Lookup(self).text(text)
        return self._found[text]


class _Lookup:
    """One lookup, with what was found on the way."""

    def __init__(self, known: Recorded) -> None:
        self.known = known
        self.steps = 0
        self.found: dict[str, str | None] = {}

    def text(self, text: str) -> str | None:
        """A text whole, in pieces, or as a list."""
        if text in self.known.messages:
            return self.known.messages[text]
        if text not in self.found:
            self.found[text] = None  # while it is looked for
            self.found[text] = self._pieces(text, "; ") or self._pattern(text) or self._listed(text)
        return self.found[text]

    def _pattern(self, text: str) -> str | None:
        if text in self.known.messages:
            return self.known.messages[text]
        self.steps += 1
        if self.steps > _STEPS:
            return None
        for pattern in self.known.patterns(text):
            for parts in pattern.parts(text):
                put_in = {name: self._part(name, part) for name, part in parts.items()}
                if all(part is not None for part in put_in.values()):
                    return PLACE.sub(lambda place, put_in=put_in: str(put_in[place[1]]), pattern.translation)  # type: ignore[misc]
        return None

    def _part(self, name: str, part: str) -> str | None:
        if _OTHER.sub("", name) in NAMES:
            return part
        if _NUMBER.fullmatch(part):
            return part if self.known.decimal == "." else part.replace(",", "").replace(".", self.known.decimal)
        return self.text(part)

    def _pieces(self, text: str, joint: str) -> str | None:
        """Texts that are chained, each of them known; one may hold the joint itself."""
        pieces = text.split(joint)
        if not 1 < len(pieces) <= _PIECES:
            return None
        ways: list[str | None] = [None] * len(pieces) + [""]
        for start in reversed(range(len(pieces))):
            for end in range(start + 1, len(pieces) + (start > 0)):
                rest = ways[end]
                if rest is not None and (found := self._pattern(joint.join(pieces[start:end]))):
                    ways[start] = found + (joint + rest if rest else "")
                    break
        return ways[0]

    def _listed(self, text: str) -> str | None:
        """A list of texts, or of columns with their values."""
        if (found := self._pieces(text, ", ")) is not None:
            return found
        segment = text.split(" and ")
        parts = [part if _EQUATION.fullmatch(part) else self._pattern(part) for part in segment[: _PIECES + 1]]
        if len(segment) > _PIECES or None in parts or (len(parts) == 1 and not _EQUATION.fullmatch(text)):
            return None
        return self.known.messages.get(" and ", " and ").join(part for part in parts if part is not None)
