"""Canonical JSON: the bytes that another implementation of RFC 8785 writes, and the errors it raises."""

from __future__ import annotations

import enum
import math
from itertools import product
from typing import Any

import numpy as np
import pytest
import rfc8785
from hypothesis import example, given
from hypothesis import strategies as st

from explainkit.records import canonical

_NUMBERS = st.floats(allow_nan=False, allow_infinity=False) | st.integers(-(2**53) + 1, 2**53 - 1)
_TEXT = st.text(st.characters(exclude_categories=["Cs"]))
_VALUES = st.recursive(
    st.none() | st.booleans() | _NUMBERS | _TEXT,
    lambda inner: st.lists(inner) | st.lists(inner).map(tuple) | st.dictionaries(_TEXT, inner),
    max_leaves=30,
)


def _told(write: Any, value: object) -> tuple[type, str]:
    with pytest.raises(Exception) as told:
        write(value)
    return told.type, str(told.value)


@given(_VALUES)
@example({"\U0001f600": 1, "\ue000": 2, "z": 3, "": 4, "\xe9": 5})  # in the order of UTF-16
@example("".join(map(chr, range(0xD800))))
def test_another_implementation_writes_the_same(value: object) -> None:
    assert canonical(value) == rfc8785.dumps(value)


@given(st.integers(0, 2**64 - 1).map(lambda bits: float(np.array(bits, np.uint64).view(np.float64))))
def test_numbers_of_all_bits_are_written_the_same(number: float) -> None:
    if math.isfinite(number):
        assert canonical(number) == rfc8785.dumps(number)
    else:
        assert _told(canonical, number) == _told(rfc8785.dumps, number)


def test_numbers_of_all_powers_are_written_the_same() -> None:
    for digits, power in product(("1", "-1.5", "9.999999999999999", "-1.2345678901234567"), range(-324, 309)):
        number = float(f"{digits}e{power}")
        near = (number, math.nextafter(number, 0), math.nextafter(number, math.inf))
        finite = [n for n in near if math.isfinite(n)]
        assert canonical(finite) == rfc8785.dumps(finite)


@pytest.mark.parametrize(
    ("number", "text"),
    # RFC 8785, appendix B
    [
        (0.0, b"0"),
        (-0.0, b"0"),
        (5e-324, b"5e-324"),
        (-5e-324, b"-5e-324"),
        (1.7976931348623157e308, b"1.7976931348623157e+308"),
        (9007199254740992.0, b"9007199254740992"),
        (295147905179352830000.0, b"295147905179352830000"),
        (9.999999999999997e22, b"9.999999999999997e+22"),
        (1e23, b"1e+23"),
        (999999999999999900000.0, b"999999999999999900000"),
        (1e21, b"1e+21"),
        (9.999999999999997e-7, b"9.999999999999997e-7"),
        (0.000001, b"0.000001"),
        (333333333.33333325, b"333333333.33333325"),
        (-0.0000033333333333333333, b"-0.0000033333333333333333"),
        (1424953923781206.2, b"1424953923781206.2"),
    ],
)
def test_numbers_are_written_as_the_standard_says(number: float, text: bytes) -> None:
    assert canonical(number) == text


class _Name(enum.StrEnum):
    ONE = "one"


@pytest.mark.parametrize(
    "value", [np.float64(0.1), np.float64(1e-5), _Name.ONE, {_Name.ONE: [np.float64(2)]}, enum.IntEnum("N", "A B").B]
)
def test_rarer_types_are_written_the_same(value: object) -> None:
    assert canonical(value) == rfc8785.dumps(value)


@pytest.mark.parametrize(
    "value",
    [
        2**53,
        -(2**53),
        [math.nan],
        {"a": math.inf},
        "\ud800",
        {"\udfff": 1},
        {1: 2},
        {"a": 1, 2: 3},
        {"a": {1, 2}},
        b"a",
    ],
)
def test_what_cannot_be_written_is_refused_in_the_same_words(value: object) -> None:
    assert _told(canonical, value) == _told(rfc8785.dumps, value)
