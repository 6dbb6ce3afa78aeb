"""What is plain of an adapter, as JSON, and an adapter made of it whose answers come from another process."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, get_args

import numpy as np
import numpy.typing as npt
import pandas as pd

from explainkit.errors import ModelError
from explainkit.evidence import LedgerEntry, ModelIdentity
from explainkit.load.confined.client import Confined, RaisedThereError, clean
from explainkit.load.confined.frames import Head
from explainkit.load.confined.values import from_scalar, packed, scalar
from explainkit.load.models import catboost, lightgbm, xgboost
from explainkit.load.models.base import Adapter
from explainkit.load.models.onnx import table

_FAMILIES = ("scikit-learn", "lightgbm", "xgboost", "catboost", "onnx")
_CASTERS: Mapping[str, type] = {
    "lightgbm": lightgbm.Caster,
    "xgboost": xgboost.Caster,
    "catboost": catboost.Caster,
    "onnx": table.Caster,
}
_MOST_CLASSES = 1_000_000


def told(adapter: Adapter) -> Head:
    """What is plain of an adapter; `adapter_of` reads it.

    Raises
    ------
    TypeError
        If a class or a category is of a type that cannot be told.
    """
    caster = adapter.caster
    fields = {} if caster is None else {f.name: getattr(caster, f.name) for f in dataclasses.fields(caster)}  # type: ignore[arg-type]
    return {
        "identity": dataclasses.asdict(adapter.identity),
        "task": adapter.task,
        "classes": None if adapter.classes is None else [scalar(value) for value in adapter.classes],
        "features": adapter.features,
        "width": _width(adapter),
        "saved_by": adapter.saved_by,
        "caster": None if caster is None else {name: _listed(value) for name, value in fields.items()},
    }


def _width(adapter: Adapter) -> int | None:
    width = getattr(adapter.native, "n_features_in_", None)
    return None if width is None else int(width)


def _listed(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(name): _listed(member) for name, member in value.items()}
    return [_listed(member) for member in value] if isinstance(value, tuple | list) else scalar(value)


@dataclass(frozen=True, kw_only=True)
class ConfinedAdapter(Adapter):
    """A model in a process of its own, behind the same door."""

    findings: tuple[LedgerEntry, ...] = ()
    """What was found in the file before it was opened."""
    shortfalls: tuple[LedgerEntry, ...] = ()
    """What its process could not be kept from, on this system."""

    def predict(self, rows: pd.DataFrame) -> npt.NDArray[np.float64]:
        """As of every adapter; the answer is checked on both sides."""
        return self._checked(self.answer(rows), len(rows))


def adapter_of(
    head: Head,
    model: Confined,
    *,
    digest: str,
    digest_of: str,
    findings: tuple[LedgerEntry, ...] = (),
    shortfalls: tuple[LedgerEntry, ...] = (),
) -> ConfinedAdapter:
    """An adapter made of what another process says of its own.

    Parameters
    ----------
    head : dict
        What it says; it may be hostile.
    model : Confined
        The process.
    digest, digest_of : str
        Of the file, as found here.
    findings : tuple of LedgerEntry
        What was found in the file before it was opened.
    shortfalls : tuple of LedgerEntry
        What its process could not be kept from.

    Raises
    ------
    ModelError
        If it is not what an adapter says of itself.
    """
    from explainkit.plan import Task  # late: the process that holds a model does without plans

    try:
        identity = _identity(head["identity"], digest=digest, digest_of=digest_of)
        task = _one_of(head["task"], (*get_args(Task), None))
        classes = None if head["classes"] is None else tuple(from_scalar(value) for value in _list(head["classes"]))
        features = None if head["features"] is None else tuple(_text(name) for name in _list(head["features"]))
        caster = None if head["caster"] is None else _caster(identity.family, head["caster"])
        width = head["width"]
        if not (width is None or (type(width) is int and width >= 0)):
            raise ValueError("the number of its inputs")
        if classes is not None and not 1 <= len(set(classes)) == len(classes) <= _MOST_CLASSES:
            raise ValueError("its classes")
        saved_by = None if head["saved_by"] is None else clean(_text(head["saved_by"]))
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError):
        raise model.not_understood("something else than what a model says of itself") from None
    model.n_features_in_ = width
    return ConfinedAdapter(
        identity=identity,
        task=task,
        classes=classes,
        features=features,
        native=model,
        answer=_Answer(model),
        caster=caster,
        saved_by=saved_by,
        findings=findings,
        shortfalls=shortfalls,
    )


class _Answer:
    """Asks the process; all its answers have the same number of columns."""

    def __init__(self, model: Confined) -> None:
        self._model = model
        self._columns: int | None = None

    def __call__(self, rows: pd.DataFrame) -> npt.NDArray[np.float64]:
        table, arrays = packed(rows)
        try:
            found = self._model.ask("predict", {"table": table}, arrays).arrays
        except RaisedThereError as error:
            raise ModelError(
                "the model raised while predicting", where=self._model.where, found=f"{type(error).__name__}: {error}"
            ) from None
        if len(found) != 1 or found[0].dtype != np.float64 or found[0].ndim != 2 or len(found[0]) != len(rows):
            raise self._model.not_understood("no predictions, or not for every row")
        columns = found[0].shape[1]
        if self._columns not in (None, columns) or not columns:
            raise self._model.not_understood("predictions of another number of columns than before")
        self._columns = columns
        return found[0]


def _identity(told: Any, *, digest: str, digest_of: str) -> ModelIdentity:
    return ModelIdentity(
        family=_one_of(told["family"], _FAMILIES),
        kind=_text(told["kind"]),
        digest=digest,
        digest_of=digest_of,
        steps=tuple(_text(step) for step in _list(told["steps"])),
        parameters=tuple((_text(name), _text(value)) for name, value in _list(told["parameters"])),
        library=None if told["library"] is None else _text(told["library"]),
        target_encoded=tuple((_text(name), _text(kind)) for name, kind in _list(told["target_encoded"])),
    )


def _caster(family: str, told: Any) -> Callable[[pd.DataFrame], Any]:
    made: Callable[[pd.DataFrame], Any] = _CASTERS[family](
        **{str(name): _tuples(value) for name, value in told.items()}
    )
    if not all(isinstance(name, str) for name in made.categorical):  # type: ignore[attr-defined]
        raise TypeError
    return made


def _tuples(value: Any) -> Any:
    """Lists as tuples, and what stands in them as the values that were told."""
    if isinstance(value, list):
        return tuple(_tuples(member) for member in value)
    if isinstance(value, dict) and value and all(isinstance(member, list) for member in value.values()):
        return {name: _tuples(member) for name, member in value.items()}
    return from_scalar(value) if value != {} else {}


def _list(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise TypeError
    return value


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value


def _one_of(value: Any, allowed: tuple[Any, ...]) -> Any:
    if value not in allowed:
        raise ValueError(value)
    return value
