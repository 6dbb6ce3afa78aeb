"""Own templates and style sheet: which files may be ones."""

from __future__ import annotations

import re
from collections.abc import Mapping

from explainkit.errors import PlanError, nearest
from explainkit.house import Template
from explainkit.house.css import PROPERTIES, check_css
from explainkit.house.sandbox import check_templates
from explainkit.resources import resource

WHERE = "look.templates"
STYLE = "house.css"
MOST_BYTES = 256 * 1024
MOST_FILES = 16
REPLACED = ("document.html", "blocks.html")
"""Templates of the card, by the names that replace them."""
OURS = "explainkit/"
"""Put before the name of a template of the card, to extend what is replaced."""
_NAME = re.compile(r"[a-z][a-z0-9_-]{0,40}\.html")
_ALLOWED = f"{STYLE} and up to {MOST_FILES} templates whose names end in .html, in lower case, no folders"


def shipped_templates() -> dict[str, str]:
    """The card's own templates, by the names that own ones can load them by."""
    texts = {name: resource("report_templates", name).read_text("utf-8") for name in REPLACED}
    return {**texts, **{OURS + name: text for name, text in texts.items()}}


def templates_from(files: Mapping[str, bytes]) -> tuple[Template, ...]:
    """Templates and style sheet of a folder, checked.

    Parameters
    ----------
    files : mapping of str to bytes
        Content by name.

    Raises
    ------
    PlanError
        If they cannot be used.
    """
    if not files or len(files) > MOST_FILES + 1:
        raise PlanError("not a folder of templates", where=WHERE, found=f"{len(files)} files", allowed=_ALLOWED)
    found = []
    for name, data in sorted(files.items()):
        try:
            text = data.decode("utf-8")
        except UnicodeDecodeError:
            raise PlanError("not a template", where=f"{WHERE}: {name}", found="bytes that are not UTF-8") from None
        found.append(Template(name=name, text=text))
    return checked(tuple(found))


def checked(templates: tuple[Template, ...]) -> tuple[Template, ...]:
    """Templates once they have passed the check; they may have come in a card.

    Raises
    ------
    PlanError
        If they do not.
    """
    if wrong := [t.name for t in templates if t.name != STYLE and not _NAME.fullmatch(t.name)]:
        raise PlanError("not a template", where=WHERE, found=repr(wrong[0]), allowed=_ALLOWED)
    size = sum(len(t.text.encode()) for t in templates)
    if size > MOST_BYTES:
        raise PlanError("the templates are too large", where=WHERE, found=f"{size} bytes", allowed=f"{MOST_BYTES}")
    _check({t.name: t.text for t in templates})
    return templates


def _check(texts: dict[str, str]) -> None:
    if (style := texts.pop(STYLE, None)) is not None:
        try:
            check_css(style)
        except ValueError as error:
            allowed = f"rules that hide, load and write nothing: {', '.join(sorted(PROPERTIES))}"
            raise PlanError(
                "a style sheet that cannot be used", where=f"{WHERE}: {STYLE}", found=str(error), allowed=allowed
            ) from None
    try:
        check_templates(texts, shipped_templates())
    except ValueError as error:
        unused = next((name for name in texts if f"{name!r} that nothing uses" in str(error)), None)
        remedy = nearest(unused, REPLACED) if unused else None
        raise PlanError("a template that cannot be used", where=WHERE, found=str(error), remedy=remedy) from None
