"""The gap between groups at other thresholds, common to all groups: whether it hangs on the one in use."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from explainkit.assess.extremes import largest_difference_interval
from explainkit.assess.groups import Cells
from explainkit.assess.mover import RateFamily
from explainkit.assess.ranking import tabulate
from explainkit.assess.recorder import Recorder
from explainkit.assess.thresholds import QUANTILES, quantiles
from explainkit.figures import Series, figure_id
from explainkit.plan import FairnessPlan

CURVE = "fairness.gap_by_threshold"
Floats = npt.NDArray[np.float64]


def record_gaps(recorder: Recorder, cells: Cells, plan: FairnessPlan, *, whole: bool) -> None:
    """Record the largest difference of selection rates, and of true and false positive rates, at many thresholds.

    Parameters
    ----------
    recorder : Recorder
        Of a binary subject; takes the series.
    cells : Cells
        Groups of one column.
    plan : FairnessPlan
        With the smallest numerator shown.
    whole : bool
        Whether nothing is hidden of any group or intersection: what a group does at many thresholds would else tell of
        those that are.
    """
    if cells.untested is not None or len(cells.levels) < 2 or not recorder.open("fairness.selection_rate"):
        return
    if not whole or plan.min_count:
        why = "what groups do at many thresholds could tell of a group or a numerator that is hidden"
        recorder.note("suppressed", f"gaps by {cells.title} at other thresholds", why)
        return
    rows, used = recorder.subject.rows, recorder.subject.threshold
    assert used is not None
    weights = np.ones(rows.count) if rows.weights is None else rows.weights
    inside = (cells.codes >= 0) & (weights > 0)
    scores, codes, weights = rows.scores[inside], cells.codes[inside], weights[inside]
    at = np.unique(np.append(quantiles(tabulate(scores, np.zeros(len(scores), np.bool_), weights), QUANTILES), used.at))
    favourable = recorder.subject.favourable == recorder.subject.positive

    def counted(which: npt.NDArray[np.bool_], of: Floats | None = None) -> tuple[Floats, Floats]:
        """Sums of the rows decided positive at each threshold, and of all: (n_thresholds, n_cells), (n_cells,)."""
        # How many thresholds decide the row positive.
        upto = np.searchsorted(at, scores[which], side="right" if used.side == ">=" else "left")
        size = len(cells.levels)
        place = codes[which] * (len(at) + 1) + upto
        table = np.bincount(place, None if of is None else of[which], minlength=size * (len(at) + 1))
        table = table.reshape(size, len(at) + 1).astype(np.float64)
        return table[:, ::-1].cumsum(axis=1)[:, ::-1][:, 1:].T, table.sum(axis=1)

    everyone = np.ones(len(scores), np.bool_)
    positive, total = counted(everyone, weights)
    rates = positive / total if favourable else 1 - positive / total
    columns: list[tuple[str, tuple[float | str | None, ...]]] = [
        ("threshold", tuple(at.tolist())),
        ("difference", tuple(np.ptp(rates, axis=1).tolist())),
    ]
    if recorder.sampling.simple:
        events, n = counted(everyone)
        chosen = (events if favourable else n - events).astype(np.int64)
        ends = [largest_difference_interval([RateFamily.of_counts(c, n.astype(np.int64))]) for c in chosen]
        columns += [(end, tuple(None if i is None else getattr(i, end) for i in ends)) for end in ("low", "high")]
    columns += [
        ("smallest_over_largest", tuple(map(_ratio, rates.min(axis=1), rates.max(axis=1)))),
        ("lowest", tuple(cells.label(int(cell)) for cell in rates.argmin(axis=1))),
        ("highest", tuple(cells.label(int(cell)) for cell in rates.argmax(axis=1))),
    ]
    if rows.labels is not None and recorder.open("fairness.true_positive_rate"):
        labels = rows.labels[inside]
        for name, outcome in (("true_positive_difference", 1), ("false_positive_difference", 0)):
            above, below = counted(labels == outcome, weights)
            shown = below > 0
            known = int(shown.sum()) > 1
            gaps = np.ptp(above[:, shown] / below[shown], axis=1).tolist() if known else [None] * len(at)
            columns.append((name, tuple(gaps)))
    recorder.curve(
        Series(
            id=figure_id(CURVE, column=cells.title),
            columns=tuple(columns),
            method=_method(recorder, used.side),
            dataset="evaluation",
            n=len(scores),
        )
    )


def _method(recorder: Recorder, side: str) -> str:
    where = "at or above" if side == ">=" else "above"
    said = f"decided positive where the score is {where} the threshold, which is the same for every group; "
    said += f"largest rate less the smallest, selected: decided {recorder.subject.favourable}; "
    said += "twentieths of the scores and the threshold in use"
    said += "; interval over all pairs of groups" if recorder.sampling.simple else "; no interval"
    return said + (f"; weighted by {recorder.subject.rows.weight_kind} weights" if recorder.weighted else "")


def _ratio(low: float, high: float) -> float | None:
    return float(low / high) if high > 0 else None
