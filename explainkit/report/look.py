"""The house look: a user's own name, logo, and two colours, from which every shade of page, paper and
drawings is made.

Drawings and style sheets are written with our own colours, and recoloured as a whole where they are put on a page. So
nothing that draws knows of it, and without a look not a byte changes.
"""

from __future__ import annotations

import colorsys
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from explainkit.errors import PlanError
from explainkit.house import House, Logo, Template
from explainkit.house.logo import checked
from explainkit.house.templates import STYLE
from explainkit.house.templates import checked as checked_templates
from explainkit.plan.look import LEAST_CONTRAST, PAGE, LookPlan, contrast

_DARK_PAGE = "#12181e"
_IN_DRAWINGS = re.compile(r'(?<= fill=")#[0-9a-f]{6}(?=")|(?<= stroke=")#[0-9a-f]{6}(?=")')
_ANY = re.compile(r"#[0-9a-f]{6}\b")
_ACCENT = {"#1f5a8c": 0.0, "#9dbad3": 0.58, "#eef3f7": 0.93}
"""Our accent, and its tints: how far each lies on the way to the white of the page."""
_DARK_ACCENT = {"#7fb4de": 0.0, "#5f9fd3": 0.0, "#2f5878": 0.55, "#1a242d": 0.92}
"""The same on a dark page."""
_ATTENTION, _DARK_ATTENTION = ("#a84a08", "#b5520b"), "#f0a060"


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What a user's plan says of the look of the card."""

    organisation: str | None = None
    """Name printed above the title."""
    colours: tuple[tuple[str, str], ...] = ()
    """Our colour, and what stands in its place."""
    logo: Logo | None = None
    """Picture beside the title, checked."""
    templates: tuple[Template, ...] = ()
    """Own templates and style sheet, checked."""

    def style(self, text: str) -> str:
        """A style sheet in these colours, and what the house adds to it."""
        own = "".join(template.text for template in self.templates if template.name == STYLE)
        return "\n".join((self._recoloured(text, _ANY), *([own] if own else [])))

    def drawing(self, text: str) -> str:
        """A drawing in these colours; what is written in it stays."""
        return self._recoloured(text, _IN_DRAWINGS)

    def _recoloured(self, text: str, where: re.Pattern[str]) -> str:
        if not self.colours:
            return text
        known = dict(self.colours)
        return where.sub(lambda found: known.get(found[0], found[0]), text)


def look_of(plan: Mapping[str, Any], house: House | None = None) -> Look:
    """The look that the plan of an evidence asks for.

    Parameters
    ----------
    plan : mapping
        As in card.json.
    house : House, optional
        Files of the house, as in card.json.

    Raises
    ------
    PlanError
        If one of them cannot be used.
    """
    asked = _look(plan)
    colours: dict[str, str] = {}
    if accent := asked.accent:
        colours |= {ours: _mixed(accent, PAGE, share) for ours, share in _ACCENT.items()}
        light = _readable_on_dark(accent)
        colours |= {ours: _mixed(light, _DARK_PAGE, share) for ours, share in _DARK_ACCENT.items()}
    if attention := asked.attention:
        colours |= dict.fromkeys(_ATTENTION, attention)
        colours[_DARK_ATTENTION] = _readable_on_dark(attention)
    logo = None if house is None or house.logo is None else checked(house.logo)
    templates = checked_templates(house.templates) if house is not None and house.templates else ()
    return Look(organisation=asked.organisation, colours=tuple(sorted(colours.items())), logo=logo, templates=templates)


def _look(plan: Mapping[str, Any]) -> LookPlan:
    """The table of the plan, checked again: a card.json may come from anybody, and colours go into a style sheet."""
    try:
        return LookPlan.model_validate(plan.get("look", {}))
    except ValidationError as error:
        raise PlanError("not a look", where="look", found=error.errors()[0]["msg"]) from None


def _readable_on_dark(colour: str) -> str:
    """The same hue, as much lighter as text on a dark page needs."""
    hue, light, saturation = colorsys.rgb_to_hls(*(part / 255 for part in _parts(colour)))
    for step in range(101):
        lighter = colorsys.hls_to_rgb(hue, light + (1 - light) * step / 100, saturation)
        found = "#" + "".join(f"{round(255 * part):02x}" for part in lighter)
        if contrast(found, _DARK_PAGE) >= LEAST_CONTRAST:
            return found
    return PAGE


def _mixed(colour: str, other: str, share: float) -> str:
    """A colour on the way to another."""
    pairs = zip(_parts(colour), _parts(other), strict=True)
    return "#" + "".join(f"{round(a + (b - a) * share):02x}" for a, b in pairs)


def _parts(colour: str) -> tuple[int, int, int]:
    red, green, blue = (int(colour[at : at + 2], 16) for at in (1, 3, 5))
    return red, green, blue
