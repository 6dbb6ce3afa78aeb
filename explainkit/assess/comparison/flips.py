"""Decisions that flip from one model to the other on the same rows, and for whom. Rows are never named."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from explainkit.assess.comparison.together import FEW, Together
from explainkit.assess.groups.cells import Cells
from explainkit.assess.precision import of_share
from explainkit.assess.statistics.intervals import LEVEL
from explainkit.assess.statistics.sampling import Sampling
from explainkit.evidence import LedgerEntry, Measured
from explainkit.figures import Figure, figure_id

Bools = npt.NDArray[np.bool_]

FLIPS = "compare.flips"
TO_FAVOURABLE, TO_UNFAVOURABLE = "compare.flips_to_favourable", "compare.flips_to_unfavourable"
TO_POSITIVE, FROM_POSITIVE = "compare.flips_to_positive", "compare.flips_from_positive"
MOVED = "compare.prediction_change"

_WORDS = {
    FLIPS: "decided otherwise than before",
    TO_FAVOURABLE: "decided favourably now, and not before",
    TO_UNFAVOURABLE: "decided favourably before, and not now",
    TO_POSITIVE: "decided positive now, and not before",
    FROM_POSITIVE: "decided positive before, and not now",
}


def measure(together: Together) -> Measured:
    """Shares of decisions that flip: over all rows, and by group, each with its interval.

    Parameters
    ----------
    together : Together
        Both models on the same rows.

    Returns
    -------
    Measured
        ``compare.flips`` (any other decision) and both directions; of a regression ``compare.prediction_change``.
    """
    if together.after.task == "regression":
        return _moved(together)
    if together.decided is None:
        reason = "a threshold is not stated (model.threshold), so that nothing is decided"
        return Measured(ledger=(LedgerEntry(kind="not_tested", what="decisions that flip", reason=reason),))
    old, new = together.decided
    chosen = {FLIPS: old != new}
    chosen |= {name: together.directions == code for name, code in _directions(together)}
    everyone = np.ones(len(old), np.bool_)
    figures = [_share(together, name, flips, everyone) for name, flips in chosen.items()]
    # Of several classes, those that stay unfavourable may be others: how many of a group is not protected, so not told.
    by_group = {name: flips for name, flips in chosen.items() if name != FLIPS or together.after.task == "binary"}
    for cells in together.flips_by_group:
        for name, flips in by_group.items():
            figures += _of_groups(together, name, flips, cells)
    return Measured(figures=tuple(figures))


def _directions(together: Together) -> tuple[tuple[str, int], ...]:
    if together.selected is not None:
        return (TO_FAVOURABLE, 1), (TO_UNFAVOURABLE, 2)
    return ((TO_POSITIVE, 1), (FROM_POSITIVE, 2)) if together.after.task == "binary" else ()


def _of_groups(together: Together, name: str, flips: Bools, cells: Cells) -> Iterator[Figure]:
    for cell, hidden in enumerate(cells.hidden):
        if not hidden:
            yield _share(together, name, flips, cells.codes == cell, cells.keys(cell))
        elif cells.sizes[cell]:
            absence = cells.absence
            reason = FEW if absence["status"] == "suppressed" else absence["reason"]
            yield Figure(id=figure_id(name, cells.keys(cell)), status=absence["status"], reason=reason)


def _share(together: Together, name: str, flips: Bools, inside: Bools, keys: dict[str, str] | None = None) -> Figure:
    """Share of the rows inside that flip."""
    subject, identifier = together.after, figure_id(name, keys or {})
    counted = inside if subject.rows.weights is None else inside & (subject.rows.weights > 0)
    rows, events = int(counted.sum()), int((flips & counted).sum())
    if not rows:
        return Figure(id=identifier, status="insufficient", reason="no row belongs to the group")
    sampling = Sampling.of(subject.rows, counted)
    own = flips[counted]
    value, interval, method = of_share(own, sampling)
    decided = (together.before.threshold, subject.threshold)
    return Figure(
        id=identifier,
        value=value,
        low=None if interval is None else interval.low,
        high=None if interval is None else interval.high,
        level=None if interval is None else LEVEL,
        n=rows,
        events=events,
        unit="proportion",
        method="; ".join(part for part in ("both models on the same rows", method) if part),
        dataset="evaluation",
        threshold=None if None in decided else f"{decided[0]} → {decided[1]}",
        favourable=subject.favourable if name in (TO_FAVOURABLE, TO_UNFAVOURABLE) else None,
        numerator=_WORDS[name],
        weighting=subject.rows.weight_kind,
    )


def _moved(together: Together) -> Measured:
    """How far predictions of a number moved, in the mean."""
    old, new = together.before.rows.scores, together.after.rows.scores
    sampling = Sampling.of(together.after.rows)
    moved = np.abs(new - old)
    weights = np.ones(len(moved)) if sampling.weights is None else sampling.weights
    interval = sampling.mean_interval(moved)
    cut = None if interval is None else interval.cut(0.0)
    figure = Figure(
        id=MOVED,
        value=float((weights * moved).sum() / weights.sum()),
        low=None if cut is None else cut.low,
        high=None if cut is None else cut.high,
        level=None if cut is None else LEVEL,
        n=len(moved),
        unit="target",
        method="mean of |prediction now − prediction before|; Student's interval",
        dataset="evaluation",
        weighting=together.after.rows.weight_kind,
    )
    return Measured(figures=(figure,))
