"""Write the outlines of the words that a TEST signature puts over every page.

Run ``python tools/make_trial_mark.py`` after changing the words or the font; a test fails while the committed file
differs. Outlines need no font in the PDF, and no text that a reader would extract or hear between that of the card.
"""

from __future__ import annotations

from pathlib import Path

from fontTools.pens.basePen import BasePen
from fontTools.ttLib import TTFont

ROOT = Path(__file__).parent.parent
FONT = ROOT / "report_templates" / "fonts" / "IBMPlexSans-SemiBold.ttf"
OUTLINES = ROOT / "explainkit" / "sign" / "trial_mark.txt"
LINES = ("TEST SIGNATURE", "NOT A RELEASE")
LEADING = 1.15


class _Operators(BasePen):
    """Path operators of a content stream (ISO 32000-1, 8.5.2), moved by an offset, in whole font units."""

    def __init__(self, glyphs: object, dx: int, dy: int) -> None:
        super().__init__(glyphs)
        self.dx, self.dy = dx, dy
        self.found: list[str] = []

    def _write(self, operator: str, *points: tuple[float, float]) -> None:
        numbers = [str(round(number)) for x, y in points for number in (x + self.dx, y + self.dy)]
        self.found.append(" ".join((*numbers, operator)))

    def _moveTo(self, pt: tuple[float, float]) -> None:  # noqa: N802
        self._write("m", pt)

    def _lineTo(self, pt: tuple[float, float]) -> None:  # noqa: N802
        self._write("l", pt)

    def _curveToOne(self, *points: tuple[float, float]) -> None:  # noqa: N802
        self._write("c", *points)

    def _closePath(self) -> None:  # noqa: N802
        self.found.append("h")


def outlines() -> str:
    """First the box of the words (left, bottom, right, top), then the operators that fill them, around the origin."""
    font = TTFont(FONT)
    glyphs, names, units = font.getGlyphSet(), font.getBestCmap(), font["head"].unitsPerEm
    found: list[str] = []
    widths = [sum(glyphs[names[ord(letter)]].width for letter in line) for line in LINES]
    capital = font["OS/2"].sCapHeight
    step = round(units * LEADING)
    height = capital + step * (len(LINES) - 1)
    for i, (line, width) in enumerate(zip(LINES, widths, strict=True)):
        x, y = -round(width / 2), round(height / 2) - capital - i * step
        for letter in line:
            glyph = glyphs[names[ord(letter)]]
            pen = _Operators(glyphs, x, y)
            glyph.draw(pen)
            found += pen.found
            x += round(glyph.width)
    wide, high = round(max(widths) / 2), round(height / 2) + round(units * 0.05)
    return "\n".join((f"{-wide} {-high} {wide} {high}", *found, "f", ""))


if __name__ == "__main__":
    OUTLINES.write_text(outlines(), "ascii")
