"""Values, and intervals of values, of one column that come with one outcome alone, though chance would hardly do that.

In sorted order a column falls into runs of values whose rows all have the same outcome; a column without an order has
one such run for each value. Two tests decide whether a run of n rows counts. If the column had nothing to do with the
outcome, n rows would all have an outcome of share p with a chance of at most pⁿ (outcomes being drawn without
replacement, it is smaller still), and of that there are as many tries as values and outcomes, over all columns
(Bonferroni). And if the outcome changed gradually, as with an honest predictor, the rows beside the run would nearly
all have that outcome too. So the chance has to be as small that n more rows drawn like those beside it (`BESIDE` on
either side at least, or a tenth of n, whole values taken; every share of them being equally likely beforehand) would
all have it. A value that gives the outcome away sets its rows apart from their neighbours.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from scipy import special

from explainkit.assess.data.values import Codes, Floats, Values
from explainkit.decision import label_name

BESIDE = 30
"""Fewest rows on either side of a run that it is held against, where there are as many."""
MISSING = "missing"
"""How a set is called that is made of the rows without a value."""


Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """Rows of one value, or of one interval, that all have one outcome."""

    rows: int
    outcome: int
    """Code of the outcome."""
    value: str
    """The value, or the interval."""
    chance: float = 1.0
    """The larger of the two chances, times the number of tries."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Determined:
    """What a column determines."""

    runs: tuple[Run, ...]
    """Those that count, the least likely first."""
    rows: int
    """Rows of all of them."""
    known: int
    """Rows with an outcome."""


@dataclass(frozen=True, kw_only=True)
class _Sets:
    """Sets of rows of one column, each of one value or of several neighbouring ones."""

    rows: Codes
    outcome: Codes
    """Code of the outcome that all rows of the set have, −1 where there are several."""
    beside: Codes
    """Rows beside the set."""
    alike: Codes
    """Those of them that have its outcome."""
    name: Callable[[int], str]
    """What a set is called, by its place."""


def determined(values: Values, outcomes: Codes, *, tries: int, least: int, chance: float) -> Determined:
    """Find what determines the outcome in one column.

    Parameters
    ----------
    values : Values
        The column.
    outcomes : numpy.ndarray
        Code of the outcome of each row from 0, −1 where it is unknown; shape (n_rows,).
    tries : int
        How many values and outcomes are tried in all columns together.
    least : int
        Fewest rows of a set that counts.
    chance : float
        Largest chance, all tries taken together.
    """
    known = outcomes >= 0
    total = int(known.sum())
    shares = np.bincount(outcomes[known]) / max(total, 1)
    if np.count_nonzero(shares) < 2:
        return Determined(runs=(), rows=0, known=total)
    found = []
    for sets in _sets(values, known, outcomes):
        with np.errstate(divide="ignore"):
            by_chance = sets.rows * np.log(np.append(shares, 0.0)[sets.outcome])
        likely = np.maximum(by_chance, _predicted(sets)) + math.log(tries)
        counts = (sets.outcome >= 0) & (sets.rows >= least) & (likely <= math.log(chance))
        for place in np.flatnonzero(counts).tolist():
            rows, outcome = int(sets.rows[place]), int(sets.outcome[place])
            found.append((float(likely[place]), Run(rows=rows, outcome=outcome, value=sets.name(place))))
    found.sort(key=lambda pair: pair[0])
    return Determined(
        runs=tuple(replace(run, chance=math.exp(likely)) for likely, run in found),
        rows=sum(run.rows for _, run in found),
        known=total,
    )


def _sets(values: Values, known: Bools, outcomes: Codes) -> Iterator[_Sets]:
    """Values in their order or not, then the rows without one, of the rows with an outcome."""
    lacking = known & values.missing
    everyone = np.bincount(outcomes[known])
    if values.numbers is not None:
        rows = values.ascending(known)
        if len(rows):
            yield _ordered(values.numbers[rows], outcomes[rows], everyone, dates=values.kind == "date")
    else:
        assert values.codes is not None
        there = known & (values.codes >= 0)
        if there.any():
            yield _unordered(values.codes[there], everyone, outcomes[there], values.name)
    if lacking.any():
        yield _unordered(np.zeros(int(lacking.sum()), np.int64), everyone, outcomes[lacking], lambda _: MISSING)


def _ordered(numbers: Floats, codes: Codes, everyone: Codes, *, dates: bool) -> _Sets:
    """Runs of neighbouring numbers, given in ascending order."""
    new = np.ones(len(numbers), np.bool_)
    new[1:] = numbers[1:] != numbers[:-1]
    first = np.flatnonzero(new)
    outcome = np.minimum.reduceat(codes, first)
    outcome[outcome != np.maximum.reduceat(codes, first)] = -1
    begins = np.ones(len(first), np.bool_)
    begins[1:] = (outcome[1:] < 0) | (outcome[1:] != outcome[:-1])
    run = np.flatnonzero(begins)
    outcome = outcome[run]
    start, stop = first[run], np.append(first[run[1:]], len(numbers))

    def name(place: int) -> str:
        return _interval(numbers[start[place] : stop[place]], start[place] == 0, stop[place] == len(numbers), dates)

    beside, alike = _beside(codes, np.append(first, len(numbers)), start, stop, outcome)
    if len(run) == 1 and outcome[0] >= 0:  # all numbers together: only the rows without one are left to compare with
        beside = everyone.sum() - np.array([len(numbers)])
        alike = everyone[outcome] - len(numbers)
    return _Sets(rows=stop - start, outcome=outcome, beside=beside, alike=alike, name=name)


def _predicted(sets: _Sets) -> Floats:
    """Logarithm of the chance that as many more rows like those beside would all have the outcome of the set."""
    from_all = special.gammaln(sets.alike + 1 + sets.rows) - special.gammaln(sets.alike + 1)
    chance: Floats = from_all - special.gammaln(sets.beside + 2 + sets.rows) + special.gammaln(sets.beside + 2)
    return chance


def _beside(codes: Codes, borders: Codes, start: Codes, stop: Codes, outcome: Codes) -> tuple[Codes, Codes]:
    """Rows on either side of each run, whole values taken, and those of its outcome among them."""
    reach = np.maximum((stop - start) // 10, BESIDE)
    left = borders[np.searchsorted(borders, np.maximum(start - reach, 0), side="right") - 1]
    right = borders[np.searchsorted(borders, np.minimum(stop + reach, len(codes)), side="left")]
    alike = np.zeros(len(start), np.int64)
    for code in np.unique(outcome[outcome >= 0]):
        own = outcome == code
        sums = np.concatenate(([0], np.cumsum(codes == code, dtype=np.int64)))
        alike[own] = sums[start[own]] - sums[left[own]] + sums[right[own]] - sums[stop[own]]
    return start - left + right - stop, alike


def _unordered(place: Codes, everyone: Codes, codes: Codes, name: Callable[[int], str]) -> _Sets:
    """One set for each value, beside all rows of other values; `everyone` are the rows of each outcome."""
    rows, total = np.bincount(place), int(everyone.sum())
    low, high = np.full(len(rows), len(everyone)), np.full(len(rows), -1)
    np.minimum.at(low, place, codes)
    np.maximum.at(high, place, codes)
    outcome = np.where(low == high, low, -1)
    alike = np.where(outcome >= 0, np.append(everyone, 0)[outcome] - rows, 0)
    return _Sets(rows=rows, outcome=outcome, beside=total - rows, alike=alike, name=name)


def _interval(numbers: Floats, lowest: bool, highest: bool, dates: bool) -> str:
    """An interval by its ends; one that reaches to the end of the column has one alone."""
    low, high = (_text(float(end), dates) for end in (numbers[0], numbers[-1]))
    if numbers[0] == numbers[-1]:
        return low
    return f"≤ {high}" if lowest else f"≥ {low}" if highest else f"{low} – {high}"


def _text(number: float, dates: bool) -> str:
    if not dates or not math.isfinite(number):
        return label_name(number)
    return str(np.datetime64(0, "D") + np.timedelta64(math.floor(number), "D"))
