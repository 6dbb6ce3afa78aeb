"""Classifier two-sample test: how well a classifier tells evaluation rows from reference rows, all columns together.

Columns that look alike one by one may still go together otherwise. Randomised trees are taught on one half of the
rows which of the two data sets a row is of, and asked about the other half, and the other way round. Where nothing has
changed, each half's area under the ROC curve has the distribution of Mann and Whitney, whatever was learned from the
other half. The two areas are not independent of each other, so the smaller p-value is doubled.

References
----------
Lopez-Paz and Oquab (2017), Revisiting Classifier Two-Sample Tests, ICLR, arXiv:1610.06545; Geurts, Ernst and
Wehenkel (2006), Machine Learning 63, 3–42, doi:10.1007/s10994-006-6226-1, on the trees; Mann and Whitney (1947), Annals
of Mathematical Statistics 18, 50–60, doi:10.1214/aoms/1177730491.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from explainkit.assess.data.values import values_of
from explainkit.assess.statistics.intervals import Interval, delong
from explainkit.assess.statistics.ranking import auc, tabulate

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

LEAST = 100
"""Fewest rows of each data set."""
MOST_SHUFFLED = 8
"""Columns that are shuffled at most, those that lie furthest apart by themselves."""
_COMMON = 100
"""Categories of a column that the classifier sees, the most frequent ones."""
_STREAM = 72
_TREES, _LEAF = 40, 10
_ASKED = 20_000
"""Rows that the classifier is asked about at once, if not all of one half are more."""
_LARGEST = 1e37
"""What trees can hold; a larger number is ranked with it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ToldApart:
    """How well a classifier tells the data sets apart."""

    area: float
    interval: Interval | None
    p_value: float
    rows: int
    """Of both data sets."""
    evaluation: int
    """Of the evaluation data among them."""
    lost: tuple[tuple[str, float], ...]
    """Area that is lost where one column is shuffled among the rows asked about, the most telling column first."""


def told_apart(
    evaluation: pd.DataFrame,
    reference: pd.DataFrame,
    columns: Sequence[str],
    *,
    most: int,
    seed: int,
    shuffled: int = MOST_SHUFFLED,
) -> ToldApart | None:
    """Teach a classifier which data set a row is of.

    Parameters
    ----------
    evaluation, reference : pandas.DataFrame
        Rows of both, which count alike.
    columns : sequence of str
        What the classifier sees.
    most : int
        Rows of each data set at most, drawn without replacement.
    seed : int
        Of the draws.
    shuffled : int, default 8
        How many columns are shuffled one by one, the first ones.

    Returns
    -------
    ToldApart or None
        None where a data set has fewer than `LEAST` rows.
    """
    if min(len(evaluation), len(reference)) < LEAST or most < LEAST:
        return None
    rng = np.random.default_rng([seed, _STREAM])
    parts = [
        side.iloc[np.sort(rng.choice(len(side), min(most, len(side)), replace=False))]
        for side in (evaluation, reference)
    ]
    table = _numbers(parts[0], parts[1], columns)
    new = np.repeat([True, False], [len(part) for part in parts])
    half = np.zeros(len(new), np.bool_)
    for side in (new, ~new):
        rows = rng.permutation(np.flatnonzero(side))
        half[rows[: len(rows) // 2]] = True
    areas, reach, least, lost = [], 0.0, 1.0, np.zeros(len(columns))
    for asked in (half, ~half):
        learned = _taught(table[~asked], new[~asked], seed)
        truth = new[asked]
        answers = _answers(learned, table[asked], min(len(columns), shuffled), rng)
        counts = tabulate(next(answers), truth)
        found = delong(counts.positives, counts.negatives)
        areas.append(found.value)
        ends = found.interval
        reach = math.inf if ends is None else reach + max(ends.high - found.value, found.value - ends.low)
        least = min(least, _by_chance(found.value, counts.counts, int(truth.sum()), int((~truth).sum())))
        for place, mixed in enumerate(answers):
            lost[place] += (found.value - auc(tabulate(mixed, truth))) / 2
    order = np.argsort(-lost[:shuffled], kind="stable")
    value = sum(areas) / 2
    # As if both areas erred by the same amount: their dependence is not known.
    ends = Interval(max(0.0, value - reach / 2), min(1.0, value + reach / 2)) if math.isfinite(reach) else None
    return ToldApart(
        area=value,
        interval=ends,
        p_value=min(1.0, 2 * least),
        rows=len(new),
        evaluation=int(new.sum()),
        lost=tuple((columns[i], float(lost[i])) for i in order),
    )


def _taught(table: Floats, new: Bools, seed: int) -> Callable[[Floats], Floats]:
    """Teach the trees; what comes back gives rows the chance that they are evaluation rows."""
    from sklearn.ensemble import ExtraTreesClassifier  # late: a card without reference data does without it

    trees = ExtraTreesClassifier(_TREES, min_samples_leaf=_LEAF, random_state=seed, n_jobs=1)
    trees.fit(table, new)

    def chances(rows: Floats) -> Floats:
        found: Floats = trees.predict_proba(rows)[:, 1]
        return found

    return chances


def _answers(
    learned: Callable[[Floats], Floats], rows: Floats, shuffled: int, rng: np.random.Generator
) -> Iterator[Floats]:
    """Chances of the rows, then with the first column shuffled, and so on; asked together, which is quicker."""
    at_once = max(1, _ASKED // len(rows))
    for start in range(0, shuffled + 1, at_once):
        stop = min(start + at_once, shuffled + 1)
        tables = np.tile(rows, (stop - start, 1, 1))
        for place in range(max(start, 1), stop):
            column = tables[place - start, :, place - 1]
            column[:] = rng.permutation(column)
        yield from learned(tables.reshape(-1, rows.shape[1])).reshape(stop - start, -1)


def _by_chance(area: float, ties: npt.NDArray[np.int64], new: int, old: int) -> float:
    """P-value, one-sided: a classifier that ranks worse than chance has learned nothing."""
    n = new + old
    tied = float((ties.astype(np.float64) ** 3 - ties).sum()) / (n * (n - 1))
    variance = (n + 1 - tied) / (12 * new * old)
    return 0.5 * math.erfc((area - 0.5) / math.sqrt(2 * variance)) if variance > 0 else 1.0


def _numbers(one: pd.DataFrame, two: pd.DataFrame, columns: Sequence[str]) -> Floats:
    """Both data sets below each other as numbers, NaN where missing; shape (n_rows, n_columns).

    Categories are numbered by their frequency in both together, which tells nothing of which is which.
    """
    table = np.empty((len(one) + len(two), len(columns)))
    for place, name in enumerate(columns):
        both = values_of(pd.concat([one[name], two[name]], ignore_index=True))
        if both.numbers is not None:
            table[:, place] = np.clip(both.numbers, -_LARGEST, _LARGEST)
            continue
        assert both.codes is not None
        rank = np.empty(len(both.counts) + 1)
        rank[np.argsort(-both.counts, kind="stable")] = np.minimum(np.arange(len(both.counts)), _COMMON)
        rank[-1] = np.nan
        table[:, place] = rank[both.codes]
    return table
