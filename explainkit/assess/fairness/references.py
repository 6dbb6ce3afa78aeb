"""The reference group: the one that the plan names, else the one that is best off among the groups shown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from explainkit.assess.groups.cells import Cells
from explainkit.errors import PlanError, nearest
from explainkit.load.subject import GroupColumn
from explainkit.plan import FairnessPlan

STATED = "(stated in the plan)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """What ratios and differences are taken against."""

    cell: int | None
    """None where there is no group to compare with."""
    words: str
    """The group, and how it was chosen; or why there is none."""
    stated: bool = False
    """Whether the plan names it."""


def check_references(columns: Sequence[GroupColumn], plan: FairnessPlan) -> None:
    """Raise if the plan names a column or a group that does not exist.

    Raises
    ------
    PlanError
        With the nearest name.
    """
    levels = {column.name: column.levels for column in columns}
    for name, level in plan.reference.items():
        if name not in levels:
            raise PlanError("not a sensitive column", where=f"fairness.reference.{name}", remedy=nearest(name, levels))
        if level not in levels[name]:
            raise PlanError(
                "no such group",
                where=f"fairness.reference.{name}",
                found=repr(level),
                remedy=nearest(level, levels[name]),
            )


def choose_reference(cells: Cells, values: Sequence[float | None], plan: FairnessPlan, *, what: str) -> Reference:
    """Choose the reference among the cells of a grouping.

    Parameters
    ----------
    cells : Cells
        One or two columns; a pair has a stated reference where the plan names one for both.
    values : sequence of float or None
        What is compared, by cell; None where it is hidden or undefined.
    plan : FairnessPlan
        With the references stated.
    what : str
        Name of the value, for the words.
    """
    if all(column in plan.reference for column in cells.columns):
        stated = tuple(plan.reference[column] for column in cells.columns)
        if stated not in cells.levels:
            return Reference(cell=None, words="no row belongs to the reference group")
        cell = cells.levels.index(stated)
        if cells.hidden[cell]:
            return Reference(cell=None, words="the reference group is suppressed")
        if values[cell] is None:
            return Reference(cell=None, words=f"the {what} of the reference group is undefined")
        return Reference(cell=cell, words=f"{cells.label(cell)} {STATED}", stated=True)
    best: int | None = None
    highest = float("-inf")
    for cell, value in enumerate(values):
        if value is not None and value > highest:
            best, highest = cell, value
    if best is None:
        return Reference(cell=None, words="no group is shown")
    return Reference(cell=best, words=f"{cells.label(best)} (highest {what} of the groups shown)")
