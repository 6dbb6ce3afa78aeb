"""Lineage: from which raw column each engineered column of a scikit-learn pipeline derives.

Only what is certain counts. A transformer is traced when its kind guarantees that every output column is a function of
one input column; anything else (principal components, interaction terms, a row normaliser, a function of unknown
content, a transformer of another library) is "mixed", and the pipeline is then explained as one function of its raw
columns.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from sklearn.compose import ColumnTransformer
from sklearn.feature_selection import SelectorMixin
from sklearn.impute import MissingIndicator, SimpleImputer
from sklearn.pipeline import FeatureUnion, Pipeline
from sklearn.preprocessing import (
    Binarizer,
    FunctionTransformer,
    KBinsDiscretizer,
    MaxAbsScaler,
    MinMaxScaler,
    OneHotEncoder,
    OrdinalEncoder,
    PolynomialFeatures,
    PowerTransformer,
    QuantileTransformer,
    RobustScaler,
    SplineTransformer,
    StandardScaler,
    TargetEncoder,
)


@dataclass(frozen=True, slots=True)
class _Every:
    """However many columns come out, all derive from this raw column."""

    source: int


_Flow = tuple[int, ...] | _Every | None
"""Raw column of each column at one point of a pipeline, as its complement where the column is not known to rise with
it; None where columns are mixed."""


def lineage(steps: Iterable[Any], features: Sequence[str], *, width: int) -> tuple[int, ...] | None:
    """Trace engineered columns back to raw columns.

    Parameters
    ----------
    steps : iterable of fitted transformers
        What a pipeline does before its last step, in order.
    features : sequence of str
        Names of the raw columns, in the order of the rows given to the first step.
    width : int
        Number of engineered columns that come out of the last of `steps`.

    Returns
    -------
    tuple of int, or None
        Position in `features` of the raw column behind each engineered column; None where columns are mixed.
    """
    found = traced(steps, features, width=width)
    return None if found is None else found[0]


def traced(
    steps: Iterable[Any], features: Sequence[str], *, width: int
) -> tuple[tuple[int, ...], tuple[bool, ...]] | None:
    """As `lineage`, and for each engineered column whether it never falls where the raw column, a number, rises."""
    flow: _Flow = tuple(range(len(features)))
    names: Sequence[str] | None = features
    for step in steps:
        flow = _trace(step, flow, names)
        names = None
    columns = _widened(flow, width)
    return None if columns is None else (tuple(map(_source, columns)), tuple(c >= 0 for c in columns))


def _source(column: int) -> int:
    """The raw column behind one that may be marked as not rising with it (by its complement, which is negative)."""
    return column if column >= 0 else ~column


def _falling(column: int) -> int:
    """A column marked as not rising with its raw column."""
    return ~_source(column)


def _widened(flow: _Flow, width: int) -> tuple[int, ...] | None:
    if isinstance(flow, _Every):
        return (flow.source,) * width
    return flow if flow is not None and len(flow) == width else None


def _trace(step: Any, flow: _Flow, names: Sequence[str] | None) -> _Flow:
    """What one step makes of the columns; `names` are theirs where they are the raw columns."""
    if flow is None or isinstance(flow, _Every) or step is None or (isinstance(step, str) and step == "passthrough"):
        return flow
    if type(step) is Pipeline:
        for _, inner in step.steps:
            flow, names = _trace(inner, flow, names), None
        return flow
    if type(step) is ColumnTransformer:
        return _column_transformer(step, flow, names)
    if type(step) is FeatureUnion:
        return _union(step, flow, names)
    rule = _RULES.get(type(step))
    if rule is None and isinstance(step, SelectorMixin) and type(step).transform is SelectorMixin.transform:
        rule = _selected
    if rule is not None:
        found: _Flow = rule(step, flow)
        if found is not None:
            return found if _rises(step) or isinstance(found, _Every) else tuple(map(_falling, found))
    # Whatever is made of one raw column alone derives from it.
    return _Every(_falling(flow[0])) if len(set(map(_source, flow))) == 1 else None


def _rises(step: Any) -> bool:
    """Whether every column that comes out never falls where the number that it is made of rises, to the last bit."""
    if isinstance(step, SimpleImputer):
        return bool(pd.isna(step.missing_values))  # a number that means missing would leave a gap among the others
    if isinstance(step, KBinsDiscretizer):
        return bool(step.encode == "ordinal")
    if isinstance(step, FunctionTransformer):
        return step.func is None
    return isinstance(step, (*_RISING, SelectorMixin))


def _union(union: FeatureUnion, flow: tuple[int, ...], names: Sequence[str] | None) -> _Flow:
    parts = [_trace(part, flow, names) for _, part in union.transformer_list if not _is_drop(part)]
    if any(part is None for part in parts):
        return None
    sources = {s for part in parts for s in ((part.source,) if isinstance(part, _Every) else part or ())}
    if any(isinstance(part, _Every) for part in parts):
        # Marked and unmarked columns of one source stay of that source.
        return _Every(_falling(next(iter(sources)))) if len(set(map(_source, sources))) == 1 else None
    return tuple(s for part in parts if isinstance(part, tuple) for s in part)


def _is_drop(step: Any) -> bool:
    return isinstance(step, str) and step == "drop"


def _column_transformer(step: ColumnTransformer, flow: tuple[int, ...], names: Sequence[str] | None) -> _Flow:
    seen = getattr(step, "feature_names_in_", None)
    if seen is not None and names is not None:
        # It picks columns by name, so the order of the rows given to it does not matter.
        by_name = dict(zip(names, flow, strict=True))
        if any(name not in by_name for name in seen):
            return None
        flow = tuple(by_name[name] for name in seen)
    out: dict[int, int] = {}
    for name, part, columns in step.transformers_:
        where = step.output_indices_.get(name, slice(0, 0))
        if _is_drop(part) or where.stop == where.start:
            continue
        positions = _positions(columns, seen, len(flow))
        if positions is None:
            return None
        sources = _widened(_trace(part, tuple(flow[i] for i in positions), None), where.stop - where.start)
        if sources is None:
            return None
        out.update(zip(range(where.start, where.stop), sources, strict=True))
    return tuple(out[i] for i in range(len(out))) if sorted(out) == list(range(len(out))) else None


def _positions(columns: Any, seen: Any, count: int) -> list[int] | None:
    """Positions of the columns that a ColumnTransformer picks: names, positions, a slice of either, or a mask."""
    places = None if seen is None else {name: i for i, name in enumerate(seen)}
    everything = range(count)
    if callable(columns):
        return None
    if isinstance(columns, slice):
        if isinstance(columns.start, str) or isinstance(columns.stop, str):
            if places is None:
                return None
            start = 0 if columns.start is None else places[columns.start]
            stop = count if columns.stop is None else places[columns.stop] + 1  # a slice of names has its end inside
            return list(everything[start : stop : columns.step])
        return list(everything[columns])
    picked = [columns] if isinstance(columns, str | int | np.integer) else list(columns)
    if picked and all(isinstance(p, bool | np.bool_) for p in picked):
        return [i for i, wanted in enumerate(picked) if wanted]
    if all(isinstance(p, str) for p in picked):
        return None if places is None else [places[p] for p in picked]
    return [everything[int(p)] for p in picked]


def _same(step: Any, flow: tuple[int, ...]) -> _Flow:
    return flow


def _repeated(flow: tuple[int, ...], counts: Iterable[int]) -> _Flow:
    return tuple(s for s, count in zip(flow, counts, strict=True) for _ in range(count))


def _one_hot(step: OneHotEncoder, flow: tuple[int, ...]) -> _Flow:
    counts = [len(categories) for categories in step.categories_]
    if step.min_frequency is not None or step.max_categories is not None:
        for i, rare in enumerate(step.infrequent_categories_):
            counts[i] -= 0 if rare is None else len(rare) - 1  # infrequent categories share one column
    if step.drop_idx_ is not None:
        counts = [c - (dropped is not None) for c, dropped in zip(counts, step.drop_idx_, strict=True)]
    return _repeated(flow, counts)


def _binned(step: KBinsDiscretizer, flow: tuple[int, ...]) -> _Flow:
    return flow if step.encode == "ordinal" else _repeated(flow, (int(n) for n in step.n_bins_))


def _imputed(step: SimpleImputer, flow: tuple[int, ...]) -> _Flow:
    kept = flow
    if not step.keep_empty_features:
        # A column without any value in training is left out; its statistic is NaN.
        empty = [isinstance(s, float | np.floating) and bool(np.isnan(s)) for s in step.statistics_]
        kept = tuple(s for s, lost in zip(flow, empty, strict=True) if not lost)
    flags = step.indicator_.features_ if step.add_indicator else ()
    return (*kept, *(flow[int(i)] for i in flags))


def _flagged(step: MissingIndicator, flow: tuple[int, ...]) -> _Flow:
    return tuple(flow[int(i)] for i in step.features_)


def _selected(step: Any, flow: tuple[int, ...]) -> _Flow:
    return tuple(s for s, kept in zip(flow, step.get_support(), strict=True) if kept)


def _target_encoded(step: TargetEncoder, flow: tuple[int, ...]) -> _Flow:
    return flow if step.target_type_ != "multiclass" else _repeated(flow, (len(step.classes_),) * len(flow))


def _splines(step: SplineTransformer, flow: tuple[int, ...]) -> _Flow:
    each, rest = divmod(int(step.n_features_out_), len(flow))
    return None if rest else _repeated(flow, (each,) * len(flow))


def _powers(step: PolynomialFeatures, flow: tuple[int, ...]) -> _Flow:
    """Powers of single columns are traced; a product of several, or a constant, is not."""
    used = [np.flatnonzero(row) for row in step.powers_]
    return tuple(flow[int(u[0])] for u in used) if all(len(u) == 1 for u in used) else None


def _function(step: FunctionTransformer, flow: tuple[int, ...]) -> _Flow:
    """No function, or a NumPy ufunc of one argument, works on each column alone; what others do cannot be known."""
    single = isinstance(step.func, np.ufunc) and step.func.nin == 1 and step.func.nout == 1
    return flow if step.func is None or single else None


_RISING = (Binarizer, MaxAbsScaler, MinMaxScaler, RobustScaler, StandardScaler)
"""Each of the operations of these rounds to the nearest number, which keeps the order."""

_RULES: dict[type, Callable[[Any, tuple[int, ...]], _Flow]] = {
    **dict.fromkeys(
        (
            Binarizer,
            MaxAbsScaler,
            MinMaxScaler,
            OrdinalEncoder,
            PowerTransformer,
            QuantileTransformer,
            RobustScaler,
            StandardScaler,
        ),
        _same,
    ),
    FunctionTransformer: _function,
    KBinsDiscretizer: _binned,
    MissingIndicator: _flagged,
    OneHotEncoder: _one_hot,
    PolynomialFeatures: _powers,
    SimpleImputer: _imputed,
    SplineTransformer: _splines,
    TargetEncoder: _target_encoded,
}
