"""When the evaluation rows are from: their periods, which are later than the reference rows, and what was assumed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt
import pandas as pd

from explainkit.evidence import LedgerEntry
from explainkit.load.columns import require_column
from explainkit.load.subject import Dataset, GroupColumn
from explainkit.load.times import Times, later_than, periods_of, times_of
from explainkit.plan import Plan, TimePlan


@dataclass(frozen=True, slots=True, kw_only=True)
class When:
    """When the evaluation rows are from, as far as the plan states periods."""

    periods: GroupColumn | None = None
    """As in `Rows`."""
    later: npt.NDArray[np.bool_] | None = None
    """As in `Rows`."""
    ledger: tuple[LedgerEntry, ...] = ()
    """What was assumed, and what has no time."""

    @classmethod
    def of(cls, plan: Plan, frame: pd.DataFrame, reference: Dataset | None) -> Self:
        """Of the evaluation rows; later than which they are is told by the reference data, where it has times too.

        Raises
        ------
        DataError, PlanError
            As `times_of`, `periods_of` and `later_than`.
        """
        name = plan.data.time
        if name is None or plan.time is None:
            return cls()
        times = times_of(require_column(frame, name, role="data.time"), plan.time, where=f"time column {name}")
        later = None
        if reference is not None and name in reference.frame.columns:
            where = f"time column {name} of the reference data"
            later = later_than(times, times_of(reference.frame[name], plan.time, where=where), where=where)
            later.setflags(write=False)
        periods = periods_of(times, plan.time, name=name)
        return cls(periods=periods, later=later, ledger=entries(times, plan.time, name=name))


def entries(times: Times, plan: TimePlan, *, name: str) -> tuple[LedgerEntry, ...]:
    """What was assumed of times, and how many rows have none."""
    found = []
    if times.way == "moments with a time zone" and plan.zone is None:
        reason = "times state their zone and are put into periods of UTC, as no other is stated (time.zone)"
        found.append(LedgerEntry(kind="assumed", what=f"time zone of {name}", reason=reason))
    count = int(times.missing.sum())
    if count:
        reason = "they have no time, and stand in no period"
        found.append(LedgerEntry(kind="not_tested", what="rows by period", reason=reason, count=count))
    return tuple(found)
