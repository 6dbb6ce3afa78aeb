"""Text from outside, made visible: what has no look of its own, or turns its neighbours around, is written out."""

from __future__ import annotations

import unicodedata

_SILENT = frozenset("\u200b\u200e\u200f\u2028\u2029\u2060\ufeff\u061c\u00ad") | {
    chr(c) for c in (*range(0x202A, 0x202F), *range(0x2066, 0x206A))
}


def printable(text: str, *, lines: bool = False) -> str:
    """Text in which control characters and invisible marks are written as escapes.

    Parameters
    ----------
    text : str
        Any text.
    lines : bool, default False
        Keep line ends, as in an answer of several paragraphs.

    Examples
    --------
    >>> printable("a\\u202eb"), printable("x\\ny"), printable("x\\ny", lines=True)
    ('a\\\\u202eb', 'x\\\\ny', 'x\\ny')
    """
    if text.isascii() and text.isprintable():
        return text
    if lines:
        text = text.replace("\r\n", "\n")
    return "".join(c if c == "\n" and lines else _escaped(c) for c in text)


def written_out(characters: str) -> dict[int, str]:
    """For `str.translate`: each of the characters as its escape.

    Examples
    --------
    >>> "漢!".translate(written_out("漢"))
    '\\\\u6f22!'
    """
    return {ord(c): c.encode("unicode_escape").decode() for c in characters}


def digits(text: str) -> bool:
    """Whether a text holds a character that is a number, in any script and also as a fraction or a Roman numeral.

    Examples
    --------
    >>> digits("no"), digits("٣"), digits("½")
    (False, True, True)
    """
    return any(unicodedata.category(c) in ("Nd", "Nl", "No") for c in text)


def _escaped(character: str) -> str:
    if character in _SILENT or unicodedata.category(character) in ("Cc", "Cs", "Cn"):
        return character.encode("unicode_escape").decode()
    return character
