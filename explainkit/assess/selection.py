"""Selection by group: rates, ratios and differences to a reference, and the smallest ratio.

The impact ratio is the selection rate of a group over that of the reference group, as in 6 RCNY § 5-300 where the
reference is the most selected category. It is a screening statistic; by itself it proves nothing.
"""

from __future__ import annotations

from collections.abc import Sequence

from explainkit.assess.comparison import (
    EMPTY,
    Comparison,
    GroupRate,
    record_difference,
    record_gap,
    record_rate,
    record_ratio,
    record_smallest_ratio,
)
from explainkit.assess.evidence_of_gaps import record_chance, record_tests
from explainkit.assess.groups import Cells
from explainkit.assess.recorder import Recorder, Tally, among
from explainkit.assess.unknowns import record_bounds
from explainkit.plan import FairnessPlan

RATE, RATIO = "fairness.selection_rate", "fairness.impact_ratio"
DIFFERENCE, SMALLEST = "fairness.selection_difference", "fairness.smallest_impact_ratio"
GAP = "fairness.demographic_parity_difference"


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
        Groups of one column or of several.
    selected, everyone : sequence of Tally
        Rows of each cell that are selected, and all of them.
    unknown : tuple of Tally
        Rows of unknown group: those selected, and all.
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
    record_rate(comparison)
    record_ratio(comparison, RATIO)
    if len(cells.columns) == 1:
        record_difference(comparison, DIFFERENCE)
        record_gap(comparison, GAP)
        record_tests(comparison)
        record_chance(comparison)
    record_smallest_ratio(comparison, SMALLEST, title="impact ratio")
    record_bounds(recorder, cells, selected, everyone, unknown, comparison.reference)
