"""Columns that hold data of persons: known examples of each kind, and columns that do not."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from explainkit.assess.data.personal import personal_kinds
from explainkit.assess.data.values import values_of


def kinds(values, title="x"):
    return personal_kinds(values_of(pd.Series(values)), title)


# Examples that the issuers of these numbers publish, none of them of a person.
@pytest.mark.parametrize(
    ("kind", "values"),
    [
        ("e-mail address", ["jane.doe@example.org", "x+y@mail.example.co.uk"]),
        ("account number", ["DE89 3704 0044 0532 0130 00", "GB29NWBK60161331926819", "FR1420041010050500013M02606"]),
        ("card number", ["4111 1111 1111 1111", "5500005555555559"]),
        ("phone number", ["+49 30 901820", "0044 20 7946 0018", "(212) 555-0123", "212-555-0199"]),
        ("national id", ["078-05-1120", "12345678Z", "X1234567L", "RSSMRA85T10A562S", "86095742719", "AB123456C"]),
        ("national id", ["255081416802538"]),
    ],
)
def test_known_examples(kind, values):
    for value in values:
        assert kinds([value]).get(kind) == 1.0, value


@pytest.mark.parametrize(
    "values",
    [
        ["jane.doe(at)example.org", "@handle", "a@b"],
        ["DE88 3704 0044 0532 0130 00", "GB28NWBK60161331926819"],
        ["4111 1111 1111 1112"],
        ["2020-01-01", "20200101", "12:30:00", "01/02/2020", "1-2", "10115"],
        ["078051120", "000-12-3456", "12345678A", "86095742718", "RSSMRA85T10A562X"],
        ["blue-collar", "Self-emp-not-inc", "HS-grad", "A11"],
        [1.5, 2.5],
        [10, 20, 30],
        [True, False],
    ],
)
def test_what_is_none(values):
    assert kinds(values) == {}


def test_check_digits_keep_chance_out():
    rng = np.random.default_rng(3)
    numbers = rng.integers(10**15, 10**16, 2000)
    found = kinds(numbers)
    # One in ten has Luhn's check digit, of those that begin as cards do.
    assert found["card number"] == pytest.approx(0.05, abs=0.02)
    ibans = [f"DE{check:02d}3704004405320{tail:05d}" for check, tail in rng.integers(0, 100, (2000, 2))]
    assert kinds(ibans).get("account number", 0.0) < 0.02


def test_the_share_counts_rows():
    assert kinds(["a@b.example"] * 3 + ["none"] * 1 + [None] * 6) == {"e-mail address": 0.75}


def test_names_go_by_title_and_looks():
    people = ["Anna Müller", "O'Brien, Sean", "de la Cruz"]
    assert kinds(people, "Customer name") == kinds(people, "NACHNAME") == {"name": 1.0}
    assert kinds(people, "street") == {}
    assert kinds(["K-1", "K-2"], "name") == {}


def test_of_many_values_some_are_looked_at():
    assert kinds([f"u{i}@mail.example" for i in range(20_000)]) == {"e-mail address": 1.0}
