"""Selection by group: rates, ratios and differences to a reference, and the smallest ratio.

The impact ratio is the selection rate of a group over that of the reference group, as in 6 RCNY § 5-300 where the
reference is the most selected category. It is a screening statistic; by itself it proves nothing.
"""

from __future__ import annotations

from collections.abc import Sequence

from explainkit.assess.fairness.comparison import (
    EMPTY,
    Comparison,
    GroupRate,
    record_difference,
    record_gap,
    record_rate,
    record_ratio,
    record_smallest_ratio,
)
from explainkit.assess.fairness.evidence_of_gaps import record_chance, record_tests
from explainkit.assess.fairness.unknowns import record_bounds
from explainkit.assess.groups.cells import Cells
from explainkit.assess.groups.cross_counts import ALL, CrossTable
from explainkit.assess.recorder import Recorder, among
from explainkit.assess.statistics.table_metrics import State
from explainkit.plan import FairnessPlan

RATE, RATIO = "fairness.selection_rate", "fairness.impact_ratio"
DIFFERENCE, SMALLEST = "fairness.selection_difference", "fairness.smallest_impact_ratio"
GAP = "fairness.demographic_parity_difference"


def record_selection(
    recorder: Recorder,
    cells: Cells,
    table: CrossTable,
    favourable: Sequence[State],
    plan: FairnessPlan,
) -> None:
    """Record rate and impact ratio of every cell, the difference too for a single column, and the smallest ratio.

    Parameters
    ----------
    recorder : Recorder
        Takes the figures.
    cells : Cells
        Groups of one column or of several.
    table : CrossTable
        Its rows by outcome and decision.
    favourable : sequence of State
        States of the rows that are selected.
    plan : FairnessPlan
        With the references stated.
    """
    if not recorder.open(RATE):
        return  # the others have the same needs
    selected, everyone = table.tallies(favourable), table.tallies(ALL)
    rate = GroupRate(
        name=RATE,
        what="selection rate",
        part=selected,
        whole=everyone,
        spread=table.spread(favourable, ALL),
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
    record_smallest_ratio(comparison, SMALLEST, what="impact ratio")
    unknown = table.unknown(favourable), table.unknown(ALL)
    record_bounds(recorder, cells, selected, everyone, unknown, comparison.reference)
