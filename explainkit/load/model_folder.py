"""Open the model inside an MLflow folder: what its file MLmodel names, by the same rules as any model file.

Format: https://mlflow.org/docs/latest/ml/model/ ("MLmodel file"). Code that a folder brings along is never imported.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import Any

from explainkit.artifact import sha256_folder
from explainkit.errors import ModelError
from explainkit.load.models.base import Adapter, first_line

DESCRIPTION = "MLmodel"
_FILES: Mapping[str, str] = {
    "sklearn": "pickled_model",
    "xgboost": "data",
    "lightgbm": "data",
    "catboost": "data",
    "onnx": "data",
}
"""Flavors that are read, and the key under which each names its file."""
_LARGEST = 2_000_000  # bytes of MLmodel
_REMEDY = "log the model with mlflow.sklearn, xgboost, lightgbm, catboost or onnx, or audit its predictions"


def read_folder(folder: Path, open_file: Callable[[Path], Adapter]) -> Adapter:
    """Open a model folder of MLflow.

    Parameters
    ----------
    folder : pathlib.Path
        With a file ``MLmodel``.
    open_file : callable
        Opens the model file, given its path. A pickle needs its own digest, not that of the folder.

    Returns
    -------
    Adapter
        With the digest of the folder, and the names of the signature where the model itself has none.

    Raises
    ------
    ModelError
        If it is no such folder, holds a link, or a model that is not read; or if its signature does not fit.
    """
    where = str(folder)
    digest = folder_digest(folder)
    told = described(folder)
    path = folder / _file(told, where)
    if not path.is_file():
        raise ModelError(f"the file that {DESCRIPTION} names is not there", where=where, found=path.name)
    adapter = open_file(path)
    identity = replace(adapter.identity, digest=digest, digest_of=f"the folder {folder.name}")
    return _with_names(replace(adapter, identity=identity), _columns(told, where), where)


def folder_digest(folder: Path) -> str:
    """Digest of a model folder as ``sha256:…``; see `explainkit.artifact.sha256_folder`.

    Raises
    ------
    ModelError
        If it holds what has no place in one, or cannot be read.
    """
    try:
        return "sha256:" + sha256_folder(folder)
    except (ValueError, OSError) as error:
        found = (error.strerror or str(error)) if isinstance(error, OSError) else str(error)
        raise ModelError(
            "the model folder cannot be read", where=str(folder), found=found, allowed="files and folders, no links"
        ) from None


def is_model_folder(folder: Path) -> bool:
    """Whether a folder is one that MLflow saves models in."""
    return (folder / DESCRIPTION).is_file()


def described(folder: Path) -> Mapping[str, Any]:
    """What the file MLmodel of a folder says; its flavors are there, each with keys.

    Raises
    ------
    ModelError
        If there is none, or it cannot be read.
    """
    path, where = folder / DESCRIPTION, str(folder)
    if not is_model_folder(folder):
        raise ModelError(
            "a folder that is no MLflow model", where=where, found=f"no file {DESCRIPTION}", allowed="a model file"
        )
    import yaml

    try:
        if path.stat().st_size > _LARGEST:
            raise ValueError(f"{path.stat().st_size:,} bytes")
        told = yaml.safe_load(path.read_text("utf-8"))
    except (yaml.YAMLError, ValueError, OSError, RecursionError) as error:
        raise _unreadable(where, first_line(error)) from None
    flavors = told.get("flavors") if isinstance(told, dict) else None
    if not isinstance(flavors, dict) or not all(isinstance(part, dict) for part in flavors.values()):
        raise _unreadable(where, "no flavors")
    described: Mapping[str, Any] = told
    return described


def _unreadable(where: str, found: str) -> ModelError:
    return ModelError(
        f"{DESCRIPTION} cannot be read", where=where, found=found, remedy="log the model again with MLflow"
    )


def _file(told: Mapping[str, Any], where: str) -> PurePosixPath:
    """Path of the model file within the folder."""
    flavors = told["flavors"]
    for flavor, key in _FILES.items():
        if flavor not in flavors:
            continue
        name = flavors[flavor].get(key)
        path = PurePosixPath(name) if isinstance(name, str) else PurePosixPath()
        if path.is_absolute() or ".." in path.parts or not path.parts:
            raise ModelError(f"{DESCRIPTION} names a file outside its folder", where=where, found=repr(name))
        return path
    raise ModelError(
        "an MLflow model of a flavor that is not read",
        where=where,
        found=", ".join(map(str, flavors)) or "no flavor",
        allowed=", ".join(_FILES),
        remedy=_REMEDY,
    )


def _columns(told: Mapping[str, Any], where: str) -> tuple[str, ...] | None:
    """Names of the columns of the signature; None where it has none, or is of an array."""
    signature = told.get("signature")
    inputs = signature.get("inputs") if isinstance(signature, dict) else None
    if not isinstance(inputs, str):
        return None
    try:
        columns = json.loads(inputs)
        names = [column.get("name") for column in columns if column.get("type") != "tensor"]
    except (ValueError, TypeError, AttributeError, RecursionError) as error:
        raise _unreadable(where, f"its signature: {first_line(error)}") from None
    return tuple(names) if names and all(isinstance(name, str) for name in names) else None


def _with_names(adapter: Adapter, names: tuple[str, ...] | None, where: str) -> Adapter:
    """The adapter with the names of the signature, where it has none of its own and they fit."""
    if names is None:
        return adapter
    if adapter.features is not None:
        if adapter.identity.family == "lightgbm" and adapter.features == tuple(n.replace(" ", "_") for n in names):
            return replace(adapter, features=names)  # LightGBM keeps no spaces in names, and takes columns by place
        lacking = [name for name in adapter.features if name not in names]
        if lacking:
            raise ModelError(
                "the model asks for columns that its signature does not name",
                where=where,
                found=", ".join(lacking[:5]),
                allowed=", ".join(names[:12]) + (" …" if len(names) > 12 else ""),
            )
        return adapter
    width = getattr(adapter.native, "n_features_in_", None)
    if width is not None and width != len(names):
        raise ModelError(
            "the signature names another number of columns than the model takes",
            where=where,
            found=f"{len(names)}",
            allowed=f"{width}",
        )
    return replace(adapter, features=names)
