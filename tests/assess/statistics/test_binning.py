"""Bins of nearly equal counts against their definition by middle ranks."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from explainkit.assess.statistics.binning import cut, equal_counts

numbers = st.lists(
    st.one_of(st.sampled_from([-0.0, 0.0, -np.inf, np.inf]), st.integers(-30, 30).map(float)), min_size=1
)


@given(values=numbers.map(np.array), bins=st.integers(1, 60))
def test_rows_are_binned_by_the_middle_rank_of_their_value(values, bins):
    found = equal_counts(values, bins=bins)
    # A middle rank is half a rank above the count of smaller rows; twice that is a whole number.
    twice = (2 * stats.rankdata(values) - 1).astype(int)
    _, expected = np.unique(bins * twice // (2 * len(values)), return_inverse=True)
    assert found.codes.tolist() == expected.tolist()
    for code in range(len(found.counts)):
        inside = values[found.codes == code]
        assert (found.low[code], found.high[code], found.counts[code]) == (inside.min(), inside.max(), len(inside))


@given(values=numbers.map(np.array), bins=st.integers(1, 12))
def test_no_end_depends_on_the_order_of_the_rows(values, bins):
    one, other = (equal_counts(v, bins=bins) for v in (values, values[::-1]))
    assert one.low.tobytes() == other.low.tobytes()
    assert one.high.tobytes() == other.high.tobytes()
    ascending = np.sort(values + 0.0)
    assert [part.tolist() for part in cut(ascending, bins=bins)] == [
        part.tolist() for part in (one.low, one.high, one.counts)
    ]
