"""Table of the plan about the look of the card."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import AfterValidator, Field, model_validator

from explainkit.plan.base import Names, Strict

PAGE = "#ffffff"
LEAST_CONTRAST = 4.5
"""Of text, by WCAG 2.2, success criterion 1.4.3."""


def contrast(one: str, other: str) -> float:
    """Contrast ratio of two colours, from 1 to 21 (WCAG 2.2, success criterion 1.4.3).

    Parameters
    ----------
    one, other : str
        As ``#rrggbb``.
    """
    high, low = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def _luminance(colour: str) -> float:
    """Relative luminance of sRGB, 0 black to 1 white."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def _legible(colour: str) -> str:
    found = contrast(colour, PAGE)
    if found < LEAST_CONTRAST:
        raise ValueError(
            f"text in this colour cannot be read: contrast {found:.2f} to the page, {LEAST_CONTRAST} needed"
        )
    return colour.lower()


Colour = Annotated[str, Field(pattern=r"^#[0-9A-Fa-f]{6}$"), AfterValidator(_legible)]


class LookPlan(Strict):
    """``[look]``: the house look; it changes no number and no word of explainkit's own."""

    organisation: str | None = Field(default=None, min_length=1, max_length=120)
    """Name printed at the head of page one and of every page."""
    accent: Colour | None = None
    """Colour of headings, links and drawings, as ``"#1f5a8c"``; text in it must be legible on white."""
    attention: Colour | None = None
    """Colour of what asks for attention, likewise."""
    logo: str | None = Field(default=None, min_length=1)
    """File of the logo beside the plan, SVG or PNG, at most 64 kB; printed on page one of the card and of its public
    summary, with the organisation's name for whoever does not see it."""
    templates: str | None = Field(default=None, min_length=1)
    """Folder of templates and a ``house.css`` beside the plan, which go before explainkit's own of the same name. They
    may add and restyle; a card from which they drop anything, or to which they add a number, is refused."""
    sections: Names = ()
    """Sections of other packages that come after ours, by the names that they have under the entry point group
    ``explainkit.sections``; what is installed and not named here is left out."""

    @model_validator(mode="after")
    def _named(self) -> Self:
        if self.logo is not None and self.organisation is None:
            raise ValueError("a logo needs look.organisation, the name for whoever does not see it")
        if len(set(self.sections)) < len(self.sections):
            raise ValueError("look.sections names a section twice")
        return self
