"""Shapley values by their definition, through the model itself: every coalition of raw columns, by mixing raw rows.

What stands between raw columns and answers (pipelines, encoders, the model's own library) is called, never looked into.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd

from tests.explain.tree.definition import shapley


def by_definition(
    answer: Callable[[pd.DataFrame], Any], row: pd.DataFrame, background: pd.DataFrame
) -> tuple[np.ndarray, np.ndarray]:
    """Values of shape (n_columns, n_outputs) and base of shape (n_outputs,) of one row.

    The worth of a coalition is the mean answer over the background rows, the columns of the coalition taken from the
    row. All mixed rows are given to the model in one call.
    """
    names = list(row.columns)
    count, size = len(names), len(background)
    coalitions = [frozenset(c) for k in range(count + 1) for c in combinations(range(count), k)]
    mixed = {}
    for j, name in enumerate(names):
        both = pd.concat([row[name], background[name]], ignore_index=True)
        assert both.dtype == row[name].dtype
        of_row, of_background = np.zeros(size, dtype=int), 1 + np.arange(size)
        places = np.concatenate([of_row if j in coalition else of_background for coalition in coalitions])
        mixed[name] = both.take(places).reset_index(drop=True)
    answers = np.asarray(answer(pd.DataFrame(mixed)), dtype=np.float64)
    means = answers.reshape(len(coalitions), size, -1).mean(axis=1)
    worths = dict(zip(coalitions, means, strict=True))
    return shapley(worths, count), worths[frozenset()]


def near(found: Any, row: int, values: np.ndarray, base: np.ndarray, relative: float = 1e-9) -> None:
    """Assert that one row of an explanation has these values and this base, on the scale |base| + Σ|φ| of the row."""
    scale = np.abs(base) + np.abs(values).sum(axis=0)
    assert found.values.shape[1:] == values.shape
    assert (np.abs(found.values[row] - values) <= relative * scale + 1e-15).all(), (found.values[row], values)
    assert (np.abs(found.base_values[row] - base) <= relative * scale + 1e-15).all(), (found.base_values[row], base)


def adds_up(explanation: Any, relative: float = 1e-9) -> None:
    """Assert additivity of every row on the scale |base| + Σ|φ|."""
    scale = np.abs(explanation.base_values) + np.abs(explanation.values).sum(axis=1)
    assert (np.abs(explanation.residual) <= relative * scale + 1e-15).all()
