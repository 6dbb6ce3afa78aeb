"""Charts: plain numbers and names in, SVG bytes out."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise

from explainkit.report.canvas import (
    BAND,
    DEEP,
    INK,
    MUTED,
    PALE,
    RULE,
    SOFT,
    WARN,
    Axes,
    axis_title,
    canvas,
    inches,
    legend,
    row_names,
    span,
    to_svg,
)
from explainkit.report.language import say

FULL, HALF = 6.93, 3.36
"""Widths in inches: the text of an A4 page, and half of it."""
_LONGEST_NAME = 38


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """One row of a chart of intervals."""

    name: str
    value: float | None
    """None draws no point: the text says why."""
    text: str
    """The value in words, as printed in the table beside the chart."""
    low: float | None = None
    high: float | None = None
    tone: str = "plain"
    """``plain``, ``attention`` or ``quiet``."""
    opens: bool = False
    """Whether a hairline sets it apart from the rows above: another column begins."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One bar of a waterfall."""

    name: str
    value: float
    text: str


def intervals(
    rows: Sequence[Interval],
    *,
    width: float = HALF,
    line: float | None = None,
    mark: float | None = None,
    holds: tuple[float, float] | None = None,
    axis: str,
) -> bytes:
    """Points with intervals, one row each.

    Parameters
    ----------
    rows : sequence of Interval
        From top to bottom.
    width : float
        In inches.
    line : float, optional
        Where a dashed line of reference stands.
    mark : float, optional
        Where a light band begins that reaches to the right end (a screening limit).
    holds : (float, float), optional
        Numbers that the axis holds too, where several charts have the same.
    axis : str
        What the axis shows, with its unit.
    """
    names = [shortened(row.name) for row in rows]
    left = max(map(inches, names)) + 0.12
    right = max(inches(row.text, weight=600) for row in rows) + 0.14
    low, high = span([x for r in rows for x in (r.value, r.low, r.high)] + [line, mark, *(holds or ())])
    scales = {"x": (low, high), "y": (-0.6, len(rows) - 0.4)}
    axes = canvas(width, 0.235 * len(rows) + 0.46, **scales, left=left, right=right, bottom=0.4, top=0.04)
    if mark is not None:
        axes.axvspan(mark, high, color=BAND)
    if line is not None:
        axes.axvline(line, color=MUTED, lw=0.7, dashes=(2, 2))
    for place, row in zip(range(len(rows) - 1, -1, -1), rows, strict=True):
        _interval(axes, place, row)
        if row.opens and place < len(rows) - 1:
            start = -left / (width - left - right)
            axes.axhline(place + 0.5, color=RULE, lw=0.5, start=start)
        color, weight = (WARN, 600) if row.tone == "attention" else (INK, 400)
        axes.text((1, place), row.text, shares="x", move=(5, 0), color=color, weight=weight, align=("left", "center"))
    row_names(axes, names)
    axis_title(axes, axis)
    return to_svg(axes)


def _interval(axes: Axes, place: int, row: Interval) -> None:
    if row.value is None:
        return
    color = {"attention": WARN, "quiet": MUTED}.get(row.tone, DEEP)
    if row.low is not None and row.high is not None:
        axes.plot([row.low, row.high], [place, place], color=color, lw=1.6, cap="butt")
    axes.dots([(row.value, place)], color=color, size=5.2)
    if row.tone == "quiet":
        axes.dots([(row.value, place)], color="#ffffff", size=3.4)


def waterfall(
    steps: Sequence[Step], *, base: tuple[float, str], output: tuple[float, str], width: float = FULL
) -> bytes:
    """From a base value through contributions to an output.

    Parameters
    ----------
    steps : sequence of Step
        Contributions from top to bottom; they add up to the difference between output and base.
    base, output : (float, str)
        The value and the words beside it.
    width : float
        In inches.
    """
    names = [base[1], *(shortened(s.name) for s in steps), output[1]]
    left = max(inches(name, weight=600) for name in names) + 0.12
    ends = list(accumulate((s.value for s in steps), initial=base[0]))
    scales = {"x": span([*ends, output[0]]), "y": (-0.5, len(names) - 0.5)}
    axes = canvas(width, 0.225 * len(names) + 0.06, **scales, left=left, right=0.5, bottom=0.03, top=0.03)
    top = len(names) - 1
    axes.plot([base[0], base[0]], [top - 0.62, top + 0.3], color=INK, lw=1.2)
    for place, step, start, end in zip(range(top - 1, 0, -1), steps, ends[:-1], ends[1:], strict=True):
        across, color = (start, start + step.value), DEEP if step.value > 0 else PALE
        axes.bar(across, (place - 0.3, place + 0.3), color=color)
        axes.plot([end, end], [place - 0.7, place + 0.3], color=MUTED, lw=0.5)
        axes.text((max(start, end), place), step.text, move=(4, 0), align=("left", "center"))
    axes.plot([output[0], output[0]], [-0.3, 0.3], color=INK, lw=1.2)
    row_names(axes, names, strong=(0, len(names) - 1))
    axes.spines.remove("bottom")
    return to_svg(axes)


def curve(x: Sequence[float], y: Sequence[float], *, x_axis: str, y_axis: str, width: float = HALF) -> bytes:
    """A curve in the unit square with its diagonal (ROC)."""
    scales = {"x": (-0.01, 1.01), "y": (-0.01, 1.02)}
    axes = canvas(width, 2.5, **scales, left=0.46, right=0.1, bottom=0.42, top=0.06)
    axes.plot([0, 1], [0, 1], color=MUTED, lw=0.7, dashes=(2, 2))
    axes.fill_between(x, x, y, color=BAND)
    axes.plot(x, y, color=DEEP, lw=1.6)
    axes.text((0.62, 0.56), say("no discrimination"), color=MUTED, align=("left", "top"))
    axis_title(axes, x_axis)
    axis_title(axes, y_axis, vertical=True)
    return to_svg(axes)


def reliability(
    mean: Sequence[float | None],
    observed: Sequence[float | None],
    low: Sequence[float | None],
    high: Sequence[float | None],
    *,
    x_axis: str,
    y_axis: str,
    diagonal: str,
    width: float = HALF,
) -> bytes:
    """Observed outcomes against predictions, bin by bin, with intervals and the diagonal of agreement."""
    start, end = ends = span([*mean, *observed, *low, *high], pad=0.04)
    axes = canvas(width, 2.5, x=ends, y=ends, left=0.52, right=0.1, bottom=0.42, top=0.06)
    axes.plot([start, end], [start, end], color=MUTED, lw=0.7, dashes=(2, 2))
    for x, y, bottom, top in zip(mean, observed, low, high, strict=True):
        if x is None or y is None:
            continue
        if bottom is not None and top is not None:
            axes.plot([x, x], [bottom, top], color=DEEP, lw=1.1, cap="butt")
        axes.dots([(x, y)], color=DEEP, size=4.8)
    corner = (end - (end - start) * 0.03, start + (end - start) * 0.05)
    axes.text(corner, diagonal, color=MUTED, align=("right", "baseline"))
    axis_title(axes, x_axis)
    axis_title(axes, y_axis, vertical=True)
    return to_svg(axes)


def histogram(
    low: Sequence[float],
    high: Sequence[float],
    counts: Sequence[tuple[str, Sequence[float]]],
    *,
    axis: str,
    line: tuple[float, str] | None = None,
    width: float = HALF,
) -> bytes:
    """Counts by bin, one run of bars for each class, the second one below the axis.

    Parameters
    ----------
    low, high : sequence of float
        Ends of the bins.
    counts : sequence of (str, sequence of float)
        At most two runs with their names.
    axis : str
        What the bins are of.
    line : (float, str), optional
        Where a threshold stands, and its words.
    width : float
        In inches.
    """
    names = [shortened(name, 18) for name, _ in counts]
    right = max(inches(name, weight=600) for name in names) + 0.14
    heights = [max(values, default=0) for _, values in counts]
    # The smaller side keeps room for its name; both sides have the same scale.
    tops = [max(height, 0.3 * max(heights), 1) for height in heights]
    scales = {"x": (low[0], high[-1]), "y": (-1.1 * tops[1] if len(tops) > 1 else 0, 1.1 * tops[0])}
    axes = canvas(width, 2.5 if width < FULL else 1.75, **scales, left=0.52, right=right, bottom=0.42, top=0.2)
    for direction, color, name, top, (_, values) in zip((1, -1), (DEEP, PALE), names, tops, counts, strict=False):
        for *ends, value in zip(low, high, values, strict=True):
            axes.bar((ends[0], ends[1]), (0, direction * value), color=color, edge="#ffffff")
        place, shade = (1, 0.5 * direction * top), DEEP if direction > 0 else SOFT
        axes.text(place, name, shares="x", move=(6, 0), color=shade, weight=600, align=("left", "center"))
    axes.axhline(0, color=INK, lw=0.6)
    if line is not None:
        axes.axvline(line[0], color=INK, lw=0.8, dashes=(2, 2))
        axes.text((line[0], 1), line[1], shares="y", move=(0, 3), align=("center", "baseline"))
    axes.numbers = lambda count: f"{abs(count):.0f}"
    axis_title(axes, axis)
    axis_title(axes, say("rows"), vertical=True)
    return to_svg(axes)


def swarm(
    rows: Sequence[tuple[str, Sequence[tuple[float, float | None]]]], *, axis: str, ends: tuple[str, str], width: float
) -> bytes:
    """Every explained row as a point, feature by feature.

    Parameters
    ----------
    rows : sequence of (str, sequence of (float, float or None))
        Feature, and its points: attribution, and rank of the feature's value from 0 to 1 (None where it has no order).
    axis : str
        What the attributions are in.
    ends : (str, str)
        Words for the lowest and the highest rank.
    width : float
        In inches.
    """
    names = [shortened(name) for name, _ in rows]
    left = max(map(inches, names)) + 0.12
    low, high = span([x for _, points in rows for x, _ in points] + [0.0])
    scales = {"x": (low, high), "y": (-0.6, len(rows) - 0.4)}
    axes = canvas(width, 0.27 * len(rows) + 0.62, **scales, left=left, right=0.12, bottom=0.4, top=0.24)
    axes.axvline(0, color=MUTED, lw=0.7, dashes=(2, 2))
    shades = dot_rows(axes, rows, (low, high), rank_shade)
    words = [(rank_shade(0.0), ends[0]), (rank_shade(1.0), ends[1])]
    if rank_shade(None) in shades:
        words.append((rank_shade(None), say("category")))
    legend(axes, words)
    row_names(axes, names)
    axis_title(axes, axis)
    return to_svg(axes)


def lines(
    x: Sequence[float], runs: Sequence[tuple[str, Sequence[float]]], *, axis: str, vertical: str, width: float = FULL
) -> bytes:
    """Up to six runs over the same bins, named at their right ends."""
    right = max(inches(shortened(name)) for name, _ in runs) + 0.14
    top = max(max(values) for _, values in runs) or 1.0
    scales = {"x": (x[0], x[-1]), "y": (0, top * 1.1)}
    axes = canvas(width, 2.1, **scales, left=0.5, right=right, bottom=0.42, top=0.06)
    looks = [(DEEP, ()), (INK, (4, 2)), (PALE, ()), (MUTED, (1.5, 1.5)), (SOFT, ()), (DEEP, (1, 1))]
    ends = []
    for (name, values), (color, dashes) in zip(runs, looks, strict=False):
        axes.plot(x, values, color=color, lw=1.3, dashes=dashes)
        ends.append((values[-1], shortened(name), color))
    for place, (_, name, color) in zip(_apart([e[0] for e in ends], top * 0.085), ends, strict=True):
        shade = color if color != PALE else SOFT
        axes.text((1, place), name, shares="x", move=(4, 0), color=shade, align=("left", "center"))
    axis_title(axes, axis)
    axis_title(axes, vertical, vertical=True)
    return to_svg(axes)


def shortened(name: str, longest: int = _LONGEST_NAME) -> str:
    """A name that fits beside a chart, on one line and without characters that have no look."""
    flat = " ".join("".join(c if unicodedata.category(c)[0] != "C" else " " for c in name).split()) or say("(blank)")
    return flat if len(flat) <= longest else flat[: longest - 1].rstrip() + "…"


def rank_shade(rank: float | None) -> str:
    """Light for the lowest rank, dark for the highest, in eight steps; grey where there is no order."""
    if rank is None:
        return "#8f989f"
    light, dark, step = (0xA9, 0xC7, 0xE0), (0x12, 0x39, 0x5C), round(rank * 7) / 7
    return "#" + "".join(f"{round(a + (b - a) * step):02x}" for a, b in zip(light, dark, strict=True))


def dot_rows(
    axes: Axes,
    rows: Sequence[tuple[str, Sequence[tuple[float, float | None]]]],
    ends: tuple[float, float],
    color: Callable[[float | None], str],
) -> frozenset[str]:
    """Draw points beside each other, one row each from top to bottom; the colours that they have."""
    shades: dict[str, list[tuple[float, float]]] = {}
    for place, (_, points) in zip(range(len(rows) - 1, -1, -1), rows, strict=True):
        for x, y, what in spread(points, *ends):
            shades.setdefault(color(what), []).append((x, place + y))
    for shade in sorted(shades):
        axes.dots(shades[shade], color=shade, size=2.6)
    return frozenset(shades)


def spread(
    points: Sequence[tuple[float, float | None]], low: float, high: float
) -> Iterator[tuple[float, float, float | None]]:
    """Points with a vertical place, so that equal values lie beside each other and not on top."""
    bins: dict[int, int] = {}
    ordered = sorted(points, key=lambda p: (p[0], -1.0 if p[1] is None else p[1]))
    cells = [int((x - low) / (high - low) * 110) for x, _ in ordered]
    most = max((cells.count(c) for c in set(cells)), default=1)
    gap = min(0.1, 0.8 / most)
    for (x, rank), cell in zip(ordered, cells, strict=True):
        k = bins[cell] = bins.get(cell, -1) + 1
        yield x, gap * ((k + 1) // 2) * (1 if k % 2 else -1), rank


def _apart(places: Sequence[float], gap: float) -> list[float]:
    """Places moved up until no two are nearer than `gap`, in the given order."""
    order = sorted(range(len(places)), key=lambda i: (places[i], i))
    moved = list(places)
    for below, above in pairwise(order):
        moved[above] = max(moved[above], moved[below] + gap)
    return moved
