"""The MLflow server, through its own client: the one place that imports mlflow, and where its errors become ours."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from explainkit.errors import ExplainkitError, InputError, MissingExtraError, ModelError, ServiceError
from explainkit.load.model_folder import described, is_model_folder

# Bounded, where MLflow's own defaults go on for minutes; whoever set them otherwise is followed.
_SETTINGS = {
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "30",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "3",
    "MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR": "1",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "MLFLOW_DISABLE_TELEMETRY": "true",
}
_MISSING = {"RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE"}
_FORBIDDEN = {"PERMISSION_DENIED", "UNAUTHENTICATED"}
_METRICS_A_REQUEST = 500
_NOT_THE_MODEL = {"env", "code", "config", "loader_module"}
"""Keys of a flavor in an MLmodel that may name files other than the model."""


class Server:
    """The tracking server and registry that MLflow is set to, whose errors name the reference concerned.

    Parameters
    ----------
    where : str
        The reference, for messages.

    Raises
    ------
    MissingExtraError
        If MLflow's client is not installed.
    InputError
        If no server is named.
    """

    def __init__(self, where: str) -> None:
        self.where = where
        with self.asked():
            try:
                import mlflow as library
            except ImportError:
                raise MissingExtraError("mlflow", extra="mlflow", needed_for="models:/ and runs:/") from None
            mlflow: Any = library
            if not mlflow.is_tracking_uri_set():
                raise InputError(
                    "no MLflow server is named",
                    where=where,
                    remedy="set MLFLOW_TRACKING_URI to its address, or call mlflow.set_tracking_uri",
                )
            self.address: str = mlflow.get_tracking_uri()
            self._client: Any = mlflow.MlflowClient()

    @contextmanager
    def asked(self) -> Iterator[None]:
        """Ask within bounds of time; what goes wrong is said in one line."""
        ours = {name: value for name, value in _SETTINGS.items() if name not in os.environ}
        os.environ.update(ours)
        try:
            yield
        except ExplainkitError:
            raise
        except OSError as error:  # requests raises nothing else
            raise self._error(error, _status(error)) from error
        except Exception as error:
            if type(error).__module__.partition(".")[0] == "mlflow":
                raise self._error(error, getattr(error, "error_code", None)) from error
            raise
        finally:
            for name in ours:
                os.environ.pop(name, None)

    def ask(self, name: str, *arguments: Any, **named: Any) -> Any:
        """Call a method of MLflow's client, again where another process set the same tag at that moment.

        MLflow's store then fails instead of setting it: a row is looked for, and inserted where there is none. Whatever
        is asked here may be asked twice.
        """
        for last in (False, False, True):
            try:
                with self.asked():
                    return getattr(self._client, name)(*arguments, **named)
            except ServiceError as error:
                if last or "IntegrityError" not in str(error.found):
                    raise
        raise AssertionError("a last try ends above")

    def _error(self, error: Exception, code: object) -> ExplainkitError:
        found = " ".join(str(error).split())[:300]
        if code in _MISSING or code == 404:
            return InputError("MLflow has no such thing", where=self.where, found=found)
        if code in _FORBIDDEN or code in (401, 403):
            return ServiceError(
                f"{self._name()} gives no permission",
                where=self.where,
                found=found,
                remedy="MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD, or MLFLOW_TRACKING_TOKEN",
            )
        return ServiceError(
            f"{self._name()} failed", where=self.where, found=found, remedy="nothing was lost; try again"
        )

    def _name(self) -> str:
        return f"the MLflow server at {self.address}"

    # Artifacts

    def artifacts(self, uri: str) -> Artifacts:
        """The artifacts under an address."""
        with self.asked():
            from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository

            return Artifacts(self, get_artifact_repository(uri))

    # Metrics

    def log_metrics(self, run: str, metrics: Mapping[str, float], *, model: str | None, at: int) -> None:
        """Log metrics to a run, and to a logged model where there is one."""
        with self.asked():
            from mlflow.entities import Metric

            made = [
                Metric(key=name, value=value, timestamp=at, step=0, model_id=model, run_id=run if model else None)
                for name, value in metrics.items()
            ]
        for start in range(0, len(made), _METRICS_A_REQUEST):
            self.ask("log_batch", run, metrics=made[start : start + _METRICS_A_REQUEST])


class Artifacts:
    """Files under one address, with forward slashes in their names."""

    def __init__(self, server: Server, repository: Any) -> None:
        self._server, self._repository = server, repository

    def names(self, folder: str) -> dict[str, int | None]:
        """Names in a folder with their lengths, None for folders; empty where there is no such folder."""
        with self._server.asked():
            try:
                found = self._repository.list_artifacts(folder)
            except OSError as error:
                if _status(error) == 404:
                    return {}
                raise
        return {f.path.rpartition("/")[2]: None if f.is_dir else f.file_size or 0 for f in found}

    def put(self, file: Path, folder: str) -> None:
        """Upload one file."""
        with self._server.asked():
            self._repository.log_artifact(str(file), folder)

    def get(self, name: str, folder: Path) -> Path:
        """Download a file, or a folder with everything in it; ``""`` is everything."""
        with self._server.asked():
            return Path(self._repository.download_artifacts(name, str(folder)))

    def delete(self, name: str) -> bool:
        """Remove a file or a folder; False where the storage has no way to."""
        with self._server.asked():
            try:
                self._repository.delete_artifacts(name)
            except NotImplementedError:
                return False
        return True


def model_files(folder: Path) -> tuple[str, ...] | None:
    """Names of the files that an MLflow model folder is loaded from, by its MLmodel; None where it is no such folder.

    Empty where it is loaded from folders, or does not say.
    """
    if not is_model_folder(folder):
        return None
    try:
        flavors = described(folder)["flavors"]
    except ModelError:
        return ()
    values = [v for flavor in flavors.values() for k, v in flavor.items() if k not in _NOT_THE_MODEL]
    named = {v for v in values if isinstance(v, str) and (folder / v).resolve().is_relative_to(folder.resolve())}
    if any((folder / name).is_dir() for name in named):
        return ()
    return tuple(sorted(name for name in named if (folder / name).is_file()))


def _status(error: OSError) -> int | None:
    return getattr(getattr(error, "response", None), "status_code", None)
