"""Files in which a pickle hides, or which are one thing to one reader and another to the next; files that change."""

from __future__ import annotations

import io
import json
import os
import pickle
import warnings
import zipfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import catboost
import joblib
import lightgbm
import numpy as np
import pandas as pd
import pytest
import skops.io
import xgboost
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import FunctionTransformer

from explainkit.artifact import regular_file, sha256_file, sha256_of
from explainkit.errors import ModelError
from explainkit.load import open_model as opening
from explainkit.load.open_model import open_model
from tests.load.test_hostile_files import Calls

ROWS = pd.DataFrame({"a": np.linspace(-1, 1, 40), "b": np.linspace(1, 0, 40) ** 2})
OUTCOMES = [(ROWS["a"] > 0).astype(int), (ROWS["b"] > 0.25).astype(int)]


def skops_file(members: Iterable[tuple[str, bytes]]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, data in members:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", UserWarning)  # of two members of one name
                archive.writestr(name, data)
    return stream.getvalue()


def honest() -> dict[str, bytes]:
    """Members of a skops file of a model."""
    model = LogisticRegression().fit(ROWS, OUTCOMES[0])
    with zipfile.ZipFile(io.BytesIO(skops.io.dumps(model))) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def node(kind: str, name: str, module: str, **more: Any) -> dict[str, Any]:
    return {"__class__": name, "__module__": module, "__loader__": kind, "__id__": 1, **more}


def schema(content: dict[str, Any]) -> bytes:
    return json.dumps(
        {**content, "protocol": json.loads(honest()["schema.json"])["protocol"], "_skops_version": "0.16"}
    ).encode()


def pickled_array(marker: Path) -> bytes:
    stream = io.BytesIO()
    np.save(stream, np.array([Calls(os.system, f"touch {marker}")], dtype=object), allow_pickle=True)
    return stream.getvalue()


def text_node(value: str) -> dict[str, Any]:
    return node("JsonNode", "str", "builtins", content=json.dumps(value), is_json=True)


def tuple_node(*members: dict[str, Any]) -> dict[str, Any]:
    return node("TupleNode", "tuple", "builtins", content=list(members))


def containers(marker: Path) -> dict[str, bytes]:
    """skops files that would write the marker, if their reader were led astray."""
    members, command = honest(), f"touch {marker}"
    array = next(name for name in members if name.endswith(".npy"))
    call = pickle.dumps(Calls(os.system, command))
    arguments = tuple_node(text_node(command))
    system = node("FunctionNode", "system", "os", content=node("FunctionNode", "system", "os"))
    transformer = FunctionTransformer(func=os.getcwd)
    stated = skops.io.dumps(transformer)
    with zipfile.ZipFile(io.BytesIO(stated)) as archive:
        function = {name: archive.read(name) for name in archive.namelist()}
    reduced = node("ReduceNode", "system", "os", constructor=system, args=arguments, state=None)
    hostile = schema(reduced)
    return {
        "an array of pickled objects": skops_file({**members, array: pickled_array(marker)}.items()),
        "a pickle for an array": skops_file({**members, array: call}.items()),
        "an archive of arrays for an array": skops_file(
            {**members, array: skops_file([("arr_0.npy", pickled_array(marker))])}.items()
        ),
        "two schemas, the harmless first": skops_file([*members.items(), ("schema.json", hostile)]),
        "two schemas, the harmless last": skops_file([("schema.json", hostile), *members.items()]),
        "two arrays of one name": skops_file([*members.items(), (array, pickled_array(marker))]),
        "a function of a known estimator": skops_file(function.items()),
        "a call": skops_file([("schema.json", hostile)]),
        "a partial": skops_file(
            [
                (
                    "schema.json",
                    schema(
                        node(
                            "PartialNode",
                            "partial",
                            "functools",
                            content={
                                "func": system,
                                "args": arguments,
                                "kwds": tuple_node(),
                                "namespace": tuple_node(),
                            },
                        )
                    ),
                )
            ]
        ),
        "an operator": skops_file(
            [("schema.json", schema(node("OperatorFuncNode", "methodcaller", "operator", attrs=arguments)))]
        ),
        "a type": skops_file([("schema.json", schema(node("TypeNode", "system", "os", content="system")))]),
        "an object": skops_file(
            [("schema.json", schema(node("ObjectNode", "Popen", "subprocess", content=text_node(command))))]
        ),
        "an unknown loader": skops_file(
            [("schema.json", schema(node("PickleNode", "loads", "pickle", content=command)))]
        ),
        "a path out of the archive": skops_file(
            [
                *((n, d) for n, d in members.items() if n != array and n != "schema.json"),
                (
                    "schema.json",
                    members["schema.json"].replace(array.encode(), b"../" + str(marker.name).encode() + b".npy"),
                ),
            ]
        ),
        "a pickle before the archive": call + skops_file(members.items()),
        "a pickle behind the archive": skops_file(members.items())[:-2] + len(call).to_bytes(2, "little") + call,
        "a tree before an archive": b"tree\n" + skops_file([("schema.json", hostile)]),
        "a local header, then a pickle": b"PK\x03\x04" + call,
    }


HARMLESS = ("a pickle behind the archive", "two schemas, the harmless last")
"""Files that may be opened: what is hostile in them is never looked at."""


@pytest.mark.parametrize("kind", containers(Path("marker")))
def test_nothing_in_it_runs(kind: str, tmp_path: Path) -> None:
    marker = tmp_path / "marker"
    (tmp_path / "marker.npy").write_bytes(pickled_array(marker))
    (tmp_path / "model").write_bytes(containers(marker)[kind])
    if kind not in HARMLESS:
        with pytest.raises(ModelError) as refused:
            open_model(tmp_path / "model")
        assert "\n" not in str(refused.value)
    else:
        model = open_model(tmp_path / "model")
        expected = LogisticRegression().fit(ROWS, OUTCOMES[0]).predict_proba(ROWS)
        assert np.array_equal(model.predict(ROWS), expected)
    assert not marker.exists()


def of_xgboost(model: Any, path: Path) -> None:
    model.get_booster().save_model(path.with_suffix(".json"))
    path.with_suffix(".json").rename(path)


WRITERS: dict[str, tuple[Callable[[], Any], Callable[[Any, Path], None]]] = {
    "skops": (LogisticRegression, skops.io.dump),
    "joblib": (LogisticRegression, joblib.dump),
    "lightgbm": (
        lambda: lightgbm.LGBMClassifier(n_estimators=2, min_child_samples=2, verbose=-1),
        lambda model, path: model.booster_.save_model(path),
    ),
    "xgboost": (lambda: xgboost.XGBClassifier(n_estimators=2), of_xgboost),
    "catboost": (
        lambda: catboost.CatBoostClassifier(iterations=2, verbose=0, allow_writing_files=False),
        lambda model, path: model.save_model(str(path), format="cbm"),
    ),
}


@pytest.mark.parametrize("kind", WRITERS)
def test_the_digest_is_of_the_model_that_answers(kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody puts another model in its place while it is opened, and the first one back afterwards."""
    make, write = WRITERS[kind]
    paths = [tmp_path / "one", tmp_path / "other"]
    for path, outcome in zip(paths, OUTCOMES, strict=True):
        write(make().fit(ROWS, outcome), path)
    digest = "sha256:" + sha256_file(paths[0])
    expected, others = (open_model(path, trust=["sha256:" + sha256_file(path)]).predict(ROWS) for path in paths)
    assert not np.array_equal(expected, others)

    def swapped(data: bytes) -> str:
        paths[0].write_bytes(paths[1].read_bytes())
        return sha256_of(data)

    monkeypatch.setattr(opening, "sha256_of", swapped)
    model = open_model(paths[0], trust=[digest])
    assert model.identity.digest == digest
    assert np.array_equal(model.predict(ROWS), expected)


def test_a_pipe_put_in_the_place_of_a_file_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "model")
    with pytest.raises(OSError, match="not a regular file"):
        sha256_file(tmp_path / "model")
    (tmp_path / "file").write_bytes(b"x")
    os.link(tmp_path / "file", tmp_path / "hard")
    (tmp_path / "soft").symlink_to(tmp_path / "file")
    for name in ("hard", "soft"):
        with regular_file(tmp_path / name) as stream:
            assert stream.read() == b"x"
