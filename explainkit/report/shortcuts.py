"""What WeasyPrint finds out many times over, found out once: for the process that prints, not for whoever imports this.

Styles and lines of text are most of the work of a page. A test compares the bytes with those of WeasyPrint as it is.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from math import inf
from typing import Any

import weasyprint
import weasyprint.svg
from weasyprint.css import ComputedStyle
from weasyprint.css.computed_values import PHYSICAL_FUNCTIONS
from weasyprint.css.properties import INHERITED, INITIAL_NOT_COMPUTED, INITIAL_VALUES
from weasyprint.layout import percent
from weasyprint.text import line_break
from weasyprint.text.ffi import ffi, gobject, pango

_KNOWN = frozenset({"70.0"})
"""Versions of WeasyPrint of which it is known that they do what is done here, and no more."""
_SEPARATOR = re.compile("[\n\r\x0b\x0c\x1c-\x1e\x85\u2028\u2029]")
_BREAK_AT_WORDS = 0
_COMPUTED = frozenset({"display", "float", "page", "position"})
_INITIAL = {
    name: value
    for name, value in INITIAL_VALUES.items()
    if name not in INHERITED | INITIAL_NOT_COMPUTED | _COMPUTED and not name.startswith("text_decoration_")
}
_LOGICAL = frozenset(
    find(block="ttb", inline=direction) for find in PHYSICAL_FUNCTIONS.values() for direction in ("ltr", "rtl")
)
_SIZES = [f"{extent}{axis}" for axis in ("width", "height") for extent in ("", "min_", "max_")]
_SPACES = [f"{kind}_{side}" for kind in ("margin", "padding") for side in ("left", "right", "top", "bottom")]
_BORDERS = [f"border_{side}_width" for side in ("top", "right", "bottom", "left")]


def take(set_attribute: Callable[[Any, str, Any], None] = setattr) -> bool:
    """Let WeasyPrint go these ways, where its version is known.

    Parameters
    ----------
    set_attribute : callable
        What sets an attribute of a module or class: a test sets it back.

    Returns
    -------
    bool
        Whether it does now.
    """
    if weasyprint.__version__ not in _KNOWN:
        return False
    more = "PangoLayout * pango_layout_copy (PangoLayout *); int pango_layout_get_wrap (PangoLayout *);"
    ffi.cdef(more, override=True)
    set_attribute(line_break, "Layout", _Layout)
    set_attribute(line_break, "split_first_line", _letters(line_break.split_first_line))
    set_attribute(ComputedStyle, "__missing__", _property(ComputedStyle.__missing__))
    replaced: tuple[tuple[Any, Any], ...] = (
        (line_break.strut, _once(line_break.strut)),
        (percent.resolve_percentages, _sizes(percent.resolve_percentages)),
    )
    for original, other in replaced:
        name = original.__name__
        for where, module in list(sys.modules.items()):
            if where.startswith("weasyprint.") and vars(module).get(name) is original:
                set_attribute(module, name, other)
    return True


class _Layout(line_break.Layout):  # type: ignore[misc]
    """Lines of text as they were laid out, kept until they are drawn, where drawing them needs no others."""

    layout: Any
    _kept = False
    _single = True
    shared = False
    """Whether they are drawn more than once."""

    def setup(self, style: Any) -> None:
        """Begin with a copy of what was set up for the same style."""
        if (known := vars(style).get("_layout")) is None:
            super().setup(style)
            # So they are drawn; for other text it makes no difference.
            pango.pango_layout_set_single_paragraph_mode(self.layout, True)
            left_out = ("justification_spacing", "max_width", "style", "text")
            known = style._layout = {name: value for name, value in vars(self).items() if name not in left_out}
        self.__dict__.update(known, style=style, _single=True)
        self.layout = ffi.gc(pango.pango_layout_copy(known["layout"]), gobject.g_object_unref)

    def set_text(self, text: str, justify: bool = False) -> None:
        """Set the text, which may be of several paragraphs."""
        single = _SEPARATOR.search(text) is None
        if single != self._single:
            self._single = single
            pango.pango_layout_set_single_paragraph_mode(self.layout, single)
        super().set_text(text, justify)

    def deactivate(self) -> None:
        """Keep it until it is drawn."""
        style = self.style
        self._kept = (
            not self._kept
            and self._single
            and not self.justification_spacing
            and not style["word_spacing"]
            and style["letter_spacing"] == "normal"
            and pango.pango_layout_get_wrap(self.layout) == _BREAK_AT_WORDS
            and pango.pango_layout_get_line_readonly(self.layout, 1) == ffi.NULL
        )
        if not self._kept:
            super().deactivate()

    def reactivate(self, style: Any) -> None:
        """Draw what was kept."""
        if not (self._kept and (self.shared or style is self.style)):
            super().reactivate(style)


def _letters(split: Callable[..., Any]) -> Callable[..., Any]:
    """Letters of drawings, of which each is laid out alone, once for each style."""
    drawn = sys.modules["weasyprint.svg.text"].Style

    def found(text: str, style: Any, context: Any, max_width: Any, *rest: Any, **named: Any) -> Any:
        if type(style) is not drawn:
            return split(text, style, context, max_width, *rest, **named)
        known = vars(style.font_config).setdefault("_letters", {})
        values = (style[f"font_{name}"] for name in ("style", "weight", "size"))
        font = (tuple(style["font_family"]), style["direction"], *values)
        style = known.setdefault(font, style)
        if (text, font) not in known:
            known[text, font] = split(text, style, context, max_width, *rest, **named)
            known[text, font][0].shared = True
        return known[text, font]

    return found


def _property(missing: Callable[..., Any]) -> Callable[..., Any]:
    """Properties that no rule sets: as of the element above, or as they are at the beginning."""

    def found(self: Any, key: str) -> Any:
        if key in self.cascaded or self.parent_style is None:
            return missing(self, key)
        if key in INHERITED or key.startswith("__"):
            value = self.parent_style[key]
        elif key not in _INITIAL:
            return missing(self, key)
        else:
            if key in PHYSICAL_FUNCTIONS and (self["direction"] and not _LOGICAL.isdisjoint(self.cascaded)):
                return missing(self, key)
            value = _INITIAL[key]
        self[key] = value
        return value

    return found


def _once(strut: Callable[..., Any]) -> Callable[..., Any]:
    """Height and baseline of a line, once for each style."""

    def found(style: Any) -> Any:
        if (known := vars(style).get("_strut")) is None:
            known = style._strut = strut(style)
        return known

    return found


def _sizes(resolve: Callable[..., None]) -> Callable[..., None]:
    """Sizes of a box that depend on its style alone, once for each style."""

    def set_sizes(box: Any, containing_block: Any) -> None:
        style = box.style
        try:
            known = style._sizes
        except AttributeError:
            known = style._sizes = _sizes_of(style)
        if known is None:
            resolve(box, containing_block)
            return
        box.__dict__.update(known)
        if style["border_collapse"] == "collapse":
            # Cells have theirs from the table.
            for name in _BORDERS:
                if not hasattr(box, name):
                    setattr(box, name, style[name])

    return set_sizes


def _sizes_of(style: Any) -> dict[str, Any] | None:
    """Sizes that a style alone decides, None where others are needed."""
    found = {}
    for name in (*_SIZES, *_SPACES):
        value = style[name]
        if value is not None and value != "auto":
            if getattr(value, "unit", "%") == "%":
                return None
            value = value.value
        found[name] = 0 if value == "auto" and name in ("min_width", "min_height") else value
    if style["box_sizing"] != "content-box" and [found[name] for name in _SIZES] != ["auto", 0, inf] * 2:
        return None
    if style["border_collapse"] != "collapse":
        found.update((name, style[name]) for name in _BORDERS)
    return found
