"""Selection by group: rates, ratios and differences to a reference, and the smallest ratio.

The impact ratio is the selection rate of a group over that of the reference group, as in 6 RCNY § 5-300 where the
reference is the most selected category. It is a screening statistic; by itself it proves nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from explainkit.assess.groups import Cells
from explainkit.assess.intervals import katz_ratio, newcombe_difference
from explainkit.assess.recorder import Details, Recorder, Tally, among
from explainkit.assess.references import Reference, choose_reference
from explainkit.assess.unknowns import record_bounds
from explainkit.plan import FairnessPlan

RATE, RATIO = "fairness.selection_rate", "fairness.impact_ratio"
DIFFERENCE, SMALLEST = "fairness.selection_difference", "fairness.smallest_impact_ratio"
EMPTY = "no row belongs to the group"


def record_selection(
    recorder: Recorder,
    cells: Cells,
    selected: Sequence[Tally],
    everyone: Sequence[Tally],
    unknown: tuple[Tally, Tally],
    plan: FairnessPlan,
) -> None:
    """Record rate and impact ratio of every cell, the difference too for a single column, and the smallest ratio.

    Parameters
    ----------
    recorder : Recorder
        Takes the figures.
    cells : Cells
        Groups of one or two columns.
    selected, everyone : sequence of Tally
        Rows of each cell that are selected, and all of them.
    unknown : tuple of Tally
        Rows of unknown group: those selected, and all.
    plan : FairnessPlan
        With the references stated.
    """
    names = (RATE, RATIO, DIFFERENCE) if len(cells.columns) == 1 else (RATE, RATIO)
    if not recorder.open(RATE):
        return  # the others have the same needs
    subject = recorder.subject
    numerator = f"selected{among(subject)}: decided {subject.favourable}"
    for cell, (part, whole) in enumerate(zip(selected, everyone, strict=True)):
        if cells.hidden[cell]:
            recorder.missing(RATE, cells.keys(cell), **cells.absence)
        else:
            recorder.rate(RATE, part, whole, cells.keys(cell), undefined=EMPTY, numerator=numerator)
    rates = [
        None if hidden or not whole.weight > 0 else part.weight / whole.weight
        for hidden, part, whole in zip(cells.hidden, selected, everyone, strict=True)
    ]
    reference = choose_reference(cells, rates, plan, what="selection rate")
    comparison = _Comparison(
        recorder=recorder,
        cells=cells,
        selected=selected,
        everyone=everyone,
        rates=rates,
        reference=reference,
        numerator=numerator,
    )
    for name in names[1:]:
        comparison.record(name)
    comparison.record_smallest()
    record_bounds(recorder, cells, selected, everyone, unknown, reference)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Comparison:
    """Selection rates of one grouping against its reference."""

    recorder: Recorder
    cells: Cells
    selected: Sequence[Tally]
    everyone: Sequence[Tally]
    rates: Sequence[float | None]
    """None where hidden or undefined."""
    reference: Reference
    numerator: str

    def record(self, name: str) -> None:
        """Record the ratio or the difference of every cell."""
        for cell in range(len(self.cells.levels)):
            keys = self.cells.keys(cell)
            if self.cells.hidden[cell]:
                self.recorder.missing(name, keys, **self.cells.absence)
                continue
            value = self._ratio(cell) if name == RATIO else self._difference(cell)
            details = self._ratio_details(cell) if name == RATIO else self._difference_details(cell)
            self.recorder.number(name, value, keys, undefined=self._why_undefined(cell, name), **details)

    def record_smallest(self) -> None:
        """Record the smallest ratio of the groups shown, and whose it is."""
        keys = {"column": self.cells.title}
        if self.cells.untested is not None:
            self.recorder.missing(SMALLEST, keys, **self.cells.absence)
            return
        ratios = [(ratio, cell) for cell in range(len(self.rates)) if (ratio := self._ratio(cell)) is not None]
        if len(ratios) < 2:
            why = self._no_reference(RATIO) or "fewer than two groups are shown"
            self.recorder.number(SMALLEST, None, keys, undefined=why)
            return
        ratio, cell = min(ratios)
        self.recorder.number(
            SMALLEST,
            ratio,
            keys,
            undefined="",
            unit="ratio",
            n=sum(self.everyone[shown].rows for _, shown in ratios),
            method="smallest impact ratio of the groups shown; no interval, as it was chosen after looking",
            numerator=self.numerator,
            reference=self.reference.words,
            reason=f"{self.cells.label(cell)} against {self.reference.words}",
        )

    def _why_undefined(self, cell: int, name: str) -> str:
        return EMPTY if self.rates[cell] is None else self._no_reference(name) or EMPTY

    def _no_reference(self, name: str) -> str | None:
        """Why nothing can be compared with the reference."""
        if self.reference.cell is None:
            return self.reference.words
        if name == RATIO and not self.rates[self.reference.cell]:
            return "the selection rate of the reference group is zero"
        return None

    def _ratio(self, cell: int) -> float | None:
        rate, other = self._pair(cell)
        return rate / other if rate is not None and other else None

    def _difference(self, cell: int) -> float | None:
        rate, other = self._pair(cell)
        return rate - other if rate is not None and other is not None else None

    def _pair(self, cell: int) -> tuple[float | None, float | None]:
        other = self.reference.cell
        return self.rates[cell], None if other is None else self.rates[other]

    def _ratio_details(self, cell: int) -> Details:
        details: Details = {"unit": "ratio", "method": "selection rate over that of the reference"}
        details |= {"interval_method": "log interval (Katz 1978)"}
        if self._comparable(cell):
            details |= {"interval": katz_ratio(*self._counts(cell))}
        return details | self._context(cell)

    def _difference_details(self, cell: int) -> Details:
        details: Details = {"unit": "difference", "method": "selection rate minus that of the reference"}
        details |= {"interval_method": "hybrid score interval (Newcombe 1998)"}
        if self._comparable(cell):
            details |= {"interval": newcombe_difference(*self._counts(cell))}
        return details | self._context(cell)

    def _context(self, cell: int) -> Details:
        return {
            "n": self.everyone[cell].rows,
            "events": self.selected[cell].rows,
            "numerator": self.numerator,
            "reference": self.reference.words,
        }

    def _comparable(self, cell: int) -> bool:
        """Whether an interval has a meaning: two samples of which neither is empty."""
        other = self.reference.cell
        return other is not None and other != cell and self.everyone[cell].rows > 0

    def _counts(self, cell: int) -> tuple[int, int, int, int]:
        other = self.reference.cell
        assert other is not None
        own = self.selected[cell].rows, self.everyone[cell].rows
        return (*own, self.selected[other].rows, self.everyone[other].rows)
