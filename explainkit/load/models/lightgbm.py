"""LightGBM boosters, from memory or from their text files."""

from __future__ import annotations

import io
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import pandas as pd

from explainkit.artifact import sha256_of
from explainkit.errors import DataError, MissingExtraError, ModelError
from explainkit.evidence import LedgerEntry, ModelIdentity
from explainkit.load.models.base import Adapter, numbers_from_flags, parameters_of, recoded
from explainkit.load.models.soundness import check_lightgbm

if TYPE_CHECKING:
    from explainkit.plan import Task

_TASKS: dict[str, Task] = {
    "binary": "binary",
    "cross_entropy": "binary",
    "multiclass": "multiclass",
    "multiclassova": "multiclass",
    **dict.fromkeys(
        ("regression", "regression_l1", "huber", "fair", "poisson", "quantile", "mape", "gamma", "tweedie"),
        "regression",
    ),
}


_FORMATS = ("v2", "v3", "v4")
"""Of its text, that LightGBM 4 reads; it says nothing of others."""


def read_lightgbm(data: bytes, *, where: str, digest: str, digest_of: str) -> Adapter:
    """Open a LightGBM text file, given its bytes.

    LightGBM reads past the end of a file that is cut short and can bring the process down, so the trees announced in
    the header are counted before the library sees the file.
    """
    text = io.StringIO(data.decode("utf-8", errors="replace"), newline=None).read()
    announced = re.search(r"^tree_sizes=(.*)$", text, re.MULTILINE)
    trees = len(re.findall(r"^Tree=\d+$", text, re.MULTILINE))
    if announced is None or trees != len(announced[1].split()) or "\nend of trees\n" not in text:
        raise ModelError(
            "the model file is cut short or damaged",
            where=where,
            found=f"{trees} trees of {len(announced[1].split()) if announced else 'an unknown number'} announced",
            remedy="save the model again (Booster.save_model)",
        )
    check_lightgbm(text, where)
    lightgbm = _library()
    try:
        booster = lightgbm.Booster(model_str=text)
    except lightgbm.basic.LightGBMError as error:
        raise ModelError("LightGBM cannot read the file", where=where, found=str(error)) from None
    version = re.search(r"^version=(\w{1,20})$", text, re.MULTILINE)
    known = version is not None and version[1] in _FORMATS
    saved_by = None if known else f"a LightGBM that writes format {version[1] if version else 'without a version'}"
    return replace(adapt_lightgbm(booster, digest=digest, digest_of=digest_of), saved_by=saved_by)


def adapt_lightgbm(model: Any, *, digest: str | None = None, digest_of: str | None = None) -> Adapter:
    """Put a LightGBM ``Booster`` or ``LGBMModel`` behind the door.

    Raises
    ------
    ModelError
        If the objective is neither a classification nor a regression.
    """
    lightgbm = _library()
    booster = model if isinstance(model, lightgbm.Booster) else model.booster_
    if digest is None:
        digest, digest_of = "sha256:" + sha256_of(booster.model_to_string().encode()), "the model as LightGBM text"
    dump = booster.dump_model(num_iteration=1)
    objective = str(dump.get("objective", "")).split(" ")[0]
    if objective not in _TASKS:
        raise ModelError(
            "an objective that cannot be audited",
            where="LightGBM",
            found=objective or "none",
            allowed=", ".join(_TASKS),
        )
    task = _TASKS[objective]
    classes = getattr(model, "classes_", None) if task != "regression" else None
    if classes is None and task != "regression":
        classes = range(max(2, booster.num_model_per_iteration()))
    return Adapter(
        identity=ModelIdentity(
            family="lightgbm",
            kind=type(model).__name__,
            digest=digest,
            digest_of=digest_of or "",
            parameters=parameters_of({k: v for k, v in booster.params.items() if k not in _PLACES}),
            library=f"lightgbm {lightgbm.__version__}",
        ),
        task=task,
        classes=None if classes is None else tuple(classes),
        features=tuple(booster.feature_name()),
        native=booster,
        answer=booster.predict,
        caster=Caster(
            categories=tuple(map(tuple, booster.pandas_categorical or ())),
            categorical=tuple(name for name, info in dump["feature_infos"].items() if info.get("values")),
        ),
    )


# Parameters that name files or machines, not the model.
_PLACES = frozenset(
    (
        "data",
        "valid",
        "output_model",
        "input_model",
        "output_result",
        "machines",
        "machine_list_filename",
        "num_threads",
    )
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Caster:
    """Texts become the categories that the model itself lists; LightGBM lists them in the order of its columns."""

    categories: tuple[tuple[Any, ...], ...]
    """Categories of each column that was one of categories in training."""
    categorical: tuple[str, ...]
    """Names of the columns that the trees split by categories."""

    def __call__(self, rows: pd.DataFrame) -> tuple[pd.DataFrame, tuple[LedgerEntry, ...]]:
        columns = [
            str(c)
            for c in rows.columns
            if isinstance(rows[c].dtype, pd.CategoricalDtype)
            or rows[c].dtype == object
            or pd.api.types.is_string_dtype(rows[c])
        ]
        flags = [c for c in columns if pd.api.types.infer_dtype(rows[c], skipna=True) == "boolean"]
        columns = [c for c in columns if c not in flags]
        if len(columns) != len(self.categories):
            raise self._mismatch(columns)
        adapted, ledger = rows.copy(deep=False), list[LedgerEntry]()
        for name, categories in zip(columns, self.categories, strict=True):
            adapted[name], entries = recoded(rows[name], categories, name=name)
            ledger += entries
        for name in flags:
            adapted[name], entry = numbers_from_flags(rows[name], name=name)
            ledger.append(entry)
        return adapted, tuple(ledger)

    def _mismatch(self, columns: list[str]) -> DataError:
        """Which columns are of another kind than in training."""
        numbers = [name for name in self.categorical if name not in columns]
        if numbers:
            return DataError(
                "numbers where the model knows categories",
                where=f"columns {', '.join(numbers[:5])}",
                allowed="text or categories, as in training",
            )
        strangers = [c for c in columns if c not in self.categorical] or columns
        return DataError(
            "text where the model knows numbers",
            where=f"columns {', '.join(strangers[:5])}",
            found=f"{len(columns)} columns of text or categories",
            allowed=f"{len(self.categories)}, as in training",
            remedy="list texts that mean missing under data.missing",
        )


def _library() -> Any:
    try:
        import lightgbm
    except ImportError:
        raise MissingExtraError("lightgbm", extra="lightgbm", needed_for="this model") from None
    lightgbm.register_logger(_Silence())
    return lightgbm


class _Silence:
    """LightGBM prints on stdout by default; nothing but the result may stand there."""

    def info(self, message: str) -> None:
        """Say nothing."""

    def warning(self, message: str) -> None:
        """Say nothing: what a warning means for an audit is checked by explainkit itself."""
