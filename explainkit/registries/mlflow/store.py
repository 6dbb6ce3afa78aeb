"""Revisions of cards among the artifacts of a run: complete or invisible, and swept when their upload was interrupted.

::

    explainkit/cards/HEX/…              the files of a release, labels.json, and manifest.json, which is written last
    explainkit/uploads/HEX.NONCE.json   who is uploading that revision; removed when it is done

``HEX`` is the digest of manifest.json. A folder without one is no revision: what a killed upload left, or one that is
going on. An upload looks at what is there when it is done, and goes on where somebody took it for an orphan.
"""

from __future__ import annotations

import json
import os
import secrets
import socket
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from explainkit.errors import ServiceError, VerificationError
from explainkit.registries.directory import running
from explainkit.registries.labels import Labels
from explainkit.registries.mlflow.server import Artifacts
from explainkit.registries.revision import LARGEST_MANIFEST, MANIFEST, Revision, changed, read_manifest, unlike
from explainkit.sign.folder import LARGEST_FILE

ROOT = "explainkit"
CARDS, UPLOADS = f"{ROOT}/cards", f"{ROOT}/uploads"
LABELS = "labels.json"

_TRIES = 5
_STALE_SECONDS = 3600
_here: set[str] = set()
"""Uploads of this process that are going on."""


def place(digest: str) -> str:
    """Folder of a revision, by its digest."""
    return f"{CARDS}/{digest.removeprefix('sha256:')}"


def save(artifacts: Artifacts, revision: Revision, labels: Labels, where: str) -> None:
    """Store a revision: everything, then its list.

    Raises
    ------
    ServiceError
        If the storage fails, or others remove again and again what is being uploaded.
    """
    folder = place(revision.digest)
    with _announced(artifacts, revision), tempfile.TemporaryDirectory(prefix="explainkit-") as temporary:
        files = {**revision.files, LABELS: labels.to_json(), MANIFEST: revision.manifest}
        lacking = list(files)
        for _ in range(_TRIES):
            for name in lacking:
                _put(artifacts, Path(temporary), folder, name, files[name])
            lacking = _lacking(artifacts, folder, files)
            if not lacking:
                return
    raise ServiceError("the card is not there after it was uploaded", where=where, remedy="attach it again")


def stored(artifacts: Artifacts, revision: Revision, where: str) -> bool:
    """Whether a revision is there whole, with its very bytes."""
    try:
        return load(artifacts, revision.digest, where).manifest == revision.manifest
    except VerificationError:
        return False


def load(artifacts: Artifacts, digest: str, where: str) -> Revision:
    """Bring a revision back.

    Raises
    ------
    VerificationError
        If it is not there whole, or anything in it is not what was attached.
    ServiceError
        If the storage fails.
    """
    folder = place(digest)
    with tempfile.TemporaryDirectory(prefix="explainkit-") as temporary:
        if (artifacts.names(folder).get(MANIFEST) or LARGEST_MANIFEST + 1) > LARGEST_MANIFEST:
            raise _lost(where, digest, MANIFEST)
        manifest = artifacts.get(f"{folder}/{MANIFEST}", Path(temporary)).read_bytes()
        listed = read_manifest(manifest, digest, where)
        lengths = _lengths(artifacts, folder, {file.name for file in listed})
        files = {}
        for file in listed:
            if file.name not in lengths:
                raise _lost(where, digest, file.name)
            if lengths[file.name] != file.length or file.length > LARGEST_FILE:
                raise changed(where, file.name)
            data = artifacts.get(f"{folder}/{file.name}", Path(temporary)).read_bytes()
            if unlike(file, data):
                raise changed(where, file.name)
            files[file.name] = data
    return Revision(files=files, manifest=manifest)


def relabel(artifacts: Artifacts, digest: str, labels: Labels) -> None:
    """Put other labels beside a revision that is there already."""
    with tempfile.TemporaryDirectory(prefix="explainkit-") as temporary:
        _put(artifacts, Path(temporary), place(digest), LABELS, labels.to_json())


def read_labels(artifacts: Artifacts, digest: str) -> Labels:
    """The labels of a revision that somebody else attached."""
    with tempfile.TemporaryDirectory(prefix="explainkit-") as temporary:
        return Labels.from_json(artifacts.get(f"{place(digest)}/{LABELS}", Path(temporary)).read_bytes())


def sweep(artifacts: Artifacts, *, keep: str) -> tuple[int, bool]:
    """Remove what interrupted uploads left.

    Parameters
    ----------
    keep : str
        Digest of the revision that is being attached: its upload goes on where an earlier one ended.

    Returns
    -------
    tuple of int and bool
        How many, and whether the storage lets files be removed.
    """
    leases = _leases(artifacts)
    removed, able = 0, True
    for name, length in artifacts.names(CARDS).items():
        if length is not None or f"{CARDS}/{name}" == place(keep) or _uploading(leases, name):
            continue
        if MANIFEST not in artifacts.names(f"{CARDS}/{name}"):
            able = artifacts.delete(f"{CARDS}/{name}") and able
            removed += able
    for lease, alive in leases.items():
        if not alive:
            artifacts.delete(f"{UPLOADS}/{lease}")
    return removed, able


def _uploading(leases: dict[str, bool], name: str) -> bool:
    return any(alive and lease.startswith(f"{name}.") for lease, alive in leases.items())


def _leases(artifacts: Artifacts) -> dict[str, bool]:
    """Announced uploads, and whether they may be going on."""
    found = {}
    with tempfile.TemporaryDirectory(prefix="explainkit-") as temporary:
        for name, length in artifacts.names(UPLOADS).items():
            if length is None:
                continue
            try:
                said = json.loads(artifacts.get(f"{UPLOADS}/{name}", Path(temporary)).read_bytes())
                found[name] = _alive(name, str(said["host"]), int(said["process"]), float(said["begun"]))
            except (ValueError, KeyError, TypeError):
                found[name] = False  # cut short, as by a server that was killed
    return found


def _alive(name: str, host: str, process: int, begun: float) -> bool:
    """Known for processes of this machine; one of another machine counts as going on for an hour."""
    if host == socket.gethostname():
        return name in _here if process == os.getpid() else running(process)
    return time.time() - begun < _STALE_SECONDS


@contextmanager
def _announced(artifacts: Artifacts, revision: Revision) -> Iterator[None]:
    name = f"{revision.digest.removeprefix('sha256:')}.{secrets.token_hex(8)}.json"
    said = {"host": socket.gethostname(), "process": os.getpid(), "begun": time.time()}
    _here.add(name)
    try:
        with tempfile.TemporaryDirectory(prefix="explainkit-") as temporary:
            _put(artifacts, Path(temporary), UPLOADS, name, json.dumps(said).encode())
        yield
        with suppress(ServiceError):  # the card is stored; what is left here is swept by the next attach
            artifacts.delete(f"{UPLOADS}/{name}")
    finally:
        _here.discard(name)


def _put(artifacts: Artifacts, temporary: Path, folder: str, name: str, data: bytes) -> None:
    """Upload bytes under a name, which may have folders."""
    inner, _, last = name.rpartition("/")
    file = temporary / last
    file.write_bytes(data)
    artifacts.put(file, f"{folder}/{inner}" if inner else folder)
    file.unlink()


def _lengths(artifacts: Artifacts, folder: str, names: set[str]) -> dict[str, int]:
    """Lengths of files that are there, by name."""
    found: dict[str, int] = {}
    for inner in sorted({name.rpartition("/")[0] for name in names}):
        place = f"{folder}/{inner}" if inner else folder
        prefix = f"{inner}/" if inner else ""
        found |= {prefix + name: length for name, length in artifacts.names(place).items() if length is not None}
    return found


def _lacking(artifacts: Artifacts, folder: str, files: dict[str, bytes]) -> list[str]:
    """Files that are not there with their length, in the order in which they are uploaded."""
    there = _lengths(artifacts, folder, set(files))
    return [name for name in files if there.get(name) != len(files[name])]


def _lost(where: str, digest: str, name: str) -> VerificationError:
    return VerificationError(
        "the stored card is not complete",
        where=f"{where}, {name}",
        found=f"no such file of the revision {digest}",
        remedy="attach the release again",
    )
