"""Codes: each column of the matrix as small integers, so that every test of every tree is ``code <= cut``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from explainkit.explain.tree.ensemble import NAN_IS_ZERO, Ensemble, IntArray, remembered

FloatArray = npt.NDArray[np.float64]

MOST_CUTS = 65_000
"""Codes have 16 bits."""
NO_CODE = 65_534
"""Above the code of every number, and not that of a missing value."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Encoding:
    """Code columns and how they are made.

    A column of the matrix has one code column for each way in which its tests treat missing values, and one for each
    set of categories. The code of a number is the count of thresholds below it, so ``x <= threshold[k]`` is
    ``code <= k``; a missing value has the smallest or the largest code. The code of a category is 0 in the set, else 1.
    """

    column: npt.NDArray[np.int32]
    """Column of the matrix behind each code column; shape (n_codes,), as all but the last four."""
    missing: npt.NDArray[np.int8]
    """How missing values are told: see `explainkit.explain.tree.ensemble`."""
    left: npt.NDArray[np.bool_]
    """Whether missing values go left."""
    categorical: npt.NDArray[np.bool_]
    """Whether the cuts are categories."""
    first: IntArray
    """Where the cuts of each code column start in `cuts`; shape (n_codes + 1,)."""
    cuts: FloatArray
    """Thresholds (ascending, distinct, padded with infinity to a power of two less one) or categories (ascending)."""
    node: npt.NDArray[np.int32]
    """Code column that each node tests, −1 at a leaf; shape (n_nodes,)."""
    cut: npt.NDArray[np.int32]
    """Largest code that goes left at each node."""
    float32: bool
    """Whether numbers are rounded to 32 bits first."""

    @property
    def arrays(self) -> tuple[Any, ...]:
        """What the compiled loops read."""
        return self.column, self.missing, self.left, self.categorical, self.first, self.cuts, self.float32


def encode(ensemble: Ensemble) -> Encoding:
    """Find the code columns of an ensemble, once for each.

    Parameters
    ----------
    ensemble : Ensemble
        At most `MOST_CUTS` distinct thresholds a column.

    Raises
    ------
    ValueError
        If a column has more thresholds.
    """
    return remembered(ensemble, "encoding", lambda: _encoded(ensemble))


def _encoded(ensemble: Ensemble) -> Encoding:
    inner = np.flatnonzero(ensemble.left >= 0)
    missing = ensemble.missing[inner]
    kinds = np.column_stack(
        [
            ensemble.column[inner],
            np.where(ensemble.categories[inner] >= 0, 0, missing),
            ensemble.default_left[inner] & (missing != NAN_IS_ZERO),
            ensemble.categories[inner],
        ]
    )
    distinct, which = np.unique(kinds, axis=0, return_inverse=True)
    which = which.reshape(-1)
    node = np.full(len(ensemble.left), -1, dtype=np.int32)
    node[inner] = which
    cut = np.zeros(len(ensemble.left), dtype=np.int32)
    first, cuts = [0], []
    order = np.argsort(which, kind="stable")
    bounds = np.searchsorted(which[order], np.arange(len(distinct) + 1))
    for code, (_, _, _, chosen) in enumerate(distinct):
        if chosen >= 0:
            values = ensemble.sets[chosen].astype(np.float64)
        else:
            nodes = inner[order[bounds[code] : bounds[code + 1]]]
            thresholds = ensemble.threshold[nodes]
            values, places = np.unique(thresholds, return_inverse=True)
            if len(values) > MOST_CUTS:
                raise ValueError(f"column {distinct[code, 0]} has {len(values)} thresholds")
            cut[nodes] = places.reshape(-1)
            padded = np.full((1 << len(values).bit_length()) - 1, np.inf)
            padded[: len(values)] = values
            values = padded
        cuts.append(values)
        first.append(first[-1] + len(values))
    return Encoding(
        column=distinct[:, 0].astype(np.int32),
        missing=distinct[:, 1].astype(np.int8),
        left=distinct[:, 2].astype(np.bool_),
        categorical=distinct[:, 3] >= 0,
        first=np.array(first, dtype=np.int64),
        cuts=np.concatenate(cuts) if cuts else np.empty(0),
        node=node,
        cut=cut,
        float32=ensemble.float32,
    )
