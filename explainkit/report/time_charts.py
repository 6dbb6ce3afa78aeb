"""Charts of what changes from period to period."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from explainkit.report.canvas import DEEP, MUTED, WARN, axis_title, canvas, inches, span, to_svg
from explainkit.report.charts import HALF, shortened
from explainkit.report.ruler import Ticks

_ROOM = 0.12
"""Between two names below the axis, in inches."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """One period."""

    name: str
    value: float | None
    """None draws no point: the table beside says why."""
    low: float | None = None
    high: float | None = None


def over_time(moments: Sequence[Moment], *, vertical: str, width: float = HALF) -> bytes:
    """Values with intervals from the first period to the last, the last one set apart.

    Parameters
    ----------
    moments : sequence of Moment
        In the order of time, at least one.
    vertical : str
        What is shown.
    width : float
        In inches.
    """
    names = [shortened(m.name, 24) for m in moments]
    # The latest period stands at the right end, half of its name beyond it.
    left, right = 0.56, max(0.12, inches(names[-1]) / 2)
    scales = {"x": (-0.6, len(moments) - 0.4), "y": span([x for m in moments for x in (m.value, m.low, m.high)])}
    axes = canvas(width, 2.2, **scales, left=left, right=right, bottom=0.3, top=0.08)
    # A period without a value breaks the line.
    values = [math.nan if m.value is None else m.value for m in moments]
    axes.plot(range(len(moments)), values, color=MUTED, lw=0.8)
    for x, m in enumerate(moments):
        color = WARN if x == len(moments) - 1 else DEEP
        if m.low is not None and m.high is not None:
            axes.plot([x, x], [m.low, m.high], color=color, lw=1.4, cap="butt")
        if m.value is not None:
            axes.dots([(x, m.value)], color=color, size=4.8)
    axis_title(axes, vertical, vertical=True)
    each = (width - left - right) / len(moments)
    step = max(1, -(-(max(map(inches, names)) + _ROOM) // each))
    # Counted from the end, so that the latest period always has its name.
    places = list(range(len(moments) - 1, -1, -int(step)))
    axes.marks["x"] = Ticks(marks=tuple((i, names[i]) for i in places))
    return to_svg(axes)
