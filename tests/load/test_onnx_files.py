"""ONNX files: told by their content, refused by one true line where they are not to be run, and never by a crash."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pandas as pd
import pytest
from onnx import TensorProto, helper, numpy_helper

from explainkit.errors import DataError, ExplainkitError, ModelError
from explainkit.load.confined import client
from explainkit.load.confined.client import Limits
from explainkit.load.confined.opening import open_confined
from explainkit.load.models.onnx.structure import is_whole, looks_like_onnx
from explainkit.load.open_model import open_model
from tests.onnx_graphs import classic, graph

STUMP = ("LEQ", 0, 0.5, False, (1.0,), (2.0,))
OPSETS = [helper.make_opsetid("", 17), helper.make_opsetid("ai.onnx.ml", 3)]


def stump(columns: int = 2, **others: Any) -> onnx.ModelProto:
    return graph("TreeEnsembleRegressor", classic([STUMP]) | {"n_targets": 1} | others, columns=columns)


def made(nodes: list[Any], *, inputs: list[Any] | None = None, outputs: list[Any] | None = None, **others: Any) -> Any:
    """A model of nodes from X (any number of rows, two columns) to Y."""
    given = inputs or [helper.make_tensor_value_info("X", TensorProto.FLOAT, [None, 2])]
    answers = outputs or [helper.make_tensor_value_info("Y", TensorProto.FLOAT, [None, 1])]
    opsets = others.pop("opsets", OPSETS)
    return helper.make_model(
        helper.make_graph(nodes, "g", given, answers, **others), opset_imports=opsets, ir_version=8
    )


def saved(model: Any, folder: Path, name: str = "model.pkl") -> Path:
    path = folder / name
    path.write_bytes(model if isinstance(model, bytes) else model.SerializeToString())
    return path


@pytest.mark.parametrize("name", ["model", "model.onnx", "model.skops", "model.json", "model.cbm"])
def test_it_is_told_by_its_content(name: str, tmp_path: Path) -> None:
    adapter = open_model(saved(stump(), tmp_path, name))
    frame = pd.DataFrame({"a": [0.5, 0.6], "b": [0.0, 0.0]})
    assert adapter.predict(adapter.adapt(frame)[0]).ravel().tolist() == [1.0, 2.0]
    assert adapter.identity.family == "onnx"
    assert adapter.identity.digest_of == f"the file {name}"


@pytest.mark.parametrize(
    "data",
    [b"", b"\x08", b"\x08\x03", b"\x08\x00\x12\x00", b"\x80\x04\x95", b"\x12\x03abc", b"tree\nversion=v4", b"\n\x02hi"],
)
def test_what_does_not_begin_like_one_is_none(data: bytes) -> None:
    assert not looks_like_onnx(io.BytesIO(data))


def test_every_cut_is_seen(tmp_path: Path) -> None:
    data = stump().SerializeToString()
    assert is_whole(io.BytesIO(data))
    whole = [length for length in range(8, len(data)) if is_whole(io.BytesIO(data[:length]))]
    opset = len(onnx.ModelProto(opset_import=OPSETS[:1]).SerializeToString())
    assert whole[-1] == len(data) - opset  # without the last version of operators, of which it has none
    for length in set(range(8, len(data), 5)) - set(whole):
        with pytest.raises(ModelError, match="cut short or damaged"):
            open_model(saved(data[:length], tmp_path))


def test_every_changed_byte_is_refused_or_answered(tmp_path: Path) -> None:
    data = stump().SerializeToString()
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"a": [0.5, np.nan], "b": [0.0, 1.0]})
    for place in rng.choice(len(data), 150, replace=False):
        spoiled = bytearray(data)
        spoiled[place] ^= 1 << int(rng.integers(8))
        path = saved(bytes(spoiled), tmp_path)
        said = ""
        try:
            adapter = open_model(path)
            assert adapter.predict(adapter.adapt(frame)[0]).shape == (2, 1)
        except ExplainkitError as error:
            said = str(error)
        assert "\n" not in said


def spoiled(**changes: Any) -> Any:
    """Attributes of two trees with some of them changed."""
    return graph("TreeEnsembleRegressor", classic([STUMP, STUMP]) | {"n_targets": 1} | changes, columns=2)


TREES: dict[str, tuple[Callable[[], Any], str]] = {
    "a cycle": (lambda: spoiled(nodes_truenodeids=[0, 0, 0, 1, 0, 0]), "a node is reached from no root"),
    "a cycle beside the root": (
        lambda: spoiled(
            nodes_modes=["BRANCH_LEQ", "BRANCH_LEQ", "LEAF"] * 2,
            nodes_truenodeids=[1, 1, 0, 1, 0, 0],
            nodes_falsenodeids=[2, 2, 0, 2, 0, 0],
        ),
        "a tree has not one root",
    ),
    "a child that is not there": (lambda: spoiled(nodes_falsenodeids=[9, 0, 0, 2, 0, 0]), "has no node 9"),
    "two nodes of one number": (lambda: spoiled(nodes_nodeids=[0, 1, 1, 0, 1, 2]), "have the same number"),
    "a column that is not there": (lambda: spoiled(nodes_featureids=[7, 0, 0, 0, 0, 0]), "feature number 7 of 2"),
    "a column below all": (lambda: spoiled(nodes_featureids=[-1, 0, 0, 0, 0, 0]), "feature number -1 of 2"),
    "an output that is not there": (lambda: spoiled(target_ids=[0, 5, 0, 0]), "an output that is not there"),
    "a value of an inner node": (lambda: spoiled(target_nodeids=[0, 2, 1, 2]), "belongs to no leaf"),
    "lists that differ": (lambda: spoiled(nodes_values=[0.5] * 5), "differ in length"),
    "a mode of nobody": (lambda: spoiled(nodes_modes=["BRANCH_XX"] + ["LEAF"] * 5), "KeyError"),
    "an infinite leaf": (lambda: spoiled(target_weights=[1.0, float("inf"), 1.0, 1.0]), "no finite value"),
    "an enormous number of a tree": (lambda: spoiled(nodes_treeids=[2**62] * 3 + [0] * 3), "has no node"),
}


@pytest.mark.parametrize("name", TREES)
def test_trees_that_cannot_be_walked_are_refused_before_the_library_sees_them(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make, found = TREES[name]
    monkeypatch.setattr("explainkit.load.models.onnx.adapter.OnnxModel", None)  # whatever comes after would raise
    with pytest.raises(ModelError, match="a tree that cannot be walked") as raised:
        open_model(saved(make(), tmp_path))
    assert found in str(raised.value)


def external(location: str) -> Any:
    tensor = TensorProto(name="W", data_type=TensorProto.FLOAT, dims=[2, 1], data_location=TensorProto.EXTERNAL)
    tensor.external_data.add(key="location", value=location)
    return made([helper.make_node("MatMul", ["X", "W"], ["Y"])], initializer=[tensor])


def within(location: str) -> Any:
    """The same in a constant within a branch."""
    model = external(location)
    constant = helper.make_node("Constant", [], ["W"], value=model.graph.initializer[0])
    inner = helper.make_graph(
        [constant, helper.make_node("MatMul", ["X", "W"], ["Z"])],
        "b",
        [],
        [helper.make_tensor_value_info("Z", TensorProto.FLOAT, None)],
    )
    true = numpy_helper.from_array(np.array(True), "T")
    return made([helper.make_node("If", ["T"], ["Y"], then_branch=inner, else_branch=inner)], initializer=[true])


def claims(size: int) -> bytes:
    """A graph that says it has so many bytes."""
    length = b""
    while size >= 0x80:
        length, size = length + bytes([size & 0x7F | 0x80]), size >> 7
    return b"\x08\x08\x3a" + length + bytes([size]) + b"\x0a\x02"


def vast() -> Any:
    shape = numpy_helper.from_array(np.array([2**40], dtype=np.int64), "S")
    nodes = [
        helper.make_node("ConstantOfShape", ["S"], ["C"]),
        helper.make_node("ReduceSum", ["C"], ["R"], keepdims=0),
        helper.make_node("ReduceSum", ["X", "A"], ["T"], keepdims=1),
        helper.make_node("Add", ["T", "R"], ["Y"]),
    ]
    return made(nodes, initializer=[shape, numpy_helper.from_array(np.array([1], dtype=np.int64), "A")])


def untrue_dims() -> Any:
    tensor = numpy_helper.from_array(np.zeros((2, 1), np.float32), "W")
    tensor.dims[0] = 2**40
    return made([helper.make_node("MatMul", ["X", "W"], ["Y"])], initializer=[tensor])


def value(name: str, elem: int, shape: list[Any] | None) -> Any:
    return helper.make_tensor_value_info(name, elem, shape)


SUM = helper.make_node("ReduceSum", ["X", "A"], ["Y"], keepdims=1)
AXIS = numpy_helper.from_array(np.array([1], dtype=np.int64), "A")
REFUSED: dict[str, tuple[Callable[[], Any], str]] = {
    "weights above the folder": (lambda: external("../../etc/passwd"), "numbers in another file.*etc/passwd"),
    "weights by their full path": (lambda: external("/etc/passwd"), "numbers in another file"),
    "weights in another file within a branch": (lambda: within("w.bin"), "numbers in another file.*w.bin"),
    "two gigabytes that are not there": (lambda: claims(2**31 - 1), "cut short or damaged"),
    "more bytes than there can be": (lambda: claims(2**63), "cut short or damaged"),
    "dimensions beyond the data": (untrue_dims, "cannot load the model"),
    "an operator of somebody": (
        lambda: made([helper.make_node("Run", ["X"], ["Y"], domain="com.somebody")]),
        "not ONNX's own; found com.somebody.Run",
    ),
    "an operator that is none": (lambda: made([helper.make_node("Nothing", ["X"], ["Y"])]), "cannot load the model"),
    "a version of operators to come": (
        lambda: made([SUM], initializer=[AXIS], opsets=[helper.make_opsetid("", 9999)]),
        "cannot load the model.*9999",
    ),
    "three dimensions": (
        lambda: made([SUM], inputs=[value("X", TensorProto.FLOAT, [3, 4, 5])], initializer=[AXIS]),
        "not a model of rows of a table; found X of 3 × 4 × 5",
    ),
    "no dimensions": (
        lambda: made([SUM], inputs=[value("X", TensorProto.FLOAT, [])], initializer=[AXIS]),
        "not a model of rows of a table",
    ),
    "complex numbers": (
        lambda: made([SUM], inputs=[value("X", TensorProto.COMPLEX64, [None, 2])], initializer=[AXIS]),
        r"not a model of rows of a table; found X of any × 2 \(complex64\)",
    ),
    "two tables": (
        lambda: made(
            [helper.make_node("Add", ["X", "Z"], ["S"]), helper.make_node("ReduceSum", ["S", "A"], ["Y"])],
            inputs=[value("X", TensorProto.FLOAT, [None, 2]), value("Z", TensorProto.FLOAT, [None, 2])],
            initializer=[AXIS],
        ),
        "not a model of rows of a table",
    ),
    "numbers without a label": (
        lambda: made([helper.make_node("Identity", ["X"], ["Y"])], outputs=[value("Y", TensorProto.FLOAT, [None, 2])]),
        "2 numbers a row and no label",
    ),
    "texts alone": (
        lambda: made(
            [helper.make_node("Cast", ["X"], ["Y"], to=TensorProto.STRING)],
            outputs=[value("Y", TensorProto.STRING, [None, 2])],
        ),
        "cannot be audited; found outputs Y",
    ),
    "no graph": (lambda: b"\x08\x08\x12\x03abc", "cut short or damaged"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_not_to_be_run_is_refused_in_one_line(name: str, tmp_path: Path) -> None:
    make, found = REFUSED[name]
    with pytest.raises(ModelError, match=found) as raised:
        open_model(saved(make(), tmp_path))
    assert "\n" not in str(raised.value)


def test_a_model_that_takes_more_memory_than_there_is_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "LIMITS", Limits(memory=2**31, opening=60.0, answering=60.0))
    adapter = open_confined(saved(vast(), tmp_path))
    with pytest.raises(ModelError, match="MemoryError|memory|ended by SIG"):
        adapter.predict(pd.DataFrame({"a": [0.0], "b": [0.0]}))
    adapter.native.close()


@pytest.mark.parametrize(
    ("changes", "fits"),
    [
        ({}, True),
        ({"coefficients": [1.0] * 2, "intercepts": [0.5]}, True),
        ({"coefficients": [1.0] * 6}, False),
        ({"coefficients": [1.0] * 3}, False),
        ({"intercepts": [0.5]}, False),
        ({"classlabels_ints": [0, 1, 2]}, False),
    ],
)
def test_coefficients_are_counted(changes: dict[str, Any], fits: bool, tmp_path: Path) -> None:
    found: dict[str, Any] = {"coefficients": [1.0] * 4, "intercepts": [0.0, 0.5], "classlabels_ints": [0, 1]}
    kept = {name: entry for name, entry in (found | changes).items() if entry is not None}
    node = helper.make_node("LinearClassifier", ["X"], ["L", "Y"], domain="ai.onnx.ml", **kept)
    classes = [value("L", TensorProto.INT64, None), value("Y", TensorProto.FLOAT, None)]
    path = saved(made([node], outputs=classes), tmp_path)
    if fits:
        assert open_model(path).task == "binary"
    else:
        with pytest.raises(ModelError, match="coefficients for another number of columns"):
            open_model(path)


def test_coefficients_of_a_regression_are_counted(tmp_path: Path) -> None:
    for count in (1, 2, 3, 4):
        node = helper.make_node(
            "LinearRegressor", ["X"], ["Y"], domain="ai.onnx.ml", coefficients=[1.0] * count, intercepts=[0.5]
        )
        path = saved(made([node]), tmp_path)
        if count == 2:
            assert open_model(path).task == "regression"
        else:
            with pytest.raises(ModelError, match=f"found {count} coefficients for 1 outputs and an input of 2 columns"):
                open_model(path)


def blocks(kind: str) -> Any:
    """A model that takes three rows at a time; of one kind, it answers by their places."""
    given, answers = [value("X", TensorProto.FLOAT, [3, 2])], [value("Y", TensorProto.FLOAT, [3, 1])]
    nodes = [helper.make_node("ReduceSum", ["X", "A"], ["S"], keepdims=1)]
    places = np.array([[1.0], [2.0], [3.0]] if kind == "by place" else [[2.0]], dtype=np.float32)
    nodes.append(helper.make_node("Mul", ["S", "W"], ["Y"]))
    return made(nodes, inputs=given, outputs=answers, initializer=[AXIS, numpy_helper.from_array(places, "W")])


def test_a_fixed_number_of_rows_is_asked_in_blocks(tmp_path: Path) -> None:
    frame = pd.DataFrame({"a": np.arange(7.0), "b": np.ones(7)})
    adapter = open_model(saved(blocks("alike"), tmp_path))
    assert adapter.predict(adapter.adapt(frame)[0]).ravel().tolist() == [2.0 * (a + 1) for a in range(7)]
    adapter = open_model(saved(blocks("by place"), tmp_path))
    with pytest.raises(ModelError, match="answers for a row by its place among others"):
        adapter.predict(adapter.adapt(frame)[0])


def columns_of(*kinds: int) -> Any:
    """A model with an input of a type for each column; the answer is the sum of those that are numbers."""
    names = [chr(ord("a") + i) for i in range(len(kinds))]
    nodes = [helper.make_node("Cast", [n], [f"{n}f"], to=TensorProto.FLOAT) for n in names]
    nodes.append(helper.make_node("Sum", [f"{n}f" for n in names], ["Y"]))
    return made(nodes, inputs=[value(n, k, [None, 1]) for n, k in zip(names, kinds, strict=True)])


COLUMNS: dict[str, tuple[int, list[Any], str]] = {
    "a text for a number": (TensorProto.FLOAT, ["x", "1"], "column a: text where the model takes numbers; found 'x'"),
    "a number for a text": (TensorProto.STRING, [1.0, 2.0], "column a: numbers where the model takes texts"),
    "a missing text": (TensorProto.STRING, ["1", None], "column a: missing values where the model takes texts"),
    "a fraction": (TensorProto.INT64, [1.0, 2.5], "fractions where the model takes whole numbers; found 2.5"),
    "a missing whole number": (TensorProto.INT64, [1.0, np.nan], "missing values or fractions"),
}


@pytest.mark.parametrize("name", COLUMNS)
def test_columns_that_it_does_not_take(name: str, tmp_path: Path) -> None:
    kind, values, found = COLUMNS[name]
    adapter = open_model(saved(columns_of(kind, TensorProto.FLOAT), tmp_path))
    assert adapter.features == ("a", "b")
    with pytest.raises(DataError, match=found):
        adapter.adapt(pd.DataFrame({"a": values, "b": [0.0, 1.0]}))


def test_columns_of_every_type(tmp_path: Path) -> None:
    kinds = (TensorProto.FLOAT, TensorProto.DOUBLE, TensorProto.INT64, TensorProto.BOOL, TensorProto.STRING)
    adapter = open_model(saved(columns_of(*kinds), tmp_path))
    frame = pd.DataFrame({"a": [1, 2], "b": [0.5, 0.25], "c": [3.0, 4.0], "d": [True, False], "e": ["7", "8"]})
    adapted, ledger = adapter.adapt(frame)
    assert adapter.predict(adapted).ravel().tolist() == [12.5, 14.25]
    assert ledger == ()


def test_labels_are_found_behind_what_exporters_put_before_them(tmp_path: Path) -> None:
    names = numpy_helper.from_array(np.array([b"bad", b"good"], dtype=object), "N")
    nodes = [
        helper.make_node("Softmax", ["X"], ["P"], axis=1),
        helper.make_node("ArgMax", ["P"], ["I"], axis=1, keepdims=0),
        helper.make_node("ArrayFeatureExtractor", ["N", "I"], ["L"], domain="ai.onnx.ml"),
    ]
    answers = [value("L", TensorProto.STRING, None), value("P", TensorProto.FLOAT, [None, 2])]
    adapter = open_model(saved(made(nodes, outputs=answers, initializer=[names]), tmp_path))
    assert (adapter.task, adapter.classes) == ("binary", ("bad", "good"))


def test_it_runs_in_a_process_that_is_shut_off_as_in_this_one(tmp_path: Path) -> None:
    path = saved(stump(), tmp_path)
    here, there = open_model(path), open_confined(path)
    assert (there.identity, there.task, there.features) == (here.identity, here.task, here.features)
    frame = pd.DataFrame({"a": [0.5, np.nan, 7.0], "b": [0.0, 1.0, 2.0]})
    answers = [adapter.predict(adapter.adapt(frame)[0]) for adapter in (here, there)]
    np.testing.assert_array_equal(answers[0], answers[1])
    there.native.close()
