"""Servers killed in the middle of an upload: the pointer names a complete card or none, a second attach succeeds."""

from __future__ import annotations

import contextlib
import random
import signal
import threading
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

pytestmark = pytest.mark.slow
KILLS = share(of=20, bounded=3)


@pytest.fixture(scope="module")
def running_mlflow(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server of this file, to be killed."""
    server = mlflow_server(tmp_path_factory.mktemp("killed"))
    server.start()
    yield server
    server.stop()


@pytest.fixture(scope="module")
def own_registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A container registry of this file, to be killed."""
    server = container_registry(tmp_path_factory.mktemp("killed"))
    server.start()
    yield server
    server.stop()


@contextlib.contextmanager
def killing(server: Server, moment: int) -> Iterator[str]:
    """The address of a proxy that kills the server when a request of that number has come, in the middle of it."""

    def kill(method: str, path: str, number: int) -> int | None:
        if number == moment:
            threading.Timer(0.01, lambda: server.stop(signal.SIGKILL)).start()
        return None if number <= moment else 0

    try:
        with Proxy(server.port, kill) as proxy:
            yield proxy.address
    finally:
        server.stop(signal.SIGKILL)
        server.start()


def requests_of(server: Server, attach: Callable[[str], object]) -> int:
    """How many requests an attach takes."""
    with Proxy(server.port, lambda method, path, number: None) as proxy:
        attach(proxy.address)
        return len(proxy.seen)


@pytest.mark.parametrize("number", range(KILLS))
def test_mlflow_killed_in_the_middle_of_an_upload(
    mlflow: Any,
    running_mlflow: Server,
    register: Callable[..., Registered],
    release: Path,
    tmp_path: Path,
    number: int,
) -> None:
    def attach(address: str) -> object:
        mlflow.set_tracking_uri(address)
        try:
            return ek.attach(release, model.reference)
        finally:
            mlflow.set_tracking_uri(running_mlflow.address)

    model = register()
    last = requests_of(running_mlflow, attach)
    model = register()
    with killing(running_mlflow, random.Random(number).randint(2, last - 1)) as address, pytest.raises(ServiceError):
        attach(address)
    named_or_none(model.reference, release, tmp_path / "first")
    assert ek.attach(release, model.reference).names_it
    assert read(ek.fetch(model.reference, tmp_path / "back")) == read(release)
    assert mlflow.MlflowClient().list_artifacts(model.run, "explainkit/uploads") == []


@pytest.mark.parametrize("number", range(KILLS))
def test_a_container_registry_killed_in_the_middle_of_an_upload(
    own_registry: Server, release: Path, saved_model: Path, tmp_path: Path, number: int
) -> None:
    def attach(address: str) -> object:
        return ek.attach(release, reference.replace(own_registry.address[7:], address[7:]))

    reference = push_model(own_registry.address, f"counted-{number}", "1", saved_model / "model.skops")
    last = requests_of(own_registry, attach)
    reference = push_model(own_registry.address, f"credit-{number}", "1", saved_model / "model.skops")
    with killing(own_registry, random.Random(number).randint(3, last - 1)) as address, pytest.raises(ServiceError):
        attach(address)
    named_or_none(reference, release, tmp_path / "first")
    assert ek.attach(release, reference).names_it
    assert read(ek.fetch(reference, tmp_path / "back")) == read(release)


def named_or_none(reference: str, release: Path, folder: Path) -> None:
    """The pointer names the whole card, or there is none."""
    try:
        ek.fetch(reference, folder)
    except InputError as error:
        assert error.problem == "no card is attached"  # noqa: PT017 - either will do
    else:
        assert read(folder) == read(release)
