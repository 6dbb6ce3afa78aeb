"""A release beside a model in MLflow: a real server, and MLflow's own client to look at what is there."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

import explainkit as ek
from explainkit.artifact import sha256_file, sha256_folder
from explainkit.errors import InputError, ServiceError, VerificationError
from explainkit.registries.mlflow.store import CARDS, UPLOADS
from explainkit.sign.keys import TrialKeys, make_test_pki
from tests.bounded import share
from tests.registries.conftest import Registered
from tests.registries.releases import card_about, release_about
from tests.registries.servers import Proxy, Server, free_port
from tests.sign.builders import make_evidence, make_files, read, write


def tags_of(mlflow: Any, model: Registered) -> dict[str, str]:
    found: dict[str, str] = mlflow.MlflowClient().get_model_version(model.name, model.version).tags
    return found


def stored(mlflow: Any, model: Registered) -> dict[str, set[str]]:
    """Names at the top of each revision among the artifacts of the model's run."""
    client = mlflow.MlflowClient()
    folders = [f.path for f in client.list_artifacts(model.run, CARDS)]
    return {
        folder.rpartition("/")[2]: {f.path.rpartition("/")[2] for f in client.list_artifacts(model.run, folder)}
        for folder in folders
    }


# What the entry shows, and what comes back


@pytest.mark.slow
def test_a_release_goes_to_a_model_version_and_comes_back(
    mlflow: Any, registered: Registered, release: Path, keys: TrialKeys, tmp_path: Path
) -> None:
    client = mlflow.MlflowClient()
    client.update_model_version(registered.name, registered.version, description="By Ada: *challenger*.")
    done = ek.attach(release, registered.reference, trust=keys.ca)
    tags = tags_of(mlflow, registered)
    assert done.names_it
    assert tags["explainkit.release"] == done.revision
    assert tags["explainkit.gates"] == "passed"
    assert tags["explainkit.opinions"] == "none"
    assert tags["explainkit.expires"] == "2099-12-31"
    assert tags["explainkit.schema_version"] == "1.0"
    assert tags["explainkit.verification"] == "valid"
    assert tags["explainkit.model_match"] == "model.skops is the model that was audited"
    said = client.get_model_version(registered.name, registered.version).description
    assert said.startswith("By Ada: *challenger*.\n\n<!-- explainkit: begin -->")
    folder = done.revision.removeprefix("sha256:")
    assert f"(#/experiments/0/runs/{registered.run}/artifacts/{CARDS}/{folder}/card.html)" in said
    metrics = client.get_run(registered.run).data.metrics
    assert metrics == {"performance.roc_auc": 0.7312, "fairness.selection_rate/age:26 to 40": 0.625}
    assert {m.key: m.value for m in client.get_logged_model(registered.model).metrics} == metrics
    assert read(ek.fetch(registered.reference, tmp_path / "back")) == read(release)
    with pytest.raises(InputError, match="a release stands there already"):
        ek.fetch(registered.reference, tmp_path / "back")


def test_attaching_twice_changes_nothing_and_another_card_is_another_revision(
    mlflow: Any, registered: Registered, release: Path, other_release: Path
) -> None:
    first = ek.attach(release, registered.reference)
    before = mlflow.MlflowClient().get_model_version(registered.name, registered.version)
    again = ek.attach(release, registered.reference)
    after = mlflow.MlflowClient().get_model_version(registered.name, registered.version)
    assert again == first
    assert (after.tags, after.description, len(stored(mlflow, registered))) == (before.tags, before.description, 1)
    history = mlflow.MlflowClient().get_metric_history(registered.run, "performance.roc_auc")
    assert len(history) == 1
    second = ek.attach(other_release, registered.reference)
    assert {s.removeprefix("sha256:") for s in (first.revision, second.revision)} == set(stored(mlflow, registered))
    assert tags_of(mlflow, registered)["explainkit.gates"] == "failed"
    assert mlflow.MlflowClient().get_run(registered.run).data.metrics["performance.roc_auc"] == 0.81
    assert tags_of(mlflow, registered)["explainkit.verification"].startswith("intact and signed")
    description = mlflow.MlflowClient().get_model_version(registered.name, registered.version).description
    assert description.count("explainkit: begin") == 1
    assert ek.attach(release, registered.reference).current == first.revision


def test_a_model_is_named_by_alias_run_or_id(
    mlflow: Any, registered: Registered, release: Path, keys: TrialKeys, tmp_path: Path
) -> None:
    client = mlflow.MlflowClient()
    client.set_registered_model_alias(registered.name, "candidate", registered.version)
    by_alias = ek.attach(release, f"models:/{registered.name}@candidate")
    assert tags_of(mlflow, registered)["explainkit.release"] == by_alias.revision
    ek.attach(release, f"runs:/{registered.run}")
    run = client.get_run(registered.run).data.tags
    assert run["explainkit.release"] == by_alias.revision
    assert "| Gates | passed: 1 of 1 hold |" in run["mlflow.note.content"]
    ek.attach(release, f"models:/{registered.model}")
    assert client.get_logged_model(registered.model).tags["explainkit.release"] == by_alias.revision
    for number, reference in enumerate((f"runs:/{registered.run}", f"models:/{registered.model}")):
        assert read(ek.fetch(reference, tmp_path / str(number))) == read(release)
    with pytest.raises(InputError, match="only a version of a registered model has an alias"):
        ek.promote(f"runs:/{registered.run}", alias="champion", trust=keys.ca)


def test_names_with_spaces_and_letters_of_all_kinds(
    mlflow: Any, register: Callable[..., Registered], release: Path, keys: TrialKeys
) -> None:
    model = register("Kredit für Ärzte 信用 #1?")
    ek.attach(release, model.reference, trust=keys.ca)
    ek.promote(model.reference, alias="champion", trust=keys.ca)
    assert mlflow.MlflowClient().get_model_version_by_alias(model.name, "champion").version == model.version


def test_a_model_without_a_run_keeps_its_card_with_its_own_artifacts(
    mlflow: Any, saved_model: Path, keys: TrialKeys, tmp_path: Path
) -> None:
    client = mlflow.MlflowClient()
    logged = client.create_logged_model("0", name="model")
    client.log_model_artifacts(logged.model_id, str(saved_model))
    card = card_about(saved_model / "model.skops")
    digest = "sha256:" + sha256_folder(saved_model)
    card = replace(card, model=replace(card.model, digest=digest, digest_of="the folder model"))
    release = release_about(tmp_path / "r", card, keys.signer)
    reference = f"models:/{logged.model_id}"
    done = ek.attach(release, reference)
    assert done.model == "the folder is the model that was audited"
    assert done.notes == ("no run belongs to this model, so its figures are not logged as metrics",)
    assert ek.attach(release, reference) == done
    assert read(ek.fetch(reference, tmp_path / "back")) == read(release)


def test_a_description_without_room_is_left_alone(mlflow: Any, registered: Registered, release: Path) -> None:
    client = mlflow.MlflowClient()
    client.update_model_version(registered.name, registered.version, description="x" * 4900)
    done = ek.attach(release, registered.reference)
    assert client.get_model_version(registered.name, registered.version).description == "x" * 4900
    assert done.notes == ("the description has no room for the card's facts; they stand in the tags",)


def test_versions_of_one_run_keep_their_own_cards(
    mlflow: Any,
    registered: Registered,
    register: Callable[..., Registered],
    release: Path,
    other_release: Path,
) -> None:
    other = register(registered.name, run=registered.run)
    first = ek.attach(release, registered.reference)
    second = ek.attach(other_release, other.reference)
    assert tags_of(mlflow, registered)["explainkit.release"] == first.revision
    assert tags_of(mlflow, other)["explainkit.release"] == second.revision
    values = {
        m: {x.key: x.value for x in mlflow.MlflowClient().get_logged_model(m).metrics}["performance.roc_auc"]
        for m in (registered.model, other.model)
    }
    assert values == {registered.model: 0.7312, other.model: 0.81}


# Bad input


def test_what_does_not_verify_is_attached_only_with_a_word(
    mlflow: Any, registered: Registered, release: Path, keys: TrialKeys, tmp_path: Path
) -> None:
    unsigned = release_about(tmp_path / "unsigned", card_about(registered.file), None)
    with pytest.raises(VerificationError, match="the release is invalid and is not attached"):
        ek.attach(unsigned, registered.reference)
    (release / "card.html").write_bytes((release / "card.html").read_bytes() + b" ")
    with pytest.raises(VerificationError, match="card.html: changed since it was signed"):
        ek.attach(release, registered.reference)
    assert tags_of(mlflow, registered) == {}
    ek.attach(unsigned, registered.reference, unverified=True)
    said = tags_of(mlflow, registered)["explainkit.verification"]
    assert said == "UNVERIFIED: invalid: signatures: not signed by the provider"
    with pytest.raises(VerificationError, match="not promoted: the card is invalid"):
        ek.promote(registered.reference, alias="champion", trust=keys.ca)


def test_with_roots_the_signer_has_to_be_known(registered: Registered, release: Path, tmp_path: Path) -> None:
    stranger = make_test_pki(tmp_path, passphrase=None)
    with pytest.raises(VerificationError, match="indeterminate and is not attached"):
        ek.attach(release, registered.reference, trust=stranger.ca)


def test_another_model_is_refused_and_what_cannot_be_compared_is_said(
    mlflow: Any, registered: Registered, keys: TrialKeys, tmp_path: Path
) -> None:
    other = release_about(tmp_path / "other", make_evidence(), keys.signer)
    with pytest.raises(VerificationError, match="the model in the registry is not the one that was audited"):
        ek.attach(other, registered.reference)
    assert tags_of(mlflow, registered) == {}
    loose = release_about(tmp_path / "loose", card_about(None), keys.signer)
    done = ek.attach(loose, registered.reference)
    assert done.model == "not compared: the card names no model file (nothing: a callable)"
    with pytest.raises(VerificationError, match="the card is not known to be about this model"):
        ek.promote(registered.reference, alias="champion", trust=keys.ca)


def test_a_file_beside_the_model_is_not_the_model(
    mlflow: Any, register: Callable[..., Registered], saved_model: Path, keys: TrialKeys, tmp_path: Path
) -> None:
    folder = Path(shutil.copytree(saved_model, tmp_path / "folder"))
    (folder / "model.skops").rename(folder / "audited.skops")
    (folder / "model.skops").write_bytes(b"another model")
    model = register(folder=folder)
    release = release_about(tmp_path / "r", card_about(folder / "audited.skops"), keys.signer)
    with pytest.raises(VerificationError, match="is not the one that was audited"):
        ek.attach(release, model.reference)


@pytest.mark.parametrize(
    ("reference", "problem"),
    [
        ("models:/no such model/1", "MLflow has no such thing"),
        ("models:/credit/latest", "not a reference to one model in MLflow"),
        ("models:/credit", "not a reference to one model in MLflow"),
        ("runs:/0123456789abcdef0123456789abcdef", "MLflow has no such thing"),
        ("models:/m-0123456789abcdef0123456789abcdef", "MLflow has no such thing"),
        ("modls:/credit/1", "no such kind of registry"),
        ("credit", "not a reference to a registry"),
    ],
)
def test_what_is_not_there(mlflow: Any, release: Path, reference: str, problem: str) -> None:
    with pytest.raises(InputError, match=problem):
        ek.attach(release, reference)


def test_a_version_without_a_card(registered: Registered, keys: TrialKeys, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no card is attached"):
        ek.fetch(registered.reference, tmp_path / "back")
    with pytest.raises(InputError, match="no card is attached"):
        ek.promote(registered.reference, alias="champion", trust=keys.ca)


def test_no_server_is_named(mlflow: Any, release: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mlflow.set_tracking_uri("")
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    with pytest.raises(InputError, match="no MLflow server is named"):
        ek.attach(release, "models:/credit/1")


# What changes in the store is seen


@pytest.mark.parametrize(
    "name", ["card.json", "public/summary.json", "manifest.json", "signatures/01-provider/chain.pem"]
)
def test_a_stored_card_that_was_changed_is_refused(
    mlflow: Any, registered: Registered, release: Path, keys: TrialKeys, tmp_path: Path, name: str
) -> None:
    done = ek.attach(release, registered.reference)
    folder = f"{CARDS}/{done.revision.removeprefix('sha256:')}"
    original = (release / name).read_bytes() if name != "manifest.json" else b'{"files":[]}'
    inner, _, last = name.rpartition("/")
    (tmp_path / last).write_bytes(original[:-1] + b" ")
    mlflow.MlflowClient().log_artifact(registered.run, str(tmp_path / last), f"{folder}/{inner}".rstrip("/"))
    for ask in (
        lambda: ek.fetch(registered.reference, tmp_path / "back"),
        lambda: ek.promote(registered.reference, alias="champion", trust=keys.ca),
    ):
        with pytest.raises(VerificationError, match="the stored card was changed"):
            ask()
    assert not (tmp_path / "back").exists()
    ek.attach(release, registered.reference)
    assert read(ek.fetch(registered.reference, tmp_path / "back")) == read(release)


def test_a_pointer_to_nothing(mlflow: Any, registered: Registered, tmp_path: Path) -> None:
    client = mlflow.MlflowClient()
    for value, problem in (("sha256:" + "0" * 64, "the stored card is not complete"), ("../..", "names no card")):
        client.set_model_version_tag(registered.name, registered.version, "explainkit.release", value)
        with pytest.raises(VerificationError, match=problem):
            ek.fetch(registered.reference, tmp_path / "back")


# Others at the same time


def test_two_attach_at_once(
    mlflow: Any, registered: Registered, release: Path, other_release: Path, tmp_path: Path
) -> None:
    releases = [release, other_release]
    with ThreadPoolExecutor() as pool:
        done = list(pool.map(lambda release: ek.attach(release, registered.reference), releases))
    tags = tags_of(mlflow, registered)
    folders = stored(mlflow, registered)
    assert {d.revision.removeprefix("sha256:") for d in done} == set(folders)
    assert all("manifest.json" in names for names in folders.values())
    assert tags["explainkit.release"] in {d.current for d in done}
    back = ek.fetch(registered.reference, tmp_path / "back")
    named = next(n for n, d in enumerate(done) if d.revision == tags["explainkit.release"])
    assert read(back) == read(releases[named])
    assert tags["explainkit.card_sha256"] == sha256_file(back / "card.json")
    assert done[named].names_it


@pytest.mark.slow
def test_who_lost_the_race_shows_the_card_of_who_won(
    mlflow: Any,
    registered: Registered,
    release: Path,
    other_release: Path,
    keys: TrialKeys,
    running_mlflow: Server,
) -> None:
    """The other attaches between our pointer and our tags."""
    theirs: list[Any] = []

    def meddle(method: str, path: str, number: int) -> None:
        if path.endswith("/model-versions/set-tag") and not theirs:
            theirs.append(None)
            theirs[0] = ek.attach(other_release, registered.reference, trust=keys.ca)  # asks the server itself

    with Proxy(running_mlflow.port, meddle) as proxy:
        mine = attach_through(proxy, release, registered)
    assert theirs
    assert {mine.current, theirs[0].current} >= {tags_of(mlflow, registered)["explainkit.release"]}
    named = mine.current
    gates = {mine.revision: "passed", theirs[0].revision: "failed"}[named]
    assert tags_of(mlflow, registered)["explainkit.release"] == named
    assert tags_of(mlflow, registered)["explainkit.gates"] == gates


def attach_through(proxy: Proxy, release: Path, model: Registered) -> SimpleNamespace:
    """Attach in a process of its own that asks the proxy, as a user would."""
    done = subprocess.run(
        [sys.executable, "-m", "explainkit", "attach", str(release), model.reference, "--json"],
        env={**os.environ, "MLFLOW_TRACKING_URI": proxy.address},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    return SimpleNamespace(**said)


# Servers that fail


def test_a_server_that_is_down(mlflow: Any, release: Path) -> None:
    mlflow.set_tracking_uri(f"http://127.0.0.1:{free_port()}")
    with pytest.raises(ServiceError, match="failed") as caught:
        ek.attach(release, "models:/credit/1")
    assert caught.value.exit_code == 5


@pytest.mark.parametrize(
    ("status", "words"), [(401, "gives no permission"), (403, "gives no permission"), (405, "failed"), (500, "failed")]
)
def test_a_server_that_refuses_to_write_leaves_the_entry_as_it_was(
    mlflow: Any, registered: Registered, release: Path, running_mlflow: Server, status: int, words: str
) -> None:
    def read_only(method: str, path: str, number: int) -> int | None:
        return status if method != "GET" else None

    with Proxy(running_mlflow.port, read_only) as proxy:
        mlflow.set_tracking_uri(proxy.address)
        with pytest.raises(ServiceError, match=words):
            ek.attach(release, registered.reference)
    mlflow.set_tracking_uri(running_mlflow.address)
    assert tags_of(mlflow, registered) == {}


def test_a_server_that_is_slow(
    mlflow: Any, registered: Registered, release: Path, running_mlflow: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_TIMEOUT", "1")
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    with Proxy(running_mlflow.port, lambda method, path, number: -3) as proxy:
        mlflow.set_tracking_uri(proxy.address)
        with pytest.raises(ServiceError, match="(?i)timed? ?out"):
            ek.attach(release, registered.reference)


@pytest.mark.slow
@pytest.mark.parametrize("part", [0.5, 0.95, 0.2, 0.8][: share(of=4, bounded=2)])
def test_a_server_that_fails_half_way(
    mlflow: Any,
    register: Callable[..., Registered],
    release: Path,
    running_mlflow: Server,
    part: float,
    tmp_path: Path,
) -> None:
    """From some request on, everything is answered with 500 or not at all; afterwards all is well again."""
    one, other = register(), register()
    with Proxy(running_mlflow.port, lambda method, path, number: None) as proxy:
        mlflow.set_tracking_uri(proxy.address)
        ek.attach(release, one.reference)
        last = len(proxy.seen)

    def fault(method: str, path: str, number: int) -> int | None:
        return None if number < part * last else (500 if number % 2 else 0)

    with Proxy(running_mlflow.port, fault) as proxy:
        mlflow.set_tracking_uri(proxy.address)
        with pytest.raises(ServiceError):
            ek.attach(release, other.reference)
    mlflow.set_tracking_uri(running_mlflow.address)
    named_or_none(mlflow, other, release, tmp_path)


def named_or_none(mlflow: Any, model: Registered, release: Path, folder: Path) -> None:
    """The pointer names a complete card or none, and a second attach succeeds and leaves no orphan."""
    if "explainkit.release" in tags_of(mlflow, model):
        assert read(ek.fetch(model.reference, folder / "first")) == read(release)
    assert ek.attach(release, model.reference).names_it
    assert read(ek.fetch(model.reference, folder / "back")) == read(release)
    assert mlflow.MlflowClient().list_artifacts(model.run, UPLOADS) == []
    assert all("manifest.json" in names for names in stored(mlflow, model).values())


def remove(mlflow: Any, server: Server, model: Registered) -> None:
    """Remove the cards of a run, as somebody who tidies up would."""
    place = server.folder / "mlartifacts" / "0" / model.run / "artifacts" / "explainkit"
    shutil.rmtree(place)


def test_what_an_interrupted_upload_left_is_removed_and_what_goes_on_is_not(
    mlflow: Any, registered: Registered, release: Path, tmp_path: Path
) -> None:
    client = mlflow.MlflowClient()

    def leave(digit: str, host: str, process: int) -> str:
        name = digit * 64
        write(tmp_path / digit, {"card.json": b"{}"})
        client.log_artifacts(registered.run, str(tmp_path / digit), f"{CARDS}/{name}")
        lease = write(tmp_path / f"lease{digit}", {f"{name}.ab.json": json.dumps(
            {"host": host, "process": process, "begun": 4e9}
        ).encode()})  # fmt: skip
        client.log_artifacts(registered.run, str(lease), UPLOADS)
        return name

    dead = leave("a", socket.gethostname(), os.getpid())  # of this process, and not going on
    going_on = leave("b", "another.host", 1)
    done = ek.attach(release, registered.reference)
    assert done.notes == ("removed what 1 interrupted uploads had left",)
    assert dead not in stored(mlflow, registered)
    assert going_on in stored(mlflow, registered)
    assert len(client.list_artifacts(registered.run, UPLOADS)) == 1


def test_an_upload_that_somebody_sweeps_goes_on(
    mlflow: Any, registered: Registered, release: Path, running_mlflow: Server, tmp_path: Path
) -> None:
    swept: list[str] = []

    def sweep(method: str, path: str, number: int) -> None:
        if method == "PUT" and path.endswith("/manifest.json") and not swept:
            swept.append(path)
            remove(mlflow, running_mlflow, registered)

    with Proxy(running_mlflow.port, sweep) as proxy:
        mlflow.set_tracking_uri(proxy.address)
        done = ek.attach(release, registered.reference)
    mlflow.set_tracking_uri(running_mlflow.address)
    assert swept
    assert done.names_it
    assert read(ek.fetch(registered.reference, tmp_path / "back")) == read(release)


def test_not_a_release(mlflow: Any, registered: Registered, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no release there"):
        ek.attach(tmp_path, registered.reference)
    release = write(tmp_path / "odd", {**make_files(make_evidence()), "notes.txt": b"?"})
    (release / "link").symlink_to("card.json")
    with pytest.raises(InputError, match="a link cannot be part of a release"):
        ek.attach(release, registered.reference)
