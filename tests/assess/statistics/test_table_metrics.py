"""Figures of tables against counting them group by group."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from explainkit.assess.statistics import table_metrics as metrics

TABLES = hnp.arrays(
    np.int64, st.tuples(st.integers(1, 3), st.integers(2, 4), st.just(3), st.just(2)), elements=st.integers(0, 6)
)
SELECTED, EVERYONE = [(0, 1), (1, 1), (2, 1)], [(o, d) for o in range(3) for d in range(2)]


def quotient(above, below):
    return above / below if below else np.nan


@given(TABLES, st.booleans())
def test_figures_equal_counting(tables, weighted):
    if weighted:
        tables = tables * 0.5
    selection = metrics.rates(tables, SELECTED, EVERYONE)
    true = metrics.rates(tables, [(1, 1)], [(1, 0), (1, 1)])
    false = metrics.rates(tables, [(0, 1)], [(0, 0), (0, 1)])
    differences, ratios = metrics.differences(selection, 1), metrics.ratios(selection, 1)
    largest, smallest = metrics.largest_difference(selection), metrics.smallest_ratio(selection)
    odds = metrics.equalised_odds(true, false)
    for draw, table in enumerate(tables):
        by_hand = [quotient(group[:, 1].sum(), group.sum()) for group in table]
        assert selection[draw] == pytest.approx(by_hand, nan_ok=True)
        assert differences[draw] == pytest.approx([rate - by_hand[1] for rate in by_hand], nan_ok=True)
        assert ratios[draw] == pytest.approx([quotient(rate, by_hand[1]) for rate in by_hand], nan_ok=True)
        spreads = []
        for rates in (
            by_hand,
            [quotient(group[1, 1], group[1].sum()) for group in table],
            [quotient(group[0, 1], group[0].sum()) for group in table],
        ):
            undefined = any(np.isnan(rates))
            spreads.append(np.nan if undefined else max(rates) - min(rates))
        assert largest[draw] == pytest.approx(spreads[0], nan_ok=True)
        assert odds[draw] == pytest.approx(np.nan if np.isnan(spreads[1:]).any() else max(spreads[1:]), nan_ok=True)
        ratio = np.nan if any(np.isnan(by_hand)) else quotient(min(by_hand), max(by_hand))
        assert smallest[draw] == pytest.approx(ratio, nan_ok=True)


def test_events_and_non_events():
    table = np.zeros((2, 3, 2), np.int64)
    table[0, 1], table[1, 1] = (3, 4), (5, 0)
    assert metrics.both_kinds(table, [(1, 1)], [(1, 0), (1, 1)]).tolist() == [[4, 3], [0, 5]]
