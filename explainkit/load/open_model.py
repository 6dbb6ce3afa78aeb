"""Open model files by their content, never by their extension, and never run what was not trusted beforehand."""

from __future__ import annotations

import io
import pickle
import re
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from explainkit.artifact import regular_file, sha256_of
from explainkit.errors import InputError, ModelError
from explainkit.load.model_folder import read_folder
from explainkit.load.models.base import Adapter
from explainkit.load.models.catboost_json import FIRST_KEYS as CATBOOST_KEYS
from explainkit.load.models.onnx.structure import looks_like_onnx
from explainkit.load.models.soundness import check_sklearn
from explainkit.load.pickle_scan import Scan, scan
from explainkit.load.unpacking import PACKED

_HEAD = 64
"""Bytes at its start by which the kind of a file is recognised."""
_FIRST_KEY = re.compile(rb'\s*\{\s*"([A-Za-z_]{1,40})"\s*:')
_KINDS = (
    "skops, LightGBM text, XGBoost JSON or UBJ, CatBoost cbm or JSON, ONNX; pickle and joblib when trusted by digest"
)

# Types that hold plain arrays or numbers, reviewed: building them runs no code of the file.
TRUSTED_TYPES = (
    "numpy.dtype",
    "sklearn.tree._tree.Tree",
    "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor",
    "sklearn._loss.link.IdentityLink",
    "sklearn._loss.link.Interval",
    "sklearn._loss.link.LogitLink",
    "sklearn._loss.link.LogLink",
    "sklearn._loss.link.MultinomialLogit",
    "sklearn._loss.loss.AbsoluteError",
    "sklearn._loss.loss.HalfBinomialLoss",
    "sklearn._loss.loss.HalfMultinomialLoss",
    "sklearn._loss.loss.HalfSquaredError",
    "sklearn._loss._loss.CyHalfBinomialLoss",
    "sklearn._loss._loss.CyHalfMultinomialLoss",
    "sklearn._loss._loss.CyHalfSquaredError",
    "sklearn._loss._loss.CyAbsoluteError",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _File:
    """A model file, read once: what is checked is what is opened, also where somebody changes the file meanwhile."""

    path: Path
    data: bytes = field(repr=False)
    digest: str
    trusted: bool
    tell: Callable[[Scan], None]

    @property
    def named(self) -> str:
        return f"the file {self.path.name}"


def open_model(path: Path, *, trust: Sequence[str] = (), tell: Callable[[Scan], None] = lambda found: None) -> Adapter:
    """Open a model file, or a model folder of MLflow.

    Parameters
    ----------
    path : pathlib.Path
        The file or folder; the kind of a file is recognised by content.
    trust : sequence of str
        ``sha256:…`` digests of files that may be unpickled. Trust belongs to whoever loads, never to the file.
    tell : callable
        Told what a trusted pickle imports, before it is opened.

    Raises
    ------
    ModelError
        If the file is missing, damaged, of an unknown kind, or not trusted.
    """
    where = str(path)
    if path.is_dir():
        return read_folder(path, lambda inner: open_model(inner, trust=trust, tell=tell))
    if not path.exists():
        raise ModelError("no such model file", where=where)
    if not path.is_file():
        raise ModelError("not a regular file", where=where, allowed=_KINDS)
    try:
        with regular_file(path) as stream:
            data = stream.read()
    except OSError as error:
        raise ModelError("the model file cannot be read", where=where, found=error.strerror or str(error)) from None
    reader = _reader(data[:_HEAD]) or (_read_onnx if looks_like_onnx(io.BytesIO(data)) else None)
    if reader is None:
        raise ModelError(
            "a model file of an unknown kind" if data else "the model file is empty",
            where=where,
            found=repr(data[:8]) if data else "0 bytes",
            allowed=_KINDS,
        )
    digest = "sha256:" + sha256_of(data)
    return reader(_File(path=path, data=data, digest=digest, trusted=digest in trust, tell=tell))


def is_booster(path: Path) -> bool:
    """Whether a file is a booster in the format of its own library, which scikit-learn has no part in."""
    try:
        with regular_file(path) as stream:
            return _reader(stream.read(_HEAD)) in (_read_lightgbm, _read_xgboost, _read_catboost)
    except OSError:
        return False


def _reader(head: bytes) -> Callable[[_File], Adapter] | None:
    first = _FIRST_KEY.match(head)
    key = first[1].decode() if first else None
    if head.startswith(b"PK\x03\x04"):
        return _read_skops
    if head.startswith((b"tree\n", b"tree\r\n")):
        return _read_lightgbm
    if head.startswith(b"CBM1") or key in CATBOOST_KEYS:
        return _read_catboost
    if head[:2] in (b"{L", b"{i", b"{U", b"{I", b"{l") or key in ("learner", "version"):
        return _read_xgboost
    if head.startswith(b"binf"):
        return _read_old_xgboost
    if head[:2] in (b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05") or head.startswith(PACKED):
        return _read_pickle  # pickle protocols 2 to 5, and what joblib compresses
    return None


def _read_lightgbm(file: _File) -> Adapter:
    from explainkit.load.models.lightgbm import read_lightgbm

    return read_lightgbm(file.data, where=str(file.path), digest=file.digest, digest_of=file.named)


def _read_xgboost(file: _File) -> Adapter:
    from explainkit.load.models.xgboost import read_xgboost

    return read_xgboost(file.data, where=str(file.path), digest=file.digest, digest_of=file.named)


def _read_catboost(file: _File) -> Adapter:
    from explainkit.load.models.catboost import read_catboost

    return read_catboost(file.data, where=str(file.path), digest=file.digest, digest_of=file.named)


def _read_onnx(file: _File) -> Adapter:
    from explainkit.load.models.onnx.adapter import read_onnx

    return read_onnx(file.data, where=str(file.path), digest=file.digest, digest_of=file.named)


def _read_old_xgboost(file: _File) -> Adapter:
    raise ModelError(
        "a model in XGBoost's old binary format, which XGBoost reads no more",
        where=str(file.path),
        allowed=_KINDS,
        remedy="save it as JSON or UBJ (Booster.save_model) with the version that saved it",
    )


def _read_skops(file: _File) -> Adapter:
    import skops.io
    from skops.io.exceptions import UntrustedTypesFoundException

    from explainkit.load.versions import BROKEN, noticed, unopened

    where = str(file.path)
    try:
        unknown = [t for t in skops.io.get_untrusted_types(data=file.data) if t not in TRUSTED_TYPES]
        if unknown:
            raise _unreviewed(file, sorted(unknown))
        with noticed() as saved:
            model = skops.io.loads(file.data, trusted=list(TRUSTED_TYPES))
        check_sklearn(model, where)
        adapter = adapt_object(model, digest=file.digest, digest_of=file.named)
    except UntrustedTypesFoundException as error:
        raise ModelError("the model file holds types that were not reviewed", where=where, found=str(error)) from None
    except (zipfile.BadZipFile, *BROKEN) as error:
        problem, remedy = "the model file is cut short or damaged", "save the model again (skops.io.dump)"
        raise unopened(file.data, error, where=where, otherwise=problem, remedy=remedy) from None
    return replace(adapter, saved_by=saved.by)


def _unreviewed(file: _File, names: list[str]) -> ModelError:
    """The error for types that are not trusted; those that scikit-learn no longer has tell its version."""
    from explainkit.load.versions import unopened

    where, found = str(file.path), ", ".join(names[:3])
    libraries = ("lightgbm.", "xgboost.", "catboost.", "collections.")
    own = all(name.startswith(libraries) for name in names)
    own_format = "save it in its library's own format (save_model of LightGBM, XGBoost, CatBoost)"
    unknown = ModelError(
        "the model file holds types that were not reviewed",
        where=where,
        found=found,
        allowed="scikit-learn's and NumPy's own",
        remedy=own_format if own else "audit its predictions without the model, or pass the model from Python",
    )
    if not all(name.startswith("sklearn.") for name in names):
        return unknown
    return unopened(file.data, TypeError(f"it holds {found}"), where=where, otherwise=unknown)


def _read_pickle(file: _File) -> Adapter:
    from explainkit.load.unpickling import unpickled
    from explainkit.load.versions import BROKEN, PROBLEM, noticed, unopened

    if not file.trusted:
        raise ModelError(
            f"a pickle can run any code when it is opened, and this one is not trusted; it {scan(file.data)}",
            where=str(file.path),
            found=file.digest,
            allowed="a digest listed under model.trust by whoever loads",
            remedy=f'add "{file.digest}" to model.trust if you know where the file comes from, or save as skops',
        )
    with noticed() as saved:
        model = unpickled(file.data, where=str(file.path), tell=file.tell)
    try:
        adapter = adapt_object(model, digest=file.digest, digest_of=file.named)
    except BROKEN as error:
        raise unopened(file.data, error, where=str(file.path), otherwise=PROBLEM) from None
    return replace(adapter, saved_by=saved.by)


def adapt_object(model: Any, *, digest: str | None = None, digest_of: str | None = None) -> Adapter:
    """Put a model object behind the door, by the library it comes from.

    Parameters
    ----------
    model : object
        A scikit-learn, LightGBM, XGBoost or CatBoost model.
    digest, digest_of : str, optional
        Digest of the file it came from; without one the object in memory is hashed.

    Raises
    ------
    ModelError
        If the object is none of these.
    """
    library = type(model).__module__.partition(".")[0]
    if library == "lightgbm":
        from explainkit.load.models.lightgbm import adapt_lightgbm

        return adapt_lightgbm(model, digest=digest, digest_of=digest_of)
    if library == "xgboost":
        from explainkit.load.models.xgboost import adapt_xgboost

        return adapt_xgboost(model, digest=digest, digest_of=digest_of)
    if library == "catboost":
        from explainkit.load.models.catboost import adapt_catboost

        return adapt_catboost(model, digest=digest, digest_of=digest_of)
    if hasattr(model, "predict") and hasattr(model, "get_params"):
        from explainkit.load.models.sklearn import adapt_sklearn

        if digest is None:
            digest, digest_of = _memory_digest(model)
        return adapt_sklearn(model, digest=digest, digest_of=digest_of or "")
    raise ModelError(
        "not a model that explainkit knows",
        where="model",
        found=f"{type(model).__module__}.{type(model).__qualname__}",
        allowed="scikit-learn, LightGBM, XGBoost, CatBoost, or a function of a frame",
    )


def _memory_digest(model: Any) -> tuple[str | None, str]:
    try:
        data = pickle.dumps(model, protocol=5)
    except (pickle.PicklingError, TypeError, AttributeError):
        return None, "nothing: the object in memory cannot be serialised"
    return "sha256:" + sha256_of(data), "the object in memory (pickle, protocol 5)"


def adapt_any(model: Any, *, task: Any = None, classes: Any = None, features: Any = None) -> Adapter:
    """Put a model object or a function behind the door.

    Raises
    ------
    InputError
        If it is neither.
    """
    known = type(model).__module__.partition(".")[0] in ("lightgbm", "xgboost", "catboost")
    if known or (hasattr(model, "predict") and hasattr(model, "get_params")):
        return adapt_object(model)
    if callable(model):
        from explainkit.load.models.function import adapt_function

        return adapt_function(model, task=task, classes=classes, features=features)
    raise InputError(
        "neither a model nor a function",
        where="model",
        found=f"{type(model).__module__}.{type(model).__qualname__}",
        allowed="scikit-learn, LightGBM, XGBoost, CatBoost models, or a function of a frame",
    )
