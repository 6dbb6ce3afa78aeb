"""Rows as numbers of 64 bits: equal rows have equal numbers, in every data set, whatever order they stand in.

Column after column is hashed and mixed into one number a row, so neither time nor memory depends on how many columns
are compared at once, and two data sets are compared by sorting. Two different rows of a million have the same number
with a chance of about 3 in 10⁸.

Rows nearly repeat each other where they agree in every input once numbers are rounded to `DIGITS` significant digits
and texts are compared without case and spaces, but not before. That finds rows that were rounded, rewritten or slightly
disturbed; not all of them, since a small change may cross the border of two rounded numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from pandas.api import types as pdt

from explainkit.assess.data.values import numbers_of
from explainkit.decision import label_name
from explainkit.load.columns import kind_of

Hashes = npt.NDArray[np.uint64]

DIGITS = 3
_FACTOR = np.uint64(6364136223846793005)
_EXACT = 2.0**53


@dataclass(frozen=True, kw_only=True)
class RowHashes:
    """The rows of one data set in four ways; each of shape (n_rows,), or None where there is nothing to compare."""

    whole: Hashes
    """All columns compared."""
    inputs: Hashes | None
    """The model's inputs."""
    cases: Hashes | None
    """Inputs and outcome."""
    rounded: Hashes | None
    """Inputs, rounded."""


def row_hashes(
    frames: Sequence[pd.DataFrame], *, columns: Sequence[str], inputs: Sequence[str], target: str | None
) -> tuple[RowHashes, ...]:
    """Hash the rows of several data sets alike.

    Parameters
    ----------
    frames : sequence of pandas.DataFrame
        Each has all the columns named.
    columns : sequence of str
        Those that make up a whole row.
    inputs : sequence of str
        The model's inputs.
    target : str, optional
        Column of outcomes.
    """
    whole, taken, outcome, rounded = ([np.zeros(len(f), np.uint64) for f in frames] for _ in range(4))
    for name in dict.fromkeys((*columns, *inputs, *((target,) if target else ()))):
        parts = [frame[name] for frame in frames]
        hashed = _way(parts)
        for i, part in enumerate(parts):
            exact = hashed(part, False)
            if name in columns:
                _mix(whole[i], exact)
            if name in inputs:
                _mix(taken[i], exact)
                _mix(rounded[i], hashed(part, True))
            if name == target:
                outcome[i] = exact
    return tuple(
        RowHashes(
            whole=whole[i],
            inputs=taken[i] if inputs else None,
            cases=taken[i] * _FACTOR + outcome[i] if inputs and target else None,
            rounded=rounded[i] if inputs else None,
        )
        for i in range(len(frames))
    )


def repeated(rows: Hashes) -> int:
    """Rows that repeat an earlier one."""
    return len(rows) - len(np.unique(rows))


def has_twin(rows: Hashes) -> npt.NDArray[np.bool_]:
    """Whether another row is equal, shape (n_rows,)."""
    _, place, counts = np.unique(rows, return_inverse=True, return_counts=True)
    twin: npt.NDArray[np.bool_] = counts[place] > 1
    return twin


def found_in(rows: Hashes, others: Hashes) -> npt.NDArray[np.bool_]:
    """Whether an equal row stands among the others, shape (n_rows,)."""
    known = np.sort(others)
    place = np.minimum(np.searchsorted(known, rows), max(len(known) - 1, 0))
    found: npt.NDArray[np.bool_] = known[place] == rows if len(known) else np.zeros(len(rows), np.bool_)
    return found


def nearly_repeated(rows: RowHashes) -> int:
    """Rows that nearly repeat another one of the same data set."""
    assert rows.rounded is not None
    assert rows.inputs is not None
    _, group = np.unique(rows.rounded, return_inverse=True)
    _, exact = np.unique(rows.inputs, return_inverse=True)
    count = int(exact.max(initial=0)) + 1
    kinds = np.unique(group * count + exact) // count
    several = np.bincount(kinds) > 1
    return int(several[group].sum())


def _mix(rows: Hashes, column: Hashes) -> None:
    """Take one more column into the numbers of the rows, in their place."""
    rows *= _FACTOR
    rows += column


def _way(parts: Sequence[pd.Series]) -> Callable[[pd.Series, bool], Hashes]:
    """How a column is hashed in every data set, rounded or not: numbers by value whatever their type, else by text."""
    kinds = {kind_of(part) for part in parts} - {"empty"}
    if kinds <= {"number", "integer"}:
        if all(pdt.is_integer_dtype(part) and not part.hasnans for part in parts) and any(map(_far, parts)):
            return lambda part, near: _hash(part.to_numpy(dtype=np.int64))
        return _numbers
    if kinds == {"date"}:
        return lambda part, near: _hash(_plain(_days(part)))
    return _texts


def _numbers(part: pd.Series, near: bool) -> Hashes:
    numbers = part.to_numpy(dtype=np.float64, na_value=np.nan)
    return _hash(_significant(numbers) if near else _plain(numbers))


def _days(part: pd.Series) -> npt.NDArray[np.float64]:
    return numbers_of(part, "date") if part.notna().any() else np.full(len(part), np.nan)


def _far(part: pd.Series) -> bool:
    """Whether a whole number is too large for a floating point one to tell it from its neighbours."""
    return bool(part.max() > _EXACT or part.min() < -_EXACT)


def _plain(numbers: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Numbers with one zero and one way of being missing."""
    return np.where(np.isnan(numbers), np.nan, numbers + 0.0)


def _significant(numbers: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Numbers of `DIGITS` significant digits, as digits and exponent in one whole number, so that none is rounded."""
    plain = _plain(numbers)
    usual = np.isfinite(plain) & (plain != 0)
    size = np.where(usual, np.abs(plain), 1.0)
    exponent = np.floor(np.log10(size))
    digits = np.rint(size / 10.0 ** (exponent - DIGITS + 1))
    over = digits >= 10**DIGITS
    digits, exponent = np.where(over, digits / 10, digits), exponent + over
    return np.where(usual, np.sign(plain) * (digits + 10.0 ** (DIGITS + 1) * (exponent + 400)), plain)


def _texts(part: pd.Series, near: bool) -> Hashes:
    codes, levels = pd.factorize(part)
    index = pd.Index(levels)
    if isinstance(index.dtype, pd.CategoricalDtype):
        index = pd.Index(index.categories)[index.codes]
    if not isinstance(index.dtype, pd.StringDtype):
        index = pd.Index([label_name(level) for level in index], dtype="str")
    if near:
        index = index.str.strip().str.casefold()
    hashed = np.append(_hash(index.to_numpy(dtype=object)), np.uint64(0))
    return hashed[codes]


def _hash(values: npt.NDArray[np.generic]) -> Hashes:
    return np.asarray(pd.util.hash_array(values, categorize=False), np.uint64)
