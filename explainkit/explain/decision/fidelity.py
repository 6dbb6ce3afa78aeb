"""Does changing the stated reasons change the decision? And do other inputs do it as well?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from explainkit.explain.decision.answers import Mixable
from explainkit.explain.decision.setting import IntArray, Situation

MOST_DONORS = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Fidelity:
    """How often the decision turns."""

    stated: int
    """Replacements of the stated reasons that turn it."""
    others: int | None
    """Replacements of as many other inputs that turn it; None where there are no other inputs."""
    tried: int
    """Replacements of each kind."""


def fidelity(
    setting: Situation, cases: Sequence[int], reasons: Sequence[Sequence[int]], donors: IntArray
) -> tuple[Fidelity | None, ...]:
    """Replace the stated reasons of adverse cases by the values of donors, and as many other inputs drawn at random.

    The values of one donor go together, so that they are values that occur together.

    Parameters
    ----------
    setting : Situation
        With the model.
    cases : sequence of int
        Positions of cases decided against the person.
    reasons : sequence of sequences of int
        Indices of their stated reasons.
    donors : ndarray of int
        Positions of the rows that values come from: those the reasons were ranked against; at most 500 are drawn.

    Returns
    -------
    tuple of Fidelity or None
        One for each case; None where there is no reason or no donor.
    """
    donors = donors[setting.draw(len(donors), MOST_DONORS, 13)]
    if len(donors) == 0 or not any(reasons):
        return tuple(None for _ in cases)
    mixable = Mixable.of(setting, np.asarray(cases, dtype=np.intp), setting.rows.iloc[donors], setting.players)
    found: list[Fidelity | None] = []
    for row, stated in enumerate(reasons):
        found.append(_one(mixable, row, tuple(stated), int(cases[row])) if stated else None)
    return tuple(found)


def _one(mixable: Mixable, row: int, stated: tuple[int, ...], position: int) -> Fidelity:
    donors, setting = mixable.others, mixable.setting
    count, columns = donors.shape
    replaced = np.zeros((2 * count, columns), dtype=bool)
    replaced[:count, list(stated)] = True
    rest = np.setdiff1d(np.arange(columns), stated)
    width = min(len(stated), len(rest))
    # The draw of a case is its own, so that it does not depend on which other cases are explained.
    draws = np.random.default_rng([setting.plan.seed, 14, position]).random((count, len(rest)))
    picked = rest[np.argsort(draws, axis=1, kind="stable")[:, :width]]
    replaced[count + np.arange(count)[:, None], picked] = True
    codes = np.where(replaced, np.concatenate([donors, donors]), mixable.rows[row])
    turned = setting.favours(mixable.scores(codes))
    return Fidelity(
        stated=int(turned[:count].sum()),
        others=int(turned[count:].sum()) if width == len(stated) else None,
        tried=count,
    )
