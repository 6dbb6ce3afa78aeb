"""Which raw column each column within an ONNX graph is made of, as far as each is made of one alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from explainkit.load.models.onnx.forest import attributes
from explainkit.load.models.onnx.graph import constants
from explainkit.load.models.onnx.table import Inputs

Sources = tuple[int, ...]

_EACH = (
    *("Identity", "Cast", "Scaler", "Imputer", "Binarizer", "LabelEncoder", "Abs", "Neg", "Exp", "Log", "Sqrt"),
    *("Relu", "Sigmoid", "Tanh", "Floor", "Ceil", "Round", "IsNaN", "Not", "Clip"),
)
"""Operators on each number by itself; whatever else they take is fixed."""
_WITH = ("Add", "Sub", "Mul", "Div", "Pow")
"""The same of two numbers, one of them fixed."""
_MOST = 1_000_000


@dataclass(frozen=True, slots=True)
class _Traced:
    sources: Sources
    deep: bool = False
    """Whether categories have a dimension of their own, as a OneHotEncoder leaves it."""


def lineage(graph: Any, inputs: Inputs, wanted: str, *, columns: int) -> Sources | str:
    """Raw column behind each column of a tensor; why they cannot be traced, as a clause, where they cannot.

    Parameters
    ----------
    graph : onnx.GraphProto
        Its nodes stand behind those that they need.
    inputs : Inputs
        What it takes.
    wanted : str
        Name of the tensor.
    columns : int
        Number of raw columns.
    """
    every = tuple(range(columns))
    if inputs.table:
        known = {inputs.names[0]: _Traced(every)}
    else:
        known = {name: _Traced((place,)) for place, name in enumerate(inputs.names) if inputs.ranks[place] == 2}
    fixed, lost = constants(graph), dict[str, str]()
    for node in graph.node:
        if node.output[0] in fixed:
            continue
        try:
            found = _through(node, known, fixed)
        except (ValueError, TypeError, LookupError, OverflowError):
            found = None
        if found is None or len(found.sources) > _MOST:
            named = [lost[name] for name in node.input if name in lost]
            lost |= dict.fromkeys(node.output, named[0] if named else node.op_type)
        else:
            known[node.output[0]] = found
    if wanted in known and not known[wanted].deep:
        return known[wanted].sources
    operator = lost.get(wanted)
    if operator is None:
        return "an input of its graph is no table of columns"
    return f"the columns of its graph cannot be traced through the operator {operator}"


def _through(node: Any, known: Mapping[str, _Traced], fixed: Mapping[str, Any]) -> _Traced | None:
    """What a node makes of what is known."""
    kind = node.op_type
    if kind in ("Concat", "FeatureVectorizer"):
        parts = [known.get(name) for name in node.input]
        if any(part is None or part.deep for part in parts):
            return None
        if kind == "Concat" and attributes(node)["axis"] not in (1, -1):
            return None
        return _Traced(tuple(source for part in parts if part is not None for source in part.sources))
    if kind in _WITH:
        return _with(node, known, fixed)
    first = known.get(node.input[0])
    if first is None or not all(name in fixed for name in node.input[1:] if name):
        return None
    if kind in _EACH:
        return first
    if kind in ("ArrayFeatureExtractor", "Gather") and not first.deep:
        return _picked(node, first, fixed[node.input[1]])
    if kind == "OneHotEncoder" and not first.deep:
        found = attributes(node)
        count = len(found.get("cats_strings") or found.get("cats_int64s") or ())
        return _Traced(tuple(source for source in first.sources for _ in range(count)), deep=True)
    flat = kind == "Flatten" and attributes(node).get("axis", 1) == 1
    if kind == "Reshape":
        flat = fixed[node.input[1]].tolist() in ([-1, len(first.sources)], [0, len(first.sources)], [0, -1])
    return _Traced(first.sources) if flat else None


def _with(node: Any, known: Mapping[str, _Traced], fixed: Mapping[str, Any]) -> _Traced | None:
    moving = [known[name] for name in node.input if name in known]
    steady = [np.shape(fixed[name]) for name in node.input if name in fixed]
    if len(moving) != 1 or len(steady) != 1 or moving[0].deep:
        return None
    (first,), (shape,) = moving, steady
    width = shape[-1] if shape else 1
    if len(shape) > 2 or (len(shape) == 2 and shape[0] != 1):
        return None
    if width in (1, len(first.sources)):
        return first
    return _Traced(first.sources * width) if len(first.sources) == 1 else None


def _picked(node: Any, first: _Traced, places: Any) -> _Traced | None:
    """Columns that are chosen by their places."""
    if node.op_type == "Gather" and (attributes(node).get("axis", 0) not in (1, -1) or np.ndim(places) != 1):
        return None
    return _Traced(tuple(first.sources[int(place)] for place in np.ravel(places)))
