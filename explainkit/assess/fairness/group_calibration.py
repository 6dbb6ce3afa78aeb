"""Calibration by group: do the scores mean the same in every group of one sensitive column."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from explainkit.assess.groups.cells import Cells
from explainkit.assess.outcomes import Outcomes
from explainkit.assess.performance.calibration import no_recalibration, recalibrate
from explainkit.assess.precision import of_ratio
from explainkit.assess.recorder import Details, Keys, Recorder
from explainkit.assess.statistics.binning import WORDS, first_of_bins
from explainkit.assess.statistics.intervals import wald
from explainkit.assess.statistics.ranking import ScoreTable

ERROR, RATIO = "fairness.calibration_error", "fairness.observed_expected"
SLOPE, INTERCEPT = "fairness.calibration_slope", "fairness.calibration_intercept"

_UNLABELLED = "no row of the group has an outcome"


def record_calibration(recorder: Recorder, cells: Cells, tables: Sequence[ScoreTable], outcomes: Outcomes) -> None:
    """Record calibration error, observed over expected, and logistic recalibration of every cell.

    Parameters
    ----------
    recorder : Recorder
        Takes the figures.
    cells : Cells
        Groups of one column.
    tables : sequence of ScoreTable
        Scores and outcomes of each cell, as `cross_counts.score_tables` gives them.
    outcomes : Outcomes
        The rows with an outcome.
    """
    if not recorder.open(ERROR):
        return  # the others have the same needs
    groups = cells.codes[outcomes.present]
    for cell, table in enumerate(tables):
        keys = cells.keys(cell)
        if cells.hidden[cell]:
            for name in (ERROR, RATIO, SLOPE, INTERCEPT):
                recorder.missing(name, keys, **cells.absence)
            continue
        _distances(recorder, keys, table)
        _observed_expected(recorder, keys, table, outcomes, groups == cell)
        _recalibration(recorder, keys, table)


def _distances(recorder: Recorder, keys: Keys, table: ScoreTable) -> None:
    rows: Details = {"n": table.rows, "events": table.events}
    how: Details = rows | {
        "unit": "score",
        "method": f"mean distance between mean score and share of positives, in {WORDS}; above zero by chance alone, "
        "the more so the smaller the group",
    }
    recorder.number(ERROR, calibration_error(table), keys, undefined=_UNLABELLED, **how)


def _observed_expected(
    recorder: Recorder, keys: Keys, table: ScoreTable, outcomes: Outcomes, own: npt.NDArray[np.bool_]
) -> None:
    expected = float(((table.positives + table.negatives) * table.scores).sum())
    ratio = float(table.positives.sum()) / expected if expected > 0 else None
    how: Details = {"n": table.rows, "events": table.events, "unit": "ratio"}
    how |= {"method": "share of positives over the mean score, within the group"}
    if ratio is not None:
        positive = (outcomes.labels[own] == 1).astype(np.float64)
        how |= of_ratio(positive, outcomes.scores[own], outcomes.sampling.take(own))
    recorder.number(RATIO, ratio, keys, undefined="the scores are all zero" if table.rows else _UNLABELLED, **how)


def _recalibration(recorder: Recorder, keys: Keys, table: ScoreTable) -> None:
    if not table.both_classes:
        why: str | None = "the outcomes of the group are not of both classes" if table.rows else _UNLABELLED
    else:
        why = no_recalibration(table)
    fit = recalibrate(table) if why is None else None
    if fit is None:
        for name in (SLOPE, INTERCEPT):
            recorder.number(name, None, keys, undefined=why or "the recalibration did not converge")
        return
    rows: Details = {
        "n": table.rows,
        "events": table.events,
        "method": "logistic recalibration within the group by maximum likelihood (Cox 1958)",
        "interval_method": "Wald interval",
    }
    how: Details = rows | {"interval": wald(fit.slope, fit.slope_variance)}
    recorder.number(SLOPE, fit.slope, keys, undefined="", **how)
    how = rows | {"unit": "log-odds", "interval": wald(fit.intercept, fit.intercept_variance)}
    recorder.number(INTERCEPT, fit.intercept, keys, undefined="", **how)


def calibration_error(table: ScoreTable) -> float | None:
    """Expected calibration error over bins of nearly equal counts; None without rows."""
    if not table.rows:
        return None
    weight = table.positives + table.negatives
    starts = np.flatnonzero(first_of_bins(table.counts))
    gaps = np.add.reduceat(weight * table.scores - table.positives, starts)
    return float(np.abs(gaps).sum() / weight.sum())
