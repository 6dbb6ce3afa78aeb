"""Kinds of columns, groups of rows, and the words for both."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import pandas as pd
from pandas.api import types as pdt

from explainkit.decision import label_name
from explainkit.errors import DataError, PlanError, nearest
from explainkit.evidence import ColumnKind, Role
from explainkit.load.subject import GroupColumn
from explainkit.plan import FeaturePlan

MOST_GROUPS = 100
_MOST_CODES = 20


def kind_of(values: pd.Series) -> ColumnKind:
    """Tell numbers, integers, booleans, categories, texts and dates apart.

    Parameters
    ----------
    values : pandas.Series
        One column; a column of objects is judged by the values that are not missing.
    """
    if values.isna().all():
        return "empty"
    if isinstance(values.dtype, pd.CategoricalDtype):
        return "category"
    if pdt.is_bool_dtype(values):
        return "boolean"
    if pdt.is_integer_dtype(values):
        return "integer"
    if pdt.is_numeric_dtype(values):
        return "number"
    if pdt.is_datetime64_any_dtype(values) or pdt.is_timedelta64_dtype(values):
        return "date"
    if pdt.infer_dtype(values, skipna=True) == "boolean":
        return "boolean"
    return "text"


def require_column(frame: pd.DataFrame, name: str, *, role: str) -> pd.Series:
    """The named column.

    Raises
    ------
    DataError
        If there is none; the message names the nearest.
    """
    if name not in frame.columns:
        raise DataError(
            "no such column in the data", where=role, found=repr(name), remedy=nearest(name, map(str, frame.columns))
        )
    return frame[name]


def group_column(
    values: pd.Series,
    *,
    name: str,
    feature: FeaturePlan,
    is_feature: bool,
    basis: str | None = None,
    role: Role = "sensitive",
) -> GroupColumn:
    """Make groups of one column.

    Numbers are cut only at the points that the plan states; a number with few distinct values is a code.

    Parameters
    ----------
    values : pandas.Series
        The column, one value a row.
    name : str
        Its name.
    feature : FeaturePlan
        Cut points and labels.
    is_feature : bool
        Whether the model sees it.
    basis : str, optional
        Legal basis as stated.
    role : {"sensitive", "segment"}
        What the groups are for.

    Raises
    ------
    PlanError
        If a number with many values has no cut points.
    DataError
        If there are more than 100 groups, or no value at all.
    """
    kind = kind_of(values)
    if kind == "empty":
        raise DataError(f"a {role} column has no value", where=f"column {name}", remedy=f"leave it out of data.{role}")
    note = None
    if feature.cuts:
        if kind not in ("number", "integer"):
            raise PlanError(
                "cut points are for numbers", where=f"features.{name}.cuts", found=f"a column of kind {kind}"
            )
        codes, levels = _cut(values, feature.cuts, whole=kind == "integer")
        note = feature.cuts_reason
    else:
        codes, levels = _categories(values, name, kind, feature.labels, role)
    codes.setflags(write=False)
    return GroupColumn(name=name, codes=codes, levels=levels, is_feature=is_feature, note=note, basis=basis)


def _cut(values: pd.Series, cuts: tuple[float, ...], *, whole: bool) -> tuple[npt.NDArray[np.int32], tuple[str, ...]]:
    numbers = values.to_numpy(dtype=np.float64, na_value=np.nan)
    codes = np.searchsorted(np.asarray(cuts), numbers, side="right").astype(np.int32)
    codes[np.isnan(numbers)] = -1
    whole = whole and all(float(c).is_integer() for c in cuts)
    words = [f"below {cuts[0]:g}"]
    for low, high in pairwise(cuts):
        words.append(f"{low:g} to {high - 1:g}" if whole else f"{low:g} to below {high:g}")
    return codes, (*words, f"{cuts[-1]:g} and over")


def _categories(
    values: pd.Series, name: str, kind: str, labels: Mapping[str, str], role: Role
) -> tuple[npt.NDArray[np.int32], tuple[str, ...]]:
    codes, found = pd.factorize(values, sort=False)
    if kind in ("number", "integer") and len(found) > _MOST_CODES:
        raise PlanError(
            f"a {role} number needs cut points",
            where=f"features.{name}.cuts",
            found=f"{len(found)} distinct numbers",
            remedy=f'[features.{name}] cuts = […] and cuts_reason = "…"; there are no default cut points',
        )
    if len(found) > MOST_GROUPS:
        raise DataError(
            "too many groups",
            where=f"{role} column {name}",
            found=f"{len(found)} categories",
            allowed=f"at most {MOST_GROUPS}",
            remedy="group the categories beforehand",
        )
    names = [labels.get(label_name(v), label_name(v)) for v in found]
    levels = tuple(sorted(set(names)))
    position = {level: i for i, level in enumerate(levels)}
    renumber = np.array([position[n] for n in names] + [-1], dtype=np.int32)
    return renumber[codes], levels
