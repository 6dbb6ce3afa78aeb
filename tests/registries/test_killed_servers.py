"""Servers killed in the middle of an upload: the pointer names a complete card or none, a second attach succeeds."""

from __future__ import annotations

import random
import signal
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import explainkit as ek
from explainkit.errors import InputError, ServiceError
from tests.bounded import share
from tests.registries.conftest import Registered
from tests.registries.oci_model import push_model
from tests.registries.servers import Proxy, Server, container_registry, mlflow_server
from tests.sign.builders import read

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("registries")]
KILLS = share(of=20, bounded=3)


@pytest.fixture
def own_mlflow(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server of one's own, to be killed."""
    server = mlflow_server(tmp_path_factory.mktemp("killed"))
    server.start()
    yield server
    server.stop()


@pytest.fixture
def running_mlflow(own_mlflow: Server) -> Server:
    """The models of this file are registered there."""
    return own_mlflow


@pytest.fixture
def own_registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A container registry of one's own, to be killed."""
    server = container_registry(tmp_path_factory.mktemp("killed"))
    server.start()
    yield server
    server.stop()


def killed_at(server: Server, moment: float, attach: Callable[[], object]) -> bool:
    """Attach while the server is killed after so many seconds; whether that came before the end."""
    killer = threading.Timer(moment, lambda: server.stop(signal.SIGKILL))
    killer.start()
    try:
        attach()
    except ServiceError as error:
        assert error.exit_code == 5  # noqa: PT017 - it may as well be done already
        return True
    finally:
        killer.join()
        server.stop(signal.SIGKILL)
        server.start()
    return False


def test_mlflow_killed_in_the_middle_of_an_upload(
    mlflow: Any, own_mlflow: Server, register: Callable[..., Registered], release: Path, tmp_path: Path
) -> None:
    model = register()
    began = time.monotonic()
    ek.attach(release, model.reference)
    lasts = time.monotonic() - began
    chance = random.Random(7)
    middle = 0
    for number in range(KILLS):
        model = register(f"killed {number}")
        middle += killed_at(own_mlflow, chance.uniform(0, lasts), lambda m=model: ek.attach(release, m.reference))  # type: ignore[misc]
        named_or_none(model.reference, release, tmp_path / f"first{number}")
        done = ek.attach(release, model.reference)
        assert done.names_it
        assert read(ek.fetch(model.reference, tmp_path / f"back{number}")) == read(release)
        assert mlflow.MlflowClient().list_artifacts(model.run, "explainkit/uploads") == []
    assert middle > 0


def test_a_container_registry_killed_in_the_middle_of_an_upload(
    own_registry: Server, release: Path, saved_model: Path, tmp_path: Path
) -> None:
    model = saved_model / "model.skops"
    with Proxy(own_registry.port, lambda method, path, number: None) as proxy:
        ek.attach(release, push_model(proxy.address, "credit", "0", model))
        last = len(proxy.seen)
    chance = random.Random(8)
    for number in range(KILLS):
        reference = push_model(own_registry.address, f"credit-{number}", "1", model)
        moment = chance.randint(3, last)

        def kill(method: str, path: str, count: int, moment: int = moment) -> int | None:
            if count == moment:
                own_registry.stop(signal.SIGKILL)
            return 0 if count >= moment else None

        with Proxy(own_registry.port, kill) as proxy, pytest.raises(ServiceError):
            ek.attach(release, reference.replace(own_registry.address[7:], proxy.address[7:]))
        own_registry.start()
        named_or_none(reference, release, tmp_path / f"first{number}")
        assert ek.attach(release, reference).names_it
        assert read(ek.fetch(reference, tmp_path / f"back{number}")) == read(release)


def named_or_none(reference: str, release: Path, folder: Path) -> None:
    """The pointer names the whole card, or there is none."""
    try:
        ek.fetch(reference, folder)
    except InputError as error:
        assert error.problem == "no card is attached"  # noqa: PT017 - either will do
    else:
        assert read(folder) == read(release)
