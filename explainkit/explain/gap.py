"""What carries a gap: the difference between two groups' mean outputs, shared out exactly among the inputs.

The base value is the same for every row, so the difference between the mean outputs of two groups is the sum over the
inputs of the difference between their mean SHAP values. It is a gap in the output that is explained, not in decisions,
and no cause: an input may carry a gap because its values differ between the groups, or because it works with one that
does. An attribute that is not an input of the model carries nothing itself, which is said and is not a zero.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import stats

from explainkit.evidence import LedgerEntry, Measured
from explainkit.explain.target import UNITS
from explainkit.explanation import Explanation
from explainkit.figures import Figure, Unit, figure_id
from explainkit.load.subject import GroupColumn

FloatArray = npt.NDArray[np.float64]

NAME = "explanation.gap"
FEWEST = 30
"""Explained rows that a group needs."""
MOST_SHOWN = 10
_LEVEL = 0.95
_NOT_INPUT = "not an input of the model"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Pair:
    """A group and its reference among the explained rows."""

    column: str
    group: str
    reference: str
    own: FloatArray
    """Contributions of the group's rows, shape (n, n_players)."""
    other: FloatArray

    def keys(self, **more: str) -> dict[str, str]:
        return {"column": self.column, "group": self.group, **more}


def gap(
    explanation: Explanation,
    sample: npt.NDArray[np.intp],
    groups: Sequence[GroupColumn],
    references: Mapping[str, str],
) -> Measured:
    """Share out the gaps between the groups of each sensitive column.

    Parameters
    ----------
    explanation : Explanation
        SHAP values of one output.
    sample : ndarray of int
        Which of its rows stand for the evaluation rows.
    groups : sequence of GroupColumn
        Groups that may be shown; codes by position in the evaluation rows, −1 where unknown or not to be shown.
    references : mapping
        Reference group by column, where stated; else the group with the most explained rows.

    Returns
    -------
    Measured
        Figures ``explanation.gap.total``, ``.contribution`` and ``.others``, keyed by column, group and feature.
    """
    if not groups:
        return Measured()
    if len(explanation.outputs) > 1:
        reason = "the model has several outputs, and a gap belongs to one"
        return Measured(
            ledger=(LedgerEntry(kind="not_tested", what="what carries the gaps between groups", reason=reason),)
        )
    positions = np.asarray(explanation.rows, dtype=np.intp)[sample]
    values, unit = explanation.values[sample, :, 0], UNITS[explanation.space]
    figures: list[Figure] = []
    for column in groups:
        codes = column.codes[positions]
        for found in _pairs(column, codes, values, references.get(column.name)):
            figures += [found] if isinstance(found, Figure) else _shared(found, explanation, column, unit)
    return Measured(figures=tuple(figures))


def _pairs(
    column: GroupColumn, codes: npt.NDArray[np.int32], values: FloatArray, stated: str | None
) -> Iterator[_Pair | Figure]:
    """Each group with the reference, or why there is none."""
    counts = np.bincount(codes[codes >= 0], minlength=len(column.levels))
    reference = column.levels.index(stated) if stated in column.levels else int(counts.argmax())
    words = f"{column.levels[reference]} ({'stated in the plan' if stated else 'the most rows explained'})"
    for level, count in enumerate(counts):
        if level == reference or count == 0:
            continue
        keys = {"column": column.name, "group": column.levels[level]}
        if min(count, counts[reference]) < FEWEST:
            reason = f"fewer than {FEWEST} rows of the group or of the reference were explained"
            yield Figure(
                id=figure_id(f"{NAME}.total", keys), status="insufficient", reason=reason, dataset="evaluation"
            )
            continue
        yield _Pair(
            column=column.name,
            group=column.levels[level],
            reference=words,
            own=values[codes == level],
            other=values[codes == reference],
        )


def _shared(pair: _Pair, explanation: Explanation, column: GroupColumn, unit: Unit) -> Iterator[Figure]:
    """The gap of one group, the inputs that carry most of it, and the others together."""
    parts = pair.own.mean(axis=0) - pair.other.mean(axis=0)
    order = np.argsort(-np.abs(parts), kind="stable")
    yield _figure(
        pair,
        f"{NAME}.total",
        pair.keys(),
        pair.own.sum(axis=1),
        pair.other.sum(axis=1),
        unit=unit,
        how="mean of base value and contributions, minus that of the reference",
    )
    for j in map(int, order[:MOST_SHOWN]):
        keys = pair.keys(feature=explanation.features[j])
        how = "mean SHAP value minus that of the reference"
        yield _figure(pair, f"{NAME}.contribution", keys, pair.own[:, j], pair.other[:, j], unit=unit, how=how)
    rest = order[MOST_SHOWN:]
    if len(rest):
        yield _figure(
            pair,
            f"{NAME}.others",
            pair.keys(beyond=str(MOST_SHOWN)),
            pair.own[:, rest].sum(axis=1),
            pair.other[:, rest].sum(axis=1),
            unit=unit,
            how="the same for all other inputs together",
        )
    if not column.is_feature:
        yield Figure(
            id=figure_id(f"{NAME}.contribution", pair.keys(feature=column.name)),
            status="not_tested",
            reason=_NOT_INPUT,
            dataset="evaluation",
        )


def _figure(
    pair: _Pair, name: str, keys: Mapping[str, str], own: FloatArray, other: FloatArray, *, unit: Unit, how: str
) -> Figure:
    value = float(own.mean() - other.mean())
    low = high = None
    if np.ptp(own) > 0 or np.ptp(other) > 0:
        ends = stats.ttest_ind(own, other, equal_var=False).confidence_interval(_LEVEL)
        low, high = float(ends.low), float(ends.high)
    return Figure(
        id=figure_id(name, keys),
        value=value,
        low=low,
        high=high,
        level=None if low is None else _LEVEL,
        n=len(own),
        unit=unit,
        method=f"{how}; over the explained rows, unweighted" + ("" if low is None else "; Welch's interval"),
        dataset="evaluation",
        reference=pair.reference,
        tolerance=1e-9,
    )
