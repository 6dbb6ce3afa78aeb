"""The one operator of an ONNX graph that decides, trees or linear, and which raw column each of its columns is.

What stands before it is run by ONNX Runtime as it is, so its columns are those that the model itself sees. What stands
behind it is not interpreted: whether its scores give the model's answers is tried on rows, as for every model.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from explainkit.errors import ModelError
from explainkit.explain.onnx_lineage import lineage
from explainkit.explain.tree.readers.refusal import Unreadable
from explainkit.load.models.onnx.forest import OPERATORS, Forest, attributes, forest_of
from explainkit.load.models.onnx.graph import LINEAR, makers
from explainkit.load.models.onnx.library import onnx
from explainkit.load.models.onnx.model import OnnxModel, session

FloatArray = npt.NDArray[np.float64]

_BEHIND = (
    *("Identity", "Cast", "Reshape", "Flatten", "Squeeze", "Unsqueeze", "Concat", "Slice", "Gather", "Constant"),
    *("Sigmoid", "Softmax", "Normalizer", "Neg", "Add", "Sub", "Mul", "Div", "ArrayFeatureExtractor"),
)
"""Operators that may stand between the scores and the probabilities; before a regression's answer, the first six."""
_SAME = 6


@dataclass(frozen=True, kw_only=True)
class Estimator:
    """The operator that decides."""

    model: OnnxModel
    node: Any
    kind: Literal["tree", "linear"]
    sources: tuple[int, ...]
    """Raw column behind each column that it takes."""
    combine: FloatArray
    """Scores of the model from those of the operator, shape (k, m)."""
    offset: FloatArray
    """What is added, shape (k,)."""
    averages: bool
    """Whether these scores are probabilities already."""
    double: bool
    """Whether it takes numbers of double precision."""

    @property
    def name(self) -> str:
        """Its operator."""
        return str(self.node.op_type)

    @property
    def bare(self) -> bool:
        """Whether it takes the table as it was given."""
        return self.model.inputs.table and self.node.input[0] == self.model.inputs.names[0]

    def prepare(self, rows: pd.DataFrame) -> npt.NDArray[Any]:
        """What it takes, shape (n_rows, n_columns), of rows as `Model.adapt` gives them."""
        return _taken(self.model, self.node, rows)

    def scores(self, matrix: npt.NDArray[Any]) -> FloatArray:
        """Scores of the model by ONNX Runtime, shape (n_rows, k), of what `prepare` gives."""
        raw = self._run({"X": matrix}).astype(np.float64).reshape(len(matrix), -1)
        return np.asarray(raw @ self.combine.T + self.offset)

    @cached_property
    def _run(self) -> Callable[[Mapping[str, npt.NDArray[Any]]], npt.NDArray[Any]]:
        return session(_alone(self), self.model.where)

    @cached_property
    def forest(self) -> Forest:
        """Its trees."""
        return forest_of(self.node, width=len(self.sources))

    @property
    def coef_(self) -> FloatArray:
        """Coefficients, shape (k, n_columns)."""
        return np.asarray(self.combine @ _coefficients(self.node, len(self.sources)))

    @property
    def intercept_(self) -> FloatArray:
        """Intercepts, shape (k,)."""
        raw = np.zeros(self.combine.shape[1])
        raw += np.asarray(attributes(self.node).get("intercepts", 0.0), dtype=np.float64)
        return np.asarray(self.combine @ raw + self.offset)


def estimator_of(model: OnnxModel, rows: pd.DataFrame) -> Estimator:
    """Find the operator that decides.

    Parameters
    ----------
    model : OnnxModel
        The graph.
    rows : pandas.DataFrame
        A few rows as `Model.adapt` gives them.

    Raises
    ------
    Unreadable
        If there is none alone, if its scores become the answers by operators that are not known, or if its columns
        cannot be traced.
    """
    made = makers(model.proto.graph)
    needed = _needed(made, model.answers.tensor)
    found = [node for node in needed if node.op_type in (*OPERATORS, *LINEAR)]
    if len(found) != 1:
        raise Unreadable(f"its graph holds {len(found)} operators of trees or linear models")
    node = found[0]
    before = _needed(made, node.input[0])
    allowed = _BEHIND[:_SAME] if model.answers.task == "regression" else _BEHIND
    behind = [n.op_type for n in needed if n is not node and n not in before]
    strange = [name for name in behind if name not in allowed]
    if strange:
        raise Unreadable(f"its scores become its answers by the operator {strange[0]}")
    sources = lineage(model.proto.graph, model.inputs, node.input[0], columns=rows.shape[1])
    if isinstance(sources, str):
        raise Unreadable(sources)
    first = _taken(model, node, rows.iloc[:1])
    if first.shape[1:] != (len(sources),):
        raise Unreadable(f"its {node.op_type} takes {first.shape[-1]} columns where {len(sources)} were traced")
    combine, offset, averages = _links(node, _outputs(node, len(sources)), model.answers.task, behind)
    found_here = Estimator(
        model=model,
        node=node,
        kind="linear" if node.op_type in LINEAR else "tree",
        sources=sources,
        combine=combine,
        offset=offset,
        averages=averages,
        double=bool(first.dtype == np.float64),
    )
    try:
        found_here.scores(first)
    except ModelError as error:
        raise Unreadable(f"its {node.op_type} does not run alone ({error.found})") from None
    return found_here


def _taken(model: OnnxModel, node: Any, rows: pd.DataFrame) -> npt.NDArray[Any]:
    found = model.tensor(node.input[0], rows)
    # So it compares whole numbers; linear operators know nothing else.
    single = found.dtype != np.float64 or node.op_type in LINEAR
    return found.astype(np.float32) if single else found


def _needed(made: Mapping[str, Any], wanted: str) -> list[Any]:
    """The nodes that a tensor is made by."""
    found, left, seen = [], [wanted], set[str]()
    while left:
        node = made.get(left.pop())
        if node is not None and node.output[0] not in seen:
            seen.add(node.output[0])
            found.append(node)
            left += node.input
    return found


def _outputs(node: Any, width: int) -> int:
    """How many scores the operator has, where `_alone` runs it."""
    found = attributes(node)
    if node.op_type in LINEAR:
        return max(1, len(found["coefficients"]) // max(1, width))
    if node.op_type == "TreeEnsembleClassifier":
        labels = found.get("classlabels_int64s") or found["classlabels_strings"]
        # Of two classes with values for the first alone, ONNX takes them for those of the second.
        return 1 if len(labels) == 2 and set(found["class_ids"]) == {0} else len(labels)
    return int(found["n_targets"])


def _links(node: Any, outputs: int, task: str | None, behind: list[str]) -> tuple[FloatArray, FloatArray, bool]:
    """How the scores of the operator become those that the logistic function or softmax is applied to."""
    own = node.op_type.endswith("Classifier")
    post = attributes(node).get("post_transform", b"NONE")
    post = post.decode() if isinstance(post, bytes) else ("NONE", "SOFTMAX", "LOGISTIC", "SOFTMAX_ZERO", "PROBIT")[post]
    if post not in (("NONE", "LOGISTIC", "SOFTMAX") if own else ("NONE",)):
        raise Unreadable(f"its scores pass through {post}")
    if task not in ("binary", "multiclass"):
        if outputs != 1:
            raise Unreadable(f"its {node.op_type} has {outputs} scores")
        return np.eye(1), np.zeros(1), False
    if post == "NONE":
        post = "LOGISTIC" if "Sigmoid" in behind else "SOFTMAX" if "Softmax" in behind else "NONE"
    if post == "NONE" and outputs == 1:
        return np.array([[-1.0], [1.0]]), np.array([1.0, 0.0]), True
    if task == "binary" and outputs == 2 and post != "NONE":
        return np.array([[0.0, 1.0]] if post == "LOGISTIC" else [[-1.0, 1.0]]), np.zeros(1), False
    return np.eye(outputs), np.zeros(outputs), post == "NONE"


def _coefficients(node: Any, width: int) -> FloatArray:
    found = np.asarray(attributes(node)["coefficients"], dtype=np.float64)
    if not width or len(found) % width:
        raise Unreadable(f"its {len(found)} coefficients do not fit its {width} columns")
    return found.reshape(-1, width)


def _alone(estimator: Estimator) -> bytes:
    """A model of nothing but the operator, as a regression of its scores on its columns."""
    helper, proto = onnx().helper, onnx().TensorProto
    elem = proto.DOUBLE if estimator.double else proto.FLOAT
    taken = helper.make_tensor_value_info("X", elem, [None, len(estimator.sources)])
    graph = helper.make_graph([_regression(estimator)], "scores", [taken], [])
    graph.output.add().name = "Y"
    whole = helper.make_model(graph, opset_imports=list(estimator.model.proto.opset_import))
    whole.ir_version = estimator.model.proto.ir_version
    data: bytes = whole.SerializeToString()
    return data


def _regression(estimator: Estimator) -> Any:
    """The operator without its labels, and without what its scores pass through."""
    make, node, outputs = onnx().helper.make_node, estimator.node, estimator.combine.shape[1]
    found = attributes(node)
    if estimator.kind == "linear":
        kept = {name: found[name] for name in ("coefficients", "intercepts") if name in found}
        return make("LinearRegressor", ["X"], ["Y"], domain="ai.onnx.ml", targets=outputs, **kept)
    if node.op_type != "TreeEnsembleClassifier":
        made = make(node.op_type, ["X"], ["Y"], domain="ai.onnx.ml")
        made.attribute.extend(attribute for attribute in node.attribute if attribute.name != "post_transform")
        return made
    made = make("TreeEnsembleRegressor", ["X"], ["Y"], domain="ai.onnx.ml", n_targets=outputs)
    for attribute in node.attribute:
        if not attribute.name.startswith(("classlabels", "post_transform")):
            made.attribute.add().CopyFrom(attribute)
            made.attribute[-1].name = attribute.name.replace("class_", "target_")
    return made
