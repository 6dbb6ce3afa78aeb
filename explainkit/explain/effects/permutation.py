"""Permutation importance: how much worse answers fit the outcomes when a column, or a group of them, is shuffled."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from explainkit.explain.codes import encode
from explainkit.explain.effects.exchange import Exchange
from explainkit.explain.effects.quality import Outcomes
from explainkit.explain.players import Players

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.intp]

_NORMAL = 1.959963984540054  # quantile of the standard normal distribution at 0.975
REPEATS = (5, 20)
"""Fewest and most shuffles of each column."""
_ROWS = (200, 5000)  # fewest (where there are that many) and most rows shuffled
_ANSWERS = 110_000  # made-up rows in all
_ROUNDING = 1e-13  # gains and losses that cancel leave nothing but rounding
_HELD = 10_000_000  # numbers that the model answers for one column


@dataclass(frozen=True, slots=True, kw_only=True)
class Loss:
    """What shuffling one column costs; read-only arrays."""

    drop: FloatArray
    """How much worse each measure gets, mean over the shuffles, shape (n_measures,); negative where it gets better."""
    error: FloatArray
    """Standard error of each, over samples of rows; shape (n_measures,)."""

    def __post_init__(self) -> None:
        self.drop.setflags(write=False)
        self.error.setflags(write=False)

    def ends(self, measure: int) -> tuple[float, float] | None:
        """Interval by normal approximation, level 0.95; None where nothing varies."""
        value, half = float(self.drop[measure]), _NORMAL * float(self.error[measure])
        return (value - half, value + half) if half > 0 else None


def sizes(rows: int, features: int, columns: int, outputs: int) -> tuple[int, int]:
    """How many rows are shuffled, and how often, so that the work stays bounded.

    Parameters
    ----------
    rows : int
        Rows with an outcome.
    features : int
        Columns to shuffle.
    columns, outputs : int
        Inputs and outputs of the model.
    """
    # Wide rows cost as much as many rows.
    each = min(int(_ANSWERS * min(1.0, 240 / columns)) // features, _HELD // outputs)
    fewest, most = REPEATS
    taken = min(rows, _ROWS[1], max(_ROWS[0], each // fewest))
    return taken, min(most, max(fewest, each // max(1, taken)))


def shuffles(rows: int, repeats: int, seed: int) -> IntArray:
    """Orders that values are put in, the same for every column; shape (repeats, rows)."""
    return np.stack([np.random.default_rng([seed, 8, r]).permutation(rows) for r in range(repeats)])


def permutation_loss(
    asked: Exchange, names: Sequence[str], outcomes: Outcomes, rows: IntArray, own: FloatArray, orders: IntArray
) -> Loss:
    """Shuffle one column, or some together, and compare.

    The interval is of the first order: a row matters as one that is asked about and as one whose value others are
    given, and both are counted. With few shuffles it is somewhat too wide.

    Parameters
    ----------
    asked : Exchange
        The model and its rows.
    names : sequence of str
        The columns.
    outcomes : Outcomes
        Of the rows shuffled.
    rows : ndarray of int, shape (n_rows,)
        Their positions.
    own : ndarray, shape (n_rows, n_outputs)
        Answers to them as they are.
    orders : ndarray of int, shape (n_repeats, n_rows)
        Which of them gives its value to each, shuffle by shuffle.

    Raises
    ------
    ModelError
        If the model refuses such rows.

    References
    ----------
    Breiman (2001), Machine Learning 45, 5–32, doi:10.1023/A:1010933404324; Fisher, Rudin and Dominici (2019), JMLR 20
    (177), 1–81; for rows as U-statistics Hoeffding (1948), doi:10.1214/aoms/1177730196.
    """
    base = outcomes.quality(own)
    drop = np.zeros_like(base.values)
    change = np.zeros_like(base.influence)
    for order, answers in zip(orders, _shuffled(asked, names, rows, own, orders), strict=True):
        quality = outcomes.quality(answers)
        drop += base.values - quality.values
        moved = base.influence - quality.influence
        change += moved
        change[:, order] += moved
    count = len(rows)
    error = np.sqrt((change**2).sum(axis=1) * count / max(1, count - 1)) / len(orders)
    drop[np.abs(drop) <= _ROUNDING * np.abs(base.values)] = 0.0
    return Loss(drop=outcomes.better * drop / len(orders), error=error)


def _shuffled(asked: Exchange, names: Sequence[str], rows: IntArray, own: FloatArray, orders: IntArray) -> FloatArray:
    """Answers after each shuffle, shape (n_repeats, n_rows, n_outputs).

    A row that is given a value it had, or was given before, is not asked about again.
    """
    together = Players(names=("shuffled",), of=(0,) * len(names))
    codes = encode(asked.rows[list(names)].iloc[rows], together)[1][:, 0]
    distinct = int(codes.max()) + 1
    donor = np.empty(distinct, dtype=np.intp)
    donor[codes[::-1]] = rows[::-1]
    given, receivers = codes[orders], np.broadcast_to(np.arange(len(rows)), orders.shape)
    answers = np.broadcast_to(own, (len(orders), *own.shape)).copy()
    changed = given != codes
    pairs, which = np.unique(receivers[changed] * distinct + given[changed], return_inverse=True)
    if len(pairs):
        made = asked.answers(names, rows[pairs // distinct], donor[pairs % distinct])
        answers[changed] = made[which]
    return answers
