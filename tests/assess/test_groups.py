"""Groups and their suppression, against counting by hand and an attack by enumeration."""

from __future__ import annotations

import itertools

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from tests.assess.builders import group
from tests.strategies import binary_rows

from explainkit.assess.groups import crossed, every_grouping, hide_line, single, small


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


def ranges_of_hidden_cells(grid, hidden, limit):
    """Smallest and largest size of each hidden cell over all tables with the totals that are known."""
    places = list(zip(*np.nonzero(hidden), strict=True))
    seen = {place: set() for place in places}
    for guess in itertools.product(range(1, limit), repeat=len(places)):
        table = grid.copy()
        for place, size in zip(places, guess, strict=True):
            table[place] = size
        if (table.sum(axis=0) == grid.sum(axis=0)).all() and (table.sum(axis=1) == grid.sum(axis=1)).all():
            for place, size in zip(places, guess, strict=True):
                seen[place].add(size)
    return seen


@given(st.lists(st.integers(0, 14), min_size=6, max_size=6), st.just(5))
def test_no_hidden_pair_follows_from_the_totals(sizes, min_cell):
    """The attack: solve for the hidden pairs, given every pair that is shown and the totals by row and column."""
    grid = np.array(sizes).reshape(2, 3)
    assume((grid > 0).all() and (grid.sum(axis=0) >= min_cell).all())
    pair = cells_of(grid, min_cell)
    hidden = pair.hidden.reshape(2, 3)
    if hidden.any():
        for guesses in ranges_of_hidden_cells(grid, hidden, grid.max() + 10).values():
            assert len(guesses) > 1
    assert hidden[grid < min_cell].all()


def test_the_attack_succeeds_without_the_complement():
    grid = np.array([[4, 12, 9], [11, 13, 14]])
    only_small = grid < 5
    assert ranges_of_hidden_cells(grid, only_small, 25) == {(0, 0): {4}}
    assert cells_of(grid, 5).hidden.sum() == 4


def cells_of(grid, min_cell):
    rows = [(f"r{i}", f"c{j}") for i in range(grid.shape[0]) for j in range(grid.shape[1]) for _ in range(grid[i, j])]
    first, second = (
        single(group(name, values), min_cell=min_cell) for name, values in zip("rc", zip(*rows, strict=True), strict=True)
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


def test_levels_without_rows_stay_and_pairs_without_rows_do_not():
    columns = [group("x", ["a"] * 20 + ["b"] * 20, ["a", "b", "c"]), group("y", ["u"] * 20 + ["v"] * 20)]
    (x, _), (pair,) = every_grouping(columns, min_cell=5)
    assert (x.levels, x.sizes.tolist(), x.hidden.any()) == ((("a",), ("b",), ("c",)), [20, 20, 0], False)
    assert pair.levels == (("a", "u"), ("b", "v"))
