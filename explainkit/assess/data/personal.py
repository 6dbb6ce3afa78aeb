"""Columns that probably hold data of persons: what kind, and for which share of the values. No value is ever printed.

A kind is told by the form of the values, and by their check digits where it has some (ISO 13616 for IBAN, Luhn for
cards, ISO 7064 for the German tax number, …). Names of persons have no form: a column counts as names where its title
says so and its values look so. So this finds what is common, it proves nothing, and what it does not find may be there.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Literal, TypeAlias

import numpy as np
import pandas as pd

from explainkit.assess.data.values import Values

PersonalKind: TypeAlias = Literal[
    "e-mail address", "account number", "card number", "phone number", "national id", "name"
]

MOST_VALUES = 2_000
"""Distinct values of a column that are looked at, evenly spread over them."""
_EMAIL = re.compile(r"[^@\s,;<>]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*\.[A-Za-z]{2,}")
_IBAN = re.compile(r"[A-Z]{2}\d{2}[A-Z0-9]{11,30}")
_CARD = re.compile(r"[2-6]\d{12,18}")
_PHONE = re.compile(r"(\+|00)[1-9]\d{7,14}|0[1-9]\d{7,11}")
_PHONE_MARKS = re.compile(r"[\s()/.\-]")
_AMERICAN_PHONE = re.compile(r"(\(\d{3}\) ?|\d{3}[-. ])\d{3}[-. ]\d{4}")
_AMERICAN_ID = re.compile(r"(?!000|666|9)\d{3}-(?!00)\d{2}-(?!0000)\d{4}")
_SPANISH_ID = re.compile(r"[XYZ]?\d{7,8}[A-Z]")
_ITALIAN_ID = re.compile(r"[A-Z]{6}\d{2}[A-EHLMPRST]\d{2}[A-Z]\d{3}[A-Z]")
_FRENCH_ID = re.compile(r"[12]\d{2}(0[1-9]|1[0-2]|[2-9]\d)\d(\d|[AB])\d{8}")
_GERMAN_ID = re.compile(r"[1-9]\d{10}")
_BRITISH_ID = re.compile(r"(?![DFIQUV])[A-Z](?![DFIQUVO])[A-Z]\d{6}[A-D]")
_WORD = re.compile(r"[^\W\d_]+(['’.-][^\W\d_]*)*")
_TITLES = frozenset(
    (
        *("name", "names", "surname", "firstname", "lastname", "forename", "fullname", "givenname", "familyname"),
        *("middlename", "maidenname", "customername", "clientname", "applicantname", "borrowername", "patientname"),
        *("vorname", "nachname", "familienname", "geburtsname", "kundenname", "prenom", "prénom", "nom", "nombre"),
        *("apellido", "apellidos", "cognome", "nome", "achternaam", "voornaam"),
    )
)


def personal_kinds(values: Values, title: str) -> dict[PersonalKind, float]:
    """Shares of the values of a column that look like data of persons, by kind; those that none looks like are absent.

    Parameters
    ----------
    values : Values
        Of text, or of whole numbers.
    title : str
        Name of the column.

    Returns
    -------
    dict of str to float
        Of the rows that have one of the values looked at.
    """
    texts, counts = _looked_at(values)
    if not texts:
        return {}
    shares: dict[PersonalKind, float] = {}
    for kind, looks in _KINDS.items():
        hits = np.fromiter((looks(text) for text in texts), np.bool_, len(texts))
        if hits.any():
            shares[kind] = float(counts[hits].sum() / counts.sum())
    if re.sub(r"[\W_]", "", title.casefold()) in _TITLES and values.levels is not None:
        hits = np.fromiter((_named(text) for text in texts), np.bool_, len(texts))
        if hits.any():
            shares["name"] = float(counts[hits].sum() / counts.sum())
    return shares


def _looked_at(values: Values) -> tuple[list[str], np.ndarray]:
    """Distinct values as text, with the rows of each; nothing of columns that hold no such data."""
    if values.kind in ("text", "category"):
        assert values.levels is not None
        chosen = _spread(len(values.levels))
        return [values.name(int(level)) for level in chosen], values.counts[chosen]
    if values.kind == "integer":
        assert values.numbers is not None
        found = pd.Series(values.numbers).value_counts(sort=False)
        long = found[np.abs(found.index.to_numpy()) >= 1e10]
        chosen = _spread(len(long))
        return [str(int(number)) for number in long.index[chosen]], long.to_numpy()[chosen]
    return [], np.zeros(0)


def _spread(count: int) -> np.ndarray:
    """Places of at most `MOST_VALUES` of so many."""
    if count <= MOST_VALUES:
        return np.arange(count)
    return np.linspace(0, count - 1, MOST_VALUES).astype(np.int64)


def _email(text: str) -> bool:
    return _EMAIL.fullmatch(text.strip()) is not None


def _iban(text: str) -> bool:
    """ISO 13616: the remainder of the rearranged number by 97 is one."""
    bare = text.replace(" ", "").replace("-", "").upper()
    return _IBAN.fullmatch(bare) is not None and _remainder(bare[4:] + bare[:4]) == 1


def _remainder(text: str) -> int:
    return int("".join(str(int(letter, 36)) for letter in text)) % 97


def _card(text: str) -> bool:
    """Luhn's check digit (ISO/IEC 7812)."""
    bare = text.replace(" ", "").replace("-", "")
    if _CARD.fullmatch(bare) is None:
        return False
    digits = [int(d) for d in reversed(bare)]
    return (sum(digits[::2]) + sum(sum(divmod(2 * d, 10)) for d in digits[1::2])) % 10 == 0


def _phone(text: str) -> bool:
    stripped = text.strip()
    marked = stripped.startswith(("+", "00")) or any(mark in stripped for mark in " /-()")
    if _AMERICAN_PHONE.fullmatch(stripped):
        return True
    return marked and _PHONE.fullmatch(_PHONE_MARKS.sub("", stripped)) is not None


def _national(text: str) -> bool:
    """Numbers of the United States, Spain, Italy, France, Germany and the United Kingdom, with check digits if any."""
    bare = text.strip().upper()
    if _AMERICAN_ID.fullmatch(bare):
        return True
    bare = bare.replace(" ", "")
    return any(pattern.fullmatch(bare) is not None and check(bare) for pattern, check in _NATIONAL)


def _spanish(text: str) -> bool:
    number = str("XYZ".index(text[0])) + text[1:-1] if text[0] in "XYZ" else text[:-1]
    return "TRWAGMYFPDXBNJZSQVHLCKE"[int(number) % 23] == text[-1]


def _italian(text: str) -> bool:
    odd = (1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23)
    total = 0
    for place, sign in enumerate(text[:15]):
        value = int(sign) if sign.isdigit() else ord(sign) - ord("A")
        total += odd[value] if place % 2 == 0 else value
    return chr(ord("A") + total % 26) == text[15]


def _french(text: str) -> bool:
    number = text[:13].replace("2A", "19").replace("2B", "18")
    return number.isdigit() and 97 - int(number) % 97 == int(text[13:])


def _german(text: str) -> bool:
    """ISO 7064, MOD 11,10; of the first ten digits one or two occur several times, else none does."""
    product = 10
    for digit in text[:10]:
        total = (int(digit) + product) % 10 or 10
        product = 2 * total % 11
    return (11 - product) % 10 == int(text[10]) and len(set(text[:10])) in (8, 9)


def _named(text: str) -> bool:
    """One to five words of letters, each with a capital, as names are written in most of Europe."""
    words = text.replace(",", " ").split()
    capital = sum(word[0].isupper() for word in words)
    return 1 <= len(words) <= 5 and capital >= 1 and all(_WORD.fullmatch(word) for word in words)


_NATIONAL: tuple[tuple[re.Pattern[str], Callable[[str], bool]], ...] = (
    (_SPANISH_ID, _spanish),
    (_ITALIAN_ID, _italian),
    (_FRENCH_ID, _french),
    (_GERMAN_ID, _german),
    (_BRITISH_ID, lambda text: True),
)
_KINDS: dict[PersonalKind, Callable[[str], bool]] = {
    "e-mail address": _email,
    "account number": _iban,
    "card number": _card,
    "phone number": _phone,
    "national id": _national,
}
