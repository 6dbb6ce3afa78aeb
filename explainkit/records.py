"""Records: frozen dataclasses as canonical JSON (RFC 8785), and back, strictly."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from functools import cache
from typing import Any, TypeAlias

import rfc8785

Parts: TypeAlias = dict[type, dict[str, type]]
"""Members of a dataclass that are dataclasses themselves, or tuples of them: which ones."""

NAMES = {"class_": "class"}
"""Members whose name is another in JSON."""


def canonical(value: Any) -> bytes:
    """Canonical JSON bytes of a JSON value (RFC 8785)."""
    return rfc8785.dumps(value)


def as_document(value: Any) -> Any:
    """Dataclasses as JSON objects without their empty optional members; tuples of pairs stay lists of pairs."""
    kind: Any = type(value)
    if kind is str or kind is float or value is None:
        return value
    if members := _members(kind):
        return {name: as_document(m) for name, at in members if (m := getattr(value, at)) is not None}
    if isinstance(value, tuple | list):
        return [as_document(member) for member in value]
    if isinstance(value, Mapping):
        return {str(name): as_document(member) for name, member in value.items()}
    return value


@cache
def _members(kind: type) -> tuple[tuple[str, str], ...]:
    """Name in JSON and name of each member of a dataclass; nothing where it is none."""
    if not dataclasses.is_dataclass(kind):
        return ()
    return tuple((NAMES.get(field.name, field.name), field.name) for field in dataclasses.fields(kind))


def from_document(kind: type[Any], document: Mapping[str, Any], parts: Parts) -> Any:
    """Build a dataclass from a JSON object; members that are absent take their defaults, or None.

    Raises
    ------
    ValueError
        If a member is missing or unknown.
    """
    given = {("class_" if name == "class" else name): member for name, member in document.items()}
    members: dict[str, Any] = {}
    for field in dataclasses.fields(kind):
        if field.name not in given:
            if field.default is dataclasses.MISSING and not str(field.type).endswith("None"):
                raise ValueError(f"{kind.__name__} lacks {field.name}")
            if field.default is dataclasses.MISSING:
                members[field.name] = None
            continue
        member = given.pop(field.name)
        part = parts.get(kind, {}).get(field.name)
        if part is not None:
            many = isinstance(member, list)
            found = [from_document(part, m, parts) for m in (member if many else [member])]
            member = tuple(found) if many else found[0]
        elif field.name != "plan":
            member = _frozen(member)
        members[field.name] = member
    if given:
        raise ValueError(f"{kind.__name__} has unknown members {', '.join(sorted(given))}")
    return kind(**members)


def _frozen(value: Any) -> Any:
    return tuple(_frozen(member) for member in value) if isinstance(value, list) else value
