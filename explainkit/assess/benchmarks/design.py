"""Columns as numbers that a linear model can take: what is learned of them is learned from the reference rows alone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from explainkit.assess.data.values import ORDERED, Values, numbers_of
from explainkit.decision import label_name
from explainkit.load.columns import kind_of

Floats = npt.NDArray[np.float64]
Codes = npt.NDArray[np.int64]

MOST_LEVELS = 20
"""Categories of a column that have a number of their own, the most frequent ones; the others have none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Input:
    """One column of the reference rows, and the same of the evaluation rows."""

    name: str
    known: Values
    """Of the reference rows; a column without an order in codes of its own categories."""
    asked: Values
    """Of the evaluation rows, in the same codes, and one more for a category that the reference rows do not have."""


def inputs_of(reference: pd.DataFrame, evaluation: pd.DataFrame, features: Sequence[str]) -> Iterator[Input]:
    """Both data sets, column by column; a column that has an order in one of them only counts as categories."""
    for name in features:
        kinds = [kind_of(frame[name]) for frame in (reference, evaluation)]
        if all(kind in ORDERED for kind in kinds):
            known, asked = (
                Values(kind=kind, numbers=numbers_of(frame[name], kind), codes=None, levels=None)
                for frame, kind in zip((reference, evaluation), kinds, strict=True)
            )
        else:
            known, asked = _categories(reference[name], evaluation[name])
        yield Input(name=name, known=known, asked=asked)


def _categories(reference: pd.Series, evaluation: pd.Series) -> tuple[Values, Values]:
    """Both columns in the codes of the first, equal names counting as equal categories."""
    codes, distinct = pd.factorize(reference)
    names = pd.Index([label_name(value) for value in distinct])
    levels = names.unique()
    other, seen = pd.factorize(evaluation)
    places = levels.get_indexer(pd.Index([label_name(value) for value in seen]))
    places = np.where(places < 0, len(levels), places)
    known, asked = (
        Values(kind="category", numbers=None, codes=np.append(of, -1)[which].astype(np.int64), levels=levels)
        for of, which in ((levels.get_indexer(names), codes), (places, other))
    )
    return known, asked


def design(values: Sequence[Input]) -> tuple[Floats, Floats]:
    """Matrices of the reference rows and of the evaluation rows, each column with mean 0 and deviation 1 in the first.

    A number without a value is that of the median, beside a column that says so; a category is a column of zeros and
    ones, for the most frequent ones.

    Returns
    -------
    tuple of numpy.ndarray
        Of shapes (n_reference, n_columns) and (n_evaluation, n_columns).
    """
    pairs = [pair for one in values for pair in _columns(one)]
    if not pairs:
        return np.zeros((0, 0)), np.zeros((0, 0))
    known, asked = (np.column_stack(columns) for columns in zip(*pairs, strict=True))
    mean, deviation = known.mean(axis=0), known.std(axis=0)
    used = deviation > 0
    scale = deviation[used]
    return (known[:, used] - mean[used]) / scale, (asked[:, used] - mean[used]) / scale


def _columns(one: Input) -> Iterator[tuple[Floats, Floats]]:
    if one.known.numbers is not None:
        assert one.asked.numbers is not None
        yield filled(one)
        if one.known.missing.any():
            yield one.known.missing.astype(np.float64), one.asked.missing.astype(np.float64)
        return
    assert one.known.codes is not None
    assert one.asked.codes is not None
    counts = np.bincount(one.known.codes + 1)[1:]
    for code in np.argsort(-counts, kind="stable")[:MOST_LEVELS].tolist():
        yield (one.known.codes == code).astype(np.float64), (one.asked.codes == code).astype(np.float64)


def filled(one: Input) -> tuple[Floats, Floats]:
    """Numbers of both data sets, the median of the reference rows where there is none."""
    assert one.known.numbers is not None
    assert one.asked.numbers is not None
    middle = float(np.nanmedian(one.known.numbers))
    known, asked = (np.where(np.isfinite(x), x, middle) for x in (one.known.numbers, one.asked.numbers))
    return known, asked
