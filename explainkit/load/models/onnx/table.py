"""What an ONNX model takes and answers: rows of a table in, probabilities or one number a row out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from explainkit.errors import DataError, ModelError
from explainkit.evidence import LedgerEntry
from explainkit.load.models.base import numbers_from_flags
from explainkit.load.models.onnx.forest import attributes
from explainkit.load.models.onnx.graph import behind, constants, makers, shapes
from explainkit.load.models.onnx.library import onnx

if TYPE_CHECKING:
    from explainkit.plan import Task

_NUMBER, _WHOLE, _TEXT, _FLAG = "number", "whole", "text", "flag"
_FLOATS = ("FLOAT", "DOUBLE", "FLOAT16")
_KINDS: Mapping[str, str] = {
    **dict.fromkeys(_FLOATS, _NUMBER),
    **dict.fromkeys(("INT8", "INT16", "INT32", "INT64", "UINT8", "UINT16", "UINT32", "UINT64"), _WHOLE),
    "STRING": _TEXT,
    "BOOL": _FLAG,
}
"""Types of tensors that a column can be given as."""
_LABELS = ("classlabels_int64s", "classlabels_ints", "classlabels_strings")
_CHOOSES = ("ArrayFeatureExtractor", "Gather")


@dataclass(frozen=True, slots=True, kw_only=True)
class Inputs:
    """The inputs of a graph: one table, or one input for each column."""

    names: tuple[str, ...]
    elems: tuple[int, ...]
    """Their types, as numbers of ``onnx.TensorProto``."""
    ranks: tuple[int, ...]
    table: bool
    """Whether one input takes all columns, which then have no names."""
    width: int | None
    """Number of columns, where it is fixed."""
    rows: int | None
    """Number of rows that it takes at once, where it is fixed."""

    @property
    def kinds(self) -> tuple[str, ...]:
        """What each input takes: ``number``, ``whole``, ``text`` or ``flag``."""
        name = onnx().TensorProto.DataType.Name
        return tuple(_KINDS[name(elem)] for elem in self.elems)

    def feeds(self, rows: pd.DataFrame) -> dict[str, Any]:
        """The inputs for rows that `Caster` adapted."""
        kinds = [onnx().helper.tensor_dtype_to_np_dtype(elem) for elem in self.elems]
        with np.errstate(over="ignore"):  # beyond the range of 32 bits is infinite
            if self.table:
                return {self.names[0]: np.ascontiguousarray(rows.to_numpy().astype(kinds[0]))}
            columns = (rows.iloc[:, place].to_numpy().astype(kind) for place, kind in enumerate(kinds))
            return {
                name: column if rank == 1 else column[:, None]
                for name, rank, column in zip(self.names, self.ranks, columns, strict=True)
            }


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """The tensor that holds the answers, and what they are."""

    tensor: str
    classes: tuple[Any, ...] | None
    task: Task | None


def inputs_of(graph: Any, where: str) -> Inputs:
    """What a graph takes.

    Raises
    ------
    ModelError
        If that is not rows of a table.
    """
    fixed = {tensor.name for tensor in graph.initializer}
    given = [value for value in graph.input if value.name not in fixed]
    known = shapes(given)
    names = tuple(value.name for value in given)
    sizes = [known[name] for name in names]
    elems = tuple(value.type.tensor_type.elem_type for value in given)
    type_name = onnx().TensorProto.DataType.Name
    table = len(given) == 1 and sizes[0] is not None and len(sizes[0]) == 2
    column = [size is not None and (len(size) == 1 or (len(size) == 2 and size[1] in (None, 1))) for size in sizes]
    every = [size for shape in sizes for size in shape or () if size is not None]
    if (
        not given
        or not (table or all(column))
        or not all(type_name(elem) in _KINDS for elem in elems)
        or min(every, default=1) < 1
    ):
        found = ", ".join(_described(value, known[value.name]) for value in given[:3]) or "no input"
        raise ModelError(
            "the ONNX graph is not a model of rows of a table",
            where=where,
            found=found,
            allowed="one input of rows × columns, or an input of rows × 1 for each column; of numbers, texts or flags",
        )
    rows = {size[0] for size in sizes if size is not None and size[0] is not None}
    if len(rows) > 1:
        raise ModelError("inputs of different numbers of rows", where=where, found=", ".join(map(str, sorted(rows))))
    first = sizes[0]
    return Inputs(
        names=names,
        elems=elems,
        ranks=tuple(len(size) for size in sizes if size is not None),
        table=table,
        width=(None if first is None else first[1]) if table else len(given),
        rows=next(iter(rows), None),
    )


def _described(value: Any, shape: tuple[int | None, ...] | None) -> str:
    """An input in words, as far as its type is told."""
    sizes = "an unknown shape" if shape is None else " × ".join("any" if s is None else str(s) for s in shape)
    kind = onnx().TensorProto.DataType.Name(value.type.tensor_type.elem_type).lower()
    return f"{value.name} of {sizes or 'no dimension'} ({kind})"


def answers_of(graph: Any, where: str) -> Answers:
    """What a graph answers.

    Raises
    ------
    ModelError
        If that is neither probabilities beside a label nor one number a row.
    """
    proto, made = onnx().TensorProto, makers(graph)
    elem = {value.name: value.type.tensor_type.elem_type for value in graph.output}
    maps = [value.name for value in graph.output if value.type.HasField("sequence_type")]
    numbers = [name for name in elem if name not in maps and proto.DataType.Name(elem[name]) in _FLOATS]
    labels = [name for name in elem if name not in maps and name not in numbers]
    if len(maps) + len(numbers) != 1 or len(labels) > 1:
        raise _not_answers(where, f"outputs {', '.join(elem)}")
    known = shapes(graph.output)
    if maps:
        zipped = made.get(maps[0])
        if zipped is None or zipped.op_type != "ZipMap":
            raise _not_answers(where, f"output {maps[0]}, a sequence that no ZipMap makes")
        classes = _named(attributes(zipped))
        return Answers(tensor=zipped.input[0], classes=classes, task=_task(classes))
    name = numbers[0]
    shape = known[name]
    columns = shape[1] if shape is not None and len(shape) == 2 else None
    if shape is not None and len(shape) not in (1, 2):
        raise _not_answers(where, f"output {name} of {len(shape)} dimensions")
    if labels:
        classes = _classes(graph, made, labels[0], columns)
        if classes == (0, 1) and elem[labels[0]] == proto.BOOL:
            classes = (False, True)
        return Answers(tensor=name, classes=classes, task=_task(classes))
    if columns is not None and columns > 1:
        raise _not_answers(where, f"{columns} numbers a row and no label")
    node = behind(made, name)[1]
    regression = node is not None and node.op_type.endswith("Regressor")
    return Answers(tensor=name, classes=None, task="regression" if regression else None)


def _not_answers(where: str, found: str) -> ModelError:
    return ModelError(
        "what the ONNX graph answers cannot be audited",
        where=where,
        found=found,
        allowed="probabilities beside a label (a tensor, or a ZipMap), or one number a row",
        remedy="export the classifier with its label and its probabilities",
    )


def _task(classes: Sequence[Any] | None) -> Task | None:
    return None if classes is None else "binary" if len(classes) == 2 else "multiclass"


def _named(found: Mapping[str, Any]) -> tuple[Any, ...] | None:
    """Class labels of a node."""
    for name in _LABELS:
        if found.get(name):
            return tuple(value.decode() if isinstance(value, bytes) else int(value) for value in found[name])
    return None


def _classes(graph: Any, made: dict[str, Any], label: str, columns: int | None) -> tuple[Any, ...] | None:
    """Classes in the order of the probabilities, as far as the way to the label tells them."""
    node = behind(made, label)[1]
    if node is None:
        return None
    if node.op_type == "ArgMax":
        return None if columns is None else tuple(range(columns))
    if node.op_type in _CHOOSES:
        names, place = constants(graph).get(node.input[0]), behind(made, node.input[1])[1]
        if names is None or place is None or place.op_type != "ArgMax":
            return None
        return tuple(v.decode() if isinstance(v, bytes) else v for v in names.ravel().tolist())
    return _named(attributes(node)) if node.op_type.endswith("Classifier") else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Caster:
    """Columns as the inputs take them; what they cannot hold is refused."""

    names: tuple[str, ...]
    """Columns that have inputs of their own; none where all are one table."""
    kinds: tuple[str, ...]
    """What these inputs take, or the one that takes all columns."""

    def __post_init__(self) -> None:
        if len(self.kinds) != max(1, len(self.names)) or not set(self.kinds) <= set(_KINDS.values()):
            raise ValueError("kinds of inputs")

    @property
    def categorical(self) -> tuple[str, ...]:
        """Names of the columns of text."""
        return tuple(name for name, kind in zip(self.names, self.kinds, strict=False) if kind == _TEXT)

    def __call__(self, rows: pd.DataFrame) -> tuple[pd.DataFrame, tuple[LedgerEntry, ...]]:
        adapted, ledger = rows.copy(deep=False), list[LedgerEntry]()
        own = dict(zip(self.names, self.kinds, strict=False))
        for name in map(str, rows.columns):
            kind = own.get(name, self.kinds[0])
            column = rows[name]
            if kind != _TEXT and column.dtype == object and pd.api.types.infer_dtype(column, skipna=True) == "boolean":
                column, entry = numbers_from_flags(column, name=name)
                ledger.append(entry)
            adapted[name] = _text(name, column) if kind == _TEXT else _numbers(name, column, kind)
        return adapted, tuple(ledger)


def _text(name: str, column: pd.Series) -> pd.Series:
    where = f"column {name}"
    if pd.api.types.is_numeric_dtype(column) or pd.api.types.is_datetime64_any_dtype(column):
        raise DataError("numbers where the model takes texts", where=where, found=str(column.dtype), allowed="texts")
    if column.isna().any():
        raise DataError(
            "missing values where the model takes texts, of which ONNX has no missing ones",
            where=where,
            found=f"{int(column.isna().sum())} of {len(column)} rows",
            remedy="give them the text that stood for them in training",
        )
    return column.astype(object)


def _numbers(name: str, column: pd.Series, kind: str) -> pd.Series:
    where = f"column {name}"
    if not pd.api.types.is_numeric_dtype(column):
        filled = column.dropna()
        raise DataError(
            "text where the model takes numbers",
            where=where,
            found=repr(filled.iloc[0]) if len(filled) else "no value",
            allowed="numbers",
            remedy="list texts that mean missing under data.missing",
        )
    values = column.to_numpy(dtype=np.float64, na_value=np.nan) if column.dtype.kind not in "iub" else column.to_numpy()
    if kind != _NUMBER and values.dtype.kind == "f" and not (values == np.floor(values)).all():
        raise DataError(
            "missing values or fractions where the model takes whole numbers",
            where=where,
            found=repr(float(values[~(values == np.floor(values))][0])),
            allowed="whole numbers, in every row",
        )
    return pd.Series(values, index=column.index)
