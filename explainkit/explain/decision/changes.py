"""What would change the model's output: the smallest change of one and of two columns that a person can change."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np

from explainkit.explain.decision.answers import Mixable
from explainkit.explain.decision.candidates import Tries, Unit, tries, units
from explainkit.explain.decision.near import Neighbourhood, Scale
from explainkit.explain.decision.setting import FloatArray, IntArray, Situation

MOST_SEEN = 20_000
"""Reference rows whose values are tried."""
_MOST_NEAR = 2_000  # reference rows among which neighbours are sought: every pair of them is measured
_NEAR_CELLS = 200_000_000
_ASKED = 20_000  # rows that the model is asked about for each case, for changes of one and for changes of two
_CELLS = 20_000_000
_MOST_IN_PAIRS = 60  # columns that are tried two by two
_CHECKED = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A change that turns the decision and lies on the data."""

    columns: tuple[int, ...]
    """Inputs that change."""
    values: tuple[Any, ...]
    """Their new values."""
    score: float
    """What the model answers then."""
    cost: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """What was tried for one case, and what was found."""

    tried: int
    turned: int
    """Changes tried that turn the decision."""
    off: int
    """Those of them that were looked at and refused because they lie off the data."""
    found: tuple[Found, ...]
    """The smallest of one column; the smallest of two where it is smaller."""
    thinned: bool
    """Whether not every value could be tried."""
    neighbours: int
    """Reference rows among which neighbours were sought."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Block:
    """Changed rows of one kind, the smallest change first."""

    codes: IntArray
    cost: FloatArray
    columns: tuple[tuple[int, ...], ...]
    """Columns of the unit or units behind each, by `which`."""
    which: IntArray
    thinned: bool


def search(setting: Situation, cases: Sequence[int]) -> tuple[Search, ...] | None:
    """Look for changes of adverse cases; None where the plan names no input that a person can change.

    Parameters
    ----------
    setting : Situation
        With the model and what the plan says of the columns.
    cases : sequence of int
        Positions of cases decided against the person.
    """
    known = units(setting.subject.columns, setting.subject.features)
    if not known:
        return None
    if not cases:
        return ()
    rows = setting.draw(len(setting.reference), MOST_SEEN, 15)
    if setting.subject.reference is not None:
        data = _Data.of(setting, cases, rows)
        return tuple(_one(data, i, known) for i in range(len(cases)))
    # The case itself is no reference row of its own.
    alone = (_Data.of(setting, [position], rows[rows != position]) for position in cases)
    return tuple(_one(data, 0, known) for data in alone)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Data:
    """Cases and reference rows in codes, with what distances are measured by."""

    mixable: Mixable
    scale: Scale
    near: Neighbourhood

    @classmethod
    def of(cls, setting: Situation, cases: Sequence[int], rows: IntArray) -> _Data:
        mixable = Mixable.of(setting, np.asarray(cases, dtype=np.intp), setting.reference.iloc[rows])
        others = mixable.others
        scale = Scale.of(mixable.book.values, others)
        most = min(_MOST_NEAR, max(2, int((_NEAR_CELLS / others.shape[1]) ** 0.5)))
        near = Neighbourhood.of(scale, others[setting.draw(len(others), most, 16)])
        return cls(mixable=mixable, scale=scale, near=near)


def _one(data: _Data, case: int, known: tuple[Unit, ...]) -> Search:
    mixable, near = data.mixable, data.near
    own, others, values = mixable.rows[case], mixable.others, mixable.book.values
    each = [tries(unit, own, others, data.scale, values) for unit in known]
    blocks = [_singles(own, each), _pairs(own, each)]
    scores = mixable.scores(np.concatenate([b.codes for b in blocks]))
    turned = mixable.setting.favours(scores)
    found: list[Found] = []
    off = start = 0
    for block in blocks:
        end = start + len(block.cost)
        place, refused = _smallest(block, turned[start:end], near)
        off += refused
        if place is not None and not (found and found[0].cost <= block.cost[place]):
            found.append(_described(block, place, own, values, float(scores[start + place])))
        start = end
    return Search(
        tried=len(scores),
        turned=int(turned.sum()),
        off=off,
        found=tuple(found),
        thinned=any(b.thinned for b in blocks),
        neighbours=len(near.places),
    )


def _singles(own: IntArray, each: Sequence[Tries]) -> _Block:
    few = [t.thinned(max(10, _asked(own) // len(each))) for t in each]
    codes = []
    for one in few:
        rows = np.tile(own, (len(one.cost), 1))
        rows[:, list(one.unit.columns)] = one.codes
        codes.append(rows)
    return _ordered(
        np.concatenate(codes),
        np.concatenate([t.cost for t in few]),
        tuple(t.unit.columns for t in few),
        np.repeat(np.arange(len(few)), [len(t.cost) for t in few]),
        thinned=any(len(a.cost) < len(b.cost) for a, b in zip(few, each, strict=True)),
    )


def _pairs(own: IntArray, each: Sequence[Tries]) -> _Block:
    pairs = list(combinations(range(min(len(each), _MOST_IN_PAIRS)), 2))
    width = max(3, int((_asked(own) / max(1, len(pairs))) ** 0.5))
    few = [t.thinned(width) for t in each]
    codes, cost, columns = [np.empty((0, len(own)), dtype=np.intp)], [np.empty(0)], []
    sizes = []
    for a, b in pairs:
        first, second = few[a], few[b]
        rows = np.tile(own, (len(first.cost) * len(second.cost), 1))
        rows[:, list(first.unit.columns)] = np.repeat(first.codes, len(second.cost), axis=0)
        rows[:, list(second.unit.columns)] = np.tile(second.codes, (len(first.cost), 1))
        codes.append(rows)
        cost.append((first.cost[:, None] + second.cost[None, :]).ravel())
        columns.append(first.unit.columns + second.unit.columns)
        sizes.append(len(rows))
    return _ordered(
        np.concatenate(codes),
        np.concatenate(cost),
        tuple(columns),
        np.repeat(np.arange(len(pairs)), sizes),
        thinned=bool(pairs)
        and (len(each) > _MOST_IN_PAIRS or any(len(a.cost) < len(b.cost) for a, b in zip(few, each, strict=True))),
    )


def _asked(own: IntArray) -> int:
    return min(_ASKED, max(100, _CELLS // len(own)))


def _ordered(
    codes: IntArray, cost: FloatArray, columns: tuple[tuple[int, ...], ...], which: IntArray, *, thinned: bool
) -> _Block:
    order = np.argsort(cost, kind="stable")
    return _Block(codes=codes[order], cost=cost[order], columns=columns, which=which[order], thinned=thinned)


def _smallest(block: _Block, turned: Any, near: Neighbourhood) -> tuple[int | None, int]:
    """Place of the smallest change that turns the decision and lies on the data; and how many were refused before."""
    places = np.flatnonzero(turned)
    for start in range(0, len(places), _CHECKED):
        part = places[start : start + _CHECKED]
        on = near.holds(block.codes[part])
        if on.any():
            first = int(on.argmax())
            return int(part[first]), start + first
    return None, len(places)


def _described(block: _Block, place: int, own: IntArray, values: tuple[Any, ...], score: float) -> Found:
    codes = block.codes[place]
    changed = tuple(j for j in block.columns[block.which[place]] if codes[j] != own[j])
    return Found(
        columns=changed,
        values=tuple(values[j][int(codes[j])] for j in changed),
        score=score,
        cost=float(block.cost[place]),
    )
