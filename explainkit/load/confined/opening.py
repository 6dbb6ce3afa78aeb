"""Open a model file in a process of its own."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from explainkit.artifact import sha256_file
from explainkit.errors import ModelError
from explainkit.load.confined import client
from explainkit.load.confined.client import Confined, RaisedThereError
from explainkit.load.confined.facts import ConfinedAdapter, adapter_of


class Opening:
    """A model file that is being opened, while other work goes on.

    Parameters
    ----------
    path : pathlib.Path
        The file.
    trust : sequence of str
        ``sha256:…`` digests of files that may be unpickled.
    """

    def __init__(self, path: Path, *, trust: Sequence[str] = ()) -> None:
        self._path = path
        self._model = Confined(path, trust=trust, limits=client.LIMITS)

    def done(self) -> ConfinedAdapter:
        """The adapter, as soon as the file is open.

        Raises
        ------
        ModelError or another InputError
            As `open_model`; and if the process ends, takes too long or too much, or says what cannot be.
        """
        try:
            head = self._model.opened().head
            digest = "sha256:" + self._digest()
            if head["identity"]["digest"] != digest:
                raise ModelError("the model file changed while it was read", where=str(self._path))
        except RaisedThereError as error:
            raise ModelError(
                "the model file cannot be opened", where=str(self._path), found=f"{type(error).__name__}: {error}"
            ) from None
        except (KeyError, TypeError):
            raise self._model.not_understood("something else than what a model says of itself") from None
        return adapter_of(head, self._model, digest=digest, digest_of=f"the file {self._path.name}")

    def _digest(self) -> str:
        try:
            return sha256_file(self._path)
        except OSError as error:
            raise ModelError(
                "the model file cannot be read", where=str(self._path), found=error.strerror or str(error)
            ) from None


def open_confined(path: Path, *, trust: Sequence[str] = ()) -> ConfinedAdapter:
    """Open a model file in a process of its own; parameters and errors as for `Opening`."""
    return Opening(path, trust=trust).done()
