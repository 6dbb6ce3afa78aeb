"""Models of other versions: opened and said so, or refused with the version that saved them."""

from __future__ import annotations

import json
import pickle
import re
import zlib
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pandas as pd
import pytest
import skops.io
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression

from explainkit.artifact import sha256_file
from explainkit.errors import ModelError
from explainkit.load.confined.opening import open_confined
from explainkit.load.models.base import Adapter
from explainkit.load.open_model import open_model
from explainkit.load.versions import version_in

ROWS = pd.DataFrame(np.random.default_rng(0).normal(size=(60, 2)), columns=["a", "b"])
LABELS = (ROWS["a"] > 0).to_numpy().astype(int)


def older(model: Any, path: Path, form: str) -> Path:
    """A file that says that scikit-learn 1.2.2 saved it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sklearn.base.__version__", "1.2.2")
        return save(model, path, form)


def save(model: Any, path: Path, form: str) -> Path:
    if form == "skops":
        skops.io.dump(model, path)
    elif form == "pickle":
        path.write_bytes(pickle.dumps(model))
    elif form == "pickle 2":
        path.write_bytes(pickle.dumps(model, protocol=2))
    else:
        joblib.dump(model, path, compress={"joblib": 0, "zlib": 3}.get(form, (form, 3)))
    return path


def opened(path: Path) -> Adapter:
    return open_model(path, trust=["sha256:" + sha256_file(path)])


FORMS = ["skops", "pickle", "pickle 2", "joblib", "zlib", "gzip", "bz2", "xz", "lzma"]


class NeedsAnother:
    """Cannot be built again: a tree of other nodes, as trees of scikit-learn 1.2 have them."""

    def __init__(self, tree: Any) -> None:
        self.tree = tree

    def __reduce__(self) -> tuple[Any, ...]:
        kind, arguments, state = self.tree.__reduce__()
        nodes = state["nodes"]
        older = nodes[[name for name in nodes.dtype.names if name != "missing_go_to_left"]]
        return kind, arguments, state | {"nodes": np.array(older.tolist(), dtype=older.dtype)}


@pytest.mark.parametrize("form", FORMS[1:])
def test_a_pickle_of_another_version_that_cannot_be_opened(form: str, tmp_path: Path) -> None:
    model = RandomForestClassifier(2, max_depth=2).fit(ROWS, LABELS)
    model.estimators_[-1].tree_ = NeedsAnother(model.estimators_[-1].tree_)
    path = older(model, tmp_path / "model", form)
    assert version_in(path.read_bytes()) == "1.2.2"
    with pytest.raises(ModelError, match="saved by scikit-learn 1.2.2, and scikit-learn .* cannot open it") as raised:
        opened(path)
    assert "incompatible dtype" in str(raised.value)
    assert "\n" not in str(raised.value)


def test_types_that_scikit_learn_no_longer_has(tmp_path: Path) -> None:
    import zipfile

    path = older(LogisticRegression().fit(ROWS, LABELS), tmp_path / "model", "skops")
    with zipfile.ZipFile(path) as archive:
        entries = {name: archive.read(name) for name in archive.namelist()}
    schema = json.loads(entries["schema.json"])
    schema["__module__"], schema["__class__"] = "sklearn.ensemble._gb_losses", "BinomialDeviance"
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in (entries | {"schema.json": json.dumps(schema).encode()}).items():
            archive.writestr(name, data)
    with pytest.raises(ModelError, match="saved by scikit-learn 1.2.2.*_gb_losses.BinomialDeviance"):
        opened(path)


@pytest.mark.parametrize("form", FORMS)
def test_one_that_can_be_opened_says_so(form: str, tmp_path: Path) -> None:
    adapter = opened(older(LogisticRegression().fit(ROWS, LABELS), tmp_path / "model", form))
    assert adapter.saved_by == "scikit-learn 1.2.2"
    (entry,) = adapter.ledger
    assert entry.kind == "assumed"
    assert entry.reason.startswith("saved by scikit-learn 1.2.2 and opened with scikit-learn ")


def test_from_another_process_too(tmp_path: Path) -> None:
    adapter = open_confined(older(LogisticRegression().fit(ROWS, LABELS), tmp_path / "model", "skops"))
    assert adapter.saved_by == "scikit-learn 1.2.2"
    adapter.native.close()


@pytest.mark.parametrize("form", FORMS)
def test_this_version_says_nothing(form: str, tmp_path: Path) -> None:
    adapter = opened(save(LogisticRegression().fit(ROWS, LABELS), tmp_path / "model", form))
    assert adapter.saved_by is None
    assert adapter.ledger == ()


def test_a_file_cut_short_is_not_put_down_to_its_version(tmp_path: Path) -> None:
    for form in ("pickle", "skops"):
        path = older(RandomForestClassifier(2, max_depth=2).fit(ROWS, LABELS), tmp_path / form, form)
        path.write_bytes(path.read_bytes()[:-40])
        with pytest.raises(ModelError, match="the model file is cut short"):
            opened(path)


def test_a_bomb_is_not_unfolded(tmp_path: Path) -> None:
    path = tmp_path / "bomb"
    path.write_bytes(zlib.compress(bytes(300 * 2**20), 9))
    assert version_in(path.read_bytes()) is None


def test_a_later_xgboost(tmp_path: Path) -> None:
    xgboost = pytest.importorskip("xgboost")
    booster = xgboost.XGBClassifier(n_estimators=2).fit(ROWS, LABELS).get_booster()
    text = json.loads(bytes(booster.save_raw("json")))
    path = tmp_path / "model"
    assert opened(written(path, text)).saved_by is None
    text["version"] = [99, 1, 0]
    assert opened(written(path, text)).saved_by == "xgboost 99.1.0"
    text["learner"]["gradient_booster"]["name"] = "gbnew"
    with pytest.raises(ModelError, match="saved by xgboost 99.1.0, and xgboost .* cannot open it; found Unknown gbm"):
        opened(written(path, text))
    path.write_bytes(b"binf\x00\x00\x00?\x00")
    with pytest.raises(ModelError, match="XGBoost's old binary format"):
        opened(path)


def written(path: Path, model: dict[str, Any]) -> Path:
    """With spaces, as by a person's hand."""
    path.write_text(json.dumps(model, indent=2))
    return path


def test_a_later_lightgbm(tmp_path: Path) -> None:
    lightgbm = pytest.importorskip("lightgbm")
    text = lightgbm.LGBMClassifier(n_estimators=2, verbose=-1).fit(ROWS, LABELS).booster_.model_to_string()
    path = tmp_path / "model"
    path.write_text(text)
    assert opened(path).saved_by is None
    path.write_text(re.sub(r"^version=v4$", "version=v9", text, flags=re.MULTILINE))
    assert opened(path).saved_by == "a LightGBM that writes format v9"
