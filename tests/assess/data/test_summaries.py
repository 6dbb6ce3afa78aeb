"""Summaries of columns: batches merged in any order are the whole."""

from __future__ import annotations

import numpy as np
import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from explainkit.assess.data.summaries import ColumnSummary
from explainkit.assess.data.values import values_of

NUMBERS = st.lists(st.one_of(st.none(), st.floats(-1e6, 1e6)), max_size=30)


def summary(numbers):
    return ColumnSummary().update(values_of(pd.Series(numbers, dtype=float)))


@given(first=NUMBERS, second=NUMBERS, third=NUMBERS)
def test_merging_is_associative_and_free_of_order(first, second, third):
    a, b, c = (summary(numbers) for numbers in (first, second, third))
    assert a.merge(b).merge(c) == a.merge(b.merge(c)) == c.merge(a).merge(b) == summary([*first, *second, *third])


def test_against_pandas():
    series = pd.Series([3.0, np.nan, -1.0])
    found = ColumnSummary().update(values_of(series))
    assert (found.rows, found.missing, found.low, found.high) == (3, 1, series.min(), series.max())
