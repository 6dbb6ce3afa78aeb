"""The statement of a signer: an in-toto Statement v1 that names every file, the model, the data and the plan.

https://github.com/in-toto/attestation/blob/main/spec/v1/statement.md; the predicate is our own, `PREDICATE_TYPE`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from explainkit.errors import InputError, VerificationError
from explainkit.evidence import Evidence
from explainkit.records import canonical
from explainkit.sign.folder import FileOnDisk

STATEMENT_TYPE = "https://in-toto.io/Statement/v1"
PREDICATE_TYPE = "urn:explainkit:model-card:v1"
CARD_FILES = ("card.pdf", "card.html", "card.json")
"""What every release has."""
STATEMENT = "statement.dsse.json"
STATEMENT_TOKEN = STATEMENT + ".tst"
"""Time stamp over the statement's envelope (RFC 3161, 2.4.2), at level B-T and above."""
CHAIN = "chain.pem"
DETACHED = ("card.json", "card.html")
"""Files with a detached signature, ``NAME.p7s``, in the folder of a signer."""
ROLES = ("provider", "validator", "approver")
"""Who signs a card, the provider first."""
WITHDRAWN = "withdrawal"
"""What stands in a statement in the place of a role when the card is taken back."""

_HEX = re.compile(r"[0-9a-f]{64}")
_FILE = re.compile(r"([A-Za-z0-9_][A-Za-z0-9._-]{0,99}/){0,2}[A-Za-z0-9_][A-Za-z0-9._-]{0,99}")
_MOST = 2**53 - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedFile:
    """One file as a statement lists it."""

    name: str
    length: int
    """Bytes; of ``card.pdf``, those of the signer's own revision."""
    sha256: str
    """64 hexadecimal digits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Subjects:
    """What a card is about, by digest (64 hexadecimal digits each), as ``card.json`` has it."""

    model: str | None
    """None where the model has no bytes (a callable, predictions-only)."""
    datasets: tuple[tuple[str, str], ...]
    """Role and digest of each data set."""
    plan: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """What one signer states about a release."""

    role: str
    certificate: str
    """SHA-256 of the signer's certificate (DER), 64 hexadecimal digits."""
    files: tuple[ListedFile, ...]
    """Every file but the statement itself, sorted by name."""
    subjects: Subjects
    previous: str | None = None
    """SHA-256 of the envelope of the signer before; None for the first."""

    def to_payload(self) -> bytes:
        """The in-toto statement as canonical JSON (RFC 8785)."""
        about = self.subjects
        return canonical(
            {
                "_type": STATEMENT_TYPE,
                "subject": as_subject(self.files),
                "predicateType": PREDICATE_TYPE,
                "predicate": {
                    "role": self.role,
                    "signer": {"certificate": {"sha256": self.certificate}},
                    "model": None if about.model is None else {"sha256": about.model},
                    "datasets": [{"role": role, "digest": {"sha256": digest}} for role, digest in about.datasets],
                    "plan": {"sha256": about.plan},
                    "previous": None if self.previous is None else {"sha256": self.previous},
                },
            }
        )

    @classmethod
    def from_payload(cls, payload: bytes) -> Statement:
        """Read a statement, strictly: no member more, none less, canonical bytes.

        Raises
        ------
        VerificationError
            If it is anything else.
        """
        try:
            document = json.loads(payload)
            expect_members(document, "_type", "subject", "predicateType", "predicate")
            if (document["_type"], document["predicateType"]) != (STATEMENT_TYPE, PREDICATE_TYPE):
                raise ValueError(f"of type {document['predicateType']!r:.80}, not {PREDICATE_TYPE}")
            predicate = document["predicate"]
            expect_members(predicate, "role", "signer", "model", "datasets", "plan", "previous")
            expect_members(predicate["signer"], "certificate")
            statement = cls(
                role=read_text(predicate["role"]),
                certificate=read_digest(predicate["signer"]["certificate"]),
                files=tuple(read_listed(s) for s in document["subject"]),
                subjects=Subjects(
                    model=None if predicate["model"] is None else read_digest(predicate["model"]),
                    datasets=tuple(_dataset(d) for d in predicate["datasets"]),
                    plan=read_digest(predicate["plan"]),
                ),
                previous=None if predicate["previous"] is None else read_digest(predicate["previous"]),
            )
            names = [f.name for f in statement.files]
            if names != sorted(set(names)):
                raise ValueError("files are listed twice or out of order")
            if statement.to_payload() != payload:
                raise ValueError("not canonical JSON (RFC 8785)")
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
            what = str(error) or type(error).__name__
            raise VerificationError("not a statement about a release", where=STATEMENT, found=what) from None
        return statement


def listed(files: Iterable[FileOnDisk]) -> tuple[ListedFile, ...]:
    """Files as a statement lists them, sorted by name."""
    return tuple(ListedFile(name=f.name, length=f.length, sha256=f.sha256) for f in sorted(files, key=lambda f: f.name))


def subjects(evidence: Evidence) -> Subjects:
    """Digests of model, data and plan, as the card has them.

    Raises
    ------
    InputError
        If a digest is not ``sha256:`` and 64 hexadecimal digits.
    """
    return Subjects(
        model=None if evidence.model.digest is None else _bare("model", evidence.model.digest),
        datasets=tuple((d.role, _bare(f"{d.role} data", d.digest)) for d in evidence.datasets),
        plan=_bare("plan", evidence.plan_digest),
    )


def _bare(what: str, digest: str) -> str:
    kind, _, digits = digest.partition(":")
    if kind != "sha256" or not _HEX.fullmatch(digits):
        raise InputError(
            f"the digest of the {what} cannot be signed",
            where="card.json",
            found=repr(digest[:80]),
            allowed="sha256: and 64 hexadecimal digits",
        )
    return digits


def expect_members(document: Mapping[str, Any], *members: str) -> None:
    """Raise unless an object has exactly these members."""
    if not isinstance(document, dict) or set(document) != set(members):
        found = ", ".join(sorted(document)) if isinstance(document, dict) else type(document).__name__
        raise ValueError(f"members {found:.200} where {', '.join(sorted(members))} are due")


def read_text(value: Any) -> str:
    """A role."""
    if not isinstance(value, str):
        raise TypeError("a role is text")
    return value


def read_digest(value: Any) -> str:
    """A digest as in-toto writes it, 64 hexadecimal digits."""
    expect_members(value, "sha256")
    digits = value["sha256"]
    if not isinstance(digits, str) or not _HEX.fullmatch(digits):
        raise ValueError("a digest is 64 hexadecimal digits")
    return digits


def _dataset(value: Any) -> tuple[str, str]:
    expect_members(value, "role", "digest")
    return read_text(value["role"]), read_digest(value["digest"])


def listed_file(name: Any, length: Any, digits: Any) -> ListedFile:
    """One file of a list, checked.

    Raises
    ------
    ValueError
        If its name leads out of a release, or length or digest are none.
    """
    if not isinstance(name, str) or not _FILE.fullmatch(name):
        raise ValueError("a file's name is relative, with forward slashes")
    if type(length) is not int or not 0 <= length <= _MOST:
        raise ValueError("a file's length is a whole number of bytes")
    if not isinstance(digits, str) or not _HEX.fullmatch(digits):
        raise ValueError("a digest is 64 hexadecimal digits")
    return ListedFile(name=name, length=length, sha256=digits)


def as_subject(files: Iterable[ListedFile]) -> list[dict[str, Any]]:
    """Files as in-toto writes a subject; `read_listed` reads one."""
    return [{"name": f.name, "digest": {"sha256": f.sha256}, "annotations": {"length": f.length}} for f in files]


def read_listed(value: Any) -> ListedFile:
    """A file as in-toto writes a subject."""
    expect_members(value, "name", "digest", "annotations")
    expect_members(value["annotations"], "length")
    return listed_file(value["name"], value["annotations"]["length"], read_digest(value["digest"]))
