"""Charts of effects: how an answer follows one input, and how SHAP values do."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from explainkit.report.canvas import (
    BAND,
    DEEP,
    INK,
    MUTED,
    PALE,
    Axes,
    axis_title,
    canvas,
    inches,
    legend,
    row_names,
    span,
    to_svg,
)
from explainkit.report.charts import HALF, dot_rows, rank_shade, shortened
from explainkit.report.language import say

_HEIGHT = 2.0
LONGEST = 22
"""Letters of a value that fit beside half a page's chart."""
PLAIN, OTHER = DEEP, "#8f989f"
"""Colours of points where nothing tells them apart, and of those that are none of the groups."""
GROUPS = (INK, DEEP, PALE)
"""Colours of the most frequent groups of points."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """A mean answer over the values of an input, with a band."""

    x: Sequence[float]
    mean: Sequence[float]
    low: Sequence[float]
    high: Sequence[float]
    gap: tuple[float, float, float] | None = None
    """Mean and band where the input is missing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """One row of a chart of spreads."""

    name: str
    middle: float
    inner: tuple[float | None, float | None]
    outer: tuple[float | None, float | None]
    """None where an end is not shown."""


def effect(
    curve: Curve | None,
    other: tuple[Sequence[float], Sequence[float]] | None,
    *,
    axis: str,
    vertical: str,
    ends: tuple[float, float] | None = None,
    width: float = HALF,
) -> bytes:
    """Partial dependence as a line with a band, accumulated local effects as a dashed line.

    Parameters
    ----------
    curve : Curve, optional
        Partial dependence.
    other : (sequence of float, sequence of float), optional
        Values of the input and effects at them, moved to the level of the curve.
    axis, vertical : str
        What the axes show.
    ends : (float, float), optional
        Ends of the vertical axis, where several charts have the same.
    width : float
        In inches.
    """
    heights = [*(_heights(curve) if curve is not None else ()), *(other[1] if other is not None else ())]
    low, high = span(heights if ends is None else ends, pad=0.04)
    x = [*(curve.x if curve is not None else ()), *(other[0] if other is not None else ())]
    left, right = span(x, pad=0.03)
    if curve is not None and curve.gap is not None:
        right += 0.12 * (right - left)
    scales = {"x": (left, right), "y": (low, high)}
    axes = canvas(width, _HEIGHT, **scales, left=0.52, right=0.1, bottom=0.4, top=0.22)
    words = []
    if curve is not None:
        axes.fill_between(curve.x, curve.low, curve.high, color=BAND)
        axes.plot(curve.x, curve.mean, color=DEEP, lw=1.5)
        words.append((DEEP, say("partial dependence")))
        if curve.gap is not None:
            _gap(axes, curve.gap, right - 0.045 * (right - left), (low, high))
    if other is not None:
        axes.plot(*other, color=INK, lw=1.1, dashes=(3, 2))
        words.append((INK, say("accumulated (dashed)")))
    for place in sorted(set(x)):
        axes.plot([place, place], [low, low + 0.025 * (high - low)], color=MUTED, lw=0.5)
    legend(axes, words)
    axis_title(axes, shortened(axis))
    axis_title(axes, vertical, vertical=True)
    return to_svg(axes)


def band(curve: Curve, *, axis: str, vertical: str, mark: float | None = None, width: float = HALF) -> bytes:
    """One line from zero up with its band, and a line down at `mark`.

    Parameters
    ----------
    curve : Curve
        Where nothing is known of the band, its ends are the line.
    axis, vertical : str
        What the axes show.
    mark : float, optional
        A place on the axis.
    width : float
        In inches.
    """
    high = span([*_heights(curve), 0.0], pad=0.04)[1]
    scales = {"x": span([*curve.x, *([] if mark is None else [mark])], pad=0.03), "y": (0.0, high)}
    axes = canvas(width, _HEIGHT, **scales, left=0.52, right=0.1, bottom=0.4, top=0.1)
    axes.fill_between(curve.x, curve.low, curve.high, color=BAND)
    axes.plot(curve.x, curve.mean, color=DEEP, lw=1.5)
    if mark is not None:
        axes.plot([mark, mark], [0.0, high], color=INK, lw=0.8, dashes=(2, 2))
    axis_title(axes, axis)
    axis_title(axes, vertical, vertical=True)
    return to_svg(axes)


def _heights(curve: Curve) -> list[float]:
    return [*curve.mean, *curve.low, *curve.high, *(curve.gap or ())]


def _gap(axes: Axes, gap: tuple[float, float, float], x: float, ends: tuple[float, float]) -> None:
    """The answer where the value is missing, right of the scale."""
    mean, low, high = gap
    axes.plot([x, x], [low, high], color=PALE, lw=1.6, cap="butt")
    axes.dots([(x, mean)], color=DEEP, size=4.6)
    foot = (x, ends[0] + 0.05 * (ends[1] - ends[0]))
    axes.text(foot, say("missing"), color=MUTED, align=("center", "baseline"))


def scatter(
    points: Sequence[tuple[float, float, str]],
    *,
    words: Sequence[tuple[str, str]],
    axis: str,
    vertical: str,
    width: float = HALF,
) -> bytes:
    """Points with colours.

    Parameters
    ----------
    points : sequence of (float, float, str)
        Horizontal and vertical place, and colour.
    words : sequence of (str, str)
        Colours and what they mean.
    axis, vertical : str
        What the axes show.
    width : float
        In inches.
    """
    left, right = span([x for x, _, _ in points], pad=0.04)
    scales = {"x": (left, right), "y": span([*(y for _, y, _ in points), 0.0], pad=0.05)}
    axes = canvas(width, _HEIGHT, **scales, left=0.52, right=0.1, bottom=0.4, top=0.22)
    axes.plot([left, right], [0, 0], color=MUTED, lw=0.7, dashes=(2, 2))
    shades: dict[str, list[tuple[float, float]]] = {}
    for x, y, color in points:
        shades.setdefault(color, []).append((x, y))
    for color in sorted(shades):
        axes.dots(shades[color], color=color, size=2.6)
    legend(axes, words)
    axis_title(axes, shortened(axis))
    axis_title(axes, vertical, vertical=True)
    return to_svg(axes)


def strips(
    rows: Sequence[tuple[str, Sequence[tuple[float, float | None]]]],
    *,
    color: Callable[[float | None], str],
    words: Sequence[tuple[str, str]],
    axis: str,
    width: float = HALF,
) -> bytes:
    """Points beside each other, one row for each value of an input.

    Parameters
    ----------
    rows : sequence of (str, sequence of (float, float or None))
        Value, and its points: horizontal place, and what `color` makes a colour of.
    color : callable
        Colour of a point.
    words : sequence of (str, str)
        Colours and what they mean.
    axis : str
        What the horizontal axis shows.
    width : float
        In inches.
    """
    names = [shortened(name, LONGEST) for name, _ in rows]
    left = max(map(inches, names)) + 0.12
    low, high = span([x for _, points in rows for x, _ in points] + [0.0])
    scales = {"x": (low, high), "y": (-0.6, len(rows) - 0.4)}
    axes = canvas(width, 0.27 * len(rows) + 0.62, **scales, left=left, right=0.1, bottom=0.4, top=0.22)
    axes.axvline(0, color=MUTED, lw=0.7, dashes=(2, 2))
    dot_rows(axes, rows, (low, high), color)
    legend(axes, words)
    row_names(axes, names)
    axis_title(axes, axis)
    return to_svg(axes)


def by_rank(name: str) -> tuple[tuple[str, str], ...]:
    """Words for colours of ranks."""
    short = shortened(name, 16)
    low, high = say("low {input}", input=short), say("high {input}", input=short)
    return ((rank_shade(0.0), low), (rank_shade(1.0), high))


def boxes(rows: Sequence[Box], *, axis: str, mark: float | None = None, width: float = HALF) -> bytes:
    """How numbers are spread, one row each: a thin line, a thick one within it, and a point for the middle.

    Parameters
    ----------
    rows : sequence of Box
        From top to bottom.
    axis : str
        What the axis shows.
    mark : float, optional
        Where a dashed line stands.
    width : float
        In inches.
    """
    names = [shortened(row.name) for row in rows]
    left = max(map(inches, names)) + 0.12
    across = span([x for row in rows for x in row.outer + row.inner if x is not None] + [mark])
    scales = {"x": across, "y": (-0.6, len(rows) - 0.4)}
    axes = canvas(width, 0.235 * len(rows) + 0.46, **scales, left=left, right=0.1, bottom=0.4, top=0.04)
    if mark is not None:
        axes.axvline(mark, color=MUTED, lw=0.7, dashes=(2, 2))
    for place, row in zip(range(len(rows) - 1, -1, -1), rows, strict=True):
        for ends, thick, color in ((row.outer, 1.2, PALE), (row.inner, 4.2, DEEP)):
            known = [end for end in ends if end is not None]
            if len(known) == 2:
                axes.plot(known, [place, place], color=color, lw=thick, cap="butt")
        axes.dots([(row.middle, place)], color="#ffffff", size=3.2)
    row_names(axes, names)
    axis_title(axes, axis)
    return to_svg(axes)
