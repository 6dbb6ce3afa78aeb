"""Selection by group: rates, ratios and differences to a reference, and the smallest ratio.

The impact ratio is the selection rate of a group over that of the reference group, as in 6 RCNY § 5-300 where the
reference is the most selected category. It is a screening statistic; by itself it proves nothing.
"""

from __future__ import annotations

from collections.abc import Sequence

from explainkit.assess.comparison import EMPTY, Comparison, GroupRate
from explainkit.assess.groups import Cells
from explainkit.assess.recorder import Recorder, Tally, among
from explainkit.plan import FairnessPlan

RATE, RATIO = "fairness.selection_rate", "fairness.impact_ratio"
DIFFERENCE, SMALLEST = "fairness.selection_difference", "fairness.smallest_impact_ratio"
GAP = "fairness.demographic_parity_difference"


def record_selection(
    recorder: Recorder, cells: Cells, selected: Sequence[Tally], everyone: Sequence[Tally], plan: FairnessPlan
) -> None:
    """Record rate and impact ratio of every cell, the difference too for a single column, and the smallest ratio.

    Parameters
    ----------
    recorder : Recorder
        Takes the figures.
    cells : Cells
        Groups of one column or of several.
    selected, everyone : sequence of Tally
        Rows of each cell that are selected, and all of them.
    plan : FairnessPlan
        With the references stated.
    """
    if not recorder.open(RATE):
        return  # the others have the same needs
    rate = GroupRate(
        name=RATE,
        what="selection rate",
        part=selected,
        whole=everyone,
        numerator=f"selected{among(recorder.subject)}: decided {recorder.subject.favourable}",
        undefined=EMPTY,
    )
    comparison = Comparison.of(recorder, cells, rate, plan)
    comparison.record_rate()
    comparison.record_ratio(RATIO)
    if len(cells.columns) == 1:
        comparison.record_difference(DIFFERENCE)
        comparison.record_gap(GAP)
    _record_smallest(comparison)


def _record_smallest(comparison: Comparison) -> None:
    """Record the smallest ratio of the groups shown, and whose it is."""
    cells, recorder, reference = comparison.cells, comparison.recorder, comparison.reference
    keys = {"column": cells.title}
    ratios = [(ratio, cell) for cell in range(len(cells.levels)) if (ratio := comparison.ratio(cell)) is not None]
    if len(ratios) < 2:
        why = comparison.no_reference(ratio=True) or "fewer than two groups are shown"
        recorder.number(SMALLEST, None, keys, undefined=why)
        return
    ratio, cell = min(ratios)
    recorder.number(
        SMALLEST,
        ratio,
        keys,
        undefined="",
        unit="ratio",
        n=sum(comparison.rate.whole[shown].rows for _, shown in ratios),
        method="smallest impact ratio of the groups shown; no interval, as it was chosen after looking",
        numerator=comparison.rate.numerator,
        reference=reference.words,
        reason=f"{cells.label(cell)} against {reference.words}",
    )
