"""The language of a document: its own words from a message catalogue (gettext), numbers and dates by locale.

Words are looked up where a document is made, never where something is measured: card.json is the same in every
language. What stands in card.json in English, such as the method of a figure, is translated where the catalogue knows
it, word by word or by its pattern, and is shown as it stands, marked as English, where not.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from io import BytesIO
from types import MappingProxyType
from typing import Any

from explainkit.errors import PlanError

PLACE = re.compile(r"\{(\w+)\}")
"""A place in a message that something else is put into."""
_DIGITS = re.compile(r"\d")
_FOLDER = "locales"


@dataclass(frozen=True, slots=True, kw_only=True)
class Language:
    """A language that documents can be written in."""

    tag: str = "en"
    """As in BCP 47."""
    messages: Mapping[str, str] = field(default_factory=dict)
    """Translation of each message."""
    patterns: tuple[tuple[re.Pattern[str], str], ...] = ()
    """Messages with places, as patterns of finished texts, and their translations."""
    decimal: str = "."
    """Mark between whole number and decimals."""

    def date(self, text: str) -> str:
        """A date, in its usual numeric form; English keeps the unmistakable ISO 8601."""
        if self.tag == "en":
            return text
        from babel.dates import format_date

        try:
            return str(format_date(dt.date.fromisoformat(text), "medium", locale=self.tag.replace("-", "_")))
        except ValueError:
            return text

    def recorded(self, text: str) -> str | None:
        """The translation of a text that stands in card.json; None where the catalogue does not know it."""
        if not self.messages or text in self.messages:
            return self.messages.get(text, text)
        for pattern, translation in self.patterns:
            if found := pattern.fullmatch(text):
                return self._filled(translation, found.groupdict())
        return None

    def _filled(self, translation: str, parts: Mapping[str, str]) -> str:
        inner = {name: self.recorded(part) or part for name, part in parts.items()}
        return PLACE.sub(lambda place: inner[place[1]], translation)


ENGLISH = Language()
_SPOKEN: ContextVar[Language] = ContextVar("language", default=ENGLISH)


def spoken() -> Language:
    """The language in which words are written now."""
    return _SPOKEN.get()


@contextmanager
def speaking(language: Language) -> Iterator[None]:
    """Write words in a language, within the block."""
    token = _SPOKEN.set(language)
    try:
        yield
    finally:
        _SPOKEN.reset(token)


def say(message: str) -> str:
    """A message in the language spoken now; as it is where there is no translation."""
    return _SPOKEN.get().messages.get(message, message)


def noted(message: str) -> str:
    """Mark a message for the catalogue, to be looked up later; returned as it is."""
    return message


def shipped_languages() -> tuple[str, ...]:
    """Tags of the languages that documents can be written in."""
    found = (entry.name for entry in (files("explainkit.report") / _FOLDER).iterdir())
    return ("en", *sorted(name.removesuffix(".po") for name in found if name.endswith(".po")))


def language_of(plan: Mapping[str, Any]) -> Language:
    """The language that the plan of an evidence asks for; English where it asks for none.

    Raises
    ------
    PlanError
        If there is no catalogue of it.
    """
    tag = plan.get("card", {}).get("language", "en")
    if tag not in shipped_languages():
        raise PlanError(f"card.language: found {tag!r}, allowed: {', '.join(shipped_languages())}")
    return ENGLISH if tag == "en" else _shipped(tag)


@cache
def _shipped(tag: str) -> Language:
    return read_language(tag, (files("explainkit.report") / _FOLDER / f"{tag}.po").read_bytes())


def read_language(tag: str, catalogue: bytes) -> Language:
    """Read a catalogue.

    Parameters
    ----------
    tag : str
        Language, as in BCP 47.
    catalogue : bytes
        A catalogue of gettext (``.po``). Messages without translation, or with a doubtful one, are left in English.

    Raises
    ------
    PlanError
        If it cannot be read, or a translation has other places or digits than its message.
    """
    from babel import Locale, UnknownLocaleError
    from babel.messages.pofile import PoFileError, read_po

    try:
        locale = Locale.parse(tag, sep="-")
        entries = read_po(BytesIO(catalogue), locale=locale, abort_invalid=True)
    except (UnknownLocaleError, PoFileError, ValueError) as error:
        raise PlanError(f"catalogue of {tag!r}: cannot be read: {error}") from error
    messages = {}
    for entry in entries:
        if entry.id and entry.string and not entry.fuzzy:
            message, translation = str(entry.id), str(entry.string)
            _check(tag, message, translation)
            messages[message] = translation
    ordered = sorted((m for m in messages if PLACE.search(m)), key=lambda m: (-len(PLACE.sub("", m)), m))
    return Language(
        tag=tag,
        messages=MappingProxyType(messages),
        patterns=tuple((_pattern(message), messages[message]) for message in ordered),
        decimal=str(locale.number_symbols["latn"]["decimal"]),
    )


def _check(tag: str, message: str, translation: str) -> None:
    for what, pattern in (("places", PLACE), ("digits", _DIGITS)):
        wanted, found = (sorted(pattern.findall(text)) for text in (message, translation))
        if set(wanted) != set(found):
            raise PlanError(f"catalogue of {tag!r}: {what} of {translation!r}: found {found}, allowed: {wanted}")


def _pattern(message: str) -> re.Pattern[str]:
    """A message with places as a pattern of the texts made from it."""
    pieces = PLACE.split(message)
    seen: set[str] = set()
    made = re.escape(pieces[0])
    for name, after in zip(pieces[1::2], pieces[2::2], strict=True):
        made += f"(?P={name})" if name in seen else f"(?P<{name}>.+?)"
        seen.add(name)
        made += re.escape(after)
    return re.compile(made, re.DOTALL)
