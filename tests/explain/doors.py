"""Models behind the door of the protocol, as plain as can be, and the table they are trained on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder, StandardScaler

from explainkit.evidence import ModelIdentity


class Door:
    """A model whose answers come from a function of rows; counts its calls."""

    features = None

    def __init__(
        self,
        native: Any,
        answer: Callable[[pd.DataFrame], Any],
        *,
        task: str,
        classes: tuple[Any, ...] | None = None,
        cast: Callable[[pd.DataFrame], pd.DataFrame] | None = None,
    ) -> None:
        self.native, self.task, self.classes = native, task, classes
        self._answer, self._cast = answer, cast
        self.calls: list[int] = []
        self.identity = ModelIdentity(family="callable", kind="", digest=None, digest_of="nothing", library="some 1")

    def adapt(self, rows: pd.DataFrame) -> tuple[pd.DataFrame, tuple[()]]:
        return (rows if self._cast is None else self._cast(rows)), ()

    def predict(self, rows: pd.DataFrame) -> Any:
        self.calls.append(len(rows))
        answer = np.asarray(self._answer(rows), dtype=np.float64)
        if answer.ndim == 1:
            answer = answer[:, None]
        return np.hstack([1 - answer, answer]) if self.task == "binary" and answer.shape[1] == 1 else answer


def sklearn_door(model: Any) -> Door:
    """A fitted scikit-learn estimator (or one with its interface)."""
    if hasattr(model, "classes_"):
        task = "binary" if len(model.classes_) == 2 else "multiclass"
        return Door(model, model.predict_proba, task=task, classes=tuple(model.classes_))
    return Door(model, model.predict, task="regression")


def names_of(door: Door) -> tuple[str, ...]:
    """Names of the outputs, as a subject has them."""
    return ("prediction",) if door.classes is None else tuple(map(str, door.classes))


def table(n: int = 240, seed: int = 0) -> pd.DataFrame:
    """Numbers with gaps, whole numbers, a category with gaps, a boolean."""
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {
            "age": rng.integers(19, 75, n),
            "amount": rng.lognormal(7, 1, n),
            "rate": rng.normal(size=n),
            "purpose": rng.choice(["car", "house", "other"], n),
            "owner": rng.random(n) < 0.4,
        }
    )
    frame.loc[rng.random(n) < 0.15, "rate"] = np.nan
    frame.loc[rng.random(n) < 0.1, "purpose"] = None
    return frame


def outcomes(frame: pd.DataFrame, task: str, seed: int = 1) -> np.ndarray:
    """An outcome that depends on all columns."""
    rng = np.random.default_rng(seed)
    score = (
        frame["age"] / 20
        - np.log(frame["amount"])
        + frame["rate"].fillna(0.5)
        + (frame["purpose"] == "car") * frame["owner"]
        + 3.5
        + rng.normal(scale=0.4, size=len(frame))
    ).to_numpy()
    if task == "regression":
        return score
    if task == "multiclass":
        return np.array(["low", "mid", "top"])[np.digitize(score, np.quantile(score, [0.3, 0.7]))]
    return (score > np.median(score)).astype(int)


def preparation(*, dense: bool = False) -> ColumnTransformer:
    """One-hot, imputed with a flag and scaled, passed through: several engineered columns for some raw ones."""
    return ColumnTransformer(
        [
            ("purpose", OneHotEncoder(handle_unknown="ignore", sparse_output=not dense), ["purpose"]),
            ("rate", make_pipeline(SimpleImputer(add_indicator=True), StandardScaler()), ["rate", "amount"]),
        ],
        remainder="passthrough",
        sparse_threshold=0.0 if dense else 1.0,
    )


def single_preparation() -> ColumnTransformer:
    """As `preparation`, but every raw column stays one column."""
    numbered = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1, encoded_missing_value=-2)
    return ColumnTransformer(
        [
            ("purpose", numbered, ["purpose"]),
            ("rate", make_pipeline(SimpleImputer(), StandardScaler()), ["rate", "amount"]),
        ],
        remainder="passthrough",
    )


SINGLY_PREPARED = ("purpose", "rate", "amount", "age", "owner")
"""Raw column behind each column that `single_preparation` makes of `table`."""
SOURCE_OF_PREPARED = ("purpose",) * 4 + ("rate", "amount", "rate", "age", "owner")
"""Raw column behind each column that `preparation` makes of `table`."""


def summed(values: np.ndarray, features: list[str]) -> np.ndarray:
    """Values of the columns that `preparation` makes, summed over raw columns by name."""
    return np.stack(
        [sum(values[:, j] for j, source in enumerate(SOURCE_OF_PREPARED) if source == name) for name in features],
        axis=1,
    )
