"""What a verification finds: per file, per signature, and over all, in three states that are never folded into two."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any, Literal

State = Literal["valid", "invalid", "indeterminate"]
Kind = Literal["pades", "cades", "dsse", "time stamp"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """One thing that keeps a release from being valid."""

    state: State
    """``invalid`` (something is wrong) or ``indeterminate`` (something cannot be known)."""
    where: str
    """The file or the signature concerned."""
    problem: str
    remedy: str | None = None
    """What to do, where something can be done."""

    def __str__(self) -> str:
        return f"{self.where}: {self.problem}" + (f"; remedy: {self.remedy}" if self.remedy else "")


@dataclass(frozen=True, slots=True, kw_only=True)
class FileVerdict:
    """One file of a release."""

    name: str
    listed: bool
    """Whether a statement with a good signature lists it."""
    intact: bool | None
    """Whether it is there with its length and digest; None where nothing tells."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SignatureVerdict:
    """One signature."""

    role: str
    kind: Kind
    """``pades`` in card.pdf, ``cades`` detached, ``dsse`` around the statement, ``time stamp`` of an archive."""
    covers: str
    """The file signed."""
    signer: str | None
    """Name in the certificate."""
    test: bool | None
    """Whether the certificate is a TEST one, which proves nothing."""
    intact: bool | None
    """Whether what was signed is what is there; None where it was not judged."""
    valid: bool | None
    """Whether the signature is that of the certificate's key."""
    trusted: bool | None
    """Whether the certificate leads to one that the verifier trusts."""
    level: str | None
    """Baseline level reached, for example ``B-B``; None for the time stamp of an archive."""
    signed_at: str | None
    """When the signer claims to have signed, ISO 8601."""
    stamped_at: str | None
    """When a time stamp by somebody trusted proves that the signature was there, ISO 8601; None where none does."""
    state: State


@dataclass(frozen=True, slots=True, kw_only=True)
class OpinionVerdict:
    """What a validator or an approver says of the card, as signed."""

    role: str
    opinion: str
    """``approve``, ``conditions`` or ``reject``."""
    name: str
    """The person, as written in the opinion."""
    signer: str
    """Name in the certificate."""
    date: str
    """As the signer says it, ISO 8601."""
    valid_until: str | None
    lapsed: bool
    """Whether it no longer holds."""
    conditions: tuple[str, ...]
    findings: int
    open_findings: int


@dataclass(frozen=True, slots=True, kw_only=True)
class WithdrawalVerdict:
    """The card was taken back."""

    role: str
    """As whom the signer took it back."""
    signer: str
    date: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """What is known about a release, or about a PDF alone."""

    path: str
    state: State
    """``valid`` only if nothing is wrong and nothing that matters is unknown."""
    reasons: tuple[Reason, ...]
    """Why not valid; what is wrong first."""
    files: tuple[FileVerdict, ...]
    signatures: tuple[SignatureVerdict, ...]
    release: bool
    """Whether it was held to the rules for a real release."""
    opinions: tuple[OpinionVerdict, ...] = ()
    withdrawal: WithdrawalVerdict | None = None

    @property
    def refused(self) -> bool:
        """Whether the card was withdrawn, or somebody who signed it rejects it: genuine, but not to be relied on."""
        return self.withdrawal is not None or any(o.opinion == "reject" for o in self.opinions)

    @property
    def exit_code(self) -> int:
        """0 if valid; 1 if valid, but withdrawn or rejected by a signer; else 3."""
        return 3 if self.state != "valid" else 1 if self.refused else 0

    def to_json(self) -> dict[str, Any]:
        """Everything above as one JSON object."""
        return {**_plain(asdict(self)), "exit_code": self.exit_code}

    def lines(self) -> tuple[str, ...]:
        """Everything above for people: the state, the signatures, what is wrong or unknown, and what to do."""
        held = "held to the rules for a release: " if self.release else ""
        heads = [f"{self.path}: {held}{self.state.upper()}"]
        heads += [f"  {_signature_line(s)}" for s in self.signatures]
        if self.files:
            intact = sum(1 for f in self.files if f.intact)
            heads.append(f"  files: {intact} of {len(self.files)} listed and intact")
        heads += [f"  {_opinion_line(o)}" for o in self.opinions]
        if self.withdrawal is not None:
            w = self.withdrawal
            heads.append(f"  WITHDRAWN as {w.role} by {w.signer} on {w.date}: {w.reason}")
        return (*heads, *(f"{r.state}: {r}" for r in self.reasons))


def _signature_line(s: SignatureVerdict) -> str:
    marks = [
        word if mark else f"NOT {word}"
        for word, mark in (("intact", s.intact), ("valid", s.valid), ("trusted", s.trusted))
        if mark is not None
    ]
    who = f" by {s.signer}{' (a TEST certificate)' if s.test else ''}" if s.signer else ""
    when = f", claimed at {s.signed_at}" if s.signed_at else ""
    when += f", stamped at {s.stamped_at}" if s.stamped_at else ""
    level = f" {s.level}" if s.level else ""
    return f"{s.role}, {s.kind}{level} over {s.covers}{who}: {', '.join(marks) or 'not judged'}{when}"


def _opinion_line(o: OpinionVerdict) -> str:
    says = {"approve": "approves", "conditions": "approves under conditions", "reject": "REJECTS the card"}
    until = f", until {o.valid_until}{' (LAPSED)' if o.lapsed else ''}" if o.valid_until else ""
    found = f", findings: {o.findings}, open: {o.open_findings}" if o.findings else ""
    held = f": {'; '.join(o.conditions)}" if o.conditions else ""
    return f"{o.role} {o.name} {says.get(o.opinion, o.opinion)}, {o.date}{until}{found}{held}"


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _plain(member) for name, member in value.items()}
    return [_plain(member) for member in value] if isinstance(value, list | tuple) else value


def overall(reasons: Iterable[Reason]) -> State:
    """The state that follows: one wrong thing makes it invalid, else one unknown thing indeterminate."""
    states = {reason.state for reason in reasons}
    return "invalid" if "invalid" in states else "indeterminate" if "indeterminate" in states else "valid"
