"""Performance of a regression: errors in the unit of the target, and predictions against outcomes in bins."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from explainkit.assess.outcomes import Outcomes, mean, note_left_out, with_outcome
from explainkit.assess.performance import coverage
from explainkit.assess.precision import of_mean
from explainkit.assess.preconditions import NO_LABEL
from explainkit.assess.recorder import Details, Recorder
from explainkit.assess.statistics.binning import WORDS, equal_counts
from explainkit.assess.statistics.intervals import Interval
from explainkit.assess.statistics.sampling import Sampling
from explainkit.figures import Series, figure_id
from explainkit.plan import PerformancePlan

Floats = npt.NDArray[np.float64]
QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)


def record(recorder: Recorder, plan: PerformancePlan) -> None:
    """Record every figure and series of a regression."""
    outcomes = with_outcome(recorder.subject)
    _errors(recorder, outcomes)
    _relative(recorder, outcomes)
    _quantiles(recorder, outcomes)
    _curve(recorder, outcomes)
    if plan.interval is not None:
        coverage.record(recorder, outcomes, plan.interval)
    note_left_out(recorder)


def _errors(recorder: Recorder, outcomes: Outcomes) -> None:
    error = outcomes.scores - outcomes.labels
    size, square, bias = (outcomes.mean(e) if outcomes.n else None for e in (np.abs(error), error**2, error))
    rows: Details = {"unit": "target", "n": outcomes.n}
    how: Details = rows | {"method": "mean absolute error"} | of_mean(np.abs(error), outcomes.sampling, least=0.0)
    recorder.number("performance.mae", size, undefined=NO_LABEL, **how)
    how = rows | {"method": "square root of the mean squared error"} | _root_interval(error**2, outcomes.sampling)
    root = None if square is None else math.sqrt(square)
    recorder.number("performance.rmse", root, undefined=NO_LABEL, **how)
    middle = median(np.abs(error), outcomes.weights) if outcomes.n else None
    how = {"unit": "target", "n": outcomes.n, "method": "median of |prediction − outcome|"}
    recorder.number("performance.median_absolute_error", middle, undefined=NO_LABEL, **how)
    how = rows | {"method": "mean of prediction − outcome"} | of_mean(error, outcomes.sampling)
    recorder.number("performance.mean_error", bias, undefined=NO_LABEL, **how)


def _root_interval(squares: Floats, sampling: Sampling) -> Details:
    """Interval of the root of a mean, whose slope there is 1 / (2 × root)."""
    details = of_mean(squares, sampling)
    interval = details["interval"]
    if interval is not None:
        root = math.sqrt(mean(squares, sampling.weights))
        reach = (interval.high - interval.low) / (4 * root)
        details["interval"] = Interval(root - reach, root + reach).cut(0.0)
    details["interval_method"] = f"delta method on {details['interval_method']} of the mean squared error"
    return details


def median(values: Floats, weights: Floats | None) -> float:
    """Middle of at least one number; weighted: the mean of the lower and the upper median, which agrees with it."""
    if weights is None:
        return float(np.median(values))
    lower = np.quantile(values, 0.5, weights=weights, method="inverted_cdf")
    upper = -np.quantile(-values, 0.5, weights=weights, method="inverted_cdf")
    return float((lower + upper) / 2)


def _relative(recorder: Recorder, outcomes: Outcomes) -> None:
    n, labels, error = outcomes.n, outcomes.labels, outcomes.scores - outcomes.labels
    explained = relative = None
    if n and bool((labels != labels[0]).any()):
        explained = 1 - outcomes.mean(error**2) / outcomes.mean((labels - outcomes.mean(labels)) ** 2)
    if n and bool((labels != 0).all()):
        relative = outcomes.mean(np.abs(error) / np.abs(labels))
    how = "1 − mean squared error / variance of the outcome on these rows"
    undefined = "the outcomes do not vary" if n else NO_LABEL
    recorder.number("performance.r2", explained, undefined=undefined, unit="score", n=n, method=how)
    how = "mean of |prediction − outcome| / |outcome|"
    undefined = "an outcome is zero" if n else NO_LABEL
    recorder.number("performance.mape", relative, undefined=undefined, unit="proportion", n=n, method=how)


def _quantiles(recorder: Recorder, outcomes: Outcomes) -> None:
    error = outcomes.scores - outcomes.labels
    if not outcomes.n:
        values: list[float | None] = [None] * len(QUANTILES)
    elif outcomes.weights is None:
        values = [float(q) for q in np.quantile(error, QUANTILES)]
    else:
        values = [float(q) for q in np.quantile(error, QUANTILES, weights=outcomes.weights, method="inverted_cdf")]
    how = "linear between ranks" if outcomes.weights is None else "inverse of the weighted distribution"
    details: Details = {"unit": "target", "n": outcomes.n, "method": f"quantile of prediction − outcome, {how}"}
    for q, value in zip(QUANTILES, values, strict=True):
        recorder.number("performance.residual_quantile", value, {"q": f"{q:g}"}, undefined=NO_LABEL, **details)


def _curve(recorder: Recorder, outcomes: Outcomes) -> None:
    if not recorder.open_series("performance.predicted_observed") or not outcomes.n:
        return
    bins = equal_counts(outcomes.scores)
    recorder.curve(
        Series(
            id=figure_id("performance.predicted_observed"),
            columns=(
                ("low", tuple(map(float, bins.low))),
                ("high", tuple(map(float, bins.high))),
                ("n", tuple(map(int, bins.counts))),
                ("mean_prediction", tuple(map(float, bins.mean(outcomes.scores, outcomes.weights)))),
                ("mean_outcome", tuple(map(float, bins.mean(outcomes.labels, outcomes.weights)))),
            ),
            method=WORDS + ("" if outcomes.weights is None else "; means weighted"),
            dataset="evaluation",
            n=outcomes.n,
        )
    )
