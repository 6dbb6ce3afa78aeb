"""The global picture: mean |SHAP| with intervals, how well values add up, and points for a beeswarm."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
import pandas as pd

from explainkit.explain.draws import draw
from explainkit.explain.effects.dependence import rank_of
from explainkit.explain.target import UNITS
from explainkit.explanation import Explanation
from explainkit.figures import Figure, Series, figure_id

FloatArray = npt.NDArray[np.float64]

_LEVEL = 0.95
_NORMAL = 1.959963984540054  # quantile of the standard normal distribution at 0.975
_MOST_FEATURES = 10
_MOST_POINTS = 200
_FEWEST_POINTS = 50

IMPORTANCE = (
    "mean |SHAP| over the explained rows, unweighted; interval by normal approximation: it covers the sampling of rows "
    "only, not refitting the model"
)


def importance(explanation: Explanation, sample: npt.NDArray[np.intp]) -> tuple[Figure, ...]:
    """Mean |SHAP| of each feature, for a model of several classes by class.

    Parameters
    ----------
    explanation : Explanation
        SHAP values.
    sample : ndarray of int
        Which of its rows were drawn for the global picture.
    """
    sizes = np.abs(explanation.values[sample])
    count = len(sample)
    figures = []
    for k, output in enumerate(explanation.outputs):
        for j, feature in enumerate(explanation.features):
            column = sizes[:, j, k]
            mean = float(column.mean())
            half = _NORMAL * float(column.std(ddof=1)) / math.sqrt(count) if count > 1 else None
            figures.append(
                Figure(
                    id=figure_id("explanation.shap.importance", _keys(explanation, output, feature=feature)),
                    value=mean,
                    low=None if half is None else max(0.0, mean - half),
                    high=None if half is None else mean + half,
                    level=None if half is None else _LEVEL,
                    n=count,
                    unit=UNITS[explanation.space],
                    method=IMPORTANCE,
                    dataset="evaluation",
                    class_=None if explanation.outputs == ("prediction",) else output,
                )
            )
    return tuple(figures)


def _keys(explanation: Explanation, output: str, **more: str) -> dict[str, str]:
    return {**more, "output": output} if len(explanation.outputs) > 1 else more


def totals(explanation: Explanation, sample: npt.NDArray[np.intp]) -> tuple[Figure, ...]:
    """How many rows stand behind the global picture, and how well values add up on every explained row."""
    residual = np.abs(explanation.residual)
    unit = UNITS[explanation.space]
    how = "|base + contributions − the model's own output|, over every explained row, cases included"
    needed = explanation.background if explanation.background_rows else f"none needed: {explanation.background}"
    return (
        Figure(
            id="explanation.shap.rows",
            value=len(sample),
            n=len(sample),
            unit="count",
            method="rows explained for the global picture",
            dataset="evaluation",
        ),
        Figure(id="explanation.shap.background_rows", value=explanation.background_rows, unit="count", method=needed),
        *(
            Figure(
                id=f"explanation.shap.residual_{name}",
                value=float(of(residual)),
                n=len(residual),
                unit=unit,
                method=f"{name} of {how}",
                dataset="evaluation",
                tolerance=1.0,  # a residual is rounding error and differs between kinds of machines
            )
            for name, of in (("max", np.max), ("median", np.median))
        ),
    )


def points(
    explanation: Explanation, rows: pd.DataFrame, sample: npt.NDArray[np.intp], *, seed: int
) -> tuple[Series, ...]:
    """Points of a beeswarm: the features that matter most, on some rows.

    Parameters
    ----------
    explanation : Explanation
        SHAP values.
    rows : pandas.DataFrame
        The rows explained, in the same order.
    sample : ndarray of int
        Which of them were drawn for the global picture.
    seed : int
        Of the draw of points.

    Returns
    -------
    tuple of Series
        Columns ``feature``, ``position`` (rank of the value, 0 lowest, 1 highest; None for categories and missing
        values) and ``value`` (SHAP); one series, or one for each class of a model of several.
    """
    most = _MOST_POINTS
    if len(explanation.outputs) > 1:
        most = max(_FEWEST_POINTS, _MOST_POINTS // len(explanation.outputs))
    shown = sample[draw(len(sample), most, seed, 2)]
    # A group of columns has no value of its own, and so no rank.
    unknown = np.full(len(rows), np.nan)
    ranks = {name: _ranks(rows[name], sample) if name in rows else unknown for name in explanation.features}
    return tuple(_series(explanation, ranks, sample, shown, k) for k in range(len(explanation.outputs)))


def _series(
    explanation: Explanation,
    ranks: dict[str, FloatArray],
    sample: npt.NDArray[np.intp],
    shown: npt.NDArray[np.intp],
    output: int,
) -> Series:
    sizes = np.abs(explanation.values[sample, :, output]).mean(axis=0)
    top = np.argsort(-sizes, kind="stable")[:_MOST_FEATURES]
    names, positions, values = [], [], []
    for j in map(int, top):
        name = explanation.features[j]
        # By their values: in one order throughout, the points of a row could be put together again.
        for row in shown[np.argsort(explanation.values[shown, j, output], kind="stable")]:
            place = ranks[name][row]
            names.append(name)
            positions.append(None if math.isnan(place) else round(float(place), 4))
            values.append(float(explanation.values[row, j, output]))
    columns: tuple[tuple[str, tuple[float | int | str | None, ...]], ...] = (
        ("feature", tuple(names)),
        ("position", tuple(positions)),
        ("value", tuple(values)),
    )
    return Series(
        id=figure_id("explanation.shap.points", _keys(explanation, explanation.outputs[output])),
        columns=columns,
        method="SHAP values of the features with the largest mean |SHAP|, on a seeded sample of the explained rows",
        dataset="evaluation",
        n=len(shown),
    )


def _ranks(column: pd.Series, sample: npt.NDArray[np.intp]) -> FloatArray:
    """Rank of each value among the sample, from 0 to 1; NaN for categories, texts and missing values."""
    ranks = np.full(len(column), np.nan)
    ranks[sample] = rank_of(column.iloc[sample])
    return ranks
