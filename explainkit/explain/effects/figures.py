"""Figures and series of the global picture beyond mean |SHAP|: curves, shuffles, interactions, points."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from explainkit.decision import label_name
from explainkit.explain.case_figures import MISSING
from explainkit.explain.effects import dependence
from explainkit.explain.effects.grids import Grid, numbers_of
from explainkit.explain.effects.partial import Accumulated, Dependence, span
from explainkit.explain.effects.permutation import Loss
from explainkit.explain.effects.quality import FEWEST, Outcomes
from explainkit.figures import Figure, Series, Status, Unit, figure_id
from explainkit.load.columns import kind_of

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.intp]
Values = tuple[float | int | str | None, ...]

_LEVEL = 0.95
PDP = (
    "partial dependence: mean answer of the rows with the input set to each value, other inputs as they are, "
    "unweighted; the band holds the curves of single rows from the 10 % to the 90 % quantile, each moved to the mean "
    "level, and is cut where probabilities end"
)
ALE = (
    "accumulated local effects (Apley and Zhu), unweighted, mean zero over the rows; interval by normal approximation, "
    "bins as they are: it covers the sampling of rows, not refitting"
)
_SPAN = "largest less smallest value of the curve"
_INTERACTION = (
    "mean of |2 Φ| over the rows, Φ the SHAP interaction value that stands at either input, unweighted; interval by "
    "normal approximation: it covers the sampling of rows, not refitting"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """Names of what figures are keyed by."""

    features: tuple[str, ...]
    outputs: tuple[str, ...]
    """All outputs explained."""
    shown: int
    """How many of them, the first ones, have figures of their own."""

    def keys(self, output: int, **more: str) -> dict[str, str]:
        """Keys of a figure of one output; a single output is not named."""
        return {**more, "output": self.outputs[output]} if len(self.outputs) > 1 else more

    def class_(self, output: int) -> str | None:
        """The class that an output is the probability of."""
        return None if self.outputs == ("prediction",) else self.outputs[output]


def missing_figure(name: str, feature: str, status: Status, reason: str) -> Figure:
    """A figure of one feature without a value, and why."""
    return Figure(id=figure_id(name, feature=feature), status=status, reason=reason, dataset="evaluation")


def dependence_of(
    names: Names, feature: str, grid: Grid, found: Dependence, unit: Unit
) -> tuple[list[Figure], list[Series]]:
    """Partial dependence on one column: how far it reaches, and the curve, output by output."""
    figures, series = [], []
    for k in range(names.shown):
        keys = names.keys(k, feature=feature)
        figures.append(
            Figure(
                id=figure_id("explanation.pdp.span", keys),
                value=span(found.mean[:, k]),
                n=found.rows,
                unit=unit,
                method=f"{_SPAN} of partial dependence, gaps included",
                dataset="evaluation",
                class_=names.class_(k),
            )
        )
        columns: list[tuple[str, Values]] = [("value", grid.labels)]
        if any(count is not None for count in grid.counts):
            columns.append(("n", grid.counts))
        columns += [(name, _floats(a[:, k])) for name, a in _curves(found, unit)]
        series.append(
            Series(
                id=figure_id("explanation.pdp.curve", keys),
                columns=tuple(columns),
                method=f"{PDP}; {grid.method}",
                dataset="evaluation",
                n=found.rows,
            )
        )
    return figures, series


def _curves(found: Dependence, unit: Unit) -> tuple[tuple[str, FloatArray], ...]:
    low, high = found.low, found.high
    if unit == "probability":
        low, high = low.clip(0.0, 1.0), high.clip(0.0, 1.0)
    return ("mean", found.mean), ("low", low), ("high", high)


def accumulated_of(names: Names, feature: str, found: Accumulated, unit: Unit) -> tuple[list[Figure], list[Series]]:
    """Accumulated local effects of one column: how far they reach, and the curve, output by output."""
    low, high = found.ends()
    figures, series = [], []
    for k in range(names.shown):
        keys = names.keys(k, feature=feature)
        figures.append(
            Figure(
                id=figure_id("explanation.ale.span", keys),
                value=span(found.effect[:, k]),
                n=found.rows,
                unit=unit,
                method=f"{_SPAN} of accumulated local effects",
                dataset="evaluation",
                class_=names.class_(k),
            )
        )
        columns: list[tuple[str, Values]] = [
            ("value", found.edges),
            ("n", tuple(map(int, found.counts))),
            ("effect", _floats(found.effect[:, k])),
        ]
        if low is not None and high is not None:
            columns += [("low", _floats(low[:, k])), ("high", _floats(high[:, k]))]
        series.append(
            Series(
                id=figure_id("explanation.ale.curve", keys),
                columns=tuple(columns),
                method=f"{ALE}; a bin holds its upper end, and n is the rows in the bin that ends there",
                dataset="evaluation",
                n=found.rows,
            )
        )
    return figures, series


def _floats(array: FloatArray) -> tuple[float, ...]:
    return tuple(map(float, array))


def shuffled_of(
    names: Names, feature: str, outcomes: Outcomes, found: Loss, repeats: int, weighting: str | None
) -> list[Figure]:
    """Permutation importance of one column: of all rows, then for the rows of each class."""
    figures = []
    for measure, count in enumerate(outcomes.counts()):
        keys = {"feature": feature} if measure == 0 else names.keys(measure - 1, feature=feature)
        key = figure_id("explanation.permutation.importance", keys)
        if count < FEWEST:
            figures.append(Figure(id=key, status="insufficient", reason=too_few(outcomes), dataset="evaluation"))
            continue
        ends = None if weighting is not None else found.ends(measure)
        covers = "; no interval: the rows are weighted" if weighting is not None else _COVERS
        figures.append(
            Figure(
                id=key,
                value=float(found.drop[measure]),
                low=None if ends is None else ends[0],
                high=None if ends is None else ends[1],
                level=None if ends is None else _LEVEL,
                n=len(outcomes.labels) if measure == 0 else count,
                unit=outcomes.unit,
                method=f"{_lost(outcomes, measure)} when the input is shuffled, mean of {repeats} shuffles{covers}",
                dataset="evaluation",
                class_=_class_of(names, outcomes, measure),
                weighting=weighting,
            )
        )
    return figures


_COVERS = "; interval by normal approximation: it covers the sampling of rows and the shuffling, not refitting"


def _lost(outcomes: Outcomes, measure: int) -> str:
    if measure > 0:
        return "loss of recall of the class"
    return f"{'rise' if outcomes.better < 0 else 'loss'} of {outcomes.measure}"


def _class_of(names: Names, outcomes: Outcomes, measure: int) -> str | None:
    if outcomes.task == "binary":
        return names.class_(0)
    return names.class_(measure - 1) if measure > 0 else None


def too_few(outcomes: Outcomes) -> str:
    """Why there are too few outcomes."""
    per_class = " of a class" if outcomes.task != "regression" else ""
    return f"fewer than {FEWEST} rows{per_class} have an outcome"


def shuffle_totals(outcomes: Outcomes, base: float, repeats: int, weighting: str | None) -> tuple[Figure, ...]:
    """What the shuffles start from, and how many there are."""
    return (
        Figure(
            id="explanation.permutation.base",
            value=base,
            n=len(outcomes.labels),
            unit=outcomes.unit,
            method=f"{outcomes.measure} of the rows that are shuffled, before they are",
            dataset="evaluation",
            weighting=weighting,
        ),
        Figure(
            id="explanation.permutation.repeats",
            value=repeats,
            unit="count",
            method="shuffles of each input; the same orders for every input",
        ),
    )


def strongest(names: Names, output: int, feature: int, partner: dependence.Partner, *, rows: int, unit: Unit) -> Figure:
    """The input that another one interacts with most; a proportion where it was found by the approximate criterion."""
    keys = names.keys(output, feature=names.features[feature], **{"with": names.features[partner.column]})
    return Figure(
        id=figure_id("explanation.dependence.interaction", keys),
        value=partner.strength,
        n=rows,
        unit=unit,
        method=dependence.CRITERION if unit == "proportion" else _INTERACTION.partition("; interval")[0],
        dataset="evaluation",
        class_=names.class_(output),
    )


def interactions_of(names: Names, sizes: FloatArray, output: int, unit: Unit, most: int) -> list[Figure]:
    """The largest interactions of one output.

    Parameters
    ----------
    names : Names
        Of features and outputs.
    sizes : ndarray, shape (n_rows, n_features, n_features)
        As `dependence.strengths` gives them.
    output : int
        Index of the output.
    unit : str
        Of the values.
    most : int
        How many pairs.
    """
    first, second = np.triu_indices(sizes.shape[1], k=1)
    means = sizes[:, first, second].mean(axis=0)
    pairs = np.argsort(-means, kind="stable")[:most]
    among = "" if len(first) <= most else f"; the largest {most} of {len(first)} pairs"
    figures = []
    for p in map(int, pairs):
        mean, low, high = dependence.mean_with_ends(sizes[:, first[p], second[p]])
        keys = names.keys(output, feature=names.features[first[p]], **{"with": names.features[second[p]]})
        figures.append(
            Figure(
                id=figure_id("explanation.interaction.strength", keys),
                value=mean,
                low=low,
                high=high,
                level=None if low is None else _LEVEL,
                n=len(sizes),
                unit=unit,
                method=_INTERACTION + among,
                dataset="evaluation",
                class_=names.class_(output),
            )
        )
    return figures


def points_of(
    keys: dict[str, str],
    values: FloatArray,
    column: pd.Series,
    partner: pd.Series | None,
    *,
    known: bool,
) -> Series:
    """Points of one input: its value, its SHAP value, and how the input it interacts with most stood.

    Parameters
    ----------
    keys : dict
        Of the series.
    values : ndarray, shape (n_rows,)
        SHAP values.
    column, partner : pandas.Series
        Values of the input and of the other, of the same rows.
    known : bool
        Whether the other was found by interaction values.
    """
    columns: list[tuple[str, Values]] = [("value", _values(column)), ("shap", _floats(values))]
    method = "SHAP values on a seeded sample of the explained rows"
    if partner is not None:
        ranks = dependence.rank_of(partner)
        if np.isfinite(ranks).any():
            columns.append(("position", tuple(None if np.isnan(r) else round(float(r), 4) for r in ranks)))
            method += "; position is the rank of the other input's value among them, from 0 to 1"
        else:
            columns.append(("group", _words(partner)))
            method += "; group is the other input's value"
        found = "mean |2 Φ| of SHAP interaction values" if known else dependence.CRITERION
        method += f". The other input is chosen by: {found}"
    return Series(
        id=figure_id("explanation.dependence.points", keys),
        columns=tuple(columns),
        method=method,
        dataset="evaluation",
        n=len(values),
    )


def _values(column: pd.Series) -> Values:
    """Numbers as numbers, missing and infinite ones as None; everything else in words."""
    kind = kind_of(column)
    if kind not in ("number", "integer"):
        return _words(column)
    numbers = numbers_of(column)
    return tuple(None if np.isnan(v) else int(v) if kind == "integer" else float(v) for v in numbers)


def _words(column: pd.Series) -> Values:
    words: Sequence[str] = [
        MISSING if pd.isna(v) else str(v.isoformat()) if hasattr(v, "isoformat") else label_name(v) for v in column
    ]
    return tuple(words)
