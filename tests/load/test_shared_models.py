"""Saved models of other projects: each is audited, or refused with a reason that is true."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pandas as pd
import pytest
from sklearn.datasets import load_iris

from explainkit.errors import ModelError
from explainkit.load.models.base import Adapter
from explainkit.load.open_model import open_model

REFUSED = {
    "mul_1.onnx": "what the ONNX graph answers cannot be audited; found 2 numbers a row and no label",
    "sigmoid.onnx": "the ONNX graph is not a model of rows of a table; found x of 3 × 4 × 5 (float)",
    "logreg_iris.onnx": "its LinearClassifier has coefficients for another number of columns; found 12 "
    "coefficients for 3 classes and an input of 2 columns",
    "agaricus_test.libsvm": "a model file of an unknown kind",  # data beside the models
    "multiclass_test.tsv": "a model file of an unknown kind",
    "lgmulticlass_true_predictions.txt": "a model file of an unknown kind",
    "lgmulticlass_true_raw_predictions.txt": "a model file of an unknown kind",
}
AUDITED = {
    "lgmulticlass.model",
    "mushroom-xgboost.json",
    "iris-lightgbm.bst",
    "catboost_random10.cbm",
}


@pytest.fixture(scope="module")
def models(shared_data: Path) -> Path:
    return shared_data / "models"


def answers(adapter: Adapter, frame: pd.DataFrame) -> np.ndarray:
    return adapter.predict(adapter.adapt(frame)[0])


def named(adapter: Adapter, values: np.ndarray) -> pd.DataFrame:
    names = adapter.features or [f"x{i}" for i in range(values.shape[1])]
    return pd.DataFrame(values, columns=list(names))


def test_nothing_is_left_out(models: Path) -> None:
    assert {path.name for path in models.iterdir()} == AUDITED | set(REFUSED)


@pytest.mark.parametrize("name", REFUSED)
def test_refused(name: str, models: Path) -> None:
    with pytest.raises(ModelError) as raised:
        open_model(models / name)
    assert REFUSED[name] in str(raised.value)


def test_lightgbm_of_five_classes(models: Path) -> None:
    rows = np.loadtxt(models / "multiclass_test.tsv")[:, 1:]
    adapter = open_model(models / "lgmulticlass.model")
    expected = np.loadtxt(models / "lgmulticlass_true_predictions.txt")
    np.testing.assert_allclose(answers(adapter, named(adapter, rows)), expected, rtol=0, atol=1e-6)


def test_xgboost_of_mushrooms(models: Path) -> None:
    rows, labels = np.full((1611, 126), np.nan), np.zeros(1611)
    for place, line in enumerate((models / "agaricus_test.libsvm").read_text().splitlines()):
        label, *entries = line.split()
        labels[place] = float(label)
        for entry in entries:
            column, value = entry.split(":")
            rows[place, int(column) - 1] = float(value)
    adapter = open_model(models / "mushroom-xgboost.json")
    width = len(adapter.features) if adapter.features else adapter.native.num_features()
    found = answers(adapter, named(adapter, (rows if width == 126 else np.insert(rows, 0, np.nan, axis=1))[:, :width]))
    assert np.mean((found[:, -1] > 0.5) != labels) == pytest.approx(0.0217, abs=5e-5)


def test_lightgbm_of_iris(models: Path) -> None:
    data, target = load_iris(return_X_y=True)
    adapter = open_model(models / "iris-lightgbm.bst")
    found = answers(adapter, named(adapter, data))
    assert np.mean(found.argmax(axis=1) == target) == pytest.approx(0.9933, abs=5e-5)


def test_catboost_of_ten_numbers(models: Path) -> None:
    adapter = open_model(models / "catboost_random10.cbm")
    assert len(adapter.features or ()) == 10
    rows = np.random.default_rng(0).integers(0, 100, (20, 10))
    assert np.isfinite(answers(adapter, named(adapter, rows))).all()


def test_onnx_of_iris_as_soon_as_its_input_is_as_wide_as_its_coefficients(models: Path, tmp_path: Path) -> None:
    """As it stands ONNX Runtime answers, with the first six of twelve coefficients, and is right for a third."""
    model = onnx.load(models / "logreg_iris.onnx")
    model.graph.input[0].type.tensor_type.shape.dim[1].dim_value = 4
    (tmp_path / "mended").write_bytes(model.SerializeToString())
    adapter = open_model(tmp_path / "mended")
    assert (adapter.task, adapter.classes) == ("multiclass", (0, 1, 2))
    data, target = load_iris(return_X_y=True)
    found = answers(adapter, named(adapter, data))
    assert found.shape == (150, 3)  # by threes: the graph takes no more at once
    assert np.mean(found.argmax(axis=1) == target) == pytest.approx(0.9467, abs=5e-5)
    np.testing.assert_allclose(answers(adapter, named(adapter, data[7:9])), found[7:9], rtol=0, atol=1e-6)
