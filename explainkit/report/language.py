"""The language of a document: its own words from a message catalogue (gettext), numbers and dates by locale.

Words are looked up where a document is made, never where something is measured: card.json is the same in every
language. What stands in card.json in English, such as the method of a figure, is translated where the catalogue knows
it (`explainkit.report.recorded`), and is shown as it stands, marked as English, where not.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import cache, lru_cache
from importlib.resources import files
from io import BytesIO
from types import MappingProxyType
from typing import Any

from explainkit.artifact import sha256_of
from explainkit.errors import PlanError
from explainkit.report.recorded import PLACE as PLACE
from explainkit.report.recorded import Recorded

_NUMBERS = re.compile(r"\d+")
_FOLDER = "locales"
_SHORT = 80


@dataclass(frozen=True, slots=True, kw_only=True)
class Language:
    """A language that documents can be written in."""

    tag: str = "en"
    """As in BCP 47."""
    messages: Mapping[str, str] = field(default_factory=dict)
    """Translation of each message."""
    decimal: str = "."
    """Mark between whole number and decimals."""
    texts: Recorded | None = None
    """How recorded texts are translated."""

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
        return text if self.texts is None else self.texts.translated(text)


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


def say(message: str, /, **places: str) -> str:
    """A message in the language spoken now; as it is where there is no translation.

    Parameters
    ----------
    message : str
        In English, as the catalogue has it.
    **places : str
        What is put into its places. A catalogue may come from anybody, so it is no format string.
    """
    found = _SPOKEN.get().messages.get(message, message)
    return PLACE.sub(lambda place: places[place[1]], found) if places else found


def noted(message: str) -> str:
    """Mark a message for the catalogue, to be looked up later; returned as it is."""
    return message


def shipped_languages() -> tuple[str, ...]:
    """Tags of the languages that documents can be written in."""
    found = (entry.name for entry in (files("explainkit.report") / _FOLDER).iterdir())
    return ("en", *sorted(name.removesuffix(".po") for name in found if name.endswith(".po")))


def language_of(plan: Mapping[str, Any], catalogue: bytes | None = None) -> Language:
    """The language that the plan of an evidence asks for; English where it asks for none.

    Parameters
    ----------
    plan : mapping
        As it stands in card.json. It names a catalogue that is not shipped with its digest.
    catalogue : bytes, optional
        That catalogue.

    Raises
    ------
    PlanError
        If there is no catalogue of it, or not the one that the plan names.
    """
    card = plan.get("card", {})
    tag, named = card.get("language", "en"), card.get("catalogue")
    if named is None:
        if tag in shipped_languages():
            return ENGLISH if tag == "en" else _shipped(tag)
        raise PlanError(
            "no catalogue of the language",
            where="card.language",
            found=repr(tag),
            allowed=", ".join(shipped_languages()),
            remedy='card.catalogue = "….po" names one of your own',
        )
    found = None if catalogue is None else "sha256:" + sha256_of(catalogue)
    if catalogue is None or found != named["digest"]:
        raise PlanError(
            "the catalogue that the card was written with is needed",
            where="card.catalogue",
            found="none" if found is None else found,
            allowed=f"{named['name']}, {named['digest']}",
            remedy="give it with the card: card.json holds its digest, not its words",
        )
    return _given(tag, catalogue, named["name"])


@cache
def _shipped(tag: str) -> Language:
    return read_language(tag, (files("explainkit.report") / _FOLDER / f"{tag}.po").read_bytes())


@lru_cache(maxsize=4)
def _given(tag: str, catalogue: bytes, name: str) -> Language:
    return read_language(tag, catalogue, where=f"card.catalogue: {name}")


def read_language(tag: str, catalogue: bytes, *, where: str | None = None) -> Language:
    """Read a catalogue.

    Parameters
    ----------
    tag : str
        Language, as in BCP 47.
    catalogue : bytes
        A catalogue of gettext (``.po``). Messages without translation, or with a doubtful one, are left in English.
    where : str, optional
        What errors name.

    Raises
    ------
    PlanError
        If it cannot be read, or a translation has other places or numbers than its message.
    """
    from babel import Locale, UnknownLocaleError
    from babel.messages.pofile import PoFileError, read_po

    where = where or f"catalogue of {tag}"
    try:
        locale = Locale.parse(tag, sep="-")
        entries = read_po(BytesIO(catalogue), locale=locale, abort_invalid=True)
    except (UnknownLocaleError, PoFileError, ValueError, LookupError) as error:
        problem = "the catalogue cannot be read"
        allowed = "a catalogue of gettext (.po, UTF-8) of a known language"
        raise PlanError(problem, where=where, found=str(error), allowed=allowed) from error
    messages = {}
    for entry in entries:
        message, translation = entry.id, entry.string
        # Documents have no plurals and no contexts.
        if message and translation and not entry.fuzzy and isinstance(message, str) and not entry.context:
            translation = str(translation)
            _check(where, message, translation)
            messages[message] = translation
    decimal = str(locale.number_symbols.get("latn", {}).get("decimal", "."))
    return Language(
        tag=tag,
        messages=MappingProxyType(messages),
        decimal=decimal,
        texts=Recorded(messages, decimal),
    )


def _check(where: str, message: str, translation: str) -> None:
    for what, pattern in (("places", PLACE), ("numbers", _NUMBERS)):
        wanted, found = ({*pattern.findall(text)} for text in (message, translation))
        if wanted != found:
            raise PlanError(
                f"other {what} than in the message {_short(message)!r}",
                where=where,
                found=", ".join(sorted(found)) or "none",
                allowed=", ".join(sorted(wanted)) or "none",
                remedy="correct the translation, or mark it as fuzzy to have the message in English",
            )


def _short(message: str) -> str:
    return message if len(message) <= _SHORT else message[:_SHORT].rstrip() + "…"
