"""Shapley values of an ensemble: each tree by tables or, where it is too deep for them, by walking it."""

from __future__ import annotations

from copy import copy
from dataclasses import dataclass, field
from functools import partial
from threading import Lock

import numpy as np
import numpy.typing as npt

from explainkit.explain.tree.encoding import MOST_CUTS
from explainkit.explain.tree.ensemble import Ensemble, IntArray, remembered
from explainkit.explain.tree.tabled import Tables, fill_tables, shares_of
from explainkit.explain.tree.walked import Shape, add_interventional, add_path_dependent, shape_of

FloatArray = npt.NDArray[np.float64]

MOST_PLAYERS = 12
"""Players on one path up to which tables are made: they grow as 2 to this power."""
MOST_AGAINST = 16
"""The same against a background: walking meets each row of it, so that it takes far longer, and may need a sample."""
_TREE_ROOM = 2_000_000  # numbers in the tables of one tree, before groups are formed
_ALL_ROOM = 100_000_000  # … of all trees
_ROOM_AGAINST = 10_000_000  # … of all trees beyond these limits that have tables against a background
_FEW = 2000  # rows that meet a part of the patterns only
_REPAID = 25_000  # rows × quadrature nodes from which making tables takes less time than walking


@dataclass(frozen=True, slots=True, kw_only=True)
class TreeValues:
    """Shapley values of an ensemble."""

    values: FloatArray
    """Shape (n_rows, n_players, n_outputs)."""
    base: FloatArray
    """Output with no player known, shape (n_outputs,)."""
    error: FloatArray | None
    """Standard error of each value where part of the background was sampled, shape as `values`."""
    sampled: int | None
    """Background rows in that sample."""


@dataclass(slots=True)
class _Made:
    """What an explainer and its copies make once for all of them."""

    parts: list[Ensemble]
    """Trees with tables."""
    shares: list[FloatArray | None] | None = None
    tables: list[Tables] | None = None
    asked: bool = False
    """Whether values were asked for before."""
    lock: Lock = field(default_factory=Lock)


class TreeExplainer:
    """Exact Shapley values of the players of an ensemble of trees.

    Parameters
    ----------
    ensemble : Ensemble
        The trees.
    players : ndarray of int, shape (n_columns,)
        Player behind each column of the matrix, from 0; columns of one player are known or unknown together.
    count : int
        Number of players.
    background : ndarray, shape (n_background, n_columns), optional
        Rows that unknown players are taken from (interventional); all are used, unless paths have more than
        `MOST_AGAINST` players. Without it unknown players are averaged over by the cover that the trees recorded
        (path-dependent).
    rows : int
        How many rows will be explained in all, as it decides whether making tables pays.
    seed : int
        Of the sample of the background, where a deep tree needs one.

    Raises
    ------
    ValueError
        If the background is empty.
    """

    def __init__(
        self,
        ensemble: Ensemble,
        players: IntArray,
        count: int,
        background: FloatArray | None = None,
        *,
        rows: int,
        seed: int = 0,
    ) -> None:
        if background is not None and len(background) == 0:
            raise ValueError("the background has no rows")
        self._players = np.ascontiguousarray(players, dtype=np.int64)
        self._count = count
        self._background = None if background is None else np.ascontiguousarray(background, dtype=np.float64)
        self._seed, self._rows = seed, rows
        self._base, self._outputs = ensemble.base, ensemble.outputs
        shape = shape_of(ensemble, self._players)
        deep = _too_deep(shape)
        self._unpaired = int(deep.sum())
        if background is not None:
            deep &= ~_worth_more_room(shape, deep)
        shallow = shape.unique[~deep]
        self._longest = (max(1, int(shallow.max())) if len(shallow) else 1, int(shape.walk[0].max(initial=0)))
        walked = deep
        if background is None:
            walked = deep | (rows * np.maximum(1, (shape.unique + 1) // 2) < _REPAID)
        self._deep = int(deep.sum())
        self._shallow = _batches(ensemble, np.flatnonzero(~deep))
        self._walked = _batches(ensemble, np.flatnonzero(walked))
        self._made = _Made(_batches(ensemble, np.flatnonzero(~walked)))

    def of(self, rows: int) -> TreeExplainer:
        """The same against the same background, for so many rows in all."""
        other = copy(self)
        other._rows = rows
        return other

    def _shares(self, part: Ensemble, *, pairs: bool = False) -> FloatArray | None:
        if self._background is None:
            return None
        return shares_of(part, self._players, self._count, self._background, pairs=pairs)

    def _tables(self, rows: FloatArray) -> list[Tables]:
        """Tables for some rows: all of them, and kept, unless they are asked for once only, for few rows."""
        made = self._made
        with made.lock:
            if made.shares is None:
                made.shares = [self._shares(part) for part in made.parts]
            if made.tables is None:
                few = not made.asked and len(rows) <= _FEW
                tables = [
                    fill_tables(
                        part, self._players, self._count, shares, longest=self._longest, rows=rows if few else None
                    )
                    for part, shares in zip(made.parts, made.shares, strict=True)
                ]
                made.asked = True
                if few:
                    return tables
                made.tables = tables
            return made.tables

    @property
    def deep(self) -> int:
        """Number of trees too deep for tables."""
        return self._deep

    def values(self, rows: FloatArray, into: FloatArray | None = None) -> TreeValues:
        """Shapley values of rows.

        Parameters
        ----------
        rows : ndarray, shape (n_rows, n_columns)
            As the reader's `matrix` gives them.
        into : ndarray of zeros, shape (n_rows, n_outputs, n_players), optional
            Memory for the values, of which those returned are then a view.
        """
        rows = np.ascontiguousarray(rows, dtype=np.float64)
        into = np.zeros((len(rows), self._outputs, self._count)) if into is None else into
        out = into.reshape(len(rows), -1)
        base = self._base.copy()
        variance, sampled = None, None
        for tables in self._tables(rows):
            tables.add(rows, out)
            base += tables.base
        for stream, part in enumerate(self._walked):
            if self._background is None:
                base += add_path_dependent(part, self._players, self._count, rows, out)
                continue
            walked = add_interventional(
                part,
                self._players,
                self._count,
                rows,
                self._background,
                out=out,
                total=max(self._rows, len(rows)),
                seed=(self._seed, stream),  # samples of their own, so that squares of their errors add up
            )
            base += walked.base
            if walked.variance is not None:
                variance = walked.variance if variance is None else variance + walked.variance
                sampled = walked.sampled if sampled is None else min(sampled, walked.sampled or 0)
        return TreeValues(
            values=into.transpose(0, 2, 1),
            base=base,
            error=None if variance is None else np.sqrt(self._by_player(variance)),
            sampled=sampled,
        )

    def _by_player(self, flat: FloatArray) -> FloatArray:
        return flat.reshape(len(flat), self._outputs, self._count).transpose(0, 2, 1)

    def interactions(self, rows: FloatArray) -> FloatArray:
        """Shapley interaction values of rows, by tables.

        Half of the interaction of two players stands at (i, j), half at (j, i); what is left of a player's value after
        its interactions stands at (i, i), so that rows of the matrix sum to the values.

        Parameters
        ----------
        rows : ndarray, shape (n_rows, n_columns)

        Returns
        -------
        ndarray, shape (n_rows, n_players, n_players, n_outputs)

        Raises
        ------
        ValueError
            If a path has too many players for tables.
        """
        if self._unpaired:
            raise ValueError(f"{self._unpaired} trees are too deep for tables of interactions")
        rows = np.ascontiguousarray(rows, dtype=np.float64)
        count = self._count
        out = np.zeros((len(rows), self._outputs * count * count))
        for part in self._shallow:
            shares = self._shares(part, pairs=True)
            fill_tables(part, self._players, self._count, shares, longest=self._longest, pairs=True).add(rows, out)
        table = out.reshape(len(rows), self._outputs, count, count).transpose(0, 2, 3, 1)
        both = table + table.transpose(0, 2, 1, 3)
        values = self.values(rows).values
        player = np.arange(count)
        both[:, player, player] = values - both.sum(axis=2)
        return both


def _too_deep(shape: Shape) -> npt.NDArray[np.bool_]:
    large = (shape.unique > MOST_PLAYERS) | (shape.room > _TREE_ROOM)
    together: npt.NDArray[np.bool_] = large | (np.cumsum(np.where(large, 0.0, shape.room)) > _ALL_ROOM)
    return together


def _worth_more_room(shape: Shape, deep: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """Which of the deep trees have tables all the same: a few, as a forest of them would take gigabytes."""
    fits = deep & (shape.unique <= MOST_AGAINST) & (shape.room <= _ROOM_AGAINST)
    chosen: npt.NDArray[np.bool_] = fits & (np.cumsum(np.where(fits, shape.room, 0.0)) <= _ROOM_AGAINST)
    return chosen


def _batches(ensemble: Ensemble, trees: IntArray) -> list[Ensemble]:
    """The trees in runs of few enough thresholds for 16-bit codes."""
    runs: list[list[int]] = []
    thresholds = MOST_CUTS + 1
    for tree, size in zip(trees.tolist(), (np.diff(ensemble.starts)[trees] // 2).tolist(), strict=True):
        if thresholds + size > MOST_CUTS:
            runs.append([])
            thresholds = 0
        runs[-1].append(tree)
        thresholds += size
    if len(trees) == ensemble.trees and len(runs) == 1:
        return [ensemble]  # which must not be remembered by itself: it would never be forgotten
    return [
        remembered(ensemble, ("trees", *run), partial(ensemble.take, np.array(run, dtype=np.int64))) for run in runs
    ]
