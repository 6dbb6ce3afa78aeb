"""Canvas: two scales on a sheet, the house look, and the few things that our charts are drawn with.

matplotlib draws the same, which the tests hold against it, but takes a twentieth of a second for each chart: it is made
for much that none of ours asks for.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from operator import itemgetter
from typing import Literal

from explainkit.report.ruler import SIZE, Ticks, extent, runs, ticks, wide
from explainkit.report.svg import Stroke, Words, line, svg

__all__ = [
    "BAND", "DEEP", "INK", "MUTED", "PALE", "RULE", "SIZE", "SOFT", "WARN", "Axes", "axis_title", "canvas", "inches",
    "legend", "row_names", "span", "to_svg",
]  # fmt: skip

INK, SOFT, MUTED = "#16202a", "#3d4852", "#6b7680"
DEEP, PALE, BAND, WARN, RULE = "#1f5a8c", "#9dbad3", "#eef3f7", "#b5520b", "#cfd6dc"
"""One accent in two depths that stay apart in grey, its tint, and orange only for what needs attention."""
_EDGE = "#8a949e"
_TICK, _BESIDE_TICK, _PAD = 2.5, 6.0, 3.0
"""Length of a tick, from the axis to its number, and from numbers to what else is said of an axis, in points."""
_AREAS, _AXES, _LINES, _SPINES, _TOP = range(5)
"""What lies on top of what; within one, what came later. What belongs to the whole sheet lies on top of all."""
_LEGEND = (_TOP + 1, _TOP + 2)
_ANCHORS = {"left": "start", "center": "middle", "right": "end"}

Across = Literal["left", "center", "right"]
Along = Literal["baseline", "center", "center_baseline", "top", "bottom"]


@dataclass(frozen=True, slots=True)
class Side:
    """One scale: from numbers, or shares of its length, to points on the sheet."""

    start: float
    end: float
    low: float
    high: float

    def at(self, number: float) -> float:
        """Where a number stands."""
        share, length = 1 / (self.high - self.low), self.end - self.start
        return number * (length * share) + (length * (-self.low * share) + self.start)

    def part(self, share: float) -> float:
        """Where a share of the length ends."""
        return share * (self.end - self.start) + self.start


@dataclass(slots=True, kw_only=True, eq=False)
class Axes:
    """A pair of scales and what is drawn on them; y grows upward."""

    width: float
    """Of the sheet, in points."""
    height: float
    x: Side
    y: Side
    spines: list[str] = field(default_factory=lambda: ["left", "bottom"])
    """Which scales have a line along them."""
    titles: dict[str, str] = field(default_factory=dict)
    """What is said of the scales, by ``x`` and ``y``: these have ticks."""
    marks: dict[str, Ticks] = field(default_factory=dict)
    """Ticks of scales where they are not those of numbers."""
    numbers: Callable[[float], str] | None = None
    """What stands at a tick of the vertical scale; the number itself when left out."""
    drawn: list[tuple[int, Stroke | Words]] = field(default_factory=list)
    """What was drawn, with its height above the sheet."""

    def plot(
        self,
        x: Sequence[float],
        y: Sequence[float],
        *,
        color: str,
        lw: float,
        dashes: Sequence[float] = (),
        cap: str = "square",
    ) -> None:
        """Draw a line through points, broken where a number is none; dashes are in widths of the line."""
        self.add(_LINES, list(map(self._point, x, y)), stroke(color, lw, dashes, cap))

    def axvline(self, x: float, *, color: str, lw: float, dashes: Sequence[float] = ()) -> None:
        """Draw a line up at a number."""
        ends = [(self.x.at(x), self.height - self.y.part(share)) for share in (0, 1)]
        self.add(_LINES, ends, stroke(color, lw, dashes))

    def axhline(self, y: float, *, color: str, lw: float, start: float = 0) -> None:
        """Draw a line across at a number, from a share of the horizontal scale to its end."""
        ends = [(self.x.part(share), self.height - self.y.at(y)) for share in (start, 1)]
        self.add(_LINES, ends, stroke(color, lw))

    def axvspan(self, low: float, high: float, *, color: str) -> None:
        """Fill what is between two numbers of the horizontal scale."""
        self._box((self.x.at(low), self.x.at(high)), (self.y.part(0), self.y.part(1)), {"fill": color})

    def bar(self, x: tuple[float, float], y: tuple[float, float], *, color: str, edge: str | None = None) -> None:
        """Fill what is between two numbers of each scale."""
        around = {} if edge is None else {"stroke": edge, "stroke-width": "0.4"}
        self._box((self.x.at(x[0]), self.x.at(x[1])), (self.y.at(y[0]), self.y.at(y[1])), {"fill": color} | around)

    def fill_between(self, x: Sequence[float], low: Sequence[float], high: Sequence[float], *, color: str) -> None:
        """Fill what is between two lines over the same places."""
        up, back = zip(x, low, strict=True), zip(reversed(x), reversed(high), strict=True)
        corners = [(x[0], high[0]), *up, (x[-1], high[-1]), *back]
        self._area([self._point(*corner) for corner in corners], {"fill": color})

    def dots(self, points: Sequence[tuple[float, float]], *, color: str, size: float) -> None:
        """Draw round points as one outline: a tenth of the bytes of as many markers."""
        data = "".join(line([self._point(x, y)] * 2) for x, y in points)
        self.drawn.append((_TOP, Stroke(data, stroke(color, size, cap="round"))))

    def text(
        self,
        point: tuple[float, float],
        words: str,
        *,
        shares: str = "",
        move: tuple[float, float] = (0, 0),
        color: str = INK,
        weight: int = 400,
        align: tuple[Across, Along] = ("left", "baseline"),
    ) -> None:
        """Write words at a point.

        Parameters
        ----------
        point : (float, float)
            Numbers; where `shares` has the name of a scale, a share of its length.
        words : str
            They are written on one line.
        shares : str
            ``x``, ``y`` or ``xy``.
        move : (float, float)
            How far from the point, in points.
        color, weight
            How the words look.
        align : (str, str)
            Which place of the words stands there.
        """
        across = self.x.part(point[0]) if "x" in shares else self.x.at(point[0])
        up = self.y.part(point[1]) if "y" in shares else self.y.at(point[1])
        self.say(words, (across + move[0], up + move[1]), align, color=color, weight=weight)

    def say(
        self,
        words: str,
        place: tuple[float, float],
        align: tuple[Across, Along],
        *,
        color: str,
        weight: int = 400,
        level: int = _TOP,
        upward: bool = False,
    ) -> None:
        """Write words at a place of the sheet, in points from its lower left corner."""
        if not words:
            return
        across, along = align
        size = extent(words, weight)
        up = {
            "baseline": 0.0,
            "top": -size.ascent,
            "bottom": size.descent,
            "center": (size.descent - size.ascent) / 2,
            "center_baseline": -size.ascent / 2,
        }[along]
        x, y = (place[0] - up, place[1]) if upward else (place[0], place[1] + up)
        looks = {"fill": color, "text-anchor": _ANCHORS[across]} | (
            {} if weight == 400 else {"font-weight": f"{weight}"}
        )
        self.drawn.append((level, Words(text=words, x=x, y=self.height - y, looks=looks, upward=upward)))

    def add(self, level: int, points: Sequence[tuple[float, float]], looks: Mapping[str, str]) -> None:
        """Draw a line through points of the sheet, from its upper left corner."""
        data = "".join(map(line, runs(points, width=self.width, height=self.height)))
        self.drawn.append((level, Stroke(data, looks)))

    def _point(self, x: float, y: float) -> tuple[float, float]:
        return self.x.at(x), self.height - self.y.at(y)

    def _box(self, x: tuple[float, float], y: tuple[float, float], looks: Mapping[str, str]) -> None:
        low, high = (self.height - end for end in y)
        self._area([(x[0], low), (x[1], low), (x[1], high), (x[0], high)], looks)

    def _area(self, corners: Sequence[tuple[float, float]], looks: Mapping[str, str]) -> None:
        self.drawn.append((_AREAS, Stroke(line(corners) + "z", looks)))


def canvas(
    width: float,
    height: float,
    *,
    x: tuple[float, float],
    y: tuple[float, float],
    left: float,
    right: float,
    bottom: float,
    top: float,
) -> Axes:
    """Scales on a sheet: their ends in numbers; sizes and margins in inches."""
    left = min(left, width * 0.55)
    return Axes(
        width=width * 72,
        height=height * 72,
        x=Side(left * 72, (width - right) * 72, *wide(*x)),
        y=Side(bottom * 72, (height - top) * 72, *wide(*y)),
    )


def inches(text: str, weight: int = 400) -> float:
    """Width of a text, in inches."""
    return extent(text, weight).width / 72 if text.strip() else 0.0


def span(numbers: Sequence[float | None], pad: float = 0.06) -> tuple[float, float]:
    """Ends of an axis that holds all numbers, with a little room."""
    known = [n for n in numbers if n is not None]
    low, high = min(known, default=0.0), max(known, default=1.0)
    room = (high - low) * pad or abs(high) * 0.1 or 1.0
    return low - room, high + room


def stroke(color: str, width: float, dashes: Sequence[float] = (), cap: str = "square") -> dict[str, str]:
    """How a line looks; dashes are in widths of the line, and end where they do."""
    looks = {"fill": "none", "stroke": color, "stroke-width": f"{width:g}"}
    if dashes:
        looks["stroke-dasharray"] = ",".join(f"{width * dash:.6g}" for dash in dashes)
    elif cap != "butt":
        looks["stroke-linecap"] = cap
    return looks


def legend(axes: Axes, entries: Sequence[tuple[str, str]]) -> None:
    """Coloured points with their words, in one line at the top right of the sheet."""
    x = axes.width / 72 - 0.12 - sum(inches(words) + 0.26 for _, words in entries) + 0.14
    up = axes.height - 0.1 * 72
    for color, words in entries:
        axes.add(_LEGEND[0], [(x * 72, axes.height - up)] * 2, stroke(color, 4, cap="round"))
        axes.say(words, ((x + 0.07) * 72, up), ("left", "center_baseline"), color=SOFT, level=_LEGEND[1])
        x += inches(words) + 0.26


def row_names(axes: Axes, names: Sequence[str], strong: Sequence[int] = ()) -> None:
    """Names of rows from top to bottom, left of the axes."""
    axes.spines.remove("left")
    for i, name in enumerate(names):
        weight = 600 if i in strong else 400
        axes.text((0, len(names) - 1 - i), name, shares="x", move=(-6, 0), weight=weight, align=("right", "center"))


def axis_title(axes: Axes, title: str, *, vertical: bool = False) -> None:
    """Say what a scale shows, which then has ticks."""
    axes.titles["y" if vertical else "x"] = title


def to_svg(axes: Axes) -> bytes:
    """The drawing: what was drawn, and its scales."""
    _below(axes)
    _beside(axes)
    corner = (axes.x.start, axes.height - axes.y.start)
    ends = {"left": (corner[0], axes.height - axes.y.end), "bottom": (axes.x.end, corner[1])}
    for spine in axes.spines:
        axes.add(_SPINES, [corner, ends[spine]], stroke(_EDGE, 0.6))
    return svg(
        [part for _, part in sorted(axes.drawn, key=itemgetter(0))], width=axes.width, height=axes.height, size=SIZE
    )


def _below(axes: Axes) -> None:
    """Ticks of the horizontal scale, and what it shows."""
    scale, edge = axes.x, axes.y.start
    marks = axes.marks.get("x") or (ticks(scale.low, scale.high) if "x" in axes.titles else Ticks(marks=()))
    low = edge
    for number, words in marks.marks:
        across, down = scale.at(number), axes.height - edge
        axes.add(_AXES, [(across, down), (across, down + _TICK)], stroke(SOFT, 0.6, cap="butt"))
        axes.say(words, (across, edge - _BESIDE_TICK), ("center", "top"), color=SOFT, level=_AXES)
        low = min(low, edge - _BESIDE_TICK - extent(words).height)
    title, offset = axes.titles.get("x", ""), marks.offset
    axes.say(title, (scale.part(0.5), low - _PAD), ("center", "top"), color=SOFT, level=_AXES)
    axes.say(offset, (scale.end, low - _PAD), ("right", "top"), color=SOFT, level=_AXES)


def _beside(axes: Axes) -> None:
    """Ticks of the vertical scale, and what it shows."""
    scale, edge = axes.y, axes.x.start
    marks = axes.marks.get("y") or (
        ticks(scale.low, scale.high, axes.numbers) if "y" in axes.titles else Ticks(marks=())
    )
    left = edge
    for number, words in marks.marks:
        up = scale.at(number)
        down = axes.height - up
        axes.add(_AXES, [(edge, down), (edge - _TICK, down)], stroke(SOFT, 0.6, cap="butt"))
        axes.say(words, (edge - _BESIDE_TICK, up), ("right", "center_baseline"), color=SOFT, level=_AXES)
        left = min(left, edge - _BESIDE_TICK - extent(words).width)
    place = (left - _PAD, scale.part(0.5))
    axes.say(axes.titles.get("y", ""), place, ("center", "bottom"), color=SOFT, level=_AXES, upward=True)
    axes.say(marks.offset, (edge, scale.end + _PAD), ("left", "baseline"), color=SOFT, level=_AXES)
