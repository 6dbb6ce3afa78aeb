"""Performance without outcomes: what it would be if the scores still meant what they meant in the reference data.

Nothing of it is measured. Every figure is an estimate by name and by method, and no drift of the relation of score and
outcome could be seen in it.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from explainkit.assess.drift.sides import Sides
from explainkit.assess.performance.calibration import no_recalibration, recalibrate
from explainkit.assess.statistics.ranking import auc, tabulate
from explainkit.figures import Figure

Floats = npt.NDArray[np.float64]

AREA, RATE = "drift.estimated_roc_auc", "drift.estimated_base_rate"
PRECISION, RECALL = "drift.estimated_precision", "drift.estimated_recall"
_ESTIMATE = "estimate, not measured: no outcome is known"


def estimated(sides: Sides) -> Iterator[Figure]:
    """Expected area, share of the outcome, precision and recall of a binary model; nothing where outcomes are known.

    References
    ----------
    Garg et al. (2022), Leveraging Unlabeled Data to Predict Out-of-Distribution Performance, ICLR, arXiv:2201.04234, on
    what such estimates can and cannot do.
    """
    subject = sides.subject
    labels = subject.rows.labels
    if subject.task != "binary" or (labels is not None and not np.isnan(labels).all()):
        return
    scores, weights = subject.rows.scores, subject.rows.weights
    unstated = subject.positive is None
    if unstated or scores.min() < 0 or scores.max() > 1:
        why = "no direction of the score stated (model.positive)" if unstated else "scores are no probabilities"
        yield Figure(id=AREA, status="not_tested", reason=why, dataset="evaluation")
        return
    chance, how = _calibrated(sides)
    count = np.ones(len(chance)) if weights is None else weights
    values = {RATE: float((count * chance).sum() / count.sum())}
    if 0 < values[RATE] < 1:
        values[AREA] = expected_area(scores, chance, count)
    decided = subject.decisions
    if decided is not None:
        hits = float((count * chance)[decided].sum())
        if count[decided].sum() > 0:
            values[PRECISION] = hits / float(count[decided].sum())
        if values[RATE] > 0:
            values[RECALL] = hits / float((count * chance).sum())
    for name, value in values.items():
        yield Figure(
            id=name,
            value=value,
            n=len(chance),
            unit="score" if name == AREA else "proportion",
            method=f"{_ESTIMATE}; expected if {how}; without an interval: how far that is true is not known",
            dataset="evaluation",
            threshold=str(subject.threshold) if name in (PRECISION, RECALL) else None,
            class_=subject.positive,
            weighting=subject.rows.weight_kind,
            tolerance=1e-6,
        )


def expected_area(scores: Floats, chance: Floats, weights: Floats) -> float:
    """Area under the ROC curve where every row is a positive with its own chance, else a negative.

    Parameters
    ----------
    scores, chance, weights : numpy.ndarray
        Shape (n_rows,); chances within [0, 1], neither all 0 nor all 1. Of large data, the area to be expected.
    """
    twice = np.tile(scores, 2)
    positive = np.repeat([True, False], len(scores))
    return auc(tabulate(twice, positive, np.concatenate((weights * chance, weights * (1 - chance)))))


def _calibrated(sides: Sides) -> tuple[Floats, str]:
    """Chances of the outcome, and under which condition."""
    scores = sides.subject.rows.scores
    alone = "the scores are the chances of the outcome"
    labels = sides.labels
    if isinstance(sides.scored, str) or labels is None:
        return scores, alone
    rows, weights = sides.scored.rows, sides.weights[1]
    there = ~np.isnan(labels[rows])
    if not there.any():
        return scores, alone
    table = tabulate(
        sides.scored.scores[there], labels[rows][there] == 1, None if weights is None else weights[rows][there]
    )
    if not table.both_classes or table.scores[-1] > 1 or no_recalibration(table) is not None:
        return scores, alone
    fit = recalibrate(table)
    if fit is None or scores.min() <= 0 or scores.max() >= 1:
        return scores, alone
    odds = fit.intercept + fit.slope * (np.log(scores) - np.log1p(-scores))
    chance: Floats = 1 / (1 + np.exp(-odds))
    return chance, "outcomes depend on the score as in the reference data (logistic relation fitted there)"
