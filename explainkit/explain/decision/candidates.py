"""Which changes are tried: columns that a person can change, with what is linked to them, over values seen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from explainkit.evidence import Column
from explainkit.explain.decision.near import Scale
from explainkit.explain.decision.setting import BoolArray, FloatArray, IntArray

COST = (
    "cost of a change: the share of reference rows that lie between the old and the new value of a number (difference "
    "in rank), one for any other value, added up over the columns that change"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit:
    """Columns that change together: one that a person can change, and those linked with it."""

    columns: tuple[int, ...]
    """All of them, as indices of inputs."""
    stated: tuple[int, ...]
    """Those that a person can change."""
    directions: tuple[tuple[int, str], ...]
    """Columns that can change in one direction only."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tries:
    """Changes of one unit, the smallest first."""

    unit: Unit
    codes: IntArray
    """New codes of the unit's columns, shape (n_tries, n_columns of the unit)."""
    cost: FloatArray
    """Shape (n_tries,), ascending."""

    def thinned(self, most: int) -> Tries:
        """At most so many of them, at even steps from the smallest to the largest."""
        if len(self.cost) <= most:
            return self
        kept = np.unique(np.linspace(0, len(self.cost) - 1, most).round().astype(np.intp))
        return Tries(unit=self.unit, codes=self.codes[kept], cost=self.cost[kept])


def units(columns: Sequence[Column], features: Sequence[str]) -> tuple[Unit, ...]:
    """Groups of inputs that change together and hold a column that a person can change, in the order of the inputs.

    Links hold in both directions, and from link to link.

    Parameters
    ----------
    columns : sequence of Column
        What the plan says of each.
    features : sequence of str
        Inputs of the model; links to other columns do not concern the model.
    """
    stated = {column.name: column for column in columns}
    index = {name: j for j, name in enumerate(features)}
    group = list(range(len(features)))

    def root(j: int) -> int:
        while group[j] != j:
            j = group[j]
        return j

    for name, j in index.items():
        column = stated.get(name)
        for other in (column.linked if column is not None else None) or ():
            if other in index:
                first, second = sorted((root(j), root(index[other])))
                group[second] = first
    members: dict[int, list[int]] = {}
    for j in range(len(features)):
        members.setdefault(root(j), []).append(j)
    found = []
    for together in members.values():
        known = [(j, stated[features[j]]) for j in together if features[j] in stated]
        actionable = tuple(j for j, column in known if column.actionable)
        directions = tuple((j, column.direction) for j, column in known if column.direction is not None)
        if actionable:
            found.append(Unit(columns=tuple(together), stated=actionable, directions=directions))
    return tuple(found)


def tries(unit: Unit, own: IntArray, seen: IntArray, scale: Scale, values: tuple[Any, ...]) -> Tries:
    """Every combination of values of a unit's columns that a reference row holds, other than the case's own.

    Parameters
    ----------
    unit : Unit
        What changes together.
    own : ndarray of int, shape (n_features,)
        Codes of the case.
    seen : ndarray of int, shape (n_reference, n_features)
        Codes of the reference rows.
    scale : Scale
        Distances.
    values : tuple of arrays
        Distinct values of each input, by code.
    """
    columns = list(unit.columns)
    codes = np.unique(seen[:, columns], axis=0)
    place = {j: i for i, j in enumerate(columns)}
    # A change changes at least one column that a person can change, and gives it a value.
    keep = np.zeros(len(codes), dtype=bool)
    for j in unit.stated:
        keep |= codes[:, place[j]] != own[j]
    for j in unit.stated:
        missing = pd.isna(pd.Series(values[j], dtype=values[j].dtype)).to_numpy()
        keep &= ~missing[codes[:, place[j]]] | (codes[:, place[j]] == own[j])
    for j, direction in unit.directions:
        keep &= _allowed(values[j], own[j], codes[:, place[j]], direction)
    codes = codes[keep]
    cost = np.zeros(len(codes))
    for j in columns:
        cost += scale.steps(j, int(own[j]), codes[:, place[j]])
    order = np.argsort(cost, kind="stable")
    return Tries(unit=unit, codes=codes[order], cost=cost[order])


def _allowed(values: Any, own: int, codes: IntArray, direction: str) -> BoolArray:
    """Whether new numbers lie on the side that the plan allows; from a missing number every side is open."""
    numbers = pd.Series(values, dtype=values.dtype).to_numpy(dtype=np.float64, na_value=np.nan)
    if np.isnan(numbers[own]):
        return np.ones(len(codes), dtype=bool)
    allowed: BoolArray = numbers[codes] >= numbers[own] if direction == "up" else numbers[codes] <= numbers[own]
    return allowed
