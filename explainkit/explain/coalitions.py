"""Shapley values of a model as a function: every coalition of its players, or random orders of them.

The model is asked a few times with many rows: the rows explained, the coalitions and the background rows are mixed in
blocks of bounded size.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.intp]
BoolArray = npt.NDArray[np.bool_]

RUNS = 10
"""Independent runs of random orders; their spread gives the standard error."""
_CELLS = 8_000_000
"""Values mixed for one call of the model."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Game:
    """A model whose unknown columns are replaced by those of every background row; the worth is the mean output."""

    function: Callable[[IntArray], FloatArray]
    """Outputs, shape (n, k), of rows of codes, shape (n, m)."""
    rows: IntArray
    """Codes of the rows to explain, shape (n_rows, m)."""
    background: IntArray
    """Codes of the background rows, shape (n_background, m)."""
    players: IntArray
    """Player of each column, from 0; columns of one player are known or unknown together. Shape (m,)."""

    @property
    def count(self) -> int:
        """Number of players."""
        return int(self.players.max()) + 1

    def worths(self, coalitions: BoolArray) -> FloatArray:
        """Worth of each coalition of players for each row, shape (n_rows, n_coalitions, k).

        Parameters
        ----------
        coalitions : ndarray of bool, shape (n_coalitions, n_players)
            Known players.
        """
        count, behind = len(self.rows), len(self.background)
        columns = coalitions[:, self.players]
        sets = len(columns)
        pairs = np.arange(count * sets)
        at_once = max(1, _CELLS // (behind * self.rows.shape[1]))
        means = []
        for start in range(0, len(pairs), at_once):
            row, which = np.divmod(pairs[start : start + at_once], sets)
            mixed = np.where(columns[which][:, None, :], self.rows[row][:, None, :], self.background[None, :, :])
            answers = self.function(mixed.reshape(-1, mixed.shape[2]))
            means.append(answers.reshape(len(row), behind, -1).mean(axis=1))
        found: FloatArray = np.concatenate(means).reshape(count, sets, -1)
        return found


def exact_values(game: Game) -> tuple[FloatArray, FloatArray]:
    """Shapley values over all coalitions.

    Returns
    -------
    values : ndarray, shape (n_rows, n_players, k)
    base : ndarray, shape (n_rows, k)
    """
    count = game.count
    coalitions = (np.arange(2**count)[:, None] >> np.arange(count) & 1).astype(bool)
    worths = game.worths(coalitions)
    sizes = coalitions.sum(axis=1)
    weights = np.array([1.0 / (count * math.comb(count - 1, s)) for s in range(count)])
    values = np.empty((len(worths), count, worths.shape[2]))
    for j in range(count):
        without = np.flatnonzero(~coalitions[:, j])
        gains = worths[:, without | 1 << j] - worths[:, without]
        values[:, j] = (gains * weights[sizes[without]][None, :, None]).sum(axis=1)
    return values, worths[:, 0]


def sampled_values(game: Game, *, seed: int) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Shapley values estimated from random orders of the players, each order walked forwards and backwards.

    Every row sees the same orders, so its values do not depend on which other rows are explained, and every walk goes
    from the empty coalition to the full one, so that values add up.

    Returns
    -------
    values : ndarray, shape (n_rows, n_players, k)
        Mean of `RUNS` orders.
    base : ndarray, shape (n_rows, k)
    error : ndarray, shape (n_rows, n_players, k)
        Standard error of each value, from the spread of the orders.

    References
    ----------
    Castro, Gómez and Tejada, Computers & Operations Research 2009, doi:10.1016/j.cor.2008.04.004. Mitchell et al.,
    JMLR 2022, for orders and their reverses.
    """
    count = game.count
    rng = np.random.default_rng([seed, 6])
    orders = np.stack([rng.permutation(count) for _ in range(RUNS)])
    both = np.concatenate([orders, orders[:, ::-1]])
    place = np.argsort(both, axis=1)
    known = place[:, None, :] < np.arange(1, count)[None, :, None]  # (walks, players − 1, players)
    ends = game.worths(np.stack([np.zeros(count, bool), np.ones(count, bool)]))
    shape = (len(game.rows), len(both), count - 1, ends.shape[2])
    between = game.worths(known.reshape(-1, count)).reshape(shape) if count > 1 else np.empty(shape)
    wide = (len(game.rows), len(both), 1, ends.shape[2])
    steps = np.concatenate(
        [np.broadcast_to(ends[:, :1, None], wide), between, np.broadcast_to(ends[:, 1:, None], wide)], axis=2
    )
    gains = np.diff(steps, axis=2)
    walked = np.take_along_axis(gains, place[None, :, :, None], axis=2)
    runs = (walked[:, :RUNS] + walked[:, RUNS:]) / 2.0
    return runs.mean(axis=1), ends[:, 0], runs.std(axis=1, ddof=1) / math.sqrt(RUNS)
