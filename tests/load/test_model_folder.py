"""MLflow model folders, described as MLflow 3.17 describes them: the model inside by the same rules as any file."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import skops.io
from sklearn.linear_model import LogisticRegression

from explainkit.artifact import sha256_file, sha256_folder
from explainkit.errors import ModelError
from explainkit.load.confined.opening import open_confined
from explainkit.load.models.base import Adapter
from explainkit.load.open_model import open_model

COLUMNS = ["age", "late payments", "rate"]
ROWS = pd.DataFrame(np.random.default_rng(0).normal(size=(80, 3)), columns=COLUMNS)
LABELS = (ROWS["age"] + ROWS["rate"] > 0).to_numpy().astype(int)


def described(folder: Path, flavor: str, keys: dict[str, Any], names: list[str] | None = COLUMNS) -> Path:
    """Write the file MLmodel."""
    columns = [{"type": "double", "name": name, "required": True} for name in names or ()]
    inputs = json.dumps(columns).replace('"', '\\"')
    lines = ["flavors:", "  python_function:", "    loader_module: mlflow.any", f"  {flavor}:"]
    lines += [f"    {key}: {json.dumps(value)}" for key, value in keys.items()]
    lines += ["mlflow_version: 3.17.2", "model_id: null"]
    if names is not None:
        lines += ["signature:", f'  inputs: "{inputs}"', "  params: null"]
    folder.mkdir(exist_ok=True)
    (folder / "MLmodel").write_text("\n".join(lines) + "\n")
    return folder


def sklearn_folder(folder: Path, form: str) -> Path:
    model = LogisticRegression().fit(ROWS, LABELS)
    name = "model.skops" if form == "skops" else "model.pkl"
    described(folder, "sklearn", {"pickled_model": name, "serialization_format": form, "sklearn_version": "1.9.1"})
    if form == "skops":
        skops.io.dump(model, folder / name)
    else:
        module = pytest.importorskip(form)
        (folder / name).write_bytes(module.dumps(model))
    return folder


def xgboost_folder(folder: Path, form: str) -> Path:
    xgboost = pytest.importorskip("xgboost")
    model = xgboost.XGBClassifier(n_estimators=3).fit(ROWS, LABELS)
    described(folder, "xgboost", {"data": f"model.{form}", "model_format": form, "xgb_version": "3.2.0"})
    model.save_model(folder / f"model.{form}")
    return folder


def lightgbm_folder(folder: Path, form: str) -> Path:
    lightgbm = pytest.importorskip("lightgbm")
    model = lightgbm.LGBMClassifier(n_estimators=3, verbose=-1).fit(ROWS, LABELS)
    described(folder, "lightgbm", {"data": "model.lgb", "lgb_version": "4.7.0"})
    model.booster_.save_model(folder / "model.lgb")
    return folder


def catboost_folder(folder: Path, form: str) -> Path:
    catboost = pytest.importorskip("catboost")
    model = catboost.CatBoostClassifier(iterations=3, verbose=False, allow_writing_files=False).fit(ROWS, LABELS)
    described(folder, "catboost", {"data": "model.cb", "save_format": form, "model_type": "CatBoostClassifier"})
    model.save_model(str(folder / "model.cb"), format=form)
    return folder


def onnx_folder(folder: Path, form: str) -> Path:
    from tests.onnx_graphs import classic, graph

    found = classic([("LEQ", 0, 0.0, False, (0.75, 0.25), (0.25, 0.75))], classifier=True)
    described(folder, "onnx", {"data": "model.onnx", "onnx_version": "1.23.2", "providers": ["CPUExecutionProvider"]})
    model = graph("TreeEnsembleClassifier", found | {"classlabels_int64s": [0, 1]}, columns=3)
    (folder / "model.onnx").write_bytes(model.SerializeToString())
    return folder


MAKERS: dict[str, tuple[Callable[[Path, str], Path], str]] = {
    "skops": (sklearn_folder, "skops"),
    "xgboost as UBJ": (xgboost_folder, "ubj"),
    "xgboost as JSON": (xgboost_folder, "json"),
    "lightgbm": (lightgbm_folder, "txt"),
    "catboost as cbm": (catboost_folder, "cbm"),
    "catboost as JSON": (catboost_folder, "json"),
    "onnx": (onnx_folder, "onnx"),
}


@pytest.mark.parametrize("name", MAKERS)
def test_every_flavor(name: str, tmp_path: Path) -> None:
    make, form = MAKERS[name]
    folder = make(tmp_path / "model", form)
    adapter = open_model(folder)
    assert adapter.features == tuple(COLUMNS)  # LightGBM itself keeps no spaces, ONNX no names
    assert adapter.task == "binary"
    assert adapter.identity.digest == "sha256:" + sha256_folder(folder)
    assert adapter.identity.digest_of == "the folder model"
    inner = open_model(next(path for path in folder.iterdir() if path.name != "MLmodel"))
    np.testing.assert_array_equal(answered(adapter), answered(inner))


def answered(adapter: Adapter) -> np.ndarray:
    rows = ROWS if adapter.features is None else ROWS.set_axis(list(adapter.features), axis=1)
    return adapter.predict(adapter.adapt(rows)[0])


def test_in_a_process_that_is_shut_off(tmp_path: Path) -> None:
    folder = sklearn_folder(tmp_path / "a model", "skops")
    adapter = open_confined(folder)
    here = open_model(folder)
    assert adapter.identity == here.identity
    np.testing.assert_array_equal(answered(adapter), answered(here))
    adapter.native.close()


def test_a_pickle_needs_its_own_digest(tmp_path: Path) -> None:
    folder = sklearn_folder(tmp_path / "model", "pickle")
    digest = "sha256:" + sha256_file(folder / "model.pkl")
    for trust in ((), ("sha256:" + sha256_folder(folder),)):
        with pytest.raises(ModelError, match="a pickle can run any code") as raised:
            open_model(folder, trust=trust)
        assert f'add "{digest}" to model.trust' in str(raised.value)
    adapter = open_model(folder, trust=[digest])
    assert adapter.identity.digest == "sha256:" + sha256_folder(folder)


def test_the_digest_is_what_standard_tools_compute(tmp_path: Path) -> None:
    folder = xgboost_folder(tmp_path / "model", "ubj")
    (folder / "data").mkdir()
    (folder / "data" / "Größe 1.txt").write_text("a")
    (folder / "data.txt").write_text("b")
    (folder / "empty").mkdir()
    command = (
        "find . -type f ! -path ./registered_model_meta -printf '%P\\n' | LC_ALL=C sort "
        "| xargs -d '\\n' sha256sum | sha256sum"
    )
    before = sha256_folder(folder)
    printed = subprocess.run(command, shell=True, cwd=folder, capture_output=True, check=True, timeout=60).stdout
    assert printed.decode().split()[0] == before
    (folder / "registered_model_meta").write_text("MLflow writes this when it brings a model from a registry")
    os.utime(folder / "data.txt", (0, 0))
    assert sha256_folder(folder) == before
    (folder / "data" / "registered_model_meta").write_text("but not here")
    assert sha256_folder(folder) != before


def spoiled(folder: Path, how: Callable[[Path], Any]) -> Path:
    how(xgboost_folder(folder, "json"))
    return folder


def names_instead(path: str) -> Callable[[Path], Any]:
    return lambda folder: described(folder, "xgboost", {"data": path})


SPOILED: dict[str, tuple[Callable[[Path], Any], str]] = {
    "no description": (lambda f: (f / "MLmodel").unlink(), "a folder that is no MLflow model; found no file MLmodel"),
    "no model": (lambda f: (f / "model.json").unlink(), "the file that MLmodel names is not there; found model.json"),
    "a path above": (names_instead("../model.json"), "names a file outside its folder; found '../model.json'"),
    "a full path": (names_instead("/etc/passwd"), "names a file outside its folder; found '/etc/passwd'"),
    "no path": (names_instead(""), "names a file outside its folder"),
    "a folder for a file": (lambda f: described((f / "x").parent, "xgboost", {"data": "."}), "outside its folder"),
    "a link": (
        lambda f: ((f / "model.json").rename(f.parent / "m"), (f / "model.json").symlink_to(f.parent / "m")),
        "model.json is a link",
    ),
    "a link to a folder": (lambda f: (f / "data").symlink_to("/etc"), "data is a link"),
    "a pipe": (lambda f: os.mkfifo(f / "pipe"), "pipe is no regular file"),
    "a name of two lines": (lambda f: (f / "a\nb").write_text(""), "holds a backslash or ends a line"),
    "an object of Python": (
        lambda f: (f / "MLmodel").write_text("flavors: !!python/object/apply:os.system ['touch /nowhere']\n"),
        "MLmodel cannot be read; found could not determine a constructor",
    ),
    "no YAML": (lambda f: (f / "MLmodel").write_text("flavors: [\n"), "MLmodel cannot be read"),
    "a list": (lambda f: (f / "MLmodel").write_text("- a\n"), "MLmodel cannot be read; found no flavors"),
    "bytes": (lambda f: (f / "MLmodel").write_bytes(b"\xff\xfe\x00"), "MLmodel cannot be read"),
    "nested deeply": (lambda f: (f / "MLmodel").write_text("[" * 100_000), "MLmodel cannot be read"),
    "very large": (lambda f: (f / "MLmodel").write_text("#" * 3_000_000), "MLmodel cannot be read; found 3,000,000"),
    "a flavor with code of its own": (
        lambda f: (f / "MLmodel").write_text("flavors:\n  python_function:\n    python_model: model.pkl\n"),
        "a flavor that is not read; found python_function; allowed: sklearn, xgboost",
    ),
    "another flavor": (
        lambda f: (f / "MLmodel").write_text("flavors:\n  spark: {data: model.json}\n"),
        "a flavor that is not read; found spark",
    ),
    "a signature of other columns": (
        lambda f: described(f, "xgboost", {"data": "model.json"}, ["age", "rate"]),
        "asks for columns that its signature does not name; found late payments; allowed: age, rate",
    ),
    "a signature that is none": (
        lambda f: (f / "MLmodel").write_text(
            "flavors:\n  xgboost: {data: model.json}\nsignature: {inputs: 'no JSON'}\n"
        ),
        "MLmodel cannot be read; found its signature",
    ),
}


@pytest.mark.parametrize("name", SPOILED)
def test_what_is_no_model_folder_is_refused_in_one_line(name: str, tmp_path: Path) -> None:
    how, found = SPOILED[name]
    folder = spoiled(tmp_path / "model", how)
    with pytest.raises(ModelError) as raised:
        open_model(folder)
    assert found in str(raised.value)
    assert "\n" not in str(raised.value).replace("a\nb", "")


def test_a_signature_of_another_width(tmp_path: Path) -> None:
    folder = onnx_folder(tmp_path / "model", "onnx")
    described(folder, "onnx", {"data": "model.onnx"}, ["age", "rate"])
    with pytest.raises(ModelError, match="another number of columns than the model takes; found 2; allowed: 3"):
        open_model(folder)
    described(folder, "onnx", {"data": "model.onnx"}, None)
    assert open_model(folder).features is None
