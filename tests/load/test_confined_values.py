"""Tables and values come out of the pipe as they went in, types included."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from explainkit.errors import DataError
from explainkit.load.confined.frames import receive, send
from explainkit.load.confined.values import from_scalar, packed, scalar, unpacked


def through(frame: pd.DataFrame) -> pd.DataFrame:
    table, arrays = packed(frame)
    pipe = io.BytesIO()
    send(pipe, {"table": table}, arrays)
    pipe.seek(0)
    message = receive(pipe, most=2**30, types=None)
    assert pipe.read() == b""
    return unpacked(message.head["table"], message.arrays)


COLUMNS = {
    "numbers": np.array([0.1, -0.0, np.nan, np.inf]),
    "32 bits": np.array([1, 2, 3, 4], dtype=np.float32),
    "integers": np.array([1, -2, 3, 2**62]),
    "small": np.array([1, 2, 3, 255], dtype=np.uint8),
    "flags": np.array([True, False, True, True]),
    "times": pd.to_datetime(["2020-01-01", None, "2021-05-05", "2022-01-01"]),
    "zoned": pd.to_datetime(["2020-01-01", None, "2021-05-05", "2022-01-01"]).tz_localize("Europe/Vienna"),
    "spans": pd.to_timedelta([1, 2, 3, None], unit="h"),
    "texts": pd.array(["a", None, "ä\n", ""], dtype="str"),
    "other texts": pd.array(["a", None, "b", "a"], dtype="string[python]"),
    "categories": pd.Categorical(["x", None, "y", "x"], categories=["y", "x", "z"]),
    "ordered": pd.Categorical([3, 1, 2, 1], categories=[3, 2, 1], ordered=True),
    "objects": pd.Series([True, None, "a", 1.5], dtype=object),
    "odd objects": pd.Series([np.nan, np.int8(1), pd.NA, np.float32(0.5)], dtype=object),
    "nullable": pd.array([1, None, 3, 2**62], dtype="Int64"),
    "nullable flags": pd.array([True, None, False, True], dtype="boolean"),
}


@pytest.mark.parametrize("name", COLUMNS)
def test_a_column(name: str) -> None:
    frame = pd.DataFrame({name: COLUMNS[name]})
    for rows in (frame, frame.iloc[1:3], frame.iloc[:0]):
        found = through(rows)
        pd.testing.assert_frame_equal(found, rows.reset_index(drop=True))
        assert [type(value) for value in found[name]] == [type(value) for value in rows[name]]


def test_a_table() -> None:
    frame = pd.DataFrame(COLUMNS)
    pd.testing.assert_frame_equal(through(frame), frame)
    pd.testing.assert_frame_equal(through(frame[["numbers"]]), frame[["numbers"]])


@pytest.mark.parametrize("order", ["C", "F"])
def test_numbers_lie_in_memory_as_they_lay(order: Any) -> None:
    values = np.arange(12.0).reshape(4, 3).copy(order=order)
    frame = pd.DataFrame(values, columns=list("abc"), copy=False)
    for rows in (frame, frame.iloc[1:3]):
        given, found = rows.to_numpy(), through(rows).to_numpy()
        assert (given.strides[0] < given.strides[1]) == (found.strides[0] < found.strides[1])


def test_what_no_model_takes() -> None:
    with pytest.raises(DataError, match="column a"):
        packed(pd.DataFrame({"a": [[1], [2]]}))
    with pytest.raises(DataError, match="column a"):
        packed(pd.DataFrame({"a": pd.interval_range(0, 2)}))


SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**63), 2**63 - 1),
    st.floats(),
    st.text(),
    st.integers(-128, 127).map(np.int8),
    st.integers(-(2**63), 2**63 - 1).map(np.int64),
    st.floats(width=32).map(np.float32),
    st.text().map(np.str_),
    st.booleans().map(np.bool_),
)


@given(SCALARS)
def test_a_value(value: Any) -> None:
    found = from_scalar(scalar(value))
    assert type(found) is type(value)
    assert repr(found) == repr(value)


@pytest.mark.parametrize("told", [[1], {}, {"float": "1"}, {"numpy": "int8", "value": 300}, {"numpy": "load"}])
def test_a_value_that_is_none(told: Any) -> None:
    with pytest.raises(ValueError):
        from_scalar(told)
