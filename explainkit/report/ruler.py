"""Ruler: how wide words are, and where the ticks of a scale stand. matplotlib behind one door; it draws nothing."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache, lru_cache

import matplotlib
from matplotlib import font_manager
from matplotlib.ft2font import FT2Font, LoadFlags
from matplotlib.path import Path
from matplotlib.ticker import MaxNLocator, ScalarFormatter

from explainkit.report.language import spoken
from explainkit.resources import resource

SIZE = 7.5
"""Size of all text, in points."""
_DENSE = 128
"""Points of a line from which on those that no eye can tell from a straight line are left out."""
_SCALE = 100
"""Size that glyphs are measured at."""
_PLAIN = {
    key: value
    for key, value in matplotlib.rcParamsDefault.items()
    if key.startswith(("axes.formatter.", "axes.autolimit_mode", "axes.unicode_minus", "text.kerning", "font.enable_"))
}
"""The settings of matplotlib that what is asked of it here depends on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Extent:
    """How much room words take, in points."""

    width: float
    ascent: float
    """From the line they stand on up to their top, at least that of the font."""
    descent: float
    """From the line down."""

    @property
    def height(self) -> float:
        """From top to bottom."""
        return self.ascent + self.descent


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticks:
    """Marks of a scale."""

    marks: tuple[tuple[float, str], ...]
    """Places and their words, in order."""
    offset: str = ""
    """What is to be added to all of them, or what they are multiplied by."""


@lru_cache(maxsize=4096)
def extent(text: str, weight: int = 400) -> Extent:
    """Measure words in the shipped font."""
    with _plain(), _without_glyph_warnings():
        font = _font(weight)
        font.set_text(text, 0.0, flags=LoadFlags.NO_HINTING)
        width, height = (side / 64 * (SIZE / _SCALE) for side in font.get_width_height())
        descent = font.get_descent() / 64 * (SIZE / _SCALE)
        line, head = font.get_sfnt_table("OS/2"), font.get_sfnt_table("head")
    assert line is not None
    assert head is not None
    unit = 1 / head["unitsPerEm"] * SIZE
    return Extent(
        width=width,
        ascent=max(height - descent, line["sTypoAscender"] * unit),
        descent=max(descent, -line["sTypoDescender"] * unit),
    )


def wide(low: float, high: float) -> tuple[float, float]:
    """Ends of a scale, apart from each other also where there is one number alone."""
    ends = _locator().nonsingular(low, high)
    return float(ends[0]), float(ends[1])


def ticks(low: float, high: float, words: Callable[[float], str] | None = None) -> Ticks:
    """Round numbers on a scale.

    Parameters
    ----------
    low, high : float
        Its ends.
    words : callable, optional
        What stands at a number; the number itself when left out.
    """
    with _plain():
        places = _locator().tick_values(low, high)
        formatter = _Numbers(useOffset=True, useMathText=False, useLocale=False)
        formatter.create_dummy_axis()
        assert formatter.axis is not None
        formatter.axis.set_view_interval(low, high)
        said = formatter.format_ticks(list(places)) if words is None else [words(place) for place in places]
        offset = formatter.get_offset() if words is None else ""
    slack = (high - low) * 1e-10
    marks = ((float(p), w) for p, w in zip(places, said, strict=True) if low - slack <= p <= high + slack)
    return Ticks(marks=tuple(marks), offset=offset)


def runs(
    points: Sequence[tuple[float, float]], *, width: float, height: float
) -> Sequence[Sequence[tuple[float, float]]]:
    """The runs of a line that are to be drawn: broken where a number is none, within the sheet, and not too dense."""
    if len(points) < _DENSE and all(-1 <= x <= width + 1 and -1 <= y <= height + 1 for x, y in points):
        return [points]
    path = Path(points).cleaned(remove_nans=True, clip=(0, 0, width, height), simplify=len(points) >= _DENSE)
    found: list[list[tuple[float, float]]] = []
    for (x, y), code in path.iter_segments(simplify=False, curves=False):
        if code == Path.MOVETO:
            found.append([])
        found[-1].append((float(x), float(y)))
    return found


class _Numbers(ScalarFormatter):
    """Numbers at ticks with the decimal mark of the language spoken."""

    def __call__(self, x: float, pos: int | None = None) -> str:
        return str(super().__call__(x, pos)).replace(".", spoken().decimal)


@cache
def _locator() -> MaxNLocator:
    return MaxNLocator(5, steps=[1, 2, 2.5, 5, 10])


def _font(weight: int) -> FT2Font:
    font = font_manager.get_font(_faces(weight))
    font.set_size(_SCALE, 72)
    return font


@cache
def _faces(weight: int) -> tuple[str, str]:
    """The shipped font, and matplotlib's own for other scripts."""
    own, spare = {400: ("Regular", ""), 600: ("SemiBold", "-Bold")}[weight]
    return (
        str(resource("report_templates", "fonts", f"IBMPlexSans-{own}.ttf")),
        f"{matplotlib.get_data_path()}/fonts/ttf/DejaVuSans{spare}.ttf",
    )


@contextmanager
def _plain() -> Iterator[None]:
    """matplotlib as it comes, whatever the user's configuration is; theirs is restored."""
    if all(matplotlib.rcParams[key] == value for key, value in _PLAIN.items()):
        yield
        return
    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        yield


@contextmanager
def _without_glyph_warnings() -> Iterator[None]:
    """A name in a script that neither font knows is drawn as boxes; the table beside the chart has it as text."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=r"(?s).*Glyph .* missing from", category=UserWarning)
        warnings.filterwarnings("ignore", message=r"(?s).*Matplotlib currently does not support", category=UserWarning)
        yield
