"""One MLflow server and one container registry for all tests, models in them, signed releases about them, and cards to
export."""

from __future__ import annotations

import itertools
import shutil
import warnings
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression

from explainkit.evidence import Evidence, Publication
from explainkit.public import tells_of
from explainkit.sign.keys import TrialKeys, make_test_pki
from tests.registries.releases import card_about, release_about
from tests.registries.servers import Server, container_registry, mlflow_server
from tests.report import examples
from tests.sign.builders import WORD

_count = itertools.count(1)


@pytest.fixture(scope="session")
def keys(tmp_path_factory: pytest.TempPathFactory) -> TrialKeys:
    """TEST keys, made once."""
    return make_test_pki(tmp_path_factory.mktemp("keys"), passphrase=WORD, roles=("validator",))


@pytest.fixture(scope="session")
def running_mlflow(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """MLflow's server, which no test ends."""
    server = mlflow_server(tmp_path_factory.mktemp("mlflow"))
    server.start()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def running_registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Debian's docker-registry, which no test ends."""
    server = container_registry(tmp_path_factory.mktemp("registry"))
    server.start()
    yield server
    server.stop()


@pytest.fixture(autouse=True)
def short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Servers that fail are asked once more, soon."""
    settings = {"MAX_RETRIES": "1", "BACKOFF_FACTOR": "0", "BACKOFF_JITTER": "0", "TIMEOUT": "10"}
    for name, value in settings.items():
        monkeypatch.setenv(f"MLFLOW_HTTP_REQUEST_{name}", value)
    monkeypatch.setenv("MLFLOW_DISABLE_TELEMETRY", "true")


@pytest.fixture
def mlflow(running_mlflow: Server) -> Iterator[Any]:
    """MLflow's own library, set to the server."""
    import mlflow as library

    library.set_tracking_uri(running_mlflow.address)  # sets the environment variable, too
    yield library
    library.set_tracking_uri("")


@dataclass(frozen=True, slots=True, kw_only=True)
class Registered:
    """A model that was trained and registered."""

    name: str
    version: str
    reference: str
    run: str
    model: str
    """Id of the logged model."""
    file: Path
    """The model file, as MLflow has it."""


@pytest.fixture(scope="session")
def saved_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An MLflow model folder."""
    draw = np.random.default_rng(3)
    rows = pd.DataFrame({"income": draw.normal(size=80), "debt": draw.normal(size=80)})
    model = LogisticRegression().fit(rows, (rows["debt"] > rows["income"]).astype(int))
    folder = tmp_path_factory.mktemp("model") / "saved"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # MLflow's, of its own type hints
        import mlflow.sklearn

        mlflow.sklearn.save_model(model, folder, pip_requirements=["scikit-learn"])
    return folder


@pytest.fixture
def register(mlflow: Any, saved_model: Path) -> Callable[..., Registered]:
    """Log and register a model under a name of its own, as MLflow's ``log_model`` does."""

    def do(name: str | None = None, *, folder: Path = saved_model, run: str | None = None) -> Registered:
        name = name or f"credit {next(_count)}"
        client = mlflow.MlflowClient()
        run = run or client.create_run("0").info.run_id
        logged = client.create_logged_model("0", name="model", source_run_id=run)
        client.log_outputs(run, [mlflow.entities.LoggedModelOutput(logged.model_id, 0)])
        client.log_model_artifacts(logged.model_id, str(folder))
        client.finalize_logged_model(logged.model_id, "READY")
        with suppress(mlflow.exceptions.RestException):  # it is there already
            client.create_registered_model(name)
        version = client.create_model_version(name, f"models:/{logged.model_id}", run, model_id=logged.model_id).version
        return Registered(
            name=name,
            version=str(version),
            reference=f"models:/{name}/{version}",
            run=run,
            model=logged.model_id,
            file=folder / "model.skops",
        )

    return do


@pytest.fixture
def registered(register: Callable[..., Registered]) -> Registered:
    """A model of one's own."""
    return register()


@pytest.fixture(scope="session")
def release_once(tmp_path_factory: pytest.TempPathFactory, keys: TrialKeys, saved_model: Path) -> Path:
    """A signed release about the saved model, that no test changes."""
    folder = tmp_path_factory.mktemp("once") / "release"
    return release_about(folder, card_about(saved_model / "model.skops"), keys.signer)


@pytest.fixture
def release(tmp_path: Path, release_once: Path) -> Path:
    """A signed release about the saved model, of one's own."""
    return Path(shutil.copytree(release_once, tmp_path / "release"))


@pytest.fixture(scope="session")
def other_release(tmp_path_factory: pytest.TempPathFactory, keys: TrialKeys, saved_model: Path) -> Path:
    """Another card about the same model, on which a gate failed."""
    card = card_about(saved_model / "model.skops", value=0.81, outcome="failed")
    return release_about(tmp_path_factory.mktemp("other") / "release", card, keys.signer)


def published(evidence: Evidence) -> Evidence:
    """The evidence, every second measured figure by group being meant for publication."""
    told = [f.id for f in evidence.figures if f.status == "measured" and tells_of(f.name) is not None]
    return replace(evidence, publication=Publication(min_count=10, figures=tuple(told[::2])))


@pytest.fixture(scope="session", params=list(examples.ALL))
def card(request: pytest.FixtureRequest) -> Evidence:
    """Each example in turn, as read back from its card.json."""
    return Evidence.from_json(published(examples.ALL[request.param]()).to_json())
