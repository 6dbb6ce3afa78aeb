"""Exports: a card in the formats of others, from card.json alone.

What goes out is by default what the public summary tells, no more: whoever reads an export may be anybody.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal, TypeAlias

from explainkit.artifact import Artifact
from explainkit.errors import InputError, VerificationError
from explainkit.evidence import Evidence
from explainkit.registries.cyclonedx import SPEC_VERSIONS, SpecVersion, bom
from explainkit.registries.exportable import exportable
from explainkit.registries.files import check_file, write_file
from explainkit.registries.model_hub import readme
from explainkit.release import Release

Format: TypeAlias = Literal["model-card", "cyclonedx"]
FORMATS: tuple[Format, ...] = ("model-card", "cyclonedx")


def export(
    release: Release | Path | str,
    *,
    to: Format,
    out: Path | str | None = None,
    internal: bool = False,
    spec_version: SpecVersion = "1.6",
    force: bool = False,
) -> Artifact:
    """Write a card in the format of others.

    Parameters
    ----------
    release : Release or path
        A release, its folder, or a card.json alone. A folder that is signed is verified before: what was changed,
        withdrawn or rejected is not exported.
    to : {"model-card", "cyclonedx"}
        ``README.md`` for a model hub, with its metadata; or an ML-BOM, ``bom.cdx.json``.
    out : path, optional
        File to write; nothing is written without one.
    internal : bool, default False
        Everything but single rows, instead of what the public summary tells.
    spec_version : {"1.6", "1.7"}
        Version of CycloneDX.
    force : bool, default False
        Replace a file that exists.

    Returns
    -------
    Artifact
        The file, with its bytes.

    Raises
    ------
    InputError
        If there is no release, or no such format.
    VerificationError
        If the release is not valid, was withdrawn or rejected, or is no card.
    OutputError
        If the file exists, or cannot be written.

    Examples
    --------
    >>> import explainkit as ek
    >>> ek.export("release", to="model-card", out="README.md").name      # doctest: +SKIP
    'README.md'
    """
    for value, allowed, where in ((to, FORMATS, "to"), (spec_version, SPEC_VERSIONS, "spec_version")):
        if value not in allowed:
            raise InputError("unknown format", where=where, found=repr(value), allowed=", ".join(allowed))
    target = None if out is None else Path(out)
    if target is not None:
        check_file(target, force=force, outside=None if isinstance(release, Release) else Path(release))
    evidence, card = read_evidence(release)
    if not isinstance(release, Release) and (Path(release) / "signatures").is_dir():
        _refuse_what_is_wrong(Path(release))
    given = exportable(evidence, card, internal=internal)
    artifact = readme(given) if to == "model-card" else bom(given, spec_version=spec_version)
    if target is not None:
        write_file(target, artifact.data)
    return artifact


def read_evidence(release: Release | Path | str) -> tuple[Evidence, bytes]:
    """What a card says, and its bytes.

    Parameters
    ----------
    release : Release or path
        A release, its folder, or a card.json alone.

    Raises
    ------
    InputError
        If there is none.
    VerificationError
        If it is no card.
    """
    if isinstance(release, Release):
        return release.evidence, release.file("card.json")
    from explainkit.sign.content import read_card

    path = Path(release)
    file = path / "card.json" if path.is_dir() else path
    if not file.is_file():
        raise InputError("no release there", where=str(path), remedy="explainkit audit makes one")
    card = file.read_bytes()
    return read_card(card), card


def _refuse_what_is_wrong(folder: Path) -> None:
    """Nobody's certificate is trusted here, so that whether the signer is known stays open; all else is judged."""
    from explainkit.sign.verification import verify_release

    found = verify_release(folder)
    if found.state == "invalid":
        raise VerificationError("the release is not valid", where=str(folder), found=str(found.reasons[0]))
    if found.refused:
        what = "was withdrawn" if found.withdrawal is not None else "is rejected by one who signed it"
        raise VerificationError(f"the card {what}", where=str(folder), remedy="explainkit verify says by whom")
