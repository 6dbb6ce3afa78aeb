"""The shipped fonts, as CSS and as files. Whoever lays out paper imports this, and nothing that templates need."""

from __future__ import annotations

import base64
from functools import cache
from typing import Literal

from explainkit.resources import resource

FONT = "explainkit-font:"
"""What addresses of the shipped fonts begin with, on paper."""
_TEMPLATES = "report_templates"
_FACES = (
    ("Plex Sans", 400, "IBMPlexSans-Regular"),
    ("Plex Sans", 600, "IBMPlexSans-SemiBold"),
    ("Plex Mono", 400, "IBMPlexMono-Regular"),
)


@cache
def faces(medium: Literal["screen", "paper"]) -> str:
    """The shipped fonts as CSS: in data URIs for the screen, by their addresses for whoever lays out paper."""
    rules = []
    for family, weight, name in _FACES:
        if medium == "paper":
            source = f"url({FONT}{name})"
        else:
            data = base64.b64encode(resource(_TEMPLATES, "fonts", f"{name}.woff2").read_bytes()).decode()
            source = f'url(data:font/woff2;base64,{data}) format("woff2")'
        rules.append(f'@font-face{{font-family:"{family}";font-weight:{weight};src:{source}}}')
    widths = "".join(f".w{share}{{width:{share}%}}" for share in range(1, 101))
    return "\n".join((*rules, widths))


@cache
def font(address: str) -> bytes | None:
    """A shipped font as TrueType, by its address; None where it is no such address.

    WOFF2 has the same glyphs in a third of the bytes, but takes Python as long to read as all other styles of a page.
    """
    known = {FONT + name: name for _, _, name in _FACES}
    return resource(_TEMPLATES, "fonts", f"{known[address]}.ttf").read_bytes() if address in known else None
