"""A plain folder as a registry, ``dir:FOLDER``: releases in folders of their own, and a file that names one of them.

::

    FOLDER/cards/HEX/…      the files of a release; HEX is the digest of the list of them
    FOLDER/current.json     which of them is in force, and what it says in short
"""

from __future__ import annotations

import json
import re
from pathlib import Path

from explainkit.errors import InputError, OutputError, VerificationError
from explainkit.registries.files import write_file
from explainkit.registries.labels import Labels, as_tags
from explainkit.registries.revision import Revision, changed, read_revision
from explainkit.registries.seam import HeldModel, Stored

POINTER = "current.json"
POINTER_VERSION = "1.0"


class PlainFolder:
    """A folder for the releases of one model.

    Parameters
    ----------
    reference : str
        ``dir:FOLDER``.
    """

    def __init__(self, reference: str) -> None:
        self._where, self._folder = reference, Path(reference.partition(":")[2])
        if not self._folder.name:
            raise InputError("no folder is named", found=repr(reference), allowed="dir:FOLDER")

    def held(self) -> HeldModel:
        """Nothing: a folder holds cards alone."""
        return HeldModel(reason="a folder of cards holds no model")

    def download_model(self, folder: Path) -> Path:
        """There is none."""
        raise InputError("a folder of cards holds no model", where=self._where, remedy="name the model's file")

    def attach(self, revision: Revision, labels: Labels) -> Stored:
        """Copy the release, then exchange the file that names the one in force."""
        place = self._place(revision.digest)
        try:
            place.parent.mkdir(parents=True, exist_ok=True)
            if not _holds(place, revision):
                revision.write(place, force=True)
            said = {"schema_version": POINTER_VERSION, "release": revision.digest, **as_tags(labels)}
            write_file(self._folder / POINTER, json.dumps(said, ensure_ascii=False, indent=1).encode())
        except OSError as error:
            raise OutputError("cannot be written", where=self._where, found=error.strerror or str(error)) from None
        return Stored(current=self._named())

    def current(self) -> Revision:
        """The release in force."""
        digest = self._named()
        try:
            found = read_revision(self._place(digest))
        except InputError as error:
            raise VerificationError(
                "the stored card is not complete", where=self._where, found=error.problem, remedy="attach it again"
            ) from None
        if found.digest != digest:
            raise changed(self._where, digest)
        return found

    def promote(self, alias: str, revision: str) -> None:
        """A folder has no aliases."""
        raise InputError("a folder has no aliases", where=self._where, allowed="models:/…, oci://…")

    def _place(self, digest: str) -> Path:
        return self._folder / "cards" / digest.removeprefix("sha256:")

    def _named(self) -> str:
        try:
            document = json.loads((self._folder / POINTER).read_bytes())
            named = str(document["release"])
        except FileNotFoundError:
            remedy = f"explainkit attach RELEASE {self._where}"
            raise InputError("no card is attached", where=self._where, remedy=remedy) from None
        except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
            raise VerificationError(
                "names no card", where=f"{self._where}, {POINTER}", found=str(error)[:200]
            ) from None
        if not re.fullmatch(r"sha256:[0-9a-f]{64}", named):
            raise VerificationError("names no card", where=f"{self._where}, {POINTER}", found=repr(named[:80]))
        return named


def _holds(place: Path, revision: Revision) -> bool:
    try:
        return read_revision(place).manifest == revision.manifest
    except InputError:
        return False
