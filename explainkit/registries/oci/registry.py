"""A model's artifact in an OCI registry, with the releases that refer to it: ``oci://HOST/NAME:TAG``.

For a model's artifact with the digest ``sha256:HEX`` a repository has, beside it, the tags

::

    sha256-HEX                 the index of everything that refers to it (the referrers tag of the specification),
                               kept where the registry does not keep the list itself
    sha256-HEX.card-REVISION   each release, so that none is lost to whoever tidies up, or writes the index meanwhile
    sha256-HEX.card            the release in force

A release is pushed file by file, then its manifest, then the tags; a registry takes no manifest whose files it lacks.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from explainkit.errors import InputError, ServiceError, VerificationError
from explainkit.records import canonical
from explainkit.registries.labels import Labels, as_tags
from explainkit.registries.oci.server import INDEX_TYPE, MANIFEST_TYPE, Manifest, Repository
from explainkit.registries.revision import LARGEST_MANIFEST, Revision, changed, read_manifest, unlike
from explainkit.registries.seam import HeldModel, ModelFile, Stored
from explainkit.sign.folder import LARGEST_FILE
from explainkit.sign.manifest import ListedFile

ARTIFACT_TYPE = "application/vnd.explainkit.release.v1+json"
"""What a release is, as an artifact; its config is the list of its files."""
TITLE = "org.opencontainers.image.title"

_REFERENCE = re.compile(
    r"oci://(?P<host>[A-Za-z0-9.-]+(:[0-9]{1,5})?|\[[0-9a-f:]+\](:[0-9]{1,5})?)/"
    r"(?P<name>[a-z0-9]+([._-]+[a-z0-9]+)*(/[a-z0-9]+([._-]+[a-z0-9]+)*)*)"
    r"(:(?P<tag>[A-Za-z0-9_][A-Za-z0-9._-]{0,127})|@(?P<digest>sha256:[0-9a-f]{64}))"
)
_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}")
_TYPES = {".json": "application/json", ".html": "text/html", ".pdf": "application/pdf", ".md": "text/markdown"}
_LARGEST_MODEL = 8 * 2**30
_TRIES = 8
_UNPACK = "io.deis.oras.content.unpack"


class OciModel:
    """An artifact in an OCI registry that holds a model.

    Parameters
    ----------
    reference : str
        ``oci://HOST/NAME:TAG`` or ``oci://HOST/NAME@sha256:…``.

    Raises
    ------
    InputError
        If it is no such reference, or there is no such artifact.
    ServiceError
        If the registry fails.
    """

    def __init__(self, reference: str) -> None:
        match = _REFERENCE.fullmatch(reference)
        if match is None:
            raise InputError(
                "not a reference to an artifact in an OCI registry",
                found=repr(reference),
                allowed="oci://HOST/NAME:TAG with a name of small letters, or oci://HOST/NAME@sha256:…",
            )
        self._where = reference
        self._repository = Repository(match["host"], match["name"], reference)
        found = self._repository.manifest(match["tag"] or match["digest"])
        if found is None:
            raise InputError("there is no such artifact in the registry", where=reference)
        self._model = found
        self._prefix = found.digest.replace(":", "-")
        self._card = f"{self._prefix}.card"

    def held(self) -> HeldModel:
        """The files of the artifact, by the digests that the registry has them under."""
        layers = self._model.document.get("layers", [])
        if not layers or any(_packed(layer) for layer in layers):
            return HeldModel(reason="the artifact has no files, or they are packed")
        if len(layers) > 1:
            return HeldModel(reason=f"the artifact has {len(layers)} files, and does not say which is the model")
        return HeldModel(files=(_file(layers[0]),))

    def download_model(self, folder: Path) -> Path:
        """Bring the one file of the artifact into a folder."""
        held = self.held()
        if not held.files:
            raise InputError(
                "the artifact is not one file that could be opened as a model", where=self._where, found=held.reason
            )
        (file,) = held.files
        path = folder / (Path(file.name).name or "model")
        path.write_bytes(self._repository.blob(f"sha256:{file.sha256}", most=_LARGEST_MODEL))
        return path

    def attach(self, revision: Revision, labels: Labels) -> Stored:
        """Push the release, tag it, list it among what refers to the model, and move the tag of the one in force."""
        for data in revision.files.values():
            self._repository.put_blob(data)
        self._repository.put_blob(revision.manifest)
        manifest = self._manifest(revision, labels)
        listed = self._repository.put_manifest(manifest, f"{self._card}-{manifest.digest[7:47]}")
        if not listed:
            self._list()
        self._repository.put_manifest(manifest, self._card)
        return Stored(current=self._current()[1])

    def current(self) -> Revision:
        """The release in force."""
        manifest, digest = self._current()
        data = self._repository.blob(digest, most=LARGEST_MANIFEST)
        layers = {layer.get("annotations", {}).get(TITLE): layer for layer in manifest.document.get("layers", [])}
        files = {}
        for file in read_manifest(data, digest, self._where):
            layer = layers.get(file.name)
            if layer is None or layer.get("digest") != f"sha256:{file.sha256}":
                raise changed(self._where, file.name)
            files[file.name] = self._file(file)
        return Revision(files=files, manifest=data)

    def promote(self, alias: str, revision: str) -> None:
        """Tag the model's artifact."""
        if not _TAG.fullmatch(alias) or alias.startswith("sha256-"):
            raise InputError("not a tag", where="--alias", found=repr(alias), allowed="letters, digits, ._-")
        if self._current()[1] != revision:
            raise VerificationError(
                "another card was attached in the meantime", where=self._where, remedy="promote again"
            )
        self._repository.put_manifest(self._model, alias)

    def _file(self, file: ListedFile) -> bytes:
        data = self._repository.blob(f"sha256:{file.sha256}", most=min(file.length, LARGEST_FILE) + 1)
        if unlike(file, data):
            raise changed(self._where, file.name)
        return data

    def _current(self) -> tuple[Manifest, str]:
        """The manifest of the release in force, and the digest of the revision."""
        found = self._repository.manifest(self._card)
        if found is None:
            raise InputError(
                "no card is attached", where=self._where, remedy=f"explainkit attach RELEASE '{self._where}'"
            )
        document = found.document
        subject, config = document.get("subject") or {}, document.get("config") or {}
        if subject.get("digest") != self._model.digest or not re.fullmatch(
            r"sha256:[0-9a-f]{64}", str(config.get("digest"))
        ):
            raise VerificationError(
                f"the tag {self._card} names no card of this model", where=self._where, found=found.digest
            )
        return found, str(config["digest"])

    def _manifest(self, revision: Revision, labels: Labels) -> Manifest:
        layers = [
            {
                "mediaType": _TYPES.get(Path(file.name).suffix, "application/octet-stream"),
                "digest": f"sha256:{file.sha256}",
                "size": file.length,
                "annotations": {TITLE: file.name},
            }
            for file in read_manifest(revision.manifest, revision.digest, self._where)
        ]
        document = {
            "schemaVersion": 2,
            "mediaType": MANIFEST_TYPE,
            "artifactType": ARTIFACT_TYPE,
            "config": {"mediaType": ARTIFACT_TYPE, "digest": revision.digest, "size": len(revision.manifest)},
            "layers": layers,
            "subject": self._model.descriptor(),
            "annotations": as_tags(labels),
        }
        return Manifest(media_type=MANIFEST_TYPE, data=canonical(document))

    def _list(self) -> None:
        """Keep the index of what refers to the model, for registries that do not.

        Two who write at the same moment overwrite each other, for the tag cannot be written conditionally. Each looks
        after writing whether every release that has a tag is in the index; whoever writes last sees all of them.
        """
        for _ in range(_TRIES):
            index = self._repository.manifest(self._prefix)
            known: list[dict[str, Any]] = [] if index is None else list(index.document.get("manifests", []))
            digests = {entry.get("digest") for entry in known}
            missing = [entry for entry in self._releases() if entry["digest"] not in digests]
            if not missing:
                return
            document = {"schemaVersion": 2, "mediaType": INDEX_TYPE, "manifests": [*known, *missing]}
            self._repository.put_manifest(Manifest(media_type=INDEX_TYPE, data=canonical(document)), self._prefix)
        raise ServiceError(
            "others write the list of referrers all the time", where=self._where, remedy="attach the release again"
        )

    def _releases(self) -> list[dict[str, Any]]:
        """Descriptors of all releases of the model, by their tags."""
        found = []
        for tag in sorted(self._repository.tags()):
            manifest = self._repository.manifest(tag) if tag.startswith(f"{self._card}-") else None
            if manifest is not None:
                kind = {"artifactType": ARTIFACT_TYPE, "annotations": manifest.document.get("annotations", {})}
                found.append({**manifest.descriptor(), **kind})
        return found


def _file(layer: dict[str, Any]) -> ModelFile:
    digest = str(layer.get("digest"))
    name = str(layer.get("annotations", {}).get(TITLE) or digest)
    return ModelFile(name=name, sha256=digest.removeprefix("sha256:"))


def _packed(layer: dict[str, Any]) -> bool:
    """Whether a layer is a packed folder; lone files often go by the name of a tar archive, too."""
    kind = str(layer.get("mediaType", ""))
    return kind.endswith(("gzip", "zstd")) or layer.get("annotations", {}).get(_UNPACK) == "true"
