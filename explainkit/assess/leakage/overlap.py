"""Evaluation rows that stand in the reference data too, and how many of them chance alone would put there.

Rows of a few coarse columns meet their like by chance. If both data sets are drawn from one population, an evaluation
row is found among the reference rows about as often as a reference row is found among the others of its kind: this
share is subtracted. What is left over was copied from one data set into the other, or stems from the same case.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from explainkit.assess.data.columns import share_figure
from explainkit.assess.data.data import Data
from explainkit.assess.data.row_hashes import RowHashes, found_in, has_twin
from explainkit.assess.statistics.intervals import newcombe_difference
from explainkit.evidence import LedgerEntry, Measured
from explainkit.figures import Figure, figure_id

Bools = npt.NDArray[np.bool_]

OVERLAP, EXPECTED, EXCESS = "leakage.overlap", "leakage.overlap_expected", "leakage.overlap_excess"
_WAYS = ("whole", "cases", "inputs")
_METHODS = {
    "whole": "rows equal in every column that is no id",
    "cases": "rows equal in all inputs and the outcome",
    "inputs": "rows equal in all inputs",
    "near": "rows equal in all inputs once numbers are rounded to three significant digits and texts are compared "
    "without case and spaces, but not before",
}


def measure(data: Data, *, chance: float) -> Measured:
    """Figures ``leakage.overlap*``.

    Parameters
    ----------
    data : Data
        The rows of both data sets as numbers.
    chance : float
        That the interval of what is left over lies above nothing, if only chance put rows into both.
    """
    if data.reference is None:
        reason = "no reference data given (data.reference)"
        return Measured(
            figures=(Figure(id=OVERLAP, status="not_tested", reason=reason, dataset="evaluation"),),
            ledger=(LedgerEntry(kind="not_tested", what=OVERLAP, reason=reason),),
        )
    figures: list[Figure] = []
    for way in _WAYS:
        rows, others = getattr(data.evaluation, way), getattr(data.reference, way)
        if rows is not None and (way != "whole" or data.compared):
            figures += _figures(way, found_in(rows, others), has_twin(others), chance)
    if data.evaluation.rounded is not None:
        figures += _figures("near", *nearly(data.evaluation, data.reference), chance)
    return Measured(figures=tuple(figures))


def nearly(rows: RowHashes, others: RowHashes) -> tuple[Bools, Bools]:
    """Rows that nearly equal one of the others and equal none; others that so compare among themselves."""
    assert rows.rounded is not None
    assert others.rounded is not None
    assert rows.inputs is not None
    assert others.inputs is not None
    here = found_in(rows.rounded, others.rounded) & ~found_in(rows.inputs, others.inputs)
    return here, has_twin(others.rounded) & ~has_twin(others.inputs)


def _figures(way: str, found: Bools, expected: Bools, chance: float) -> Iterator[Figure]:
    keys, method = {"rows": way}, _METHODS[way]
    hits, n, twins, m = int(found.sum()), len(found), int(expected.sum()), len(expected)
    yield share_figure(OVERLAP, keys, hits, n, f"share found in the reference data: {method}")
    among = f"share of the reference rows found among the others of them: {method}"
    yield share_figure(EXPECTED, keys, twins, m, among, "reference")
    level = 1 - 2 * chance
    ends = newcombe_difference(hits, n, twins, m, level=level)
    yield Figure(
        id=figure_id(EXCESS, keys),
        value=hits / n - twins / m,
        low=ends.low,
        high=ends.high,
        level=level,
        n=n,
        unit="difference",
        method=f"share found, less the share expected: {method}; Newcombe's interval",
        dataset="evaluation",
    )
