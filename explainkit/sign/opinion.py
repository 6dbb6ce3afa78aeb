"""What a validator or an approver says of a card, in a signed file: a bare signature would read as approval.

``opinion.json`` lies in the folder of its signer, ``withdrawal.json`` in that of whoever takes a card back. Both are
canonical JSON (RFC 8785) with a schema version, and name the card by the digest of its ``card.json``.
"""

from __future__ import annotations

import datetime as dt
import json
import tomllib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Protocol, TypeVar, get_args

from explainkit.errors import InputError, VerificationError, nearest
from explainkit.records import Parts, as_document, canonical, from_document
from explainkit.sign.certificates import read_input

OPINION_VERSION = "1.0"
OPINION = "opinion.json"
WITHDRAWAL = "withdrawal.json"
LARGEST_OPINION = 2**20
"""Bytes."""

Outcome = Literal["approve", "conditions", "reject"]
Severity = Literal["high", "medium", "low"]
Progress = Literal["open", "closed"]
OUTCOMES: tuple[str, ...] = get_args(Outcome)

_KEYS = ("name", "scope", "independence", "conditions", "valid_until", "findings")
_FINDING_KEYS = ("id", "severity", "text", "figures", "status", "due")
_MOST = 1000
_LONGEST = 20_000
_FORM = "a TOML file with name, scope, independence, conditions and findings"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that somebody found."""

    id: str
    severity: Severity
    text: str
    figures: tuple[str, ...] = ()
    """Ids of the figures concerned."""
    status: Progress = "open"
    due: str | None = None
    """Until when it has to be closed, ISO 8601."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Opinion:
    """What a validator or an approver says of a card."""

    role: str
    """``validator`` or ``approver``."""
    opinion: Outcome
    """``approve``, ``conditions`` (approved while the conditions are met) or ``reject``."""
    card: str
    """Digest of ``card.json``, ``sha256:`` and 64 hexadecimal digits."""
    date: str
    """Day of the opinion, ISO 8601, as the signer says it."""
    name: str
    """The person whose opinion it is."""
    scope: str
    """What was looked at, and what was not."""
    independence: str
    """How the person stands to those who made the model."""
    conditions: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()
    valid_until: str | None = None
    """Last day on which the opinion holds, ISO 8601."""

    def to_json(self) -> bytes:
        """Canonical JSON: the bytes of ``opinion.json``."""
        return canonical({"schema_version": OPINION_VERSION, **as_document(self)})

    def lapsed(self, at: dt.datetime) -> bool:
        """Whether it no longer holds at a moment."""
        return self.valid_until is not None and at.date() > dt.date.fromisoformat(self.valid_until)

    @classmethod
    def from_json(cls, data: bytes) -> Opinion:
        """Read ``opinion.json``, strictly.

        Raises
        ------
        VerificationError
            If it is not an opinion of a known schema version, or not canonical.
        """
        found = _read(cls, data, _PARTS)
        try:
            _check(found)
        except (InputError, TypeError, ValueError) as error:
            raise VerificationError("not an opinion", found=str(error)[:200]) from None
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Withdrawal:
    """A card is taken back."""

    card: str
    """Digest of ``card.json``, ``sha256:`` and 64 hexadecimal digits."""
    role: str
    """As whom the signer takes it back: ``provider``, ``validator`` or ``approver``."""
    date: str
    """ISO 8601, as the signer says it."""
    reason: str

    def to_json(self) -> bytes:
        """Canonical JSON: the bytes of ``withdrawal.json``."""
        return canonical({"schema_version": OPINION_VERSION, **as_document(self)})

    @classmethod
    def from_json(cls, data: bytes) -> Withdrawal:
        """Read ``withdrawal.json``, strictly.

        Raises
        ------
        VerificationError
            If it is not a withdrawal of a known schema version, or not canonical.
        """
        found = _read(cls, data, {})
        if not all(isinstance(text, str) and text for text in (found.card, found.role, found.date, found.reason)):
            raise VerificationError("not a withdrawal", found="a member that is not text, or empty")
        return found


_PARTS: Parts = {Opinion: {"findings": Finding}}


class _Document(Protocol):
    def to_json(self) -> bytes: ...


D = TypeVar("D", bound=_Document)


def _read(kind: type[D], data: bytes, parts: Parts) -> D:
    what = "an opinion" if kind is Opinion else "a withdrawal"
    try:
        if len(data) > LARGEST_OPINION:
            raise ValueError(f"{len(data)} bytes")
        document = json.loads(data)
        version = str(document.pop("schema_version"))
        if version.partition(".")[0] != OPINION_VERSION.partition(".")[0]:
            raise ValueError(f"unknown schema version {version:.20}")
        found: D = from_document(kind, document, parts)
        if canonical({"schema_version": version, **document}) != data:
            raise ValueError("not canonical JSON (RFC 8785)")
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise VerificationError(f"not {what}", found=(str(error) or type(error).__name__)[:200]) from None
    return found


def read_findings(
    path: Path, *, role: str, opinion: str, card: str, figures: Collection[str], date: dt.date
) -> Opinion:
    """Read what a validator or approver wrote, and make the opinion of it.

    Parameters
    ----------
    path : pathlib.Path
        TOML: ``name``, ``scope``, ``independence``, and as needed ``conditions`` (a list of texts), ``valid_until``
        (a day) and ``[[findings]]`` with ``id``, ``severity``, ``text``, ``figures``, ``status``, ``due``.
    role, opinion : str
        Who says what.
    card : str
        Digest of ``card.json``.
    figures : collection of str
        Ids of the card's figures.
    date : datetime.date
        Today.

    Raises
    ------
    InputError
        If there is no such file, or it says too little, or something unknown.
    """
    where = str(path)
    try:
        document = tomllib.loads(read_input(path, _FORM).decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise InputError("not a file of findings", where=where, found=str(error)[:200], allowed=_FORM) from None
    _known(document, _KEYS, where)
    given = document.get("findings", [])
    if not isinstance(given, list) or not all(isinstance(f, dict) for f in given):
        raise InputError("findings are tables", where=where, allowed="[[findings]]")
    for finding in given:
        _known(finding, _FINDING_KEYS, where)
    try:
        made = Opinion(
            role=role,
            opinion=opinion,  # type: ignore[arg-type]  # checked below
            card=card,
            date=date.isoformat(),
            name=document.get("name", ""),
            scope=document.get("scope", ""),
            independence=document.get("independence", ""),
            conditions=tuple(document.get("conditions", ())),
            findings=tuple(_finding(f) for f in given),
            valid_until=_day(document.get("valid_until")),
        )
        _check(made)
    except InputError as error:
        raise InputError(error.problem, where=where, found=error.found, allowed=error.allowed) from None
    except TypeError as error:
        raise InputError("not a file of findings", where=where, found=str(error)[:200], allowed=_FORM) from None
    for finding in made.findings:
        for figure in finding.figures:
            if figure not in figures:
                raise InputError(
                    "a finding names a figure that the card has not",
                    where=f"{where}, finding {finding.id}",
                    found=figure,
                    allowed=nearest(figure, figures),
                )
    return made


def _finding(given: Mapping[str, Any]) -> Finding:
    members = {**given, "figures": tuple(given.get("figures", ())), "due": _day(given.get("due"))}
    missing = [name for name in ("id", "severity", "text") if name not in given]
    if missing:
        raise InputError("a finding lacks something", found=f"no {', no '.join(missing)}", allowed="id, severity, text")
    return Finding(**members)


def _known(document: Mapping[str, Any], keys: Collection[str], where: str) -> None:
    for key in document:
        if key not in keys:
            raise InputError("unknown key", where=where, found=key, allowed=nearest(key, keys))


def _day(value: Any) -> Any:
    return value.isoformat() if type(value) is dt.date else value


def _check(opinion: Opinion) -> None:
    """Refuse what is no opinion: too little said, or of another kind than text."""
    for name in ("role", "card", "date", "name", "scope", "independence"):
        _text(name, getattr(opinion, name))
    _one_of("opinion", opinion.opinion, OUTCOMES)
    for condition in opinion.conditions:
        _text("conditions", condition)
    _iso("valid_until", opinion.valid_until)
    _iso("date", opinion.date)
    if len(opinion.findings) > _MOST or len(opinion.conditions) > _MOST:
        raise InputError("more findings or conditions than anybody reads", allowed=f"at most {_MOST}")
    for finding in opinion.findings:
        _text("id", finding.id)
        _text("text", finding.text)
        _one_of("severity", finding.severity, get_args(Severity))
        _one_of("status", finding.status, get_args(Progress))
        _iso("due", finding.due)
        for figure in finding.figures:
            _text("figures", figure)
    ids = [finding.id for finding in opinion.findings]
    if len(set(ids)) != len(ids):
        raise InputError("two findings have the same id", found=next(i for i in ids if ids.count(i) > 1)[:80])
    if (opinion.opinion == "conditions") != bool(opinion.conditions):
        raise InputError(
            "conditions and opinion do not fit",
            found=f"{opinion.opinion} with {len(opinion.conditions)} conditions",
            allowed="conditions with at least one, approve and reject without",
        )
    if opinion.opinion == "reject" and not opinion.findings:
        raise InputError("a rejection without a finding", allowed="at least one finding that says why")


def _text(name: str, value: Any) -> None:
    if not isinstance(value, str) or not value.strip() or len(value) > _LONGEST:
        raise InputError(f"{name} is missing", found=repr(value)[:80], allowed=f"text of at most {_LONGEST} characters")


def _one_of(name: str, value: Any, allowed: Collection[str]) -> None:
    if not isinstance(value, str) or value not in allowed:
        raise InputError(f"{name} is not what it can be", found=repr(value)[:80], allowed=", ".join(allowed))


def _iso(name: str, value: Any) -> None:
    if value is None:
        return
    try:
        if not isinstance(value, str) or dt.date.fromisoformat(value).isoformat() != value:
            raise ValueError
    except ValueError:
        raise InputError(f"{name} is not a day", found=repr(value)[:80], allowed="YYYY-MM-DD") from None
