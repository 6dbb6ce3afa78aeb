"""What a card keeps for monitoring: bins of rows enough, and nothing that it hides elsewhere."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from scipy import stats

from explainkit.assess.fairness.shown import groupings_of
from explainkit.assess.monitoring import baseline
from explainkit.assess.monitoring.baseline import _counts, _ends
from explainkit.assess.monitoring.bins import ColumnBins
from explainkit.assess.monitoring.monitored import area_by_bins
from explainkit.assess.monitoring.tally import _column
from explainkit.assess.statistics.intervals import delong
from explainkit.assess.statistics.ranking import tabulate
from explainkit.errors import PlanError
from explainkit.evidence import Measured
from tests.assess.drift.cases import rows, subject


def kept(table: pd.DataFrame, **tables: Any) -> Measured:
    """The baseline of a small lender."""
    made, plan = subject(table, None, **tables)
    return baseline.measure(made, plan, groupings_of(made, plan.fairness, plan.ll144))


def series(found: Measured, identifier: str) -> dict[str, tuple[Any, ...]]:
    return next(dict(s.columns) for s in found.series if s.id == identifier)


@given(
    st.lists(st.one_of(st.integers(0, 8), st.floats(-5, 5), st.just(np.inf)), min_size=10, max_size=200),
    st.integers(1, 10),
    st.one_of(st.none(), st.floats(-6, 9)),
)
def test_no_bin_tells_of_few_rows(numbers: list[float], min_cell: int, cut: float | None) -> None:
    values = np.array(numbers, float)
    ends = _ends(np.sort(values), 10, min_cell, cut)
    codes, counts = np.searchsorted(ends, values, side="right"), _counts(np.sort(values), ends)
    assert counts.tolist() == np.bincount(codes, minlength=len(ends) + 1).tolist()
    assert counts.min() >= min_cell
    assert (np.diff(ends) > 0).all()
    assert np.isfinite(ends).all()
    for code in range(len(counts)):
        inside = values[codes == code]
        assert code == 0 or inside.min() >= ends[code - 1]
        assert code == len(ends) or inside.max() < ends[code]
    left = int((values < cut).sum()) if cut is not None else 0
    if cut is not None and min_cell <= left <= len(values) - min_cell:
        assert cut in ends, "the threshold parts bins where that tells of rows enough"


def test_rare_categories_are_told_together_and_never_alone() -> None:
    table = rows(400, 1)
    table["region"] = ["a"] * 300 + ["b"] * 85 + ["c"] * 9 + ["d"] * 6
    columns = series(kept(table), "baseline.categories[column=region]")
    assert columns == {"category": ("a", "b", None), "rows": (300, 85, 15)}
    table["region"] = ["a"] * 300 + ["b"] * 96 + ["c"] * 4
    columns = series(kept(table), "baseline.categories[column=region]")
    assert columns == {"category": ("a", None), "rows": (300, 100)}, "four rows alone would be told by the rest"


def test_a_protected_input_is_kept_only_where_nothing_of_it_is_hidden() -> None:
    table = rows(400, 1)
    table["region"] = ["a"] * 300 + ["b"] * 92 + ["c"] * 8
    found = kept(table, data={"sensitive": ["region", "years"]}, features={"years": {"cuts": [20], "cuts_reason": "x"}})
    assert "baseline.categories[column=region]" not in {s.id for s in found.series}
    assert "baseline.numbers[column=years]" not in {s.id for s in found.series}
    assert {e.what.rpartition(": ")[2] for e in found.ledger} == {"region", "years"}
    table["region"] = ["a"] * 300 + ["b"] * 100
    assert series(kept(table, data={"sensitive": ["region"]}), "baseline.categories[column=region]")


def test_persons_are_not_listed() -> None:
    table = rows(400, 1)
    table["job"] = np.repeat(["anna@example.org", "bert@example.org"], 200)
    found = kept(table)
    assert "example" not in str(found.series)
    assert any("persons" in e.reason for e in found.ledger)


def test_the_plan_may_leave_it_out_and_its_limits_must_be_possible() -> None:
    table = rows(400, 1)
    assert kept(table, monitor={"baseline": False}) == Measured()
    with pytest.raises(PlanError, match="no counts of the column"):
        kept(table, monitor={"alerts": {"monitor.psi[column=incme]": {"max": 1}}})
    with pytest.raises(PlanError, match="limits need the baseline"):
        kept(table, monitor={"baseline": False, "alerts": {"monitor.psi": {"max": 1}}})
    with pytest.raises(PlanError, match="champion"):
        kept(table, monitor={"alerts": {"monitor.psi": {"no_worse_than_champion": True}}})


def test_scores_are_kept_with_outcomes() -> None:
    columns = series(kept(rows(2000, 1)), "baseline.score")
    assert sum(columns["rows"]) == sum(columns["labelled"]) == 2000
    assert 0.5 in columns["below"], "the threshold"
    assert len(columns["rows"]) > 40


CATEGORIES = ColumnBins(
    name="c", kind="categories", ends=(), categories=("a", "1", "True"), rows=(5, 5, 5, 0), missing=(0, 15), limits=None
)


@pytest.mark.parametrize(
    ("values", "counts", "missing"),
    [
        (pa.array(["a", "z", None, "a"]), (2, 0, 0, 1), 1),
        (pa.array(["a", "z", None, "a"]).dictionary_encode(), (2, 0, 0, 1), 1),
        (pa.DictionaryArray.from_arrays([0, 1, 1, None], ["a", None]), (1, 0, 0, 0), 3),
        (pa.array([1.0, 2.0, None]), (0, 1, 0, 1), 1),
        (pa.array([True, False, None]), (0, 0, 1, 1), 1),
        (pa.array([None, None], pa.null()), (0, 0, 0, 0), 2),
        (pa.array([], pa.string()), (0, 0, 0, 0), 0),
    ],
)
def test_categories_are_found_whatever_holds_them(values: pa.Array, counts: tuple[int, ...], missing: int) -> None:
    found = _column(values, CATEGORIES)
    assert (found.counts, found.missing) == (counts, missing)


def test_numbers_at_an_end_are_above_it_and_at_a_limit_within() -> None:
    bins = ColumnBins(
        name="n", kind="numbers", ends=(2.0,), categories=(), rows=(1, 2), missing=(0, 3), limits=(1.0, 3.0)
    )
    found = _column(pa.array([0.5, 1.0, 2.0, 3.0, 3.5, None, float("nan")]), bins)
    assert (found.counts, found.missing, found.outside) == ((2, 3), 2, 2)


def test_a_million_new_categories_are_one_count() -> None:
    found = _column(pa.array(map(str, range(1_000_000))), CATEGORIES)
    assert found.counts == (0, 1, 0, 999_999)


WIDER_AT_THE_LARGEST = [(0, False), *[(bin_, True) for bin_ in (0, 0, 1, 1)], (2, False), (3, True), (3, True)]
"""The order that ranks best has so large a variance that its interval ends below that of the worst."""
WORST_AT_ITS_LIMIT = [(0, True)] * 5 + [(1, True), (1, False)] * 20


@given(st.lists(st.tuples(st.integers(0, 4), st.booleans()), min_size=1, max_size=60))
@example(WIDER_AT_THE_LARGEST)
@example(WORST_AT_ITS_LIMIT)
def test_the_interval_holds_those_of_both_extreme_orders_within_bins(cases: list[tuple[int, bool]]) -> None:
    bins, positive = (np.array(x) for x in zip(*cases, strict=True))
    events, labelled = np.bincount(bins[positive.astype(bool)], minlength=5), np.bincount(bins, minlength=5)
    found = area_by_bins(events, labelled)
    pairs = [(a, b) for a, p in cases for b, q in cases if p and not q]
    if not pairs:
        assert found is None
        return
    assert found is not None
    value, ends = found
    assert value == pytest.approx(sum((a > b) + 0.5 * (a == b) for a, b in pairs) / len(pairs))
    if cases == WORST_AT_ITS_LIMIT:
        assert ends is not None
        assert ends.low == 0
    if ends is None:
        return
    sides = [2 * positive.astype(int) - 1, 1 - 2 * positive.astype(int)]
    for scores in (bins + 0.1 * side for side in sides):
        table = tabulate(scores, positive.astype(bool))
        own = delong(table.positives.astype(int), table.negatives.astype(int)).interval
        assert own is None or (ends.low <= own.low + 1e-12 and own.high - 1e-12 <= ends.high)


def test_years_of_rows_are_counted_without_overflow() -> None:
    events, labelled = np.array([1, 2, 5]), np.array([9, 7, 8])
    few, many = area_by_bins(events, labelled), area_by_bins(events * 10**9, labelled * 10**9)
    assert few is not None
    assert many is not None
    assert many[0] == few[0]
    assert many[1] is not None
    assert many[1].low < many[0] < many[1].high


def test_the_interval_of_the_area_covers_at_its_level() -> None:
    rng = np.random.default_rng(0)
    ends = np.linspace(-2, 3, 20)
    true, held, widths = float(stats.norm.cdf(1 / np.sqrt(2))), 0, []
    for _ in range(400):
        positive = rng.random(400) < 0.3
        bins = np.searchsorted(ends, rng.normal(positive, 1))
        found = area_by_bins(np.bincount(bins[positive], minlength=21), np.bincount(bins, minlength=21))
        assert found is not None
        assert found[1] is not None
        held += found[1].low <= true <= found[1].high
        widths.append(found[1].high - found[1].low)
    assert held / 400 >= 0.95
    assert np.mean(widths) < 0.2, "as good as no interval"
