"""The largest value of a sum of trees, and of its steps, against every input there is, in exact arithmetic."""

from __future__ import annotations

import itertools
import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from explainkit.explain.properties import largest, space
from explainkit.explain.properties.largest import Ascent, Budget
from explainkit.explain.properties.space import Domain, Trees
from explainkit.explain.tree.ensemble import Ensemble
from explainkit.explain.tree.readers.assemble import Tree, assemble
from tests.bounded import share

CELLS = 4
GAP = CELLS
DOMAIN = Domain(
    last=np.array([CELLS - 1, CELLS - 1, CELLS - 1]),
    missing=np.array([True, False, False]),
    sets=np.array([False, False, True]),
    full=np.array([[0], [0], [2**CELLS - 1]], dtype=np.uint64),
)
INPUTS = list(itertools.product(range(CELLS + 1), range(CELLS), range(CELLS)))
VALUES = st.sampled_from([-1.0, -0.1, 0.0, 0.1, 0.2, 0.30000000000000004, 1e-17, 1e17, -1e17])
MIDDLE = np.array([1, 1, 1])


@st.composite
def trees(draw: st.DrawFn) -> Tree:
    """A tree over two ordered variables, one of which may be missing, and one of categories."""
    nodes: list[list[float]] = []
    sets: list[np.ndarray] = []

    def grow(depth: int) -> int:
        place = len(nodes)
        nodes.append([-1, -1, 0, 0.0, draw(VALUES), False, -1])
        if depth and draw(st.integers(0, 4)):
            column = draw(st.integers(0, 2))
            if column == 2:
                chosen = draw(st.sets(st.integers(0, CELLS - 1)))
                nodes[place][6] = len(sets)
                sets.append(np.array(sorted(chosen), dtype=np.int64))
            else:
                nodes[place][3] = float(draw(st.integers(0, CELLS - 2)))
            nodes[place][2], nodes[place][5] = column, draw(st.booleans())
            nodes[place][0], nodes[place][1] = grow(depth - 1), grow(depth - 1)
        return place

    grow(3)
    left, right, column, threshold, value, default, categories = (np.array(a) for a in zip(*nodes, strict=True))
    return Tree(
        left=left.astype(np.int64),
        right=right.astype(np.int64),
        column=column.astype(np.int64),
        threshold=threshold,
        value=value,
        cover=np.ones(len(left)),
        default_left=default.astype(np.bool_),
        categories=categories.astype(np.int64),
        sets=tuple(sets),
    )


ENSEMBLES = st.lists(trees(), min_size=1, max_size=5)


def with_cells(ensemble: Ensemble) -> Trees:
    """The trees over `DOMAIN`: a cell is its own number."""
    row, table = np.full(len(ensemble.left), -1), [np.uint64(0)]
    for node in np.flatnonzero(ensemble.categories >= 0):
        row[node] = len(table)
        table.append(np.uint64(sum(1 << int(c) for c in ensemble.sets[ensemble.categories[node]])))
    return Trees(
        ensemble=ensemble,
        domain=DOMAIN,
        variable=ensemble.column.copy(),
        cut=ensemble.threshold.astype(np.int64),
        missing_left=ensemble.default_left.copy(),
        row=row,
        table=np.array(table, dtype=np.uint64)[:, None],
    )


def exact(ensemble: Ensemble, cells: tuple[int, ...]) -> Fraction:
    """The sum for one input, walking down each tree."""
    total = Fraction(0)
    for node in ensemble.starts[:-1].tolist():
        while ensemble.left[node] >= 0:
            cell = cells[ensemble.column[node]]
            if ensemble.categories[node] >= 0:
                goes = cell in ensemble.sets[ensemble.categories[node]]
            elif cell == GAP:
                goes = bool(ensemble.default_left[node])
            else:
                goes = cell <= ensemble.threshold[node]
            node = int(ensemble.left[node] if goes else ensemble.right[node])
        total += Fraction(float(ensemble.values[node, 0]))
    return total


def put(cells: tuple[int, ...], variable: int, cell: int) -> tuple[int, ...]:
    """The input with another cell of one variable."""
    return (*cells[:variable], cell, *cells[variable + 1 :])


def made(parts: list[Tree]) -> Ensemble:
    return assemble(parts, base=0.0, outputs=1, columns=3, float32=False)


@settings(max_examples=share(600, 60), deadline=None)
@given(ENSEMBLES)
def test_the_largest_sum_is_that_of_exhaustive_search(parts):
    ensemble = made(parts)
    wanted = max(exact(ensemble, cells) for cells in INPUTS)
    sum_ = with_cells(ensemble).whole(ensemble.values[:, 0].copy())
    found = Ascent(sum_, (), MIDDLE, Budget(10**9)).climb(-math.inf)
    assert found.found == float(wanted)
    assert float(exact(ensemble, tuple(found.cells))) == found.found
    assert found.bound == float(wanted)


@settings(max_examples=share(600, 60), deadline=None)
@given(ENSEMBLES, st.integers(0, 2), st.data())
def test_the_largest_step_is_that_of_exhaustive_search(parts, variable, data):
    ensemble = made(parts)
    cell = st.integers(0, CELLS if variable == 0 else CELLS - 1)
    one, two = data.draw(cell), data.draw(cell)
    wanted = max(exact(ensemble, put(c, variable, two)) - exact(ensemble, put(c, variable, one)) for c in INPUTS)
    sum_ = with_cells(ensemble).step(ensemble.values[:, 0].copy(), variable, one, two)
    ascent = Ascent(sum_, (), MIDDLE, Budget(10**9))
    assert ascent.bound >= float(wanted)
    found = ascent.climb(-math.inf)
    assert found.found == float(wanted)
    assert found.bound >= float(wanted)
    # The bound is that of differences rounded upwards, one for each tree.
    assert found.bound <= float(wanted) + len(parts) * 16


@settings(max_examples=share(200, 20), deadline=None)
@given(ENSEMBLES, st.integers(1, 300))
def test_bounds_hold_whatever_the_budget(parts, budget):
    ensemble = made(parts)
    wanted = max(exact(ensemble, cells) for cells in INPUTS)
    sum_ = with_cells(ensemble).whole(ensemble.values[:, 0].copy())
    found = Ascent(sum_, (), MIDDLE, Budget(budget)).climb(-math.inf)
    assert Fraction(found.bound) >= wanted or found.bound == float(wanted)
    assert found.cells is None or found.found <= float(wanted)


def test_a_search_below_its_floor_says_so():
    tree = Tree(
        left=np.array([1, -1, -1]),
        right=np.array([2, -1, -1]),
        column=np.zeros(3, dtype=np.int64),
        threshold=np.ones(3),
        value=np.array([0.0, -2.0, -1.0]),
        cover=np.ones(3),
        default_left=np.zeros(3, dtype=np.bool_),
    )
    ensemble = made([tree])
    found = Ascent(with_cells(ensemble).whole(ensemble.values[:, 0].copy()), (), MIDDLE, Budget(1000)).climb()
    assert found.bound == -1.0
    assert found.cells is None


def test_more_regions_than_can_be_held(monkeypatch):
    monkeypatch.setattr(space, "_MOST_REGIONS", 1)
    monkeypatch.setattr(space, "_FIRST", 1)
    leaves = Tree(
        left=np.array([1, -1, -1]),
        right=np.array([2, -1, -1]),
        column=np.zeros(3, dtype=np.int64),
        threshold=np.ones(3),
        value=np.array([0.0, -2.0, -1.0]),
        cover=np.ones(3),
        default_left=np.zeros(3, dtype=np.bool_),
    )
    ensemble = made([leaves] * 9)
    with pytest.raises(space.TooLargeError):
        with_cells(ensemble).whole(ensemble.values[:, 0].copy())


@given(st.lists(st.tuples(st.floats(-1e18, 1e18), st.floats(-1e18, 1e18)), min_size=1))
def test_differences_are_rounded_upwards(pairs):
    gains, losses = (np.array(side) for side in zip(*pairs, strict=True))
    for bound, gain, loss in zip(largest._rounded_up(gains, losses), gains, losses, strict=True):
        difference = Fraction(gain) - Fraction(loss)
        assert Fraction(bound) >= difference
        assert Fraction(np.nextafter(bound, -np.inf)) < difference or Fraction(bound) == difference
