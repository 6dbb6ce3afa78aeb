"""How the scores, or predictions, of each group are spread: five quantiles, so that no single row is shown."""

from __future__ import annotations

import numpy as np

from explainkit.assess.groups.cells import Cells
from explainkit.assess.recorder import Recorder
from explainkit.figures import Series, figure_id
from explainkit.plan import FairnessPlan

SPREAD = "fairness.score_quantiles"
QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
NAMES = ("q05", "q25", "q50", "q75", "q95")
_LEAST_BEYOND = 2
"""Rows that lie beyond a quantile at least, so that it is not the score of the lowest or the highest row."""


def record_spread(recorder: Recorder, cells: Cells, plan: FairnessPlan, *, whole: bool) -> None:
    """Record quantiles of the scores of each group of a column.

    Parameters
    ----------
    recorder : Recorder
        Of a binary subject or a regression; takes the series.
    cells : Cells
        Groups of one column.
    plan : FairnessPlan
        With the smallest numerator shown.
    whole : bool
        Whether nothing is hidden of any group or intersection: the scores of the others would else tell of those.

    Notes
    -----
    The least score that, with those below it, has the share of the rows (or of their weight); definition 1 of Hyndman
    and Fan (1996), doi:10.1080/00031305.1996.10473566. A quantile with fewer than two rows beyond it is left out.
    """
    mean = "fairness.mean_prediction" if recorder.subject.task == "regression" else "fairness.mean_score"
    if cells.untested is not None or len(cells.levels) < 2 or not recorder.open(mean):
        return
    if not whole or plan.min_count:
        why = "how the scores of groups are spread could tell of a group or a numerator that is hidden"
        recorder.note("suppressed", f"spread of the scores by {cells.title}", why)
        return
    series = spread_of(recorder, cells, figure_id(SPREAD, column=cells.title), first="group")
    if series is not None:
        recorder.curve(series)


def spread_of(recorder: Recorder, cells: Cells, identifier: str, *, first: str) -> Series | None:
    """Quantiles of the scores of every cell that has rows; None where none has.

    Parameters
    ----------
    recorder : Recorder
        Of a binary subject or a regression.
    cells : Cells
        Parts of the rows, none of them hidden.
    identifier : str
        Of the series.
    first : str
        Name of its first column, that of the cells.

    Notes
    -----
    As for `record_spread`.
    """
    rows = recorder.subject.rows
    counted = cells.codes >= 0 if rows.weights is None else (cells.codes >= 0) & (rows.weights > 0)
    order = np.flatnonzero(counted)
    order = order[np.argsort(cells.codes[order], kind="stable")]
    found, starts = np.unique(cells.codes[order], return_index=True)
    if not len(found):
        return None
    groups, sizes, spreads = [], [], []
    for cell, own in zip(found.tolist(), np.split(order, starts[1:]), strict=True):
        weights = None if rows.weights is None else rows.weights[own]
        at = np.quantile(rows.scores[own], QUANTILES, method="inverted_cdf", weights=weights)
        size = len(own)
        groups.append(cells.label(cell))
        sizes.append(size)
        beyond = [min(q, 1 - q) * size for q in QUANTILES]
        spreads.append([float(x) if b >= _LEAST_BEYOND else None for x, b in zip(at, beyond, strict=True)])
    weighted = f"; weighted by {rows.weight_kind} weights" if recorder.weighted else ""
    return Series(
        id=identifier,
        columns=(
            (first, tuple(groups)),
            ("n", tuple(sizes)),
            *((name, tuple(spread[i] for spread in spreads)) for i, name in enumerate(NAMES)),
        ),
        method=f"least score with the share of the rows at or below it{weighted}",
        dataset="evaluation",
        n=sum(sizes),
    )
