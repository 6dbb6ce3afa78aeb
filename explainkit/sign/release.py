"""A release is signed: card.pdf, then card.json and card.html, then the statement that covers them all."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from explainkit.artifact import sha256_of
from explainkit.errors import InputError, OutputError, VerificationError
from explainkit.evidence import Evidence
from explainkit.sign.acts import ARCHIVE, MOST_ACTS, Act, acts_among
from explainkit.sign.folder import SIGNATURES, SUMMARY_PDF, Contents, read_release
from explainkit.sign.keys import Signer
from explainkit.sign.manifest import (
    CARD_FILES,
    CHAIN,
    ROLES,
    STATEMENT,
    WITHDRAWN,
    subjects,
)
from explainkit.sign.opinion import OPINION, WITHDRAWAL, Opinion, Withdrawal

if TYPE_CHECKING:
    from explainkit.sign.hand import Hand
    from explainkit.sign.open_keys import OpenKey

REACHED = {False: ("B-B",), True: ("B-B", "B-T", "B-LT", "B-LTA")}
"""Levels that are reached without and with time stamps; a card that intends a higher one is not signed at a lower."""
TOLD = ("card.json", "card.html", "public/summary.json", "public/summary.html")
"""Files that have to say the same."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreed:
    """Files that were found to say the same."""

    evidence: Evidence
    files: Mapping[str, bytes]

    def holds(self, files: Mapping[str, bytes]) -> bool:
        """Whether these are the very files."""
        return self.files == _told(files)


def sign_release(folder: Path, signer: Signer, *, agreed: Agreed | None = None) -> None:
    """Sign an unsigned release where it lies, as its provider.

    Parameters
    ----------
    folder : pathlib.Path
        A folder that nobody else sees yet: it changes file by file, and only the caller makes it visible, whole.
    signer : Signer
        Whose key signs everything.
    agreed : Agreed, optional
        Of files that `agree` was asked about before; what is in the folder counts.

    Raises
    ------
    InputError
        If the folder is not an unsigned release, or the key cannot sign.
    VerificationError
        If card.json is not a card.
    ServiceError
        If the time stamp server, or the token with the key, fails.
    OutputError
        If the signatures cannot be written.
    """
    files = _unsigned(folder, read_release(folder))
    if agreed is None or not agreed.holds(files):
        agreed = agree(files)
    evidence = agreed.evidence
    _refuse_lower(evidence, stamped=signer.tsa is not None)
    _write(folder, _certified(files, signer, evidence))


def countersign_release(folder: Path, signer: Signer, opinion: Opinion) -> None:
    """Sign a signed release as its validator or approver, with an opinion.

    Nothing that was signed before changes: ``card.pdf`` grows by one revision, a folder is added to ``signatures``.

    Parameters
    ----------
    folder : pathlib.Path
        As in `sign_release`.
    signer : Signer
        Whose key signs: of another key than those who signed before.
    opinion : Opinion
        About this card.

    Raises
    ------
    VerificationError
        If the release is not signed, or something in it is wrong.
    InputError
        If the role has signed, the card was withdrawn, the opinion is about another card, or the key cannot sign.
    ServiceError
        If the time stamp server, or the token with the key, fails.
    OutputError
        If the signatures cannot be written.
    """
    if opinion.role not in ROLES[1:]:
        raise InputError("nobody gives an opinion as this", found=repr(opinion.role), allowed=", ".join(ROLES[1:]))
    _add(folder, signer, opinion.role, opinion.card, {OPINION: opinion.to_json()})


def withdraw_release(folder: Path, signer: Signer, withdrawal: Withdrawal) -> None:
    """Take a signed card back: nothing is removed, a signed withdrawal is added.

    Raises
    ------
    VerificationError, InputError, ServiceError, OutputError
        As for `countersign_release`.
    """
    _add(folder, signer, WITHDRAWN, withdrawal.card, {WITHDRAWAL: withdrawal.to_json()})


def renew_release(folder: Path, *, tsa: str, crls: Iterable[Path] = ()) -> None:
    """Add an archive to a signed release, without any key: before certificates end, or to reach B-LTA.

    Parameters
    ----------
    folder : pathlib.Path
        As in `sign_release`.
    tsa : str
        Address of the time stamp server.
    crls : iterable of pathlib.Path
        Files with the revocation lists of the authorities, of today.

    Raises
    ------
    VerificationError
        If something in the release is wrong.
    InputError
        If it is not signed, or a certificate can be revoked and the list of its authority is not given.
    ServiceError
        If the time stamp server fails.
    OutputError
        If the archive cannot be written.
    """
    from explainkit.sign.hand import archive
    from explainkit.sign.hanko import quiet, run
    from explainkit.sign.timestamps import Stamper

    files = {f.name: f.data for f in read_release(folder).files}
    acts = acts_among(files)
    _refuse_wrong(folder, files, acts)
    with quiet():
        new = run(archive(files, acts, Stamper(tsa), _crls(crls)))
    _write(folder, new)


def _unsigned(folder: Path, contents: Contents) -> dict[str, bytes]:
    files = {f.name: f.data for f in contents.files}
    if (folder / SIGNATURES).exists() or any(name.startswith(SIGNATURES + "/") for name in files):
        raise InputError("this release is signed already", where=str(folder), remedy="make a new release to sign")
    for odd in contents.oddities:
        raise InputError(f"{odd.what} cannot be part of a release", where=str(folder / odd.name))
    missing = [name for name in CARD_FILES if name not in files]
    if missing:
        raise InputError("not a release", where=str(folder), found=f"no {', no '.join(missing)}")
    return files


def _told(files: Mapping[str, bytes]) -> dict[str, bytes]:
    return {name: files[name] for name in TOLD if name in files}


def agree(files: Mapping[str, bytes]) -> Agreed:
    """The card, where all files say the same.

    Raises
    ------
    VerificationError
        If card.json is not a card.
    InputError
        If card.html or the public summary says something else.
    """
    from explainkit.sign.content import read_card, unlike_card, unlike_summary
    from explainkit.sign.hanko import HOSTILE

    evidence = read_card(files["card.json"])
    try:
        subjects(evidence)
        unlike = unlike_card(files["card.html"], evidence)
    except HOSTILE as error:
        # The reader of card.json checks its members, not the type of each value.
        raise VerificationError("not a card", where="card.json", found=str(error)[:200]) from None
    for problem in unlike:
        raise InputError("the page cannot be signed", where="card.html", found=problem)
    for name, problem in unlike_summary(files):
        raise InputError("the public summary cannot be signed", where=name, found=problem)
    return Agreed(evidence=evidence, files=_told(files))


def _refuse_lower(evidence: Evidence, *, stamped: bool) -> None:
    """The level that the card says is intended has to be reached."""
    reached = REACHED[stamped]
    if evidence.level not in reached:
        raise InputError(
            "the intended level cannot be reached",
            where="card.json",
            found=evidence.level,
            allowed=", ".join(reached),
            remedy=f"{evidence.level} needs a time stamp server: --tsa URL",
        )


def _certified(files: Mapping[str, bytes], signer: Signer, evidence: Evidence) -> dict[str, bytes]:
    """The files that the provider's signature adds or changes."""
    # pyHanko takes a third of a second to import: only those who sign or verify pay for it.
    from explainkit.sign.hand import Hand
    from explainkit.sign.hanko import quiet, run
    from explainkit.sign.pades import certified, marked
    from explainkit.sign.trial_mark import is_trial, marked_pages

    crls = _crls(signer.crls)

    async def sign_all(hand: Hand) -> dict[str, bytes]:
        trial = is_trial(hand.chain)
        pages = marked_pages(files) if trial else {}
        if trial and SUMMARY_PDF in files:
            pages[SUMMARY_PDF] = marked(files[SUMMARY_PDF])
        pdf = await certified(
            files["card.pdf"], hand.signer, card_json=files["card.json"], trial=trial, stamper=hand.stamper
        )
        shown = {**files, **pages, "card.pdf": pdf}
        act = Act(number=1, kind=ROLES[0])
        new = {**pages, "card.pdf": pdf, **await hand.folder(act, shown, about=subjects(evidence))}
        return await _kept(files, new, (act,), hand, evidence, crls)

    with signer.open() as key, quiet():
        return run(sign_all(Hand.of(signer, key)))


async def _kept(
    files: Mapping[str, bytes],
    new: Mapping[str, bytes],
    acts: tuple[Act, ...],
    hand: Hand,
    evidence: Evidence,
    crls: Sequence[Any],
) -> dict[str, bytes]:
    """What was signed, with an archive where the card intends that it can be judged for long."""
    from explainkit.sign.hand import archive

    if evidence.level not in ("B-LT", "B-LTA"):
        return dict(new)
    assert hand.stamper is not None
    return {**new, **await archive({**files, **new}, acts, hand.stamper, crls)}


def _crls(paths: Iterable[Path]) -> tuple[Any, ...]:
    from explainkit.sign.trust import read_trust

    found = read_trust(tuple(paths))
    if found.anchors:
        raise InputError("a certificate where revocation lists are due", where="--crl")
    return found.crls


def _add(folder: Path, signer: Signer, kind: str, card: str, words: Mapping[str, bytes]) -> None:
    """Add the folder of another signer to a signed release."""
    from explainkit.sign.content import read_card
    from explainkit.sign.hand import Hand
    from explainkit.sign.hanko import quiet, run
    from explainkit.sign.pades import countersigned

    files = {f.name: f.data for f in read_release(folder).files}
    acts = acts_among(files)
    _refuse_twice(folder, acts, kind)
    _refuse_wrong(folder, files, acts)
    evidence = read_card(files["card.json"])
    if card != "sha256:" + sha256_of(files["card.json"]):
        raise InputError("said about another card", where=str(folder), found=card, allowed="the digest of card.json")
    _refuse_lower(evidence, stamped=signer.tsa is not None)
    act = Act(number=len(acts) + 1, kind=kind)
    before = sha256_of(files[next(a for a in reversed(acts) if a.kind != ARCHIVE).folder + STATEMENT])
    said = {act.folder + name: data for name, data in words.items()}
    crls = _crls(signer.crls)

    async def sign_all(hand: Hand) -> dict[str, bytes]:
        pdf = files["card.pdf"]
        if act.signs_pdf:
            pdf = await countersigned(pdf, hand.signer, role=kind, stamper=hand.stamper)
        shared = {name: data for name, data in files.items() if not name.startswith(SIGNATURES + "/")}
        added = await hand.folder(act, {**shared, "card.pdf": pdf, **said}, about=subjects(evidence), before=before)
        new = {"card.pdf": pdf, **said, **added}
        return await _kept(files, new, (*acts, act), hand, evidence, crls)

    with signer.open() as key, quiet():
        _refuse_key(files, acts, key, kind)
        new = run(sign_all(Hand.of(signer, key)))
    _write(folder, new)


def _refuse_twice(folder: Path, acts: tuple[Act, ...], kind: str) -> None:
    """Each role signs once, while the card is not withdrawn."""
    kinds = [act.kind for act in acts if act.kind != ARCHIVE]
    if WITHDRAWN in kinds:
        raise InputError("the card was withdrawn", where=str(folder), remedy="make a new release")
    if kind in kinds:
        raise InputError(f"the {kind} has signed already", where=str(folder), remedy="make a new release to sign")


def _refuse_wrong(folder: Path, files: Mapping[str, bytes], acts: tuple[Act, ...]) -> None:
    """Only what is signed, and in which nothing is wrong, gets more."""
    from explainkit.sign.verification import verify_release

    if not any(name in files for name in CARD_FILES):
        raise InputError("not a release", where=str(folder), found=f"no {', no '.join(CARD_FILES)}")
    if not acts:
        raise InputError("not signed by the provider yet", where=str(folder), remedy="explainkit sign, as the provider")
    if len(acts) + 2 > MOST_ACTS:
        raise InputError("more signers than a release can have", where=str(folder), allowed=str(MOST_ACTS))
    found = verify_release(folder)
    for reason in found.reasons:
        if reason.state == "invalid":
            raise VerificationError("only a release in which nothing is wrong is signed again", where=str(reason))


def _refuse_key(files: Mapping[str, bytes], acts: tuple[Act, ...], key: OpenKey, kind: str) -> None:
    from cryptography import x509

    from explainkit.sign.trial_mark import is_trial

    chains = {
        act.kind: x509.load_pem_x509_certificates(files[act.folder + CHAIN]) for act in acts if act.kind != ARCHIVE
    }
    if is_trial(key.chain) and not is_trial(chains[ROLES[0]]):
        raise InputError(
            "a TEST key does not sign a real release",
            found=key.chain[0].subject.rfc4514_string(),
            remedy="sign with a real certificate",
        )
    for other, chain in chains.items():
        if kind != WITHDRAWN and chain[0].public_key() == key.chain[0].public_key():
            raise InputError(
                f"the {kind} cannot sign with the key of the {other}", remedy="each role signs with a key of its own"
            )


def _write(folder: Path, files: Mapping[str, bytes]) -> None:
    try:
        for name, data in files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
    except OSError as error:
        raise OutputError(
            "the signatures cannot be written", where=str(folder), found=error.strerror or str(error)
        ) from None
