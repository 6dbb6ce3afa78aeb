"""One folder of ``signatures/`` is verified: its statement, its detached signatures, and what its signer says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from cryptography import x509

from explainkit.artifact import sha256_of
from explainkit.errors import VerificationError
from explainkit.sign.acts import Act
from explainkit.sign.cades import check_detached
from explainkit.sign.case import Case, judge, same_signer, unjudged
from explainkit.sign.certificates import fingerprint, pem_chain, unfitness
from explainkit.sign.cms import CheckedSignature, Stamp
from explainkit.sign.dsse import Envelope
from explainkit.sign.folder import SIGNATURES, FileOnDisk
from explainkit.sign.hanko import HOSTILE
from explainkit.sign.manifest import (
    CARD_FILES,
    CHAIN,
    DETACHED,
    ROLES,
    STATEMENT,
    STATEMENT_TOKEN,
    WITHDRAWN,
    Statement,
)
from explainkit.sign.opinion import OPINION, WITHDRAWAL, Opinion, Withdrawal
from explainkit.sign.timestamps import check_token


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedAct:
    """A folder whose statement is signed by the certificate beside it."""

    act: Act
    statement: Statement
    chain: tuple[x509.Certificate, ...]
    envelope: bytes
    token: bytes | None
    """Time stamp over the envelope."""

    @property
    def own(self) -> tuple[str, ...]:
        """Files of the folder that its statement cannot list."""
        return (self.act.folder + STATEMENT, *((self.act.folder + STATEMENT_TOKEN,) if self.token is not None else ()))

    @property
    def documents(self) -> tuple[str, ...]:
        """Files with a detached signature in this folder."""
        return signed_documents(self.act)


def signed_documents(act: Act) -> tuple[str, ...]:
    """Names of the files that a signer signs one by one: the card, and the signer's own words about it."""
    if act.kind == WITHDRAWN:
        return (act.folder + WITHDRAWAL,)
    return DETACHED if act.kind == ROLES[0] else (*DETACHED, act.folder + OPINION)


def detached_name(act: Act, document: str) -> str:
    """Name of the detached signature of a document in the folder of a signer."""
    return f"{act.folder}{document.rpartition('/')[2]}.p7s"


def read_act(case: Case, files: Mapping[str, FileOnDisk], act: Act, before: SignedAct | None) -> SignedAct | None:
    """The statement in a folder, if its signature is good, and the certificates beside it."""
    folder = act.folder
    for name in (STATEMENT, CHAIN):
        if folder + name not in files:
            case.wrong(folder + name, "missing")
            return None
    chain = read_chain(case, folder, files[folder + CHAIN].data)
    if chain is None:
        return None
    raw = files[folder + STATEMENT].data
    try:
        envelope = Envelope.from_json(raw)
        if not envelope.signed_by(chain[0]):
            raise VerificationError("the signature is not that of the certificate in chain.pem over this statement")
        statement = Statement.from_payload(envelope.payload)
    except VerificationError as error:
        case.refused(folder + STATEMENT, error)
        return None
    token = files.get(folder + STATEMENT_TOKEN)
    signed = SignedAct(
        act=act, statement=statement, chain=chain, envelope=raw, token=None if token is None else token.data
    )
    _in_its_place(case, signed, before)
    return signed


def read_chain(case: Case, folder: str, data: bytes) -> tuple[x509.Certificate, ...] | None:
    """The certificates in ``chain.pem``; None where it is none."""
    try:
        chain = tuple(x509.load_pem_x509_certificates(data))
        unfit = unfitness(chain[0])
        if pem_chain(chain) != data:
            raise ValueError("more than certificates in PEM")
    except HOSTILE as error:
        case.wrong(folder + CHAIN, f"not a chain of certificates ({str(error)[:200]})")
        return None
    if unfit is not None:
        case.wrong(folder + CHAIN, f"the certificate must not sign a release: {unfit}")
    return chain


def _in_its_place(case: Case, signed: SignedAct, before: SignedAct | None) -> None:
    """The statement is by this certificate, for this folder, after that of the signer before, about all there is."""
    place, statement, act = signed.act.folder + STATEMENT, signed.statement, signed.act
    if statement.certificate != fingerprint(signed.chain[0]):
        case.wrong(place, "names another certificate than the one in chain.pem")
    if statement.role != act.kind:
        case.wrong(place, f"made for another place: role {statement.role!r:.40}")
    if statement.previous != (None if before is None else sha256_of(before.envelope)):
        case.wrong(place, "made for another place: it does not follow the statement before it")
    due = {*CARD_FILES, act.folder + CHAIN, *(detached_name(act, name) for name in signed.documents), *signed.documents}
    names = {f.name for f in statement.files}
    if due - names:
        case.wrong(place, f"does not list {', '.join(sorted(due - names))}")
    strange = sorted(n for n in names if n.startswith(SIGNATURES + "/") and not n.startswith(act.folder))
    if strange:
        case.wrong(place, f"lists {strange[0]}, which is another signer's")
    if before is not None:
        if _shared(statement) != _shared(before.statement):
            case.wrong(place, "covers other files of the card than the statement before it")
        if statement.subjects != before.statement.subjects:
            case.wrong(place, "names another model, other data or another plan than the statement before it")


def _shared(statement: Statement) -> set[tuple[str, str]]:
    """Name and digest of each file that every signer covers; ``card.pdf`` has a revision for each."""
    return {
        (f.name, "" if f.name == "card.pdf" else f.sha256)
        for f in statement.files
        if not f.name.startswith(SIGNATURES + "/")
    }


def judge_statement(case: Case, signed: SignedAct) -> None:
    """The signature of the envelope, whose bytes are good, and the time stamp over it."""
    judge_envelope(case, signed.act, signed.chain, signed.envelope, signed.token)


def judge_envelope(
    case: Case, act: Act, chain: tuple[x509.Certificate, ...], envelope: bytes, token: bytes | None
) -> None:
    """As `judge_statement`, whatever the statement says."""
    at, archived = case.moments[act.number]
    stamp: Stamp | None = None
    if token is not None:
        try:
            stamp = check_token(token, envelope, case.trust, at)
        except VerificationError as error:
            case.refused(act.folder + STATEMENT_TOKEN, error)
    proven = stamp is not None and stamp.sound and stamp.trusted and stamp.at < at
    signature = CheckedSignature(
        intact=True,
        valid=True,
        trusted=True,
        certificate=chain[0],
        others=chain[1:],
        signed_at=None,
        stamp=stamp,
        moment=stamp.at if stamp is not None and proven else at,
    )
    place = act.folder + STATEMENT
    judge(case, place, signature, role=act.kind, kind="dsse", covers="the release", archived=archived)


def judge_detached(case: Case, signed: SignedAct, good: Mapping[str, bytes]) -> None:
    """The detached signatures, of those files that are as the statement lists them."""
    at, archived = case.moments[signed.act.number]
    for name in signed.documents:
        place, covers = detached_name(signed.act, name), name.rpartition("/")[2]
        if name not in good or place not in good:
            unjudged(case, signed.act.kind, "cades", covers)
            continue
        try:
            signature = check_detached(good[name], good[place], case.trust, at)
        except VerificationError as error:
            case.refused(place, error)
            unjudged(case, signed.act.kind, "cades", covers)
            continue
        same_signer(case, place, signature, signed.chain)
        judge(case, place, signature, role=signed.act.kind, kind="cades", covers=covers, archived=archived)


def read_words(case: Case, signed: SignedAct, good: Mapping[str, bytes]) -> None:
    """What a signer says of the card, where it is about this card and by this role."""
    name = {ROLES[0]: None, WITHDRAWN: WITHDRAWAL}.get(signed.act.kind, OPINION)
    if name is None or signed.act.folder + name not in good or "card.json" not in good:
        return
    place, data = signed.act.folder + name, good[signed.act.folder + name]
    try:
        said = Withdrawal.from_json(data) if name == WITHDRAWAL else Opinion.from_json(data)
    except VerificationError as error:
        case.refused(place, error)
        return
    if said.card != "sha256:" + sha256_of(good["card.json"]):
        case.wrong(place, "about another card")
    if isinstance(said, Withdrawal):
        if said.role not in ROLES:
            case.wrong(place, f"withdrawn as {said.role!r:.40}, which is no role")
        case.withdrawals.append((said, signed.chain[0]))
        return
    if said.role != signed.act.kind:
        case.wrong(place, f"the opinion of another role ({said.role!r:.40})")
    case.opinions.append((said, signed.chain[0]))
