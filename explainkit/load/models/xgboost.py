"""XGBoost boosters, from memory or from their JSON and UBJ files."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from explainkit.artifact import sha256_of
from explainkit.errors import DataError, MissingExtraError, ModelError
from explainkit.evidence import LedgerEntry, ModelIdentity
from explainkit.load.models.base import Adapter, numbers_from_flags, parameters_of, recoded
from explainkit.load.models.soundness import check_xgboost
from explainkit.load.models.ubjson import is_complete

if TYPE_CHECKING:
    from explainkit.plan import Task

_TASKS: dict[str, Task] = {
    "binary:logistic": "binary",
    "multi:softprob": "multiclass",
    "multi:softmax": "multiclass",
    **dict.fromkeys(
        (
            "reg:squarederror",
            "reg:squaredlogerror",
            "reg:pseudohubererror",
            "reg:absoluteerror",
            "reg:quantileerror",
            "reg:gamma",
            "reg:tweedie",
            "reg:logistic",
            "count:poisson",
        ),
        "regression",
    ),
}


_JSON = re.compile(rb'\A\s*\{\s*"')  # XGBoost itself tells JSON by its first two bytes


def read_xgboost(data: bytes, *, where: str, digest: str, digest_of: str) -> Adapter:
    """Open an XGBoost model file (JSON or UBJ), given its bytes."""
    xgboost = _library()
    booster = xgboost.Booster()
    data = _JSON.sub(b'{"', data)
    if not data.startswith(b'{"') and not is_complete(data):
        raise ModelError(
            "the model file is cut short or damaged",
            where=where,
            found="UBJ that ends early" if len(data) > 2 else f"{len(data)} bytes",
            remedy="save the model again (Booster.save_model)",
        )
    version = check_xgboost(data, where)
    newer = version > tuple(int(part) for part in re.findall(r"\d+", xgboost.__version__)[:3])
    saved_by = f"xgboost {'.'.join(map(str, version))}" if newer else None
    try:
        booster.load_model(bytearray(data))
    except (xgboost.core.XGBoostError, ValueError) as error:
        late = f"the model was saved by {saved_by}, and xgboost {xgboost.__version__} cannot open it"
        raise ModelError(
            late if newer else "the model file is cut short or damaged",
            where=where,
            found=_sentence(error),
            remedy="install that version" if newer else "save the model again (Booster.save_model)",
        ) from None
    return replace(adapt_xgboost(booster, digest=digest, digest_of=digest_of), saved_by=saved_by)


def adapt_xgboost(model: Any, *, digest: str | None = None, digest_of: str | None = None) -> Adapter:
    """Put an XGBoost ``Booster`` or ``XGBModel`` behind the door.

    Raises
    ------
    ModelError
        If the objective is neither a classification nor a regression, or there are several targets.
    """
    xgboost = _library()
    booster = model if isinstance(model, xgboost.Booster) else model.get_booster()
    if digest is None:
        digest, digest_of = "sha256:" + sha256_of(bytes(booster.save_raw("ubj"))), "the model as UBJ"
    learner = json.loads(booster.save_config())["learner"]
    objective = learner["objective"]["name"]
    if objective not in _TASKS or int(learner["learner_model_param"].get("num_target", "1")) != 1:
        raise ModelError(
            "an objective that cannot be audited", where="XGBoost", found=objective, allowed=", ".join(_TASKS)
        )
    task = _TASKS[objective]
    classes = getattr(model, "classes_", None) if task != "regression" else None
    if classes is None and task != "regression":
        classes = range(max(2, int(learner["learner_model_param"]["num_class"])))
    best = getattr(booster, "best_iteration", None) if "best_iteration" in booster.attributes() else None
    names = tuple(booster.feature_names) if booster.feature_names else None
    return Adapter(
        identity=ModelIdentity(
            family="xgboost",
            kind=type(model).__name__,
            digest=digest,
            digest_of=digest_of or "",
            parameters=parameters_of(
                {
                    "objective": objective,
                    "booster": learner["gradient_booster"]["name"],
                    "trees": booster.num_boosted_rounds(),
                    "base_score": learner["learner_model_param"]["base_score"],
                }
            ),
            library=f"xgboost {xgboost.__version__}",
        ),
        task=task,
        classes=None if classes is None else tuple(classes),
        features=names,
        native=model,
        answer=_Answer(
            booster,
            classes=None if classes is None else len(classes),
            best=best,
            missing=getattr(model, "missing", np.nan),
        ),
        caster=_caster(booster) if names else None,
    )


class _Answer:
    """Probabilities or predictions of a booster; ``multi:softmax`` answers margins, turned into probabilities."""

    def __init__(self, booster: Any, *, classes: int | None, best: int | None, missing: float) -> None:
        self._booster, self._missing = booster, missing
        self._softmax = (
            classes is not None and json.loads(booster.save_config())["learner"]["objective"]["name"] == "multi:softmax"
        )
        self._range = (0, 0) if best is None else (0, best + 1)

    def __call__(self, rows: pd.DataFrame) -> Any:
        import xgboost

        data = rows if self._booster.feature_names else rows.to_numpy()
        matrix = xgboost.DMatrix(data, enable_categorical=True, missing=self._missing)
        if not self._softmax:
            return self._booster.predict(matrix, iteration_range=self._range)
        margin = self._booster.predict(matrix, iteration_range=self._range, output_margin=True).astype(np.float64)
        odds = np.exp(margin - margin.max(axis=1, keepdims=True))
        return odds / odds.sum(axis=1, keepdims=True)


def _caster(booster: Any) -> Caster:
    kinds = zip(booster.feature_names, booster.feature_types or (), strict=False)
    categorical = tuple(name for name, kind in kinds if kind == "c")
    exported = booster.get_categories(export_to_arrow=True) if categorical else None
    pairs = exported.to_arrow() if exported is not None else []
    return Caster(
        categorical=categorical, known={name: tuple(values.to_pylist()) for name, values in pairs if values is not None}
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Caster:
    """Texts become categories where the model's own file lists them (XGBoost 3.1 and later)."""

    categorical: tuple[str, ...]
    """Names of the columns of categories."""
    known: Mapping[str, tuple[Any, ...]]
    """Their categories, where the file lists them."""

    def __call__(self, rows: pd.DataFrame) -> tuple[pd.DataFrame, tuple[LedgerEntry, ...]]:
        adapted, ledger = rows.copy(deep=False), list[LedgerEntry]()
        for name in map(str, rows.columns):
            column = rows[name]
            if name in self.categorical:
                adapted[name], entries = self._category(name, column)
                ledger += entries
            elif pd.api.types.infer_dtype(column, skipna=True) == "boolean" and column.dtype == object:
                adapted[name], entry = numbers_from_flags(column, name=name)
                ledger.append(entry)
            elif column.dtype == object or pd.api.types.is_string_dtype(column):
                raise DataError(
                    "text where the model knows numbers",
                    where=f"column {name}",
                    found=repr(column.dropna().iloc[0]) if column.notna().any() else "no value",
                    allowed="numbers",
                    remedy="list texts that mean missing under data.missing",
                )
        return adapted, tuple(ledger)

    def _category(self, name: str, column: pd.Series) -> tuple[Any, list[LedgerEntry]]:
        known = self.known.get(name)
        if known is None:
            if isinstance(column.dtype, pd.CategoricalDtype):
                return column, []
            raise DataError(
                "the model holds no list of categories for the column",
                where=f"column {name}",
                found="text",
                allowed="a categorical column with the training order, or a model saved by XGBoost 3.1 or later",
            )
        # XGBoost before 3.4 takes such a category for the next one in its order, where there is one.
        categories, ledger = recoded(
            column, known, name=name, unseen="where XGBoost itself refuses them, or takes them for others"
        )
        return categories, list(ledger)


def _sentence(error: BaseException) -> str:
    """The library's own words without its time stamp, source file and stack."""
    line = str(error).split("Stack trace")[0].strip().splitlines()[0] if str(error).strip() else type(error).__name__
    return line.rpartition(".cc:")[2].partition(": ")[2] or line


def _library() -> Any:
    try:
        import xgboost
    except ImportError:
        raise MissingExtraError("xgboost", extra="xgboost", needed_for="this model") from None
    xgboost.set_config(verbosity=0)
    return xgboost
