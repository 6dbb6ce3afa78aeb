"""Rows as codes and back: the same values, the same types, the same kinds of missing."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pytest
from hypothesis import given

from explainkit.explain.codes import encode, stack
from explainkit.explain.players import players_of
from tests.strategies import mixed_frames


def same(one: pd.DataFrame, other: pd.DataFrame) -> None:
    pd.testing.assert_frame_equal(one, other, check_exact=True)
    for name in one.columns:
        if one[name].dtype == object:
            for a, b in zip(one[name], other[name], strict=True):
                assert type(a) is type(b)
                assert a is b or a == b or (a != a and b != b)


@given(mixed_frames())
def test_what_is_encoded_comes_back(frame: pd.DataFrame) -> None:
    book, codes = encode(frame)
    same(book.decode(codes), frame)
    same(book.decode(codes.astype(float)[::-1]), frame.iloc[::-1].reset_index(drop=True))


@given(mixed_frames().filter(lambda f: f.shape[1] >= 3))
def test_columns_of_one_player_share_a_code_and_come_back(frame: pd.DataFrame) -> None:
    names = [str(c) for c in frame.columns]
    players = players_of(names, {"both": [names[2], names[0]]})
    book, codes = encode(frame, players)
    assert codes.shape == (len(frame), len(names) - 1)
    same(book.decode(codes), frame)
    single = encode(frame)[1]
    pairs = [tuple(row) for row in single[:, [0, 2]].tolist()]
    for i in range(len(frame)):
        for j in range(len(frame)):
            assert (codes[i, 0] == codes[j, 0]) == (pairs[i] == pairs[j])


def test_equal_values_share_a_code_and_others_do_not() -> None:
    frame = pd.DataFrame(
        {
            "o": pd.Series([True, 1, 1.0, "1", None, np.nan, pd.NaT, True, None, np.nan], dtype=object),
            "f": [0.5, np.nan, 0.5, 1, np.nan, 2, 2, 2, 2, 0.5 + 1e-9],
        }
    )
    _, codes = encode(frame)
    assert codes[:, 0].tolist() == [0, 1, 2, 3, 4, 5, 6, 0, 4, 5]
    assert codes[:, 1].tolist() == [0, 1, 0, 2, 1, 3, 3, 3, 3, 4]


@pytest.mark.parametrize(
    ("first", "second", "dtype"),
    [
        (pd.Series([1, 2]), pd.Series([3.0, 4.0]), "int64"),
        (pd.Series([1, 2]), pd.Series([3.0, np.nan]), "float64"),
        (pd.Series([1, 2]), pd.Series([3.5, 4.0]), "float64"),
        (pd.Series([1.0, 2.0]), pd.Series([3, 4]), "float64"),
        (pd.Series([True, False]), pd.Series([True, None], dtype=object), "object"),
        (pd.Series([True, None], dtype=object), pd.Series([True, False]), "object"),
        (pd.Series(["a", "b"], dtype="str"), pd.Series(["a", None], dtype=object), "str"),
        (pd.Series([dt.date(2020, 1, 1)] * 2, dtype=object), pd.Series([dt.date(2021, 1, 1)] * 2), "object"),
    ],
)
def test_stacked_rows_keep_the_type_of_the_first_where_nothing_is_lost(first, second, dtype) -> None:
    both = stack(pd.DataFrame({"x": first}), pd.DataFrame({"x": second}))["x"]
    assert both.dtype == dtype
    expected = [*first.tolist(), *second.tolist()]
    for got, wanted in zip(both.tolist(), expected, strict=True):
        assert got == wanted or (pd.isna(got) and pd.isna(wanted))


def test_categories_in_another_order_are_stacked_by_name() -> None:
    one = pd.DataFrame({"x": pd.Categorical(["a", "b", None], categories=["b", "a", "c"])})
    two = pd.DataFrame({"x": pd.Categorical(["c", "a", None], categories=["a", "c"])})
    both = stack(one, two)["x"]
    assert both.tolist()[:2] == ["a", "b"]
    assert both.tolist()[3:5] == ["c", "a"]
    assert both.isna().tolist() == [False, False, True, False, False, True]
    assert both.dtype == one["x"].dtype


def test_categories_unknown_to_the_first_are_not_lost() -> None:
    one = pd.DataFrame({"x": pd.Categorical(["a", "b"])})
    two = pd.DataFrame({"x": pd.Categorical(["new", "a"])})
    assert stack(one, two)["x"].tolist() == ["a", "b", "new", "a"]
