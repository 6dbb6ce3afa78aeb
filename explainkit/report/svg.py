"""SVG that can stand in a page: no style attributes, no ids, no references, no more decimals than are seen.

A page whose policy forbids inline styles can hold it, two of them never clash, and the text stays text: it is set in
the page's own font, can be searched, and says by ``data-text="tick"`` that its digits belong to a drawing.
"""

from __future__ import annotations

import re
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
    parts: list[str] = []
    for child in root:
        _write(child, known, parts)
    box = " ".join(_decimal(float(number)) for number in (root.get("viewBox") or "").split())
    _, _, width, height = box.split()
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="{box}" width="{width}pt" height="{height}pt" '
        f'font-family="{_FACE}" font-size="{size:g}" stroke-linejoin="round">'
    )
    return "\n".join((head, *parts, "</svg>")).encode()


def _write(element: Element, known: dict[str, Element], parts: list[str]) -> None:
    kind = element.tag.removeprefix(_SVG)
    if kind == "g":
        for child in element:
            _write(child, known, parts)
    elif kind == "path":
        _path(element, "", _looks(element), parts)
    elif kind == "use":
        referred = known[(element.get(_LINK) or "")[1:]]
        place = f' transform="translate({_number(element.get("x"))} {_number(element.get("y"))})"'
        _path(referred, place, _looks(referred) | _looks(element), parts)
    elif kind == "text":
        _text(element, parts)
    elif kind not in ("defs", "metadata"):
        raise ValueError(f"a drawing holds paths and text, got {kind}")


def _path(element: Element, place: str, looks: dict[str, str], parts: list[str]) -> None:
    if looks.get("fill") == "none" and "stroke" not in looks:
        return
    parts.append(f'<path d="{_joined(element.get("d") or "")}"{place}{_attributes(looks)}/>')


def _text(element: Element, parts: list[str]) -> None:
    looks = _style(element)
    kept = {key: value for key, value in looks.items() if key in ("fill", "font-weight", "text-anchor")}
    turned = element.get("transform") or ""
    place = f' x="{_number(element.get("x"))}" y="{_number(element.get("y"))}"'
    if turned and not turned.startswith("rotate(-0 "):
        place += f' transform="{re.sub(r"-?[0-9.]+", lambda m: _number(m[0]), turned)}"'
    words = escape("".join(element.itertext()))
    parts.append(f'<text data-text="tick"{place}{_attributes(kept)}>{words}</text>')


def _looks(element: Element) -> dict[str, str]:
    return {key: value for key, value in _style(element).items() if key in _KEPT}


def _style(element: Element) -> dict[str, str]:
    pairs = (part.partition(":") for part in (element.get("style") or "").split(";"))
    return {key.strip(): value.strip() for key, _, value in pairs if value}


def _attributes(looks: dict[str, str]) -> str:
    return "".join(f' {key}="{escape(value)}"' for key, value in sorted(looks.items()))


def _number(text: str | None) -> str:
    return _decimal(float(text or 0))


def _joined(data: str) -> str:
    """Path data with no more space than its grammar asks for."""
    shorter: list[str] = []
    for token in _TOKEN.findall(data):
        text = token if token.isalpha() else _number(token)
        if shorter and not text[0].isalpha() and not text.startswith("-") and not shorter[-1].isalpha():
            shorter.append(" ")
        shorter.append(text)
    # A point is a line to where it is, with round ends.
    return re.sub(r"M([^A-Za-z]+)L\1(?=[A-Za-z]|$)", r"M\1h0", "".join(shorter))


def _decimal(number: float) -> str:
    text = f"{number:.2f}".rstrip("0").rstrip(".")
    return "0" if text in ("-0", "") else text
