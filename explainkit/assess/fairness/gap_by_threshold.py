"""The gap between groups at other thresholds, common to all groups: whether it hangs on the one in use."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from explainkit.assess.groups.cells import Cells
from explainkit.assess.performance.thresholds import QUANTILES, quantiles
from explainkit.assess.recorder import Recorder
from explainkit.assess.statistics.extremes import largest_difference_interval
from explainkit.assess.statistics.mover import RateFamily
from explainkit.assess.statistics.ranking import tabulate
from explainkit.figures import Series, figure_id
from explainkit.plan import FairnessPlan

CURVE = "fairness.gap_by_threshold"
Column = tuple[str, tuple[float | str | None, ...]]
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
    inside = cells.codes >= 0 if rows.weights is None else (cells.codes >= 0) & (rows.weights > 0)
    groups, codes = np.unique(cells.codes[inside], return_inverse=True)
    if len(groups) < 2:
        return
    scores, weights = rows.scores[inside], None if rows.weights is None else rows.weights[inside]
    at = quantiles(tabulate(scores, np.zeros(len(scores), np.bool_), weights), QUANTILES)
    decided = _Decided(scores=scores, codes=codes, at=np.unique(np.append(at, used.at)), side=used.side)
    labels = None
    if rows.labels is not None and recorder.open("fairness.true_positive_rate"):
        labels = rows.labels[inside]
    columns = [
        ("threshold", tuple(decided.at.tolist())),
        *_selection(recorder, decided, weights, [cells.label(int(group)) for group in groups]),
        *(() if labels is None else _error_rates(decided, weights, labels)),
    ]
    recorder.curve(
        Series(
            id=figure_id(CURVE, column=cells.title),
            columns=tuple(columns),
            method=_method(recorder, used.side),
            dataset="evaluation",
            n=len(scores),
        )
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Decided:
    """Rows of known group, and the thresholds that decide them."""

    scores: Floats
    codes: npt.NDArray[np.intp]
    at: Floats
    side: str

    def counted(self, weights: Floats | None, which: npt.NDArray[np.bool_] | None = None) -> tuple[Floats, Floats]:
        """Rows, or weights, decided positive at each threshold, and of all: (n_thresholds, n_groups), (n_groups,)."""
        chosen = np.ones(len(self.scores), np.bool_) if which is None else which
        # How many of the thresholds decide a row positive.
        upto = np.searchsorted(self.at, self.scores[chosen], side="right" if self.side == ">=" else "left")
        groups, steps = int(self.codes.max()) + 1, len(self.at) + 1
        place = self.codes[chosen] * steps + upto
        table = np.bincount(place, None if weights is None else weights[chosen], minlength=groups * steps)
        table = table.reshape(groups, steps).astype(np.float64)
        return table[:, ::-1].cumsum(axis=1)[:, ::-1][:, 1:].T, table.sum(axis=1)


def _selection(recorder: Recorder, decided: _Decided, weights: Floats | None, names: Sequence[str]) -> list[Column]:
    """The largest difference of selection rates, its interval, the smallest ratio, and whose they are."""
    favourable = recorder.subject.favourable == recorder.subject.positive
    positive, total = decided.counted(weights)
    rates = (positive if favourable else total - positive) / total
    columns: list[Column] = [("difference", tuple(np.ptp(rates, axis=1).tolist()))]
    if recorder.sampling.simple:
        chosen, rows = (positive if favourable else total - positive).astype(np.int64), total.astype(np.int64)
        ends = [largest_difference_interval([RateFamily.of_counts(events, rows)]) for events in chosen]
        columns += [(end, tuple(None if i is None else getattr(i, end) for i in ends)) for end in ("low", "high")]
    return [
        *columns,
        ("smallest_over_largest", tuple(map(_ratio, rates.min(axis=1), rates.max(axis=1)))),
        ("lowest", tuple(names[cell] for cell in rates.argmin(axis=1))),
        ("highest", tuple(names[cell] for cell in rates.argmax(axis=1))),
    ]


def _error_rates(decided: _Decided, weights: Floats | None, labels: Floats) -> Iterator[Column]:
    """The largest differences of true and of false positive rates, over the groups where they are defined."""
    for name, outcome in (("true_positive_difference", 1), ("false_positive_difference", 0)):
        positive, total = decided.counted(weights, labels == outcome)
        defined = total > 0
        gaps: list[float | None] = [None] * len(decided.at)
        if int(defined.sum()) > 1:
            gaps = np.ptp(positive[:, defined] / total[defined], axis=1).tolist()
        yield name, tuple(gaps)


def _method(recorder: Recorder, side: str) -> str:
    where = "at or above" if side == ">=" else "above"
    said = f"decided positive where the score is {where} the threshold, which is the same for every group; "
    said += f"largest rate less the smallest, selected: decided {recorder.subject.favourable}; "
    said += "twentieths of the scores and the threshold in use"
    said += "; interval over all pairs of groups" if recorder.sampling.simple else "; no interval"
    return said + (f"; weighted by {recorder.subject.rows.weight_kind} weights" if recorder.weighted else "")


def _ratio(low: float, high: float) -> float | None:
    return float(low / high) if high > 0 else None
