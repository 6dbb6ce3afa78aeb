"""Every family behind the same door: files, objects and functions answer as their own libraries do."""

from __future__ import annotations

import json
import pickle
import warnings
import zipfile
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pandas as pd
import pytest
import skops.io
from sklearn.cluster import KMeans
from sklearn.compose import make_column_transformer
from sklearn.ensemble import (
    ExtraTreesRegressor,
    GradientBoostingClassifier,
    HistGradientBoostingClassifier,
    RandomForestClassifier,
)
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from sklearn.svm import SVC, LinearSVC

from explainkit.errors import DataError, ModelError
from explainkit.load.models.function import adapt_function
from explainkit.load.open_model import adapt_object, open_model


@pytest.fixture(scope="module")
def rows() -> pd.DataFrame:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(
        {"a": rng.normal(size=240), "b": rng.choice(["x", "y", "z"], 240), "c": rng.integers(0, 9, 240)}
    )
    frame.loc[::17, "a"] = np.nan
    return frame


@pytest.fixture(scope="module")
def labels(rows: pd.DataFrame) -> np.ndarray:
    return (rows["a"].fillna(0) + (rows["b"] == "x") > 0.3).astype(int).to_numpy()


def pipeline(last: Any) -> Any:
    return make_pipeline(
        make_column_transformer(
            (OneHotEncoder(handle_unknown="ignore", sparse_output=False), ["b"]),
            (make_pipeline(SimpleImputer(strategy="median"), StandardScaler()), ["a", "c"]),
        ),
        last,
    )


def door(adapter: Any, frame: pd.DataFrame) -> np.ndarray:
    adapted, _ = adapter.adapt(frame)
    answer: np.ndarray = adapter.predict(adapted)
    return answer


@pytest.mark.parametrize(
    "last",
    [
        LogisticRegression(),
        GradientBoostingClassifier(n_estimators=5),
        HistGradientBoostingClassifier(max_iter=5),
        RandomForestClassifier(n_estimators=5),
        Ridge(),
        ExtraTreesRegressor(n_estimators=5),
    ],
    ids=lambda m: type(m).__name__,
)
def test_skops_files(tmp_path: Path, rows: pd.DataFrame, labels: np.ndarray, last: Any) -> None:
    model = pipeline(last).fit(rows, labels)
    path = tmp_path / "model.skops"
    skops.io.dump(model, path)
    adapter = open_model(path)
    expected = model.predict_proba(rows) if hasattr(model, "predict_proba") else model.predict(rows)[:, None]
    np.testing.assert_array_equal(door(adapter, rows), expected)
    assert adapter.features == ("a", "b", "c")
    assert adapter.identity.digest_of == "the file model.skops"


@pytest.mark.parametrize("classes", [2, 3])
@pytest.mark.parametrize("form", ["file", "object"])
def test_lightgbm(tmp_path: Path, rows: pd.DataFrame, labels: np.ndarray, classes: int, form: str) -> None:
    lightgbm = pytest.importorskip("lightgbm")
    y = np.arange(len(rows)) % 3 if classes == 3 else labels
    typed = rows.assign(b=rows["b"].astype("category"))
    model = lightgbm.LGBMClassifier(n_estimators=5, verbose=-1, n_jobs=1).fit(typed, y)
    if form == "file":
        path = tmp_path / "anything.bin"
        model.booster_.save_model(path)
        adapter = open_model(path)
    else:
        adapter = adapt_object(model)
    np.testing.assert_allclose(door(adapter, rows), model.predict_proba(typed), rtol=0, atol=1e-15)
    strange = rows["b"].where(rows["b"] != "x", "never seen")
    adapted, ledger = adapter.adapt(rows.assign(b=strange))
    assert adapted["b"].isna().tolist() == (rows["b"] == "x").tolist()
    assert [e.count for e in ledger if "never saw" in e.reason] == [(rows["b"] == "x").sum()]
    with pytest.raises(
        DataError, match="no value of the column is a category that the model knows; found 'never seen'"
    ):
        adapter.adapt(rows.assign(b="never seen"))


def test_lightgbm_refuses_text_where_numbers_are_due(rows: pd.DataFrame, labels: np.ndarray) -> None:
    lightgbm = pytest.importorskip("lightgbm")
    adapter = adapt_object(lightgbm.LGBMClassifier(n_estimators=2, verbose=-1, n_jobs=1).fit(rows[["a", "c"]], labels))
    with pytest.raises(DataError, match="columns a: text where the model knows numbers"):
        adapter.adapt(rows[["a", "c"]].assign(a="?"))


def test_lightgbm_refuses_numbers_where_categories_are_due(rows: pd.DataFrame, labels: np.ndarray) -> None:
    lightgbm = pytest.importorskip("lightgbm")
    typed = rows.assign(b=rows["b"].astype("category"))
    adapter = adapt_object(lightgbm.LGBMClassifier(n_estimators=5, verbose=-1, n_jobs=1).fit(typed, labels))
    with pytest.raises(DataError, match="columns b: numbers where the model knows categories"):
        adapter.adapt(rows.assign(b=1.0))


def test_lightgbm_text_cut_short_is_refused_before_the_library_sees_it(
    tmp_path: Path, rows: pd.DataFrame, labels: np.ndarray
) -> None:
    lightgbm = pytest.importorskip("lightgbm")
    booster = lightgbm.LGBMClassifier(n_estimators=5, verbose=-1, n_jobs=1).fit(rows[["a", "c"]], labels).booster_
    text = booster.model_to_string()
    for length in (10, 400, len(text) // 2, text.index("end of trees")):
        path = tmp_path / "model.txt"
        path.write_text(text[:length])
        with pytest.raises(ModelError, match="cut short or damaged"):
            open_model(path)


@pytest.mark.parametrize("suffix", ["json", "ubj"])
@pytest.mark.parametrize("classes", [2, 3])
def test_xgboost(tmp_path: Path, rows: pd.DataFrame, labels: np.ndarray, suffix: str, classes: int) -> None:
    xgboost = pytest.importorskip("xgboost")
    y = np.arange(len(rows)) % 3 if classes == 3 else labels
    typed = rows.assign(b=rows["b"].astype("category"))
    model = xgboost.XGBClassifier(n_estimators=5, enable_categorical=True, n_jobs=1).fit(typed, y)
    path = tmp_path / f"model.{suffix}"
    model.save_model(path)
    adapter = open_model(path)
    # The library answers P(1) in 32 bits; its complement is taken in 64.
    np.testing.assert_allclose(door(adapter, rows), model.predict_proba(typed), rtol=0, atol=1e-7)
    with pytest.raises(DataError, match="column a: text where the model knows numbers; found '\\?'"):
        adapter.adapt(rows.assign(a="?"))
    path.write_bytes(path.read_bytes()[:2000])
    with pytest.raises(ModelError, match="cut short or damaged"):
        open_model(path)


def test_xgboost_regression_and_early_stopping(rows: pd.DataFrame) -> None:
    xgboost = pytest.importorskip("xgboost")
    X, y = rows[["c"]], rows["c"] * 2.0
    model = xgboost.XGBRegressor(n_estimators=50, early_stopping_rounds=2, n_jobs=1)
    model.fit(X, y, eval_set=[(X[:50], -y[:50])], verbose=False)
    assert model.best_iteration < 49
    np.testing.assert_allclose(door(adapt_object(model), X)[:, 0], model.predict(X), rtol=0, atol=1e-6)


@pytest.mark.parametrize("classes", [2, 3])
def test_catboost(tmp_path: Path, rows: pd.DataFrame, labels: np.ndarray, classes: int) -> None:
    catboost = pytest.importorskip("catboost")
    y = np.array(["low", "high", "mid"])[np.arange(len(rows)) % 3] if classes == 3 else labels
    model = catboost.CatBoostClassifier(
        iterations=5, verbose=0, cat_features=["b"], allow_writing_files=False, thread_count=1
    ).fit(rows, y)
    path = tmp_path / "model.cbm"
    model.save_model(str(path))
    adapter = open_model(path)
    assert [str(c) for c in adapter.classes] == [str(c) for c in model.classes_]
    np.testing.assert_allclose(door(adapter, rows), model.predict_proba(rows), rtol=0, atol=1e-12)
    _, ledger = adapter.adapt(rows.assign(b=[None] * 7 + ["x"] * (len(rows) - 7)))
    assert [(e.kind, e.count) for e in ledger] == [("imputed", 7)]
    path.write_bytes(path.read_bytes()[:500])
    with pytest.raises(ModelError, match="cut short or damaged"):
        open_model(path)


def test_functions(rows: pd.DataFrame) -> None:
    adapter = adapt_function(
        lambda frame: frame["c"].to_numpy() / 8, task="binary", classes=("no", "yes"), features=("c",)
    )
    answer = adapter.predict(rows[["c"]])
    np.testing.assert_array_equal(answer[:, 1], rows["c"] / 8)
    np.testing.assert_array_equal(answer.sum(axis=1), 1.0)


@pytest.mark.parametrize(
    ("function", "words"),
    [
        (lambda f: 1 / 0, "ZeroDivisionError"),
        (lambda f: np.full(len(f), np.nan), "NaN or infinite numbers; found 240 of 240 rows, the first at position 1"),
        (lambda f: np.where(np.arange(len(f)) == 9, np.inf, 0.5), "found 1 of 240 rows, the first at position 10"),
        (lambda f: np.full(len(f), 1.5), r"probabilities outside \[0, 1\]; found from 1.5 to 1.5"),
        (lambda f: np.zeros(3), "wrong shape"),
        (lambda f: ["a"] * len(f), "not numbers"),
        (lambda f: np.zeros((len(f), 3)), "another number of classes"),
    ],
)
def test_models_that_answer_badly(rows: pd.DataFrame, function: Any, words: str) -> None:
    adapter = adapt_function(function, task="binary", classes=(0, 1), features=None)
    with pytest.raises(ModelError, match=words) as caught:
        adapter.predict(rows)
    assert "\n" not in str(caught.value)


def test_objects_that_are_no_models(rows: pd.DataFrame, labels: np.ndarray) -> None:
    with pytest.raises(ModelError, match="not fitted"):
        adapt_object(RandomForestClassifier())
    with pytest.raises(ModelError, match="gives no probabilities"):
        adapt_object(LinearSVC().fit(rows[["c"]], labels))
    with pytest.raises(ModelError, match="neither a classifier nor a regressor"):
        adapt_object(KMeans(n_clusters=2).fit(rows[["c"]]))
    with pytest.raises(ModelError, match="not a model that explainkit knows; found builtins.dict"):
        adapt_object({})


def test_text_in_a_pipeline_of_numbers_is_named(rows: pd.DataFrame, labels: np.ndarray) -> None:
    adapter = adapt_object(make_pipeline(StandardScaler(), LogisticRegression()).fit(rows[["c"]], labels))
    with pytest.raises(ModelError, match="columns of text: c; a text that means missing is listed under data.missing"):
        adapter.predict(rows[["c"]].assign(c="?"))


def test_missing_values_in_a_model_without_imputer_are_named(rows: pd.DataFrame, labels: np.ndarray) -> None:
    adapter = adapt_object(LogisticRegression().fit(rows[["c"]].rename(columns={"c": "a"}), labels))
    with pytest.raises(ModelError, match="columns with missing values: a; fill them inside the model"):
        adapter.predict(rows[["a"]])


def test_pickles_open_only_when_trusted(tmp_path: Path, rows: pd.DataFrame, labels: np.ndarray) -> None:
    model = make_pipeline(StandardScaler(), LogisticRegression()).fit(rows[["c"]], labels)
    for name, dump in (("plain.pkl", False), ("packed.joblib", True)):
        path = tmp_path / name
        if dump:
            joblib.dump(model, path, compress=3)
        else:
            path.write_bytes(pickle.dumps(model))
        with pytest.raises(ModelError, match="not trusted") as caught:
            open_model(path)
        digest = str(caught.value.found)
        np.testing.assert_array_equal(
            door(open_model(path, trust=[digest]), rows[["c"]]), model.predict_proba(rows[["c"]])
        )


def test_a_pickle_under_a_harmless_name_is_not_run(tmp_path: Path) -> None:
    marker = tmp_path / "marker"
    payload = f"cos\nsystem\n(S'touch {marker}'\ntR."
    for name in ("model.skops", "model.json", "model.txt", "model.cbm"):
        path = tmp_path / name
        path.write_bytes(b"\x80\x04" + payload.encode())
        with pytest.raises(ModelError, match="not trusted"):
            open_model(path)
    assert not marker.exists()


def test_skops_with_unknown_types_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "model.skops"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        skops.io.dump(SVC().fit([[0.0], [1.0]], [0, 1]), path)
    with zipfile.ZipFile(path) as archive:
        entries = {name: archive.read(name) for name in archive.namelist()}
    schema = json.loads(entries["schema.json"])
    schema["__module__"], schema["__class__"] = "os", "system"
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in entries.items():
            archive.writestr(name, json.dumps(schema) if name == "schema.json" else data)
    with pytest.raises(ModelError, match="types that were not reviewed; found os.system"):
        open_model(path)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "the model file is empty"),
        (b"\x00\x01\x02\x03", "unknown kind"),
        (b"PK\x03\x04 not a zip", "cut short or damaged"),
        (b'{"learner": {', "cut short or damaged"),
        (b"tree\nversion=v4\n", "cut short or damaged"),
        (b"CBM1\x00\x00\x00\x00", "cut short or damaged"),
    ],
)
def test_damaged_files(tmp_path: Path, content: bytes, words: str) -> None:
    pytest.importorskip("xgboost")
    pytest.importorskip("catboost")
    path = tmp_path / "model"
    path.write_bytes(content)
    with pytest.raises(ModelError, match=words) as caught:
        open_model(path)
    assert "\n" not in str(caught.value)


def test_no_file_and_a_folder(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="no such model file"):
        open_model(tmp_path / "none.skops")
    with pytest.raises(ModelError, match="a folder that is no MLflow model; found no file MLmodel"):
        open_model(tmp_path)
