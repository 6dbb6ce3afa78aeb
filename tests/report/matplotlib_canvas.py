"""The referee of our charts: the same few calls, drawn by matplotlib, its SVG rewritten as ours is."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cache
from typing import Any
from xml.etree.ElementTree import Element, fromstring

import matplotlib
from markupsafe import escape
from matplotlib import font_manager
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import PathPatch
from matplotlib.path import Path
from matplotlib.ticker import MaxNLocator, ScalarFormatter

from explainkit.report.canvas import INK, SIZE, SOFT, inches
from explainkit.report.language import spoken
from explainkit.resources import resource

_LOOK = {
    "svg.fonttype": "none",
    "svg.hashsalt": "explainkit",
    "font.size": SIZE,
    "text.color": INK,
    "axes.edgecolor": "#8a949e",
    "axes.linewidth": 0.6,
    "axes.labelcolor": SOFT,
    "axes.labelsize": SIZE,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.unicode_minus": True,
    **{f"{axis}tick.{key}": value for axis in "xy" for key, value in (
        ("color", SOFT), ("labelsize", SIZE), ("major.width", 0.6), ("major.size", 2.5)
    )},
}  # fmt: skip


class Axes:
    """What `explainkit.report.canvas.Axes` does, by an axes of matplotlib."""

    def __init__(self, width, height, *, x, y, left, right, bottom, top):
        self._style = ExitStack()
        self._style.enter_context(matplotlib.rc_context())
        matplotlib.rcdefaults()
        matplotlib.rcParams.update({**_LOOK, "font.family": list(_fonts())})
        self.figure = Figure(figsize=(width, height))
        self.figure.patch.set_visible(False)
        left = min(left, width * 0.55)
        room = 1 - (left + right) / width, 1 - (bottom + top) / height
        self._axes = self.figure.add_axes((left / width, bottom / height, *room))
        self._axes.patch.set_visible(False)
        self._axes.set_xlim(*x)
        self._axes.set_ylim(*y)
        self.spines = ["left", "bottom"]
        self.titles: dict[str, str] = {}
        self.marks: dict[str, Any] = {}
        self.numbers: Callable[[float], str] | None = None

    def plot(self, x, y, *, color, lw, dashes=(), cap="square"):
        style = {"dashes": dashes} if dashes else {"solid_capstyle": "butt" if cap == "butt" else "projecting"}
        self._axes.plot(x, y, color=color, lw=lw, **style)

    def axvline(self, x, *, color, lw, dashes=()):
        self._axes.axvline(x, color=color, lw=lw, **({"dashes": dashes} if dashes else {}))

    def axhline(self, y, *, color, lw, start=0):
        self._axes.plot([start, 1], [y, y], color=color, lw=lw, transform=self._axes.get_yaxis_transform())

    def axvspan(self, low, high, *, color):
        self._axes.axvspan(low, high, color=color, lw=0)

    def bar(self, x, y, *, color, edge=None):
        around = {} if edge is None else {"ec": edge, "lw": 0.4}
        self._axes.bar(x[0], y[1] - y[0], width=x[1] - x[0], bottom=y[0], align="edge", color=color, **around)

    def fill_between(self, x, low, high, *, color):
        self._axes.fill_between(x, low, high, color=color, lw=0)

    def dots(self, points, *, color, size):
        path = Path([p for p in points for _ in "ML"], [Path.MOVETO, Path.LINETO] * len(points))
        path.should_simplify = False
        self._axes.add_patch(PathPatch(path, fill=False, ec=color, lw=size, capstyle="round", zorder=3))

    def text(self, point, words, *, shares="", move=(0, 0), color=INK, weight=400, align=("left", "baseline")):
        self._axes.annotate(
            words,
            point,
            move,
            xycoords=tuple("axes fraction" if name in shares else "data" for name in "xy"),
            textcoords="offset points",
            ha=align[0],
            va=align[1],
            color=color,
            weight=weight,
            parse_math=False,
        )


@cache
def _fonts() -> tuple[str, str]:
    names = ("explainkit text", "explainkit fallback")
    spare, own = f"{matplotlib.get_data_path()}/fonts/ttf", resource("report_templates", "fonts")
    for name, path, weight in (
        (names[0], f"{own}/IBMPlexSans-Regular.ttf", 400),
        (names[0], f"{own}/IBMPlexSans-SemiBold.ttf", 600),
        (names[1], f"{spare}/DejaVuSans.ttf", 400),
        (names[1], f"{spare}/DejaVuSans-Bold.ttf", 600),
    ):
        font_manager.fontManager.ttflist.append(
            font_manager.FontEntry(fname=path, name=name, weight=weight, size="scalable")
        )
    return names


def legend(axes: Axes, entries: Sequence[tuple[str, str]]) -> None:
    figure = axes.figure
    width, height = figure.get_size_inches()
    x = width - 0.12 - sum(inches(words) + 0.26 for _, words in entries) + 0.14
    for color, words in entries:
        place = ([x / width] * 2, [1 - 0.1 / height] * 2)
        figure.add_artist(Line2D(*place, color=color, lw=4, solid_capstyle="round"))
        figure.text((x + 0.07) / width, 1 - 0.1 / height, words, va="center_baseline", color=SOFT, parse_math=False)
        x += inches(words) + 0.26


class _Ticks(ScalarFormatter):
    def __call__(self, x, pos=None):
        return str(super().__call__(x, pos)).replace(".", spoken().decimal)


def to_svg(given: Axes) -> bytes:
    axes = given._axes
    for name in ("left", "bottom"):
        axes.spines[name].set_visible(name in given.spines)
    for name, axis, label in (("x", axes.xaxis, axes.set_xlabel), ("y", axes.yaxis, axes.set_ylabel)):
        if name in given.titles:
            axis.set_major_locator(MaxNLocator(5, steps=[1, 2, 2.5, 5, 10]))
            axis.set_major_formatter(_Ticks())
            label(given.titles[name], labelpad=3, parse_math=False)
        elif name in given.marks:
            places, words = zip(*given.marks[name].marks, strict=True)
            axis.set_ticks(places, words, parse_math=False)
        else:
            axis.set_ticks([])
    if given.numbers is not None:
        axes.yaxis.set_major_formatter(lambda value, _: given.numbers(value))
    buffer = io.StringIO()
    given.figure.savefig(buffer, format="svg", transparent=True, metadata={"Date": None})
    given._style.close()
    return plain_svg(buffer.getvalue(), size=SIZE)


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
