"""Equal rows, counted by pandas' own comparison of whole rows."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from explainkit.assess.data.row_hashes import found_in, has_twin, nearly_repeated, repeated, row_hashes

COLUMNS = ["number", "text", "flag", "day"]
ROWS = st.lists(
    st.tuples(
        st.sampled_from([0.0, -0.0, 1.0, 1e300, np.nan, np.inf]),
        st.sampled_from(["a", "A", "", "1", None]),
        st.booleans(),
        st.sampled_from([pd.Timestamp("2020-01-01"), pd.Timestamp("2020-01-02")]),
    ),
    min_size=1,
    max_size=25,
)


def frame_of(rows):
    frame = pd.DataFrame(rows, columns=COLUMNS)
    frame["text"] = frame["text"].astype("str")
    return frame


def hashed(*frames, columns=None, target=None):
    columns = list(columns or frames[0].columns)
    inputs = [c for c in columns if c != target]
    return row_hashes(frames, columns=columns, inputs=inputs, target=target)


@given(first=ROWS, second=ROWS)
def test_against_pandas(first, second):
    a, b = frame_of(first), frame_of(second)
    rows, others = hashed(a, b)
    assert repeated(rows.whole) == a.duplicated().sum()
    assert has_twin(rows.whole).tolist() == a.duplicated(keep=False).tolist()
    known = b.drop_duplicates().assign(there=True)
    there = a.merge(known, how="left", on=COLUMNS)["there"].notna()
    assert found_in(rows.whole, others.whole).tolist() == there.tolist()
    assert np.array_equal(rows.whole, rows.inputs)


def test_numbers_are_equal_by_value_whatever_their_type():
    a = pd.DataFrame({"x": [1, 2, 3], "y": [True, False, True]})
    b = pd.DataFrame({"x": [1.0, 2.0, np.nan], "y": np.array([True, False, None], dtype=object)})
    rows, others = hashed(a, b)
    assert found_in(rows.whole, others.whole).tolist() == [True, True, False]
    c = pd.DataFrame({"x": pd.array([1, None, 3], dtype="Int64"), "y": pd.Categorical(["True", "False", "True"])})
    assert found_in(*(h.whole for h in hashed(a, c))).tolist() == [True, False, True]


def test_texts_of_a_column_that_holds_numbers_elsewhere_are_compared_as_texts():
    rows, others = hashed(pd.DataFrame({"x": [1, 2]}), pd.DataFrame({"x": ["1", "two"]}))
    assert found_in(rows.whole, others.whole).tolist() == [True, False]


def test_large_whole_numbers_are_told_apart():
    (rows,) = hashed(pd.DataFrame({"x": np.array([2**53, 2**53 + 1, 2**62], np.int64)}))
    assert repeated(rows.whole) == 0


def test_the_order_of_columns_matters_and_that_of_rows_does_not():
    a = pd.DataFrame({"x": [1, 2], "y": [2, 1]})
    (rows,) = hashed(a)
    assert repeated(rows.whole) == 0
    (turned,) = hashed(a.iloc[::-1].reset_index(drop=True))
    assert turned.whole[::-1].tolist() == rows.whole.tolist()


def test_inputs_and_outcomes_apart():
    frame = pd.DataFrame({"x": [1, 1, 2], "y": [0, 1, 0]})
    (rows,) = hashed(frame, target="y")
    assert (repeated(rows.inputs), repeated(rows.cases), repeated(rows.whole)) == (1, 0, 0)


@pytest.mark.parametrize(
    ("one", "other", "near"),
    [
        (1.234, 1.2342, True),
        (1.234, 1.25, False),
        (999.6, 1000.4, True),
        (-5.001, -5.002, True),
        (5.001, -5.001, False),
        (0.0, 1e-12, False),
        (1e-300, 1.0001e-300, True),
        ("Main Street", " main street", True),
        ("Main Street", "Main St", False),
    ],
)
def test_what_nearly_repeats(one, other, near):
    (rows,) = hashed(pd.DataFrame({"x": [one, other, one], "y": ["k", "k", "other"]}))
    assert nearly_repeated(rows) == 2 * near
    assert repeated(rows.inputs) == 0


def test_rows_that_are_equal_do_not_nearly_repeat_each_other():
    (rows,) = hashed(pd.DataFrame({"x": [1.0, 1.0, 1.0001, 7.0, 7.0]}))
    assert nearly_repeated(rows) == 3


def test_slightly_disturbed_rows_are_mostly_found():
    rng = np.random.default_rng(4)
    frame = pd.DataFrame(rng.lognormal(size=(500, 6)), columns=list("abcdef"))
    disturbed = frame * (1 + 1e-5 * rng.normal(size=frame.shape))
    rows, others = hashed(frame, disturbed)
    assert not found_in(rows.inputs, others.inputs).any()
    assert found_in(rows.rounded, others.rounded).mean() > 0.95
