"""A rate of every group, held against a reference group, and the gap between the groups.

Names say what is divided by what, or subtracted from what; none says why groups differ.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from explainkit.assess.fairness.references import Reference, choose_reference
from explainkit.assess.groups.cells import Cells
from explainkit.assess.groups.cross_counts import CrossTable
from explainkit.assess.recorder import Details, Recorder, Tally
from explainkit.assess.statistics.extremes import largest_difference_interval, smallest_ratio_interval
from explainkit.assess.statistics.intervals import LEVEL, Interval, katz_ratio, newcombe_difference
from explainkit.assess.statistics.mover import RateFamily
from explainkit.assess.statistics.ratios import koopman_ratio
from explainkit.assess.statistics.spread import Spread
from explainkit.assess.statistics.table_metrics import State
from explainkit.plan import FairnessPlan

EMPTY = "no row belongs to the group"
_FEW_EVENTS = 10
OF_LIMITS = "from the limits of both rates (Zou and Donner 2008)"
RATIO_OF_LIMITS = "from the limits of both rates (Donner and Zou 2012)"
OVER_PAIRS = "interval over all pairs of groups, so that choosing the furthest pair is allowed for (Bonferroni)"


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupRate:
    """One rate by group: which rows count, of which."""

    name: str
    """Figure of the rate, without brackets."""
    what: str
    """The rate in words."""
    part: Sequence[Tally]
    """Rows counted, by cell."""
    whole: Sequence[Tally]
    """Rows they are counted among, by cell."""
    numerator: str
    undefined: str
    """Why it has no value where there are none to count among."""
    spread: Spread | None = None
    """How precise it is, by cell; None where rows are independent and count alike."""
    class_: str | None = None
    """Of several classes the one that it is about."""

    @property
    def about(self) -> Details:
        """What its figures say of the class."""
        return {} if self.class_ is None else {"class_": self.class_}


@dataclass(frozen=True, slots=True, kw_only=True)
class StateRate:
    """A rate of rows by two things that are known of each, such as outcome and decision: which count, of which."""

    name: str
    what: str
    """The rate in words."""
    part: tuple[State, ...]
    whole: tuple[State, ...]
    numerator: str
    undefined: str

    def counted(self, table: CrossTable, *, class_: str | None = None) -> GroupRate:
        """The rate of every cell of a table."""
        return GroupRate(
            name=self.name,
            what=self.what,
            part=table.tallies(self.part),
            whole=table.tallies(self.whole),
            numerator=self.numerator,
            undefined=self.undefined,
            spread=table.spread(self.part, self.whole),
            class_=class_,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """A rate of one grouping and its reference."""

    recorder: Recorder
    cells: Cells
    rate: GroupRate
    values: Sequence[float | None]
    """By cell; None where hidden or undefined."""
    reference: Reference
    left_out: Mapping[int, str] = field(default_factory=dict)
    """Cells that are shown but compared with nothing, and why; none of them is the reference."""

    @classmethod
    def of(
        cls,
        recorder: Recorder,
        cells: Cells,
        rate: GroupRate,
        plan: FairnessPlan,
        *,
        left_out: Mapping[int, str] | None = None,
    ) -> Comparison:
        """Compute the rates and choose the reference."""
        values = [
            None if hidden or not whole.weight > 0 else part.weight / whole.weight
            for hidden, part, whole in zip(cells.hidden, rate.part, rate.whole, strict=True)
        ]
        eligible = [None if cell in (left_out or {}) else value for cell, value in enumerate(values)]
        reference = choose_reference(cells, eligible, plan, what=rate.what)
        return cls(
            recorder=recorder, cells=cells, rate=rate, values=values, reference=reference, left_out=left_out or {}
        )

    def family(self, cells: Sequence[int] | None = None) -> RateFamily:
        """The rate of the cells shown, or of those given."""
        shown = [cell for cell, value in enumerate(self.values) if value is not None] if cells is None else cells
        counts = [(self.rate.part[cell].rows, self.rate.whole[cell].rows) for cell in shown]
        table = np.array(counts, np.int64).reshape(-1, 2)
        return RateFamily(
            events=table[:, 0],
            rows=table[:, 1],
            rates=np.array([self.values[cell] for cell in shown], np.float64),
            spread=None if self.rate.spread is None else self.rate.spread.take(np.array(shown, np.intp)),
        )

    def ends(self) -> tuple[int, int] | None:
        """Cells of the smallest and of the largest rate shown, the first of equals; None for fewer than two."""
        known = [(value, cell) for cell, value in enumerate(self.values) if value is not None]
        if len(known) < 2:
            return None
        return min(known)[1], min(known, key=lambda pair: (-pair[0], pair[1]))[1]

    def shown_rows(self) -> int:
        """Rows behind the rates shown."""
        pairs = zip(self.values, self.rate.whole, strict=True)
        return sum(whole.rows for value, whole in pairs if value is not None)

    def ratio(self, cell: int) -> float | None:
        """Rate over that of the reference; None where undefined."""
        rate, other = self._pair(cell)
        return rate / other if rate is not None and other else None

    def difference(self, cell: int) -> float | None:
        """Rate minus that of the reference; None where undefined."""
        rate, other = self._pair(cell)
        return rate - other if rate is not None and other is not None else None

    def _ratio_interval(self, cell: int) -> Details:
        """The score interval where an event is rare, which is when the log interval fails."""
        if self.rate.spread is not None:
            limits = self.family([cell, self._reference]).limits(LEVEL)
            if limits is None or self._counts(cell)[2] == 0:
                return {}
            low, high = (float(ends[0, 1]) for ends in limits.ratios())
            interval = Interval(low, high) if math.isfinite(high) else None
            return {"interval": interval, "any_sampling": True, "interval_method": RATIO_OF_LIMITS}
        counts = self._counts(cell)
        if min(counts[0], counts[2]) < _FEW_EVENTS:
            return {"interval": koopman_ratio(*counts), "interval_method": "score interval (Koopman 1984)"}
        return {"interval": katz_ratio(*counts), "interval_method": "log interval (Katz 1978)"}

    def difference_interval(self, cell: int) -> Details:
        """Interval of the difference from the reference, and its method."""
        if self.rate.spread is None:
            method = "hybrid score interval (Newcombe 1998)"
            return {"interval": newcombe_difference(*self._counts(cell)), "interval_method": method}
        limits = self.family([cell, self._reference]).limits(LEVEL)
        if limits is None:
            return {}
        low, high = (float(ends[0, 1]) for ends in limits.differences())
        return {"interval": Interval(low, high), "any_sampling": True, "interval_method": OF_LIMITS}

    @property
    def _reference(self) -> int:
        assert self.reference.cell is not None
        return self.reference.cell

    def comparable(self, cell: int) -> bool:
        """Whether an interval has a meaning: two samples of which neither is empty."""
        other = self.reference.cell
        return other is not None and other != cell and self.rate.whole[cell].rows > 0

    def no_reference(self, *, ratio: bool) -> str | None:
        """Why nothing can be compared with the reference."""
        if self.reference.cell is None:
            return self.reference.words
        if ratio and not self.values[self.reference.cell]:
            return f"the {self.rate.what} of the reference group is zero"
        return None

    def summarised(self, name: str) -> bool:
        """Record why nothing is said over the groups of the grouping, if it is not tested; whether it is."""
        if self.cells.untested is not None:
            self.recorder.missing(name, {"column": self.cells.title}, **self.cells.absence)
        return self.cells.untested is None

    def keys(self, cell: int) -> dict[str, str]:
        """Keys of the figures of one cell."""
        own = {} if self.rate.class_ is None else {"class": self.rate.class_}
        return self.cells.keys(cell) | own

    def hide(self, name: str, cell: int) -> bool:
        """Record that a cell is suppressed, if it is; whether it may be shown."""
        if self.cells.hidden[cell]:
            self.recorder.missing(name, self.keys(cell), **self.cells.absence)
        return not self.cells.hidden[cell]

    def _compared(self, name: str, cell: int) -> bool:
        """Record why a cell is not compared, if it is not; whether it is."""
        if not self.hide(name, cell):
            return False
        if cell in self.left_out:
            self.recorder.missing(name, self.keys(cell), status="not_tested", reason=self.left_out[cell])
            return False
        return True

    def _why_undefined(self, cell: int, *, ratio: bool) -> str:
        if self.values[cell] is None:
            return self.rate.undefined
        return self.no_reference(ratio=ratio) or self.rate.undefined

    def _pair(self, cell: int) -> tuple[float | None, float | None]:
        other = self.reference.cell
        return self.values[cell], None if other is None else self.values[other]

    def _context(self, cell: int) -> Details:
        return self.rate.about | {
            "n": self.rate.whole[cell].rows,
            "events": self.rate.part[cell].rows,
            "numerator": self.rate.numerator,
            "reference": self.reference.words,
        }

    def _counts(self, cell: int) -> tuple[int, int, int, int]:
        other = self._reference
        part, whole = self.rate.part, self.rate.whole
        return part[cell].rows, whole[cell].rows, part[other].rows, whole[other].rows


def record_rate(comparison: Comparison) -> None:
    """Record the rate of every cell."""
    rate = comparison.rate
    for cell, (part, whole) in enumerate(zip(rate.part, rate.whole, strict=True)):
        if comparison.hide(rate.name, cell):
            details = rate.about | {"numerator": rate.numerator}
            effective = None if rate.spread is None else float(rate.spread.effective[cell])
            comparison.recorder.rate(
                rate.name,
                part,
                whole,
                comparison.keys(cell),
                undefined=rate.undefined,
                effective=effective,
                **details,
            )


def record_ratio(comparison: Comparison, name: str) -> None:
    """Record the ratio of every cell to the reference."""
    for cell in range(len(comparison.values)):
        if not comparison._compared(name, cell):
            continue
        details = comparison._context(cell)
        details |= {"unit": "ratio", "method": f"{comparison.rate.what} over that of the reference"}
        if comparison.comparable(cell):
            details |= comparison._ratio_interval(cell)
        why = comparison._why_undefined(cell, ratio=True)
        comparison.recorder.number(name, comparison.ratio(cell), comparison.keys(cell), undefined=why, **details)


def record_difference(comparison: Comparison, name: str) -> None:
    """Record the difference of every cell from the reference."""
    for cell in range(len(comparison.values)):
        if not comparison._compared(name, cell):
            continue
        details = comparison._context(cell)
        details |= {"unit": "difference", "method": f"{comparison.rate.what} minus that of the reference"}
        if comparison.comparable(cell):
            details |= comparison.difference_interval(cell)
        why = comparison._why_undefined(cell, ratio=False)
        value = comparison.difference(cell)
        comparison.recorder.number(name, value, comparison.keys(cell), undefined=why, **details)


def record_gap(comparison: Comparison, name: str) -> None:
    """Record the largest rate of the groups shown minus the smallest, and whose they are."""
    keys = {"column": comparison.cells.title}
    ends = comparison.ends()
    if not comparison.summarised(name):
        return
    if ends is None:
        comparison.recorder.number(name, None, keys, undefined="fewer than two groups are shown")
        return
    low, high = ends
    smallest, largest = comparison.values[low], comparison.values[high]
    assert smallest is not None
    assert largest is not None
    comparison.recorder.number(
        name,
        largest - smallest,
        keys,
        undefined="",
        unit="difference",
        n=comparison.shown_rows(),
        interval=largest_difference_interval([comparison.family()]),
        any_sampling=True,
        interval_method=OVER_PAIRS,
        method=f"largest {comparison.rate.what} of the groups shown minus the smallest",
        numerator=comparison.rate.numerator,
        reason=f"largest: {comparison.cells.label(high)}; smallest: {comparison.cells.label(low)}",
    )


def record_smallest_ratio(comparison: Comparison, name: str, *, what: str) -> None:
    """Record the smallest ratio of the groups compared, and whose it is."""
    keys = {"column": comparison.cells.title}
    if not comparison.summarised(name):
        return
    known = [
        (ratio, cell)
        for cell in range(len(comparison.values))
        if cell not in comparison.left_out and (ratio := comparison.ratio(cell)) is not None
    ]
    if len(known) < 2:
        why = comparison.no_reference(ratio=True) or "fewer than two groups are shown"
        comparison.recorder.number(name, None, keys, undefined=why)
        return
    ratio, cell = min(known)
    comparison.recorder.number(
        name,
        ratio,
        keys,
        undefined="",
        unit="ratio",
        n=sum(comparison.rate.whole[shown].rows for _, shown in known),
        method=f"smallest {what} of the groups shown",
        interval=_smallest_interval(comparison, [shown for _, shown in known]),
        any_sampling=True,
        interval_method="interval over all groups that could be the smallest"
        + ("" if comparison.reference.stated else " or the reference")
        + ", so that having chosen it is allowed for (Bonferroni)",
        numerator=comparison.rate.numerator,
        reference=comparison.reference.words,
        reason=f"{comparison.cells.label(cell)} against {comparison.reference.words}",
    )


def _smallest_interval(comparison: Comparison, cells: Sequence[int]) -> Interval | None:
    """Where the plan names no reference, it was chosen by looking too."""
    family, place = comparison.family(cells), None
    if comparison.reference.stated and comparison.reference.cell is not None:
        place = list(cells).index(comparison.reference.cell)
    return smallest_ratio_interval([family], reference=place)
