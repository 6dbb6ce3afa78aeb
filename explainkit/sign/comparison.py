"""A comparison is signed, and verified: what holds for a release, for the files of a comparison and one signer.

``compare.pdf`` holds a PAdES signature, ``compare.json`` and ``compare.html`` have detached CAdES signatures, and a
statement of a predicate of its own (`PREDICATE_TYPE`) names every file and both cards. No countersignature, withdrawal
or archive follows: what is signed is exactly what is there.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from cryptography import x509

from explainkit.comparison import NAMES, Comparison
from explainkit.errors import InputError, OutputError, VerificationError
from explainkit.records import canonical
from explainkit.sign.acts import Act
from explainkit.sign.certificates import fingerprint, pem_chain
from explainkit.sign.dsse import Envelope
from explainkit.sign.folder import SIGNATURES, Contents, FileOnDisk, read_release
from explainkit.sign.keys import Signer
from explainkit.sign.manifest import (
    CHAIN,
    ROLES,
    STATEMENT,
    STATEMENT_TOKEN,
    STATEMENT_TYPE,
    ListedFile,
    as_subject,
    expect_members,
    listed,
    read_digest,
    read_listed,
    read_text,
)

if TYPE_CHECKING:
    from explainkit.sign.case import Case
    from explainkit.sign.hand import Hand

PREDICATE_TYPE = "urn:explainkit:comparison:v1"
ACT = Act(number=1, kind=ROLES[0])
"""The only one who signs a comparison."""
DETACHED = ("compare.json", "compare.html")
_PDF, _HTML, _JSON = NAMES
_COVERED = tuple(sorted((*NAMES, ACT.folder + CHAIN, *(f"{ACT.folder}{name}.p7s" for name in DETACHED))))
"""Every file of a signed comparison but the statement and its time stamp."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparisonStatement:
    """What the signer states about a comparison."""

    role: str
    certificate: str
    """SHA-256 of the signer's certificate (DER), 64 hexadecimal digits."""
    files: tuple[ListedFile, ...]
    """Every file but the statement itself, sorted by name."""
    cards: tuple[str, str]
    """SHA-256 of both card.json, the earlier first, 64 hexadecimal digits each."""

    def to_payload(self) -> bytes:
        """The in-toto statement as canonical JSON (RFC 8785)."""
        return canonical(
            {
                "_type": STATEMENT_TYPE,
                "subject": as_subject(self.files),
                "predicateType": PREDICATE_TYPE,
                "predicate": {
                    "role": self.role,
                    "signer": {"certificate": {"sha256": self.certificate}},
                    "before": {"sha256": self.cards[0]},
                    "after": {"sha256": self.cards[1]},
                },
            }
        )

    @classmethod
    def from_payload(cls, payload: bytes) -> ComparisonStatement:
        """Read a statement, strictly: no member more, none less, canonical bytes.

        Raises
        ------
        VerificationError
            If it is anything else.
        """
        try:
            document = json.loads(payload)
            expect_members(document, "_type", "subject", "predicateType", "predicate")
            predicate = document["predicate"]
            expect_members(predicate, "role", "signer", "before", "after")
            expect_members(predicate["signer"], "certificate")
            statement = cls(
                role=read_text(predicate["role"]),
                certificate=read_digest(predicate["signer"]["certificate"]),
                files=tuple(read_listed(s) for s in document["subject"]),
                cards=(read_digest(predicate["before"]), read_digest(predicate["after"])),
            )
            # The types are those that are written; so are members, order and white space.
            if statement.to_payload() != payload:
                raise ValueError(f"not canonical JSON (RFC 8785) of {PREDICATE_TYPE}")
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
            what = str(error) or type(error).__name__
            raise VerificationError("not a statement about a comparison", where=STATEMENT, found=what) from None
        return statement


def is_comparison(names: Mapping[str, object]) -> bool:
    """Whether files are those of a comparison: any of its own, and none of a card's."""
    return any(name in names for name in NAMES) and not any(name.startswith("card.") for name in names)


def read_comparison(files: Mapping[str, bytes]) -> Comparison:
    """The comparison, where page and JSON say the same.

    Raises
    ------
    VerificationError
        If they do not, or it is none.
    """
    from explainkit.sign.content import LARGEST_CARD, unlike_card
    from explainkit.sign.hanko import HOSTILE

    data = files[_JSON]
    if len(data) > LARGEST_CARD:
        raise VerificationError("too large for a comparison", where=_JSON, found=f"{len(data)} bytes")
    try:
        comparison = Comparison.from_json(data)
        _cards(comparison)
        problems = unlike_card(files[_HTML], comparison.as_evidence()) if _HTML in files else ()
    except VerificationError:
        raise
    except HOSTILE as error:
        # The reader checks members, not the type of each value.
        raise VerificationError("not a comparison", where=_JSON, found=str(error)[:200]) from None
    for problem in problems:
        raise VerificationError("not what compare.json says", where=_HTML, found=problem)
    return comparison


def _cards(comparison: Comparison) -> tuple[str, str]:
    """Digests of both cards, 64 hexadecimal digits each."""
    found = [
        read_digest({"sha256": side.card.removeprefix("sha256:")}) for side in (comparison.before, comparison.after)
    ]
    return found[0], found[1]


def sign_comparison(folder: Path, signer: Signer) -> None:
    """Sign an unsigned comparison where it lies.

    Parameters
    ----------
    folder : pathlib.Path
        A folder that nobody else sees yet, as for `explainkit.sign.release.sign_release`.
    signer : Signer
        Whose key signs everything.

    Raises
    ------
    InputError
        If the folder is not an unsigned comparison, or the key cannot sign.
    VerificationError
        If its files do not say the same.
    ServiceError
        If the time stamp server, or the token with the key, fails.
    OutputError
        If the signatures cannot be written.
    """
    from explainkit.sign.hand import Hand
    from explainkit.sign.hanko import quiet, run

    files = _unsigned(folder)
    cards = _cards(read_comparison(files))
    with signer.open() as key, quiet():
        new = run(_signed(files, Hand.of(signer, key), cards))
    try:
        for name, data in new.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
    except OSError as error:
        raise OutputError(
            "the signatures cannot be written", where=str(folder), found=error.strerror or str(error)
        ) from None


def _unsigned(folder: Path) -> dict[str, bytes]:
    contents = read_release(folder)
    files = {f.name: f.data for f in contents.files}
    if (folder / SIGNATURES).exists():
        raise InputError("this comparison is signed already", where=str(folder), remedy="compare again")
    for odd in contents.oddities:
        raise InputError(f"{odd.what} cannot be part of a comparison", where=str(folder / odd.name))
    if set(files) != set(NAMES):
        found = ", ".join(sorted(set(files) ^ set(NAMES)))
        raise InputError("not a comparison", where=str(folder), found=f"too much or missing: {found}")
    return files


async def _signed(files: Mapping[str, bytes], hand: Hand, cards: tuple[str, str]) -> dict[str, bytes]:
    """The files that signing adds or changes."""
    from explainkit.sign.cades import detached_signature
    from explainkit.sign.dsse import seal
    from explainkit.sign.pades import certified
    from explainkit.sign.timestamps import token_over
    from explainkit.sign.trial_mark import is_trial, marked_pages

    trial = is_trial(hand.chain)
    new = dict(marked_pages(files)) if trial else {}
    new[_PDF] = await certified(
        files[_PDF], hand.signer, card_json=files[_JSON], trial=trial, stamper=hand.stamper, attached=_JSON
    )
    new[ACT.folder + CHAIN] = pem_chain(hand.chain)
    now = dt.datetime.now(dt.UTC).replace(microsecond=0)
    for name in DETACHED:
        data = {**files, **new}[name]
        new[f"{ACT.folder}{name}.p7s"] = await detached_signature(data, hand.signer, at=now, stamper=hand.stamper)
    covered = [FileOnDisk(name=name, data=data) for name, data in {**files, **new}.items()]
    own = hand.chain[0]
    statement = ComparisonStatement(role=ACT.kind, certificate=fingerprint(own), files=listed(covered), cards=cards)
    envelope = (await seal(statement.to_payload(), hand.signer, own)).to_json()
    new[ACT.folder + STATEMENT] = envelope
    if hand.stamper is not None:
        new[ACT.folder + STATEMENT_TOKEN] = await token_over(envelope, hand.stamper)
    return new


def check_comparison(case: Case, contents: Contents) -> None:
    """Verify a comparison: every file, every signature, and that they belong together.

    Parameters
    ----------
    case : Case
        Takes what is found.
    contents : Contents
        The folder as it was read.
    """
    files = {f.name: f for f in contents.files}
    for odd in contents.oddities:
        case.wrong(odd.name, f"{odd.what}; a comparison has only its own files")
    read = _statement(case, files)
    good = _compare_files(case, files, None if read is None else read[0])
    if read is None:
        return
    statement, chain = read
    case.moments[ACT.number] = (case.at, False)
    _judge(case, files, good, chain)
    _content(case, good, statement)


def _statement(
    case: Case, files: Mapping[str, FileOnDisk]
) -> tuple[ComparisonStatement, tuple[x509.Certificate, ...]] | None:
    """What the signer states, where its signature is good, and the certificates beside it."""
    from explainkit.sign.signer_folder import read_chain

    place = ACT.folder + STATEMENT
    if not any(name.startswith(SIGNATURES + "/") for name in files):
        case.wrong(SIGNATURES, f"not signed by the {ROLES[0]}", "sign it, or get the comparison whole")
        return None
    for name in (place, ACT.folder + CHAIN):
        if name not in files:
            case.wrong(name, "missing")
            return None
    chain = read_chain(case, ACT.folder, files[ACT.folder + CHAIN].data)
    if chain is None:
        return None
    try:
        envelope = Envelope.from_json(files[place].data)
        if not envelope.signed_by(chain[0]):
            raise VerificationError("the signature is not that of the certificate in chain.pem over this statement")
        statement = ComparisonStatement.from_payload(envelope.payload)
    except VerificationError as error:
        case.refused(place, error)
        return None
    if statement.certificate != fingerprint(chain[0]):
        case.wrong(place, "names another certificate than the one in chain.pem")
    if statement.role != ACT.kind:
        case.wrong(place, f"made for another place: role {statement.role!r:.40}")
    if tuple(f.name for f in statement.files) != _COVERED:
        case.wrong(place, f"does not list exactly {', '.join(_COVERED)}")
    return statement, chain


def _compare_files(
    case: Case, files: Mapping[str, FileOnDisk], statement: ComparisonStatement | None
) -> dict[str, bytes]:
    """Every file is listed, every listed file is there as it was; the bytes of those that are."""
    from explainkit.sign.verdict import FileVerdict

    if statement is None:
        case.files += [FileVerdict(name=name, listed=False, intact=None) for name in files]
        return {}
    good: dict[str, bytes] = {}
    names = {f.name: f for f in statement.files}
    for name, due in names.items():
        there = files.get(name)
        if there is None:
            case.wrong(name, "missing")
        elif (there.length, there.sha256) != (due.length, due.sha256):
            case.wrong(name, "changed since it was signed")
        else:
            good[name] = there.data
    own = {ACT.folder + STATEMENT, ACT.folder + STATEMENT_TOKEN}
    for name in sorted(files.keys() - names.keys() - own):
        case.wrong(name, "not listed by the statement: it was added after signing")
    for name in sorted(files.keys() | names.keys()):
        known = name in names or name in own
        intact = (name in good or name in own) if known else None
        case.files.append(FileVerdict(name=name, listed=known, intact=intact))
    return good


def _judge(
    case: Case, files: Mapping[str, FileOnDisk], good: Mapping[str, bytes], chain: tuple[x509.Certificate, ...]
) -> None:
    """Judge the statement's signature, the detached ones, and the one inside the PDF."""
    from explainkit.sign.cades import check_detached
    from explainkit.sign.case import judge, same_signer, unjudged
    from explainkit.sign.signer_folder import judge_envelope

    token = files.get(ACT.folder + STATEMENT_TOKEN)
    judge_envelope(case, ACT, chain, files[ACT.folder + STATEMENT].data, None if token is None else token.data)
    for name in DETACHED:
        place = f"{ACT.folder}{name}.p7s"
        if name not in good or place not in good:
            unjudged(case, ACT.kind, "cades", name)
            continue
        try:
            signature = check_detached(good[name], good[place], case.trust, case.at)
        except VerificationError as error:
            case.refused(place, error)
            unjudged(case, ACT.kind, "cades", name)
            continue
        same_signer(case, place, signature, chain)
        judge(case, place, signature, role=ACT.kind, kind="cades", covers=name, archived=False)
    _judge_pdf(case, good, chain)


def _judge_pdf(case: Case, good: Mapping[str, bytes], chain: tuple[x509.Certificate, ...]) -> None:
    """The one signature inside compare.pdf, and that compare.json is embedded there."""
    from explainkit.sign.case import judge, same_signer, unjudged
    from explainkit.sign.revisions import check_pdf

    if _PDF not in good:
        unjudged(case, ACT.kind, "pades", _PDF)
        return
    try:
        pdf = check_pdf(good[_PDF], case.trust, case.at, attached=_JSON)
    except VerificationError as error:
        case.refused(_PDF, error)
        unjudged(case, ACT.kind, "pades", _PDF)
        return
    if [r.role for r in pdf.revisions] != [ACT.kind] or pdf.revisions[0].signature is None:
        case.wrong(_PDF, f"not signed as {ACT.kind} alone")
        unjudged(case, ACT.kind, "pades", _PDF)
        return
    signature = pdf.revisions[0].signature
    same_signer(case, _PDF, signature, chain)
    judge(case, _PDF, signature, role=ACT.kind, kind="pades", covers=_PDF, archived=False)
    if _JSON in good and pdf.card_json != good[_JSON]:
        case.wrong(_PDF, f"the {_JSON} embedded in it is not the one beside it")


def _content(case: Case, good: Mapping[str, bytes], statement: ComparisonStatement) -> None:
    """Page and JSON agree, about the cards that the statement names; for a release, both were verified."""
    if _JSON not in good:
        return
    try:
        comparison = read_comparison(good)
    except VerificationError as error:
        case.refused(error.where or _JSON, error)
        return
    if _cards(comparison) != statement.cards:
        case.wrong(_JSON, "compares other cards than the statement names")
    for which, side in (("earlier", comparison.before), ("later", comparison.after)):
        if case.release and side.verified != "valid":
            case.wrong(_JSON, f"the {which} card was not verified when it was compared: {side.verified}")
