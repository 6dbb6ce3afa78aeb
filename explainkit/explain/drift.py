"""Drift of explanations: whether the model's answers rest on the same inputs in the reference data."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from explainkit.errors import InputError
from explainkit.evidence import LedgerEntry, Measured
from explainkit.explain.draws import draw
from explainkit.explain.reliability.agreement import rank_correlation
from explainkit.explain.reliability.setting import Setting
from explainkit.explain.shapley import attribute
from explainkit.explain.strategy import refusals
from explainkit.explain.target import UNITS
from explainkit.figures import Figure, Unit, figure_id
from explainkit.load.subject import Subject

FloatArray = npt.NDArray[np.float64]

REFERENCE, DIFFERENCE = "explanation.drift.reference", "explanation.drift.difference"
RANKS = "explanation.drift.rank_correlation"
LEAST = 50
"""Fewest rows of each data set."""
_LEVEL, _NORMAL = 0.95, 1.959963984540054
_DRAWS = 200
_STREAM, _RESAMPLE = 81, 82


def explanations_drift(setting: Setting, subject: Subject, *, most: int) -> Measured:
    """Explain reference rows too, and compare the importance of inputs.

    Parameters
    ----------
    setting : Setting
        With the explanation of the evaluation rows.
    subject : Subject
        With the reference data.
    most : int
        Rows of each data set at most; 0 to leave it out.
    """
    if subject.reference is None:
        return Measured()  # said once, for all of drift
    if not most:
        return _untested("not asked for (drift.explained = 0)")
    if setting.strategy.inside is None or setting.explanation.exactness == "estimated":
        return _untested("the model cannot be explained exactly: each reference row would take many of its answers")
    if min(len(setting.sample), len(subject.reference.frame)) < LEAST:
        return _untested(f"fewer than {LEAST} rows in one of the two data sets")
    frame = subject.reference.frame[list(subject.features)]
    rows = frame.iloc[draw(len(frame), most, setting.seed, _STREAM)].reset_index(drop=True)
    failures: tuple[type[Exception], ...] = (InputError, *refusals(setting.strategy.inside))
    try:
        told = attribute(setting.strategy, setting.model, rows, setting.background, setting.target, setting.seed)
    except failures as error:
        return _untested(f"the reference rows cannot be explained: {error}")
    own = setting.sample[draw(len(setting.sample), most, setting.seed, _STREAM)]
    # Of several classes the mean over classes: one number for each input.
    one, two = (np.abs(values).mean(axis=2) for values in (setting.explanation.values[own], told.values))
    unit, figures = UNITS[told.space], list[Figure]()
    for j, feature in enumerate(told.features):
        figures += _of_feature(feature, one[:, j], two[:, j], unit)
    figures.append(_ranks(one, two, setting.seed))
    how = "a seeded sample without replacement of each data set (drift.explained)"
    entry = LedgerEntry(kind="sampled", what="rows explained for drift", reason=how, count=len(rows))
    sampled = len(rows) < len(frame) or len(own) < len(setting.sample)
    return Measured(figures=tuple(figures), ledger=(entry,) if sampled else ())


def _of_feature(feature: str, one: FloatArray, two: FloatArray, unit: Unit) -> tuple[Figure, Figure]:
    """Importance in the reference data, and by how much that in the evaluation data is larger."""
    means = float(one.mean()), float(two.mean())
    errors = [float(side.var(ddof=1)) / len(side) for side in (one, two)]
    half = _NORMAL * math.sqrt(errors[1])
    both = _NORMAL * math.sqrt(sum(errors))
    return (
        Figure(
            id=figure_id(REFERENCE, feature=feature),
            value=means[1],
            low=max(0.0, means[1] - half),
            high=means[1] + half,
            level=_LEVEL,
            n=len(two),
            unit=unit,
            method="mean |SHAP| over explained reference rows, over classes where there are several; normal interval",
            dataset="reference",
        ),
        Figure(
            id=figure_id(DIFFERENCE, feature=feature),
            value=means[0] - means[1],
            low=means[0] - means[1] - both,
            high=means[0] - means[1] + both,
            level=_LEVEL,
            n=len(one),
            unit=unit,
            method="mean |SHAP| over evaluation rows less that over reference rows; normal interval",
            dataset="evaluation",
            reference="reference data",
        ),
    )


def _ranks(one: FloatArray, two: FloatArray, seed: int) -> Figure:
    """Rank correlation of the importances, with the quantiles of resampled rows."""
    value = rank_correlation(one.mean(axis=0), two.mean(axis=0))
    if value is None:
        return Figure(id=RANKS, status="insufficient", reason="fewer than three inputs, or all equally important")
    rng = np.random.default_rng([seed, _RESAMPLE])
    resampled = []
    for _ in range(_DRAWS):
        means = [np.bincount(rng.integers(0, len(s), len(s)), minlength=len(s)) @ s / len(s) for s in (one, two)]
        resampled.append(rank_correlation(*means))
    known = [r for r in resampled if r is not None]
    low, high = np.quantile(known, [(1 - _LEVEL) / 2, (1 + _LEVEL) / 2]) if known else (value, value)
    return Figure(
        id=RANKS,
        value=value,
        low=min(value, float(low)),
        high=max(value, float(high)),
        level=_LEVEL,
        n=len(one),
        unit="score",
        method=f"Spearman correlation of mean |SHAP| of the inputs, both data sets; bootstrap of rows, {_DRAWS} draws",
        dataset="evaluation",
        reference="reference data",
        tolerance=1e-6,
    )


def _untested(reason: str) -> Measured:
    return Measured(
        figures=(Figure(id=RANKS, status="not_tested", reason=reason, dataset="evaluation"),),
        ledger=(LedgerEntry(kind="not_tested", what="drift of explanations", reason=reason),),
    )
