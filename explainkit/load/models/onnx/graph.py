"""Read an ONNX graph and refuse what is not to be run: operators of others, weights in other files, unsound trees."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from typing import Any

from explainkit.errors import ModelError
from explainkit.load.models.base import first_line
from explainkit.load.models.onnx.forest import OPERATORS, attributes, forest_of
from explainkit.load.models.onnx.library import onnx
from explainkit.load.models.onnx.structure import is_whole
from explainkit.load.models.soundness import refused

_OWN = ("", "ai.onnx", "ai.onnx.ml")
LINEAR = ("LinearClassifier", "LinearRegressor")
"""Operators with a coefficient for each column."""
_SAME = ("Identity", "Cast", "Reshape", "Flatten", "Squeeze", "Unsqueeze")
"""Operators that leave numbers as they are, but for their type and their shape."""
UNREADABLE = (ValueError, TypeError, LookupError, OverflowError, AttributeError)
"""What reading the parts of a graph raises where they are not what they should be."""


def read_graph(data: bytes, where: str) -> Any:
    """Read a model.

    Parameters
    ----------
    data : bytes
        A whole file.
    where : str
        Its name.

    Returns
    -------
    onnx.ModelProto
        It needs no other file, has operators of ONNX alone, and trees that can be walked.

    Raises
    ------
    ModelError
        If that is not so.
    """
    library = onnx()
    from google.protobuf.message import DecodeError

    if not is_whole(io.BytesIO(data)):
        raise damaged(where, "a field that ends beyond the file, or is none of an ONNX model")
    try:
        model = library.load_model_from_string(data)
        _check_names(model)
        _check_operators(model, where)
        _check_tensors(model, where)
        _check_widths(model, where)
    except (DecodeError, *UNREADABLE) as error:
        raise damaged(where, f"{type(error).__name__}: {first_line(error)}") from None
    return model


def damaged(where: str, found: str) -> ModelError:
    """The error for a file that is not what it should be."""
    return ModelError(
        "the model file is cut short or damaged", where=where, found=found, remedy="save the model again as ONNX"
    )


def _check_names(model: Any) -> None:
    """Protocol buffers give bytes for a name that is no text."""
    names = [entry.domain for entry in model.opset_import] + [model.producer_name, model.producer_version]
    names += [value.name for value in (*model.graph.input, *model.graph.output, *model.graph.initializer)]
    for node in _nodes(model.graph):
        names += [node.op_type, node.domain, *node.input, *node.output, *(a.name for a in node.attribute)]
    strange = next((name for name in names if not isinstance(name, str)), None)
    if strange is not None:
        raise ValueError(f"the name {strange!r} is no text")


def _check_operators(model: Any, where: str) -> None:
    strange = sorted({f"{node.domain}.{node.op_type}" for node in _nodes(model.graph) if node.domain not in _OWN})
    if strange:
        raise ModelError(
            "the model asks for operators that are not ONNX's own",
            where=where,
            found=", ".join(strange[:5]),
            allowed="operators of ai.onnx and ai.onnx.ml",
            remedy="export it without custom operators, and with functions inlined (onnx.inliner)",
        )


def _check_tensors(model: Any, where: str) -> None:
    external = onnx().TensorProto.EXTERNAL
    for tensor in _tensors(model.graph):
        if tensor.data_location == external or tensor.external_data:
            places = {entry.key: entry.value for entry in tensor.external_data}
            raise ModelError(
                "the model keeps numbers in another file, which is not read",
                where=where,
                found=repr(places.get("location", "")),
                allowed="a model in one file",
                remedy="save it with its numbers inside: onnx.save_model(model, path, save_as_external_data=False)",
            )


def _check_widths(model: Any, where: str) -> None:
    """Refuse trees that cannot be walked, and coefficients for another number of columns than there are."""
    try:
        inferred = onnx().shape_inference.infer_shapes(model).graph
    except (onnx().shape_inference.InferenceError, *UNREADABLE):
        inferred = model.graph
    known = {name: shape for name, shape in shapes((*inferred.value_info, *inferred.input)).items() if shape}
    widths = {name: shape[1] for name, shape in known.items() if len(shape) == 2}
    for node in _nodes(model.graph):
        width = widths.get(node.input[0]) if node.input else None
        if node.op_type in OPERATORS:
            try:
                forest_of(node, width=width)
            except UNREADABLE as error:
                problem = str(error) if type(error) is ValueError else f"{type(error).__name__}: {first_line(error)}"
                raise refused(where, problem) from None
        elif node.op_type in LINEAR and width is not None:
            _check_linear(node, width, where)


def _check_linear(node: Any, width: int, where: str) -> None:
    """ONNX Runtime does not count coefficients: with too many it takes the first ones for those of all columns."""
    found = attributes(node)
    count = len(found["coefficients"])
    rows = int(found.get("targets", 1)) if node.op_type == LINEAR[1] else max(1, count // width)
    names = found.get("classlabels_ints") or found.get("classlabels_strings") or ()
    allowed = {rows} if not names else {1, 2} if len(names) == 2 else {len(names)}
    if count != rows * width or rows not in allowed or len(found.get("intercepts", ())) not in (0, rows):
        outputs = f"{len(names)} classes" if names else f"{rows} outputs"
        raise ModelError(
            f"the graph contradicts itself: its {node.op_type} has coefficients for another number of columns",
            where=where,
            found=f"{count} coefficients for {outputs} and an input of {width} columns",
            allowed=f"{max(allowed) * width} coefficients",
            remedy="export the model again, with the number of columns that it was trained on",
        )


def shapes(values: Sequence[Any]) -> dict[str, tuple[int | None, ...] | None]:
    """Shapes of tensors by their names; None for a size that is not fixed, and for a shape that is not told."""
    found: dict[str, tuple[int | None, ...] | None] = {}
    for value in values:
        told = value.type.tensor_type
        known = value.type.HasField("tensor_type") and told.HasField("shape")
        sizes = (size.dim_value if size.HasField("dim_value") else None for size in told.shape.dim)
        found[value.name] = tuple(size if size != 0 else None for size in sizes) if known else None
    return found


def makers(graph: Any) -> dict[str, Any]:
    """The node that makes each tensor, by the name of the tensor."""
    return {name: node for node in graph.node for name in node.output if name}


def constants(graph: Any) -> dict[str, Any]:
    """Tensors that are fixed, as arrays: those given beside the nodes, and those of nodes Constant."""
    to_array = onnx().numpy_helper.to_array
    found = {tensor.name: to_array(tensor) for tensor in graph.initializer}
    for node in graph.node:
        if node.op_type == "Constant" and node.attribute and node.attribute[0].name == "value":
            found[node.output[0]] = to_array(node.attribute[0].t)
    return found


def behind(made: dict[str, Any], name: str) -> tuple[str, Any]:
    """The tensor whose numbers these are, and the node that makes it: operators that change none are passed."""
    node = made.get(name)
    for _ in range(len(made)):
        if node is None or node.op_type not in _SAME:
            break
        name = node.input[0]
        node = made.get(name)
    return name, node


def part(model: Any, wanted: str) -> bytes:
    """The model with one tensor as its only output, and without the nodes that it does not need.

    Parameters
    ----------
    model : onnx.ModelProto
        It is not changed.
    wanted : str
        Name of the tensor; its type is left for ONNX Runtime to find.
    """
    made, needed, left = makers(model.graph), set[str](), [wanted]
    while left:
        name = left.pop()
        node = made.get(name)
        if name in needed or node is None:
            continue
        needed.update(node.output)
        left += [*node.input, *(used for inner in _graphs(node) for within in _nodes(inner) for used in within.input)]
    copy = type(model)()
    copy.CopyFrom(model)
    kept = [node for node in model.graph.node if set(node.output) & needed]
    del copy.graph.node[:]
    copy.graph.node.extend(kept)
    del copy.graph.output[:]
    copy.graph.output.add().name = wanted
    data: bytes = copy.SerializeToString()
    return data


def _graphs(node: Any) -> Iterator[Any]:
    for attribute in node.attribute:
        if attribute.HasField("g"):
            yield attribute.g
        yield from attribute.graphs


def _nodes(graph: Any) -> Iterator[Any]:
    """All nodes, those of loops and branches included."""
    left = [graph]
    while left:
        for node in left.pop().node:
            yield node
            left += _graphs(node)


def _tensors(graph: Any) -> Iterator[Any]:
    """All fixed tensors, wherever they stand."""
    left = [graph]
    while left:
        one = left.pop()
        yield from one.initializer
        sparse = list(one.sparse_initializer)
        for node in one.node:
            left += _graphs(node)
            for attribute in node.attribute:
                yield attribute.t
                yield from attribute.tensors
                sparse += [attribute.sparse_tensor, *attribute.sparse_tensors]
        for tensor in sparse:
            yield from (tensor.values, tensor.indices)
