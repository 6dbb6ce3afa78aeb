"""How far LIME weights change with the seed of the perturbations."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.stats import rankdata

from explainkit.explain.target import UNITS
from explainkit.explanation import Explanation
from explainkit.figures import Figure, Unit, figure_id

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.intp]


@dataclass(frozen=True, slots=True, kw_only=True)
class Stability:
    """The weights of each row, refitted with other seeds. Columns without any weight count nowhere."""

    seeds: tuple[int, ...]
    """The other seeds."""
    rank: FloatArray
    """Spearman's correlation of the sizes of the weights with those of another seed, mean over the other seeds, shape
    (n_rows, n_outputs); NaN where fewer than two columns have weight or their sizes are all equal."""
    columns: IntArray
    """Columns with weight for any seed, shape (n_rows, n_outputs)."""
    kept: IntArray
    """Of these, columns whose weight has the same sign for every seed."""
    spread: FloatArray
    """Standard deviation of each weight over all seeds, shape (n_rows, n_features, n_outputs)."""


def stability(weights: FloatArray, seeds: tuple[int, ...]) -> Stability:
    """Compare the weights of a seed with those of others.

    Parameters
    ----------
    weights : ndarray, shape (1 + n_seeds, n_rows, n_features, n_outputs)
        Those of the seed reported come first.
    seeds : tuple of int
        The other seeds, at least one.
    """
    used = (weights != 0).any(axis=0)
    signs = np.sign(weights)
    kept = used & (signs == signs[0]).all(axis=0)
    rows, _, outputs = used.shape
    rank = np.full((rows, outputs), np.nan)
    for row in range(rows):
        for k in range(outputs):
            rank[row, k] = _rank_correlation(np.abs(weights[:, row, used[row, :, k], k]))
    return Stability(
        seeds=seeds,
        rank=rank,
        columns=used.sum(axis=1),
        kept=kept.sum(axis=1),
        spread=weights.std(axis=0, ddof=1),
    )


def _rank_correlation(sizes: FloatArray) -> float:
    """Mean correlation of the ranks in the first row with those in each other row."""
    if sizes.shape[1] < 2:
        return np.nan
    ranks = rankdata(sizes, axis=1)
    ranks -= ranks.mean(axis=1, keepdims=True)
    lengths = np.sqrt((ranks**2).sum(axis=1))
    if (lengths == 0).any():
        return np.nan
    return float(((ranks[1:] @ ranks[0]) / (lengths[1:] * lengths[0])).mean())


def stability_figures(
    explanation: Explanation, found: Stability, *, key: str, row: int, output: int
) -> tuple[Figure, ...]:
    """Agreement of ranks and signs, and the largest spread of a weight, of one case.

    Parameters
    ----------
    explanation : Explanation
        LIME weights.
    found : Stability
        Of the same rows.
    key : str
        Name of the case.
    row, output : int
        Where it stands in the explanation, and which output is shown.
    """
    seeds, columns = len(found.seeds), int(found.columns[row, output])
    again = f"refitted with {seeds} other seed{'s' if seeds > 1 else ''}"
    rank = float(found.rank[row, output])
    kept = int(found.kept[row, output])
    values: tuple[tuple[str, float | None, Unit, str], ...] = (
        ("rank_stability", None if np.isnan(rank) else rank, "none", _RANK),
        ("sign_stability", kept / columns if columns else None, "proportion", _SIGN),
        ("spread", float(found.spread[row, :, output].max()), UNITS[explanation.space], _SPREAD),
    )
    return tuple(
        Figure(
            id=figure_id(f"explanation.lime.{name}", case=key),
            value=value,
            status="insufficient" if value is None else "measured",
            reason="too few columns have a weight of their own to be compared" if value is None else None,
            n=None if value is None else 1,
            unit=unit,
            method=f"{how}, {again}",
            dataset="evaluation",
            class_=None if explanation.outputs == ("prediction",) else explanation.outputs[output],
        )
        for name, value, unit, how in values
    )


_RANK = "Spearman's rank correlation of the sizes of the weights, mean over seeds"
_SIGN = "share of the weights that have the same sign for every seed"
_SPREAD = "largest standard deviation of a weight over seeds"
