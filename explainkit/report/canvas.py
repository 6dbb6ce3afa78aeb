"""Canvas: matplotlib behind one door, with the house look and the shipped font. The one module that imports it.

Text is measured in the shipped font and stays text, set in the same font by the page around the drawing.
"""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache, lru_cache

import matplotlib
from matplotlib import font_manager
from matplotlib.axes import Axes
from matplotlib.backends import backend_svg  # noqa: F401 - else loaded with the first drawing
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import PathPatch
from matplotlib.path import Path
from matplotlib.textpath import text_to_path
from matplotlib.ticker import MaxNLocator, ScalarFormatter

from explainkit.report.language import spoken
from explainkit.report.svg import plain_svg
from explainkit.resources import resource

__all__ = [
    "BAND", "DEEP", "INK", "MUTED", "PALE", "RULE", "SIZE", "SOFT", "WARN", "Axes", "axis_title", "canvas", "dots",
    "house_style", "inches", "legend", "row_names", "span", "to_svg",
]  # fmt: skip

INK, SOFT, MUTED = "#16202a", "#3d4852", "#6b7680"
DEEP, PALE, BAND, WARN, RULE = "#1f5a8c", "#9dbad3", "#eef3f7", "#b5520b", "#cfd6dc"
"""One accent in two depths that stay apart in grey, its tint, and orange only for what needs attention."""
SIZE = 7.5
"""Size of all text, in points."""


@contextmanager
def house_style() -> Iterator[None]:
    """Our own look from matplotlib's defaults, whatever the user's configuration is; theirs is restored."""
    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(
            {
                "svg.fonttype": "none",
                "svg.hashsalt": "explainkit",
                "font.family": list(_fonts()),
                "font.size": SIZE,
                "text.color": INK,
                "axes.edgecolor": "#8a949e",
                "axes.linewidth": 0.6,
                "axes.labelcolor": SOFT,
                "axes.labelsize": SIZE,
                "axes.spines.top": False,
                "axes.spines.right": False,
                "axes.unicode_minus": True,
                "xtick.color": SOFT,
                "ytick.color": SOFT,
                "xtick.labelsize": SIZE,
                "ytick.labelsize": SIZE,
                "xtick.major.width": 0.6,
                "ytick.major.width": 0.6,
                "xtick.major.size": 2.5,
                "ytick.major.size": 2.5,
            }
        )
        yield


@cache
def _fonts() -> tuple[str, str]:
    """Register the shipped font, and matplotlib's own for other scripts, under names that no system font has."""
    names = ("explainkit text", "explainkit fallback")
    spare = f"{matplotlib.get_data_path()}/fonts/ttf"
    for name, path, weight in (
        (names[0], str(resource("report_templates", "fonts", "IBMPlexSans-Regular.ttf")), 400),
        (names[0], str(resource("report_templates", "fonts", "IBMPlexSans-SemiBold.ttf")), 600),
        (names[1], f"{spare}/DejaVuSans.ttf", 400),
        (names[1], f"{spare}/DejaVuSans-Bold.ttf", 600),
    ):
        entry = font_manager.FontEntry(fname=path, name=name, weight=weight, size="scalable")
        font_manager.fontManager.ttflist.append(entry)
    return names


def canvas(width: float, height: float, *, left: float, right: float, bottom: float, top: float) -> tuple[Figure, Axes]:
    """A figure with one pair of axes; margins in inches."""
    figure = Figure(figsize=(width, height))
    figure.patch.set_visible(False)
    left = min(left, width * 0.55)
    axes = figure.add_axes((left / width, bottom / height, 1 - (left + right) / width, 1 - (bottom + top) / height))
    axes.patch.set_visible(False)
    return figure, axes


@lru_cache(maxsize=4096)
def inches(text: str, weight: int = 400) -> float:
    """Width of a text, in inches."""
    if not text.strip():
        return 0.0
    with _without_glyph_warnings():
        face = font_manager.FontProperties(family=_fonts(), weight=weight, size=SIZE)
        width, _, _ = text_to_path.get_text_width_height_descent(text, face, ismath=False)
    return float(width) / 72


def span(numbers: Sequence[float | None], pad: float = 0.06) -> tuple[float, float]:
    """Ends of an axis that holds all numbers, with a little room."""
    known = [n for n in numbers if n is not None]
    low, high = min(known, default=0.0), max(known, default=1.0)
    room = (high - low) * pad or abs(high) * 0.1 or 1.0
    return low - room, high + room


def dots(axes: Axes, points: Sequence[tuple[float, float]], *, color: str, size: float) -> None:
    """Round points as one outline: a tenth of the bytes of as many markers."""
    vertices = [corner for x, y in points for corner in ((x, y), (x, y))]
    path = Path(vertices, [Path.MOVETO, Path.LINETO] * len(points))
    path.should_simplify = False
    axes.add_patch(PathPatch(path, fill=False, ec=color, lw=size, capstyle="round", zorder=3))


def legend(figure: Figure, entries: Sequence[tuple[str, str]]) -> None:
    """Coloured points with their words, in one line at the top right."""
    width, height = figure.get_size_inches()
    x = width - 0.12 - sum(inches(words) + 0.26 for _, words in entries) + 0.14
    for color, words in entries:
        place = ([x / width] * 2, [1 - 0.1 / height] * 2)
        figure.add_artist(Line2D(*place, color=color, lw=4, solid_capstyle="round"))
        figure.text((x + 0.07) / width, 1 - 0.1 / height, words, va="center_baseline", color=SOFT, parse_math=False)
        x += inches(words) + 0.26


def row_names(axes: Axes, names: Sequence[str], strong: Sequence[int] = ()) -> None:
    """Names of rows from top to bottom, left of the axes."""
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    for i, name in enumerate(names):
        axes.annotate(
            name,
            (0, len(names) - 1 - i),
            (-6, 0),
            xycoords=("axes fraction", "data"),
            textcoords="offset points",
            ha="right",
            va="center",
            weight=600 if i in strong else 400,
            parse_math=False,
        )


def axis_title(axes: Axes, title: str, *, vertical: bool = False) -> None:
    axis = axes.yaxis if vertical else axes.xaxis
    axis.set_major_locator(MaxNLocator(5, steps=[1, 2, 2.5, 5, 10]))
    if spoken().decimal != "." and isinstance(axis.get_major_formatter(), ScalarFormatter):
        axis.set_major_formatter(_Ticks())
    (axes.set_ylabel if vertical else axes.set_xlabel)(title, labelpad=3, parse_math=False)


class _Ticks(ScalarFormatter):
    """Numbers at ticks with the decimal mark of the language spoken."""

    def __call__(self, x: float, pos: int | None = None) -> str:
        return str(super().__call__(x, pos)).replace(".", spoken().decimal)


@contextmanager
def _without_glyph_warnings() -> Iterator[None]:
    """A name in a script that neither font knows is drawn as boxes; the table beside the chart has it as text."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=r"(?s).*Glyph .* missing from", category=UserWarning)
        warnings.filterwarnings("ignore", message=r"(?s).*Matplotlib currently does not support", category=UserWarning)
        yield


def to_svg(figure: Figure) -> bytes:
    """The drawing without what changes from run to run."""
    buffer = io.StringIO()
    with _without_glyph_warnings():
        figure.savefig(buffer, format="svg", transparent=True, metadata={"Date": None})
    return plain_svg(buffer.getvalue(), size=SIZE)
