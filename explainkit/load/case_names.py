"""Names of single cases that only the holder of a secret key can trace back to their ids."""

from __future__ import annotations

import hmac
import os
import stat
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pandas as pd

from explainkit.decision import label_name
from explainkit.errors import DataError, PlanError
from explainkit.load.subject import Subject
from explainkit.plan import Plan

LENGTH = 16
"""Hexadecimal digits kept of the digest: 64 bits, of which two among a million ids meet with a chance of 3 in 10⁸."""
NAMING = f"HMAC-SHA256 of the id, first {LENGTH} hexadecimal digits"
_FEWEST_BYTES = 16
_WHERE = "privacy.id_key_file"


def with_case_names(subject: Subject, plan: Plan, *, base: Path) -> Subject:
    """The subject with cases named by a secret key, where the plan asks for it; else as it is.

    Parameters
    ----------
    subject : Subject
        With the ids of its rows.
    plan : Plan
        Whose ``privacy.id_key_file`` names the file of the key.
    base : pathlib.Path
        Folder that relative paths start from.

    Raises
    ------
    PlanError
        If the data has no id column, if the key cannot be read, is short, or open to every user of the machine, or if
        two ids get the same name.
    """
    if plan.privacy.id_key_file is None:
        return subject
    if subject.case_ids is None:
        raise PlanError(
            "cases are named by their id, and the data has no id column",
            where=_WHERE,
            remedy="name the column under data.id",
        )
    key = read_key(base / plan.privacy.id_key_file)
    return replace(subject, case_names=case_names(subject.case_ids, key))


def read_key(path: Path) -> bytes:
    """All bytes of a key file, a line end at its end included.

    Raises
    ------
    PlanError
        If it cannot be read, holds fewer than 16 bytes, or may be read or written by every user of the machine.
    """
    if path.is_dir() or not path.exists():
        raise PlanError("no such key file", where=_WHERE, found=str(path), remedy=_make(path))
    try:
        mode = stat.S_IMODE(path.stat().st_mode)
        key = path.read_bytes()
    except OSError as error:
        raise PlanError("the key cannot be read", where=_WHERE, found=error.strerror or str(error)) from None
    if os.name == "posix" and mode & (stat.S_IROTH | stat.S_IWOTH):
        raise PlanError(
            "the key is open to every user of this machine", where=_WHERE, found=f"mode {mode:o}",
            remedy=f"chmod 600 {path}, and make a new key if anybody may have read it",
        )  # fmt: skip
    if len(key) < _FEWEST_BYTES or len(set(key)) == 1:
        raise PlanError(
            "the key is too short or one byte repeated", where=_WHERE, found=f"{len(key)} bytes",
            allowed=f"at least {_FEWEST_BYTES} random bytes", remedy=_make(path),
        )  # fmt: skip
    return key


def case_names(ids: Sequence[str], key: bytes) -> tuple[str, ...]:
    """HMAC-SHA256 (RFC 2104) of each id in UTF-8, as the first 16 hexadecimal digits.

    Parameters
    ----------
    ids : sequence of str
        All ids of the data, each once.
    key : bytes
        The secret.

    Raises
    ------
    PlanError
        If two ids get the same name.
    """
    names = tuple(hmac.digest(key, name.encode("utf-8", "surrogatepass"), "sha256").hex()[:LENGTH] for name in ids)
    if len(set(names)) < len(names):
        raise PlanError("two ids get the same name", where=_WHERE, remedy="use another key")
    return names


def _make(path: Path) -> str:
    return f"(umask 077; head -c 32 /dev/urandom > {path})"


def case_ids_of(plan: Plan, frame: pd.DataFrame) -> tuple[str, ...] | None:
    """Id of each row, where the plan names a column of ids.

    Raises
    ------
    DataError
        If ids repeat or are missing.
    """
    if plan.data.id is None:
        return None
    column = frame[plan.data.id]
    repeated = column.duplicated(keep="first")
    if repeated.any() or column.isna().any():
        raise DataError(
            "ids repeat or are missing",
            where=f"id column {plan.data.id}",
            found=f"{int(repeated.sum() + column.isna().sum())} rows, the first at position "
            f"{int((repeated | column.isna()).to_numpy().argmax()) + 1}",
            allowed="each id once",
        )
    return tuple(label_name(v) for v in column)
