"""Open a model file in a process of its own, which loads its libraries while this one loads others.

What this module imports is loaded before that process starts: as little as can be.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from explainkit.artifact import sha256_file
from explainkit.errors import ModelError
from explainkit.load.confined import client
from explainkit.load.confined.client import Confined, RaisedThereError
from explainkit.plan import Plan
from explainkit.progress import Progress, Silent

if TYPE_CHECKING:
    from explainkit.evidence import LedgerEntry
    from explainkit.load.confined.facts import ConfinedAdapter


class Opening:
    """A model file, or a model folder of MLflow, that is being opened, while other work goes on.

    Parameters
    ----------
    path : pathlib.Path
        The file or folder.
    trust : sequence of str
        ``sha256:…`` digests of files that may be unpickled.
    progress : Progress, optional
        Told what a trusted pickle imports.
    """

    def __init__(self, path: Path, *, trust: Sequence[str] = (), progress: Progress | None = None) -> None:
        self._path, self._progress = path, progress or Silent()
        self._model = Confined(path, trust=trust, limits=client.LIMITS)

    def done(self) -> ConfinedAdapter:
        """The adapter, as soon as the file is open.

        Raises
        ------
        ModelError or another InputError
            As `open_model`; and if the process ends, takes too long or too much, or says what cannot be.
        """
        from explainkit.load.confined.facts import adapter_of
        from explainkit.load.confined.findings import findings, scan_of
        from explainkit.load.confined.shortfalls import shortfalls

        found: tuple[LedgerEntry, ...] = ()
        try:
            lacking = shortfalls(self._model.opened().head["lacking"])
            head = self._model.opened().head
            if "scan" in head:  # told before the file is opened, by a process that nobody can have led astray
                scan = scan_of(head["scan"])
                found = (findings(scan),)
                self._progress.note(f"{self._path.name}: a trusted pickle that {scan}")
                head = self._model.opened().head
            digest = self._digest()
            if head["identity"]["digest"] != digest:
                raise ModelError("the model file changed while it was read", where=str(self._path))
        except RaisedThereError as error:
            raise ModelError(
                "the model file cannot be opened", where=str(self._path), found=f"{type(error).__name__}: {error}"
            ) from None
        except (KeyError, TypeError):
            raise self._model.not_understood("something else than what a model says of itself") from None
        named = f"the {'folder' if self._path.is_dir() else 'file'} {self._path.name}"
        return adapter_of(head, self._model, digest=digest, digest_of=named, findings=found, shortfalls=lacking)

    def close(self) -> None:
        """End the process, which nobody asks any more."""
        self._model.close()

    def _digest(self) -> str:
        if self._path.is_dir():
            from explainkit.load.model_folder import folder_digest

            return folder_digest(self._path)
        try:
            return "sha256:" + sha256_file(self._path)
        except OSError as error:
            raise ModelError(
                "the model file cannot be read", where=str(self._path), found=error.strerror or str(error)
            ) from None


def opening_of(plan: Plan, *, base: Path, progress: Progress | None = None) -> Opening | None:
    """Begin to open the model file that a plan names, if it names one.

    Parameters
    ----------
    plan : Plan
        With ``model.path`` and ``model.trust``.
    base : pathlib.Path
        Folder that relative paths start from.
    progress : Progress, optional
        As for `Opening`.
    """
    if plan.model.path is None:
        return None
    return Opening(base / plan.model.path, trust=plan.model.trust, progress=progress)


def open_confined(path: Path, *, trust: Sequence[str] = ()) -> ConfinedAdapter:
    """Open a model file in a process of its own; parameters and errors as for `Opening`."""
    return Opening(path, trust=trust).done()
