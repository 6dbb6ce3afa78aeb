"""A release beside a model in MLflow: a real server, and MLflow's own client to look at what is there."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import explainkit as ek
from explainkit.sign.keys import TrialKeys
from tests.registries.conftest import Registered
from tests.sign.builders import read


def test_a_release_goes_to_a_model_version_and_comes_back(
    mlflow: Any, registered: Registered, release: Path, keys: TrialKeys, tmp_path: Path
) -> None:
    import time
    t=time.time()
    done = ek.attach(release, registered.reference, trust=keys.ca)
    print(done, time.time()-t); t=time.time()
    done = ek.attach(release, registered.reference, trust=keys.ca)
    print(done, time.time()-t); t=time.time()
    version = mlflow.MlflowClient().get_model_version(registered.name, registered.version)
    print(version.tags); print(version.description)
    back = ek.fetch(registered.reference, tmp_path / "back")
    print(time.time()-t); t=time.time()
    assert read(back) == read(release)
    ek.promote(registered.reference, alias="champion", trust=keys.ca)
    print(time.time()-t)
    print(mlflow.MlflowClient().get_run(registered.run).data.metrics)
    print(mlflow.MlflowClient().get_logged_model(registered.model).metrics)
    assert 0
