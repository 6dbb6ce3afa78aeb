"""When rows are from: a column of times, read in the one way it is written, and the periods that rows fall into.

How a time is written is told from all values together. Two ways in one column are refused, and so is every way that
does not say which number is the day: the plan then says how (``time.format``).
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
from pandas.api import types as pdt

from explainkit.errors import DataError, PlanError
from explainkit.load.subject import GroupColumn
from explainkit.plan import TimePlan

Instants = npt.NDArray[np.datetime64]
Way = Literal["days", "moments", "moments with a time zone", "years", "months", "quarters"]

MOST_PERIODS = 120
_DAY = r"\d{4}-\d{2}-\d{2}"
_CLOCK = r"[T ]\d{2}:\d{2}(?::\d{2}(?:[.,]\d{1,9})?)?"
_WAYS: dict[Way, str] = {
    "days": _DAY,
    "moments": _DAY + _CLOCK,
    "moments with a time zone": _DAY + _CLOCK + r" ?(?:Z|[+-]\d{2}:?\d{2})",
    "years": r"\d{4}",
    "months": r"\d{4}-\d{2}",
    "quarters": r"\d{4}-?Q[1-4]",
}
_EXAMPLES: dict[Way, str] = {
    "days": "2026-01-31",
    "moments": "2026-01-31T23:59:00",
    "moments with a time zone": "2026-01-31T23:59:00+01:00",
    "years": "2026",
    "months": "2026-01",
    "quarters": "2026-Q1",
}
_ALLOWED = "one way for all rows, such as " + ", ".join(_EXAMPLES.values())
_UNSAID = r"\d{1,2}([./-])\d{1,2}\1(?:\d{4}|\d{2})(?: .*)?"
"""Day, month and year in an order that the value does not tell."""
_STATE = 'state how it is written under time.format, as "%d.%m.%Y" or "%m/%d/%Y"'
_MONTHS: dict[str, int] = {"month": 1, "quarter": 3, "year": 12}
_KNOWN_TO: dict[Way, int] = {"years": 12, "quarters": 3, "months": 1}
"""How many months a time of that way may be anywhere within."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Times:
    """One column of times, on the clock of its calendar."""

    at: Instants
    """Seconds, NaT where missing, shape (n_rows,); of a year, a quarter or a month its beginning."""
    way: Way
    """How times are written."""

    @property
    def missing(self) -> npt.NDArray[np.bool_]:
        """Rows without a time, shape (n_rows,)."""
        return np.isnat(self.at)


def times_of(column: pd.Series, plan: TimePlan, *, where: str) -> Times:
    """Read a column of times.

    Parameters
    ----------
    column : pandas.Series
        Dates, moments, years, or texts that all are written in the same way.
    plan : TimePlan
        With the format where that is not ISO 8601, and the zone of the calendar.
    where : str
        What to name in errors.

    Raises
    ------
    DataError
        If there is no time, if times are written in several ways or in one that leaves day and month open, or if one
        of them does not exist.
    PlanError
        If the plan states a zone and times have none.
    """
    if column.isna().all():
        raise DataError("no row has a time", where=where, found=f"{len(column)} missing values")
    if pdt.is_datetime64_any_dtype(column):
        zoned = getattr(column.dtype, "tz", None) is not None
        found = pd.DatetimeIndex(column)
        way: Way = "moments with a time zone" if zoned else "moments"
        return Times(at=_on_the_clock(found, plan, way, where), way=way)
    codes, distinct = pd.factorize(column)
    values = [_as_text(value, where) for value in distinct]
    if plan.format is None:
        way = _way_of(values, codes, where)
        read = _read(values, way)
    else:
        read, way = _by_format(values, plan.format)
    bad = np.flatnonzero(np.asarray(read.isna()))
    if len(bad):
        place = int(np.flatnonzero(np.isin(codes, bad))[0])
        raise DataError(
            "no such time" if plan.format is None else "times that are not written as time.format says",
            where=where,
            found=f"{values[codes[place]]!r} at position {place + 1}, {int(np.isin(codes, bad).sum())} rows in all",
            allowed=_EXAMPLES[way] if plan.format is None else plan.format,
        )
    at = np.append(_on_the_clock(read, plan, way, where), np.datetime64("NaT", "s"))
    return Times(at=at[codes], way=way)


def _as_text(value: Any, where: str) -> str:
    """A value as it would be written; a year as an integer, a date of Python's."""
    if isinstance(value, float | np.floating) and float(value).is_integer():
        value = int(value)
    if isinstance(value, dt.date | dt.datetime | str | int | np.integer) and not isinstance(value, bool | np.bool_):
        return str(value)
    raise DataError("not a time", where=where, found=repr(value), allowed=_ALLOWED)


def _way_of(values: list[str], codes: npt.NDArray[np.integer], where: str) -> Way:
    """The one way in which all values are written."""
    texts = pd.Series(values, dtype=object)
    ways: dict[Way, npt.NDArray[np.bool_]] = {}
    rest = np.ones(len(values), np.bool_)
    for way, pattern in _WAYS.items():
        of_it = np.asarray(texts.str.fullmatch(pattern), np.bool_)
        rest &= ~of_it
        if of_it.any():
            ways[way] = of_it
    if rest.any():
        unsaid = np.asarray(texts.str.fullmatch(_UNSAID), np.bool_)
        place = int(np.flatnonzero(rest[codes] & (codes >= 0))[0])
        found = f"{values[codes[place]]!r} at position {place + 1}"
        if unsaid.any() and not ways:
            problem = "which number is the day and which the month cannot be told"
            raise DataError(problem, where=where, found=found, remedy=_STATE)
        raise DataError("not a time that can be read", where=where, found=found, allowed=_ALLOWED, remedy=_STATE)
    if len(ways) > 1:
        told = []
        for way, of_it in ways.items():
            rows = of_it[codes] & (codes >= 0)
            told.append(f"{int(rows.sum())} {way} (the first at position {int(rows.argmax()) + 1})")
        remedy = "write all rows in one way"
        raise DataError(
            "times are written in several ways", where=where, found="; ".join(told), allowed=_ALLOWED, remedy=remedy
        )
    return next(iter(ways))


def _read(values: list[str], way: Way) -> pd.DatetimeIndex:
    if way == "quarters":
        # The first month of the quarter.
        values = [f"{value[:4]}-{3 * int(value[-1]) - 2:02d}" for value in values]
    texts = [value.replace(",", ".") for value in values]
    form = {"years": "%Y", "months": "%Y-%m", "quarters": "%Y-%m", "days": "%Y-%m-%d"}.get(way, "ISO8601")
    return pd.DatetimeIndex(pd.to_datetime(texts, format=form, errors="coerce", utc=way == "moments with a time zone"))


def _by_format(values: list[str], form: str) -> tuple[pd.DatetimeIndex, Way]:
    zoned = "%z" in form
    read = pd.DatetimeIndex(pd.to_datetime(values, format=form, errors="coerce", utc=zoned))
    if zoned:
        return read, "moments with a time zone"
    if any(part in form for part in ("%H", "%I", "%c", "%X")):
        return read, "moments"
    if any(part in form for part in ("%d", "%j", "%x", "%D")):
        return read, "days"
    return read, "months" if any(part in form for part in ("%m", "%b", "%B")) else "years"


def _on_the_clock(read: pd.DatetimeIndex, plan: TimePlan, way: Way, where: str) -> Instants:
    """Times on the clock of the calendar that periods are made of."""
    if read.tz is not None:
        read = read.tz_convert(plan.zone or "UTC").tz_localize(None)
    elif plan.zone is not None:
        raise PlanError(
            "these times have no zone that they could be converted from",
            where="time.zone",
            found=f"{way} in {where}",
            remedy="take time.zone out: periods are those of the clock that the times are written by",
        )
    return np.asarray(read.to_numpy(), dtype="datetime64[s]")


def periods_of(times: Times, plan: TimePlan, *, name: str) -> GroupColumn:
    """Period of each row, the periods in their order, those without a row between the first and the last included.

    Raises
    ------
    PlanError
        If times are not known well enough to tell the period, or there are more than 120 periods.
    """
    months = _MONTHS.get(plan.period or "", 0)
    within = _KNOWN_TO.get(times.way, 0)
    starts = all(cut.day == 1 and (cut.month - 1) % (within or 1) == 0 for cut in plan.cuts)
    if (months and within > months) or (plan.cuts and within and not starts):
        raise PlanError(
            f"{times.way} do not tell in which of these periods a row is",
            where="time.period" if months else "time.cuts",
            found=repr(plan.period) if months else ", ".join(map(str, plan.cuts)),
            allowed="periods that begin and end with a time as it is written",
        )
    places, levels = _by_calendar(times, months) if months else _by_cuts(times, plan.cuts)
    codes = np.where(times.missing, -1, places).astype(np.int32)
    codes.setflags(write=False)
    return GroupColumn(name=name, codes=codes, levels=levels, is_feature=False)


def _by_calendar(times: Times, length: int) -> tuple[npt.NDArray[np.int64], tuple[str, ...]]:
    """Periods of so many months, counted from the first that has a row."""
    number = times.at.astype("datetime64[M]").astype(np.int64) // length
    known = number[~times.missing]
    first, last = int(known.min()), int(known.max())
    if last - first >= MOST_PERIODS:
        raise PlanError(
            "too many periods",
            where="time.period",
            found=f"{last - first + 1} from {_called(first, length)} to {_called(last, length)}",
            allowed=f"at most {MOST_PERIODS}",
            remedy="state a longer period, or time.cuts; a single time far from all others may be a slip",
        )
    return number - first, tuple(_called(period, length) for period in range(first, last + 1))


def _called(period: int, length: int) -> str:
    year, month = divmod(period * length, 12)
    year += 1970
    if length == 12:
        return f"{year}"
    return f"{year}-Q{month // 3 + 1}" if length == 3 else f"{year}-{month + 1:02d}"


def _by_cuts(times: Times, cuts: tuple[dt.date, ...]) -> tuple[npt.NDArray[np.int64], tuple[str, ...]]:
    edges = np.array(cuts, dtype="datetime64[s]")
    codes = np.searchsorted(edges, times.at, side="right")
    between = [f"{low} to {high - dt.timedelta(days=1)}" for low, high in pairwise(cuts)]
    return codes, (f"before {cuts[0]}", *between, f"from {cuts[-1]}")


def span_of(first: str, last: str) -> str:
    """What the first of several periods and all up to the last are called together.

    Examples
    --------
    >>> span_of("2024-Q1", "2024-Q3"), span_of("before 2025-01-01", "2025-01-01 to 2025-06-30")
    ('2024-Q1 to 2024-Q3', 'until 2025-06-30')
    """
    if first == last:
        return first
    end = last.rpartition(" to ")[2]
    return f"until {end}" if first.startswith("before ") else f"{first.partition(' to ')[0]} to {end}"


def later_than(times: Times, others: Times, *, where: str) -> npt.NDArray[np.bool_]:
    """Which rows are later than every one of the others, shape (n_rows,); a row without a time is not.

    Raises
    ------
    DataError
        If the others' times are written in another way.
    """
    if times.way != others.way:
        raise DataError(
            "times are written otherwise than in the evaluation data",
            where=where,
            found=others.way,
            allowed=times.way,
            remedy="write both in one way",
        )
    return np.asarray(times.at > others.at[~others.missing].max())
