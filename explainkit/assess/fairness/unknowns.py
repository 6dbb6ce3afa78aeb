"""Rows whose group is unknown: how far ratios and differences could move, whatever groups those rows belong to.

Proof of the bounds. Let a of n rows of a group be selected, b of m rows of the reference, and let s selected and t
other rows be of unknown group. With i and j of these the group's rate is (a + i) / (n + i + j), which never falls as i
grows and never rises as j grows: it is at least a / (n + t) and at most (a + s) / (n + s). The same holds of the
reference. A ratio and a difference rise with the rate of the group and fall with that of the reference. Their least
value therefore takes all t rows to the group and all s rows to the reference, and their largest value the reverse: no
row is needed twice, so both are attained. With weights the rows stand for their sums of weights, and the same holds.
"""

from __future__ import annotations

from collections.abc import Sequence

from explainkit.assess.fairness.references import Reference
from explainkit.assess.groups.cells import Cells
from explainkit.assess.recorder import Details, Recorder, Tally
from explainkit.assess.statistics.intervals import Interval

RATIO, DIFFERENCE = "fairness.impact_ratio_bounds", "fairness.selection_difference_bounds"
Extremes = tuple[float, float]


def bounds(
    own: tuple[float, float], reference: tuple[float, float], unknown: tuple[float, float]
) -> tuple[Extremes, Extremes]:
    """Least and largest rate of a group and of the reference, for the two joint assignments that are extreme.

    Parameters
    ----------
    own, reference : tuple of float
        Selected rows and all rows, all above 0 rows; sums of weights where weighted.
    unknown : tuple of float
        Selected rows, and other rows, of unknown group.

    Returns
    -------
    tuple of float
        Rate of the group and of the reference where ratio and difference are least.
    tuple of float
        The same where they are largest.
    """
    (part, whole), (other, others), (selected, rest) = own, reference, unknown
    least = part / (whole + rest), (other + selected) / (others + selected)
    largest = (part + selected) / (whole + selected), other / (others + rest)
    return least, largest


def record_bounds(
    recorder: Recorder,
    cells: Cells,
    selected: Sequence[Tally],
    everyone: Sequence[Tally],
    unknown: tuple[Tally, Tally],
    reference: Reference,
) -> None:
    """Record the bounds of ratio and difference of every group of one column with rows of unknown group.

    Parameters
    ----------
    recorder : Recorder
        Takes the figures.
    cells : Cells
        Of one column.
    selected, everyone : sequence of Tally
        Rows of each cell that are selected, and all of them.
    unknown : tuple of Tally
        Rows of unknown group: those selected, and all.
    reference : Reference
        The one of the groups as they are known; it stays the reference.
    """
    count = unknown[1].rows
    if len(cells.columns) > 1 or not count or cells.untested is not None:
        return
    base = reference.cell
    rows = f"the {count} rows of unknown group"
    for name in (RATIO, DIFFERENCE):
        for cell in range(len(cells.levels)):
            keys, own = cells.keys(cell), everyone[cell]
            if cells.hidden[cell]:
                recorder.missing(name, keys, **cells.absence)
                continue
            if base is None or not own.weight > 0 or (name == RATIO and not selected[base].weight > 0):
                why = (
                    reference.words
                    if base is None
                    else "the selection rate of the group or of the reference is undefined or zero"
                )
                recorder.number(name, None, keys, undefined=why)
                continue
            low, high = bounds(
                (selected[cell].weight, own.weight),
                (selected[base].weight, everyone[base].weight),
                (unknown[0].weight, unknown[1].weight - unknown[0].weight),
            )
            rates = selected[cell].weight / own.weight, selected[base].weight / everyone[base].weight
            value, least, largest = (a / b if name == RATIO else a - b for a, b in (rates, low, high))
            if cell == base:  # whatever rows it has, it is compared with itself
                least = largest = value
            details: Details = {
                "unit": "ratio" if name == RATIO else "difference",
                "n": own.rows,
                "events": selected[cell].rows,
                "bounds": Interval(least, largest),
                "method": f"bounds over all assignments of {rows}, no probability; the reference stays the same",
                "reference": reference.words,
            }
            recorder.number(name, value, keys, undefined="", **details)
    recorder.note("assumed", f"bounds of ratios by {cells.title}", f"over all assignments of {rows}", count)
