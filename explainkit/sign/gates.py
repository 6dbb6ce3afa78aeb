"""Gates that were signed beforehand: a file with the plan's gates, signed and stamped with the time.

It shows that the gates were there at a moment, and that a card was evaluated by these very gates and signed later. What
nobody can show is that no run was looked at before that moment.
"""

from __future__ import annotations

import datetime as dt
import os
import tomllib
from pathlib import Path
from typing import Any

from explainkit.errors import InputError, OutputError, PlanError, VerificationError
from explainkit.evidence import Evidence
from explainkit.sign.cades import check_detached, detached_signature
from explainkit.sign.case import Case, judge
from explainkit.sign.certificates import read_input
from explainkit.sign.hanko import quiet, run
from explainkit.sign.keys import Signer
from explainkit.sign.timestamps import Stamper

_FORM = "TOML with the plan's [gates] and nothing else"


def sign_gates(path: Path, signer: Signer) -> Path:
    """Sign a file with gates.

    Parameters
    ----------
    path : pathlib.Path
        TOML with ``[gates]`` as in a plan, and nothing else.
    signer : Signer
        With the address of a time stamp server: without one, nothing shows when.

    Returns
    -------
    pathlib.Path
        The signature beside it, ``NAME.p7s``.

    Raises
    ------
    InputError
        If the file holds something else, or nobody stamps the time.
    OutputError
        If a signature is there already, or cannot be written.
    ServiceError
        If the time stamp server fails.
    """
    data = read_input(path, _FORM)
    read_gates(data, str(path))
    if signer.tsa is None:
        raise InputError("without a time stamp nothing shows when the gates were there", remedy="--tsa URL")
    target = path.with_name(path.name + ".p7s")
    if target.exists():
        raise OutputError("exists already and is not overwritten", where=str(target), remedy="move it away")
    now = dt.datetime.now(dt.UTC).replace(microsecond=0)
    with signer.open() as key, quiet():
        made = run(detached_signature(data, key.hand(), at=now, stamper=Stamper(signer.tsa)))
    aside = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        aside.write_bytes(made)
        os.replace(aside, target)
    except OSError as error:
        aside.unlink(missing_ok=True)
        raise OutputError("cannot be written", where=str(target), found=error.strerror or str(error)) from None
    return target


def read_gates(data: bytes, where: str) -> dict[str, Any]:
    """The gates in a file, each with all its members.

    Raises
    ------
    InputError
        If there is anything else.
    """
    try:
        document = tomllib.loads(data.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise InputError("not a file of gates", where=where, found=str(error)[:200], allowed=_FORM) from None
    if set(document) != {"gates"} or not document["gates"]:
        raise InputError("not a file of gates", where=where, found=", ".join(document) or "nothing", allowed=_FORM)
    return _whole(document["gates"], where)


def _whole(gates: Any, where: str) -> dict[str, Any]:
    from pydantic import TypeAdapter, ValidationError

    from explainkit.plan import GatePlan

    try:
        found = TypeAdapter(dict[str, GatePlan]).validate_python(gates)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        raise PlanError(str(first["msg"])[:200], where=f"{where}, gates: {place}") from None
    return {name: gate.model_dump(mode="json") for name, gate in found.items()}


def check_gates(case: Case, path: Path, evidence: Evidence) -> None:
    """Check that a card was evaluated by the gates of a file that was signed and stamped before the card was signed.

    What is wrong or unknown is noted in the case.

    Raises
    ------
    InputError
        If there is no such file, no signature beside it, or it holds something else.
    """
    data = read_input(path, _FORM)
    signature = read_input(path.with_name(path.name + ".p7s"), "the signature of the gates")
    gates = read_gates(data, str(path))
    try:
        found = check_detached(data, signature, case.trust, case.at)
    except VerificationError as error:
        case.refused(path.name, error)
        return
    judge(case, path.name, found, role="gates", kind="cades", covers=path.name, archived=False)
    try:
        used = _whole(evidence.plan.get("gates", {}), "card.json")
    except PlanError as error:
        case.wrong("card.json", f"its gates are none: {error}")
        return
    if used != gates:
        different = sorted(name for name in {*used, *gates} if used.get(name) != gates.get(name))
        case.wrong(path.name, f"the card was evaluated by other gates: {', '.join(different)[:200]}")
    if found.stamp is None:
        case.wrong(path.name, "not stamped with the time")
        return
    later = [s.stamped_at or s.signed_at for s in case.signatures if s.role == "provider"]
    signed = min((dt.datetime.fromisoformat(moment) for moment in later if moment is not None), default=None)
    if signed is not None and found.stamp.at >= signed:
        case.wrong(path.name, f"stamped at {found.stamp.at.isoformat()}, not before the card was signed")
