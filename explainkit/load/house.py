"""Files of the house that the plan names: the logo."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from explainkit.errors import PlanError
from explainkit.house import House, Logo
from explainkit.house.logo import MOST_BYTES, WHERE, logo_from
from explainkit.load.subject import Subject
from explainkit.plan import Plan


def with_house(subject: Subject, plan: Plan, *, base: Path) -> Subject:
    """The subject with the files of the house that the plan names; else as it is.

    Parameters
    ----------
    subject : Subject
        What is audited.
    plan : Plan
        Whose ``look`` names files.
    base : pathlib.Path
        Folder that relative paths start from.

    Raises
    ------
    PlanError
        If one of them cannot be used.
    """
    return replace(subject, house=read_house(plan, base=base))


def read_house(plan: Plan, *, base: Path) -> House | None:
    """Read and check the files, None where the plan names none; parameters and errors as for `with_house`."""
    logo = None if plan.look.logo is None else _logo(base / plan.look.logo)
    return None if logo is None else House(logo=logo)


def _logo(path: Path) -> Logo:
    if not path.is_file():
        raise PlanError("no such logo", where=WHERE, found=str(path), allowed="an .svg or .png file")
    try:
        with path.open("rb") as file:
            data = file.read(MOST_BYTES + 1)  # enough to say that it is too large
    except OSError as error:
        raise PlanError("the logo cannot be read", where=WHERE, found=error.strerror or str(error)) from None
    return logo_from(path.name, data)
