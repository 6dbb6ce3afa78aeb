"""Files of the house that the plan names: the logo, and the folder of templates."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from explainkit.errors import PlanError
from explainkit.evidence import LedgerEntry
from explainkit.house import House, Logo, Template
from explainkit.house.logo import MOST_BYTES, WHERE, logo_from
from explainkit.house.templates import MOST_BYTES as MOST_OF_TEMPLATES
from explainkit.house.templates import MOST_FILES, templates_from
from explainkit.house.templates import WHERE as WHERE_TEMPLATES
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
    house = read_house(plan, base=base)
    ledger = subject.ledger if house is None or not house.templates else (*subject.ledger, _own_templates(house))
    return replace(subject, house=house, ledger=ledger)


def read_house(plan: Plan, *, base: Path) -> House | None:
    """Read and check the files, None where the plan names none; parameters and errors as for `with_house`."""
    logo = None if plan.look.logo is None else _logo(base / plan.look.logo)
    templates = () if plan.look.templates is None else _templates(base / plan.look.templates)
    return House(logo=logo, templates=templates) if logo is not None or templates else None


def _own_templates(house: House) -> LedgerEntry:
    names = ", ".join(template.name for template in house.templates)
    reason = (
        f"page and paper were set with {names} of the plan's look.templates ({house.templates_digest}), which may add "
        "words of their own; that nothing of explainkit's text is missing, and no number was added, was checked"
    )
    return LedgerEntry(kind="assumed", what="templates of the house", reason=reason)


def _logo(path: Path) -> Logo:
    if not path.is_file():
        raise PlanError("no such logo", where=WHERE, found=str(path), allowed="an .svg or .png file")
    try:
        with path.open("rb") as file:
            data = file.read(MOST_BYTES + 1)  # enough to say that it is too large
    except OSError as error:
        raise PlanError("the logo cannot be read", where=WHERE, found=error.strerror or str(error)) from None
    return logo_from(path.name, data)


def _templates(folder: Path) -> tuple[Template, ...]:
    if not folder.is_dir():
        raise PlanError("no such folder", where=WHERE_TEMPLATES, found=str(folder), allowed="a folder of templates")
    files: dict[str, bytes] = {}
    for path in sorted(folder.iterdir()):
        if path.name.startswith("."):
            continue  # what file managers and version control leave
        if path.is_symlink() or not path.is_file() or len(files) > MOST_FILES:
            raise PlanError(
                "not a folder of templates",
                where=f"{WHERE_TEMPLATES}: {path.name}",
                found="a link, a folder, or one file too many",
                allowed=f"up to {MOST_FILES} templates and house.css",
            )
        try:
            with path.open("rb") as file:
                files[path.name] = file.read(MOST_OF_TEMPLATES + 1)
        except OSError as error:
            problem = error.strerror or str(error)
            raise PlanError(
                "the template cannot be read", where=f"{WHERE_TEMPLATES}: {path.name}", found=problem
            ) from None
    return templates_from(files)
