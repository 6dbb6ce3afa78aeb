"""What a verification finds while it goes on: reasons, verdicts on files and on signatures."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from cryptography import x509

from explainkit.errors import VerificationError
from explainkit.evidence import Evidence
from explainkit.sign.certificates import fingerprint, is_test, signer_name, unfitness
from explainkit.sign.cms import CheckedSignature, Stamp
from explainkit.sign.opinion import Opinion, Withdrawal
from explainkit.sign.trust import Trust, standing
from explainkit.sign.verdict import (
    FileVerdict,
    Kind,
    OpinionVerdict,
    Reason,
    SignatureVerdict,
    State,
    Verification,
    WithdrawalVerdict,
    overall,
)


@dataclass(slots=True)
class Case:
    """What is being found; `verification` freezes it."""

    trust: Trust
    """Whom the verifier trusts."""
    at: dt.datetime
    """The moment for which certificates are judged."""
    release: bool
    """Whether the rules for a real release hold."""
    reasons: list[Reason] = field(default_factory=list)
    files: list[FileVerdict] = field(default_factory=list)
    signatures: list[SignatureVerdict] = field(default_factory=list)
    certificates: list[tuple[str, str]] = field(default_factory=list)
    """Role and fingerprint of whoever made a signature that was judged."""
    moments: dict[int, tuple[dt.datetime, bool]] = field(default_factory=dict)
    """By number of an act: the moment for which it is judged, and whether a trusted archive after it says so."""
    evidence: Evidence | None = None
    """The card, once it was read."""
    opinions: list[tuple[Opinion, x509.Certificate]] = field(default_factory=list)
    """What signers say of the card, and their certificates."""
    withdrawals: list[tuple[Withdrawal, x509.Certificate]] = field(default_factory=list)

    def add(self, state: State, where: str, problem: str, remedy: str | None = None) -> None:
        """Note a reason, once."""
        reason = Reason(state=state, where=_printable(where), problem=_printable(problem), remedy=remedy)
        if reason not in self.reasons:
            self.reasons.append(reason)

    def wrong(self, where: str, problem: str, remedy: str | None = None) -> None:
        """Note that something is wrong."""
        self.add("invalid", where, problem, remedy)

    def refused(self, where: str, error: VerificationError) -> None:
        """Note why something was refused."""
        found = "" if error.found is None else f"; found {error.found}"
        self.wrong(where, error.problem + found, error.remedy)

    def verification(self, path: Path) -> Verification:
        """What was found, frozen."""
        return Verification(
            path=str(path),
            state=overall(self.reasons),
            reasons=tuple(sorted(self.reasons, key=lambda r: r.state != "invalid")),
            files=tuple(sorted(self.files, key=lambda f: f.name)),
            signatures=tuple(self.signatures),
            opinions=tuple(_opinion(said, who, self.at) for said, who in self.opinions),
            withdrawal=next((_withdrawal(said, who) for said, who in self.withdrawals), None),
            release=self.release,
        )


def _opinion(said: Opinion, who: x509.Certificate, at: dt.datetime) -> OpinionVerdict:
    return OpinionVerdict(
        role=said.role,
        opinion=said.opinion,
        name=_printable(said.name),
        signer=signer_name(who),
        date=said.date,
        valid_until=said.valid_until,
        lapsed=said.lapsed(at),
        conditions=tuple(map(_printable, said.conditions)),
        findings=len(said.findings),
        open_findings=sum(1 for f in said.findings if f.status == "open"),
    )


def _withdrawal(said: Withdrawal, who: x509.Certificate) -> WithdrawalVerdict:
    return WithdrawalVerdict(
        role=_printable(said.role),
        signer=signer_name(who),
        date=_printable(said.date),
        reason=_printable(said.reason),
    )


def same_signer(case: Case, place: str, signature: CheckedSignature, chain: Sequence[x509.Certificate]) -> None:
    """Note when a signature is by another certificate than the statement's."""
    if signature.certificate != chain[0]:
        case.wrong(place, f"signed with another certificate ({signer_name(signature.certificate)}) than the statement")


def unjudged(case: Case, role: str, kind: Kind, covers: str) -> None:
    """A signature that was not judged, because bytes are not those that were signed; the reason stands elsewhere."""
    case.signatures.append(
        SignatureVerdict(
            role=role,
            kind=kind,
            covers=covers,
            signer=None,
            test=None,
            intact=None,
            valid=None,
            trusted=None,
            level=None,
            signed_at=None,
            stamped_at=None,
            state="invalid",
        )
    )


def judge(
    case: Case, place: str, signature: CheckedSignature, *, role: str, kind: Kind, covers: str, archived: bool
) -> None:
    """Turn a checked signature into a verdict with its reasons.

    Parameters
    ----------
    archived : bool
        Whether a later archive by a time stamp server that the verifier trusts covers it.
    """
    where = standing(signature.certificate, signature.others, case.trust, signature.moment)
    reasons = list(_of_stamp(place, signature.stamp))
    if not signature.intact:
        reasons.append(Reason(state="invalid", where=place, problem="what it signs is not what is there"))
    if not signature.valid:
        reasons.append(Reason(state="invalid", where=place, problem="the signature is not that of its certificate"))
    unfit = unfitness(signature.certificate)
    if unfit is not None:
        reasons.append(Reason(state="invalid", where=place, problem=f"the certificate must not sign: {unfit}"))
    name = signer_name(signature.certificate)
    if not where.trusted:
        reasons.append(Reason(state=where.state, where=name, problem=where.problem, remedy=where.remedy))
    elif not signature.trusted:
        reasons.append(Reason(state="indeterminate", where=place, problem="its certificate leads to nobody trusted"))
    test = any(is_test(c) for c in (signature.certificate, *signature.others))
    if case.release and test:
        reasons.append(Reason(state="invalid", where=name, problem="a TEST certificate proves nothing in a release"))
    for reason in reasons:
        case.add(reason.state, reason.where, reason.problem, reason.remedy)
    case.certificates.append((role, fingerprint(signature.certificate)))
    case.signatures.append(
        SignatureVerdict(
            role=role,
            kind=kind,
            covers=covers,
            signer=name,
            test=test,
            intact=signature.intact,
            valid=signature.valid,
            trusted=where.trusted and signature.trusted,
            level=_level(case, signature, archived=archived),
            signed_at=_utc(signature.signed_at),
            stamped_at=None if signature.level == "B-B" or signature.stamp is None else _utc(signature.stamp.at),
            state=overall(reasons),
        )
    )


def _level(case: Case, signature: CheckedSignature, *, archived: bool) -> str:
    """Baseline level: B-LTA where an archive covers it that also holds what its certificate is judged by."""
    if signature.level == "B-B" or not archived:
        return signature.level
    kept = standing(signature.certificate, signature.others, case.trust.alone(), signature.moment)
    return "B-LTA" if kept.trusted else signature.level


def judge_stamp(case: Case, place: str, stamp: Stamp, *, covers: str) -> None:
    """Turn the checked time stamp of an archive into a verdict with its reasons."""
    reasons = list(_of_stamp(place, stamp))
    for reason in reasons:
        case.add(reason.state, reason.where, reason.problem, reason.remedy)
    case.signatures.append(
        SignatureVerdict(
            role="archive",
            kind="time stamp",
            covers=covers,
            signer=stamp.server,
            test=None,
            intact=stamp.sound,
            valid=stamp.sound,
            trusted=stamp.trusted,
            level=None,
            signed_at=None,
            stamped_at=_utc(stamp.at) if stamp.sound and stamp.trusted else None,
            state=overall(reasons),
        )
    )


def _of_stamp(place: str, stamp: Stamp | None) -> Iterator[Reason]:
    """What is wrong with a time stamp, or unknown."""
    if stamp is not None and not stamp.sound:
        yield Reason(state="invalid", where=place, problem="the time stamp is of something else")
    elif stamp is not None and not stamp.trusted:
        yield Reason(
            state="indeterminate",
            where=place,
            problem=f"nobody that you trust vouches for the time stamp server ({stamp.server})",
            remedy="give the certificate of the server's authority besides: --trust CA.pem --trust TSA-CA.pem",
        )


def _utc(moment: dt.datetime | None) -> str | None:
    return None if moment is None else moment.astimezone(dt.UTC).isoformat()


def _printable(text: str) -> str:
    """Text that may come from a hostile file, as one line that does nothing to a terminal."""
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)
