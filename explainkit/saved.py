"""Releases that lie in a folder are signed: later, by others with an opinion, or taken back.

The folder is never changed in place: a copy is signed in a child process, then put in the place of the folder in one
step. Whatever fails leaves the folder as it was.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from explainkit.artifact import Artifact, sha256_of
from explainkit.errors import InputError
from explainkit.registries.directory import write_release

if TYPE_CHECKING:
    from explainkit.sign.keys import Signer
    from explainkit.sign.opinion import Opinion, Withdrawal


def sign(path: Path | str, *, signer: Signer) -> None:
    """Sign a release, or a comparison, that was left unsigned, as its provider.

    Parameters
    ----------
    path : path
        The folder of the release.
    signer : Signer
        Whose key signs.

    Raises
    ------
    InputError
        If there is no release, it is signed already, or the key cannot be used.
    ServiceError
        If the time stamp server fails.
    """
    folder = Path(path).absolute() if (Path(path) / "compare.json").is_file() else _release(Path(path))
    if (folder / "signatures").exists():
        raise InputError("this release is signed already", where=str(path), remedy="make a new release to sign")
    _replace(folder, signer, None)


def countersign(path: Path | str, *, signer: Signer, role: str, opinion: str, findings: Path | str) -> Opinion:
    """Sign a signed release as its validator or approver, with an opinion.

    Nothing that was signed before changes. The opinion, its findings and its conditions go into a signed
    ``opinion.json`` that names the card by its digest.

    Parameters
    ----------
    path : path
        The folder of the release.
    signer : Signer
        Whose key signs; each role has a key of its own.
    role : str
        ``validator`` or ``approver``.
    opinion : str
        ``approve``, ``conditions`` or ``reject``.
    findings : path
        TOML file with ``name``, ``scope``, ``independence`` and as needed ``conditions``, ``valid_until`` and
        ``[[findings]]``.

    Returns
    -------
    Opinion
        What was signed.

    Raises
    ------
    VerificationError
        If something in the release is wrong.
    InputError
        If there is no release, the role has signed, the findings say too little, or the key cannot be used.
    ServiceError
        If the time stamp server fails.
    """
    from explainkit.sign.content import read_card
    from explainkit.sign.opinion import read_findings

    folder = _release(Path(path))
    card = (folder / "card.json").read_bytes()
    evidence = read_card(card)
    said = read_findings(
        Path(findings),
        role=role,
        opinion=opinion,
        card="sha256:" + sha256_of(card),
        figures={figure.id for figure in evidence.figures},
        date=_today(),
    )
    _replace(folder, signer, said)
    return said


def withdraw(path: Path | str, *, signer: Signer, reason: str, role: str = "provider") -> Withdrawal:
    """Take a signed card back: a signed withdrawal is added, nothing is removed.

    Parameters
    ----------
    path : path
        The folder of the release.
    signer : Signer
        Whose key signs.
    reason : str
        Why, for those who relied on the card.
    role : str, default "provider"
        As whom: ``provider``, ``validator`` or ``approver``.

    Returns
    -------
    Withdrawal
        What was signed.

    Raises
    ------
    VerificationError, InputError, ServiceError
        As for `countersign`.
    """
    from explainkit.sign.manifest import ROLES
    from explainkit.sign.opinion import Withdrawal

    if role not in ROLES:
        raise InputError("unknown role", found=repr(role), allowed=", ".join(ROLES))
    if not reason.strip():
        raise InputError("a card is not withdrawn without a reason", where="reason")
    folder = _release(Path(path))
    digest = "sha256:" + sha256_of((folder / "card.json").read_bytes())
    said = Withdrawal(card=digest, role=role, date=_today().isoformat(), reason=reason)
    _replace(folder, signer, said)
    return said


def renew(path: Path | str, *, tsa: str, crls: Iterable[Path | str] = ()) -> None:
    """Add an archive to a signed release: a time stamp over everything, with the revocation lists of today (B-LTA).

    No key is needed. Do it before the certificate of the last time stamp ends.

    Parameters
    ----------
    path : path
        The folder of the release.
    tsa : str
        Address of the time stamp server.
    crls : iterable of path
        Files with the revocation lists of the authorities; needed where a certificate says that it can be revoked.

    Raises
    ------
    VerificationError, InputError, ServiceError
        As for `countersign`.
    """
    from explainkit.sign.child import renew_in_child

    folder, lists = _release(Path(path)), [Path(crl) for crl in crls]
    _in_its_place(folder, lambda staging: renew_in_child(staging, tsa=tsa, crls=lists, shown=folder))


def _today() -> dt.date:
    return dt.datetime.now(dt.UTC).date()


def _release(folder: Path) -> Path:
    if not (folder / "card.json").is_file():
        raise InputError("no release there", where=str(folder), remedy="explainkit audit makes one")
    return folder.absolute()


def _replace(folder: Path, signer: Signer, words: Opinion | Withdrawal | None) -> None:
    from explainkit.sign.child import sign_in_child

    _in_its_place(folder, lambda staging: sign_in_child(staging, signer, words=words, shown=folder))


def _in_its_place(folder: Path, work: Callable[[Path], None]) -> None:
    """Work on a copy of the folder, and put it in its place in one step."""
    from explainkit.sign.folder import read_release

    contents = read_release(folder)
    for odd in contents.oddities:
        raise InputError(f"{odd.what} cannot be part of a release", where=str(folder / odd.name))
    kind = "application/octet-stream"
    files = [Artifact(name=f.name, data=f.data, media_type=kind) for f in contents.files]
    write_release(folder, files, finish=work, force=True)
