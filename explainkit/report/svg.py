"""SVG that can stand in a page: no style attributes, no ids, no references, no more decimals than are seen.

A page whose policy forbids inline styles can hold it, two of them never clash, and the text stays text: it is set in
the page's own font, can be searched, and ``data-text="tick"`` says that its digits belong to a drawing. Lines of one
look are one path.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from xml.etree.ElementTree import Element, fromstring

from markupsafe import escape

_SVG, _LINK = "{http://www.w3.org/2000/svg}", "{http://www.w3.org/1999/xlink}href"
_KEPT = (
    "fill",
    "stroke",
    "stroke-width",
    "stroke-dasharray",
    "stroke-linecap",
    "fill-opacity",
    "stroke-opacity",
    "opacity",
)
_TOKEN = re.compile(r"[A-Za-z]|-?\d+(?:\.\d+)?")
_FACE = "Plex Sans, DejaVu Sans, sans-serif"


def plain_svg(text: str, *, size: float) -> bytes:
    """Rewrite an SVG as matplotlib writes it.

    Parameters
    ----------
    text : str
        An SVG document that draws nothing outside its axes: what clips is dropped.
    size : float
        Size of all text, in points.
    """
    root = fromstring(text[text.index("<svg") :])
    known = {name: element for element in root.iter() if (name := element.get("id"))}
    drawn: list[_Path | str] = []
    for child in root:
        _write(child, known, drawn)
    parts = [part if isinstance(part, str) else str(part) for part in drawn]
    box = " ".join(_decimal(float(number)) for number in (root.get("viewBox") or "").split())
    _, _, width, height = box.split()
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="{box}" width="{width}pt" height="{height}pt" '
        f'font-family="{_FACE}" font-size="{size:g}" stroke-linejoin="round" data-text="tick">'
    )
    return "\n".join((head, *parts, "</svg>")).encode()


@dataclass(slots=True)
class _Path:
    """A path as it is gathered."""

    data: str
    looks: dict[str, str]

    def __str__(self) -> str:
        return f'<path d="{self.data}"{_attributes(self.looks)}/>'

    def takes(self, looks: dict[str, str]) -> bool:
        """Whether another line may be part of this path: areas may cancel out, and what shines through adds up."""
        return looks == self.looks and looks.get("fill") == "none" and not any("opacity" in key for key in looks)


def _write(element: Element, known: dict[str, Element], parts: list[_Path | str]) -> None:
    kind = element.tag.removeprefix(_SVG)
    if kind == "g":
        for child in element:
            _write(child, known, parts)
    elif kind == "path":
        _path(element, (0, 0), _looks(element), parts)
    elif kind == "use":
        referred = known[(element.get(_LINK) or "")[1:]]
        place = float(element.get("x") or 0), float(element.get("y") or 0)
        _path(referred, place, _looks(referred) | _looks(element), parts)
    elif kind == "text":
        _text(element, parts)
    elif kind not in ("defs", "metadata"):
        raise ValueError(f"a drawing holds paths and text, got {kind}")


def _path(element: Element, place: tuple[float, float], looks: dict[str, str], parts: list[_Path | str]) -> None:
    if looks.get("fill") == "none" and "stroke" not in looks:
        return
    tokens = _TOKEN.findall(element.get("d") or "")
    if sum(token.isalpha() for token in tokens) == 2 and "stroke" in looks:
        looks["fill"] = "none"  # a straight line has no area
    data = _joined(tokens, place)
    # Words between lines, as at the ticks of a scale, are beside them.
    last = next((part for part in reversed(parts) if isinstance(part, _Path)), None)
    if last is not None and last.takes(looks):
        last.data += data
    else:
        parts.append(_Path(data, looks))


def _text(element: Element, parts: list[_Path | str]) -> None:
    looks = _style(element)
    kept = {key: value for key, value in looks.items() if key in ("fill", "font-weight", "text-anchor")}
    turned = element.get("transform") or ""
    place = f' x="{_number(element.get("x"))}" y="{_number(element.get("y"))}"'
    if turned and not turned.startswith("rotate(-0 "):
        place += f' transform="{re.sub(r"-?[0-9.]+", lambda m: _number(m[0]), turned)}"'
    words = escape("".join(element.itertext()))
    parts.append(f"<text{place}{_attributes(kept)}>{words}</text>")


def _looks(element: Element) -> dict[str, str]:
    return {key: value for key, value in _style(element).items() if key in _KEPT}


def _style(element: Element) -> dict[str, str]:
    pairs = (part.partition(":") for part in (element.get("style") or "").split(";"))
    return {key.strip(): value.strip() for key, _, value in pairs if value}


def _attributes(looks: dict[str, str]) -> str:
    return "".join(f' {key}="{escape(value)}"' for key, value in sorted(looks.items()))


def _number(text: str | None) -> str:
    return _decimal(float(text or 0))


def _joined(tokens: list[str], place: tuple[float, float]) -> str:
    """Path data moved to a place, with no more space than its grammar asks for; matplotlib writes no relative steps."""
    shorter: list[str] = []
    at = 0
    for token in tokens:
        if token.isalpha():
            text = token
        else:
            text = _decimal(float(token) + place[at % 2])
            at += 1
        if shorter and not text[0].isalpha() and not text.startswith("-") and not shorter[-1].isalpha():
            shorter.append(" ")
        shorter.append(text)
    # A point is a line to where it is, with round ends.
    return re.sub(r"M([^A-Za-z]+)L\1(?=[A-Za-z]|$)", r"M\1h0", "".join(shorter))


def _decimal(number: float) -> str:
    text = f"{number:.2f}".rstrip("0").rstrip(".")
    return "0" if text in ("-0", "") else text
