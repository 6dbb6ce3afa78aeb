"""Groups and their suppression, against counting by hand and an attack by algebra."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import linalg

from explainkit.assess.groups.groupings import MOST_DEEPER, every_grouping, groupings
from explainkit.assess.groups.small import hide_line, hide_lines, hide_rates, small
from explainkit.load.subject import GroupColumn
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


def test_the_attack_succeeds_without_the_complement():
    grid = np.array([[4, 12, 9], [11, 13, 14]])
    assert following_by_subtraction(grid, grid < 5) == {(0, 0)}
    assert cells_of(grid, 5).hidden.sum() == 4


def test_more_is_hidden_where_line_by_line_all_is_well():
    """Two squares of hidden cells joined by one cell: two are hidden in every line, yet that cell follows."""
    grid = np.full((4, 4), 40)
    grid[:2, :2] = grid[2:, 2:] = 8
    grid[0, 2] = 3
    alone = grid < 10
    places = np.argwhere(grid > 0)
    assert (hide_lines(places, grid.ravel(), alone.ravel(), 10).reshape(4, 4) == alone).all()
    assert following_by_subtraction(grid, alone) == {(0, 2)}
    assert following_by_subtraction(grid, cells_of(grid, 10).hidden.reshape(4, 4)) == set()


def cells_of(grid, min_cell):
    rows = [(f"r{i}", f"c{j}") for i in range(grid.shape[0]) for j in range(grid.shape[1]) for _ in range(grid[i, j])]
    columns = [group(name, values) for name, values in zip("rc", zip(*rows, strict=True), strict=True)]
    (pair,) = every_grouping(columns, min_cell=min_cell)[1]
    return pair


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


def test_deeper_intersections_have_the_sizes_that_pandas_counts():
    generator = np.random.default_rng(1)
    columns = [group(name, generator.choice(list("abc"), 900)) for name in "xyz"]
    found = groupings(columns, min_cell=10)
    (deepest,) = [cells for cells in found.crossed if len(cells.columns) == 3]
    frame = pd.DataFrame({c.name: [c.levels[code] for code in c.codes] for c in columns})
    assert dict(zip(deepest.levels, deepest.sizes, strict=True)) == frame.groupby(list("xyz")).size().to_dict()
    assert [len(cells.columns) for cells in found.crossed] == [2, 2, 2, 3]
    assert found.notes == ()


def test_a_deeper_intersection_needs_two_groups_to_show():
    columns = [group(name, ["a"] * 95 + list("abcba")) for name in "xyz"]
    found = groupings(columns, min_cell=10)
    assert [len(cells.columns) for cells in found.crossed] == [2, 2, 2]
    assert [count for _, reason, count in found.notes if "min_cell" in reason] == [1]


def test_the_number_of_deeper_intersections_is_bounded_and_said():
    generator = np.random.default_rng(2)
    columns = [group(f"c{i}", generator.choice(["a", "b"], 4000)) for i in range(6)]
    found = groupings(columns, min_cell=1)
    assert sum(len(cells.columns) > 2 for cells in found.crossed) == MOST_DEEPER
    # 20 of three columns, 15 of four, 6 of five, 1 of six.
    assert [count for _, reason, count in found.notes] == [42 - MOST_DEEPER]


def test_intersections_too_large_to_check_are_left_out_if_anything_is_hidden():
    generator = np.random.default_rng(3)
    columns = [group(f"c{i}", generator.integers(0, 40, 3000)) for i in range(2)]
    found = groupings(columns, min_cell=10)
    assert found.crossed == ()
    assert found.notes[0][2] == 1
    assert [len(cells.levels) for cells in groupings(columns, min_cell=1).crossed] == [
        len(set(zip(*(c.codes for c in columns), strict=True)))
    ]


def test_ten_thousand_groups_take_seconds():
    """Sizes of 1 to 20: hiding one at a time, or walking lines recursively, would take minutes or overflow."""
    sizes = np.arange(10_000) % 20 + 1
    values = np.repeat(np.arange(10_000), sizes)
    column = GroupColumn(
        name="c", codes=values.astype(np.int32), levels=tuple(map(str, range(10_000))), is_feature=False
    )
    (cells,), _ = every_grouping([column], min_cell=10)
    assert (cells.uncounted == (sizes < 10)).all()
    half = group("h", values % 2)
    assert every_grouping([column, half], min_cell=10)[1] == ()


def test_one_group_and_a_group_of_one():
    columns = [group("x", ["a"] * 30), group("y", ["a"] * 29 + ["b"])]
    (x, y), (pair,) = every_grouping(columns, min_cell=5)
    assert (x.hidden.tolist(), y.hidden.tolist(), pair.hidden.tolist()) == ([False], [True, True], [True, True])


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), min_size=2, max_size=7), st.integers(1, 6))
def test_hidden_numerators_keep_a_range(groups, min_count):
    """By enumeration: all numerators of the groups hidden that agree with their sizes and their sum."""
    parts = np.array([part for part, _ in groups])
    sizes = parts + np.array([rest for _, rest in groups])
    counts = np.stack([parts, sizes - parts], axis=1)
    hidden = hide_rates(counts, sizes, np.ones(len(sizes), bool), min_count)
    scarce = ((counts > 0) & (counts < min_count)).any(axis=1)
    assert (hidden >= scarce).all()
    if not scarce.any():
        assert not hidden.any()
    elif not (hidden | (sizes == 0)).all():
        chosen, total = np.flatnonzero(hidden), parts[hidden].sum()
        for cell in np.flatnonzero(scarce):
            others = sum(sizes[i] for i in chosen if i != cell)
            possible = [k for k in range(sizes[cell] + 1) if 0 <= total - k <= others]
            assert max(possible) - min(possible) >= min_count
