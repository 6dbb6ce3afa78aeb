"""``house.css``: a style sheet that sets type and lines, and can neither hide a word nor write one.

The language is a small part of CSS, held against patterns as a whole: rules of selectors and declarations, no at-rule,
no escape, no text in quotes, no address. Properties are those that move nothing out of sight; colours are those of the
look, which are legible on a light page and on a dark one.
"""

from __future__ import annotations

import re

_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
_CHARACTERS = re.compile(r"[\sA-Za-z0-9.#>+~:,;()*%{}_-]*")
_RULE = re.compile(r"([^{}]+)\{([^{}]*)\}")
_SELECTOR = re.compile(r"[\sA-Za-z0-9.#>+~:,()*_-]+")
_LENGTH = r"(?:0|(?:\d{1,2}(?:\.\d{1,3})?|\.\d{1,3})(?:px|pt)|(?:[0-5](?:\.\d{1,3})?|\.\d{1,3})(?:em|rem|mm))"
_COLOUR = r"var\(--(?:ink|soft|muted|accent|warn|good)\)"
_LINE_COLOUR = r"(?:var\(--(?:ink|soft|muted|accent|warn|good|rule|line|tint)\)|#[0-9A-Fa-f]{6})"
_BORDER = rf"(?:none|0|{_LENGTH} (?:solid|dotted|dashed|double) {_LINE_COLOUR})"
_SIDES = ("", "-top", "-right", "-bottom", "-left")

PROPERTIES: dict[str, str] = {
    **dict.fromkeys((f"border{side}" for side in _SIDES), _BORDER),
    **dict.fromkeys((f"padding{side}" for side in _SIDES), rf"{_LENGTH}(?: {_LENGTH}){{0,3}}"),
    **dict.fromkeys((f"margin{side}" for side in _SIDES), rf"(?:{_LENGTH}|auto)(?: (?:{_LENGTH}|auto)){{0,3}}"),
    **dict.fromkeys(("break-before", "break-after"), "auto|avoid|page"),
    "break-inside": "auto|avoid",
    "border-color": _LINE_COLOUR,
    "border-radius": _LENGTH,
    "background-color": r"var\(--(?:page|tint)\)",
    "color": _COLOUR,
    "font-family": "Plex Sans|Plex Mono",
    "font-size": r"(?:\.[89]\d?|[1-3](?:\.\d{1,2})?)rem",
    "font-style": "normal|italic",
    "font-weight": "400|600|normal|bold",
    "letter-spacing": r"normal|0|\.(?:0\d{1,2}|1\d?)em",
    "line-height": r"1(?:\.\d{1,2})?|2",
    "text-align": "left|right|center|start|end",
    "text-transform": "none|uppercase|capitalize",
}
"""Properties, with what their values look like."""


def check_css(text: str) -> None:
    """Check that a style sheet hides nothing, loads nothing and writes nothing.

    Parameters
    ----------
    text : str
        The style sheet.

    Raises
    ------
    ValueError
        That says what was found.
    """
    if "<" in text:
        raise ValueError("the character '<'")
    bare = _COMMENT.sub(" ", text)
    if at := re.search(r"@[\w-]*", bare):
        raise ValueError(f"{at[0]!r}, an at-rule")
    if not _CHARACTERS.fullmatch(bare):
        odd = next(c for c in bare if not _CHARACTERS.fullmatch(c))
        raise ValueError(f"the character {odd!r}")
    left = _RULE.sub("", bare).strip()
    if left:
        raise ValueError(f"{' '.join(left.split())[:60]!r}, which is no rule")
    for selector, body in _RULE.findall(bare):
        if not _SELECTOR.fullmatch(selector):
            raise ValueError(f"the selector {' '.join(selector.split())[:60]!r}")
        for declaration in filter(str.strip, body.split(";")):
            _check_declaration(declaration)


def _check_declaration(declaration: str) -> None:
    name, _, value = (" ".join(part.split()) for part in declaration.partition(":"))
    if name not in PROPERTIES:
        raise ValueError(f"the property {name[:60]!r}")
    if not re.fullmatch(PROPERTIES[name], value):
        raise ValueError(f"{name}: {value[:60]}")
