"""Which inputs of the model are a protected attribute, or tell it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from explainkit.explain.codes import number
from explainkit.explain.decision.setting import IntArray
from explainkit.explain.draws import draw
from explainkit.load.columns import kind_of
from explainkit.load.subject import GroupColumn, Subject

RULE = (
    "an input is protected if it is a sensitive column of the plan, or tells a group of one: guessing whether a row "
    "belongs to the group from the other rows with the same value (of a number without such rows: the nearest value) "
    "is wrong for at most 5 % as many rows as the smaller of the group and the rest has, at least 20"
)
_WRONG = 0.05
_FEWEST = 20
MOST_ROWS = 20_000
_LARGEST = 1e300  # so that the gap between two infinite numbers is a number


def protected(subject: Subject, names: Sequence[str], *, seed: int) -> dict[str, str]:
    """Those of some inputs that are or tell a protected attribute, with that attribute.

    Parameters
    ----------
    subject : Subject
        With the groups of its sensitive columns.
    names : sequence of str
        Inputs of the model to look at.
    seed : int
        Of the sample of at most 20,000 rows that is looked at.
    """
    found = {name: name for name in names if any(g.name == name for g in subject.rows.groups)}
    frame = subject.evaluation.frame
    rows = draw(len(frame), MOST_ROWS, seed, 12)
    for name in names:
        if name in found:
            continue
        column = frame[name].iloc[rows]
        for group in subject.rows.groups:
            if tells(column, group, group.codes[rows]):
                found[name] = group.name
                break
    return found


def tells(column: pd.Series, group: GroupColumn, codes: npt.NDArray[np.int32]) -> bool:
    """Whether a column tells who belongs to any one group of a sensitive column, by `RULE`.

    Parameters
    ----------
    column : pandas.Series, shape (n_rows,)
        An input of the model.
    group : GroupColumn
        The sensitive column.
    codes : ndarray of int, shape (n_rows,)
        Its groups in these rows; rows of unknown group are left out.
    """
    known = codes >= 0
    codes, column = codes[known], column[known]
    sizes = np.bincount(codes, minlength=len(group.levels))
    smaller = np.minimum(sizes, len(codes) - sizes)
    if (smaller < _FEWEST).all():
        return False
    values, _ = number(column)
    distinct = int(values.max()) + 1
    table = np.bincount(values * len(sizes) + codes, minlength=distinct * len(sizes)).reshape(distinct, len(sizes))
    wrong = _wrong_among_equals(table) + _wrong_alone(column, values, codes, table)
    return bool(((wrong <= _WRONG * smaller) & (smaller >= _FEWEST)).any())


def _wrong_among_equals(table: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Rows of each group, and of the rest, that the other rows with the same value would place wrongly."""
    total = table.sum(axis=1, keepdims=True)
    rest = total - table
    several = total > 1
    members = np.where(several & (table - 1 <= rest), table, 0)
    others = np.where(several & (rest - 1 <= table), rest, 0)
    found: npt.NDArray[np.int64] = (members + others).sum(axis=0)
    return found


def _wrong_alone(
    column: pd.Series, values: IntArray, codes: npt.NDArray[np.int32], table: npt.NDArray[np.int64]
) -> npt.NDArray[np.int64]:
    """The same for rows whose value nobody shares: numbers go by the nearest value, anything else is wrong."""
    alone = table.sum(axis=1)[values] == 1
    counts = np.bincount(codes[alone], minlength=table.shape[1])
    if kind_of(column) not in ("number", "integer"):
        # A value of one row says nothing of others; it is wrong for its own group, and for the rest of every other.
        return np.full(table.shape[1], int(alone.sum()), dtype=np.int64)
    numbers = column.to_numpy(dtype=np.float64, na_value=np.nan).clip(-_LARGEST, _LARGEST)
    order = np.argsort(numbers, kind="stable")
    order = order[~np.isnan(numbers[order])]
    near = _nearest(numbers[order])
    single = np.flatnonzero(alone[order])
    wrong = np.zeros(table.shape[1], dtype=np.int64)
    own, other = codes[order][single], codes[order][near[single]]
    different = own != other
    # A wrong guess is wrong for both groups concerned: its own, and the one guessed.
    wrong += np.bincount(own[different], minlength=len(wrong))
    wrong += np.bincount(other[different], minlength=len(wrong))
    missing = int(counts.sum()) - len(single)
    return wrong + missing


def _nearest(ordered: npt.NDArray[np.float64]) -> IntArray:
    """For each of some ascending numbers the place of the nearest other one."""
    count = len(ordered)
    places = np.arange(count)
    if count < 2:
        return places
    gaps = np.diff(ordered)
    left = np.concatenate([[np.inf], gaps])
    right = np.concatenate([gaps, [np.inf]])
    return np.where(right <= left, places + 1, places - 1).clip(0, count - 1)
