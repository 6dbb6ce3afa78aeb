"""The acts of a release: who did what in which order, by the folders in ``signatures/``."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from explainkit.sign.folder import SIGNATURES
from explainkit.sign.manifest import ROLES, WITHDRAWN

_FOLDER = re.compile(rf"{SIGNATURES}/([0-9]{{2}})-([a-z]{{1,20}})/")
MOST_ACTS = 99
ARCHIVE = "archive"
"""Kind of a folder that proves what was there by a time stamp alone, signed by nobody."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """One folder of ``signatures/``."""

    number: int
    """Place in the order, from 1."""
    kind: str
    """``provider``, ``validator``, ``approver``, ``withdrawal`` or ``archive``."""

    @property
    def folder(self) -> str:
        """Name of the folder with a slash behind it, for example ``signatures/01-provider/``."""
        return f"{SIGNATURES}/{self.number:02d}-{self.kind}/"

    @property
    def signs_pdf(self) -> bool:
        """Whether a revision of ``card.pdf`` belongs to it."""
        return self.kind in (*ROLES, ARCHIVE)


def acts_among(names: Iterable[str]) -> tuple[Act, ...]:
    """The acts that files of a release belong to, in their order, whether or not it is a possible one."""
    found = {(int(m[1]), m[2]) for name in names if (m := _FOLDER.match(name)) is not None}
    return tuple(Act(number=number, kind=kind) for number, kind in sorted(found))


def disorder(acts: tuple[Act, ...]) -> str | None:
    """Why acts cannot have followed one another; None where they can.

    The provider signs first, each role once, a withdrawal ends it, and no number is left out. An archive may come
    anywhere after the provider.
    """
    kinds = [act.kind for act in acts if act.kind != ARCHIVE]
    unknown = [act.folder for act in acts if act.kind not in (*ROLES, WITHDRAWN, ARCHIVE)]
    if unknown:
        return f"{unknown[0]} is the folder of no known role"
    if [act.number for act in acts] != list(range(1, len(acts) + 1)):
        return "the folders of the signers are not numbered one after another"
    if [act.kind for act in acts[:1]] != [ROLES[0]]:
        return "the provider has to be the first who signs"
    if len(set(kinds)) != len(kinds):
        return "a role signs more than once"
    if WITHDRAWN in kinds[:-1]:
        return "signed after the card was withdrawn"
    return None
