"""Name → object, by entry point; a plug-in that fails to load raises."""

from __future__ import annotations

from importlib.metadata import entry_points
from typing import Any

from explainkit.errors import InputError, nearest

GROUPS = ("explainkit.metrics", "explainkit.sections", "explainkit.registries")


def names(group: str) -> tuple[str, ...]:
    """Names registered in a group, sorted."""
    return tuple(sorted({point.name for point in entry_points(group=group)}))


def load(group: str, name: str) -> Any:
    """Load one plug-in.

    Raises
    ------
    InputError
        If no plug-in has that name, or if loading it fails; failures are never turned into warnings.
    """
    for point in entry_points(group=group):
        if point.name == name:
            try:
                return point.load()
            except (ImportError, AttributeError) as error:
                raise InputError("the plug-in fails to load", where=f"{group}: {name}", found=str(error)) from error
    raise InputError("no such plug-in", where=group, found=repr(name), remedy=nearest(name, names(group)))
