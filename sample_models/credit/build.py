"""Rebuild the credit sample: labels, split, scikit-learn pipeline, LightGBM twin.

``python sample_models/credit/build.py`` writes the files beside this script (``--out DIR``: elsewhere).
``python sample_models/credit/build.py --check`` builds in a temporary folder and compares with the committed files:
the split must be equal, predictions to 1e-12. README.md says where the data comes from and what was corrected.
"""

from __future__ import annotations

import argparse
import hashlib
import sys
import tempfile
import tomllib
import warnings
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from zipfile import ZIP_DEFLATED

import numpy as np
import numpy.typing as npt
import pandas as pd
import skops.io
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import GradientBoostingClassifier
from sklearn.exceptions import InconsistentVersionWarning
from sklearn.impute import SimpleImputer
from sklearn.model_selection import train_test_split
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import OneHotEncoder

HERE = Path(__file__).resolve().parent
RAW_SHA256 = "b21f3d81db8071257d5ff1deaeba1fd4303b62712e6fcc9715c7a86202cb5871"
SEED = 0
TEST_ROWS = 300
TOLERANCE = 1e-12
TARGET = "credit_risk"
# skops asks for a reviewed list: a tree with forged node indices could crash the process. These files are our own.
OUR_TYPES = ["numpy.dtype", "sklearn.tree._tree.Tree"]


def label_table(path: Path = HERE / "labels.toml") -> tuple[dict[str, Any], ...]:
    """Columns of the raw file in order, each with its name, role and codes."""
    return tuple(tomllib.loads(path.read_text("utf-8"))["column"])


def read_raw(path: Path = HERE / "data" / "german.data") -> pd.DataFrame:
    """The raw file with our column names and its own codes.

    Raises
    ------
    ValueError
        If the file is not, byte for byte, the one that UCI publishes.
    """
    data = path.read_bytes()
    if hashlib.sha256(data).hexdigest() != RAW_SHA256:
        raise ValueError(f"{path.name} is not the published file: its SHA-256 differs from {RAW_SHA256}")
    names = [column["name"] for column in label_table()]
    return pd.read_csv(path, sep=" ", header=None, names=names)


def labelled(raw: pd.DataFrame) -> pd.DataFrame:
    """Corrected labels instead of codes; categories in the order of the table; the target 1 = bad, 0 = good.

    Raises
    ------
    ValueError
        If the file holds a code that the table does not explain.
    """
    frame = pd.DataFrame({"case": np.arange(1, len(raw) + 1, dtype=np.int64)})
    for column in label_table():
        name, codes = column["name"], column.get("codes")
        values = raw[name]
        if name == TARGET:
            frame[name] = (values == 2).astype(np.int64)
        elif codes is None:
            frame[name] = values.astype(np.int64)
        else:
            unknown = sorted(set(values.astype(str)) - set(codes))
            if unknown:
                raise ValueError(f"{name}: no label for {', '.join(unknown)}")
            frame[name] = pd.Categorical(values.astype(str).map(codes), list(codes.values())).remove_unused_categories()
    return frame


def inputs() -> list[str]:
    """Names of the 17 inputs of the model; age, marital status and foreign worker are not among them."""
    return [column["name"] for column in label_table() if column["role"] == "input"]


def split(frame: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """700 rows to train, 300 to test, the share of bads equal in both; each in the order of the raw file."""
    train, test = train_test_split(frame, test_size=TEST_ROWS, random_state=SEED, stratify=frame[TARGET])
    return train.sort_values("case", ignore_index=True), test.sort_values("case", ignore_index=True)


def fit_pipeline(train: pd.DataFrame) -> Pipeline:
    """Imputers, one-hot encoding and gradient boosting, on data frames."""
    rows = train[inputs()]
    numbers = list(rows.select_dtypes("number").columns)
    texts = [name for name in rows.columns if name not in numbers]
    encode = Pipeline(
        [
            ("impute", SimpleImputer(strategy="constant", fill_value="missing")),
            ("encode", OneHotEncoder(handle_unknown="ignore")),
        ]
    )
    prepare = ColumnTransformer([("numbers", SimpleImputer(strategy="median"), numbers), ("categories", encode, texts)])
    model = GradientBoostingClassifier(n_estimators=120, max_depth=2, learning_rate=0.08, random_state=SEED)
    return Pipeline([("prepare", prepare), ("model", model)]).fit(rows, train[TARGET])


def fit_lightgbm(train: pd.DataFrame) -> Any:
    """The twin: native categories, no one-hot encoding. One thread, so that sums are always added in one order."""
    import lightgbm

    settings = {
        "objective": "binary",
        "learning_rate": 0.08,
        "num_leaves": 4,
        "min_data_in_leaf": 15,
        "min_data_per_group": 15,
        "seed": SEED,
        "deterministic": True,
        "force_row_wise": True,
        "num_threads": 1,
        "verbosity": -1,
    }
    return lightgbm.train(settings, lightgbm.Dataset(train[inputs()], train[TARGET]), num_boost_round=120)


def open_pipeline(path: Path) -> Pipeline:
    """The saved pipeline; a file of another scikit-learn version is opened too, for the check compares predictions."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", InconsistentVersionWarning)
        pipeline: Pipeline = skops.io.load(path, trusted=OUR_TYPES)
    return pipeline


def predict(folder: Path, test: pd.DataFrame) -> Mapping[str, npt.NDArray[np.float64]]:
    """Probability of bad from each model file in a folder."""
    pipeline = open_pipeline(folder / "model.skops")
    scores = {"model.skops": np.asarray(pipeline.predict_proba(test[inputs()])[:, 1], dtype=np.float64)}
    if find_spec("lightgbm") and (folder / "model-lightgbm.txt").exists():
        import lightgbm

        booster = lightgbm.Booster(model_file=folder / "model-lightgbm.txt")
        scores["model-lightgbm.txt"] = np.asarray(booster.predict(test[inputs()], num_threads=1), dtype=np.float64)
    return scores


def build(folder: Path) -> None:
    """Write train.parquet, test.parquet, model.skops and, where LightGBM is installed, model-lightgbm.txt."""
    folder.mkdir(parents=True, exist_ok=True)
    train, test = split(labelled(read_raw()))
    train.to_parquet(folder / "train.parquet", index=False)
    test.to_parquet(folder / "test.parquet", index=False)
    skops.io.dump(fit_pipeline(train), folder / "model.skops", compression=ZIP_DEFLATED, compresslevel=9)
    if find_spec("lightgbm"):
        fit_lightgbm(train).save_model(folder / "model-lightgbm.txt")


def differences(committed: Path, rebuilt: Path) -> list[str]:
    """What differs between two folders, in words; empty when the split is equal and predictions are to 1e-12."""
    found = [
        f"{name}: other rows or values"
        for name in ("train.parquet", "test.parquet")
        if not pd.read_parquet(committed / name).equals(pd.read_parquet(rebuilt / name))
    ]
    test = pd.read_parquet(rebuilt / "test.parquet")
    old, new = predict(committed, test), predict(rebuilt, test)
    for name in sorted(new):
        if name not in old:
            found.append(f"{name}: missing")
            continue
        gap = float(np.abs(old[name] - new[name]).max())
        if not gap <= TOLERANCE:
            found.append(f"{name}: predictions differ by up to {gap:.3g}")
    return found


def main(arguments: list[str] | None = None) -> int:
    """Build, or check; 0 when done or equal, 1 when something differs."""
    parser = argparse.ArgumentParser(description="Rebuild the credit sample from data/german.data.")
    parser.add_argument("--check", action="store_true", help="compare with the files beside this script, write nothing")
    parser.add_argument("--out", type=Path, default=HERE, metavar="DIR", help="where to write (default: here)")
    options = parser.parse_args(arguments)
    if not options.check:
        build(options.out)
        return 0
    with tempfile.TemporaryDirectory() as folder:
        build(Path(folder))
        found = differences(HERE, Path(folder))
    for line in found:
        print(line, file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
