"""Charts: plain numbers and names in, SVG bytes out."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
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
    dots,
    house_style,
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
    with house_style():
        names = [shortened(row.name) for row in rows]
        left = max(map(inches, names)) + 0.12
        right = max(inches(row.text, weight=600) for row in rows) + 0.14
        figure, axes = canvas(width, 0.235 * len(rows) + 0.46, left=left, right=right, bottom=0.4, top=0.04)
        low, high = span([x for r in rows for x in (r.value, r.low, r.high)] + [line, mark, *(holds or ())])
        axes.set_xlim(low, high)
        axes.set_ylim(-0.6, len(rows) - 0.4)
        if mark is not None:
            axes.axvspan(mark, high, color=BAND, lw=0)
        if line is not None:
            axes.axvline(line, color=MUTED, lw=0.7, dashes=(2, 2))
        for place, row in zip(range(len(rows) - 1, -1, -1), rows, strict=True):
            _interval(axes, place, row)
            if row.opens and place < len(rows) - 1:
                start = -left / (width - left - right)
                ends, across = [place + 0.5] * 2, axes.get_yaxis_transform()
                axes.plot([start, 1], ends, color=RULE, lw=0.5, transform=across, clip_on=False)
            axes.annotate(
                row.text,
                (1, place),
                (5, 0),
                xycoords=("axes fraction", "data"),
                textcoords="offset points",
                va="center",
                color=WARN if row.tone == "attention" else INK,
                weight=600 if row.tone == "attention" else 400,
                parse_math=False,
            )
        row_names(axes, names)
        axis_title(axes, axis)
        return to_svg(figure)


def _interval(axes: Axes, place: int, row: Interval) -> None:
    if row.value is None:
        return
    color = {"attention": WARN, "quiet": MUTED}.get(row.tone, DEEP)
    if row.low is not None and row.high is not None:
        axes.plot([row.low, row.high], [place, place], color=color, lw=1.6, solid_capstyle="butt")
    dots(axes, [(row.value, place)], color=color, size=5.2)
    if row.tone == "quiet":
        dots(axes, [(row.value, place)], color="#ffffff", size=3.4)


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
    with house_style():
        names = [base[1], *(shortened(s.name) for s in steps), output[1]]
        left = max(inches(name, weight=600) for name in names) + 0.12
        figure, axes = canvas(width, 0.225 * len(names) + 0.06, left=left, right=0.5, bottom=0.03, top=0.03)
        ends = list(accumulate((s.value for s in steps), initial=base[0]))
        low, high = span([*ends, output[0]])
        axes.set_xlim(low, high)
        axes.set_ylim(-0.5, len(names) - 0.5)
        top = len(names) - 1
        axes.plot([base[0], base[0]], [top - 0.62, top + 0.3], color=INK, lw=1.2)
        for place, step, start, end in zip(range(top - 1, 0, -1), steps, ends[:-1], ends[1:], strict=True):
            axes.barh(place, step.value, left=start, height=0.6, color=DEEP if step.value > 0 else PALE)
            axes.plot([end, end], [place - 0.7, place + 0.3], color=MUTED, lw=0.5)
            _beside(axes, step.text, max(start, end), place)
        axes.plot([output[0], output[0]], [-0.3, 0.3], color=INK, lw=1.2)
        row_names(axes, names, strong=(0, len(names) - 1))
        axes.spines["bottom"].set_visible(False)
        axes.set_xticks([])
        return to_svg(figure)


def curve(x: Sequence[float], y: Sequence[float], *, x_axis: str, y_axis: str, width: float = HALF) -> bytes:
    """A curve in the unit square with its diagonal (ROC)."""
    with house_style():
        figure, axes = canvas(width, 2.5, left=0.46, right=0.1, bottom=0.42, top=0.06)
        axes.plot([0, 1], [0, 1], color=MUTED, lw=0.7, dashes=(2, 2))
        axes.fill_between(x, x, y, color=BAND, lw=0)
        axes.plot(x, y, color=DEEP, lw=1.6, solid_joinstyle="round")
        axes.text(0.62, 0.56, say("no discrimination"), color=MUTED, va="top", ha="left")
        axes.set_xlim(-0.01, 1.01)
        axes.set_ylim(-0.01, 1.02)
        axis_title(axes, x_axis)
        axis_title(axes, y_axis, vertical=True)
        return to_svg(figure)


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
    with house_style():
        figure, axes = canvas(width, 2.5, left=0.52, right=0.1, bottom=0.42, top=0.06)
        start, end = span([*mean, *observed, *low, *high], pad=0.04)
        axes.plot([start, end], [start, end], color=MUTED, lw=0.7, dashes=(2, 2))
        for x, y, bottom, top in zip(mean, observed, low, high, strict=True):
            if x is None or y is None:
                continue
            if bottom is not None and top is not None:
                axes.plot([x, x], [bottom, top], color=DEEP, lw=1.1, solid_capstyle="butt")
            dots(axes, [(x, y)], color=DEEP, size=4.8)
        axes.text(end - (end - start) * 0.03, start + (end - start) * 0.05, diagonal, color=MUTED, ha="right")
        axes.set_xlim(start, end)
        axes.set_ylim(start, end)
        axis_title(axes, x_axis)
        axis_title(axes, y_axis, vertical=True)
        return to_svg(figure)


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
    with house_style():
        names = [shortened(name, 18) for name, _ in counts]
        right = max(inches(name, weight=600) for name in names) + 0.14
        figure, axes = canvas(width, 2.5 if width < FULL else 1.75, left=0.52, right=right, bottom=0.42, top=0.2)
        heights = [max(values, default=0) for _, values in counts]
        # The smaller side keeps room for its name; both sides have the same scale.
        tops = [max(height, 0.3 * max(heights), 1) for height in heights]
        spans = [b - a for a, b in zip(low, high, strict=True)]
        for direction, color, name, top, (_, values) in zip((1, -1), (DEEP, PALE), names, tops, counts, strict=False):
            axes.bar(low, [direction * v for v in values], width=spans, align="edge", color=color, ec="white", lw=0.4)
            axes.annotate(
                name,
                (1, 0.5 * direction * top),
                (6, 0),
                xycoords=("axes fraction", "data"),
                textcoords="offset points",
                va="center",
                color=DEEP if direction > 0 else SOFT,
                weight=600,
                parse_math=False,
            )
        axes.axhline(0, color=INK, lw=0.6)
        axes.set_xlim(low[0], high[-1])
        axes.set_ylim(-1.1 * tops[1] if len(tops) > 1 else 0, 1.1 * tops[0])
        if line is not None:
            axes.axvline(line[0], color=INK, lw=0.8, dashes=(2, 2))
            axes.annotate(
                line[1], (line[0], 1), (0, 3), xycoords=("data", "axes fraction"), textcoords="offset points",
                ha="center", color=INK, parse_math=False,
            )  # fmt: skip
        axes.yaxis.set_major_formatter(lambda v, _: f"{abs(v):.0f}")
        axis_title(axes, axis)
        axis_title(axes, say("rows"), vertical=True)
        return to_svg(figure)


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
    with house_style():
        names = [shortened(name) for name, _ in rows]
        left = max(map(inches, names)) + 0.12
        figure, axes = canvas(width, 0.27 * len(rows) + 0.62, left=left, right=0.12, bottom=0.4, top=0.24)
        low, high = span([x for _, points in rows for x, _ in points] + [0.0])
        axes.set_xlim(low, high)
        axes.set_ylim(-0.6, len(rows) - 0.4)
        axes.axvline(0, color=MUTED, lw=0.7, dashes=(2, 2))
        shades: dict[str, list[tuple[float, float]]] = {}
        for place, (_, points) in zip(range(len(rows) - 1, -1, -1), rows, strict=True):
            for x, y, rank in spread(points, low, high):
                shades.setdefault(rank_shade(rank), []).append((x, place + y))
        for shade in sorted(shades):
            dots(axes, shades[shade], color=shade, size=2.6)
        words = [(rank_shade(0.0), ends[0]), (rank_shade(1.0), ends[1])]
        if rank_shade(None) in shades:
            words.append((rank_shade(None), say("category")))
        legend(figure, words)
        row_names(axes, names)
        axis_title(axes, axis)
        return to_svg(figure)


def lines(
    x: Sequence[float], runs: Sequence[tuple[str, Sequence[float]]], *, axis: str, vertical: str, width: float = FULL
) -> bytes:
    """Up to six runs over the same bins, named at their right ends."""
    with house_style():
        right = max(inches(shortened(name)) for name, _ in runs) + 0.14
        figure, axes = canvas(width, 2.1, left=0.5, right=right, bottom=0.42, top=0.06)
        looks = [
            (DEEP, "-"),
            (INK, (0, (4, 2))),
            (PALE, "-"),
            (MUTED, (0, (1.5, 1.5))),
            (SOFT, "-"),
            (DEEP, (0, (1, 1))),
        ]
        ends = []
        for (name, values), (color, dash) in zip(runs, looks, strict=False):
            axes.plot(x, values, color=color, ls=dash, lw=1.3)
            ends.append((values[-1], shortened(name), color))
        top = max(max(values) for _, values in runs) or 1.0
        axes.set_ylim(0, top * 1.1)
        axes.set_xlim(x[0], x[-1])
        for place, (_, name, color) in zip(_apart([e[0] for e in ends], top * 0.085), ends, strict=True):
            axes.annotate(name, (1, place), (4, 0), xycoords=("axes fraction", "data"), textcoords="offset points",
                          va="center", color=color if color != PALE else SOFT, parse_math=False)  # fmt: skip
        axis_title(axes, axis)
        axis_title(axes, vertical, vertical=True)
        return to_svg(figure)


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


def _beside(axes: Axes, text: str, x: float, y: float) -> None:
    axes.annotate(text, (x, y), (4, 0), textcoords="offset points", va="center", parse_math=False)
