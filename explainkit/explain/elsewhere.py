"""The inside of a model that another process holds: plain numbers, each checked before anything relies on it.

`explainkit.explain.server` is the other side.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from explainkit.errors import ModelError
from explainkit.explain.tree.ensemble import NAN_GOES, NAN_IS_ZERO, Ensemble, IntArray
from explainkit.load.confined.client import Confined, RaisedThereError, clean
from explainkit.load.confined.frames import Head
from explainkit.load.confined.values import packed

if TYPE_CHECKING:
    from explainkit.load.confined.frames import Array

FloatArray = npt.NDArray[np.float64]
NODES = ("left", "right", "column", "threshold", "missing", "default_left", "categories", "values", "cover")
"""Arrays of an `Ensemble` with an entry for each node, in the order in which they are told."""
_FAMILIES = ("scikit-learn", "lightgbm", "xgboost", "catboost", "onnx")


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """The last step of a model, in the process that holds it."""

    model: Confined = field(repr=False)
    name: str
    """Its class."""
    bare: bool
    """Whether nothing stands before it."""
    averages: bool
    """Whether it is of scikit-learn or ONNX and has no score but its probabilities."""
    engineered: int
    """Number of columns that it takes."""
    weights: tuple[FloatArray, FloatArray] | None = field(repr=False)
    """Coefficients and intercepts of a linear model."""
    seen: dict[str, int] = field(default_factory=dict, repr=False)
    """Number of outputs in the first answer of each kind: later ones have as many."""

    def coefficients(self) -> tuple[FloatArray, FloatArray]:
        """Coefficients of shape (n_outputs, n_engineered) and intercepts of shape (n_outputs,)."""
        assert self.weights is not None
        return self.weights

    def prepare(self, rows: pd.DataFrame) -> Prepared:
        """Rows as `Model.adapt` gives them, for the process to prepare."""
        return Prepared(self, rows)


@dataclass(frozen=True, slots=True)
class Prepared:
    """Rows that the process prepares when it is asked something of them; it remembers the last ones."""

    estimator: Elsewhere
    rows: pd.DataFrame

    def margin(self) -> FloatArray:
        """The model's own score of each row, shape (n_rows, k)."""
        (scores,) = self._asked("margin", 1)
        return self._steady("margin", self._shaped(scores, len(self.rows), None))

    def compared(self, columns: int) -> FloatArray:
        """Rows as the trees compare them, shape (n_rows, n_columns)."""
        (found,) = self._asked("matrix", 1)
        return self._shaped(found, len(self.rows), columns)

    def dense(self) -> FloatArray:
        """Engineered columns, shape (n_rows, n_engineered)."""
        (found,) = self._asked("dense", 1)
        return self._shaped(found, len(self.rows), self.estimator.engineered)

    def contributions(self, engineered: int) -> tuple[FloatArray, FloatArray]:
        """Contributions by the model's own library, shapes (n_rows, n_engineered, k) and (k,)."""
        values, base = self._asked("contributions", 2)
        if values.dtype != np.float64 or values.ndim != 3 or values.shape[:2] != (len(self.rows), engineered):
            raise self._strange()
        if base.dtype != np.float64 or base.shape != values.shape[2:]:
            raise self._strange()
        self._steady("contributions", values)
        return values, base

    def _asked(self, what: str, count: int) -> tuple[Array, ...]:
        table, arrays = packed(self.rows)
        found = self.estimator.model.ask(what, {"table": table}, arrays).arrays
        if len(found) != count:
            raise self._strange()
        return found

    def _shaped(self, found: Array, rows: int, columns: int | None) -> FloatArray:
        if found.dtype != np.float64 or found.ndim != 2 or len(found) != rows or columns not in (None, found.shape[1]):
            raise self._strange()
        return found

    def _steady(self, what: str, found: FloatArray) -> FloatArray:
        if self.estimator.seen.setdefault(what, found.shape[-1]) != found.shape[-1] or not found.shape[-1]:
            raise self._strange()
        return found

    def _strange(self) -> Exception:
        return self.estimator.model.not_understood("arrays of another shape than what was asked for")


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What a process says of the inside of its model, checked; see `Inside`."""

    kind: Literal["tree", "linear"]
    family: Literal["scikit-learn", "lightgbm", "xgboost", "catboost", "onnx"]
    estimator: Elsewhere
    ensemble: Ensemble | None
    refusal: str | None
    sources: tuple[int, ...]
    rising: tuple[bool, ...]


def told_of(model: Confined, rows: pd.DataFrame) -> Told | str:
    """Ask for the inside of a model; why it is opaque, where it is.

    Raises
    ------
    ModelError
        If the answer is not one.
    """
    table, arrays = packed(rows)
    try:
        answer = model.ask("inside", {"table": table}, arrays)
    except RaisedThereError as error:
        found = f"{type(error).__name__}: {error}"
        raise ModelError("the inside of the model cannot be read", where=model.where, found=found) from None
    head = answer.head
    try:
        if head["opaque"] is not None:
            return clean(str(head["opaque"]))
        return _told(model, head, answer.arrays, columns=rows.shape[1])
    except (KeyError, TypeError, ValueError, IndexError, AttributeError, OverflowError) as error:
        raise model.not_understood(f"no inside of a model: {clean(str(error))}") from None


def _told(model: Confined, head: Head, arrays: Sequence[Array], *, columns: int) -> Told:
    kind, family, refusal = head["kind"], head["family"], head["refusal"]
    _require(kind in ("tree", "linear") and family in _FAMILIES, "its kind")
    _require(refusal is None or isinstance(refusal, str), "its refusal")
    sources = tuple(head["sources"])
    _require(all(type(s) is int and 0 <= s < columns for s in sources) and bool(sources), "its columns")
    rising = tuple(head["rising"])
    _require(all(type(r) is bool for r in rising) and len(rising) == len(sources), "its columns")
    ensemble, weights = None, None
    if kind == "linear":
        weights = _weights(arrays, len(sources))
    elif head["ensemble"] is not None:
        ensemble = _ensemble(head["ensemble"], arrays, len(sources))
    else:
        _require(refusal is not None and family not in ("scikit-learn", "onnx"), "its trees")
    estimator = Elsewhere(
        model=model,
        name=clean(str(head["name"])),
        bare=head["bare"] is True,
        averages=head["averages"] is True,
        engineered=len(sources),
        weights=weights,
    )
    refused = None if refusal is None else clean(refusal)
    return Told(
        kind=kind,
        family=family,
        estimator=estimator,
        ensemble=ensemble,
        refusal=refused,
        sources=sources,
        rising=rising,
    )


def _weights(arrays: Sequence[Array], engineered: int) -> tuple[FloatArray, FloatArray]:
    weights, intercept = arrays
    _require(weights.dtype == intercept.dtype == np.float64, "its coefficients")
    _require(weights.ndim == 2 and weights.shape[1] == engineered and len(weights) > 0, "its coefficients")
    _require(intercept.shape == weights.shape[:1], "its intercepts")
    return weights, intercept


def _ensemble(told: Any, arrays: Sequence[Array], engineered: int) -> Ensemble:
    """Trees whose every index is in range: compiled code follows them without looking."""
    starts, base, members, bounds, *nodes = arrays
    named = dict(zip(NODES, nodes, strict=True))
    _require(told["columns"] == engineered, "columns of its trees")
    for name, array in (("starts", starts), ("members", members), ("bounds", bounds), *named.items()):
        floats = name in ("threshold", "values", "cover")
        wanted = np.float64 if floats else np.bool_ if name == "default_left" else np.int64
        _require(array.dtype == wanted and array.ndim == (2 if name == "values" else 1), name)
    count = len(named["left"])
    _require(all(len(array) == count for array in nodes), "nodes of its trees")
    _require(base.dtype == np.float64 and base.shape == named["values"].shape[1:] and len(base) > 0, "its base")
    _require(bool(np.isfinite(named["values"]).all() and np.isfinite(base).all()), "its leaves")
    _require(not np.isnan(named["threshold"]).any(), "its thresholds")
    _require(bool(np.isfinite(named["cover"]).all()), "cover of its nodes")
    _require(_rises(starts, count) and bool((np.diff(starts) > 0).all()), "starts of its trees")
    _check_nodes(starts, named, len(bounds) - 1)
    _require(_rises(bounds, len(members)), "sets of categories")
    sets = tuple(members[begin:end] for begin, end in zip(bounds[:-1].tolist(), bounds[1:].tolist(), strict=True))
    _require(all(bool((np.diff(s) > 0).all()) for s in sets) and members.min(initial=0) >= 0, "sets of categories")
    return Ensemble(starts=starts, base=base, sets=sets, columns=engineered, float32=told["float32"] is True, **named)


def _rises(bounds: IntArray, end: int) -> bool:
    """Whether bounds go from 0 to the end."""
    return len(bounds) > 0 and bounds[0] == 0 and bounds[-1] == end and bool((np.diff(bounds) >= 0).all())


def _check_nodes(starts: IntArray, named: dict[str, Array], sets: int) -> None:
    """Every node but the roots is the child of one node before it, in its own tree."""
    left, right, count = named["left"], named["right"], len(named["left"])
    leaf = left == -1
    inner = np.flatnonzero(~leaf)
    _require(bool((right[leaf] == -1).all()), "leaves of its trees")
    ends = np.repeat(starts[1:], np.diff(starts))[inner]
    for child in (left[inner], right[inner]):
        _require(bool(((child > inner) & (child < ends)).all()), "children in its trees")
    parents = np.bincount(np.concatenate([left[inner], right[inner]]), minlength=count)
    parents[starts[:-1]] += 1
    _require(bool((parents == 1).all()), "children in its trees")
    missing, categories = named["missing"], named["categories"]
    _require(bool(((missing >= NAN_GOES) & (missing <= NAN_IS_ZERO)).all()), "missing values of its trees")
    _require(bool(((categories >= -1) & (categories < sets)).all()), "categories of its trees")
    _require(bool((categories[leaf] == -1).all()), "categories of its trees")


def _require(holds: bool, what: str) -> None:
    if not holds:
        raise ValueError(what)
