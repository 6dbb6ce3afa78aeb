"""What follows from a release: the range of every hidden count, by integer programming.

Whoever reads a card knows the groups that are shown, row counts and numerators included, the totals, and which
combinations of levels occur. A hidden count is protected as far as other data sets agree with all of that.

References
----------
Fischetti and Salazar-González (2001), Management Science 47, 1008–1027 (protection by the range that integer
programmes leave), doi:10.1287/mnsc.47.7.1008.9805; solved by HiGHS, Huangfu and Hall (2018), Mathematical Programming
Computation 10, 119–142, doi:10.1007/s12532-017-0130-5.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import sparse

Bools = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

MOST_BRANCHED = 120
"""Unknown counts up to which whole numbers are sought where the linear programme gives fractions."""
_NODES = 200
_WHOLE = 1e-6
_SIGNS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Sums:
    """Sums of the unknown counts, one a row."""

    rows: Ints
    """Row of each entry."""
    columns: Ints
    """Unknown of each entry."""
    count: int
    """How many rows."""

    def matrix(self, unknowns: int) -> sparse.csr_array:
        """As a matrix of zeros and ones."""
        ones = np.ones(len(self.rows))
        return sparse.csr_array((ones, (self.rows, self.columns)), shape=(self.count, unknowns))


def sums_of(keys: Ints) -> Sums:
    """Sum the unknowns that share a key; a key of -1 is left out.

    Parameters
    ----------
    keys : numpy.ndarray
        Key of each unknown, shape (n_unknowns,).
    """
    columns = np.flatnonzero(keys >= 0)
    found, rows = np.unique(keys[columns], return_inverse=True)
    return Sums(rows=rows.astype(np.int64), columns=columns.astype(np.int64), count=len(found))


@dataclass(slots=True)
class Budget:
    """How many integer programmes may still be solved."""

    left: int = 1000
    failures: int = 0
    """How many were not solved, for want of budget or by the solver."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Knowledge:
    """What is released about counts that are not: sums that are known, and sums known not to be zero."""

    truth: npt.NDArray[np.float64]
    """The counts themselves, shape (n_unknowns,): one solution."""
    known: tuple[Sums, ...]
    occurring: tuple[Sums, ...]
    budget: Budget = field(default_factory=Budget)

    def constraints(self) -> list[Any]:
        """As SciPy's solver takes them."""
        from scipy.optimize import LinearConstraint

        size, found = len(self.truth), []
        if self.known:
            known = sparse.vstack([s.matrix(size) for s in self.known]).tocsc()
            found.append(LinearConstraint(known, known @ self.truth, known @ self.truth))
        if self.occurring:
            occurring = sparse.vstack([s.matrix(size) for s in self.occurring]).tocsc()
            found.append(LinearConstraint(occurring, np.ones(occurring.shape[0]), np.inf))
        return found

    def solve(self, aim: Floats, constraints: list[Any]) -> Floats | None:
        """Counts that agree with all that is known and make ``aim @ counts`` smallest; None where not found.

        Whole numbers where there are few unknowns; else any numbers from 0.
        """
        from scipy.optimize import Bounds, milp

        if self.budget.left <= 0:
            self.budget.failures += 1
            return None
        self.budget.left -= 1
        few = len(self.truth) <= MOST_BRANCHED
        # A corner of the linear programme is mostly whole, which is much cheaper to find than by branching.
        for whole in (False, True) if few else (False,):
            kind = np.full(len(self.truth), int(whole))
            options = {"node_limit": _NODES} if whole else {}
            found = milp(aim, integrality=kind, bounds=Bounds(0, np.inf), constraints=constraints, options=options)
            if not found.success:
                break
            rounded: Floats = np.round(found.x)
            if np.abs(found.x - rounded).max(initial=0) < _WHOLE:
                return rounded
            if not few:
                counts: Floats = found.x
                return counts
        self.budget.failures += 1
        return None

    def ranges(self, targets: Sums, needs: Ints) -> Ints:
        """Range of each target, or a part of it that is at least what is needed.

        Parameters
        ----------
        targets : Sums
            Sums of the counts.
        needs : numpy.ndarray
            Ranges that suffice, shape (n_targets,).

        Returns
        -------
        numpy.ndarray
            Never above the range; equal to it where that is below what is needed and the budget sufficed. The range is
            that of whole counts where there are at most `MOST_BRANCHED` unknowns. Beyond, it is that of any numbers,
            rounded inwards, as in Fischetti and Salazar-González: whole counts may leave less.
        """
        matrix = targets.matrix(len(self.truth))
        low = high = matrix @ self.truth
        constraints = self.constraints()
        for signs, one in _aims(targets.count):
            lacking = _whole_range(low, high) < needs
            if not lacking.any():
                break
            if one is not None and not lacking[one]:
                continue
            found = self.solve(-(matrix.T @ (signs * lacking)), constraints)
            if found is not None:
                low, high = np.minimum(low, matrix @ found), np.maximum(high, matrix @ found)
        return _whole_range(low, high)


def _whole_range(low: Floats, high: Floats) -> Ints:
    """How many whole numbers lie between, less one."""
    ranges: Ints = (np.floor(high + _WHOLE) - np.ceil(low - _WHOLE)).astype(np.int64)
    return ranges


def _aims(count: int) -> Iterator[tuple[npt.NDArray[np.float64], int | None]]:
    """First several sums at once, which widens most ranges; then the largest and the smallest of each one."""
    for bit in range(_SIGNS):
        signs = np.where(np.arange(count) >> bit & 1, 1.0, -1.0)
        yield signs, None
        yield -signs, None
    for one in range(count):
        alone = np.zeros(count)
        alone[one] = 1.0
        yield alone, one
        yield -alone, one


def joined(parts: Sequence[Sums]) -> Sums:
    """Several blocks of sums one below the other."""
    starts = np.cumsum([0, *(p.count for p in parts)])
    return Sums(
        rows=np.concatenate([p.rows + start for p, start in zip(parts, starts, strict=False)])
        if parts
        else np.empty(0, np.int64),
        columns=np.concatenate([p.columns for p in parts]) if parts else np.empty(0, np.int64),
        count=int(starts[-1]),
    )
