"""Which rows an applicant is compared with, and what the inputs contributed to their scores."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from explainkit.explain.decision.setting import BoolArray, FloatArray, IntArray, Situation
from explainkit.explain.shapley import attribute
from explainkit.explain.strategy import Strategy, Trial, after_trial
from explainkit.explanation import Explanation

FEWEST = 30
"""Fewest rows that a mean is taken of."""
Against = Literal["cutoff", "all"]
_TRIED = 1000
_EXACT_PLAYERS = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Contributions of rows, and the groups of rows that a single one is held against.

    Positions are those of evaluation rows. Contributions are interventional, against the whole reference set.
    """

    positions: IntArray
    """Rows explained, ascending, shape (n_rows,)."""
    values: FloatArray
    """Contributions to the class explained, shape (n_rows, n_players)."""
    adverse: BoolArray
    """Which of them were decided against the person, shape (n_rows,)."""
    cutoff: IntArray
    """Rows just above the cut-off; those explained of them."""
    everyone: IntArray
    """All rows, or the sample of them."""
    band: int
    """Number of rows just above the cut-off, explained or not."""
    far: float | None
    """Score of those that lies furthest from the cut-off."""
    favoured: int
    """Number of rows decided favourably."""
    explanation: Explanation
    """How the contributions were computed."""

    def rows_of(self, positions: Sequence[int] | IntArray) -> IntArray:
        """Where rows stand in `values`."""
        return np.searchsorted(self.positions, np.asarray(positions, dtype=np.intp)).astype(np.intp)

    def mean(self, against: Against) -> FloatArray | None:
        """Mean contribution of each player in a group, shape (n_players,); None for fewer than 30 rows."""
        group = self.cutoff if against == "cutoff" else self.everyone
        if len(group) < FEWEST:
            return None
        found: FloatArray = self.values[self.rows_of(group)].mean(axis=0)
        return found


def just_above(scores: FloatArray, favoured: BoolArray, at: float, share: float) -> IntArray:
    """Favourably decided rows whose scores lie nearest to the cut-off.

    Parameters
    ----------
    scores : ndarray, shape (n_rows,)
        Scores.
    favoured : ndarray of bool, shape (n_rows,)
        Who is decided favourably.
    at : float
        The cut-off.
    share : float
        Share of the favourably decided rows, 0 to 1; never fewer than 30 rows. Rows that tie with the last one belong
        to it, so the order of the rows does not matter.
    """
    among = np.flatnonzero(favoured)
    if len(among) == 0:
        return among
    distance = np.abs(scores[among] - at)
    count = min(len(among), max(FEWEST, math.ceil(share * len(among))))
    limit = np.partition(distance, count - 1)[count - 1]
    near: IntArray = among[distance <= limit]
    return near


def compare(setting: Situation, cases: Sequence[int], known: Explanation | None) -> Comparison:
    """Explain cases, the rows just above the cut-off, and all rows or a sample of them.

    Parameters
    ----------
    setting : Situation
        With a threshold and a favourable outcome.
    cases : sequence of int
        Positions of single cases.
    known : Explanation, optional
        Of some evaluation rows, against the same reference set: these are not explained again.
    """
    plan, count = setting.plan, len(setting.rows)
    trial = setting.trial
    if trial is None:
        tried = setting.rows.iloc[setting.draw(count, _TRIED, 4)]
        trial = Trial.of(setting.model, tried, setting.players, setting.target)
    strategy = after_trial(trial, output=plan.output, kind="interventional")
    # Some sixty rows are explained here, for their mean: with more players, enumeration would take minutes.
    strategy = replace(strategy, exact_players=_EXACT_PLAYERS)
    behind = strategy.background_rows(min(plan.background, len(setting.reference)))
    most = max(FEWEST, strategy.rows(behind, plan.rows))
    scores, favoured = setting.subject.rows.scores, setting.favoured
    assert setting.subject.threshold is not None
    band = just_above(scores, favoured, setting.subject.threshold.at, plan.band)
    cutoff = band[setting.draw(len(band), most, 11)]
    everyone = setting.draw(count, most, 0)
    positions = np.union1d(np.union1d(everyone, cutoff), np.asarray(cases, dtype=np.intp)).astype(np.intp)
    values, how = _values(setting, strategy, positions, known)
    distance = np.abs(scores[band] - setting.subject.threshold.at)
    return Comparison(
        positions=positions,
        values=values,
        adverse=~favoured[positions],
        cutoff=cutoff,
        everyone=everyone,
        band=len(band),
        far=float(scores[band[distance.argmax()]]) if len(band) else None,
        favoured=int(favoured.sum()),
        explanation=how,
    )


def _values(
    setting: Situation, strategy: Strategy, positions: IntArray, known: Explanation | None
) -> tuple[FloatArray, Explanation]:
    """Contributions at some positions, those already known taken as they are."""
    values = np.empty((len(positions), strategy.players.count))
    have = np.zeros(len(positions), dtype=bool)
    predictions = None
    if known is not None:
        order = np.argsort(known.rows)
        at = np.asarray(known.rows, dtype=np.intp)[order]
        place = np.searchsorted(at, positions).clip(max=len(at) - 1)
        seen = at[place] == positions
        if known.background_rows > 0:
            have = seen
            values[have] = known.values[order[place[have]], :, 0]
            if have.all():
                return values, known
        # Values without a background are path-dependent: another question was asked there, about the same output.
        elif seen.all() and _same_output(known, strategy):
            predictions = known.predictions[order[place]]
    rows, seed = setting.rows.iloc[positions[~have]], setting.plan.seed
    found = attribute(strategy, setting.model, rows, setting.background, setting.target, seed, predictions=predictions)
    values[~have] = found.values[:, :, 0]
    return values, found


def _same_output(known: Explanation, strategy: Strategy) -> bool:
    """Whether an explanation is of the output that a strategy explains."""
    return known.space == strategy.space and (known.exactness == "rescaled") == strategy.rescaled
