"""Times as people write them: read in one way, or refused with what to state."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pytest

from explainkit.errors import DataError, PlanError
from explainkit.load.subject import Dataset
from explainkit.load.times import MOST_PERIODS, later_than, periods_of, times_of
from explainkit.load.when import When, entries
from explainkit.plan import TimePlan, plan_from
from tests.assess.builders import dataset


def read(values, **stated):
    return times_of(pd.Series(values), TimePlan(**({"period": "month"} | stated)), where="column t")


def periods(values, **stated):
    plan = TimePlan(**({"period": "month"} | stated))
    column = periods_of(times_of(pd.Series(values), plan, where="column t"), plan, name="t")
    return [None if code < 0 else column.levels[code] for code in column.codes], column.levels


@pytest.mark.parametrize(
    ("values", "way"),
    [
        (["2024-01-31", "2024-03-01"], "days"),
        (["2024-01-31T23:59", "2024-03-01 00:00:00.25"], "moments"),
        (["2024-01-31T23:59:00Z", "2024-03-01 00:00+01:00"], "moments with a time zone"),
        (["2024-01", "2024-03"], "months"),
        ([dt.date(2024, 1, 31), dt.date(2024, 3, 1)], "days"),
        (pd.to_datetime(["2024-01-31 23:59", "2024-03-01 00:00"]), "moments"),
        (pd.to_datetime(["2024-01-31", "2024-03-01"]).tz_localize("Europe/Vienna"), "moments with a time zone"),
        (pd.Categorical(["2024-01-31", "2024-03-01"]), "days"),
    ],
)
def test_every_way_is_read(values, way):
    found = read(values)
    assert found.way == way
    first = pd.Timestamp(str(values[0])).tz_localize(None)
    assert str(found.at[0])[:7] == f"{first:%Y-%m}"


def test_years_and_quarters_are_read_and_tell_no_months():
    assert periods([2022, 2024, 2022], period="year") == (["2022", "2024", "2022"], ("2022", "2023", "2024"))
    assert periods([2022.0, np.nan], period="year")[0] == ["2022", None]
    assert periods(["2022-Q4", "2023Q1"], period="quarter")[0] == ["2022-Q4", "2023-Q1"]
    assert periods(["2022-Q4", "2023Q1"], period="year")[0] == ["2022", "2023"]
    for values, period in (([2022, 2023], "quarter"), (["2022Q1", "2022Q2"], "month")):
        with pytest.raises(PlanError, match=r"time.period: (years|quarters) do not tell .*; allowed"):
            periods(values, period=period)
    with pytest.raises(PlanError, match=r"time.cuts: years do not tell in which"):
        periods([2022, 2023], period=None, cuts=(dt.date(2022, 7, 1),))


def test_periods_are_those_of_pandas():
    rng = np.random.default_rng(5)
    days = pd.Series(pd.Timestamp("2019-03-04") + pd.to_timedelta(rng.integers(0, 1500, 400), unit="D"))
    for period, letter in (("month", "M"), ("quarter", "Q"), ("year", "Y")):
        expected = days.dt.to_period(letter).astype(str).str.replace("Q", "-Q")
        found, levels = periods(days.dt.strftime("%Y-%m-%d"), period=period)
        assert found == expected.tolist()
        assert list(levels) == sorted(levels)
        assert set(expected) <= set(levels)


def test_cuts_begin_a_period_on_their_day():
    cuts = (dt.date(2024, 1, 1), dt.date(2024, 7, 1))
    found, levels = periods(
        ["2023-12-31T23:59:59", "2024-01-01T00:00:00", "2024-06-30T23:59:59", "2024-07-01T00:00:00", None],
        period=None,
        cuts=cuts,
    )
    assert levels == ("before 2024-01-01", "2024-01-01 to 2024-06-30", "from 2024-07-01")
    assert found == [levels[0], levels[1], levels[1], levels[2], None]


def test_a_zone_moves_midnight_and_is_said():
    values = ["2024-01-31T23:30:00Z", "2024-02-01T00:30:00+02:00"]  # both are 31 January in London
    assert periods(values)[0] == ["2024-01", "2024-01"]
    assert periods(values, zone="Europe/Vienna")[0] == ["2024-02", "2024-01"]
    assert periods(pd.to_datetime(values, utc=True), zone="Europe/Vienna")[0] == ["2024-02", "2024-01"]
    plan = TimePlan(period="month")
    said = entries(read(values), plan, name="t")
    assert [(e.kind, e.what) for e in said] == [("assumed", "time zone of t")]
    assert "UTC" in said[0].reason
    assert entries(read(values, zone="Asia/Tokyo"), TimePlan(period="month", zone="Asia/Tokyo"), name="t") == ()
    with pytest.raises(PlanError, match=r"time.zone: these times have no zone .*; remedy: take time.zone out"):
        read(["2024-01-31T23:30:00"], zone="Europe/Vienna")


def test_a_stated_format_says_which_is_the_day():
    assert periods(["01/02/2024", "13/02/2024"], format="%d/%m/%Y")[0] == ["2024-02", "2024-02"]
    assert periods(["01/02/2024", "02/13/2024"], format="%m/%d/%Y")[0] == ["2024-01", "2024-02"]
    assert periods([20240131, 20240201], format="%Y%m%d")[0] == ["2024-01", "2024-02"]
    assert read(["31.1.2024 23:00 +0100"], format="%d.%m.%Y %H:%M %z").way == "moments with a time zone"
    with pytest.raises(DataError, match=r"as time.format says; found '02/13/2024' at position 2, 1 rows in all"):
        read(["01/02/2024", "02/13/2024"], format="%d/%m/%Y")


@pytest.mark.parametrize(
    ("values", "words"),
    [
        (["01/02/2024", "03/04/2024"], "which number is the day .* cannot be told; found '01/02/2024' .*time.format"),
        (["1.2.24 10:00"], "which number is the day"),
        (
            ["2024-01-31", "2024-01-31T10:00:00", "2024-01-31T10:00:00+01:00", "2024-02-01"],
            r"several ways; found 2 days \(the first at position 1\); 1 moments \(the first at position 2\); "
            r"1 moments with a time zone \(the first at position 3\)",
        ),
        (["2024-01-31", "2024"], "several ways"),
        (["2024-01-31", "yesterday"], "not a time that can be read; found 'yesterday' at position 2"),
        (["2024-01-31", "2024-02-30"], "no such time; found '2024-02-30' at position 2, 1 rows in all"),
        ([1706659200, 1706659201], "not a time that can be read; found '1706659200'"),
        ([0.5, 1.5], "not a time; found"),
        ([True, False], "not a time; found"),
        ([None, None], "no row has a time; found 2 missing values"),
    ],
)
def test_what_cannot_be_read_is_refused_in_one_line(values, words):
    with pytest.raises(DataError, match=words) as raised:
        read(values)
    assert "\n" not in str(raised.value)
    assert "column t" in str(raised.value)


def test_a_slip_of_a_century_is_no_thousand_periods():
    with pytest.raises(PlanError, match=rf"too many periods; found 1201 from 1924-01 .*at most {MOST_PERIODS}"):
        periods(["1924-01-05", "2024-01-05"])


def test_rows_without_a_time_are_counted():
    plan = TimePlan(period="month")
    said = entries(read(["2024-01-05", None, None]), plan, name="t")
    assert [(e.kind, e.what, e.count) for e in said] == [("not_tested", "rows by period", 2)]


def test_later_than_every_reference_row():
    own, other = read(["2024-01-05", "2024-03-05", None]), read(["2024-01-06", None])
    assert later_than(own, other, where="r").tolist() == [False, True, False]
    with pytest.raises(DataError, match="r: times are written otherwise than in the evaluation data; found years"):
        later_than(own, read([2024], period="year"), where="r")


def when(document, frame, reference: Dataset | None = None):
    return When.of(plan_from(document), frame, reference)


def test_without_periods_nothing_is_read():
    assert when({"data": {"time": "t"}}, pd.DataFrame({"t": ["rubbish"]})) == When()


def test_a_plan_names_its_column_and_one_kind_of_periods():
    frame = pd.DataFrame({"t": ["2024-01-05", "2024-02-05"]})
    found = when({"data": {"time": "t"}, "time": {"period": "month"}}, frame, dataset(frame.iloc[:1], "reference"))
    assert found.periods is not None
    assert found.periods.levels == ("2024-01", "2024-02")
    assert found.later is not None
    assert found.later.tolist() == [False, True]
    for document, words in (
        ({"time": {"period": "month"}}, "data.time: no column of times"),
        ({"data": {"time": "t"}, "time": {}}, "exactly one of period"),
        ({"data": {"time": "t"}, "time": {"period": "month", "cuts": ["2024-01-01"]}}, "exactly one of period"),
        ({"data": {"time": "t"}, "time": {"period": "week"}}, "time.period"),
        ({"data": {"time": "t"}, "time": {"cuts": ["2024-02-01", "2024-01-01"]}}, "cuts must ascend"),
        ({"data": {"time": "t"}, "time": {"period": "year", "zone": "Vienna"}}, "no such time zone"),
        ({"data": {"time": "t"}, "time": {"period": "year", "zone": "../etc"}}, "no such time zone"),
    ):
        with pytest.raises(PlanError, match=words):
            plan_from(document)
