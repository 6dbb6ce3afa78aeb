"""CatBoost models, from memory or from their cbm and JSON files."""

from __future__ import annotations

import os
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from explainkit.artifact import sha256_file
from explainkit.errors import MissingExtraError, ModelError
from explainkit.evidence import LedgerEntry, ModelIdentity
from explainkit.load.models.base import Adapter, parameters_of
from explainkit.load.models.catboost_json import check_catboost_json

if TYPE_CHECKING:
    from explainkit.plan import Task

_TASKS: dict[str, Task] = {
    "Logloss": "binary",
    "CrossEntropy": "binary",
    "MultiClass": "multiclass",
    "MultiClassOneVsAll": "multiclass",
    **dict.fromkeys(
        ("RMSE", "MAE", "MAPE", "Poisson", "Quantile", "Huber", "Tweedie", "LogCosh", "Expectile"), "regression"
    ),
}


def read_catboost(data: bytes, *, where: str, digest: str, digest_of: str) -> Adapter:
    """Open a CatBoost model file (cbm or JSON), given its bytes."""
    catboost = _library()
    model = catboost.CatBoost()
    try:
        if data.startswith(b"CBM1"):
            model.load_model(blob=data)
        else:
            check_catboost_json(data, where)
            _load_json(model, data)
    except catboost.CatBoostError as error:
        raise ModelError(
            "the model file is cut short or damaged, or in a format of another CatBoost",
            where=where,
            found=str(error).splitlines()[0].rpartition(": ")[2],
            remedy="save the model again (save_model)",
        ) from None
    return adapt_catboost(model, digest=digest, digest_of=digest_of)


def _load_json(model: Any, data: bytes) -> None:
    """Have CatBoost read JSON, which it does from files only: from one in memory, where there is such a thing."""
    if hasattr(os, "memfd_create") and Path("/proc/self/fd").is_dir():
        with os.fdopen(os.memfd_create("model"), "wb") as held:
            held.write(data)
            held.flush()
            model.load_model(f"/proc/self/fd/{held.fileno()}", format="json")
        return
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "model.json"
        file.write_bytes(data)
        model.load_model(str(file), format="json")


def adapt_catboost(model: Any, *, digest: str | None = None, digest_of: str | None = None) -> Adapter:
    """Put a fitted CatBoost model behind the door.

    Raises
    ------
    ModelError
        If the loss is neither that of a classification nor of a regression.
    """
    catboost = _library()
    if digest is None:
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "model.cbm"
            model.save_model(str(file), format="cbm")
            digest, digest_of = "sha256:" + sha256_file(file), "the model as cbm"
    parameters = model.get_all_params()
    loss = str(parameters.get("loss_function", "")).partition(":")[0]
    classes = tuple(model.classes_)
    if loss not in _TASKS and not classes:
        raise ModelError(
            "a loss that cannot be audited", where="CatBoost", found=loss or "none stated", allowed=", ".join(_TASKS)
        )
    task = _TASKS.get(loss) or ("binary" if len(classes) == 2 else "multiclass")
    names = tuple(str(n) for n in model.feature_names_)
    categorical = tuple(names[i] for i in model.get_cat_feature_indices())

    def answer(rows: pd.DataFrame) -> Any:
        kind = "RawFormulaVal" if task == "regression" and loss not in ("Poisson", "Tweedie") else "Probability"
        if task == "regression" and kind == "Probability":
            kind = "Exponent"
        return model.predict(rows, prediction_type=kind, thread_count=-1)

    return Adapter(
        identity=ModelIdentity(
            family="catboost",
            kind=type(model).__name__,
            digest=digest,
            digest_of=digest_of or "",
            parameters=parameters_of({k: v for k, v in parameters.items() if k not in ("thread_count", "train_dir")}),
            library=f"catboost {catboost.__version__}",
        ),
        task=task,
        classes=classes if task != "regression" else None,
        features=names,
        native=model,
        answer=answer,
        caster=Caster(categorical=categorical),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Caster:
    """CatBoost takes categories as texts; missing ones are the text that pandas-trained models usually saw."""

    categorical: tuple[str, ...]
    """Names of the columns of categories."""

    def __call__(self, rows: pd.DataFrame) -> tuple[pd.DataFrame, tuple[LedgerEntry, ...]]:
        adapted, ledger = rows.copy(deep=False), []
        for name in self.categorical:
            missing = int(rows[name].isna().sum())
            if missing:
                ledger.append(
                    LedgerEntry(
                        kind="imputed",
                        what=f"column {name}",
                        reason='missing category → the text "nan": CatBoost takes no missing categories',
                        count=missing,
                    )
                )
                adapted[name] = rows[name].astype(object).where(rows[name].notna(), "nan")
        return adapted, tuple(ledger)


def _library() -> Any:
    try:
        import catboost
    except ImportError:
        raise MissingExtraError("catboost", extra="catboost", needed_for="this model") from None
    return catboost
