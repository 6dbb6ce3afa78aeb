"""One entry of MLflow as a registry: a version of a registered model, a logged model, or a run."""

from __future__ import annotations

import re
import shutil
import tempfile
import time
from pathlib import Path

from explainkit.artifact import sha256_file, sha256_folder
from explainkit.errors import InputError, ServiceError, VerificationError
from explainkit.load.model_folder import is_model_folder
from explainkit.registries.labels import PREFIX, Labels, as_tags
from explainkit.registries.mlflow import store
from explainkit.registries.mlflow.entry import find, with_block
from explainkit.registries.mlflow.server import Server, model_files
from explainkit.registries.revision import Revision
from explainkit.registries.seam import HeldModel, ModelFile, Stored

POINTER = PREFIX + "release"
"""Tag that names the revision in force, by its digest."""

_METRICS = PREFIX + "metrics."
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_TRIES = 5


class MlflowEntry:
    """A model version, a run or a logged model.

    Parameters
    ----------
    reference : str
        Which one.

    Raises
    ------
    InputError
        If there is none, or MLflow is not set to a server.
    ServiceError
        If the server fails.
    """

    def __init__(self, reference: str) -> None:
        self._server = Server(reference)
        self._entry = find(self._server, reference)
        self._where = reference
        self._artifacts = self._server.artifacts(self._entry.artifacts)

    def held(self) -> HeldModel:
        """The model's files, by the MLmodel beside them."""
        if self._entry.source is None:
            return HeldModel(reason="the run has no logged model, or several; name one: models:/m-ID")
        with tempfile.TemporaryDirectory(prefix="explainkit-") as temporary:
            folder = self._download(Path(temporary))
            names = _to_open(folder)
            return HeldModel(
                files=tuple(ModelFile(name=name, sha256=sha256_file(folder / name)) for name in names),
                folder=_folder_digest(folder),
                reason="" if names else "what is registered does not say which files are the model",
            )

    def download_model(self, folder: Path) -> Path:
        """Bring the model's artifacts into a folder: that folder where it is a model's, else the one file in it."""
        if self._entry.source is None:
            raise InputError(
                "the run has no logged model, or several", where=self._where, remedy="name one: models:/m-ID"
            )
        place = folder / "model"  # what a card says of a folder does not depend on where it lay
        place.mkdir()
        self._download(place)
        names = _to_open(place)
        return place / names[0] if len(names) == 1 and not is_model_folder(place) else place

    def attach(self, revision: Revision, labels: Labels) -> Stored:
        """Store the release, move the pointer tag to it, and show on the page what the pointer names."""
        artifacts, notes = self._artifacts, []
        removed, able = store.sweep(artifacts, keep=revision.digest)
        if removed:
            notes.append(f"removed what {removed} interrupted uploads had left")
        if not able:
            notes.append("the storage lets nobody remove what interrupted uploads left; it is not shown anywhere")
        if store.stored(artifacts, revision, self._where):
            store.relabel(artifacts, revision.digest, labels)
        else:
            store.save(artifacts, revision, labels, self._where)
        if self._pointer() != revision.digest:
            self._entry.set_tag(self._server, POINTER, revision.digest)
        current, more = self._settle(revision, labels)
        return Stored(current=current, notes=(*notes, *more))

    def current(self) -> Revision:
        """The release that the pointer names."""
        return store.load(self._artifacts, self._named(), self._where)

    def promote(self, alias: str, revision: str) -> None:
        """Give the alias to this version."""
        if self._entry.name is None:
            raise InputError("only a version of a registered model has an alias", where=self._where)
        if self._named() != revision:
            raise VerificationError(
                "another card was attached in the meantime", where=self._where, remedy="promote again"
            )
        self._server.ask("set_registered_model_alias", self._entry.name, alias, self._entry.version)

    def _download(self, folder: Path) -> Path:
        self._server.artifacts(self._entry.source or "").get("", folder)
        if self._entry.run is None:  # the cards lie among the model's own artifacts then
            shutil.rmtree(folder / store.ROOT, ignore_errors=True)
        return folder

    def _pointer(self) -> str | None:
        return self._entry.tags(self._server).get(POINTER)

    def _named(self) -> str:
        named = self._pointer()
        if named is None:
            raise InputError(
                "no card is attached", where=self._where, remedy=f"explainkit attach RELEASE '{self._where}'"
            )
        if not _DIGEST.fullmatch(named):
            raise VerificationError(f"the tag {POINTER} names no card", where=self._where, found=repr(named[:80]))
        return named

    def _settle(self, revision: Revision, labels: Labels) -> tuple[str, list[str]]:
        """Show the card that the pointer names, until it names the same afterwards: others may attach meanwhile."""
        for _ in range(_TRIES):
            current = self._named()
            shown = labels if current == revision.digest else store.read_labels(self._artifacts, current)
            notes = self._show(current, shown)
            if self._named() == current:
                return current, notes
        raise ServiceError(
            "others attach cards all the time", where=self._where, remedy="the release is stored; attach it again"
        )

    def _show(self, digest: str, labels: Labels) -> list[str]:
        tags, wanted, notes = self._entry.tags(self._server), as_tags(labels), []
        for name, value in wanted.items():
            if tags.get(name) != value:
                self._entry.set_tag(self._server, name, value)
        stale = [name for name in tags if name.startswith(PREFIX) and name not in wanted]
        for name in stale:
            if name != POINTER and not name.startswith(_METRICS):
                self._entry.drop_tag(self._server, name)
        if not self._describe(digest, labels):
            notes.append("the description has no room for the card's facts; they stand in the tags")
        if self._entry.run is None:
            notes.append("no run belongs to this model, so its figures are not logged as metrics")
        else:
            self._log(labels)
        return notes

    def _describe(self, digest: str, labels: Labels) -> bool:
        before = self._entry.description(self._server)
        links = [
            f"[{word}]({page})"
            for word, name in (("Open the card", "card.html"), ("PDF", "card.pdf"), ("card.json", "card.json"))
            if (page := self._entry.page(f"{store.place(digest)}/{name}")) is not None
        ]
        after = with_block(before, "\n".join([labels.markdown, " · ".join(links)]).strip())
        if after is not None and after != before:
            self._entry.describe(self._server, after)
        return after is not None

    def _log(self, labels: Labels) -> None:
        """Log the figures as metrics of the run, once for each card."""
        run, model = self._entry.run, self._entry.model
        assert run is not None
        mark, card = _METRICS + (model or "run"), labels.facts["card_sha256"]
        if self._server.ask("get_run", run).data.tags.get(mark) != card:
            self._server.log_metrics(run, labels.metrics, model=model, at=int(time.time() * 1000))
            self._server.ask("set_tag", run, mark, card)


def _to_open(folder: Path) -> tuple[str, ...]:
    """Names of the files that the model is loaded from; none where that is not known."""
    named = model_files(folder)
    if named is not None:
        return named
    files = [path.relative_to(folder).as_posix() for path in sorted(folder.rglob("*")) if path.is_file()]
    return tuple(files) if len(files) == 1 else ()


def _folder_digest(folder: Path) -> str | None:
    """Digest of a model's folder; None where it is none, or holds what has no place in one."""
    if not is_model_folder(folder):
        return None
    try:
        return sha256_folder(folder)
    except ValueError:
        return None
