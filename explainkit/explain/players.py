"""Players: what is known or unknown as one when an output is shared out, a raw column or a group of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from explainkit.errors import PlanError, nearest
from explainkit.explanation import PlayersAre

GROUPS = "explain.groups"


@dataclass(frozen=True, slots=True, kw_only=True)
class Players:
    """Names of the players, and the player of each raw column.

    A group takes the place of its first column.
    """

    names: tuple[str, ...]
    """Of a column that stands alone its own name, of a group that of the plan."""
    of: tuple[int, ...]
    """Player of each raw column, from 0."""

    @property
    def count(self) -> int:
        """Number of players."""
        return len(self.names)

    @property
    def grouped(self) -> bool:
        """Whether any player has several columns."""
        return len(self.names) < len(self.of)

    @property
    def called(self) -> PlayersAre:
        """What they are, in the words of the evidence."""
        return "raw columns, some in groups" if self.grouped else "raw columns"

    @property
    def columns(self) -> tuple[tuple[int, ...], ...]:
        """Positions of the raw columns of each player."""
        found: list[list[int]] = [[] for _ in self.names]
        for column, player in enumerate(self.of):
            found[player].append(column)
        return tuple(map(tuple, found))


def players_of(columns: Sequence[str], groups: Mapping[str, Sequence[str]] | None = None) -> Players:
    """The players of raw columns.

    Parameters
    ----------
    columns : sequence of str
        Names of the raw columns.
    groups : mapping of str to sequence of str, optional
        Columns that are known or unknown together, under the name of the group.

    Raises
    ------
    PlanError
        If a group names a column that is no input, or is called like an input.
    """
    group_of: dict[str, str] = {}
    for name, members in (groups or {}).items():
        where = f"{GROUPS}.{name}"
        for member in members:
            if member not in columns:
                raise PlanError(
                    "no such input of the model", where=where, found=repr(member), remedy=nearest(member, columns)
                )
            group_of[member] = name
        if name in columns:
            raise PlanError("a group is called like a column", where=where, found=repr(name), allowed="another name")
    names: list[str] = []
    of = []
    for column in columns:
        name = group_of.get(column, column)
        if name not in names:
            names.append(name)
        of.append(names.index(name))
    return Players(names=tuple(names), of=tuple(of))
