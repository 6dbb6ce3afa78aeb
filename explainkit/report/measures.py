"""What each figure is called, what it says, and how it is computed, in words: measures.toml, read."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files
from typing import Any

from explainkit.report.language import say


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """Title and meaning of a figure or a series; for the catalogue, how it is computed."""

    title: str
    """What it is called."""
    meaning: str = ""
    """What it says, as a phrase."""
    unit: tuple[str, ...] = ()
    """Units in which it is measured, by task or space; none for a series."""
    formula: str | None = None
    """In the symbols of the catalogue."""
    method: str | None = None
    """As figures state it, for unweighted rows; ``…`` stands for what differs from card to card."""
    columns: tuple[str, ...] = ()
    """Of a series: the names of its columns."""
    source: str | None = None
    """Where definition or interval come from."""


def known(name: str) -> bool:
    """Whether a figure of this name has a title."""
    return name in catalogue()


def measure(name: str) -> Measure:
    """What is known of a figure by its name, title and meaning in the language spoken.

    A name that is not known is its own title.
    """
    known = catalogue().get(name)
    if known is None:
        return Measure(title=name.rpartition(".")[2].replace("_", " ").capitalize())
    return replace(known, title=say(known.title), meaning=say(known.meaning))


def short_title(name: str) -> str:
    """A figure's title without what stands in brackets."""
    return measure(name).title.partition(" (")[0]


@cache
def catalogue() -> dict[str, Measure]:
    """Every figure and series by name, family by family."""
    document = tomllib.loads((files("explainkit.report") / "measures.toml").read_text("utf-8"))
    return {name: _measure(entry, document["sources"]) for name, entry in document["figures"].items()}


def _measure(entry: dict[str, Any], sources: dict[str, str]) -> Measure:
    lists = {key: tuple(entry[key]) for key in ("unit", "columns") if key in entry}
    fields: dict[str, Any] = entry | lists
    fields["source"] = sources[entry["source"]] if "source" in entry else None
    return Measure(**fields)
