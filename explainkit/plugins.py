"""Name → object, by entry point; a plug-in that fails to load raises."""

from __future__ import annotations

from importlib.metadata import EntryPoint, entry_points
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
        If no plug-in has that name, or several have, or if loading it fails; failures are never turned into warnings.
    """
    point = _point(group, name)
    try:
        return point.load()
    except (ImportError, AttributeError, SyntaxError) as error:
        raise InputError("the plug-in fails to load", where=f"{group}: {name}", found=str(error)) from error


def origin(group: str, name: str) -> tuple[str, str]:
    """Name and version of the distribution that registers a plug-in; errors as for `load`."""
    distribution = _point(group, name).dist
    if distribution is None:
        raise InputError("the plug-in belongs to no installed distribution", where=f"{group}: {name}")
    return distribution.name, distribution.version


def _point(group: str, name: str) -> EntryPoint:
    found = {(point.value, _named(point)): point for point in entry_points(group=group) if point.name == name}
    if not found:
        raise InputError("no such plug-in", where=group, found=repr(name), remedy=nearest(name, names(group)))
    if len(found) > 1:
        raise InputError(
            "several plug-ins of one name",
            where=f"{group}: {name}",
            found=", ".join(sorted(" ".join(key) for key in found)),
            remedy="uninstall all but one",
        )
    return next(iter(found.values()))


def _named(point: EntryPoint) -> str:
    return "" if point.dist is None else point.dist.name
