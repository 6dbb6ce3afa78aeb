"""Segments of the evaluation rows: bins of numbers and values of categories, one column at a time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import pandas as pd

from explainkit.assess.groups.groupings import Groupings
from explainkit.assess.recorder import Recorder
from explainkit.assess.statistics.binning import equal_counts
from explainkit.decision import label_name
from explainkit.errors import PlanError, nearest
from explainkit.load.subject import GroupColumn
from explainkit.plan import FeaturePlan, Plan

Codes = npt.NDArray[np.int16]
Bools = npt.NDArray[np.bool_]

BINS = 5
MOST_VALUES = 20
OTHERS, MISSING = "is one of its other values", "is missing"
_LONGEST_VALUE = 80
_NO_SEGMENTS = ("id", "time", "target", "score", "champion", "weight", "cluster", "decision", "proxy")


@dataclass(frozen=True, slots=True, kw_only=True)
class Axis:
    """One column as a few segments that do not overlap."""

    name: str
    codes: Codes
    """Segment of each row, shape (n_rows,)."""
    words: tuple[str, ...]
    """Each segment in words, the column's name included."""
    group: GroupColumn | None
    """The sensitive column that it is, if it is one."""


def axes(recorder: Recorder, plan: Plan, found: Groupings, present: Bools, *, support: int) -> tuple[Axis, ...]:
    """Columns that segments are made of; the ledger says which were left out.

    Parameters
    ----------
    recorder : Recorder
        Of the subject; takes the entries of the ledger.
    plan : Plan
        Columns stated (inputs and sensitive columns where none are), and words for codes.
    found : Groupings
        With what is hidden of the sensitive columns.
    present : numpy.ndarray
        Rows that count, shape (n_rows,).
    support : int
        Rows that a value needs to be a segment of its own.

    Raises
    ------
    PlanError
        If a column stated does not exist, or is no column that segments can be made of.
    """
    subject = recorder.subject
    groups = {group.name: group for group in subject.rows.groups}
    kinds = {column.name: column.kind for column in subject.columns}
    _check_columns(plan.slices.columns, {column.name: column.roles for column in subject.columns})
    left_out: dict[str, list[str]] = {}
    cells_of = {cells.title: cells for cells in found.singles}
    made = []
    for name in plan.slices.columns or dict.fromkeys((*subject.features, *groups)):
        group = groups.get(name)
        cells = cells_of.get(name)
        if cells is not None and cells.untested is not None:
            recorder.note("not_tested", f"segments of {name}", cells.untested)
            continue
        if cells is not None and cells.hidden.any():
            why = "a group of the column is suppressed, and segments could reveal it"
            recorder.note("suppressed", f"segments of {name}", why)
            continue
        if group is None and kinds.get(name) in ("date", "empty", None):
            left_out.setdefault("of dates, or without a value", []).append(name)
            continue
        if group is not None:
            codes, words = _of_group(group, present, support)
        else:
            values = subject.evaluation.frame[name][present]
            codes, words = _of_column(values, name, plan.features.get(name, FeaturePlan()), support)
        if len(words) > 1:
            made.append(Axis(name=name, codes=codes, words=words, group=group))
        else:
            left_out.setdefault("all of one value, or of values too rare to be segments", []).append(name)
    for why, names in left_out.items():
        recorder.note("not_tested", f"segments of {', '.join(names)}", f"columns {why}", len(names))
    return tuple(made)


def _check_columns(stated: Sequence[str], roles: Mapping[str, Sequence[str]]) -> None:
    for name in stated:
        if name not in roles:
            raise PlanError("no such column", where="slices.columns", found=repr(name), remedy=nearest(name, roles))
        refused = [role for role in roles[name] if role in _NO_SEGMENTS]
        if refused:
            raise PlanError(
                "no column to make segments of",
                where="slices.columns",
                found=f"{name!r}, the {refused[0]} column",
                allowed="inputs of the model, sensitive and unused columns",
            )


def _of_group(group: GroupColumn, present: Bools, support: int) -> tuple[Codes, tuple[str, ...]]:
    words = [f"{group.name} = {_clipped(level)}" for level in group.levels]
    return _gather(group.codes[present], words, group.name, support)


def _of_column(values: pd.Series, name: str, feature: FeaturePlan, support: int) -> tuple[Codes, tuple[str, ...]]:
    codes, found = pd.factorize(values, sort=False)
    numeric = pd.api.types.is_numeric_dtype(values) and not pd.api.types.is_bool_dtype(values)
    if numeric and len(found) > BINS:
        return _binned(values.to_numpy(dtype=np.float64, na_value=np.nan), name, support)
    names = [feature.labels.get(label_name(value), label_name(value)) for value in found]
    levels = sorted(set(names))
    place = {level: i for i, level in enumerate(levels)}
    renumber = np.array([place[level] for level in names] + [-1])
    return _gather(renumber[codes], [f"{name} = {_clipped(level)}" for level in levels], name, support)


def _binned(values: npt.NDArray[np.float64], name: str, support: int) -> tuple[Codes, tuple[str, ...]]:
    """Bins of nearly equal counts; the cut points printed are the shortest that part the rows in the same way."""
    known = ~np.isnan(values)
    bins = equal_counts(values[known], bins=BINS)
    codes = np.full(len(values), -1)
    codes[known] = bins.codes
    cuts = [short_cut(float(below), float(above)) for below, above in zip(bins.high[:-1], bins.low[1:], strict=True)]
    words = [f"{name} below {cuts[0]}"] if cuts else [f"{name} is any number"]
    words += [f"{name} from {low} to below {high}" for low, high in pairwise(cuts)]
    words += [f"{name} of {cuts[-1]} or more"] if cuts else []
    return _gather(codes, words, name, support)


def short_cut(below: float, above: float) -> str:
    """The decimal of fewest digits that is over `below` and at most `above`, for ``below < above``.

    Examples
    --------
    >>> short_cut(11, 12), short_cut(0.43121, 0.43318), short_cut(1234.4, 1234.6)
    ('12', '0.433', '1234.6')
    """
    for digits in range(1, 17):
        cut = float(f"{above:.{digits}g}")
        if below < cut <= above:
            return f"{cut:.15g}" if float(f"{cut:.15g}") == cut else repr(cut)
    return repr(above)


def _gather(codes: npt.NDArray[np.integer], words: list[str], name: str, support: int) -> tuple[Codes, tuple[str, ...]]:
    """Number the segments anew: frequent values, then all rare ones together, then missing; empty ones are left out."""
    sizes = np.bincount(codes + 1, minlength=len(words) + 1)[1:]
    frequent = np.flatnonzero(sizes >= support)
    if len(frequent) > MOST_VALUES:
        frequent = np.sort(frequent[np.argsort(-sizes[frequent], kind="stable")[:MOST_VALUES]])
    place = np.full(len(words) + 1, len(frequent))
    place[frequent] = np.arange(len(frequent))
    place[-1] = len(frequent) + 1  # missing has the code −1
    kept = [*(words[i] for i in frequent), f"{name} {OTHERS}", f"{name} {MISSING}"]
    numbered = place[codes]
    used = np.flatnonzero(np.bincount(numbered, minlength=len(kept)))
    if not len(frequent):
        used = used[:0]
    renumber = np.zeros(len(kept), np.int16)
    renumber[used] = np.arange(len(used))
    return renumber[numbered], tuple(kept[i] for i in used)


def _clipped(text: str) -> str:
    return text if len(text) <= _LONGEST_VALUE else f"{text[:_LONGEST_VALUE].rstrip()}…"
