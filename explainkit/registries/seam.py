"""Registry: a place where a model lies, and where its card is put, found and held to before the model is promoted.

A reference is ``scheme:rest`` (``models:/credit/3``, ``oci://host/name:tag``, ``dir:folder``). What serves a scheme is
looked up by entry point (group ``explainkit.registries``): a function of the reference that returns a `Registry`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from explainkit import plugins
from explainkit.errors import InputError, nearest

if TYPE_CHECKING:
    from explainkit.registries.labels import Labels
    from explainkit.registries.revision import Revision

GROUP = "explainkit.registries"

_REFERENCE = re.compile(r"(?P<scheme>[a-z][a-z0-9+.-]+):(?P<rest>.*)", re.DOTALL)

_NAMED = re.compile(r"/(.*/)?(?P<name>[^/:@]+)[/:@](?P<version>[^/:@]+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelFile:
    """A file that a registry would load the model from."""

    name: str
    sha256: str
    """64 hexadecimal digits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldModel:
    """The model that a registry holds under a reference, as far as it can be compared with the one audited."""

    files: tuple[ModelFile, ...] = ()
    """Each of them has to be the file that was audited; empty where nothing can be compared."""
    folder: str | None = None
    """Digest of the folder that holds them, where they lie in one: the whole of it may have been audited."""
    reason: str = ""
    """Why nothing can be compared."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """What a registry has after a release was stored."""

    current: str
    """Digest of the release that the entry names: another one where somebody attached at the same time."""
    notes: tuple[str, ...] = ()
    """What could not be done, or was done besides, in words."""


class Registry(Protocol):
    """One entry of a registry, under the reference it was made from."""

    def held(self) -> HeldModel:
        """The model that lies there."""

    def download_model(self, folder: Path) -> Path:
        """Bring the model into an empty folder, and say what of it is to be opened."""

    def attach(self, revision: Revision, labels: Labels) -> Stored:
        """Store a release as a revision beside those that are there, then move the pointer to it.

        Whatever fails before the pointer moves leaves the entry as it was.
        """

    def current(self) -> Revision:
        """The release that the pointer names, whole and with the digest by which it is named."""

    def promote(self, alias: str, revision: str) -> None:
        """Give the alias to this model, if its pointer still names the revision that was judged."""


def opened(reference: str) -> Registry:
    """The registry that a reference names.

    Raises
    ------
    InputError
        If it is no reference, or nothing serves its scheme.
    """
    scheme = scheme_of(reference)
    if scheme is None:
        raise InputError("not a reference to a registry", found=repr(reference), allowed=_forms(plugins.names(GROUP)))
    known = plugins.names(GROUP)
    if scheme not in known:
        raise InputError("no such kind of registry", found=repr(f"{scheme}:"), remedy=nearest(scheme, known))
    registry: Registry = plugins.load(GROUP, scheme)(reference)
    return registry


def scheme_of(reference: str) -> str | None:
    """The scheme of a reference; None where a text is none (a file's name, a drive letter)."""
    match = _REFERENCE.fullmatch(reference)
    return match["scheme"] if match else None


def is_model_reference(text: str) -> bool:
    """Whether a text names a model in a registry rather than a file."""
    scheme = scheme_of(text)
    return scheme not in (None, "dir") and not Path(text).exists() and scheme in plugins.names(GROUP)


def name_and_version(reference: str) -> tuple[str, str] | None:
    """What a reference calls a model, where it says so.

    Examples
    --------
    >>> name_and_version("models:/credit/3"), name_and_version("oci://host:5000/risk/credit:3")
    (('credit', '3'), ('credit', '3'))
    """
    match = _NAMED.fullmatch(reference.partition(":")[2])
    return (match["name"], match["version"]) if match else None


def _forms(names: Sequence[str]) -> str:
    examples = {"models": "models:/credit/3", "runs": "runs:/RUN_ID", "oci": "oci://host/name:tag", "dir": "dir:folder"}
    return ", ".join(examples.get(name, f"{name}:…") for name in names) or "none is installed"
