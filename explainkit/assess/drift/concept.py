"""Concept drift: whether the outcome still depends on the score as it does in the reference data."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from explainkit.assess.drift.compared import compared
from explainkit.assess.drift.sides import Scored, Sides
from explainkit.assess.performance.calibration import Recalibration, no_recalibration, recalibrate
from explainkit.assess.statistics.intervals import Interval, wald, welch_difference
from explainkit.assess.statistics.multiplicity import holm
from explainkit.assess.statistics.ranking import ScoreTable, tabulate
from explainkit.figures import Figure, Unit

Floats = npt.NDArray[np.float64]

RATE, SHIFT, SLOPE = "drift.outcome_rate", "drift.concept_intercept", "drift.concept_slope"
ERROR, P_VALUE = "drift.mean_error", "drift.concept_p_value"
NAMES = {"binary": (RATE, SHIFT, SLOPE, P_VALUE), "regression": (ERROR,)}
_OWN = "if the model was trained on the reference rows, they flatter it: part of a difference may be that alone"
_FIT = "outcome on log-odds of the score, logistic, fitted to each data set"
_METHODS = {
    RATE: "share of the outcome, less the share that the relation fitted to the reference rows gives for the same "
    "scores",
    SHIFT: f"difference of the log-odds of the outcome at the same score, where most is known of it; {_FIT}",
    SLOPE: f"difference of the slopes; {_FIT}",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """What has become of the relation of score and outcome, evaluation less reference."""

    rate: float
    rate_interval: Interval
    shift: float
    shift_interval: Interval
    slope: float
    slope_interval: Interval
    p_value: float
    """That neither shift nor slope has changed (Holm)."""


def concept(sides: Sides) -> Iterator[Figure]:
    """Figures of the relation of score and outcome, or why there are none."""
    task = sides.subject.task
    if task == "multiclass":
        yield _refused(RATE, "measured for a binary model and for a regression alone")
        return
    names = NAMES[task]
    why = _obstacle(sides)
    if why is not None:
        yield from (_refused(name, why) for name in names)
        return
    assert isinstance(sides.scored, Scored)
    scores, labels, weights = _known(sides.subject.rows.scores, sides.subject.rows.labels, sides.weights[0])
    all_labels, of_all = sides.labels, sides.weights[1]
    assert all_labels is not None
    others = _known(
        sides.scored.scores, all_labels[sides.scored.rows], None if of_all is None else of_all[sides.scored.rows]
    )
    simple = sides.clustered is None and not sides.weighted
    if task == "regression":
        yield from _errors((scores, labels, weights), others, simple=simple)
        return
    tables = [tabulate(s, y == 1, w) for s, y, w in ((scores, labels, weights), others)]
    why = next(filter(None, (_no_fit(table, where) for table, where in zip(tables, _PLACES, strict=True))), None)
    found = relation_moved(*tables) if why is None else None
    if found is None:
        yield from (_refused(name, why or "the relation could not be fitted", "insufficient") for name in names)
        return
    n, events = len(labels), int((labels == 1).sum())
    values: tuple[tuple[str, float, Interval, Unit], ...] = (
        (RATE, found.rate, found.rate_interval, "difference"),
        (SHIFT, found.shift, found.shift_interval, "log-odds"),
        (SLOPE, found.slope, found.slope_interval, "none"),
    )
    for name, value, ends, unit in values:
        yield _figure(name, value, ends if simple else None, n, unit, _METHODS[name], events)
    if simple:
        method = "that neither intercept nor slope has changed: Wald tests, the smaller by Holm"
        yield _figure(P_VALUE, found.p_value, None, n, "probability", method)


_PLACES = ("evaluation", "reference")


def relation_moved(evaluation: ScoreTable, reference: ScoreTable) -> Moved | None:
    """Compare the logistic relation of score and outcome in two data sets.

    Parameters
    ----------
    evaluation, reference : ScoreTable
        For which `no_recalibration` is None; unweighted for the intervals to hold.

    Returns
    -------
    Moved or None
        None where a fit did not converge.
    """
    first = recalibrate(reference)
    if first is None:
        return None
    logit = np.log(evaluation.scores) - np.log1p(-evaluation.scores)
    total = evaluation.positives + evaluation.negatives
    chance = 1 / (1 + np.exp(-(first.intercept + first.slope * logit)))
    spread = total * chance * (1 - chance)
    # Where one row more tells most of the share expected: slope and intercept there are told apart.
    centre = float((spread * logit).sum() / spread.sum())
    old, new = (_centred(table, centre) for table in (reference, evaluation))
    if old is None or new is None:
        return None
    count = float(total.sum())
    rate = float(evaluation.positives.sum()) / count - float((total * chance).sum()) / count
    each = float(spread.sum()) / count
    variance = each / count + each**2 * old.intercept_variance
    shift, slope = new.intercept - old.intercept, new.slope - old.slope
    variances = new.intercept_variance + old.intercept_variance, new.slope_variance + old.slope_variance
    tests = [math.erfc(abs(d) / math.sqrt(2 * v)) for d, v in zip((shift, slope), variances, strict=True)]
    return Moved(
        rate=rate,
        rate_interval=wald(rate, variance),
        shift=shift,
        shift_interval=wald(shift, variances[0]),
        slope=slope,
        slope_interval=wald(slope, variances[1]),
        p_value=float(holm(tests).min()),
    )


def _centred(table: ScoreTable, centre: float) -> Recalibration | None:
    """The relation with its intercept at the score whose log-odds are given."""
    odds = np.log(table.scores) - np.log1p(-table.scores) - centre
    moved = ScoreTable(
        scores=1 / (1 + np.exp(-odds)),
        positives=table.positives,
        negatives=table.negatives,
        counts=table.counts,
        rows=table.rows,
        events=table.events,
    )
    return recalibrate(moved) if no_recalibration(moved) is None else None


def _known(scores: Floats, labels: Floats | None, weights: Floats | None) -> tuple[Floats, Floats, Floats | None]:
    """Rows with an outcome that count."""
    assert labels is not None
    there = ~np.isnan(labels) if weights is None else ~np.isnan(labels) & (weights > 0)
    return scores[there], labels[there], None if weights is None else weights[there]


def _obstacle(sides: Sides) -> str | None:
    subject = sides.subject
    if isinstance(sides.scored, str):
        return sides.scored
    if subject.task == "binary" and subject.positive is None:
        return "no direction of the score stated (model.positive)"
    here, there = subject.rows.labels, sides.labels
    if here is None or np.isnan(here).all():
        return "the evaluation data has no outcomes"
    if there is None or np.isnan(there[sides.scored.rows]).all():
        return "the reference data has no outcomes"
    return None


def _no_fit(table: ScoreTable, where: str) -> str | None:
    """Why a relation cannot be fitted; `where` is the data set."""
    if not table.both_classes:
        return f"one class only in the {where} data"
    if table.scores[0] < 0 or table.scores[-1] > 1:
        return "scores are no probabilities"
    why = no_recalibration(table)
    return why and f"{why} ({where} data)"


def _errors(
    own: tuple[Floats, Floats, Floats | None], others: tuple[Floats, Floats, Floats | None], *, simple: bool
) -> Iterator[Figure]:
    """Mean errors of a regression, in standard deviations of the outcome in the reference data."""
    scale = float(np.std(others[1]))
    if not scale > 0 or len(own[0]) < 2:
        yield _refused(
            ERROR, "the outcomes of the reference data are all equal, or one row has an outcome", "insufficient"
        )
        return
    errors = [(labels - scores) / scale for scores, labels, _ in (own, others)]
    means = [float(np.average(e, weights=side[2])) for e, side in zip(errors, (own, others), strict=True)]
    ends = None
    if simple:
        stated = [(m, float(e.var(ddof=1)), len(e)) for m, e in zip(means, errors, strict=True)]
        ends = welch_difference(stated[0], stated[1])
    method = "difference of the mean errors, outcome less prediction, in standard deviations of the outcome"
    yield _figure(ERROR, means[0] - means[1], ends, len(own[0]), "difference", method)


def _refused(name: str, reason: str, status: str = "not_tested") -> Figure:
    return Figure(id=name, status="insufficient" if status == "insufficient" else "not_tested", reason=reason)


def _figure(
    name: str, value: float, ends: Interval | None, n: int, unit: Unit, method: str, events: int | None = None
) -> Figure:
    return replace(compared(name, {}, value, n, unit, method, ends, events), reason=_OWN, tolerance=1e-6)
