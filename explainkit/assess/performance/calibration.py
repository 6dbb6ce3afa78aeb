"""Calibration of a binary model's probabilities: error in bins, the reliability curve, logistic recalibration."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from explainkit.assess.outcomes import Outcomes, with_outcome
from explainkit.assess.preconditions import NO_LABEL
from explainkit.assess.recorder import Details, Recorder
from explainkit.assess.statistics.binning import WORDS, Bins, equal_counts
from explainkit.assess.statistics.intervals import wald, wilson
from explainkit.assess.statistics.ranking import Counts, Floats, ScoreTable, tabulate
from explainkit.evidence import Measured
from explainkit.figures import Series, figure_id
from explainkit.load.subject import Subject

DRAWS = 200
_NORMAL = 1000
"""Variance, in units of the largest weight squared, from which on a sum of outcomes is taken as normal."""
_STEPS = 100
_HALVINGS = 40
_CLOSE = 1e-8
_ROUNDING = 1e-12
_ARMIJO = 0.2


@dataclass(frozen=True, slots=True, kw_only=True)
class Recalibration:
    """Logit of the probability of a positive = intercept + slope × logit of the score."""

    intercept: float
    slope: float
    intercept_variance: float
    """From the inverse of the information matrix."""
    slope_variance: float


def measure(subject: Subject, *, seed: int = 0) -> Measured:
    """Figures ``calibration.*`` and the reliability curve of a binary model; nothing for another task.

    Parameters
    ----------
    subject : Subject
        Of any task; only rows with an outcome count.
    seed : int, default 0
        Of the outcomes drawn for ``calibration.ece_expected``.
    """
    recorder = Recorder(subject, undefined="not_tested")
    if subject.task == "binary":
        outcomes = with_outcome(subject)
        _reliability(recorder, outcomes, seed)
        _recalibration(recorder, outcomes)
    return recorder.result()


def _reliability(recorder: Recorder, outcomes: Outcomes, seed: int) -> None:
    positive = (outcomes.labels == 1).astype(np.float64)
    error = by_chance = None
    if recorder.open_series("calibration.reliability") and outcomes.n:
        bins, weights = equal_counts(outcomes.scores), outcomes.weights
        predicted, observed = bins.mean(outcomes.scores, weights), bins.mean(positive, weights)
        error = float((bins.total(weights) * np.abs(predicted - observed)).sum() / bins.total(weights).sum())
        by_chance = expected_error(outcomes.scores, weights, bins, seed=seed)
        recorder.curve(
            _reliability_curve(bins, predicted, observed, events=positive if outcomes.sampling.simple else None)
        )
    rows: Details = {"unit": "score", "n": outcomes.n}
    said = f"mean distance between mean score and share of positives, in {WORDS}"
    how: Details = rows | {"events": int(positive.sum()), "method": said}
    recorder.number("calibration.ece", error, undefined=NO_LABEL, **how)
    said = f"mean over {DRAWS} draws of the outcomes from the scores (seed {seed}), same rows and bins; by formula in "
    said += "bins whose number of positives is close to normal"
    how = rows | {"method": said}
    recorder.number("calibration.ece_expected", by_chance, undefined=NO_LABEL, **how)


def expected_error(scores: Floats, weights: Floats | None, bins: Bins, *, seed: int) -> float:
    """Calibration error to be expected of these very scores if they were the probabilities of the outcomes.

    The error is a sum over bins, so its mean is the sum of the means of |observed − expected| of each bin. In a bin
    with a large variance the sum of outcomes is normal to three digits and the mean is √(2 variance / π); for the
    others outcomes are drawn.

    Parameters
    ----------
    scores : numpy.ndarray
        Within [0, 1], shape (n_rows,).
    weights : numpy.ndarray or None
        Above zero, shape (n_rows,).
    bins : Bins
        Of the scores.
    seed : int
        Of the draws.
    """
    weight = np.ones(len(scores)) if weights is None else weights
    order = np.lexsort((weight, scores))  # the draws do not depend on the order of the rows
    chance, weight = scores[order], weight[order]
    starts = np.cumsum(bins.counts) - bins.counts
    variance = np.add.reduceat(weight**2 * chance * (1 - chance), starts)
    normal = variance >= _NORMAL * np.maximum.reduceat(weight, starts) ** 2
    distance = float(np.sqrt(2 * variance[normal] / math.pi).sum())
    if not normal.all():
        drawn = ~np.repeat(normal, bins.counts)
        chance, own = chance[drawn], weight[drawn]
        counts = bins.counts[~normal]
        starts, rng = np.cumsum(counts) - counts, np.random.default_rng(seed)
        for _ in range(DRAWS):
            gaps = np.add.reduceat(own * ((rng.random(len(chance)) < chance) - chance), starts)
            distance += float(np.abs(gaps).sum()) / DRAWS
    return distance / float(weight.sum())


def _reliability_curve(bins: Bins, predicted: Floats, observed: Floats, *, events: Floats | None) -> Series:
    """The curve, with intervals where the events of each row are given."""
    low: tuple[float | None, ...] = (None,) * len(bins.counts)
    high = low
    if events is not None:
        happened = np.bincount(bins.codes, events, minlength=len(bins.counts))
        intervals = [wilson(int(e), int(n)) for e, n in zip(happened, bins.counts, strict=True)]
        low, high = tuple(i.low for i in intervals), tuple(i.high for i in intervals)
    return Series(
        id=figure_id("calibration.reliability"),
        columns=(
            ("low", tuple(map(float, bins.low))),
            ("high", tuple(map(float, bins.high))),
            ("n", tuple(map(int, bins.counts))),
            ("mean_score", tuple(map(float, predicted))),
            ("observed", tuple(map(float, observed))),
            ("observed_low", low),
            ("observed_high", high),
        ),
        method=f"{WORDS}; "
        + ("no intervals, as rows are weighted or come in clusters" if events is None else "Wilson score intervals"),
        dataset="evaluation",
        n=int(bins.counts.sum()),
    )


def _recalibration(recorder: Recorder, outcomes: Outcomes) -> None:
    fit, why = None, ""
    if recorder.open("calibration.slope"):
        table = tabulate(outcomes.scores, outcomes.labels == 1, outcomes.weights)
        why = no_recalibration(table) or "the recalibration did not converge"
        fit = recalibrate(table) if no_recalibration(table) is None else None
    details: Details = {
        "n": outcomes.n,
        "events": int((outcomes.labels == 1).sum()),
        "method": "logistic recalibration by maximum likelihood (Cox 1958), intercept and slope fitted together",
        "interval_method": "Wald interval",
    }
    if fit is None:
        for name in ("calibration.slope", "calibration.intercept"):
            recorder.number(name, None, undefined=why)
        return
    interval = wald(fit.slope, fit.slope_variance)
    recorder.number("calibration.slope", fit.slope, undefined=why, **(details | {"interval": interval}))
    interval = wald(fit.intercept, fit.intercept_variance)
    details |= {"unit": "log-odds"}
    recorder.number("calibration.intercept", fit.intercept, undefined=why, **(details | {"interval": interval}))


def no_recalibration(table: ScoreTable) -> str | None:
    """Why no finite recalibration exists; None where one does.

    With one predictor, the likelihood has a finite maximum exactly where the scores of the classes overlap (Albert and
    Anderson 1984, Biometrika 71, 1–10, doi:10.1093/biomet/71.1.1).
    """
    if table.scores[0] <= 0 or table.scores[-1] >= 1:
        return "some scores are exactly zero or one: their log-odds are infinite"
    positive, negative = np.flatnonzero(table.positives), np.flatnonzero(table.negatives)
    if len(table.scores) < 2:
        return "all scores are equal"
    if positive[0] >= negative[-1] or negative[0] >= positive[-1]:
        return "the scores separate the classes: the slope has no finite value"
    return None


def recalibrate(table: ScoreTable) -> Recalibration | None:
    """Fit the recalibration by Newton's method.

    Parameters
    ----------
    table : ScoreTable
        For which `no_recalibration` is None.

    Returns
    -------
    Recalibration or None
        None where Newton's method did not converge.

    References
    ----------
    Cox (1958), Biometrika 45, 562–565, doi:10.1093/biomet/45.3-4.562.
    """
    logit = np.log(table.scores) - np.log1p(-table.scores)
    total = table.positives + table.negatives
    centre = float((total * logit).sum() / total.sum())
    scale = math.sqrt(float((total * (logit - centre) ** 2).sum() / total.sum()))
    x = (logit - centre) / scale
    odds = float(table.positives.sum() / table.negatives.sum())
    starts = [(centre, scale), (math.log(odds), 0.0)]  # calibrated as it is; no relation at all
    point = max((_climb(a, b, x, table.positives, total) for a, b in starts), key=lambda start: start.height)
    for _ in range(_STEPS):
        aa, ab, bb = point.information
        (ga, gb), determinant = point.gradient, aa * bb - ab * ab
        if not determinant > 0:
            return None
        da, db = (bb * ga - ab * gb) / determinant, (aa * gb - ab * ga) / determinant
        if math.hypot(da, db) <= _CLOSE * (1 + math.hypot(point.a, point.b)):
            # Convergence is quadratic: one more step is exact to rounding.
            return _unscaled(_climb(point.a + da, point.b + db, x, table.positives, total), centre, scale)
        for _ in range(_HALVINGS):
            new = _climb(point.a + da, point.b + db, x, table.positives, total)
            # Armijo's rule keeps off the plains far out. Close to the maximum heights differ by rounding alone.
            gain = _ARMIJO * (ga * da + gb * db)
            if new.height >= point.height + gain - _ROUNDING * abs(point.height):
                break
            da, db = da / 2, db / 2
        point = new
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Point:
    """The log likelihood at one point, with its slopes and its curvature."""

    a: float
    b: float
    height: float
    gradient: tuple[float, float]
    information: tuple[float, float, float]
    """aa, ab, bb."""


def _climb(a: float, b: float, x: Floats, positives: Counts, total: Counts) -> _Point:
    margin = a + b * x
    small = np.exp(-np.abs(margin))  # never overflows
    chance = np.where(margin >= 0, 1.0, small) / (1 + small)
    residual, spread = positives - total * chance, total * small / (1 + small) ** 2
    height = positives * margin - total * (np.maximum(margin, 0.0) + np.log1p(small))
    return _Point(
        a=a,
        b=b,
        height=float(height.sum()),
        gradient=(float(residual.sum()), float((residual * x).sum())),
        information=(float(spread.sum()), float((spread * x).sum()), float((spread * x * x).sum())),
    )


def _unscaled(point: _Point, centre: float, scale: float) -> Recalibration:
    """Back from the centred and scaled logit, with variances by the same linear map."""
    aa, ab, bb = point.information
    determinant = aa * bb - ab * ab
    shift = centre / scale
    return Recalibration(
        intercept=point.a - point.b * shift,
        slope=point.b / scale,
        intercept_variance=(bb + 2 * shift * ab + shift * shift * aa) / determinant,
        slope_variance=aa / determinant / scale**2,
    )
