"""Groups and their suppression, against counting by hand and an attack by algebra."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import linalg

from explainkit.assess.groups import (
    crossed,
    determined_cells,
    every_grouping,
    hide_grid,
    hide_line,
    single,
    small,
)
from tests.assess.builders import group
from tests.strategies import binary_rows


@given(binary_rows(), st.integers(1, 12))
def test_cells_are_the_rows_that_pandas_counts(rows, min_cell):
    columns = [group("sex", rows.sexes, ["f", "m"]), group("race", rows.races, ["a", "b", "c"])]
    (sex, race), (pair,) = every_grouping(columns, min_cell=min_cell)
    frame = pd.DataFrame({"sex": rows.sexes, "race": rows.races})
    for cells, names in ((sex, ["sex"]), (race, ["race"]), (pair, ["sex", "race"])):
        known = frame.dropna(subset=names)
        expected = known.groupby(names).size().to_dict()
        keys = [levels if len(levels) > 1 else levels[0] for levels in cells.levels]
        got = {key: size for key, size in zip(keys, cells.sizes, strict=True) if size}
        assert got == expected
        assert cells.sizes.sum() + cells.unknown == len(frame)
        assert cells.unknown == len(frame) - len(known)
        for code, (_, row) in zip(cells.codes, frame.iterrows(), strict=True):
            missing = any(row[n] is None or pd.isna(row[n]) for n in names)
            assert code == -1 if missing else cells.levels[code] == tuple(row[names])
    assert (sex.title, pair.title) == ("sex", "sex × race")


def line(sizes, min_cell=10):
    sizes = np.array(sizes)
    return hide_line(sizes, small(sizes, min_cell), min_cell).tolist()


@pytest.mark.parametrize(
    ("sizes", "hidden"),
    [
        ([50, 40, 30], [0, 0, 0]),
        ([50, 40, 3], [0, 1, 1]),  # one alone could be had by subtraction
        ([50, 12, 12, 3], [0, 1, 0, 1]),  # the first of equals
        ([50, 40, 3, 9], [0, 0, 1, 1]),  # two that are enough rows together
        ([50, 40, 3, 4], [0, 1, 1, 1]),  # together still a small group
        ([500, 3], [1, 1]),
        ([3, 4], [1, 1]),
        ([3], [1]),
        ([50, 0, 30], [0, 0, 0]),  # nobody is no small group
        ([50, 0, 30, 3], [0, 0, 1, 1]),
    ],
)
def test_what_is_hidden_of_a_line(sizes, hidden):
    assert line(sizes) == [bool(h) for h in hidden]


def test_exactly_min_cell_is_shown():
    assert line([10, 90]) == [False, False]
    assert line([9, 91]) == [True, True]


@given(st.lists(st.integers(0, 40), min_size=1, max_size=8), st.integers(1, 15))
def test_a_line_never_gives_away_a_small_group(sizes, min_cell):
    sizes = np.array(sizes)
    hidden = hide_line(sizes, small(sizes, min_cell), min_cell)
    assert hidden[small(sizes, min_cell)].all()
    rest = sizes[hidden].sum()
    everything = hidden.sum() == (sizes > 0).sum()
    assert rest == 0 or everything or (hidden.sum() >= 2 and rest >= min_cell)
    assert not hidden[sizes == 0].any()


def following_by_subtraction(grid, hidden, totals_of=None):
    """Hidden cells that have one value only in all tables with the cells shown and the totals known."""
    places = list(zip(*np.nonzero(hidden), strict=True))
    rows, columns = totals_of or (range(grid.shape[0]), range(grid.shape[1]))
    lines = [(0, row) for row in rows] + [(1, column) for column in columns]
    totals = np.array([[float(place[axis] == index) for place in places] for axis, index in lines])
    freedom = linalg.null_space(totals)
    return {place for place, row in zip(places, freedom, strict=True) if np.abs(row).max(initial=0) < 1e-9}


@given(st.integers(2, 5), st.integers(2, 6), st.data())
def test_no_hidden_pair_follows_from_the_totals(height, width, data):
    """The attack: subtract from the totals every pair that is shown, and solve."""
    sizes = data.draw(st.lists(st.integers(1, 14), min_size=height * width, max_size=height * width))
    min_cell = data.draw(st.integers(2, 6))
    grid = np.array(sizes).reshape(height, width)
    hidden = cells_of(grid, min_cell).hidden.reshape(height, width)
    assert hidden[grid < min_cell].all()
    if hidden.any():
        assert following_by_subtraction(grid, hidden) == set()


@given(st.integers(2, 6), st.integers(2, 6), st.data())
def test_bridges_are_what_algebra_determines(height, width, data):
    """Any pattern of hidden cells, some totals hidden too: the graph and the null space agree."""
    flags = st.lists(st.booleans(), min_size=height * width, max_size=height * width)
    hidden = np.array(data.draw(flags)).reshape(height, width)
    hidden_rows = np.array(data.draw(st.lists(st.booleans(), min_size=height, max_size=height)))
    hidden_columns = np.array(data.draw(st.lists(st.booleans(), min_size=width, max_size=width)))
    found = set(determined_cells(hidden, hidden_rows, hidden_columns))
    known = np.flatnonzero(~hidden_rows), np.flatnonzero(~hidden_columns)
    if not hidden.any() or not (len(known[0]) + len(known[1])):
        assert found == set()
        return
    assert found == following_by_subtraction(hidden, hidden, known)


def test_the_attack_succeeds_without_the_complement():
    grid = np.array([[4, 12, 9], [11, 13, 14]])
    assert following_by_subtraction(grid, grid < 5) == {(0, 0)}
    assert cells_of(grid, 5).hidden.sum() == 4


def test_the_attack_succeeds_on_a_pattern_with_two_hidden_in_every_line():
    """Two squares of hidden cells joined by one cell: line by line all is well, yet that cell follows."""
    hidden = np.zeros((4, 4), bool)
    hidden[:2, :2] = hidden[2:, 2:] = hidden[0, 2] = True
    assert hidden.sum(axis=0).min() == hidden.sum(axis=1).min() == 2
    assert following_by_subtraction(hidden, hidden) == {(0, 2)}
    shown = np.zeros(4, bool)
    assert determined_cells(hidden, shown, shown) == [(0, 2)]
    grid = np.where(hidden, 3, 40)
    assert following_by_subtraction(grid, hide_grid(grid, shown, shown, 5)) == set()


def cells_of(grid, min_cell):
    rows = [(f"r{i}", f"c{j}") for i in range(grid.shape[0]) for j in range(grid.shape[1]) for _ in range(grid[i, j])]
    first, second = (
        single(group(name, values), min_cell=min_cell)
        for name, values in zip("rc", zip(*rows, strict=True), strict=True)
    )
    return crossed(first, second, min_cell=min_cell)


def test_a_level_hidden_alone_is_hidden_in_every_pair():
    """Level c has 3 rows, so b is hidden with it; pairs of b, though large, would give b away by their sum."""
    sexes = ["f", "m"] * 100
    races = ["a"] * 137 + ["b"] * 60 + ["c"] * 3
    (_, race), (pair,) = every_grouping([group("sex", sexes), group("race", races)], min_cell=10)
    assert race.hidden.tolist() == [False, True, True]
    shown = {levels for levels, hidden in zip(pair.levels, pair.hidden, strict=True) if not hidden}
    assert shown == {("f", "a"), ("m", "a")}


def test_a_level_hidden_alone_is_hidden_in_pairs_that_nothing_else_hides():
    """In each line another level is smaller than b, so only the rule for levels keeps b and with it c from view."""
    sizes = {"f": (100, 30, 2, 15, 85), "m": (100, 30, 1, 85, 15)}
    rows = [
        (sex, race) for sex, counts in sizes.items() for race, n in zip("abcde", counts, strict=True) for _ in range(n)
    ]
    sexes, races = zip(*rows, strict=True)
    for columns in ([group("sex", sexes), group("race", races)], [group("race", races), group("sex", sexes)]):
        singles, (pair,) = every_grouping(columns, min_cell=10)
        (race,) = [cells for cells in singles if cells.columns == ("race",)]
        assert race.hidden.tolist() == [False, True, True, False, False]
        of_b = [hidden for levels, hidden in zip(pair.levels, pair.hidden, strict=True) if "b" in levels]
        assert of_b == [True, True]


def test_levels_without_rows_stay_and_pairs_without_rows_do_not():
    columns = [group("x", ["a"] * 20 + ["b"] * 20, ["a", "b", "c"]), group("y", ["u"] * 20 + ["v"] * 20)]
    (x, _), (pair,) = every_grouping(columns, min_cell=5)
    assert (x.levels, x.sizes.tolist(), x.hidden.any()) == ((("a",), ("b",), ("c",)), [20, 20, 0], False)
    assert pair.levels == (("a", "u"), ("b", "v"))
