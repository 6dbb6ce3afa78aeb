"""Revision: a release as registries keep it, named by the digest of the list of its files."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from explainkit.artifact import Artifact, sha256_of
from explainkit.errors import InputError, VerificationError
from explainkit.records import canonical
from explainkit.registries.directory import write_release
from explainkit.sign.folder import read_release
from explainkit.sign.manifest import ListedFile, listed, listed_file

MANIFEST = "manifest.json"
"""Name of the list in a registry; it is no file of the release."""
MANIFEST_VERSION = "1.0"
LARGEST_MANIFEST = 2**20
"""Bytes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Revision:
    """A release with the list of its files, whose digest is its name."""

    files: Mapping[str, bytes]
    """By name, relative to the release, with forward slashes."""
    manifest: bytes
    """The list: canonical JSON (RFC 8785) with name, length and digest of every file."""

    @property
    def digest(self) -> str:
        """``sha256:…`` of the list."""
        return "sha256:" + sha256_of(self.manifest)

    def write(self, folder: Path, *, force: bool = False) -> None:
        """Write the release to a folder, complete or not at all; errors as for `write_release`."""
        kind = "application/octet-stream"
        files = [Artifact(name=name, data=data, media_type=kind) for name, data in self.files.items()]
        write_release(folder, files, finish=_as_it_is, force=force)


def read_revision(folder: Path) -> Revision:
    """Read a release folder.

    Raises
    ------
    InputError
        If there is no release, or something in it does not belong to one.
    """
    if not (folder / "card.json").is_file():
        raise InputError("no release there", where=str(folder), remedy="explainkit audit makes one")
    contents = read_release(folder)
    for odd in contents.oddities:
        raise InputError(f"{odd.what} cannot be part of a release", where=str(folder / odd.name))
    files = [{"name": f.name, "length": f.length, "sha256": f.sha256} for f in listed(contents.files)]
    manifest = canonical({"schema_version": MANIFEST_VERSION, "files": files})
    return Revision(files={f.name: f.data for f in contents.files}, manifest=manifest)


def read_manifest(data: bytes, digest: str, where: str) -> tuple[ListedFile, ...]:
    """Read the list of a revision, which has to be the one that its name says.

    Parameters
    ----------
    data : bytes
        As stored.
    digest : str
        ``sha256:…``, by which the revision is named.
    where : str
        Whose card it is.

    Raises
    ------
    VerificationError
        If it is another list, or of an unknown version.
    """
    if "sha256:" + sha256_of(data) != digest:
        raise changed(where, MANIFEST)
    try:
        document: Any = json.loads(data)
        version = str(document["schema_version"])
        if version.partition(".")[0] != MANIFEST_VERSION.partition(".")[0]:
            raise VerificationError(
                "unknown schema version", where=f"{where}, {MANIFEST}", found=version, remedy="use a newer explainkit"
            )
        return tuple(listed_file(f["name"], f["length"], f["sha256"]) for f in document["files"])
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        what = str(error) or type(error).__name__
        raise VerificationError("not the list of a release", where=f"{where}, {MANIFEST}", found=what[:200]) from None


def unlike(file: ListedFile, data: bytes) -> bool:
    """Whether bytes are others than those listed."""
    return len(data) != file.length or sha256_of(data) != file.sha256


def changed(where: str, name: str) -> VerificationError:
    """The error for a file that is not the one that was attached."""
    return VerificationError(
        "the stored card was changed: this is not the file that was attached",
        where=f"{where}, {name}",
        remedy="attach the release again, and find out who changed it",
    )


def _as_it_is(staging: Path) -> None:
    """A release that was made elsewhere needs nothing more."""
