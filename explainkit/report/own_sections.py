"""Sections that other packages add to the card, under the entry point group ``explainkit.sections``.

A section is a function of the evidence alone, as ours are. What it returns is held against the evidence before it is
shown: it may arrange and explain what was measured and stated, and print no number that was not.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from explainkit import plugins
from explainkit.errors import InputError
from explainkit.evidence import Evidence
from explainkit.report.card import Section
from explainkit.report.section_check import MisfitError, check_section

GROUP = "explainkit.sections"
_ALLOWED = "section(evidence) returning explainkit.report.card.Section"


def check_sections(names: Sequence[str]) -> None:
    """Check that what a plan names under ``look.sections`` is there and loads.

    Raises
    ------
    InputError
        If it is not; nothing was read or measured then.
    """
    for name in names:
        _function(name)
        plugins.origin(GROUP, name)


def origins(names: Sequence[str]) -> dict[str, str]:
    """Name and version of the distributions that the sections come from."""
    return dict(plugins.origin(GROUP, name) for name in names)


def own_sections(evidence: Evidence, before: Sequence[Section]) -> tuple[Section, ...]:
    """Sections that the plan asks for, in its order, numbered after those before.

    Parameters
    ----------
    evidence : Evidence
        What they are made from; its environment names the distributions that they come from.
    before : sequence of Section
        The sections of the card.

    Raises
    ------
    InputError
        If one is not installed, is of another version than the card's, raises, returns something else than a section,
        uses an id that is taken, or prints a number that is not in the evidence.
    """
    names = evidence.plan.get("look", {}).get("sections", ())
    found: list[Section] = []
    for name in names:
        where = f"{GROUP}: {name}"
        _check_origin(evidence, name, where)
        section = _made(_function(name), evidence, where)
        known = [*before, *found]
        try:
            check_section(section, evidence, known)
        except MisfitError as misfit:
            raise InputError(misfit.what, where=where, found=misfit.found, allowed=misfit.allowed) from None
        found.append(replace(section, number=1 + max(other.number for other in known)))
    return tuple(found)


def _function(name: str) -> Any:
    function = plugins.load(GROUP, name)
    if not callable(function):
        raise InputError(
            "the plug-in is no section", where=f"{GROUP}: {name}", found=type(function).__name__, allowed=_ALLOWED
        )
    return function


def _check_origin(evidence: Evidence, name: str, where: str) -> None:
    distribution, version = plugins.origin(GROUP, name)
    stated = dict(evidence.environment).get(distribution)
    if stated != version:
        raise InputError(
            "the plug-in is not the one that the card was made with",
            where=where,
            found=f"{distribution} {version}",
            allowed=f"{distribution} {stated}" if stated else "one that the card's environment names",
        )


def _made(function: Any, evidence: Evidence, where: str) -> Section:
    """What the function returns; it is given a plan of its own, the one part of the evidence that could be changed."""
    try:
        section = function(replace(evidence, plan=copy.deepcopy(evidence.plan)))
    except (ArithmeticError, AttributeError, LookupError, RuntimeError, TypeError, ValueError) as error:
        raise InputError(
            "the section raised", where=where, found=f"{type(error).__name__}: {error}", allowed=_ALLOWED
        ) from error
    if type(section) is not Section:
        raise InputError("not a section", where=where, found=type(section).__name__, allowed=_ALLOWED)
    return section
