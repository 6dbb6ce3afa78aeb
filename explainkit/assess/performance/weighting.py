"""How many equally weighted rows the weighted ones are worth."""

from __future__ import annotations

import numpy as np

from explainkit.assess.preconditions import NO_LABEL
from explainkit.assess.recorder import Recorder
from explainkit.assess.statistics.intervals import effective_n

_KISH = "(Σ weight)² / Σ weight² (Kish 1965)"
_FREQUENCY = "Σ weight: every row stands for as many equal ones as its frequency says"


def record(recorder: Recorder) -> None:
    """Record ``performance.effective_n`` of all rows and of those with an outcome, where weights are given.

    Frequencies say how often a row occurred, so they are summed; any other weights make a sample less precise.

    References
    ----------
    Kish (1965), Survey Sampling, Wiley, section 11.7.
    """
    rows = recorder.subject.rows
    if rows.weights is None:
        return
    known = np.zeros(rows.count, np.bool_) if rows.labels is None else ~np.isnan(rows.labels)
    which = (("all", rows.weights, "there is no row"), ("labelled", rows.weights[known], NO_LABEL))
    frequency = rows.weight_kind == "frequency"
    for name, weights, undefined in which:
        recorder.number(
            "performance.effective_n",
            float(weights.sum()) if frequency and weights.any() else effective_n(weights),
            {"rows": name},
            undefined=undefined,
            unit="count",
            n=int(np.count_nonzero(weights)),
            method=_FREQUENCY if frequency else _KISH,
        )
