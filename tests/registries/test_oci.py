"""A release beside a model's artifact in a real container registry, which has no list of referrers of its own."""

from __future__ import annotations

import base64
import itertools
import json
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import explainkit as ek
from explainkit.artifact import sha256_of
from explainkit.errors import GateError, InputError, ServiceError, VerificationError
from explainkit.registries.oci import server as client
from explainkit.sign.keys import TrialKeys
from tests.bounded import share
from tests.registries.oci_model import push_model
from tests.registries.releases import card_about, release_about
from tests.registries.servers import Proxy, Server, container_registry, free_port
from tests.sign.builders import make_evidence, read

_count = itertools.count(1)


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """A registry that fails is asked again at once."""
    monkeypatch.setattr(client, "_PAUSE_SECONDS", 0.0)


@pytest.fixture
def model(saved_model: Path) -> Path:
    """The model's file."""
    return saved_model / "model.skops"


@pytest.fixture
def reference(running_registry: Server, model: Path) -> str:
    """The model in a repository of its own."""
    return push_model(running_registry.address, f"risk/credit-{next(_count)}", "3", model)


def ask(reference: str, path: str, *, method: str = "GET", data: bytes | None = None, kind: str = "") -> Any:
    """Ask the registry itself, without any library of ours."""
    host, _, name = reference.removeprefix("oci://").rpartition(":")[0].partition("/")
    headers = {"Accept": "application/vnd.oci.image.index.v1+json, application/vnd.oci.image.manifest.v1+json"}
    headers |= {"Content-Type": kind} if kind else {}
    asked = urllib.request.Request(f"http://{host}/v2/{name}/{path}", data=data, method=method, headers=headers)
    with urllib.request.urlopen(asked, timeout=10) as answer:
        return json.load(answer) if method == "GET" else dict(answer.headers)


def digest_of(reference: str) -> str:
    """Digest of the model's artifact."""
    found: str = ask(reference, f"manifests/{reference.rpartition(':')[2]}", method="HEAD")["Docker-Content-Digest"]
    return found


def test_a_release_goes_to_an_artifact_and_comes_back(
    reference: str, release: Path, keys: TrialKeys, tmp_path: Path
) -> None:
    done = ek.attach(release, reference, trust=keys.ca)
    assert done.names_it
    assert done.model == "model.skops is the model that was audited"
    assert read(ek.fetch(reference, tmp_path / "back")) == read(release)
    model = digest_of(reference)
    index = ask(reference, f"manifests/{model.replace(':', '-')}")
    (entry,) = index["manifests"]
    assert entry["artifactType"] == "application/vnd.explainkit.release.v1+json"
    manifest = ask(reference, f"manifests/{entry['digest']}")
    assert manifest["subject"]["digest"] == model
    assert manifest["annotations"]["explainkit.gates"] == "passed"
    names = {layer["annotations"]["org.opencontainers.image.title"]: layer["digest"] for layer in manifest["layers"]}
    assert names == {name: "sha256:" + sha256_of(data) for name, data in read(release).items()}
    assert manifest["config"]["digest"] == done.revision
    tags = ask(reference, "tags/list")["tags"]
    ek.promote(reference, alias="champion", trust=keys.ca)
    assert digest_of(reference.removesuffix(":3") + ":champion") == model
    assert ek.attach(release, reference, trust=keys.ca) == done
    assert sorted(ask(reference, "tags/list")["tags"]) == sorted([*tags, "champion"])


def test_another_card_is_another_revision(
    reference: str, release: Path, other_release: Path, keys: TrialKeys, tmp_path: Path
) -> None:
    first = ek.attach(release, reference)
    second = ek.attach(other_release, reference)
    index = ask(reference, f"manifests/{digest_of(reference).replace(':', '-')}")
    kept = {ask(reference, f"manifests/{entry['digest']}")["config"]["digest"] for entry in index["manifests"]}
    assert kept == {first.revision, second.revision}
    assert read(ek.fetch(reference, tmp_path / "back")) == read(other_release)
    with pytest.raises(GateError, match="a gate failed; found performance.roc_auc"):
        ek.promote(reference, alias="champion", trust=keys.ca)
    assert "champion" not in ask(reference, "tags/list")["tags"]


def test_what_others_list_as_referrers_is_kept(reference: str, release: Path) -> None:
    tag = digest_of(reference).replace(":", "-")
    theirs = {**ask_descriptor(reference), "artifactType": "application/vnd.example.sbom"}
    kind = "application/vnd.oci.image.index.v1+json"
    index = json.dumps({"schemaVersion": 2, "mediaType": kind, "manifests": [theirs]}).encode()
    ask(reference, f"manifests/{tag}", method="PUT", data=index, kind=kind)
    ek.attach(release, reference)
    listed = ask(reference, f"manifests/{tag}")["manifests"]
    assert listed[0] == theirs
    assert len(listed) == 2


def ask_descriptor(reference: str) -> dict[str, Any]:
    """Descriptor of the model's artifact."""
    headers = ask(reference, "manifests/3", method="HEAD")
    return {
        "mediaType": headers["Content-Type"],
        "digest": headers["Docker-Content-Digest"],
        "size": int(headers["Content-Length"]),
    }


def test_two_attach_at_once(reference: str, release: Path, other_release: Path, tmp_path: Path) -> None:
    releases = [release, other_release]
    with ThreadPoolExecutor() as pool:
        done = list(pool.map(lambda release: ek.attach(release, reference), releases))
    index = ask(reference, f"manifests/{digest_of(reference).replace(':', '-')}")
    kept = {ask(reference, f"manifests/{entry['digest']}")["config"]["digest"] for entry in index["manifests"]}
    assert kept == {d.revision for d in done}
    back = read(ek.fetch(reference, tmp_path / "back"))
    assert back in [read(release) for release in releases]


def test_an_index_that_is_overwritten_meanwhile(
    reference: str, release: Path, other_release: Path, running_registry: Server
) -> None:
    """Somebody writes an older index over ours at the worst moment, then we look, and both are in."""
    first = ek.attach(other_release, reference)
    tag = digest_of(reference).replace(":", "-")
    old = json.dumps(ask(reference, f"manifests/{tag}")).encode()
    writes: list[str] = []

    def overwrite(method: str, path: str, number: int) -> None:
        if method == "GET" and path.endswith(f"manifests/{tag}") and len(writes) == 1:
            writes.append("theirs")
            ask(reference, f"manifests/{tag}", method="PUT", data=old, kind="application/vnd.oci.image.index.v1+json")
        if method == "PUT" and path.endswith(f"manifests/{tag}"):
            writes.append("ours")

    with Proxy(running_registry.port, overwrite) as proxy:
        second = ek.attach(release, reference.replace(running_registry.address[7:], proxy.address[7:]))
    assert writes == ["ours", "theirs", "ours"]
    listed = ask(reference, f"manifests/{tag}")["manifests"]
    kept = {ask(reference, f"manifests/{entry['digest']}")["config"]["digest"] for entry in listed}
    assert kept == {first.revision, second.revision}


def test_a_registry_that_keeps_the_list_itself_is_left_to_it(
    reference: str, release: Path, running_registry: Server
) -> None:
    with Proxy(running_registry.port, lambda method, path, number: None) as proxy:
        proxy.headers["OCI-Subject"] = digest_of(reference)
        ek.attach(release, reference.replace(running_registry.address[7:], proxy.address[7:]))
    assert digest_of(reference).replace(":", "-") not in ask(reference, "tags/list")["tags"]


# Bad input


def test_another_model_is_refused(reference: str, keys: TrialKeys, tmp_path: Path) -> None:
    other = release_about(tmp_path / "other", make_evidence(), keys.signer)
    with pytest.raises(VerificationError, match="the model in the registry is not the one that was audited"):
        ek.attach(other, reference)
    assert ask(reference, "tags/list")["tags"] == ["3"]


def test_an_artifact_of_several_files_is_not_compared(
    running_registry: Server, release: Path, model: Path, keys: TrialKeys, tmp_path: Path
) -> None:
    (tmp_path / "notes.txt").write_text("notes")
    reference = push_model(running_registry.address, "several", "1", model, tmp_path / "notes.txt")
    assert ek.attach(release, reference).model.startswith("not compared: the artifact has 2 files")
    with pytest.raises(VerificationError, match="not known to be about this model"):
        ek.promote(reference, alias="champion", trust=keys.ca)


@pytest.mark.parametrize(
    ("rest", "problem"),
    [
        ("/no/such:1", "there is no such artifact"),
        ("/credit", "not a reference to an artifact"),
        ("/Crédit mit Raum:1", "not a reference to an artifact"),
        ("/credit:3;rm", "not a reference to an artifact"),
    ],
)
def test_what_is_not_there(running_registry: Server, release: Path, rest: str, problem: str) -> None:
    with pytest.raises(InputError, match=problem):
        ek.attach(release, f"oci://{running_registry.address[7:]}{rest}")


def test_an_artifact_without_a_card(reference: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no card is attached"):
        ek.fetch(reference, tmp_path / "back")


def test_a_stored_card_that_was_changed_is_refused(
    reference: str, release: Path, keys: TrialKeys, running_registry: Server, tmp_path: Path
) -> None:
    ek.attach(release, reference)
    digest = sha256_of((release / "card.json").read_bytes())
    blob = running_registry.folder / f"data/docker/registry/v2/blobs/sha256/{digest[:2]}/{digest}/data"
    original = blob.read_bytes()
    blob.write_bytes(original[:-1] + b" ")
    try:
        for ask_for in (
            lambda: ek.fetch(reference, tmp_path / "back"),
            lambda: ek.promote(reference, alias="champion", trust=keys.ca),
        ):
            with pytest.raises(VerificationError, match="the stored card was changed"):
                ask_for()
    finally:
        blob.write_bytes(original)


def test_a_card_of_another_model_under_the_tag_is_refused(
    reference: str, release: Path, running_registry: Server, tmp_path: Path
) -> None:
    ek.attach(release, reference)
    (tmp_path / "model.skops").write_bytes(b"the next model")
    name = reference.removeprefix("oci://").partition("/")[2].partition(":")[0]
    later = push_model(running_registry.address, name, "4", tmp_path / "model.skops")
    card = f"{digest_of(reference).replace(':', '-')}.card"
    kind = "application/vnd.oci.image.manifest.v1+json"
    stolen = f"manifests/{digest_of(later).replace(':', '-')}.card"
    manifest = json.dumps(ask(reference, f"manifests/{card}")).encode()
    ask(reference, stolen, method="PUT", data=manifest, kind=kind)
    with pytest.raises(VerificationError, match="names no card of this model"):
        ek.fetch(later, tmp_path / "back")


def test_a_registry_that_is_down(release: Path) -> None:
    with pytest.raises(ServiceError, match="failed") as caught:
        ek.attach(release, f"oci://127.0.0.1:{free_port()}/credit:3")
    assert caught.value.exit_code == 5


def test_a_registry_that_is_slow(
    reference: str, release: Path, running_registry: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "_TIMEOUT_SECONDS", 0.3)
    with (
        Proxy(running_registry.port, lambda method, path, number: -1) as proxy,
        pytest.raises(ServiceError, match="(?i)timed out"),
    ):
        ek.attach(release, reference.replace(running_registry.address[7:], proxy.address[7:]))


@pytest.mark.parametrize("part", [0.5, 0.95, 0.2, 0.8][: share(of=4, bounded=2)])
def test_a_registry_that_fails_half_way(
    reference: str, release: Path, running_registry: Server, tmp_path: Path, part: float, model: Path
) -> None:
    other = push_model(running_registry.address, f"failing-{next(_count)}", "3", model)
    with Proxy(running_registry.port, lambda method, path, number: None) as proxy:
        ek.attach(release, other.replace(running_registry.address[7:], proxy.address[7:]))
        last = len(proxy.seen)

    def fault(method: str, path: str, number: int) -> int | None:
        return None if number < part * last else (500 if number % 2 else 0)

    with Proxy(running_registry.port, fault) as proxy, pytest.raises(ServiceError):
        ek.attach(release, reference.replace(running_registry.address[7:], proxy.address[7:]))
    assert not [tag for tag in ask(reference, "tags/list")["tags"] if tag.endswith(".card")] or part > 0.8
    assert ek.attach(release, reference).names_it
    assert read(ek.fetch(reference, tmp_path / "back")) == read(release)


def test_a_registry_that_fails_once_is_asked_again(reference: str, release: Path, running_registry: Server) -> None:
    with Proxy(running_registry.port, lambda method, path, number: 503 if number % 4 == 0 else None) as proxy:
        assert ek.attach(release, reference.replace(running_registry.address[7:], proxy.address[7:])).names_it


def test_a_registry_that_is_read_only(
    reference: str, release: Path, running_registry: Server, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("read-only")
    (folder / "data").symlink_to(running_registry.folder / "data")
    server = container_registry(folder, more="  maintenance: {readonly: {enabled: true}}")
    server.start()
    try:
        with pytest.raises(ServiceError, match="read-only"):
            ek.attach(release, reference.replace(running_registry.address[7:], server.address[7:]))
    finally:
        server.stop()


# bcrypt of the word "secret", for the user "ada".
USERS = "ada:$2b$05$WmFK/TfjYNjSljxpfbAKvem2tIP0taCMGUa8ya3uJhF80ptQWgK7G\n"


@pytest.fixture
def guarded(tmp_path_factory: pytest.TempPathFactory, running_registry: Server) -> Iterator[Server]:
    """The same store behind a registry that asks who is there."""
    folder = tmp_path_factory.mktemp("guarded")
    (folder / "data").symlink_to(running_registry.folder / "data")
    (folder / "users").write_text(USERS)
    server = container_registry(folder, more=f"auth: {{htpasswd: {{realm: test, path: {folder}/users}}}}")
    server.start()
    yield server
    server.stop()


def test_a_registry_that_asks_who_is_there(
    reference: str,
    release: Path,
    running_registry: Server,
    guarded: Server,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    there = reference.replace(running_registry.address[7:], guarded.address[7:])
    with pytest.raises(ServiceError, match="gives no permission"):
        ek.attach(release, there)
    (tmp_path / ".docker").mkdir()
    known = {"auths": {guarded.address[7:]: {"auth": base64.b64encode(b"ada:secret").decode()}}}
    (tmp_path / ".docker" / "config.json").write_text(json.dumps(known))
    assert ek.attach(release, there).names_it
    wrong = {"auths": {guarded.address[7:]: {"auth": base64.b64encode(b"ada:wrong").decode()}}}
    (tmp_path / ".docker" / "config.json").write_text(json.dumps(wrong))
    with pytest.raises(ServiceError, match="gives no permission"):
        ek.attach(release, there)


def test_a_card_about_no_file_is_not_compared(reference: str, keys: TrialKeys, tmp_path: Path, model: Path) -> None:
    card = card_about(model)
    card = replace(card, model=replace(card.model, digest="sha256:" + "0" * 64, digest_of="the object in memory"))
    release = release_about(tmp_path / "memory", card, keys.signer)
    assert (
        ek.attach(release, reference).model
        == "not compared: the card has the digest of the object in memory, not of a file"
    )
