"""Real cases for the end-to-end test: raw data in, a folder with model, data and plan out.

Each case reads what `shared` holds (or scikit-learn ships), cleans it as its source describes, splits it with a seed,
fits a small model in some family, saves it in that family's own format, and copies the plan written for it
(``plans/NAME.toml``) beside it. Model libraries are imported late: some are extras.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.feather
from sklearn.model_selection import train_test_split

SEED = 20261123
PLANS = Path(__file__).parent / "plans"
THREADS = 2


def prepare(name: str, folder: Path, shared: Path) -> Path:
    """Make one case.

    Parameters
    ----------
    name : str
        One of `CASES`.
    folder : pathlib.Path
        Where model, data and plan go; made if it does not exist.
    shared : pathlib.Path
        Folder of the raw data sets.

    Returns
    -------
    pathlib.Path
        The plan, ``audit.toml``.
    """
    folder.mkdir(parents=True, exist_ok=True)
    CASES[name](folder, shared)
    return Path(shutil.copyfile(PLANS / f"{name}.toml", folder / "audit.toml"))


def adult(folder: Path, shared: Path) -> None:
    """LightGBM text with its own categories, on csv with missing values and text labels that the file knows as 0 and 1;
    sex and race are no inputs."""
    import lightgbm

    train, test = (read_adult(shared / "adult" / name) for name in ("adult.data", "adult.test"))
    inputs = [c for c in train.columns if c not in ("income", "sex", "race", "final_weight")]
    texts = train[inputs].select_dtypes(exclude="number").columns
    rows = train[inputs].astype(dict.fromkeys(texts, "category"))
    settings = {"objective": "binary", "num_leaves": 15, "learning_rate": 0.1, "verbosity": -1, "num_threads": THREADS}
    booster = lightgbm.train(settings, lightgbm.Dataset(rows, train["income"] == ">50K"), num_boost_round=80)
    booster.save_model(folder / "model.txt")
    train.to_csv(folder / "train.csv", index=False)
    test.to_csv(folder / "test.csv", index=False)


def read_adult(path: Path) -> pd.DataFrame:
    """Adult as published: `?` is missing; the test file starts with a remark and its labels end in a full stop."""
    names = ["age", "work_class", "final_weight", "education", "education_years", "marital_status", "occupation"]
    names += ["relationship", "race", "sex", "capital_gain", "capital_loss", "hours_per_week", "native_country"]
    frame = pd.read_csv(
        path,
        names=[*names, "income"],
        header=None,
        skiprows=1 if path.suffix == ".test" else 0,
        skipinitialspace=True,
        na_values=["?"],
        keep_default_na=False,
    )
    frame["income"] = frame["income"].str.removesuffix(".")
    return frame


def bank(folder: Path, shared: Path) -> None:
    """CatBoost cbm with text labels, on parquet; the duration of the call is known only after it and is no input."""
    import catboost

    frame = pd.read_csv(shared / "bank" / "bank-full_survey_cleaned.csv")
    train, test = _split(frame, "y", test_size=10_000)
    inputs = [c for c in frame.columns if c not in ("y", "duration")]
    texts = [c for c in inputs if not pd.api.types.is_numeric_dtype(frame[c])]
    model = catboost.CatBoostClassifier(
        iterations=120,
        depth=4,
        learning_rate=0.15,
        random_seed=SEED,
        cat_features=texts,
        thread_count=THREADS,
        allow_writing_files=False,
        verbose=False,
    )
    model.fit(train[inputs], train["y"])
    model.save_model(str(folder / "model.cbm"))
    train.to_parquet(folder / "train.parquet", index=False)
    test.to_parquet(folder / "test.parquet", index=False)


def heart(folder: Path, shared: Path) -> None:
    """A random forest behind imputers and one-hot encoding, skops, on feather; columns keep their awkward names."""
    import skops.io
    from sklearn.compose import ColumnTransformer
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.impute import SimpleImputer
    from sklearn.pipeline import Pipeline
    from sklearn.preprocessing import OneHotEncoder

    frame = read_heart(shared / "heart" / "heart_disease.tab")
    target = "diameter narrowing"
    train, test = _split(frame, target, test_size=103)
    inputs = [c for c in frame.columns if c != target]
    numbers = [c for c in inputs if pd.api.types.is_numeric_dtype(frame[c])]
    texts = [c for c in inputs if c not in numbers]
    encode = Pipeline(
        [("fill", SimpleImputer(strategy="most_frequent")), ("encode", OneHotEncoder(handle_unknown="ignore"))]
    )
    columns = ColumnTransformer([("numbers", SimpleImputer(strategy="median"), numbers), ("texts", encode, texts)])
    forest = RandomForestClassifier(n_estimators=60, max_depth=5, min_samples_leaf=4, random_state=SEED)
    model = Pipeline([("columns", columns), ("forest", forest)]).fit(train[inputs], train[target])
    skops.io.dump(model, folder / "model.skops")
    _feather(train, folder / "train.feather")
    _feather(test, folder / "test.feather")


def read_heart(path: Path) -> pd.DataFrame:
    """Heart disease (Cleveland): the second and third of its three header rows are types and roles; `?` is missing."""
    frame = pd.read_csv(path, sep="\t", skiprows=[1, 2], na_values=["?"], keep_default_na=False)
    frame["major vessels colored"] = frame["major vessels colored"].astype(np.float64)
    return frame


def ai4i_failure(folder: Path, shared: Path) -> None:
    """XGBoost UBJ with a native category, on csv with a byte order mark; the five failure modes are no inputs."""
    import xgboost

    frame = read_ai4i(shared / "ai4i2020" / "ai4i2020.csv")
    train, test = _split(frame, "machine_failure", test_size=3_000)
    inputs = ["type", *SENSORS.values()]
    model = xgboost.XGBClassifier(
        n_estimators=80, max_depth=4, learning_rate=0.15, enable_categorical=True, n_jobs=THREADS, random_state=SEED
    )
    model.fit(train[inputs].astype({"type": "category"}), train["machine_failure"])
    model.save_model(folder / "model.ubj")
    train.to_csv(folder / "train.csv", index=False, encoding="utf-8-sig")
    test.to_csv(folder / "test.csv", index=False, encoding="utf-8-sig")


SENSORS = {
    "Air temperature [K]": "air_temperature_k",
    "Process temperature [K]": "process_temperature_k",
    "Rotational speed [rpm]": "rotational_speed_rpm",
    "Torque [Nm]": "torque_nm",
    "Tool wear [min]": "tool_wear_min",
}


def read_ai4i(path: Path) -> pd.DataFrame:
    """AI4I 2020: the file starts with a byte order mark; XGBoost takes no brackets in names, so units are spelled."""
    names = {"UDI": "udi", "Product ID": "product_id", "Type": "type", "Machine_failure": "machine_failure", **SENSORS}
    return pd.read_csv(path, encoding="utf-8-sig").rename(columns=names)


def ai4i_type(folder: Path, shared: Path) -> None:
    """Histogram gradient boosting for three classes, skops, on parquet; the product id begins with the answer."""
    import skops.io
    from sklearn.ensemble import HistGradientBoostingClassifier

    frame = read_ai4i(shared / "ai4i2020" / "ai4i2020.csv").drop(columns="product_id")
    train, test = _split(frame, "type", test_size=3_000)
    model = HistGradientBoostingClassifier(max_iter=40, max_depth=3, random_state=SEED)
    model.fit(train[list(SENSORS.values())], train["type"])
    skops.io.dump(model, folder / "model.skops")
    train.to_parquet(folder / "train.parquet", index=False)
    test.to_parquet(folder / "test.parquet", index=False)


def online_shoppers(folder: Path, shared: Path) -> None:
    """Predictions only: scores of extremely randomised trees in a feather file, and no model."""
    from sklearn.ensemble import ExtraTreesClassifier

    frame = pd.read_csv(shared / "online_shoppers" / "online_shoppers_intention.csv")
    train, test = _split(frame, "Revenue", test_size=4_000)
    inputs = pd.get_dummies(frame.drop(columns=["Revenue", "Region"]))
    model = ExtraTreesClassifier(n_estimators=100, min_samples_leaf=3, random_state=SEED, n_jobs=THREADS)
    model.fit(inputs.loc[train.index], train["Revenue"])
    scores = model.predict_proba(inputs.loc[test.index])[:, 1]
    _feather(test.assign(p_revenue=scores), folder / "scored.feather")


def diabetes(folder: Path, shared: Path) -> None:
    """Ridge regression, skops, on csv with semicolons; groups by sex code and age."""
    import skops.io
    from sklearn.datasets import load_diabetes
    from sklearn.linear_model import Ridge
    from sklearn.pipeline import Pipeline
    from sklearn.preprocessing import StandardScaler

    frame = load_diabetes(as_frame=True, scaled=False).frame
    frame["age"] = frame["age"].astype(np.int64)
    frame["sex"] = frame["sex"].astype(np.int64)
    train, test = train_test_split(frame, test_size=142, random_state=SEED)
    inputs = [c for c in frame.columns if c != "target"]
    model = Pipeline([("scale", StandardScaler()), ("ridge", Ridge())]).fit(train[inputs], train["target"])
    skops.io.dump(model, folder / "model.skops")
    train.to_csv(folder / "train.csv", index=False, sep=";")
    test.to_csv(folder / "test.csv", index=False, sep=";")


def wine(folder: Path, shared: Path) -> None:
    """A random forest for three classes, skops, on parquet; what groups are made of is no input."""
    import skops.io
    from sklearn.datasets import load_wine
    from sklearn.ensemble import RandomForestClassifier

    frame = load_wine(as_frame=True).frame
    frame["grower"] = frame.pop("target").map({0: "first", 1: "second", 2: "third"})
    train, test = _split(frame, "grower", test_size=80)
    inputs = [c for c in frame.columns if c not in ("alcohol", "grower")]
    model = RandomForestClassifier(n_estimators=40, max_depth=4, random_state=SEED)
    model.fit(train[inputs], train["grower"])
    skops.io.dump(model, folder / "model.skops")
    train.to_parquet(folder / "train.parquet", index=False)
    test.to_parquet(folder / "test.parquet", index=False)


def _split(frame: pd.DataFrame, target: str, *, test_size: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    train, test = train_test_split(frame, test_size=test_size, random_state=SEED, stratify=frame[target])
    return train, test


def _feather(frame: pd.DataFrame, path: Path) -> None:
    table: Any = pa.Table.from_pandas(frame, preserve_index=False)
    pa.feather.write_feather(table, path)


CASES: dict[str, Callable[[Path, Path], None]] = {
    "adult": adult,
    "bank": bank,
    "heart": heart,
    "ai4i_failure": ai4i_failure,
    "ai4i_type": ai4i_type,
    "online_shoppers": online_shoppers,
    "diabetes": diabetes,
    "wine": wine,
}
