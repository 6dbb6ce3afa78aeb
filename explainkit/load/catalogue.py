"""The catalogue of a language that is not shipped: its bytes, as the plan names them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from explainkit.artifact import Artifact
from explainkit.errors import PlanError
from explainkit.load.subject import Subject
from explainkit.plan import Plan

MOST_BYTES = 2_000_000
"""Of a catalogue; the shipped ones have a tenth of it."""
_WHERE = "card.catalogue"


def with_catalogue(subject: Subject, plan: Plan, *, base: Path) -> Subject:
    """The subject with the catalogue of the card's language, where the plan names one; else as it is.

    Parameters
    ----------
    subject : Subject
        What is audited.
    plan : Plan
        Whose ``card.catalogue`` names the file.
    base : pathlib.Path
        Folder that relative paths start from.

    Raises
    ------
    PlanError
        If there is no such file, or it is too large.
    """
    if plan.card.catalogue is None:
        return subject
    path, allowed = base / plan.card.catalogue, f"a catalogue of gettext (.po) of at most {MOST_BYTES:,} bytes"
    try:
        with path.open("rb") as stream:
            data = stream.read(MOST_BYTES + 1)
    except FileNotFoundError:
        raise PlanError("no such catalogue", where=_WHERE, found=str(path), allowed=allowed) from None
    except OSError as error:
        problem = "the catalogue cannot be read"
        raise PlanError(problem, where=_WHERE, found=error.strerror or str(error), allowed=allowed) from None
    if len(data) > MOST_BYTES:
        found = f"{path.stat().st_size:,} bytes"
        raise PlanError("the catalogue is too large", where=_WHERE, found=found, allowed=allowed)
    return replace(subject, catalogue=Artifact(name=path.name, data=data, media_type="text/x-gettext-translation"))
