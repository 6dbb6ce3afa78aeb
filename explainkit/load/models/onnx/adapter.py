"""An ONNX file behind the door of all models."""

from __future__ import annotations

from typing import Any

from explainkit.evidence import ModelIdentity
from explainkit.load.models.base import Adapter, first_line, parameters_of
from explainkit.load.models.onnx.graph import UNREADABLE, damaged, read_graph
from explainkit.load.models.onnx.library import versions
from explainkit.load.models.onnx.model import OnnxModel
from explainkit.load.models.onnx.table import Caster, answers_of, inputs_of


def read_onnx(data: bytes, *, where: str, digest: str, digest_of: str) -> Adapter:
    """Open an ONNX model that stands in one file, given its bytes.

    Raises
    ------
    ModelError
        If the file is damaged, asks for other files or for operators that are not ONNX's own, holds trees that cannot
        be walked, or is not a model of rows of a table.
    """
    proto = read_graph(data, where)
    try:
        inputs, answers = inputs_of(proto.graph, where), answers_of(proto.graph, where)
    except UNREADABLE as error:
        raise damaged(where, f"{type(error).__name__}: {first_line(error)}") from None
    model = OnnxModel(proto, inputs, answers, where)
    return Adapter(
        identity=ModelIdentity(
            family="onnx",
            kind=_kind(proto.graph),
            digest=digest,
            digest_of=digest_of,
            parameters=_parameters(proto),
            library=versions(),
        ),
        task=answers.task,
        classes=answers.classes,
        features=None if inputs.table else inputs.names,
        native=model,
        answer=model.predict,
        caster=Caster(names=() if inputs.table else inputs.names, kinds=inputs.kinds),
    )


def _kind(graph: Any) -> str:
    """The operator that decides, where there is one."""
    found = {node.op_type for node in graph.node if node.op_type.endswith(("Classifier", "Regressor", "Ensemble"))}
    return found.pop() if len(found) == 1 else "ONNX graph"


def _parameters(proto: Any) -> tuple[tuple[str, str], ...]:
    opsets = {f"opset of {entry.domain or 'ai.onnx'}": entry.version for entry in proto.opset_import}
    made_by = " ".join(part for part in (proto.producer_name, proto.producer_version) if part)
    operators = ", ".join(sorted({node.op_type for node in proto.graph.node})[:20])
    return parameters_of(
        {"ir_version": proto.ir_version, "nodes": len(proto.graph.node), "operators": operators, "producer": made_by}
        | opsets
    )
