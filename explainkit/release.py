"""Release: the files of a card, and how they are saved and signed."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from explainkit.artifact import Artifact
from explainkit.errors import ServiceError
from explainkit.evidence import Evidence
from explainkit.registries.directory import write_release

if TYPE_CHECKING:
    from explainkit.sign.keys import Signer


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """A card as PDF, HTML and JSON with what is needed to check it, not yet signed."""

    evidence: Evidence
    """What the card says."""
    files: tuple[Artifact, ...]
    """card.pdf, card.html, card.json, the public summary in the folder public, VERIFY.md, verify.py and policy.json."""

    @property
    def passed(self) -> bool:
        """Whether no blocking gate failed; True also when there are no gates."""
        return not any(g.outcome == "failed" and g.severity == "block" for g in self.evidence.gates)

    def file(self, name: str) -> bytes:
        """Bytes of one file of the release.

        Raises
        ------
        KeyError
            If the release has no such file.
        """
        return {artifact.name: artifact.data for artifact in self.files}[name]

    def save(self, path: str | Path, *, signer: Signer | None = None, force: bool = False) -> Path:
        """Write the release to a folder, signed in a child process when a signer is given.

        Parameters
        ----------
        path : path
            Folder to make; nothing existing is replaced without `force`.
        signer : Signer, optional
            Whose key signs; without one the release is left unsigned.
        force : bool, default False
            Replace an earlier release.

        Returns
        -------
        pathlib.Path
            The folder.

        Raises
        ------
        OutputError
            If the folder is taken or cannot be written; nothing is left behind then.
        InputError
            If the key cannot be used.
        ServiceError
            If the time stamp server fails: the release is then left unsigned, beside an earlier one where there is one.
        """
        return save_files(self.files, Path(path).absolute(), signer=signer, force=force)

    def _repr_html_(self) -> str:
        """The card itself in a notebook, in a frame of its own that runs nothing."""
        import html

        page = html.escape(self.file("card.html").decode(), quote=True)
        return f'<iframe sandbox srcdoc="{page}" style="width:100%;height:80vh;border:0" title="model card"></iframe>'


def save_files(files: tuple[Artifact, ...], target: Path, *, signer: Signer | None, force: bool) -> Path:
    """Write a release or a comparison; parameters and errors as for `Release.save`."""
    if signer is None:
        write_release(target, files, finish=_as_it_is, force=force)
        return target
    from explainkit.sign.child import sign_in_child

    try:
        write_release(target, files, finish=lambda staging: sign_in_child(staging, signer), force=force)
    except ServiceError as error:
        # Hours of work must not be lost for a server that is down, nor a signed release for an unsigned one.
        aside = target.with_name(target.name + ".unsigned") if _release_at(target) else target
        write_release(aside, files, finish=_as_it_is, force=True)
        remedy = f"{aside} is there, unsigned; sign it later: explainkit sign"
        raise ServiceError.of_parts(error.parts() | {"remedy": remedy}) from None
    return target


def _as_it_is(staging: Path) -> None:
    """An unsigned release needs nothing more."""


def _release_at(target: Path) -> bool:
    return target.is_dir() and any(target.iterdir())
