"""The policy of a verifier: who has to have signed, at which level, with which certificates, and how long ago at most.

It belongs to whoever verifies. The ``policy.json`` in a release is the provider's proposal, in the same form.
"""

from __future__ import annotations

import datetime as dt
import json
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from explainkit.errors import InputError, nearest
from explainkit.sign.certificates import read_input
from explainkit.sign.manifest import ROLES
from explainkit.sign.opinion import OUTCOMES

LEVELS = ("B-B", "B-T", "B-LT", "B-LTA")
"""Baseline levels, from the lowest to the highest."""

_VERSION = 1
_MOST_DAYS = 36_500
_FINGERPRINT = re.compile(r"[0-9a-f]{64}")
_FORM = "a TOML or JSON file of version 1"
_KEYS = (
    "version",
    "note",
    "required_roles",
    "opinions",
    "minimum_level",
    "certificates",
    "roots",
    "maximum_age_days",
    "release",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """What a verifier asks of a release."""

    required_roles: tuple[str, ...] = ("provider",)
    """Who has to have signed: ``provider``, ``validator``, ``approver``."""
    opinions: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """By role (``validator``, ``approver``), which opinions will do: ``approve``, ``conditions``, ``reject``. An
    opinion that has lapsed will not."""
    minimum_level: str = "B-B"
    """Lowest baseline level of a signature."""
    certificates: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """By role, SHA-256 fingerprints of the certificates that may sign (64 hexadecimal digits); without an entry, any
    that leads to a root."""
    roots: tuple[Path, ...] = ()
    """Files with certificates to trust, besides those that are given otherwise."""
    maximum_age_days: int | None = None
    """How long ago it may have been signed, by its time stamp or else the signer's own claim; None for any time."""
    release: bool = False
    """Whether the rules for a real release hold."""


def read_policy(path: Path) -> Policy:
    """Read a policy; paths in it start from its own folder.

    Raises
    ------
    InputError
        If there is no such file, or it asks for something that is unknown.
    """
    data = read_input(path, _FORM)
    try:
        text = data.decode("utf-8")
        document = json.loads(text) if text.lstrip().startswith("{") else tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise InputError("not a policy", where=str(path), found=str(error)[:200], allowed=_FORM) from None
    return _Reader(document=document, where=str(path)).policy(path.parent)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Reader:
    document: dict[str, Any]
    where: str

    def policy(self, base: Path) -> Policy:
        given = self.document
        for key in given:
            if key not in _KEYS:
                raise InputError("unknown key", where=self.where, found=key, allowed=nearest(key, _KEYS))
        if given.get("version") != _VERSION:
            raise self._wrong("version", given.get("version"), str(_VERSION))
        days = given.get("maximum_age_days")
        if days is not None and (type(days) is not int or not 0 <= days <= _MOST_DAYS):
            raise self._wrong("maximum_age_days", days, f"a whole number of days, at most {_MOST_DAYS}")
        level, release = given.get("minimum_level", LEVELS[0]), given.get("release", False)
        if level not in LEVELS:
            raise self._wrong("minimum_level", level, ", ".join(LEVELS))
        if not isinstance(release, bool):
            raise self._wrong("release", release, "true or false")
        return Policy(
            required_roles=self._roles(given.get("required_roles", ["provider"])),
            opinions=self._opinions(given.get("opinions", {})),
            minimum_level=level,
            certificates=self._certificates(given.get("certificates", {})),
            roots=tuple(base / name for name in self._texts("roots", given.get("roots", []))),
            maximum_age_days=days,
            release=release,
        )

    def _roles(self, value: Any) -> tuple[str, ...]:
        roles = self._texts("required_roles", value)
        for role in roles:
            if role not in ROLES:
                raise self._wrong("required_roles", role, ", ".join(ROLES))
        return roles

    def _opinions(self, value: Any) -> dict[str, tuple[str, ...]]:
        if not isinstance(value, dict):
            raise self._wrong("opinions", value, "a table of opinions by role")
        found = {}
        for role, wanted in value.items():
            if role not in ROLES[1:]:
                raise self._wrong("opinions", role, ", ".join(ROLES[1:]))
            found[role] = self._texts(f"opinions.{role}", wanted)
            for opinion in found[role]:
                if opinion not in OUTCOMES:
                    raise self._wrong(f"opinions.{role}", opinion, ", ".join(OUTCOMES))
        return found

    def _certificates(self, value: Any) -> dict[str, tuple[str, ...]]:
        if not isinstance(value, dict):
            raise self._wrong("certificates", value, "a table of fingerprints by role")
        found = {}
        for role, prints in value.items():
            if role not in ROLES:
                raise self._wrong("certificates", role, ", ".join(ROLES))
            plain = tuple(p.replace(":", "").lower() for p in self._texts(f"certificates.{role}", prints))
            for fingerprint in plain:
                if not _FINGERPRINT.fullmatch(fingerprint):
                    raise self._wrong(f"certificates.{role}", fingerprint, "SHA-256: 64 hexadecimal digits")
            found[role] = plain
        return found

    def _texts(self, key: str, value: Any) -> tuple[str, ...]:
        if not isinstance(value, list) or not all(isinstance(member, str) for member in value):
            raise self._wrong(key, value, "a list of texts")
        return tuple(value)

    def _wrong(self, key: str, found: Any, allowed: str) -> InputError:
        return InputError(f"{key} is not what it can be", where=self.where, found=repr(found)[:100], allowed=allowed)


def older(signed_at: str | None, at: dt.datetime, days: int) -> bool:
    """Whether a time of signing lies more than some days before a moment."""
    return signed_at is not None and at - dt.datetime.fromisoformat(signed_at) > dt.timedelta(days=days)
