"""SVG checked against what a logo needs: shapes and gradients, and nothing that runs, loads or multiplies.

Every element, attribute and value is held against a list; what is not on it is refused. So there is no script, no event
handler, no style sheet, no text that needs a font, no picture in the picture, and no reference but to a gradient or a
clip of the file itself.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from xml.parsers import expat

MOST_ELEMENTS, DEEPEST = 2000, 32
_SVG, _XLINK, _XML = (
    "http://www.w3.org/2000/svg ",
    "http://www.w3.org/1999/xlink ",
    "http://www.w3.org/XML/1998/namespace ",
)
_SHAPES = {"path", "rect", "circle", "ellipse", "line", "polyline", "polygon"}
_GRADIENTS = {"linearGradient", "radialGradient"}
_WITHIN = {
    **dict.fromkeys(("svg", "g"), {"g", "defs", "title", "desc", "clipPath"} | _SHAPES | _GRADIENTS),
    "defs": {"clipPath"} | _GRADIENTS,
    "clipPath": _SHAPES,
    **{gradient: {"stop"} for gradient in _GRADIENTS},
    **{shape: {"title", "desc"} for shape in _SHAPES},
}
"""Which elements may stand in which; ``use`` is not among them, for it multiplies."""

# No pattern matches one text in two ways: a hostile file would make it try them all.
_NUMBER = r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d{1,2})?"
_NUMBERS = re.compile(_NUMBER)
_LARGEST = 100_000.0
_LENGTH = re.compile(rf"{_NUMBER}(?:px|pt|pc|mm|cm|in|%)?")
_LIST = re.compile(r"[0-9eE+\-.,\s]+")
_PATH = re.compile(r"[MmZzLlHhVvCcSsQqTtAa0-9eE+\-.,\s]*")
_TRANSFORM = re.compile(rf"(?:[\s,]*(?:matrix|translate|scale|rotate|skewX|skewY)\s*\({_LIST.pattern}\))+[\s,]*")
_COLOUR = r"#[0-9A-Fa-f]{3}(?:[0-9A-Fa-f]{3})?|[A-Za-z]{1,24}|rgb\([\d\s,.%]{5,40}\)"
_PAINT = re.compile(rf"{_COLOUR}|(?P<url>url\(\s*[\"']?#(?P<id>[A-Za-z_][\w.-]*)[\"']?\s*\))")
_REFERENCE = re.compile(r"url\(\s*[\"']?#([A-Za-z_][\w.-]*)[\"']?\s*\)")
_FRAGMENT = re.compile(r"#([A-Za-z_][\w.-]*)")
_ID = re.compile(r"[A-Za-z_][\w.-]{0,80}")
_PLAIN_COLOUR = re.compile(_COLOUR)

_STYLE: dict[str, re.Pattern[str]] = {
    **dict.fromkeys(("fill", "stroke"), _PAINT),
    **dict.fromkeys(("color", "stop-color"), _PLAIN_COLOUR),
    **dict.fromkeys(("opacity", "fill-opacity", "stroke-opacity", "stop-opacity", "stroke-miterlimit"), _LENGTH),
    **dict.fromkeys(("stroke-width", "stroke-dashoffset"), _LENGTH),
    **dict.fromkeys(("fill-rule", "clip-rule"), re.compile("nonzero|evenodd")),
    "stroke-linecap": re.compile("butt|round|square"),
    "stroke-linejoin": re.compile("miter|round|bevel"),
    "stroke-dasharray": re.compile("none"),
    "clip-path": re.compile(rf"none|{_REFERENCE.pattern}"),
    "display": re.compile("inline|block"),
}
"""Properties, as attributes or in ``style``, with what their values look like."""
_ATTRIBUTES: dict[str, re.Pattern[str]] = {
    **_STYLE,
    **dict.fromkeys(("width", "height", "x", "y", "x1", "y1", "x2", "y2", "cx", "cy", "r", "rx", "ry"), _LENGTH),
    **dict.fromkeys(("fx", "fy", "fr", "offset"), _LENGTH),
    **dict.fromkeys(("viewBox", "points"), _LIST),
    **dict.fromkeys(("transform", "gradientTransform"), _TRANSFORM),
    **dict.fromkeys(("gradientUnits", "clipPathUnits"), re.compile("userSpaceOnUse|objectBoundingBox")),
    "spreadMethod": re.compile("pad|reflect|repeat"),
    "preserveAspectRatio": re.compile(r"none|x(?:Min|Mid|Max)Y(?:Min|Mid|Max)(?: meet)?"),
    "version": re.compile(r"1\.[12]"),
    "d": _PATH,
    "id": _ID,
    "href": _FRAGMENT,
    "role": re.compile("img"),
    "space": re.compile("preserve|default"),
}
_NUMERIC = {"d", "points", "viewBox", "transform", "gradientTransform"}


def check_svg(data: bytes) -> None:
    """Check that a file is an SVG drawing that does nothing but draw.

    Parameters
    ----------
    data : bytes
        The file, UTF-8.

    Raises
    ------
    ValueError
        That says what was found, and in which line.
    """
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        raise ValueError("bytes that are not UTF-8") from None
    parser = expat.ParserCreate("UTF-8", namespace_separator=" ")
    drawing = _Drawing()

    def located(check: Callable[..., None]) -> Callable[..., None]:
        def checked(*arguments: object) -> None:
            try:
                check(*arguments)
            except ValueError as error:
                raise ValueError(f"{error} (line {parser.CurrentLineNumber})") from None

        return checked

    parser.StartElementHandler = located(drawing.start)
    parser.EndElementHandler = drawing.end
    parser.CharacterDataHandler = located(drawing.text)
    parser.StartDoctypeDeclHandler = located(_refused("a document type declaration"))
    parser.EntityDeclHandler = located(_refused("an entity"))
    parser.ProcessingInstructionHandler = located(_refused("a processing instruction"))
    try:
        parser.Parse(text.encode(), True)
    except expat.ExpatError as error:
        raise ValueError(f"XML that cannot be read: {error}") from None
    drawing.finish()


def _refused(what: str) -> Callable[..., None]:
    def refuse(*_: object) -> None:
        raise ValueError(what)

    return refuse


@dataclass(slots=True)
class _Drawing:
    """What is known of a drawing so far."""

    path: list[str] = field(default_factory=list)
    count: int = 0
    ids: dict[str, str] = field(default_factory=dict)
    """Element that has each id."""
    linked: set[str] = field(default_factory=set)
    """Ids of gradients that take their stops from another."""
    wanted: list[tuple[str, set[str]]] = field(default_factory=list)
    """Ids referred to, and the elements that may have them."""
    inherited: list[str] = field(default_factory=list)
    """Ids of gradients that others take their stops from."""

    placed: set[str] = field(default_factory=set)
    """Ids of gradients in the coordinates of the drawing: some viewers of PDF draw none of the others."""

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        element = tag.removeprefix(_SVG)
        if element == tag or " " in element:
            raise ValueError(f"element {tag.rpartition(' ')[2]!r}, which is none of SVG")
        if element not in (_WITHIN.get(self.path[-1], set()) if self.path else {"svg"}):
            raise ValueError(f"element {element!r}" + (f" in {self.path[-1]!r}" if self.path else " at the top"))
        self.path.append(element)
        self.count += 1
        if self.count > MOST_ELEMENTS or len(self.path) > DEEPEST:
            raise ValueError(f"more than {MOST_ELEMENTS} elements, or more than {DEEPEST} within each other")
        for name, value in attributes.items():
            self._attribute(element, name.removeprefix(_XLINK).removeprefix(_XML), value.strip(), attributes)
        if element == "svg":
            _check_size(attributes)

    def _attribute(self, element: str, name: str, value: str, attributes: dict[str, str]) -> None:
        if name == "style":
            for declaration in filter(str.strip, value.split(";")):
                key, _, stated = (part.strip() for part in declaration.partition(":"))
                if key not in _STYLE:
                    raise ValueError(f"property {key!r} in a style")
                self._value(element, key, stated)
            return
        if name not in _ATTRIBUTES:
            raise ValueError(f"attribute {name.rpartition(' ')[2]!r} of {element!r}")
        self._value(element, name, value)
        if name == "id":
            if value in self.ids:
                raise ValueError(f"the id {value!r} twice")
            self.ids[value] = element
            if attributes.get("gradientUnits") == "userSpaceOnUse":
                self.placed.add(value)
        elif name == "href":
            if element not in _GRADIENTS:
                raise ValueError(f"attribute 'href' of {element!r}")
            self.inherited.append(value.removeprefix("#"))
            self.linked.add(attributes.get("id", ""))

    def _value(self, element: str, name: str, value: str) -> None:
        if not _ATTRIBUTES[name].fullmatch(value):
            raise ValueError(f"{name}={value[:60]!r} of {element!r}")
        if name in _NUMERIC or _ATTRIBUTES[name] is _LENGTH:
            for number in _NUMBERS.findall(value):
                if not abs(float(number)) <= _LARGEST:
                    raise ValueError(f"the number {number} in {name} of {element!r}")
        if reference := _REFERENCE.fullmatch(value):
            if name == "clip-path" and "clipPath" in self.path:
                raise ValueError("a clip within a clip")
            self.wanted.append((reference[1], {"clipPath"} if name == "clip-path" else _GRADIENTS))

    def end(self, _: str) -> None:
        self.path.pop()

    def text(self, characters: str) -> None:
        if characters.strip() and self.path[-1] not in ("title", "desc"):
            raise ValueError(f"text in {self.path[-1]!r}")

    def finish(self) -> None:
        """References lead to something of the right kind, and gradients to gradients in one step."""
        for target, kinds in [*self.wanted, *((target, _GRADIENTS) for target in self.inherited)]:
            if self.ids.get(target) not in kinds:
                raise ValueError(f"a reference to {target!r}, which is no {' or '.join(sorted(kinds))} of the file")
        if loose := [target for target, kinds in self.wanted if kinds == _GRADIENTS and target not in self.placed]:
            raise ValueError(f"gradient {loose[0]!r} without gradientUnits='userSpaceOnUse'")
        if chained := [target for target in self.inherited if target in self.linked]:
            raise ValueError(f"a chain of gradients through {chained[0]!r}")


def _check_size(attributes: dict[str, str]) -> None:
    """Its shape follows from the file: from viewBox, else from width and height."""
    box = [float(number) for number in _NUMBERS.findall(attributes.get("viewBox", ""))]
    if "viewBox" not in attributes:
        sides = [re.fullmatch(rf"({_NUMBER})(?:px)?", attributes.get(side, "").strip()) for side in ("width", "height")]
        box = [0.0, 0.0, *(float(side[1]) for side in sides if side)]
    if len(box) != 4 or not (box[2] > 0 and box[3] > 0 and 1 / 20 <= box[2] / box[3] <= 20):
        raise ValueError("a size that cannot be known, or one side more than 20 times the other (viewBox)")
