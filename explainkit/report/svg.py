"""SVG that can stand in a page: no style attributes, no ids, no references, no more decimals than are seen.

A page whose policy forbids inline styles can hold it, two of them never clash, and the text stays text: it is set in
the page's own font, can be searched, and ``data-text="tick"`` says that its digits belong to a drawing. Lines of one
look are one path.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from markupsafe import escape

_FACE = "Plex Sans, DejaVu Sans, sans-serif"


@dataclass(frozen=True, slots=True)
class Stroke:
    """A path, or a part of one."""

    data: str
    looks: Mapping[str, str]

    def joins(self, other: Stroke) -> bool:
        """Whether both may be one path: areas may cancel out."""
        return self.looks == other.looks and self.looks.get("fill") == "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """One line of text."""

    text: str
    x: float
    y: float
    looks: Mapping[str, str]
    upward: bool = False
    """Whether it is read from below."""


def svg(parts: Sequence[Stroke | Words], *, width: float, height: float, size: float) -> bytes:
    """Write a drawing.

    Parameters
    ----------
    parts : sequence of Stroke or Words
        What comes later lies on top.
    width, height : float
        Of the sheet, in points.
    size : float
        Size of all text, in points.
    """
    box = decimal(width), decimal(height)
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {box[0]} {box[1]}" width="{box[0]}pt" '
        f'height="{box[1]}pt" font-family="{_FACE}" font-size="{size:g}" stroke-linejoin="round" data-text="tick">'
    )
    written = [_text(part) if isinstance(part, Words) else _path(part) for part in _joined(parts)]
    return "\n".join((head, *written, "</svg>")).encode()


def _joined(parts: Sequence[Stroke | Words]) -> Sequence[Stroke | Words]:
    """Lines of one look as one path, where nothing but words is between them: those are beside them."""
    joined: list[Stroke | Words] = []
    last: int | None = None
    for part in parts:
        if isinstance(part, Stroke):
            before = None if last is None else joined[last]
            if last is not None and isinstance(before, Stroke) and before.joins(part):
                joined[last] = Stroke(before.data + part.data, before.looks)
                continue
            last = len(joined)
        joined.append(part)
    return joined


def line(points: Sequence[tuple[float, float]]) -> str:
    """Path data of a line, with no more space than its grammar asks for."""
    places = [_place(x, y) for x, y in points]
    if len(places) > 1 and places[0] == places[1]:
        places[1:2] = []  # a point is a line to where it is, with round ends
        return "L".join((f"M{places[0]}h0", *places[1:]))
    return "M" + "L".join(places)


def _place(x: float, y: float) -> str:
    across, down = decimal(x), decimal(y)
    return f"{across}{down}" if down.startswith("-") else f"{across} {down}"


def _path(part: Stroke) -> str:
    return f'<path d="{part.data}"{_attributes(part.looks)}/>'


def _text(part: Words) -> str:
    x, y = decimal(part.x), decimal(part.y)
    turned = f' transform="rotate(-90 {x} {y})"' if part.upward else ""
    return f'<text x="{x}" y="{y}"{turned}{_attributes(part.looks)}>{escape(part.text)}</text>'


def _attributes(looks: Mapping[str, str]) -> str:
    return "".join(f' {key}="{escape(value)}"' for key, value in sorted(looks.items()))


def decimal(number: float) -> str:
    """Two decimals at most. Six come first, so that no error of computation decides which way a half is rounded."""
    text = f"{float(f'{number:.6f}'):.2f}".rstrip("0").rstrip(".")
    return "0" if text in ("-0", "") else text
