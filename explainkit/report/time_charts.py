"""Charts of what changes from period to period."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from explainkit.report.canvas import DEEP, MUTED, WARN, axis_title, canvas, dots, house_style, inches, span, to_svg
from explainkit.report.charts import HALF, shortened

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


def over_time(
    moments: Sequence[Moment], *, vertical: str, line: float | None = None, latest: bool = True, width: float = HALF
) -> bytes:
    """Values with intervals from the first period to the last, the last one set apart.

    Parameters
    ----------
    moments : sequence of Moment
        In the order of time.
    vertical : str
        What is shown.
    line : float, optional
        Where a dashed line of reference stands.
    latest : bool, default True
        Whether to set the last one apart.
    width : float
        In inches.
    """
    with house_style():
        left, right = 0.56, 0.12
        figure, axes = canvas(width, 2.2, left=left, right=right, bottom=0.3, top=0.08)
        low, high = span([x for m in moments for x in (m.value, m.low, m.high)] + [line])
        axes.set_xlim(-0.6, len(moments) - 0.4)
        axes.set_ylim(low, high)
        if line is not None:
            axes.axhline(line, color=MUTED, lw=0.7, dashes=(2, 2))
        run = [(x, m.value) for x, m in enumerate(moments) if m.value is not None]
        axes.plot([x for x, _ in run], [y for _, y in run], color=MUTED, lw=0.8)
        for x, m in enumerate(moments):
            color = WARN if latest and x == len(moments) - 1 else DEEP
            if m.low is not None and m.high is not None:
                axes.plot([x, x], [m.low, m.high], color=color, lw=1.4, solid_capstyle="butt")
            if m.value is not None:
                dots(axes, [(x, m.value)], color=color, size=4.8)
        axis_title(axes, vertical, vertical=True)
        names = [shortened(m.name, 24) for m in moments]
        each = (width - left - right) / max(len(moments), 1)
        step = max(1, -(-(max(map(inches, names), default=0.0) + _ROOM) // each))
        # Counted from the end, so that the latest period always has its name.
        places = list(range(len(moments) - 1, -1, -int(step)))
        axes.set_xticks(places, [names[i] for i in places], parse_math=False)
        return to_svg(figure)
