"""Steps of a pipeline that replace the values of a column by statistics of the outcome, found without running them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from sklearn.compose import ColumnTransformer
from sklearn.pipeline import FeatureUnion, Pipeline
from sklearn.preprocessing import TargetEncoder

_OTHERS = frozenset(
    (
        *("CatBoostEncoder", "GLMMEncoder", "JamesSteinEncoder", "LeaveOneOutEncoder", "MEstimateEncoder"),
        *("QuantileEncoder", "SummaryEncoder", "TargetEncoder", "WOEEncoder"),
    )
)
"""Classes of the library category_encoders."""


def target_encoded(model: Any) -> tuple[tuple[str, str], ...]:
    """Columns that a fitted pipeline encodes by the outcome, each with the class of the encoder.

    Parameters
    ----------
    model : estimator
        Fitted; pipelines, column transformers and unions are looked through.

    Returns
    -------
    tuple of (str, str)
        The name of a column is empty where the step does not know it.
    """
    names = getattr(model, "feature_names_in_", None)
    return tuple(dict.fromkeys(_found(model, None if names is None else [str(name) for name in names])))


def _found(step: Any, names: Sequence[str] | None) -> Iterator[tuple[str, str]]:
    if isinstance(step, Pipeline):
        for place, (_, inner) in enumerate(step.steps):
            yield from _found(inner, names if place == 0 else None)
    elif isinstance(step, ColumnTransformer):
        for _, part, columns in getattr(step, "transformers_", ()):
            yield from _found(part, _chosen(columns, names))
    elif isinstance(step, FeatureUnion):
        for _, part in step.transformer_list:
            yield from _found(part, names)
    elif _encodes(step):
        own = getattr(step, "cols", None) or getattr(step, "feature_names_in_", names)
        for name in ("",) if own is None else own:
            yield str(name), type(step).__name__


def _encodes(step: Any) -> bool:
    kind = type(step)
    return isinstance(step, TargetEncoder) or (
        kind.__module__.partition(".")[0] == "category_encoders" and kind.__name__ in _OTHERS
    )


def _chosen(columns: Any, names: Sequence[str] | None) -> Sequence[str] | None:
    """Names of the columns that a ColumnTransformer picks, where it picks by names or by positions of named ones."""
    if isinstance(columns, slice):
        return None
    picked: list[Any] = [columns] if isinstance(columns, str | int) else list(columns)
    if all(isinstance(p, str) for p in picked):
        return [str(p) for p in picked] or None
    if names is None or not all(type(p) is int and p < len(names) for p in picked):
        return None
    return [names[p] for p in picked]
