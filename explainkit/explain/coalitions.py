"""Shapley values of a model as a function: every coalition of its players, or random orders of them.

The value of a player is the mean over the background of its value against each background row. Against one row, only
players whose values differ can change anything: the others have the value 0 and need not be asked about, so a pair of
rows that differ in d players takes 2^d answers of the model however many players there are. The model is asked a few
times with many rows: pairs, coalitions and background rows are mixed in blocks of bounded size.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.intp]
BoolArray = npt.NDArray[np.bool_]
Function = Callable[[IntArray], FloatArray]

RUNS = 10
"""Independent runs of random orders; their spread gives the standard error."""
_CELLS = 8_000_000
"""Values mixed for one call of the model."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Game:
    """A model whose unknown players are replaced by those of every background row; the worth is the mean output."""

    function: Function
    """Outputs, shape (n, k), of rows of codes, shape (n, n_players)."""
    rows: IntArray
    """Codes of the rows to explain, shape (n_rows, n_players)."""
    background: IntArray
    """Codes of the background rows, shape (n_background, n_players)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Pairs:
    """Pairs of a row and a background row that differ in the same number of players."""

    row: IntArray
    behind: IntArray
    players: IntArray
    """The players in which each pair differs, ascending; shape (n_pairs, d)."""


def exact_values(game: Game) -> tuple[FloatArray, FloatArray]:
    """Shapley values over all coalitions.

    Returns
    -------
    values : ndarray, shape (n_rows, n_players, k)
    base : ndarray, shape (n_rows, k)
    """
    own, base = _ends(game)
    values = np.zeros((*game.rows.shape, own.shape[1]))
    for pairs in _pairs(game):
        count = pairs.players.shape[1]
        coalitions = (np.arange(2**count)[:, None] >> np.arange(count) & 1).astype(bool)
        sizes = coalitions.sum(axis=1)
        weights = np.array([1.0 / (count * math.comb(count - 1, s)) for s in range(count)])
        for part in _parts(pairs, len(coalitions) * game.rows.shape[1]):
            known = np.broadcast_to(coalitions[1:-1], (len(part.row), 2**count - 2, count))
            ends = base[part.behind][:, None], own[part.row][:, None]
            worths = np.concatenate([ends[0], _answers(game, part, known, like=own), ends[1]], axis=1)
            for j in range(count):
                without = np.flatnonzero(~coalitions[:, j])
                gains = worths[:, without | 1 << j] - worths[:, without]
                found = (gains * weights[sizes[without]][None, :, None]).sum(axis=1)
                np.add.at(values, (part.row, part.players[:, j]), found)
    return values / len(game.background), _means(base, len(values))


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
    own, base = _ends(game)
    rng = np.random.default_rng([seed, 6])
    place = np.argsort(np.stack([rng.permutation(game.rows.shape[1]) for _ in range(RUNS)]), axis=1)
    runs = np.zeros((*game.rows.shape, RUNS, own.shape[1]))
    for pairs in _pairs(game):
        cells = 2 * pairs.players.shape[1] * game.rows.shape[1]  # of one order and its reverse
        at_once = max(1, min(RUNS, _CELLS // cells))
        for part in _parts(pairs, at_once * cells):
            for first in range(0, RUNS, at_once):
                orders = slice(first, first + at_once)
                found = _walked(game, part, place[orders], own, base)
                for j in range(part.players.shape[1]):
                    np.add.at(runs[:, :, orders], (part.row, part.players[:, j]), found[:, :, j])
    runs /= len(game.background)
    return runs.mean(axis=2), _means(base, len(runs)), runs.std(axis=2, ddof=1) / math.sqrt(RUNS)


def _walked(game: Game, pairs: _Pairs, place: IntArray, own: FloatArray, base: FloatArray) -> FloatArray:
    """What each differing player adds in each order, the mean of both directions; shape (n_pairs, n_orders, d, k).

    Parameters
    ----------
    place : ndarray of int, shape (n_orders, n_players)
        Place of each player in each order.
    own, base : ndarray, shape (n_rows, k) and (n_background, k)
        Outputs of the rows, and of the background rows.
    """
    count, orders, outputs = pairs.players.shape[1], len(place), own.shape[1]
    # Rank of each differing player among these in each order, and in its reverse.
    rank = np.argsort(np.argsort(place[:, pairs.players].transpose(1, 0, 2), axis=2), axis=2)
    both = np.concatenate([rank, count - 1 - rank], axis=1)
    known = both[:, :, None, :] < np.arange(1, count)[None, None, :, None]
    between = _answers(game, pairs, known.reshape(len(pairs.row), -1, count), like=own)
    wide = (len(pairs.row), 2 * orders, 1, outputs)
    first, last = (np.broadcast_to(end[:, None, None], wide) for end in (base[pairs.behind], own[pairs.row]))
    steps = np.concatenate([first, between.reshape(*wide[:2], count - 1, outputs), last], axis=2)
    gains = np.take_along_axis(np.diff(steps, axis=2), both[..., None], axis=2)
    mean: FloatArray = (gains[:, :orders] + gains[:, orders:]) / 2.0
    return mean


def answers_needed(players: int, *, exact: bool) -> int:
    """Answers of the model for one row against one background row, where every player differs."""
    return 2**players if exact else 2 * RUNS * max(0, players - 1) + 2


def _ends(game: Game) -> tuple[FloatArray, FloatArray]:
    """Outputs of the rows themselves, and of the background rows."""
    answers = game.function(np.concatenate([game.rows, game.background]))
    return answers[: len(game.rows)], answers[len(game.rows) :]


def _means(base: FloatArray, rows: int) -> FloatArray:
    return np.tile(base.mean(axis=0), (rows, 1))


def _pairs(game: Game) -> Iterator[_Pairs]:
    """All pairs of rows that differ at all, by the number of players in which they do."""
    differ = game.rows[:, None, :] != game.background[None, :, :]
    sizes = differ.sum(axis=2)
    for size in map(int, np.unique(sizes[sizes > 0])):
        row, behind = np.nonzero(sizes == size)
        players = np.nonzero(differ[row, behind])[1].reshape(len(row), size)
        yield _Pairs(row=row, behind=behind, players=players)


def _parts(pairs: _Pairs, cells: int) -> Iterator[_Pairs]:
    """Pairs in runs of few enough for one call of the model, which take `cells` values each."""
    at_once = max(1, _CELLS // cells)
    for start in range(0, len(pairs.row), at_once):
        part = slice(start, start + at_once)
        yield _Pairs(row=pairs.row[part], behind=pairs.behind[part], players=pairs.players[part])


def _answers(game: Game, pairs: _Pairs, known: BoolArray, *, like: FloatArray) -> FloatArray:
    """Outputs of each pair mixed by coalitions of the players in which it differs.

    Parameters
    ----------
    known : ndarray of bool, shape (n_pairs, n_coalitions, d)
    like : ndarray, shape (n, k)
        Any outputs.

    Returns
    -------
    ndarray, shape (n_pairs, n_coalitions, k)
    """
    count, sets, _ = known.shape
    if sets == 0:
        return np.empty((count, 0, like.shape[1]))
    mixed = np.repeat(game.background[pairs.behind][:, None, :], sets, axis=1)
    own = np.take_along_axis(game.rows[pairs.row], pairs.players, axis=1)
    other = np.take_along_axis(game.background[pairs.behind], pairs.players, axis=1)
    chosen = np.where(known, own[:, None, :], other[:, None, :])
    np.put_along_axis(mixed, np.broadcast_to(pairs.players[:, None, :], known.shape), chosen, axis=2)
    found: FloatArray = game.function(mixed.reshape(-1, mixed.shape[2])).reshape(count, sets, -1)
    return found
